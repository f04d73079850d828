"""Translators, critics, losses and the two ways to train them, at toy size."""

import pytest
import torch

from labkit import translate
from labkit.data import Seasons
from labkit.translate import training


@pytest.fixture(scope="module")
def toy():
    """Dark and bright noise, 16 x 16, with a square that stays."""
    random = torch.Generator().manual_seed(0)
    noise = torch.rand(12, 3, 16, 16, generator=random)
    summer, winter = 0.3 * noise, 0.3 * noise + 0.6
    covers = torch.zeros(12, 1, 16, 16)
    covers[..., 4:9, 4:9] = 1
    winter = torch.where(covers.bool(), summer, winter)
    return Seasons(summer, winter, covers, torch.arange(12) % 2)


def test_a_translator_keeps_the_size_and_starts_from_the_picture(toy):
    with torch.no_grad():
        made = translate.Translator(seed=1)(toy.summer)
        other = translate.Translator(skip=False, seed=1)(toy.summer)
    assert made.shape == toy.summer.shape
    assert (made - toy.summer).abs().max() < 0.05
    assert (other - toy.summer).abs().mean() > 0.1 and 0 < other.min() < other.max() < 1


def test_a_seed_gives_the_same_networks_and_leaves_the_random_state_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    nets = [translate.Translator(seed=s).first.weight for s in (1, 1, 2)]
    judges = [translate.PatchCritic(seed=s)(torch.rand(1, 3, 16, 16)) for s in (0,)]
    assert torch.equal(nets[0], nets[1]) and not torch.equal(nets[0], nets[2])
    assert judges[0].shape == (1, 1, 4, 4)
    torch.manual_seed(3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_patch_sees_no_farther_than_it_should():
    judge = translate.PatchCritic().eval()
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    judge(image)[0, 0, 8, 8].backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == 26


def test_the_losses_are_0_when_all_is_well(toy):
    def same(images):
        return images

    assert translate.cycle_loss(same, same, toy.summer, toy.winter) == 0
    real, fake = torch.ones(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)
    critic, forger = translate.lsgan_losses(same, real, fake)
    assert critic == 0 and forger == 1


def test_pairs_are_learned(toy):
    seen = []
    net = translate.fit_pairs(
        toy.summer, toy.winter, steps=60, seed=0, watch=lambda step, now: seen.append(step)
    )
    with torch.no_grad():
        after = translate.errors(net(toy.summer), toy.winter, toy.covers)
    before = translate.errors(toy.summer, toy.winter, toy.covers)
    assert seen == list(range(60)) and not net.training
    assert after.ground.mean() < 0.7 * before.ground.mean()


def test_two_piles_move_towards_each_other(toy):
    half = [torch.arange(12) % 2 == i for i in range(2)]
    both = translate.fit_piles(toy.summer[half[0]], toy.winter[half[1]], steps=60, cycle=0, seed=0)
    with torch.no_grad():
        made = both.there(toy.summer)
    assert made.mean() > toy.summer.mean() + 0.02
    assert not both.there.training and not both.back.training


def test_the_critic_of_pairs_is_used(toy):
    nets = [
        translate.fit_pairs(toy.summer, toy.winter, steps=3, critic=c, seed=0).state_dict()
        for c in (0.0, 0.0, 1.0)
    ]
    assert all(torch.equal(nets[0][k], nets[1][k]) for k in nets[0])
    assert any(not torch.equal(nets[0][k], nets[2][k]) for k in nets[0])


def test_the_students_losses_are_used(toy):
    asked = []

    def game(critic, real, fake):
        asked.append("game")
        return translate.lsgan_losses(critic, real, fake)

    def cycle(*args):
        asked.append("cycle")
        return translate.cycle_loss(*args)

    options = {"steps": 2, "game": game, "there_and_back": cycle}
    translate.fit_piles(toy.summer, toy.winter, **options)
    assert asked == ["game", "game", "cycle"] * 2
    translate.fit_piles(toy.summer, toy.winter, **options, cycle=0)
    assert asked[6:] == ["game"] * 4


def test_a_picture_is_translated_once():
    calls = []

    def net(images):
        calls.append(1)
        return images + 1

    once, image = training._Once(net), torch.zeros(1)
    assert once(image) is once(image) and len(calls) == 1
    once(torch.zeros(1))
    assert len(calls) == 2


def test_piles_share_no_place_and_hold_both_animals(toy):
    summer, winter = translate.piles(toy)
    assert len(summer) == len(winter) == 6
    assert all((toy.summer[i] == winter).flatten(1).all(1).sum() == 0 for i in range(12))
    assert torch.equal(summer, toy.summer[[0, 1, 4, 5, 8, 9]])
    assert torch.equal(winter, toy.winter[[2, 3, 6, 7, 10, 11]])


def test_what_is_drawn_keeps_pairs_together_and_values_in_range(toy):
    both = torch.cat([toy.summer, toy.summer + 0.5], 1)
    drawn = training._drawn(both, 8, torch.Generator().manual_seed(0))
    assert drawn.shape == (8, 6, 16, 16)
    assert torch.allclose(drawn[:, 3:] - drawn[:, :3], torch.tensor(0.5), atol=1e-5)


def test_the_rate_falls_to_0_in_the_last_half():
    weight = torch.nn.Linear(1, 1)
    optimizer = training._adam(weight)
    rates = []
    for _ in training._rated(10, [optimizer], ""):
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[:6] == [training.RATE] * 6 and rates[-1] == pytest.approx(0.2 * training.RATE)


def test_the_running_mean_reaches_back_over_a_tenth_of_the_steps():
    assert training._memory(0) == 0
    assert 1 / (1 - training._memory(1000)) == pytest.approx(101)
