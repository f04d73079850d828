"""labkit.play: rules, solver, search and scores, against plain enumeration and by hand."""

import functools

import numpy as np
import pytest
import torch
from making import ROOT

from labkit import play
from labkit.course import editions
from labkit.play import pole, training
from labkit.play.scoring import perfect


@pytest.fixture(scope="module")
def board():
    return play.Board(4, 4)


@pytest.fixture(scope="module")
def solved(board):
    return play.solve(board)


def even(own, other, width=4):
    """A judge that knows nothing."""
    return np.zeros((len(own), width), np.float32), np.zeros(len(own), np.float32)


# --- the pole


def test_a_push_moves_the_cart_and_tips_the_pole():
    still = np.zeros((2, 4))
    after = play.push(still, np.array([True, False]))
    assert np.allclose(after[0], -after[1])  # the world is symmetric
    assert after[0, 1] > 0 > after[0, 3] and np.allclose(after[:, [0, 2]], 0)
    # by hand: bend = -(10 / 1.1) / (.5 (4/3 - .1/1.1)) = -14.634; pull = 9.0909 + .6652
    assert after[0] == pytest.approx([0, 0.02 * 9.7561, 0, 0.02 * -14.634], abs=1e-4)


def test_the_notebook_shows_labkits_physics():
    cells = editions.read(ROOT / "notebooks" / "12_learning_to_play.ipynb").cells
    space = {"np": np}
    exec(next(cell.source for cell in cells if cell.id == "physics"), space)
    states = np.random.default_rng(3).normal(size=(50, 4))
    right = states[:, 0] > 0
    assert np.allclose(space["push"](states, right), play.push(states, right))


def test_the_pole_falls_faster_the_more_it_leans():
    leaning = np.array([[0, 0, 0.1, 0], [0, 0, 0.2, 0]])
    turn = (
        play.push(leaning, np.array([True, True])) + play.push(leaning, np.array([False] * 2))
    ) / 2
    assert 0 < turn[0, 3] < turn[1, 3]


def test_a_fallen_cart_stays_down_and_a_clever_policy_stays_up():
    class Clever(torch.nn.Module):
        def forward(self, states):
            return 100 * (states[:, 2:3] + 0.3 * states[:, 3:4] + 0.05 * states[:, 1:2])

    class Right(torch.nn.Module):
        def forward(self, states):
            return torch.full((len(states), 1), 100.0)

    fell = play.balance(Right(), 5, seed=1)
    assert fell.up.sum(0).max() < 20 and fell.states.shape == (*fell.up.shape, 4)
    assert (np.diff(fell.up.astype(int), axis=0) <= 0).all() and fell.actions.all()
    assert play.balance(Clever(), 5, seed=1, most=200).up.sum() == 1000


def test_returns_by_hand():
    rewards = np.array([[1, 1], [1, 0], [1, 0]])
    assert play.returns(rewards, 0.5).tolist() == [[1.75, 1], [1.5, 0], [1, 0]]
    assert play.returns(rewards, 0).tolist() == rewards.tolist()
    assert play.returns(rewards, 1)[0].tolist() == [3, 1]


# --- the rules and the solver


@pytest.mark.parametrize("moves", ["1213141", "1122334", "12233434414", "43322121141"])
def test_four_in_a_row_win_whichever_way(board, moves):
    assert board.after(moves)[2] == -1  # as the one sees it who is to move: lost
    assert np.isnan(board.after(moves[:-1])[2]) and len(board.lines) == 10


def test_a_full_board_is_a_draw(board):
    own, other, _ = board.after("121221213434433")
    assert board.play(own, other, np.array([3]))[2].tolist() == [0]


def test_moves_that_are_none_are_named(board):
    with pytest.raises(ValueError, match="column 5 isn't open"):
        board.after("125")
    with pytest.raises(ValueError, match="move 5"):
        board.after("11111")
    with pytest.raises(ValueError, match="over before move 8"):
        board.after("11223344")
    with pytest.raises(ValueError, match="no 4 in a row"):
        play.Board(3, 3)
    with pytest.raises(ValueError, match="too many positions"):
        play.solve(play.Board(6, 5))


def test_the_solver_agrees_with_plain_enumeration():
    small = play.Board(3, 3, 3)

    @functools.cache
    def worth(own, other):
        legal = small.legal(np.array([own]), np.array([other]))[0]
        found = []
        for column in np.flatnonzero(legal):
            a, b, (value,) = small.play(np.array([own]), np.array([other]), np.array([column]))
            child = value if not np.isnan(value) else worth(tuple(a[0]), tuple(b[0]))
            found.append(-child)
        return max(found)

    exact = play.solve(small)
    rng = np.random.default_rng(0)
    own, other = exact.position(rng.choice(len(exact.keys), 200))
    best = exact.moves(own, other).max(1)
    assert [worth(tuple(a), tuple(b)) for a, b in zip(own, other, strict=True)] == best.tolist()
    assert exact.value == worth((False,) * 9, (False,) * 9)


def test_four_by_four_is_a_draw(solved):
    assert len(solved.keys) == 134_289 and solved.value == 0
    assert (np.diff(solved.keys) > 0).all() and solved.results.max() == 1
    own, other, _ = solved.board.after("112233")
    assert solved.moves(own, other)[0].tolist()[3] == 1  # it wins at once


# --- the search


def test_puct_by_hand():
    visits, total = np.array([[2, 0]]), np.array([[1.0, 0.0]])
    scores = play.puct(visits, total, np.array([[0.25, 0.75]]), 2.0)
    assert scores == pytest.approx(np.array([[0.5 + 0.5 * 3**0.5 / 3, 1.5 * 3**0.5]]))


def test_backup_by_hand():
    got = play.backup(np.array([1.0, -0.5]), np.array([3, 1]))
    assert got.tolist() == [[-1, 1, -1], [0.5, 0, 0]]


def test_the_search_finds_a_win_and_stops_one(board):
    wins, stops = board.after("112233")[:2], board.after("313144")[:2]
    own, other = (np.concatenate(pair) for pair in zip(wins, stops, strict=True))
    found = play.search(board, even, own, other, simulations=60)
    assert found.visits.argmax(1).tolist() == [3, 2]
    assert (found.visits.sum(1) == 60).all() and np.allclose(found.prior.sum(1), 1)
    assert found.total[0, 3] == found.visits[0, 3]  # each visit saw the win
    assert np.allclose(found.share.sum(1), 1)


def test_games_that_are_searched_together_do_not_mix(board, solved):
    own, other, _ = play.decisive(solved, 60, seed=3)
    ask = play.judge(play.TwoHeads(board, seed=3))
    together = play.search(board, ask, own, other, simulations=20)
    one = [
        play.search(board, ask, own[i : i + 1], other[i : i + 1], simulations=20) for i in (0, 9)
    ]
    assert np.array_equal(together.visits[[0, 9]], np.concatenate([f.visits for f in one]))


def test_long_searches_are_perfect(board, solved):
    own, other, results = play.decisive(solved, 60, seed=4)
    late = (own | other).sum(1) >= 10
    player = play.looking_ahead(board, even, 2000)
    columns = player(own[late], other[late])
    assert play.share_optimal(columns, results[late]) == 1


def test_full_columns_are_never_tried(board):
    own, other, _ = board.after("1111")
    for ask in (even, play.rollouts(board)):
        found = play.search(board, ask, own, other, simulations=30)
        assert found.visits[0, 0] == 0 and found.prior[0, 0] == 0
    assert play.alone(board, even)(own, other).tolist() != [0]


def test_the_search_uses_what_it_is_given(board):
    own, other, _ = board.after("")
    favour = lambda visits, total, prior, c: np.tile([0.0, 0, 0, 1], (len(visits), 1))  # noqa: E731
    found = play.search(board, even, own, other, simulations=8, score=favour)
    assert found.visits[0].tolist() == [0, 0, 0, 8]
    nothing = lambda values, lengths: np.zeros((len(values), max(lengths)))  # noqa: E731
    own, other, _ = board.after("112233")
    assert not play.search(board, even, own, other, simulations=8, credit=nothing).total.any()


def test_judges_lose_what_is_taken_away(board):
    own, other, _ = board.after("12")
    net = play.TwoHeads(board, seed=1)
    torch.nn.init.normal_(net.policy.weight, generator=torch.Generator().manual_seed(1))
    ask = play.judge(net)
    logits, values = ask(own, other)
    assert logits.any() and values.any()
    assert not play.blind(ask)(own, other)[1].any()
    assert not play.undirected(ask)(own, other)[0].any()
    led = play.rollouts(board, policy=ask)(own, other)
    assert np.array_equal(led[0], logits) and led[1][0] in (-1, 0, 1)


def test_rollouts_know_who_wins(board):
    own, other, _ = board.after("112233")
    values = [play.rollouts(board, seed=i)(own, other)[1][0] for i in range(80)]
    assert np.mean(values) > 0.2  # who is to move can win at once


# --- training and scores


def test_self_play_records_whole_games(board):
    net, rng = play.TwoHeads(board, seed=0), np.random.default_rng(0)
    games = play.self_play(board, net, 6, rng, simulations=4)
    begins = ~(games.own | games.other).any(1)
    assert begins.sum() == 6 and np.allclose(games.wanted.sum(1), 1)
    assert set(np.unique(games.ended)) <= {-1, 0, 1}
    legal = board.legal(games.own, games.other)
    assert legal[np.arange(len(legal)), games.played].all()
    won = games.ended[~begins & (games.ended == 1)]
    assert len(won) > 0


def test_the_last_mover_of_a_won_game_won_it(board):
    net, rng = play.TwoHeads(board, seed=0), np.random.default_rng(1)
    games = play.self_play(board, net, 20, rng, simulations=0)
    _, _, value = board.play(games.own, games.other, games.played)
    assert (games.ended[value == -1] == 1).all() and (value == -1).any()
    assert (games.ended[value == 0] == 0).all()


def test_mirrored_games_are_as_legal(board):
    games = play.self_play(board, play.TwoHeads(board), 4, np.random.default_rng(2), simulations=0)
    both = training.mirrored(board, games)
    _, _, value = board.play(both.own, both.other, both.played)
    half = len(games.own)
    assert np.array_equal(value[:half], value[half:], equal_nan=True)
    assert np.array_equal(both.wanted[half:, ::-1], games.wanted)


def test_training_learns_and_repeats(board, solved):
    own, other, results = play.decisive(solved, 400, seed=5)
    seen = []
    options = {"rounds": 6, "games": 64, "simulations": 8, "seed": 3}
    net = play.fit(board, watch=lambda n, net: seen.append(n), **options)
    again = play.fit(board, **options)
    assert seen == list(range(7)) and not net.training
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    share = play.share_optimal(play.alone(board, play.judge(net))(own, other), results)
    assert share > play.share_optimal(play.at_random(board)(own, other), results) + 0.05


def test_reward_alone_gives_a_player(board):
    net = play.reward_alone(board, rounds=2, games=32, seed=0)
    own, other, _ = board.after("1111")
    assert play.alone(board, play.judge(net))(own, other)[0] in (1, 2, 3)


def test_share_optimal_by_hand():
    results = np.array([[1, 1, -1], [0, play.FULL, -1], [-1, 0, 1], [-1, -1, play.FULL]])
    assert play.share_optimal(np.array([1, 0, 1, 0]), results) == 0.75


def test_perfect_play_saves_all_and_chance_little(board, solved):
    assert play.saved(solved, perfect(solved, seed=9), 60, seed=1) == 1
    assert play.saved(solved, play.at_random(board), 60, seed=1) < 0.7


def test_decisive_positions_have_a_wrong_move(solved):
    own, other, results = play.decisive(solved, 300, seed=1)
    worst = np.where(results == play.FULL, 9, results).min(1)
    assert (worst < results.max(1)).all() and 200 < len(own) <= 300
    assert len(np.unique((own | other).sum(1))) > 8


def test_the_trainers_state_is_not_the_worlds(board):
    before = torch.random.get_rng_state()
    play.TwoHeads(board, seed=4)
    play.fit(board, rounds=1, games=8, simulations=2, seed=0)
    assert torch.equal(before, torch.random.get_rng_state())
    assert pole.EDGE == 2.4
