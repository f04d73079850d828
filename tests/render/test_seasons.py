"""The same place in summer and winter, and its pack."""

import json
import zipfile

import pytest
import torch

from labkit import render
from labkit.data import seasons as reader
from labkit.render import seasons_pack


@pytest.fixture(scope="module")
def place():
    return {name: render.season("husky", name, seed=7, size=64) for name in render.SEASONS}


def test_winter_is_brighter_and_less_green(place):
    summer, winter = (place[name][:, 48:] for name in ("summer", "winter"))  # the ground
    assert winter.mean() > summer.mean() + 0.1
    green = [float(part[1].mean() - part[[0, 2]].mean()) for part in (summer, winter)]
    assert green[0] > green[1] + 0.02


def test_sky_and_trees_keep_their_places(place):
    summer, winter = (place[name][:, :8] for name in ("summer", "winter"))
    other = render.season("husky", "winter", seed=8, size=64)[:, :8]
    assert (summer - winter).abs().mean() < 0.7 * (summer - other).abs().mean()
    tops = torch.stack([part.mean(0).flatten() for part in (summer, winter)])
    assert float(torch.corrcoef(tops)[0, 1]) > 0.6


def test_an_unknown_season_is_named():
    with pytest.raises(ValueError, match="season.*spring"):
        render.season("husky", "spring", seed=7, size=64)


def test_the_pack_holds_what_is_drawn(tmp_path, monkeypatch):
    path = seasons_pack.write_pack(tmp_path, count=4)
    with zipfile.ZipFile(path) as archive:
        index = json.loads(archive.read("index.json"))
    assert index["count"] == 4
    sheets = zipfile.ZipFile(path).namelist()
    assert sheets == ["index.json", "summer.webp", "winter.webp", "animal.webp"]
    monkeypatch.setattr(reader, "data_dir", lambda: tmp_path)
    index, (summer, *_) = reader._read()
    tiles = reader._tiles(summer, index["size"])[:4]
    drawn = torch.stack([seasons_pack._tiles(i)[0] for i in range(4)])
    assert (tiles - drawn).abs().mean() < 0.02
