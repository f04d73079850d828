"""Predict, then see: a question that is asked before the result, and the answer beside it after.

    snow = labkit.predict("Where will it say wolf?", ["on snow", "on grass"])
    snow              # the last line of a cell: shows the question
    ...
    snow.compare("on snow")
    ...
    labkit.my_predictions()  # at the end of a lab: how often one was right

An answer commits: once the result is out it stays. Answers lie in a small hidden file beside the
notebook, one for each notebook (where the editor does not say which, one for each lab of a folder);
nothing leaves the machine. Without an answer everything goes on.
"""

import html
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from labkit.course.session import lab_name, notebook_path
from labkit.course.writing import write_whole

Answers = dict[str, dict]  # question -> what `read` says of it
_KEYS = ("answer", "truth")  # of an entry in the file
_SUFFIX = ".predictions.json"


class Prediction:
    """A question with its options; `answer` is the one that was chosen, None before.

    `truth` is what came out, None before. Both are there again after a restart.
    """

    def __init__(self, question: str, options: Sequence[str], *, path: Path | None = None):
        self.question, self.options = question, list(options)
        self.path = path or _path()
        stored = read(self.path).get(question, {})
        known = stored.get("answer") in self.options
        self.answer = stored["answer"] if known else None
        self.truth = stored.get("truth") if known else None
        self._shown = []

    def choose(self, option: str) -> None:
        """Answer without buttons. Raises ValueError if `option` is none of the options.

        Once the result is out an answer stays as it is.
        """
        if option not in self.options:
            raise ValueError(f"{option!r} is not an option; choose from {', '.join(self.options)}")
        if self.answer is not None and self.truth is not None:
            return
        self.answer = option
        self._store()

    def _store(self) -> None:
        out = {"truth": self.truth, "options": len(self.options)} if self.truth else {}
        entry = {"answer": self.answer} | out
        try:
            write_whole(self.path, _as_bytes(read(self.path) | {self.question: entry}))
        except OSError as error:
            print(f"Kept until the kernel stops, since it cannot be stored: {error}")

    def compare(self, truth: str) -> None:
        """Show what was predicted beside what came out; `truth` is an option or any text.

        The first result that an answer is compared with is kept: `labkit.my_predictions` counts.
        """
        from IPython import display, get_ipython

        if self.answer is not None and self.truth is None:
            self.truth = truth
            self._store()
            for buttons in self._shown:
                buttons.disabled = True
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
            options=self.options,
            value=self.answer,
            disabled=self.truth is not None,
            layout={"width": "max-content"},
        )
        note = ipywidgets.HTML(f"<b>{html.escape(self.question)}</b>")

        def keep(change: dict) -> None:
            self.choose(change["new"])

        buttons.observe(keep, names="value")
        self._shown.append(buttons)
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


def my_predictions() -> None:
    """Show this notebook's predictions beside what came out, and how often one was right."""
    from IPython.display import display

    answers = {q: a for q, a in read(_path()).items() if "truth" in a}
    right, count = score(answers)
    said = f"{right} of your {count} predictions came true."
    if not answers:
        said = "No prediction was recorded: choose an answer where a cell asks for one."
    rows = [("", "question", "you", "came out")]
    for question, a in answers.items():
        rows.append(("✓" if a["answer"] == a["truth"] else "✗", question, *map(a.get, _KEYS)))
    cells = ["".join(f"<td>{html.escape(text)}</td>" for text in row) for row in rows]
    table = "<table>" + "".join(f"<tr style='text-align:left'>{row}</tr>" for row in cells)
    text = "\n".join([said, *("{} {} You: {}. Came out: {}.".format(*row) for row in rows[1:])])
    shown = f"<b>{said}</b>" + f"{table}</table>" * bool(answers)
    display({"text/plain": text, "text/html": shown}, raw=True)


def score(answers: Answers) -> tuple[int, int]:
    """How many of the answers that `read` gives came true, and how many results are out."""
    out = [answer for answer in answers.values() if "truth" in answer]
    return sum(answer["answer"] == answer["truth"] for answer in out), len(out)


def file_of(notebook: Path) -> Path:
    """Where the answers of a notebook lie, given its path: a hidden file beside it."""
    return notebook.parent / f".{notebook.stem}{_SUFFIX}"


def files(folder: Path) -> dict[str, Path]:
    """The files of answers in a folder, by the name of the notebook that each belongs to."""
    found = Path(folder).glob(f".*{_SUFFIX}")
    return {path.name[1 : -len(_SUFFIX)]: path for path in found}


def read(path: Path) -> Answers:
    """Question -> {"answer": ...}, if the result is out with "truth" and the number of "options".

    Files of older versions lack "options". {} if the file is missing, broken or not ours.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(stored, dict):
        return {}
    entries = {q: {"answer": a} if isinstance(a, str) else a for q, a in stored.items()}
    return {q: a for q, a in entries.items() if isinstance(a, dict) and "answer" in a}


def _path() -> Path:
    """The file for this notebook's answers: beside it, or for its lab in the working folder."""
    notebook = notebook_path()
    if notebook and notebook.parent.is_dir():
        return file_of(notebook)
    return file_of(Path.cwd() / (notebook.stem if notebook else lab_name() or "notebook"))


def _as_bytes(answers: dict) -> bytes:
    return (json.dumps(answers, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
