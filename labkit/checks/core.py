"""What all checks share: friendly messages, guarded calls, comparison that names the mistake.

A check is a function decorated with `@exercise`, that takes the student's answer and compares
what it does with what it should do. It returns a sentence (printed in green) or raises
`CheckFailed`, which IPython shows as one friendly message without a traceback. An exercise that
is still empty raises `NotDone`. Global random state, gradient mode and the student's inputs are
as before; an endless loop ends after a stated time.
"""

from __future__ import annotations

import functools
import linecache
import random
import traceback
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.checks.limits import TimeIsUp, time_limit

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
    """Make a check of a function that returns a praising sentence or raises CheckFailed."""

    @functools.wraps(check)
    def guarded(answer: Any = None, *args: Any, **options: Any) -> None:
        __tracebackhide__ = True
        with _state_kept():
            praise = check(answer, *args, **options)
        print(f"{GREEN}✓ {praise}{PLAIN}")

    return guarded


def call(answer: Callable, *args: Any, seconds: float = 10.0, **options: Any) -> Any:
    """answer(*copies of args), with every way to fail turned into CheckFailed or NotDone.

    `seconds` is the time after which an endless loop is stopped. Changing an input in place is
    reported too: the student's function gets copies, and the copies are compared afterwards.
    """
    if not callable(answer):
        called = " Was it called, with brackets?" if _is_data(answer) else ""
        raise CheckFailed(
            "Please hand over the function itself, as in check.exercise(my_function). What came "
            f"is {describe(answer)}.{called}"
        )
    copies, keywords = [_copy(a) for a in args], {k: _copy(v) for k, v in options.items()}
    name = getattr(answer, "__name__", "the function")
    try:
        with time_limit(seconds):
            result = answer(*copies, **keywords)
    except NotImplementedError:
        raise NotDone(f"{name}: not done yet. Replace `raise NotImplementedError()`.") from None
    except TimeIsUp:
        raise CheckFailed(
            f"{name} had not finished after {seconds:g} s and was stopped. Is there a loop that "
            "never ends?"
        ) from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise CheckFailed(_what_was_raised(name, error)) from None
    _refuse_changed_inputs(name, [*args, *options.values()], [*copies, *keywords.values()])
    return result


def compare(
    got: Any,
    want: Tensor | float,
    *,
    what: str,
    mistakes: Mapping[str, Tensor | float] | None = None,
    rtol: float = 1e-3,
    atol: float = 1e-5,
) -> None:
    """Raise CheckFailed unless `got` equals `want` in shape and value.

    `mistakes` maps a message to the wrong answer it explains: if `got` equals that one, the
    message is what the student reads. The first that matches counts; one that happens to give the
    right answer in this case does not.
    """
    value = as_tensor(got, what=what)
    want = torch.as_tensor(want, dtype=torch.float64)
    for message, wrong in (mistakes or {}).items():
        wrong = torch.as_tensor(wrong, dtype=torch.float64)
        if _equal(value, wrong, rtol, atol) and not _equal(wrong, want, rtol, atol):
            raise CheckFailed(f"{what}: {message}")
    if value.shape != want.shape:
        raise CheckFailed(f"{what} should be {_shape(want)}, but is {_shape(value)}.")
    if not torch.isfinite(value).all():
        raise CheckFailed(f"{what} holds values that are not finite numbers (nan or inf).")
    if not _equal(value, want, rtol, atol):
        hint = _hint(value, want)
        raise CheckFailed(f"{what} should be {_sample(want)}, but is {_sample(value)}.{hint}")


def as_tensor(got: Any, *, what: str) -> Tensor:
    """A student's number, list, array or tensor -> float64 tensor, detached; else CheckFailed."""
    if got is None:
        raise CheckFailed(f"{what} is None: does the function end with `return ...`?")
    if callable(got) and not isinstance(got, Tensor):
        raise CheckFailed(f"{what} is a function, not a number: was it called, with brackets?")
    try:
        tensor = got.detach() if isinstance(got, Tensor) else torch.as_tensor(np.asarray(got))
        tensor = tensor if tensor.layout == torch.strided else tensor.to_dense()
        return tensor.to("cpu", torch.float64)
    except Exception:
        raise CheckFailed(f"{what} should be numbers, but is {describe(got)}.") from None


def describe(value: Any) -> str:
    """A value in a few words, whatever it is: 'a tensor of shape (3, 2)', 'the text ...'."""
    try:
        if value is None:
            return "nothing (None)"
        if isinstance(value, Tensor | np.ndarray):
            kind = "tensor" if isinstance(value, Tensor) else "NumPy array"
            return f"a {kind} of shape {tuple(value.shape)}"
        text = repr(value)
        return f"a {type(value).__name__}: {text if len(text) < 60 else text[:57] + '...'}"
    except Exception:
        return f"a {type(value).__name__}"


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
            raise CheckFailed(
                f"{name} changes its input in place. Work on a copy (`x = x.clone()`), or the "
                "caller's data are spoilt."
            )


def _what_was_raised(name: str, error: BaseException) -> str:
    try:
        said = str(error).strip()
    except Exception:
        said = ""
    said = said if len(said) <= 300 else said[:297] + "..."
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    own = [f for f in frames if "ipykernel" in f.filename or f.filename.startswith("<")]
    place = ""
    if own or frames:
        frame = (own or frames)[-1]
        line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
        place = f", at line {frame.lineno}" + (f": {line}" if line else "")
    colon = f": {said}" if said else ""
    return f"{name} stopped with {type(error).__name__}{colon} ({_kind(error)}{place})"


def _kind(error: BaseException) -> str:
    text = str(error) if isinstance(error, Exception) else ""
    if isinstance(error, TypeError) and "positional argument" in text:
        return "the exercise's signature must stay as given"
    if isinstance(error, NameError):
        return "is it defined above, and its cell run"
    if isinstance(error, RecursionError):
        return "does the function call itself without end"
    if isinstance(error, SystemExit):
        return "exit() has no place in an exercise"
    if isinstance(error, RuntimeError) and "does not require grad" in text:
        return "the input needs requires_grad_() before it is used"
    return "an error while it ran"


def _is_data(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | float | int | list | tuple)


def _equal(got: Tensor, want: Tensor, rtol: float, atol: float) -> bool:
    return got.shape == want.shape and torch.allclose(got, want, rtol=rtol, atol=atol)


def _shape(tensor: Tensor) -> str:
    return "one number" if tensor.dim() == 0 else f"of shape {tuple(tensor.shape)}"


def _sample(tensor: Tensor) -> str:
    values = [f"{v:.4g}" for v in tensor.reshape(-1)[:4].tolist()]
    if tensor.dim() == 0:
        return values[0]
    return f"[{', '.join(values)}{', ...' if tensor.numel() > 4 else ''}]"


def _hint(got: Tensor, want: Tensor) -> str:
    """A word on a simple relation between wrong and right: sign, factor, offset, order."""
    if torch.allclose(got, -want, rtol=1e-3, atol=1e-6):
        return " The sign is the wrong way round."
    big = want.abs() > want.abs().max() * 1e-3
    if big.any() and want.abs().max() > 0:
        ratio = (got[big] / want[big]).reshape(-1)
        if torch.allclose(got, want * ratio[0], rtol=1e-2, atol=1e-6) and ratio[0] != 0:
            return f" It is {ratio[0].item():.4g} times what it should be."
    if want.numel() > 1 and torch.allclose(got.reshape(-1).sort()[0], want.reshape(-1).sort()[0]):
        return " The numbers are right, their order is not."
    return ""
