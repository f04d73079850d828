"""Tables that ship: written anew as rows come, read as numbers."""

import pytest

from labkit.nets.shipped import read_numbers, write_rows


def test_a_table_is_written_anew_row_by_row_and_read_as_numbers(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("of another day\n1\n")

    def rows():
        yield {"seed": 10, "error": 0.25}
        assert path.read_text() == "seed,error\n10,0.25\n"  # there before the next is made
        yield {"seed": 11, "error": 0.5}

    assert write_rows(path, rows()) == path
    assert read_numbers(path) == [{"seed": 10.0, "error": 0.25}, {"seed": 11.0, "error": 0.5}]
    assert capsys.readouterr().out == "10 0.25\n11 0.5\n"


def test_a_missing_table_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="install labkit again"):
        read_numbers(tmp_path / "none.csv")
