"""Driving a notebook in JupyterLab as a student does: run all, then the arrow keys on a slider."""

import json
import time

PICTURE = ".jupyter-widgets img, .jupyter-widgets canvas, .jp-OutputArea-output img"
SLIDER = ".jupyter-widgets [role=slider]"

# Pixels of the pictures in a cell, so that a canvas and an <img> are compared alike.
_LOOKS = """cell => [...cell.querySelectorAll('img, canvas')].map(
  e => e.tagName === 'IMG' ? e.src : e.toDataURL()).join('|')"""

# Resolves with the milliseconds until the cell's pictures differ from what they were.
_CHANGE = """([cell, before, limit]) => new Promise(resolve => {
  const looks = %s; const start = performance.now();
  const look = async () => {
    let now = looks(cell);
    if (now !== before && now !== '') {
      await Promise.all([...cell.querySelectorAll('img')].map(e => e.decode().catch(() => 0)));
      return resolve(performance.now() - start);
    }
    if (performance.now() - start > limit) return resolve(null);
    setTimeout(look, 4);
  };
  look();
})"""


def open_notebook(page, server, name: str) -> None:
    """Open a notebook and wait until its kernel is idle."""
    page.goto(server.address(name))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.get_by_text("| Idle").first.wait_for(timeout=60_000)  # the status bar, once connected


def unfold(page) -> None:
    """Open the sections that a lab keeps folded."""
    button = page.locator(".jp-Notebook .jp-showHiddenCellsButton")
    while button.count():
        button.first.click()


def run_all(page, *, seconds: float = 180) -> None:
    """Run > Run All Cells, then wait until every code cell has run."""
    page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(_ALL_RAN, timeout=seconds * 1000, polling=200)
    page.get_by_text("| Idle").first.wait_for(timeout=60_000)
    page.locator(
        ".jp-Notebook .jp-Cell.jp-mod-active"
    ).focus()  # the menu may have had the keyboard


def save(page, path) -> None:
    """Ctrl+S, then wait until the file is written anew, to its end."""
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    end = time.monotonic() + 60
    while path.stat().st_mtime_ns == before or not _is_whole(path):
        assert time.monotonic() < end, f"{path.name} was not saved"
        page.wait_for_timeout(100)


def _is_whole(path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:  # the server is still writing
        return False


# An executed cell shows [n]:, a waiting or running one [*]:, an empty one stays [ ]:
_ALL_RAN = """() => {
  const cells = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')];
  const prompts = cells.filter(c => c.querySelector('.cm-content')?.textContent.trim())
    .map(c => c.querySelector('.jp-InputPrompt').textContent);
  return prompts.length > 0 && prompts.every(p => /\\[\\d+\\]/.test(p));
}"""


def cell_at(page, index: int):
    """The notebook's cell number `index` (0 = first)."""
    return page.locator(".jp-Notebook .jp-Cell").nth(index)


def error_names(page) -> list[str]:
    """First line of every error a cell shows."""
    shown = page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']")
    return [text.strip().splitlines()[0] for text in shown.all_inner_texts() if text.strip()]


def focus_slider(cell, number: int = 0) -> None:
    """Give a slider of the cell the keyboard, without touching it with the mouse."""
    slider = cell.locator(SLIDER).nth(number)
    slider.wait_for(state="visible", timeout=30_000)
    slider.scroll_into_view_if_needed()
    slider.focus()


def press_and_wait(page, cell, key: str = "ArrowRight", *, seconds: float = 20) -> float | None:
    """Press a key; milliseconds until a picture of the cell has changed, None if none did."""
    handle = cell.element_handle()
    before = page.evaluate(_LOOKS, handle)
    start = time.perf_counter()
    page.keyboard.press(key)
    waited = page.evaluate(_CHANGE % _LOOKS, [handle, before, seconds * 1000])
    return None if waited is None else (time.perf_counter() - start) * 1000
