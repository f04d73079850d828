"""Widgets of lab 12: a search that looks ahead, and a game against the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from labkit import play
from labkit.play import FULL, Board, Solved
from labkit.plot.play import BEGAN, SECOND
from labkit.widgets.clicks import Clicks
from labkit.widgets.core import live, slider

SMALL, LARGE = ImageFont.load_default(size=14), ImageFont.load_default(size=18)
INK, PALE, EMPTY, BLUE, ORANGE = "#202020", "#767676", "#E4E4E4", BEGAN, SECOND
WORTH = {1: "wins", 0: "draws", -1: "loses", FULL: ""}
SIDE, LEFT, HEAD, LINE = 64, 96, 28, 22  # pixels: a cell, left of the board, above it, a text line


class Thinking:
    """What a search thinks of each move, after so many simulations: `draw(position, simulations)`.

    positions: {name: moves so far, like "231"}; `functions` go to `play.search`.
    """

    def __init__(
        self, solved: Solved, ask: Callable, positions: Mapping[str, str], **functions: Callable
    ):
        self.solved, self.ask, self.functions = solved, ask, functions
        self.score = functions.get("score", play.puct)
        self.positions = dict(positions)

    def draw(self, position: str, simulations: int) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8: the board and a table; and which move has most visits."""
        board = self.solved.board
        own, other, _ = board.after(self.positions[position])
        options = {"simulations": simulations, **self.functions}
        found = play.search(board, self.ask, own, other, **options)
        scores = np.asarray(self.score(found.visits, found.total, found.prior, 1.5))[0]
        truth = self.solved.moves(own, other)[0]
        rows = _thoughts(found) | {
            "score": [f"{x:+.2f}" if t != FULL else "" for x, t in zip(scores, truth, strict=True)],
            "solver": [WORTH[int(t)] for t in truth],
        }
        best = int(found.visits[0].argmax())
        text = (
            f"<b>after {simulations} simulations: column {best + 1}</b>, which "
            f"{WORTH[int(truth[best])]}; the next visit goes to column "
            f"{int(np.where(truth == FULL, -np.inf, scores).argmax()) + 1}"
        )
        return _page(board, own, other, rows), text


def thinking(
    solved: Solved, ask: Callable, positions: Mapping[str, str], **functions: Callable
) -> ipywidgets.VBox:
    """A choice of positions and a slider for the simulations above `Thinking`."""
    return live(
        Thinking(solved, ask, positions, **functions).draw,
        alt="A board of Connect Four; below each column what the search thinks of it.",
        position=ipywidgets.Dropdown(options=list(positions), description="position"),
        simulations=slider("simulations", 1, 64),
    )


class Match:
    """A game against the network: `draw(moves, opponent, start, begins, thoughts)`.

    All follows from the reader's own moves, a text like "231" (columns from 1 on), since the
    opponent always answers alike. starts: {name: moves that were made before}; `functions` go to
    `play.search`.
    """

    OPPONENTS = ("network alone", "network + 64 simulations", "perfect play")
    BEGINS = ("you", "the network")

    def __init__(
        self, solved: Solved, ask: Callable, starts: Mapping[str, str], **functions: Callable
    ):
        self.solved, self.board, self.ask = solved, solved.board, ask
        self.starts, self.functions = dict(starts), functions

    def reply(self, own: np.ndarray, other: np.ndarray, opponent: str) -> int:
        """The column that an opponent takes."""
        found = self._found(own, other, opponent)
        if opponent == "perfect play":
            results = self.solved.moves(own, other)
            return int((found.prior + (results == results.max())).argmax())
        return int((found.prior if opponent == "network alone" else found.visits).argmax())

    def played(self, moves: str, opponent: str, start: str, begins: str) -> tuple[str, list, str]:
        """The whole game as moves, whose turn each was (True: yours), and what was wrong."""
        game, yours, mine = self.starts[start], [], begins == "you"
        left = list(moves.replace(" ", ""))
        while True:
            own, other, value = self.board.after(game)
            if not np.isnan(value) or (mine and not left):
                return game, yours, "the game is over" if left else ""
            if mine:
                sign = left.pop(0)
                if not self._is_open(own, other, sign):
                    keys = f"take it away, and type 1 to {self.board.width}"
                    said = f"{sign!r} is no open column: {keys}"
                    return game, yours, said
            else:
                sign = str(self.reply(own, other, opponent) + 1)
            game, mine = game + sign, not mine
            yours.append(not mine)

    def draw(
        self, moves: str, opponent: str, start: str, begins: str, thoughts: bool
    ) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and how the game stands."""
        game, yours, wrong = self.played(moves, opponent, start, begins)
        own, other, value = self.board.after(game)
        rows = {}
        if thoughts and np.isnan(value):
            found = self._found(own, other, opponent)
            searched = "simulations" in opponent
            rows = _thoughts(found) if searched else {"prior": _thoughts(found)["prior"]}
            rows["solver"] = [WORTH[int(x)] for x in self.solved.moves(own, other)[0]]
        mine = yours[-1] if yours else begins != "you"
        blue = mine == (len(game) % 2 == 1)  # who began is blue
        colour = "blue" if blue else "orange"
        text = f"<b>{self._stands(value, mine)}</b>, against {opponent}; you are {colour}. "
        text += self._errors(game, yours) + (f" {wrong}." if wrong else "")
        last = int(game[-1]) - 1 if yours else None
        return _page(self.board, own, other, rows, last=last), text

    def _stands(self, value: float, mine: bool) -> str:
        """`mine`: whether you made the last move."""
        if np.isnan(value):
            return "Your turn"
        return "A draw" if value == 0 else "You have won" if mine else "The network has won"

    def _errors(self, game: str, yours: Sequence[bool]) -> str:
        """Whose moves gave something away, as the solver sees it."""
        count = {True: 0, False: 0}
        for i, who in enumerate(yours, len(game) - len(yours)):
            results = self.solved.moves(*self.board.after(game[:i])[:2])[0]
            count[who] += int(results[int(game[i]) - 1] < results.max())
        return f"Moves that gave something away: you {count[True]}, your opponent {count[False]}."

    def _found(self, own: np.ndarray, other: np.ndarray, opponent: str) -> play.Found:
        simulations = 64 if "simulations" in opponent else 1
        options = {"simulations": simulations, **self.functions}
        return play.search(self.board, self.ask, own, other, **options)

    def _is_open(self, own: np.ndarray, other: np.ndarray, sign: str) -> bool:
        column = int(sign) - 1 if sign.isascii() and sign.isdecimal() else -1
        return 0 <= column < self.board.width and bool(self.board.legal(own, other)[0, column])


def match(
    solved: Solved, ask: Callable, starts: Mapping[str, str], **functions: Callable
) -> ipywidgets.VBox:
    """`Match`: click a column, or type its number. Take the last digit away to undo."""
    game, clicks = Match(solved, ask, starts, **functions), Clicks()
    style = {"description_width": "initial"}
    hint = f"keys 1 to {solved.board.width}; Backspace takes back"
    moves = ipywidgets.Text(placeholder=hint, description="your moves", style=style)
    opponent = ipywidgets.Dropdown(options=Match.OPPONENTS, description="against", style=style)
    start = ipywidgets.Dropdown(options=list(starts), description="start", style=style)
    begins = ipywidgets.Dropdown(options=Match.BEGINS, description="begins", style=style)
    thoughts = ipywidgets.Checkbox(description="show what it thinks of your moves")
    again = ipywidgets.Button(description="new game")

    def clicked(change: dict) -> None:
        wide = LEFT + SIDE * solved.board.width + LEFT // 4
        column = int((change["new"][0] * wide - LEFT) // SIDE)
        if 0 <= column < solved.board.width:
            kept = game.played(moves.value, opponent.value, start.value, begins.value)
            if not kept[2]:
                moves.value = f"{moves.value}{column + 1}"

    def restart(*_) -> None:
        moves.value = ""

    clicks.observe(clicked, names="spot")
    again.on_click(restart)
    for choice in (opponent, start, begins):
        choice.observe(restart, names="value")
    controls = {"moves": moves, "opponent": opponent, "start": start, "begins": begins}
    alt = "A board of Connect Four; on request below each column what the network thinks of it."
    box = live(game.draw, alt=alt, **controls, thoughts=thoughts)
    box.children = (clicks, *box.children[:-1], again, box.children[-1])
    return box


def _thoughts(found: play.Found) -> dict[str, list[str]]:
    visits, total, prior = (part[0] for part in found)
    there = prior > 0
    mean = total / np.maximum(visits, 1)
    return {
        "prior": [f"{x:.0%}" if t else "" for x, t in zip(prior, there, strict=True)],
        "visits": [f"{x:.0f}" if t else "" for x, t in zip(visits, there, strict=True)],
        "value": [f"{x:+.2f}" if n else "" for x, n in zip(mean, visits, strict=True)],
    }


def _page(
    board: Board,
    own: np.ndarray,
    other: np.ndarray,
    rows: Mapping[str, Sequence[str]],
    *,
    last: int | None = None,
) -> np.ndarray:
    """A board, numbers of the columns above it, a table below it; the last stone is ringed."""
    wide, high = LEFT + SIDE * board.width + LEFT // 4, HEAD + SIDE * board.height
    page = Image.new("RGB", (wide, high + LINE * 5 + 6), "white")
    pen = ImageDraw.Draw(page)
    began = own if own.sum() == other.sum() else other
    for cell in range(board.cells):
        x, y = LEFT + SIDE * (cell % board.width), high - SIDE * (cell // board.width + 1)
        stone = BLUE if began[0, cell] else ORANGE if (own | other)[0, cell] else EMPTY
        pen.ellipse((x + 5, y + 5, x + SIDE - 5, y + SIDE - 5), fill=stone)
    if last is not None:
        row = (own | other).reshape(board.height, board.width)[:, last].sum()
        x, y = LEFT + SIDE * last, high - SIDE * int(row)
        pen.ellipse((x + 20, y + 20, x + SIDE - 20, y + SIDE - 20), outline="white", width=4)
    for column in range(board.width):
        x = LEFT + SIDE * column + SIDE // 2
        pen.text((x, HEAD // 2), str(column + 1), fill=INK, font=LARGE, anchor="mm")
    for i, (name, texts) in enumerate(rows.items()):
        y = high + 8 + LINE * i + LINE // 2
        pen.text((8, y), name, fill=PALE, font=SMALL, anchor="lm")
        for column, text in enumerate(texts):
            x = LEFT + SIDE * column + SIDE // 2
            pen.text((x, y), text, fill=INK, font=SMALL, anchor="mm")
    return np.asarray(page)
