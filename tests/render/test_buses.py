"""The school bus: turned as asked, resting on the ground, otherwise the same scene."""

import math

import numpy as np
import pytest
import torch

from labkit import render
from labkit.render import buses
from labkit.render.bus_body import MIDDLE, TYRE, Bus, BusPose, rotation

UPRIGHT = BusPose(0.0, 0.0, 0.0)


def along(bus, start, direction, *, most=40.0):
    """Distance from `start` to the bus, by steps of its own field."""
    start, direction = (torch.tensor(v, dtype=torch.float32) for v in (start, direction))
    t = 0.0
    for _ in range(400):
        step = float(bus.distance((start + t * direction)[None]))
        t += step
        if step < 1e-4 or t > most:
            break
    return t


def test_rotations_turn_by_yaw_then_pitch_then_roll():
    x, y, z = torch.eye(3)
    for pose, moved in {
        BusPose(90, 0, 0): (-z, y, x),  # the front to the right of a camera at +x, the side to it
        BusPose(0, 90, 0): (y, -x, z),  # the nose up
        BusPose(0, 0, 90): (x, z, -y),  # over the long axis
        BusPose(0, 0, 180): (x, -y, -z),
    }.items():
        torch.testing.assert_close(rotation(pose), torch.stack(moved, 1), atol=1e-6, rtol=0)
    turn = rotation(BusPose(20, -35, 140))
    torch.testing.assert_close(turn @ turn.T, torch.eye(3), atol=1e-6, rtol=0)
    assert math.isclose(float(torch.det(turn)), 1, abs_tol=1e-5)


@pytest.mark.parametrize(
    "pose", [UPRIGHT, BusPose(35, 0, 180), BusPose(70, 90, 0), BusPose(0, 30, 75)]
)
def test_it_rests_on_the_ground(pose):
    bus = Bus(pose)
    line = torch.linspace(-6, 6, 61)
    z, x = torch.meshgrid(line, line, indexing="ij")
    level = [torch.stack([x.flatten(), torch.full((61**2,), h), z.flatten()], 1) for h in (0.15, 0)]
    above, on = (float(bus.distance(points).min()) for points in level)
    assert above < 0.05 and on > -0.12


def test_its_sizes_are_those_of_a_bus():
    bus = Bus(UPRIGHT)
    roof = 10 - along(bus, (-1.0, 10.0, 0.0), (0.0, -1.0, 0.0))
    length = 40 - sum(along(bus, (s * 20.0, 0.66, 0.0), (-s, 0.0, 0.0)) for s in (-1, 1))
    width = 20 - sum(along(bus, (-1.0, 1.3, s * 10.0), (0.0, 0.0, -s)) for s in (-1, 1))
    assert 3.0 < roof < 3.2 and 10.0 < length < 10.6 and 2.35 < width < 2.55
    assert float(bus.distance(torch.tensor([[3.75, TYRE, 1.0]]))) < 0  # in a wheel
    assert float(bus.distance(torch.tensor([[0.0, 0.2, 0.0]]))) > 0  # under the floor


def test_the_field_is_no_longer_than_the_distance():
    """A step along the field never jumps over the surface: its slope is at most 1."""
    bus, generator = Bus(BusPose(30, 20, 50)), torch.Generator().manual_seed(0)
    points = 4 * torch.randn(4000, 3, generator=generator)
    points = points + bus.centre
    near = points + 0.02 * torch.randn(4000, 3, generator=generator)
    slope = (bus.distance(points) - bus.distance(near)).abs() / (points - near).norm(dim=1)
    assert float(slope.max()) < 1.05


def test_own_undoes_the_turn():
    bus = Bus(BusPose(33, -10, 100))
    middle = bus.own(bus.centre[None])[0]
    torch.testing.assert_close(middle, MIDDLE, atol=1e-5, rtol=0)


def test_the_picture_is_the_same_again_and_another_in_another_pose():
    one, again = (render.bus(yaw=60, seed=4, size=64) for _ in range(2))
    assert torch.equal(one.image, again.image) and torch.equal(one.mask, again.mask)
    assert one.image.shape == (3, 64, 64) and one.mask.dtype == torch.bool
    assert one.image.dtype == torch.float32 and 0 <= one.image.min() and one.image.max() <= 1
    for other in ({"yaw": 61}, {"roll": 5}, {"pitch": 5}, {"seed": 5}, {"ground": "snow"}):
        asked = {"yaw": 60, "seed": 4, "size": 64} | other
        assert not torch.equal(render.bus(**asked).image, one.image), other


@pytest.mark.parametrize("ground", render.BUS_GROUNDS)
def test_the_bus_is_yellow_where_the_mask_says_so(ground):
    image, mask = render.bus(yaw=55, ground=ground, seed=1, size=96)
    assert 0.1 < mask.float().mean() < 0.5
    red, green, blue = image[:, mask].quantile(0.7, dim=1)
    assert red > green > 1.5 * blue
    inside = mask.nonzero().float()
    assert inside.min() >= 1 and inside.max() <= 94  # nothing is cut off


def test_global_random_state_and_threads_are_left_alone():
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    render.bus(seed=2, size=32)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


def test_what_cannot_be_drawn_is_said():
    for wrong, error, message in (
        ({"ground": "water"}, ValueError, "unknown ground 'water'; choose one of road, snow"),
        ({"yaw": "left"}, TypeError, "yaw is a number of degrees, not 'left'"),
        ({"roll": float("nan")}, ValueError, "roll must be a finite number"),
        ({"size": 8}, ValueError, "size must be from 32"),
        ({"seed": -1}, ValueError, "seed must be 0 or more"),
    ):
        with pytest.raises(error, match=message):
            render.bus(**wrong)
    assert render.bus(yaw=np.float32(40.0), seed=1, size=32).image.shape == (3, 32, 32)


def test_the_bus_stands_on_its_ground():
    feet = {g: render.bus(ground=g, seed=3, size=96).image[:, -6:] for g in ("snow", "grass")}
    assert feet["snow"].mean() > 0.7
    _, green, blue = feet["grass"].mean((1, 2))
    assert green - blue > 0.1


def test_paint_is_told_points_and_normals_in_the_buss_own_frame(monkeypatch):
    told, real = [], buses.bus_paint.paint

    def paint(finish, points, normal, t):
        told.append((points, normal))
        return real(finish, points, normal, t)

    monkeypatch.setattr(buses.bus_paint, "paint", paint)
    render.bus(yaw=30, roll=150, seed=3, size=48)
    ((points, normal),) = told
    still = Bus(UPRIGHT)  # the same places on a bus that isn't turned
    here = (points - MIDDLE) @ still.turn.T + still.centre
    expected = buses.normals(still, here) @ still.turn
    assert ((normal * expected).sum(1) > 0.9).float().mean() > 0.95
