"""Superpixels: an image in a few dozen pieces of like colour, and what is left without some."""

from __future__ import annotations

import torch
from torch import Tensor

from labkit.explain.targets import check_counts, check_images, filled


def superpixels(images: Tensor, *, count: int | None = None, compactness: float = 10.0) -> Tensor:
    """Cut each image into about `count` connected pieces of like colour: labels (B, H, W), int64.

    SLIC (Achanta et al. 2012), as in scikit-image: k-means over place and colour (CIELAB); more
    `compactness` makes squarer pieces. An image's labels run from 0 without gaps. `count` is 50
    unless given, less where a piece would have fewer than 12 pixels. Where like colours do not lie
    together, as in noise, all would be one piece: then it is cut again with more compactness.
    Images that do not have three channels are cut by their brightness.

    >>> superpixels(images, count=20).shape
    torch.Size([2, 64, 64])
    """
    check_images(images)
    if count is None:
        count = min(50, max(images.shape[-2:].numel() // 12, 1))
    check_counts(count=count)
    if images.shape[1] != 3:
        images = images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    labels = []
    for image in images.detach().cpu().float():
        pieces = _pieces(image, count, compactness)
        labels.append(pieces.unique(return_inverse=True)[1])
    return torch.stack(labels).to(images.device)


def _pieces(image: Tensor, count: int, compactness: float) -> Tensor:
    """SLIC's labels (H, W); again with ten times the compactness while nearly all is one piece."""
    from skimage.segmentation import slic

    for more in (1, 10, 100, 1000):
        pieces = slic(image.numpy(), count, compactness * more, start_label=0, channel_axis=0)
        found = torch.as_tensor(pieces)
        if len(found.unique()) >= max(count / 5, min(count, 2)):
            break
    return found


def mean_colours(images: Tensor, segments: Tensor) -> Tensor:
    """Each superpixel painted in its mean colour, (B, C, H, W): what the image is without detail.

    >>> plain = mean_colours(images, superpixels(images))
    """
    painted = []
    for image, labels in zip(images.flatten(2), segments.flatten(1), strict=True):
        sums = image.new_zeros(len(image), int(labels.max()) + 1).index_add_(1, labels, image)
        painted.append((sums / labels.bincount())[:, labels])  # (C, H * W)
    return torch.stack(painted).view_as(images)


def hidden_by(images: Tensor, segments: Tensor, fill: str | float) -> Tensor:
    """What stands in for switched-off superpixels: "segment" (its mean colour), or as `filled`."""
    if fill == "segment":
        return mean_colours(images, segments)
    try:
        return filled(images, fill)
    except ValueError as error:
        raise ValueError(f'{error}; or "segment", each superpixel\'s own mean colour') from None


def switched(image: Tensor, cover: Tensor, segments: Tensor, on: Tensor) -> Tensor:
    """The image (C, H, W) once for each row of `on` (N, K): superpixels that are off are covered.

    `segments` (H, W) tells each pixel's superpixel, `cover` (C, H, W) is shown where it is off.

    >>> labels = superpixels(images[:1])[0]
    >>> on = torch.rand(4, int(labels.max()) + 1) < 0.8
    >>> switched(images[0], torch.zeros(3, 64, 64), labels, on).shape
    torch.Size([4, 3, 64, 64])
    """
    return torch.where(on[:, segments].unsqueeze(1), image, cover)  # lookup: (N, H, W)


def whole_numbers(segments: Tensor, images: Tensor) -> Tensor:
    """The segments as int64; ValueError unless whole numbers (B, H, W) from 0 without gaps."""
    if segments.shape != (len(images), *images.shape[-2:]) or segments.is_floating_point():
        came = f"{tuple(segments.shape)}, {segments.dtype}"
        raise ValueError(f"segments must be whole numbers (B, H, W) of the images, not {came}")
    for i, labels in enumerate(segments):
        found = labels.unique()
        if found.tolist() != list(range(len(found))):
            raise ValueError(
                f"the segments of image {i} must be numbered 0, 1, 2, ... without gaps"
            )
    return segments.long()
