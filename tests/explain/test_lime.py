"""LIME against the `lime` package, scikit-learn's ridge, and networks that are sums of pixels."""

import importlib

import pytest
import torch
from explaining import Halves, Linear

from labkit import explain
from labkit.explain.score import repeatability

# The package's `lime` and `superpixels` are the functions; these are the modules behind them.
steps = importlib.import_module("labkit.explain.lime")
paint = importlib.import_module("labkit.explain.superpixels")


@pytest.fixture
def images():
    return torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def grid():
    """Nine superpixels of 8 x 8 pixels for the first image, four of 12 x 12 for the second."""
    place = torch.arange(24)
    squares = [place[:, None] // s * (24 // s) + place // s for s in (8, 12)]
    return torch.stack(squares)


def exact(model, images, segments, fill):
    """What each superpixel adds to a sum of weighted pixels: sum of weight * (image - fill)."""
    parts = (model.weight * (images - fill)).sum(1).flatten(1)
    shape = len(images), int(segments.max()) + 1
    return torch.zeros(shape).scatter_add_(1, segments.flatten(1), parts)


@pytest.mark.parametrize("fill", ["segment", "mean", 0.2])
def test_weights_of_a_sum_of_pixels_are_exact(images, grid, fill):
    model = Linear((3, 24, 24))
    cover = paint.hidden_by(images, grid, fill)
    found = explain.lime_explain(model, images, 0, segments=grid, samples=40, fill=fill, ridge=1e-9)
    truth = exact(model, images, grid, cover)
    assert torch.allclose(found.weights, truth, atol=1e-3)
    assert torch.allclose(found.r2, torch.ones(2), atol=1e-6)
    assert torch.allclose(found.intercept, model(cover)[:, 0], atol=1e-3)
    assert torch.equal(found.heat[0], found.weights[0][grid[0]])
    assert found.weights[1, 4:].tolist() == [0] * 5 and torch.equal(found.segments, grid)


def answers_to(model, pictures):
    """The outputs for pictures as the package hands them out: (H, W, 3) arrays of float64."""
    batch = torch.stack([torch.as_tensor(p).permute(2, 0, 1) for p in pictures])
    return model(batch.float())


def test_equals_the_lime_package_on_its_own_samples(images, grid):
    """Its painted images give our answers, its fit our weights, intercept and R^2."""
    lime_image = pytest.importorskip("lime.lime_image")
    from sklearn.metrics import pairwise_distances

    model, image, labels = Linear((3, 24, 24)), images[0], grid[0]
    package = lime_image.LimeImageExplainer(random_state=0)
    cover = paint.mean_colours(images[:1], grid[:1])[0]

    def classify(pictures):  # probabilities: not linear in the superpixels
        return answers_to(model, pictures).softmax(1).numpy()

    picture = [p.permute(1, 2, 0).double().numpy() for p in (image, cover)]
    data, theirs = package.data_labels(*picture, labels.numpy(), classify, 60)
    on = torch.as_tensor(data) > 0.5
    ours = model(steps.switched(image, cover, labels, on)).softmax(1)
    assert torch.allclose(ours, torch.as_tensor(theirs), atol=1e-5)

    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    assert torch.allclose(
        steps.closeness(on, 0.25), torch.as_tensor(package.base.kernel_fn(distances)).float()
    )
    intercept, pairs, r2, _ = package.base.explain_instance_with_data(
        data, theirs, distances, 0, 9, feature_selection="none"
    )
    values, importance = torch.as_tensor(theirs)[:, 0], torch.as_tensor(distances)
    importance = torch.exp(-((importance / 0.25) ** 2) / 2)
    weights, our_intercept, our_r2 = steps.fit_weights(on, values, importance=importance)
    expected = torch.tensor([weight for _, weight in sorted(pairs)])
    assert torch.allclose(weights, expected.double(), atol=1e-7)
    assert abs(our_intercept - intercept) < 1e-9 and abs(our_r2 - r2) < 1e-9


def test_both_find_the_exact_weights_of_a_sum_of_pixels(images, grid):
    """The package end to end, its own superpixel colours and samples: the truth, as we find it."""
    from sklearn.linear_model import Ridge

    lime_image = pytest.importorskip("lime.lime_image")
    model = Linear((3, 24, 24))

    theirs = lime_image.LimeImageExplainer(random_state=0).explain_instance(
        images[0].permute(1, 2, 0).double().numpy(),
        lambda pictures: answers_to(model, pictures).numpy(),
        labels=(0,),
        num_samples=200,
        model_regressor=Ridge(alpha=1e-9),
        segmentation_fn=lambda picture: grid[0].numpy(),
    )
    theirs = torch.tensor([weight for _, weight in sorted(theirs.local_exp[0])]).float()
    options = {
        "segments": grid[:1],
        "fill": "segment",
        "samples": 200,
        "ridge": 1e-9,
        "kernel_width": 0.25,
    }
    ours = explain.lime_explain(model, images[:1], 0, **options).weights[0]
    truth = exact(model, images[:1], grid[:1], paint.mean_colours(images[:1], grid[:1]))[0]
    assert torch.allclose(theirs, truth, atol=1e-3) and torch.allclose(ours, truth, atol=1e-3)


@pytest.mark.parametrize("ridge", [0, 0.5, 10])
def test_fit_equals_scikit_learns_ridge(ridge):
    from sklearn.linear_model import Ridge

    on, values = steps.on_off(80, 12, seed=3), torch.randn(80).double()
    importance = torch.rand(80).double()
    oracle = Ridge(alpha=ridge).fit(on, values, sample_weight=importance)
    weights, intercept, r2 = steps.fit_weights(on, values, importance=importance, ridge=ridge)
    assert torch.allclose(weights, torch.as_tensor(oracle.coef_), atol=1e-9)
    assert abs(intercept - oracle.intercept_) < 1e-9
    assert abs(r2 - oracle.score(on, values, sample_weight=importance)) < 1e-9


def test_a_superpixel_that_is_never_hidden_gets_no_weight():
    on = steps.on_off(40, 3)
    on[:, 1] = True
    weights, _, r2 = steps.fit_weights(on, 2.0 * on[:, 0] - 1.0 * on[:, 2], ridge=0)
    assert torch.allclose(weights, torch.tensor([2.0, 0, -1]).double(), atol=1e-9) and r2 > 0.999
    weights, intercept, r2 = steps.fit_weights(on, torch.full((40,), 7.0))
    assert weights.abs().max() < 1e-9 and abs(intercept - 7) < 1e-9 and r2 == 1


def test_samples_keep_their_share():
    on = steps.on_off(2000, 50, keep=0.7, seed=1)
    assert on.dtype == torch.bool and on.shape == (2000, 50)
    assert (on.float().mean(0) - 0.7).abs().max() < 0.05  # 5 standard deviations
    pairs = on.float().T.corrcoef() - torch.eye(50)
    assert pairs.abs().max() < 0.12
    assert torch.equal(on, steps.on_off(2000, 50, keep=0.7, seed=1))


def test_cost_and_batches(images, grid):
    """512 forward passes an image, no more; batches of 8, in the layout that is fastest."""
    model = Linear((3, 24, 24))
    found = explain.lime_explain(model, images, 0, segments=grid)
    assert found.forwards == sum(map(len, model.batches)) == 2 * 512
    assert max(map(len, model.batches)) == 8
    assert all(b.is_contiguous(memory_format=torch.channels_last) for b in model.batches)


def test_seeds_images_and_batches(images):
    model = Halves().eval()
    both = explain.lime_explain(model, images, 0, samples=100, seed=4)
    alone = explain.lime_explain(model, images[:1], 0, samples=100, seed=4)
    count = alone.weights.shape[1]
    assert torch.allclose(both.weights[0, :count], alone.weights[0], atol=1e-6)
    twin = explain.lime_explain(model, images[:1].repeat(2, 1, 1, 1), 0, samples=100)
    assert not torch.equal(*twin.weights)  # each image of a batch draws its own samples
    assert not torch.equal(alone.heat, explain.lime(model, images[:1], 0, samples=100, seed=5))
    assert torch.equal(alone.heat, explain.lime(model, images[:1], 0, samples=100, seed=4))


def test_more_samples_repeat_better():
    """Two runs of 600 samples agree more than two of 60."""
    from labkit.nets.models import LeNet

    digits = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    few, many = (
        repeatability(explain.lime, LeNet(seed=0), digits, 3, samples=n).mean() for n in (60, 600)
    )
    assert few < many and many > 0.8


def test_agreement_of_two_runs(images, grid):
    """Ranks of the weights each image has, without the zeros that fill up its row."""
    from scipy.stats import spearmanr

    one, two = (
        explain.lime_explain(Halves().eval(), images, 0, segments=grid, samples=20, seed=seed)
        for seed in (0, 1)
    )
    theirs = [spearmanr(one.weights[i, :n], two.weights[i, :n])[0] for i, n in enumerate((9, 4))]
    assert torch.allclose(one.agreement(two), torch.tensor(theirs).float(), atol=1e-6)
    assert torch.allclose(one.agreement(one), torch.ones(2))
    with pytest.raises(ValueError, match="cut into the same segments"):
        one.agreement(two._replace(segments=grid.flip(1)))


def test_the_strongest_superpixels(images, grid):
    model = Linear((3, 24, 24))
    found = explain.lime_explain(model, -images, 0, segments=grid, samples=40)
    top = found.strongest(3)
    for i, labels in enumerate(grid):
        chosen = labels[top[i]].unique()
        assert set(chosen.tolist()) == set(
            found.weights[i, : 9 if i == 0 else 4].topk(3)[1].tolist()
        )
    assert found.strongest(5)[1].all() and not found.strongest(5)[0].all()
    with pytest.raises(ValueError, match="count must be 1 or more"):
        found.strongest(0)


def test_superpixels_are_numbered_without_gaps_and_follow_colours():
    image = torch.full((1, 3, 40, 40), 0.1)
    image[..., 13:] = 0.9
    segments = explain.superpixels(image, count=16)
    assert segments.unique().tolist() == list(range(int(segments.max()) + 1))
    assert 8 <= int(segments.max()) + 1 <= 24
    assert not set(segments[0, :, 12].tolist()) & set(segments[0, :, 13].tolist())
    assert torch.equal(segments, explain.superpixels(image, count=16))
    grey = explain.superpixels(image[:, :1], count=16)
    assert torch.equal(grey, segments)


def test_superpixels_are_skimages():
    from skimage.segmentation import slic

    from labkit.data import load_photo

    photo = load_photo("cat", size=96)
    theirs = slic(photo.permute(1, 2, 0).numpy(), n_segments=30, compactness=10, start_label=0)
    assert torch.equal(explain.superpixels(photo[None], count=30)[0], torch.as_tensor(theirs))


def test_mean_colours_by_hand():
    image = torch.tensor([[[[0.0, 1], [0.5, 1]]]])
    labels = torch.tensor([[[0, 1], [0, 1]]])
    assert paint.mean_colours(image, labels).tolist() == [[[[0.25, 1], [0.25, 1]]]]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 9}, "9 samples for 9 superpixels: take more samples than that"),
        ({"samples": 0}, "samples must be 1 or more"),
        ({"keep": 1.0}, "keep must be between 0 and 1, the share that is shown, not 1.0"),
        ({"fill": "grey"}, '"blur" or "mean".*or "segment"'),
        ({"kernel_width": 0}, "the kernel's width must be more than 0, not 0"),
        ({"ridge": -1}, "ridge must be 0 or more, not -1"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
    ],
)
def test_impossible_options_are_told(images, grid, options, message):
    with pytest.raises(ValueError, match=message):
        explain.lime(Halves().eval(), images, 0, segments=grid, **options)


def test_impossible_segments_are_told(images, grid):
    model = Halves().eval()
    with pytest.raises(
        ValueError, match=r"whole numbers \(B, H, W\) of the images, not \(1, 24, 24"
    ):
        explain.lime(model, images, 0, segments=grid[:1])
    with pytest.raises(ValueError, match="image 0 must be numbered 0, 1, 2, ... without gaps"):
        explain.lime(model, images, 0, segments=grid + 1)
    with pytest.raises(ValueError, match="whole numbers .* torch.float32"):
        explain.lime(model, images, 0, segments=grid.float())
    assert explain.lime(model, images, 0, segments=grid.int(), samples=20).shape == grid.shape
    with pytest.raises(TypeError, match="sample"):
        explain.lime(model, images, 0, sample=100)


def test_several_targets_share_the_forward_passes(images, grid):
    """Each as if asked alone: a class, a class for each image, a function; at the cost of one."""
    model, options = Linear((3, 24, 24)), {"segments": grid, "samples": 40}
    targets = [0, [1, 0], lambda outputs: outputs[:, 1] - outputs[:, 0]]
    together = explain.lime_several(model, images, targets, **options)
    assert sum(map(len, model.batches)) == 2 * 40
    for found, target in zip(together, targets, strict=True):
        alone = explain.lime_explain(model, images, target, **options)
        assert torch.equal(found.weights, alone.weights) and torch.equal(found.r2, alone.r2)
        assert found.forwards == alone.forwards == 80
    with pytest.raises(ValueError, match="targets must be 1 or more"):
        explain.lime_several(model, images, [], **options)


def test_a_progress_bar_only_when_wanted(images, grid, capsys):
    options = {"segments": grid, "samples": 20}
    quiet = explain.lime(Halves().eval(), images, 0, **options)
    assert capsys.readouterr() == ("", "")
    shown = explain.lime(Halves().eval(), images, 0, progress=True, **options)
    assert "LIME" in capsys.readouterr().err and torch.equal(quiet, shown)
