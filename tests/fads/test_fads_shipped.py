"""What ships with lab 18: the tables are whole, and their rows come again."""

import pytest

from labkit import data, fads
from labkit.fads import pack, shipped


def test_the_tables_have_every_row():
    depths = [(r["kind"], r["depth"], r["lr"], r["seed"]) for r in fads.load_depths()]
    races = [(d, pack.RATE) for d in pack.SIZES] + [(40, lr) for lr in pack.OTHER_RATES]
    wanted = {(k, d, lr, s) for k in fads.KINDS for d, lr in races for s in pack.SEEDS}
    assert set(depths) == wanted and len(depths) == len(wanted)
    shrinks = [(row["way"], row["seed"]) for row in fads.load_shrinks()]
    assert sorted(shrinks) == sorted((w, s) for w in fads.WAYS for s in pack.SEEDS)
    rows = fads.load_depths() + fads.load_shrinks()
    shares = [row[name] for row in rows for name in row if name.startswith(("right", "same"))]
    assert all(0 <= share <= 1 for share in shares)


def test_rows_come_out_the_same_again():
    train, test = data.load_digits()
    few = type(train)(train.images[:128], train.labels[:128])
    for measure, what, table in (
        (fads.measured_depth, ("skip, batch norm", 2), fads.load_depths()),
        (fads.measured_shrink, ("strided",), fads.load_shrinks()),
    ):
        one, other = (measure(few, test, *what, seed=1, epochs=1) for _ in "ab")
        assert one == other and set(one) <= set(table[0])


def test_the_table_of_shrinking_is_what_a_training_gives():
    again = fads.measured_shrink(*data.load_digits(), "strided", seed=10)
    (row,) = [r for r in fads.load_shrinks() if r["way"] == "strided" and r["seed"] == 10]
    assert again["multiply-adds"] == row["multiply-adds"]
    for name in ("right 5", "same 2"):
        assert again[name] == pytest.approx(row[name], abs=0.04)


@pytest.mark.parametrize("load", ["load_depths", "load_shrinks"])
def test_a_missing_table_is_named(load, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="csv is missing"):
        getattr(fads, load)()


def test_packing_writes_both_tables(tmp_path, monkeypatch):
    calls = []

    def quick(train, test, name, *depth, seed, lr=None):
        calls.append((name, *depth, seed, lr))
        return {"seed": seed}

    monkeypatch.setattr(pack, "measured_depth", quick)
    monkeypatch.setattr(pack, "measured_shrink", quick)
    pack.main(tmp_path)
    assert len(set(calls)) == len(calls) == 3 * (len(fads.WAYS) + 6 * len(fads.KINDS))
    assert {path.name for path in tmp_path.iterdir()} == {"depths.csv", "shrinks.csv"}
