"""labkit.data.canids: the bias is as asked for, counterfactuals are exact, the pack is current."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import paths, render
from labkit.data import canids, load_canids, on_ground

LOSSY = 0.03  # mean difference of a ground to its lossy copy; of an animal, half of that


def on_snow(scenes, label):
    chosen = [g == "snow" for g, y in zip(scenes.grounds, scenes.labels, strict=True) if y == label]
    return sum(chosen)


def test_default_is_the_classic_bias():
    scenes = load_canids(n=20)
    assert scenes.images.shape == (20, 3, 224, 224) and scenes.images.dtype == torch.float32
    assert 0 <= scenes.images.min() and scenes.images.max() <= 1
    assert scenes.masks.shape == (20, 224, 224) and scenes.masks.dtype == torch.bool
    assert scenes.labels.bincount().tolist() == [10, 10] and scenes.labels.dtype == torch.int64
    assert on_snow(scenes, canids.WOLF) == 10 and on_snow(scenes, canids.HUSKY) == 0
    assert len(set(zip(scenes.labels.tolist(), scenes.seeds, strict=True))) == 20


@pytest.mark.parametrize(("wolves", "huskies"), [(0.0, 1.0), (0.5, 0.5), (0.75, 0.25)])
def test_shares_on_snow_are_as_asked(wolves, huskies):
    scenes = load_canids(snow_wolves=wolves, snow_huskies=huskies, n=16)
    assert on_snow(scenes, canids.WOLF) == 8 * wolves
    assert on_snow(scenes, canids.HUSKY) == 8 * huskies


def test_the_others_stand_on_every_other_ground():
    scenes = load_canids(snow_wolves=0, snow_huskies=0, n=12)
    assert sorted(scenes.grounds) == sorted(["grass", "forest", "sand"] * 4)


def test_seed_decides_and_order_is_mixed():
    first, again, other = (load_canids(n=10, seed=s) for s in (1, 1, 2))
    assert torch.equal(first.images, again.images) and first.seeds == again.seeds
    assert first.seeds != other.seeds
    assert first.labels.tolist() not in ([0] * 5 + [1] * 5, [1] * 5 + [0] * 5)


def test_parts_share_no_animal():
    train, test = (set(load_canids(n=40, part=part).seeds) for part in ("train", "test"))
    assert not train & test
    assert len(load_canids(n=80, part="train").seeds) == 80


def test_on_ground_keeps_the_animal():
    scenes = load_canids(n=8)
    for ground in render.GROUNDS:
        moved = on_ground(scenes, ground)
        assert moved.grounds == (ground,) * 8 and moved.seeds == scenes.seeds
        assert torch.equal(moved.masks, scenes.masks)
        assert torch.equal(moved.labels, scenes.labels)
        inside = scenes.masks[:, None].expand_as(scenes.images)
        assert torch.equal(moved.images[inside], scenes.images[inside])
    assert torch.equal(on_ground(scenes, scenes.grounds).images, scenes.images)


def test_global_random_state_is_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    load_canids(n=4)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(snow_wolves=1.5), "snow_wolves is a share from 0 to 1, not 1.5"),
        (dict(snow_huskies=-0.1), "snow_huskies is a share from 0 to 1, not -0.1"),
        (dict(n=7), "n must be an even number from 2 to 120 for part 'all', not 7"),
        (dict(n=82, part="train"), "from 2 to 80 for part 'train', not 82"),
        (dict(part="valid"), "unknown part 'valid'; choose one of train, test, all"),
    ],
)
def test_impossible_sets(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_canids(**arguments)


def test_impossible_grounds():
    scenes = load_canids(n=4)
    with pytest.raises(ValueError, match="unknown ground 'moon'; choose one of snow, grass"):
        on_ground(scenes, "moon")
    with pytest.raises(ValueError, match="1 grounds for 4 scenes: name one for each"):
        on_ground(scenes, ["snow"])


def test_missing_pack_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(canids, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m labkit.render.pack"):
        canids.canids_path("wolf")


def test_damaged_pack_says_how_to_mend_it(monkeypatch, tmp_path):
    (tmp_path / "canids_wolf.zip").write_bytes(b"cut off")
    monkeypatch.setattr(canids, "data_dir", lambda: tmp_path)
    with pytest.raises(ValueError, match="canids_wolf.zip is damaged .* labkit.render.pack"):
        canids._index.__wrapped__("wolf")


def test_pack_is_small():
    sizes = [canids.canids_path(animal).stat().st_size for animal in canids.SPECIES]
    assert max(sizes) < 5e6 and sum(sizes) < 10e6
    assert canids.canids_path("wolf").parent == paths.data_dir()


@pytest.mark.parametrize(
    ("animal", "number", "ground"), [("wolf", 0, "snow"), ("husky", 7, "grass")]
)
def test_pack_holds_what_the_renderer_draws(animal, number, ground):
    """Drawn again, scenes are those of the pack but for the loss of its pictures.

    The coverage is kept without loss; another processor may round a few edge pixels otherwise.
    """
    with zipfile.ZipFile(canids.canids_path(animal)) as archive:
        seed = canids._index(animal)["seeds"][number]
        packed = Image.open(io.BytesIO(archive.read(f"{seed}.webp")))
        cover = np.asarray(packed)[..., 3]
        image, mask = canids._compose(archive, seed, ground)
    drawn = render.scene(animal, ground, seed=seed)
    expected = render.cutout(animal, seed=seed).cover.mul(255).round().numpy()
    assert (cover != expected).mean() < 0.002
    assert (mask != drawn.mask).float().mean() < 0.002
    both = mask & drawn.mask
    assert (image - drawn.image)[:, both].abs().mean() < LOSSY / 2
    assert (image - drawn.image).abs().mean() < LOSSY
