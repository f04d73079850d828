"""Occlusion against captum and answers worked out by hand."""

import pytest
import torch
from explaining import Halves, Linear

from labkit.explain import occlusion
from labkit.nets.models import LeNet


def half_white(size=8):
    image = torch.zeros(1, 3, size, size)
    image[..., : size // 2] = 1
    return image


def test_by_hand():
    """Half of the white half covered in black: its mean brightness falls by 1/2; no other falls."""
    heat = occlusion(Halves().eval(), half_white(), 0, patch=4, stride=4, fill=0)
    assert heat.tolist() == half_white()[:, 0].mul(0.5).tolist()


def test_a_patch_can_speak_against_the_target():
    """Covered in white, the dark right half becomes brighter: less is what speaks against it."""
    heat = occlusion(Halves().eval(), half_white(), 1, patch=4, stride=4, fill=1)
    assert heat[0, 0].tolist() == [0, 0, 0, 0, -1, -1, -1, -1]


def test_mean_and_blur_fill():
    """The mean colour is 1/2; the blur of a small image is its mean colour as well."""
    falls = [
        occlusion(Halves().eval(), half_white(), 0, patch=4, stride=4, fill=fill)
        for fill in ("mean", "blur", 0.5)
    ]
    assert falls[0][0, 0, 0] == 0.25
    assert torch.allclose(falls[0], falls[2]) and torch.allclose(falls[0], falls[1])


def test_patches_that_do_not_divide_the_image_are_flush_with_its_border():
    """Every patch has 4 x 4 pixels of 3 channels, so each falls by 48, and so does their mean."""
    model = Linear((3, 9, 6))
    model.weight = torch.ones(3, 9, 6)
    heat = occlusion(model, torch.ones(1, 3, 9, 6), 0, patch=4, stride=3, fill=0)
    assert torch.allclose(heat, torch.full((1, 9, 6), 48.0))
    assert sum(map(len, model.batches)) == 1 + 3 * 2  # rows 0 3 5, columns 0 2


@pytest.mark.parametrize("patch, stride", [(8, 4), (4, 4), (7, 3)])
def test_equals_captums(patch, stride):
    from captum.attr import Occlusion

    net, digits = LeNet(seed=0).double().eval(), torch.rand(2, 1, 28, 28).double()
    target, mean = torch.tensor([1, 7]), digits.mean((2, 3), keepdim=True)
    ours = occlusion(net, digits, target, patch=patch, stride=stride)
    theirs = Occlusion(net).attribute(
        digits,
        (1, patch, patch),
        strides=(1, stride, stride),
        baselines=mean.expand_as(digits),
        target=target,
    )
    assert torch.allclose(ours.float(), theirs[:, 0], atol=1e-7)  # captum adds up in float32


def test_batches_are_small_and_do_not_matter():
    images, model = torch.rand(2, 3, 16, 16), Linear((3, 16, 16))
    small = occlusion(model, images, [0, 1], patch=8, stride=4, batch_size=2)
    assert max(map(len, model.batches)) == 2
    assert all(b.is_contiguous(memory_format=torch.channels_last) for b in model.batches)
    large = occlusion(model, images, [0, 1], patch=8, stride=4, batch_size=64)
    assert torch.allclose(small, large, atol=1e-4)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"patch": 9}, "a patch of 9 pixels does not fit into images of 8x8"),
        ({"patch": 4, "stride": 5}, "a stride of 5 leaves pixels out between patches of 4"),
        ({"patch": 0}, "patch must be 1 or more"),
        ({"patch": 4, "stride": 0.5}, "stride must be 1 or more, a whole number, not 0.5"),
        ({"patch": 4, "stride": 2, "batch_size": 0}, "batch_size must be 1 or more"),
        ({"patch": 4, "stride": 2, "fill": "grey"}, 'fill must be "blur" or "mean", or a number'),
        ({"patch": 4, "stride": 2, "fill": 128}, "a number from 0 to 1, not 128"),
    ],
)
def test_impossible_options_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        occlusion(Halves().eval(), half_white(), 0, **options)


def test_a_progress_bar_only_when_wanted(capsys):
    for progress in (False, True):
        occlusion(Halves().eval(), half_white(), 0, patch=4, progress=progress, stride=4)
        assert ("occlusion" in capsys.readouterr().err) == progress
