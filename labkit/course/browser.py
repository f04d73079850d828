"""Where a browser lies that tests and pictures can drive: the system's, or playwright's own."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ASK = """from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    print(driver.chromium.executable_path)"""


def find_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or of the one playwright downloaded, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None) or _playwrights()


def _playwrights() -> str | None:
    """Asked in a process of its own: playwright starts a driver, and one process bears one."""
    if not importlib.util.find_spec("playwright"):
        return None
    asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True)
    path = asked.stdout.strip()
    return path if asked.returncode == 0 and Path(path).is_file() else None
