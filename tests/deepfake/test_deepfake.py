"""labkit.deepfake: codes, swaps, scores by hand-made answers, paste, detector and signatures."""

import pytest
import torch

from labkit import data, deepfake
from labkit.data import Portraits
from labkit.deepfake import HUSKY, WOLF
from labkit.deepfake.nets import extremes


@pytest.fixture(scope="module")
def known():
    """A few mirrored faces of wolf and husky."""
    both = [data.load_portraits(actor) for actor in ("wolf", "husky")]
    return [deepfake.faces(Portraits(*(x[:10] for x in own)), mirrored=True) for own in both]


def test_faces_are_pictures_with_covers(known):
    wolf = data.load_portraits("wolf")
    assert known[0].shape == (20, 4, 64, 64)
    assert torch.equal(known[0][:10, :3], wolf.images[:10])
    assert torch.equal(known[0][10:, 3:], wolf.covers[:10].flip(3))


def test_seed_decides_and_global_state_stays(known):
    before = torch.random.get_rng_state()
    first, again, other = (deepfake.Forger(known, seed=s).eval() for s in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    codes = [net.encode(known[0], WOLF) for net in (first, again, other)]
    assert torch.equal(codes[0], codes[1]) and not torch.equal(codes[0], codes[2])


def test_encoders_are_shared_or_not(known):
    together, apart = (deepfake.Forger(known, shared=shared) for shared in (True, False))
    assert together.encoders[0] is together.encoders[1]
    assert apart.encoders[0] is not apart.encoders[1]


def test_codes_know_neither_contrast_nor_level(known):
    net = deepfake.Forger(known).train()
    for actor in (WOLF, HUSKY):
        codes = net.encode(known[actor], actor)
        assert codes.mean(0).abs().max() < 1e-4
        assert (codes.std(0, unbiased=False) - 1).abs().max() < 0.2
    net.eval()
    faint = known[0].clone()
    colour = net.colours[0]
    faint[:, :3] = colour + (faint[:, :3] - colour) / 2
    assert torch.allclose(net.encode(faint, WOLF), net.encode(known[0], WOLF), atol=1e-4)


def test_an_untrained_decoder_gives_its_textures(known):
    net = deepfake.Forger(known).eval()
    made = deepfake.swap(net, known[0][:2], WOLF, HUSKY)
    assert made.shape == (2, 4, 64, 64) and 0 <= made.min() and made.max() <= 1
    mixed = net.decoders[HUSKY].textures.mean(0).sigmoid()
    assert (made - mixed).abs().mean() < 0.05


def test_extremes_are_spread_along_the_main_direction():
    brightness = torch.linspace(0, 1, 9)[torch.randperm(9)]
    faces = brightness[:, None, None, None].expand(9, 4, 2, 2)
    found = sorted(extremes(faces, 3)[:, 0, 0, 0].tolist())
    assert found == pytest.approx([0.125, 0.5, 0.875])


def test_training_rebuilds_and_swaps_better(known):
    net = deepfake.Forger(known, seed=0)
    steps = []
    losses = deepfake.fit(net, known, steps=12, batch_size=4, watch=steps.append)
    assert steps == list(range(12)) and len(losses) == 12 and not net.training
    assert sum(losses[-4:]) < sum(losses[:4])
    again = deepfake.fit(deepfake.Forger(known, seed=0), known, steps=2, batch_size=4)
    assert again[0] == losses[0]


def test_scores_of_known_fakes():
    truth = data.load_portraits("husky", "test")
    assert deepfake.head_error(truth.images, truth) == 0
    brighter = truth.images + 0.1 * truth.covers - 0.7 * (1 - truth.covers)
    assert deepfake.head_error(brighter, truth) == pytest.approx(
        float((truth.covers * (0.1 * truth.covers - 0.7 * (1 - truth.covers)).abs()).sum())
        / float(truth.covers.sum()),
        rel=1e-4,
    )
    assert deepfake.pose_found(truth.images, truth) == 1
    assert deepfake.pose_found(truth.images.roll(1, 0), truth) == 0
    smooth = deepfake.blurred(truth.images)
    assert deepfake.sharpness(smooth, truth.covers) < deepfake.sharpness(truth.images, truth.covers)


def test_rivals_are_what_they_say(known):
    wolf, husky = known
    made = deepfake.rivals(wolf, husky, wolf[:3])
    near = made["nearest frame"]
    assert all(any(torch.equal(one, face) for face in husky) for one in near)
    assert torch.equal(made["mean face"][0], husky.mean(0))
    new = made["new colours"]
    assert torch.equal(new[:, 3:], wolf[:3, 3:])
    whole = deepfake.match_colour(wolf, husky, wolf)[:, :3]
    assert (whole.mean((0, 2, 3)) - husky[:, :3].mean((0, 2, 3))).abs().max() < 0.05


def test_blend_leaves_the_rest_and_has_no_seam():
    scene, fake = torch.zeros(1, 3, 20, 20), torch.ones(1, 3, 10, 10)
    mask = torch.zeros(1, 1, 10, 10)
    mask[..., 3:7, 3:7] = 1
    made = deepfake.blend(scene, fake, mask, 5, 6, 1)
    assert scene.max() == 0
    assert made[0, 0, 10, 11] == 1 and made[0, 0, 8, 9] == pytest.approx(4 / 9)
    assert made[..., :5, :].max() == 0 and made[..., :6].max() == 0
    assert torch.equal(deepfake.blend(scene, fake, mask, 5, 6, 0)[..., 5:15, 6:16], mask * fake)


def test_a_detector_tells_what_it_was_shown():
    real = data.load_portraits("husky").images
    fakes = deepfake.blurred(real, 2.0)
    detector = deepfake.fit_detector(real[:40], fakes[:40], steps=60)
    assert deepfake.caught(detector, fakes[40:]) > 0.9 > 0.1 > deepfake.caught(detector, real[40:])
    sure = deepfake.fake_probability(detector, fakes[40:])
    assert sure.shape == (40,) and 0 <= sure.min() and sure.max() <= 1


def test_touching_up_does_what_it_says():
    real = data.load_portraits("husky", "test").images[:4]
    assert torch.equal(deepfake.blurred(real, 0), real)
    soft = deepfake.blurred(real, 1.0)
    assert (deepfake.detailed(soft, real, 1.0) - real).abs().mean() < 1e-6


def test_signatures_hold_for_one_content_and_one_key():
    secret, public = deepfake.new_keys()
    signature = deepfake.sign(b"wolf", secret)
    assert deepfake.verify(b"wolf", signature, public)
    assert not deepfake.verify(b"wolF", signature, public)
    assert not deepfake.verify(b"wolf", signature[:-1], public)
    assert not deepfake.verify(b"wolf", signature, deepfake.new_keys()[1])
    assert len(deepfake.bits(b"wolf")) == 256 and set(deepfake.bits(b"wolf")) == {0, 1}
    ones = sum(deepfake.bits(b"wolf"))
    assert ones == bin(int.from_bytes(deepfake.sha256(b"wolf"), "big")).count("1")


def test_film_faces_are_like_portraits():
    film = data.load_film()
    faces = deepfake.film_faces(film)
    assert faces.shape == (24, 4, 64, 64)
    bare = faces[:, 3] == 0
    assert torch.allclose(faces[:, 0][bare], torch.tensor(data.portraits.PLAIN))
    other = faces.roll(6, 0)
    picture, mask = deepfake.heads_to_paste(film, faces, other)
    assert set(mask.unique().tolist()) == {0.0, 1.0} and mask[..., 52:, :].sum() == 0
    bare = (other[:, 3:] == 0).expand_as(picture)
    plate = film.stage[:, 48:112, 48:112].expand_as(picture)
    assert torch.equal(picture[bare], plate[bare])
