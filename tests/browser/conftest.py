"""A real JupyterLab and a real Chromium for the tests in this folder.

The browser is the system's (nothing is downloaded). Without one the tests are skipped, except
in continuous integration (CI is set), where they fail.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from running import offline_environment

from labkit import cli
from labkit.course import lab_server
from labkit.course.browser import find_browser

FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Every cell stands in the page, and nothing asks before the kernel is shut down.
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "recordTiming": True},
}


@dataclass
class Server:
    """A running JupyterLab."""

    folder: Path
    port: int
    token: str
    opened: Path  # the paths that its kernels opened, one a line

    def address(self, notebook: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?token={self.token}&reset"

    def api(self, path: str, method: str = "GET"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = opener.open(request, timeout=5).read()
        return json.loads(body) if body else None


@dataclass
class Seen:
    """What the page complained about, and where it wanted to go."""

    errors: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def watch(self, page) -> None:
        page.on("console", self._message)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def _message(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob", "file") and url.hostname not in (
            "127.0.0.1",
            "localhost",
        ):
            self.abroad.append(request.url)


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium, driven by playwright."""
    path = find_browser()
    if path is None:
        message = "no Chromium: apt install chromium, or install Chrome"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """An empty page that has `page.seen`: errors and requests that leave the machine."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    page = context.new_page()
    page.seen = Seen()
    page.seen.watch(page)
    yield page
    context.close()


@pytest.fixture
def server(jupyterlab):
    """JupyterLab without a running kernel."""
    yield jupyterlab
    for session in jupyterlab.api("sessions"):
        jupyterlab.api(f"sessions/{session['id']}", "DELETE")


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """JupyterLab on an empty folder, with kernels that cannot leave the machine."""
    with _running(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module")
def teaching(tmp_path_factory):
    """JupyterLab as `labkit start --edition live --projector` serves it, on an empty folder."""
    with _running(tmp_path_factory, edition="live", projector=True) as server:
        yield server


@contextmanager
def _running(tmp_path_factory, *, edition="student", projector=False):
    folder = tmp_path_factory.mktemp("lab")
    port, token = _free_port(), secrets.token_hex(16)
    log = (tmp_path_factory.mktemp("log") / "jupyter.log").open("w")
    home = tmp_path_factory.mktemp("home")
    environment = _environment(home)
    environment |= lab_server.environment(edition=edition, projector=projector, base=environment)
    process = subprocess.Popen(
        _command(folder, port, token) + lab_server.options(edition=edition),
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    running = Server(folder, port, token, home / "opened.txt")
    try:
        _wait_until_up(running, process, Path(log.name))
        yield running
    finally:
        _stop(process)
        log.close()


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _command(folder: Path, port: int, token: str) -> list[str]:
    options = [option for option in cli.jupyter_options(folder) if option != "--no-browser"]
    return [
        *[sys.executable, "-m", "jupyterlab", *options],
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
    ]


def _environment(home: Path) -> dict[str, str]:
    """Settings and state of this server alone: nothing of the user's is read or written."""
    config = home / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    return {
        **offline_environment(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(server: Server, process, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            server.api("status")
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not come up:\n{log.read_text()[-4000:]}")
