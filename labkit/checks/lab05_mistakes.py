"""Wrong answers to the exercises of lab 05 that its checks know by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def features(body: nn.Module, images: Tensor) -> Tensor:
    """What is asked: (N, D), in eval mode, without gradients."""
    training = body.training
    with torch.no_grad():
        found = body.eval()(images)
    body.train(training)
    return found.clone()


def feature_mistakes(body: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """{message: the wrong answer it explains} of cached_features."""
    right = features(body, images)
    if len(images) == 1:
        return {"the row of the one image is missing: (1, D).": right[0]}
    parts = right.split(16)
    mistakes = {
        "these are the mean over all images; each keeps its own row.": right.mean(0),
        "only the first image was done.": right[:1],
        "these are the images.": images,
        "torch.stack makes a new dimension; torch.cat joins the rows of the batches.": right[None],
        "there is one row a batch, its mean; each image keeps its own row.": torch.stack(
            [part.mean(0) for part in parts]
        ),
    }
    if len(parts) > 1:
        mistakes |= {
            "only the last batch is left: collect the batches, then torch.cat.": parts[-1],
            "only the first batch was done.": parts[0],
            "the last batch, which isn't full, is missing.": right[: len(right) // 16 * 16],
        }
    return mistakes


def placed(images: Tensor, masks: Tensor, others: Tensor, other_masks: Tensor) -> Tensor:
    """What is asked: the others' pixels where neither picture has its car."""
    return images.where((masks | other_masks)[:, None], others)


def background_mistakes(
    images: Tensor, masks: Tensor, others: Tensor, other_masks: Tensor
) -> dict[str, Tensor]:
    """{message: the wrong answer it explains} of on_background."""
    own, other = masks[:, None], other_masks[:, None]
    keep, nothing = own | other, torch.zeros(())
    shift = others.roll(1, 0) if len(images) > 1 else others.roll(1, 3)
    mistakes = {
        "a second car looks out from behind. Where it would show (other_masks), keep your own "
        "picture's pixels, too.": images.where(own, others),
        "your own car is painted over where the other one doesn't stand: keep it, too "
        "(masks).": images.where(other, others),
        "your pixels are kept only where both cars stand. Keep them where one or the other does: "
        "masks | other_masks.": images.where(own & other, others),
        "where both cars stand, the other one shows: masks ^ other_masks leaves that out. Use "
        "masks | other_masks.": images.where(own ^ other, others),
        "the two pictures are the wrong way round: torch.where(keep, images, others) takes "
        "`images` where keep is True.": others.where(keep, images),
        "this is the other car on your background. `images` gives the car, `others` what is "
        "behind it.": others.where(other, images),
        "this is the other car on your background, and without your car behind it. `images` gives "
        "the car.": others.where(~own & other, images),
        "your car is cut out and the rest stays: the masks say where the car is, not what is "
        "behind it.": others.where(own, images),
        "nothing has changed: these are `images`.": images,
        "these are `others`, without your car.": others,
        "the hole that the other car leaves is black. Fill it with your own picture's "
        "pixels.": images.where(own, others * ~other),
        "what is behind your car is black; it comes from `others`.": images * own,
        "both pictures are added where the other car stands.": images * keep + others * ~own,
        "the pictures are added, not put together: outside the car, yours is still there.": images
        + others * ~keep,
        "the pictures are mixed half and half; each pixel comes from one of them.": (
            (images + others) / 2
        ),
        "the background comes from another row of `others`; row k belongs to image k.": (
            images.where(keep, shift)
        ),
        "the masks of the first image serve for all; each has its own.": (
            images.where(keep[:1], others)
        ),
        "black is put where a car stands; its own pixels belong there.": torch.where(
            keep, nothing, others
        ),
    }
    if len(images) == 3:
        across = masks | other_masks  # (3, H, W), as if for each colour
        mistakes |= {
            "mask k is laid over colour k of every image. masks[:, None], of shape (N, 1, H, W), "
            "goes with the images.": images.where(across, others),
            "mask k is laid over colour k of every image, and a second car looks out. Begin with "
            "masks[:, None], of shape (N, 1, H, W).": images.where(masks, others),
        }
    return mistakes


def balanced(said: Tensor, labels: Tensor) -> float:
    """What is asked: the mean over classes of the share of their images that is named right."""
    return float(_shares(said, labels).mean())


def score_mistakes(said: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """{message: the wrong answer it explains} of balanced_accuracy."""
    recall, hit = _shares(said, labels), said == labels
    plain, found = hit.double().mean(), labels.unique()
    classes = int(max(said.max(), labels.max())) + 1
    own = torch.tensor([int((labels == k).sum()) for k in found])
    times = torch.tensor([int((said == k).sum()) for k in found])
    hits = (recall * own).round()
    candidates = {
        "this is the plain accuracy, which a class with many images rules. Take the share of each "
        "class first, then their mean.": plain,
        "these are the shares of the classes; the mean over them is asked.": recall,
        "this divides by how often a class is said. Divide by how often it is true: the share of "
        "each class's own images.": _shares(labels, said).mean(),
        "this is the share that is wrong.": 1 - recall.mean(),
        "it is in percent; give a share from 0 to 1.": 100 * recall.mean(),
        "the shares of the classes are added; take their mean.": recall.sum(),
        "a class of which there is no image counts as 0 here; leave it out.": recall.sum()
        / classes,
        "the classes are taken from the answers: go through labels.unique().": (
            recall[torch.isin(found, said)].sum() / len(said.unique())
        ),
        "this is the smallest share; the mean is asked.": recall.min(),
        "this is the first class alone. Does `return` stand inside the loop?": recall[0],
        "this is the last class alone: collect the shares in a list.": recall[-1],
        "only classes 0 and 1 are counted; labels.unique() lists all.": recall[:2].mean(),
        "each share is one of all images; divide by the number of images of that class.": (
            plain / len(found)
        ),
        "these are numbers of images; take the share of each class.": hits.mean(),
        "the answers that say k count, right or wrong; count those that are right.": (
            (times / own).mean()
        ),
        "an image of another class that isn't called k counts as right, too. Look at the images of "
        "class k alone: said[labels == k].": 1 - 2 * (1 - plain) / len(found),
        "the labels are compared with themselves; compare the answers with them.": torch.ones(()),
        "the shares are multiplied; take their mean.": recall.prod(),
        "this is the F1 score; here only the class's own images count.": (
            (2 * hits / (times + own)).mean()
        ),
    }
    want = recall.mean()
    return {text: wrong for text, wrong in candidates.items() if not _same(wrong, want)}


def _shares(said: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([(said[labels == k] == k).double().mean() for k in labels.unique()])


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one - other).abs() < 1e-4)
