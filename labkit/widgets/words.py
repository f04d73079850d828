"""Widgets of lab 05, part 2: the words next to a word, and a network that reads word by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit.data.words import WordVectors
from labkit.plot.words import SENTIMENT
from labkit.widgets.core import live
from labkit.words.models_text import SentimentRNN
from labkit.words.text import tokenize

Line = tuple[Tensor, Tensor]  # weights (D,), intercept
SMALL, LARGE = ImageFont.load_default(size=14), ImageFont.load_default(size=16)
INK, PALE = "#202020", "#808080"


class WordNeighbours:
    """The ten words nearest to a word, coloured by a classifier: `draw(word=..., labelled=...)`.

    vectors: {name: WordVectors}; lines: {name: {number of labelled words: (weights, intercept)}};
    ratings: {word: people's mean rating}, for the words that have one.
    """

    def __init__(
        self,
        vectors: Mapping[str, WordVectors],
        lines: Mapping[str, Mapping[int, Line]],
        ratings: Mapping[str, float],
    ):
        self.vectors, self.ratings, self.scores = dict(vectors), ratings, {}
        for name, by_size in lines.items():
            table = self.vectors[name].vectors
            for size, (weights, bias) in by_size.items():
                self.scores[name, size] = torch.sigmoid(table @ weights + bias)

    def draw(
        self, word: str, labelled: int, vectors: str = "pretrained", own: str = ""
    ) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; a word in `own` counts before `word`.

        ValueError for a word without a vector.
        """
        table, scores = self.vectors[vectors], self.scores[vectors, labelled]
        word = own.strip().lower() or word
        rows = [(word, None), *table.nearest(word, k=10)]
        page = Image.new("RGB", (640, 46 + 27 * len(rows)), "white")
        pen = ImageDraw.Draw(page)
        for left, text in ((12, f"{vectors} vectors"), (180, "cosine"), (430, "praise?")):
            pen.text((left, 8), text, fill=PALE, font=SMALL)
        pen.text((530, 8), "people", fill=PALE, font=SMALL)
        for i, (name, cosine) in enumerate(rows):
            self._row(pen, 36 + 27 * i, name, cosine, float(scores[table.index[name]]))
        return np.asarray(page), self._text(word, labelled, rows, scores, table)

    def _row(self, pen, top: int, name: str, cosine: float | None, praise: float) -> None:
        pen.text((12, top), name[:18], fill=INK, font=LARGE)
        if cosine is not None:
            width = max(2, round(190 * max(cosine, 0)))
            pen.rectangle((180, top + 2, 180 + width, top + 18), fill="#9A9A9A")
            pen.text((186 + width, top), f"{cosine:.2f}", fill=INK, font=SMALL)
        pen.rectangle((430, top, 452, top + 20), fill=_colour(praise), outline="#505050")
        pen.text((460, top), f"{praise:.0%}", fill=INK, font=SMALL)
        if name in self.ratings:
            pen.text((530, top), f"{self.ratings[name]:+.1f}", fill=INK, font=SMALL)

    def _text(self, word, labelled, rows, scores, table) -> str:
        praise = float(scores[table.index[word]])
        side = "praise" if praise > 0.5 else "blame"
        alike = sum((float(scores[table.index[n]]) > 0.5) == (praise > 0.5) for n, _ in rows[1:])
        rated = self.ratings.get(word)
        people = "nobody rated it" if rated is None else f"people gave it {rated:+.1f}"
        return (
            f"After {labelled} labelled words, <b>{word}</b> is {side} ({praise:.0%}), and so are "
            f"{alike} of its 10 nearest words; {people}"
        )


def word_neighbours(
    vectors: Mapping[str, WordVectors],
    lines: Mapping[str, Mapping[int, Line]],
    ratings: Mapping[str, float],
    words: Sequence[str],
) -> ipywidgets.VBox:
    """Sliders for the word and the number of labelled words above `WordNeighbours`' picture."""
    neighbours = WordNeighbours(vectors, lines, ratings)
    sizes = [size for name, size in neighbours.scores if name == next(iter(vectors))]
    alt = "The ten words nearest to a word, each with its cosine, the probability that a "
    alt += "classifier calls it praise, and people's mean rating where there is one."
    return live(
        neighbours.draw,
        alt=alt,
        word=_choice("word", words),
        labelled=_choice("labelled words", sizes),
        vectors=_choice("vectors", list(vectors)),
        own=_typed("or type a word"),
    )


class SentenceReader:
    """The probability of praise after each word, for an RNN and a bag of words: `draw(...)`.

    bag: (weights, intercept) of a logistic regression on the mean of the words' vectors.
    """

    def __init__(self, model: SentimentRNN, vectors: WordVectors, bag: Line):
        self.model, self.vectors, self.bag = model, vectors, bag

    def praise(self, words: Sequence[str]) -> tuple[list[float], float]:
        """After each word what the RNN says, and of the whole what the bag says, 0 to 1.

        Words without a vector get zeros. ValueError if there is no word, or none has a vector.
        """
        known = [word in self.vectors for word in words]
        if not any(known):
            raise ValueError("type a sentence with at least one word that has a vector")
        table = torch.zeros(len(words), self.vectors.vectors.shape[1])
        table[torch.tensor(known)] = self.vectors.of([w for w in words if w in self.vectors])
        weights, bias = self.bag
        said = self.model.read(table).softmax(1)[:, 1]
        return said.tolist(), float(torch.sigmoid(table.mean(0) @ weights + bias))

    def draw(
        self, start: str, negation: str, word: str, ending: str, own: str = ""
    ) -> tuple[np.ndarray, str]:
        """The picture (H, W, 3), uint8, and a line of text; a sentence in `own` counts first."""
        words = tokenize(own) or tokenize(
            f"{start} {negation} {word} {ending}".replace("(none)", "")
        )
        said, bag = self.praise(words)
        page = Image.new("RGB", (780, 240), "white")
        pen = ImageDraw.Draw(page)
        step = min(88.0, 620 / len(words))
        for height, text in ((24, "praise"), (104, "50 %"), (184, "blame")):
            pen.text((6, height - 8), text, fill=PALE, font=SMALL)
        pen.line((60, 104, 70 + step * len(words), 104), fill=PALE)
        for i, (name, praise) in enumerate(zip(words, said, strict=True)):
            self._bar(pen, 70 + i * step, 0.9 * step, name, praise)
        self._bar(pen, 700, 60, "bag", bag)
        ends = "praise" if said[-1] > 0.5 else "blame"
        lost = dict.fromkeys(w for w in words if w not in self.vectors and w.isalpha())
        note = f"; without a vector: {', '.join(lost)}" if lost else ""
        return np.asarray(page), (
            f"<b>{_escaped(' '.join(words))}</b>: the RNN ends at {said[-1]:.0%}, {ends}; the bag "
            f"of words says {bag:.0%}{_escaped(note)}"
        )

    def _bar(self, pen, left: float, width: float, name: str, praise: float) -> None:
        end = round(104 - 160 * (praise - 0.5))
        top, bottom = min(end, 103), max(end, 105)
        pen.rectangle((left, top, left + width, bottom), fill=_colour(praise), outline="#505050")
        if width > 20:
            pen.text((left, 200), name[: int(width // 8)], fill=INK, font=SMALL)
        if width > 30:
            pen.text((left, 218), f"{praise:.0%}", fill=PALE, font=SMALL)


def sentence_reader(
    model: SentimentRNN, vectors: WordVectors, bag: Line, words: Sequence[str]
) -> ipywidgets.VBox:
    """Sliders that put a sentence together, or one typed in, above `SentenceReader`'s picture."""
    reader = SentenceReader(model, vectors, bag)
    alt = "A bar for each word of a sentence: the probability of praise once the network has read "
    alt += "so far; at the right the answer of the bag of words."
    starts = ["the film was", "the service was", "i found the book", "nothing about it was"]
    return live(
        reader.draw,
        alt=alt,
        start=_choice("start", starts),
        negation=_choice("negation", ["(none)", "not", "never", "hardly"]),
        word=_choice("word", words),
        ending=_choice("ending", ["(none)", "but boring", "but clever", "and not good"]),
        own=_typed("or type a sentence"),
    )


def _choice(description: str, options: Sequence) -> ipywidgets.SelectionSlider:
    style = {"style": {"description_width": "120px"}, "layout": {"width": "460px"}}
    return ipywidgets.SelectionSlider(options=list(options), description=description, **style)


def _typed(description: str) -> ipywidgets.Text:
    style = {"style": {"description_width": "120px"}, "layout": {"width": "460px"}}
    return ipywidgets.Text(description=description, continuous_update=False, **style)


def _colour(praise: float) -> tuple[int, int, int]:
    return tuple(round(255 * c) for c in SENTIMENT(praise)[:3])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
