"""Widgets and plots of lab 07: what they draw and say, as plain functions."""

import numpy as np
import pytest
import torch

from labkit import gan, plot
from labkit.gan.recipes import Recipe
from labkit.widgets.core import Still
from labkit.widgets.gan import LatentWalk, LineGame, Lineup, LiveGame, latent_walk, line_game


def movie(frames=3, shift=0.0):
    fakes = torch.linspace(-1, 1, 20) + shift + torch.arange(frames)[:, None]
    grid = torch.linspace(-4, 4, 9)
    belief = torch.linspace(0, 1, frames)[:, None].expand(frames, 9)
    return gan.Movie(torch.arange(frames) * 10, torch.zeros(50), fakes, grid, belief)


def small_game():
    images = torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    recipe = Recipe(width=4, batch_size=4, z_dim=6)
    game = gan.Game((images, torch.arange(20) % 10), recipe=recipe, steps=2, every=1)
    game.play(progress=False)
    return game


def pairs():
    return Lineup(torch.zeros(4, 1, 28, 28), torch.ones(4, 1, 28, 28), seed=0)


def test_a_lineup_has_each_forgery_where_it_says():
    board = pairs()
    assert set(board.forged) == {"upper", "lower"}
    for column, where in enumerate(board.forged):
        rows = dict(zip(("upper", "lower"), board.rows, strict=True))
        assert rows[where][column].min() == 1
        assert rows["lower" if where == "upper" else "upper"][column].max() == 0


def test_a_lineup_counts_when_every_pair_is_answered_and_keeps_the_answers():
    board = pairs()
    buttons = board.widget().children[1].children
    assert board.missed() is None and "nothing is framed" in board.reveal().alt
    none = board.draw(**dict.fromkeys(board.picks))
    assert board.reveal().data == Still(none, alt="").data  # nothing is given away
    for button, where in zip(buttons, board.forged, strict=True):
        button.value = where
    assert board.missed() == [] and ", ".join(board.forged) in board.reveal().alt
    buttons[0].value = {"upper": "lower", "lower": "upper"}[board.forged[0]]
    assert board.missed() == [0]
    again = board.widget().children[1].children
    assert [button.value for button in again] == list(board.picks.values())


def test_a_lineup_frames_what_is_picked():
    board = pairs()
    none = board.draw(**board.picks)
    one = board.draw(**board.picks | {"pair1": "lower"})
    changed = (none != one).any(2)
    assert none.dtype == np.uint8 and changed.any()
    assert not changed[:, :60].any() and not changed[:60].any()


def test_line_game_draws_each_frame_and_says_its_numbers():
    board = LineGame({"one": movie(), "two": movie(shift=1.0)})
    first, text = board.draw("one", 0)
    assert first.dtype == np.uint8 and first.shape[2] == 3
    assert "step 0" in text and "mean 0.00" in text
    later, text = board.draw("two", 2)
    assert "step 20" in text and "mean 3.00" in text
    assert not np.array_equal(first, later)


def test_all_fakes_are_counted_also_those_outside_the_picture():
    board = LineGame({"one": movie(shift=30.0)})
    assert board._heights(board.first.fakes[0]).sum() == pytest.approx(1)


def test_movies_of_different_lengths_are_refused():
    for movies in ({}, {"one": movie(2), "two": movie(3)}):
        with pytest.raises(ValueError, match="same number of frames"):
            LineGame(movies)


def test_the_player_has_the_frames_of_the_slider():
    widget = line_game({"one": movie(5)})
    player, choice, frame = widget.children[:3]
    assert (player.min, player.max) == (frame.min, frame.max) == (0, 4)
    assert choice.options == ("one",)


def test_a_walk_begins_and_ends_where_it_says():
    walk = LatentWalk(gan.Generator(width=4, seed=0))
    assert torch.allclose(walk.noise(3, 8, 0.0), walk._noise(3), atol=1e-6)
    assert torch.allclose(walk.noise(3, 8, 1.0), walk._noise(8), atol=1e-5)
    lengths = [walk.noise(3, 8, share).norm().item() for share in (0.0, 0.5, 1.0)]
    assert min(lengths[0], lengths[2]) <= lengths[1] <= max(lengths[0], lengths[2])
    pictures = [walk.draw(2, 0, 1, share) for share in (0.0, 0.5)]
    assert not np.array_equal(*pictures)
    assert latent_walk(walk.generator).children


def test_the_live_picture_shows_the_same_noise_every_time():
    game, live = small_game(), LiveGame(rows=2)
    one, two = live.draw(game), live.draw(game)
    assert one.dtype == np.uint8 and np.array_equal(one, two)


def test_the_live_picture_says_whose_fakes_were_caught(monkeypatch):
    game, shown = small_game(), []
    monkeypatch.setattr("IPython.display.display", lambda still, **_: shown.append(still))
    LiveGame(rows=1)(game)
    share = f"{game.record.rows[-1].caught:.0%}"
    said = f"in the last 1 steps the cop caught {share} of the fakes it was shown"
    assert said in shown[0].alt


def test_plots_hold_the_data():
    ax = plot.distances({"a": [3.0, 5, 9], "b": 100.0}, floor=2.0)
    medians = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "None"]
    assert medians == [5, 2] and ax.get_xscale() == "log"


def test_a_sheet_has_every_image_in_its_place():
    images = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 4, 5) / 4
    page = plot.sheet(images, columns=2, gap=1)[0]
    assert page.shape == (11, 13)
    assert page[1, 1] == 0 and page[1, 7] == 0.25 and page[6, 1] == 0.5 and page[6, 7] == 1


def test_a_sheet_of_digits_is_drawn_in_rows_of_ten():
    images = torch.rand(13, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    ax = plot.digits(images, title="thirteen")
    assert ax.get_title() == "thirteen"
    assert np.allclose(ax.images[0].get_array(), plot.sheet(images)[0])
    width, height = ax.figure.get_size_inches()
    assert width > 7 and height < 2.5
