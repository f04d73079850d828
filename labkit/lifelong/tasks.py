"""Tasks that come one after another: pairs of digits, or all digits turned a little more.

How the same pairs are asked decides how hard they are (van de Ven & Tolias 2019): QUESTIONS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.data import load_digits

QUESTIONS = {
    "task": "you're told the pair: which of the two is it?",
    "domain": "you aren't told the pair: is it even or odd?",
    "class": "you aren't told anything: which of the ten is it?",
}
PAIRS, TURN = 5, 30.0  # tasks, and degrees from one to the next


class Examples(NamedTuple):
    """Images (N, 1, 28, 28), labels (N,), and which of K outputs may answer: bool (N, K)."""

    images: Tensor
    labels: Tensor
    allowed: Tensor

    def pick(self, rows: Tensor) -> Examples:
        """Some of them, by number or by True and False."""
        return Examples(*(part[rows] for part in self))

    @staticmethod
    def joined(several: Sequence[Examples]) -> Examples:
        """All of them in a row."""
        return Examples(*(torch.cat(part) for part in zip(*several, strict=True)))


class Task(NamedTuple):
    """A name, examples to learn from, examples to be tested on."""

    name: str
    train: Examples
    test: Examples


def split_digits(question: str) -> list[Task]:
    """Five tasks, 0/1 to 8/9, for a question of QUESTIONS: "task", "domain" or "class".

    "task" has ten outputs, of which only the pair's two may answer; "domain" has two, "class" ten.
    ValueError for another question.
    """
    if question not in QUESTIONS:
        raise ValueError(f"question must be one of {', '.join(QUESTIONS)}, not {question!r}")
    parts = load_digits()
    tasks = []
    for pair in range(PAIRS):
        both = (_of_pair(images, digits, pair, question) for images, digits in parts)
        tasks.append(Task(f"{2 * pair}/{2 * pair + 1}", *both))
    return tasks


def _of_pair(images: Tensor, digits: Tensor, pair: int, question: str) -> Examples:
    rows = digits // 2 == pair
    labels = digits[rows] % 2 if question == "domain" else digits[rows]
    outputs = torch.arange(2 if question == "domain" else 10)
    row = outputs // 2 == pair if question == "task" else outputs >= 0
    return Examples(images[rows], labels, row.expand(len(labels), -1))


def rotated_digits() -> list[Task]:
    """Five tasks, all ten digits, turned by 0, 30, 60, 90 and 120 degrees."""
    from torchvision.transforms.functional import rotate

    parts, tasks = load_digits(), []
    for number in range(PAIRS):
        both = (
            Examples(rotate(x, TURN * number), y, torch.ones(len(y), 10, dtype=torch.bool))
            for x, y in parts
        )
        tasks.append(Task(f"{TURN * number:.0f}°", *both))
    return tasks


def together(tasks: Sequence[Task]) -> Task:
    """All tasks as one, for those who may keep everything."""
    names, train, test = zip(*tasks, strict=True)
    return Task(" and ".join(names), Examples.joined(train), Examples.joined(test))
