"""One pinned file from its address to its place: resumed, verified, put there in one step.

What has come lies in NAME.part, each byte where it belongs, so that any later try, even two at
once, goes on with it. Nothing else is written: a killed download leaves that file alone.
"""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests
from urllib3.exceptions import ProtocolError

from labkit.data.pins import Pin

PATIENCE = (10, 30)  # seconds to wait for a connection, and for the next bytes
CHUNK = 2**14  # bytes
TRIES, PAUSE = 3, 1  # seconds, longer each time
BUSY = {429, 500, 502, 503, 504}  # answers that may be another one soon
_PUTTING = threading.Lock()
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FetchError(OSError):
    """A download that failed; the text names the file and says why.

    `again`: trying once more may help. `hopeless`: so will every other file.
    """

    def __init__(self, text: str, *, again: bool = False, hopeless: bool = False):
        super().__init__(text)
        self.again, self.hopeless = again, hopeless


class Resuming:
    """Downloader that goes on where an earlier try stopped.

    `tell(n)` hears of every n bytes more (or fewer, when a server starts from the beginning).
    """

    def __init__(self, pin: Pin, target: Path, session, tell: Callable[[int], None]):
        self.pin, self.target, self.session = pin, target, session
        self.tell, self.told = tell, 0
        self.part = target.with_name(f"{target.name}.part")

    def __call__(self, url: str) -> None:
        """Put the whole, verified file in its place, in one step."""
        if self.pin.is_whole(self.target):  # another download was faster
            self.part.unlink(missing_ok=True)
            return
        held = self._held()
        if held < self.pin.size:
            self._receive(url, held)
        self._position(self.pin.size)
        with _PUTTING:
            self._put(resumed=held > 0)

    def _put(self, *, resumed: bool) -> None:
        """Verify what came and move it to its place; one at a time, or another part could slip in.

        Of several processes the same is caught afterwards, by what was set aside.
        """
        if self.pin.is_whole(self.target):
            self.part.unlink(missing_ok=True)
            return
        try:
            self._verify(resumed=resumed)
            kept = _set_aside(self.target)
            if kept and self.pin.is_whole(kept):  # another process has just put it there
                os.replace(kept, self.target)
                self.part.unlink(missing_ok=True)
                return
            os.replace(self.part, self.target)
        except FileNotFoundError as error:  # another labkit fetch moved it to its place
            raise FetchError("another download of it got in between", again=True) from error

    def _held(self) -> int:
        """Bytes that an earlier try left."""
        held = self.part.stat().st_size if self.part.is_file() else 0
        return held if held <= self.pin.size else 0

    def _position(self, position: int) -> None:
        self.tell(position - self.told)
        self.told = position

    def _receive(self, url: str, held: int) -> None:
        headers = {"Accept-Encoding": "identity"}
        if held:
            headers["Range"] = f"bytes={held}-"
        with self.session.get(url, headers=headers, stream=True, timeout=PATIENCE) as response:
            start = _first_byte(response)
            if start > held:
                self.part.unlink(missing_ok=True)
                raise FetchError("the server cannot go on in the middle of the file", again=True)
            response.raise_for_status()
            self._check_length(response, start)
            self._write(response, start)

    def _check_length(self, response, start: int) -> None:
        """Raise before anything is written where the server has another file."""
        said = response.headers.get("Content-Length", "")
        if "Content-Encoding" not in response.headers and said.isdecimal():
            if start + int(said) != self.pin.size:
                raise self._wrong_size(start + int(said))

    def _write(self, response, start: int) -> None:
        """Write what comes, from byte `start` on; never cut off what is there already."""
        with open(self.part, "r+b", opener=_open_or_make) as file:
            file.seek(start)
            self._position(start)
            for chunk in response.iter_content(CHUNK):
                if self.told + len(chunk) > self.pin.size:
                    raise self._wrong_size("more")
                file.write(chunk)
                self._position(self.told + len(chunk))
            if self.told < self.pin.size:
                raise _cut_off(self.told, self.pin.size)
            file.truncate()

    def _wrong_size(self, came) -> FetchError:
        return FetchError(
            f"the server sends {came} bytes instead of {self.pin.size}: it has another file under "
            "this name, or answers with a page (a network that wants a login?)"
        )

    def _verify(self, *, resumed: bool) -> None:
        """Raise, and forget what came, unless it is the pinned file."""
        if not self.pin.is_whole(self.part):
            self.part.unlink()
            raise FetchError(
                f"what the server sent is not the pinned file (its SHA-256 is not "
                f"{self.pin.sha256[:12]}...), so it was thrown away",
                again=resumed,
            )


def _open_or_make(path, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _first_byte(response) -> float:
    """Where in the file the answer begins: 0 for a whole file, infinity if that cannot be told."""
    if response.status_code not in (206, 416):
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else math.inf


def _set_aside(path: Path) -> Path | None:
    """Rename a file that is about to be replaced: it is damaged, or somebody's own."""
    if not path.exists():
        return None
    number = 1
    while (kept := path.with_name(f"{path.name}.before{number}")).exists():
        number += 1
    shutil.move(path, kept)
    return kept


def transfer(pin: Pin, folder: Path, addresses: list[str], session, tell) -> None:
    """Download one file to `folder`/pin.path, from the first address that has it.

    FetchError says what is wrong. Whatever was at the place is replaced only by the verified
    file, and then kept beside it as NAME.before1. What has come of a broken transfer stays in
    NAME.part, and the next call goes on from there.
    """
    target = folder / pin.path
    downloader = Resuming(pin, target, session, tell)
    for attempt in range(1, TRIES + 1):
        try:
            return _from_any(folder, addresses, downloader)
        except FetchError as error:
            if not error.again or attempt == TRIES:
                raise FetchError(f"{pin.path}: {error}", hopeless=error.hopeless) from error
            time.sleep(PAUSE * attempt)


def _from_any(folder: Path, addresses: list[str], downloader: Resuming) -> None:
    """Try the addresses in turn; only "no such file" leads on to the next."""
    for address in addresses:
        try:
            downloader.target.parent.mkdir(parents=True, exist_ok=True)
            return downloader(address)
        except requests.HTTPError as error:
            status = error.response.status_code
            if status in (404, 410) and address != addresses[-1]:
                continue
            raise _refused(status, addresses[0]) from error
        except FetchError:
            raise
        except OSError as error:  # requests' exceptions are OSErrors as well
            raise _in_words(error, address, folder) from error


def _refused(status: int, address: str) -> FetchError:
    """Say what the status of an answer means."""
    if status in (404, 410):
        return FetchError(f"the server does not have it ({status}): {address}")
    return FetchError(f"the server refuses ({status}): {address}", again=status in BUSY)


def _cut_off(came: int, size: int) -> FetchError:
    return FetchError(f"the connection was cut after {came} of {size} bytes", again=True)


def _in_words(error: OSError, address: str, folder: Path) -> FetchError:
    """Say in plain words why nothing came, or why it could not be written."""
    host = "/".join(address.split("/")[:3])
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return FetchError("the connection was cut in the middle", again=True)
    if isinstance(error, requests.exceptions.SSLError):
        why = "is the computer's date right, or a proxy between?"
        return FetchError(f"no secure connection to {host} ({why})", hopeless=True)
    if isinstance(error, requests.exceptions.ReadTimeout) or "Read timed out" in str(error):
        return FetchError(f"{host} went silent for {PATIENCE[1]} seconds")
    if error.args and isinstance(error.args[0], ProtocolError):
        return FetchError(f"{host} cut the connection without an answer", again=True)
    if isinstance(error, requests.exceptions.ConnectionError):
        return FetchError(f"{host} cannot be reached: is there a network?", hopeless=True)
    if isinstance(error, requests.exceptions.RequestException):
        return FetchError(f"{address}: {error}")
    if error.errno in FULL:
        return FetchError(f"no room is left on the disk of {folder}", hopeless=True)
    return FetchError(
        f"cannot be written below {folder} ({error.strerror or error})", hopeless=True
    )
