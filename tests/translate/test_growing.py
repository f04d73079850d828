"""A GAN that grows, by its shapes and schedule, on a clock that counts steps; what ships."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from labkit import frechet
from labkit.paths import data_dir
from labkit.translate import growing, growing_pack, heads

REAL = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def counting():
    """A clock that goes on by one whenever it's read."""
    return itertools.count().__next__


@pytest.mark.parametrize("stage, side", [(0, 8), (1, 16), (2, 32)])
def test_each_stage_has_its_size(stage, side):
    pictures = growing.HeadGenerator()(torch.randn(2, 64), stage)
    assert pictures.shape == (2, 3, side, side) and 0 < pictures.min() and pictures.max() < 1
    assert growing.HeadCritic()(pictures, stage).shape == (2,)
    assert growing.shrunk(REAL, stage).shape == (6, 3, side, side)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_stage_that_has_not_faded_in_is_the_coarser_one(stage):
    z, forger, critic = torch.randn(2, 64), growing.HeadGenerator(), growing.HeadCritic()
    coarse = forger(z, stage - 1)
    torch.testing.assert_close(forger(z, stage, 0.0), F.interpolate(coarse, scale_factor=2))
    torch.testing.assert_close(forger(z, stage, 1.0), forger(z, stage))
    fine = growing.shrunk(REAL, stage)
    small = growing.shrunk(REAL, stage - 1)
    torch.testing.assert_close(critic(fine, stage, 0.0), critic(small, stage - 1))
    torch.testing.assert_close(
        growing.shrunk(REAL, stage, 0.0), F.interpolate(small, scale_factor=2)
    )


def test_stages_follow_each_other():
    at = [growing.stage_at(share / 100) for share in range(101)]
    assert [stage for stage, _ in at] == sorted(stage for stage, _ in at)
    assert at[0] == (0, 1.0) and at[-1] == (2, 1.0)
    assert {stage for stage, fade in at if fade < 1} == {1, 2}


def test_the_growing_one_begins_small_and_the_other_does_not(monkeypatch):
    seen = []
    shrunk = growing.shrunk
    monkeypatch.setattr(growing, "shrunk", lambda x, *at: seen.append(at) or shrunk(x, *at))
    made = growing.fit_heads(REAL, 20, clock=counting(), batch_size=2)
    assert made.steps == len(seen) == 19
    assert seen[0] == (0, 1.0) and seen[-1] == (2, 1.0) and (1, 0.5) in seen
    seen.clear()
    growing.fit_heads(REAL, 4, growing=False, clock=counting(), batch_size=2)
    assert set(seen) == {(2, 1.0)}


def test_a_seed_gives_the_same_heads_and_leaves_the_random_state_alone():
    state = torch.random.get_rng_state()
    options = {"clock": None, "batch_size": 2, "seed": 3}
    first, again = (
        growing.fit_heads(REAL, 5, **(options | {"clock": counting()})) for _ in range(2)
    )
    assert torch.equal(growing.heads(first, 3), growing.heads(again, 3))
    assert torch.equal(state, torch.random.get_rng_state())
    assert not first.training and not any(p.requires_grad for p in first.parameters())
    assert REAL.requires_grad is False


def test_it_learns_the_colour_of_plain_pictures():
    plain = torch.tensor([0.9, 0.2, 0.3])[:, None, None].expand(4, 3, 32, 32)
    made = growing.fit_heads(plain, 150, clock=counting(), batch_size=4)
    off = (growing.heads(made, 8).mean((0, 2, 3)) - plain[0, :, 0, 0]).abs().max()
    before = (growing.heads(growing.HeadGenerator(), 8).mean((0, 2, 3)) - plain[0, :, 0, 0]).abs()
    assert off < before.max() / 2


def test_the_judge_tells_heads_from_fakes():
    known, others = heads.head_piles()
    assert known.shape == (400, 3, 32, 32) and others.shape == (200, 3, 32, 32)
    assert frechet.nearest(others[:20], known)[0].min() > 0.1
    judge = heads.HeadJudge(others)
    floor = judge(known[:200])
    fakes = heads.gaussian_heads(known, 200)
    assert floor < judge(fakes) / 5 and judge(others) < 1e-3
    torch.testing.assert_close(fakes.mean(0), known.mean(0), atol=0.05, rtol=0)


def test_what_ships():
    races = heads.load_races()
    assert [(r.seed, r.growing) for r in races] == [
        (s, g) for s in (10, 11, 12) for g in (False, True)
    ]
    assert len({r.seconds for r in races}) == 1
    assert (data_dir() / heads.WEIGHTS).stat().st_size < 1_000_000
    model, (known, others) = heads.load_heads(), heads.head_piles()
    fakes = growing.heads(model, 200)
    judge = heads.HeadJudge(others)
    assert judge(fakes) < min(r.distance for r in races)
    near, _ = frechet.nearest(fakes, known)
    assert near.min() > 0.5  # none is a copy


def test_the_pack_writes_table_and_weights(tmp_path):
    growing_pack.pack_race(tmp_path, seeds=(1,), seconds=0.2)
    assert [(r.growing, r.seed) for r in heads.load_races(tmp_path)] == [(False, 1), (True, 1)]
    growing_pack.pack_heads(tmp_path, seconds=0.2)
    assert (tmp_path / heads.WEIGHTS).stat().st_mode & 0o044 == 0o044
