"""Which wing of the package may use which: arrows run downwards only."""

import ast
from pathlib import Path

import pytest
from making import ROOT

PACKAGE = ROOT / "labkit"
# From the ground up; a folder that is not named here is a topic: it stands on its floor.
FLOORS = [
    {"paths"},
    {"images", "augment", "nets"},
    {"render", "explain"},
    {"data"},
    {"topics", "course"},
    {"density", "translate"},  # topics that use what another one measures or trains
    {"checks", "plot"},
    {"widgets", "grading"},
    {"cli"},
    {"__main__"},
]
ROOMS = set.union(*FLOORS)
TOPICS = next(level for level, floor in enumerate(FLOORS) if "topics" in floor)


def level(wing):
    found = [number for number, floor in enumerate(FLOORS) if wing in floor]
    return found[0] if found else TOPICS


def wing_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(source):
    """Wings of labkit that a module's source imports, anywhere in it."""
    wings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        wings |= {name.split(".")[1] for name in names if name.startswith("labkit.")}
    return wings - {"__version__"}


def wrong_arrows(wing, source):
    """What a module of a wing imports from its own floor's neighbours or from above."""
    return sorted(w for w in imported(source) - {wing} if level(w) >= level(wing))


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_arrows_run_downwards(path):
    source = path.read_text(encoding="utf-8")
    assert wrong_arrows(wing_of(path), source) == [], "see FLOORS in tests/test_house.py"


def test_an_arrow_that_runs_up_or_sideways_is_seen():
    assert wrong_arrows("nets", "def f():\n    from labkit import data") == ["data"]
    assert wrong_arrows("gan", "import labkit.siamese.net") == ["siamese"]
    assert wrong_arrows("plot", "from labkit.gan import losses\nimport torch") == []


def test_every_wing_is_known_or_a_topic_with_tests_of_its_own():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert modules <= ROOMS, "a module at the root: which wing does it belong to?"
    assert ROOMS - {"topics"} <= folders | modules, "FLOORS names what is not there"
    for folder in folders - {"checks"}:
        assert list((ROOT / "tests" / folder).glob("test_*.py")), f"tests/{folder} is missing"


def test_short_names_lead_to_modules():
    import labkit

    for name, wing in labkit._WING.items():
        assert Path(PACKAGE, wing, f"{name}.py").is_file(), name
        assert not Path(PACKAGE, name).exists(), f"{name} is short for two things"


def test_no_two_modules_of_the_tests_share_a_name():
    # they lie on one path: the folder that is imported first would hide the other's
    paths = [p for p in (ROOT / "tests").rglob("*.py") if p.stem not in ("conftest", "__init__")]
    names = sorted(path.stem for path in paths)
    assert not {name for name in names if names.count(name) > 1}
