"""What looks fine and says nothing is told: flat heat, no slope, odd outputs, wrong dtypes."""

import re
import warnings
from functools import partial

import pytest
import torch
from explaining import Halves, Linear
from torch import nn

from labkit import explain
from labkit.explain.heat import told

METHODS = {
    "gradient": explain.gradient,
    "smooth_grad": partial(explain.smooth_grad, samples=2),
    "integrated_gradients": partial(explain.integrated_gradients, steps=2),
    "occlusion": explain.occlusion,
    "grad_cam": explain.grad_cam,
    "lime": partial(explain.lime, samples=60),
    "lime_cuts": partial(explain.lime_cuts, samples=60, counts=(4, 8)),
}
each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
sloped = [n for n in METHODS if n not in ("occlusion", "lime", "lime_cuts")]
each_with_slope = pytest.mark.parametrize("method", [METHODS[n] for n in sloped], ids=sloped)


class Net(nn.Module):
    """A small network; `change` is done to its logits (B, 4)."""

    def __init__(self, change=lambda logits: logits):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layers = nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                nn.Linear(32, 4),
            )  # fmt: skip
        self.change = change
        self.eval()

    def forward(self, images):
        return self.change(self.layers(images))


@pytest.fixture
def images():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


# --- defaults fit the image ---


@pytest.mark.parametrize("side", [8, 16, 28, 32, 64, 96])
def test_small_images_get_heat_that_differs(side):
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(side))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in (explain.occlusion, explain.lime):
            heat = method(Net(), noise, 1)
            assert len(heat.unique()) >= 4, f"{method.__name__} at {side}"


@pytest.mark.parametrize(
    "side, patch, stride", [(224, 32, 16), (128, 32, 16), (64, 16, 8), (32, 8, 4), (28, 7, 3)]
)
def test_the_default_patch_is_a_quarter_at_most(side, patch, stride):
    image, model = torch.rand(1, 3, side, side), Halves().eval()
    with torch.random.fork_rng():
        heat = explain.occlusion(model, image, 0, batch_size=64)
    asked = explain.occlusion(model, image, 0, patch=patch, stride=stride, batch_size=64)
    assert torch.equal(heat, asked)


def test_a_patch_alone_gets_half_of_it_as_its_stride():
    image, model = torch.rand(1, 3, 24, 24), Halves().eval()
    alone = explain.occlusion(model, image, 0, patch=8)
    assert torch.equal(alone, explain.occlusion(model, image, 0, patch=8, stride=4))


def test_superpixels_of_noise_are_not_one_and_small_images_get_fewer():
    for seed in range(3):
        noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed))
        assert 20 < int(explain.superpixels(noise).max()) + 1 <= 60
    photo = torch.linspace(0, 1, 28 * 28).view(1, 1, 28, 28)
    assert torch.equal(explain.superpixels(photo), explain.superpixels(photo, count=50))
    tiny = torch.rand(1, 3, 12, 12)
    assert torch.equal(explain.superpixels(tiny), explain.superpixels(tiny, count=12))
    assert int(explain.superpixels(torch.rand(1, 3, 1, 1)).max()) == 0


# --- flat and not finite ---


@each
def test_flat_heat_is_told_once(method, images):
    model = Net()
    with torch.no_grad():
        model.layers[-1].weight[1] = 0  # class 1 is always the same
    with pytest.warns(UserWarning, match=r"2 of 2 explanations \(number 0, 1\): the same") as said:
        heat = method(model, images, 1)
    assert len(said) == 1 and heat.eq(0).all() and heat.shape == (2, 32, 32)


def test_only_the_flat_ones_are_counted(images):
    images[1] = 0.5  # covering it with its mean colour changes nothing
    with pytest.warns(UserWarning, match=r"1 of 2 explanations \(number 1\)"):
        heat = explain.occlusion(Net(), images, 1)
    assert heat[1].eq(0).all() and len(heat[0].unique()) > 10


def test_grad_cam_says_how_to_see_what_speaks_against(images):
    model = Net()
    with torch.no_grad():
        model.layers[-1].weight[1] = -1
    with pytest.warns(UserWarning, match="relu=False shows what speaks against it"):
        explain.grad_cam(model, images, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explain.grad_cam(model, images, 1, relu=False)


def test_heat_that_differs_by_rounding_is_flat():
    level = torch.full((1, 4, 4), 48.0)
    level[0, 0, 0] = torch.nextafter(level[0, 0, 0], torch.tensor(50.0))
    with pytest.warns(UserWarning, match="the same everywhere"):
        told(level, "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert told(level.where(level == 48, 48.01), "").shape == (1, 4, 4)


def test_lime_of_a_constant_answer_is_exactly_nothing():
    on = explain.lime_explain.__globals__["on_off"](64, 5)
    weights, intercept, r2 = explain.lime_explain.__globals__["fit_weights"](
        on, torch.full((64,), 0.1)
    )
    assert weights.eq(0).all() and intercept == pytest.approx(0.1) and r2 == 1


@each
def test_answers_that_are_no_numbers_are_told(method, images):
    with pytest.raises(ValueError, match=r"2 of 2 explanations .* not finite.* model\(images\)"):
        method(Net(lambda logits: logits * float("nan")), images, 1)


@each
def test_images_that_are_no_numbers_are_told(method, images):
    images[1, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"not finite numbers: \[1\]"):
        method(Net(), images, 1)


# --- derivatives ---


@each_with_slope
def test_a_target_without_a_derivative_is_told(method, images):
    votes = Net(lambda logits: nn.functional.one_hot(logits.argmax(1), 4).float())
    with pytest.raises(ValueError, match=r"no derivative: .*no_grad.*argmax.*lime or occlusion"):
        method(votes, images, 1)
    with pytest.raises(ValueError, match="no derivative"):
        method(Net(), images, lambda logits: logits[:, 1].detach())


def test_a_model_under_no_grad(images):
    class Still(Net):
        @torch.no_grad()
        def forward(self, images):
            return super().forward(images)

    with pytest.raises(ValueError, match="no derivative"):
        explain.gradient(Still(), images, 1)
    assert torch.allclose(  # records from the layer on, so it can do without
        explain.grad_cam(Still(), images, 1, layer="layers.1"),
        explain.grad_cam(Net(), images, 1, layer="layers.1"),
    )


@each
def test_inference_mode_gives_the_same(method, images):
    model = Net()
    expected = method(model, images, 1)
    with torch.inference_mode():
        heat = method(model, images.clone(), 1)
    assert torch.equal(heat, expected)


@each
def test_images_that_require_grad_make_heat_that_does_not(method, images):
    expected = method(Net(), images, 1)
    images = images.clone().requires_grad_()
    heat = method(Net(), images, 1)
    assert not heat.requires_grad and images.grad is None
    assert torch.equal(heat, expected) and heat.numpy().shape == (2, 32, 32)


def test_a_baseline_that_requires_grad(images):
    heat = explain.integrated_gradients(
        Net(), images, 1, baseline=torch.zeros(3, 1, 1).requires_grad_()
    )
    assert not heat.requires_grad


@pytest.mark.parametrize("place", [0, 1, 2])
def test_smooth_grad_of_an_image_does_not_depend_on_its_batch(place):
    batch = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    together = explain.smooth_grad(Net(), batch, 1, samples=5, seed=3)
    alone = explain.smooth_grad(Net(), batch[place : place + 1], 1, samples=5, seed=3)
    assert torch.allclose(together[place], alone[0], atol=1e-9, rtol=1e-5)
    other = explain.smooth_grad(Net(), batch[place : place + 1], 1, samples=5, seed=4)
    assert not torch.allclose(other, alone, atol=1e-9, rtol=1e-3)


def test_smooth_grads_noise_is_as_it_was_for_one_image():
    image, model = torch.rand(1, 3, 8, 8), Net()
    generator = torch.Generator().manual_seed(0)
    spread = 0.15 * (image.max() - image.min())
    copies = [image + spread * torch.randn(image.shape, generator=generator) for _ in range(4)]
    expected = explain.pixel_gradient(model, torch.cat(copies), 1).mean(0).abs().amax(0)
    heat = explain.smooth_grad(model, image, 1, samples=4)
    assert torch.allclose(heat[0], expected, atol=1e-8)


# --- outputs of other kinds ---

KINDS = {
    "tuple": (lambda o: (o, o * 2), lambda outputs: outputs[0][:, 1]),
    "dict": (lambda o: {"aux": 0, "out": o}, lambda outputs: outputs["out"][:, 1]),
    "one logit": (lambda o: o[:, 1], lambda outputs: outputs),
    "maps": (
        lambda o: o[:, :, None, None].expand(-1, -1, 8, 8),
        lambda outputs: outputs[:, 1].mean((1, 2)),
    ),
}


@each
@pytest.mark.parametrize("change, target", KINDS.values(), ids=KINDS)
def test_a_target_function_gets_what_the_model_returns(method, images, change, target):
    heat = method(Net(change), images, target)
    assert torch.allclose(heat, method(Net(), images, 1), rtol=1e-4, atol=1e-7)


@each
@pytest.mark.parametrize(
    "kind, error, message",
    [
        ("tuple", TypeError, "returns a tuple, not .* target=lambda outputs: outputs[0][:, 1]"),
        ("dict", TypeError, "returns a dict with ['aux', 'out'], not "),
        ("one logit", ValueError, "numbers of shape (.*), not .* target=lambda outputs: outputs"),
        ("maps", ValueError, "numbers of shape (.*, 4, 8, 8), not .* outputs[:, 1].flatten(1)"),
    ],
)
def test_a_class_of_such_outputs_is_told_in_words(method, images, kind, error, message):
    with pytest.raises(error, match=re.escape(message).replace(r"\.\*", ".*")):
        method(Net(KINDS[kind][0]), images, 1)


def test_scores_take_such_outputs_too(images):
    heat = images.mean(1)
    for change, target in KINDS.values():
        curve = explain.score.deletion(Net(change), images, heat, target)
        expected = explain.score.deletion(Net(), images, heat, 1)
        assert torch.allclose(curve, expected, atol=1e-6)
    with pytest.raises(TypeError, match="returns a tuple"):
        explain.score.insertion(Net(KINDS["tuple"][0]), images, heat, 1)


def test_a_yes_or_no_as_target_counts_as_1_and_0(images):
    heat = explain.occlusion(Net(), images, lambda logits: logits[:, 1] > logits[:1, 1].mean() - 1)
    assert heat.dtype == torch.float32


@each
@pytest.mark.parametrize(
    "target, error, message",
    [
        ("cat", TypeError, "number of a class.* not 'cat'"),
        (None, TypeError, "number of a class.* not None"),
        (torch.tensor([1.7]), ValueError, "whole numbers"),
        (1.5, ValueError, "whole numbers"),
    ],
)
def test_targets_that_are_no_class_are_told(method, images, target, error, message):
    with pytest.raises(error, match=message):
        method(Net(), images, target)


@each
def test_other_dtypes_are_told_before_torch_stumbles(method, images):
    with pytest.raises(ValueError, match=r"images are torch.float64, the model's .* torch.float32"):
        method(Net(), images.double(), 1)
    heat = method(Net().double(), images.double(), 1)
    assert heat.dtype == torch.float64 and len(heat.unique()) > 4


def test_a_model_without_weights_takes_any_dtype(images):
    heat = explain.occlusion(Linear((3, 32, 32)), images.double(), 0)
    assert heat.dtype == torch.float64
