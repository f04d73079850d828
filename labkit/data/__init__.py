"""Real photos and digits that come with ordinary Python packages; more when asked for.

`load_photo`, `load_photos`, `photo_names` (see `labkit.data.photos` for where each photo is from)
and `load_digits` (see `labkit.data.digits`) need no network. `fetch` downloads what you name
(`labkit.data.downloads`), `load_folder` reads photos of your own. Submodules load when first used.
"""

from importlib import import_module

_HOME = {
    "PHOTOS": "photos",
    "load_photo": "photos",
    "load_photos": "photos",
    "photo_names": "photos",
    "photo_path": "photos",
    "Labelled": "digits",
    "digits_path": "digits",
    "load_digits": "digits",
    "coloured_digits": "coloured",
    "Canids": "canids",
    "load_canids": "canids",
    "on_ground": "canids",
    "available": "downloads",
    "fetch": "downloads",
    "fetched": "downloads",
    "download_folder": "pins",
    "Folder": "folder",
    "load_folder": "folder",
    "WolvesHuskies": "wolves_huskies",
    "load_wolves_huskies": "wolves_huskies",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"labkit.data.{_HOME[name]}"), name)
    raise AttributeError(f"module 'labkit.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME))
