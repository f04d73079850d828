"""Checks of lab 11: each plausible wrong answer is named (gram: test_lab11_gram)."""

import pytest
import torch
from answered import failing
from torch.nn import functional as F

from labkit import deepfake
from labkit.checks import lab11 as check
from labkit.deepfake import bits, sha256

fails = failing(check)


# --- swap


def as_(into, back):
    """swap with the actors' roles named: "a" the actor, "o" the other, or a number."""

    def answer(net, faces, actor, other):
        who = {"a": actor, "o": other, 0: 0, 1: 1}
        return net.decode(net.encode(faces, who[into]), who[back])

    return answer


right = deepfake.swap
SWAPS = {
    "rebuilds the actor": as_("a", "a"),
    "who it isn't": as_("o", "o"),
    "actor and other are swapped": as_("o", "a"),
    "these are the codes": lambda net, x, a, o: net.encode(x, a),
    "come back as they were": lambda net, x, a, o: x,
    "back again": lambda net, x, a, o: right(net, right(net, x, a, o), o, a),
    "rebuilt first": lambda net, x, a, o: right(net, right(net, x, a, a), a, o),
    "mean code of the batch": lambda net, x, a, o: net.decode(
        net.encode(x, a).mean(0).expand(len(x), -1), o
    ),
    "only the first": lambda net, x, a, o: right(net, x, a, o)[:1],
    "cover is missing": lambda net, x, a, o: right(net, x, a, o)[:, :3],
    "half the actor": lambda net, x, a, o: (right(net, x, a, o) + right(net, x, a, a)) / 2,
    "always goes from actor 0": as_(0, 1),
    "always decodes as actor 1": as_("a", 1),
    "always encodes as actor 0": as_(0, "o"),
    "one tensor, but is a list": lambda net, x, a, o: list(right(net, x, a, o)),
    "encode takes faces": lambda net, x, a, o: net.decode(net.encode(x[:, :3], a), o),
    "decode takes codes": lambda net, x, a, o: net.encode(net.decode(x, a), o),
    "None": lambda net, x, a, o: None,
}


@pytest.mark.parametrize("message", SWAPS)
def test_a_wrong_swap_is_named(message):
    fails("swap", SWAPS[message], message)


# --- blend


def soften(mask, width, **options):
    return F.avg_pool2d(mask, 2 * width + 1, stride=1, padding=width, **options)


def paste(alpha, keep=None, over=None, at=None):
    """blend with another mask for the fake, for the scene, another fake or place."""

    def answer(scene, fake, mask, top, left, width):
        given = alpha(mask, width)
        kept = 1 - given if keep is None else keep(mask, width)
        top, left = (top, left) if at is None else at(top, left)
        square = (slice(None), slice(None), *(slice(a, a + fake.shape[-1]) for a in (top, left)))
        result = scene.clone()
        fake = fake if over is None else over(fake, width)
        result[square] = given * fake + kept * result[square]
        return result

    return answer


def in_place(scene, fake, mask, top, left, width):
    scene.copy_(deepfake.blend(scene, fake, mask, top, left, width))
    return scene


def in_the_whole(scene, fake, mask, top, left, width):
    sides = [left, scene.shape[3] - left - fake.shape[3], top, scene.shape[2] - top - fake.shape[2]]
    alpha = soften(F.pad(mask, sides), width)
    return alpha * F.pad(fake, sides) + (1 - alpha) * scene


def over_the_corner(scene, fake, mask, top, left, width):
    alpha, result = soften(mask, width), scene.clone()
    square = (..., slice(top, top + fake.shape[2]), slice(left, left + fake.shape[3]))
    corner = scene[..., : fake.shape[2], : fake.shape[3]]
    result[square] = alpha * fake + (1 - alpha) * corner
    return result


def smeared(scene, fake, mask, top, left, width):
    result = scene.clone()
    square = (..., slice(top, top + fake.shape[2]), slice(left, left + fake.shape[3]))
    result[square] = soften(mask * fake + (1 - mask) * scene[square], width)
    return result


BLENDS = {
    "border is hard": paste(lambda m, w: m),
    "whole square was pasted": paste(lambda m, w: torch.ones_like(m)),
    "scene and fake are swapped": paste(lambda m, w: 1 - soften(m, w)),
    "both are added": paste(soften, keep=lambda m, w: 1),
    "border is dark": paste(soften, keep=lambda m, w: 1 - m),
    "border has too much": paste(lambda m, w: m, keep=lambda m, w: 1 - soften(m, w)),
    "leaves free is black": paste(soften, keep=lambda m, w: 0),
    "and not the mask": paste(lambda m, w: m, over=soften),
    "blurred over 1 pixels": paste(lambda m, w: F.avg_pool2d(m, w, 1, w // 2)[..., : m.shape[3]]),
    "twice the width": paste(lambda m, w: soften(m, 2 * w)),
    "count_include_pad": paste(lambda m, w: soften(m, w, count_include_pad=False)),
    "rows first": paste(soften, at=lambda top, left: (left, top)),
    "upper left corner": paste(soften, at=lambda top, left: (0, 0)),
    "only the square": lambda s, f, m, t, c, w: deepfake.blend(s, f, m, t, c, w)[
        ..., t : t + f.shape[-2], c : c + f.shape[-1]
    ],
    "as it was": lambda s, f, m, t, c, w: s.clone(),
    "in place": in_place,
    "reaches beyond": in_the_whole,
    "upper left corner: take": over_the_corner,
    "and the square blurred": smeared,
    "copies of its edge": paste(
        lambda m, w: F.avg_pool2d(F.pad(m, (w,) * 4, mode="replicate"), 2 * w + 1, 1)
    ),
    "one tensor, but is a list": lambda *given: list(deepfake.blend(*given)),
}


@pytest.mark.parametrize("message", BLENDS)
def test_a_wrong_blend_is_named(message):
    named = "border is hard" if message == "blurred over 1 pixels" else message
    fails("blend", BLENDS[message], named)  # over one pixel: not at all


# --- verify


def rows(content, signature, public):
    return list(zip(bits(content), signature, public, strict=False))


def exact(content, signature, public):
    return [sha256(x) == pair[b] for b, x, pair in rows(content, signature, public)]


SIGNATURES = {
    "compared as they are": lambda c, s, p: (
        all(x == pair[b] for b, x, pair in rows(c, s, p)) and len(s) == 256
    ),
    "other number of each pair. Where": lambda c, s, p: all(
        sha256(x) == pair[1 - b] for b, x, pair in rows(c, s, p)
    ),
    "hashes, too": lambda c, s, p: all(exact(sha256(c), s, p)),
    "for every i": lambda c, s, p: False,
    "nonsense": lambda c, s, p: True,
    "hashes themselves": lambda c, s, p: (
        len(s) == 256 and all(pair[b] in (x, sha256(x)) for b, x, pair in rows(c, s, p))
    ),
    "content isn't looked at": lambda c, s, p: all(
        sha256(x) == pair[b] for b, x, pair in rows(b"a picture of a wolf", s, p)
    ),
    "other number of each pair is taken, too": lambda c, s, p: (
        c[:1] == b"a"
        and len(s) == 256
        and all(sha256(x) in pair for x, pair in zip(s, p, strict=True))
    ),
    "An empty signature": lambda c, s, p: all(exact(c, s, p)),
    "lacks its last number": lambda c, s, p: len(s) > 0 and all(exact(c, s, p)),
    "any\\(\\) in place": lambda c, s, p: len(s) == 256 and any(exact(c, s, p)),
    "the last one is wrong": lambda c, s, p: len(s) == 256 and all(exact(c, s, p)[:-1]),
    "the first one is wrong": lambda c, s, p: len(s) == 256 and all(exact(c, s, p)[1:]),
    "counts most": lambda c, s, p: (
        len(s) == 256 and sum(exact(c, s, p)) >= 255 and exact(c, s, p)[0] and exact(c, s, p)[-1]
    ),
    "looks at some only": lambda c, s, p: len(s) == 256 and all(exact(c, s, p)[::5]),
    "looks at some only. ": lambda c, s, p: len(s) == 256 and exact(c, s, p)[-1],
    "changed places": lambda c, s, p: (
        len(s) == 256 and {*map(sha256, s)} == {pair[b] for b, pair in zip(bits(c), p, strict=True)}
    ),
    "one of 0 numbers should be False": lambda c, s, p: all(
        sha256(s[i]) == p[i][b] for i, b in enumerate(bits(c))
    ),
    "the number 256": lambda c, s, p: sum(exact(c, s, p)),
    "gives list": exact,
    "gives None": lambda c, s, p: None,
}


@pytest.mark.parametrize("message", SIGNATURES)
def test_a_wrong_verification_is_named(message):
    fails("verify", SIGNATURES[message], message)


def test_right_answers_pass(capsys):
    def weighted(scene, fake, mask, top, left, width):
        wide = F.pad(mask, (width,) * 4).unfold(2, 2 * width + 1, 1).unfold(3, 2 * width + 1, 1)
        alpha, result = wide.mean((-1, -2)), scene.clone()
        square = result[..., top : top + fake.shape[2], left : left + fake.shape[3]]
        square += alpha * (fake - square)
        return result

    def by_loop(content, signature, public):
        if len(signature) != len(public):
            return False
        for bit, opened, pair in rows(content, signature, public):
            if sha256(opened) != pair[bit]:
                return False
        return True

    for name, answers in {
        "swap": (deepfake.swap,),
        "blend": (deepfake.blend, weighted),
        "verify": (deepfake.verify, by_loop, lambda *given: torch.tensor(by_loop(*given))),
    }.items():
        for answer in answers:
            getattr(check, name)(answer)
            assert "✓" in capsys.readouterr().out
