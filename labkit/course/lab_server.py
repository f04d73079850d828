"""What `labkit start` gives JupyterLab beyond the folder: no questions, results that unfold, more.

All of it is environment and options of that one process: nothing of the user's is written.
"""

import os
import sysconfig
from collections.abc import Mapping
from importlib.resources import files

from labkit.course.projector import SCALE, VARIABLE


def environment(
    *, edition: str, projector: bool, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Variables to add to `base` for JupyterLab and its kernels.

    JUPYTER_CONFIG_PATH and JUPYTER_PATH get folders of labkit in front. Always: another default
    for the question about news, which `--LabApp.news_url=None` leaves standing; pages in Markdown
    are shown, not edited; an extension unfolds a result when its cell has run. live: a kernel
    "python3" that knows %reveal from the first moment. projector: an extension that makes text
    larger and closes the sidebar; LABKIT_PROJECTOR enlarges figures and widgets. A PATH gets the
    folder of `labkit` itself in front, for JupyterLab's terminals.
    """
    ours = ["live"] * (edition == "live") + ["projector"] * projector + ["answers"]
    added = {
        "JUPYTER_CONFIG_PATH": _in_front(["settings"], base.get("JUPYTER_CONFIG_PATH")),
        "JUPYTER_PATH": _in_front(ours, base.get("JUPYTER_PATH")),
    }
    if "PATH" in base:
        added["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), base["PATH"]])
    if projector:
        added[VARIABLE] = base.get(VARIABLE) or str(SCALE)
    return added


def _in_front(ours: list[str], others: str | None) -> str:
    """A list of folders: labkit's, then those that were there."""
    folders = [str(files("labkit.course").joinpath("jupyter", name)) for name in ours]
    return os.pathsep.join(folders + ([others] if others else []))


def options(*, edition: str) -> list[str]:
    """Options of JupyterLab: in the live edition, %reveal --all reaches the other cells."""
    return ["--LabApp.expose_app_in_browser=True"] if edition == "live" else []
