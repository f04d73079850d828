"""labkit.render: exact masks, counterfactual grounds, determinism, variety, the geometry below."""

import random

import numpy as np
import pytest
import torch

from labkit import render
from labkit.render.march import tiles
from labkit.render.noise import fbm, noise, one_per_cell, per_cell, smoothstep
from labkit.render.pack import pack_seeds, write_pack
from labkit.render.primitives import RoundCones, smooth_union
from labkit.render.scenes import _cutout, _setting
from labkit.render.traits import draw_traits

SIZE = 64


def fresh(animal, ground, seed, size=SIZE):
    """A scene drawn anew, not taken from the cache."""
    _setting.cache_clear()
    _cutout.cache_clear()
    return render.scene(animal, ground, seed=seed, size=size)


@pytest.fixture(scope="module")
def sheet():
    """Two animals of each species on every ground: (animal, seed, ground) -> Scene."""
    return {
        (animal, seed, ground): render.scene(animal, ground, seed=seed, size=SIZE)
        for animal in render.ANIMALS
        for seed in (0, 1)
        for ground in render.GROUNDS
    }


def test_scene_is_an_image_and_a_mask(sheet):
    for image, mask in sheet.values():
        assert image.shape == (3, SIZE, SIZE) and image.dtype == torch.float32
        assert 0 <= image.min() and image.max() <= 1
        assert mask.shape == (SIZE, SIZE) and mask.dtype == torch.bool
        assert 0.02 < mask.float().mean() < 0.7


def test_another_ground_changes_no_pixel_of_the_animal(sheet):
    for animal in render.ANIMALS:
        for seed in (0, 1):
            snow, *others = (sheet[animal, seed, ground] for ground in render.GROUNDS)
            for other in others:
                assert torch.equal(snow.mask, other.mask)
                assert torch.equal(snow.image[:, snow.mask], other.image[:, snow.mask])
                assert (snow.image - other.image)[:, ~snow.mask].abs().mean() > 0.02


def test_mask_is_where_the_animal_alone_is_seen(sheet):
    cut = render.cutout("wolf", seed=1, size=SIZE)
    image, mask = sheet["wolf", 1, "sand"]
    assert torch.equal(mask, cut.cover == 1)
    assert torch.equal(image[:, mask], cut.image[:, mask])
    behind = render.backdrop("wolf", "sand", seed=1, size=SIZE)
    untouched = cut.cover == 0
    assert torch.equal(image[:, untouched], behind[:, untouched])
    fringe = (cut.cover > 0) & (cut.cover < 1)
    assert fringe.sum() < 0.5 * mask.sum()


def test_mask_has_no_holes_at_outlines():
    """Ground between a near and a far part of the body is real, not a crack one pixel wide."""
    mask = render.scene("wolf", "snow", seed=4, size=128).mask.float()[None, None]
    around = torch.nn.functional.avg_pool2d(mask, 3, 1, 1, count_include_pad=False)
    cracks = (mask == 0) & (around > 0.85)
    assert cracks.sum() <= 3


@pytest.mark.parametrize("size", [SIZE, 107])  # 107: no whole number of vectors a thread
def test_same_seed_same_pixels_whatever_the_threads(size):
    first = fresh("husky", "grass", 5, size)
    before = torch.get_num_threads()
    torch.set_num_threads(1 if before > 1 else 2)
    try:
        second = fresh("husky", "grass", 5, size)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(first.image, second.image) and torch.equal(first.mask, second.mask)


def test_results_may_be_changed_freely():
    first = render.scene("wolf", "sand", seed=1, size=SIZE)
    kept = first.image.clone()
    first.image.zero_()
    first.mask.zero_()
    again = render.scene("wolf", "sand", seed=1, size=SIZE)
    assert torch.equal(again.image, kept) and again.mask.any()
    render.cutout("wolf", seed=1, size=SIZE).cover.zero_()
    assert render.scene("wolf", "sand", seed=1, size=SIZE).mask.any()


def test_global_state_is_left_alone():
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    threads, gradients = torch.get_num_threads(), torch.is_grad_enabled()
    fresh("wolf", "forest", 6)
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all() and states[2] == random.getstate()
    assert threads == torch.get_num_threads() and gradients == torch.is_grad_enabled()


def test_seeds_and_species_differ(sheet):
    masks = [sheet[animal, seed, "snow"].mask for animal in render.ANIMALS for seed in (0, 1)]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert not torch.equal(one, other)


def test_traits_vary_and_tell_the_species_apart():
    wolves = [draw_traits("wolf", seed) for seed in range(120)]
    huskies = [draw_traits("husky", seed) for seed in range(120)]
    assert {t.coat.kind for t in wolves} == {"grey", "brown", "tawny", "white", "black"}
    assert {t.coat.kind for t in huskies} == {"black", "grey", "red"}
    for group in (wolves, huskies):
        assert {t.stance.kind for t in group} == {"stand", "walk", "sit"}
        assert {t.stance.view for t in group} == {"side", "quarter", "front", "behind"}
        ages = np.array([t.build.age for t in group])
        assert ages.min() < 0.25 and ages.max() > 0.85
    assert min(t.build.leg for t in wolves) > max(t.build.leg for t in huskies) - 0.05
    assert {t.coat.eyes for t in wolves}.isdisjoint({"blue"})
    assert 0.3 < np.mean([t.coat.eyes == "blue" for t in huskies]) < 0.8


def test_paws_touch_the_ground():
    for animal in render.ANIMALS:
        for seed in range(12):
            cones = _setting(animal, seed, SIZE).animal.cones
            low = torch.minimum(cones.a[:, 1] - cones.ra, cones.b[:, 1] - cones.rb)
            assert -0.08 < low.min() < 0.02, (animal, seed)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(animal="fox"), ValueError, "unknown animal 'fox'; choose one of husky, wolf"),
        (dict(ground="lava"), ValueError, "unknown ground 'lava'; choose one of snow, grass"),
        (dict(size=16), ValueError, "size must be from 32 to 1024 pixels, not 16"),
        (dict(size=224.0), TypeError, "size is a whole number, not 224.0"),
        (dict(seed=-1), ValueError, "seed must be 0 or more, not -1"),
        (dict(seed="a"), TypeError, "seed is a whole number, not 'a'"),
    ],
)
def test_unknown_arguments(arguments, error, message):
    given = dict(animal="wolf", ground="snow", seed=0, size=SIZE) | arguments
    with pytest.raises(error, match=message):
        render.scene(given["animal"], given["ground"], seed=given["seed"], size=given["size"])


def cone(a, b, ra, rb, axis=(0, 0, 1), flat=1.0):
    rows = [torch.tensor([v], dtype=torch.float32) for v in (a, b, ra, rb, axis, flat)]
    return RoundCones(*rows)


def test_distance_to_a_ball_a_capsule_and_a_disc():
    points = torch.tensor([[0.5, 0, 0], [0, 0.4, 0], [0, 0, 0.05], [1.3, 0, 0]])
    ball = cone((0, 0, 0), (1e-5, 0, 0), 0.1, 0.1)
    expected = points.norm(dim=1, keepdim=True) - 0.1
    torch.testing.assert_close(ball.distance(points), expected, atol=2e-4, rtol=0)
    capsule = cone((0, 0, 0), (1, 0, 0), 0.1, 0.1)
    expected = torch.tensor([[-0.1], [0.3], [-0.05], [0.2]])
    torch.testing.assert_close(capsule.distance(points), expected, atol=1e-4, rtol=0)
    disc = cone((0, 0, 0), (1e-5, 0, 0), 0.1, 0.1, flat=4.0)  # a quarter as thick along z
    on_rim = torch.tensor([[0.1, 0, 0], [0, 0, 0.025]])
    torch.testing.assert_close(disc.distance(on_rim), torch.zeros(2, 1), atol=2e-4, rtol=0)


def test_several_views_of_an_animal_are_each_as_alone():
    setting = _setting("wolf", 1, SIZE)
    group = list(tiles(setting.animal, setting.camera, 2 * SIZE))
    assert len({len(tile.parts) for tile in group}) > 1
    whole = setting.animal.seen_by([t.parts for t in group], [t.animal for t in group])
    counts = torch.tensor([20, 0, 50] + [9] * (len(group) - 3))
    view = torch.arange(len(group)).repeat_interleave(counts)
    scattered = torch.randn(len(view), 3, generator=torch.Generator().manual_seed(0))
    points = setting.animal.skull + 0.3 * scattered
    together = whole.skin(points, view)[0]
    for i, tile in enumerate(group):
        alone = tile.animal.skin(points[view == i])[0]
        torch.testing.assert_close(together[view == i], alone, atol=1e-6, rtol=0)


def test_smooth_union_is_the_nearest_where_parts_are_apart():
    distances = torch.tensor([[0.1, 0.9], [0.2, 0.2]])
    joined, share = smooth_union(distances, 0.02)
    assert joined[0] == pytest.approx(0.1, abs=1e-6)
    assert joined[1] == pytest.approx(0.2 - 0.02 * np.log(2), abs=1e-6)
    torch.testing.assert_close(share.sum(1), torch.ones(2))


def test_noise_is_smooth_periodic_and_bounded():
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) * 30
    values = noise(points)
    assert values.shape == (500, 4) and 0 <= values.min() and values.max() <= 1
    torch.testing.assert_close(noise(points + 32), values, atol=1e-4, rtol=0)
    assert (noise(points + 1e-3) - values).abs().max() < 0.01
    for field in range(4):
        assert torch.equal(noise(points, field), values[:, field])
        assert torch.equal(fbm(points, 3, field), fbm(points, 3)[:, field])


def test_numbers_per_cell_are_uniform_and_repeatable():
    i, j = torch.meshgrid(torch.arange(-50, 50), torch.arange(100), indexing="ij")
    some = per_cell(i, j, 4)
    assert torch.equal(some, per_cell(i, j, 4)) and not torch.equal(some, per_cell(i, j, 5))
    assert all(torch.equal(one_per_cell(i, j, 4, k), some[..., k]) for k in range(4))
    assert some.mean((0, 1)) == pytest.approx(0.5, abs=0.02)
    assert some.std((0, 1)) == pytest.approx(0.289, abs=0.02)


def test_smoothstep_rises_or_falls():
    x = torch.tensor([-1.0, 0.5, 2.0])
    assert smoothstep(0, 1, x).tolist() == [0, 0.5, 1]
    assert smoothstep(1, 0, x).tolist() == [1, 0.5, 0]


def test_pack_is_written_the_same_twice(tmp_path):
    (tmp_path / "again").mkdir()
    first = write_pack(tmp_path, count=1, size=SIZE)
    second = write_pack(tmp_path / "again", count=1, size=SIZE)
    assert [path.name for path in first] == ["canids_husky.zip", "canids_wolf.zip"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert not set(pack_seeds("wolf")) & set(pack_seeds("husky"))
