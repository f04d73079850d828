"""Results of a student's function as JSON, and back: numbers, never code.

Tensors, arrays, numbers, texts and lists, tuples and dicts of these come back equal; anything
else comes back as `Opaque`. Reading builds nothing but these, whatever the JSON holds, and
raises ValueError for what `packed` does not make.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_BYTES = 8_000_000  # of one value
MOST_ITEMS, DEEPEST = 20_000, 20
_KINDS = {list: "list", tuple: "tuple"}
_DTYPES = {str(d).removeprefix("torch."): d for d in (
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bfloat16,
    torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128,
)}  # fmt: skip


class Opaque:
    """Stands for a result of a kind that is not sent."""

    def __init__(self, kind: str = "object"):
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def packed(value: Any, depth: int = 0) -> Any:
    """A value as JSON."""
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int and abs(value) < 2**63:
        return value
    if type(value) is str and len(value) < 100_000:
        return value
    if isinstance(value, Tensor):
        return _packed_tensor(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        array = np.asarray(value)
        if array.nbytes <= MOST_BYTES:
            kind = "array" if isinstance(value, np.ndarray) else "scalar"
            return {kind: array.dtype.str, **_raw(array.shape, array.tobytes())}
    kind = next((kind for kind in _KINDS if isinstance(value, kind)), None)  # named tuples, too
    if kind and len(value) <= MOST_ITEMS and depth < DEEPEST:
        return {_KINDS[kind]: [packed(item, depth + 1) for item in value]}
    if isinstance(value, dict) and len(value) <= MOST_ITEMS and depth < DEEPEST:
        return {"dict": [[packed(k, depth + 1), packed(v, depth + 1)] for k, v in value.items()]}
    return {"opaque": type(value).__name__[:60]}


def unpacked(stored: Any, depth: int = 0) -> Any:
    """The value that `packed` was given. Raises ValueError for JSON that `packed` does not make."""
    if stored is None or isinstance(stored, bool | int | float | str):
        return stored
    if not isinstance(stored, dict) or depth > DEEPEST:
        raise ValueError(f"this is no packed value: {type(stored).__name__}")
    if isinstance(stored.get("tensor"), str):
        return _unpacked_tensor(stored)
    if isinstance(stored.get("array"), str) or isinstance(stored.get("scalar"), str):
        return _unpacked_array(stored)
    for kind, name in _KINDS.items():
        if isinstance(stored.get(name), list):
            return kind(unpacked(item, depth + 1) for item in stored[name])
    if isinstance(stored.get("dict"), list):
        try:
            pairs = [(unpacked(k, depth + 1), unpacked(v, depth + 1)) for k, v in stored["dict"]]
            return dict(pairs)
        except TypeError as error:  # not pairs, or keys that cannot be keys
            raise ValueError(f"this is no packed dict: {error}") from None
    return Opaque(str(stored.get("opaque", "object"))[:60])


def _packed_tensor(value: Tensor) -> dict:
    dtype = str(value.dtype).removeprefix("torch.")
    plain = value.detach()
    plain = plain if plain.layout == torch.strided else plain.to_dense()
    if dtype not in _DTYPES or plain.numel() * plain.element_size() > MOST_BYTES:
        return {"opaque": "Tensor"}
    plain = plain.cpu().resolve_conj().resolve_neg().contiguous()
    data = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return {"tensor": dtype, "grad": bool(value.requires_grad), **_raw(plain.shape, data)}


def _unpacked_tensor(stored: dict) -> Tensor:
    dtype, (shape, data) = _DTYPES.get(stored["tensor"]), _shape_and_data(stored)
    if dtype is None or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError("a tensor's size does not fit its shape")
    flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
    grad = bool(stored.get("grad")) and (dtype.is_floating_point or dtype.is_complex)
    return flat.reshape(shape).requires_grad_(grad)


def _unpacked_array(stored: dict) -> Any:
    is_array = "array" in stored
    try:
        dtype = np.dtype(stored["array" if is_array else "scalar"])
    except (TypeError, ValueError, SyntaxError):
        raise ValueError("an array of an unknown kind") from None
    shape, data = _shape_and_data(stored)
    if dtype.kind not in "biufc" or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array's size does not fit its shape")
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array if is_array else array[()]


def _raw(shape: tuple, data: bytes) -> dict:
    return {"shape": list(shape), "data": base64.b64encode(data).decode("ascii")}


def _shape_and_data(stored: dict) -> tuple[tuple[int, ...], bytearray]:
    shape, data = stored.get("shape"), stored.get("data")
    sizes = isinstance(shape, list) and len(shape) <= 64
    if not sizes or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise ValueError("a shape is a list of sizes")
    if not isinstance(data, str):
        raise ValueError("values without data")
    return tuple(shape), bytearray(base64.b64decode(data, validate=True))
