"""Tiny notebooks for tests, and where the repository lies."""

from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]

SOLVED = """\
def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION"""


def code(source, *, tags=(), **nbgrader):
    """A code cell with tags and nbgrader metadata."""
    metadata = {"tags": list(tags)} if tags else {}
    if nbgrader:
        metadata["nbgrader"] = {"schema_version": 3, "locked": False, **nbgrader}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def notebook(*cells):
    """A notebook with readable, fixed cell ids."""
    made = nbformat.v4.new_notebook(cells=list(cells))
    made.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    for index, cell in enumerate(made.cells):
        cell["id"] = f"cell-{index}"
    return made


def tiny_lab(*, title="Tiny", solved=SOLVED):
    """A lab of three cells: title, exercise, check with a hidden test."""
    check = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n"
    return notebook(
        nbformat.v4.new_markdown_cell(f"# {title}"),
        code(solved, tags=["exercise"], grade_id="double", solution=True, grade=False),
        code(
            check + "### END HIDDEN TESTS",
            tags=["check"],
            grade_id="double-check",
            solution=False,
            grade=True,
            points=1,
        ),
    )
