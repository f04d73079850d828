"""Lab 11: for each exercise the right answer, and the wrong ones that usual mistakes give.

`labkit.checks.lab11` compares; `gram` is in `labkit.checks.lab11_art`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit import deepfake


@torch.no_grad()
def swap(net: nn.Module, faces: Tensor, actor: int, other: int) -> tuple[Tensor, dict]:
    """The right faces, and wrong ones."""
    codes = net.encode(faces, actor)
    right = net.decode(codes, other)
    rebuilt = net.decode(codes, actor)
    return right, {
        "it always goes from actor 0 to actor 1: use the arguments.": net.decode(
            net.encode(faces, 0), 1
        ),
        "it always decodes as actor 1: use `other`.": net.decode(codes, 1),
        "it always encodes as actor 0: use `actor`.": net.decode(net.encode(faces, 0), other),
        "it rebuilds the actor: the code went back to the actor's own decoder. Decode it as "
        "`other`.": rebuilt,
        "the face was encoded as the other's, who it isn't. Encode it as `actor`.": net.decode(
            net.encode(faces, other), other
        ),
        "actor and other are swapped: encode as `actor`, decode as `other`.": net.decode(
            net.encode(faces, other), actor
        ),
        "these are the codes, not a face yet. Decode them.": codes,
        "the faces come back as they were. Encode them, then decode.": faces,
        "it went to the other and back again. Once is enough.": net.decode(
            net.encode(right, other), actor
        ),
        "the face was rebuilt first, and the copy swapped. Decode the first code as `other`.": (
            net.decode(net.encode(rebuilt, actor), other)
        ),
        "all have the mean code of the batch, so all do the same. Each face has its own.": (
            net.decode(codes.mean(0, keepdim=True).expand_as(codes), other)
        ),
        "only the first face is there. Keep the whole batch.": right[:1],
        "the cover is missing: the fourth channel says where the animal is.": right[:, :3],
        "it's half the actor and half the other: take the other's decoder only.": (
            (right + rebuilt) / 2
        ),
    }


def blend(scene: Tensor, fake: Tensor, mask: Tensor, top: int, left: int, width: int):
    """The right scene, and wrong ones."""
    size = 2 * width + 1

    def soft(kernel: int = size, **options) -> Tensor:
        return F.avg_pool2d(mask, kernel, stride=1, padding=kernel // 2, **options)

    def pasted(alpha: Tensor, *, over: Tensor = fake, keep=None, under=None, at=(top, left)):
        rows, columns = (slice(a, a + n) for a, n in zip(at, fake.shape[-2:], strict=True))
        result = scene.clone()
        below = result[..., rows, columns] if under is None else under
        if below.shape != fake.shape:
            return torch.zeros(0)
        result[..., rows, columns] = alpha * over + (1 - alpha if keep is None else keep) * below
        return result

    right, alpha = pasted(soft()), soft()
    hard, sides = pasted(mask), (left, scene.shape[3] - left - fake.shape[3])
    sides += (top, scene.shape[2] - top - fake.shape[2])
    wide = F.avg_pool2d(F.pad(mask, sides), size, stride=1, padding=width)
    square = (..., slice(top, top + fake.shape[2]), slice(left, left + fake.shape[3]))
    smeared = hard.clone()
    smeared[square] = F.avg_pool2d(hard[square], size, stride=1, padding=width)
    return right, {
        "the border is hard: the mask was used as it is. Blur it first, F.avg_pool2d.": hard,
        "the mask isn't used: the whole square was pasted, grey and all.": pasted(
            torch.ones_like(mask)
        ),
        "scene and fake are swapped: where the mask is 1, the fake counts.": pasted(1 - alpha),
        "the scene isn't taken away under the fake: both are added. Give it the weight 1 - "
        "mask.": pasted(alpha, keep=torch.ones_like(mask)),
        "the border is dark: the scene is cut away by the hard mask, the fake by the soft one. Use "
        "the same for both.": pasted(alpha, keep=1 - mask),
        "the border has too much: the fake is cut by the hard mask, the scene by the soft one. Use "
        "the same for both.": pasted(mask, keep=1 - alpha),
        "the border reaches beyond the square: the mask was laid into the scene before it was "
        "blurred. Blur it first.": (torch.lerp(scene, F.pad(fake, sides), wide)),
        "below the fake is the scene's upper left corner: take the scene at `top` and `left`.": (
            pasted(alpha, under=scene[..., : fake.shape[2], : fake.shape[3]])
        ),
        "fake and scene were mixed with a hard border, and the square blurred. Blur the mask, not "
        "the picture.": smeared,
        "inside the square the scene is gone: what the fake leaves free is black.": pasted(
            alpha, keep=torch.zeros_like(mask)
        ),
        "the fake was blurred, and not the mask.": pasted(
            mask, over=F.avg_pool2d(fake, size, stride=1, padding=width)
        ),
        f"the mask is blurred over {width} pixels. Over width to each side: {size}.": (
            pasted(soft(width)) if width % 2 else torch.zeros(0)
        ),
        f"the mask is blurred over {4 * width + 1} pixels, twice the width.": pasted(
            soft(4 * width + 1)
        ),
        "pixels outside the mask don't count as 0, so the edge of the square shows: leave "
        "count_include_pad as it is.": pasted(soft(count_include_pad=False)),
        "pixels outside the mask are copies of its edge. They should count as 0: "
        "padding=width.": pasted(
            F.avg_pool2d(F.pad(mask, (width,) * 4, mode="replicate"), size, stride=1)
        ),
        "top and left are swapped: rows first.": pasted(alpha, at=(left, top)),
        "the fake lies in the upper left corner: use `top` and `left`.": pasted(alpha, at=(0, 0)),
        "only the square came back. Put it into a copy of the whole scene.": right[square],
        "the scene comes back as it was. Is the result written into the copy?": scene,
    }


def refused(says: Callable, content: bytes, secret: list, public: list) -> str:
    """Why a true signature may have been refused."""
    signature = deepfake.sign(content, secret)
    other = [pair[1 - bit] for pair, bit in zip(secret, deepfake.bits(content), strict=True)]
    begins = "A true signature is refused: "
    if says(content, signature, secret):
        return begins + "the numbers are compared as they are. The public key has their hashes."
    if says(content, other, public):
        return begins + (
            "it expects the other number of each pair. Where the bit is 0, pair[0] was opened."
        )
    if says(content, deepfake.sign(deepfake.sha256(content), secret), public):
        return begins + "its bits aren't those of the content. deepfake.bits(content) hashes, too."
    return begins + (
        "for every i, sha256(signature[i]) should be public[i][b], where b is bit i of the content."
    )


def forged(content: bytes, secret: list, public: list, stranger: list) -> dict[str, tuple]:
    """Signatures that must be refused, by what is wrong with a function that takes them."""
    true = deepfake.sign(content, secret)
    other = [pair[1 - bit] for pair, bit in zip(secret, deepfake.bits(content), strict=True)]
    noise = [b"?" * 32] * 256
    hashes = [pair[bit] for pair, bit in zip(public, deepfake.bits(content), strict=True)]
    signatures = {
        "A signature of nonsense is taken: nothing is compared.": noise,
        "A signature by somebody else is taken: compare with the public key.": deepfake.sign(
            content, stranger
        ),
        "A signature of the hashes themselves, which everybody knows, is taken: hash what was "
        "opened before you compare.": hashes,
        "One right number is enough for it: any() in place of all(), or only some are looked "
        "at. All 256 must be right.": [true[0], *noise[1:]],
        "The bits of the content aren't used: the other number of each pair is taken, too. Only "
        "one of the two is right: pair[bit].": other,
        "One wrong number doesn't matter to it: it counts most of them, or looks at some only. "
        "All 256 must be right.": [*true[:97], noise[0], *true[98:]],
        "Only some of the numbers are looked at: the last one is wrong, and the signature is "
        "taken.": [*true[:-1], noise[0]],
        "Only some of the numbers are looked at: the first one is wrong, and the signature is "
        "taken.": [noise[0], *true[1:]],
        "Two numbers have changed places, and the signature is taken: number i belongs to pair "
        "i.": [true[1], true[0], *true[2:]],
    }
    changed = bytes([content[0] ^ 1]) + content[1:]
    return {message: (content, signature, public) for message, signature in signatures.items()} | {
        "The content isn't looked at: a byte of it was flipped, and the old signature is still "
        "taken.": (changed, true, public),
    }


def cut_short(signature: list[bytes]) -> dict[str, list[bytes]]:
    """Signatures that lack numbers, by what is wrong with a function that takes them."""
    return {
        "An empty signature is taken: zip stops at the shorter list, and all() of nothing is "
        "True. Compare the lengths, or zip(..., strict=True) inside a try.": [],
        "A signature that lacks its last number is taken: zip stops at the shorter list. Compare "
        "the lengths.": signature[:-1],
    }
