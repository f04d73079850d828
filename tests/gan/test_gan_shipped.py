"""What ships for lab 07: the judge judges, the generator forges well, the table of games fits."""

import pytest
import torch

from labkit import data, gan
from labkit.gan import frechet, pack, shipped
from labkit.gan.recipes import Recipe
from labkit.nets.shipped import read_table, write_weights
from labkit.nets.train import accuracy
from labkit.paths import data_dir

SMALL = Recipe(width=4, batch_size=4, z_dim=6, average=0.5)


def test_the_judge_knows_digits_it_has_not_seen():
    judge, (_, test) = gan.load_judge(), data.load_digits()
    assert accuracy(judge, test) > 0.955
    assert not judge.training and not any(p.requires_grad for p in judge.parameters())


def test_a_missing_or_damaged_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="digit_judge.*missing"):
        gan.load_judge()
    (tmp_path / shipped.JUDGE).write_bytes(b"junk")
    with pytest.raises(ValueError, match="digit_judge.*damaged"):
        gan.load_judge()


def test_a_generator_comes_back_as_it_was_written(tmp_path, monkeypatch):
    notes = {"generator": '{"z_dim": 6, "width": 4, "classes": 10}'}
    made = gan.Generator(z_dim=6, width=4, seed=3)
    write_weights(tmp_path / shipped.GENERATOR, made, torch.float16, notes)
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    back, labels = gan.load_generator(), torch.arange(10)
    assert torch.allclose(gan.forge(back, labels), gan.forge(made, labels), atol=2e-3)


def test_the_shipped_generator_forges_all_ten_digits_well():
    assert (data_dir() / shipped.GENERATOR).stat().st_size < 3_000_000
    forger, judge, (train, test) = gan.load_generator(), gan.load_judge(), data.load_digits()
    wanted = torch.arange(1000) % 10
    fakes = gan.forge(forger, wanted, seed=11)
    assert not forger.training and not any(p.requires_grad for p in forger.parameters())
    assert frechet.frechet(judge, fakes, test.images) < 8
    right = (judge(fakes).argmax(1) == wanted).reshape(-1, 10).float().mean(0)
    assert right.min() > 0.8
    near, control = (frechet.nearest(x[:200], train.images)[0] for x in (fakes, test.images))
    assert near.min() > control.min() and near.median() > 0.9 * control.median()


def test_the_table_of_games_has_every_recipe():
    runs = gan.load_runs()
    assert list(runs) == list(gan.ablations())
    for name, rows in runs.items():
        seeds = [row["seed"] for row in rows]
        assert seeds == sorted({*seeds}) and 0 in seeds
        assert name not in ("the quick recipe", "the tutorial") or seeds == [0, 1, 2]
        for row in rows:
            assert {*row} == {*pack.COLUMNS} - {"recipe"}
            assert row["steps"] <= 800 and row["frechet"] > 1.5
            assert 0 <= row["caught"] <= 1 and 0 <= row["rarest_digit"] <= 0.1


def test_a_missing_table_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="gan_runs.csv is missing"):
        gan.load_runs()


def test_a_run_stops_at_its_steps_and_is_judged():
    row = pack.play_run("small", SMALL, gan.load_judge(), seed=4, cpu_seconds=60, steps=50)
    assert list(row) == list(pack.COLUMNS) and (row["seed"], row["steps"]) == (4, 50)
    assert row["frechet"] > 10 and 0 <= row["rarest_digit"] <= 0.1


def test_a_run_stops_at_its_seconds_too_and_the_last_steps_are_averaged():
    row = pack.play_run("small", SMALL, gan.load_judge(), seed=4, cpu_seconds=0.001, steps=500)
    assert row["steps"] == 10
    game = gan.Game((torch.rand(9, 1, 28, 28), torch.arange(9)), recipe=SMALL, every=10)
    game.record.rows = [gan.Round(s, 0, 0, 0, 0, 0.5, s / 100) for s in range(10, 101, 10)]
    assert pack._last(game, "caught") == pytest.approx(0.8)
    assert pack._last(game, "caught", steps=10) == pytest.approx(1)


def test_the_table_grows_and_keeps_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(gan, "ablations", lambda: {"one": SMALL, "two": SMALL}, raising=False)
    played = []

    def quick(name, recipe, judge, *, seed, **limits):
        played.append((name, seed))
        return dict.fromkeys(pack.COLUMNS, 0) | {"recipe": name, "seed": seed}

    monkeypatch.setattr(pack, "play_run", quick)
    pack.pack_runs(tmp_path, seeds=[0])
    path = pack.pack_runs(tmp_path, seeds=[0, 1])
    assert played == [("one", 0), ("two", 0), ("one", 1), ("two", 1)]
    assert [row["seed"] for row in read_table(path)] == ["0", "0", "1", "1"]
