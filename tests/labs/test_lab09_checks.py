"""Checks of lab 09: each plausible wrong answer is named."""

import math

import numpy as np
import pytest
import torch
from answered import failing
from torch.nn import functional as F

from labkit import sound
from labkit.checks import CheckFailed
from labkit.checks import lab09 as check

fails = failing(check)


# --- exercise 1


def squeezed(x):
    return x.sign() * (1 + 255 * x.abs()).log() / math.log(256)


def level(y, levels):
    return ((y + 1) / 2 * levels).floor().clamp(0, levels - 1).long()


LEVELS = {
    "sign is lost": lambda x, n: level(squeezed(x.abs()), n),
    "nothing is squeezed": level,
    "one too high": lambda x, n: ((squeezed(x) + 1) / 2 * n).ceil().clamp(0, n).long(),
    "rounded to the nearest": lambda x, n: ((squeezed(x) + 1) / 2 * n).round().clamp(0, n - 1),
    "as torchaudio": lambda x, n: ((squeezed(x) + 1) / 2 * (n - 1) + 0.5).long(),
    "There are `levels` steps": lambda x, n: ((squeezed(x) + 1) / 2 * (n - 1)).long(),
    "from below 0": lambda x, n: (squeezed(x) * n / 2).floor().long(),
    "twice `levels`\\. From": lambda x, n: ((squeezed(x) + 1) * n).long(),
    "then cut off": lambda x, n: ((squeezed(x) + 1) * n).long().clamp(0, n - 1),
    "isn't divided by ln": lambda x, n: level(squeezed(x) * math.log(256), n),
    "base 10": lambda x, n: level(x.sign() * (1 + 255 * x.abs()).log10() / math.log(256), n),
    "base 2, divided": lambda x, n: level(x.sign() * (1 + 255 * x.abs()).log2() / math.log(256), n),
    "levels - 1 in place": lambda x, n: level(
        x.sign() * (1 + (n - 1) * x.abs()).log() / math.log(n), n
    ),
    "255 is missing\\.": lambda x, n: level(x.sign() * (1 + x.abs()).log() / math.log(256), n),
    "divided by ln\\(2\\)": lambda x, n: level(x.sign() * (1 + x.abs()).log() / math.log(2), n),
    "64 is fixed": lambda x, n: level(squeezed(x), 64),
    "squeezed loudnesses": lambda x, n: squeezed(x),
    "not whole numbers": lambda x, n: (squeezed(x) + 1) / 2 * n,
    "upside down": lambda x, n: level(-squeezed(x), n),
    "there is none": lambda x, n: ((squeezed(x) + 1) / 2 * n).floor().long(),
    "below 0 every level is 0": lambda x, n: level(
        ((1 + 255 * x).log() / math.log(256)).nan_to_num(-1), n
    ),
    "some are nan": lambda x, n: ((1 + 255 * x).log() / math.log(256) + 1) / 2 * n,
    "silence, 0, is where": lambda x, n: (
        (((squeezed(x) + 1) / 2 * n).ceil() - 1).clamp(0, n - 1).long()
    ),
    "0 / 0": lambda x, n: level((x / x.abs() * squeezed(x.abs())).nan_to_num(-1), n),
    "divided by ln\\(255\\)": lambda x, n: level(squeezed(x) * math.log(256) / math.log(255), n),
    "divided by ln\\(levels\\)": lambda x, n: level(squeezed(x) * math.log(256) / math.log(n), n),
    "cut towards 0": lambda x, n: (squeezed(x) * n / 2).long() + n // 2,
    "of type torch.int32": lambda x, n: level(squeezed(x), n).int(),
    "of type float": lambda x, n: np.asarray(level(squeezed(x), n), np.float32),
    "but of type torch.float32": lambda x, n: level(squeezed(x), n).float(),
    "must not change": lambda x, n: level(squeezed(x.mul_(1.0).abs_()), n),
}


@pytest.mark.parametrize("message", LEVELS)
def test_a_wrong_level_is_named(message):
    if message == "must not change":
        return fails("mu_law", LEVELS[message], "chang")
    fails("mu_law", LEVELS[message], message)


def test_right_levels_pass(capsys):
    def by_numpy(x, levels):
        x = np.asarray(x, np.float64)
        y = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
        return np.clip(np.floor((y + 1) / 2 * levels), 0, levels - 1).astype(int)

    def by_buckets(x, levels):
        return torch.bucketize(x.double(), sound.levels.edges(levels)[1:-1], right=True)

    for answer in (sound.mu_law, by_numpy, by_buckets):
        check.mu_law(answer)
        assert "✓" in capsys.readouterr().out


# --- exercise 2


def conv(before=None, after=None, cut=None, **options):
    """causal_layer with other padding, or another dilation."""

    def answer(x, weight, d):
        padding = d if before is None else before(d), 0 if after is None else after(d)
        given = {"dilation": d} | {name: f(d) for name, f in options.items()}
        out = F.conv1d(F.pad(x, padding), weight, **given)
        return out if cut is None else cut(out, d, x.shape[-1])

    return answer


def right(x, weight, d):
    return sound.causal_layer(x, weight, d)


LAYERS = {
    "looks 2 samples AHEAD": conv(before=lambda d: 0, after=lambda d: d),
    "longer than the sound": conv(after=lambda d: d),
    "on both sides, so": conv(before=lambda d: d // 2, after=lambda d: d - d // 2),
    "AHEAD.*wrong end was cut": conv(after=lambda d: d, cut=lambda out, d, time: out[..., d:]),
    "dilation isn't used": conv(before=lambda d: 1, dilation=lambda d: 1),
    "doesn't know of it": conv(dilation=lambda d: 1),
    "2 samples too short": conv(before=lambda d: 0),
    "one sample too short": conv(before=lambda d: d - 1),
    "one sample too long": conv(before=lambda d: d + 1),
    "weights are swapped": lambda x, w, d: right(x, w.flip(-1), d),
    "one sample late": lambda x, w, d: right(F.pad(x, (1, 0))[..., :-1], w, d),
    "weight\\[..., 1\\] is for it": lambda x, w, d: right(x, w * torch.tensor([1.0, 0]), d),
    "weight\\[..., 0\\] is for it": lambda x, w, d: right(x, w * torch.tensor([0, 1.0]), d),
    "first sample is repeated": lambda x, w, d: F.conv1d(
        F.pad(x, (d, 0), mode="replicate"), w, dilation=d
    ),
    "comes round again": lambda x, w, d: (
        torch.einsum("oc,bct->bot", w[..., 0], x.roll(d, -1))
        + torch.einsum("oc,bct->bot", w[..., 1], x)
    ),
    "looks 4 samples back, not 2": conv(before=lambda d: 2 * d, dilation=lambda d: 2 * d),
    "looks 3 samples back, not 2": conv(before=lambda d: d + 1, dilation=lambda d: d + 1),
    "channels of the result are mixed up": lambda x, w, d: right(x, w, d).mT,
    "channels are summed up": lambda x, w, d: right(x, w, d).sum(1),
    "first two axes are swapped": lambda x, w, d: (
        right(x, w.transpose(0, 1), d) if w.shape[0] == w.shape[1] else right(x, w, d)
    ),
    "has no gradient": lambda x, w, d: right(x, w, d).detach(),
    "reaches its input": lambda x, w, d: right(x.detach(), w, d),
    "reaches its weight": lambda x, w, d: right(x, w.detach(), d),
}


@pytest.mark.parametrize("message", LAYERS)
def test_a_wrong_layer_is_named(message):
    fails("causal_layer", LAYERS[message], message)


def test_right_layers_pass(capsys):
    def cut_off(x, weight, d):
        return F.conv1d(x, weight, padding=d, dilation=d)[..., : x.shape[-1]]

    def by_hand(x, weight, d):
        past = torch.zeros_like(x)
        past[..., d:] = x[..., : max(x.shape[-1] - d, 0)]
        return weight[..., 0] @ past + weight[..., 1] @ x

    for answer in (right, cut_off, by_hand):
        check.causal_layer(answer)
        assert "✓" in capsys.readouterr().out


# --- exercise 3

FIELDS = {
    "present sample is missing": lambda k, ds: (k - 1) * sum(ds),
    "kernel x layers": lambda k, ds: k * len(ds),
    "dilations aren't used": lambda k, ds: 1 + (k - 1) * len(ds),
    "kernels overlap": lambda k, ds: k * sum(ds),
    "not kernel x its dilation": lambda k, ds: 1 + k * sum(ds),
    "kernel isn't used": lambda k, ds: 1 + sum(ds),
    "multiplied": lambda k, ds: math.prod(1 + (k - 1) * d for d in ds),
    "to the power": lambda k, ds: k ** len(ds),
    "only the first layer": lambda k, ds: 1 + (k - 1) * ds[0],
    "only the last layer": lambda k, ds: 1 + (k - 1) * ds[-1],
    "only the longest": lambda k, ds: 1 + (k - 1) * max(ds),
    "twice the longest": lambda k, ds: 2 * max(ds),
    "once a layer": lambda k, ds: len(ds) + (k - 1) * sum(ds),
    "None": lambda k, ds: None,
}


@pytest.mark.parametrize("message", FIELDS)
def test_a_wrong_field_is_named(message):
    fails("receptive_field", FIELDS[message], message)


def test_right_fields_pass(capsys):
    def by_counting(kernel, dilations):
        seen = {0}
        for d in dilations:
            seen = {here - back * d for here in seen for back in range(kernel)}
        return len(seen)

    def by_going_back(kernel, dilations):
        seen = {0}
        for d in dilations:
            seen = {here - back * d for here in seen for back in range(kernel)}
        return 1 - min(seen)

    for answer in (sound.receptive_field, by_going_back, by_counting):
        check.receptive_field(answer)
        assert "✓" in capsys.readouterr().out


# --- exercise 4


def remember(read, write, clone=True):
    """recall with other rows to read and to write, or the reading last."""

    def answer(memory, now, step):
        past = memory[read(step, len(memory))]
        past = past.clone() if clone else past
        memory[write(step, len(memory))] = now
        return past

    return answer


def written_first(memory, now, step):
    memory[step % len(memory)] = now
    return memory[step % len(memory)]


def here(t, size):
    return t % size


MEMORIES = {
    "overwritten before it was read": written_first,
    "a view of it": remember(here, here, clone=False),
    "always 0": lambda memory, now, step: memory[step % len(memory)].clone(),
    "from 3 steps ago, not 4": remember(lambda t, n: (t + 1) % n, here),
    "from one step ago": remember(lambda t, n: 0, lambda t, n: 0),
    "not row 0": remember(lambda t, n: 0, lambda t, n: t % n),
    "from 3 steps ago": remember(lambda t, n: t % (n - 1 or 1), lambda t, n: t % (n - 1 or 1)),
    "of shape": lambda memory, now, step: memory.clone(),
    "is None": lambda memory, now, step: memory.__setitem__(step % len(memory), now),
    "a new one": lambda memory, now, step: torch.cat([memory[1:], now[None]])[0] * 0,
    "added to what is there": lambda memory, now, step: (
        memory[step % len(memory)].clone(),
        memory[step % len(memory)].add_(now),
    )[0],
    "answer stopped with IndexError": remember(lambda t, n: t, lambda t, n: t),
}


@pytest.mark.parametrize("message", MEMORIES)
def test_a_wrong_memory_is_named(message):
    fails("recall", MEMORIES[message], message)


def test_a_stub_is_called_by_its_own_name():
    def recall(memory, now, step):
        raise NotImplementedError

    with pytest.raises(CheckFailed, match="recall: not done yet"):
        check.recall(recall)


def test_right_memories_pass(capsys):
    def by_shifting(memory, now, step):
        past = memory[0].clone()
        memory[:-1] = memory[1:].clone()
        memory[-1] = now
        return past

    for answer in (sound.recall, by_shifting):
        check.recall(answer)
        assert "✓" in capsys.readouterr().out
