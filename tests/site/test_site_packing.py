"""Pictures that share what they share come out again pixel by pixel."""

import io

import numpy as np
import pytest
from composing import composed
from packing import Shelf, encoded
from PIL import Image


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.fixture
def alike():
    """A picture of noise, it with one other corner, it with another half, one of another size."""
    first = noise(40, 60)
    corner, half = first.copy(), first.copy()
    corner[:5, :5] = 0
    half[20:] = noise(20, 60, seed=1)
    return [first, corner, half, noise(30, 30, seed=2)]


def test_every_picture_comes_out_as_it_went_in(alike):
    shelf = Shelf()
    numbers = [shelf.put(pixels) for pixels in alike]
    stored = shelf.as_json()
    assert numbers == [0, 1, 2, 3]
    for number, pixels in zip(numbers, alike, strict=True):
        assert np.array_equal(composed(stored, number), pixels)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_change_of_one_colour_alone_is_kept(channel):
    shelf, first = Shelf(), noise(20, 30)
    other = first.copy()
    other[3:6, 4:9, channel] ^= 1
    shelf.put(first), shelf.put(other)
    assert np.array_equal(composed(shelf.as_json(), 1), other)


def test_a_small_change_is_a_small_layer(alike):
    shelf = Shelf()
    shelf.put(alike[0])
    whole = shelf.size
    shelf.put(alike[1])
    assert len(shelf.bases) == 1 and shelf.size - whole < whole / 10


def test_equal_pictures_are_stored_once(alike):
    shelf = Shelf()
    assert [shelf.put(alike[0]), shelf.put(alike[1]), shelf.put(alike[0].copy())] == [0, 1, 0]
    assert len(shelf.pictures) == 2


def test_a_lossy_shelf_is_smaller_and_near():
    smooth = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3)
    photo = (smooth + np.random.default_rng(0).normal(0, 6, smooth.shape)).clip(0, 255)
    photo = photo.astype(np.uint8)
    exact, lossy = Shelf(), Shelf(lossy=True)
    exact.put(photo), lossy.put(photo)
    assert lossy.size < exact.size / 2
    shown = composed(lossy.as_json(), 0).astype(int)
    assert np.abs(shown - photo).mean() < 10


def test_what_lies_under_transparency_is_not_lost_at_its_edge():
    pixels = noise(16, 16)
    alpha = np.zeros((16, 16, 1), np.uint8)
    alpha[4:9, 4:9] = 255
    image = Image.open(io.BytesIO(encoded(np.concatenate([pixels, alpha], 2))))
    assert np.array_equal(np.asarray(image)[4:9, 4:9, :3], pixels[4:9, 4:9])
