"""Checks of lab 08: each plausible wrong answer is named."""

import math

import numpy as np
import pytest
import torch
from answered import failing

from labkit import density
from labkit.checks import lab08 as check

fails = failing(check)


# --- exercise 1


def kl(each):
    """kl_divergence with other terms, summed over the numbers of a code."""
    return lambda m, v: each(m, v).sum(1) / 2


def right(m, v):
    return m**2 + v.exp() - 1 - v


KL = {
    "sign is turned": kl(lambda m, v: -right(m, v)),
    "factor 1/2": lambda m, v: right(m, v).sum(1),
    "mean over the numbers": lambda m, v: right(m, v).mean(1) / 2,
    "divergences of single numbers": lambda m, v: right(m, v) / 2,
    "one number for the batch": lambda m, v: right(m, v).sum() / 2,
    "mean of the batch": lambda m, v: right(m, v).sum(1).mean() / 2,
    "sum runs over the images": lambda m, v: right(m, v).sum(0) / 2,
    "taken for a standard deviation": kl(lambda m, v: m**2 + v**2 - 1 - (v**2).log()),
    "some are nan": kl(lambda m, v: m**2 + v - 1 - v.log()),
    "isn't squared": kl(lambda m, v: m**2 + v.exp() ** 2 - 1 - v),
    "wants the variance": kl(lambda m, v: m**2 + (v / 2).exp() - 1 - v),
    "mean is not squared": kl(lambda m, v: m + v.exp() - 1 - v),
    "term mean\\*\\*2 is missing": kl(lambda m, v: v.exp() - 1 - v),
    "1 is missing": kl(lambda m, v: m**2 + v.exp() - v),
    "last term has the wrong sign": kl(lambda m, v: m**2 + v.exp() - 1 + v),
    "last term.*is missing": kl(lambda m, v: m**2 + v.exp() - 1),
    "the other way round": kl(lambda m, v: v + (1 + m**2) / v.exp() - 1),
    "in bits": lambda m, v: right(m, v).sum(1) / 2 / math.log(2),
    "turned, and the factor 1/2": kl(lambda m, v: -2 * right(m, v)),
    "multiplied by 2": kl(lambda m, v: 4 * right(m, v)),
    "numbers of a code, and the factor 1/2 is": lambda m, v: right(m, v).mean(1),
    "keepdim": lambda m, v: right(m, v).sum(1, keepdim=True) / 2,
    "batch, and the factor 1/2": lambda m, v: right(m, v).sum(),
    "mean\\*\\*2 has none": kl(lambda m, v: m**2 + right(m, v)),
    "only mean\\*\\*2 has it": kl(lambda m, v: 2 * right(m, v) - m**2),
    "only the last term has it": kl(lambda m, v: 2 * right(m, v) + v),
    "the last term has none": kl(lambda m, v: right(m, v) - v),
    "not mean.abs": kl(lambda m, v: m.abs() + right(0 * m, v)),
    "1 has the wrong sign": kl(lambda m, v: right(m, v) + 2),
    "mean and log_variance are swapped": kl(lambda m, v: right(v, m)),
    "last term is the variance": kl(lambda m, v: m**2 + v.exp() - 1 - v.exp()),
    "not exp\\(-l\\)": kl(lambda m, v: m**2 + (-v).exp() - 1 - v),
    "exp is taken twice": kl(lambda m, v: m**2 + v.exp().exp() - 1 - v),
    "Nothing can learn": lambda m, v: (right(m, v).sum(1) / 2).detach(),
    "the mean has none": kl(lambda m, v: right(m.detach(), v)),
    "log-variance has none": kl(lambda m, v: right(m, v.detach())),
}


@pytest.mark.parametrize("message", KL)
def test_a_wrong_divergence_is_named(message):
    fails("kl_divergence", KL[message], message)


def test_right_divergences_pass(capsys):
    normal = torch.distributions.Normal

    def by_torch(mean, log_variance):
        cloud = normal(mean, (log_variance / 2).exp())
        return torch.distributions.kl_divergence(cloud, normal(0.0, 1.0)).sum(-1)

    for answer in (density.kl_divergence, by_torch):
        check.kl_divergence(answer)
        assert "✓" in capsys.readouterr().out


# --- exercise 2


def drawn(noise):
    """reparametrise with noise of another kind."""
    return lambda m, v: m + (v / 2).exp() * noise(m)


def seeded(m, v):
    torch.manual_seed(3)
    return m + (v / 2).exp() * torch.randn_like(m)


def coin(m):
    return 2.0 * torch.randint(0, 2, m.shape) - 1


DRAWS = {
    "scaled by exp\\(log_variance\\), the variance": lambda m, v: m + v.exp() * torch.randn_like(m),
    "scaled by the log-variance itself": lambda m, v: m + v * torch.randn_like(m),
    "is not scaled": lambda m, v: m + torch.randn_like(m),
    "sign is turned": lambda m, v: m + (-v / 2).exp() * torch.randn_like(m),
    "half belongs inside": lambda m, v: m + v.exp() / 2 * torch.randn_like(m),
    "noise is uniform": drawn(torch.rand_like),
    "shape of a Gaussian": drawn(coin),
    "nothing is drawn": lambda m, v: m,
    "some are nan": lambda m, v: m + v.sqrt() * torch.randn_like(m),
    "same codes": seeded,
    "follows that of another": drawn(lambda m: torch.randn(len(m), 1) * torch.tensor([1.0, -1, 1])),
    "All images get the same noise": drawn(lambda m: torch.randn(m.shape[1])),
    "All numbers of a code": drawn(lambda m: torch.randn(len(m), 1)),
    "another place than their mean": drawn(lambda m: torch.randn_like(m) + 0.5),
    "mean is left out": lambda m, v: (v / 2).exp() * torch.randn_like(m),
    "mean is scaled, too": lambda m, v: (m + torch.randn_like(m)) * (v / 2).exp(),
    "standard deviation are swapped": lambda m, v: (v / 2).exp() + m * torch.randn_like(m),
    "lost its minus signs": drawn(lambda m: torch.randn_like(m).abs()),
    "scaled by exp\\(2": lambda m, v: m + (2 * v).exp() * torch.randn_like(m),
    "exp is missing": lambda m, v: m + v / 2 * torch.randn_like(m),
    "root of the log-variance": lambda m, v: m + v.abs() ** 0.5 * torch.randn_like(m),
    "uniform between -1 and 1": drawn(lambda m: 2 * torch.rand_like(m) - 1),
    "of shape": lambda m, v: (m + (v / 2).exp() * torch.randn_like(m)).sum(1),
    "No gradient reaches the encoder": lambda m, v: drawn(torch.randn_like)(m, v).detach(),
    "No gradient reaches the mean": lambda m, v: torch.normal(m, (v / 2).exp()),
    "the spread would never learn": lambda m, v: drawn(torch.randn_like)(m, v.detach()),
}


@pytest.mark.parametrize("message", DRAWS)
def test_a_wrong_draw_is_named(message):
    fails("reparametrise", DRAWS[message], message)


def test_right_draws_pass_whatever_the_seed(capsys):
    def by_torch(mean, log_variance):
        return torch.distributions.Normal(mean, log_variance.exp().sqrt()).rsample()

    def by_numpy(mean, log_variance):
        noise = np.random.randn(*mean.shape)
        return mean + (log_variance / 2).exp() * torch.as_tensor(noise, dtype=mean.dtype)

    for seed in range(5):
        torch.manual_seed(seed)
        np.random.seed(seed)
        for answer in (density.reparametrise, by_torch, by_numpy):
            check.reparametrise(answer)
            assert "✓" in capsys.readouterr().out


# --- exercise 3


def mask(size, centre):
    return density.causal_mask(size, centre)


def with_(change):
    """causal_mask, its mask changed: change(mask, middle, centre)."""

    def answer(size, centre):
        made = mask(size, centre).clone()
        return change(made, size // 2, centre)

    return answer


def rest_of_the_row(made, middle, centre):
    made[middle, middle + 1 :] = 1
    return made


def filled(made, *place):
    made[place] = 1
    return made


def left_of_all_rows(made, middle, centre):
    made[:] = 0
    made[:, : middle + centre] = 1
    return made


def set_to(value, *place):
    """causal_mask with another value at a place given by middle: set_to(0, slice, ...)."""

    def change(made, middle, centre):
        made[tuple(part(middle) for part in place)] = value
        return made

    return with_(change)


def right_half(made, middle, centre):
    made[middle] = made[middle].flip(0)
    return made


MASKS = {
    "centre is 1 though centre=False": with_(lambda m, i, c: filled(m, i, i)),
    "centre is 0 though centre=True": lambda size, centre: mask(size, False),
    "right-hand side of the middle row": with_(rest_of_the_row),
    "only the rows above": with_(
        lambda m, i, c: torch.where(torch.arange(len(m))[:, None] < i, m, 0 * m)
    ),
    "only the middle row": with_(
        lambda m, i, c: torch.where(torch.arange(len(m))[:, None] == i, m, 0 * m)
    ),
    "everything to the left": with_(left_of_all_rows),
    "rows and columns are swapped": with_(lambda m, i, c: m.T),
    "1 and 0 are swapped": with_(lambda m, i, c: 1 - m),
    "above AND to the left": with_(lambda m, i, c: torch.tril(torch.ones_like(m)) * m),
    "Their right half": set_to(0, lambda i: slice(i), lambda i: slice(i, None)),
    "just left of the centre": set_to(0, lambda i: i, lambda i: i - 1),
    "row above the middle is missing": set_to(0, lambda i: i - 1),
    "begins with row 0": set_to(0, lambda i: 0),
    "only the centre is open": with_(lambda m, i, c: filled(0 * m, i, i)),
    "nothing is open": with_(lambda m, i, c: 0 * m),
    "the left is not": with_(right_half),
    "four dimensions": with_(lambda m, i, c: m[None, None]),
    "strictly below the diagonal": with_(lambda m, i, c: torch.ones_like(m).tril(0 if c else -1)),
    "not below the diagonal": with_(lambda m, i, c: torch.ones_like(m).tril()),
    "not above the diagonal": with_(lambda m, i, c: torch.ones_like(m).triu()),
    "upside down": with_(lambda m, i, c: m.flip(0)),
    "opens what comes later": with_(lambda m, i, c: m.flip(0, 1)),
    "everything is open": with_(lambda m, i, c: torch.ones_like(m)),
    "should be of shape": lambda size, centre: mask(3, centre),
}


@pytest.mark.parametrize("message", MASKS)
def test_a_wrong_mask_is_named(message):
    fails("causal_mask", MASKS[message], message)


def test_a_mask_that_is_one_tensor_for_all_is_refused():
    made = {}

    def cached(size, centre):
        return made.setdefault((size, centre), mask(size, centre))

    fails("causal_mask", cached, "after the first was changed")


@pytest.mark.parametrize("kind", [lambda m: m.numpy(), lambda m: m.tolist(), lambda m: m.bool()])
def test_masks_of_other_kinds_make_a_network_too(kind, capsys):
    def answer(size, centre):
        return kind(mask(size, centre))

    check.causal_mask(answer)
    network = density.PixelCNN(seed=0, mask=check.causal_mask.use(mask))
    assert network(torch.zeros(1, 1, 28, 28), torch.tensor([1])).shape == (1, 1, 28, 28)


# --- exercise 4

BITS = {
    "these are nats per pixel": lambda nats, pixels: nats / pixels,
    "bits of the whole image": lambda nats, pixels: nats / math.log(2),
    "twice": lambda nats, pixels: nats / math.log(2) / pixels**2,
    "multiplied by ln 2": lambda nats, pixels: nats * math.log(2) / pixels,
    "divided by 2, not by ln 2": lambda nats, pixels: nats / 2 / pixels,
    "logarithm of the nats": lambda nats, pixels: torch.as_tensor(nats).log2() / pixels,
    "784 is fixed": lambda nats, pixels: nats / math.log(2) / 784,
    "one number for all": lambda nats, pixels: torch.as_tensor(nats).mean() / math.log(2) / pixels,
    "nothing is done": lambda nats, pixels: nats,
    "and not divided by the number of pixels": lambda nats, pixels: nats * math.log(2),
    "divided by log2": lambda nats, pixels: nats / math.log2(math.e) / pixels,
    "divided by e": lambda nats, pixels: nats / math.e / pixels,
    "multiplied by log10": lambda nats, pixels: nats * math.log10(2) / pixels,
    "nats above, pixels below": lambda nats, pixels: pixels / nats,
    "multiplied by the number of pixels": lambda nats, pixels: nats / math.log(2) * pixels,
    "root of the number": lambda nats, pixels: nats / math.log(2) / pixels**0.5,
    "logarithm of the number": lambda nats, pixels: nats / math.log(2) / math.log(pixels),
    "number of images, too": lambda nats, pixels: nats / math.log(2) / pixels / len(nats),
    "number of images, not of pixels": lambda nats, pixels: nats / math.log(2) / len(nats),
    "log10\\(2\\) is not": lambda nats, pixels: nats / math.log10(2) / pixels,
}


@pytest.mark.parametrize("message", BITS)
def test_wrong_bits_are_named(message):
    fails("bits_per_pixel", BITS[message], message)


def test_right_bits_pass(capsys):
    for answer in (
        density.bits_per_pixel,
        lambda nats, pixels: nats * math.log2(math.e) / pixels,
        lambda nats, pixels: np.asarray(nats) / np.log(2) / pixels,
    ):
        check.bits_per_pixel(answer)
        assert "✓" in capsys.readouterr().out
