"""Where labkit's own notebooks and data lie: in a checkout, or inside the installed wheel.

It only finds folders; it creates and downloads nothing.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def notebooks_dir() -> Path:
    """Folder of the source notebooks. Raises FileNotFoundError if the installation lacks it."""
    return _shared("notebooks")


def data_dir() -> Path:
    """Folder of the data that ships. Raises FileNotFoundError if the installation lacks it."""
    return _shared("data")


def _shared(name: str) -> Path:
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    packed = _PACKAGE / "_share" / name
    if packed.is_dir():
        return packed
    raise FileNotFoundError(
        f"labkit's {name}/ folder is neither in {checkout} nor in {packed.parent}: "
        "install labkit again (pip install --force-reinstall labkit, or pip install -e . "
        "in a checkout)"
    )
