"""What all checks share: friendly messages, guarded calls, comparison that names the mistake.

A check is a function decorated with `@exercise`, that takes the student's answer and compares
what it does with what it should do. It returns a sentence (printed in green) or raises
`CheckFailed`, which IPython shows as one friendly message without a traceback. An exercise that
is still empty raises `NotDone`. Global random state, gradient mode and the student's inputs are
as before; an endless loop ends after a stated time.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labkit.checks import words
from labkit.checks.limits import TimeIsUp, time_limit
from labkit.checks.networks import AsItWas
from labkit.checks.words import describe as describe

# Bold, for then JupyterLab takes the darker shade, which stands out on its red background.
GREEN, RED, BOLD, PLAIN = "\x1b[1;32m", "\x1b[1;31m", "\x1b[1m", "\x1b[0m"


class CheckFailed(AssertionError):
    """The answer is not right (yet); the message says what came, what should, and why perhaps."""

    colour, mark = RED, "✗ "

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a traceback."""
        return [f"{self.colour}{self.mark}{self}{PLAIN}"]


class NotDone(CheckFailed):
    """The exercise is still the empty stub."""

    colour, mark = BOLD, "… "


def exercise(check: Callable[..., str]) -> Callable[..., None]:
    """Make a check of a function that returns a praising sentence or raises CheckFailed.

    What it makes hands over what passed: after `check.smooth(smooth)` the cells that follow say
    `smoothgrad = check.smooth.use(explain.smoothgrad)`, which is the student's function once its
    check has passed in this kernel, and labkit's until then or if it failed since.
    `check.smooth.whose` is "your" or "labkit's", for the titles of pictures.
    """

    @functools.wraps(check)
    def guarded(answer: Any = None, *args: Any, **options: Any) -> None:
        __tracebackhide__ = True
        guarded.passed, guarded.whose = None, "labkit's"
        with _state_kept():
            praise = check(answer, *args, **options)
        guarded.passed, guarded.whose = answer, "your"
        print(f"{GREEN}✓ {praise}{PLAIN}")

    def use(ours: Any) -> Any:
        name = guarded.__name__
        if guarded.passed is None:
            print(f"From here on: labkit's {name}, until your check is green.")
            return ours
        print(f"From here on: your {name}.")
        return handed_over(guarded.passed)

    guarded.use, guarded.passed, guarded.whose = use, None, "labkit's"
    return guarded


def handed_over(answer: Any) -> Any:
    """A student's function that gives tensors where it gets tensors; anything else as it is.

    Checks accept lists, arrays and numbers; what comes after them counts on tensors.
    """
    if not callable(answer) or isinstance(answer, type | nn.Module):
        return answer

    @functools.wraps(answer)
    def converting(*args: Any, **options: Any) -> Any:
        result = answer(*args, **options)
        tensors = [v for v in (*args, *options.values()) if isinstance(v, Tensor)]
        return _like(result, tensors[0]) if tensors else result

    return converting


def _alike(items: list) -> bool:
    """Whether they are tensors of one shape, and no weights, which must stay what they are."""
    tensors = [v for v in items if isinstance(v, Tensor) and not isinstance(v, nn.Parameter)]
    return 0 < len(tensors) == len(items) and len({v.shape for v in tensors}) == 1


def _like(result: Any, given: Tensor) -> Any:
    """Numbers, arrays and lists of them as tensors of the kind of `given`; tuples item by item."""
    if isinstance(result, tuple):
        return tuple(_like(item, given) for item in result)
    if isinstance(result, list) and _alike(result):
        result = torch.stack(result)  # with their gradients
    if isinstance(result, Tensor):
        both = result.is_floating_point() and given.is_floating_point()
        return result.to(given.dtype) if both else result
    numbers = isinstance(result, list) and not any(
        isinstance(v, Tensor) and v.dim() for v in result
    )
    if not (numbers or isinstance(result, np.ndarray | np.generic | float | int)):
        return result
    tensor = as_tensor(result, what="the result")
    if np.asarray(_plain(result)).dtype.kind != "f":
        return torch.as_tensor(_plain(result), device=given.device)
    return tensor.to(given.device, given.dtype if given.is_floating_point() else torch.float32)


def call(
    answer: Callable, *args: Any, seconds: float = 10.0, changing: bool = False, **options: Any
) -> Any:
    """answer(*copies of args), with every way to fail turned into CheckFailed or NotDone.

    `seconds` is the time after which an endless loop is stopped. Changing an input in place is
    reported too: the student's function gets copies, and the copies are compared afterwards. A
    network goes in itself; unless the exercise is `changing` it, it must come out as it was.
    """
    if not callable(answer):
        called = " Was it called, with brackets?" if _is_data(answer) else ""
        raise CheckFailed(
            "Please hand over the function itself, as in check.exercise(my_function). What came "
            f"is {describe(answer)}.{called}"
        )
    copies, keywords = [_copy(a) for a in args], {k: _copy(v) for k, v in options.items()}
    given, name = [*args, *options.values()], words.name_of(answer)
    networks = [] if changing else [AsItWas(v) for v in given if isinstance(v, nn.Module)]
    result = _called(answer, copies, keywords, seconds)
    _refuse_changed_inputs(name, given, [*copies, *keywords.values()])
    for network in networks:
        if change := network.change():
            raise CheckFailed(f"{name} {change}")
    return result


def compare(
    got: Any,
    want: Tensor | float,
    *,
    what: str,
    mistakes: Mapping[str, Tensor | float] | Callable[[], Mapping] | None = None,
    rtol: float = 1e-3,
    atol: float = 1e-5,
) -> None:
    """Raise CheckFailed unless `got` equals `want` in shape and value.

    `mistakes` maps a message to the wrong answer it explains: if `got` equals that one, the
    message is what the student reads. The first that matches counts; one that happens to give the
    right answer in this case does not. It may also be a function that gives them, called only then.
    """
    value = as_tensor(got, what=what)
    want = torch.as_tensor(want, dtype=torch.float64)
    if _equal(value, want, rtol, atol):
        return
    for message, wrong in ((mistakes() if callable(mistakes) else mistakes) or {}).items():
        wrong = torch.as_tensor(wrong, dtype=torch.float64)
        if _equal(value, wrong, rtol, atol) and not _equal(wrong, want, rtol, atol):
            raise CheckFailed(f"{what}: {message}")
    if value.shape != want.shape:
        raise CheckFailed(f"{what} should be {words.shape(want)}, but is {words.shape(value)}.")
    if not torch.isfinite(value).all():
        raise CheckFailed(f"{what} holds values that are not finite numbers (nan or inf).")
    wrong = ~torch.isclose(value, want, rtol=rtol, atol=atol)
    raise CheckFailed(words.difference(what, value, want, wrong) + words.hint(value, want))


def as_tensor(got: Any, *, what: str) -> Tensor:
    """A student's number, list, array or tensor -> float64 tensor, detached; else CheckFailed."""
    if got is None:
        raise CheckFailed(f"{what} is None: does the function end with `return ...`?")
    if callable(got) and not isinstance(got, Tensor):
        raise CheckFailed(f"{what} is a function, not a number: was it called, with brackets?")
    try:
        tensor = torch.as_tensor(_plain(got))
        real = None if tensor.is_complex() else tensor.to("cpu", torch.float64)
    except Exception:
        raise CheckFailed(f"{what} should be numbers, but is {describe(got)}.") from None
    if real is None:
        raise CheckFailed(f"{what} should be real, but is complex: take the real part, `.real`.")
    return real


def one_number(got: Any, *, what: str) -> Tensor:
    """What came as a single number, of shape (); CheckFailed for another count.

    >>> float(one_number([0.5], what="The share"))
    0.5
    """
    value = as_tensor(got, what=what)
    if value.numel() != 1:
        raise CheckFailed(
            f"{what} should be one number, but has the shape {tuple(value.shape)}. Is a mean or a "
            "sum missing?"
        )
    return value.reshape(())


def _plain(got: Any) -> Tensor | np.ndarray:
    """Without graph and sparseness; NumPy views, also backward ones, and lists as arrays."""
    if isinstance(got, Tensor):
        got = got.detach()
        return got if got.layout == torch.strided else got.to_dense()
    if isinstance(got, list | tuple) and any(isinstance(item, Tensor) for item in got):
        got = [np.asarray(_plain(item)) for item in got]
    return np.asarray(got).copy(order="C")


@contextmanager
def _state_kept():
    """Random states, gradient mode and number of threads as before, whatever the answer does."""
    python, numpy, threads = random.getstate(), np.random.get_state(), torch.get_num_threads()
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.set_grad_enabled(True)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)


def _called(answer: Callable, copies: list, keywords: dict, seconds: float) -> Any:
    name = words.name_of(answer)
    try:
        with time_limit(seconds):
            return answer(*copies, **keywords)
    except TimeIsUp:
        raise CheckFailed(
            f"{name} had not finished after {seconds:g} s and was stopped. Is there a loop that "
            "never ends? If not, run the cell again: a first call can be slow."
        ) from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | CheckFailed):
            raise
        if isinstance(error, NotImplementedError) and words.is_stub(error):
            done = f"{name}: not done yet. Replace `raise NotImplementedError()`."
            raise NotDone(done) from None
        raised = words.what_was_raised(answer, error, [*copies, *keywords.values()])
        raise CheckFailed(raised) from None


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value.copy() if isinstance(value, np.ndarray | list | dict) else value


def _refuse_changed_inputs(name: str, before: list, after: list) -> None:
    for old, new in zip(before, after, strict=True):
        same = True
        if isinstance(old, Tensor | np.ndarray):
            same = old.shape == new.shape and bool((old == new).all())
        elif isinstance(old, list | dict):
            same = len(old) == len(new)
        if not same:
            copy = "clone" if isinstance(old, Tensor) else "copy"
            raise CheckFailed(
                f"{name} changes its input in place. Work on a copy (`x = x.{copy}()`), or the "
                "caller's data are spoilt."
            )


def _is_data(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | float | int | list | tuple)


def _equal(got: Tensor, want: Tensor, rtol: float, atol: float) -> bool:
    return got.shape == want.shape and torch.allclose(got, want, rtol=rtol, atol=atol)
