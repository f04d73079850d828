"""The game of two networks: each update by hand, nothing leaks, the same seed plays the same."""

import copy
import math

import pytest
import torch
from torch import nn

from labkit import gan
from labkit.gan.recipes import TUTORIAL, Recipe

EVERY = 6  # steps of a round
SMALL = Recipe(width=4, batch_size=8, z_dim=6, average=0.5)


def digits(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 28, 28, generator=generator), torch.arange(n) % 10


def play(steps=2 * EVERY, recipe=SMALL, **options):
    game = gan.Game(digits(), recipe=recipe, steps=steps, every=EVERY, **options)
    game.play(progress=False)
    return game


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(x, b[name]) for name, x in a.items())


class Line(nn.Module):
    """A generator z -> w z, or a discriminator x -> w x: one number each."""

    def __init__(self, w):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(float(w)))

    def forward(self, x, labels=None):
        return self.w * x.reshape(len(x), -1)[:, 0]


def test_losses_by_hand():
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-3.0, 0.0, 1.0])
    assert gan.hinge.cop(real, fake).item() == pytest.approx((0.5 + 2) / 3 + (1 + 2) / 3)
    assert gan.hinge.forger(fake).item() == pytest.approx(2 / 3)
    real_p, fake_p = real.sigmoid(), fake.sigmoid()
    by_hand = -(real_p.log().mean() + (1 - fake_p).log().mean())
    assert gan.logistic.cop(real, fake).item() == pytest.approx(by_hand.item())
    assert gan.logistic.forger(fake).item() == pytest.approx(-fake_p.log().mean().item())
    saturating = (1 - fake_p).log().mean().item()
    assert gan.saturating.forger(fake).item() == pytest.approx(saturating)


def test_losses_stay_finite_where_probabilities_would_not():
    sure = torch.tensor([-200.0, 200.0])
    for loss in gan.LOSSES.values():
        assert loss.cop(sure, sure).isfinite() and loss.forger(sure).isfinite()


def test_where_the_cop_is_sure_only_one_of_the_two_gradients_is_left():
    slopes = {}
    for name in ("logistic", "saturating"):
        score = torch.tensor([-10.0], requires_grad=True)
        gan.LOSSES[name].forger(score).backward()
        slopes[name] = score.grad.item()
    assert slopes["logistic"] == pytest.approx(-1, abs=1e-4)
    assert -1e-4 < slopes["saturating"] < 0


def test_the_cops_step_by_hand():
    forger, cop = Line(2), Line(0.25)
    step = torch.optim.SGD(cop.parameters(), lr=0.1)
    images, z = torch.tensor([[[[1.0]]]]), torch.tensor([[1.5]])
    verdict = gan.update_discriminator(forger, cop, step, images, None, z)
    # real score 0.25, fake score 0.25 * 3; loss (1 - 0.25) + (1 + 0.75); slope -1 + 3 = 2
    assert verdict.loss.item() == pytest.approx(2.5)
    assert (verdict.real.item(), verdict.fake.item()) == pytest.approx((0.25, 0.75))
    assert cop.w.item() == pytest.approx(0.25 - 0.1 * 2)
    assert forger.w.item() == 2 and forger.w.grad is None


def test_the_forgers_step_by_hand():
    forger, cop = Line(2), Line(0.5)
    step = torch.optim.SGD(forger.parameters(), lr=0.1)
    loss = gan.update_generator(forger, cop, step, None, torch.tensor([[1.0], [3.0]]))
    # scores 0.5 * 2 * (1, 3), loss -2; slope of the loss by w: -0.5 * mean(1, 3) = -1
    assert loss.item() == pytest.approx(-2) and forger.w.item() == pytest.approx(2.1)
    assert cop.w.item() == 0.5 and cop.w.grad is None and cop.w.requires_grad


def test_a_failing_forgers_step_leaves_the_cop_trainable():
    def broken(scores):
        raise RuntimeError("broken")

    forger, cop = Line(1), Line(1)
    step, loss = torch.optim.SGD(forger.parameters(), lr=0.1), gan.Loss(None, broken)
    with pytest.raises(RuntimeError):
        gan.update_generator(forger, cop, step, None, torch.ones(1, 1), loss=loss)
    assert cop.w.requires_grad


@pytest.mark.parametrize("recipe", [SMALL, SMALL.but(conditional=False), TUTORIAL.but(width=4)])
def test_shapes_ranges_and_what_the_label_does(recipe):
    forger, cop = recipe.make(seed=3)
    z, labels = torch.randn(6, recipe.z_dim), torch.arange(6)
    fakes = forger.eval()(z, labels)
    assert fakes.shape == (6, 1, 28, 28) and 0 <= fakes.min() and fakes.max() <= 1
    scores = cop.eval()(fakes, labels)
    assert scores.shape == (6,)
    other = labels.flip(0)
    assert torch.equal(forger(z, other), fakes) != recipe.conditional
    assert torch.equal(cop(fakes, other), scores) != recipe.conditional


def test_the_spectral_norm_of_every_layer_becomes_one():
    cop = gan.Discriminator(width=4, seed=0)
    for _ in range(60):
        cop(torch.rand(2, 1, 28, 28), torch.zeros(2, dtype=torch.long))
    for layer in (cop.down1, cop.down2, cop.score, cop.digit):
        size = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item()
        assert size == pytest.approx(1, abs=0.01)


def test_the_first_weights_depend_on_the_seed_alone():
    before = torch.get_rng_state()
    one, two, other = (SMALL.make(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    for a, b, c in zip(one, two, other, strict=True):
        assert same(a.state_dict(), b.state_dict())
        assert not same(a.state_dict(), c.state_dict())


def test_dcgan_starts_with_small_weights():
    forger, _ = TUTORIAL.make()
    assert forger.up1.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_forge_leaves_mode_and_randomness_alone():
    forger, _ = SMALL.make()
    before, labels = torch.get_rng_state(), torch.arange(10)
    one, two = (gan.forge(forger, labels, seed=4, batch_size=n) for n in (3, 500))
    assert torch.allclose(one, two, atol=1e-6)
    assert forger.training and torch.equal(before, torch.get_rng_state())
    assert not torch.allclose(one, gan.forge(forger, labels, seed=5))


def test_average_weights_by_hand():
    mean, now = Line(1), Line(3)
    gan.average_weights(mean, now, decay=0.75)
    assert mean.w.item() == pytest.approx(1.5) and now.w.item() == 3
    forger, _ = SMALL.make()
    copied = copy.deepcopy(forger)
    forger.norm1.num_batches_tracked += 7
    gan.average_weights(copied, forger, decay=0.5)
    assert copied.norm1.num_batches_tracked == 7


def test_the_record_says_what_happened():
    game = play()
    assert game.record.column("step") == [EVERY, 2 * EVERY] and game.step == 2 * EVERY
    for row in game.record.rows:
        assert all(math.isfinite(value) for value in row)
        assert 0 <= row.caught <= 1 and 0 <= row.passed <= 1


def test_both_learn_and_nothing_leaks():
    before, (first_forger, first_cop) = torch.get_rng_state(), SMALL.make(seed=0)
    game = play(EVERY)
    assert torch.equal(before, torch.get_rng_state())
    assert not same(weights(first_forger), weights(game.generator))
    assert not same(weights(first_cop), weights(game.discriminator))
    assert all(p.grad is not None for p in game.generator.parameters())


def test_the_same_seed_plays_the_same_game():
    one, two, other = play(), play(), play(seed=1)
    assert one.record.rows == two.record.rows and one.record.rows != other.record.rows
    assert same(weights(one.forger), weights(two.forger))


def test_every_step_draws_other_digits_and_other_noise():
    game, draws = gan.Game(digits(), recipe=SMALL, every=EVERY), []
    for game.step in (0, 1, EVERY, 2 * EVERY):
        draws.append(game._draw())
    for part in (0, 2):  # images, noise
        for i, one in enumerate(draws):
            assert not any(torch.equal(one[part], other[part]) for other in draws[:i])
    assert torch.equal(draws[-1][2], game._draw()[2])


def test_a_paused_game_goes_on_as_if_it_had_not_paused():
    whole, parts = play(), gan.Game(digits(), recipe=SMALL, steps=2 * EVERY, every=EVERY)
    for step in (3, 3, EVERY + 2, 2 * EVERY):
        parts.play(step, progress=False)
        assert parts.step == step
    assert parts.record.rows == whole.record.rows
    assert same(weights(parts.generator), weights(whole.generator))


@pytest.mark.parametrize("recipe", [SMALL, SMALL.but(average=0.0, fade=0.5)])
def test_a_killed_game_goes_on_with_the_same_numbers(tmp_path, recipe):
    whole, path = play(3 * EVERY, recipe), tmp_path / "game.safetensors"

    def kill(game):
        if game.step == 2 * EVERY:
            raise KeyboardInterrupt

    options = {"recipe": recipe, "steps": 3 * EVERY, "every": EVERY, "checkpoint": path}
    killed = gan.Game(digits(), **options)
    with pytest.raises(KeyboardInterrupt):
        killed.play(watch=kill, progress=False)
    again = gan.Game(digits(), **options)
    assert again.step == 2 * EVERY and len(again.record.rows) == 2
    again.play(progress=False)
    assert again.record.rows == whole.record.rows
    for name in ("generator", "discriminator", "forger"):
        assert same(weights(getattr(again, name)), weights(getattr(whole, name)))


def test_a_checkpoint_of_another_game_is_refused_and_kept(tmp_path):
    path = tmp_path / "game.safetensors"
    play(EVERY, checkpoint=path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="another run.*'seed': 0.*'seed': 1"):
        play(EVERY, checkpoint=path, seed=1)
    with pytest.raises(ValueError, match="another run.*'lr_generator'"):
        play(EVERY, SMALL.but(lr_generator=1e-4), checkpoint=path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("lr, words", [(1e30, "no longer numbers"), (100.0, "grown to .e\\+")])
def test_a_game_that_blows_up_says_so_in_words(lr, words):
    wild = SMALL.but(spectral=False, lr_generator=lr, lr_discriminator=lr)
    with pytest.raises(FloatingPointError, match=f"{words}.*learning rates"):
        play(EVERY, wild)


def test_images_that_are_not_numbers_are_noticed():
    images, labels = digits()
    images[:, 0, 5, 5] = torch.nan
    game = gan.Game((images, labels), recipe=SMALL, every=EVERY)
    with pytest.raises(FloatingPointError, match="after 6 steps.*no longer numbers.*images"):
        game.play(progress=False)


def test_rates_fade_at_the_end():
    game = gan.Game(digits(), recipe=SMALL.but(fade=0.5), steps=100)
    rates = []
    for game.step in (0, 50, 75, 99):
        game._set_rates()
        rates.append(game.optimizers[0].param_groups[0]["lr"] / SMALL.lr_generator)
    assert rates == pytest.approx([1, 1, 0.5, 0.02])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (torch.rand(4, 1, 28, 28), "pair .images, labels."),
        ((torch.rand(4, 28, 28), torch.arange(4)), "N, 1, 28, 28.*not .4, 28, 28"),
        ((torch.rand(4, 1, 28, 28), torch.arange(3)), "not .4, 1, 28, 28. and .3,"),
        ((torch.rand(4, 1, 28, 28) * 255, torch.arange(4)), "values in .0, 1."),
        ((torch.rand(0, 1, 28, 28), torch.arange(0)), "must hold images"),
    ],
)
def test_data_that_do_not_fit(data, message):
    with pytest.raises((ValueError, TypeError), match=message):
        gan.Game(data)


def test_options_that_do_not_fit():
    with pytest.raises(ValueError, match="loss must be one of hinge.*not 'l2'"):
        Recipe(loss="l2")
    with pytest.raises(TypeError, match="recipe must be a labkit.gan.Recipe"):
        gan.Game(digits(), recipe="hinge")
    with pytest.raises(ValueError, match="steps must be a whole number.*not 0"):
        gan.Game(digits(), steps=0)


def test_bumps_are_where_they_should_be():
    real = gan.bumps([-2.0, 1.0], sd=0.1, n=2000, seed=3)
    assert real[::2].mean().item() == pytest.approx(-2, abs=0.02)
    assert real[1::2].std().item() == pytest.approx(0.1, rel=0.1)


def test_on_a_line_the_forger_finds_the_bump_and_the_same_seed_the_same_movie():
    before, real = torch.get_rng_state(), gan.bumps([1.5], n=500)
    one, two = (gan.play_line(real, steps=150, every=50, lr=5e-3, seed=1) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.fakes, two.fakes) and one.step.tolist() == [0, 50, 100, 150]
    assert one.belief.shape == (4, len(one.grid)) and 0 <= one.belief.min() <= 1
    gaps = (one.fakes.mean(1) - 1.5).abs()
    assert gaps[-1] < 0.5 < gaps[0]


def test_a_head_start_lets_the_cop_tell_the_first_fakes():
    movie = gan.play_line(gan.bumps([2.0]), steps=1, every=1, head_start=100, lr=5e-3)
    assert movie.belief[0][movie.grid > 1.5].min() > 0.9 > 0.1 > movie.belief[0, 80]


def test_a_sure_cop_stops_the_saturating_loss_with_plain_steps_only():
    still = {"steps": 20, "every": 20, "head_start": 300, "cop_steps": 0, "lr": 2e-3}
    moved = {}
    for loss in ("saturating", "logistic"):
        for plain in (0.0, 1e-3):
            movie = gan.play_line(gan.bumps([1.5]), loss=loss, plain=plain, **still)
            assert torch.equal(movie.belief[0], movie.belief[1])
            moved[loss, plain] = (movie.fakes[1] - movie.fakes[0]).mean()
    stopped = moved.pop(("saturating", 1e-3))
    assert 0 <= stopped < 0.1 < 0.2 < min(moved.values())


def test_options_of_the_line_that_do_not_fit():
    with pytest.raises(ValueError, match="loss must be one of hinge.*not 'l2'"):
        gan.play_line(gan.bumps([1.0]), loss="l2")
    with pytest.raises(ValueError, match="bumps needs centres"):
        gan.bumps([])


def test_a_game_on_a_line_that_blows_up_says_so_in_words():
    with pytest.raises(FloatingPointError, match="blown up.*lr smaller"):
        gan.play_line(gan.bumps([1.0]), steps=20, lr=1e30)


def test_a_game_on_a_line_is_the_same_and_leaves_the_threads_whatever_they_are():
    before, movies = torch.get_num_threads(), []
    try:
        for threads in (2, 3):
            torch.set_num_threads(threads)
            movies.append(gan.play_line(gan.bumps([-2.0, 2.0]), steps=40, seed=3))
            assert torch.get_num_threads() == threads
            with pytest.raises(FloatingPointError):
                gan.play_line(gan.bumps([1.0]), steps=20, lr=1e30)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(movies[0].fakes, movies[1].fakes)
