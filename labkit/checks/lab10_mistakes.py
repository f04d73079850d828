"""Lab 10: for each exercise the right answer, and the wrong ones that usual mistakes give.

Functions named after an exercise return (right answer, {message: wrong answer}).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from labkit.checks.core import CheckFailed, as_tensor

Wrong = dict[str, Tensor]


def scenes(seed: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures made and true (N, 3, 6, 6), and covers with edges, each of another size."""
    random = torch.Generator().manual_seed(1000 + seed)
    made, truth = torch.rand(2, count, 3, 6, 6, generator=random)
    covers = torch.zeros(count, 1, 6, 6)
    for i, cover in enumerate(covers):
        cover[0, 1 : 4 + i % 3, 1:5] = 0.4
        cover[0, 2 : 3 + i % 3, 2:4] = 1
    return made, truth, covers


def ground_error(made: Tensor, truth: Tensor, covers: Tensor) -> tuple[Tensor, Wrong]:
    """The right errors (N,), and wrong ones."""
    apart = (made - truth).double().abs().mean(1, keepdim=True)
    ground, animal = (covers == 0).double(), (covers == 1).double()

    def over(where: Tensor, apart: Tensor = apart) -> Tensor:
        return (apart * where).sum((1, 2, 3)) / where.sum((1, 2, 3))

    right = over(ground)
    squares = (made - truth).double().square().mean(1, keepdim=True)
    signed = (made - truth).double().mean(1, keepdim=True)
    return right, {
        "this is the error on the animal: the mask is turned round. The ground is covers == 0.": (
            over(animal)
        ),
        "this is the error of the whole picture, the animal included.": apart.mean((1, 2, 3)),
        "the sum over the ground is divided by all pixels. Divide by the number of ground pixels, "
        "or a picture with a large animal looks good.": (apart * ground).mean((1, 2, 3)),
        "the edge of the animal, where 0 < covers < 1, counts as ground here. Leave it out: "
        "covers == 0.": over((covers < 1).double()),
        "pixels count by how little the animal covers them (1 - covers). The edge should not "
        "count at all: covers == 0.": over(1 - covers.double()),
        "this is one number for all pictures. Return one error each: sums over (1, 2, 3), not "
        "over the batch.": (apart * ground).sum() / ground.sum(),
        "this is the mean over the pictures. Return one error each, (N,).": right.mean(),
        "the differences are squared. Take their size, .abs().": over(ground, squares),
        "without .abs(), too bright here and too dark there cancel.": over(ground, signed),
        "the channels are added up, so the error is 3 times too large: the mean over the three "
        "colours.": 3 * right,
        "without keepdim=True, each picture meets the covers of all the others: (N, H, W) times "
        "(N, 1, H, W) is (N, N, H, W).": (apart.mean(1) * ground).sum((1, 2, 3))
        / ground.sum((1, 2, 3)),
        "this is the error on the animal, its edge included. The ground is covers == 0.": (
            over((covers > 0).double())
        ),
        "the mean over the colours comes before .abs(), so too red and too green cancel.": (
            over(ground, signed.abs())
        ),
        "this is a sum. Divide by the number of ground pixels.": (apart * ground).sum((1, 2, 3)),
        "this is a sum over pixels and colours. Divide by both numbers.": (
            3 * (apart * ground).sum((1, 2, 3))
        ),
        "each picture is divided by the ground pixels of all pictures. Sum the mask over "
        "(1, 2, 3), too.": (apart * ground).sum((1, 2, 3)) / ground.sum(),
        "the differences of all pictures are added up. Sum them over (1, 2, 3).": (
            (apart * ground).sum() / ground.sum((1, 2, 3))
        ),
    }


def palettes(seed: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (N, 3, 32, 32) of other brightness and contrast each, and a wanted look."""
    random = torch.Generator().manual_seed(1040 + seed)
    images = torch.rand(count, 3, 32, 32, generator=random)
    images = images * (0.2 + 0.6 * torch.rand(count, 3, 1, 1, generator=random)) + 0.05
    mean = torch.tensor([0.25, 0.5, 0.75])[torch.randperm(3, generator=random)]
    return images, mean, 0.18 + 0.12 * torch.rand(3, generator=random)


def match_colour(images: Tensor, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Wrong]:
    """The right pictures, and wrong ones."""
    x, want, stretch = images.double(), mean[:, None, None].double(), deviation[:, None, None]

    def moved(dims: tuple[int, ...], power: float = 1.0, correction: int = 0) -> Tensor:
        own, spread = x.mean(dims, keepdim=True), x.std(dims, keepdim=True, correction=correction)
        return (x - own) / spread**power * stretch**power + want

    own, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True, correction=0)
    right = moved((2, 3))
    wrong = {
        "they are divided by the variance. Divide by the standard deviation, its root.": (
            (x - own) / spread**2 * stretch + want
        ),
        "variances are used where standard deviations belong.": moved((2, 3), 2.0),
        "mean and deviation are those of the whole batch. Each picture has its own: over the "
        "dimensions (2, 3), with keepdim=True.": moved((0, 2, 3)),
        "the three channels share one mean and one deviation. Each channel has its own: over the "
        "dimensions (2, 3).": moved((1, 2, 3)),
        "they are shifted, not stretched: the deviations are still the old ones.": x - own + want,
        "they are not divided by their own deviation.": (x - own) * stretch + want,
        "they are not stretched to the wanted deviation: times `deviation` is missing.": (
            (x - own) / spread + want
        ),
        "the wanted mean is missing: add `mean` at the end.": (x - own) / spread * stretch,
        "their own mean is not taken away before stretching.": x / spread * stretch + want,
        "the roles of the two deviations are swapped: divide by the picture's own, multiply by the "
        "wanted one.": (x - own) / stretch * spread + want,
        "they are still what came in.": x,
        "mean and deviation are swapped: times `deviation`, plus `mean`.": (
            (x - own) / spread * want + stretch
        ),
        "the way is turned round: the wanted look is taken away, the picture's own put on.": (
            (x - want) / stretch * spread + own
        ),
        "the wanted mean and deviation are taken away. Take away the picture's own, then put these "
        "on.": (x - want) / stretch,
        "they are divided by the wanted deviation, too. Multiply by it.": (
            (x - own) / (spread * stretch) + want
        ),
        "mean and deviation are those of the three colours of a pixel. Take them over the pixels: "
        "the dimensions (2, 3).": moved((1,), correction=1),
        "brackets are missing: (images - own) / spread, not images - own / spread.": (
            (x - own / spread * stretch) + want
        ),
        "they are cut off too early. First stretch and add the mean, then .clamp(0, 1).": (
            ((x - own) / spread).clamp(0, 1) * stretch + want
        ),
        "what is added to the deviation is so large that it shows. 1e-6 will do.": (
            (x - own) / (spread + 0.01) * stretch + want
        ),
    }
    ends = {
        "some numbers leave [0, 1]. End with .clamp(0, 1).": right,
        "some numbers are below 0. End with .clamp(0, 1).": right.clamp_max(1),
        "some numbers are above 1. End with .clamp(0, 1).": right.clamp_min(0),
    }
    wrong = ends | wrong
    cut = {message: picture.clamp(0, 1) for message, picture in wrong.items()}
    both = wrong | {f"{message} ": picture for message, picture in cut.items()}
    return right.clamp(0, 1), both


def table(seed: int) -> tuple[nn.Conv2d, Tensor, Tensor]:
    """A critic of patches, and a few pictures (4, 3, 6, 6), real and forged."""
    random = torch.Generator().manual_seed(1080 + seed)
    critic = nn.Conv2d(3, 1, 3)
    with torch.no_grad():
        critic.weight.copy_(0.5 * torch.randn(critic.weight.shape, generator=random))
        critic.bias.fill_(0.3)
    return critic, *torch.rand(2, 4, 3, 6, 6, generator=random)


def lsgan_losses(real: Tensor, fake: Tensor) -> tuple[tuple[Tensor, Wrong], tuple[Tensor, Wrong]]:
    """Of scores of patches: the critic's loss and the forger's, each with wrong ones."""
    real, fake = real.double(), fake.double()
    far, near = (real - 1).square(), fake.square()
    critic, forger = far.mean() + near.mean(), (fake - 1).square().mean()
    return (
        critic,
        {
            "the targets are swapped: real patches should get 1, forged ones 0.": (
                real.square().mean() + forger
            ),
            "the fakes are missing: they should get 0.": far.mean(),
            "the real pictures are missing: they should get 1.": near.mean(),
            "forged patches get the target 1, too. For the critic it is 0.": far.mean() + forger,
            "it is half of it: add both means, without a factor 1/2.": critic / 2,
            "sums are taken, so larger pictures would count more. Take means.": (
                far.sum() + near.sum()
            ),
            "the differences are not squared: least squares.": (
                (real - 1).abs().mean() + fake.abs().mean()
            ),
            "the mean score is squared, not each score. Square first, then .mean().": (
                (real.mean() - 1).square() + fake.mean().square()
            ),
            "this is the hinge loss of lab 07. Here it is least squares.": (
                (1 - real).relu().mean() + (1 + fake).relu().mean()
            ),
            "this is the cross-entropy of lab 07. Here it is least squares.": (
                softplus(-real).mean() + softplus(fake).mean()
            ),
            "the scores went through a sigmoid. Take them as they are.": (
                (real.sigmoid() - 1).square().mean() + fake.sigmoid().square().mean()
            ),
            "the roots of the means are taken. Leave the squares.": (
                far.mean().sqrt() + near.mean().sqrt()
            ),
            "one mean is subtracted from the other. Add them.": far.mean() - near.mean(),
            "forged patches get the target -1 here. It should be 0.": (
                far.mean() + (fake + 1).square().mean()
            ),
        },
    ), (
        forger,
        {
            "the forger wants its fakes to be taken for real: target 1, not 0.": near.mean(),
            "it is minus what it should be: a loss is made small.": -forger,
            "it is half of it: the mean of the squares, without a factor 1/2.": forger / 2,
            "a sum is taken. Take the mean.": (fake - 1).square().sum(),
            "the difference is not squared.": (fake - 1).abs().mean(),
            "the mean score is squared, not each score. Square first, then .mean().": (
                (fake.mean() - 1).square()
            ),
            "this is minus the squared scores. The forger wants its fakes to get 1, and a loss is "
            "made small.": -near.mean(),
            "the forger wants scores of 1: square their distance from 1, not the scores.": (
                1 - near.mean()
            ),
            "this is the cross-entropy of lab 07. Here it is least squares.": (
                softplus(-fake).mean()
            ),
            "the scores went through a sigmoid. Take them as they are.": (
                (fake.sigmoid() - 1).square().mean()
            ),
            "the root of the mean is taken. Leave the square.": forger.sqrt(),
            "this is minus the mean score, the forger's loss of lab 07. Here it is least "
            "squares.": -fake.mean(),
            "the forger's loss needs the scores of the fakes, not of the real pictures.": (
                far.mean()
            ),
            "the real pictures don't belong here: the forger can't change them.": (
                forger + real.square().mean()
            ),
            "the scores of the real pictures don't belong here: the forger can't change them.": (
                forger + far.mean()
            ),
        },
    )


def refuse_swapped(got: tuple, real: Tensor, fake: Tensor) -> None:
    """CheckFailed if the forger's loss comes first."""
    (critic, _), (forger, _) = lsgan_losses(real, fake)
    first, second = (as_tensor(loss, what="A loss") for loss in got)
    scalars = first.dim() == second.dim() == 0
    if scalars and torch.allclose(torch.stack([second, first]), torch.stack([critic, forger])):
        raise CheckFailed("The two losses are in the wrong order: the critic's first.")


class Tint(nn.Module):
    """A translator of nine numbers: it mixes the colours of a picture (B, 3, H, W)."""

    def __init__(self, seed: int):
        super().__init__()
        random = torch.Generator().manual_seed(1120 + seed)
        self.weight = nn.Parameter(torch.eye(3) + 0.3 * torch.randn(3, 3, generator=random))

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("ij,bjhw->bihw", self.weight, images).tanh()


def translators(seed: int) -> tuple[Tint, Tint, Tensor, Tensor]:
    """Two translators, and three pictures (3, 3, 5, 5) of each season."""
    random = torch.Generator().manual_seed(1160 + seed)
    return Tint(2 * seed), Tint(2 * seed + 1), *torch.rand(2, 3, 3, 5, 5, generator=random)


def there_and_back(there: Callable, back: Callable, summer: Tensor, winter: Tensor) -> Tensor:
    """The right loss, written out."""
    loss = (back(there(summer)) - summer).abs().mean()
    return loss + (there(back(winter)) - winter).abs().mean()


def cycle_loss(
    there: Callable, back: Callable, summer: Tensor, winter: Tensor
) -> tuple[Tensor, Wrong]:
    """The right loss, and wrong ones."""
    right = there_and_back(there, back, summer, winter)
    first, second = back(there(summer)) - summer, there(back(winter)) - winter
    means = first.abs().mean(), second.abs().mean()
    return right, {
        "only the way of the summers is there: add that of the winters, there(back(winter)).": (
            means[0]
        ),
        "only the way of the winters is there: add that of the summers, back(there(summer)).": (
            means[1]
        ),
        "the two translators are swapped: `there` takes summers, `back` takes winters.": (
            there_and_back(back, there, summer, winter)
        ),
        "the way back is compared with the translation, there(summer). Compare it with the "
        "picture that set out.": (
            (back(there(summer)) - there(summer)).abs().mean()
            + (there(back(winter)) - back(winter)).abs().mean()
        ),
        "translations are compared with the other season. The two piles show other places, so "
        "there is no such pair: go back first.": (
            (there(summer) - winter).abs().mean() + (back(winter) - summer).abs().mean()
        ),
        "the way there and back is compared with the other season. Compare it with the picture "
        "that set out.": (
            (back(there(summer)) - winter).abs().mean()
            + (there(back(winter)) - summer).abs().mean()
        ),
        "each picture goes through one translator twice. The way back is the other one.": (
            (there(there(summer)) - summer).abs().mean()
            + (back(back(winter)) - winter).abs().mean()
        ),
        "the differences are squared. Take their size, .abs().": (
            first.square().mean() + second.square().mean()
        ),
        "sums are taken, so larger pictures would count more. Take means.": (
            first.abs().sum() + second.abs().sum()
        ),
        "it is half of it: add both means.": right / 2,
        "without .abs(), too bright and too dark cancel.": first.mean() + second.mean(),
        "one way is subtracted from the other. Add them.": means[0] - means[1],
        "both ways are multiplied. Add them.": means[0] * means[1],
        "these are two losses. Add them.": torch.stack(means),
        "the roots of squares are taken. Take sizes, .abs().": (
            first.square().mean().sqrt() + second.square().mean().sqrt()
        ),
        "winters, too, go `there` first. They set out in winter: `back`, then `there`.": (
            means[0] + (back(there(winter)) - winter).abs().mean()
        ),
        "summers, too, go `back` first. They set out in summer: `there`, then `back`.": (
            (there(back(summer)) - summer).abs().mean() + means[1]
        ),
        "the way of the winters is compared with summers. Compare it with the winters.": (
            means[0] + (there(back(winter)) - summer).abs().mean()
        ),
        "each picture is compared after one translator. Let it take the way back, too.": (
            (there(summer) - summer).abs().mean() + (back(winter) - winter).abs().mean()
        ),
        "this asks that winters stay as they are on the way to winter. Here each picture goes "
        "there and back.": (
            (there(winter) - winter).abs().mean() + (back(summer) - summer).abs().mean()
        ),
        "the ways are weighed (times 10, say). Add them as they are; `fit_piles` weighs them.": (
            10 * right
        ),
    }
