"""`make elsewhere`: comparisons are noted, assertions stay what they were, close ones are told."""

import ast
import json

import elsewhere
import pytest
import rooms
from making import code, notebook


@pytest.fixture
def run(tmp_path):
    """Runs source with its comparisons noted; returns what was noted."""
    path = tmp_path / "rooms.jsonl"

    def run(source):
        tree = rooms.Watcher().visit(ast.parse(source))
        try:
            exec(compile(tree, "cell", "exec"), {rooms.NOTE: rooms.noting(str(path))})
        finally:
            lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines]

    return run


def test_a_comparison_is_noted_with_its_sides_and_room(run):
    noted = run("x = 0.8\nassert x > 0.5 and x < 1")
    assert [(n["text"], n["left"], n["right"]) for n in noted] == [
        ("x > 0.5", 0.8, 0.5),
        ("x < 1", 0.8, 1.0),
    ]
    assert [n["room"] for n in noted] == pytest.approx([0.3, 0.2])


def test_what_fails_still_fails_and_has_no_room(run, tmp_path):
    with pytest.raises(AssertionError, match="too little"):
        run("assert 1 > 2, 'too little'")
    assert json.loads((tmp_path / "rooms.jsonl").read_text())["room"] == -1


def test_chains_stop_at_the_first_that_fails(run):
    assert [n["room"] for n in run("assert 1 < 3 < 4")] == [2, 1]
    with pytest.raises(AssertionError):
        run("assert 5 < 3 < 4")


def test_generators_and_tensors_give_their_least_room(run):
    noted = run("import torch\nt = torch.tensor([3., 5])\nassert (t > 1).all()")
    assert [n["room"] for n in noted] == [2]
    assert len(run("assert all(v > 0 for v in [1, 2, 3])")) == 4  # one was there before


def test_what_is_counted_is_no_bound_of_its_own(run):
    noted = run("import torch\nt = torch.tensor([3., -5])\nassert (t > 1).sum() >= 1")
    assert [n["room"] for n in noted] == [None, 0]
    here = {"AVX2": [dict(n, which=0) for n in noted]}
    assert "t > 1:" not in elsewhere.closest(here)


def test_what_is_no_number_and_what_is_no_assertion_is_left_alone(run):
    assert run("a = 1 < 2\nassert {1} < {1, 2}\nassert 'a' < 'b'\nassert a == 1") == []


def line(left, right, room):
    return {"text": "x > b", "which": 0, "left": left, "right": right, "room": room}


def test_the_closest_comparison_is_told_and_a_thread_named():
    wide = {**line(9.0, 1.0, 8.0), "text": "y > 1"}
    here = {"one thread": [line(0.52, 0.5, 0.02), wide], "AVX2": [line(0.51, 0.5, 0.01), wide]}
    first, second = elsewhere.closest(here).strip().splitlines()
    assert first == "x > b: 0.51 against 0.5 (AVX2), room 2%, moved by 0.01"
    assert "y > 1" in second
    here["AVX2"] = [line(0.501, 0.5, 0.001), wide]
    assert "HANGS BY A THREAD" in elsewhere.closest(here)
    assert elsewhere.closest({"AVX2": []}) == "compares nothing"


@pytest.mark.slow
def test_a_lab_that_fails_goes_on_and_says_where(tmp_path, monkeypatch, capsys):
    made = notebook(
        code("a = 3\nassert a > 2"), code("assert a > 4, 'small'"), code("assert a < 4")
    )
    monkeypatch.setattr(elsewhere.editions, "read", lambda path: made)
    elsewhere.one("tiny", str(tmp_path))
    assert capsys.readouterr().out == "cell cell-1: AssertionError: small\n"
    assert [noted["room"] for noted in elsewhere.read(tmp_path)] == [1, -1, 1]
