"""Grad-CAM against captum and answers worked out by hand."""

from collections import OrderedDict

import pytest
import torch
from torch import nn
from torchvision import models as tv

from labkit.explain import grad_cam
from labkit.explain.grad_cam import _last_maps
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


class Branches(nn.Module):
    """Two branches side by side, then all channels together; a skip connection if wanted."""

    def __init__(self, *, skip=False):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.stem = nn.Conv2d(3, 4, 3, padding=1)
            self.one, self.two = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
            self.join = nn.Identity()
            self.last = nn.Linear(8, 2)
        self.skip = skip

    def forward(self, images):
        stem = self.stem(images)
        both = torch.cat([self.one(stem), self.two(stem)], 1)
        return self.last((both if self.skip else self.join(both)).mean((2, 3)))


def test_the_default_layer_is_no_branch(images):
    whole = grad_cam(Branches(), images, 1, layer="join", relu=False)
    assert torch.equal(grad_cam(Branches(), images, 1, relu=False), whole)
    model = Branches(skip=True)  # here only the stem is on every way
    assert _last_maps(model, images[:1]) == "stem"


def test_a_skip_connection_is_a_way_around(images):
    class Residual(Branches):
        def forward(self, images):
            stem = self.stem(images)
            return self.last(torch.cat([stem, stem + self.one(stem)], 1).mean((2, 3)))

    assert _last_maps(Residual(), images[:1]) == "stem"


def test_the_branch_that_the_target_looks_at(images):
    """Of two answers from two branches each goes through one of them."""

    class Two(Branches):
        def forward(self, images):
            stem = self.stem(images)
            return self.one(stem).mean((2, 3)), self.two(stem).mean((2, 3))

    assert _last_maps(Two(), images[:1], lambda outputs: outputs[0][:, 0]) == "one"
    assert _last_maps(Two(), images[:1], lambda outputs: outputs[1][:, 0]) == "two"
    both = lambda outputs: outputs[0][:, 0] + outputs[1][:, 0]  # noqa: E731
    assert _last_maps(Two(), images[:1], both) == "stem"


@pytest.mark.parametrize(
    "make, size, layer",
    [
        (lambda: tv.googlenet(init_weights=False, aux_logits=True), 64, "inception5b"),
        (lambda: tv.inception_v3(init_weights=False), 128, "Mixed_7c"),
        (lambda: tv.resnet18(), 64, "layer4.1.relu_1"),
        (lambda: tv.densenet121(), 64, "features.norm5"),
    ],
)
def test_the_default_layer_of_well_known_networks(make, size, layer):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert _last_maps(make().eval(), torch.rand(1, 3, size, size)) == layer


def test_a_transformer_is_asked_for_its_layer():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vit = tv.VisionTransformer(32, 8, 2, 2, 16, 32).eval()
        nn.init.normal_(vit.heads[0].weight)
    with pytest.raises(ValueError, match="map, of 'conv_proj', .* a transformer.*layer=\"conv_pro"):
        grad_cam(vit, torch.rand(1, 3, 32, 32), 3)
    assert grad_cam(vit, torch.rand(1, 3, 32, 32), 3, layer="conv_proj", relu=False).std() > 0


def test_finding_the_layer_changes_nothing(images):
    model = Branches().train()
    before = [p.clone() for p in model.parameters()]
    with torch.no_grad():
        _last_maps(model, images[:1])
        assert not torch.is_grad_enabled()
    assert model.training and all(p.grad is None for p in model.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
