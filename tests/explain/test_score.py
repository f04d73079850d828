"""Scores of explanations against scikit-learn, scipy and answers worked out by hand."""

import pytest
import torch
from explaining import Halves

from labkit import explain
from labkit.explain import score
from labkit.nets.models import LeNet


@pytest.fixture
def random():
    """Heat and masks with many ties: (6, 12, 10), masks of a fifth of the image."""
    generator = torch.Generator().manual_seed(0)
    heat = torch.randint(-5, 6, (6, 12, 10), generator=generator).float()
    return heat, torch.rand(6, 12, 10, generator=generator) < 0.2


def corner(size=4):
    """A mask of the quarter top left of one image (1, size, size)."""
    mask = torch.zeros(1, size, size, dtype=torch.bool)
    mask[:, : size // 2, : size // 2] = True
    return mask


def test_mass_by_hand():
    heat = torch.tensor([[[3.0, 1], [-4, 0]]])
    mask = torch.tensor([[[True, False], [True, False]]])
    assert score.mass_in_mask(heat, mask).tolist() == [0.75]  # 3 of 3 + 1
    assert score.mass_in_mask(heat, mask, absolute=True).tolist() == [0.875]  # 7 of 8
    assert score.mass_in_mask(heat, mask, lift=True).tolist() == [1.5]  # 0.75 on half the image
    assert score.mass_in_mask(heat, mask.float()).tolist() == [0.75]


def test_pointing_by_hand():
    heat = torch.zeros(1, 4, 4)
    heat[0, 0, 2] = 1
    assert score.pointing_game(heat, corner()).tolist() == [0]
    assert score.pointing_game(heat, corner(), tolerance=1).tolist() == [1]
    heat[0, 1, 1] = 1
    assert score.pointing_game(heat, corner()).tolist() == [0.5]  # two points are hottest


@pytest.mark.parametrize("level", [0.0, 3.0])
def test_heat_that_says_nothing_scores_chance(level):
    heat = torch.full((1, 4, 4), level)
    assert score.mass_in_mask(heat, corner()).tolist() == [0.25]
    assert score.mass_in_mask(heat, corner(), lift=True).tolist() == [1]
    assert score.pointing_game(heat, corner()).tolist() == [0.25]
    assert score.average_precision(heat, corner()).tolist() == [0.25]


def test_average_precision_equals_scikit_learns(random):
    from sklearn.metrics import average_precision_score

    heat, mask = random
    theirs = [
        average_precision_score(m.flatten(), h.flatten()) for h, m in zip(heat, mask, strict=True)
    ]
    ours = score.average_precision(heat, mask)
    assert torch.allclose(ours, torch.tensor(theirs).float(), atol=1e-6)
    assert torch.equal(score.average_precision(mask.float(), mask), torch.ones(6))


@pytest.mark.parametrize("rate", [score.mass_in_mask, score.pointing_game, score.average_precision])
def test_a_blob_fools_every_score_but_the_shuffled(rate):
    """Masks around the middle: the blob does far better than chance, and shuffled exactly 0."""
    place = torch.arange(32)
    middles = torch.tensor([12, 14, 16, 18, 20])
    inside = [(place - m).abs() < 7 for m in middles]
    turned = inside[2:] + inside[:2]
    masks = torch.stack([i[:, None] & j for i, j in zip(inside, turned, strict=True)])
    blob = explain.centre_blob(None, torch.rand(5, 3, 32, 32), 0)
    assert rate(blob, masks).mean() > 1.5 * masks.float().mean()
    assert abs(score.shuffled(rate, blob, masks).mean()) < 1e-6
    assert (score.shuffled(rate, masks.float(), masks) > 0.1).all()


def test_shuffled_by_hand():
    masks = torch.eye(3).view(3, 1, 3).bool()
    heat = torch.tensor([[[0.5, 0.25, 0.25]], [[0, 1.0, 0]], [[1.0, 0, 0]]])
    gain = score.shuffled(score.mass_in_mask, heat, masks)
    assert gain.tolist() == [0.25, 1, -0.5]
    with pytest.raises(ValueError, match="give two or more"):
        score.shuffled(score.mass_in_mask, heat[:1], masks[:1])


def half_white():
    image = torch.zeros(1, 3, 8, 8)
    image[..., :4] = 1
    return image, image[:, 0]


def test_insertion_by_hand():
    """From the mean colour 1/2 back to the white half: it brightens in two steps."""
    image, heat = half_white()
    options = {"fractions": (0, 0.25, 0.5, 1), "patch": 4, "fill": "mean"}
    curve = score.insertion(Halves().eval(), image, heat, 0, **options)
    assert curve.tolist() == [[0.5, 0.75, 1, 1]]
    other = score.insertion(Halves().eval(), image, -heat, 0, **options)
    assert other.tolist() == [[0.5, 0.5, 0.5, 1]]
    assert score.area(curve, fractions=options["fractions"]).tolist() == [0.875]


def test_insertion_is_deletion_backwards():
    """Insert the hottest half or delete the coldest half: the same image."""
    images = torch.rand(2, 3, 16, 16)
    heat = torch.rand(2, 16, 16)
    options = {"patch": 4, "fractions": (0, 0.25, 0.5, 0.75, 1)}
    there = score.insertion(Halves().eval(), images, heat, [0, 1], **options)
    back = score.deletion(Halves().eval(), images, -heat, [0, 1], **options)
    assert torch.allclose(there, back.flip(1), atol=1e-6)


def test_curves_leave_train_mode_alone():
    image, heat = half_white()
    model = Halves().train()
    for curve in (score.deletion, score.insertion):
        assert torch.equal(curve(model, image, heat, 0), curve(Halves().eval(), image, heat, 0))
    assert model.training and model.dropout.training and model.norm.num_batches_tracked == 0


def test_area_is_the_mean_height():
    curve = torch.tensor([[1.0, 1, 1], [1, 0.5, 0]])
    assert score.area(curve, fractions=(0, 0.5, 1)).tolist() == [1, 0.5]
    assert score.area(curve, fractions=(0, 0.1, 0.2)).tolist() == [1, 0.5]
    with pytest.raises(ValueError, match="3 points on the curve for 9 fractions"):
        score.area(curve)


def test_spearman_equals_scipys(random):
    from scipy.stats import spearmanr

    one, other = random[0], random[0].roll(1, 0) + random[0]
    theirs = [spearmanr(a.flatten(), b.flatten())[0] for a, b in zip(one, other, strict=True)]
    assert torch.allclose(score.spearman(one, other), torch.tensor(theirs).float(), atol=1e-6)
    assert score.spearman(one, torch.zeros_like(one)).isnan().all()
    assert torch.allclose(score.spearman(one, one.exp()), torch.ones(6))


def test_repeatability():
    digits, net = torch.rand(3, 1, 28, 28), LeNet(seed=0)
    same = score.repeatability(explain.smooth_grad, net, digits, 3, samples=4, seeds=(5, 5))
    assert torch.allclose(same, torch.ones(3))
    noisy, calmer = (
        score.repeatability(explain.smooth_grad, net, digits, 3, samples=n).mean() for n in (1, 30)
    )
    assert noisy < calmer < 1
    with pytest.raises(TypeError, match="takes no seed: it gives the same heat every time"):
        score.repeatability(explain.gradient, net, digits, 3)


def test_randomization():
    """Sobel edges know no weights; a network's gradient changes with them."""
    digits, net = torch.rand(3, 1, 28, 28), LeNet(seed=0)
    before = [p.clone() for p in net.parameters()]
    assert torch.allclose(score.randomization(explain.edges, net, digits, 3), torch.ones(3))
    assert (score.randomization(explain.gradient, net, digits, 3) < 0.5).all()
    assert all(map(torch.equal, before, net.parameters()))


def test_randomization_looks_at_the_size_of_heat():
    """A method that answers with the sign of a weight: |heat| is the same whatever the sign."""

    def method(model, images, target, *, factor):
        return images.mean(1) * factor * model.weight.sum().sign()

    model = torch.nn.Linear(3, 3)
    alike = score.randomization(method, model, torch.rand(2, 3, 5, 5), 0, factor=-2)
    assert torch.allclose(alike, torch.ones(2))


@pytest.mark.parametrize("rate", [score.mass_in_mask, score.pointing_game, score.average_precision])
def test_what_does_not_fit_together_is_told(rate):
    heat = torch.rand(2, 4, 4)
    mask = corner().repeat(2, 1, 1)
    with pytest.raises(ValueError, match=r"both be \(B, H, W\), not \(2, 4, 4\) and \(1, 4, 4\)"):
        rate(heat, mask[:1])
    with pytest.raises(ValueError, match=r"\(B, H, W\)"):
        rate(heat[0], mask[0])
    with pytest.raises(ValueError, match=r"mask of these images is empty.*: \[1\]"):
        rate(heat, mask & torch.tensor([True, False]).view(2, 1, 1))
    with pytest.raises(ValueError, match="not finite"):
        rate(heat / 0, mask)


def test_what_does_not_fit_curves_is_told():
    image, heat = half_white()
    with pytest.raises(ValueError, match="heat must be"):
        score.insertion(Halves().eval(), image, heat[:, :4], 0)
    with pytest.raises(ValueError, match="patch must be 1 or more"):
        score.deletion(Halves().eval(), image, heat, 0, patch=0)
    with pytest.raises(ValueError, match="shapes must agree"):
        score.spearman(heat, heat[:, :4])
    with pytest.raises(ValueError, match="tolerance must be 1 or more"):
        score.pointing_game(heat, heat > 0, tolerance=-1)
