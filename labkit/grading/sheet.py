"""A CSV file as it is: cells are read and changed, every other byte stays.

Platforms and spreadsheets write commas, semicolons or tabs, with or without a byte order mark, in
UTF-8, UTF-16 or the Windows code page. What comes back must look the same to whoever reads it next.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

_MARKS = [  # of encodings
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_LINE_END = re.compile(r"\r\n|\n|\r")
LARGEST = 20_000_000  # bytes; a gradebook of a thousand students has a few hundred thousand


class Sheet:
    """Rows of cells; `rows[r][c]` is what a cell says, `set` changes one, `content` the bytes."""

    def __init__(self, content: bytes):
        self._mark, self._encoding, text = _decoded(content)
        self.separator = _separator(text)
        self._raw, self._ends = _split(text, self.separator)
        self.rows = [[_value(cell) for cell in row] for row in self._raw]

    @classmethod
    def read(cls, path: str | Path) -> Sheet:
        """Read a file. ValueError if it is too large, holds no text, or a quote never ends.

        FileNotFoundError without it.
        """
        if not Path(path).exists():
            raise FileNotFoundError(f"{path} is not there")
        content = Path(path).read_bytes()
        if len(content) > LARGEST:
            raise ValueError(f"{path}: {len(content) / 1e6:.0f} MB is too large for a class")
        try:
            return cls(content)
        except ValueError as error:
            raise ValueError(f"{path} cannot be read as a CSV file: {error}") from None

    def value(self, row: int, column: int | None) -> str:
        """What a cell says, without spaces around it; "" where there is none."""
        here = self.rows[row]
        return here[column].strip() if column is not None and column < len(here) else ""

    def set(self, row: int, column: int, text: str) -> None:
        """Write into a cell, in quotes where that is needed; short rows are filled up."""
        raw, values = self._raw[row], self.rows[row]
        missing = column + 1 - len(raw)
        raw += [""] * missing
        values += [""] * missing
        quoted = re.search(r'[",;\t\r\n]', text)
        raw[column] = '"' + text.replace('"', '""') + '"' if quoted else text
        values[column] = text

    def content(self) -> bytes:
        """The file's bytes."""
        lines = (self.separator.join(row) for row in self._raw)
        text = "".join(line + end for line, end in zip(lines, self._ends, strict=True))
        return self._mark + text.encode(self._encoding, "xmlcharrefreplace")


def _decoded(content: bytes) -> tuple[bytes, str, str]:
    """Byte order mark, encoding and text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return mark, encoding, content[len(mark) :].decode(encoding)
    for encoding in ("utf-8", "cp1252"):
        try:
            return b"", encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("these bytes are not text")


def _separator(text: str) -> str:
    """What stands between the titles: the one that makes the most of them."""
    first = (_split(text, separator, most=1)[0][0] for separator in ",;\t")
    counts = {separator: len(row) for separator, row in zip(",;\t", first, strict=True)}
    return max(counts, key=counts.get)


def _split(text: str, separator: str, *, most: int | None = None):
    """Rows of cells as they are written, quotes and all, and the ends of their lines."""
    field = re.compile(rf'"(?:[^"]|"")*"(?=[{separator}\r\n]|$)|[^{separator}\r\n]*')
    rows, ends, row, at = [], [], [], 0
    while most is None or len(rows) < most:
        found = field.match(text, at)
        if text[at : at + 1] == '"' and not found[0].endswith('"'):
            raise ValueError(f"a quote in line {len(rows) + 1} is not closed")
        row.append(found[0])
        at = found.end()
        if text[at : at + 1] == separator:
            at += 1
            continue
        end = _LINE_END.match(text, at)
        rows.append(row)
        ends.append(end[0] if end else "")
        row, at = [], end.end() if end else at
        if at == len(text):
            break
    return rows, ends


def _value(raw: str) -> str:
    quoted = len(raw) > 1 and raw[0] == raw[-1] == '"'
    return raw[1:-1].replace('""', '"') if quoted else raw
