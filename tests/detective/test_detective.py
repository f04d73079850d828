"""Lab 19's evidence: a survey whose truth is known, planted bugs, calibration, topics."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import permutation_test

from labkit.detective import calibration, comparing, pipeline, survey, topics

# --- the survey


@pytest.mark.parametrize("kind", survey.MESSES)
def test_each_mess_is_read_again(kind):
    rng = np.random.default_rng(3)
    room = {"a number": 0.51, "a unit": 0.51, "a range": 1.01, "a remark": 0.51, "at least": 0.51}
    room |= {"minutes": 0.13, "a decimal comma": 0.051, "days": 2.01}
    for hours in (2.3, 4.0, 7.6, 12.2, 31.0):
        for _ in range(4):
            text = survey.MESSES[kind][1](hours, rng)
            read = survey.read_hours(text)
            assert math.isnan(read) if kind == "no number" else abs(read - hours) <= room[kind], (
                text
            )


def test_a_survey_depends_on_its_seed_alone():
    one, same, other = (survey.make_survey(20, seed=seed) for seed in (4, 4, 5))
    assert one.texts == same.texts and (one.hours == same.hours).all()
    assert one.texts != other.texts and one.hours.shape == (20, 3)


def test_hours_have_the_median_the_ratio_and_the_habit():
    hours = survey.make_hours(40_000, (1, 1.5), seed=1)
    assert np.median(hours, 0) == pytest.approx([10, 15], rel=0.02)
    assert np.corrcoef(np.log(hours).T)[0, 1] == pytest.approx(0.7, abs=0.02)


def test_shares_of_messes_are_as_told():
    rng = np.random.default_rng(0)
    texts = [survey.written(10.0, rng) for _ in range(4000)]
    assert np.mean([text == "10" for text in texts]) == pytest.approx(0.42, abs=0.04)
    assert sum(share for share, _ in survey.MESSES.values()) == pytest.approx(1)


def test_a_class_may_bring_a_file_or_lines(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\ufeffName,HW1,hw2, hw3 \nx,10-15,,half a day\n", encoding="utf-8")
    assert survey.read_answers(path) == [["10-15", "", "half a day"]]
    assert survey.read_answers(str(path)) == [["10-15", "", "half a day"]]
    assert survey.read_answers(["1; 2 ;", "  ", "a;b;c"]) == [["1", "2", ""], ["a", "b", "c"]]


def test_what_is_no_survey_is_named(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("hw1,hours\n1,2\n")
    with pytest.raises(ValueError, match="lacks the column hw2"):
        survey.read_answers(path)
    path.write_text("")
    with pytest.raises(ValueError, match="lacks the column hw1"):
        survey.read_answers(path)
    with pytest.raises(ValueError, match="'1; 2' has 2 answers: give 3"):
        survey.read_answers(["1; 2"])
    path.write_text("hw1,hw2,hw3\n1\n")
    assert survey.read_answers(path) == [["1", "", ""]]


# --- comparing


def test_p_is_scipys():
    first, second = survey.make_hours(8, (1, 1.3), seed=2).T
    exact = permutation_test(
        (first, second),
        lambda a, b, axis: np.mean(b - a, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    signs = comparing.random_signs(20_000, 8, seed=1)
    assert comparing.paired_p(first, second, signs) == pytest.approx(exact.pvalue, abs=0.01)


def test_p_is_never_0_and_1_without_a_difference():
    signs = comparing.random_signs(99, 30, seed=0)
    hours = np.linspace(5, 20, 30)
    assert comparing.paired_p(hours, hours + 5, signs) == 0.01
    assert comparing.paired_p(hours, hours, signs) == 1
    assert comparing.unpaired_p(hours, hours + 50, rounds=99) == 0.01
    assert comparing.unpaired_p(hours, hours, rounds=99) == 1


def test_the_interval_holds_the_mean_of_what_was_drawn():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        low, high = comparing.interval(rng.normal(3, 1, 40), rounds=300, seed=seed)
        held += low < 3 < high
    assert 175 <= held <= 198


@pytest.mark.parametrize(
    ("order", "sign"), [("at random", 0), ("fast first", 1), ("slow first", -1)]
)
def test_who_answers_first(order, sign):
    found = []
    for seed in range(100):
        hours = survey.make_hours(40, (1,), seed=seed)[:, 0]
        first = comparing.arrival(hours, order, seed=seed)
        assert sorted(first) == list(range(40))
        found.append(np.log(hours[first[:12]]).mean() - np.log(hours).mean())
    assert np.sign(round(np.mean(found), 1)) == -sign


def test_a_preview_of_everybody_has_no_bias():
    everybody, same = comparing.preview("slow first", 1.5, answers=40, seed=3)
    assert everybody == pytest.approx(same)


# --- the pipeline


@pytest.fixture(scope="module")
def runs():
    return {bug: pipeline.run(bug, seed=3) for bug in (None, *pipeline.BUGS)}


@pytest.mark.parametrize("bug", pipeline.BUGS)
def test_a_bug_changes_what_its_step_makes_and_nothing_before(runs, bug):
    made = {
        "load": ["pictures"],
        "label": ["labels"],
        "split": ["train", "test"],
        "brighten": ["bright"],
        "scale": ["known", "asked"],
        "train": ["order"],
    }
    wrong = pipeline.BUGS[bug][0]
    for step in pipeline.STEPS:
        same = [
            torch.equal(getattr(runs[bug], name), getattr(runs[None], name)) for name in made[step]
        ]
        assert all(same) == (step != wrong), step
        if step == wrong:
            break
    assert runs[bug].wrong_step == wrong and runs[None].wrong_step == "none"


def test_the_sound_run_is_sound(runs):
    case = runs[None]
    assert not torch.isin(case.test, case.train).any()
    assert len(case.train) == 4000 and len(case.test) == 1000
    assert torch.equal(case.labels, case.truth)
    assert case.asked.max() == 1 and case.known.max() == 1
    assert all(torch.equal(rows.sort().values, torch.arange(4000)) for rows in case.order)
    assert case.score > 0.88


def test_each_bug_is_what_it_says(runs):
    assert torch.equal(runs["turned"].pictures.transpose(2, 3), runs[None].pictures)
    wrong = runs["mislabelled"].labels != runs["mislabelled"].truth
    assert wrong.float().mean() == pytest.approx(0.1, abs=0.02)
    shared = torch.isin(runs["leak"].test, runs["leak"].train)
    assert shared.sum() == pipeline.LEAKED
    grey = runs[None].pictures >= 128
    assert (runs["overflow"].bright[grey] < runs[None].bright[grey]).all()
    assert torch.equal(runs["overflow"].bright[~grey], runs[None].bright[~grey])
    assert runs["unscaled"].asked.max() == 255
    ordered = runs["sorted"].labels[runs["sorted"].train][runs["sorted"].order[0]]
    assert (ordered.diff() >= 0).all()


def test_a_run_repeats_and_keeps_the_global_seed():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same = pipeline.run("leak", seed=7), pipeline.run("leak", seed=7)
    assert torch.equal(one.logits(), same.logits())
    assert torch.equal(before, torch.random.get_rng_state())
    with pytest.raises(ValueError, match="no bug 'typo'.*turned"):
        pipeline.run("typo")


def test_cases_hide_five_bugs_under_letters(monkeypatch):
    monkeypatch.setattr(pipeline, "run", lambda bug, seed: (bug, seed))
    orders = set()
    for seed in range(4):
        found = pipeline.cases(seed=seed)
        assert list(found) == list("ABCDEF")
        assert {bug for bug, _ in found.values()} == set(pipeline.PLANTED)
        orders.add(tuple(str(bug) for bug, _ in found.values()))
    assert len(orders) > 1


def test_nearest_distances_find_copies():
    pictures = torch.rand(9, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = pipeline.nearest_distance(pictures[:3], pictures[2:])
    assert found[2] < 1e-3 and (found[:2] > 0.3).all()
    assert float(found[0]) == pytest.approx(
        min(float((pictures[0] - p).norm()) for p in pictures[2:]), rel=1e-4
    )


# --- calibration


def test_the_ece_by_hand():
    sure = torch.tensor([[0.95, 0.05], [0.93, 0.07], [0.35, 0.65], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 0])
    last = abs((0.95 + 0.93 + 1.0) / 3 - 2 / 3)
    assert calibration.ece(sure, labels) == pytest.approx(0.75 * last + 0.25 * 0.35, abs=1e-6)
    confidence, right, share = calibration.bins_of(sure, labels)
    assert share.tolist() == [0, 0, 0, 0, 0, 0, 0.25, 0, 0, 0.75]
    assert confidence[0] == right[0] == 0


def test_a_temperature_is_found_again():
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 5, generator=generator)
    labels = logits.softmax(1).multinomial(1, generator=generator).flatten()
    assert calibration.ece(logits.softmax(1), labels) < 0.015
    for factor in (1.0, 2.0, 3.0):
        assert calibration.temperature(factor * logits, labels) == pytest.approx(factor, abs=0.11)


# --- topics


def test_comments_are_48_on_four_topics_without_doubles():
    comments = [text for kind in topics.COMMENTS.values() for text in kind]
    assert len(comments) == len(set(comments)) == 48
    assert {len(kind) for kind in topics.COMMENTS.values()} == {12}


def test_purity_by_hand():
    assert topics.purity(np.array([0, 0, 1, 1]), [5, 5, 2, 5]) == 0.75
    assert topics.purity(np.array([1, 1, 1, 1]), [0, 0, 1, 2]) == 0.5


def test_vectors_put_near_words_together():
    words = ["laptop", "server", "fun", "great"]
    table = torch.tensor([[1.0, 0], [0.9, 0.1], [-1, 0.1], [-0.9, 0]])
    vectors = topics.WordVectors(words, table)
    points = topics.by_vectors(["my laptop", "the server", "fun!", "great", "zzz"], vectors)
    assert points[4].tolist() == [0, 0] and np.linalg.norm(points[:4], axis=1) == pytest.approx(1)
    groups = topics.group(points[:4], 2)
    assert groups[0] == groups[1] != groups[2] == groups[3]
    apart = topics.by_words(["my laptop", "the server", "the laptop"])
    assert apart[0] @ apart[1] == 0 and apart[0] @ apart[2] == pytest.approx(1)


def test_the_seventh_run_has_a_bug_of_its_own():
    case = pipeline.seventh(seed=3)
    assert case.bug in pipeline.BUGS and case.bug not in pipeline.PLANTED
