"""Projector mode: one switch makes text, figures and widgets larger."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from labkit import cli, widgets
from labkit.course import lab_server, projector


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    monkeypatch.delenv(projector.VARIABLE, raising=False)
    with mpl.rc_context():
        yield


def picture_width(**options):
    grey = widgets.live(
        lambda level: np.full((40, 60, 3), level, np.uint8),
        alt="grey",
        level=widgets.slider("level", 0, 9),
        **options,
    )
    return int(grey.children[1].width)


def test_pictures_are_as_usual_without_the_switch():
    assert projector.scale() == 1 and not projector.is_on()
    assert picture_width() == 60 and picture_width(width=100) == 100


def test_one_call_makes_figures_and_widgets_larger():
    projector.on(1.5)
    assert mpl.rcParams["figure.dpi"] == 150
    assert picture_width() == 90 and picture_width(width=100) == 150
    projector.on(1)
    assert mpl.rcParams["figure.dpi"] == 100 and picture_width() == 60


def test_the_variable_is_obeyed_by_plot_from_its_import():
    program = "import matplotlib; from labkit import plot; print(matplotlib.rcParams['figure.dpi'])"
    environment = {**os.environ, projector.VARIABLE: "1.4"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert float(run.stdout) == pytest.approx(140), run.stderr


@pytest.mark.parametrize("text", ["large", "0", "9", "nan", "-1"])
def test_a_scale_that_is_none_is_named(monkeypatch, text):
    monkeypatch.setenv(projector.VARIABLE, text)
    with pytest.raises(ValueError, match=f"LABKIT_PROJECTOR is '{text}'.*from 1 to 3"):
        projector.scale()


def test_a_call_with_a_wrong_scale_changes_nothing():
    with pytest.raises(ValueError, match="from 1 to 3"):
        projector.on(7)
    assert projector.scale() == 1


def extension(added):
    folder = Path(added["JUPYTER_PATH"].split(os.pathsep)[-2])
    return folder / "labextensions" / "labkit-projector"


def test_the_switch_brings_an_extension_that_is_there():
    added = lab_server.environment(edition="student", projector=True, base={})
    assert added[projector.VARIABLE] == str(projector.SCALE)
    built = json.loads((extension(added) / "package.json").read_text())["jupyterlab"]["_build"]
    script = (extension(added) / built["load"]).read_text()
    assert "--jp-code-font-size" in script and "labkit-projector" in script


@pytest.mark.parametrize("others", [None, "/mine"])
def test_jupyterlab_does_not_ask_about_news_and_other_settings_stay(others):
    base = {"JUPYTER_CONFIG_PATH": others} if others else {}
    added = lab_server.environment(edition="student", projector=False, base=base)
    assert set(added) == {"JUPYTER_CONFIG_PATH", "JUPYTER_PATH"}
    assert Path(added["JUPYTER_PATH"]).name == "answers"
    ours, *rest = added["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert rest == [others] * bool(others)
    defaults = Path(ours, "labconfig", "default_setting_overrides.json").read_text()
    assert json.loads(defaults) == {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
        "@jupyterlab/docmanager-extension:plugin": {
            "defaultViewers": {"markdown": "Markdown Preview"}
        },
    }


def test_a_scale_of_ones_own_and_other_folders_stay():
    base = {projector.VARIABLE: "2", "JUPYTER_PATH": "/mine"}
    added = lab_server.environment(edition="live", projector=True, base=base)
    assert added[projector.VARIABLE] == "2"
    names = [Path(part).name for part in added["JUPYTER_PATH"].split(os.pathsep)]
    assert names == ["live", "projector", "answers", "mine"]


def test_start_hands_the_switches_to_jupyterlab(labs, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(cli, "_launch", lambda command: commands.append(command) or 0)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["start", "--edition", "live", "--projector"]) == 0
    assert "--LabApp.expose_app_in_browser=True" in commands[0]
    assert os.environ[projector.VARIABLE] == str(projector.SCALE)
    assert "live" in os.environ["JUPYTER_PATH"] and "projector" in os.environ["JUPYTER_PATH"]
    assert (tmp_path / "my-labs-live" / "01_derivative.ipynb").is_file()


def test_start_without_switches_brings_no_kernel_and_one_extension(labs, tmp_path, monkeypatch):
    commands, before = [], dict(os.environ)
    monkeypatch.setattr(cli, "_launch", lambda command: commands.append(command) or 0)
    monkeypatch.setattr(os, "environ", dict(before))
    assert cli.main(["start", "--dir", str(tmp_path / "d")]) == 0
    changed = {name for name, value in os.environ.items() if before.get(name) != value}
    assert changed == {"JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "PATH"}
    terminal = {"path": os.environ["PATH"]}
    assert shutil.which("labkit", **terminal) == str(Path(sys.executable).with_name("labkit"))
    assert Path(os.environ["JUPYTER_PATH"].split(os.pathsep)[0]).name == "answers"
    assert not [option for option in commands[0] if "expose_app" in option]
