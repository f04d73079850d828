"""Recipes: all choices of a game in one place. `QUICK` is the lab's, `TUTORIAL` the usual one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from labkit.gan.losses import LOSSES, Loss
from labkit.gan.nets import Discriminator, Generator


@dataclass(frozen=True)
class Recipe:
    """The choices of a game; `make(seed=...)` builds its two networks.

    `loss` is a key of `labkit.gan.LOSSES`. `width` is the networks' number of channels, `sd` the
    spread of their first weights (0: PyTorch's own), `conditional` whether both know the digit,
    `spectral` and `norm` whether the cop has spectral and batch normalisation. `average` is the
    share of all steps so far that the generator's running mean reaches back (0: no mean), `fade`
    the share of the steps at the end over which the learning rates fall to 0.
    """

    loss: str = "hinge"
    conditional: bool = True
    spectral: bool = True
    norm: bool = False
    width: int = 32
    batch_size: int = 32
    lr_generator: float = 1e-3
    lr_discriminator: float = 2e-3
    betas: tuple[float, float] = (0.0, 0.99)
    average: float = 0.2
    fade: float = 0.0
    z_dim: int = 64
    sd: float = 0.0

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {self.loss!r}")

    @property
    def losses(self) -> Loss:
        return LOSSES[self.loss]

    def make(self, *, seed: int = 0) -> tuple[Generator, Discriminator]:
        """A new generator and a new discriminator; the same seed gives the same weights."""
        common = {"classes": 10 if self.conditional else 0, "width": self.width, "sd": self.sd}
        cop = {"spectral": self.spectral, "norm": self.norm, "seed": seed + 1}
        return Generator(z_dim=self.z_dim, seed=seed, **common), Discriminator(**cop, **common)

    def but(self, **changes) -> Recipe:
        """The same recipe with other choices."""
        return replace(self, **changes)

    def settings(self) -> dict:
        """The choices as plain values, for a checkpoint."""
        return asdict(self) | {"betas": list(self.betas)}


QUICK = Recipe()
TUTORIAL = Recipe(
    loss="logistic",
    conditional=False,
    spectral=False,
    norm=True,
    width=64,
    batch_size=128,
    lr_generator=2e-4,
    lr_discriminator=2e-4,
    betas=(0.5, 0.999),
    average=0.0,
    z_dim=100,
    sd=0.02,
)


def ablations() -> dict[str, Recipe]:
    """The quick recipe, and each time one of its pieces replaced by the tutorial's."""
    slow = {"lr_generator": 2e-4, "lr_discriminator": 2e-4, "betas": (0.5, 0.999)}
    return {
        "the quick recipe": QUICK,
        "without hinge": QUICK.but(loss="logistic"),
        "without spectral norm": QUICK.but(spectral=False, norm=True),
        "without the digit (projection)": QUICK.but(conditional=False),
        "with the tutorial's rates and memory": QUICK.but(**slow),
        "with the tutorial's batches of 128": QUICK.but(batch_size=128),
        "without the running mean": QUICK.but(average=0.0),
        "the tutorial": TUTORIAL,
    }
