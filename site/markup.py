"""Widgets, questions and results as HTML: what `static/live.js` and `page.js` work with."""

from __future__ import annotations

import hashlib
import html
import json


def key_of(question: str) -> str:
    """A question as part of a class name or an address."""
    return hashlib.sha256(question.encode()).hexdigest()[:10]


def widget(record: dict) -> str:
    """A widget's place on the page: its first picture, and what `live.js` needs to make it live."""
    wide, high = record["size"]
    alt, name = html.escape(record["alt"], quote=True), record["name"]
    spec = {k: record[k] for k in ("name", "controls", "play", "alone")}
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<div class="labkit-live" role="group" aria-label="Widget: {alt}">'
        f'<div class="labkit-controls"></div><figure>'
        f'<img src="frames/{name}.webp" alt="{alt}" width="{wide}" height="{high}" loading="lazy">'
        f'<div class="labkit-note" role="status">{record["note"]}</div>'
        f'<figcaption aria-hidden="true">{alt}</figcaption></figure>'
        f'<p class="labkit-elsewhere">{html.escape(limits(record))}</p>'
        f'<script type="application/json">{data}</script></div>'
    )


def limits(record: dict) -> str:
    """What of a widget the page has, and what it leaves to the notebook."""
    thinned = [c for c in record["controls"] if len(c["words"]) < c["all"]]
    typed = [c["label"] for c in record["controls"] if c["typed"]]
    said = []
    if thinned:
        parts = [f"{len(c['words'])} of {c['all']} for “{c['label']}”" for c in thinned]
        said.append(f"Here are some settings only: {', '.join(parts)}; the notebook has all.")
    if record["alone"]:
        said.append("One control at a time: to move one puts the others back.")
    if typed:
        said.append(f"Typing (“{'”, “'.join(typed)}”) needs the notebook.")
    if record["lossy"]:
        said.append("The pictures are compressed.")
    return " ".join(said)


def question(record: dict, stem: str) -> str:
    key = key_of(record["question"])
    options = "".join(
        f'<label><input type="radio" name="{stem}-{key}" value="{html.escape(one, quote=True)}"> '
        f"{html.escape(one)}</label>"
        for one in record["options"]
    )
    return (
        f'<form class="labkit-question" data-lab="{stem}" data-key="{key}"><fieldset>'
        f"<legend>{html.escape(record['question'])}</legend>{options}</fieldset></form>"
    )


def came_out(question: str, truth: str, stem: str) -> str:
    shown = html.escape(truth)
    return (
        f'<p class="labkit-came-out" data-lab="{stem}" data-key="{key_of(question)}" '
        f'data-truth="{html.escape(truth, quote=True)}"><span class="labkit-said"></span>'
        f"What came out: <b>{shown}</b></p>"
    )
