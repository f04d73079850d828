"""What ships with lab 12: the player of the wider board, and the table."""

import numpy as np
import pytest
import torch

from labkit import play
from labkit.paths import data_dir
from labkit.play import pack, shipped


def test_the_player_beats_chance_and_sees_a_win():
    board, net = play.load_player()
    assert (board.width, board.height) == (5, 4)
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    ask = play.judge(net)
    logits, value = ask(*board.after("112233")[:2])
    assert value[0] > 0.5 and logits[0].argmax() == 3
    strong, weak = play.looking_ahead(board, ask, 16), play.at_random(board, seed=2)
    (own, other), results, mine = board.empty(40), [], True
    while len(own):
        own, other, value = board.play(own, other, (strong if mine else weak)(own, other))
        over = ~np.isnan(value)
        results += (value[over] * (-1 if mine else 1)).tolist()
        own, other, mine = own[~over], other[~over], not mine
    assert len(results) == 40 and np.mean(results) > 0.85


def test_the_table_has_three_seeds_of_each_board():
    rows = play.load_games()
    assert {row["seed"] for row in rows} == set(pack.SEEDS) == {10, 11, 12}
    assert len(rows) == 3 * 17 + 3 * 18
    assert all(0 <= row["optimal"] <= 1 and 0 <= row["saved"] <= 1 for row in rows)


def test_measured_rows_name_every_player():
    solved = play.solve(play.Board(4, 3, 3))
    net = play.TwoHeads(solved.board)
    rows = play.measured(solved, net, board="tiny")
    assert len(rows) == 2 + 3 * len(play.ablated(solved.board, net)) and len(rows[0]) == 5
    full = [row["optimal"] for row in rows if row["player"] == "rollouts"]
    assert full[0] < full[-1]  # more simulations, better moves


def test_a_pack_writes_what_is_read(tmp_path, monkeypatch):
    def tiny(board, **options):
        return play.TwoHeads(board, units=options.get("units", 128), seed=options["seed"])

    row = {"player": "random", "simulations": 0, "optimal": 0.5, "saved": 0.25}
    monkeypatch.setattr(pack.play, "fit", tiny, raising=False)
    monkeypatch.setattr(pack.play, "reward_alone", tiny, raising=False)
    monkeypatch.setattr(pack.play, "solve", lambda board: type("S", (), {"board": board}))
    monkeypatch.setattr(pack, "measured", lambda solved, net, **notes: [notes | row])
    monkeypatch.setattr(pack, "scored", lambda solved, player: {"optimal": 0.5, "saved": 0.5})
    pack.pack(tmp_path)
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    assert len(shipped.load_games()) == 9 and shipped.load_games()[0]["saved"] == 0.25
    _, net = shipped.load_player()
    assert torch.allclose(net.policy.bias, torch.zeros(5))


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    assert (data_dir() / shipped.PLAYER).stat().st_size < 1e6
    monkeypatch.setattr(shipped, "data_dir", lambda: tmp_path)
    for load in (shipped.load_player, shipped.load_games):
        with pytest.raises(FileNotFoundError, match="connect"):
            load()
