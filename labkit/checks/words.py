"""The words that checks use: a value, an error, a difference, each in one sentence."""

from __future__ import annotations

import linecache
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CHECKS, TORCH = str(Path(__file__).parent), str(Path(torch.__file__).parent)
HINTS = {  # what PyTorch and Python say -> what it means here
    "does not require grad": "the input needs requires_grad_() before it is used, and nothing on "
    "the way may be cut off by .detach(), .item() or torch.no_grad()",
    "Can't call numpy()": "stay in torch: through NumPy nothing can be trained",
    "Boolean value of Tensor": "`max(0, x)`, `if x`, `and` and `not` want one number; for a whole "
    "tensor take x.clamp_min(0), torch.where, & or ~",
    "bitwise_xor": "a power is **, not ^",
    "a bool tensor is not supported": "numbers are needed here: True and False become 1 and 0 "
    "by .float(), and ~x is the opposite of x",
    "Got: Bool": "numbers are needed here: True and False become 1 and 0 by .float()",
    "multiply sequence": "a tuple can't be multiplied: (slope,) = torch.autograd.grad(...) takes "
    "its one item out",
    "'tuple' object has no": "this is a tuple, of one thing or more: (slope,) = "
    "torch.autograd.grad(...) takes one out",
    "attribute 'register_forward_hook'": "a layer's name is no layer: model.get_submodule(name) is",
    "Net' object is not subscriptable": "model.get_submodule(name) finds a layer by its name",
    "must match the size of tensor": "shapes are laid one over the other from the right: "
    "x[:, None] adds an axis, x[:, :1] keeps one",
    "for 'Bool'": "numbers are needed here: True and False become 1 and 0 by .float()",
}


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


def shape(tensor: Tensor) -> str:
    """'of shape (3, 2)', or 'one number'."""
    return "one number" if tensor.dim() == 0 else f"of shape {tuple(tensor.shape)}"


def is_stub(error: NotImplementedError) -> bool:
    """Whether it is the exercise's own `raise NotImplementedError()`, not one of PyTorch's."""
    frames = traceback.extract_tb(error.__traceback__)
    return not error.args and not (frames and frames[-1].filename.startswith(TORCH))


def what_was_raised(answer: Any, error: BaseException, given: list) -> str:
    """The error, its line in the student's code, and what it may come from."""
    try:
        said = str(error).strip()
    except Exception:
        said = ""
    said = said if len(said) <= 300 else said[:297] + "..."
    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if not frame.filename.startswith(CHECKS)]
    own = [f for f in frames if "ipykernel" in f.filename or f.filename.startswith("<")]
    own = own or [f for f in frames if not f.filename.startswith(TORCH)]
    place = ""
    if own or frames:
        frame = (own or frames)[-1]
        line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
        place = f", at line {frame.lineno}" + (f": {line}" if line else "")
    colon = f": {said}" if said else ""
    name, within = name_of(answer), any("torch/nn" in f.filename for f in frames)
    why = _why(answer, error, said) or (_no_batch(given) if within else "")
    return f"{name} stopped with {type(error).__name__}{colon} ({why or PLAIN_ERROR}{place})"


PLAIN_ERROR = "an error while it ran"


def name_of(answer: Any) -> str:
    """The function's name."""
    return getattr(answer, "__name__", "the function")


def _why(answer: Any, error: BaseException, text: str) -> str:
    if isinstance(error, TypeError) and "positional argument" in text:
        return _wrong_arguments(answer, text)
    if isinstance(error, NameError):
        return "is it defined above, and its cell run"
    if isinstance(error, RecursionError):
        return "does the function call itself without end"
    if isinstance(error, SystemExit):
        return "exit() has no place in an exercise"
    if isinstance(error, TypeError) and text.startswith(("max() received", "maximum()")):
        return "torch.max wants tensors: x.clamp_min(0) is the larger of x and 0"
    if isinstance(error, AttributeError | TypeError) and "tuple" in text:
        return (
            "a tuple came where a tensor should. torch.autograd.grad returns one, an entry for "
            "each input: take its [0], or write (slope,) = ..."
        )
    if isinstance(error, AttributeError) and "." in text.rpartition("attribute")[2].strip(" '."):
        return "a dotted name is found by model.get_submodule(name)"
    return next((hint for said, hint in HINTS.items() if said in text), "")


def _wrong_arguments(answer: Any, text: str) -> str:
    """Too few or too many: of the exercise's own function, or of one that it calls?"""
    if text.partition("(")[0].rpartition(".")[2] == name_of(answer).rpartition(".")[2]:
        return "the exercise's signature must stay as given"
    called = text.partition("(")[0].removesuffix(".forward")
    return f"{called} was called with other arguments than it takes"


def _no_batch(given: list) -> str:
    networks = any(isinstance(value, nn.Module) for value in given)
    images = any(isinstance(value, Tensor) and value.dim() == 3 for value in given)
    if networks and images:
        return "a network takes a batch: image[None] is a batch of one, (1, 3, H, W)"
    return ""


def difference(what: str, got: Tensor, want: Tensor, wrong: Tensor) -> str:
    """Where two tensors of one shape differ; `wrong` (bool) says in which entries they do."""
    if want.dim() == 0:
        right, is_now = _digits(want.item(), got.item())
        return f"{what} should be {right}, but is {is_now}."
    places = wrong.nonzero().tolist()
    shown = []
    for place in places[:3]:
        right, is_now = _digits(want[tuple(place)].item(), got[tuple(place)].item())
        shown.append(f"[{', '.join(map(str, place))}] should be {right}, but is {is_now}")
    dots = "; ..." if len(places) > 3 else "."
    return f"{what}: {len(places)} of {want.numel()} values differ. {'; '.join(shown)}{dots}"


def _digits(want: float, got: float) -> tuple[str, str]:
    """Both numbers with as many digits, 4 or more, as it takes to tell them apart."""
    for digits in range(4, 18):
        pair = f"{want:.{digits}g}", f"{got:.{digits}g}"
        if pair[0] != pair[1]:
            break
    return pair


def hint(got: Tensor, want: Tensor) -> str:
    """A word on a simple relation between wrong and right: sign, factor, order."""
    if torch.allclose(got, -want, rtol=1e-3, atol=1e-6):
        return " The sign is the wrong way round."
    big = want.abs() > want.abs().max() * 1e-3
    if big.any() and want.abs().max() > 0:
        ratio = (got[big] / want[big]).reshape(-1)[0]
        far = ratio != 0 and abs(ratio - 1) > 0.02
        if far and torch.allclose(got, want * ratio, rtol=1e-2, atol=1e-6):
            return f" It is {ratio.item():.4g} times what it should be."
    if want.numel() > 1 and torch.allclose(got.reshape(-1).sort()[0], want.reshape(-1).sort()[0]):
        return " The numbers are right, their order is not."
    return ""
