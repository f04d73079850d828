"""Grad-CAM against captum and answers worked out by hand."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from labkit.explain import grad_cam
from labkit.nets.models import LeNet, load_pretrained


def colours(pool):
    """Maps that are the colour channels, pooled; answer 0 is the mean of red - 2 green."""
    layers = OrderedDict(pool=pool, mean=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    layers["logits"] = nn.Linear(3, 2, bias=False)
    model = nn.Sequential(layers).requires_grad_(False)
    model.logits.weight.copy_(torch.tensor([[1.0, -2, 0], [0, 0, 1]]))
    return model


@pytest.fixture
def images():
    return torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_by_hand(images):
    """The derivative of the answer by each place of a map is the channel's weight / 64 places."""
    red, green, blue = images.unbind(1)
    signed = grad_cam(colours(nn.Identity()), images, 0, relu=False)
    assert torch.allclose(signed, (red - 2 * green) / 64, atol=1e-6)
    assert torch.allclose(grad_cam(colours(nn.Identity()), images, 0), signed.relu())
    assert torch.allclose(grad_cam(colours(nn.Identity()), images, [0, 0, 1])[2], blue[2] / 64)


def test_small_maps_are_stretched_bilinearly(images):
    pool = nn.AvgPool2d(4)
    heat = grad_cam(colours(pool), images, 1)
    small = pool(images)[:, 2:] / 4
    expected = nn.functional.interpolate(small, (8, 8), mode="bilinear")[:, 0]
    assert torch.allclose(heat, expected, atol=1e-6)


def captums(net, layer, images, target):
    from captum.attr import LayerAttribution, LayerGradCam

    cam = LayerGradCam(net, layer).attribute(images, target, relu_attributions=True)
    return LayerAttribution.interpolate(cam, images.shape[-2:], "bilinear")[:, 0]


@pytest.mark.parametrize("name", ["conv1", "relu2", "pool2"])
def test_equals_captums_on_digits(name):
    net, digits = LeNet(seed=0).double().eval(), torch.rand(3, 1, 28, 28).double()
    target = torch.tensor([1, 5, 7])
    theirs = captums(net, net.get_submodule(name), digits, target)
    ours = grad_cam(net, digits, target, layer=name, batch_size=2)
    assert torch.allclose(ours, theirs, atol=1e-12) and theirs.sum() > 0


def test_equals_captums_on_the_pretrained_network():
    model, images = load_pretrained(size=64), torch.rand(2, 3, 64, 64)
    for name in ("block11", "head"):
        theirs = captums(model, model.get_submodule(name), images.requires_grad_(), 281)
        ours = grad_cam(model, images.detach(), 281, layer=name)
        assert torch.allclose(ours, theirs, atol=1e-5 * float(theirs.detach().max()))


def test_the_default_layer_is_the_last_with_a_map(images):
    net, digits = LeNet(seed=0).eval(), torch.rand(2, 1, 28, 28)
    assert torch.equal(grad_cam(net, digits, 3), grad_cam(net, digits, 3, layer="pool2"))
    model = load_pretrained(size=64)
    assert torch.allclose(grad_cam(model, images, 3), grad_cam(model, images, 3, layer="head"))


def test_layers_that_run_twice_and_layers_that_work_in_place(images):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU(inplace=True)

        def forward(self, images):
            once = self.relu(images - 0.5)
            return self.relu(once * 2 - 0.5).mean((2, 3))

    first = grad_cam(Twice(), images, 0, layer="relu")
    second = grad_cam(Twice(), images, 0, layer="relu_1")
    assert torch.allclose(second[0], ((images[0, 0] - 0.5).relu() * 2 - 0.5).relu() / 64)
    assert torch.equal(second, grad_cam(Twice(), images, 0)) and not torch.allclose(first, second)


@pytest.mark.parametrize(
    "layer, message",
    [
        ("fc1", r"maps \(channels, rows, columns\); 'fc1' puts out \(120,\)"),
        ("relu*", r"'relu\*' means 4 layers, \['relu1', 'relu2', .*name one of them"),
        ("pool9", r"the model has no layer 'pool9'.*'pool2'"),
    ],
)
def test_layers_without_a_map_are_told(layer, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(LeNet().eval(), torch.rand(1, 1, 28, 28), 3, layer=layer)


def test_a_model_without_any_map_is_told():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    with pytest.raises(ValueError, match="no layer of the model puts out maps"):
        grad_cam(flat, torch.rand(1, 3, 8, 8), 0)
