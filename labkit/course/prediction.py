"""Predict, then see: a question that is asked before the result, and the answer beside it after.

    snow = labkit.predict("Where will it say wolf?", ["on snow", "on grass"])
    snow              # the last line of a cell: shows the question
    ...
    snow.compare("on snow")

Answers lie in a small hidden file beside the notebook, one for each notebook (where the editor does
not say which, one for each lab of a folder); nothing leaves the machine. Without an answer
everything goes on.
"""

import html
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from labkit.course.copies import write_whole
from labkit.course.session import lab_name, notebook_path


class Prediction:
    """A question with its options; `answer` is the one that was chosen, None before.

    An answer given earlier, before a restart say, is there again.
    """

    def __init__(self, question: str, options: Sequence[str], *, path: Path | None = None):
        self.question, self.options = question, list(options)
        self.path = path or _path()
        stored = _read(self.path).get(question)
        self.answer = stored if stored in self.options else None

    def choose(self, option: str) -> None:
        """Answer without buttons. Raises ValueError if `option` is none of the options."""
        if option not in self.options:
            raise ValueError(f"{option!r} is not an option; choose from {', '.join(self.options)}")
        self.answer = option
        try:
            write_whole(self.path, _as_bytes(_read(self.path) | {self.question: option}))
        except OSError as error:
            print(f"Kept until the kernel stops, since it cannot be stored: {error}")

    def compare(self, truth: str) -> None:
        """Show what was predicted beside what came out; `truth` is an option or any text."""
        from IPython import display, get_ipython

        words = ["No prediction was made. What came out: ", truth]
        if self.answer is not None:
            words = ["You predicted: ", self.answer, ". What came out: ", truth]
        text = "".join(words)
        if get_ipython() is None:
            print(text)
            return
        marked = [f"<b>{html.escape(w)}</b>" if i % 2 else w for i, w in enumerate(words)]
        display.display({"text/plain": text, "text/html": "".join(marked)}, raw=True)

    def __repr__(self) -> str:
        said = f"answer: {self.answer}" if self.answer else "answer with .choose(...)"
        return f"{self.question} ({' / '.join(self.options)}; {said})"

    def _ipython_display_(self) -> None:
        from IPython import get_ipython

        if hasattr(get_ipython(), "kernel"):
            self._show_buttons()
        elif sys.stdin.isatty():
            self._ask()

    def _show_buttons(self) -> None:
        from IPython.display import display

        shown = self.widget()._repr_mimebundle_()
        display(shown | {"text/plain": repr(self)}, raw=True)

    def widget(self):
        """The question above its radio buttons (Tab goes to one, Space takes it)."""
        import ipywidgets

        buttons = ipywidgets.RadioButtons(
            options=self.options, value=self.answer, layout={"width": "max-content"}
        )
        note = ipywidgets.HTML(f"<b>{html.escape(self.question)}</b>")

        def keep(change: dict) -> None:
            self.choose(change["new"])

        buttons.observe(keep, names="value")
        return ipywidgets.VBox([note, buttons])

    def _ask(self) -> None:
        """Ask in a terminal; Enter skips the question."""
        print(self.question)
        print(*(f"  {i}: {option}" for i, option in enumerate(self.options, 1)), sep="\n")
        number = input("Your number: ").strip()
        if number.isdecimal() and 1 <= int(number) <= len(self.options):
            self.choose(self.options[int(number) - 1])


def predict(question: str, options: Sequence[str]) -> Prediction:
    """Ask before a cell is run; `.compare(truth)` shows the answer beside the result.

    Two questions of one notebook need two wordings: an answer is found again by its question.
    Raises TypeError or ValueError unless there are two or more different options, all texts.

    >>> guess = predict("Is the sky blue?", ["yes", "no"])
    >>> guess.compare("yes")
    No prediction was made. What came out: yes
    """
    if isinstance(options, str):
        raise TypeError(f"options is one text, {options!r}; give a list, such as ['yes', 'no']")
    options = list(options)
    if wrong := [option for option in options if not isinstance(option, str)]:
        raise TypeError(f"options are texts; {wrong[0]!r} is a {type(wrong[0]).__name__}")
    if len(options) < 2 or len(set(options)) < len(options):
        raise ValueError(f"give two or more different options, not {options}")
    return Prediction(question, options)


def _path() -> Path:
    """The file for this notebook's answers: beside it, or for its lab in the working folder."""
    notebook = notebook_path()
    folder = notebook.parent if notebook and notebook.parent.is_dir() else Path.cwd()
    name = notebook.stem if notebook else lab_name() or "notebook"
    return folder / f".{name}.predictions.json"


def _read(path: Path) -> dict[str, str]:
    """Stored answers; none if the file is missing, broken or not ours."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _as_bytes(answers: dict[str, str]) -> bytes:
    return (json.dumps(answers, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
