"""Checks of lab 11: a style, a swap of faces, a paste without a seam, a signature."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from labkit import deepfake
from labkit.checks import lab11_art
from labkit.checks import lab11_mistakes as mistakes
from labkit.checks.core import CheckFailed, call, compare, exercise


@exercise
def gram(answer: Callable[[Tensor], Tensor]) -> str:
    """gram(features (B, C, H, W)) -> (B, C, C)."""
    lab11_art.check_gram(answer)
    return "gram is right: it knows what goes together, and has forgotten where."


@exercise
def swap(answer: Callable[[nn.Module, Tensor, int, int], Tensor]) -> str:
    """swap(net, faces (B, 4, H, W), actor, other) -> faces of the other, (B, 4, H, W)."""
    generator = torch.Generator().manual_seed(1101)
    net = Toy(generator)
    for actor, other, count in ((0, 1, 3), (1, 0, 2), (0, 1, 1)):
        faces = torch.rand(count, 4, 4, 4, generator=generator)
        right, wrong = mistakes.swap(net, faces, actor, other)
        got = call(answer, net, faces, actor, other)
        what = f"The face of actor {other} doing what {actor} does"
        got = lab11_art.one_array(got, what)
        compare(got, right, mistakes=wrong, what=what)
    return "swap is right: what a face does goes on, whose it is stays behind."


@exercise
def blend(answer: Callable[[Tensor, Tensor, Tensor, int, int, int], Tensor]) -> str:
    """blend(scene (B, 3, H, W), fake (B, 3, h, w), mask (B, 1, h, w), top, left, width)."""
    generator = torch.Generator().manual_seed(1102)
    for count, side, top, left, width in ((2, 6, 3, 1, 1), (1, 5, 0, 4, 2), (3, 7, 2, 3, 1)):
        scene = torch.rand(count, 3, 11, 13, generator=generator)
        fake = torch.rand(count, 3, side, side, generator=generator)
        mask = (torch.rand(count, 1, side, side, generator=generator) < 0.7).float()
        right, wrong = mistakes.blend(
            scene.double(), fake.double(), mask.double(), top, left, width
        )
        got = call(answer, scene, fake, mask, top, left, width)
        what = f"The scene with a border of width {width}"
        compare(lab11_art.one_array(got, what), right, mistakes=wrong, what=what)
    return "blend is right: no seam, and nothing else in the scene has changed."


@exercise
def verify(answer: Callable[[bytes, list, list], bool]) -> str:
    """verify(content, signature, public) -> whether this key's owner signed this content."""
    secret, public = _keys(b"a"), [tuple(map(deepfake.sha256, pair)) for pair in _keys(b"a")]
    content = b"a picture of a wolf"
    signature = deepfake.sign(content, secret)

    def says(content: bytes, signature: list[bytes], public: list) -> bool:
        return _yes_or_no(call(answer, content, list(signature), list(public)))

    if not says(content, signature, public):
        raise CheckFailed(mistakes.refused(says, content, secret, public))
    for message, case in mistakes.forged(content, secret, public, _keys(b"b")).items():
        if says(*case):
            raise CheckFailed(message)
    for message, short in mistakes.cut_short(signature).items():
        if _says_or_stops(says, content, short, public):
            raise CheckFailed(message)
    return "verify is right: one flipped bit anywhere, and the signature is worth nothing."


class Toy(nn.Module):
    """Stands for a trained forger: what is encoded and decoded as whom shows in every number."""

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.into = nn.Parameter(torch.randn(2, 64, 5, generator=generator) / 4)
        self.back = nn.Parameter(torch.randn(2, 5, 64, generator=generator))

    def encode(self, faces: Tensor, actor: int) -> Tensor:
        """Codes (B, 5) of faces (B, 4, 4, 4)."""
        _expect(faces, (4, 4, 4), "encode takes faces, colours and cover,")
        return faces.flatten(1) @ self.into[actor].to(faces)

    def decode(self, codes: Tensor, actor: int) -> Tensor:
        """Faces (B, 4, 4, 4) of codes (B, 5)."""
        _expect(codes, (5,), "decode takes codes")
        return torch.sigmoid(codes @ self.back[actor].to(codes)).unflatten(1, (4, 4, 4))


def _expect(given: Tensor, shape: tuple[int, ...], what: str) -> None:
    found = tuple(given.shape) if isinstance(given, Tensor) else given
    if not isinstance(given, Tensor) or found[1:] != shape:
        wanted = ", ".join(map(str, ("B", *shape)))
        raise ValueError(f"{what} ({wanted}), but was given {found}")


def _keys(seed: bytes) -> list[tuple[bytes, bytes]]:
    """A secret key that is the same each time."""
    numbers = [hashlib.sha256(seed + bytes([i // 2, i % 2])).digest() for i in range(512)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _says_or_stops(says: Callable, content: bytes, short: list[bytes], public: list) -> bool:
    try:
        return says(content, short, public)
    except CheckFailed as stopped:
        raise CheckFailed(
            f"Whole signatures are judged rightly, but one of {len(short)} numbers should be "
            f"False. Compare the lengths first. ({stopped})"
        ) from None


def _yes_or_no(got) -> bool:
    if isinstance(got, bool | np.bool_):
        return bool(got)
    if isinstance(got, Tensor) and got.dtype == torch.bool and got.dim() == 0:
        return bool(got)
    if got is None:
        raise CheckFailed("verify gives None: does the function end with `return ...`?")
    if isinstance(got, int | np.integer):
        raise CheckFailed(
            f"verify should say True or False, but gives the number {got}. If it counts what is "
            "right, compare the count with 256."
        )
    raise CheckFailed(
        f"verify should say True or False, once for all 256 numbers (all(...)), but gives "
        f"{type(got).__name__}."
    )
