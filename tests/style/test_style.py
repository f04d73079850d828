"""Drawn styles, their distance, and a photo that is painted."""

import numpy as np
import pytest
import torch

from labkit import data, models, style, widgets

MODEL = models.load_pretrained(size=64)
CAT, GLASS = data.load_photo("cat", size=64), style.glass(64, seed=0, pieces=5)


@pytest.mark.parametrize("name", style.STYLES)
def test_a_style_is_a_picture_of_its_seed(name):
    draw, state = style.STYLES[name], torch.random.get_rng_state()
    first, again, other = (draw(96, seed=seed) for seed in (0, 0, 1))
    assert first.shape == (3, 96, 96) and first.dtype == torch.float32
    assert first.min() >= 0 and first.max() <= 1 and first.std() > 0.1
    assert torch.equal(first, again) and not torch.allclose(first, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_each_style_is_nearest_to_itself():
    drawn = {name: draw(64, seed=0) for name, draw in style.STYLES.items()}
    again = {name: draw(64, seed=1) for name, draw in style.STYLES.items()}
    for name, picture in drawn.items():
        known = style.Style(MODEL, picture)
        off = {n: style.style_distance(MODEL, other, known) for n, other in again.items()}
        assert min(off, key=off.get) == name
        assert style.style_distance(MODEL, picture, known) == 0


def test_gram_is_that_of_numpy_and_forgets_places():
    features = torch.randn(2, 4, 5, 3, generator=torch.Generator().manual_seed(0))
    flat = features.flatten(2).numpy()
    wanted = np.einsum("bip,bjp->bij", flat, flat) / 15
    np.testing.assert_allclose(style.gram(features), wanted, rtol=1e-5, atol=1e-6)
    moved = features.flatten(2)[..., torch.randperm(15)].view_as(features)
    torch.testing.assert_close(style.gram(moved), style.gram(features))


def test_distances_are_relative_and_averaged_over_layers():
    half = style.Style(MODEL, CAT, layers=["rgb"])
    seen = {"rgb": CAT[None] * 0.5}
    assert half.distance(seen).item() == pytest.approx(0.75**2, rel=1e-4)
    twice = style.Style(MODEL, CAT, layers=["rgb"], gram=lambda f: style.gram(f) ** 0)
    assert twice.distance(seen).item() == 0


def test_look_gives_what_hooks_give():
    from labkit import hooks

    seen = style.look(MODEL, CAT[None], ["rgb", "block3"])
    assert list(seen) == ["rgb", "block3"] and seen["rgb"][0] is not None
    wanted = hooks.activations(MODEL, CAT[None], ["block3"])["block3"]
    torch.testing.assert_close(seen["block3"], wanted)
    with pytest.raises(ValueError, match="no layers \\['block99'\\]"):
        style.look(MODEL, CAT[None], ["block99"])


def test_a_pyramid_is_put_together_again():
    x = torch.randn(1, 3, 32, 16, generator=torch.Generator().manual_seed(0))
    bands = style.pyramid(x, 4)
    assert [b.shape[-1] for b in bands] == [16, 8, 4, 2]
    torch.testing.assert_close(style.build(bands), x)
    assert torch.equal(style.build(style.pyramid(x, 1)), x)
    with pytest.raises(ValueError, match="32 x 16 pixels can't be halved 5 times"):
        style.pyramid(x, 6)


def test_recolouring_gives_the_colours_and_keeps_the_edges():
    soft, wanted = 0.3 * CAT + 0.3, 0.3 * GLASS + 0.35
    new = style.recolour(soft, wanted)
    torch.testing.assert_close(new.flatten(1).mean(1), wanted.flatten(1).mean(1), atol=0.01, rtol=0)
    torch.testing.assert_close(
        torch.cov(new.flatten(1)), torch.cov(wanted.flatten(1)), atol=2e-3, rtol=0
    )
    torch.testing.assert_close(style.recolour(soft, soft), soft, atol=1e-3, rtol=0)
    assert style.edge_correlation(CAT, CAT) == pytest.approx(1)
    assert abs(style.edge_correlation(CAT, GLASS)) < 0.3


@pytest.fixture(scope="module")
def painting():
    return style.paint(MODEL, CAT, GLASS, kept=(0, 5, 20))


def test_a_painting_comes_nearer_to_the_style(painting):
    assert painting.images.shape == (3, 3, 64, 64) and len(painting.distances) == 21
    torch.testing.assert_close(painting.images[0], CAT.clamp(0.02, 0.98), atol=1e-3, rtol=0)
    known = style.Style(MODEL, GLASS)
    off = [style.style_distance(MODEL, image, known) for image in painting.images]
    torch.testing.assert_close(
        painting.distances[[0, 5, 20]], torch.tensor(off), atol=1e-3, rtol=1e-2
    )
    assert off[2] < off[0] / 4 and style.edge_correlation(CAT, painting.last) > 0.3
    assert not any(p.grad is not None for p in MODEL.parameters())


def test_plain_pixels_come_less_near(painting):
    plain = style.paint(MODEL, CAT, GLASS, kept=(0, 20), levels=1)
    assert plain.distances[-1] > painting.distances[-1]


def test_the_widget_shows_the_kept_steps_and_measures(painting):
    strength = widgets.StyleStrength(MODEL, {"cat": (painting, GLASS)})
    pixels, text = strength.draw("cat", 20)
    assert pixels.shape == (64, 3 * 64 + 16, 3) and pixels.dtype == np.uint8
    assert f"after 20 steps: style distance {painting.distances[20]:.2f}" in text
    first = MODEL.categories[int(MODEL(painting.images[:1]).argmax())]
    assert f'the network: "{first}"' in text
    begin, told = strength.draw("cat", 0)
    assert "edges as in the photo: 1.00" in told and ", now" not in told
    assert np.array_equal(begin[:, :64], begin[:, 72:136])
    box = widgets.style_strength(MODEL, {"cat": (painting, GLASS)})
    box.children[1].value = 5
    assert "after 5 steps" in box.children[-1].note
