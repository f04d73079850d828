"""Widgets of lab 12, by their numbers and texts."""

import numpy as np
import pytest
import torch

from labkit import play, plot, widgets
from labkit.widgets.play import LEFT, SIDE


@pytest.fixture(scope="module")
def solved():
    return play.solve(play.Board(4, 4))


@pytest.fixture(scope="module")
def ask(solved):
    """A network that learned nothing, but has its preferences."""
    net = play.TwoHeads(solved.board, seed=1)
    torch.nn.init.normal_(net.policy.weight, generator=torch.Generator().manual_seed(2))
    return play.judge(net.eval())


# --- the pole


class Steer(torch.nn.Module):
    def __init__(self, clever):
        super().__init__()
        self.clever = clever

    def forward(self, states):
        wise = 100 * (states[:, 2:3] + 0.3 * states[:, 3:4] + 0.05 * states[:, 1:2])
        return wise if self.clever else torch.full((len(states), 1), 100.0)


def test_the_film_shows_who_falls():
    films = {n: play.balance(Steer(n == "good"), 1, seed=1, most=60) for n in ("bad", "good")}
    film = widgets.PoleFilm(films)
    assert film.last == 59
    shown = [film.draw(frame) for frame in range(0, film.last + 1, 2)]
    assert shown[0][0].shape == (170, 660, 3) and shown[0][0].dtype == np.uint8
    assert len({text for _, text in shown}) == len(shown)
    assert len({picture.tobytes() for picture, _ in shown}) > 5
    assert film.draw(0)[1].count("up") == 2
    told = film.draw(59)[1]
    assert "bad: fell after" in told and "good: up" in told and "1.18 s" in told


def test_the_film_can_be_played():
    widget = widgets.pole_film({"bad": play.balance(Steer(False), 1, seed=1)})
    assert type(widget.children[0]).__name__ == "Play"


# --- thinking


def test_each_simulation_changes_the_table(solved, ask):
    board = widgets.Thinking(solved, ask, {"begun": "231"})
    drawn = [board.draw("begun", n)[0] for n in range(1, 20)]
    assert not any(np.array_equal(a, b) for a, b in zip(drawn, drawn[1:], strict=False))
    assert "after 9 simulations: column" in board.draw("begun", 9)[1]


def test_thinking_asks_the_students_score(solved, ask):
    def fixed(visits, total, prior, c):
        return np.tile([0.0, 0, 1, 0], (len(visits), 1))

    board = widgets.Thinking(solved, ask, {"empty": ""}, score=fixed)
    assert "after 5 simulations: column 3" in board.draw("empty", 5)[1]
    assert widgets.thinking(solved, ask, {"empty": ""}).children[0].options == ("empty",)


def test_it_says_what_the_solver_says(solved, ask):
    board = widgets.Thinking(solved, ask, {"won": "112233"})
    assert "column 4</b>, which wins" in board.draw("won", 40)[1]


# --- the game

AGAINST = widgets.Match.OPPONENTS
STARTS = {"empty board": "", "won": "112233", "full column": "1111"}


@pytest.fixture(scope="module")
def game(solved, ask):
    return widgets.Match(solved, ask, STARTS)


def test_moves_are_answered_alike(game):
    for opponent in AGAINST:
        moves, yours, wrong = game.played("2", opponent, "empty board", "you")
        assert len(moves) == 2 and moves[0] == "2" and yours == [True, False] and not wrong
        assert game.played("2", opponent, "empty board", "you")[0] == moves
        moves, yours, _ = game.played("", opponent, "empty board", "the network")
        assert len(moves) == 1 and yours == [False]


def test_a_win_is_seen_and_ends_the_game(game):
    picture, text = game.draw("4", AGAINST[0], "won", "you", True)
    assert "You have won" in text and picture.dtype == np.uint8
    assert "the game is over" in game.draw("42", AGAINST[0], "won", "you", True)[1]


def test_perfect_play_wins_what_is_won(game):
    assert "The network has won" in game.draw("", AGAINST[2], "won", "the network", False)[1]


def test_what_is_no_move_is_said(game):
    assert "'9' is no open column" in game.draw("9", AGAINST[0], "empty board", "you", False)[1]
    assert "'1' is no open column" in game.draw("1", AGAINST[0], "full column", "you", False)[1]
    assert "'n' is no open column" in game.draw("not", AGAINST[0], "empty board", "you", False)[1]


def test_errors_are_counted(game):
    text = game.draw("1", AGAINST[2], "won", "you", False)[1]  # it could have won
    assert "you 1, your opponent 0" in text


def test_colours_belong_to_who_began(game):
    assert "you are blue" in game.draw("", AGAINST[0], "empty board", "you", False)[1]
    assert "you are orange" in game.draw("", AGAINST[0], "empty board", "the network", False)[1]
    assert "you are blue" in game.draw("2", AGAINST[0], "empty board", "you", False)[1]


def test_each_choice_changes_picture_or_note(game):
    shown = [game.draw("2", a, "empty board", "you", t) for a in AGAINST for t in (False, True)]
    keys = {(picture.tobytes(), text) for picture, text in shown}
    assert len(keys) == len(shown)


def test_a_click_and_a_new_game(solved, ask):
    box = widgets.match(solved, ask, STARTS)
    clicks, moves, against, start, begins, thoughts, again, picture = box.children
    wide = LEFT + 4 * SIDE + LEFT // 4
    clicks.spot = [(LEFT + 2.5 * SIDE) / wide, 0.5, 1.0]
    assert moves.value == "3" and "Your turn" in picture.note
    assert moves.continuous_update  # a key is a move, without Enter
    clicks.spot = [0.01, 0.5, 2.0]  # left of the board
    assert moves.value == "3"
    again.click()
    assert moves.value == ""
    moves.value = "2"
    begins.value = "the network"
    assert moves.value == "" and "you are orange" in picture.note


def test_a_position_is_drawn_with_its_texts():
    own, other, _ = play.Board(4, 4).after("231")
    ax = plot.position(own, other, width=4, under=["a", "b", "c", "d"], title="three")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1\na", "2\nb", "3\nc", "4\nd"]
    began, second, empty = ax.collections
    assert sorted(map(tuple, began.get_offsets().tolist())) == [(0, 0), (1, 0)]
    assert second.get_offsets().tolist() == [[2, 0]] and len(empty.get_offsets()) == 13
