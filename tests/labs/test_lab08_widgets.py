"""Widgets of lab 08, by their numbers and texts."""

import numpy as np
import pytest
import torch

from labkit import density, widgets


@pytest.fixture(scope="module")
def kept():
    """Snapshots of a tiny VAE's first steps."""
    vae = density.VAE(z_dim=2, width=2, classes=0, seed=0)
    images = (torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(1)) < 0.2).float()
    labels = torch.arange(60) % 10
    snapshots = widgets.LatentMap(vae, images, labels, every=4)

    def loss(images, labels, _):
        return density.negative_elbo(vae, images, labels)

    density.fit(vae, loss, (images, labels), steps=8, watch=snapshots.keep)
    return snapshots


def test_the_map_keeps_first_and_last_step(kept):
    assert kept.steps == [0, 4, 8] and kept.codes[0].shape == (60, 2)
    assert not torch.equal(kept.codes[0], kept.codes[-1])


def test_the_map_shows_the_decoder_of_its_frame(kept):
    first, last = (kept.decoded(frame, 0.4, -0.2) for frame in (0, 2))
    assert first.shape == (28, 28) and not torch.allclose(first, last)
    with torch.no_grad():
        now = kept.vae.decode(torch.tensor([[0.4, -0.2]]), None).sigmoid()[0, 0]
    assert torch.allclose(last, now, atol=1e-6)
    picture, text = kept.draw(2, 0.4, -0.2)
    assert picture.dtype == np.uint8 and "step 8" in text and "(+0.4, -0.2)" in text
    assert not np.array_equal(picture, kept.draw(0, 0.4, -0.2)[0])
    assert np.array_equal(picture, kept.draw(2, 0.4, -0.2)[0])


def test_a_map_of_nothing_says_what_to_do():
    empty = widgets.LatentMap(density.VAE(z_dim=2, classes=0), torch.zeros(1, 1, 28, 28), [0])
    with pytest.raises(ValueError, match="watch=snapshots.keep"):
        widgets.latent_map(empty)


@pytest.fixture(scope="module")
def what_is_seen():
    models = {"cnn": density.PixelCNN(width=8, seed=0), "rnn": density.RowRNN(memory=8, seed=0)}
    images = (torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(2)) < 0.3).float()
    return models, images, torch.arange(4)


def test_what_a_guess_sees_is_counted_and_coloured(what_is_seen):
    seen = widgets.Seen(*what_is_seen)
    pixels, text = seen.draw("rnn", 14, 14)
    assert "sees 406 of the 406 pixels" in text and "0 of those that come later" in text
    other, text = seen.draw("cnn", 14, 14)
    assert "sees 102 of the 406" in text and not np.array_equal(pixels, other)
    assert "sees 0 of the 0" in seen.draw("cnn", 0, 0)[1]


def test_a_click_chooses_the_pixel(what_is_seen):
    box = widgets.what_it_sees(*what_is_seen)
    clicks, _, row, column, picture = box.children
    clicks.spot = [0.999, 0.5, 1.0]
    assert (row.value, column.value) == (14, 27)
    assert "row 14, column 27" in picture.note
    clicks.spot = [0.0, 1.0, 2.0]
    assert (row.value, column.value) == (27, 0)


def test_completions_keep_what_is_given():
    model, images = density.RowRNN(memory=8, width=4, seed=0), torch.ones(3, 1, 28, 28)
    ways = widgets.Completions(model, images)
    half, whole = ways.draw(1, 14, 3), ways.draw(1, 0, 3)
    assert half.shape == whole.shape and half.dtype == np.uint8
    assert not np.array_equal(half, whole)
    assert not np.array_equal(half, ways.draw(1, 14, 4))
    box = widgets.completions(model, images, torch.tensor([7, 1, 2]))
    assert [child.value for child in box.children[:3]] == [0, 14, 7]


def test_completions_go_on_from_the_digit_and_the_number_chosen(monkeypatch):
    asked, ours = [], density.sample
    told = lambda *a, **k: asked.append((a, k)) or ours(*a, **k)  # noqa: E731
    monkeypatch.setattr(density, "sample", told, raising=False)
    images = torch.eye(28).repeat(3, 1, 1, 1) * torch.tensor([0.0, 1.0, 0.0])[:, None, None, None]
    model = density.RowRNN(memory=8, width=4, seed=0)
    widgets.Completions(model, images).draw(number=1, rows=9, wanted=6)
    [((_, labels), options)] = asked
    assert labels.tolist() == [6] * 9 and options["rows"] == 9
    assert torch.equal(options["given"], images[1].expand(9, -1, -1, -1))
