"""Which notebook this kernel runs, and which lab it is: told by what the editor left there.

JupyterLab sets JPY_SESSION_NAME for the kernel, VS Code a variable `__vsc_ipynb_file__`. Others
set neither; then the lab may be known by its checks (`from labkit.checks import lab03 as check`).
"""

import os
import sys
from pathlib import Path
from types import ModuleType


def variables() -> dict:
    """The variables of the notebook; none outside IPython."""
    ipython = sys.modules.get("IPython")  # not imported for this: a script has none
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "user_ns", {})


def notebook_path() -> Path | None:
    """The notebook's file as the editor named it, be it there or not; None if it named none."""
    names = [variables().get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    for name in names:
        if isinstance(name, str) and ".ipynb" in name:  # VS Code's servers add -jvsc-...
            return Path.cwd() / f"{name.rpartition('.ipynb')[0]}.ipynb"
    return None


def lab_name() -> str | None:
    """The lab whose checks the notebook imported: "lab03"; None if it has none or several."""
    modules = [value for value in variables().values() if isinstance(value, ModuleType)]
    names = {m.__name__ for m in modules if m.__name__.startswith("labkit.checks.lab")}
    return names.pop().rpartition(".")[2] if len(names) == 1 else None
