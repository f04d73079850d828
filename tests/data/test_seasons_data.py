"""Places in summer and winter, as labkit ships them."""

import zipfile

import pytest
import torch

from labkit import data
from labkit.data import seasons


def test_parts_are_apart_and_complete():
    train, test = (data.load_seasons(part) for part in ("train", "test"))
    assert train.summer.shape == train.winter.shape == (256, 3, 64, 64)
    assert test.covers.shape == (64, 1, 64, 64) and test.labels.sum() == 32
    apart = (train.summer[:, None, :, ::8, ::8] - test.summer[None, :, :, ::8, ::8]).abs()
    assert apart.mean((2, 3, 4)).min() > 0.01


def test_the_animal_is_the_same_in_both_seasons():
    places = data.load_seasons("test")
    on = (places.covers == 1).expand_as(places.summer)
    assert torch.equal(places.summer[on], places.winter[on])
    assert (places.covers == 1).float().mean() > 0.05
    off = (places.covers == 0).expand_as(places.summer)
    assert (places.summer[off] - places.winter[off]).abs().mean() > 0.1


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match="train or test"):
        data.load_seasons("all")


def test_a_missing_and_a_damaged_pack_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(seasons, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="render.seasons_pack"):
        data.load_seasons()
    (tmp_path / "seasons.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="damaged"):
        data.load_seasons()
    with zipfile.ZipFile(tmp_path / "seasons.zip", "w") as archive:
        archive.writestr("index.json", "{")
    with pytest.raises(ValueError, match="damaged"):
        data.load_seasons()
