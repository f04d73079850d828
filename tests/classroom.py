"""A class's submissions made by program: good, half-done, wrong, hostile."""

import copy
import json
import re

from making import ROOT

from labkit.course import editions

STUB = "raise NotImplementedError()"


def handed_out(lab):
    """The student edition of a lab."""
    return editions.make(next((ROOT / "notebooks").glob(f"{lab}_*.ipynb")), "student")


def solved(lab, *, only=None):
    """The student edition with the solutions in it, or only those of the functions named."""
    notebook, answers = handed_out(lab), solutions(lab)
    for cell in notebook.cells:
        if cell.id in answers and (only is None or defined(cell.source) in only):
            cell.source = answers[cell.id]
    return notebook


def solutions(lab):
    """Ids of exercise cells -> source with the solution."""
    path = next((ROOT / "notebooks").glob(f"{lab}_*.ipynb"))
    cells = editions.make(path, "solution").cells
    return {c.id: c.source for c in cells if "exercise" in c.metadata.get("tags", [])}


def defined(source):
    return re.search(r"^def (\w+)", source, flags=re.MULTILINE)[1]


def answered(lab, name, body, *, before="", after=""):
    """The student edition with `body` in place of the stub of one exercise."""
    notebook = handed_out(lab)
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []) and defined(cell.source) == name:
            head = cell.source.split("    # YOUR CODE HERE")[0]
            inside = "".join(f"    {line}\n" for line in body.splitlines())
            cell.source = f"{before}\n{head}{inside}{after}"
            return notebook
    raise AssertionError(f"lab {lab} has no exercise {name}")


def without(notebook, tag):
    """The notebook without the cells of a tag."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if tag not in c.metadata.get("tags", [])]
    return notebook


def with_checks(notebook, source):
    """The notebook with another source in its check cells."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "check" in cell.metadata.get("tags", []):
            cell.source = source
    return notebook


def write(folder, name, content):
    """A file of the class: a notebook, text or bytes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content)
    else:
        path.write_text(json.dumps(content))
    return path
