"""Formulas as MathML, made once: the page needs no script and no font for them."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert


def setup(app) -> dict:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer, node) -> None:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(writer, node) -> None:
    formula = convert(node.astext(), display="block")
    writer.body.append(f'<div class="labkit-formula" tabindex="0" role="group">{formula}</div>')
    raise nodes.SkipNode
