"""The game played out: `Game` trains both networks, step by step, and can be stopped at any time.

It holds networks, optimizers and the record of what happened, so that a paused game goes on where
it stood; with a checkpoint also in another kernel. The steps are in `labkit.gan.updates`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from labkit.gan.recipes import QUICK, Recipe
from labkit.gan.updates import average_weights, update_discriminator, update_generator
from labkit.nets.checkpoints import Checkpoint
from labkit.nets.train import pick_device

TOO_LARGE = 1000.0  # mean score or loss of a round that no game comes back from


class Round(NamedTuple):
    """Means over the steps of a round: losses, the cop's scores, and how often the cop was right.

    `caught` is the share of fakes with a score below 0, `passed` that of real images above 0.
    """

    step: int
    cop_loss: float
    forger_loss: float
    real_score: float
    fake_score: float
    passed: float
    caught: float


@dataclass
class Record:
    """The rounds so far; `record.column("caught")` is a list over rounds."""

    rows: list[Round] = field(default_factory=list)

    def column(self, name: str) -> list[float]:
        return [getattr(row, name) for row in self.rows]


class Game:
    """Counterfeiter against cop on `data`, a pair (images (N, 1, 28, 28) in [0, 1], labels (N,)).

    `play(steps)` trains until that many steps are done in all: called again with more, it goes on;
    interrupted, it keeps what it has. Batches and noise of a step depend on `seed` and the step
    alone. A round, `every` steps, is one row of the record; with `checkpoint=path` it is saved
    there, and a new Game with the same path goes on behind it with the same numbers. `generator`
    is the counterfeiter being trained, `forger` the one to use: its running mean, or itself in a
    recipe without. Raises ValueError for data that do not fit and for the checkpoint of another
    run, FloatingPointError when the scores grow out of all bounds or are no longer numbers.

    >>> train, test = labkit.data.load_digits()
    >>> game = labkit.gan.Game(train, seed=0)
    >>> len(game.play(50, progress=False).rows)
    1
    """

    def __init__(
        self,
        data: tuple[Tensor, Tensor],
        *,
        recipe: Recipe = QUICK,
        steps: int = 1200,
        every: int = 50,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        device: str | torch.device | None = None,
    ):
        _check(data, recipe, steps=steps, every=every)
        self.recipe, self.steps, self.every, self.seed = recipe, steps, every, seed
        self.device = pick_device(device)
        self.images, self.labels = (part.to(self.device) for part in data)
        generator, discriminator = recipe.make(seed=seed)
        quick = {"device": self.device, "memory_format": torch.channels_last}  # a fifth less time
        self.generator = generator.to(**quick)
        self.discriminator = discriminator.to(**quick)
        self.forger = copy.deepcopy(self.generator) if recipe.average else self.generator
        self.optimizers = [
            torch.optim.Adam(model.parameters(), lr=lr, betas=recipe.betas)
            for model, lr in (
                (self.generator, recipe.lr_generator),
                (self.discriminator, recipe.lr_discriminator),
            )
        ]
        self.record, self._sums, self.step = Record(), [], 0
        self._saved = self._open(checkpoint)

    def play(
        self,
        steps: int | None = None,
        *,
        watch: Callable[[Game], None] | None = None,
        progress: bool = True,
    ) -> Record:
        """Go on until `steps` (default: those of the game) are done in all; the record so far.

        `watch(game)` is called after every round, to draw or to save something.
        """
        from tqdm.auto import tqdm

        end = self.steps if steps is None else steps
        bar = tqdm(total=end, initial=self.step, desc="steps", leave=False, disable=not progress)
        with bar:
            while self.step < end:
                self._one_step()
                bar.update()
                if self.step % self.every == 0:
                    self._end_round()
                    if watch is not None:
                        watch(self)
        return self.record

    def _one_step(self) -> None:
        images, labels, noise = self._draw()
        self._set_rates()
        forger, cop = self.optimizers
        nets, loss = (self.generator, self.discriminator), self.recipe.losses
        verdict = update_discriminator(*nets, cop, images, labels, noise[0], loss=loss)
        forger_loss = update_generator(*nets, forger, labels, noise[1], loss=loss)
        if self.recipe.average:
            reach = self.recipe.average * self.step  # in steps
            average_weights(self.forger, self.generator, decay=1 - 1 / (1 + reach))
        real, fake = verdict.real, verdict.fake
        shares = [(real > 0).float().mean(), (fake < 0).float().mean()]
        row = [verdict.loss, forger_loss, real.mean(), fake.mean(), *shares]
        self._sums.append(torch.stack(row))
        self.step += 1

    def _draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """The batch of this step, and noise for both updates: (2, B, z_dim)."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + self.step)
        size = self.recipe.batch_size
        index = torch.randint(len(self.labels), (size,), generator=random).to(self.device)
        noise = torch.randn(2, size, self.recipe.z_dim, generator=random).to(self.device)
        return self.images[index], self.labels[index], noise

    def _set_rates(self) -> None:
        """Learning rates: constant, and falling to 0 over the last `fade` of the steps."""
        left = max(0.0, 1 - self.step / self.steps)
        share = min(1.0, left / self.recipe.fade) if self.recipe.fade else 1.0
        rates = (self.recipe.lr_generator, self.recipe.lr_discriminator)
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * share

    def _end_round(self) -> None:
        means = torch.stack(self._sums).mean(0)
        self._sums = []
        _refuse_blown_up(means, self.step)
        self.record.rows.append(Round(self.step, *means.tolist()))
        self._saved.save(self.record.rows, is_best=False)

    def _open(self, path: str | Path | None) -> Checkpoint:
        parts = {"generator": self.generator, "discriminator": self.discriminator}
        if self.recipe.average:
            parts["forger"] = self.forger
        settings = self.recipe.settings() | {"seed": self.seed, "data": _summary(self)}
        settings |= {"steps": self.steps} if self.recipe.fade else {}
        saved = Checkpoint(path, nn.ModuleDict(parts), _Both(self.optimizers), settings)
        self.record.rows = [Round(int(row[0]), *row[1:]) for row in saved.load()]
        self.step = self.record.rows[-1].step if self.record.rows else 0
        return saved


class _Both:
    """Two optimizers whose states are saved and loaded as one: the second's slots follow."""

    def __init__(self, optimizers: list[torch.optim.Optimizer]):
        self.optimizers = optimizers
        counts = [len(o.param_groups[0]["params"]) for o in optimizers]
        self.starts = [0, counts[0]]

    def state_dict(self) -> dict:
        states = zip(self.starts, self.optimizers, strict=True)
        slots = {i + n: slot for n, o in states for i, slot in o.state_dict()["state"].items()}
        return {"state": slots}

    def load_state_dict(self, state: dict) -> None:
        ends = [self.starts[1], 10**9]
        for start, end, optimizer in zip(self.starts, ends, self.optimizers, strict=True):
            own = {i - start: slot for i, slot in state["state"].items() if start <= i < end}
            optimizer.load_state_dict(optimizer.state_dict() | {"state": own})


def _refuse_blown_up(means: Tensor, step: int) -> None:
    size = float(means.abs().max())
    if size < TOO_LARGE:
        return
    finite = bool(means.isfinite().all())
    grown = f"losses or scores have grown to {size:.0e}, where a game stays below 100"
    raise FloatingPointError(
        f"after {step} steps the game has blown up: "
        f"{grown if finite else 'the scores are no longer numbers'}. Try learning rates ten times "
        "smaller, and look at the images for values that are not numbers."
    )


def _summary(game: Game) -> list:
    images, labels = game.images, game.labels
    return [list(images.shape), float(images.double().sum()), int(labels.sum())]


def _check(data, recipe: Recipe, **numbers: int) -> None:
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise TypeError(f"data must be a pair (images, labels), not {type(data).__name__}")
    images, labels = data
    if images.dim() != 4 or images.shape[1:] != (1, 28, 28) or len(images) != len(labels):
        shapes = f"{tuple(images.shape)} and {tuple(labels.shape)}"
        raise ValueError(f"data must be images (N, 1, 28, 28) and labels (N,), not {shapes}")
    if not len(images) or images.min() < 0 or images.max() > 1:
        raise ValueError("data must hold images, with values in [0, 1]")
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a labkit.gan.Recipe, such as QUICK, not {recipe!r}")
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be a whole number, 1 or more, not {number!r}")
