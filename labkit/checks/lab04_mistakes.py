"""Lab 04: the wrong answers that usual mistakes give, {message: answer}, and what errors mean.

`labkit.checks.lab04` compares. The messages end up in front of students.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.augment import Policy
from labkit.checks.core import CheckFailed, call

BACKWARDS = {
    "step must be greater than zero": (
        "Tensors can't be sliced backwards, as in `[::-1]`. Use .flip(dimension)."
    )
}
ONE_ANGLE = {
    "converted to Python scalars": (
        "math.cos and torch.tensor([[...]]) want single numbers; `angles` holds one for each "
        "image. Use torch.cos, torch.sin and torch.stack."
    )
}
_SLICES = (
    "In a slice a negative number counts from the end. Enlarge the images by F.pad(images, "
    "[most] * 4); there a window begins at 0 to 2 * most, and has H rows and W columns."
)
WINDOWS = {
    "must be tuple of ints": "F.pad wants one number for each side: [most] * 4.",
    "only integer tensors of a single element": "a slice takes one number: go through the images "
    "one by one, then torch.stack.",
    "stack expects each tensor to be equal size": f"the windows differ in size. {_SLICES}",
    "must match the existing size": f"the two sides differ in size. {_SLICES}",
}
OF_IMAGES = {
    "Dimension out of range": (
        "does `change` get the network's answers, or one image alone? It changes a batch of "
        "images: model(change(images))."
    )
}


def explained(answer: Callable, why: Mapping[str, str], *args: Any) -> Any:
    """call(answer, *args), where an error with a known text is told by its reason."""
    try:
        return call(answer, *args)
    except CheckFailed as failed:
        reason = next((told for said, told in why.items() if said in str(failed)), None)
        if reason is None:
            raise
    raise CheckFailed(reason)


def of_mirror(images: Tensor) -> dict[str, Tensor]:
    """What usual mistakes give in place of the mirror image."""
    half, last = images.shape[3] // 2, images.shape[3] - 1
    read = [min(column, last - column) for column in range(last + 1)]
    return {
        "nothing has changed.": images,
        "top and bottom are swapped. Left and right run along the last dimension.": images.flip(2),
        "left and right are swapped, and so are top and bottom: that's a half turn.": (
            images.flip(2, 3)
        ),
        "the order of the images in the batch is reversed; the images haven't changed.": (
            images.flip(0)
        ),
        "the channels are reversed, not the columns.": images.flip(1),
        "the images are mirrored, but their order in the batch is reversed, too.": (
            images.flip(0, 3)
        ),
        "the columns are reversed, but so are the channels.": images.flip(1, 3),
        "everything is reversed. Only the last dimension should be.": images.flip(0, 1, 2, 3),
        "this is the negative, 1 - images, not the mirror image.": 1 - images,
        "rows and columns are exchanged. A mirror reverses the columns.": images.mT,
        "the halves are exchanged. A mirror reverses all columns.": (
            torch.cat([images[..., half:], images[..., :half]], 3)
        ),
        "the columns move by one. A mirror reverses them.": images.roll(1, 3),
        "the first column stays where it is: column c comes from W - 1 - c, not from -c.": (
            images.flip(3).roll(1, 3)
        ),
        "the right half is a copy of what the left half has become. Read from `images`, and write "
        "into another tensor.": images.flip(3)[..., read],
        "this is the mean of the images and their mirror images.": (images + images.flip(3)) / 2,
    }


def matrix(radians: Tensor, *, low: float = 1, high: float = -1) -> Tensor:
    """(B, 2, 3): cos, high * sin; low * sin, cos; and no shift."""
    cos, sin, zero = radians.cos(), radians.sin(), torch.zeros_like(radians)
    rows = [torch.stack([cos, high * sin, zero], 1), torch.stack([low * sin, cos, zero], 1)]
    return torch.stack(rows, 1)


def of_turns(angles: Tensor) -> dict[str, Tensor]:
    """What usual mistakes give in place of the matrices."""
    radians, count = torch.deg2rad(angles), len(angles)
    upper, lower = torch.tensor([[1.0], [0]]), torch.tensor([[0], [1.0]])
    return {
        "all matrices are those of the first angle. Each image has its own.": (
            matrix(radians[:1]).expand(count, -1, -1)
        ),
        "the third column is the shift: zeros, not ones.": (
            matrix(radians) + torch.tensor([0.0, 0.0, 1.0])
        ),
        "pi is missing: radians are degrees times pi / 180.": matrix(angles / 180),
        "pi is rounded. Use torch.pi, or torch.deg2rad.": matrix(3.14 * angles / 180),
        "the angles are in degrees; torch.cos and torch.sin want radians.": matrix(angles),
        "this turns clockwise: the minus belongs to the other sine. The matrix says where a "
        "pixel comes from, and y points down.": matrix(-radians),
        "this turns clockwise, and the angles are in degrees; torch.cos and torch.sin want "
        "radians.": matrix(-angles),
        "the angles are multiplied by 180 / pi; degrees to radians is pi / 180.": (
            matrix(torch.rad2deg(angles))
        ),
        "this turns by twice the angle: degrees to radians is pi / 180.": matrix(2 * radians),
        "this turns by half the angle: degrees to radians is pi / 180.": matrix(radians / 2),
        "both sines have the same sign: that's not a turn, lengths change.": (
            matrix(radians, low=1, high=1)
        ),
        "both sines are negative: that's not a turn, lengths change.": (
            matrix(radians, low=-1, high=-1)
        ),
        "cosine and sine have swapped places.": matrix(torch.pi / 2 - radians),
        "the two rows are swapped.": matrix(radians).flip(1),
        "the second row is missing.": matrix(radians) * upper,
        "the first row is missing.": matrix(radians) * lower,
        "the second row lacks its cosine.": (
            matrix(radians) - F.pad(radians.cos()[:, None, None], (1, 1, 1, 0))
        ),
        "all angles are taken as positive.": matrix(radians.abs()),
    }


def of_shape_of_turns(shape: torch.Size, count: int) -> str | None:
    """What is wrong with the shape of the matrices, if it's known."""
    stacked = "Stack the numbers of a row along dimension 1, then the two rows along dimension 1."
    told = {
        (count, 2, 2): "the third column is missing. It's the shift: two zeros.",
        (count, 3, 3): "F.affine_grid wants the first two rows only: (B, 2, 3).",
        (2, 3, count): "one matrix an image, so the images come first: (B, 2, 3).",
        (2, 2, count): "one matrix an image, so the images come first: (B, 2, 3).",
        (count, 3, 2): "each matrix has its rows as columns: (B, 3, 2). Stack the two rows along "
        "dimension 1.",
        (2, count, 3): f"one matrix an image, so the images come first: (B, 2, 3). {stacked}",
        (3, 2, count): f"one matrix an image, so the images come first: (B, 2, 3). {stacked}",
        (2, 3): "that's one matrix. Each image has its own: (B, 2, 3).",
        (count, 6): "the six numbers stand in one row. Each matrix has two: (B, 2, 3).",
    }
    return None if shape == (count, 2, 3) else told.get(tuple(shape))


def of_kept(model: nn.Module, images: Tensor, change: Callable) -> dict[str, Any]:
    """What usual mistakes give in place of the share of answers that stay."""
    with torch.no_grad():
        old, new = model(images), model(change(images))
    first, second = old.argmax(1), new.argmax(1)
    stays, probs = first == second, new.softmax(1)
    share = stays.double().mean()
    return {
        "that's the share of the answers that change. Which stay?": 1 - share,
        "that's how many answers stay. Divide by the number of images.": stays.sum(),
        "that's how many stay, divided by the number of classes. Divide by the number of images.": (
            stays.sum() / old.shape[1]
        ),
        "that's the share in percent. Return a number from 0 to 1.": 100 * share,
        "that's True or False for each image. Their mean is the share.": stays,
        "nothing stays. Compare the answers, argmax(1), image by image.": 0.0,
        "everything stays: is `change` used, once, and on one side only?": 1.0,
        "each answer is compared with all others (`keepdim`, or one more dimension). Compare two "
        "tensors of shape (B,).": (first[:, None] == second).double().mean(),
        "that's how far the logits move. Compare the answers, argmax(1).": (old - new).abs().mean(),
        "the smallest logit is compared. The answer is the largest, argmax(1).": (
            (old.argmin(1) == new.argmin(1)).double().mean()
        ),
        "that's the probability of the old answer after the change. Compare the answers.": (
            probs[torch.arange(len(images)), first].mean()
        ),
        "that's how alike the logits are. Compare the answers, argmax(1).": (
            F.cosine_similarity(old, new).mean()
        ),
    }


def of_average(model: nn.Module, images: Tensor, policy: Policy, copies: int) -> dict[str, Tensor]:
    """What usual mistakes give in place of the mean of the copies' probabilities."""
    with torch.no_grad():
        more = torch.stack([model(policy(images, seed=k)) for k in range(17)])
        plain = model(images)
        together = model(torch.stack([policy(images, seed=k) for k in range(copies)]).mean(0))
        repeated = model(policy(images.repeat(copies, 1, 1, 1), seed=0)).softmax(1)
    logits, every = more[:copies], more.softmax(-1)
    probs = every[:copies]
    mistakes = {
        "the copies' logits are averaged before softmax. Turn each copy's logits into "
        "probabilities first; otherwise one loud copy outvotes the others.": (
            logits.mean(0).softmax(-1)
        ),
        "the copies themselves are averaged, and the network sees one blurred image. Ask it "
        "about each copy, then average its answers.": together.softmax(-1),
        "these are mean logits: softmax is missing.": logits.mean(0),
        "the probabilities are added up: divide by the number of copies.": probs.sum(0),
        "all copies are the same: give each its own seed, policy(images, seed=k).": probs[0],
        "all copies are the same, with seed=copies: give each its own, seed=k.": every[copies],
        "all copies come from one call with seed 0. Copy number k is policy(images, seed=k).": (
            repeated.view(copies, len(images), -1).mean(0)
        ),
        "this is the answer for the images themselves: no copy was made.": plain.softmax(-1),
        "the seeds begin at 1; the exercise says 0 to copies - 1.": every[1 : copies + 1].mean(0),
        "softmax runs over the images, not over the classes: dim=1.": logits.softmax(1).mean(0),
        "softmax runs over the copies, not over the classes, which are last.": (
            logits.softmax(0).mean(0)
        ),
        "softmax is taken twice.": probs.mean(0).softmax(-1),
        "sigmoid treats each class by itself. Take softmax over the classes.": (
            logits.sigmoid().mean(0)
        ),
        "these are the probabilities of every copy: take their mean over the copies.": probs,
        "the mean runs over the images. It should run over the copies.": probs.mean(1),
        "the mean runs over the classes. It should run over the copies.": probs.mean(2),
        "the mean runs over everything. It should run over the copies only.": probs.mean(),
        "images and copies have changed places. Copies come first after torch.cat: "
        ".view(copies, B, K).": probs.flatten(0, 1).view(len(images), copies, -1).mean(1),
        "only the class comes back. Return all probabilities.": probs.mean(0).argmax(-1),
        "only the largest probability comes back. Return all of them.": probs.mean(0).amax(-1),
        "one copy is missing: seeds 0 to copies - 1.": probs[:-1].mean(0),
        "there is one copy too many: seeds 0 to copies - 1.": every[: copies + 1].mean(0),
        "the first copy is missing: its seed is 0.": probs[1:].mean(0),
        "the images themselves count, too. Only the copies should.": (
            torch.cat([plain.softmax(-1)[None], probs]).mean(0)
        ),
        "only the last copy counts: add up inside the loop, and return after it.": probs[-1],
        "only the first copy counts: `return` belongs after the loop.": probs[0] / copies,
        "that's the largest probability over the copies. Take the mean.": probs.amax(0),
        "that's the median over the copies. Take the mean.": probs.median(0).values,
        "that's the share of the copies' votes. Average their probabilities.": (
            F.one_hot(probs.argmax(-1), probs.shape[-1]).float().mean(0)
        ),
        "these are logarithms. Return the probabilities.": probs.mean(0).log(),
        "the logarithms of the probabilities are averaged. Average the probabilities.": (
            logits.log_softmax(-1).mean(0)
        ),
        "that's the geometric mean: logarithms are averaged. Average the probabilities.": (
            logits.log_softmax(-1).mean(0).exp()
        ),
        "each copy is made from the one before. Make all of them from `images`.": (
            _of_chain(model, images, policy, copies)
        ),
    }
    return mistakes | {
        f"{n} copies are averaged, whatever `copies` says.": every[:n].mean(0)
        for n in (3, 8, 10, 16)
    }


def _of_chain(model: nn.Module, images: Tensor, policy: Policy, copies: int) -> Tensor:
    """The mean answer when each copy is a copy of the one before."""
    found = []
    for k in range(copies):
        images = policy(images, seed=k)
        found.append(model(images).detach().softmax(1))
    return torch.stack(found).mean(0)
