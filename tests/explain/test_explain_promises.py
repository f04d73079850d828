"""What every explanation promises: one call, nothing changed, the same answer again."""

from functools import partial

import pytest
import torch
from explaining import Halves, state

from labkit import explain
from labkit.nets.models import LeNet

METHODS = {
    "gradient": explain.gradient,
    "smooth_grad": partial(explain.smooth_grad, samples=3),
    "integrated_gradients": partial(explain.integrated_gradients, steps=4),
    "occlusion": partial(explain.occlusion, patch=8, stride=4),
    "grad_cam": explain.grad_cam,
    "lime": partial(explain.lime, samples=64),
    "lime_cuts": partial(explain.lime_cuts, samples=64, counts=(4, 8)),
    "centre_blob": explain.centre_blob,
    "edges": explain.edges,
}
REAL = [name for name in METHODS if name not in ("centre_blob", "edges")]
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
each_real_method = pytest.mark.parametrize("method", [METHODS[name] for name in REAL], ids=REAL)


@pytest.fixture
def images():
    return torch.rand(3, 3, 16, 20, generator=torch.Generator().manual_seed(0))


@each_method
@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_changed(method, images, training):
    model = Halves().train(training)
    model.norm.eval()  # a mode of its own, which must come back too
    before = state(model, images)
    with torch.no_grad():
        heat = method(model, images, 1)
        assert state(model, images)[:-1] == before[:-1] and not torch.is_grad_enabled()
    assert state(model, images) == before
    assert heat.shape == (3, 16, 20) and heat.dtype == torch.float32
    assert not heat.requires_grad and heat.isfinite().all() and heat.abs().sum() > 0


@each_method
def test_nothing_is_changed_by_an_error(method, images):
    model = Halves().train()

    def broken(outputs):
        raise RuntimeError("from the target")

    before = state(model, images)
    try:
        method(model, images, broken)
    except RuntimeError as error:
        assert "from the target" in str(error)
    assert state(model, images) == before


@each_real_method
def test_train_and_eval_mode_give_the_same(method, images):
    model = Halves()
    heat = method(model.train(), images, 0)
    assert torch.equal(heat, method(model.eval(), images, 0))


@each_real_method
def test_the_same_seed_gives_the_same_whatever_the_batch_size(method, images):
    net, digits = LeNet(seed=0), torch.rand(5, 1, 28, 28)
    target = [1, 2, 3, 4, 5]
    heat = method(net, digits, target, batch_size=2)
    assert torch.allclose(heat, method(net, digits, target, batch_size=16), atol=1e-5)
    assert torch.equal(heat, method(net, digits, target, batch_size=2))


@each_real_method
def test_a_class_is_its_column_of_the_outputs(method, images):
    model = Halves().eval()
    heat = method(model, images, 1)
    assert torch.allclose(heat, method(model, images, lambda outputs: outputs[:, 1]))
    assert torch.allclose(heat, method(model, images, torch.tensor([1, 1, 1])))
    mixed = method(model, images, [1, 0, 1])
    assert torch.allclose(mixed[::2], heat[::2]) and not torch.allclose(mixed[1], heat[1])


@each_real_method
@pytest.mark.parametrize(
    "target, message",
    [
        (2, "a class from 0 to 1, not 2"),
        ([0, 1], "2 targets for 3 images"),
        (lambda outputs: outputs, "one number an image"),
    ],
)
def test_impossible_targets_are_told(method, images, target, message):
    with pytest.raises(ValueError, match=message):
        method(Halves().eval(), images, target)


@each_method
def test_impossible_images_are_told(method, images):
    model = Halves().eval()
    with pytest.raises(
        ValueError, match=r"images must be a tensor \(B, C, H, W\), not \(3, 16, 20"
    ):
        method(model, images[0], 0)
    with pytest.raises(ValueError, match="no image at all"):
        method(model, images[:0], 0)
    with pytest.raises(ValueError, match="floats in .0, 1., at least one image, not torch.uint8"):
        method(model, (images * 255).byte(), 0)


def test_targets_are_counted_against_all_images_not_a_batch(images):
    """Two targets fit the first batch of two images, but not the three images."""
    with pytest.raises(ValueError, match="2 targets for 3 images"):
        explain.gradient(Halves().eval(), images, [0, 1], batch_size=2)


def test_the_blob_is_in_the_middle(images):
    heat = explain.centre_blob(None, images[..., :19], 0, width=0.1)
    assert heat[:, :, 9].amax(1).tolist() == heat.amax((1, 2)).tolist()
    assert torch.allclose(heat, heat.flip(2)) and torch.allclose(heat, heat.flip(1))
    one_sd = torch.exp(torch.tensor(-(0.5**2 + 1.6**2) / 1.6**2 / 2))
    column = explain.centre_blob(None, torch.rand(1, 3, 16, 16), 0, width=0.1)
    assert heat.shape == (3, 16, 19) and one_sd < column.max() < 1
    with pytest.raises(ValueError, match="width must be more than 0"):
        explain.centre_blob(None, images, 0, width=0)


def test_edges_are_sobels():
    from skimage.filters import sobel

    image = torch.rand(1, 1, 12, 10).double()
    theirs = torch.as_tensor(sobel(image[0, 0].numpy(), mode="nearest"))
    assert torch.allclose(explain.edges(None, image, 0)[0], theirs / 2**0.5, atol=1e-12)
    ramp = torch.linspace(0, 1, 11).expand(1, 3, 9, 11)
    assert torch.allclose(explain.edges(None, ramp, 0)[..., 1:-1], torch.tensor(0.1))
