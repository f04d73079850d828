"""Random numbers that depend on a seed and a count alone: number i is the same in any batch.

SplitMix64 (Steele, Lea & Flood 2014): each number is a count, multiplied and mixed. There is no
state to carry on, so any part of the sequence can be drawn by itself. Not for secrets.
"""

from __future__ import annotations

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: the step of the count
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def uniforms(seed: int, indices: np.ndarray, count: int) -> np.ndarray:
    """`count` uniform numbers in [0, 1) for each index, float64 (len(indices), count).

    Row i depends on the seed and indices[i] alone, and its first numbers not on `count`.

    >>> bool((uniforms(0, np.arange(9), 4)[5] == uniforms(0, np.array([5]), 4)[0]).all())
    True
    """
    key = _mixed(np.array([seed % 2**64], dtype=np.uint64) * GOLDEN + FIRST)
    rows = _mixed(key + np.asarray(indices).astype(np.uint64) * GOLDEN)
    columns = np.arange(1, count + 1, dtype=np.uint64) * GOLDEN
    return (_mixed(rows[:, None] + columns) >> np.uint64(11)) * 2.0**-53


def normals(seed: int, indices: np.ndarray, count: int) -> np.ndarray:
    """`count` standard normal numbers for each index, float32 (Box & Muller 1958).

    >>> normals(0, np.arange(9), 5).shape
    (9, 5)
    """
    half = -(-count // 2)
    flat = uniforms(seed, indices, 2 * half).astype(np.float32)
    radius = np.sqrt(-2 * np.log1p(-np.minimum(flat[:, :half], np.float32(1 - 2**-24))))
    angle = np.float32(2 * np.pi) * flat[:, half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], 1)[:, :count]


def _mixed(x: np.ndarray) -> np.ndarray:
    """SplitMix64's mixing: every bit of x changes about half of the bits that come out."""
    x = (x ^ (x >> np.uint64(30))) * FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return x ^ (x >> np.uint64(31))
