"""FGSM and PGD on a pretrained network: labkit, torchattacks, foolbox, art.

EfficientNet-Lite0 at 224 px, inputs in [0, 1] for all; a photo's label is what the network calls
it. The same cross-entropy, eps, steps and step size, no random start. Time is that over the bare
gradients: as many passes forward and backward, with nothing around them. One thread; CPU seconds.
Success is the share of photos called something else afterwards, at two eps, the smaller so small
that it isn't 1; pixels are compared too (to 1e-6).
"""

import warnings

import torch
from torch.nn import functional as F

from benchmarks.measure import (
    Times,
    devices,
    interleaved,
    picture,
    ratio,
    ratios,
    result,
    suffix_of,
    table,
    times_table,
)
from labkit import adversarial, data
from labkit.nets import models

ATTACKS = {"FGSM": 1, "PGD": 5}  # steps
EPS, TIMED = (0.05 / 255, 1 / 255), 8  # photos timed: one batch for all
BARE = "bare gradients"


def main() -> None:
    """Measure the time of both attacks, then compare what they do."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    shown = {}
    for device in devices():
        model, images = models.load_pretrained().to(device), data.load_photos().to(device)
        labels, suffix = model(images).argmax(1), suffix_of(device)
        for name, steps in ATTACKS.items():
            times = timed(model, images[:TIMED], labels[:TIMED], steps, device)
            title = f"{name}, {TIMED} photos ({device})"
            times_table(times, to=BARE, unit="s", title=title)
            result(f"attack-{name.lower()}{suffix}", ratio(times, "labkit", BARE), 1.05)
            shown[title] = ratios(times, BARE)
        result(f"attack-success{suffix}", compared(model, images, labels), 0)
    picture("attack", shown, unit="times the bare gradients", goal=1.05)


def timed(model, images, labels, steps: int, device: str) -> Times:
    """Seconds of each attack, and of the bare gradients."""
    found = {BARE: lambda: bare(model, images, labels, steps)}
    for who, call in calls(model, EPS[-1], steps):
        found[who] = lambda c=call: c(images, labels)
    return interleaved(found, rounds=5, device=device)


def bare(model, images, labels, steps: int) -> None:
    """The gradients an attack needs, and nothing else."""
    images = images.clone().requires_grad_()
    for _ in range(steps):
        torch.autograd.grad(F.cross_entropy(model(images), labels), images)


def compared(model, images, labels) -> float:
    """Print the shares of photos misnamed; the largest difference of a peer's to labkit's."""
    rows, most = [], 0.0
    for name, steps in ATTACKS.items():
        for eps in EPS:
            made = {who: call(images, labels) for who, call in calls(model, eps, steps)}
            share = {who: misnamed(model, new, labels) for who, new in made.items()}
            most = max(most, *(abs(value - share["labkit"]) for value in share.values()))
            alike = min(same_pixels(new, made["labkit"]) for new in made.values())
            rows.append((f"{name}, eps {255 * eps:g} / 255", *share.values(), alike))
    table(["share misnamed", *made, "same pixels as labkit's, least"], rows)
    return most


@torch.no_grad()
def misnamed(model, images, labels) -> float:
    """Share of images that the model doesn't call by their labels."""
    return float((model(images).argmax(1) != labels).float().mean())


def same_pixels(images, others) -> float:
    """Share of values that are the same."""
    return float(((images - others).abs() < 1e-6).float().mean())


def calls(model, eps: float, steps: int) -> list:
    """Pairs (who, attack); an attack takes images and labels and gives the moved images.

    One step is FGSM, more are PGD.
    """
    makers = {"labkit": labkit, "torchattacks": torchattacks, "foolbox": foolbox, "art": art}
    return [(who, make(model, eps, steps)) for who, make in makers.items()]


def labkit(model, eps, steps):
    """labkit's attack."""
    if steps == 1:
        return lambda images, labels: adversarial.fgsm(model, images, labels, eps)
    options = {"eps": eps, "steps": steps, "seed": None}
    return lambda images, labels: adversarial.pgd(model, images, labels, **options)


def torchattacks(model, eps, steps):
    """torchattacks' attack."""
    from torchattacks import FGSM, PGD

    if steps == 1:
        return FGSM(model, eps=eps)
    return PGD(model, eps=eps, alpha=2.5 * eps / steps, steps=steps, random_start=False)


def foolbox(model, eps, steps):
    """foolbox's attack; of what it returns, the images within eps."""
    from foolbox import PyTorchModel
    from foolbox.attacks import FGSM, LinfPGD

    wrapped = PyTorchModel(model, bounds=(0, 1))
    many = {"rel_stepsize": 2.5 / steps, "steps": steps, "random_start": False}
    attack = FGSM(random_start=False) if steps == 1 else LinfPGD(**many)
    return lambda images, labels: attack(wrapped, images, labels, epsilons=eps)[1]


def art(model, eps, steps):
    """art's attack, from arrays to arrays as it wants."""
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    device = next(model.parameters()).device
    wrapped = PyTorchClassifier(
        model,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=(3, 224, 224),
        nb_classes=1000,
        clip_values=(0, 1),
        device_type="gpu" if device.type == "cuda" else "cpu",
    )
    many = {"eps_step": 2.5 * eps / steps, "max_iter": steps, "verbose": False}
    attack = (
        FastGradientMethod(wrapped, eps=eps)
        if steps == 1
        else ProjectedGradientDescent(wrapped, eps=eps, **many)
    )

    def call(images, labels):
        moved = attack.generate(images.cpu().numpy(), labels.cpu().numpy())
        return torch.from_numpy(moved).to(device)

    return call


if __name__ == "__main__":
    main()
