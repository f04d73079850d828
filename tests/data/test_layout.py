"""Folders whose sub-folders are not the classes that are meant: one sentence, as a warning."""

import warnings

import pytest
from PIL import Image

from labkit import data

HEIC = b"\0\0\0\x18ftypheic" + bytes(40)


def put(root, *names, content=None):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path) if content is None else path.write_bytes(content)


def load(root):
    return data.load_folder(root, size=4)


def test_train_and_test_are_no_classes(tmp_path):
    put(tmp_path, "train/cat/a.png", "train/dog/b.png", "Val/cat/c.png", "Val/dog/d.png")
    with pytest.warns(UserWarning, match=r"Val, train became classes, but .*load_folder\(") as said:
        assert load(tmp_path).classes == ["Val", "train"]
    assert len(said) == 1


def test_one_folder_too_high(tmp_path):
    put(tmp_path, "photos/cats/a.png", "photos/dogs/b.png")
    with pytest.warns(UserWarning, match=r"'photos' and so are one class.*\(cats, dogs\).*photos"):
        assert load(tmp_path).classes == ["photos"]


def test_one_class_left(tmp_path):
    put(tmp_path, "husky/a.png")
    put(tmp_path, "wolf/b.heic", "fox/c.heic", content=HEIC)
    with pytest.warns(UserWarning, match="only .* 'husky' is left, .* of fox, wolf .*HEIC"):
        loaded = load(tmp_path)
    assert loaded.classes == ["husky"] and len(loaded.skipped) == 2


def test_good_folders_are_not_remarked_on(tmp_path):
    put(tmp_path, "two/cats/a.png", "two/dogs/b.png", "two/dogs/deep/c.png")
    put(tmp_path, "two/cats/d.heic", content=HEIC)
    put(tmp_path, "one/cats/a.png", "one/cats/old/b.png", "flat/a.png")
    put(tmp_path, "both/training/a.png", "both/resting/b.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("two", "one", "flat", "both"):
            load(tmp_path / name)


def test_what_drives_and_bins_leave_is_no_class(tmp_path):
    put(tmp_path, "cats/a.png", "dogs/b.png")
    for name in ("@eaDir", "$RECYCLE.BIN", "#recycle", "System Volume Information", "lost+found"):
        put(tmp_path, f"{name}/x.png", f"cats/{name}/y.png")
    loaded = load(tmp_path)
    assert loaded.classes == ["cats", "dogs"] and len(loaded.paths) == 2 and not loaded.skipped


def test_what_still_lies_in_icloud_is_listed(tmp_path):
    put(tmp_path, "cats/a.png")
    put(tmp_path, "cats/.b.jpg.icloud", content=b"bplist00")
    assert [reason for _, reason in load(tmp_path).skipped] == [
        "a photo that still lies in iCloud: download it first"
    ]


@pytest.mark.parametrize("content", ["Grüße".encode("utf-16"), bytes(range(40)), b"words"])
def test_a_readme_is_no_damaged_picture(tmp_path, content):
    put(tmp_path, "a.png")
    put(tmp_path, "README", content=content)
    ((_, reason),) = load(tmp_path).skipped
    assert reason.startswith("not an image") and "damaged" not in reason
