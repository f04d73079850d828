"""Activations against torchvision's feature extractor, influence against finite differences."""

import pytest
import torch
from torch import nn

from labkit.nets import efficientnet
from labkit.nets.hooks import (
    activations,
    influence,
    layer_names,
    output_and_slope,
    switched_off,
    value_of,
)
from labkit.nets.models import LeNet, load_pretrained


@pytest.fixture
def model():
    return LeNet(seed=0).double().eval()


@pytest.fixture
def digits():
    return torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1)).double()


class Twice(nn.Module):
    """Hand-set: the same ReLU runs twice, in place, behind a doubling and a negating layer."""

    def __init__(self):
        super().__init__()
        self.twice, self.negate = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        self.relu = nn.ReLU(inplace=True)
        with torch.no_grad():
            self.twice.weight.copy_(2 * torch.eye(2))
            self.negate.weight.copy_(-torch.eye(2))

    def forward(self, x):
        return self.relu(self.negate(self.relu(self.twice(x))))


def hooks_of(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_activations_equal_torchvisions_on_every_layer_of_both_networks(model, digits):
    from torchvision.models.feature_extraction import create_feature_extractor

    photos = torch.rand(2, 3, 64, 64)
    for net, images in [(model, digits), (load_pretrained(size=64), photos)]:
        names = layer_names(net)
        whole = {"leaf_modules": [efficientnet.Prepare]}
        extract = create_feature_extractor(net, {n: n for n in names}, tracer_kwargs=whole)
        with torch.no_grad():
            expected = extract.eval()(images)
        found = activations(net, images)
        assert list(found) == names
        assert all(torch.equal(found[n], expected[n]) for n in names)


def test_a_layer_that_runs_twice_is_counted_and_in_place_layers_spoil_nothing():
    x = torch.tensor([[1.0, -3.0]])
    found = activations(Twice(), x)
    assert found["twice"].tolist() == [[2.0, -6.0]]
    assert found["relu"].tolist() == [[2.0, 0.0]]
    assert found["negate"].tolist() == [[-2.0, 0.0]]
    assert found["relu_1"].tolist() == [[0.0, 0.0]]
    assert activations(Twice(), x, ["relu_1"]).keys() == {"relu_1"}


class Overwrites(nn.Module):
    """Writes into its layers' outputs without a module that says so."""

    def __init__(self):
        super().__init__()
        self.same, self.twice = nn.Identity(), nn.Linear(2, 2, bias=False)
        self.flat = nn.Flatten()
        self.twice.weight = nn.Parameter(2 * torch.eye(2), requires_grad=False)

    def forward(self, x):
        x = self.flat(self.twice(self.same(x)))
        return x.mul_(10)


def test_an_output_written_into_later_is_kept_as_it_was():
    for scope in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        x = torch.tensor([[1.0, -3.0]])
        with scope():
            found = activations(Overwrites().eval(), x)
        assert {n: t.tolist() for n, t in found.items()} == {
            "same": [[1.0, -3.0]],
            "twice": [[2.0, -6.0]],
            "flat": [[2.0, -6.0]],
        }


def test_a_model_in_inference_mode_of_its_own(model, digits):
    class Inferring(nn.Sequential):
        @torch.inference_mode()
        def forward(self, x):
            return super().forward(x).add_(1)  # into what its last layer put out

    found = activations(Inferring(model).eval(), digits)
    expected = activations(model, digits)
    assert [name.removeprefix("0.") for name in found] == list(expected)
    assert all(torch.equal(*both) for both in zip(found.values(), expected.values(), strict=True))


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_layers_that_call_no_hooks_are_refused(model, digits):
    for deaf in (torch.jit.script(model), torch.jit.trace(model, digits)):
        with pytest.raises(TypeError, match="'conv1' is scripted or traced and calls no hooks"):
            activations(deaf, digits)


def test_memory_of_an_output_is_its_own():
    class Shares(nn.Module):
        def __init__(self):
            super().__init__()
            self.same, self.flat, self.weight = nn.Identity(), nn.Flatten(), nn.Identity()
            self.scale = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return self.weight(self.scale) + self.flat(self.same(x))

    net, x = Shares().eval(), torch.tensor([[1.0, -3.0]])
    found = activations(net, x)
    for output in found.values():
        output.fill_(7)
    assert x.tolist() == [[1.0, -3.0]] and net.scale.tolist() == [1.0, 1.0]
    assert len({t.data_ptr() for t in found.values()}) == 3
    assert all(not t.requires_grad for t in found.values())


def test_patterns_and_order(model, digits):
    assert list(activations(model, digits, "conv*")) == ["conv1", "conv2"]
    assert list(activations(model, digits, ["logits", "conv1"])) == ["logits", "conv1"]


def test_unknown_layers_are_named_with_near_ones(model, digits):
    with pytest.raises(ValueError, match=r"no layer 'conv3'.*conv2"):
        activations(model, digits, ["conv3"])
    with pytest.raises(ValueError, match="no layer 'cnv1'"):
        influence(model, digits, of=("cnv1", 0), on=("logits", 1))
    with pytest.raises(ValueError, match="did not run"):
        activations(model, digits, ["relu1_1"])


def test_nothing_is_left_behind(model, digits):
    model.train()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    before, random = digits.clone(), torch.get_rng_state()
    activations(model, digits)
    influence(model, digits, of=("conv1", 0, 3, 3), on=("logits", 1))
    influence(model, digits, of="input", on=("logits", 1), nudge=0.1)
    with pytest.raises(RuntimeError):
        activations(model, digits[:, :, :5])
    with switched_off(model, "conv1", 2):
        pass
    assert hooks_of(model) == 0
    assert model.training and all(m.training for m in model.modules())
    assert all(p.grad is None for p in model.parameters()) and digits.grad is None
    assert torch.equal(digits, before) and torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())


@pytest.mark.parametrize(
    "of, on",
    [
        (("input", 0, 12, 13), ("logits", 3)),
        (("input", 0, 12, 13), ("conv2", 5, 4, 4)),
        (("conv1", 2, 10, 11), ("logits", 9)),
        (("conv1", 2, 10, 11), ("fc1", 17)),
        (("relu3", 40), ("logits", 0)),
        (("fc2", 7), "logits"),
    ],
)
def test_influence_equals_finite_differences(model, digits, of, on):
    exact = influence(model, digits, of=of, on=on)
    up, down = (influence(model, digits, of=of, on=on, nudge=h) for h in (1e-6, -1e-6))
    assert exact.shape == (3,)
    assert torch.allclose(exact, (up + down) / 2, atol=1e-6)


def test_some_influences_are_not_zero(model, digits):
    """Guards the test above: all zeros would agree as well."""
    assert influence(model, digits, of=("relu3", 40), on=("conv2", 0)).abs().sum() == 0
    assert influence(model, digits, of="input", on=("logits", 3)).abs().sum() > 0.1
    assert influence(model, digits, of="conv1", on=("fc1", 17)).abs().sum() > 0.01


def test_influence_of_all_pixels_is_captums_saliency(model, digits):
    from captum.attr import Saliency

    expected = Saliency(model).attribute(digits.clone(), target=4, abs=False)
    found = influence(model, digits, of="input", on=("logits", 4))
    assert found.shape == digits.shape and torch.allclose(found, expected)


@pytest.mark.parametrize("layer", ["conv1", "pool2", "logits"])
def test_output_and_slope_are_activations_and_influence(model, digits, layer):
    outputs, slopes = output_and_slope(model, digits, layer, lambda logits: logits[:, 3])
    assert torch.equal(outputs, activations(model, digits, layer)[layer])
    expected = influence(model, digits, of=layer, on=("logits", 3))
    assert torch.allclose(slopes, expected, atol=1e-6) and slopes.abs().sum() > 0
    assert torch.is_grad_enabled() and not outputs.requires_grad and not slopes.requires_grad
    _, none = output_and_slope(model, digits, layer, lambda logits: torch.ones(2))
    assert none.count_nonzero() == 0


def test_influence_by_hand():
    """twice -> relu -> negate: from x0 to negate0 the paths give 2 * 1 * -1; none crosses over."""
    x = torch.tensor([[1.0, -3.0]])
    slopes = influence(Twice(), x, of="input", on=("negate", 0))
    assert slopes.tolist() == [[-2.0, 0.0]]
    assert influence(Twice(), x, of=("input", 1), on=("negate", 1)).item() == 0  # the ReLU is off
    assert influence(Twice(), x, of=("input", 1), on=("negate", 1), nudge=4.0).item() == -0.5


def test_a_neuron_on_itself_and_against_the_stream(model, digits):
    assert influence(model, digits, of=("fc1", 3), on=("fc1", 3)).tolist() == [1, 1, 1]
    assert influence(model, digits, of=("logits", 3), on=("fc1", 3)).tolist() == [0, 0, 0]


def test_neurons_that_do_not_exist(model, digits):
    with pytest.raises(ValueError, match=r"'conv1' puts out \(8, 28, 28\)"):
        influence(model, digits, of=("conv1", 8), on=("logits", 1))
    with pytest.raises(ValueError, match="does not exist"):
        influence(model, digits, of=("conv1", 1, 1, 1, 1), on=("logits", 1))
    with pytest.raises(TypeError, match="whole numbers"):
        influence(model, digits, of=("conv1", 1.5), on=("logits", 1))
    with pytest.raises(TypeError, match="a neuron is"):
        influence(model, digits, of=7, on=("logits", 1))
    with pytest.raises(ValueError, match="nudge must not be 0"):
        influence(model, digits, of="input", on=("logits", 1), nudge=0)


def test_value_of_a_map_is_its_mean(model, digits):
    maps = activations(model, digits, ["conv2"])["conv2"]
    assert torch.allclose(value_of(model, digits, ("conv2", 3)), maps[:, 3].mean((1, 2)))


def test_switched_off_zeroes_the_channel_and_changes_the_answer(model, digits):
    before = model(digits)
    with switched_off(model, "conv1", [1, 2]):
        maps = activations(model, digits, ["conv1"])["conv1"]
        during = model(digits)
    assert maps[:, 1:3].abs().max() == 0 and maps[:, 0].abs().max() > 0
    assert not torch.allclose(before, during) and torch.equal(before, model(digits))
    with pytest.raises(ValueError, match="does not exist"), switched_off(model, "conv1", 99):
        model(digits)
