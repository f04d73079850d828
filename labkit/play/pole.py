"""A pole on a cart: its physics (Barto, Sutton and Anderson, 1983), and carts that are steered.

A state is (N, 4): where the cart is (m), its speed (m/s), the pole's angle from upright (rad), and
how fast that changes (rad/s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

EDGE, FALLEN = 2.4, 12 * np.pi / 180  # m from the middle; rad from upright
STEP = 0.02  # s


class Steered(NamedTuple):
    """What happened: states (T, N, 4), actions (T, N), whether still up at the time (T, N)."""

    states: np.ndarray
    actions: np.ndarray
    up: np.ndarray


def push(states: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The states (N, 4) a fiftieth of a second after a push of 10 N to the right or the left.

    right (N,): bool. The cart weighs 1 kg, the pole 100 g; it is 1 m long.
    """
    x, speed, angle, turn = states.T
    force = np.where(right, 10.0, -10.0) + 0.05 * turn**2 * np.sin(angle)
    lift = 9.8 * np.sin(angle) - np.cos(angle) * force / 1.1
    bend = lift / (0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1))
    pull = force / 1.1 - 0.05 * bend * np.cos(angle) / 1.1
    return states + STEP * np.stack([speed, pull, turn, bend], 1)


def balance(
    policy: nn.Module,
    count: int,
    *,
    seed: int,
    most: int = 500,
    step: Callable = push,
) -> Steered:
    """Let a policy steer `count` carts until each has fallen, or for `most` steps.

    policy: states (N, 4) -> the logit of "right" (N, 1); its probability is rolled for. A cart that
    has fallen, or left the track, stays as it was.
    """
    rng = np.random.default_rng(seed)
    states, up, rows = rng.uniform(-0.05, 0.05, (count, 4)), np.ones(count, bool), []
    while len(rows) < most and up.any():
        with torch.no_grad():
            chance = torch.sigmoid(policy(torch.from_numpy(states).float())[:, 0]).numpy()
        right = rng.random(count) < chance
        rows.append((states, right, up))
        states = np.where(up[:, None], step(states, right), states)
        up = up & (np.abs(states[:, 0]) <= EDGE) & (np.abs(states[:, 2]) <= FALLEN)
    return Steered(*(np.stack(column) for column in zip(*rows, strict=True)))


def returns(rewards: np.ndarray, discount: float) -> np.ndarray:
    """What each action is credited with: its reward and what comes later, which counts less.

    rewards (T, N); the reward k steps later counts discount ** k. (T, N), float64.
    """
    result = np.zeros(np.shape(rewards))
    later = np.zeros(np.shape(rewards)[1:])
    for time in reversed(range(len(rewards))):
        later = rewards[time] + discount * later
        result[time] = later
    return result
