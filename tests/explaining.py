"""What the tests of explanations share: networks whose answers can be worked out by hand."""

import torch
from torch import nn


class Halves(nn.Module):
    """Two outputs: mean brightness of the left half, and twice that of the right half.

    Batch norm and dropout are idle; in train mode dropout would draw random numbers and
    batch norm would learn from the images.
    """

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, eps=0, affine=False)
        self.dropout = nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images):
        images = self.dropout(self.norm(images)) * self.scale
        half = images.shape[-1] // 2
        left, right = images[..., :half], images[..., half:]
        return torch.stack([left.mean((1, 2, 3)), 2 * right.mean((1, 2, 3))], 1)


class Linear(nn.Module):
    """Two outputs: a weighted sum of all pixels, and minus that; counts images and batches."""

    def __init__(self, shape, *, seed=0):
        super().__init__()
        self.weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        self.batches = []

    def forward(self, images):
        self.batches.append(images)
        total = (images * self.weight.to(images)).sum((1, 2, 3))
        return torch.stack([total, -total], 1)


def state(model, images):
    """All that an explanation must leave as it was, as one comparable list."""
    tensors = [*model.state_dict().values(), images, torch.get_rng_state()]
    modes = [module.training for module in model.modules()]
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]
    grads = [p.grad for p in model.parameters()] + [images.requires_grad, images.grad]
    return [tensor.tolist() for tensor in tensors], modes, hooks, grads, torch.is_grad_enabled()
