"""labkit.search: settings by their ranges, winners by hand, the shipped table by a trial."""

import math

import numpy as np
import pytest
import torch

from labkit import search
from labkit.search import shipped


def test_log_uniform_is_even_in_the_logarithm():
    got = search.log_uniform(torch.tensor([0.0, 0.25, 0.5, 1.0]), 1e-4, 1.0)
    torch.testing.assert_close(got, torch.tensor([1e-4, 1e-3, 1e-2, 1.0]))


def test_settings_keep_their_ranges_and_come_by_seed():
    settings = search.draw_settings(400, seed=1)
    assert settings == search.draw_settings(400, seed=1)
    assert settings != search.draw_settings(400, seed=2)
    for name, (low, high) in search.RANGES.items():
        values = [getattr(s, name) for s in settings]
        assert low <= min(values) + 1 and max(values) <= high
        middle = math.sqrt(low * high)
        assert 0.4 < sum(v < middle for v in values) / 400 < 0.6, name
    assert {s.depth for s in settings} == {1, 2, 3}
    assert {s.activation for s in settings} == {"relu", "tanh", "sigmoid"}
    assert "relu" in str(search.DEFAULT) and "1.0e-03" in str(search.DEFAULT)


def test_optimism_by_hand():
    valid = torch.tensor([[0.5, 0.9, 0.7], [0.8, 0.6, 0.1]])
    test = torch.tensor([[0.5, 0.6, 0.8], [0.9, 0.2, 0.3]])
    assert search.optimism(valid, test).item() == pytest.approx((0.3 - 0.1) / 2)
    valid[0, 2] = 0.9  # a tie: the first wins
    assert search.optimism(valid, test).item() == pytest.approx((0.3 - 0.1) / 2)


def test_a_single_trial_has_no_optimism_and_many_equal_ones_have():
    generator = torch.Generator().manual_seed(0)
    right = (torch.rand(60, 4500, generator=generator) < 0.7).float()
    table = search.Table([search.DEFAULT] * 60, torch.zeros(60, 4, 500).bool(), right.bool())
    one, all_ = search.optimism_by_trials(*table.splits(100), (1, 60), draws=60)
    assert abs(one) < 0.006 < 0.08 < all_
    assert search.optimism_by_trials(*table.splits(900), (60,), draws=1)[0] < all_ / 2


def test_trials_are_drawn_at_random_from_all():
    valid, test = torch.eye(4)[:1], torch.zeros(1, 4)  # only the first looks good, and isn't
    one, two, all_ = search.optimism_by_trials(valid, test, (1, 2, 4), draws=400)
    assert 0.15 < one < 0.35 and 0.4 < two < 0.6 and all_ == 1


def test_halving_asks_for_no_more_than_it_must():
    curves = torch.rand(32, 5, generator=torch.Generator().manual_seed(3))
    race = search.Race(curves)
    winner = search.halving(32, race)
    asked = [[i for i, epochs in race.asked if epochs == e] for e in search.EPOCHS]
    assert [len(part) for part in asked] == [32, 16, 8, 4, 2]
    assert set(asked[1]) == set(curves[:, 0].topk(16).indices.tolist())
    assert winner in asked[4] and race.spent == 16 * 1 + 8 * 2 + 4 * 4 + 2 * 8 + 2 * 16
    again = search.Race(curves)
    for i in (torch.tensor(5), np.int64(5), 5):
        assert again(i, 4) == race(5, 4)
    assert again.spent == 4
    with pytest.raises(ValueError, match="epochs must be one of"):
        race(0, 3)


def test_guessers_guess():
    right = search.guesses(3000, 100, seed=4).float().mean(1)
    assert abs(right.mean() - 0.1) < 0.005 and right.max() > 0.17


def test_a_trial_learns_digits_and_leaves_the_global_state_alone():
    before = torch.random.get_rng_state()
    trial = search.train_trial(search.DEFAULT, seed=0)
    assert torch.equal(before, torch.random.get_rng_state())
    assert trial.early.shape == (4, 500) and trial.last.shape == (4500,)
    assert trial.last.float().mean() > 0.8 > trial.early[0].float().mean()


def test_the_shipped_table_holds_what_a_trial_gives():
    table = search.load_table()
    assert table.early.shape == (200, 4, 500) and table.last.shape == (200, 4500)
    calm = min(range(200), key=lambda i: table.settings[i].lr)  # the same on other processors
    seed = search.trial_seed(shipped.SEED, calm)
    again = search.train_trial(table.settings[calm], seed=seed)
    assert (again.last == table.last[calm]).float().mean() > 0.97
    torch.testing.assert_close(table.scores[:, 4], table.last[:, :500].float().mean(1))
    valid, test = table.splits(100)
    assert valid.shape == test.shape == (45, 200)
    whole = table.last.float().mean(1)
    torch.testing.assert_close((valid * 100 + test * 4400).mean(0) / 4500, whole)
    for size in (7, 4500):
        with pytest.raises(ValueError, match="can't be cut"):
            table.splits(size)


def test_the_shipped_searches_are_those_of_the_table(tmp_path):
    rows = search.load_searches()
    assert [row["seed"] for row in rows] == [10, 11, 12]
    table = search.load_table()
    ways = search.ways_to_search(table, seed=10, draws=300)
    for name, value in ways.items():
        assert value == pytest.approx(rows[0][name], abs=1e-3), name
    path = shipped.write_trials(tmp_path / "t.npz", table)
    assert path.read_bytes() and path.stat().st_size < 400_000
