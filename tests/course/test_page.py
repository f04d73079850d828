"""The last page: what is on it, that it needs nothing else, and that it never takes one's edits."""

import json
from datetime import date

import nbformat
import pytest

import labkit
from labkit.course import copies, page, prediction, progress

DAY = date(2026, 5, 4)
GREEN = nbformat.v4.new_output("stream", name="stdout", text="\x1b[32m✓ Right.\x1b[0m\n")


@pytest.fixture
def folder(tmp_path):
    copies.copy_labs(tmp_path, labs=["00", "01"])
    return tmp_path


def answered(folder, name, **answers):
    """A file of answers; each is answer, truth, options."""
    keys = ("answer", "truth", "options")
    entries = {q: dict(zip(keys, a, strict=False)) for q, a in answers.items()}
    (folder / f".{name}.predictions.json").write_text(json.dumps(entries), encoding="utf-8")


def text(folder, *doubts):
    return page.write(folder, doubts, day=DAY).read_text(encoding="utf-8")


def test_predictions_of_all_labs_stand_by_lab(folder):
    answered(folder, "00_start_here", First=("eye", "nose", 4), Second=("yes", "yes", 2))
    answered(folder, "lab01", Third=("up", "up", 2))  # where the editor names no notebook
    answered(folder, "02_activation_visualization", Fourth=("a",))  # its copy is gone
    shown = text(folder)
    titles = [lab.title for lab in progress.progress(folder)]
    places = [shown.index(what) for what in (titles[0], "First", titles[1], "Third", titles[2])]
    assert places == sorted(places)
    assert "<td>✗</td><td>First</td><td>eye</td><td>nose</td>" in shown
    assert "<td>✓</td><td>Third</td><td>up</td><td>up</td>" in shown
    assert "<td></td><td>Fourth</td><td>a</td><td>not yet</td>" in shown
    assert "2 of 3 predictions came true: 67%</b> (95 % interval 21% to 94%" in shown
    assert "Drawing lots gives 1.2 on average." in shown  # 1/4 + 1/2 + 1/2
    assert "2026-05-04" in shown


def test_files_without_the_number_of_options_still_count_but_not_for_luck(folder):
    answered(folder, "00_start_here", First=("eye", "eye"), Second=("yes", "no", 2))
    shown = text(folder)
    assert "1 of 2 predictions" in shown and "Drawing lots" not in shown


def test_answers_beside_no_lab_stand_under_their_file(folder):
    answered(folder, "my own", Mine=("a", "b", 2))
    assert "<h3>my own</h3>" in text(folder) and "0 of 1 predictions" in text(folder)


def test_doubts_come_first_and_everything_is_escaped(folder):
    answered(folder, "00_start_here", **{"<i>Q</i>": ("<script>x</script>", "a & b", 2)})
    shown = text(folder, "Is <b>this</b> so?", "  ")
    assert "<li>Is &lt;b&gt;this&lt;/b&gt; so?</li></ul>" in shown
    assert "&lt;script&gt;" in shown and "<script" not in shown and "a &amp; b" in shown
    assert shown.index("Is &lt;b") < shown.index("What I predicted")


def test_an_empty_folder_says_so(tmp_path):
    shown = text(tmp_path)
    assert "No prediction is recorded" in shown and "Nothing written yet" in shown
    assert "No exercise is solved" in shown


def test_damaged_files_are_passed_over(folder):
    for number, content in enumerate([b"{", b"\xff\xfe", b"[1]", b"", b'{"Q": 3}']):
        (folder / f".bad{number}.predictions.json").write_bytes(content)
    (folder / ".bad.predictions.json").mkdir()
    odd = {"Q": {"answer": ["x"], "truth": 3, "options": "many"}, "R\ud800": {"answer": "r"}}
    (folder / ".odd.predictions.json").write_text(json.dumps(odd))
    (folder / "broken.ipynb").write_text("{")
    shown = text(folder)
    assert "0 of 1 predictions" in shown and "bad" not in shown and "R?" in shown


def test_solved_exercises_are_counted(folder):
    path = folder / "00_start_here.ipynb"
    lesson = nbformat.read(path, 4)
    for cell in lesson.cells:
        if "check" in cell.metadata.get("tags", []):
            cell.outputs = [GREEN]
    nbformat.write(lesson, path)
    title = progress.progress(folder)[0].title
    assert f"<td>{title}</td><td>1 of 1</td>" in text(folder)


def test_the_page_loads_nothing(folder):
    shown = text(folder, "see http://example.org")
    for what in ("src=", "href=", "url(", "@import", "<script", "<link"):
        assert what not in shown
    assert "default-src 'none'" in shown


def test_a_page_is_replaced_but_never_one_that_was_edited(folder):
    first = page.write(folder, ["one"], day=DAY)
    assert page.write(folder, ["two"], day=DAY) == first and "two" in first.read_text("utf-8")
    first.write_text(first.read_text("utf-8").replace("two", "my own"), encoding="utf-8")
    second = page.write(folder, ["three"], day=DAY)
    assert (first.name, second.name) == ("my_page.html", "my_page_2.html")
    assert "my own" in first.read_text("utf-8")
    assert page.write(folder, ["four"], day=DAY) == second
    second.write_bytes(b"\xff")
    assert page.write(folder, day=DAY).name == "my_page_3.html"


def test_my_page_shows_a_link_beside_the_notebook(folder, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "00_start_here.ipynb"))
    monkeypatch.chdir(folder.parent)
    labkit.my_page(["one"])
    assert (folder / "my_page.html").is_file()
    assert '<a href="my_page.html"' in shown[0]["text/html"]
    (folder / "my_page.html").write_text("mine")
    labkit.my_page()
    assert "my_page_2.html" in shown[1]["text/plain"]
    assert "stays as it is" in shown[1]["text/plain"]
    assert (folder / "my_page.html").read_text() == "mine"


@pytest.mark.parametrize("wrong", ["one text", [3], ["a", None]])
def test_doubts_are_a_list_of_texts(folder, wrong):
    with pytest.raises(TypeError, match="doubts"):
        page.write(folder, wrong)
    assert not (folder / "my_page.html").exists()


@pytest.mark.parametrize(("right", "count", "low", "high"), [(0, 10, 0, 0.278), (10, 10, 0.722, 1)])
def test_the_interval_is_wilsons(right, count, low, high):
    assert page.wilson(right, count) == pytest.approx((low, high), abs=0.001)


def test_the_number_of_options_is_kept_with_the_result(folder, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "00_start_here.ipynb"))
    guess = labkit.predict("Which?", ["a", "b", "c"])
    guess.choose("a")
    guess.compare("b")
    stored = prediction.read(prediction.files(folder)["00_start_here"])
    assert stored == {"Which?": {"answer": "a", "truth": "b", "options": 3}}
