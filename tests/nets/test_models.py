"""The pretrained network against the package its weights come from; the random twin."""

import pytest
import torch

from labkit.nets import efficientnet
from labkit.nets.hooks import activations
from labkit.nets.models import LeNet, load_pretrained, randomized


@pytest.fixture(scope="module")
def model():
    return load_pretrained()


def test_the_network_equals_the_one_its_weights_were_made_for(model):
    reference_package = pytest.importorskip("efficientnet_lite_pytorch")
    reference = reference_package.EfficientNet.from_name("efficientnet-lite0").eval()
    reference.load_state_dict(torch.load(efficientnet.weights_path(), weights_only=True))
    images = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = reference(model.prepare(images))
        assert torch.allclose(model(images), expected, atol=1e-4)


def test_it_knows_the_cat_and_the_coffee(model):
    from labkit.data import load_photos

    top = model.top(load_photos(["cat", "coffee"]))
    assert "cat" in top[0][0][0].lower() or "tabby" in top[0][0][0]
    assert "espresso" in [name for name, _ in top[1]]
    assert all(0 <= p <= 1 for names in top for _, p in names)


def test_any_size_goes_in_and_224_is_not_resampled(model):
    assert model(torch.rand(1, 3, 90, 301)).shape == (1, 1000)
    image = torch.rand(1, 3, 224, 224)
    mean, std = (
        torch.tensor(v).view(3, 1, 1)
        for v in (efficientnet.IMAGENET_MEAN, efficientnet.IMAGENET_STD)
    )
    assert torch.allclose(model.prepare(image), (image - mean) / std)


def test_sizes_other_than_224_agree_with_tensorflows_padding():
    """96 px: the shapes halve, rounded up, five times."""
    acts = activations(load_pretrained(size=100), torch.rand(1, 3, 100, 100), ["stem", "block16"])
    assert acts["stem"].shape == (1, 32, 50, 50) and acts["block16"].shape == (1, 320, 4, 4)
    with pytest.raises(ValueError, match="32 or more"):
        load_pretrained(size=8)


def test_categories_are_torchvisions(model):
    from torchvision.models import EfficientNet_B0_Weights

    assert model.categories == EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    assert model.categories[model.category("Egyptian cat")] == "Egyptian cat"
    with pytest.raises(ValueError, match="names 0 ImageNet classes"):
        model.category("wombatlike")
    with pytest.raises(ValueError, match="names .* ImageNet classes, not one"):
        model.category("cat")


def test_eval_mode_and_no_gradients_in_the_weights(model):
    assert not any(m.training for m in model.modules())
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    "images, error, message",
    [
        (torch.rand(3, 224, 224), ValueError, r"add a batch dimension"),
        (torch.rand(1, 1, 28, 28), ValueError, r"must be \(B, 3, H, W\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), TypeError, "not torch.uint8"),
        ([[1]], TypeError, "not list"),
    ],
)
def test_unusual_images_are_refused_in_words(model, images, error, message):
    with pytest.raises(error, match=message):
        model(images)


def test_damaged_weights_are_named_with_the_mend(monkeypatch, tmp_path):
    broken = tmp_path / "weights.pth"
    broken.write_bytes(b"not weights")
    monkeypatch.setattr(efficientnet, "weights_path", lambda: broken)
    with pytest.raises(RuntimeError, match="labkit doctor"):
        load_pretrained()


def test_lenet_by_seed_leaves_the_global_seed_alone():
    before = torch.get_rng_state()
    one, same, other = LeNet(seed=3), LeNet(seed=3), LeNet(seed=4)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.conv1.weight, same.conv1.weight)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)


def test_randomized_keeps_the_numbers_and_nothing_learned(model):
    from labkit.data import load_photos

    cat = load_photos(["cat"])
    expected, twin = model(cat), randomized(model, seed=1)
    old, new = model.block5.expand.weight, twin.block5.expand.weight
    assert torch.equal(old.flatten().sort()[0], new.flatten().sort()[0])
    assert not torch.equal(old, new) and torch.equal(model(cat), expected)
    assert twin(cat).isfinite().all() and twin(cat).argmax() != expected.argmax()
    again = randomized(model, seed=1).block5.expand.weight
    assert torch.equal(new, again)


def test_some_layers_of_a_lenet_are_a_network_of_their_own():
    model, digits = LeNet(seed=0), torch.rand(2, 1, 28, 28)
    first = model[:3]
    assert torch.equal(first(digits), activations(model, digits, ["pool1"])["pool1"])
    assert model[0] is model.conv1 and list(dict(first.named_children())) == list(first._modules)
