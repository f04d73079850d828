"""Lab 09: for each exercise the right answer, and the wrong ones that usual mistakes give.

Each function returns (right answer, {message: wrong answer}); `labkit.checks.lab09` compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def mu_law(sound: Tensor, levels: int) -> tuple[Tensor, dict]:
    """The right levels, and wrong ones; sound float64."""
    size, sign = sound.abs(), sound.sign()
    soft = (1 + 255 * size).log()
    y = sign * soft / math.log(256)

    def cut(squeezed: Tensor, count: int = levels) -> Tensor:
        return ((squeezed + 1) / 2 * count).floor().clamp(0, count - 1)

    unsigned = cut(soft / math.log(256))
    return cut(y), {
        "the sign is lost: what is below 0 must get another level than what is above. Multiply "
        "the squeezed loudness by the sound's sign, .sign().": unsigned,
        "nothing is squeezed: these are equal steps of the sound itself. Take the logarithm "
        "first.": cut(sound),
        "every level is one too high. The steps are numbered from 0, and a sample gets the number "
        "of the step it lies in: cut down (floor), not up.": ((y + 1) / 2 * levels)
        .ceil()
        .clamp(0, levels),
        "the levels are rounded to the nearest. Cut down to the lower end of the step: floor.": (
            ((y + 1) / 2 * levels).round().clamp(0, levels - 1)
        ),
        "this is squeezed to 0 ... levels - 1 and rounded (as torchaudio does it). Here all steps "
        "are equal: multiply by `levels` and cut down.": ((y + 1) / 2 * (levels - 1) + 0.5).floor(),
        "this is squeezed to 0 ... levels - 1. There are `levels` steps: multiply by `levels`.": (
            ((y + 1) / 2 * (levels - 1)).floor()
        ),
        "the levels run from below 0 to above 0. Add 1 first, then halve: 0 is silence's half.": (
            (y * levels / 2).floor()
        ),
        "the levels run to twice `levels`. From [-1, 1] to [0, 1]: add 1 and halve.": (
            ((y + 1) * levels).floor()
        ),
        "the levels run to twice `levels` and are then cut off. From [-1, 1] to [0, 1]: add 1 and "
        "halve.": ((y + 1) * levels).floor().clamp(0, levels - 1),
        "the squeezed loudness isn't divided by ln(256), so most of it is out of range.": cut(
            sign * soft
        ),
        "the logarithm is one to base 10, divided by ln(256): use the same logarithm twice.": cut(
            sign * soft / math.log(10) / math.log(256)
        ),
        "the logarithm is one to base 2, divided by ln(256): use the same logarithm twice.": cut(
            sign * soft / math.log(2) / math.log(256)
        ),
        "it is squeezed by levels - 1 in place of 255.": cut(
            sign * (1 + (levels - 1) * size).log() / math.log(levels)
        ),
        "the logarithm is taken of 1 + |x|: the 255 is missing.": cut(
            sign * (1 + size).log() / math.log(256)
        ),
        "the logarithm is taken of 1 + |x|, and divided by ln(2): the 255 is missing.": cut(
            sign * (1 + size).log() / math.log(2)
        ),
        "below 0 every level is 0: 1 + 255 x has no logarithm there. Take that of 1 + 255 |x|, and "
        "put the sign in front afterwards.": cut(
            torch.where(sound > -1 / 255, (1 + 255 * sound).log() / math.log(256), -1.0)
        ),
        "the logarithm is divided by ln(levels). Of 1 + 255 |x| the largest is ln(256).": cut(
            sign * soft / math.log(levels)
        ),
        "it is cut towards 0, not down, so silence has a step of twice the width. Add 1 and halve "
        "first, then cut.": (y * levels / 2).trunc() + levels // 2,
        "64 is fixed: use the argument `levels`.": cut(y, 64),
        "these are the squeezed loudnesses from -1 to 1. Cut them into levels.": y,
        "these are not whole numbers: cut them down, .floor() or .long().": (y + 1) / 2 * levels,
        "it is upside down: the lowest pressure, -1, gets level 0.": cut(-y),
    }


def ends(levels: int) -> tuple[Tensor, dict]:
    """The levels of 1, -1 and almost 1, and wrong ones."""
    last, silence, edge = levels - 1.0, levels // 2, 60.0
    return torch.tensor([last, 0.0, last, silence, edge]), {
        f"the loudest sample, 1, gets level {levels}, and there is none: they run from 0 to "
        f"{levels - 1}. Clamp.": torch.tensor([levels, 0.0, last, silence, edge]),
        "silence, 0, is where the upper half begins: cut down (floor), and don't count from the "
        "upper end of a step.": torch.tensor([last, 0.0, last, silence - 1, edge]),
        "silence, 0, gets level 0: it was divided by its own loudness, 0 / 0. Use .sign(), which "
        "is 0 there.": torch.tensor([last, 0.0, last, 0.0, edge]),
        "the logarithm is divided by ln(255). Of 1 + 255 |x| the largest is ln(256).": (
            torch.tensor([last, 0.0, last, silence, edge + 1])
        ),
    }


def layer(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """The right layer."""
    return _layer(x, weight, dilation)


def _layer(x: Tensor, weight: Tensor, back: int, now: int = 0) -> Tensor:
    """First weight on the sample `back` ago, second on the one `now` ago; negative: later."""
    parts = (_ago(x, back), _ago(x, now))
    return sum(torch.einsum("oc,bct->bot", weight[..., i], p) for i, p in enumerate(parts))


def _ago(x: Tensor, back: int) -> Tensor:
    time = x.shape[-1]
    if back >= 0:
        return F.pad(x, (back, 0))[..., :time]
    return F.pad(x, (0, -back))[..., -back:]


def causal_layer(x: Tensor, weight: Tensor, dilation: int) -> tuple[Tensor, dict]:
    """The right result (B, O, T), and wrong ones."""
    d, time = dilation, x.shape[-1]
    padded = F.pad(x, (d, d))
    first = torch.cat([x[..., :1].expand(-1, -1, d), x], -1)
    rolled = torch.cat([x.roll(d, -1)[..., :d], x], -1)

    def conv(given: Tensor, step: int = d) -> Tensor:
        if given.shape[-1] <= step:
            return torch.zeros(0)
        return F.conv1d(given, weight, dilation=step)

    wrong = {
        f"it looks {d} samples AHEAD: the zeros are behind the sound, or the wrong end "
        "was cut off. Put them in front, F.pad(x, (dilation, 0)).": _layer(x, weight, 0, -d),
        f"the result is {d} samples longer than the sound, since zeros were added on both sides "
        "(padding=dilation). Add them in front only, or cut the end off.": conv(padded),
        "zeros were added on both sides, so it looks at later samples, too. Add them in front "
        "only: F.pad(x, (dilation, 0)).": _layer(x, weight, d // 2, d // 2 - d),
        f"it looks 1 sample back, not {d}: the dilation isn't used. Hand it to F.conv1d.": (
            _layer(x, weight, 1)
        ),
        f"the result has {time + d - 1} samples, not {time}: zeros were added for the dilation, "
        "but F.conv1d doesn't know of it, dilation=dilation.": conv(F.pad(x, (d, 0)), 1),
        f"the result is {d} samples too short: add `dilation` zeros in front.": conv(x),
        "the result is one sample too short: add `dilation` zeros in front, not one less.": conv(
            F.pad(x, (d - 1, 0))
        ),
        "the result is one sample too long: add `dilation` zeros in front, not one more.": conv(
            F.pad(x, (d + 1, 0))
        ),
        "the two weights are swapped: weight[..., 0] belongs to the earlier sample, "
        "weight[..., 1] to the present one.": _layer(x, weight.flip(-1), d),
        "everything is one sample late: the present sample is left out. The network guesses the "
        "NEXT sample, so it may see this one.": _layer(x, weight, d + 1, 1),
        "the present sample is left out: weight[..., 1] is for it.": (
            _layer(x, weight * torch.tensor([1.0, 0.0], dtype=x.dtype), d)
        ),
        "the earlier sample is left out: weight[..., 0] is for it.": (
            _layer(x, weight * torch.tensor([0.0, 1.0], dtype=x.dtype), d)
        ),
        "before the beginning there is silence, 0. Here the first sample is repeated.": conv(first),
        "before the beginning there is silence, 0. Here the end of the sound comes round again "
        "(torch.roll).": conv(rolled),
        f"it looks {2 * d} samples back, not {d}.": _layer(x, weight, 2 * d),
        f"it looks {d - 1} samples back, not {d}.": _layer(x, weight, d - 1),
        f"it looks {d + 1} samples back, not {d}.": _layer(x, weight, d + 1),
        "the channels of the result are mixed up: its second axis has one for each row of the "
        "weight.": _layer(x, weight, d).mT,
        "the channels are summed up: one channel of the result for each row of the weight.": (
            _layer(x, weight, d).sum(1)
        ),
    }
    if weight.shape[0] == weight.shape[1]:
        wrong["the weight's first two axes are swapped: (O, C, 2), results first."] = _layer(
            x, weight.transpose(0, 1), d
        )
    return layer(x, weight, d), wrong


def receptive_field(kernel: int, dilations: Sequence[int]) -> tuple[float, dict]:
    """The right number of samples, and wrong ones."""
    layers, total = len(dilations), sum(dilations)
    return 1 + (kernel - 1) * total, {
        "the present sample is missing: add 1.": (kernel - 1) * total,
        "the kernel isn't used: this is right for kernels of 2.": 1 + total,
        "this is kernel x layers, as if each layer began where the one before ended. A layer adds "
        "(kernel - 1) x its dilation.": kernel * layers,
        "the dilations aren't used: this is right if all are 1.": 1 + (kernel - 1) * layers,
        "the kernels overlap: a layer adds kernel - 1 samples for each unit of its dilation, not "
        "kernel. And the present one counts once.": kernel * total,
        "a layer adds (kernel - 1) x its dilation, not kernel x its dilation.": 1 + kernel * total,
        "the fields of the layers are multiplied. They add up.": math.prod(
            1 + (kernel - 1) * d for d in dilations
        ),
        "this is kernel to the power of the layers: right only if each layer looks `kernel` times "
        "as far as the one before.": kernel**layers,
        "only the first layer is counted. Is `return` inside the loop?": 1
        + (kernel - 1) * dilations[0],
        "only the last layer is counted. Those below it add to it.": 1
        + (kernel - 1) * dilations[-1],
        "only the longest layer is counted. The others add to it.": 1
        + (kernel - 1) * max(dilations),
        "this is twice the longest dilation: right only for kernels of 2 and dilations 1, 2, 4, "
        "...": 2 * max(dilations),
        "the present sample is counted once a layer. It is one and the same.": layers
        + (kernel - 1) * total,
    }


def recall(came: Tensor, size: int) -> tuple[Tensor, dict]:
    """What should be recalled of samples (N, B, C), and what usual mistakes recall."""

    def ago(steps: int) -> Tensor:
        return torch.cat([torch.zeros(steps, *came.shape[1:]).to(came), came])[: len(came)]

    turn = (torch.arange(len(came)) - 1).clamp_min(0) // size * size  # what row 0 holds
    block = torch.cat([torch.zeros_like(came[:1]), came[turn][1:]])
    return ago(size), {
        "it gives back what has just come: the row was overwritten before it was read, or what "
        "was read is a view of it (.clone() it), or the memory isn't read at all.": came.clone(),
        "it is always 0: nothing stays in the memory that was handed in. Put it there, "
        "memory[row] = now; `memory = ...` only makes a new one.": torch.zeros_like(came),
        f"it is from {size - 1} step{'s' * (size != 2)} ago, not {size}. Read and write the same "
        "row, step % len(memory), and read first.": ago(max(size - 1, 0)),
        f"it is from {size + 1} steps ago, not {size}.": ago(size + 1),
        "it is from one step ago. Read the row that is then written, step % len(memory), not the "
        "one written last; and not one row for all steps.": ago(1),
        f"it is from {2 * size} steps ago: a row is kept for a turn too long.": ago(2 * size),
        "what comes is added to what is there. Put it in its place, memory[row] = now.": sum(
            ago(turns * size) for turns in range(1, len(came) // size + 1)
        ),
        "all of one turn give back the same row: read row step % len(memory), not row 0.": block,
    }
