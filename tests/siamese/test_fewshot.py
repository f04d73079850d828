"""Verification, neighbours and few-shot: against scikit-learn and hand-computed answers."""

import pytest
import torch
from sklearn.metrics import roc_curve
from sklearn.neighbors import KNeighborsClassifier

from labkit.siamese import fewshot


def noisy_pairs(count, gap, seed=0):
    generator = torch.Generator().manual_seed(seed)
    same = torch.rand(count, generator=generator) < 0.5
    return torch.randn(count, generator=generator) + gap * ~same, same


def test_errors_are_scikit_learns_roc():
    distances, same = noisy_pairs(300, 1.0)
    distances = (distances * 8).round() / 8  # with ties
    accepted, right, cuts = roc_curve(same.numpy(), -distances.numpy(), drop_intermediate=False)
    for accept, hit, cut in zip(accepted[1:], right[1:], cuts[1:], strict=True):
        assert fewshot.errors(distances, same, -cut) == pytest.approx((accept, 1 - hit))


def test_errors_by_hand_and_pairs_of_one_kind():
    distances = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    same = torch.tensor([True, True, False, True, False, False])
    assert fewshot.errors(distances, same, 0.3) == pytest.approx((1 / 3, 1 / 3))
    assert fewshot.errors(distances, same, 0.0) == (0, 1)
    assert fewshot.errors(distances, same, 1.0) == (1, 0)
    with pytest.raises(ValueError, match="both kinds"):
        fewshot.errors(torch.rand(3), torch.ones(3, dtype=torch.bool), 0.5)


def test_knn_is_scikit_learns():
    generator = torch.Generator().manual_seed(1)
    known, asked = (torch.randn(n, 4, generator=generator) for n in (700, 600))
    labels = torch.randint(3, 8, (700,), generator=generator)
    for k in (1, 5):
        model = KNeighborsClassifier(k).fit(known.numpy(), labels.numpy())
        want = torch.tensor(model.predict(asked.numpy()))
        agree = fewshot.knn(asked, known, labels, k=k) == want
        assert agree.float().mean() > (
            0.999 if k == 1 else 0.8
        )  # scikit-learn breaks ties by label


def test_ties_go_to_the_nearer():
    known, labels = torch.tensor([[0.0], [1.0], [2.2], [3.0]]), torch.tensor([4, 4, 1, 1])
    assert fewshot.knn(torch.tensor([[1.4]]), known, labels, k=4).tolist() == [4]
    assert fewshot.knn(torch.tensor([[1.8]]), known, labels, k=4).tolist() == [1]


def test_nearest_mistakes():
    with pytest.raises(ValueError, match="k must be from 1 to 3"):
        fewshot.nearest(torch.rand(2, 2), torch.rand(3, 2), k=4)
    with pytest.raises(ValueError, match="2 labels for 3"):
        fewshot.knn(torch.rand(2, 2), torch.rand(3, 2), torch.zeros(2).long())


def test_episodes_hold_different_images_of_different_classes():
    labels = torch.tensor([3] * 4 + [7] * 6 + [1] * 5 + [2] * 3)
    rows = fewshot.draw_episodes(labels, ways=3, shots=2, episodes=500, seed=2)
    kinds = labels[rows]
    assert rows.shape == (500, 3, 3) and (kinds == kinds[..., :1]).all()
    assert (kinds[..., 0].sort(1).values.diff(dim=1) > 0).all()
    assert (rows.sort(-1).values.diff(dim=-1) > 0).all()
    assert set(rows.flatten().tolist()) == set(range(18))
    share = rows[kinds == 7].bincount(minlength=10)[4:10].double()
    assert (share / share.sum() - 1 / 6).abs().max() < 0.03


def test_few_shot_of_perfect_useless_and_split_embeddings():
    labels = torch.arange(60) % 6
    assert fewshot.few_shot(torch.eye(6)[labels], labels, ways=6) == 1
    noise = torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
    assert fewshot.few_shot(noise, labels, ways=5) == pytest.approx(0.2, abs=0.04)
    many = fewshot.few_shot(noise.repeat(1, 3000), labels, ways=5, episodes=200)  # in small parts
    few = fewshot.few_shot(noise, labels, ways=5, episodes=200)
    assert many == pytest.approx(few, abs=0.01)


def test_more_shots_help():
    labels = torch.arange(400) % 4
    z = torch.eye(4)[labels] + torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    one, ten = (fewshot.few_shot(z, labels, ways=4, shots=shots) for shots in (1, 10))
    assert ten > one + 0.05


def test_one_shot_by_hand():
    examples = torch.tensor([[[0.0], [1.0]], [[0.0], [4.0]]])
    asked = torch.tensor([[[0.2], [0.3]], [[1.0], [9.0]]])
    assert fewshot.one_shot(examples, asked) == 0.75


def test_seed_decides_and_the_global_state_stays():
    labels, before = torch.arange(30) % 3, torch.random.get_rng_state()
    drawn = [fewshot.draw_episodes(labels, ways=2, shots=1, episodes=9, seed=s) for s in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(before, torch.random.get_rng_state())


def test_too_few_classes_or_images():
    with pytest.raises(ValueError, match="5 ways of 1 shots need 5 classes"):
        fewshot.few_shot(torch.rand(8, 2), torch.arange(8) % 2)
    with pytest.raises(ValueError, match="there are 0 such classes among 4 images"):
        fewshot.few_shot(torch.rand(4, 2), torch.arange(4), ways=2)
    with pytest.raises(ValueError, match="among 0 images"):
        fewshot.few_shot(torch.rand(0, 2), torch.zeros(0).long())
    with pytest.raises(ValueError, match=r"embeddings must be \(N, D\)"):
        fewshot.few_shot(torch.rand(4, 2), torch.zeros(5).long())
