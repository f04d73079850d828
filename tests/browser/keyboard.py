"""Widgets without a mouse: Tab to every control, use its keys, and time key press to picture.

The time runs from the key's own time stamp to the picture painted: decoded, and a frame of the
page later. A press counts for the first picture that is at least as new as what it asked for.
"""

import time
from statistics import median, quantiles

# What the keyboard must reach; of radio buttons with one name the browser lets Tab reach one.
_STOPS = """cell => {
  const kinds = '[role=slider], [contenteditable=true], select, input, textarea, button, audio';
  const found = [...cell.querySelectorAll('.jupyter-widgets')].flatMap(
    widget => [...widget.querySelectorAll(kinds)]).filter(e => e.checkVisibility() && !e.disabled);
  return new Set(found.map(e => e.type === 'radio' && e.name ? e.name : e)).size;
}"""

_WATCH = """() => {
  if (window.labkitWatch) return;
  const watch = window.labkitWatch = { cell: null, presses: [], paints: [] };
  const wanted = () => Math.max(...[...watch.cell.querySelectorAll('img.labkit-picture')]
    .map(image => Number(image.dataset.wanted)));
  addEventListener('keydown', event => {
    if (!watch.cell) return;
    const press = { at: event.timeStamp, before: wanted() };
    watch.presses.push(press);
    setTimeout(() => { press.wanted = wanted(); });
  }, true);
  const painted = async image => {
    const shown = Number(image.dataset.shown);
    await image.decode().catch(() => 0);
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => watch.paints.push({ at: performance.now(), shown });
      after.port2.postMessage(0);
    });
  };
  new MutationObserver(changes => new Set(changes.map(change => change.target))
    .forEach(image => watch.cell?.contains(image) && painted(image)))
    .observe(document.body, { subtree: true, attributeFilter: ['data-shown'] });
}"""

_WAITS = """() => {
  const { presses, paints } = window.labkitWatch;
  window.labkitWatch.cell = null;
  return presses.filter(press => press.wanted > press.before).map(press => {
    const times = paints.filter(paint => paint.shown >= press.wanted).map(paint => paint.at);
    return times.length ? Math.min(...times) - press.at : null;
  });
}"""

# The pixels, not the address: a frame of another setting may look the same.
_LOOKS = """async cell => {
  const images = [...cell.querySelectorAll('img.labkit-picture')];
  if (images.some(image => Number(image.dataset.shown) < Number(image.dataset.wanted))) return null;
  await Promise.all(images.map(image => image.decode().catch(() => 0)));
  const looks = images.map(image => {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL();
  });
  return [...looks, ...[...cell.querySelectorAll('.labkit-note')].map(n => n.textContent)].join();
}"""

_FOCUS = """() => {
  const e = document.activeElement, cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
  const row = e.closest('.jupyter-widgets');
  return {
    cell: cells.indexOf(e.closest('.jp-Cell')), inside: row !== null,
    kind: e.classList.contains('jp-Cell') ? 'cell' : e.getAttribute('role')
      ?? (e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()),
    name: e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.title
      || (e.labels ?? [])[0]?.textContent || e.textContent,
    now: e.getAttribute('aria-valuetext') ?? (e.type === 'checkbox' || e.type === 'radio'
      ? String(e.checked) : e.value ?? e.textContent),
  };
}"""


def go_to_cell(page, index: int) -> None:
    """Make a cell the active one: out of a widget by Shift+Tab, then by the arrow keys."""
    for _ in range(100):
        if focused(page)["kind"] == "cell":
            break
        page.keyboard.press("Shift+Tab")
    for _ in range(500):
        here = focused(page)["cell"]
        if here == index:
            return
        page.keyboard.press("ArrowUp" if here > index else "ArrowDown")
    raise AssertionError(f"the keyboard does not come to cell {index}, it stays at {here}")


def stops_of(cell) -> int:
    """How many stops the keyboard must make in the cell's widgets."""
    return cell.element_handle().evaluate(_STOPS)


def focused(page) -> dict:
    """Where the keyboard is: cell, whether in a widget, kind, name, value."""
    return page.evaluate(_FOCUS)


def looks(cell) -> str:
    """All pixels and words of the cell's pictures, once they are what the controls ask for."""
    handle, end = cell.element_handle(), time.monotonic() + 20
    while time.monotonic() < end:
        if (found := handle.evaluate(_LOOKS)) is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("the picture never came up to date")


def pressed(page, cell, *keys: str) -> bool:
    """Whether the cell's pictures or words are others after these keys."""
    before = looks(cell)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(30)
    return looks(cell) != before


def waits(page, cell, key: str, *, times: int, pace: float) -> list[float]:
    """Milliseconds from each press to its picture; the presses come `pace` seconds apart."""
    page.evaluate(_WATCH)
    looks(cell)
    cell.evaluate("cell => Object.assign(window.labkitWatch, { cell, presses: [], paints: [] })")
    start = time.perf_counter()
    for number in range(times):
        time.sleep(max(0, start + number * pace - time.perf_counter()))
        page.keyboard.down(key)  # without letting go: the key repeats
        if pace > 0.1:
            page.keyboard.up(key)
    page.keyboard.up(key)
    looks(cell)
    page.wait_for_timeout(100)
    found = page.evaluate(_WAITS)
    assert None not in found, f"{found.count(None)} presses of {key} without a picture"
    return found


def summary(found: list[float]) -> str:
    """Median, 95th percentile and number of presses, in words."""
    if len(found) < 2:
        return "too few presses"
    high = quantiles(found, n=20, method="inclusive")[-1]
    return f"median {median(found):.0f}, 95th {high:.0f} ms ({len(found)})"
