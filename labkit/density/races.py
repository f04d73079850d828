"""A GAN, a VAE and a row-RNN that learn for the same processor time: which fakes are best?"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from labkit import data, density, gan
from labkit.gan import frechet
from labkit.nets.threads import one_each

COLUMNS = ("model", "seconds", "seed", "steps", "frechet", "wanted", "bits")


def race(name: str, *, seconds: float = 0, steps: int = 0, seed: int = 0) -> dict:
    """Train "GAN", "VAE" or "row-RNN" for `seconds` of processor time, or so many `steps`.

    A row as in `labkit.density.load_race`. The same steps and seed give the same row again.
    """
    train, test = data.load_digits()
    learn = {"GAN": _gan, "VAE": _vae, "row-RNN": _row_rnn}[name]
    with one_each():
        steps = steps or round(seconds / _seconds_a_step(learn, train, seed))
        draw, bits = learn(train, test, steps, seed)
        labels = torch.arange(2000) % 10
        samples = density.binary(draw(labels))
        judge = gan.load_judge()
        distance = frechet.frechet(judge, samples, density.binary(test.images))
        wanted = (judge(samples).argmax(1) == labels).float().mean()
    found = (round(distance, 1), round(float(wanted), 3), round(bits, 4))
    return dict(zip(COLUMNS, (name, seconds, seed, steps, *found), strict=True))


def _seconds_a_step(learn: Callable, train: tuple, seed: int, *, steps: int = 60) -> float:
    few = train[0][:64], train[1][:64]
    learn(train, few, 10, seed)
    start = time.process_time()
    learn(train, few, steps, seed)
    return (time.process_time() - start) / steps


def _gan(train, test, steps: int, seed: int) -> tuple[Callable, float]:
    game = gan.Game(train, steps=steps, every=steps, seed=seed)
    game.play(progress=False)
    return lambda labels: gan.forge(game.forger, labels, seed=seed), float("nan")


def _vae(train, test, steps: int, seed: int) -> tuple[Callable, float]:
    model = density.VAE(seed=seed)

    def loss(images: Tensor, labels: Tensor, done: float) -> Tensor:
        weight = min(1.0, done / 0.3)
        return density.negative_elbo(model, images, labels, kl_weight=weight)

    density.fit(model, loss, _black_and_white(train), steps=steps, lr=3e-3, seed=seed)
    noise = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def draw(labels: Tensor) -> Tensor:
        codes = torch.randn(len(labels), model.z_dim, generator=noise)
        return model.decode(codes, labels).sigmoid()

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        bound = density.negative_elbo(model, *_black_and_white(test)).mean()
    return draw, float(density.bits_per_pixel(bound))


def _row_rnn(train, test, steps: int, seed: int) -> tuple[Callable, float]:
    model = density.RowRNN(seed=seed)

    def loss(images: Tensor, labels: Tensor, _: float) -> Tensor:
        return density.nats(model(images, labels), images)

    density.fit(model, loss, _black_and_white(train), steps=steps, lr=4e-3, seed=seed)
    cost = density.mean_nats(model, _black_and_white(test)).mean()
    return lambda labels: density.sample(model, labels, seed=seed), float(
        density.bits_per_pixel(cost)
    )


def _black_and_white(digits: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return density.binary(digits[0]), digits[1]
