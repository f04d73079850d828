"""Batch norms folded into convolutions: the same outputs, and nothing touched."""

import pytest
import torch
from torch import nn

from labkit import explain
from labkit.nets.efficientnet import MBConv
from labkit.nets.folding import folded


def trained_like(model, seed=0):
    """The model with running statistics and scales that differ from 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for numbers in (module.running_mean, module.running_var, module.weight, module.bias):
                numbers.data = torch.rand(numbers.shape, generator=generator) + 0.5
    return model.eval()


@pytest.fixture
def net():
    block = MBConv(4, 4, kernel=3, stride=1, expand=2, size=8)
    stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    return trained_like(nn.Sequential(stem, block, nn.Flatten(), nn.Linear(256, 5)))


@pytest.fixture
def images():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def norms(model):
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def test_outputs_are_equal_and_no_norm_is_left(net, images):
    quick = folded(net)
    assert norms(net) == 4 and norms(quick) == 0
    assert torch.allclose(quick(images), net(images), atol=1e-5)
    assert not torch.allclose(net(images), net(images.flip(2)), atol=1e-2)  # so it can tell


def test_the_model_stays_as_it_is_and_shares_its_weights(net, images):
    state = {name: value.clone() for name, value in net.state_dict().items()}
    before = net(images)
    quick = folded(net)
    assert torch.equal(net(images), before)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert quick[3] is net[3] and type(quick[1]) is MBConv and quick[1].skip


def test_a_model_with_a_hook_anywhere_is_left_alone(net):
    for place in (net, net[0][1], net[3]):
        for watch in (place.register_forward_hook, place.register_forward_pre_hook):
            handle = watch(lambda *_: None)
            assert folded(net) is net
            handle.remove()
    assert folded(net) is not net


def test_a_norm_in_train_mode_is_not_folded(net):
    assert folded(net.train()) is net


def test_modules_that_may_use_their_layers_in_another_way_are_left_alone(net, images):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = net

        def forward(self, x):
            return self.body[0][0](x)  # before the norm

    own = Own().eval()
    assert folded(own) is own and torch.equal(folded(own)(images), net[0][0](images))
    mixed = nn.Sequential(own, nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2)).eval()
    assert norms(folded(mixed)) == 4 and folded(mixed)[0] is own
    assert torch.allclose(folded(mixed)(images), mixed(images), atol=1e-5)


def test_without_norms_or_without_their_statistics_nothing_is_changed(images):
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    unknown = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)).eval()
    assert folded(plain) is plain and folded(unknown) is unknown
    assert folded(len) is len


def test_explanations_by_forward_passes_use_it(net, images, monkeypatch):
    used = []
    forward = nn.BatchNorm2d.forward
    monkeypatch.setattr(nn.BatchNorm2d, "forward", lambda *args: used.append(1) or forward(*args))
    explain.occlusion(net, images, 1, patch=4, stride=4)
    segments = torch.arange(4).view(2, 2).repeat_interleave(4, 0).repeat_interleave(4, 1)
    explain.lime_explain(net, images, 1, segments=segments.expand(2, 8, 8), samples=16)
    assert not used
    net(images)
    assert len(used) == 4


def test_gradients_are_those_of_the_model_whatever_its_mode_and_gradients(net, images):
    pixels = images.clone().requires_grad_()
    (expected,) = torch.autograd.grad(net(pixels)[:, 1].sum(), pixels)
    net.train().requires_grad_(True)
    heat = explain.gradient(net, images, 1, signed=True)
    assert torch.allclose(heat, expected.sum(1), atol=1e-4) and expected.abs().max() > 0.01
    assert net.training and all(w.grad is None and w.requires_grad for w in net.parameters())
