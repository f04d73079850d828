"""Lab 18's networks, what flows through them, what they cost, and what is cut from them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit import data, fads
from labkit.nets import hooks, models


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(16, 1, 28, 28, generator=generator)
    return images, torch.randint(10, (16,), generator=generator)


# --- deep networks


@pytest.mark.parametrize("kind", fads.KINDS)
def test_a_deep_net_has_its_depth_and_its_parts(kind, batch):
    net = fads.deep(kind, 8, seed=1)
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(fads.conv_weights(net)) == 1 + 8 and len(norms) == (8 if "norm" in kind else 0)
    assert net(batch[0]).shape == (16, 10)
    assert net.block1.rule is (fads.plain if kind.startswith("plain") else fads.residual)


@pytest.mark.parametrize("depth", [0, 3, -2])
def test_a_depth_that_is_no_number_of_blocks_is_named(depth):
    with pytest.raises(ValueError, match="even"):
        fads.DeepNet(depth)


def test_all_kinds_start_from_the_same_numbers():
    first = [fads.conv_weights(fads.deep(kind, 4, seed=5))[1] for kind in fads.KINDS]
    assert all(torch.equal(first[0], weight) for weight in first)
    assert not torch.equal(first[0], fads.conv_weights(fads.deep("plain", 4, seed=6))[1])


@pytest.mark.parametrize("make", [fads.DeepNet, fads.shrinking])
def test_the_seed_counts_and_the_global_random_state_stays(make):
    before = torch.random.get_rng_state()
    first = fads.conv_weights(make("max" if make is fads.shrinking else 2, seed=1))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    again = fads.conv_weights(make("max" if make is fads.shrinking else 2, seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_block_from_zero_is_its_input(batch):
    net = fads.deep("skip, from zero", 6, seed=2)
    seen = hooks.activations(net, batch[0], ["relu", "block3"])
    assert torch.equal(seen["relu"], seen["block3"])


def test_a_residual_block_by_hand():
    x = torch.tensor([[[[1.0, -2.0]]]])
    out = fads.residual(x, lambda a: a - 1, lambda a: a - 3)  # relu(x + relu(x - 1) - 3)
    assert out.tolist() == [[[[0.0, 0.0]]]]
    out = fads.residual(x, lambda a: 2 * a, lambda a: a + 3)  # 1 + 2 + 3, -2 + 0 + 3
    assert out.tolist() == [[[[6.0, 1.0]]]]
    assert fads.plain(x, lambda a: 2 * a, lambda a: a + 3).tolist() == [[[[5.0, 3.0]]]]


# --- signals


def test_gradient_norms_agree_with_backward(batch):
    net = fads.DeepNet(4, fads.residual, seed=1)
    norms = fads.gradient_norms(net, *batch)
    assert all(weight.grad is None for weight in net.parameters())
    F.cross_entropy(net(batch[0]), batch[1]).backward()
    want = torch.stack([weight.grad.norm() for weight in fads.conv_weights(net)])
    torch.testing.assert_close(norms, want)


def test_signals_are_in_order_and_leave_the_network(batch):
    net = fads.deep("plain, batch norm", 24, seed=1).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    forward, back = fads.signals(net, *batch)
    assert len(forward) == 1 + 12 and len(back) == 1 + 24
    assert not net.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    trained = fads.deep("plain, batch norm", 24, seed=1).train()
    seen = hooks.activations(trained, batch[0], ["block2", "block11"])
    for place, name in ((2, "block2"), (11, "block11")):
        torch.testing.assert_close(forward[place], seen[name].square().mean().sqrt())


def test_signals_use_the_given_norms(batch):
    zeros = fads.signals(fads.DeepNet(2), *batch, norms=lambda *_: torch.zeros(3)).back
    assert zeros.tolist() == [0, 0, 0]


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_what_the_lab_says_of_signals_holds_for_other_seeds(seed):
    train, _ = data.load_digits()
    batch = train.images[:32], train.labels[:32]
    found = {kind: fads.signals(fads.deep(kind, 40, seed=seed), *batch) for kind in fads.KINDS}
    grows = {kind: float(s.forward[-1] / s.forward[0]) for kind, s in found.items()}
    assert grows["plain"] < 0.1 and grows["skip"] > 50 and grows["skip, from zero"] == 1
    back = {kind: float(s.back[1] / s.back[-1]) for kind, s in found.items()}
    assert back["plain, batch norm"] > 30 > back["skip, batch norm"]


# --- shrinking, costs, shifts


@pytest.mark.parametrize("way", fads.WAYS)
def test_networks_that_shrink_end_in_logits(way):
    net = fads.shrinking(**fads.WAYS[way])
    assert net(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_three_ways_to_shrink_have_the_same_weights():
    nets = [fads.shrinking(shrink, seed=4) for shrink in ("max", "average", "strided", "blurred")]
    first, *others = [list(net.parameters()) for net in nets]
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_an_unknown_way_is_named():
    with pytest.raises(ValueError, match="shrink must be one of"):
        fads.shrinking("stride")


def test_a_blur_keeps_an_even_image_and_halves_it():
    out = fads.Blur()(torch.ones(2, 3, 8, 8))
    assert out.shape == (2, 3, 4, 4)
    torch.testing.assert_close(out[:, :, 1:, 1:], torch.ones(2, 3, 3, 3))
    spot = torch.zeros(1, 1, 6, 6)
    spot[..., 2, 2] = 16
    assert fads.Blur()(spot)[0, 0, 1, 1] == 4  # the middle of (1, 2, 1) x (1, 2, 1) / 16


@pytest.mark.parametrize("case", [(28, 1, 8, 3, 2, 1), (15, 3, 4, 5, 2, 2), (9, 2, 3, 4, 3, 0)])
def test_the_formula_agrees_with_what_pytorch_counts(case):
    side, c_in, c_out, kernel, stride, padding = case
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding)
    image = torch.zeros(2, c_in, side, side)
    out, count = fads.conv_cost(side, c_in, c_out, kernel, stride, padding)
    assert conv(image).shape[-1] == out and fads.multiply_adds(conv, image) == count


def test_linear_layers_count_and_modes_stay():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(6, 5)).train()
    assert fads.multiply_adds(net, torch.zeros(3, 6)) == 30 and net.training


def test_moved_lets_zeros_in():
    row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert fads.moved(row, 1).tolist() == [[[[0.0, 1.0, 2.0]]]]
    assert torch.equal(fads.moved(row, 0), row) and not fads.moved(row, 3).any()
    for step in (-1, 4):
        with pytest.raises(ValueError, match="0 to 3 pixels"):
            fads.moved(row, step)


def test_same_answer_by_hand():
    """The answer is the brightest place: it moves, unless it's at the edge or all is dark."""
    images = torch.zeros(4, 1, 1, 3)
    images[0, ..., 0] = images[1, ..., 1] = images[2, ..., 2] = 1.0
    net = nn.Flatten().train()
    assert fads.same_answer(net, images, 0) == 1 and net.training
    assert fads.same_answer(net, images, 1) == 0.25
    assert fads.same_answer(net, images[3:], 2) == 1


# --- cutting


@pytest.fixture(scope="module")
def model():
    return models.load_pretrained(size=64)


def test_lite0_has_nine_skips(model):
    assert len(fads.skipping(model)) == 9 and "block4" not in fads.skipping(model)
    with pytest.raises(ValueError, match="block4 has no skip"):
        fads.cut_logits(model, torch.rand(1, 3, 64, 64), "block4")


@torch.no_grad()
def test_cuts_are_what_hooks_make_of_the_network(model):
    photos = data.load_photos()[:3]
    cut = fads.cut_logits(model, photos, "block5")
    assert list(cut) == list(fads.CUTS)
    block = model.block5
    ways = {
        "skip": lambda _, given, out: out - given[0],
        "branch": lambda _, given, out: given[0],
        "other skip": lambda _, given, out: out - given[0] + given[0].roll(1, 0),
        "other branch": lambda _, given, out: given[0] + (out - given[0]).roll(1, 0),
    }
    for name, hook in ways.items():
        handle = block.register_forward_hook(hook)
        want = model(photos)
        handle.remove()
        torch.testing.assert_close(cut[name], want, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(cut["skip"], model(photos), atol=0.1)
