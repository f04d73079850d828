"""A lab that ran -> a page that needs no kernel: widgets play, questions are asked, results wait.

What stays a notebook's alone (typing, photos of one's own, a network that learns before one's eyes)
says so. Every widget of a lab is on its page, or `ValueError` says which one is not.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from pathlib import Path

import markup
import nbformat
from harvest import MIME
from links import linked
from nbformat import NotebookNode
from packing import encoded
from PIL import Image

from labkit.course import editions, live_edition

VIEW = "application/vnd.jupyter.widget-view+json"
ELSEWHERE = "This needs the notebook: open the lab (top of the page) to use it."
_ASIDE = " (answer the question first, or open this)"  # until it is open
WAITS = "What came out" + _ASIDE
LOSSLESS = 200_000  # bytes of a figure, above which it may lose something
_NO_ANSWER = "No prediction was made. What came out: "
_NO_SCORE = "No prediction was recorded"
_PROGRESS = re.compile(r"\d+%\|| 0it |HBox\(children=\(HTML\(")
_PNG = re.compile(r'<img ([^>]*?)src="data:image/png;base64,([^"]+)"([^>]*)>')
_LIVE = re.compile(r"\bLive[A-Z]\w+\(")


def page(path: Path, ran: NotebookNode, pictures: Path, *, there: set[str]) -> NotebookNode:
    """The page of the lab at `path` from its executed notebook; figures go into `pictures`.

    Links to labs that are not `there` become plain words.
    """
    source = editions.read(path)
    told, widgets = (_tagged(source, tag) for tag in (live_edition.ANSWER, "widget"))
    stubs = {cell.id: cell.source for cell in editions.student(source, name=path.name).cells}
    maker = _Maker(path.stem, pictures, there)
    waiting = _waiting(ran, widgets)
    cells = []
    for cell in ran.cells:
        if cell.cell_type == "markdown":
            cells.append(_prose(cell, maker.compared if cell.id in told else None))
            cell.source = linked(cell.source, there)
            continue
        if "exercise" in cell.metadata.get("tags", []):
            cells.append(block(f"```python\n{stubs[cell.id]}\n```", f"{cell.id}-stub"))
            _fold_solution(cell)
        if _records(cell, "question"):
            _fold(cell, "hide-input", "The cell that asks", "The cell that asks")
        cell.outputs = maker.outputs(cell)
        if questions := waiting.get(cell.id):
            _fold_outputs(cell, questions)
        cells.append(cell)
    made = nbformat.v4.new_notebook(cells=cells, metadata=ran.metadata)
    made.metadata.pop("widgets", None)
    return made


def _tagged(notebook: NotebookNode, tag: str) -> set[str]:
    return {cell.id for cell in notebook.cells if tag in cell.metadata.get("tags", [])}


def block(text: str, name: str) -> NotebookNode:
    """A cell of Markdown or HTML."""
    return nbformat.v4.new_markdown_cell(text, id=name[-64:])


def _prose(cell: NotebookNode, questions: list[str] | None) -> NotebookNode:
    """Prose with addresses of pages; folded until answered if it gives answers away."""
    if questions:
        text = live_edition.with_result_folded(cell.source)
        classes = " ".join(["labkit-waits", *_waits_for(questions)])
        summary = "<details><summary>What came out</summary>"
        waits = f'<details class="{classes}"><summary>What came out<span>{_ASIDE}</span></summary>'
        cell.source = text.replace(summary, waits, 1)
    return cell


def _fold_solution(cell: NotebookNode) -> None:
    cell.source = re.sub(r"[ \t]*### (BEGIN|END) SOLUTION\n?", "", cell.source).rstrip()
    _fold(cell, "hide-input", "Show a solution", "Hide the solution")


def _fold_outputs(cell: NotebookNode, questions: list[str]) -> None:
    if cell.outputs:
        _fold(cell, "hide-output", WAITS, "What came out")
        cell.metadata["tags"] += _waits_for(questions)


def _waits_for(questions: list[str]) -> list[str]:
    """Classes of what opens once all the questions are answered; page.js reads them."""
    return [f"labkit-q-{markup.key_of(question)}" for question in questions]


def _fold(cell: NotebookNode, tag: str, shown: str, hidden: str) -> None:
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), tag]
    cell.metadata["mystnb"] = {"code_prompt_show": shown, "code_prompt_hide": hidden}


def _records(cell: NotebookNode, kind: str) -> list[dict]:
    found = [output.get("data", {}).get(MIME) for output in cell.get("outputs", [])]
    return [record for record in found if record and record["kind"] == kind]


def _waiting(ran: NotebookNode, widgets: set[str]) -> dict[str, list[str]]:
    """Cell id -> questions, for cells whose output gives the questions' answers away.

    That's the cell that compares, and those before it, up to an exercise, a widget or a question.
    """
    found, code = {}, [cell for cell in ran.cells if cell.cell_type == "code"]
    for place, cell in enumerate(code):
        asked = [q for record in _records(cell, "compared") for q in record["questions"]]
        for before in code[place::-1] if asked else []:
            tags = {"exercise", "check"} & set(before.metadata.get("tags", []))
            if tags or before.id in widgets or _records(before, "question"):
                break
            found.setdefault(before.id, asked)
    return found


class _Maker:
    """Outputs of a lab's cells, from top to bottom, as a page shows them."""

    def __init__(self, stem: str, pictures: Path, there: set[str]):
        self.stem, self.pictures, self.there = stem, pictures, there
        self.compared: list[str] = []  # the questions whose result came last

    def outputs(self, cell: NotebookNode) -> list[NotebookNode]:
        records = {r["model"]: r for r in _records(cell, "widget")}
        questions = _records(cell, "question")
        asked = [q for record in _records(cell, "compared") for q in record["questions"]]
        self.compared = asked or [q["question"] for q in questions] or self.compared
        kept, left = [], list(asked)
        for output in cell.outputs:
            data = output.get("data", {})
            said = data.get("text/plain", "")
            if output.output_type == "error":
                kept.append(_message(output))
            elif MIME in data or output.get("name") == "stderr":
                continue
            elif VIEW in data:
                kept += self._widget(data, records, questions)
            elif said.startswith(_NO_ANSWER) and left:
                kept.append(
                    _html(markup.came_out(left.pop(0), said.removeprefix(_NO_ANSWER), self.stem))
                )
            elif said.startswith(_NO_SCORE):
                kept.append(_html(f'<p class="labkit-score" role="status">{html.escape(said)}</p>'))
            elif "data:image/png" in data.get("text/html", ""):
                kept.append(_html(_PNG.sub(self._lighter, data["text/html"])))
            elif "image/png" in data:
                raise ValueError(f"{self.stem}, {cell.id}: a picture without words for it")
            elif "text/html" in data:
                kept.append(_html(linked(data["text/html"], self.there)))
            else:
                kept.append(output)
        if _LIVE.search(cell.source) and "widget" in cell.metadata.get("tags", []):
            said = "In the notebook this picture changes while the network learns."
            kept.append(_html(f'<p class="labkit-elsewhere">{said}</p>'))
        return kept

    def _widget(self, data, records: dict, questions: list[dict]) -> list[NotebookNode]:
        said, model = data.get("text/plain", ""), data[VIEW]["model_id"]
        if model in records:
            return [_html(markup.widget(records[model]))]
        if questions:
            return [_html(markup.question(questions.pop(0), self.stem))]
        if _PROGRESS.search(said):
            return []
        if "FileUpload" in said:
            return [_html(f'<p class="labkit-elsewhere">{ELSEWHERE}</p>')]
        raise ValueError(f"{self.stem}: a widget that the page cannot show: {said[:80]}")

    def _lighter(self, found: re.Match) -> str:
        """A figure as a file beside the page, loaded when it comes near."""
        png = base64.b64decode(found[2])
        picture = Image.open(io.BytesIO(png))
        size = "" if "width=" in found[0] else f' width="{picture.width}" height="{picture.height}"'
        name = f"{self.stem}-{hashlib.sha256(png).hexdigest()[:10]}.webp"
        (self.pictures / name).write_bytes(_webp(picture))
        return f'<img {found[1]}src="pictures/{name}"{found[3]}{size} loading="lazy">'


def _webp(picture: Image.Image) -> bytes:
    """Exactly, unless that takes too much room, as for photos."""
    import numpy as np

    opaque = Image.new("RGB", picture.size, "white")
    opaque.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    exact = encoded(np.asarray(opaque))
    return exact if len(exact) <= LOSSLESS else encoded(np.asarray(opaque), lossy=True)


def _html(text: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": text, "text/plain": ""})


def _message(error: NotebookNode) -> NotebookNode:
    """A red line that is meant: what the check said."""
    return nbformat.v4.new_output("stream", name="stdout", text="\n".join(error.traceback))
