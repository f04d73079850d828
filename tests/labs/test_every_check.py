"""What holds for the check of every exercise of every lab, also of those still to come."""

import ast
import sys

import numpy as np
import pytest
import torch
from making import ROOT
from solving import LABS, arguments_of, checks_of, handed_over_in, solutions_of

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


@pytest.mark.parametrize("lab", LABS)
def test_each_exercise_is_used_by_what_follows(lab):
    handed = handed_over_in(lab)
    assert set(handed) == set(checks_of(lab))
    assert not {variable for variable, _, _ in handed.values()} & set(handed)


@every
def test_what_stands_in_passes_the_check_and_does_not_give_the_answer_away(lab, name, capsys):
    _, ours, source = handed_over_in(lab)[name]
    checks_of(lab)[name](ours)
    assert "✓" in capsys.readouterr().out
    returned = [ast.unparse(r.value) for r in ast.walk(solution_of(lab, name)) if is_answer(r)]
    assert not [text for text in returned if text in source]


@every
def test_no_other_cell_of_a_students_copy_holds_lines_of_the_solution(lab, name):
    """Before or after: what is to be written can't be copied from a cell beside it."""
    lines = [ast.unparse(line) for line in solution_of(lab, name).body]
    telling = [line for line in lines if len(line) > 30 and not line.startswith(("'", '"'))]
    cells = editions.make(lab, "student").cells
    shown = [c.source for c in cells if c.cell_type == "code" and f"def {name}(" not in c.source]
    plain = [ast.unparse(ast.parse(source)) for source in shown]
    assert not [line for line in telling for source in plain if line in source]


def solution_of(lab, name):
    """The exercise's definition with its solution."""
    cells = editions.read(ROOT / "notebooks" / f"{lab}.ipynb").cells
    cells = [cell for cell in cells if "exercise" in cell.metadata.get("tags", [])]
    found = (n for cell in cells for n in ast.parse(cell.source).body)
    return next(n for n in found if isinstance(n, ast.FunctionDef) and n.name == name)


def is_answer(node):
    return isinstance(node, ast.Return) and not isinstance(node.value, ast.Name | ast.Constant)


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


def as_view(value):
    """Tensors as NumPy views that run backwards (negative strides)."""
    if isinstance(value, torch.Tensor):
        array = value.detach().numpy()
        return np.flip(np.flip(array).copy()) if array.ndim else array
    return tuple(map(as_view, value)) if isinstance(value, tuple) else value


def as_lists(value):
    """Tensors as lists, and those of one number as Python numbers."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return list(map(as_lists, value)) if isinstance(value, tuple) else value


def as_double(value):
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.double()
    return tuple(map(as_double, value)) if isinstance(value, tuple) else value


def as_rows(value):
    """Tensors as lists of tensors, one a row."""
    if isinstance(value, torch.Tensor):
        return [row.clone() for row in value] if value.dim() else value
    return tuple(map(as_rows, value)) if isinstance(value, tuple) else value


def as_columns(value):
    """Tensors whose memory runs column by column; the gradient stays."""
    if isinstance(value, torch.Tensor):
        turned = tuple(reversed(range(value.dim())))
        return value.permute(turned).contiguous().permute(turned)
    return tuple(map(as_columns, value)) if isinstance(value, tuple) else value


STYLES = {
    "view": as_view,
    "lists": as_lists,
    "rows": as_rows,
    "double": as_double,
    "columns": as_columns,
}
KEEP_THE_GRADIENT = {"double", "columns"}
# exercises whose result has a gradient
MUST_TRAIN = {"causal_layer", "contrastive", "gram", "hinge_losses", "kl_divergence"}
MUST_TRAIN |= {"cycle_loss", "ewc_penalty", "lsgan_losses", "reparametrise"}
MUST_TRAIN |= {"nt_xent", "straight_through", "residual"}
A_TENSOR = {"blend", "direction", "peek", "swap"}  # and one that is asked for a tensor itself
A_TENSOR |= {"fgsm", "targeted"}


@every
@pytest.mark.parametrize("style", STYLES)
def test_other_kinds_of_numbers_are_as_good(lab, name, style):
    if (
        name in MUST_TRAIN
        and style not in KEEP_THE_GRADIENT
        or name in A_TENSOR
        and style in ("lists", "rows")
    ):
        pytest.skip("its result is asked for as a tensor")
    solution = solutions_of(lab)[name]
    checks_of(lab)[name](lambda *args: STYLES[style](solution(*args)))


def zeroed(network):
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()


def other_mode(network):
    network.train(not network.training)


def other_mode_within(network):
    part = list(network.modules())[-1]
    part.train(not part.training)


def other_learning(network):
    weight = next(iter(network.parameters()))
    weight.requires_grad_(not weight.requires_grad)


SPOILING = [zeroed, other_mode, other_mode_within, other_learning]
WITH_NETWORK = [
    (lab, name)
    for lab in LABS
    for name in checks_of(lab)
    if {"model", "net", "body", "generator"} & set(arguments_of(lab, name))
    and name not in ("colour", "random_shift", "reservoir")  # whose generator draws numbers
]


@pytest.mark.parametrize("lab, name", WITH_NETWORK)
@pytest.mark.parametrize("spoil", SPOILING)
def test_a_network_must_come_back_as_it_was(lab, name, spoil):
    solution = solutions_of(lab)[name]

    def spoiling(*args):
        result = solution(*args)
        spoil(next(value for value in args if isinstance(value, torch.nn.Module)))
        return result

    with pytest.raises(CheckFailed):
        checks_of(lab)[name](spoiling)


@pytest.mark.parametrize("lab, name", WITH_NETWORK)
def test_zeros_from_a_zeroed_network_are_no_answer(lab, name):
    solution = solutions_of(lab)[name]

    def cheat(*args):
        for network in (value for value in args if isinstance(value, torch.nn.Module)):
            zeroed(network)
        return solution(*args)

    with pytest.raises(CheckFailed):
        checks_of(lab)[name](cheat)


@every
@pytest.mark.parametrize("said", ["with a message", "of torch"])
def test_only_the_stubs_own_error_reads_not_done(lab, name, said):
    def answer(*args):
        if said == "of torch":
            torch.distributions.Distribution(validate_args=False).sample()
        raise NotImplementedError("no such kernel")

    with pytest.raises(CheckFailed, match="stopped with NotImplementedError") as caught:
        checks_of(lab)[name](answer)
    assert not isinstance(caught.value, NotDone)
