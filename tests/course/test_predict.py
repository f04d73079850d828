"""Predictions: asked, kept beside the notebook, compared; and never in the way."""

import builtins
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from making import code, notebook
from nbclient import NotebookClient

import labkit
from labkit.checks import lab01, lab03
from labkit.course import prediction

QUESTION, OPTIONS = "Where will it say wolf?", ["snow", "grass"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder in which 03_lab.ipynb is open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "03_lab.ipynb"))
    return tmp_path


def ask(question=QUESTION):
    return labkit.predict(question, OPTIONS)


def stored(folder, name=".03_lab.predictions.json"):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_an_answer_is_kept_for_the_next_kernel(folder):
    assert ask().answer is None and not list(folder.iterdir())
    ask().choose("grass")
    assert ask().answer == "grass"
    assert stored(folder) == {QUESTION: {"answer": "grass"}}


def test_a_second_thought_replaces_the_first_and_other_answers_stay(folder):
    ask("Other?").choose("snow")
    ask().choose("grass")
    ask().choose("snow")
    assert stored(folder) == {"Other?": {"answer": "snow"}, QUESTION: {"answer": "snow"}}


def test_two_notebooks_do_not_disturb_each_other(folder, monkeypatch):
    ask().choose("grass")
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "03_lab.new.ipynb"))
    assert ask().answer is None
    ask().choose("snow")
    assert stored(folder)[QUESTION] == {"answer": "grass"}
    assert stored(folder, ".03_lab.new.predictions.json")[QUESTION] == {"answer": "snow"}


def test_a_kernel_without_a_notebook_has_a_file_too(folder, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME")
    ask().choose("snow")
    assert stored(folder, ".notebook.predictions.json") == {QUESTION: {"answer": "snow"}}


@pytest.fixture
def variables(monkeypatch):
    """The variables of a notebook whose editor names no file."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    shell = SimpleNamespace(user_ns={})
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return shell.user_ns


def test_vs_code_names_the_notebook_in_a_variable(folder, variables):
    (folder / "labs").mkdir()
    variables["__vsc_ipynb_file__"] = str(folder / "labs" / "03_lab.new.ipynb")
    ask().choose("snow")  # though the kernel's folder is the one above
    assert stored(folder / "labs", ".03_lab.new.predictions.json") == {QUESTION: {"answer": "snow"}}


def test_where_no_notebook_is_named_each_lab_has_a_file(folder, variables):
    variables |= {"check": lab03, "labkit": labkit, "x": 1}
    ask().choose("snow")
    variables["check"] = lab01
    assert ask().answer is None
    ask().choose("grass")
    assert stored(folder, ".lab03.predictions.json") == {QUESTION: {"answer": "snow"}}
    assert stored(folder, ".lab01.predictions.json") == {QUESTION: {"answer": "grass"}}


@pytest.mark.parametrize("name", ["03_lab.ipynb", "03_lab.ipynb-jvsc-0c1e", "gone/03_lab.ipynb"])
def test_an_odd_name_of_the_session_gives_a_file_here(folder, monkeypatch, name):
    monkeypatch.setenv("JPY_SESSION_NAME", name)
    ask().choose("snow")
    assert stored(folder) == {QUESTION: {"answer": "snow"}}


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"snow"', "\udcff", '{"x": 1}'])
def test_a_broken_file_is_no_obstacle(folder, text):
    path = folder / ".03_lab.predictions.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert ask().answer is None
    ask().choose("grass")
    assert ask().answer == "grass"


def test_an_answer_that_is_no_option_any_more_does_not_count(folder):
    ask().choose("grass")
    assert labkit.predict(QUESTION, ["snow", "sand"]).answer is None
    for entry in (["grass"], {"answer": ["grass"]}, {"truth": "snow"}, 3):
        (folder / ".03_lab.predictions.json").write_text(json.dumps({QUESTION: entry}))
        assert ask().answer is None


def test_an_answer_of_an_older_version_is_read(folder):
    (folder / ".03_lab.predictions.json").write_text(json.dumps({QUESTION: "grass"}))
    assert ask().answer == "grass"


# Once the result is out


def test_a_result_commits_the_answer_also_after_a_restart(folder):
    guess = ask()
    _, buttons = guess.widget().children
    guess.choose("grass")
    guess.compare("snow")
    assert stored(folder) == {QUESTION: {"answer": "grass", "truth": "snow", "options": 2}}
    assert buttons.disabled and ask().widget().children[1].disabled
    for later in (guess, ask()):
        later.choose("snow")
        later.compare("grass")
        assert later.answer == "grass"
    assert stored(folder) == {QUESTION: {"answer": "grass", "truth": "snow", "options": 2}}


def test_who_predicted_nothing_may_still_choose(folder):
    guess = ask()
    guess.compare("snow")
    assert not list(folder.iterdir()) and not guess.widget().children[1].disabled
    guess.choose("grass")
    assert stored(folder) == {QUESTION: {"answer": "grass"}}


def test_a_lab_ends_with_how_often_one_was_right(folder, capsys):
    labkit.my_predictions()
    assert "No prediction was recorded" in capsys.readouterr().out
    for question, said in {"A?": "snow", "B?": "grass", "C?": "snow"}.items():
        guess = ask(question)
        guess.choose(said)
        if question != "C?":
            guess.compare("snow")
    labkit.my_predictions()
    said = capsys.readouterr().out
    assert "1 of your 2 predictions came true." in said
    assert "✓ A? You: snow. Came out: snow." in said and "✗ B?" in said and "C?" not in said


def test_a_write_that_fails_is_said_and_the_old_file_stays(folder, monkeypatch, capsys):
    ask().choose("grass")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    guess = ask()
    guess.choose("snow")
    assert guess.answer == "snow" and stored(folder) == {QUESTION: {"answer": "grass"}}
    assert "No space left" in capsys.readouterr().out
    assert len(list(folder.iterdir())) == 1


def test_nothing_but_the_one_file_is_written(folder):
    ask().choose("snow")
    assert [path.name for path in folder.iterdir()] == [".03_lab.predictions.json"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ("yes", TypeError, "options is one text"),
        ([1, 2], TypeError, "1 is a int"),
        ([], ValueError, "two or more"),
        (["yes"], ValueError, "two or more"),
        (["yes", "yes"], ValueError, "different"),
    ],
)
def test_options_that_are_none_are_explained(options, error, message):
    with pytest.raises(error, match=message):
        labkit.predict("Is it?", options)


def test_a_choice_that_is_no_option_is_refused(folder):
    with pytest.raises(ValueError, match="'sand' is not an option; choose from snow, grass"):
        ask().choose("sand")
    assert not list(folder.iterdir())


# Buttons, and front ends without


def test_buttons_store_the_choice_and_show_the_stored_one(folder):
    note, buttons = ask().widget().children
    assert QUESTION in note.value and buttons.value is None
    buttons.value = "grass"
    assert stored(folder) == {QUESTION: {"answer": "grass"}}
    assert ask().widget().children[1].value == "grass"


def test_questions_are_text_not_html(folder):
    assert "&lt;b&gt;" in ask("a <b>?").widget().children[0].value


def shown(capsys, truth="snow"):
    ask().compare(truth)
    return capsys.readouterr().out


def test_the_answer_stands_beside_the_result(folder, capsys):
    assert "No prediction was made. What came out: snow" in shown(capsys)
    ask().choose("grass")
    assert "You predicted: grass. What came out: snow" in shown(capsys)


def test_the_comparison_is_html_without_tags_of_the_user(folder, monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    monkeypatch.setattr("IPython.get_ipython", lambda: "a shell")
    ask().choose("grass")
    ask().compare("<i>snow</i>")
    assert bundles[0]["text/html"].endswith("<b>&lt;i&gt;snow&lt;/i&gt;</b>")
    assert "<b>grass</b>" in bundles[0]["text/html"]


@pytest.mark.parametrize(
    ("typed", "answer"), [("2", "grass"), ("", None), ("9", None), ("grass", None)]
)
def test_a_terminal_asks_for_a_number(folder, monkeypatch, capsys, typed, answer):
    InteractiveShell.instance()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(builtins, "input", lambda prompt: typed)
    guess = ask()
    guess._ipython_display_()
    assert guess.answer == answer
    assert "2: grass" in capsys.readouterr().out


def test_a_script_goes_on_without_an_answer(folder):
    program = "import labkit; g = labkit.predict('Is it?', ['a', 'b']); print(g); g.compare('a')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    said = ["Is it? (a / b; answer with .choose(...))", "No prediction was made. What came out: a"]
    assert run.stdout.splitlines() == said


@pytest.mark.slow
def test_a_run_without_a_person_goes_on_and_stores_nothing(tmp_path):
    made = notebook(
        code("from labkit import predict\nguess = predict('Is it?', ['a', 'b'])\nguess"),
        code("guess.compare('a')"),
    )
    where = {"metadata": {"path": str(tmp_path)}}
    ran = NotebookClient(made, kernel_name="python3", resources=where).execute()
    first, second = (cell.outputs[0].data for cell in ran.cells)
    assert "application/vnd.jupyter.widget-view+json" in first
    assert first["text/plain"] == "Is it? (a / b; answer with .choose(...))"
    assert "No prediction was made" in second["text/plain"]
    assert not list(tmp_path.iterdir())


def test_importing_is_lazy_and_gives_the_function():
    program = "import sys, labkit; print('labkit.course.prediction' in sys.modules); labkit.predict"
    program += "; from labkit import predict; print(predict.__module__)"
    program += "; print([m for m in ('ipywidgets', 'torch', 'IPython') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.split("\n")[:3] == ["False", "labkit.course.prediction", "[]"], run.stderr
    assert "predict" in dir(labkit) and prediction.predict is labkit.predict
