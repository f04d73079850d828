"""The site in a real browser, from the disk: a lab's page plays, asks, and can be used by anyone.

A site of one lab each: of labs that run quickly, and of all whose run is kept, as `make test` keeps
it. Nothing may leave the machine.
"""

import base64
import hashlib
import io
import sys

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from making import ROOT
from PIL import Image
from running import LABS

sys.path.insert(0, str(ROOT / "site"))

import build
import links
import runs
from harvest import MIME

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUICK = ("00", "13")
SITE = [p for p in LABS if p.stem.split("_")[0] in QUICK or runs.is_kept(p)]
PHONE = {"width": 390, "height": 844}
# What furo, the theme, makes of every page: its drawers, its way back to the top.
NOT_OURS = {
    "landmark-unique": ".sidebar-drawer",
    "region": ".back-to-top > span",
}

_GO = """([root, places]) => {
  const of = (row) => [...row.querySelectorAll("input, select")];
  [...root.querySelectorAll(".labkit-row")].forEach((row, i) => {
    const [first, ...others] = of(row), at = places[i];
    const tell = (control, kind) => control.dispatchEvent(new Event(kind, { bubbles: true }));
    if (first.type === "radio") {
      const wanted = [first, ...others].find((radio) => Number(radio.value) === at);
      if (wanted && !wanted.checked) { wanted.checked = true; tell(wanted, "change"); }
    } else if (first.type === "checkbox") {
      if (first.checked !== (at === 1)) { first.checked = at === 1; tell(first, "change"); }
    } else if (Number(first.value) !== at) {
      first.value = at;
      tell(first, first.tagName === "SELECT" ? "change" : "input");
    }
  });
}"""


@pytest.fixture(params=SITE, ids=lambda path: path.stem)
def lab(request, tmp_path_factory):
    """A lab's path, the folder of a site of it alone, and the records of its widgets."""
    path, folder = request.param, tmp_path_factory.mktemp("site")
    build.prepare([path], folder / "pages", kept=runs.KEPT)
    assert build.render(folder / "pages", folder / "html") == 0, "sphinx -W complains"
    ran, _ = runs.run(path)
    outputs = [
        output.get("data", {}).get(MIME) for c in ran.cells for output in c.get("outputs", [])
    ]
    records = [record for record in outputs if record and record["kind"] == "widget"]
    return path, folder / "html", records


def test_a_page_works_without_kernel_network_or_mouse(page, lab, tell):
    path, folder, records = lab
    assert not links.broken(folder)
    assert build.size_of(folder / "frames") < 8_000_000, "a page takes at most 8 MB"

    page.goto((folder / f"{path.stem}.html").as_uri())
    roots = page.locator(".labkit-live")
    assert roots.count() == len(records)
    for number, record in enumerate(records):
        each_control_works(page, roots.nth(number), record)
        it_shows_what_is_drawn(page, roots.nth(number), record)
    an_answer_opens_its_result(page)
    sounds_play(page)
    found = complaints(page)
    assert not found, "\n".join(found)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shot = folder.parent / f"{path.stem}.png"
    page.screenshot(path=shot)
    tell(f"{path.stem}: {len(records)} widgets, {build.size_of(folder) / 1e6:.1f} MB: {shot}")

    search(page, folder, path.stem)
    page.goto((folder / "index.html").as_uri())
    page.locator(f'.labkit-gallery a[href="{path.stem}.html"]').first.click()
    assert page.url.endswith(f"{path.stem}.html")
    assert page.seen.errors == [] and page.seen.abroad == []


def each_control_works(page, root, record) -> None:
    """Every control by its keys: another setting is shown, and the slider says its value."""
    root.scroll_into_view_if_needed()
    root.and_(page.locator("[data-place]")).wait_for()
    rows = root.locator(".labkit-row")
    controls = [c for c in record["controls"] if not c["typed"] and len(c["words"]) > 1]
    assert rows.count() == len(controls)
    for number, control in enumerate(controls):
        part = rows.nth(number).locator("input, select").first
        before, kind = root.get_attribute("data-place"), part.get_attribute("type")
        part.focus()
        last = control["start"] == len(control["words"]) - 1
        back, forth = ("ArrowUp", "ArrowDown") if kind is None else ("ArrowLeft", "ArrowRight")
        page.keyboard.press("Space" if kind in ("checkbox", "radio") else back if last else forth)
        if kind == "radio" and root.get_attribute("data-place") == before:
            page.keyboard.press("ArrowRight")
        root.and_(page.locator(f'[data-place]:not([data-place="{before}"])')).wait_for()
        if kind == "range":
            assert part.get_attribute("aria-valuetext") in control["words"]
    if record["play"]:
        before = root.get_attribute("data-place")
        root.locator(".labkit-play").press("Space")
        root.and_(page.locator(f'[data-place]:not([data-place="{before}"])')).wait_for()
        root.locator(".labkit-play").press("Space")


def it_shows_what_is_drawn(page, root, record) -> None:
    """Some settings, drawn a second time while the lab ran, look just so on the page."""
    counts = [len(c["words"]) for c in record["controls"]]
    live = [not c["typed"] and len(c["words"]) > 1 for c in record["controls"]]
    assert record["again"]
    for place, drawn in record["again"].items():
        at = [int(i) for i in np.unravel_index(int(place), counts)]
        if record["controls"] and any(
            c["words"][i] == "none yet" for c, i in zip(record["controls"], at, strict=True)
        ):
            continue  # nobody can take an answer back
        handle = root.element_handle()
        page.evaluate(_GO, [handle, [i for i, one in zip(at, live, strict=True) if one]])
        root.and_(page.locator(f'[data-place="{place}"]')).wait_for()
        url = root.locator("canvas").evaluate("canvas => canvas.toDataURL()")
        pixels = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
        assert [pixels.height, pixels.width, 3] == drawn["shape"]
        if record["lossy"]:
            small = np.asarray(pixels.resize((16, 16), Image.Resampling.BOX), float).ravel()
            assert np.abs(small - drawn["small"]).mean() < 3, f"{record['name']}, {place}"
        else:
            sha = hashlib.sha256(np.asarray(pixels).tobytes()).hexdigest()
            assert sha == drawn["sha"], f"{record['name']}, {place}"


def an_answer_opens_its_result(page) -> None:
    """It stands beside what came out, and is there again when the page is."""
    forms, said = page.locator("form.labkit-question"), {}
    lines = {
        key: page.locator(f'.labkit-came-out[data-key="{key}"]').first
        for key in forms.evaluate_all("forms => forms.map(form => form.dataset.key)")
        if page.locator(f'.labkit-came-out[data-key="{key}"]').count()
    }  # without questions that nothing answers
    for key in lines:
        hidden = [other for other in lines if other not in said]
        assert not any(lines[other].is_visible() for other in hidden), "it waits"
        label = page.locator(f'form[data-key="{key}"] label').first
        label.locator("input").check()
        said[key] = f"You predicted: {label.inner_text().strip()}. What came out:"
    for again in (False, True):
        if again:
            page.reload()
        for key, line in lines.items():
            assert line.is_visible() and said[key] in line.inner_text()
            assert page.locator(f'form[data-key="{key}"] input').first.is_checked()
    if (score := page.locator(".labkit-score")).count():
        right = page.locator('.labkit-came-out[data-right="true"]').count()
        answers = page.locator(".labkit-came-out[data-right]").count()
        assert score.inner_text() == f"{right} of your {answers} predictions came true."


def sounds_play(page) -> None:
    """Every sound is there, and the first one plays by its keys."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    sounds = page.locator("audio")
    for number in range(sounds.count()):
        page.wait_for_function(
            "sound => sound.duration > 0.1", arg=sounds.nth(number).element_handle()
        )
    if sounds.count():
        sounds.first.press("Space")
        page.wait_for_function(
            "sound => sound.currentTime > 0.05", arg=sounds.first.element_handle()
        )


def search(page, folder, stem: str) -> None:
    page.goto((folder / "search.html").as_uri() + "?q=predict")
    page.locator(f'#search-results a[href*="{stem}"]').first.wait_for()


def complaints(page) -> list[str]:
    """What axe finds, in pale and in dark; the theme's own are left out by name."""
    found = []
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.wait_for_timeout(300)
        options = {"resultTypes": ["violations"], "preload": False}  # it would fetch style sheets
        for rule in Axe().run(page, None, options).response["violations"]:
            nodes = [n for n in rule["nodes"] if NOT_OURS.get(rule["id"]) != n["target"][-1]]
            found += [f"{colours}, {rule['id']}: {n['html'][:200]}" for n in nodes]
    return found
