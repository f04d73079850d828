"""What the tests of each lab's checks ask: does the check of an exercise fail, does it pass?"""

import pytest

from labkit.checks import CheckFailed


def failing(check):
    """fails(exercise, wrong, message) for a lab's checks: they refuse `wrong` with the message."""

    def fails(exercise, wrong, message):
        with pytest.raises(CheckFailed, match=message):
            getattr(check, exercise)(wrong)

    return fails


def passing(check):
    """passes(exercise, right, capsys) for a lab's checks: they accept `right` and say so."""

    def passes(exercise, right, capsys):
        getattr(check, exercise)(right)
        assert "✓" in capsys.readouterr().out

    return passes
