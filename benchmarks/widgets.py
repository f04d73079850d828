"""Key press on a slider to the new picture on the screen: labkit, interact, ipympl.

A real JupyterLab in Chromium; wall milliseconds, since a person waits: from the time stamp of the
key's event until the picture has other pixels, is decoded, and a frame of the page with it is over.
interact shows inline matplotlib figures; with ipympl (`%matplotlib widget`) artists move, then
`draw_idle`. All show the same picture from the same data, see _widgets_cells.py: lab 01's, drawn by
matplotlib, and lab 04's, which takes a forward pass of the pretrained network (128 px).

labkit, interact and ipympl have a kernel each. They are pressed in turn, each time for a value that
was never shown, and once nothing has come from the kernel for QUIET seconds. By then labkit has
drawn ahead what the next keys may ask for, and a press shows one of those pictures; "nothing drawn
ahead" is the same widget without that. A key that is held asks for HELD values, 30 a second: the
last two columns say how long after the last of them its picture came, and how many pictures were
shown. Goals, for the worse of the two pictures: at most 50 ms, and at most half of interact.
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from benchmarks.measure import median, picture, result, table
from labkit.course.browser import find_browser

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests")]

import conftest  # noqa: E402  the tests' JupyterLab, and how they drive it
import driving  # noqa: E402
import making  # noqa: E402

PRESSES, WARMUP, HOLDS, HELD, PACE = 21, 2, 3, 10, 1 / 30
QUIET = 0.8  # seconds; longer than labkit rests before it draws for the other controls
CASES = {"slopes": "by matplotlib", "network": "network, 128 px"}
CALLS = {
    "labkit": ("labkit", "labkit()"),
    "labkit, nothing drawn ahead": ("labkit", "labkit(ahead=False)"),
    "interact": ("interact", "interact()"),
    "ipympl": ("ipympl", "ipympl()"),
}
BEGIN = """\
import sys
sys.path.insert(0, {root!r})
from benchmarks import _widgets_cells as cells
%matplotlib {backend}"""


def main() -> None:
    """Measure both pictures."""
    with ExitStack() as stack:
        versions = opened(stack)
        for found in versions.values():
            measure(list(found.values()))
    titles = ["picture", "what", "median, ms", "95th, ms", "after a held key, ms", "shown"]
    cases = versions.items()
    table(titles, [(CASES[case], w, *v.row()) for case, found in cases for w, v in found.items()])
    medians = [{w: median(v.pressed) for w, v in found.items()} for found in versions.values()]
    shown = {CASES[case]: found for case, found in zip(versions, medians, strict=True)}
    picture("widgets", shown, unit="milliseconds from key press to new picture", goal=50.0)
    result("widgets", max(found["labkit"] for found in medians), 50)
    result("widgets-interact", max(found["labkit"] / found["interact"] for found in medians), 0.5)


class Tab:
    """A page with a notebook of which all cells ran; it knows when its kernel was last heard."""

    def __init__(self, browser, server, backend: str, calls: list[str]):
        self.heard = 0.0
        first = BEGIN.format(root=str(ROOT), backend="widget" if backend == "ipympl" else "inline")
        notebook = making.notebook(*map(making.code, [first, *calls]))
        nbformat.write(notebook, server.folder / f"{backend}.ipynb")
        self.page = browser.new_page(viewport={"width": 1440, "height": 1100})
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._hear))
        driving.open_notebook(self.page, server, f"{backend}.ipynb")
        driving.run_all(self.page)
        script = Path(__file__).parent / "_widgets_page.js"
        self.page.evaluate(script.read_text(encoding="utf-8"))

    def wait_until_quiet(self) -> None:
        """Until the kernel has said nothing for QUIET seconds."""
        self._hear()
        while time.perf_counter() < self.heard + QUIET:
            self.page.wait_for_timeout(50)

    def _hear(self, _: object = None) -> None:
        self.heard = time.perf_counter()


@dataclass
class Version:
    """A cell with a slider above a picture, and what was measured there, in ms."""

    tab: Tab
    number: int
    pressed: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)

    def press(self) -> None:
        """One key press."""
        self._begin()
        self.tab.page.keyboard.press("ArrowRight")
        waited = self.tab.page.evaluate("labkitWatch.first(20_000)")
        assert waited is not None, "a key was pressed and no picture changed"
        self.pressed.append(waited)

    def hold(self) -> None:
        """A key that is held, and let go."""
        self._begin()
        start, keyboard = time.perf_counter(), self.tab.page.keyboard
        for number in range(HELD):
            time.sleep(max(0, start + number * PACE - time.perf_counter()))
            keyboard.down("ArrowRight")  # without letting go: the key repeats
        keyboard.up("ArrowRight")
        self.tab.wait_until_quiet()
        lag, shown = self.tab.page.evaluate("labkitWatch.last()")
        self.lags.append(lag)
        self.shown.append(shown)

    def row(self) -> tuple[float, float, float, str]:
        """Median, 95th percentile, median after a held key, how many of HELD were shown."""
        high = statistics.quantiles(self.pressed, n=20, method="inclusive")[-1]
        shown = f"{median(self.shown):.0f} of {HELD}"
        return median(self.pressed), high, median(self.lags), shown

    def _begin(self) -> None:
        self.tab.page.bring_to_front()
        cell = driving.cell_at(self.tab.page, self.number)
        driving.focus_slider(cell)
        cell.evaluate("cell => cell.scrollIntoView({ block: 'start' })")  # all of its picture
        self.tab.wait_until_quiet()
        cell.evaluate("cell => labkitWatch.begin(cell)")


def opened(stack: ExitStack) -> dict[str, dict[str, Version]]:
    """Every version in its tab, {case: {what: Version}}."""
    browser = stack.enter_context(sync_playwright()).chromium.launch(
        executable_path=find_browser(), args=conftest.FLAGS
    )
    stack.callback(browser.close)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    server = stack.enter_context(conftest._running(Folders(folder)))
    calls: dict[str, list[str]] = {}
    places = {}
    for case in CASES:
        for what, (backend, call) in CALLS.items():
            found = calls.setdefault(backend, [])
            found.append(f"cells.{case}_{call}")
            places[case, what] = (backend, len(found))
    tabs = {backend: Tab(browser, server, backend, found) for backend, found in calls.items()}
    return {
        case: {w: Version(tabs[b], n) for (c, w), (b, n) in places.items() if c == case}
        for case in CASES
    }


class Folders:
    """New folders in `root`, as pytest's tmp_path_factory makes them."""

    def __init__(self, root: str):
        self.root = root

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.root))


def measure(versions: list[Version]) -> None:
    """Press and hold in turn; the order is turned around in every other round."""
    for number in range(WARMUP + PRESSES):
        for version in versions[:: 1 if number % 2 else -1]:
            version.press()
    for version in versions:
        del version.pressed[:WARMUP]
    for number in range(HOLDS):
        for version in versions[:: 1 if number % 2 else -1]:
            version.hold()


if __name__ == "__main__":
    main()
