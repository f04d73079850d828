"""A new last layer on a pretrained network: trained alone, with everything, or from scratch.

The frozen part can be run once (`features`) and the layer trained on that (`fit_layer`). Figures
measured with it beforehand are in `labkit.finetune.table`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.folding import folded
from labkit.nets.models import SmallCNN
from labkit.nets.modes import eval_mode

LAYER = "logits"  # the name of the last layer
DECAY = 0.01


def new_last_layer(net: nn.Module, classes: int, *, seed: int = 0) -> list[nn.Parameter]:
    """Put a new last layer, `logits`, with `classes` outputs on the network; freeze all else.

    Changes the network; returns the weights of the new layer. ValueError for fewer than two
    classes or a network without a linear layer `logits`.

    >>> net = labkit.models.load_pretrained(size=64)
    >>> [tuple(weight.shape) for weight in new_last_layer(net, 2)]
    [(2, 1280), (2,)]
    """
    last = getattr(net, LAYER, None)
    if not isinstance(last, nn.Linear):
        raise ValueError(f"the network has no linear layer {LAYER!r} to replace")
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        raise ValueError(f"classes must be 2 or more, a whole number, not {classes!r}")
    net.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        setattr(net, LAYER, nn.Linear(last.in_features, classes))
    return list(getattr(net, LAYER).parameters())


@torch.no_grad()
def features(model: nn.Module, images: Tensor, *, batch_size: int = 8) -> Tensor:
    """What reaches the last layer for each image (N, 3, H, W): (N, D), without gradients.

    This is the expensive part of the network, and as long as it is frozen it gives the same
    numbers each time: compute it once, train on it as often as you like. Modes are as before.

    >>> features(model, images).shape
    torch.Size([2, 1280])
    """
    _check_images(images)
    steps = [child for name, child in model.named_children() if name != LAYER]
    body = nn.Sequential(*steps)
    with eval_mode(model):
        quick = folded(body)
        return torch.cat([quick(part) for part in images.split(batch_size)])


def fit_layer(
    layer: nn.Linear, features: Tensor, labels: Tensor, *, decay: float = DECAY, steps: int = 60
) -> nn.Linear:
    """Train a last layer on features (N, D) and labels (N,); returns the layer, changed in place.

    Minimises cross-entropy + decay / 2 * |weights|^2 by L-BFGS, on features that are centred and
    scaled to spread 1 (that is folded into the layer afterwards, so it takes features as they
    are). Starts from zero: no random numbers. ValueError unless every class occurs.

    >>> layer = fit_layer(torch.nn.Linear(1, 2), torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1]))
    >>> layer(torch.tensor([[-1.0], [2.0]])).argmax(1)
    tensor([0, 1])
    """
    classes = layer.out_features
    _check_labels(features, labels, classes)
    mean, spread = features.mean(0), features.std(0, correction=0)
    scale = torch.where(spread > 1e-6, spread, torch.ones_like(spread))
    x = (features - mean) / scale
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        loss = F.cross_entropy(F.linear(x, weight, bias), labels)
        loss = loss + 0.5 * decay * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        solver.step(closure)
    with torch.no_grad():
        layer.weight.copy_(weight / scale)
        layer.bias.copy_(bias - (weight / scale) @ mean)
    return layer


def from_scratch(
    train: tuple[Tensor, Tensor],
    *,
    classes: int,
    steps: int | None = None,
    lr: float = 2e-3,
    batch_size: int = 32,
    mirror: bool = True,
    side: int = 64,
    seed: int = 0,
) -> SmallCNN:
    """Train a `SmallCNN` that sees `side` pixels on (images, labels) alone; it is in eval mode.

    Adam with a rate that falls to 0, `steps` batches or a few more (default 120 for 60 images,
    990 for 1,000). mirror: half of the images of a batch come mirrored. First weights, batches
    and mirrors depend on `seed` alone.
    """
    images, labels = train
    _check_images(images)
    _check_labels(images, labels, classes)
    steps = steps or round(120 * (len(labels) / 60) ** 0.75)
    net = SmallCNN(classes, seed=seed, side=side).to(memory_format=torch.channels_last).train()
    small = net.shrink(images).contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-4)
    generator, done = torch.Generator().manual_seed(seed), 0
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)  # dropout
        while done < steps:
            for index in torch.randperm(len(labels), generator=generator).split(batch_size):
                for group in optimizer.param_groups:
                    group["lr"] = lr * max(1 - done / steps, 0.01)
                batch = mirror_some(small[index], generator) if mirror else small[index]
                _step(optimizer, F.cross_entropy(net(batch), labels[index]))
                done += 1
    return net.requires_grad_(False).eval()


@torch.no_grad()
def predict(net: nn.Module, images: Tensor, *, batch_size: int = 25) -> Tensor:
    """Probabilities (N, classes) of images (N, 3, H, W), in small batches, in eval mode."""
    return torch.cat([net.eval()(part) for part in images.split(batch_size)]).softmax(1)


def fine_tune(
    net: nn.Module,
    train: tuple[Tensor, Tensor],
    *,
    epochs: int,
    lr: float = 1e-4,
    layer_lr: float = 1e-3,
    batch_size: int = 16,
    mirror: bool = True,
    seed: int = 0,
) -> nn.Module:
    """Train all weights on (images, labels): the old ones at rate `lr`, the new layer faster.

    Adam; batch normalisation keeps the statistics it was pretrained with, because a few images
    would spoil them. mirror: half of the images of a batch come mirrored. Returns the network,
    changed in place and in eval mode. Batches and mirrors depend on `seed` alone; the global
    random state is left alone.
    """
    images, labels = train
    _check_images(images)
    _check_labels(images, labels, getattr(net, LAYER).out_features)
    net.eval().requires_grad_(True)
    optimizer = torch.optim.Adam(rates(net, lr=lr, layer_lr=layer_lr))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for index in torch.randperm(len(labels), generator=generator).split(batch_size):
            batch = mirror_some(images[index], generator) if mirror else images[index]
            _step(optimizer, F.cross_entropy(net(batch), labels[index]))
    return net.requires_grad_(False)


def mirror_some(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (B, C, H, W), each of them mirrored (left and right swapped) with chance 1/2."""
    turn = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(turn[:, None, None, None], images.flip(3), images)


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def rates(net: nn.Module, *, lr: float, layer_lr: float) -> list[dict]:
    """Groups of parameters for an optimiser: the new layer learns at `layer_lr`, the rest at `lr`.

    >>> [group["lr"] for group in rates(model, lr=1e-4, layer_lr=1e-3)]
    [0.001, 0.0001]
    """
    new = list(getattr(net, LAYER).parameters())
    known = {id(weight) for weight in new}
    old = [weight for weight in net.parameters() if id(weight) not in known]
    return [{"params": new, "lr": layer_lr}, {"params": old, "lr": lr}]


def balanced_accuracy(said: Tensor, labels: Tensor) -> float:
    """The mean over classes of the share of their images that is named right: 0 to 1.

    Who always says the commoner of two classes gets 0.5. Classes without images do not count.

    >>> balanced_accuracy(torch.tensor([1, 1, 1, 1]), torch.tensor([0, 1, 1, 1]))
    0.5
    """
    shares = [(said[labels == k] == k).float().mean() for k in labels.unique().tolist()]
    return float(torch.stack(shares).mean())


def split(labels: Tensor, *, test: float = 0.3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Numbers of training and test images, with the same share of each class in both.

    Every class keeps at least one image on either side. ValueError, in words, for a single class
    or a class of one image.

    >>> [len(part) for part in split(torch.tensor([0, 0, 0, 1, 1, 1]))]
    [4, 2]
    """
    counts = labels.bincount()
    present = (counts > 0).nonzero()[:, 0].tolist()
    if len(present) < 2:
        raise ValueError(
            f"there is only {len(present)} class among {len(labels)} images: to tell classes "
            "apart, put the images of each into a sub-folder of its own, two or more"
        )
    if int(counts[present].min()) < 2:
        raise ValueError(
            "every class needs two images or more, one to train and one to test; images a class: "
            f"{counts[present].tolist()}"
        )
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    groups = [order[labels[order] == k] for k in present]
    cuts = [min(max(round(test * len(g)), 1), len(g) - 1) for g in groups]
    pairs = [(g[cut:], g[:cut]) for g, cut in zip(groups, cuts, strict=True)]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])


def _check_images(images: Tensor) -> None:
    if not isinstance(images, Tensor) or images.dim() != 4 or not len(images):
        shape = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (N, 3, H, W), one image at least, not {shape}")


def _check_labels(rows: Tensor, labels: Tensor, classes: int) -> None:
    if len(rows) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(rows)} images")
    seen = sorted(set(labels.tolist()))
    if seen != list(range(classes)):
        raise ValueError(
            f"a layer of {classes} classes needs images of each, 0 to {classes - 1}; there are "
            f"images of {seen}"
        )
