"""Training a siamese net on balanced batches: `fit`, and `Snapshots` of what f does meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.data.pairs import balanced_batches
from labkit.nets.train import pick_device
from labkit.siamese.losses import batch_hard
from labkit.siamese.net import embed

Loss = Callable[[Tensor, Tensor], Tensor]  # loss(embeddings (B, D), labels (B,)) -> one number


def fit(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    *,
    loss: Loss = batch_hard,
    steps: int = 100,
    classes: int = 10,
    per_class: int = 10,
    lr: float = 2e-3,
    seed: int = 0,
    watch: Callable[[int, nn.Module], object] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> list[float]:
    """Train a model with Adam on batches of `classes` x `per_class` images; returns the losses.

    `data` is (images (N, ...), labels (N,)); each of the `steps` batches goes through the model
    once, and `loss(outputs (B, D), labels (B,))` sees all of it. `watch(step, model)` is called
    before the first step and after each one (see `Snapshots`). The same seed gives the same losses.
    Device as in `labkit.nets.train.fit`; device and mode of the model are as before. ValueError for
    data that no pairs can be made of, FloatingPointError when the loss is not finite.

    >>> train, _ = data.load_digits()
    >>> losses = fit(labkit.siamese.EmbeddingNet(dim=2), train, steps=3, progress=False)
    >>> len(losses)
    3
    """
    images, labels = _checked(data)
    batches = balanced_batches(labels, steps=steps, classes=classes, per_class=per_class, seed=seed)
    device, home, was_training = pick_device(device), _device_of(model), model.training
    optimizer = torch.optim.Adam(model.to(device).parameters(), lr=lr)
    losses: list[float] = []
    try:
        model.train()
        if watch:
            watch(0, model)
        for step, rows in enumerate(_bar(batches, steps, progress), 1):
            batch_loss = loss(model(images[rows].to(device)), labels[rows].to(device))
            losses.append(_finite(batch_loss, step))
            optimizer.zero_grad()
            batch_loss.backward()
            optimizer.step()
            if watch:
                watch(step, model)
    finally:
        model.to(home).train(was_training)
    return losses


class Snapshots:
    """Keeps the embeddings of some images every few steps: hand it to `fit` as `watch`.

    `images` (N, ...); afterwards `steps` is a list of the steps kept and `frames` (steps, N, D)
    their embeddings. `show(step, embeddings)`, if given, is called with each (a live picture).

    >>> snapshots = Snapshots(torch.zeros(5, 1, 28, 28), every=2)
    >>> for step in range(4):
    ...     snapshots(step, labkit.siamese.EmbeddingNet(dim=2))
    >>> snapshots.steps, snapshots.frames.shape
    ([0, 2], torch.Size([2, 5, 2]))
    """

    def __init__(
        self,
        images: Tensor,
        *,
        every: int = 5,
        show: Callable[[int, Tensor], object] | None = None,
    ):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be a whole number of steps, 1 or more, not {every!r}")
        self.images, self.every, self.show = images, every, show
        self.steps: list[int] = []
        self.kept: list[Tensor] = []

    @property
    def frames(self) -> Tensor:
        if not self.kept:
            raise ValueError("nothing was kept yet: hand it to fit as watch")
        return torch.stack(self.kept)

    def __call__(self, step: int, model: nn.Module) -> None:
        if step % self.every == 0:
            self.steps.append(step)
            self.kept.append(embed(model, self.images))
            if self.show:
                self.show(step, self.kept[-1])


def _bar(batches, steps: int, progress: bool):
    from tqdm.auto import tqdm

    return tqdm(batches, total=steps, desc="step", leave=False, disable=not progress)


def _finite(loss: Tensor, step: int) -> float:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise ValueError(f"the loss must be one number, a tensor, not {_shape(loss)}")
    value = float(loss.detach())
    if value != value or value in (float("inf"), float("-inf")):
        raise FloatingPointError(
            f"the loss became {value} at step {step}: the steps are too large, or an image holds "
            "values that are not numbers. Try a learning rate ten times smaller."
        )
    return value


def _checked(data) -> tuple[Tensor, Tensor]:
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise TypeError(f"data must be a pair (images, labels), not {type(data).__name__}")
    images, labels = data
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images for {len(labels)} labels")
    return images, labels


def _device_of(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _shape(value) -> str:
    return f"{type(value).__name__} {tuple(getattr(value, 'shape', ()))}"
