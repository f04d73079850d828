"""Training in one loop that can be read aloud: `fit`.

Data are pairs of tensors (images, labels) that fit into memory, as `labkit.data` gives them; what
else may stand for them is in `labkit.nets.fitting`. The loop knows nothing of notebooks beyond a
progress bar, and nothing of plots (see `labkit.plot`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.checkpoints import Checkpoint
from labkit.nets.fitting import (
    Judge,
    as_data,
    check_finite,
    fitted,
    has_batch_norm,
    outputs_of,
    ready,
)
from labkit.nets.modes import eval_mode

Data = tuple[Tensor, Tensor]  # images (N, ...), labels (N,)
Augment = Callable[..., Tensor]  # augment(images, seed=..., indices=...) -> images


class Row(NamedTuple):
    """One epoch: mean losses, and the share of validation images classified right (0 to 1).

    The share is nan where labels are measured numbers, of which none is right or wrong.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float

    def __str__(self) -> str:
        losses = f"{self.train_loss:10.4f}  {self.valid_loss:10.4f}"
        share = "-" if math.isnan(self.valid_accuracy) else f"{self.valid_accuracy:.1%}"
        return f"{self.epoch:5d}  {losses}  {share:>14}"


@dataclass
class History:
    """The rows of all epochs so far; `history.column("valid_loss")` is a list over epochs."""

    rows: list[Row] = field(default_factory=list)
    header = "epoch  train loss  valid loss  valid accuracy"

    def column(self, name: str) -> list[float]:
        return [getattr(row, name) for row in self.rows]

    @property
    def best(self) -> Row:
        """The epoch with the lowest validation loss."""
        return min(self.rows, key=lambda row: row.valid_loss)

    def __str__(self) -> str:
        return "\n".join([self.header, *map(str, self.rows)])


def fit(
    model: nn.Module,
    train: Data,
    valid: Data,
    *,
    epochs: int,
    lr: float = 1e-3,
    batch_size: int = 64,
    seed: int = 0,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    augment: Augment | None = None,
) -> History:
    """Train a model with Adam (Kingma & Ba 2015) on batches in an order given by `seed`.

    `train` and `valid` are pairs (images (N, ...), labels (N,)); NumPy arrays, other dtypes and
    one-hot labels will do. With `patience=p` training ends after p epochs without a lower
    validation loss, and the best epoch's weights come back. With `checkpoint=path` each epoch is
    saved there; the same call again, after a killed kernel, goes on behind it and ends with the
    same numbers as an uninterrupted run. `augment`, such as an `augment.Policy`, perturbs each
    batch: augment(images, seed=new in every epoch, indices=the images' numbers). Under batch norm
    a last batch of one joins the batch before it. The device (CUDA, MPS or CPU) is chosen
    automatically; device and mode of the model and the global random state are as before.
    Raises ValueError for data that do not fit together and for a checkpoint of another run,
    FloatingPointError when a loss is not finite.

    >>> train, valid = labkit.data.load_digits()
    >>> history = fit(LeNet(seed=0), train, valid, epochs=2, progress=False)
    >>> len(history.rows)
    2
    """
    _check(model, augment, epochs=epochs, batch_size=batch_size, patience=patience)
    train, valid = as_data(train, "train"), as_data(valid, "valid")
    say = print if progress else lambda *_: None
    device, home, was_training = pick_device(device), _device_of(model), model.training
    optimizer = torch.optim.Adam(model.to(device).parameters(), lr=lr)
    settings = {} if checkpoint is None else _settings(train, lr, batch_size, seed, augment)
    saved = Checkpoint(checkpoint, model, optimizer, settings)
    try:
        history = History([Row(*values) for values in saved.load()])
        say(history)
        while len(history.rows) < epochs and not _out_of_patience(history, patience):
            epoch = len(history.rows) + 1
            change = augment and partial(augment, seed=_epoch_seed(seed, epoch))
            with _seeded(seed, epoch, device):
                order = _order(len(train[1]), batch_size, joined=has_batch_norm(model))
                batches = _batches(train, order, epoch if progress else None, change)
                train_loss = _train_epoch(model, batches, optimizer, loss, device)
            check_finite("training", train_loss, train[0])
            valid_loss, share = evaluate(model, valid, loss=loss)
            check_finite("validation", valid_loss, valid[0])
            history.rows.append(Row(epoch, train_loss, valid_loss, share))
            saved.save(history.rows, is_best=history.best.epoch == epoch)
            say(history.rows[-1])
        if patience is not None:
            saved.restore_best()
    finally:
        model.to(home).train(was_training)
    return history


def evaluate(
    model: nn.Module,
    data: Data,
    *,
    batch_size: int = 256,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> tuple[float, float]:
    """Mean loss and accuracy (0 to 1) on (images, labels), in eval mode, on the model's device.

    What counts as right for labels that are no classes is told in `fitting.Judge`: a yes or no by
    its side of the threshold, nan for measured numbers.
    """
    images, labels = as_data(data)
    total, right, judge, device = 0.0, 0.0, Judge(labels, loss), _device_of(model)
    with eval_mode(model), torch.no_grad():
        for some, wanted in zip(images.split(batch_size), labels.split(batch_size), strict=True):
            outputs = outputs_of(model, ready(some, model, device))
            wanted = fitted(wanted.to(device), outputs, loss)
            total += loss(outputs, wanted).item() * len(wanted)
            right += judge(outputs, wanted)
    return total / len(labels), right / len(labels)


def accuracy(model: nn.Module, data: Data) -> float:
    """The share of images classified right, 0 to 1, in eval mode; see `evaluate`."""
    return evaluate(model, data)[1]


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """The given device, or the best there is: CUDA, else MPS (Apple), else CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _train_epoch(model, batches: Iterator[Data], optimizer, loss, device) -> float:
    model.train()
    total, count = 0.0, 0
    for images, labels in batches:
        outputs = outputs_of(model, ready(images, model, device))
        batch_loss = loss(outputs, fitted(labels.to(device), outputs, loss))
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
        total, count = total + batch_loss.detach() * len(labels), count + len(labels)
    return float(total) / count


def _order(count: int, size: int, *, joined: bool) -> list[Tensor]:
    """The numbers of all images in a new random order, in batches; a last single one `joined`."""
    order = list(torch.randperm(count).split(size))
    if joined and size > 1 and len(order) > 1 and len(order[-1]) == 1:
        order[-2:] = [torch.cat(order[-2:])]
    return order


def _batches(data: Data, order: list[Tensor], epoch: int | None, change=None) -> Iterator[Data]:
    """The data in this order, under a progress bar unless epoch is None.

    `change`, if given, makes each batch's images other ones: change(images, indices=...).
    """
    from tqdm.auto import tqdm

    images, labels = data
    label = f"epoch {epoch}"
    for index in tqdm(order, desc=label, leave=False, disable=epoch is None, mininterval=0.2):
        batch = images[index]
        yield _changed(batch, change, index) if change else batch, labels[index]


def _changed(images: Tensor, change: Augment, index: Tensor) -> Tensor:
    changed = change(images, indices=index)
    if not isinstance(changed, Tensor) or changed.shape != images.shape:
        got = tuple(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        raise ValueError(f"augment must give images {tuple(images.shape)} back, not {got}")
    return changed


class _seeded:
    """Random numbers from seed and epoch within the block, the global state as before after it."""

    def __init__(self, seed: int, epoch: int, device: torch.device):
        cuda = [device.index or 0] if device.type == "cuda" else []
        self.seed, self.fork = _epoch_seed(seed, epoch), torch.random.fork_rng(devices=cuda)

    def __enter__(self):
        self.fork.__enter__()
        torch.manual_seed(self.seed)

    def __exit__(self, *error):
        return self.fork.__exit__(*error)


def _epoch_seed(seed: int, epoch: int) -> int:
    return seed * 100_003 + epoch


def _out_of_patience(history: History, patience: int | None) -> bool:
    return (
        bool(history.rows)
        and patience is not None
        and (len(history.rows) - history.best.epoch >= patience)
    )


def _settings(train: Data, lr: float, batch_size: int, seed: int, augment) -> dict:
    """What must agree for a checkpoint to be of the same run."""
    name = augment and re.sub(" at 0x[0-9a-fA-F]+", "", repr(augment))  # the same in a new kernel
    images, labels = train
    data = [list(images.shape), _total(images), int(_total(labels))]
    return {"lr": lr, "batch_size": batch_size, "seed": seed, "data": data, "augment": name}


def _total(numbers: Tensor) -> float:
    """The sum in double precision, of a few million at a time: no second copy of all."""
    rows = max(2**22 // max(numbers[0].numel(), 1), 1)
    return sum(float(some.double().sum()) for some in numbers.split(rows))


def _check(model: nn.Module, augment, **numbers: int | None) -> None:
    if augment is not None and not callable(augment):
        raise TypeError(f"augment must be a function or a Policy, not {augment!r}")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("nothing to train: no parameter of the model requires a gradient")
    for name, number in numbers.items():
        if number is not None and (not isinstance(number, int) or number < 1):
            raise ValueError(f"{name} must be a whole number, 1 or more, not {number!r}")


def _device_of(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))
