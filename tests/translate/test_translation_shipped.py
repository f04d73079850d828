"""What ships with lab 10, and how it's made."""

import math

import pytest
import torch

from labkit import data, translate
from labkit.translate import pack, shipped


@pytest.fixture(scope="module")
def unseen():
    return data.load_seasons("test")


def test_the_table_holds_three_seeds_of_every_kind():
    rows = translate.load_translations()
    assert [(row.kind, row.seed) for row in rows] == [
        (kind, seed) for kind in shipped.KINDS for seed in pack.SEEDS
    ]
    for row in rows:
        assert math.isnan(row.back_fake) == row.kind.startswith("pairs")
        assert 0 < row.ground < 0.3 and 0 < row.animal < 0.5


@pytest.mark.parametrize("kind", shipped.KINDS)
def test_the_weights_are_those_of_the_first_row(kind, unseen):
    found = translate.load_translators()[kind]
    row = pack.measured(kind, pack.SEEDS[0], found, unseen)
    told = next(row for row in translate.load_translations() if row.kind == kind)
    for name in pack.NUMBERS:
        now, then = getattr(row, name), getattr(told, name)
        assert now == pytest.approx(then, rel=0.05, abs=0.002, nan_ok=True), name


def test_the_pack_is_written_and_read_again(tmp_path, monkeypatch):
    def made(job):
        kind, seed, steps = job
        asked.append(job)
        return shipped.Row(kind, seed, *[0.25] * 5), shipped._blank(kind)

    class Pool:
        def __init__(self, *_, **__): ...

        def __enter__(self):
            return self

        def __exit__(self, *_): ...

        def map(self, _, jobs):
            return map(made, jobs)

    asked = []
    monkeypatch.setattr(pack, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    pack.pack(tmp_path, kinds=("cycle", "pairs"), seeds=(1, 2))
    assert asked == [("cycle", 1, 800), ("cycle", 2, 800), ("pairs", 1, 2000), ("pairs", 2, 2000)]
    both = translate.load_translators()
    assert isinstance(both["cycle"], translate.Both) and not both["cycle"].there.skip
    assert isinstance(both["pairs"], translate.Translator)
    assert [row.seed for row in translate.load_translations()] == [1, 2, 1, 2]


def test_a_training_of_the_pack_gives_a_row(monkeypatch, unseen):
    few = data.Seasons(*(part[:8] for part in unseen))
    monkeypatch.setattr(pack.data, "load_seasons", lambda part="train": few)
    threads = torch.get_num_threads()
    row, nets = pack.trained(("skip", 1, 2))
    torch.set_num_threads(threads)
    assert len(nets) == 2 and row.kind == "skip" and row.ground > 0.1 > row.animal
    assert row.back_true > row.back_fake


def test_missing_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    for load, name in (
        (translate.load_translators, "translators"),
        (translate.load_translations, "translations"),
    ):
        with pytest.raises(FileNotFoundError, match=name):
            load()
