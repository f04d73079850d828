"""Letting a WaveNet speak: sample after sample, each drawn with the probability it is given."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.nets.modes import eval_mode
from labkit.sound.wavenet import WaveNet


def recall(memory: Tensor, now: Tensor, step: int) -> Tensor:
    """What was `now` len(memory) steps ago; `now` takes its place. Returns (B, C).

    memory (D, B, C) goes round: step t belongs in row t modulo D, and is changed in place.
    """
    row = step % len(memory)
    past = memory[row].clone()
    memory[row] = now
    return past


@torch.no_grad()
def speak(
    model: WaveNet,
    voices: Tensor,
    sounds: Tensor,
    samples: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
    recall: Callable[[Tensor, Tensor, int], Tensor] | None = recall,
) -> Tensor:
    """New clips: levels, int64 (B, samples), of voices (B,) saying sounds (B,) or (B, samples).

    Each layer keeps what it may need once more (`recall`), so a sample costs the same however far
    the network looks back; with None all that a guess sees is computed anew for each sample. Below
    1 the `temperature` prefers likely levels. Mode and random state as before.
    """
    with eval_mode(model):
        says = _Kept(model, voices, sounds, recall) if recall else _Anew(model, voices, sounds)
        return _go_on(says, len(voices), samples, model.levels, temperature, seed)


class _Anew:
    """The network's logits for the next sample (B, levels), from the samples it sees."""

    def __init__(self, model: WaveNet, voices: Tensor, sounds: Tensor):
        self.model, self.voices, self.sounds = model, voices, sounds
        self.past = torch.zeros(len(voices), 0, dtype=torch.int64)

    def __call__(self, step: int, codes: Tensor) -> Tensor:
        self.past = torch.cat([self.past, codes[:, None]], 1)[:, -self.model.reach :]
        told = self.sounds
        if told.dim() == 2:
            told = told[:, step + 1 - self.past.shape[1] : step + 1]
        return self.model(self.past, self.voices, told)[:, :, -1]


class _Kept:
    """The network's logits for the next sample (B, levels), with each layer's memory."""

    def __init__(self, model: WaveNet, voices: Tensor, sounds: Tensor, recall: Callable):
        self.model, self.recall = model, recall
        told = model.told(voices, sounds)
        self.head = [(layer.weight[..., 0].T, layer.bias) for layer in model.head[::2]]
        self.layers = [
            (
                torch.zeros(gate.dilation, len(voices), model.width),
                torch.cat([gate.weight[..., 0], gate.weight[..., 1]], 1).T.contiguous(),
                (hint + gate.bias[:, None]).permute(2, 0, 1).contiguous(),
                (gate.out.weight[..., 0].T.contiguous(), gate.out.bias),
            )
            for gate, hint in zip(model.gates, told, strict=True)
        ]

    def __call__(self, step: int, codes: Tensor) -> Tensor:
        x, found = self.model.embedding.weight[codes], []
        for memory, weight, hints, (onward, bias) in self.layers:
            past = self.recall(memory, x, step)
            hint = hints[min(step, len(hints) - 1)]
            value, opening = torch.addmm(hint, torch.cat([past, x], 1), weight).chunk(2, 1)
            found.append(value.tanh() * opening.sigmoid())
            x = x + torch.addmm(bias, found[-1], onward)
        (inner, inner_bias), (last, bias) = self.head
        hidden = torch.addmm(inner_bias, torch.cat(found, 1), inner).relu()
        return torch.addmm(bias, hidden, last)


def _go_on(
    says: Callable, count: int, samples: int, levels: int, temperature: float, seed: int
) -> Tensor:
    """Draw level after level from the logits that `says(step, codes)` gives, from silence on."""
    chance = torch.rand(samples, count, 1, generator=torch.Generator().manual_seed(seed))
    codes, drawn = torch.full((count,), levels // 2), []
    for step in range(samples):
        likely = F.softmax(says(step, codes) / temperature, 1).cumsum(1)
        codes = (likely < chance[step] * likely[:, -1:]).sum(1).clamp_max(levels - 1)
        drawn.append(codes)
    return torch.stack(drawn, 1)
