"""`labkit check` with another judge: at once, by a submission's first word, noted in a log.

`python checking.py LOG FOLDER CSV` checks so in a process of its own, slowly enough to be killed.
"""

import sys
import time

from labkit.grading import command, labs, runner
from labkit.grading.sandbox import Sandbox
from labkit.grading.table import Row


def pretend(log, *, seconds=0.0):
    """Replacements (module, name, value) that note in `log` who is checked."""

    def check_one(submission, labs, **options):
        if submission.name == "00":  # the lab's own notebook, which must pass
            return [Row("00", "00", name, "done", "") for name in "ab"]
        text = submission.content().decode()
        with open(log, "a") as file:
            file.write(f"{submission.name}\n")
        time.sleep(seconds)
        return [Row(submission.name, "00", name, text.split(":")[0], text) for name in "ab"]

    return [
        (runner, "check_one", check_one),
        (labs, "released_labs", list),
        (command, "best_sandbox", lambda: Sandbox(apart=True)),
    ]


if __name__ == "__main__":
    for module, name, value in pretend(sys.argv[1], seconds=0.01):
        setattr(module, name, value)
    command.check_paths([sys.argv[2]], csv=sys.argv[3], jobs=2)
