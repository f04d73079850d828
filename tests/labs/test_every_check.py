"""What holds for the check of every exercise of every lab, also of those still to come."""

import sys

import numpy as np
import pytest
import torch
from making import ROOT
from solving import LABS, checks_of, solutions_of

from labkit.checks import CheckFailed, NotDone
from labkit.course import editions

every = pytest.mark.parametrize(
    "lab, name", [(lab, name) for lab in LABS for name in checks_of(lab)]
)


def endless_recursion(*args):
    return endless_recursion(*args)


def generator(*args):
    yield 1


JUNK = {
    "nothing": None,
    "number": 3.0,
    "text": "0.5",
    "tensor": torch.zeros(3),
    "no arguments": lambda: 0,
    "returns None": lambda *a: None,
    "returns text": lambda *a: "half",
    "returns nan": lambda *a: float("nan"),
    "returns nested lists": lambda *a: [[1], [2, 3]],
    "returns a dict": lambda *a: {"dx": 1},
    "returns two Nones": lambda *a: (None, None),
    "returns two texts": lambda *a: ("a", "b"),
    "returns two nans": lambda *a: (torch.full((4000,), float("nan")),) * 2,
    "returns two scalars": lambda *a: (torch.zeros(4000, 2, 3, 2), torch.tensor(0)),
    "returns a function": lambda *a: print,
    "returns a class": lambda *a: torch.Tensor,
    "returns empty": lambda *a: torch.zeros(0),
    "returns huge shape": lambda *a: torch.zeros(1, 1, 1, 1, 1, 1),
    "returns complex": lambda *a: np.array([1j, 2]),
    "raises": lambda *a: 1 / 0,
    "exits": lambda *a: sys.exit(),
    "recursion": endless_recursion,
    "generator": generator,
    "a class": dict,
    "a module": torch,
}


@pytest.mark.parametrize("lab", LABS)
def test_each_exercise_has_a_check_and_each_check_an_exercise(lab):
    cells = editions.read(ROOT / "notebooks" / f"{lab}.ipynb").cells
    called = [c.source for c in cells if "check" in c.metadata.get("tags", [])]
    assert sorted(called) == sorted(f"check.{name}({name})" for name in checks_of(lab))


@every
def test_the_notebooks_solution_passes_and_leaves_the_seed_alone(lab, name, capsys):
    before = torch.random.get_rng_state()
    checks_of(lab)[name](solutions_of(lab)[name])
    assert "✓" in capsys.readouterr().out
    assert torch.equal(before, torch.random.get_rng_state())


@every
def test_the_empty_stub_reads_not_done(lab, name):
    def stub(*args):
        raise NotImplementedError()

    with pytest.raises(NotDone, match="not done yet"):
        checks_of(lab)[name](stub)


@every
@pytest.mark.parametrize("junk", list(JUNK))
@pytest.mark.filterwarnings("ignore")
def test_no_answer_crashes_a_check(lab, name, junk):
    with pytest.raises(CheckFailed):
        checks_of(lab)[name](JUNK[junk])
