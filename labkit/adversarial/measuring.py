"""How often networks for digits are right, plain and attacked: the lab's table of defences."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from labkit.adversarial.attacks import coin_flips, fgsm, pgd
from labkit.adversarial.defending import Loud, noise_practice, practice
from labkit.data import load_digits
from labkit.nets.models import LeNet
from labkit.nets.train import fit

EPS, EPOCHS, LR = 0.2, 8, 2e-3
ASKED = 500  # test digits that are attacked


@torch.no_grad()
def share_right(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images (B, C, H, W) that a network calls by their labels (B,)."""
    return float((net(images).argmax(1) == labels).float().mean())


def under_attack(net: nn.Module, images: Tensor, labels: Tensor, *, eps: float = EPS) -> dict:
    """Share right by what was done to the images: nothing, coin flips, one step, twenty steps."""
    tried = {
        "clean": images,
        "random": coin_flips(images, eps=eps, seed=99),
        "fgsm": fgsm(net, images, labels, eps),
        "pgd": pgd(net, images, labels, eps=eps),
    }
    return {name: share_right(net, moved, labels) for name, moved in tried.items()}


def trained(kind: str, *, seed: int, eps: float = EPS) -> nn.Module:
    """A LeNet trained on 4,000 digits: "plain", with "noise", or "hardened" against one step.

    ValueError for another kind.
    """
    train, valid = load_digits()
    net = LeNet(seed=seed)
    changes = {
        "plain": None,
        "noise": noise_practice(eps=eps),
        "hardened": practice(net, train.labels, eps=eps),
    }
    if kind not in changes:
        raise ValueError(f"kind must be one of {', '.join(changes)}, not {kind!r}")
    options = {"epochs": EPOCHS, "lr": LR, "seed": seed, "progress": False}
    fit(net, train, valid, augment=changes[kind], device="cpu", **options)
    return net.eval()


def measured(*, seed: int) -> dict[str, float]:
    """A row of the table: three networks of this seed, and what carries over to another one."""
    images, labels = (part[:ASKED] for part in load_digits()[1])
    nets = {kind: trained(kind, seed=seed) for kind in ("plain", "noise", "hardened")}
    row: dict[str, float] = {"seed": seed}
    for kind, net in nets.items():
        row |= {f"{kind} {k}": v for k, v in under_attack(net, images, labels).items()}
    stranger = trained("plain", seed=seed + 100)
    made = pgd(nets["plain"], images, labels, eps=EPS)
    row["stranger clean"] = share_right(stranger, images, labels)
    row["stranger attacked"] = share_right(stranger, made, labels)
    loud = Loud(nets["plain"])
    row |= {f"loud {k}": v for k, v in under_attack(loud, images, labels).items()}
    row["loud found out"] = share_right(loud, made, labels)
    return {name: round(value, 4) for name, value in row.items()}
