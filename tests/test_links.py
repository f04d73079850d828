"""No dead links: every file and heading that README, notebooks and pages lead to is there."""

import re
from functools import cache
from urllib.parse import unquote

import pytest
from making import ROOT

from labkit.course import catalog

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")
ELSEWHERE = re.compile(r"^(?:https?|mailto|data|attachment):")
NAMES = [
    "README",
    "CONTRIBUTING",
    "deploy/README",
    "deploy/teaching",
    "data/README",
    "benchmarks/results",
]
PAGES = [ROOT / f"{name}.md" for name in NAMES]
PAGES += sorted((ROOT / "notebooks").glob("*.md"))
LABS = {lab.path: lab for lab in catalog.labs()}


def links(text):
    """Links of a Markdown text that stay in the repository."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = (a or b for a, b in LINK.findall(re.sub(r"`[^`]*`", "", text)))
    return [link for link in found if not ELSEWHERE.match(link)]


@cache
def anchors(path):
    """Anchors of the headings in a notebook (as Jupyter makes them) or page (as GitHub does)."""
    if path in LABS:
        return {catalog.anchor(heading)[1:] for heading in LABS[path].headings}
    headings = re.findall(r"^#+ +(.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(link, page):
    """Why a link on a page leads nowhere, "" if it leads somewhere."""
    file, _, anchor = unquote(link).partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.exists():
        return f"{link}: no such file"
    return f"{link}: no such heading" if anchor and anchor not in anchors(target) else ""


def all_dead(text, page):
    return [why for link in links(text) if (why := dead(link, page))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_has_a_dead_link(page):
    assert all_dead(page.read_text(encoding="utf-8"), page) == []


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.stem)
def test_no_lab_has_a_dead_link(lab):
    prose = (cell.source for cell in lab.notebook.cells if cell.cell_type == "markdown")
    assert [why for text in prose for why in all_dead(text, lab.path)] == []


def test_dead_links_are_seen():
    readme = ROOT / "README.md"
    text = '[a](nowhere.md) <img src="no.png"> [b](README.md#no-heading) [c](https://x.org)'
    assert len(all_dead(text, readme)) == 3
    lab = "notebooks/00_start_here.ipynb"
    assert "no such heading" in dead(f"{lab}#Nothing", readme)
    assert not dead(f"{lab}#The-labs", readme) and not dead("README.md#the-labs", readme)
