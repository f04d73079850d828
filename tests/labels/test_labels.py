"""labkit.labels: crowds, agreement, what was typed, learning without labels, asking."""

import math

import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from labkit import data, labels
from labkit.labels import active, crowd, measuring, selfsup
from labkit.labels.answers import Answer

# --- crowds


def test_kappa_is_scikit_learns():
    draws = torch.Generator().manual_seed(0)
    for kinds in (2, 3, 7):
        a = torch.randint(-1, kinds, (60,), generator=draws)
        b = torch.where(
            torch.rand(60, generator=draws) < 0.5,
            a,
            torch.randint(0, kinds, (60,), generator=draws),
        )
        assert crowd.kappa(a, b) == pytest.approx(cohen_kappa_score(a.numpy(), b.numpy()))
    assert crowd.kappa(torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 1, 0])) == 0
    assert math.isnan(crowd.kappa(torch.ones(3), torch.ones(3)))


def test_a_crowd_is_as_it_was_ordered():
    drawn = crowd.make_crowd(good=4, lazy=2, adversaries=1, things=2000, each=5, seed=1)
    assert drawn.votes.shape == (2000, 7) and drawn.truth.shape == (2000,)
    assert ((drawn.votes >= 0).sum(1) == 5).all() and drawn.votes.min() == -1
    assert torch.allclose(drawn.confusion.sum(2), torch.ones(7, 3))
    right = drawn.confusion.diagonal(dim1=1, dim2=2)
    assert (right[:4] >= 0.7).all() and (right[:4] <= 0.9).all() and (right[6] < 0.1).all()
    seen = torch.stack([(drawn.votes[drawn.votes[:, w] >= 0, w] == k).float().mean()
                        for w in (4, 5) for k in range(3)]).view(2, 3)  # fmt: skip
    assert (seen.max(1).values > 0.9).all()  # lazy: one class, nearly always
    again = crowd.make_crowd(good=4, lazy=2, adversaries=1, things=2000, each=5, seed=1)
    assert all(map(torch.equal, drawn, again))
    with pytest.raises(ValueError, match="5 votes a thing"):
        crowd.make_crowd(good=2, lazy=1)


def test_the_e_step_by_hand():
    confusion = torch.tensor([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])
    prior = torch.tensor([0.25, 0.75])
    votes = torch.tensor([[0, 1], [1, -1], [-1, -1]])
    want = torch.tensor(
        [[0.25 * 0.9 * 0.4, 0.75 * 0.2 * 0.5], [0.25 * 0.1, 0.75 * 0.8], prior.tolist()]
    )
    torch.testing.assert_close(
        crowd.e_step(votes, prior, confusion), want / want.sum(1, keepdim=True)
    )


def test_confusions_are_counted_by_belief():
    votes, belief = torch.tensor([[0], [1], [-1]]), torch.tensor([[1.0, 0], [0.5, 0.5], [0, 1]])
    want = torch.tensor([[[1, 0.5], [0.0, 0.5]]])
    torch.testing.assert_close(
        crowd.confusions(belief, votes, smooth=0.0), want / want.sum(2, keepdim=True)
    )


@pytest.mark.parametrize("wrong", [-2, 2])
def test_a_vote_for_no_class_is_refused(wrong):
    with pytest.raises(ValueError, match="from -1 .not asked. to 1 with 2 classes"):
        crowd.dawid_skene(torch.tensor([[0, 1], [1, wrong]]), 2)


def test_dawid_and_skene_find_the_lazy_and_known_answers_turn_it():
    lazy = crowd.make_crowd(good=4, lazy=6, seed=0)
    belief, confusion = crowd.dawid_skene(lazy.votes, 3)
    torch.testing.assert_close(belief.sum(1), torch.ones(300))
    right = [(said == lazy.truth).float().mean()
             for said in (crowd.majority(lazy.votes, 3), belief.argmax(1))]  # fmt: skip
    assert right[1] > right[0] + 0.1
    assert (confusion - lazy.confusion).abs().mean() < 0.1
    bad = crowd.make_crowd(good=4, lazy=2, adversaries=4, seed=0)
    known = {i: int(bad.truth[i]) for i in range(30)}
    turned, rescued = (
        (crowd.dawid_skene(bad.votes, 3, known=told)[0].argmax(1) == bad.truth).float().mean()
        for told in (None, known)
    )
    assert turned < 0.2 and rescued > 0.8


def test_ties_of_the_majority_are_broken_by_lot():
    votes = torch.tensor([[0, 1]] * 400)
    assert 0.4 < crowd.majority(votes, 2, seed=3).float().mean() < 0.6
    assert (crowd.majority(torch.tensor([[0, 2, 2, -1]]), 3) == 2).all()


def test_asking_ends_when_one_side_is_ahead():
    signs = torch.tensor(
        [[1, 1, -1, -1, -1], [1, -1, -1, -1, 0], [1, -1, 0, 1, -1], [0, 0, 0, 0, 1]]
    )
    said, asked = crowd.ask_until(signs, lead=2, most=5)
    assert said.tolist() == [1, -1, 0, 1] and asked.tolist() == [2, 4, 5, 5]
    ratings = torch.arange(12).view(3, 4)
    mixed = crowd.shuffled(ratings, seed=1)
    assert torch.equal(mixed.sort(1).values, ratings) and not torch.equal(mixed, ratings)


# --- what was typed


def test_answers_come_back_as_they_were(tmp_path):
    rows = [Answer("a,b.png", 'wo"lf', 1.25, "Zoë"), Answer("c.png", "husky", math.nan, "Zoë")]
    path = labels.free_path(tmp_path, "Zoë / me")
    labels.save_answers(path, rows, new=True)
    assert path.name == "labels_Zoë_me_1.csv" and list(tmp_path.iterdir()) == [path]
    back = labels.read_answers(path)
    assert back["a,b.png"] == rows[0] and math.isnan(back["c.png"].seconds)
    with pytest.raises(FileExistsError):
        labels.save_answers(path, [], new=True)
    assert labels.free_path(tmp_path, "Zoë / me").name.endswith("_2.csv")
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="is no file of labels"):
        labels.read_answers(tmp_path / "other.csv")


def test_what_two_people_labelled_both():
    one = {p: Answer(p, label, 1.0, "a") for p, label in zip("abc", "012", strict=True)}
    two = {p: Answer(p, label, 1.0, "b") for p, label in zip("bcd", "123", strict=True)}
    assert labels.in_common(one, two) == [("1", "1"), ("2", "2")]


# --- without labels


def test_the_loss_of_two_pairs_by_hand():
    a, b = torch.tensor([[2.0, 0], [0, 1]]), torch.tensor([[3.0, 0], [0, 5]])
    want = -math.log(math.e / (math.e + 2))  # partner 1, two others 0
    assert float(selfsup.nt_xent(a, b, 1.0)) == pytest.approx(want)
    assert float(selfsup.nt_xent(a[:1], b[:1], 1.0)) == 0


@pytest.fixture(scope="module")
def digits():
    return data.load_digits()


def test_simclr_learns_without_a_label(digits):
    before, steps = torch.random.get_rng_state(), []
    one = selfsup.simclr(
        digits[0].images[:300], steps=4, batch_size=32, seed=1, watch=lambda *s: steps.append(s)
    )
    two = selfsup.simclr(digits[0].images[:300], steps=4, batch_size=32, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert [step for step, _ in steps] == [1, 2, 3, 4] and steps[-1][1] < steps[0][1]
    made = [selfsup.features(net, digits[1].images[:20]) for net in (one, two)]
    assert made[0].shape == (20, 64) and torch.equal(*made) and not one.training


def test_quarter_turns(digits):
    images = digits[1].images[:3]
    turned = selfsup.quarter_turns(images)
    assert torch.equal(turned[:3], images) and torch.equal(turned[6:9], images.flip(2).flip(3))
    net = selfsup.turned(digits[0].images, steps=25, seed=0)
    assert selfsup.turns_right(net, digits[1].images[:200]) > 0.6


def test_supervised_learns_the_few_and_leaves_the_start(digits):
    rows = selfsup.few(digits[0].labels, 2, seed=1)
    assert digits[0].labels[rows].bincount().tolist() == [2] * 10
    few = digits[0].images[rows], digits[0].labels[rows]
    start = selfsup.Encoder(seed=1).eval()
    was = {name: value.clone() for name, value in start.state_dict().items()}
    net = selfsup.supervised(*few, start=start, steps=30, seed=1)
    assert (net(few[0]).argmax(1) == few[1]).all()
    assert all(torch.equal(was[name], value) for name, value in start.state_dict().items())
    with pytest.raises(ValueError, match="fewer than 600"):
        selfsup.few(digits[0].labels, 600)


# --- asking


def test_the_least_sure_rows():
    probabilities = torch.tensor([[0.5, 0.1, 0.4], [0.34, 0.33, 0.33], [0.9, 0.05, 0.05]])
    assert active.unsure(probabilities, 2).tolist() == [1, 0]


def test_a_course_labels_new_rows_only(digits):
    known, asked = active.components(digits[0].images[:400], digits[1].images[:200], count=10)
    assert known.shape == (400, 10) and float(known.std()) == pytest.approx(1, rel=1e-3)
    parts = (known, digits[0].labels[:400]), (asked, digits[1].labels[:200])
    for pick in (None, active.unsure):
        course = active.ask(*parts, pick=pick, sizes=(20, 60), seed=2)
        assert len(course.right) == 2 and len(course.rows.unique()) == len(course.rows) == 60
    assert torch.equal(course.rows[:20], active.ask(*parts, sizes=(20,), seed=2).rows)
    wrong = active.ask(*parts, sizes=(20, 60), noise=1.0, seed=2)
    assert wrong.right[-1] < 0.15


# --- the table


def test_the_table_has_three_new_seeds():
    rows = labels.load_few_labels()
    assert [row["seed"] for row in rows] == [10, 11, 12]
    ways = ("pixels", "untrained", "turned", "grain", "simclr", "scratch", "scratch, views")
    for row in rows:
        assert all(0.1 < row[f"{way} {n}"] < 1 for way in ways for n in measuring.LABELS)


def test_a_row_of_the_table_comes_out_again(digits):
    row = labels.load_few_labels()[0]
    assert labels.learned(*digits, None, 10, seed=10) == pytest.approx(row["pixels 10"], abs=0.01)
    untrained = selfsup.Encoder(seed=10).eval()
    found = labels.learned(*digits, untrained, 5, seed=10)
    assert found == pytest.approx(row["untrained 5"], abs=0.02)
    asked = measuring.asked_for(*digits, seed=10)
    # which images are asked for turns on roundings: another processor's arithmetic moves it by .021
    assert asked["unsure 320"] == pytest.approx(row["unsure 320"], abs=0.04)
