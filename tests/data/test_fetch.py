"""Downloads: against a server on this machine that behaves, and one that does not."""

import csv
import errno
import hashlib
import random
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import serving
from making import ROOT

from labkit import cli, data
from labkit.data import downloads, pins, transfer
from labkit.data.transfer import FetchError

PHOTOS = ROOT.parent / "shared" / "photos"
PATHS = ["a/one.bin", "a/two (2).bin", "three.bin"]


def noise(size, seed):
    return random.Random(seed).randbytes(size)


FILES = {path: noise(100_000 + 7 * i, i) for i, path in enumerate(PATHS)}


def write_pins(folder, files, **changes):
    """Write a table of pins for these files; `changes` replace columns of the first row."""
    (folder / "pins").mkdir(parents=True, exist_ok=True)
    columns = ["class", "path", "bytes", "sha256", "url"]
    with open(folder / "pins" / "toy.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for index, (path, content) in enumerate(files.items()):
            sha256 = hashlib.sha256(content).hexdigest()
            row = ["toy", path, len(content), sha256, f"https://nowhere.invalid/{path}"]
            if index == 0:
                row = [
                    changes.get(column, value) for column, value in zip(columns, row, strict=True)
                ]
            table.writerow(row)


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Three small files under the name "toys", nothing fetched yet, no waiting."""
    write_pins(tmp_path / "share", FILES)
    toys = pins.Source("three toy files", "free", (("toy", None),))
    monkeypatch.setattr(pins, "SETS", {"toys": toys})
    monkeypatch.setattr(downloads, "SETS", pins.SETS)
    monkeypatch.setattr(pins, "data_dir", lambda: tmp_path / "share")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "got"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transfer, "PAUSE", 0)
    monkeypatch.setattr(transfer, "PATIENCE", (5, 1))
    return tmp_path / "got" / "toys"


@pytest.fixture
def server(toys):
    with serving.Server(FILES) as server:
        yield server


def fetch(server, **options):
    return data.fetch("toys", mirror=server.address, progress=False, **options)


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def is_all_there(folder):
    there = {path: (folder / path).read_bytes() for path in PATHS if (folder / path).exists()}
    return there == FILES and names(folder) == sorted(PATHS)


# --- all goes well ---


def test_fetch_brings_every_file_and_nothing_else(server, toys):
    assert data.fetched("toys") is None
    assert fetch(server) == toys
    assert is_all_there(toys) and data.fetched("toys") == toys


def test_what_is_there_is_not_asked_for_again(server, toys):
    fetch(server)
    server.seen.clear()
    fetch(server)
    assert server.seen == []
    (toys / "three.bin").unlink()
    fetch(server)
    assert server.seen == [("three.bin", None)]


def test_a_mirror_may_serve_a_whole_download_folder(server, toys):
    server.files = {f"toys/{path}": content for path, content in FILES.items()}
    fetch(server)
    assert is_all_there(toys)


def test_without_a_mirror_the_pinned_address_is_asked(toys):
    pin = pins.load_pins("toys")[0]
    assert downloads._addresses(pin, "toys", None) == ["https://nowhere.invalid/a/one.bin"]


def test_redirects_are_followed(server, toys):
    server.files["elsewhere"] = server.files["three.bin"]
    server.faults["three.bin"] = serving.status(302, Location="/elsewhere")
    fetch(server)
    assert is_all_there(toys)


@pytest.mark.parametrize(
    "fault", [serving.zipped, serving.unannounced(FILES["three.bin"]), serving.without_range]
)
def test_odd_but_right_answers_are_taken(server, toys, fault):
    server.faults["three.bin"] = fault
    fetch(server)
    assert is_all_there(toys)


def test_files_get_ordinary_permissions(server, toys, tmp_path):
    (tmp_path / "plain").touch()
    fetch(server)
    assert (toys / "three.bin").stat().st_mode == (tmp_path / "plain").stat().st_mode


class Bar(list):
    """A progress bar that remembers."""

    update = list.append

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize("fault", [serving.whole, serving.cut_after(30_000), serving.without_range])
def test_progress_counts_each_byte_once(server, toys, monkeypatch, fault):
    (toys).mkdir(parents=True)
    (toys / "three.bin.part").write_bytes(FILES["three.bin"][:40_000])
    server.faults["three.bin"] = fault
    bar = Bar()
    monkeypatch.setattr(downloads, "_bar", lambda *_: bar)
    fetch(server)
    assert sum(bar) == sum(map(len, FILES.values()))


# --- resuming ---


def test_a_cut_connection_is_resumed_at_once_where_the_server_can(server, toys):
    server.faults["three.bin"] = serving.first(serving.cut_after(60_000))
    fetch(server)
    starts = [asked for path, asked in server.seen if path == "three.bin"]
    assert starts[0] is None and 0 < int(re.findall(r"\d+", starts[1])[0]) <= 60_000
    assert is_all_there(toys)


def test_a_cut_file_is_named_kept_and_gone_on_with(server, toys):
    server.faults["three.bin"] = serving.cut_at(50_000)
    with pytest.raises(FetchError, match=r"1 file of toys did not come:\n  three.bin: .* was cut"):
        fetch(server)
    held = (toys / "three.bin.part").stat().st_size
    assert 30_000 < held <= 50_000 and not (toys / "three.bin").exists()
    assert data.fetched("toys") is None
    server.faults.clear()
    server.seen.clear()
    fetch(server)
    assert server.seen == [("three.bin", f"bytes={held}-")]
    assert is_all_there(toys)


def test_a_cut_without_a_length_is_noticed(server, toys):
    server.faults["three.bin"] = serving.unannounced(FILES["three.bin"][:50_000])
    with pytest.raises(FetchError, match="three.bin: the connection was cut after 50000 of 100014"):
        fetch(server)
    assert (toys / "three.bin.part").stat().st_size == 50_000


def leave_part(toys, content):
    toys.mkdir(parents=True)
    (toys / "three.bin.part").write_bytes(content)


def test_a_server_without_ranges_starts_from_the_beginning(server, toys):
    leave_part(toys, FILES["three.bin"][:70_000])
    server.faults["three.bin"] = serving.without_range
    fetch(server)
    assert is_all_there(toys)


@pytest.mark.parametrize(
    "part", [b"x" * 500, b"x" * 100_014, b"x" * 300_000, b""], ids=["short", "same", "long", "none"]
)
def test_a_wrong_part_is_thrown_away_and_the_file_comes(server, toys, part):
    leave_part(toys, part)
    fetch(server)
    assert is_all_there(toys)


def test_a_whole_part_needs_no_server(toys):
    for path, content in FILES.items():
        (toys / path).parent.mkdir(parents=True, exist_ok=True)
        (toys / f"{path}.part").write_bytes(content)
    data.fetch("toys", mirror="http://127.0.0.1:9", progress=False)
    assert is_all_there(toys)


@pytest.mark.parametrize(
    "fault", [serving.from_zero, serving.status(416, Content_Range="bytes */5")], ids=["206", "416"]
)
def test_a_range_gone_wrong_starts_over(server, toys, fault):
    leave_part(toys, FILES["three.bin"][:70_000])
    server.faults["three.bin"] = serving.first(fault)
    fetch(server)
    assert is_all_there(toys)


def test_two_at_once_do_not_spoil_each_other(server, toys):
    server.faults = dict.fromkeys(PATHS, serving.cut_after(60_000))
    errors = []

    def run():
        try:
            fetch(server)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(isinstance(error, FetchError) for error in errors), errors
    fetch(server)
    assert data.fetched("toys") == toys and not list(toys.rglob("*.before*"))


def test_what_another_has_just_put_there_is_not_set_aside(server, toys, monkeypatch):
    set_aside = transfer._set_aside

    def late(path):
        path.write_bytes(FILES[path.relative_to(toys).as_posix()])  # the other one's
        return set_aside(path)

    monkeypatch.setattr(transfer, "_set_aside", late)
    fetch(server)
    assert is_all_there(toys) and not list(toys.rglob("*.before*"))


def test_ctrl_c_stops_all_and_the_next_call_goes_on(server, toys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Bar, "update", interrupt)
        patch.setattr(downloads, "_bar", lambda *_: Bar())
        with pytest.raises(KeyboardInterrupt):
            fetch(server)
        with pytest.raises(OSError, match="stopped; the same command goes on"):
            downloads.fetch_several(["toys"], mirror=server.address)
    fetch(server)
    assert is_all_there(toys)


# --- what goes wrong is said, and spoils nothing ---

WRONG = {
    "missing": (serving.status(404), r"does not have it \(404\): http://127.*three.bin"),
    "forbidden": (serving.status(403), r"refuses \(403\): http"),
    "broken": (serving.status(500), r"refuses \(500\)"),
    "wrong bytes": (serving.instead(noise(100_014, 9)), r"is not the pinned file \(its SHA-256"),
    "too short": (serving.instead(b"abc"), "sends 3 bytes instead of 100014"),
    "too long": (serving.instead(bytes(200_000)), "sends 200000 bytes instead of 100014"),
    "endless": (serving.unannounced(bytes(500_000)), "sends more bytes instead of 100014"),
    "login page": (serving.page, "answers with a page"),
    "cut": (serving.cut_at(50_000), "the connection was cut"),
    "stalls": (serving.stall_at(50_000), r"http://127.0.0.1:\d+ went silent for 1 seconds"),
    "mute": (serving.mute, "went silent"),
    "hangs up": (serving.hang_up, "cut the connection without an answer"),
    "goes in circles": (serving.status(302, Location="/three.bin"), "Exceeded 30 redirects"),
}


@pytest.mark.parametrize("fault, message", WRONG.values(), ids=WRONG)
def test_one_bad_file_is_named_and_the_others_come(server, toys, capsys, fault, message):
    toys.mkdir(parents=True)
    (toys / "three.bin").write_bytes(b"what was there")
    server.faults["three.bin"] = fault
    assert cli.main(["fetch", "toys", "--mirror", server.address]) == 1
    said = capsys.readouterr().err
    assert re.search(r"labkit: 1 file of toys did not come:\n  three.bin: .*" + message, said)
    assert "the same command goes on from there" in said and "Traceback" not in said
    assert (toys / "three.bin").read_bytes() == b"what was there"
    assert set(names(toys)) - {"three.bin.part"} == set(PATHS)
    server.faults.clear()
    assert cli.main(["fetch", "toys", "--mirror", server.address]) == 0
    assert (toys / "three.bin").read_bytes() == FILES["three.bin"]
    assert (toys / "three.bin.before1").read_bytes() == b"what was there"


def test_a_busy_server_is_asked_again(server, toys):
    server.faults["three.bin"] = serving.first(serving.status(503))
    fetch(server)
    assert is_all_there(toys)


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:{}", "http://no-such-host.invalid"])
def test_no_network_is_said_once(toys, mirror):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        mirror = mirror.format(unused.getsockname()[1])
        with pytest.raises(FetchError, match=r"cannot be reached: is there a network\?") as caught:
            data.fetch("toys", mirror=mirror, progress=False)
    assert str(caught.value).count("cannot be reached") == 1
    assert "3 files of toys did not come; the first to fail:" in str(caught.value)


def test_a_server_that_has_nothing_is_not_asked_for_all(toys, tmp_path):
    many = {f"{index}.bin": noise(50, index) for index in range(60)}
    write_pins(tmp_path / "share", many)
    with serving.Server({}) as server, pytest.raises(FetchError, match="60 files of toys") as error:
        fetch(server)
    assert len(server.seen) <= 2 * (downloads.PATIENCE + downloads.AT_ONCE)
    assert 1 <= str(error.value).count("(404)") <= downloads.PATIENCE


def full_disk(*args, **options):
    """An `open` whose file takes 40,000 bytes and then no more."""
    file = open(*args, **options)
    write = file.write

    class Full:
        def __getattr__(self, name):
            return getattr(file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            file.close()

        def write(self, chunk):
            if file.tell() + len(chunk) > 40_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(chunk)

    return Full()


def test_a_full_disk_is_said_once_and_what_came_stays(server, toys, monkeypatch):
    toys.mkdir(parents=True)
    (toys / "three.bin").write_bytes(b"what was there")
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "open", full_disk, raising=False)
        with pytest.raises(FetchError, match=r"bin: no room is left on the disk of .*toys") as said:
            fetch(server)
    assert str(said.value).count("no room") == 1
    assert (toys / "three.bin").read_bytes() == b"what was there"
    assert not (toys / "a" / "one.bin").exists()
    # Three run at once: which of them fills the disk, and how far the others came, is by chance.
    assert 0 < max(part.stat().st_size for part in toys.rglob("*.part")) <= 40_000
    fetch(server)
    assert data.fetched("toys") == toys
    assert any(asked for _, asked in server.seen)  # gone on with


def test_a_place_that_cannot_be_written(server, toys):
    toys.parent.mkdir()
    toys.write_text("a file where the folder should be")
    with pytest.raises(FetchError, match="cannot be written below .*toys"):
        fetch(server)
    assert toys.read_text() == "a file where the folder should be"


def test_a_damaged_file_makes_the_download_incomplete(server, toys):
    fetch(server)
    (toys / "three.bin").write_bytes(FILES["three.bin"][:-1] + b"?")
    assert data.fetched("toys") is None
    assert [entry.held for entry in data.available()] == [2]
    fetch(server)
    assert data.fetched("toys") == toys


# --- pins ---


@pytest.mark.parametrize(
    "path", ["../out", "/etc/x", "a/../../b", "a//b", "a/./b", "C:/x", "C:x", "a\\..\\b", "", "."]
)
def test_a_path_that_leaves_the_folder_is_refused(toys, tmp_path, path):
    write_pins(tmp_path / "share", FILES, path=path)
    with pytest.raises(ValueError, match=r"toy.csv is damaged \(path .*install labkit again"):
        data.fetch("toys", mirror="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "changes",
    [{"bytes": "0"}, {"bytes": "many"}, {"sha256": "abc"}, {"sha256": "Z" * 64},
     {"url": "ftp://x/y"}, {"url": "file:///etc/passwd"}],
)  # fmt: skip
def test_damaged_pins_are_said(toys, tmp_path, changes):
    write_pins(tmp_path / "share", FILES, **changes)
    with pytest.raises(ValueError, match="toy.csv is damaged"):
        data.fetched("toys")


def there(name, path):
    """How the address of a pinned file ends: in its path; 7_theo_2.wav for theo/7_2.wav."""
    if name == "spoken-digits":
        path = re.sub(r"^(\w+)/(\d)_", r"recordings/\2_\1_", path)
    return downloads.quote(path)


def test_the_tables_that_ship():
    count = {name: len(pins.load_pins(name)) for name in pins.SETS}
    assert count == {
        "wolves-huskies": 176, "cars": 207, "cars-audi-bmw": 1120, "faces": 400, "reviews": 2,
        "glove": 1, "omniglot": 3, "mnist": 4, "spoken-digits": 600,
    }  # fmt: skip
    for name in pins.SETS:
        for pin in pins.load_pins(name):
            assert re.match(
                r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/", pin.url
            )
            assert pin.url.endswith(there(name, pin.path)) and pin.size < 10_000_000
    for table in (ROOT / "data" / "pins").glob("*.csv"):
        assert table.stat().st_size < 250_000


def test_names_that_are_none():
    with pytest.raises(
        ValueError, match=r"no download 'car' \(did you mean 'cars'\?\); there are: w"
    ):
        data.fetch("car")
    with pytest.raises(ValueError, match="no download 'zzz'; there are"):
        data.fetched("zzz")
    with pytest.raises(TypeError, match="is a string, got None"):
        data.fetch(None)


@pytest.mark.parametrize("mirror", ["127.0.0.1:8000", "ftp://x", "", "/media/stick", 7])
def test_a_mirror_is_an_address(toys, mirror):
    with pytest.raises(ValueError, match="a mirror is an address such as http"):
        data.fetch("toys", mirror=mirror)


# --- where, what, and the command ---


def test_where_downloads_lie(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert data.download_folder() == tmp_path
    assert data.download_folder(tmp_path / "x" / "..") == tmp_path
    assert data.download_folder("~") == Path.home()
    for unset in (lambda: monkeypatch.setenv("LABKIT_DATA", ""),
                  lambda: monkeypatch.delenv("LABKIT_DATA")):  # fmt: skip
        unset()
        assert "labkit" in str(data.download_folder()) and data.download_folder().is_absolute()


def test_looking_needs_no_network_and_writes_nothing(toys, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("used the network"))
    entry = data.available()[0]
    assert (entry.name, entry.files, entry.held, entry.there) == ("toys", 3, 0, False)
    assert entry.megabytes == pytest.approx(0.300021) and "not there" in str(entry)
    assert data.fetched("toys") is None and not toys.parent.exists()


def test_looking_loads_no_torch_and_no_requests():
    code = (
        "import sys; from labkit import data; data.available(); data.fetched('mnist'); "
        "assert not {'torch', 'requests', 'pooch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_killed_download_leaves_nothing_but_its_part(server, toys):
    """Killed without a chance to tidy up, as by the task manager."""
    server.faults["three.bin"] = serving.stall_at(50_000)
    code = (
        "import sys; from labkit.data import downloads, pins; from pathlib import Path; "
        "pins.data_dir = lambda: Path(sys.argv[1]); "
        "toys = pins.Source('toys', 'free', (('toy', None),)); pins.SETS['toys'] = toys; "
        "downloads.fetch('toys', mirror=sys.argv[2], folder=sys.argv[3], progress=False)"
    )
    share = str(toys.parent.parent / "share")
    arguments = [share, server.address, str(toys.parent)]
    running = subprocess.Popen([sys.executable, "-c", code, *arguments])
    part, until = toys / "three.bin.part", time.monotonic() + 30
    while time.monotonic() < until and not (part.exists() and part.stat().st_size):
        time.sleep(0.05)
    running.kill()
    running.wait()
    assert part.stat().st_size > 0 and set(names(toys)) <= {*PATHS, "three.bin.part"} | {
        f"{path}.part" for path in PATHS
    }
    server.faults.clear()
    fetch(server)
    assert is_all_there(toys)


def test_command_lists(server, toys, capsys):
    assert cli.main(["fetch", "--list"]) == 0
    assert "toys               3 files   0.3 MB  not there\n    three toy files\n    free" in (
        capsys.readouterr().out
    )
    fetch(server)
    (toys / "three.bin").unlink()
    assert cli.main(["fetch"]) == 0
    assert "2 of 3 there" in capsys.readouterr().out


def test_command_fetches(server, toys, tmp_path, capsys):
    assert cli.main(["fetch", "all", "--mirror", server.address + "/"]) == 0
    out = capsys.readouterr().out
    assert "toys: free" in out and f"toys: all in {toys}" in out and "LABKIT_DATA" not in out
    other = tmp_path / "other"
    assert cli.main(["fetch", "toys", "--mirror", server.address, "--dir", str(other)]) == 0
    assert f"set LABKIT_DATA={other}" in capsys.readouterr().out
    assert is_all_there(other / "toys")


def test_command_says_which_name_is_none(server, capsys):
    assert cli.main(["fetch", "toys", "toyz", "--mirror", server.address]) == 2
    assert "no download 'toyz' (did you mean 'toys'?)" in capsys.readouterr().err
    assert server.seen == []


def test_a_failed_name_does_not_keep_the_next_from_coming(server, toys, monkeypatch, capsys):
    monkeypatch.setitem(pins.SETS, "more", pins.SETS["toys"])
    server.files.pop("three.bin")
    server.files["more/three.bin"] = FILES["three.bin"]
    assert cli.main(["fetch", "toys", "more", "--mirror", server.address]) == 1
    assert is_all_there(toys.parent / "more")
    assert "more" not in capsys.readouterr().err


# --- the real photos ---


def test_wolves_and_huskies_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="type in a terminal: labkit fetch wolves-huskies$"):
        data.load_wolves_huskies()
    with pytest.raises(FileNotFoundError, match='fetch wolves-huskies --dir ".*elsewhere"'):
        data.load_wolves_huskies(folder=tmp_path / "elsewhere")


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photos are not beside this checkout")
def test_the_real_wolves_and_huskies(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    contents = [path.read_bytes() for path in PHOTOS.rglob("*") if path.is_file()]
    by_sum = {hashlib.sha256(content).hexdigest(): content for content in contents}
    files = {pin.path: by_sum[pin.sha256] for pin in pins.load_pins("wolves-huskies")}
    with serving.Server(files) as server:
        data.fetch("wolves-huskies", mirror=server.address, folder=tmp_path, progress=False)
    real = data.load_wolves_huskies(size=32, folder=tmp_path)
    assert real.train.images.shape == (80, 3, 32, 32) and len(real.test.labels) == 20
    assert real.train.labels.bincount().tolist() == [40, 40]
    assert real.test.labels.bincount().tolist() == [10, 10]
    counts = {name: len(group.labels) for name, group in real.counterexamples.items()}
    assert counts == {"husky_snow": 16, "husky_nosnow": 15, "wolf_snow": 17, "wolf_nosnow": 28}
    for name, group in real.counterexamples.items():
        assert group.labels.unique().tolist() == [int(name.startswith("wolf"))]
        assert list(group.classes) == ["husky", "wolf"]
