"""A game whose process is killed goes on from its file with the numbers of an unbroken game."""

import subprocess
import sys

import pytest
import torch

from labkit import gan
from labkit.gan.recipes import Recipe

STEPS, EVERY = 12, 3
SMALL = Recipe(width=4, batch_size=8, z_dim=6, average=0.5)
CHILD = """
import sys, time, torch
sys.path.insert(0, sys.argv[2])
from test_gan_killed import EVERY, make

def report(game):
    print(game.step, flush=True)
    if game.step == 2 * EVERY:
        time.sleep(600)  # until it is killed, in the middle of the game

make(sys.argv[1]).play(watch=report, progress=False)
"""


def make(path=None):
    """The same game in every process."""
    images = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    options = {"recipe": SMALL, "steps": STEPS, "every": EVERY, "seed": 5, "checkpoint": path}
    return gan.Game((images, torch.arange(40) % 10), **options)


def kill_in_the_middle(path, folder):
    command = [sys.executable, "-c", CHILD, str(path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = [child.stdout.readline() for _ in range(2)]
        child.kill()
    return said


def test_after_a_kill_the_game_goes_on_with_the_same_numbers(tmp_path, request):
    path, whole = tmp_path / "game.safetensors", make()
    assert kill_in_the_middle(path, request.path.parent) == ["3\n", "6\n"]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # nothing half written
    again = make(path)
    assert again.step == 6 and len(again.record.rows) == 2
    again.play(progress=False)
    whole.play(progress=False)
    for one, other in zip(again.record.rows, whole.record.rows, strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-5)  # another process, other threads
    for name, value in whole.forger.state_dict().items():
        assert torch.allclose(again.forger.state_dict()[name], value, rtol=1e-3, atol=1e-4)
