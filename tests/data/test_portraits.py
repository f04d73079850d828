"""labkit.data.portraits: same pose, other actor; the film holds the portrait; the pack is new."""

import pytest
import torch

from labkit import data, render
from labkit.data import portraits
from labkit.render.portraits_pack import ACTORS, FRAMES, write_portraits


@pytest.fixture(scope="module")
def frames():
    """(actor, part) -> Portraits."""
    return {
        (actor, part): data.load_portraits(actor, part)
        for actor in portraits.ACTORS
        for part in portraits.PARTS
    }


def test_frames_are_pictures_covers_and_poses(frames):
    for (_, part), (images, covers, poses) in frames.items():
        n = {"train": 80, "test": 24}[part]
        assert images.shape == (n, 3, 64, 64) and images.dtype == torch.float32
        assert covers.shape == (n, 1, 64, 64) and poses.shape == (n, 3)
        assert 0 <= images.min() and images.max() <= 1
        assert 0.3 < covers.mean() < 0.8
        grey = images.permute(0, 2, 3, 1)[covers[:, 0] == 0]
        assert torch.equal(grey, torch.full_like(grey, portraits.PLAIN))


def test_only_test_poses_are_common(frames):
    wolf, husky = (frames[actor, "train"].poses for actor in portraits.ACTORS)
    test = frames["wolf", "test"].poses
    assert torch.equal(test, frames["husky", "test"].poses)
    together = torch.cat([wolf, husky, test])
    assert len(together.unique(dim=0)) == len(together)


def test_the_same_pose_has_nearly_the_same_outline_and_another_face(frames):
    wolf, husky = frames["wolf", "test"], frames["husky", "test"]
    same = (wolf.covers - husky.covers).abs().mean()
    other = (wolf.covers - husky.covers.roll(1, 0)).abs().mean()
    assert same < other / 2
    assert (wolf.images - husky.images).abs().mean() > 0.1


def test_film_shows_both_on_one_stage():
    film = data.load_film()
    assert film.wolf.shape == film.husky.shape == (24, 3, 160, 160)
    assert film.covers.shape == (24, 1, 160, 160) and film.poses.shape == (24, 3)
    bare = (film.covers == 0).expand_as(film.wolf)
    assert torch.equal(film.wolf[bare], film.stage.expand_as(film.wolf)[bare])
    steps = (film.wolf - film.wolf.roll(1, 0)).abs().mean((1, 2, 3))
    assert steps.max() < 0.05  # no jump, not even from the last frame to the first


def test_crowd_is_of_many_animals():
    images, labels, poses = data.load_crowd()
    assert images.shape == (600, 3, 48, 48) and labels.bincount().tolist() == [300, 300]
    assert len(poses.unique(dim=0)) == 600
    middles = images[:, :, 16:32, 16:32].mean((2, 3))
    assert middles.std(0).min() > 0.08


def test_pack_holds_what_the_renderer_draws(frames):
    for actor, number in (("wolf", 3), ("husky", 11)):
        pose = render.draw_pose(FRAMES[actor][number])
        drawn = render.portrait(actor, pose, seed=ACTORS[actor])
        images, covers, poses = (part[number] for part in frames[actor, "train"])
        assert torch.allclose(poses, torch.tensor(pose))
        assert (covers[0] - drawn.cover).abs().mean() < 0.003
        assert ((images - drawn.image).abs().mean(0) * covers[0]).mean() < 0.02


def test_pack_is_small_and_the_same_each_time(tmp_path):
    assert portraits._path().stat().st_size < 2.5e6
    (tmp_path / "again").mkdir()
    first, second = (write_portraits(p, frames=1, crowd=1) for p in (tmp_path, tmp_path / "again"))
    assert first.read_bytes() == second.read_bytes()


def test_what_is_wrong_is_named(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="unknown actor 'cat'; choose one of wolf, husky"):
        data.load_portraits("cat")
    with pytest.raises(ValueError, match="unknown part 'film'; choose one of train, test"):
        data.load_portraits("wolf", "film")
    monkeypatch.setattr(portraits, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m labkit.render.portraits_pack"):
        data.load_crowd()
    (tmp_path / "portraits.zip").write_bytes(b"cut off")
    with pytest.raises(ValueError, match="portraits.zip is damaged"):
        data.load_crowd()
