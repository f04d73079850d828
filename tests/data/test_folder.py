"""`load_folder`, `load_uploads`: photos as they come, bad files and odd folders among them."""

import io
import os
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from ipywidgets import FileUpload
from PIL import Image

from labkit import data
from labkit.data import folder as module
from labkit.images import square, to_tensor


def photo(path, colour=(200, 30, 60), size=(40, 30), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(options.pop("mode", "RGB"), size, colour).save(path, **options)
    return path


@pytest.fixture
def pets(tmp_path):
    """Two cats, one dog."""
    photo(tmp_path / "pets" / "dogs" / "rex.png", (0, 0, 255))
    photo(tmp_path / "pets" / "cats" / "b.png", (255, 0, 0))
    photo(tmp_path / "pets" / "cats" / "a.jpg", (0, 255, 0))
    return tmp_path / "pets"


def files(loaded, root):
    return [path.relative_to(root).as_posix() for path in loaded.paths]


def skips(loaded):
    return {path.name: reason for path, reason in loaded.skipped}


def test_sub_folders_are_classes(pets):
    loaded = data.load_folder(pets, size=16)
    assert loaded.images.shape == (3, 3, 16, 16) and loaded.images.dtype == torch.float32
    assert loaded.labels.tolist() == [0, 0, 1] and loaded.labels.dtype == torch.int64
    assert loaded.classes == ["cats", "dogs"] and loaded.skipped == []
    assert files(loaded, pets) == ["cats/a.jpg", "cats/b.png", "dogs/rex.png"]
    assert repr(loaded) == str(loaded) == "3 photos: 2 cats, 1 dogs"


def test_photos_are_those_of_to_tensor_and_square(pets):
    loaded = data.load_folder(str(pets), size=20)
    for image, path in zip(loaded.images, loaded.paths, strict=True):
        assert torch.equal(image, square(to_tensor(path), 20))
    assert data.load_folder(pets).images.shape[-1] == 224


def test_photos_beside_each_other_have_the_folders_name(pets):
    loaded = data.load_folder(pets / "cats", size=8)
    assert loaded.classes == ["cats"] and loaded.labels.tolist() == [0, 0]


def test_loose_photos_are_a_class_beside_the_sub_folders(pets):
    photo(pets / "z.png")
    loaded = data.load_folder(pets, size=8)
    assert loaded.classes == ["cats", "dogs", "pets"] and loaded.labels.tolist() == [0, 0, 1, 2]


def test_the_class_is_the_first_level_however_deep(pets):
    photo(pets / "cats" / "wild" / "africa" / "lion.png")
    loaded = data.load_folder(pets, size=8)
    assert loaded.classes == ["cats", "dogs"] and loaded.labels.tolist() == [0, 0, 0, 1]


def test_here_and_above_have_names_too(pets, monkeypatch):
    monkeypatch.chdir(pets / "cats")
    assert data.load_folder(".", size=8).classes == ["cats"]
    assert data.load_folder("..", size=8).classes == ["cats", "dogs"]


def test_awkward_photos_are_read(pets):
    odd = pets / "odd"
    photo(odd / "cmyk.jpg", (0, 200, 200, 0), mode="CMYK")
    photo(odd / "palette.gif", 3, mode="P")
    photo(odd / "grey16.png", 40_000, mode="I;16")
    photo(odd / "alpha.png", (255, 0, 0, 0), mode="RGBA")
    photo(odd / "Grüße an 漢字.PNG")
    photo(odd / "tiny.png", size=(1, 1))
    photo(odd / "long.png", size=(900, 2))
    sideways = Image.Exif()
    sideways[0x0112] = 6
    photo(odd / "turned.jpg", size=(40, 20), exif=sideways)
    shutil.copy(photo(odd / "no_ending.png"), odd / "no_ending")
    loaded = data.load_folder(odd, size=8)
    assert loaded.skipped == [] and len(loaded.paths) == 10
    assert loaded.images.min() >= 0 and loaded.images.max() <= 1


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(pets):
    whole = photo(pets / "cats" / "whole.jpg", size=(300, 300)).read_bytes()
    (pets / "cats" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (pets / "cats" / "empty.png").touch()
    (pets / "cats" / "notes.txt").write_text("my cats")
    (pets / "cats" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (pets / "cats" / "saved.jpg").write_text("<!doctype html><html>")
    np.save(pets / "dogs" / "array.npy", np.zeros((3, 3)))
    loaded = data.load_folder(pets, size=8)
    assert loaded.labels.tolist() == [0, 0, 0, 1]
    reasons = skips(loaded)
    assert set(reasons) == {"cut.jpg", "empty.png", "notes.txt", "phone.heic", "saved.jpg",
                            "array.npy"}  # fmt: skip
    assert reasons["empty.png"] == "the file is empty (0 bytes)"
    assert "looks like text" in reasons["notes.txt"] and "HEIC" in reasons["phone.heic"]
    assert "web page" in reasons["saved.jpg"]
    report = str(loaded).splitlines()
    assert report[:2] == ["4 photos: 3 cats, 1 dogs", "6 files skipped:"]
    assert report[2].startswith(f"  {pets / 'cats' / 'cut.jpg'}: ") and len(report) == 8


def test_a_sub_folder_without_a_readable_photo_is_no_class(pets):
    (pets / "birds").mkdir()
    (pets / "fish").mkdir()
    (pets / "fish" / "list.txt").write_text("none")
    loaded = data.load_folder(pets, size=8)
    assert loaded.classes == ["cats", "dogs"] and set(skips(loaded)) == {"list.txt"}


def test_any_error_of_one_file_is_only_that_files(pets, monkeypatch):
    real = module.to_tensor

    def fragile(path):
        if path.name == "b.png":
            raise MemoryError
        return real(path)

    monkeypatch.setattr(module, "to_tensor", fragile)
    loaded = data.load_folder(pets, size=8)
    assert skips(loaded) == {"b.png": "MemoryError"} and len(loaded.paths) == 2


def test_hidden_files_and_clutter_are_not_even_mentioned(pets):
    for name in (".DS_Store", "cats/._a.jpg", "cats/Thumbs.db", "desktop.ini", ".git/x.png",
                 "__MACOSX/cats/_a.jpg", "dogs/.ipynb_checkpoints/rex.png"):  # fmt: skip
        path = pets / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"junk")
    loaded = data.load_folder(pets, size=8)
    assert loaded.skipped == [] and len(loaded.paths) == 3


def test_the_order_does_not_depend_on_the_file_system(pets, monkeypatch):
    before = data.load_folder(pets, size=8)
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda *a, **k: reversed(list(walk(*a, **k))))
    after = data.load_folder(pets, size=8)
    assert after.paths == before.paths and torch.equal(after.images, before.images)


def link(at, to):
    try:
        at.symlink_to(to)
    except OSError:
        pytest.skip("no links here")


def test_links_that_go_round_do_no_harm(pets):
    link(pets / "cats" / "round", pets)
    link(pets / "self", pets / "self")
    link(pets / "cats" / "gone.png", pets / "nowhere.png")
    link(pets / "dogs" / "linked.jpg", pets / "cats" / "a.jpg")
    loaded = data.load_folder(pets, size=8)
    assert files(loaded, pets)[2:] == ["dogs/linked.jpg", "dogs/rex.png"]
    reasons = skips(loaded)
    assert reasons["round"] == "a link to a folder: not followed"
    assert "no such file" in reasons["gone.png"] and set(reasons) == {"round", "gone.png", "self"}


def test_a_folder_that_may_not_be_opened_is_told(pets, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("dogs"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    loaded = data.load_folder(pets, size=8)
    assert skips(loaded) == {"dogs": "cannot be opened (Permission denied)"}


def test_folders_with_nothing_to_load(tmp_path, pets):
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    (tmp_path / "empty" / ".DS_Store").touch()
    with pytest.raises(ValueError, match="empty: there is no file in this folder"):
        data.load_folder(tmp_path / "empty")
    with pytest.raises(ValueError, match=r"gone: there is no such folder \(current folder: "):
        data.load_folder(tmp_path / "gone")
    with pytest.raises(ValueError, match=r"rex.png: this is a file; pass the folder"):
        data.load_folder(pets / "dogs" / "rex.png")
    for index in range(7):
        (tmp_path / "empty" / f"{index}.txt").write_text("no photo")
    with pytest.raises(ValueError, match=r"none of its files can be read(.|\n)*text\n  and 2 more"):
        data.load_folder(tmp_path / "empty")


@pytest.mark.parametrize("path", [None, 3, b"pets", ["pets"]])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="pass the path of a folder, got"):
        data.load_folder(path)


def test_silly_sizes_are_said_before_any_photo_is_read(pets):
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        data.load_folder(pets, size=0)
    with pytest.raises(TypeError, match="whole number of pixels, got 'big'"):
        data.load_folder(pets, size="big")


def test_long_reports_are_cut(pets):
    for index in range(30):
        (pets / f"{index}.txt").write_text("no photo")
    report = str(data.load_folder(pets, size=8)).splitlines()
    assert report[1] == "30 files skipped:" and report[-1] == "  and 10 more" and len(report) == 23


def test_nothing_is_changed(pets):
    before = {path: path.stat().st_mtime_ns for path in pets.rglob("*")}
    data.load_folder(pets, size=8)
    assert {path: path.stat().st_mtime_ns for path in pets.rglob("*")} == before


def encoded(colour=(200, 30, 60), size=(40, 30), kind="PNG", mode="RGB", **options):
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def uploaded(**contents):
    """What a FileUpload holds once a browser has sent these files."""
    return FileUpload(multiple=True, value=[upload(*item) for item in contents.items()]).value


def upload(name, content):
    now = datetime.now(UTC)
    return {"name": name, "type": "", "size": len(content), "content": memoryview(content),
            "last_modified": now}  # fmt: skip


def test_an_upload_is_read_in_its_order():
    files = uploaded(**{"wolf.png": encoded((255, 0, 0)), "a husky.jpg": encoded(kind="JPEG")})
    assert isinstance(files, tuple)
    loaded = data.load_uploads(files, size=16)
    assert loaded.images.shape == (2, 3, 16, 16) and loaded.images.dtype == torch.float32
    assert torch.equal(loaded.images[0], square(to_tensor(files[0]["content"]), 16))
    assert [path.name for path in loaded.paths] == ["wolf.png", "a husky.jpg"]
    assert loaded.classes == ["uploaded"] and loaded.labels.tolist() == [0, 0]
    assert (
        str(loaded) == "2 photos: 2 uploaded" and data.load_uploads(files).images.shape[-1] == 224
    )


def test_an_upload_of_awkward_photos():
    sideways = Image.Exif()
    sideways[0x0112] = 6
    loaded = data.load_uploads(
        uploaded(
            **{
                "cmyk.jpg": encoded((0, 200, 200, 0), mode="CMYK", kind="JPEG"),
                "palette.gif": encoded(3, mode="P", kind="GIF"),
                "grey16.png": encoded(40_000, mode="I;16"),
                "alpha.png": encoded((255, 0, 0, 0), mode="RGBA"),
                "Grüße an 漢字.PNG": encoded(),
                "C:\\photos\\tiny.png": encoded(size=(1, 1)),
                "no ending": encoded(size=(900, 2)),
                "turned.jpg": encoded(size=(40, 20), kind="JPEG", exif=sideways),
            }
        ),
        size=8,
    )
    assert loaded.skipped == [] and len(loaded.paths) == 8
    assert loaded.images.min() >= 0 and loaded.images.max() <= 1


def test_an_upload_tells_what_it_skips_and_goes_on():
    whole = encoded(size=(300, 300), kind="JPEG")
    files = uploaded(
        **{
            "cut.jpg": whole[: len(whole) // 2],
            "empty.png": b"",
            "good.png": encoded(),
            "folder/notes.txt": b"my cats",
            "phone.heic": b"\0\0\0\x18ftypheic" + bytes(40),
        }
    )
    loaded = data.load_uploads(files, size=8)
    assert [path.name for path in loaded.paths] == ["good.png"]
    reasons = skips(loaded)
    assert set(reasons) == {"cut.jpg", "empty.png", "notes.txt", "phone.heic"}
    assert reasons["empty.png"] == "the file is empty (0 bytes)" and "HEIC" in reasons["phone.heic"]
    assert reasons["notes.txt"].startswith("not an image") or "text" in reasons["notes.txt"]
    assert str(loaded).splitlines()[:2] == ["1 photo: 1 uploaded", "4 files skipped:"]


def test_two_uploads_of_one_name_are_both_there():
    files = [upload("a.png", encoded((255, 0, 0))), upload("a.png", encoded((0, 255, 0)))]
    loaded = data.load_uploads(files, size=4)
    assert len(loaded.images) == 2 and not torch.equal(*loaded.images)


def test_uploads_with_nothing_to_load():
    with pytest.raises(ValueError, match="nothing is uploaded yet: press the button"):
        data.load_uploads(FileUpload().value)
    with pytest.raises(ValueError, match=r"none of the uploaded files can be read(.|\n)*b.txt: "):
        data.load_uploads(uploaded(**{"b.txt": b"words"}))


@pytest.mark.parametrize("files", [None, 3, "a.png", FileUpload(), {"name": "a.png"}, b"x"])
def test_what_is_no_upload(files):
    with pytest.raises(TypeError, match="pass the value of a FileUpload, .* got"):
        data.load_uploads(files)


@pytest.mark.parametrize("file", ["a.png", 3, None, {"name": "a.png"}, {"name": 3, "content": b""}])
def test_what_is_no_uploaded_file(file):
    with pytest.raises(TypeError, match='is a dict with its "name" and "content"'):
        data.load_uploads([file])


def test_an_upload_of_a_silly_size():
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        data.load_uploads((), size=0)
