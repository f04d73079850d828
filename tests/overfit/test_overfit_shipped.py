"""What ships with lab 13: the table of widths is whole, and its rows come again."""

import pytest

from labkit import data, overfit
from labkit.overfit import pack, shipped


def test_the_table_has_every_width():
    rows = overfit.load_widths()
    runs = [(row["width"], row["noise"], row["seed"]) for row in rows]
    wanted = {(w, n, s) for w in pack.SIZES for n in (0.0, 0.2) for s in (10, 11, 12)}
    assert set(runs) == wanted and len(runs) == len(wanted)
    assert all(0 <= row[k] <= 1 for row in rows for k in ("training", "test", "stopped"))


def test_a_row_comes_out_the_same_again():
    digits = data.load_digits()
    one, other = (overfit.measured(*digits, width=3, noise=0.2, seed=1, epochs=2) for _ in "ab")
    assert one == other
    assert list(one) == list(overfit.load_widths()[0])


def test_the_table_is_what_a_training_gives():
    wanted = {"width": 2, "noise": 0.0, "seed": 10}
    (row,) = [row for row in overfit.load_widths() if wanted.items() <= row.items()]
    again = overfit.measured(*data.load_digits(), **wanted)
    for name in ("training", "test", "stopped"):
        assert again[name] == pytest.approx(row[name], abs=0.08)


def test_a_missing_table_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="widths.*missing"):
        overfit.load_widths()


def test_validation_digits_are_not_learned():
    train, _ = data.load_digits()
    known, valid = overfit.some((train.images, train.images[:, 0, 0, 0]), 3, n=50)
    assert len(known[0]) == len(valid[0]) == 50
    rows = {tuple(image.flatten().tolist()) for image in known[0]}
    assert not rows & {tuple(image.flatten().tolist()) for image in valid[0]}
    with pytest.raises(ValueError, match="too few"):
        overfit.some(train, 0, n=3000)


def test_the_table_grows_and_keeps_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "SIZES", (2,))
    calls = []

    def quick(*digits, **row):
        calls.append(row)
        return row | {"training": 0.1, "test": 0.2, "stopped": 0.2}

    monkeypatch.setattr(pack, "measured", quick)
    path = pack.main(tmp_path)
    pack.main(tmp_path)
    assert len(calls) == 6 and path.read_text().count("\n") == 7
