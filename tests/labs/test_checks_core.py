"""The frame of all checks: messages, guards, time limit, state; with every kind of wrong answer."""

import random
import signal
import sys
import time

import numpy as np
import pytest
import torch

from labkit.checks.core import (
    CheckFailed,
    NotDone,
    as_tensor,
    call,
    compare,
    describe,
    exercise,
    handed_over,
)


@exercise
def doubled(answer):
    """An exercise: twice the input."""
    for x in (torch.rand(3), torch.rand(2, 2), torch.tensor(0.0)):
        compare(
            call(answer, x, seconds=0.5),
            2 * x,
            what=f"doubled({describe(x)})",
            mistakes={"this is the square, not the double.": x**2 + (x == 0)},
        )
    return "doubled is right."


def swallows_everything(x):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass


def recursive(x):
    return recursive(x)


class Odd:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")


def test_a_right_answer_prints_one_green_line(capsys):
    doubled(lambda x: 2 * x)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "✓ doubled is right." in out and "\x1b[1;32m" in out


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda x: -2 * x, "The sign is the wrong way round"),
        (lambda x: 6 * x, "It is 3 times what it should be"),
        (lambda x: x**2 + (x == 0), "this is the square"),
        (lambda x: x.sum(), "should be of shape .3,., but is one number"),
        (lambda x: x * float("nan"), "not finite"),
        (lambda x: None, "is None: does the function end with `return"),
        (lambda x: "two", "should be numbers, but is a str: 'two'"),
        (lambda x: Odd(), "should be numbers, but is a Odd"),
        (lambda x: [1, [2]], "should be numbers"),
        (lambda x: print, "is a function, not a number"),
        (lambda x: (2 * x).flip(0) if x.dim() else 2 * x, "their order is not"),
        (lambda: 3, "signature must stay as given"),
        (lambda x: x / undefined_name, "is it defined above"),  # noqa: F821
        (lambda x: x.no_such_method(), "stopped with AttributeError"),
        (lambda x: 1 / 0, "stopped with ZeroDivisionError: division by zero"),
        (recursive, "does the function call itself without end"),
        (lambda x: sys.exit(3), "exit.. has no place"),
        (lambda x: x.mul_(2), "changes its input in place"),
        (swallows_everything, "had not finished after 0.5 s"),
    ],
)
def test_a_wrong_answer_is_named(answer, message):
    with pytest.raises(CheckFailed, match=message):
        doubled(answer)


@pytest.mark.parametrize("junk", [None, 3, "text", torch.ones(3), [1, 2], {}, Odd(), object()])
def test_junk_instead_of_a_function(junk):
    with pytest.raises(CheckFailed, match="Please hand over the function itself"):
        doubled(junk)


def test_the_empty_stub_is_not_done_yet():
    def stub(x):
        raise NotImplementedError

    with pytest.raises(NotDone, match="stub: not done yet"):
        doubled(stub)


def test_ipython_shows_one_friendly_message():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for error, start in [
        (CheckFailed("no"), "\x1b[1;31m✗ no"),
        (NotDone("empty"), "\x1b[1m… empty"),
    ]:
        assert error._render_traceback_()[0].startswith(start)
    shown = []
    shell._showtraceback = lambda kind, value, lines: shown.extend(lines)
    shell.user_ns["doubled"] = doubled
    shell.run_cell("doubled(3)")
    InteractiveShell.clear_instance()
    assert len(shown) == 1 and "Please hand over" in shown[0]


def test_state_is_as_before_whatever_the_answer_does():
    def messy(x):
        torch.manual_seed(1)
        random.seed(1)
        np.random.seed(1)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return 2 * x

    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    doubled(messy)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (random.getstate(), np.random.get_state()[1].tolist())
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32


def test_keyboard_interrupt_is_the_students_own():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        doubled(interrupted)


def test_the_alarm_is_off_after_a_call():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(CheckFailed, match="had not finished"):
        doubled(swallows_everything)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def swallows_the_first(x):
    try:
        swallows_everything(x)
    except BaseException:
        swallows_everything(x)


@pytest.mark.parametrize("endless", [swallows_everything, swallows_the_first])
@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_without_alarms_the_limit_works_too(monkeypatch, handler, endless):
    """The way of Windows: another thread interrupts the main one."""
    monkeypatch.delattr(signal, "setitimer")
    before = signal.signal(signal.SIGINT, handler)  # in the background it is ignored
    try:
        with pytest.raises(CheckFailed, match="had not finished"):
            doubled(endless)
        assert signal.getsignal(signal.SIGINT) is handler
        doubled(lambda x: 2 * x)
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_alarms_an_interrupt_is_still_the_students_own(monkeypatch):
    monkeypatch.delattr(signal, "setitimer")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            doubled(lambda x: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)


def test_numbers_come_in_many_forms():
    for two in (2, 2.0, np.float32(2), torch.tensor(2), torch.tensor(2.0, requires_grad=True)):
        compare(two, 2.0, what="it")
    compare([1, 2], torch.tensor([1.0, 2.0]), what="it")
    assert as_tensor(True, what="it").item() == 1


def test_describe_never_fails():
    assert describe(Odd()) == "a Odd"
    assert describe(torch.ones(2, 3)) == "a tensor of shape (2, 3)"
    assert len(describe("x" * 1000)) < 80


def test_a_difference_shows_its_places_and_enough_digits():
    want = torch.arange(12.0).reshape(3, 4)
    got = want.clone()
    got[2, 3], got[1, 0] = 11.02, 5.0
    with pytest.raises(CheckFailed) as caught:
        compare(got, want, what="it")
    assert str(caught.value) == (
        "it: 2 of 12 values differ. [1, 0] should be 4, but is 5; [2, 3] should be 11, but is "
        "11.02."
    )
    with pytest.raises(CheckFailed, match="should be 1, but is 1.00001."):
        compare(1.00001, 1.0, what="it", rtol=1e-9, atol=1e-9)


def test_complex_numbers_are_refused():
    with pytest.raises(CheckFailed, match="take the real part"):
        compare(torch.tensor(1 + 0j), 1.0, what="it")


# What comes next uses what passed


def test_what_passed_is_handed_over_and_what_fails_is_not(capsys):
    def ours(x):
        return 2 * x

    def mine(x):
        return x + x

    assert doubled.use(ours) is ours and doubled.whose == "labkit's"
    assert "labkit's doubled, until your check is green" in capsys.readouterr().out
    doubled(mine)
    assert doubled.use(ours).__wrapped__ is mine and doubled.whose == "your"
    assert "From here on: your doubled." in capsys.readouterr().out
    with pytest.raises(CheckFailed):
        doubled(lambda x: x)
    assert doubled.use(ours) is ours and doubled.whose == "labkit's"


@pytest.mark.parametrize(
    "way, kind",
    [
        (lambda x: (2 * x).tolist(), torch.Tensor),
        (lambda x: (2 * x).numpy(), torch.Tensor),
        (lambda x: [2 * v for v in x], torch.Tensor),
        (lambda x: (2 * x, x.numpy()), tuple),
        (lambda x: [2 * x, x[None]], list),
        (lambda x: 2 * x.double(), torch.Tensor),
    ],
)
def test_arrays_and_lists_are_handed_over_as_tensors(way, kind):
    x = torch.rand(3)
    got = handed_over(way)(x)
    assert type(got) is kind
    first = got if kind is torch.Tensor else got[0]
    assert first.dtype == torch.float32 and torch.equal(first, 2 * x)
    if kind is tuple:
        assert got[1].dtype == torch.float32


def test_a_list_of_pictures_is_handed_over_as_a_batch_and_weights_stay_weights():
    images = torch.rand(4, 3, 5, 5)
    assert torch.equal(
        handed_over(lambda x: [image.flip(2) for image in x])(images), images.flip(3)
    )
    weights = [torch.nn.Parameter(torch.ones(2)) for _ in "ab"]
    assert handed_over(lambda x: weights)(images) is weights


def test_whole_numbers_stay_whole_and_numbers_without_tensors_stay_numbers():
    assert handed_over(lambda x: [1, 2])(torch.rand(2)).dtype == torch.int64
    assert handed_over(lambda x: 2 * x)(1.5) == 3.0
    assert handed_over(3.0) == 3.0


def test_a_handed_over_loss_keeps_its_graph():
    x = torch.rand(3, requires_grad=True)
    handed_over(lambda x: (x**2).sum())(x).backward()
    assert x.grad is not None
    first, second = handed_over(lambda x: [x.sum(), x.max()])(x)
    assert first.requires_grad and second.requires_grad
