"""Explanations against captum and hand-computed answers; the deletion score against arithmetic."""

import pytest
import torch
from torch import nn

from labkit.data import load_photo
from labkit.explain import gradient, integrated_gradients, pixel_gradient, smooth_grad
from labkit.explain.score import deletion
from labkit.explain.targets import filled
from labkit.nets.folding import folded
from labkit.nets.models import LeNet, load_pretrained
from labkit.nets.threads import one_each


class Weighted(nn.Module):
    """Two logits of a 3 x 4 x 4 image: a weighted sum of the pixels, and its square."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(3, 4, 4, generator=generator))
        self.norm = nn.BatchNorm1d(2)  # only here to have a mode

    def forward(self, images):
        total = (images * self.weight).sum((1, 2, 3))
        return torch.stack([total, total**2], 1)


@pytest.fixture
def model():
    return Weighted()


@pytest.fixture
def images():
    return torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))


def test_gradient_by_hand(model, images):
    by_hand = model.weight.detach().expand(5, -1, -1, -1)
    assert torch.allclose(pixel_gradient(model, images, 0), by_hand)
    assert torch.allclose(gradient(model, images, 0), by_hand.abs().amax(1))
    assert torch.allclose(gradient(model, images, 0, signed=True), by_hand.sum(1))
    slope = 2 * (images * by_hand).sum((1, 2, 3)).view(-1, 1, 1, 1)
    assert torch.allclose(pixel_gradient(model, images, 1), by_hand * slope, atol=1e-5)


def test_targets_one_each_and_functions(model, images):
    each = pixel_gradient(model, images, [0, 1, 0, 1, 1], batch_size=2)
    whole = [pixel_gradient(model, images, k) for k in (0, 1)]
    assert torch.allclose(each[2], whole[0][2]) and torch.allclose(each[3], whole[1][3])
    difference = pixel_gradient(model, images, lambda out: out[:, 1] - out[:, 0])
    assert torch.allclose(difference, whole[1] - whole[0], atol=1e-5)


def test_gradient_and_path_equal_captums():
    from captum.attr import IntegratedGradients, Saliency

    # by a seed: one draw in sixty meets a kink, where rounding decides about the slope of a step
    drawn = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    net, digits = LeNet(seed=0).double().eval(), drawn.double()
    target = torch.tensor([1, 5, 7])
    assert torch.allclose(
        gradient(net, digits, target), Saliency(net).attribute(digits, target)[:, 0]
    )
    theirs = IntegratedGradients(net, multiply_by_inputs=True).attribute(
        digits, torch.full_like(digits, 0.2), target, n_steps=400, method="riemann_middle"
    )
    ours = integrated_gradients(net, digits, target, baseline=0.2, steps=400)
    assert torch.allclose(ours, theirs[:, 0], atol=1e-9)


def test_the_points_of_the_path_are_the_formulas_to_the_last_digit(images):
    """A digit more or less switches ReLUs that stand at their kink, and the slopes jump."""
    seen, baseline = [], torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(2))

    def recording(points):
        seen.append(points.detach())
        return points.sum((2, 3))

    integrated_gradients(recording, images, 1, baseline=baseline, steps=7)
    shares = ((torch.arange(7) + 0.5) / 7).view(-1, 1, 1, 1)
    path = [b + shares * (image - b) for image, b in zip(images, baseline, strict=True)]
    assert torch.equal(torch.cat(seen), torch.cat(path))
    seen.clear()
    integrated_gradients(recording, images[:1].double(), 1, baseline=0.25, steps=3)
    path = [0.25 + (k + 0.5) / 3 * (images[:1].double() - 0.25) for k in range(3)]
    assert torch.equal(torch.cat(seen), torch.cat(path))


def test_path_equals_captums_on_the_pretrained_network_in_one_thread():
    """Of millions of ReLUs some are at their kink; captum's midpoints of 8 steps are exact."""
    from captum.attr import IntegratedGradients

    network, target = folded(load_pretrained()), 285  # Egyptian cat
    with one_each():
        photo = load_photo("cat", size=224)[None]
        blank = filled(photo, "blur")
        ours = integrated_gradients(network, photo, target, baseline=blank, steps=8)
        theirs = IntegratedGradients(network).attribute(
            photo, blank, target, n_steps=8, method="riemann_middle"
        )
        points = blank + ((torch.arange(8) + 0.5) / 8).view(-1, 1, 1, 1) * (photo - blank)
        slopes = pixel_gradient(network, points, target)
    assert torch.allclose(ours, theirs.sum(1), atol=1e-6) and ours.abs().max() > 0.01
    assert torch.allclose(ours, ((photo - blank) * slopes.mean(0)).sum(1), atol=1e-6)


def test_integrated_gradients_are_complete(model, images):
    """For the squared sum the midpoint rule is exact at any number of steps."""
    heat = integrated_gradients(model, images, 1, baseline=0.5, steps=3)
    outputs, start = model(images)[:, 1], model(torch.full_like(images, 0.5))[:, 1]
    assert torch.allclose(heat.sum((1, 2)), outputs - start, atol=1e-4)


def test_smooth_grad_of_a_linear_model_is_its_gradient(model, images):
    assert torch.allclose(smooth_grad(model, images, 0), gradient(model, images, 0), atol=1e-6)


def test_smooth_grad_averages_what_captums_noise_tunnel_averages():
    """Another noise, the same mean: the two agree as samples grow, and differ from no noise."""
    from captum.attr import NoiseTunnel, Saliency

    net, digit = LeNet(seed=0).eval(), torch.rand(1, 1, 28, 28)
    ours = smooth_grad(net, digit, 3, samples=400, noise=0.2, signed=True)
    spread = 0.2 * float(digit.max() - digit.min())
    theirs = NoiseTunnel(Saliency(net)).attribute(
        digit, nt_samples=400, nt_samples_batch_size=50, stdevs=spread, target=3, abs=False
    )
    plain = gradient(net, digit, 3, signed=True)
    both = torch.corrcoef(torch.stack([ours.flatten(), theirs.flatten(), plain.flatten()]))
    assert both[0, 1] > 0.95 and both[0, 1] > both[0, 2]


def test_same_seed_same_heat_whatever_the_batch_size(images):
    net = LeNet(seed=0)
    digits = torch.rand(5, 1, 28, 28)
    before = torch.get_rng_state()
    one = smooth_grad(net, digits, 3, samples=4, batch_size=2)
    assert torch.allclose(one, smooth_grad(net, digits, 3, samples=4, batch_size=5), atol=1e-6)
    assert not torch.allclose(one, smooth_grad(net, digits, 3, samples=4, seed=1))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("method", [gradient, smooth_grad, integrated_gradients])
def test_every_method_leaves_model_and_images_alone(model, images, method):
    before = images.clone()
    model.train()
    with torch.no_grad():
        heat = method(model, images, 1)
        assert not torch.is_grad_enabled()
    assert heat.shape == (5, 4, 4) and not heat.requires_grad
    assert model.training and model.weight.grad is None
    assert torch.equal(images, before) and not images.requires_grad
    assert heat.abs().sum() > 0


@pytest.mark.parametrize(
    "target, message",
    [
        (2, "a class from 0 to 1, not 2"),
        (-1, "a class from 0 to 1"),
        ([0, 1], "2 targets for 5 images"),
        (lambda out: out.sum(), "one number an image"),
    ],
)
def test_impossible_targets_are_told(model, images, target, message):
    with pytest.raises(ValueError, match=message):
        gradient(model, images, target)


def test_impossible_numbers_are_told(model, images):
    with pytest.raises(ValueError, match="steps must be 1 or more"):
        integrated_gradients(model, images, 0, steps=0)
    with pytest.raises(ValueError, match="samples must be 1 or more"):
        smooth_grad(model, images, 0, samples=0)
    with pytest.raises(ValueError, match=r"\(B, C, H, W\)"):
        gradient(model, images[0], 0)


def brightness(images):
    """Two outputs of a network without weights: mean of the left half, mean of the right."""
    half = images.shape[-1] // 2
    return torch.stack([images[..., :half].mean((1, 2, 3)), images[..., half:].mean((1, 2, 3))], 1)


def test_deletion_by_hand():
    """White left half, black right half, mean fill 1/2: hot patches left first lower output 0."""
    image = torch.zeros(1, 3, 8, 8)
    image[..., :4] = 1
    heat = torch.zeros(1, 8, 8)
    heat[..., :4] = 1
    fractions = (0, 0.25, 0.5, 1)
    curve = deletion(brightness, image, heat, 0, fractions=fractions, patch=4, fill="mean")
    assert curve.tolist() == [[1.0, 0.75, 0.5, 0.5]]
    other = deletion(brightness, image, -heat, 0, fractions=fractions, patch=4, fill="mean")
    assert other.tolist() == [[1.0, 1.0, 1.0, 0.5]]


def test_deletion_by_blur_with_patches_that_do_not_divide_the_image():
    image = torch.rand(2, 3, 50, 40)
    heat = torch.rand(2, 50, 40)
    curve = deletion(brightness, image, heat, 1, patch=16, fractions=(0, 0.5, 1))
    assert torch.allclose(curve[:, 0], brightness(image)[:, 1]) and curve.shape == (2, 3)
    with pytest.raises(ValueError, match='fill must be "blur" or "mean"'):
        deletion(brightness, image, heat, 1, fill="grey")
    with pytest.raises(ValueError, match="heat must be"):
        deletion(brightness, image, heat[:, :4], 1)
