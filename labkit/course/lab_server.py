"""What `labkit start` gives its JupyterLab beyond the folder: the live edition, the projector.

All of it is environment and options of that one process: nothing of the user's is written.
"""

import os
from collections.abc import Mapping
from importlib.resources import files

from labkit.course.projector import SCALE, VARIABLE


def environment(
    *, edition: str, projector: bool, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Variables to add to `base` for JupyterLab and its kernels.

    JUPYTER_PATH gets folders of labkit in front. live: with a kernel "python3" that knows %reveal
    from the first moment. projector: with an extension of JupyterLab that makes its text larger;
    LABKIT_PROJECTOR does the same for figures and widgets.
    """
    ours = ["live"] * (edition == "live") + ["projector"] * projector
    added = {VARIABLE: base.get(VARIABLE) or str(SCALE)} if projector else {}
    if ours:
        folders = [str(files("labkit.course").joinpath("jupyter", name)) for name in ours]
        others = [base["JUPYTER_PATH"]] if base.get("JUPYTER_PATH") else []
        added["JUPYTER_PATH"] = os.pathsep.join(folders + others)
    return added


def options(*, edition: str) -> list[str]:
    """Options of JupyterLab: in the live edition, %reveal --all reaches the other cells."""
    return ["--LabApp.expose_app_in_browser=True"] if edition == "live" else []
