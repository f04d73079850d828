"""Downloads that are asked for: `fetch` gets them, `fetched` says if they are there.

Nothing here runs by itself: a lab calls `fetched`, says what to type where it gives None, and goes
on. Which files a name stands for is in `labkit.data.pins`, how one file travels in
`labkit.data.transfer`. The files are third parties': for the user's own study, not to be passed
on (data/README.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple
from urllib.parse import quote

from labkit.data.pins import SETS, Pin, download_folder, load_pins

AT_ONCE = 6  # files under way together
PATIENCE = 3  # failed files after which the rest is not tried
MB = 1e6


class Entry(NamedTuple):
    """One line of `available`: what a name stands for, and how much of it is there."""

    name: str
    shows: str
    files: int
    megabytes: float
    held: int
    licence: str

    @property
    def there(self) -> bool:
        """Whether every file is there, and whole."""
        return self.held == self.files

    def __str__(self) -> str:
        state = "there" if self.there else f"{self.held} of {self.files} there"
        state = state if self.held else "not there"
        return (
            f"{self.name:<15} {self.files:>4} files {self.megabytes:>5.1f} MB  {state}\n"
            f"    {self.shows}\n    {self.licence}"
        )


def available(*, folder=None) -> list[Entry]:
    """List what can be downloaded, and how much of it is there already; reaches no network.

    >>> [entry.name for entry in available()][:3]
    ['wolves-huskies', 'cars', 'cars-audi-bmw']
    >>> print(available()[0])  # doctest: +SKIP
    """
    return [_entry(name, download_folder(folder) / name) for name in SETS]


def fetched(name: str, *, folder=None) -> Path | None:
    """Folder of a complete, verified download, or None; reaches no network.

    Every file is compared with its SHA-256. ValueError for an unknown name.

    >>> fetched("wolves-huskies", folder="no/such/folder") is None
    True
    """
    pins, place = load_pins(name), download_folder(folder) / name
    return None if _missing(pins, place) else place


def fetch(name: str, *, mirror: str | None = None, folder=None, progress: bool = True) -> Path:
    """Download what a name stands for and return its folder; only what is missing travels.

    Files come several at once, go on where an earlier call stopped, are compared with their pinned
    size and SHA-256, and only then put in place: `download_folder(folder)`/NAME/path. `mirror` is
    the address (http:// or https://) of a server that has the same files under mirror/path or
    mirror/NAME/path, such as `python -m http.server` in somebody's download folder.
    `transfer.FetchError` (an OSError) names the files that did not come and says why; what came is
    kept. ValueError for an unknown name or a mirror that is no address.

    >>> fetch("mnist", mirror="http://192.168.0.10:8000")  # doctest: +SKIP
    """
    pins, place = load_pins(name), download_folder(folder) / name
    base = _check_mirror(mirror)
    missing = _missing(pins, place)
    if missing:
        _fetch_all(missing, place, base, _bar(name, missing, progress))
    return place


def fetch_several(names: list[str], *, mirror: str | None = None, folder=None) -> None:
    """Fetch several names, one after the other, saying under which terms and where to.

    One that fails does not keep the next from coming, unless none can (no network, no room).
    """
    _check_mirror(mirror)
    failures = []
    for name in names:
        print(f"{name}: {SETS[name].licence}", flush=True)
        try:
            print(f"{name}: all in {fetch(name, mirror=mirror, folder=folder)}", flush=True)
        except OSError as error:
            failures.append(error)
            if getattr(error, "hopeless", True):
                break
        except KeyboardInterrupt:
            raise OSError("stopped; the same command goes on from there") from None
    if failures:
        raise OSError("\n".join(map(str, failures)))
    if download_folder(folder) != download_folder():
        print(f"For the labs to find it there, set LABKIT_DATA={download_folder(folder)}")


def _entry(name: str, place: Path) -> Entry:
    pins = load_pins(name)
    held = len(pins) - len(_missing(pins, place))
    size = sum(pin.size for pin in pins) / MB
    return Entry(name, SETS[name].shows, len(pins), size, held, SETS[name].licence)


def _missing(pins: list[Pin], place: Path) -> list[Pin]:
    return [pin for pin in pins if not pin.is_whole(place / pin.path)]


def _check_mirror(mirror: str | None) -> str | None:
    if mirror is None or str(mirror).startswith(("http://", "https://")):
        return mirror and str(mirror).rstrip("/")
    raise ValueError(f"a mirror is an address such as http://192.168.0.10:8000, got {mirror!r}")


def _addresses(pin: Pin, name: str, base: str | None) -> list[str]:
    """Where to look for a file, in turn."""
    path = quote(pin.path)
    return [f"{base}/{path}", f"{base}/{name}/{path}"] if base else [pin.url]


def _bar(name: str, pins: list[Pin], progress: bool):
    """A progress bar in bytes; it shows itself in notebooks and terminals only."""
    from tqdm.auto import tqdm

    total = sum(pin.size for pin in pins)
    disable = None if progress else True
    return tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=disable)


def _fetch_all(pins: list[Pin], place: Path, base: str | None, bar) -> None:
    """Transfer the files, several at once; FetchError with a line for each that failed."""
    from labkit.data.transfer import FetchError, transfer

    stop, lock, failures = Event(), Lock(), []

    def tell(count: int) -> None:
        if stop.is_set():
            raise FetchError("stopped")
        with lock:
            bar.update(count)

    def one(pin: Pin) -> None:
        try:
            if not stop.is_set():
                transfer(pin, place, _addresses(pin, place.name, base), session, tell)
        except FetchError as error:
            if not stop.is_set():
                failures.append(error)
            if error.hopeless or len(failures) >= PATIENCE:
                stop.set()

    with bar, _session() as session, ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            list(pool.map(one, pins))
        except BaseException:  # Ctrl-C: what is under way ends at its next bytes
            stop.set()
            raise
    missing = _missing(pins, place)
    if missing:
        hopeless = any(failure.hopeless for failure in failures)
        raise FetchError(_report(place.name, failures, missing), hopeless=hopeless)


def _report(name: str, failures: list, missing: list[Pin]) -> str:
    """Say which files failed and why, and what to do."""
    hopeless = [failure for failure in failures if failure.hopeless][:1]
    lines = [f"  {failure}" for failure in hopeless or failures]
    count = f"{len(missing)} file{'s' if len(missing) > 1 else ''} of {name} did not come"
    count += "; the first to fail:" if len(missing) > len(lines) else ":"
    again = "  What came is kept; the same command goes on from there."
    return "\n".join([count, *lines, again])


@contextmanager
def _session() -> Iterator:
    """One pool of connections for all files."""
    import requests

    with requests.Session() as session:
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session
