"""labkit.augment: against torchvision, by hand, and what it promises of seeds and batches."""

import math

import numpy as np
import pytest
import torch

from labkit import augment
from labkit.augment import Policy, affine, colour, noise
from labkit.augment.counted import normals, uniforms

ALL = Policy(
    degrees=40,
    translate=0.2,
    scale=(0.7, 1.4),
    shear=15,
    hflip=0.5,
    vflip=0.3,
    half_turn=0.5,
    crop=0.6,
    brightness=0.3,
    contrast=0.3,
    saturation=0.5,
    hue=0.2,
    noise=0.1,
)


def smooth(count=3, channels=3, side=32, seed=0):
    """Images without sharp edges, so that ways to interpolate differ little."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(count, channels, 5, 5, generator=generator)
    return torch.nn.functional.interpolate(small, (side, side), mode="bicubic").clamp(0, 1)


def inside(images, margin=0.3):
    cut = round(margin * images.shape[-1])
    return images[..., cut:-cut, cut:-cut]


@pytest.mark.parametrize(
    "angle, right, down, scale, shear",
    [(25, 0, 0, 1, 0), (0, 3, -2, 1, 0), (0, 0, 0, 1.3, 0), (0, 0, 0, 1, 12), (-70, 2, 1, 1.2, 8)],
)
def test_affine_is_torchvisions(angle, right, down, scale, shear):
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2 import functional as oracle

    images = smooth()
    want = oracle.affine(
        images,
        angle=-angle,  # torchvision's affine counts clockwise
        translate=[right, down],
        scale=scale,
        shear=[shear, 0.0],
        interpolation=InterpolationMode.BILINEAR,
    )
    got = affine(images, angle=angle, translate=(right / 32, down / 32), scale=scale, shear=shear)
    assert torch.allclose(inside(got), inside(want), atol=1e-4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("side", [5, 28])
def test_quarter_turns_are_rot90(turns, side):
    images = torch.rand(2, 1, side, side)
    want = images.rot90(turns, (2, 3))
    assert torch.equal(affine(images, angle=90 * turns), want)
    mixed = affine(images, angle=[90 * turns, 7.0])  # sampled, not copied
    assert torch.allclose(mixed[0], want[0], atol=1e-5)


def test_a_quarter_turn_by_hand():
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]) / 4
    want = torch.tensor([[2.0, 4.0], [1.0, 3.0]]) / 4  # counter-clockwise: right column on top
    assert torch.allclose(affine(image, angle=90)[0, 0], want, atol=1e-6)


@pytest.mark.parametrize("option, dim", [("hflip", 3), ("vflip", 2)])
def test_mirrors_are_flip(option, dim):
    images = torch.rand(3, 3, 6, 9)
    assert torch.equal(affine(images, **{option: True}), images.flip(dim))
    got = affine(images, **{option: [True, False, True]})
    assert torch.allclose(got[::2], images[::2].flip(dim), atol=1e-5)
    assert torch.allclose(got[1], images[1], atol=1e-5)


def test_whole_shifts_by_hand_bring_in_what_is_asked():
    images = torch.arange(1.0, 7).view(1, 1, 1, 6) / 6
    shifted = affine(images, translate=(2 / 6, 0))[0, 0, 0] * 6
    assert torch.allclose(shifted, torch.tensor([0.0, 0, 1, 2, 3, 4]), atol=1e-5)
    border = affine(images, translate=(2 / 6, 0), padding_mode="border")[0, 0, 0] * 6
    assert torch.allclose(border, torch.tensor([1.0, 1, 1, 2, 3, 4]), atol=1e-5)
    mirrored = affine(images, translate=(2 / 6, 0), padding_mode="reflection")[0, 0, 0] * 6
    assert torch.allclose(mirrored, torch.tensor([2.0, 1, 1, 2, 3, 4]), atol=1e-5)


def test_a_policy_of_one_certain_step_is_that_step():
    images = torch.rand(2, 1, 9, 9)
    assert torch.allclose(Policy(hflip=1)(images), images.flip(3), atol=1e-5)
    assert torch.allclose(Policy(half_turn=1)(images), images.rot90(2, (2, 3)), atol=1e-5)
    assert torch.equal(affine(images, hflip=True, angle=90), images.flip(3).rot90(1, (2, 3)))


def test_mirror_first_then_turn_then_shift():
    images = smooth(1)
    steps = affine(affine(affine(images, hflip=True), angle=90), translate=(0.25, 0))
    assert torch.allclose(
        affine(images, hflip=True, angle=90, translate=(0.25, 0)), steps, atol=1e-4
    )


def test_each_image_gets_its_own_amount():
    images = smooth()
    together = affine(images, angle=torch.tensor([0.0, 30, 60]), scale=[1, 2, 1])
    alone = [affine(images[i : i + 1], angle=30 * i, scale=[1, 2, 1][i]) for i in range(3)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-6)


@pytest.mark.parametrize("option", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize("channels", [1, 3])
def test_colours_are_torchvisions(option, channels):
    from torchvision.transforms.v2 import functional as oracle

    images = smooth(channels=channels)
    for factor in (0.0, 0.6, 1.0, 1.7):
        want = getattr(oracle, f"adjust_{option}")(images, factor)
        assert torch.allclose(colour(images, **{option: factor}), want, atol=1e-3)


def test_a_third_of_a_turn_makes_red_green():
    images = smooth()
    assert torch.allclose(colour(images, hue=1 / 3), images.roll(1, 1), atol=1e-5)
    assert torch.allclose(colour(images, hue=1.0), images, atol=1e-5)
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(colour(grey, hue=0.2), grey, atol=1e-5)


def test_noise_has_the_size_it_is_given():
    grey = torch.full((8, 1, 32, 32), 0.5)
    grains = noise(grey, 0.1, seed=3) - 0.5
    assert abs(grains.mean()) < 0.005 and grains.std().item() == pytest.approx(0.1, abs=0.003)
    assert torch.equal(noise(grey, [0.0] * 7 + [0.1], seed=3)[:7], grey[:7])
    assert not torch.equal(grains[0], grains[1])


def test_same_picture_for_every_batch_size():
    images = smooth(12, side=16)
    whole = ALL(images, seed=5)
    numbers = torch.arange(12)
    for size in (1, 5, 7):
        parts = zip(images.split(size), numbers.split(size), strict=True)
        pieces = [ALL(part, seed=5, indices=index) for part, index in parts]
        assert torch.equal(torch.cat(pieces), whole)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ALL(images[order], seed=5, indices=order), whole[order])


def test_same_seed_same_picture_other_seed_another():
    images = smooth(4)
    assert torch.equal(ALL(images, seed=1), ALL(images, seed=1))
    assert not torch.allclose(ALL(images, seed=1), ALL(images, seed=2))
    assert torch.equal(ALL(images, seed=-1), ALL(images, seed=2**64 - 1))


def test_nothing_outside_changes():
    images = smooth(4)
    before, state, numpy = images.clone(), torch.get_rng_state(), np.random.get_state()[1].copy()
    ALL(images, seed=1)
    assert torch.equal(images, before) and torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy).all()


def test_a_policy_without_options_gives_an_equal_copy():
    images = smooth(2)
    same = Policy()(images)
    assert torch.equal(same, images) and same.data_ptr() != images.data_ptr()
    assert repr(Policy()) == "Policy()"
    assert repr(Policy(degrees=15, hflip=0.5)) == "Policy(degrees=15, hflip=0.5)"


def test_draws_stay_in_their_ranges_and_fill_them():
    policy = Policy(degrees=(10, 20), translate=0.1, scale=(0.8, 1.5), hflip=0.25, contrast=0.2)
    drawn = policy.draw(4000, seed=2)
    assert 10 <= drawn["angle"].min() < 10.1 and 19.9 < drawn["angle"].max() <= 20
    assert abs(drawn["right"]).max() <= 0.1 and drawn["right"].min() < -0.099
    assert 0.8 <= drawn["scale"].min() < 0.81 and 1.49 < drawn["scale"].max() <= 1.5
    assert drawn["hflip"].mean().item() == pytest.approx(0.25, abs=0.03)
    assert drawn["vflip"].sum() == 0 and (drawn["hue"] == 0).all()
    assert abs(torch.corrcoef(torch.stack([drawn["angle"], drawn["right"]]))[0, 1]) < 0.05


def test_one_option_more_leaves_the_other_draws_as_they_are():
    plain, more = Policy(degrees=15), Policy(degrees=15, half_turn=0.5, hflip=0.5)
    one, two = plain.draw(200)["angle"], more.draw(200)["angle"]
    turned = two - one
    assert set(turned.round().tolist()) == {0.0, 180.0}
    assert 60 < (turned > 90).sum() < 140


def test_crop_keeps_a_square_inside_the_image():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    cut = Policy(crop=0.5)(ramp.expand(50, -1, -1, -1))
    assert cut.amin() > -1e-6 and cut[:, :, :, 0].max() <= 0.51  # nothing came in from outside
    spans = cut[:, 0, 0, -1] - cut[:, 0, 0, 0]
    assert spans.min() > 0.45 and spans.max() < 1.01 and spans.std() > 0.1


def test_counted_numbers_are_uniform_and_normal():
    flat = uniforms(7, np.arange(20_000), 3)
    assert flat.min() >= 0 and flat.max() < 1
    assert np.allclose(flat.mean(0), 0.5, atol=0.01) and np.allclose(flat.var(0), 1 / 12, atol=1e-3)
    assert (abs(np.corrcoef(flat.T) - np.eye(3)) < 0.03).all()
    assert abs(np.corrcoef(flat[:-1, 0], flat[1:, 0])[0, 1]) < 0.03
    bell = normals(7, np.arange(100), 401)
    assert abs(bell.mean()) < 0.02 and abs(bell.std() - 1) < 0.02
    assert abs((bell**4).mean() - 3) < 0.2
    assert (normals(7, np.array([5]), 401)[0] == bell[5]).all()


def test_types_and_devices_stay():
    double = smooth().double()
    assert ALL(double).dtype == torch.float64 and ALL(double).shape == double.shape
    assert ALL(torch.zeros(0, 3, 8, 8)).shape == (0, 3, 8, 8)
    elsewhere = affine(torch.zeros(2, 3, 8, 9, device="meta"), angle=[10, 20])
    assert elsewhere.device.type == "meta" and elsewhere.shape == (2, 3, 8, 9)


def test_gradients_flow_to_the_images():
    images = smooth(1).requires_grad_()
    affine(images, angle=20).sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "do, error, message",
    [
        (lambda x: affine(x[0], angle=3), ValueError, r"image\[None\]"),
        (lambda x: affine(x.byte()), TypeError, "float tensor"),
        (lambda x: affine([1, 2]), TypeError, "not list"),
        (lambda x: affine(x[:, :2]), ValueError, "C = 1 or 3"),
        (lambda x: affine(x, angle=[1, 2]), ValueError, "angle must be 1 number or 3"),
        (lambda x: affine(x, angle="30"), TypeError, "angle must be a number"),
        (lambda x: affine(x, angle=None), TypeError, "angle must be a number"),
        (lambda x: affine(x, angle=math.nan), ValueError, "angle must be finite"),
        (lambda x: affine(x, scale=0), ValueError, "scale must be above 0"),
        (lambda x: affine(x, translate=0.1), ValueError, "pair"),
        (lambda x: affine(x, padding_mode="wrap"), ValueError, "padding_mode"),
        (lambda x: colour(x, contrast=-1), ValueError, "contrast is a factor"),
        (lambda x: noise(x, -0.1), ValueError, "standard deviation"),
        (lambda x: noise(x, 0.1, seed=0.5), TypeError, "seed is a whole number"),
        (lambda x: Policy(degrees=5)(x, seed="a"), TypeError, "seed is a whole number"),
        (lambda x: Policy(degrees=5)(x, indices=[0, 1]), ValueError, "3 whole numbers"),
        (lambda x: Policy(degrees=5)(x, indices=[0.5, 1, 2]), ValueError, "whole numbers"),
        (lambda x: Policy(degrees="a"), ValueError, "degrees must be a number"),
        (lambda x: Policy(degrees=(20, 10)), ValueError, "smallest, largest"),
        (lambda x: Policy(scale=1.2), ValueError, "pair of factors"),
        (lambda x: Policy(scale=(0, 1)), ValueError, "pair of factors"),
        (lambda x: Policy(hflip=2), ValueError, "hflip must be a number from 0 to 1"),
        (lambda x: Policy(hflip=True), ValueError, "hflip"),
        (lambda x: Policy(crop=0), ValueError, "crop must be"),
        (lambda x: Policy(noise=-1), ValueError, "noise must be"),
        (lambda x: Policy(brightness=None), ValueError, "brightness"),
        (lambda x: Policy(translate=(0.1, 0.1)), ValueError, "translate"),
        (lambda x: Policy(padding_mode="black"), ValueError, "padding_mode"),
        (lambda x: Policy(rotate=3), TypeError, "rotate"),
    ],
)
def test_mistakes_are_told(do, error, message):
    with pytest.raises(error, match=message):
        do(smooth(3))


def test_what_the_package_shows():
    assert sorted(augment.__all__) == ["Policy", "affine", "colour", "noise"]
