"""Objects before another background."""

import pytest
import torch

from labkit import data
from labkit.explain import on_background


def test_the_object_stays_the_background_comes_from_the_other_and_no_second_object():
    cars = data.load_cars("test")
    images, masks = cars.images[:4], cars.masks[:4]
    others, other_masks = images.roll(1, 0), masks.roll(1, 0)
    made = on_background(images, masks, others, other_masks)
    keep = (masks | other_masks)[:, None].expand_as(images)
    assert torch.equal(made[keep], images[keep]) and torch.equal(made[~keep], others[~keep])
    assert not torch.equal(made, images) and 0 < (~keep).float().mean() < 1


def test_another_picture_without_an_object_gives_all_of_its_background():
    images, others = torch.rand(2, 2, 3, 4, 4)
    masks = torch.rand(2, 4, 4) < 0.5
    made = on_background(images, masks, others, torch.zeros_like(masks))
    assert torch.equal(made, torch.where(masks[:, None], images, others))


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (2, 3, 4, 5)])
def test_what_does_not_fit_is_refused(shape):
    masks = torch.ones(2, 4, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="do not fit"):
        on_background(torch.ones(2, 3, 4, 4), masks, torch.ones(shape), masks)
    with pytest.raises(ValueError, match="do not fit"):
        on_background(torch.ones(2, 3, 4, 4), masks[:1], torch.ones(2, 3, 4, 4), masks)
