"""Errors, moved colours and hidden messages."""

import pytest
import torch

from labkit import translate


@pytest.fixture
def scene():
    random = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 8, 8, generator=random)
    covers = torch.zeros(3, 1, 8, 8)
    covers[..., 2:5, 2:5] = 1
    covers[..., 5, :] = 0.5
    return images, covers


def test_errors_are_apart_for_ground_and_animal(scene):
    images, covers = scene
    moved = images + torch.where(covers == 1, 0.2, 0.0) + torch.where(covers == 0, -0.1, 0.0)
    found = translate.errors(moved + torch.where(covers == 0.5, 9.0, 0.0), images, covers)
    assert torch.allclose(found.ground, torch.tensor(0.1), atol=1e-6)
    assert torch.allclose(found.animal, torch.tensor(0.2), atol=1e-6)


def test_a_blurred_picture_is_less_sharp(scene):
    images, covers = scene
    sharp, soft = (translate.sharpness(x, covers) for x in (images, translate.blurred(images)))
    assert (soft < 0.5 * sharp).all()
    assert (translate.sharpness(torch.ones(1, 3, 8, 8), covers[:1]) == 0).all()


def test_a_flat_picture_has_nothing_to_blur():
    flat = torch.full((1, 3, 32, 32), 0.5)
    assert torch.allclose(translate.blurred(flat), flat)


def test_matched_pictures_have_the_wanted_look(scene):
    pile = 0.5 + 0.1 * torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean, deviation = translate.colour_statistics(pile)
    made = translate.match_colour(scene[0], mean, deviation)
    assert torch.allclose(made.mean((2, 3)), mean.expand(3, 3), atol=1e-3)
    assert torch.allclose(made.std((2, 3), correction=0), deviation.expand(3, 3), atol=1e-3)


def test_matched_histograms_are_those_of_the_pile(scene):
    pile = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)) ** 2
    made = translate.match_histogram(scene[0], pile)
    assert made.amin() == pile.amin() and made[:, 0].amax() == pile[:, 0].amax()
    assert abs(float(made.median() - pile.median())) < 0.02
    order = [x[0, 1].flatten().argsort() for x in (scene[0], made)]
    assert torch.equal(*order)


def test_the_affine_map_finds_a_mix_of_colours(scene):
    images = scene[0]
    mix = torch.tensor([[0.5, 0.2, 0.0], [0.1, 0.6, 0.1], [0.0, 0.1, 0.7]])
    target = torch.einsum("ij,njhw->nihw", mix, images) + 0.1
    found = translate.AffineColour(images, target)
    assert torch.allclose(found(images), target, atol=1e-4)


def test_the_way_back_is_measured_from_both_winters(scene):
    images, _ = scene

    def add(images):
        return (images + 0.1).clamp(0, 1)

    both = translate.Both(add, lambda images: images - 0.1)
    dim = 0.5 * images
    found = translate.way_back(both, dim, dim + 0.3)
    assert found["from its own fake"] == pytest.approx(0, abs=1e-6)
    assert found["from the true winter"] == pytest.approx(0.2, abs=1e-6)
