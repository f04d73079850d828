"""What ships with the labs: a trained generator and the judge, as safetensors in `data/`.

`labkit.gan.pack` made both files; here they are only read.
"""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor, nn

from labkit.gan.nets import Generator
from labkit.models import LeNet
from labkit.paths import data_dir

GENERATOR, JUDGE = "digit_generator.safetensors", "digit_judge.safetensors"


def load_generator() -> Generator:
    """A generator that was trained longer than a lab lasts, in eval mode, without gradients.

    Noise (B, z_dim) and labels (B,) -> digits (B, 1, 28, 28) in [0, 1]. Its file holds float16,
    the network computes in float32. FileNotFoundError or ValueError where it is missing or damaged.
    """
    weights, notes = _read(data_dir() / GENERATOR)
    return _filled(Generator(**json.loads(notes["generator"])), weights, GENERATOR)


def load_judge() -> LeNet:
    """The LeNet trained on 4,000 real digits that `labkit.frechet` looks through, in eval mode."""
    weights, _ = _read(data_dir() / JUDGE)
    return _filled(LeNet(), weights, JUDGE)


def _filled(model: nn.Module, weights: dict[str, Tensor], name: str):
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{name} does not fit this version of labkit: {error}") from None
    return model.eval().requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install labkit again")
    try:
        with safe_open(path, framework="pt") as file:
            names, notes = file.keys(), file.metadata() or {}
            return {name: file.get_tensor(name) for name in names}, notes
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): install labkit again") from None
