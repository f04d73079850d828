"""Channels and patches: hand-computed answers, scikit-learn as the oracle for AUC, invariants."""

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from labkit import data, plot
from labkit.nets import features, hooks, models, patches, train


@pytest.fixture(scope="module")
def lenet():
    return models.LeNet(seed=0)


def planted():
    """Channel k of "see" is pixel k; class 0 needs channel 0, class 1 channel 1."""
    model = nn.Sequential()
    model.add_module("see", nn.Identity())
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("logits", nn.Flatten())
    labels = torch.tensor([0, 0, 1, 1, 2])
    images = nn.functional.one_hot(labels, 3).float().view(5, 3, 1, 1)
    return model, (images, labels)


# --- AUC


def test_auc_by_hand():
    scores, digit = torch.tensor([0.1, 0.4, 0.4, 0.9]), torch.tensor([0, 1, 0, 1]).bool()
    assert features.auc(scores, digit).item() == 3.5 / 4  # one tie of four pairs


@pytest.mark.parametrize("levels", [None, 5, 1])
def test_auc_equals_scikit_learn(levels):
    generator = torch.Generator().manual_seed(3)
    scores, labels = torch.rand(200, 4, generator=generator), torch.arange(200) % 5
    scores = scores if levels is None else (scores * levels).floor()
    got = features.auc_by_class(scores, labels, classes=5)
    for channel in range(4):
        for k in range(5):
            want = roc_auc_score(labels == k, scores[:, channel])
            assert got[channel, k].item() == pytest.approx(want)


@pytest.mark.parametrize(
    "scores, positive", [([1.0, 2], [True, True]), ([1.0], [False]), ([1.0, 2], [True])]
)
def test_auc_says_what_it_needs(scores, positive):
    with pytest.raises(ValueError, match="positives and negatives"):
        features.auc(torch.tensor(scores), torch.tensor(positive))


def test_auc_leaves_its_input_alone():
    scores = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    assert not features.auc(scores, torch.tensor([True, False, False])).requires_grad
    assert scores.tolist() == [3.0, 1.0, 2.0]


# --- means, states, correlation


def test_map_means_of_maps_and_vectors():
    maps = torch.arange(8.0).view(1, 2, 2, 2)
    assert features.map_means(maps).tolist() == [[1.5, 5.5]]
    assert features.map_means(torch.ones(3, 7)).shape == (3, 7)


def test_unit_states_by_hand():
    output = torch.tensor([[[0.0, 0.0], [6.0, 6.0], [0.0, 3.0]]])  # (1, 3 channels, 2)
    states = features.unit_states(output, ceiling=6)
    assert states.silent.tolist() == [1.0, 0.0, 0.5]
    assert states.full.tolist() == [0.0, 1.0, 0.0]
    assert states.dead.tolist() == [True, False, False]
    assert features.unit_states(output).full.sum() == 0


def test_correlation_by_hand():
    a = torch.tensor([[1.0, 2, 3], [1, 2, 3], [1, 1, 1]])
    b = torch.tensor([[2.0, 4, 6], [3, 2, 1], [1, 2, 3]])
    assert features.correlation(a, b).tolist() == pytest.approx([1, -1, 0])


# --- switching off


def test_loss_by_class_by_hand():
    model, digits = planted()
    lost = [features.loss_by_class(model, *digits, "see", k, classes=3) for k in range(3)]
    # with a channel off its class has only zeros; the first class wins ties
    assert torch.stack(lost).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert not model.see._forward_hooks


def test_class_accuracy_by_hand():
    logits = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 1, 0]])
    accuracy = features.class_accuracy(logits, torch.tensor([0, 0, 1]), classes=3)
    assert accuracy[:2].tolist() == [0.5, 1.0] and accuracy[2].isnan()


# --- receptive field and patches


@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv2", "pool2"])
def test_receptive_field_is_where_the_gradient_is(lenet, layer):
    field = patches.receptive_field(lenet, layer)
    pixels = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0)).requires_grad_()
    steps = features.until(lenet, layer)
    # every way counts: positive weights, mean in place of max
    positive = nn.Sequential()
    for name, module in steps.named_children():
        if isinstance(module, nn.Conv2d):
            twin = nn.Conv2d(1, 1, module.kernel_size, padding=module.padding)
            twin.weight.data.fill_(1.0)
            positive.add_module(name, twin)
        elif isinstance(module, nn.MaxPool2d):
            positive.add_module(name, nn.AvgPool2d(2))
    output = positive(pixels)
    row = output.shape[-1] // 2
    (slope,) = torch.autograd.grad(output[0, 0, row, row], pixels)
    seen = slope[0, 0].abs().sum(1).nonzero().flatten()
    assert len(seen) == field.side
    assert (seen[0] + seen[-1]).item() / 2 == field.first + field.step * row


def test_receptive_field_of_the_pretrained_network():
    model = models.load_pretrained(size=64)
    assert patches.receptive_field(model, "stem") == (3, 2, 1.0)
    assert patches.receptive_field(model, "block3.expand_norm").side == 11
    with pytest.raises(ValueError, match="no layer 'nose'"):
        patches.receptive_field(model, "nose")


def test_strongest_finds_the_planted_spot():
    images = torch.zeros(3, 3, 16, 16)
    images[1, :, 10, 4], images[2, :, 2, 13] = 1.0, 0.5
    output = images[:, :1]
    field = patches.Field(side=5, step=1, first=0.0)
    found = patches.strongest(images, output, 0, field, count=2)
    assert found.values.tolist() == [1.0, 0.5] and found.sources.tolist() == [1, 2]
    assert found.images.shape == (2, 3, 5, 5)
    assert found.images[0, 0, 2, 2] == 1  # in the middle
    assert found.images[1].max() == 0.5  # moved inside the image, still there


def test_strongest_takes_one_patch_from_a_source():
    images = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    source = torch.tensor([0, 0, 1, 1])
    field = patches.Field(side=3, step=1, first=0.0)
    found = patches.strongest(images, images, 1, field, sources=source)
    assert sorted(found.sources.tolist()) == [0, 1]


def test_shuffled_tiles_hold_the_same_pixels():
    images = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    mixed = patches.shuffle_tiles(images, parts=3, seed=1)
    assert mixed.shape == images.shape and not torch.equal(mixed, images)
    assert torch.equal(mixed.flatten(2).sort().values, images.flatten(2).sort().values)
    assert torch.equal(mixed, patches.shuffle_tiles(images, parts=3, seed=1))
    assert torch.equal(patches.shuffle_tiles(images, parts=1), images)


def test_shuffled_tiles_stay_whole():
    rows = torch.arange(4.0).repeat_interleave(2)
    image = (rows[:, None] * 10 + rows[None]).expand(1, 3, 8, 8)  # each 2 x 2 tile is one value
    mixed = patches.shuffle_tiles(image, parts=4, seed=2)
    tiles = mixed.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert torch.equal(tiles.amin(-1), tiles.amax(-1))


def test_shuffle_tiles_says_what_fits():
    with pytest.raises(ValueError, match="10 x 10 pixels cannot be cut into 4 x 4"):
        patches.shuffle_tiles(torch.zeros(1, 3, 10, 10), parts=4)


def test_quarters_come_after_the_wholes():
    image = torch.zeros(2, 3, 8, 8)
    image[1, :, :4, 4:] = 1.0  # the upper right quarter of the second image
    zoomed, source = patches.with_quarters(image, size=4)
    assert zoomed.shape == (10, 3, 4, 4)
    assert source.tolist() == [0, 1, 0, 0, 0, 0, 1, 1, 1, 1]
    assert zoomed[2:].mean((1, 2, 3)).tolist() == [0, 0, 0, 0, 0, 1, 0, 0]


# --- gradient ascent


def test_ascent_step_goes_uphill_by_its_rate_and_changes_nothing_else():
    image = torch.full((1, 4, 4), 0.5)
    weights = torch.randn(1, 4, 4)
    made = features.ascent_step(lambda x: (weights * x).sum(), image, 0.02)
    step = (made - image) / weights  # the same everywhere
    assert step.min() > 0 and torch.allclose(step, step.mean().expand_as(step), rtol=1e-3)
    assert (made - image).pow(2).mean().sqrt().item() == pytest.approx(0.02, rel=1e-4)
    assert (image == 0.5).all() and not made.requires_grad


def test_ascent_step_stays_between_0_and_1():
    made = features.ascent_step(torch.sum, torch.tensor([[[0.2, 0.9]]]), 0.5)
    assert made.tolist() == [[[pytest.approx(0.7), 1.0]]]


def test_a_dead_channel_leaves_the_image_as_it_is():
    image = torch.rand(1, 4, 4)
    assert torch.equal(features.ascent_step(lambda x: (x * 0).sum(), image, 0.1), image)


def test_until_ends_where_the_layer_ends(lenet):
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(
        features.until(lenet, "pool1")(images), lenet.pool1(lenet.relu1(lenet.conv1(images)))
    )
    pretrained = models.load_pretrained(size=32)
    photo = torch.rand(1, 3, 32, 32)
    for layer in ("block3.expand_norm", "block2", "logits"):
        want = hooks.activations(pretrained, photo, layer)[layer]
        assert torch.allclose(features.until(pretrained, layer)(photo), want, atol=1e-5)
    with pytest.raises(ValueError, match="no layer 'nose'"):
        features.until(lenet, "nose")


def test_blur_keeps_the_mean_and_spreads_a_spot():
    spot = torch.zeros(1, 1, 21, 21)
    spot[..., 10, 10] = 1.0
    soft = features.blur(spot, 1.5)
    assert soft.sum().item() == pytest.approx(1, abs=1e-5)
    spread = (soft[0, 0].sum(0) * (torch.arange(21.0) - 10) ** 2).sum().sqrt()
    assert spread.item() == pytest.approx(1.5, abs=0.05)
    assert torch.equal(features.blur(spot, 0), spot)


# --- plots


def test_layer_maps_draws_every_layer(lenet):
    outputs = {"conv1": torch.rand(8, 28, 28), "fc1": torch.rand(120)}
    axes = plot.layer_maps(outputs)
    assert [ax.get_title(loc="left").split("  ")[0] for ax in axes] == list(outputs)
    assert axes[0].images[0].get_array().shape == (28, 8 * 28 + 7 * 2)
    assert axes[1].images[0].get_array().shape == (1, 120)


def test_numbers_of_a_table_are_about_as_wide():
    ax = plot.table(torch.tensor([[1.0, 0.956, 12.3, 123.4, -0.5, -2.34]]))
    assert [text.get_text() for text in ax.texts] == ["1.0", ".96", "12", "123", "-.50", "-2.3"]


def test_table_writes_every_number():
    ax = plot.table(torch.tensor([[0.5, -0.25]]), signed=True, rows=["a"], columns=["x", "y"])
    assert [text.get_text() for text in ax.texts] == [".50", "-.25"]
    assert ax.images[0].get_clim() == (-0.5, 0.5)


# --- the claim in small


@pytest.mark.slow
def test_a_unit_tells_a_digit_after_training_better_than_before():
    digits, held_out = data.load_digits(seed=7)
    net = models.LeNet(seed=7)
    train.fit(net, digits, held_out, epochs=3, seed=7, progress=False)
    means = []
    for model in (models.LeNet(seed=7), net):
        values = [hooks.activations(model, d.images, "relu4")["relu4"] for d in (digits, held_out)]
        unit = features.auc_by_class(values[0], digits.labels).argmax(0)
        aucs = features.auc_by_class(values[1][:, unit], held_out.labels).diagonal()
        means.append(aucs.mean().item())
    assert means[1] > means[0] + 0.05
