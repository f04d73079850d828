"""One training run in one safetensors file: weights, optimizer, best weights, rows so far.

Written atomically (a killed kernel leaves the old file or the new one, never half of one) and
read without unpickling. `labkit.nets.train.fit` is its user.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import torch
from torch import Tensor, nn


class Checkpoint:
    """Saves and restores a run at `path`; with path=None it only remembers the best weights."""

    def __init__(
        self,
        path: str | Path | None,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        settings: dict,
    ):
        self.path = None if path is None else Path(path)
        self.model, self.optimizer, self.settings = model, optimizer, settings
        self.best: dict[str, Tensor] = {}

    def load(self) -> list[list[float]]:
        """Bring model and optimizer to the saved state; the rows so far, [] if there is no file."""
        if self.path is None or not self.path.exists():
            return []
        tensors, notes = _read(self.path)
        self._refuse_other_run(notes["settings"])
        try:
            self.model.load_state_dict(_part(tensors, "model."))
        except RuntimeError as error:
            raise ValueError(f"{self.path} holds another model: {error}") from None
        self._load_optimizer(_part(tensors, "optimizer."))
        self.best = _part(tensors, "best.")
        return notes["rows"]

    def save(self, rows: list[tuple], *, is_best: bool) -> None:
        """Write the state after an epoch; remember its weights if it is the best so far."""
        if is_best:
            self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        if self.path is None:
            return
        slots = self.optimizer.state_dict()["state"]
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        tensors |= {f"optimizer.{i}.{k}": v for i, slot in slots.items() for k, v in slot.items()}
        _write(self.path, tensors, {"settings": self.settings, "rows": rows})

    def restore_best(self) -> None:
        """Give the model the weights of the best epoch."""
        if self.best:
            self.model.load_state_dict(self.best)

    def _load_optimizer(self, tensors: dict[str, Tensor]) -> None:
        state = self.optimizer.state_dict()
        for name, tensor in tensors.items():
            index, key = name.split(".", 1)
            state["state"].setdefault(int(index), {})[key] = tensor
        self.optimizer.load_state_dict(state)

    def _refuse_other_run(self, saved: dict) -> None:
        changed = [k for k in self.settings if not _alike(saved.get(k), self.settings[k])]
        if changed:
            old, new = ({k: s.get(k) for k in changed} for s in (saved, self.settings))
            raise ValueError(
                f"{self.path} is from another run: {old} there, {new} here. Use another path, or "
                "delete that file if you no longer need it."
            )


def _alike(one, other) -> bool:
    """Whether two settings are equal; numbers up to the rounding of a long sum."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other


def _read(path: Path) -> tuple[dict[str, Tensor], dict]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(file.metadata()["labkit"])
    except (SafetensorError, TypeError, KeyError, OSError, ValueError) as error:
        raise ValueError(f"{path} is not a checkpoint of labkit ({error})") from error


def _write(path: Path, tensors: dict[str, Tensor], notes: dict) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    copies = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    try:
        save_file(copies, part, metadata={"labkit": json.dumps(notes)})
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
