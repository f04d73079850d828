"""A notebook that ran becomes a page: what waits, what plays, what needs the notebook."""

import base64
import io

import front
import links
import markup
import nbformat
import numpy as np
import pages
import pytest
from harvest import MIME
from making import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

QUESTION = {"kind": "question", "question": "Up or down?", "options": ["up", "down"]}
CONTROL = {"name": "x", "kind": "IntSlider", "label": "how far", "words": ["0", "1"], "start": 0,
           "titles": None, "all": 9, "typed": False}  # fmt: skip
WIDGET = {"kind": "widget", "model": "m1", "name": "01_lab-1", "alt": "a <bar>", "note": "<b>1</b>",
          "size": [50, 20], "controls": [CONTROL], "play": None, "all": 9, "kept": 2,
          "lossy": False, "alone": False}  # fmt: skip


def shown(text, **data):
    return new_output("display_data", data={"text/plain": text, **data})


def view(text, model):
    return shown(text, **{pages.VIEW: {"model_id": model}})


def code(name, source, *outputs, tags=()):
    return new_code_cell(source, id=name, outputs=list(outputs), metadata={"tags": list(tags)})


def png():
    file = io.BytesIO()
    Image.fromarray(np.zeros((9, 12, 3), np.uint8)).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def lab():
    """A lab with a question, its answer, an exercise, a widget, and what needs the notebook."""
    stub = 'def double(x):\n    """Twice."""\n    ### BEGIN SOLUTION\n    return 2 * x\n'
    exercise = code("double", stub + "    ### END SOLUTION", tags=["exercise"])
    exercise.metadata["nbgrader"] = {"solution": True, "grade": False}
    figure = shown(
        "Figure", **{"text/html": f'<img alt="dark" src="data:image/png;base64,{png()}">'}
    )
    truth = shown("No prediction was made. What came out: up", **{"text/html": "..."})
    return nbformat.v4.new_notebook(
        cells=[
            new_markdown_cell("# Lab\n\n[Next](02_next.ipynb), [gone](03_gone.ipynb)", id="title"),
            code("ask", "guess", view("Up or down?", "q"), shown("", **{MIME: QUESTION})),
            code("between", "1", new_output("execute_result", data={"text/plain": "1"})),
            code("told", "guess.compare('up')", truth, figure,
                 shown("", **{MIME: {"kind": "compared", "questions": ["Up or down?"]}})),
            new_markdown_cell("It went up.\n\n**Look** further.", id="after",
                              metadata={"tags": ["answer"]}),
            exercise,
            code("slide", "w", view("VBox", "m1"), shown("", **{MIME: WIDGET}), tags=["widget"]),
            code("score", "my_predictions()", shown("No prediction was recorded: choose ...")),
            code("mine", "FileUpload()", view("FileUpload(value=())", "u")),
            code("slow", "run()", view("epochs:   0%|          | 0/9", "t"),
                 new_output("stream", name="stderr", text="warning"),
                 new_output("stream", name="stdout", text="done")),
        ]
    )  # fmt: skip


@pytest.fixture
def made(lab, tmp_path):
    path = tmp_path / "01_lab.ipynb"
    nbformat.write(lab, path)
    page = pages.page(path, lab, tmp_path, there={"01_lab", "02_next"})
    return {cell.id: cell for cell in page.cells}


def text_of(cell):
    return "".join(o.data["text/html"] for o in cell.outputs if "text/html" in o.get("data", {}))


def test_a_question_is_asked_on_the_page(made):
    form = text_of(made["ask"])
    assert form.count('type="radio"') == 2 and "<legend>Up or down?</legend>" in form
    assert f'data-key="{markup.key_of("Up or down?")}"' in form and len(made["ask"].outputs) == 1


def test_its_result_waits_folded(made):
    tag = f"labkit-q-{markup.key_of('Up or down?')}"
    for name in ("between", "told"):
        assert {"hide-output", tag} <= set(made[name].metadata.tags)
    assert 'data-truth="up"' in text_of(made["told"])
    folded, _, rest = made["after"].source.partition("</details>")
    assert tag in folded and "It went up." in folded and rest.strip() == "**Look** further."
    assert "hide-output" not in made["ask"].metadata.tags


def test_figures_are_files_with_their_words(made, tmp_path):
    shown = text_of(made["told"])
    assert 'alt="dark"' in shown and 'loading="lazy"' in shown and 'width="12"' in shown
    (file,) = tmp_path.glob("*.webp")
    assert f'src="pictures/{file.name}"' in shown and Image.open(file).size == (12, 9)


def test_an_exercise_shows_its_stub_and_folds_its_solution(made):
    stub, solution = made["double-stub"].source, made["double"]
    assert "NotImplementedError" in stub and "Twice." in stub and "2 * x" not in stub
    assert "2 * x" in solution.source and "SOLUTION" not in solution.source
    assert "hide-input" in solution.metadata.tags


def test_a_widget_has_its_place_and_says_what_it_leaves_out(made):
    shown = text_of(made["slide"])
    assert 'src="frames/01_lab-1.webp" alt="a &lt;bar&gt;" width="50" height="20"' in shown
    assert "2 of 9 for “how far”" in shown and "<b>1</b>" in shown


def test_what_needs_the_notebook_says_so(made):
    assert "needs the notebook" in text_of(made["mine"])
    typed = markup.limits(WIDGET | {"controls": [CONTROL | {"all": 2, "typed": True}]})
    assert typed == "Typing (“how far”) needs the notebook."


def test_the_score_is_counted_on_the_page(made):
    assert 'class="labkit-score"' in text_of(made["score"])


def test_progress_bars_and_warnings_go(made):
    (left,) = made["slow"].outputs
    assert left.text == "done"


def test_headings_are_found_by_the_names_that_sphinx_gives_them():
    text = "[x](02_next.ipynb#2.-The-claim,-measured), [y](03_gone.ipynb#A)"
    linked = '<a href="02_next.html#the-claim-measured">x</a>, y'
    assert links.linked(text, {"02_next"}) == linked


def test_what_is_not_there_is_named(tmp_path):
    page = '<h1 id="top"></h1><a href="#top">a</a><a href="b.html#no">b</a><img src="c.png">'
    (tmp_path / "a.html").write_text(page + '<a href="https://example.org/x">d</a>')
    (tmp_path / "b.html").write_text("<p></p>")
    assert links.broken(tmp_path) == ["a.html: b.html#no", "a.html: c.png"]


def test_links_lead_to_pages_that_are_there(made):
    assert made["title"].source.endswith("[Next](02_next.ipynb), gone")


def test_a_widget_that_nobody_drew_stops_the_build(lab, tmp_path):
    lab.cells.append(code("odd", "odd", view("Odd(value=1)", "o")))
    nbformat.write(lab, tmp_path / "01_lab.ipynb")
    with pytest.raises(ValueError, match="cannot show: Odd"):
        pages.page(tmp_path / "01_lab.ipynb", lab, tmp_path, there=set())


def test_the_front_page_has_readmes_gallery_with_pages_in_it():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    labs = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    page = front.index(labs, ["what_holds"], readme=readme, map_at=None)
    for lab in labs:
        assert f'<a href="{lab}.html">' in page and f'src="images/{lab}.png"' in page
        assert f"\n{lab}\n" in page
    assert "ipynb" not in page and "what_holds" in page
    some = front.index(labs[:2], [], readme=readme, map_at="images/map.png")
    assert some.count("<li>") == 2 and "images/map.png" in some


def test_how_to_open_a_lab_names_no_host_unless_told():
    alone = front.opening("05b_words", address=None, holds=False)
    assert "http" not in alone and "make lab LABS=05b" in alone and "holds" not in alone
    told = front.opening("05b_words", address="https://example.org/labkit", holds=True)
    assert "git clone https://example.org/labkit labkit" in told and "what_holds.html" in told


def test_a_file_that_a_lab_wrote_beside_itself_is_no_link():
    shown = 'Your page: <a href="mine.html" target="_blank">mine.html</a>, <a href="a.html">a</a>'
    assert links.linked(shown, {"a"}) == 'Your page: mine.html, <a href="a.html">a</a>'
