"""The function f of a siamese net: a small convolutional network from image to embedding.

There is one network, whatever the number of inputs: two images go through the same f. Losses are
in `labkit.siamese.losses`, training in `labkit.siamese.training`.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.modes import eval_mode


class Unit(nn.Module):
    """Vectors (B, D) brought to length 1."""

    def forward(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=1)


class EmbeddingNet(nn.Sequential):
    """A small convolutional f: grey images (B, 1, H, W) in [0, 1] -> embeddings (B, dim).

    Children in order: shrink conv1 relu1 pool1 conv2 relu2 pool2 flatten embedding, and with
    `unit=True` one that brings embeddings to length 1. `shrink` halves H and W first, which makes a
    step on 100 digits cost about 15 ms. `size` is (H, W), each 8 or more. The same `seed` gives the
    same first weights; the global random state is left alone.

    >>> EmbeddingNet(dim=2, seed=0)(torch.zeros(4, 1, 28, 28)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        *,
        dim: int = 32,
        unit: bool = False,
        size: tuple[int, int] = (28, 28),
        seed: int = 0,
    ):
        height, width = size
        if min(height, width) < 8 or dim < 1:
            raise ValueError(f"size must be 8 or more and dim 1 or more, not {size} and {dim}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = OrderedDict(
                shrink=nn.AvgPool2d(2),  # (B, 1, 14, 14) for a digit
                conv1=nn.Conv2d(1, 32, 3, padding=1),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),  # (B, 32, 7, 7)
                conv2=nn.Conv2d(32, 64, 3, padding=1),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),  # (B, 64, 3, 3)
                flatten=nn.Flatten(),  # (B, 576)
                embedding=nn.Linear(64 * (height // 8) * (width // 8), dim),
            )
        super().__init__(layers | ({"unit": Unit()} if unit else {}))


class Classifier(nn.Sequential):
    """An ordinary classifier with the same body: `body` (an EmbeddingNet), relu, `logits`.

    The control of the labs: `classifier.body` embeds images without having been asked for a
    distance.

    >>> Classifier(classes=7, seed=0).body(torch.zeros(4, 1, 28, 28)).shape
    torch.Size([4, 32])
    """

    def __init__(self, *, classes: int, dim: int = 32, seed: int = 0):
        body = EmbeddingNet(dim=dim, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            logits = nn.Linear(dim, classes)
        super().__init__(OrderedDict(body=body, relu=nn.ReLU(), logits=logits))


def embed(model: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """The embeddings (N, D) of images (N, ...), without gradients, in eval mode, on the CPU.

    The modes of the model are as before. ValueError if there are no images.

    >>> embed(EmbeddingNet(dim=2), torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 2])
    """
    if len(images) == 0:
        raise ValueError("there are no images to embed: the set is empty")
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    with eval_mode(model), torch.no_grad():
        return torch.cat([model(part.to(device)).cpu() for part in images.split(batch_size)])
