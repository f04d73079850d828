"""From the command to the first picture: labkit start, and a plain notebook in JupyterLab.

Wall seconds, since a person waits: from the command until the first picture of lab 01 is in the
page of a headless Chromium. Beside it JupyterLab, as it comes, with a notebook that imports torch
and matplotlib and draws the same kind of picture, a photo and a map of numbers, without a network.
Server, kernel and page are new each time, in turn. The page is opened once the server answers, and
cells are run by Shift+Enter once the kernel is idle. Goal: at most 1.1 times as long.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
from matplotlib import pyplot
from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import median, picture, ratio, result, table
from labkit import cli
from labkit.course import editions
from labkit.course.browser import find_browser
from labkit.data import load_photo

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests")]

import conftest  # noqa: E402  the tests' Chromium, a free port
import driving  # noqa: E402
import making  # noqa: E402

ROUNDS = 5
PLAIN = "a plain notebook in JupyterLab"
TITLE = "# A photo, and a number for each pixel"
IMPORTS = "import torch\nfrom matplotlib import pyplot as plt"
FIGURE = """\
photo = plt.imread("cat.png")
left, right = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")[1]
left.imshow(photo)
left.set_title("photo")
shown = right.imshow(torch.rand(224, 224), cmap="RdBu")
right.set_title("a number for each pixel")
plt.colorbar(shown, label="unit");"""
DECODED = "image => image.decode().then(() => new Promise(requestAnimationFrame))"


def main() -> None:
    """Measure both."""
    spent: dict[str, list[dict[str, float]]] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=conftest.FLAGS)
        for number in range(-1, ROUNDS):  # the first round warms the disk up and does not count
            names = [*COMMANDS] if number % 2 == 0 else [*reversed(COMMANDS)]
            for name in names:
                steps = seconds(name, browser)
                if number >= 0:
                    spent.setdefault(name, []).append(steps)
        browser.close()
    report(spent)


def report(spent: dict[str, list[dict[str, float]]]) -> None:
    """The table, the picture, the result."""
    times = {name: [sum(steps.values()) for steps in runs] for name, runs in spent.items()}
    medians = {name: median(totals) for name, totals in times.items()}
    by_step = {
        n: [median([s[step] for s in runs]) for step in runs[0]] for n, runs in spent.items()
    }
    titles = ["what", "until the picture, s", *(f"until {step}" for step in spent[PLAIN][0])]
    table(titles, [(name, medians[name], *by_step[name]) for name in times])
    picture("start", {"from the command": medians}, unit="seconds until the first picture")
    result("start", ratio(times, "labkit start", PLAIN), 1.1)


def seconds(name: str, browser: Browser) -> dict[str, float]:
    """Run one; seconds of each step, {what is waited for: seconds}."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, token = conftest._free_port(), secrets.token_hex(16)
        command, notebook, count = COMMANDS[name](folder / "work")
        options = ["--no-browser", f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"]
        options += ["--allow-root"] * cli.is_root()
        page = browser.new_page(viewport={"width": 1440, "height": 1600})
        stack.callback(page.close)
        steps, start = {}, time.perf_counter()

        def until(step: str) -> None:
            steps[step] = time.perf_counter() - start - sum(steps.values())

        stack.enter_context(served([*command, *options], folder))
        wait_for(f"http://127.0.0.1:{port}/api/status?token={token}")
        until("the server answers")
        page.goto(f"http://127.0.0.1:{port}/lab/tree/{notebook}?token={token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        until("the notebook is there")
        page.get_by_text("| Idle").first.wait_for(timeout=120_000)
        until("the kernel is idle")
        page.locator(".jp-Notebook .jp-Cell").first.locator(".jp-InputArea").click()
        for _ in range(count):
            page.keyboard.press("Shift+Enter")
        shown = page.wait_for_selector(driving.PICTURE, timeout=120_000)
        shown.evaluate(DECODED)
        until("the picture is there")
    return steps


def labkit(folder: Path) -> tuple[list[str], str, int]:
    """The command, the notebook, how many cells to run. The command writes the notebook itself."""
    (path,) = (path for path in editions.lab_paths() if path.stem.startswith("01"))
    cells = editions.make(path, "student").cells
    first = next(i for i, cell in enumerate(cells) if "picture" in cell.metadata.get("tags", []))
    command = [sys.executable, "-m", "labkit", "start", "01", f"--dir={folder}", "--"]
    return command, path.name, first + 1


def plain(folder: Path) -> tuple[list[str], str, int]:
    """The same for the plain notebook, which is written here."""
    folder.mkdir()
    photo = load_photo("cat", size=224).permute(1, 2, 0).numpy()
    pyplot.imsave(folder / "cat.png", photo)
    cells = [nbformat.v4.new_markdown_cell(TITLE), making.code(IMPORTS), making.code(FIGURE)]
    nbformat.write(making.notebook(*cells), folder / "plain.ipynb")
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"], "plain.ipynb", 3


COMMANDS = {"labkit start": labkit, PLAIN: plain}


@contextmanager
def served(command: list[str], folder: Path):
    """The command runs; nothing of the user's settings is read or written."""
    kinds = ["CONFIG_DIR", "RUNTIME_DIR", "DATA_DIR"]
    places = {f"JUPYTER_{kind}": str(folder / kind) for kind in kinds}
    places |= {f"JUPYTERLAB_{kind}_DIR": str(folder / kind) for kind in ["SETTINGS", "WORKSPACES"]}
    paths = {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}
    environment = {**os.environ, **places, **paths}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment, cwd=folder, **silent)
    try:
        yield
    finally:
        conftest._stop(process)


def wait_for(address: str) -> None:
    """Return once the server answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + 120
    while True:
        try:
            return opener.open(address, timeout=5).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
