"""pyproject, constraints, environment.yml, Makefile, CI and README say the same thing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from making import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import labkit
from labkit.course import release

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
PLATFORMS = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
]


def direct_dependencies():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group if "labkit" not in text]


def pins():
    lines = [line for line in CONSTRAINTS.splitlines() if line and not line.startswith("#")]
    return [Requirement(line) for line in lines]


def pinned_on(name, platform, python):
    """Versions constraints.txt pins for a package on one platform."""
    system = {**platform, "python_version": python, "python_full_version": f"{python}.9"}
    here = [p for p in pins() if canonicalize_name(p.name) == canonicalize_name(name)]
    return [str(p.specifier)[2:] for p in here if not p.marker or p.marker.evaluate(system)]


def test_version_is_the_packages():
    assert PROJECT["version"] == labkit.__version__


def test_constraints_name_no_host_hash_or_path():
    for line in CONSTRAINTS.splitlines()[1:]:
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+( ; [^#]+)?", line), line
    assert not re.search(r"://|--|@|sha256|/home|/tmp|\.whl", CONSTRAINTS)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda p: p["sys_platform"])
def test_constraints_pin_every_direct_dependency_everywhere(platform, python):
    for need in direct_dependencies():
        versions = pinned_on(need.name, platform, python)
        assert len(versions) == 1, (need.name, versions)
        assert need.specifier.contains(versions[0]), (need, versions)


def test_constraints_hold_no_torch_that_torchvision_cannot_load():
    assert "torch==2.13" not in CONSTRAINTS


def test_local_versions_are_not_pinned():
    assert "+" not in CONSTRAINTS  # 2.15.0+cpu exists on one index only


def test_environment_as_repo2docker_reads_it():
    """It takes x.y of the first `python=...` text; `-e .` makes it copy the repository first."""
    dependencies = ENVIRONMENT["dependencies"]
    texts = [d for d in dependencies if isinstance(d, str)]
    matches = [m for m in (re.match(r"python\s*=+\s*([\d\.]*)", d) for d in texts) if m]
    version = ".".join(matches[0][1].split(".")[:2])
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    assert "pip" in texts  # else conda warns and adds it itself
    assert dependencies[-1] == {"pip": ["-e ."]}  # Binder and images stay lean: no tests
    assert not any(d.startswith("r-") for d in texts)  # would install R
    assert isinstance(ENVIRONMENT["name"], str) and ENVIRONMENT["channels"] == ["conda-forge"]


def test_no_other_file_takes_binder_away_from_environment_yml():
    for name in ("binder", ".binder", "Dockerfile", "requirements.txt", "setup.py", "Pipfile"):
        assert not (ROOT / name).exists(), name


def test_environment_leaves_versions_to_pyproject():
    texts = [d for d in ENVIRONMENT["dependencies"] if isinstance(d, str)]
    assert [t for t in texts if not t.startswith("python=")] == ["pip"]


def test_students_get_the_same_environment():
    assert (ROOT / "environment.yml").read_text() == release.ENVIRONMENT


@pytest.mark.parametrize(
    "text", ["make lab", "make test", "conda env create -f environment.yml", "labkit doctor"]
)
def test_readme_says_how_to_set_up(text):
    assert text in (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_and_pyproject_agree_on_python():
    minimum = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {minimum}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {minimum}" in (ROOT / "Makefile").read_text()


def test_the_test_group_brings_the_browser_group():
    assert "labkit[browser]" in PROJECT["optional-dependencies"]["test"]


def test_lock_files_that_name_hosts_are_ignored():
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"uv.lock", "poetry.lock", "pylock*.toml", "/my-labs*/", ".venv/"} <= set(ignored)


def test_workflow_runs_what_ci_runs():
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]
    assert {"run": "./.ci/run"} in jobs["full"]["steps"]
    assert jobs["full"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    script = ROOT / ".ci" / "run"
    assert script.read_text().rstrip().endswith("make test")
    assert os.name == "nt" or os.access(script, os.X_OK)


def test_the_site_is_published_as_make_site_makes_it():
    workflow = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text())
    jobs, steps = workflow["jobs"], workflow["jobs"]["build"]["steps"]
    assert "make site" in " ".join(step.get("run", "") for step in steps)
    (folder,) = [step["with"]["path"] for step in steps if "path" in step.get("with", {})]
    build = (ROOT / "site" / "build.py").read_text()
    assert folder == "site/_build/html" and 'BUILD / "html"' in build
    (name,) = [name for step in steps for name in step.get("env", {})]
    assert f'environ.get("{name}")' in build
    assert "labkit[site]" in PROJECT["optional-dependencies"]["test"], "its tests are in make test"
    assert workflow["permissions"] == {"contents": "read"} and jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    (last,) = jobs["publish"]["steps"]
    assert f"steps.{last['id']}.outputs.page_url" in jobs["publish"]["environment"]["url"]


def test_pre_commit_has_the_same_bounds_as_the_dev_group():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    asked = {text for hook in hooks for text in hook["additional_dependencies"]}
    assert asked <= set(PROJECT["optional-dependencies"]["dev"])
    for hook in hooks:
        assert "jupyter" in hook.get("types", []) + hook.get("types_or", [])


def make(*arguments, **options):
    if os.name == "nt" or not shutil.which("make"):
        pytest.skip("no make here: the README's conda route is for this machine")
    return subprocess.run(
        ["make", "-C", str(options.pop("at", ROOT)), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.fixture
def bare(tmp_path):
    """A checkout with what `make setup` looks at and nothing else."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("python", ["no-such-python", "old-python"])
def test_make_says_what_to_do_without_a_new_enough_python(bare, python):
    old = bare / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    name = str(old) if python == "old-python" else python
    run = make("lab", f"PYTHON={name}", at=bare)
    assert run.returncode != 0
    assert "labkit needs Python 3.11 or newer" in run.stdout
    assert "make lab PYTHON=" in run.stdout


def test_make_says_what_to_do_without_venv(bare):
    lame = bare / "lame-python"
    lame.write_text('#!/bin/sh\n[ "$1" = -m ] && { mkdir -p .venv; exit 1; }\nexit 0\n')
    lame.chmod(0o755)
    run = make("lab", f"PYTHON={lame}", at=bare)
    assert run.returncode != 0 and "apt install python3-venv" in run.stdout
    assert not (bare / ".venv").exists()


def stamp(folder):
    (folder / ".venv" / "bin").mkdir(parents=True)
    labkit_command = folder / ".venv" / "bin" / "labkit"
    labkit_command.write_text('#!/bin/sh\necho "labkit $@"\n')
    labkit_command.chmod(0o755)
    (folder / ".venv" / ".labkit").touch()


def test_the_second_time_nothing_is_installed(bare):
    stamp(bare)
    run = make("lab", "LABS=01", "PYTHON=no-such-python", at=bare)
    assert run.returncode == 0, run.stderr
    assert "labkit start 01" in run.stdout and "Setting up" not in run.stdout


def test_a_changed_pyproject_is_installed_anew(bare):
    stamp(bare)
    os.utime(bare / ".venv" / ".labkit", (1, 1))
    assert "needs Python" in make("lab", "PYTHON=no-such-python", at=bare).stdout


FAKE_PYTHON = """#!/bin/sh
echo "$*" >> log
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *" uv"|"-m uv --version") exit $UV_EXIT ;;
  *"--torch-backend"*) exit ${BACKEND_EXIT:-0} ;;
esac
"""


@pytest.mark.parametrize(("uv_exit", "installer"), [("0", "-m uv pip"), ("1", "-m pip")])
def test_setup_installs_with_uv_and_without_it_with_pip(bare, uv_exit, installer):
    python = bare / "fake-python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    run = make("setup", f"PYTHON={python}", at=bare, env={**os.environ, "UV_EXIT": uv_exit})
    assert run.returncode == 0, run.stdout + run.stderr
    last = (bare / "log").read_text().splitlines()[-1]
    assert last.startswith(installer) and last.endswith("-c constraints.txt -e .")
    assert ("going on with pip" in run.stdout) == (uv_exit == "1")
    assert "usual one" not in run.stdout
    assert (bare / ".venv" / ".labkit").is_file()


@pytest.mark.parametrize(("uv_exit", "backend_exit"), [("0", "0"), ("0", "1"), ("1", "0")])
def test_torch_cpu_is_handed_through_or_left_with_one_sentence(bare, uv_exit, backend_exit):
    python = bare / "fake-python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    env = {**os.environ, "UV_EXIT": uv_exit, "BACKEND_EXIT": backend_exit}
    run = make("setup", "TORCH=cpu", f"PYTHON={python}", at=bare, env=env)
    assert run.returncode == 0, run.stdout + run.stderr
    installs = [line for line in (bare / "log").read_text().splitlines() if " -e ." in line]
    had = (uv_exit, backend_exit) == ("0", "0")
    assert ("--torch-backend=cpu" in installs[0]) == (uv_exit == "0")
    assert ("--torch-backend=cpu" in installs[-1]) == had
    said = "PyTorch for 'cpu' cannot be had here; going on with the usual one."
    assert run.stdout.count(said) == int(not had)
    assert (bare / ".venv" / ".labkit").is_file()


def test_oldest_takes_the_lowest_versions_into_an_environment_of_its_own():
    text = make("-n", "-o", ".venv/.labkit", "oldest", "LAB=00").stdout
    assert "--resolution lowest-direct" in text and "-c constraints.txt" not in text
    assert "--only-binary numpy" in text and "--only-binary scikit-image" in text
    assert ".venv-oldest/bin/python tests/everything.py 00" in text
    assert ".venv-oldest/" in (ROOT / ".gitignore").read_text().split()


@pytest.mark.parametrize("lab, given", [("", ""), ("LAB=03", " 03")])
def test_make_test_runs_everything_or_one_lab(lab, given):
    text = make("-n", "-o", ".venv/.labkit-test", "test", *lab.split()).stdout
    assert text.partition("bin/python tests/everything.py")[2].splitlines()[0].rstrip() == given


def built_wheel(source):
    """The wheel built from a copy of this checkout at `source`."""
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("labkit", "notebooks", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return next(WheelBuilder(str(source)).build(versions=["standard"]))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, unpacked."""
    unpacked = tmp_path_factory.mktemp("wheel")
    zipfile.ZipFile(built_wheel(tmp_path_factory.mktemp("source"))).extractall(unpacked)
    return unpacked


def test_the_wheel_carries_notebooks_and_data(wheel):
    shared = wheel / "labkit" / "_share"
    assert (shared / "data" / "README.md").is_file()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (shared / "notebooks" / path.name).read_bytes() == path.read_bytes()
    assert not (wheel / "tests").exists()


def test_an_installed_wheel_starts_the_labs(wheel, tmp_path):
    command = [sys.executable, "-m", "labkit", "start", "--no-launch", "--dir", "mine"]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    expected = sorted(p.name for p in (ROOT / "notebooks").glob("*.ipynb"))
    assert sorted(p.name for p in (tmp_path / "mine").glob("*.ipynb")) == expected
