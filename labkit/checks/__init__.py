"""Checks of the exercises, one module a lab: right, not done yet, or which mistake it looks like.

    from labkit.checks import lab00 as check
    check.mirrored(my_function)  # prints one green line, or shows one friendly message

What they have in common is in `labkit.checks.core`.
"""

from labkit.checks.core import CheckFailed, NotDone

__all__ = ["CheckFailed", "NotDone"]
