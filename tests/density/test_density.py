"""Density models: against formulas, other ways to compute the same, and what a derivative says."""

import math

import pytest
import torch

from labkit import data, density
from labkit.density import bits
from labkit.density.bits import NEIGHBOURS


@pytest.fixture(scope="module")
def digits():
    train, test = data.load_digits()
    return (density.binary(train.images), train.labels), (density.binary(test.images), test.labels)


# --- bits


def test_a_coin_for_each_pixel_costs_one_bit():
    coin = density.nats(torch.zeros(3, 1, 28, 28), torch.ones(3, 1, 28, 28))
    assert torch.allclose(density.bits_per_pixel(coin), torch.ones(3))


def test_a_stripe_is_free_for_a_table_and_dear_for_one_number(digits):
    stripes = torch.zeros(40, 1, 8, 8)
    stripes[:, :, ::2] = 1
    table = density.neighbours(stripes, stripes, count=10).mean()
    assert table < 0.2 < density.constant(stripes, stripes).mean()
    assert density.independent(stripes, stripes).mean() < 2


def test_a_table_knows_the_neighbours_it_says():
    """The pattern of each pixel around a single spot of ink, read off by hand."""
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1
    for count, places in NEIGHBOURS.items():
        patterns = bits._patterns(image, count)[0, 0]
        for bit, (up, right) in enumerate(places):
            assert patterns[4 + up, 4 - right] == 1 << (count - 1 - bit)
        assert (patterns > 0).sum() == count and patterns[4, 4] == 0


def test_files_are_smaller_than_a_bit_a_pixel(digits):
    sizes = density.compressed(digits[1][0][:200])
    assert list(sizes) == ["PNG", "zlib", "lzma"] and all(0.1 < v < 1 for v in sizes.values())


# --- the VAE


def test_the_divergence_is_torchs():
    mean, log_variance = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(1))
    normal = torch.distributions.Normal
    cloud = normal(mean, (log_variance / 2).exp())
    want = torch.distributions.kl_divergence(cloud, normal(0.0, 1.0)).sum(1)
    assert torch.allclose(density.kl_divergence(mean, log_variance), want, atol=1e-5)


def test_a_vae_starts_the_same_and_leaves_the_seed_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = density.VAE(seed=3), density.VAE(seed=3)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_more_importance_samples_lower_the_cost_to_the_truth():
    """A VAE whose decoder ignores the code: every cost is exact, with any number of samples."""
    vae = density.VAE(z_dim=2, width=2, classes=0, seed=0)
    torch.nn.init.zeros_(vae.decoder[0].weight)
    images, labels = (torch.rand(3, 1, 28, 28) < 0.2).float(), torch.zeros(3, dtype=torch.long)
    exact = density.nats(vae.decode(torch.zeros(3, 2), labels), images).detach()
    got = density.importance_nats(vae, (images, labels), samples=4000)
    assert torch.allclose(got, exact, atol=0.2)
    with torch.no_grad():
        bound = density.negative_elbo(vae, images, labels)
    assert (bound >= exact - 1e-3).all()


def lively(**options):
    """An untrained VAE whose clouds and images depend strongly on what goes in."""
    vae = density.VAE(**options)
    with torch.no_grad():
        vae.cloud.weight.mul_(20)
        vae.cloud.weight[1] += 2 * vae.cloud.weight[0]  # so that codes lean
        vae.decoder[0].weight.mul_(5)
    return vae


def test_one_importance_sample_costs_the_elbo_and_many_less(digits):
    vae, some = lively(z_dim=3, width=4, seed=2), (digits[0][0][:3], digits[0][1][:3])
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bound = torch.stack([density.negative_elbo(vae, *some) for _ in range(600)])
    one = [density.importance_nats(vae, some, samples=1, seed=s) for s in range(600)]
    one, error = torch.stack(one), bound.std(0) / 600**0.5
    assert ((one.mean(0) - bound.mean(0)).abs() < 5 * 2**0.5 * error).all()
    assert (bound.mean(0) - density.importance_nats(vae, some, samples=500) > 0.3).all()


def test_the_elbo_is_the_pixels_and_the_clouds_price(digits):
    vae, some = lively(z_dim=3, width=4, seed=2), (digits[0][0][:4], digits[0][1][:4])
    price = density.kl_divergence(*vae.encode(*some))
    pixels, half, whole = (
        density.negative_elbo(vae, *some, kl_weight=w, draw=lambda mean, _: mean)
        for w in (0, 0.5, 1)
    )
    assert torch.allclose(whole - pixels, price, rtol=1e-3) and (price > 0.3).all()
    assert torch.allclose(half - pixels, price / 2, rtol=1e-3)


def test_fitted_codes_have_the_codes_mean_and_spread(digits):
    vae, some = lively(z_dim=3, seed=1), (digits[0][0][:500], digits[0][1][:500])
    drawn = density.fitted_codes(vae, some, 20_000, seed=2)
    codes = vae.encode(*some)[0].detach()
    want = torch.cov(codes.T)
    assert ((drawn.mean(0) - codes.mean(0)).abs() < 0.05 * codes.std(0)).all()
    assert (torch.cov(drawn.T) - want).norm() < 0.05 * want.norm()
    assert (want - want.diag().diag()).norm() > 0.2 * want.norm()  # they lean


# --- pixel by pixel

MODELS = {
    "PixelCNN": lambda: density.PixelCNN(width=8, seed=1),
    "row-RNN": lambda: density.RowRNN(memory=16, width=6, seed=1),
}
model_of = pytest.mark.parametrize("name", MODELS)


@model_of
def test_no_guess_sees_a_later_pixel(name):
    model, images = MODELS[name](), (torch.rand(2, 1, 28, 28) < 0.5).float()
    labels = torch.tensor([3, 1])
    for row, column in ((0, 0), (0, 9), (5, 27), (14, 14), (27, 0), (27, 27)):
        sway = density.seen_by(model, row, column, images=images, labels=labels).flatten()
        assert not sway[28 * row + column :].any()
        other = images.clone().flatten(1)
        other[:, 28 * row + column :] = 1 - other[:, 28 * row + column :]
        changed = model(other.view_as(images), labels)[:, 0, row, column]
        assert torch.equal(changed, model(images, labels)[:, 0, row, column])


def test_the_row_rnn_sees_all_and_the_pixelcnn_is_blind_in_part():
    images, labels = (torch.rand(8, 1, 28, 28) < 0.3).float(), torch.arange(8)
    seen = {}
    for name, model in {"cnn": density.PixelCNN(seed=0), "rnn": density.RowRNN(seed=0)}.items():
        sway = density.seen_by(model, 14, 14, images=images, labels=labels)
        seen[name] = int((sway > 0).sum())
        if name == "cnn":
            assert sway[12, 14] > 0 and not sway[13, 19] and not sway[12, 20]
    assert seen == {"cnn": 102, "rnn": 406}


@model_of
def test_kept_states_write_the_same_digits_as_784_passes(name):
    model, labels = MODELS[name](), torch.tensor([3, 8])
    kept, naive = (f(model, labels, seed=4) for f in (density.sample, density.sample_naive))
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    assert (kept == naive).float().mean() > 0.999


@pytest.mark.parametrize("rows", [0, 1, 2, 26])
def test_a_deep_pixelcnn_goes_on_from_given_rows_as_passes_do(rows):
    """Six blocks reach farther than four; few rows are fewer than the first kernel's three."""
    model, labels = density.PixelCNN(width=8, blocks=6, seed=1), torch.tensor([3, 8])
    given = (torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(2)) < 0.5).float()
    options = {"given": given, "rows": rows, "seed": 4}
    kept, naive = (f(model, labels, **options) for f in (density.sample, density.sample_naive))
    assert torch.equal(kept[:, :, :rows], given[:, :, :rows])
    assert (kept == naive).float().mean() > 0.999


@model_of
def test_what_is_given_stays(name):
    model, labels = MODELS[name](), torch.tensor([3, 8])
    given = (torch.rand(2, 1, 28, 28) < 0.5).float()
    done = density.sample(model, labels, given=given, rows=9, seed=1)
    assert torch.equal(done[:, :, :9], given[:, :, :9])
    assert not torch.equal(done[:, :, 9:], given[:, :, 9:])
    assert torch.equal(density.sample(model, labels, given=given, rows=28), given)


def test_masks_are_upper_halves():
    assert density.causal_mask(3, True).tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert density.causal_mask(5, False).sum() == 12


def test_a_short_training_learns_and_leaves_no_trace(digits):
    model = density.RowRNN(memory=16, width=6, seed=0)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    losses = density.fit(
        model, lambda x, y, _: density.nats(model(x, y), x), digits[0], steps=30, lr=1e-2
    )
    assert torch.equal(before, torch.get_rng_state()) and not model.training
    assert len(losses) == 30 and sum(losses[-5:]) < 0.6 * sum(losses[:5])
    held_out = digits[1][0][:50], digits[1][1][:50]
    assert density.bits_per_pixel(density.mean_nats(model, held_out).mean()) < 0.5
    assert math.isfinite(losses[-1])


def test_steps_get_small_towards_the_end():
    weight = torch.nn.Linear(1, 1, bias=False)
    data, seen = (torch.ones(64, 1), torch.zeros(64, dtype=torch.long)), []
    density.fit(
        weight,
        lambda x, y, _: weight(x)[:, 0],  # the same slope everywhere
        data,
        steps=100,
        lr=0.1,
        watch=lambda _: seen.append(weight.weight.item()),
    )
    moved = [abs(b - a) for a, b in zip(seen, seen[1:], strict=False)]
    assert moved[30] == pytest.approx(0.1, rel=1e-3) and moved[79] == pytest.approx(0.0525, rel=0.1)
    assert moved[-1] < 0.01
