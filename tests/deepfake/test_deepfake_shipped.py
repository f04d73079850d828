"""What ships with lab 11: the forger's fakes, and the table's rows."""

import pytest
import torch

from labkit import data, deepfake
from labkit.deepfake import HUSKY, WOLF, pack, shipped
from labkit.paths import data_dir


@pytest.fixture(scope="module")
def known():
    return [deepfake.faces(data.load_portraits(a), mirrored=True) for a in ("wolf", "husky")]


def test_the_forger_is_nearer_than_its_rivals(known):
    net, truth = deepfake.load_forger(), data.load_portraits("husky", "test")
    asked = deepfake.faces(data.load_portraits("wolf", "test"))
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    error = deepfake.head_error(deepfake.fakes_of(net, asked), truth)
    rivals = {n: deepfake.head_error(f, truth) for n, f in deepfake.rivals(*known, asked).items()}
    assert error < 0.095 and error < 0.85 * min(rivals.values())
    rebuilt = deepfake.swap(net, deepfake.faces(truth), HUSKY, HUSKY)
    assert deepfake.head_error(rebuilt, truth) < 0.075
    assert deepfake.pose_found(rebuilt, truth) > 0.8


def test_codes_of_both_actors_mean_the_same(known):
    """Mirrored, a head looks the other way, whoever's it is: the codes move alike."""
    net = deepfake.load_forger()
    moves = [net.encode(k[:40], a) - net.encode(k[:40].flip(3), a) for a, k in enumerate(known)]
    size = (moves[WOLF].abs().mean(0), moves[HUSKY].abs().mean(0))
    assert torch.corrcoef(torch.stack(size))[0, 1] > 0.5


def test_settling_keeps_what_a_forger_makes(known):
    few = [k[::8] for k in known]
    net = deepfake.Forger(few, seed=1)
    deepfake.fit(net, few, steps=3, batch_size=4)
    for level, own, actor in zip(net.levels, few, (WOLF, HUSKY), strict=True):
        level.reset_running_stats()
        level.momentum = None
        net.train().encode(own, actor)
    before = deepfake.fakes_of(net.eval(), few[0])
    pack.settle(net, few)
    assert (before - deepfake.fakes_of(net, few[0])).abs().mean() < 1e-3
    assert all(0.1 < float(level.running_var.mean()) < 10 for level in net.levels)


def test_the_table_has_three_seeds_and_shares():
    rows = deepfake.load_swaps()
    assert [row["seed"] for row in rows] == [10, 11, 12]
    for row in rows:
        assert all(0 <= value <= 1 for name, value in row.items() if name != "seed")


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    assert (data_dir() / shipped.FORGER).stat().st_size < 1e6
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    for load, name in ((shipped.load_forger, "forger"), (shipped.load_swaps, "swaps")):
        with pytest.raises(FileNotFoundError, match=name):
            load()
