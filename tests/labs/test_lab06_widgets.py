"""Widgets and plots of lab 06, by their numbers, texts and artists."""

import ipywidgets
import numpy as np
import pytest
import torch

from labkit import data, plot, siamese, widgets


@pytest.fixture(scope="module")
def digits():
    _, test = data.load_digits()
    return data.Labelled(test.images[:40], test.labels[:40])


@pytest.fixture(scope="module")
def net():
    return siamese.EmbeddingNet(dim=2, seed=0)


def is_picture(pixels):
    return pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3


def test_movie_reads_out_the_two_mean_distances():
    labels = torch.tensor([0, 0, 1, 1])
    frame = torch.tensor([[0.0, 0], [0, 2], [3, 0], [3, 2]])
    movie = widgets.EmbeddingMovie(torch.stack([frame * 0.1, frame]), [0, 5], labels)
    before, _ = movie.draw(0)
    after, text = movie.draw(1)
    far = (3 + 3 + 2 * 13**0.5) / 4
    assert is_picture(after) and (before != after).any()
    assert "step 5" in text and "same label are 2.00" in text and f"labels {far:.2f}" in text
    again, _ = movie.draw(0)
    assert (again == before).all()


def test_movie_widget_moves_by_its_slider():
    frames = torch.randn(4, 6, 2, generator=torch.Generator().manual_seed(0))
    widget = widgets.embedding_movie(frames, [0, 5, 10, 15], torch.arange(6) % 3)
    slider, picture = widget.children
    assert isinstance(slider, ipywidgets.IntSlider) and slider.value == 3 and slider.description
    before = picture.value
    slider.value = 2
    assert picture.value != before and "step 10" in picture.note and "map" in picture.alt


def test_movie_refuses_frames_that_do_not_fit():
    with pytest.raises(ValueError, match="frames must be"):
        widgets.EmbeddingMovie(torch.zeros(2, 3, 2), [0], torch.zeros(3).long())


def test_digit_pair_says_distance_and_verdict(net, digits):
    pair = widgets.DigitPair(net, *digits, threshold=0.5)
    pixels, text = pair.draw(3, 3, 0)
    assert is_picture(pixels)
    assert (
        "distance <b>0.00</b>" in text and "f says <b>the same</b>, the labels say the same" in text
    )
    turned, text = pair.draw(3, 3, 180)
    half = siamese.embed(net, siamese.turned(digits.images[3], [0, 180]))
    assert f"distance <b>{float((half[0] - half[1]).norm()):.2f}</b>" in text
    assert (turned != pixels).any()
    strict = widgets.DigitPair(net, *digits, threshold=-1.0)
    assert "f says <b>different</b>" in strict.draw(3, 3, 0)[1]


def test_digit_pair_widget_has_three_described_sliders(net, digits):
    widget = widgets.digit_pair(net, *digits, threshold=0.5)
    first, second, angle, picture = widget.children
    for control in (first, second, angle):
        assert control.description
        before = picture.value
        control.value = control.value + control.step
        assert picture.value != before
    assert "turned 5 degrees" in picture.note and "alert" not in picture.note


def test_digit_pair_needs_a_map(digits):
    with pytest.raises(ValueError, match=r"embeddings \(N, 2\)"):
        widgets.DigitPair(siamese.EmbeddingNet(dim=3), *digits, threshold=1)


def test_neighbours_marks_the_wrong_ones(digits):
    views = {"right": torch.eye(10)[digits.labels], "wrong": torch.eye(10)[9 - digits.labels]}
    known = torch.eye(10)[digits.labels]
    shown = widgets.Neighbours({n: (z, known) for n, z in views.items()}, digits, digits, k=2)
    pixels, text = shown.draw(0)
    assert is_picture(pixels)
    assert "right: 2 of 2" in text and "wrong: 0 of 2" in text
    orange = (pixels == (0xD5, 0x5E, 0x00)).all(2)
    assert not orange[:110].any() and orange[118:].any()


def test_neighbours_widget(digits):
    raw = digits.images.flatten(1)
    widget = widgets.neighbours({"raw pixels": (raw, raw)}, digits, digits)
    slider, picture = widget.children
    before = picture.value
    slider.value = 7
    assert picture.value != before and "of 8 have the same label" in picture.note


def test_live_embedding_shows_one_picture_and_updates_it(monkeypatch):
    calls = []

    class Handle:
        def update(self, shown):
            calls.append(("update", shown.data))

    def display(shown, display_id):
        calls.append(("display", shown.data))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    live = widgets.LiveEmbedding(torch.arange(5))
    for step in range(3):
        live(step, torch.randn(5, 2, generator=torch.Generator().manual_seed(step)))
    assert [kind for kind, _ in calls] == ["display", "update", "update"]
    assert len({png for _, png in calls}) == 3 and calls[0][1].startswith(b"\x89PNG")


def test_embedding_draws_each_class_as_its_digit():
    points, labels = torch.randn(12, 2), torch.arange(12) % 4
    ax = plot.embedding(points, labels, title="map")
    assert len(ax.collections) == 4 and ax.get_title() == "map" and ax.get_aspect() == 1
    assert np.allclose(ax.collections[1].get_offsets(), points[labels == 1])


def test_embeddings_share_a_scale():
    frames = torch.stack([torch.randn(9, 2), 5 * torch.randn(9, 2) + 3])
    axes = plot.embeddings(frames, torch.arange(9) % 3, titles=["a", "b"])
    first, second = axes[0]
    assert first.get_xlim() == second.get_xlim() and second.get_title() == "b"
    two_rows = plot.embeddings(frames[[0, 1, 0]], torch.arange(9) % 3, titles="abc", columns=2)
    assert two_rows.shape == (2, 2) and not two_rows[1, 1].axison


def test_trade_off_and_distances():
    same = torch.arange(20) % 2 == 0
    distances = torch.rand(20) + ~same
    both = torch.tensor([[0.0, 0.2, 1.0], [1.0, 0.1, 0.0]])
    ax = plot.trade_off({"one": both, "two": both.flip(0)})
    names = [t.get_text() for t in ax.get_legend().get_texts()]
    assert names == ["one", "two", "both errors equal"]
    assert np.allclose(ax.lines[0].get_xdata(), both[0])
    assert np.allclose(ax.lines[0].get_ydata(), both[1])
    ax = plot.pair_distances(distances, same, threshold=1.0)
    shares = [sum(bar.get_height() for bar in kind) for kind in ax.containers]
    assert shares == pytest.approx([1, 1]) and ax.lines[0].get_xdata()[0] == 1.0
