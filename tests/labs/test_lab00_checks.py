"""The warm-up's check: the solution passes, usual mistakes are named."""

import pytest

from labkit.checks import CheckFailed
from labkit.checks import lab00 as check


def test_the_solution_passes(capsys):
    check.mirrored(lambda image: image.flip(2))
    check.mirrored(lambda image: image.flip(-1))
    assert "✓ mirrored is right" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda image: image.flip(1), "upside down"),
        (lambda image: image.flip(1, 2), "turned by 180 degrees"),
        (lambda image: image.flip(0), "swaps red and blue"),
        (lambda image: image.transpose(1, 2), "rows and columns are swapped"),
        (lambda image: image, "the image as it was"),
        (lambda image: image.mul_(2), "in place"),
        (lambda image: image.flip(3), "stopped with IndexError"),
        (lambda image: image[0].flip(1), "should be of shape"),
    ],
)
def test_a_usual_mistake_is_named(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.mirrored(answer)
