"""Lamport's one-time signature (1979): whoever made a file can prove it, and that no byte changed.

The secret key is 256 pairs of random numbers, the public key their hashes. A signature opens one
number of each pair: which, the 256 bits of the file's hash say. A key is for one file only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

BITS, BYTES = 256, 32  # of a SHA-256 hash

Key = list[tuple[bytes, bytes]]


def sha256(content: bytes) -> bytes:
    """The hash of a file: 32 bytes that nobody can aim at."""
    return hashlib.sha256(content).digest()


def bits(content: bytes) -> list[int]:
    """The 256 bits of a file's hash, each 0 or 1."""
    return [byte >> place & 1 for byte in sha256(content) for place in range(8)]


def new_keys() -> tuple[Key, Key]:
    """A secret key and the public key that belongs to it, from the machine's randomness."""
    secret = [(secrets.token_bytes(BYTES), secrets.token_bytes(BYTES)) for _ in range(BITS)]
    return secret, [(sha256(zero), sha256(one)) for zero, one in secret]


def sign(content: bytes, secret: Key) -> list[bytes]:
    """Open the number of each pair that the bit of the file's hash points at.

    >>> secret, public = new_keys()
    >>> verify(b"a picture", sign(b"a picture", secret), public)
    True
    """
    return [pair[bit] for pair, bit in zip(secret, bits(content), strict=True)]


def verify(content: bytes, signature: Sequence[bytes], public: Key) -> bool:
    """Does the hash of each opened number stand in the public key, where the file's bits point?"""
    if len(signature) != BITS:
        return False
    rows = zip(bits(content), signature, public, strict=True)
    return all(hmac.compare_digest(sha256(opened), pair[bit]) for bit, opened, pair in rows)
