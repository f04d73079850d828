"""A classifier that cannot forget: it keeps sums, and a sum doesn't mind the order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def random_features(count: int = 1000, *, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """A function (N, 1, 28, 28) -> (N, count): one layer of random weights, never trained, ReLU."""
    rng = torch.Generator().manual_seed(seed)
    weights = torch.randn(784, count, generator=rng) / 14

    def features(images: Tensor) -> Tensor:
        return (images.flatten(1) @ weights).relu()

    return features


class RunningMeans:
    """The mean of each class, from sums that grow with each example; the nearest mean answers.

    features: a function (N, ...) -> (N, D), default the pixels. With `spread` it keeps one more
    sum, of the products of features, and measures distance by the spread within classes (streaming
    linear discriminant analysis, Hayes & Kanan 2020).

    >>> means = RunningMeans(classes=2)
    >>> means.see(torch.tensor([[0.0], [4.0]]), torch.tensor([0, 1]))
    >>> means.answer(torch.tensor([[1.0]]))
    tensor([0])
    """

    def __init__(
        self,
        features: Callable[[Tensor], Tensor] | None = None,
        *,
        classes: int = 10,
        spread: bool = False,
    ):
        self.features = features or (lambda images: images.flatten(1))
        self.classes, self.spread = classes, spread
        self.counts, self.sums, self.products = torch.zeros(classes).double(), None, None

    def see(self, images: Tensor, labels: Tensor) -> None:
        """Add examples to the sums; their order doesn't matter."""
        found = self.features(images).double()
        if self.sums is None:
            self.sums = found.new_zeros(self.classes, found.shape[1])
            self.products = found.new_zeros(2 * (found.shape[1],)) if self.spread else None
        self.sums.index_add_(0, labels, found)
        self.counts += labels.bincount(minlength=self.classes)
        if self.spread:
            self.products += found.T @ found

    @property
    def means(self) -> Tensor:
        """(classes, D); nan for a class that was never seen."""
        return self.sums / self.counts[:, None]

    def answer(self, images: Tensor, allowed: Tensor | None = None) -> Tensor:
        """The class (N,) whose mean is nearest, of those allowed: bool, (N, classes)."""
        scores = self._scores(self.features(images).double())
        may = self.counts > 0 if allowed is None else allowed & (self.counts > 0)
        return scores.masked_fill(~may, -torch.inf).argmax(1)

    def _scores(self, found: Tensor) -> Tensor:
        means = self.means.nan_to_num()
        if not self.spread:
            return -torch.cdist(found, means)
        slopes = torch.linalg.solve(self._within(), means.T)
        return found @ slopes - (means.T * slopes).sum(0) / 2

    def _within(self) -> Tensor:
        """The covariance (D, D) within classes, with a little more on the diagonal."""
        means = self.means.nan_to_num()
        within = (self.products - (means.T * self.counts) @ means) / self.counts.sum()
        return within + 0.02 * within.diagonal().mean() * torch.eye(len(within)).to(within)


def unmask(features: Callable[[Tensor], Tensor], code: Tensor) -> Tensor:
    """The image (1, 1, 28, 28) whose features (D,) are nearest to the code, found by LBFGS.

    Random features only look like a disguise: who knows the function can search for the image.
    """
    raw = torch.zeros(1, 1, 28, 28, requires_grad=True)
    search = torch.optim.LBFGS([raw], max_iter=100, line_search_fn="strong_wolfe")

    def off() -> Tensor:
        search.zero_grad()
        loss = (features(raw.sigmoid())[0] - code.float()).square().sum()
        loss.backward()
        return loss

    search.step(off)
    return raw.detach().sigmoid()
