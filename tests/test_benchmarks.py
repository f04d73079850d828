"""The benchmarks' own machinery: turns, ratios, RESULT lines, results.md and README's table."""

import re
import subprocess
import sys

import pytest
from making import ROOT

from benchmarks import __main__ as bench
from benchmarks import measure

QUESTIONS = """activations attack attribution augment check crowd double-descent explain-true
finetune fit gan import install labs lime-cost render sample-pixels sample-sound search-play selfsup
start widgets""".split()


class Clock:
    """A clock that only moves when a call says so."""

    def __init__(self):
        self.now, self.order = 0.0, []

    def call(self, name, *seconds):
        left = list(seconds)

        def run():
            self.order.append(name)
            self.now += left.pop(0)

        return run


def test_calls_take_turns_the_order_turns_around_and_warm_up_does_not_count():
    clock = Clock()
    calls = {"a": clock.call("a", 9, 1, 2, 3), "b": clock.call("b", 9, 4, 4, 4)}
    times = measure.interleaved(calls, rounds=3, warmup=1, clock=lambda: clock.now)
    assert times == {"a": [1, 2, 3], "b": [4, 4, 4]}
    assert "".join(clock.order) == "ba" + "ab" + "ba" + "ab"


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    times = {"a": [1.0, 2.0, 30.0], "b": [2.0, 2.0, 10.0]}  # medians 2 and 2, ratios .5, 1, 3
    assert measure.ratio(times, "a", "b") == 1.0
    assert measure.ratios(times, "b") == {"a": 1.0, "b": 1.0}
    assert measure.cheapest({"x": [3.0], "y": [1.0], "z": [2.0]}, but=["y"]) == "z"


@pytest.mark.parametrize(
    "value, goal, at_most, line",
    [
        (1.04, 1.05, True, "RESULT q 1.04 <=1.05 ok"),
        (1.06, 1.05, True, "RESULT q 1.06 <=1.05 short"),
        (12.0, 10, False, "RESULT q 12 >=10 ok"),
        (9.0, 10, False, "RESULT q 9 >=10 short"),
        (float("nan"), 10, True, "RESULT q nan <=10 short"),
    ],
)
def test_a_result_says_whether_the_goal_is_reached(capsys, value, goal, at_most, line):
    measure.result("q", value, goal, at_most=at_most)
    assert capsys.readouterr().out == line + "\n"


@pytest.mark.parametrize(
    "gpu, found, said",
    [
        (False, ["cpu"], "Not run: CUDA (there is none here), MPS.\n\n"),
        (True, ["cpu", "cuda"], "Not run: MPS.\n\n"),
    ],
)
def test_devices_that_are_not_run_are_said(capsys, monkeypatch, gpu, found, said):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    assert measure.devices() == found
    assert capsys.readouterr().out == said


def test_a_table_is_markdown(capsys):
    measure.times_table({"a": [0.5, 0.7, 0.6], "b": [0.3, 0.3, 0.3]}, to="b")
    rows = capsys.readouterr().out.split("\n")
    assert "| what | median, ms | x b |" in rows and "| a | 600 | 2 |" in rows


@pytest.mark.parametrize(
    "value, text",
    [
        (0.01234, "0.0123"),
        (999.4, "999"),
        (1663.2, "1,660"),
        (-54_321.0, "-54,300"),
        (float("inf"), "inf"),
        (77_834, "77834"),
        ("6 of 10", "6 of 10"),
    ],
)
def test_three_digits_of_a_number_without_powers_of_ten(value, text):
    assert measure._cell(value) == text


def test_a_picture_is_drawn_and_says_which_bars_it_cuts(tmp_path, monkeypatch):
    from matplotlib import figure
    from PIL import Image

    monkeypatch.setattr(measure, "IMAGES", tmp_path)
    drawn, save = [], figure.Figure.savefig
    monkeypatch.setattr(
        figure.Figure, "savefig", lambda f, *a, **k: (drawn.append(f), save(f, *a, **k))
    )
    groups = {"one": {"labkit": 1.0, "as labkit": 2.0, "slow": 90.0}, "two": {"wolf": 0.5}}
    measure.picture("q", groups, unit="times", goal=1.0)
    assert Image.open(tmp_path / "q.png").width > 600
    one, two = drawn[0].axes
    assert [text.get_text() for text in one.texts] == ["1", "2", "90 (bar cut off)"]
    assert [bar.get_width() for bar in one.patches] == [1, 2, 6]
    ours, *peers = [bar.get_facecolor() for bar in one.patches]
    assert ours not in peers and two.patches[0].get_facecolor() == ours


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """results.md and a README in a folder of their own."""
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{bench.BEGIN}\nold\n{bench.END}\nafter\n")
    monkeypatch.setattr(bench, "README", readme)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.md")
    return tmp_path


def test_a_section_is_replaced_the_others_stay_and_the_readme_follows(elsewhere):
    bench.store("render", "| t |\n|---|\n\nRESULT render 2 <=1 short\n")
    bench.RESULTS.write_text(f"{bench.RESULTS.read_text()}\n## history\n\nOf old: 7.\n")
    bench.store("fit", "RESULT fit 1 <=1.05 ok\n")
    bench.store("render", "RESULT render 0.9 <=1 ok\nRESULT render-cuda 0.1 <=1 ok\n")
    text = (elsewhere / "results.md").read_text()
    assert list(bench.sections(text)) == ["fit", "render", "history"]
    assert text.endswith("\n## history\n\nOf old: 7.\n")
    assert "RESULT render 2" not in text and text.count("# Benchmarks") == 1
    assert (elsewhere / "README.md").read_text().split("\n") == [
        "before",
        bench.BEGIN,
        "| benchmark | measured | goal | |",
        "|---|---|---|---|",
        "| [fit](benchmarks/fit.py) | 1 | at most 1.05 | ok |",
        "| [render](benchmarks/render.py) | 0.9 | at most 1 | ok |",
        bench.END,
        "after",
        "",
    ]


def test_the_readme_shows_what_is_nearest_to_its_goal_and_never_hides_what_is_short():
    results = {name: f"RESULT {name} 0.{i}1 <=1 ok\n" for i, name in enumerate(bench.names())}
    results["gan"] = "RESULT gan 20 >=10 ok\nRESULT gan-mode 9 >=10 short\n"
    results["explain-true"] = "RESULT explain-true -0.1 >=0 short\n"
    table = bench.summary(results)
    assert table.count("\n") == 2 + bench.SHOWN
    assert "gan.py), mode | 9" in table and "-0.1 | at least 0 | short" in table


def test_one_that_fails_leaves_the_results_as_they_were(elsewhere, monkeypatch):
    bench.store("fit", "RESULT fit 1 <=1.05 ok\n")
    before = (elsewhere / "results.md").read_text()
    monkeypatch.setattr(bench, "names", lambda: {"fit": "no_such_script"})
    assert bench.main(["fit"]) == 1
    assert (elsewhere / "results.md").read_text() == before


def test_an_unknown_name_is_told_with_the_known_ones(capsys):
    assert bench.main(["lime"]) == 2
    assert "no benchmark lime; there are: activations, attack" in capsys.readouterr().err


def test_every_question_has_a_script_that_says_what_it_measures():
    assert sorted(bench.names()) == QUESTIONS
    for name, module in bench.names().items():
        script = (ROOT / "benchmarks" / f"{module}.py").read_text()
        assert re.match(r'"""\w', script), name
        assert re.search(rf'result\(\s*f?"{name}', script), name


def test_readme_shows_the_numbers_of_the_results():
    kept = bench.sections((ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition(bench.BEGIN)[2].partition(bench.END)[0]
    assert list(kept) == [*QUESTIONS, bench.HISTORY]
    assert shown == "\n" + bench.summary(kept)
    for name in QUESTIONS:
        assert f"(images/{name}.png)" in kept[name], name
        assert (bench.HERE / "images" / f"{name}.png").is_file(), name
    for picture in re.findall(r"benchmarks/images/[\w-]+\.png", readme):
        assert (ROOT / picture).is_file()


def test_benchmarks_ask_for_what_is_not_installed_only_when_they_run():
    found = "import sys, benchmarks.__main__ as b; b.names(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", found], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
