"""Links between the pages: made for the site, and looked after."""

from __future__ import annotations

import functools
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from docutils.nodes import make_id

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((\w+)\.(?:ipynb|md)(?:#([^)\s]*))?\)")
_ANCHOR = re.compile(r'<a href="(?:notebooks/)?(\w+)\.(?:ipynb|md|html)"[^>]*>(.*?)</a>', re.DOTALL)


def linked(text: str, there: set[str]) -> str:
    """Text whose links lead to pages and their headings, and only to pages that are `there`.

    Files that a lab wrote beside itself aren't.

    >>> linked("[a](01_a.ipynb#What-for?), [b](02_b.ipynb)", {"01_a"})
    '<a href="01_a.html#what-for">a</a>, b'
    """

    def page(found: re.Match) -> str:
        words, stem, heading = found.groups()
        if stem not in there:
            return words
        place = heading and "#" + make_id(unquote(heading).replace("-", " "))
        return f'<a href="{stem}.html{place}">{words}</a>' if place else found[0]

    def anchor(found: re.Match) -> str:
        stem, words = found.groups()
        return f'<a href="{stem}.html">{words}</a>' if stem in there else words

    return _ANCHOR.sub(anchor, _LINK.sub(page, text))


def broken(site: Path) -> list[str]:
    """Links, pictures and anchors of all pages that are not in the site; no other host is asked."""
    found = []
    for page in sorted(site.glob("*.html")):
        for address in _read(page).addresses:
            if re.match(r"(https?|data|mailto):", address):
                continue
            path, _, anchor = unquote(address).partition("#")
            target = page.parent / path.partition("?")[0] if path else page
            if not target.exists() or anchor and anchor not in _read(target).names:
                found.append(f"{page.name}: {address}")
    return found


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.addresses, self.names = [], set()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.addresses += [values[name] for name in ("href", "src") if values.get(name)]
        self.names |= {values.get("id"), values.get("name")}


@functools.cache
def _read(page: Path) -> _Page:
    read = _Page()
    read.feed(page.read_text(encoding="utf-8"))
    return read
