"""What ships for lab 08: the row-RNN writes digits, the table of races is whole and comes again."""

import pytest
import torch

from labkit import data, density, gan
from labkit.density import pack, races, shipped
from labkit.gan import frechet
from labkit.paths import data_dir


def test_the_shipped_row_rnn_writes_the_digits_it_is_told():
    assert (data_dir() / shipped.ROW_RNN).stat().st_size < 1_000_000
    model, judge, (_, test) = density.load_row_rnn(), gan.load_judge(), data.load_digits()
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    held_out = density.binary(test.images), test.labels
    assert density.bits_per_pixel(density.mean_nats(model, held_out).mean()) < 0.115
    wanted = torch.arange(1000) % 10
    for seed in (31, 32):
        written = density.sample(model, wanted, seed=seed)
        assert (judge(written).argmax(1) == wanted).float().mean() >= 0.8
        assert frechet.frechet(judge, written, held_out[0]) < 12


def test_a_missing_table_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="density_race.*missing"):
        density.load_race()


def test_the_table_has_every_race():
    rows = density.load_race()
    runs = {(row["model"], row["seconds"], row["seed"]) for row in rows}
    models, seeds = ("GAN", "VAE", "row-RNN"), (10, 11, 12)
    assert runs == {(m, t, s) for m in models for t in (30, 60) for s in seeds}
    assert len(rows) == len(runs) and all({*row} == {*races.COLUMNS} for row in rows)
    assert all((row["bits"] != row["bits"]) == (row["model"] == "GAN") for row in rows)


def test_a_race_comes_out_the_same_again():
    for name in ("GAN", "VAE", "row-RNN"):
        one, other = (density.race(name, steps=3, seed=2) for _ in range(2))
        assert one == other or name == "GAN"  # its bits are nan, which equals nothing
        assert {k: v for k, v in one.items() if k != "bits"} == {
            k: v for k, v in other.items() if k != "bits"
        }


def test_bent_digits_are_digits_still():
    train, _ = data.load_digits()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bent = pack.bent(train.images[:500])
    judge, labels = gan.load_judge(), train.labels[:500]
    assert (judge(bent).argmax(1) == labels).float().mean() > 0.9
    assert not torch.allclose(bent, train.images[:500], atol=0.1)


@pytest.mark.parametrize("name", ["GAN", "VAE", "row-RNN"])
def test_a_race_is_judged_in_black_and_white_on_held_out_digits(name, monkeypatch):
    judged, costs = [], []
    real, elbo, nats = frechet.frechet, density.negative_elbo, density.mean_nats
    monkeypatch.setattr(frechet, "frechet", lambda *a: judged.append(a[1:]) or real(*a))
    spied = {"negative_elbo": elbo, "mean_nats": nats}
    for key, ours in spied.items():
        told = lambda *a, f=ours, **k: costs.append(a[1:]) or f(*a, **k)  # noqa: E731
        monkeypatch.setattr(density, key, told, raising=False)
    row = density.race(name, steps=3, seed=2)
    test = density.binary(data.load_digits()[1].images)
    [(samples, reference)] = judged
    assert set(samples.unique().tolist()) <= {0.0, 1.0} and len(samples) == 2000
    assert torch.equal(reference, test)
    if name != "GAN":
        asked = costs[-1][0] if name == "VAE" else costs[-1][0][0]
        assert torch.equal(asked, test) and 0.1 < row["bits"] < 2
