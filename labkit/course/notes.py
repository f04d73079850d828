"""The speaker's notes of a lab as a page of its own, so that the projected one has none.

One HTML file without links and scripts, for a second window or a phone: by heading, each note
beside the code that %reveal brings. It is written beside the live edition. Of Markdown it knows
paragraphs, **bold** and `code`, which is what notes are made of.
"""

import html
import re

from labkit.course.document import document
from labkit.course.live_edition import HOW_TO, is_note
from labkit.course.nodes import NotebookNode

_HEADING = re.compile(r"^(#{1,6}) +(.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_STYLE = """\
:root { color-scheme: light dark; font: 1.1rem/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 90rem; padding: 0 .8rem 4rem; }
section { border-top: 1px solid #8888; display: grid; gap: 0 1.5rem; padding: .2rem 0; }
@media (min-width: 50rem) { section { grid-template-columns: 2fr 3fr; } }
section > * { min-width: 0; }
h2, h3, h4 { margin: 1.6rem 0 .4rem; }
p { margin: .5rem 0; }
code { font: .85em/1.4 ui-monospace, monospace; }
pre { background: #8882; margin: .5rem 0; padding: .5rem .7rem; white-space: pre-wrap; }"""


def name_of(notebook: str) -> str:
    """File name of the page that belongs to a notebook's.

    >>> name_of("03_wolves_vs_huskies.ipynb")
    '03_wolves_vs_huskies_notes.html'
    """
    return notebook.removesuffix(".ipynb") + "_notes.html"


def page(prepared: NotebookNode, *, title: str) -> str:
    """HTML page of the notes in `prepared`, what live_edition.prepare returns, and of its code."""
    body = [f"<section><div>{_paragraphs(HOW_TO)}</div></section>"]
    note, code = "", []
    for cell in prepared.cells:
        heading = "" if cell.cell_type == "code" or is_note(cell) else _headings(cell.source)
        if heading or is_note(cell):
            body.append(_section(note, code) + heading)
            note, code = _paragraphs(cell.source) if is_note(cell) else "", []
        elif carried := cell.metadata.get("labkit"):
            code.append(f"<pre><code>{html.escape(carried['prepared'])}</code></pre>")
    body.append(_section(note, code))
    text = "\n".join(part for part in body if part)
    return document(f"{title}: speaker's notes", style=_STYLE, body=text)


def _section(note: str, code: list[str]) -> str:
    shown = f"<section><div>{note}</div><div>{''.join(code)}</div></section>\n"
    return shown if note or code else ""


def _headings(text: str) -> str:
    """The headings in a cell; the notebook's title is an h1, and so on."""
    found = _HEADING.findall(_FENCED.sub("", text))
    return "".join(f"<h{len(m)}>{_inline(words)}</h{len(m)}>" for m, words in found)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in re.split(r"\n{2,}", text.strip()))


def _inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text, flags=re.DOTALL)
