"""labkit.adversarial: attacks by hand-computed answers, files by levels, defences by effect."""

import math

import pytest
import torch
from torch import nn

from labkit import adversarial as adv
from labkit import data, models, render, train


def linear(weights):
    """A network with two logits, 0 and weights . image."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(len(weights), 2, bias=False))
    with torch.no_grad():
        net[1].weight.copy_(torch.stack([torch.zeros(len(weights)), torch.tensor(weights)]))
    return net


NET = linear([2.0, -1.0, 0.0, 0.5])
IMAGE = torch.tensor([[[[0.5, 0.5], [0.5, 0.95]]]])


def test_one_step_goes_where_the_loss_grows_and_stays_a_picture():
    moved = adv.fgsm(NET, IMAGE, torch.tensor([1]), 0.1)  # lower the score of class 1
    torch.testing.assert_close(moved, torch.tensor([[[[0.4, 0.6], [0.5, 0.85]]]]))
    moved = adv.fgsm(NET, IMAGE, torch.tensor([0]), 0.1)
    torch.testing.assert_close(moved, torch.tensor([[[[0.6, 0.4], [0.5, 1.0]]]]))


def test_signs_are_those_of_finite_differences():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    images, labels = torch.rand(2, 1, 2, 3, dtype=torch.double), torch.tensor([2, 0])
    got = adv.uphill(net, images, labels)
    for i in range(2):
        for place in range(6):
            nudge = torch.zeros(6, dtype=torch.double)
            nudge[place] = 1e-5
            losses = [
                nn.functional.cross_entropy(net(images[i : i + 1] + s * nudge.view(1, 1, 2, 3)),
                                            labels[i : i + 1])
                for s in (1, -1)
            ]  # fmt: skip
            assert got[i].flatten()[place] == torch.sign(losses[0] - losses[1])


def test_a_large_batch_goes_in_parts_with_the_same_result(monkeypatch):
    from labkit.adversarial import attacks

    net, images = models.LeNet(seed=0), torch.rand(5, 1, 28, 28)
    labels = torch.arange(5)
    whole = adv.uphill(net, images, labels)
    monkeypatch.setattr(attacks, "AT_ONCE", 2 * 784)
    assert torch.equal(adv.uphill(net, images, labels), whole)
    assert all(p.grad is None for p in net.parameters()) and not images.requires_grad


def test_steps_stay_within_eps_and_add_up():
    target = torch.tensor([0])
    moved = adv.targeted(NET, IMAGE, target, 0.1, 0.03, 2)
    torch.testing.assert_close(moved, torch.tensor([[[[0.44, 0.56], [0.5, 0.89]]]]))
    moved = adv.targeted(NET, IMAGE, target, 0.1, 0.03, 9)
    torch.testing.assert_close(moved, torch.tensor([[[[0.4, 0.6], [0.5, 0.85]]]]))
    for seed in (0, 1):
        away = adv.pgd(NET, IMAGE, target, eps=0.1, steps=20, seed=seed)
        assert (away - IMAGE).abs().max() < 0.1 + 1e-6 and 0 <= away.min() and away.max() <= 1
        torch.testing.assert_close(away[0, 0, 0], torch.tensor([0.6, 0.4]))
    away = adv.pgd(NET, IMAGE, target, eps=0.1, steps=5, seed=None)
    torch.testing.assert_close(away, torch.tensor([[[[0.6, 0.4], [0.5, 1.0]]]]))


def test_many_steps_find_more_than_one():
    known, asked = data.load_digits()
    net = models.LeNet(seed=3)
    train.fit(net, known, asked, epochs=2, lr=2e-3, seed=3, progress=False, device="cpu")
    images, labels = (part[:100] for part in asked)
    right = adv.under_attack(net, images, labels)
    assert right["clean"] > 0.9 and right["random"] > 0.85
    assert right["pgd"] < right["fgsm"] < 0.5
    loud = adv.Loud(net)
    assert torch.equal(loud(images).argmax(1), net(images).argmax(1))
    assert adv.share_right(loud, adv.pgd(loud, images, labels, eps=0.2), labels) > 0.8
    assert adv.share_right(loud, adv.pgd(net, images, labels, eps=0.2), labels) < 0.1


def test_controls_have_the_size_that_was_asked_for():
    images = torch.full((2, 3, 4, 4), 0.5)
    tossed = adv.coin_flips(images, eps=0.1, seed=1)
    assert torch.allclose((tossed - images).abs(), torch.tensor(0.1))
    assert (tossed > images).any() and (tossed < images).any()
    assert torch.equal(tossed, adv.coin_flips(images, eps=0.1, seed=1))
    assert not torch.equal(tossed, adv.coin_flips(images, eps=0.1, seed=2))
    shaken = adv.shaken(images, eps=0.1, seed=1)
    assert (shaken - images).abs().max() <= 0.1 and len(shaken.unique()) > 50
    assert adv.coin_flips(torch.ones(1, 1, 9, 9), eps=0.3, seed=0).max() == 1


def test_the_smallest_level_counts_what_a_file_keeps():
    image = torch.tensor([[[100.0, 100.0], [100.0, 110.0]]]) / 255
    # score = 2 a - b + .5 d: with d moved alone it is positive at 155, and at 105 + .5 d here
    net = linear([1.0, -1.0, 0.0, 0.0])
    with torch.no_grad():
        net[1].weight[0] = torch.tensor([0.0, 0.0, 0.0, 2.5 / 110])  # class 0 leads by 2.5 / 255
    up = torch.tensor([[[1.0, -1.0], [0.0, 0.0]]])
    levels = [0.3, 0.7, 1, 1.3, 2, 4]
    assert adv.smallest_level(net, image, 0, up, levels) == 2  # 1.3 would do, but is rounded
    assert adv.smallest_level(net, image, 0, -up, levels) == math.inf
    assert adv.smallest_level(net, image, 1, up, levels) == 0.3  # it isn't called 1 at all


def test_the_largest_shift_is_reached_by_the_signs():
    weights = torch.tensor([[1.0, -2.0], [0.0, 0.5]])
    assert adv.largest_shift(weights, 0.1) == pytest.approx(0.35)
    corners = torch.cartesian_prod(*[torch.tensor([-0.1, 0.1])] * 4)
    assert float((corners @ weights.flatten()).max()) == pytest.approx(0.35)


def test_files_have_256_levels_and_jpeg_blurs_detail():
    values = torch.tensor([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 254.7 / 255, 1.2])
    want = torch.tensor([0, 0, 0, 1, 255, 255]) / 255
    torch.testing.assert_close(adv.rounded(values), want)
    image = render.bus(seed=1, size=64).image[None]
    far = [float((adv.jpeg(image, q) - image).abs().mean()) for q in (95, 75, 10)]
    assert 0 < far[0] < far[1] < far[2] < 0.1
    assert adv.jpeg(image.repeat(2, 1, 1, 1), 50).shape == (2, 3, 64, 64)
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        adv.jpeg(image[0], 75)
    with pytest.raises(ValueError, match="quality must be from 1 to 95, not 96"):
        adv.jpeg(image, 96)


def test_practice_attacks_the_batch_it_is_given():
    known, _ = data.load_digits()
    net, which = models.LeNet(seed=0), torch.tensor([5, 900, 31])
    images = known.images[which]
    moved = adv.practice(net, known.labels, eps=0.2)(images, seed=4, indices=which)
    assert (moved - images).abs().max() < 0.2 + 1e-6 and 0 <= moved.min() and moved.max() <= 1
    loss = nn.functional.cross_entropy
    before, after = (loss(net(x), known.labels[which]) for x in (images, moved))
    assert after > before
    noisy = adv.noise_practice(eps=0.2)(images, seed=4, indices=which)
    assert torch.equal(noisy, adv.noise_practice(eps=0.2)(images, seed=4, indices=which))
    with pytest.raises(ValueError, match="plain, noise, hardened, not 'brave'"):
        adv.trained("brave", seed=0)


def test_the_table_has_three_seeds_and_shares(monkeypatch, tmp_path):
    from labkit.adversarial import shipped

    rows = adv.load_defences()
    assert [row["seed"] for row in rows] == [13, 14, 15]
    for row in rows:
        assert all(0 <= value <= 1 for name, value in row.items() if name != "seed")
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="defences"):
        adv.load_defences()


def test_packing_writes_a_row_a_seed(monkeypatch, tmp_path, capsys):
    from labkit.adversarial import pack

    monkeypatch.setattr(pack, "measured", lambda seed: {"seed": seed, "clean": 0.9})
    path = pack.pack_defences(tmp_path)
    assert path.read_text() == "seed,clean\n13,0.9\n14,0.9\n15,0.9\n"
