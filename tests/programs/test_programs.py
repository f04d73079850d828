"""labkit.programs: strings by hand, a hand-made loop, derivatives that pass or don't."""

import pytest
import torch

from labkit import data, programs


def test_parity_and_majority_by_hand():
    bits = torch.tensor([[1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0]])
    assert programs.parity(bits).tolist() == [[1, 0, 0, 0, 1, 0], [0, 0, 1, 0, 1, 1]]
    assert programs.majority(bits).tolist() == [[1, 1, 1, 0, 1, 1], [0, 0, 0, 0, 1, 0]]
    assert programs.parity(bits[0]).tolist() == [1, 0, 0, 0, 1, 0]


def test_random_bits_come_by_seed_or_from_a_generator():
    one = programs.random_bits(500, 20, seed=3)
    assert torch.equal(one, programs.random_bits(500, 20, seed=torch.Generator().manual_seed(3)))
    assert one.shape == (500, 20) and abs(one.float().mean() - 0.5) < 0.02
    assert not torch.equal(one, programs.random_bits(500, 20, seed=4))


def counter(bits):
    """A loop without limits: how many more 1s than 0s."""
    return (2.0 * bits - 1).cumsum(1) - 0.5


def test_an_exact_loop_is_right_at_any_length_and_counts_to_any_number():
    assert programs.right_by_length(counter, "majority", (1, 10, 100), count=50) == [1.0] * 3
    assert programs.zeros_needed(counter, (1, 4, 30), most=40) == [1, 4, 30]
    assert programs.zeros_needed(counter, (9,), most=5) == [6]
    always = programs.right_by_length(lambda b: torch.ones(b.shape), "parity", (7,), count=2000)
    assert abs(always[0] - 0.5) < 0.05


def test_a_loop_learns_parity_and_leaves_the_global_state_alone():
    before, steps = torch.random.get_rng_state(), []
    net = programs.train_loop("parity", seed=0, steps=300, length=4, watch=steps.append)
    assert programs.right_by_length(net, "parity", (4,), count=500)[0] > 0.9
    assert torch.equal(before, torch.random.get_rng_state())
    assert steps == list(range(300)) and not net.training
    with pytest.raises(ValueError, match="parity, majority, not 'sum'"):
        programs.train_loop("sum", seed=0)


def test_a_loop_answers_a_string_from_left_to_right():
    net, bits = programs.Loop(seed=1), programs.random_bits(3, 9, seed=0)
    changed = bits.clone()
    changed[:, 6:] = 1 - changed[:, 6:]
    assert torch.allclose(net(bits)[:, :6], net(changed)[:, :6])
    assert not torch.allclose(net(bits)[:, 6:], net(changed)[:, 6:])


def test_straight_through_rounds_and_passes_the_gradient():
    shares = torch.tensor([0.1, 0.6, 0.9], requires_grad=True)
    bits = programs.straight_through(shares)
    (bits * torch.tensor([2.0, -3.0, 5.0])).sum().backward()
    torch.testing.assert_close(bits.detach(), torch.tensor([0.0, 1.0, 1.0]))
    assert shares.grad.tolist() == [2.0, -3.0, 5.0]
    assert not programs.cut_off(shares).requires_grad


def test_only_straight_through_trains_what_comes_before():
    images = data.load_digits()[0].images[:300]
    start = programs.Squeeze(programs.cut_off, seed=5)
    for rounding, moves in ((programs.straight_through, True), (programs.cut_off, False)):
        net = programs.train_codes(rounding, images, seed=5, steps=20)
        moved = net.encoder[1].weight - start.encoder[1].weight
        assert bool(moved.any()) == moves
        assert not torch.equal(net.decoder[0].weight, start.decoder[0].weight)
    error = programs.code_error(net, images)
    assert 0 < error < 0.3 and net(images[:7]).shape == (7, 1, 28, 28)
