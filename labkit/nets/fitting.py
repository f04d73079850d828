"""Data as they come, made fit for a model and a loss; and which of its answers are right.

`labkit.nets.train` is its user. What can be converted without a doubt is (NumPy, float64, int32,
labels (N, 1), one-hot); all else is told in words before torch stumbles.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]

# torch's losses that compare number with number, and the output from which on one means "yes"
EACH = {
    "binary_cross_entropy_with_logits": 0.0,
    "BCEWithLogitsLoss": 0.0,
    "binary_cross_entropy": 0.5,
    "BCELoss": 0.5,
    "mse_loss": 0.5,
    "MSELoss": 0.5,
    "l1_loss": 0.5,
    "L1Loss": 0.5,
    "smooth_l1_loss": 0.5,
    "SmoothL1Loss": 0.5,
    "huber_loss": 0.5,
    "HuberLoss": 0.5,
}
CLASSES = {"cross_entropy", "CrossEntropyLoss", "nll_loss", "NLLLoss"}


def as_data(data, name: str = "data") -> tuple[Tensor, Tensor]:
    """A pair (images, labels) as tensors that share its memory; labels that are whole as int64.

    TypeError for what is no such pair, ValueError where their numbers differ or they look swapped.
    """
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise TypeError(f"{name} must be a pair (images, labels), not {type(data).__name__}")
    images, labels = (_tensor(part, name) for part in data)
    counts = [len(part) if part.dim() else "no" for part in (images, labels)]
    if counts[0] != counts[1] or counts[0] in (0, "no"):
        raise ValueError(f"{name} has {counts[0]} images for {counts[1]} labels")
    if labels.dim() > images.dim():
        shapes = f"{tuple(images.shape)}, {tuple(labels.shape)}"
        raise ValueError(f"{name} must be (images, labels), not the other way round: {shapes}")
    return images, labels if labels.is_floating_point() else labels.long()


def _tensor(part, name: str) -> Tensor:
    if isinstance(part, Tensor):
        return part.detach()
    try:
        if isinstance(part, np.ndarray):
            part = np.require(part, requirements="CW")  # else torch warns, or refuses
        return torch.as_tensor(part)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} must hold tensors or arrays of numbers, not {type(part).__name__} ({error})"
        ) from error


def ready(images: Tensor, model: nn.Module, device: torch.device) -> Tensor:
    """A batch on the device, floats in the dtype of the model's weights."""
    if images.is_floating_point():
        dtypes = (p.dtype for p in model.parameters() if p.dtype.is_floating_point)
        images = images.to(next(dtypes, images.dtype))
    return images.to(device)


def outputs_of(model: nn.Module, images: Tensor) -> Tensor:
    """What the model says to a batch; words in place of torch's errors where it cannot."""
    try:
        outputs = model(images)
    except (RuntimeError, ValueError) as error:
        words = _in_words(error, images)
        if words is None:
            raise
        raise words from error
    if isinstance(outputs, Tensor):
        return outputs
    raise TypeError(
        f"the model returns a {type(outputs).__name__}, not a tensor of logits (B, K): train one "
        "that returns the logits alone"
    )


def _in_words(error: Exception, images: Tensor) -> Exception | None:
    if "more than 1 value per channel" in str(error):
        return ValueError(
            "batch norm cannot learn from a batch of one image: give two images or more, and a "
            "batch_size of 2 or more"
        )
    if images.is_floating_point() or isinstance(error, ValueError):
        return None
    how = "images / 255" if images.dtype == torch.uint8 else "images.float()"
    return TypeError(
        f"the images are {images.dtype}, and this model takes no whole numbers: pass floats in "
        f"[0, 1], such as {how} ({error})"
    )


def fitted(labels: Tensor, outputs: Tensor, loss: Loss) -> Tensor:
    """The labels in the shape and dtype that one of torch's losses wants for these outputs.

    A loss of one's own gets them as they are. ValueError for labels of another shape, or that name
    a class which the model does not have.

    >>> fitted(torch.tensor([1, 0]), torch.zeros(2, 1), nn.BCEWithLogitsLoss())
    tensor([[1.],
            [0.]])
    """
    name = _name(loss)
    if name in EACH:
        if labels.numel() != outputs.numel():
            raise _other_shape(labels, outputs, "compares number with number")
        return labels.reshape(outputs.shape).to(outputs.dtype)
    if name not in CLASSES:
        return labels
    if labels.is_floating_point() or (outputs.dim() == 2 and _are_shares(labels, outputs)):
        if labels.shape != outputs.shape:
            raise _other_shape(labels, outputs, "wants classes as whole numbers, or shares (B, K)")
        return labels.to(outputs.dtype)
    if outputs.dim() == 2 and labels.shape[1:] == (1,):
        labels = labels[:, 0]
    _check_classes(labels, outputs, loss)
    return labels


def _check_classes(labels: Tensor, outputs: Tensor, loss: Loss) -> None:
    """ValueError unless there is one class for each row of logits, and the model has it."""
    if outputs.dim() < 2 or labels.shape != outputs.shape[:1] + outputs.shape[2:]:
        raise _other_shape(labels, outputs, "wants logits (B, K) and one class for each")
    low, high = map(int, labels.aminmax())
    if low < 0 or high >= outputs.shape[1]:
        used = labels[labels != getattr(loss, "ignore_index", -100)]
        low, high = map(int, used.aminmax()) if len(used) else (0, 0)
    if low < 0 or high >= outputs.shape[1]:
        raise ValueError(
            f"labels must be classes from 0 to {outputs.shape[1] - 1}, for the model has "
            f"{outputs.shape[1]} outputs, but they go from {low} to {high}"
        )


def _other_shape(labels: Tensor, outputs: Tensor, wants: str) -> ValueError:
    return ValueError(
        f"this loss {wants}, but the model gives {tuple(outputs.shape)} for labels "
        f"{tuple(labels.shape)}"
    )


class Judge:
    """How many answers of a batch are right; what right means is told by all labels and the loss.

    Classes: the largest logit's. Shares of classes, such as one-hot: the largest logit is at the
    largest share. Numbers that are all 0 or 1 (or -1 and 1): yes where the output is above 0, or
    above 0.5 for a loss that is not on logits; several for an image count by their share. Measured
    numbers are never right or wrong: nan.

    >>> judge = Judge(torch.tensor([1.0, 0.0]), nn.BCEWithLogitsLoss())
    >>> judge(torch.tensor([[2.0], [3.0]]), torch.tensor([[1.0], [0.0]]))
    1.0
    """

    def __init__(self, labels: Tensor, loss: Loss):
        self.yes_from = EACH.get(_name(loss), 0.0)
        self.yes_or_no = bool(((labels == 0) | (labels == 1)).all() or (labels.abs() == 1).all())
        self.shares = labels.dim() == 2 and _are_shares(labels, labels)
        self.whole = not labels.is_floating_point() or bool((labels == labels.round()).all())

    def __call__(self, outputs: Tensor, labels: Tensor) -> float:
        several = outputs.dim() >= 2 and outputs.shape[1] > 1
        if self.shares and labels.shape == outputs.shape:
            hits = outputs.argmax(1) == labels.argmax(1)
        elif self.whole and several and labels.shape == outputs.shape[:1] + outputs.shape[2:]:
            hits = outputs.argmax(1) == labels
        elif self.yes_or_no and labels.numel() == outputs.numel():
            hits = (outputs > self.yes_from) == (labels.reshape(outputs.shape) > 0)
        else:
            return float("nan")
        return float(hits.float().reshape(len(hits), -1).mean(1).sum())


def _are_shares(labels: Tensor, outputs: Tensor) -> bool:
    """Whether these are shares of two classes or more, each row adding up to 1."""
    if labels.shape != outputs.shape or labels.shape[1] < 2 or (labels < 0).any():
        return False
    return bool((labels.float().sum(1) - 1).abs().lt(1e-3).all())


def _name(loss: Loss) -> str:
    loss = getattr(loss, "func", loss)  # of a functools.partial
    return getattr(loss, "__name__", type(loss).__name__)


def has_batch_norm(model: nn.Module) -> bool:
    """Whether a batch of a single image would tell some layer of the model nothing."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


def check_finite(which: str, loss: float, images: Tensor) -> None:
    """FloatingPointError for a loss that is no number: the images' fault, or too large steps."""
    if math.isfinite(loss):
        return
    bad = (~images.isfinite()).flatten(1).any(1).sum() if images.is_floating_point() else 0
    why = "the steps are too large, or the loss is undefined for some of these labels"
    hint = "Try a learning rate ten times smaller"
    if bad:
        why = f"{int(bad)} of the {len(images)} images hold values that are not finite numbers"
        hint = "Look at images.isfinite(), and leave those out"
    raise FloatingPointError(f"the {which} loss became {loss}: {why}. {hint}.")
