"""Drawn cars: exact masks, faces that alone tell the make, a pack that is current; real photos."""

import csv
import hashlib
import io
import random
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from serving import Server

from labkit import data, paths, render
from labkit.data import cars, downloads, pins, real_cars
from labkit.nets.probe import logistic_regression
from labkit.render.car_body import Car
from labkit.render.car_traits import draw_traits
from labkit.render.cars import _setting
from labkit.render.cars_pack import pack_seeds, write_pack

SIZE = 64
LOSSY = 0.03


# --- the renderer ---


@pytest.fixture(scope="module")
def sheet():
    """Both makes of four cars: (make, seed) -> CarScene."""
    return {
        (make, seed): render.car(make, seed=seed, size=SIZE)
        for seed in range(4)
        for make in render.MAKES
    }


def test_scene_is_an_image_a_mask_and_regions(sheet):
    for image, mask, regions in sheet.values():
        assert image.shape == (3, SIZE, SIZE) and image.dtype == torch.float32
        assert 0 <= image.min() and image.max() <= 1
        assert mask.shape == regions.shape == (SIZE, SIZE) and mask.dtype == torch.bool
        assert torch.equal(regions > 0, mask) and regions.max() < len(cars.REGIONS)
        assert 0.1 < mask.float().mean() < 0.8


def test_the_other_make_is_the_same_car_with_another_face(sheet):
    for seed in range(4):
        smooth, grille = sheet["smooth", seed], sheet["grille", seed]
        assert torch.equal(smooth.mask, grille.mask)
        assert torch.equal(smooth.regions, grille.regions)
        telling = smooth.regions >= 4
        assert torch.equal(smooth.image[:, ~telling], grille.image[:, ~telling])
        assert (smooth.image - grille.image)[:, telling].abs().mean() > 0.02
        assert 0.005 < telling.float().mean() < 0.4


def test_only_the_face_depends_on_the_make():
    for seed in range(30):
        smooth, grille = (draw_traits(make, seed) for make in render.MAKES)
        assert smooth.shape == grille.shape and smooth.finish == grille.finish
        assert smooth.face == grille.other and smooth.other == grille.face
        assert smooth.face.grille is None and grille.face.grille is not None
        assert smooth.face.badge[2] != grille.face.badge[2]


def test_bodies_paints_and_wheels_vary():
    drawn = [draw_traits("smooth", seed) for seed in range(150)]
    assert len({car.shape.style for car in drawn}) == 4
    assert len({car.finish.paint for car in drawn}) > 140
    assert {car.finish.plate for car in drawn} == {"none", "white", "yellow"}
    assert {car.finish.lights_on for car in drawn} == {True, False}


def test_wheels_stand_on_the_road_and_the_body_does_not():
    for seed in range(8):
        car = Car(draw_traits("grille", seed).shape)
        side = torch.full((200,), car.shape.half - 0.1)
        x = torch.linspace(car.tail, car.head, 200)
        below = car.distance(torch.stack([x, torch.full_like(x, 0.01), side], 1)) < 0
        assert below.any() and not below[(x.abs() < car.front - 0.4)].any()


def test_same_seed_same_pixels_whatever_the_threads(sheet):
    before = torch.get_num_threads()
    torch.set_num_threads(1 if before > 1 else 2)
    _setting.cache_clear()
    try:
        again = render.car("grille", seed=2, size=SIZE)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(again.image, sheet["grille", 2].image)
    assert torch.equal(again.regions, sheet["grille", 2].regions)


def test_global_state_is_left_alone():
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    render.car("smooth", seed=9, size=SIZE)
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all() and states[2] == random.getstate()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(make="tesla"), ValueError, "unknown make 'tesla'; choose one of smooth, grille"),
        (dict(size=16), ValueError, "size must be from 32 to 1024 pixels, not 16"),
        (dict(size=64.0), TypeError, "size is a whole number, not 64.0"),
        (dict(seed=-1), ValueError, "seed must be 0 or more, not -1"),
        (dict(seed="a"), TypeError, "seed is a whole number, not 'a'"),
    ],
)
def test_unknown_arguments(arguments, error, message):
    given = dict(make="smooth", seed=0, size=SIZE) | arguments
    with pytest.raises(error, match=message):
        render.car(given["make"], seed=given["seed"], size=given["size"])


def test_pack_is_written_the_same_twice(tmp_path):
    (tmp_path / "again").mkdir()
    first = write_pack(tmp_path, count=1, size=SIZE)
    second = write_pack(tmp_path / "again", count=1, size=SIZE)
    assert [path.name for path in first] == ["cars_smooth.zip", "cars_grille.zip"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert not set(pack_seeds("smooth")) & set(pack_seeds("grille"))


# --- the pack ---


@pytest.fixture(scope="module")
def test_part():
    return data.load_cars("test")


def test_all_cars_of_the_pack_come_out(test_part):
    assert test_part.images.shape == (300, 3, 128, 128)
    assert test_part.images.dtype == torch.float32 and test_part.images.is_contiguous()
    assert 0 <= test_part.images.min() and test_part.images.max() <= 1
    assert test_part.labels.bincount().tolist() == [150, 150]
    assert torch.equal(test_part.masks, test_part.regions > 0)
    assert torch.equal(test_part.telling, test_part.regions >= 4)
    assert (test_part.telling.flatten(1).any(1)).all()
    assert len(set(test_part.seeds)) == 300


def test_training_has_a_thousand_others(test_part):
    assert len(cars._part("smooth", "train") + cars._part("grille", "train")) == 1000
    train = data.load_cars("train", n=40, seed=1)
    assert train.labels.bincount().tolist() == [20, 20]
    assert not set(train.seeds) & set(test_part.seeds)
    valid = data.load_cars("valid")
    assert valid.labels.bincount().tolist() == [150, 150]
    parts = [set(data.load_cars(part).seeds) for part in ("train", "valid", "test")]
    assert len(set.union(*parts)) == 1600
    again, other = (data.load_cars("train", n=40, seed=s) for s in (1, 2))
    assert torch.equal(train.images, again.images) and train.seeds != other.seeds


def test_nothing_but_the_face_says_the_make(test_part):
    """Colour, brightness, size and the background alone: no better than a coin."""
    coarse = torch.nn.functional.adaptive_avg_pool2d
    masks = test_part.masks[:, None].float()
    behind = test_part.images * (1 - masks)
    hidden = test_part.images * (1 - test_part.telling[:, None].float())
    views = {
        "mean colour": test_part.images.mean((2, 3)),
        "colour of the car": (hidden * masks).sum((2, 3)) / masks.sum((2, 3)),
        "background": coarse(behind, 4).flatten(1),
        "mask": coarse(masks, 8).flatten(1),
    }
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    fit, held = order[:200], order[200:]
    for name, view in views.items():
        view = (view - view.mean(0)) / view.std(0).clamp_min(1e-6)
        weights, bias = logistic_regression(view[fit], test_part.labels[fit], C=0.05)
        said = (view[held] @ weights + bias > 0).long()
        assert (said == test_part.labels[held]).float().mean() < 0.65, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(n=7), "n must be an even number from 2 to 1000 for part 'train', not 7"),
        (dict(part="test", n=302), "from 2 to 300 for part 'test', not 302"),
        (dict(part="dev"), "unknown part 'dev'; choose one of train, valid, test"),
    ],
)
def test_impossible_sets(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load_cars(**arguments)


def test_few_are_balanced_nested_and_by_seed():
    labels = torch.tensor([0] * 30 + [1] * 12 + [2] * 20)
    some, more = data.few(labels, 5, seed=3), data.few(labels, 12, seed=3)
    assert labels[some].bincount().tolist() == [5, 5, 5]
    assert set(some.tolist()) < set(more.tolist()) and len(set(more.tolist())) == 36
    assert not torch.equal(some, data.few(labels, 5, seed=4))
    with pytest.raises(ValueError, match="n must be from 1 to 12, the rarest class's, not 13"):
        data.few(labels, 13)


def test_missing_and_damaged_packs_say_how_to_mend_them(monkeypatch, tmp_path):
    monkeypatch.setattr(cars, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m labkit.render.cars_pack"):
        cars.cars_path("smooth")
    (tmp_path / "cars_smooth.zip").write_bytes(b"cut off")
    with pytest.raises(ValueError, match="cars_smooth.zip is damaged .* labkit.render.cars_pack"):
        cars._index.__wrapped__("smooth")


def test_pack_is_small():
    sizes = [cars.cars_path(make).stat().st_size for make in cars.MAKES]
    assert max(sizes) < 5e6
    assert cars.cars_path("grille").parent == paths.data_dir()


PICKED = [("smooth", 0), ("grille", 7), ("grille", 640), ("smooth", 799)]


@pytest.mark.parametrize(("make", "number"), PICKED)
def test_pack_holds_what_the_renderer_draws(make, number):
    """Drawn again, cars are those of the pack but for the loss of its pictures.

    Regions are kept without loss; another processor may round a few edge pixels otherwise.
    """
    seed = cars._index(make)["seeds"][number]
    assert seed == pack_seeds(make)[number]
    drawn = render.car(make, seed=seed)
    with zipfile.ZipFile(cars.cars_path(make)) as archive:
        image = np.asarray(Image.open(io.BytesIO(archive.read(f"{seed}.webp")))) / 255
        regions = np.asarray(Image.open(io.BytesIO(archive.read(f"{seed}.png"))))
    assert (regions != drawn.regions.numpy()).mean() < 0.002
    assert np.abs(image - drawn.image.permute(1, 2, 0).numpy()).mean() < LOSSY


# --- photos of real cars, made up ---


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Six made-up photos of the download "cars": red Teslas and blue Toyotas, wide."""
    files = {}
    for index in range(6):
        colour = (250, 10, 10) if index < 2 else (10, 10, 250)
        swapped = Image.new("RGB", (60 + index, 30), colour[::-1])
        file = io.BytesIO()
        swapped.save(file, "PNG")
        files[f"cars_train/{index}.png"] = file.getvalue()
    folder = tmp_path / "share" / "pins"
    folder.mkdir(parents=True)
    with open(folder / "toy.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["class", "path", "bytes", "sha256", "url", "model", "x1"])
        for index, (path, content) in enumerate(files.items()):
            sha256 = hashlib.sha256(content).hexdigest()
            make = "tesla" if index < 2 else "toyota"
            url = f"https://nowhere.invalid/{path}"
            table.writerow([make, path, len(content), sha256, url, "a model", 20])
    monkeypatch.setattr(pins, "SETS", {"cars": pins.Source("toys", "free", (("toy", None),))})
    monkeypatch.setattr(downloads, "SETS", pins.SETS)
    monkeypatch.setattr(pins, "data_dir", lambda: tmp_path / "share")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "got"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return files


def test_real_cars_come_with_their_colours_and_whole(photos):
    with pytest.raises(FileNotFoundError, match="type in a terminal: labkit fetch cars$"):
        data.load_real_cars()
    with Server(photos) as server:
        data.fetch("cars", mirror=server.address, progress=False)
    loaded = data.load_real_cars(size=32)
    assert loaded.classes == ["tesla", "toyota"] and loaded.skipped == []
    assert loaded.labels.tolist() == [0, 0, 1, 1, 1, 1]
    assert loaded.images.shape == (6, 3, 32, 32)
    means = loaded.images.mean((2, 3))
    assert (means[:2, 0] > 0.9).all() and (means[2:, 2] > 0.9).all()


def test_wide_photos_are_squeezed_and_not_cut():
    wide = torch.zeros(3, 20, 60)
    wide[:, :, :10] = 1
    sized = real_cars._squeezed(wide, 24)
    assert sized.shape == (3, 24, 24)
    assert sized[:, :, :3].mean() > 0.9 and sized[:, :, 6:].mean() < 0.05


def test_other_makes_have_a_name_of_their_own(tmp_path):
    with pytest.raises(FileNotFoundError, match="type in a terminal: labkit fetch cars-audi-bmw"):
        data.load_real_cars("cars-audi-bmw", folder=tmp_path)
    with pytest.raises(ValueError, match="cars or cars-audi-bmw, not 'bmw'"):
        data.load_real_cars("bmw")


def test_the_folder_that_is_named_is_in_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"labkit fetch cars --dir"):
        data.load_real_cars(folder=tmp_path)
