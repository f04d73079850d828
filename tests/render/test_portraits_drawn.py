"""labkit.render.portraits: a pose is a pose whoever holds it; the wide view holds the portrait."""

import math

import pytest
import torch

from labkit import render

POSE = render.Pose(0.3, 0.2, -0.1)


def test_a_wider_view_holds_the_portrait_in_its_middle():
    near = render.portrait("husky", POSE, seed=4, size=32)
    wide = render.portrait("husky", POSE, seed=4, size=64, view=2.0)
    middle = slice(16, 48)
    assert near.image.shape == (3, 32, 32) and near.cover.shape == (32, 32)
    head = (near.cover == 1) & (wide.cover[middle, middle] == 1)
    head[20:] = False  # lower down, only the wide view has legs
    apart = (near.image - wide.image[:, middle, middle])[:, head].abs()
    assert head.sum() > 100 and apart.mean() < 0.03


def test_the_nose_follows_the_yaw():
    def dark(yaw):
        image, cover = render.portrait("husky", POSE._replace(yaw=yaw), seed=4, size=32)
        nose = (image.mean(0) < 0.15) & (cover == 1)
        nose[:14] = False  # above: ears and crown
        return nose.nonzero()[:, 1].float().mean()

    left, right = sorted([float(dark(-0.3)), float(dark(0.9))])
    assert right - left > 5


def test_film_turns_and_comes_back():
    poses = render.turning(8)
    yaws = [pose.yaw for pose in poses]
    assert len(poses) == 8 and len({pose.azimuth for pose in poses}) == 1
    assert max(yaws) - min(yaws) > 1 and yaws[0] == pytest.approx(yaws[4])
    assert all(math.isfinite(x) for pose in poses for x in pose)


def test_stage_has_no_animal_and_fits_the_view():
    stage = render.stage("wolf", POSE, "grass", seed=3, size=32, view=2.0)
    assert stage.shape == (3, 32, 32) and 0 <= stage.min() and stage.max() <= 1
    assert not torch.equal(stage, render.stage("wolf", POSE, "snow", seed=3, size=32, view=2.0))


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="unknown animal 'cat'"):
        render.portrait("cat", POSE, seed=0)
    with pytest.raises(ValueError, match="size must be from 32 to 512"):
        render.portrait("wolf", POSE, seed=0, size=8)
    with pytest.raises(ValueError, match="view must be from 1 to 4, not 9"):
        render.portrait("wolf", POSE, seed=0, view=9)
    with pytest.raises(ValueError, match="unknown ground 'moon'"):
        render.stage("wolf", POSE, "moon", seed=3, size=32, view=2.0)
