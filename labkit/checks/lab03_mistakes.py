"""Lab 03: right answers, and for each exercise the wrong ones that usual mistakes give.

The mistakes are {message: wrong answer}; `labkit.checks.lab03` compares.
"""

from __future__ import annotations

import torch
from torch import Tensor


def on_background(images: Tensor, masks: Tensor, background: Tensor) -> Tensor:
    """The pixels of images (B, 3, H, W) in their masks (B, H, W), elsewhere the background."""
    return images.where(masks[:, None], background)


def solved(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    """Return the ridge weights (K,) of centred x (N, K) and y (N,)."""
    return torch.linalg.pinv(x.T @ x + ridge * torch.eye(x.shape[1])) @ (x.T @ y)


def fit_mistakes(on: Tensor, answers: Tensor, ridge: float) -> dict[str, Tensor]:
    """Wrong weights (K,) for LIME's fit."""
    x, y = on - on.mean(0), answers - answers.mean()
    ones = torch.cat([on, torch.ones(len(on), 1)], 1)
    right, punished = solved(x, y, ridge), solved(ones, answers, ridge)
    intercept = (answers.mean() - on.mean(0) @ right)[None]
    shown = on.sum(0)
    apart = on.T @ answers / shown - (1 - on).T @ answers / (len(on) - shown)
    scale = on.std(0, correction=0).clamp_min(1e-9)
    free = "the intercept is under the penalty too. Subtract the means of x and y first."
    return {
        "there is no intercept: subtract from each column of x its mean over the samples, and from "
        "y its mean.": solved(on, answers, ridge),
        "only y is centred. Subtract from each column of x its mean over the samples too.": (
            solved(on, y, ridge)
        ),
        free: punished[:-1],
        f"{free} And give the K weights only.": punished,
        "the intercept is among them. Give the K weights only.": torch.cat([right, intercept]),
        "the intercept is among them, in front. Give the K weights only.": torch.cat(
            [intercept, right]
        ),
        "the ridge is missing: x.T @ x + ridge * torch.eye(K).": solved(x, y, 0.0),
        "the ridge is added to every entry of x.T @ x, not to the diagonal alone: ridge * "
        "torch.eye(K).": torch.linalg.pinv(x.T @ x + ridge) @ (x.T @ y),
        "the ridge has the wrong sign.": solved(x, y, -ridge),
        "the ridge is squared: the penalty is ridge times the sum of squares.": (
            solved(x, y, ridge**2)
        ),
        "`ridge` is not used: 1.0 stands in its place.": solved(x, y, 1.0),
        "the ridge is multiplied by the number of samples: the errors are summed, not averaged.": (
            solved(x, y, ridge * len(on))
        ),
        "all weights have the wrong sign: x is 1 where a superpixel is shown, not where it is "
        "hidden.": -right,
        "the signs are lost. A piece may speak against a class: no abs().": right.abs(),
        "this is the mean answer with each superpixel minus the mean without it. Others are hidden "
        "at the same time: fit all weights together.": apart,
        "x is centred row by row. Each superpixel's mean is over the samples, .mean(0).": solved(
            on - on.mean(1, keepdim=True), y, ridge
        ),
        "the columns are divided by their standard deviation. Only subtract their means.": (
            solved(x / scale, y, ridge)
        ),
        "the columns are standardised. Only subtract their means; don't divide.": solved(
            x / on.std(0).clamp_min(1e-9), y, ridge
        ),
        "x.mean() is one mean over everything. Each superpixel has its own: .mean(0).": solved(
            on - on.mean(), y, ridge
        ),
        "this is x.T @ y. It lacks the solution of the linear system.": x.T @ y,
        "each piece is fitted by itself. Others are hidden at the same time: solve one system for "
        "all weights together.": (x.T @ y) / (x.square().sum(0) + ridge),
        "x holds -1 and 1. It is 1 where a superpixel is shown and 0 where it is hidden.": solved(
            2 * x, y, ridge
        ),
    }


def swap_mistakes(images: Tensor, masks: Tensor, background: Tensor) -> dict[str, Tensor]:
    """Wrong counterfactuals of images (B, 3, H, W)."""
    inside = masks[:, None].double()
    old, new = images.double(), background.double()
    mistakes = {
        "the mask is the wrong way round: it is True on the animal, which stays.": (
            old * (1 - inside) + new * inside
        ),
        "outside the animal it is black. Put the background there.": old * inside,
        "the background lies over the animal too: use it only where the mask is False.": (
            old * inside + new
        ),
        "the animal is a hole: it should stay as it is.": (new * (1 - inside)).expand_as(old),
        "the old ground shines through: the background is added to it. Put it in its place.": (
            old + new * (1 - inside)
        ),
        "this is the background alone.": new.expand_as(old),
        "this is one background. Give one image for each animal, (B, 3, H, W).": new,
        "images and background are averaged. Take one or the other at each pixel.": (old + new) / 2,
        "these are the images as they came.": old,
        "the background is one colour, its own mean. Take it pixel by pixel.": (
            old * inside + new.mean((1, 2), keepdim=True) * (1 - inside)
        ),
        "the first image's mask is used for all. Each image has its own: masks[:, None].": (
            old * inside[:1] + new * (1 - inside[:1])
        ),
    }
    if len(masks) == 3:
        crossed = torch.where(masks, images, background)
        mistakes[
            "masks (B, H, W) was stretched to (1, B, H, W): with three images, image i's mask is "
            "used for colour i. Give it an axis for the colours: masks[:, None]."
        ] = crossed
    return mistakes


def shares_in(heats: Tensor, masks: Tensor) -> Tensor:
    """The share of heat i within mask j: (B, B)."""
    inside = torch.einsum("ihw,jhw->ij", heats.double(), masks.double())
    return inside / heats.double().sum((1, 2))[:, None]


def _others(masks: Tensor) -> Tensor:
    """Where any other mask is: (B, H, W)."""
    return (masks.sum(0) - masks.int()) > 0


def own_minus_others(shares: Tensor) -> Tensor:
    """Each heat's own share minus the mean of the others, (B,), of shares (B, B)."""
    own = shares.diagonal()
    return own - (shares.sum(1) - own) / (len(shares) - 1)


def score_mistakes(heats: Tensor, masks: Tensor) -> dict[str, Tensor]:
    """Wrong fair scores (B,) of heats and masks (B, H, W)."""
    shares, count = shares_in(heats, masks), len(heats)
    own, area = shares.diagonal(), masks.double().mean((1, 2))
    right = own_minus_others(shares)
    others = (shares.sum(1) - own) / (count - 1)
    inside = torch.einsum("ihw,jhw->ij", heats.double(), masks.double())
    return {
        "this is the share in its own mask alone. A blob in the middle still gets a lot: subtract "
        "its mean share in the other masks.": own,
        "the own share is divided by the mask's area (lift). A blob in the middle still gets more "
        "than 1 where masks lie in the middle. Subtract the share in the other masks.": own / area,
        "the mask's area is subtracted. A blob in the middle still scores well: subtract the "
        "share in the other masks instead.": own - area,
        "the mean over all masks is subtracted, its own included. Leave that one out: divide by "
        "B - 1.": own - shares.mean(1),
        "the sum over the others is divided by B, not by B - 1.": (
            own - (shares.sum(1) - own) / count
        ),
        "the shares in the others are summed. Take their mean.": own - (shares.sum(1) - own),
        "these are the other heats in this mask. You need this heat in the other masks: sum along "
        "the other dimension.": own - (shares.sum(0) - own) / (count - 1),
        "the own share is among the others. Leave it out of the sum: shares.sum(1) - own.": (
            own - shares.sum(1) / (count - 1)
        ),
        "the own share is missing. (If .fill_diagonal_(0) set it to 0: .diagonal() is a view of "
        "the same numbers. Add .clone().)": -others,
        "this is the mean share in the other masks. Subtract it from the own share.": others,
        "the sign is the wrong way round: own minus others.": -right,
        "the own share is divided by the others' mean. Subtract it.": own / others,
        "this is heat, not a share of it: divide by the sum of each heat.": own_minus_others(
            inside
        ),
        "the heats are divided by the sum over all images. Divide each by its own sum.": (
            own_minus_others(inside / heats.double().sum())
        ),
        "this is a mean over pixels, not a share: divide by the sum of each heat.": (
            own_minus_others(inside / heats[0].numel())
        ),
        "this is one number. Give one for each image: (B,).": right.mean(),
        "the heat outside the mask is subtracted. Subtract the share in the other masks.": (
            2 * own - 1
        ),
        "the other heats' shares in their own masks are subtracted. You need this heat in the "
        "other masks.": own - (own.sum() - own) / (count - 1),
        "the heat is divided by the size of the mask. Divide by the sum of the heat.": (
            own_minus_others(inside / masks.double().sum((1, 2)))
        ),
        "each heat is divided by its largest value. Divide by its sum.": own_minus_others(
            inside / heats.double().amax((1, 2))[:, None]
        ),
        "share i, j is divided by heat j's sum. Divide by heat i's: [:, None].": own_minus_others(
            inside / heats.double().sum((1, 2))
        ),
        "this is the share in one other mask alone. Subtract the others' mean from its own.": (
            shares.roll(-1, 1).diagonal()
        ),
        "this is lift minus the others' lift. Don't divide by the masks' areas: take shares.": (
            own_minus_others(shares / area)
        ),
        "this is lift over the others' mean lift. Take shares, and subtract.": (
            own / area / (((shares / area).sum(1) - own / area) / (count - 1))
        ),
        "the share in all the other masks together is subtracted. Take the share in each, then "
        "their mean.": own - shares_in(heats, _others(masks)).diagonal(),
        "the share in one other mask is subtracted. Take the mean over all the others.": (
            own - shares.roll(-1, 1).diagonal()
        ),
        "the sign is gone: a score below 0 says that the heat misses the mask.": right.abs(),
    }


def share_right(said: Tensor, labels: Tensor) -> Tensor:
    """The share of the answers (N, G) that are the label (N,) of their animal."""
    return (said == labels[:, None]).double().mean()


def share_flipped(said: Tensor) -> Tensor:
    """The share of the answers in columns 1, 2, ... (N, G - 1) that differ from column 0."""
    return (said[:, 1:] != said[:, :1]).double().mean()


def right_mistakes(said: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Wrong shares of right answers, for answers (N, G) and labels (N,)."""
    right = (said == labels[:, None]).double()
    mistakes = {
        "this is the share of wrong answers.": 1 - right.mean(),
        "this is a count. Divide by the number of answers: .mean().": right.sum(),
        "these are the answers on snow alone. All grounds count.": right[:, 0].mean(),
        "snow is left out. All grounds count.": right[:, 1:].mean(),
        "these are the animals that are right on every ground. Count answers, not animals.": (
            right.all(1).double().mean()
        ),
        "these are the animals that are right on some ground. Count answers, not animals.": (
            right.any(1).double().mean()
        ),
        "this is the share called wolf. A wolf called wolf is right, a husky is not.": (
            said.double().mean()
        ),
        "this is the share of flips. Return the share right first, then the share of flips.": (
            share_flipped(said)
        ),
    }
    if len(labels) == said.shape[1]:
        mistakes[
            "labels (N,) was laid along the grounds: with as many animals as grounds nobody "
            "notices. Give it an axis for the grounds: labels[:, None]."
        ] = (said == labels).double().mean()
    return mistakes


def flip_mistakes(said: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Wrong shares of flips, for answers (N, G) and labels (N,)."""
    changed = (said != said[:, :1]).double()
    snow, elsewhere = said[:, :1].double(), said[:, 1:].double()
    fell, rose = snow * (1 - elsewhere), (1 - snow) * elsewhere
    wrong = (said != labels[:, None]).double()
    return {
        "snow is compared with snow too, which never flips. Take the other grounds: said[:, 1:].": (
            changed.mean()
        ),
        "only one ground is compared with snow. Take all the others: said[:, 1:].": (
            changed[:, 1].mean()
        ),
        "this is the share of answers that stay the same.": 1 - changed[:, 1:].mean(),
        "this is a count. Divide by the number of moves: .mean().": changed.sum(),
        "these are wrong answers. A flip needs no label: it differs from the same animal's answer "
        "on snow.": wrong[:, 1:].mean(),
        "these are wrong answers, snow included. A flip needs no label: it differs from the same "
        "animal's answer on snow.": wrong.mean(),
        "these are the animals that flip at least once. Count moves, not animals.": (
            changed.any(1).double().mean()
        ),
        "each ground is compared with the one before it. Compare each with snow: said[:, :1].": (
            (said[:, 1:] != said[:, :-1]).double().mean()
        ),
        "each animal is compared with the first animal. Rows are animals, columns grounds: snow is "
        "said[:, :1].": (said[1:] != said[:1]).double().mean(),
        "only animals that were right on snow count here. A flip needs no label.": (
            changed[:, 1:][~wrong[:, 0].bool()].mean()
        ),
        "only answers that were right on snow count as flips here. A flip needs no label.": (
            (changed * (1 - wrong[:, :1]))[:, 1:].mean()
        ),
        "only flips from wolf to husky count here. The other way round is a flip, too.": (
            fell.mean()
        ),
        "only flips from husky to wolf count here. The other way round is a flip, too.": (
            rose.mean()
        ),
        "this is a difference of shares. One animal that flips to wolf and one that flips to husky "
        "cancel in it: compare animal by animal.": (snow.mean() - elsewhere.mean()).abs(),
        "this is a difference of shares, with its sign. Compare animal by animal.": (
            elsewhere.mean() - snow.mean()
        ),
        "this is a difference, with its sign: flips to wolf and flips to husky cancel. Ask whether "
        "the two answers differ: !=.": (snow - elsewhere).mean(),
    }
