"""The front page, and what each lab's page has at its top: how to open the lab."""

from __future__ import annotations

import html
import re

from links import linked

INTRO = """# labkit: the lecture you can run

**Predict, look, change.** These are the labs of a lecture on what deep nets learn, as they ran.
Answer the questions, move the sliders, see whether you were right: all of it works here, on a
phone, too, and without network. To solve the exercises, and be told which mistake you made, open a
lab as a notebook; each page says how.
"""


def index(labs: list[str], pages: list[str], *, readme: str, map_at: str | None) -> str:
    """The front page: gallery, map if there is one, and the order of all pages."""
    parts = [INTRO, "## The labs\n", gallery(readme, labs)]
    if map_at:
        parts.append(f"## How the labs hang together\n\n![Map of the labs]({map_at})\n")
    parts.append(toctree("Labs", labs))
    if pages:
        parts.append(toctree("More", pages))
    return "\n\n".join(parts) + "\n"


def gallery(readme: str, labs: list[str]) -> str:
    """README's table of labs, for any width."""
    table = readme.partition("## The labs")[2].partition("<table>")[2].partition("</table>")[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", table, flags=re.DOTALL)
    there = [cell for cell in cells if any(f"/{lab}.ipynb" in cell for lab in labs)]
    shown = "\n".join(f"<li>{_on_site(cell, set(labs))}</li>" for cell in there)
    return f'<ul class="labkit-gallery">\n{shown}\n</ul>'


def _on_site(cell: str, labs: set[str]) -> str:
    cell = linked(cell.replace("\n", " "), labs)
    return cell.replace('src="notebooks/images/', 'loading="lazy" src="images/')


def toctree(caption: str, names: list[str]) -> str:
    lines = "\n".join(names)
    return f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{lines}\n```"


def opening(stem: str, *, address: str | None, holds: bool) -> str:
    """How to open a lab as a notebook, its download, and what of the lecture's claims holds."""
    number = stem.split("_")[0]
    first = f"git clone {address} labkit && cd labkit" if address else "cd labkit"
    what = "" if address else " (labkit's folder, unpacked or cloned)"
    lines = "\n".join([f"{first}{what and '   #' + what}", f"make lab LABS={number}"])
    without = f"pip install -c constraints.txt -e . && labkit start {number}"
    more = ' What became of the lecture\'s claims: <a href="what_holds.html">what holds</a>.'
    return (
        '<div class="labkit-open"><p><b>You see the lab as it ran.</b> Sliders and questions work '
        "here; exercises show their solution folded. To solve them, open the lab:</p>"
        f"<pre>{html.escape(lines)}\n{html.escape('# or, without make: ' + without)}</pre>"
        f'<p><a href="download/{stem}.ipynb" download>Download the notebook</a> (for students: '
        f"without solutions; it needs labkit installed).{more if holds else ''}</p></div>"
    )
