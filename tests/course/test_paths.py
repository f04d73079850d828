"""The three paths: what they name is there, in order, and adds up."""

import re

import nbformat
import overview
import pytest
from making import tiny_lab

from labkit import cli
from labkit.course import catalog, copies, editions, paths

LABS = catalog.labs()
HERE = {lab.number: lab for lab in LABS}
each_path = pytest.mark.parametrize("name", paths.PATHS)


def numbers(name):
    return [step.lab for part in paths.PATHS[name].parts for step in part.steps]


@each_path
def test_a_path_names_labs_that_are_there_each_once(name):
    assert len(set(numbers(name))) == len(numbers(name))
    assert set(numbers(name)) <= set(HERE)


@each_path
def test_prerequisites_come_before(name):
    stems = [lab.stem for lab in paths.labs_of(name)]
    for lab in paths.labs_of(name):
        before = stems[: stems.index(lab.stem)]
        assert {stem for stem in lab.builds_on if stem in stems} <= set(before), lab.stem


def test_the_term_has_every_lab_in_twelve_weeks():
    assert set(numbers("term")) >= set(HERE)
    assert len(paths.PATHS["term"].parts) == 12


@pytest.mark.parametrize("name, least, most", [("weekend", 240, 360), ("term", 75, 180)])
def test_a_day_or_a_week_is_not_too_long(name, least, most):
    for part in paths.PATHS[name].parts:
        assert least <= overview.minutes(part, LABS) <= most, part.title


def test_a_class_is_four_pieces_of_twenty_minutes():
    for part in paths.PATHS["lecture"].parts:
        assert [step.minutes for step in part.steps] == [paths.PIECE] * 4
        assert overview.minutes(part, LABS) == 80


def steps_for_class():
    return [step for part in paths.PATHS["lecture"].parts for step in part.steps]


def below(lab, heading):
    """Sources of the code cells between a heading and the next one."""
    found, cells = False, []
    for cell in lab.notebook.cells:
        headings = re.findall(r"^##+ +(.*)$", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and headings:
            found = heading in headings
        elif found and cell.cell_type == "code":
            cells.append(cell.source)
    return cells


@pytest.mark.parametrize("step", steps_for_class(), ids=lambda step: step.lab)
def test_a_piece_for_class_is_there_in_order_and_asks_the_room(step):
    headings = HERE[step.lab].headings
    places = [headings.index(heading) for heading in step.headings]
    assert places == sorted(places) and all(headings.count(h) == 1 for h in step.headings)
    cells = [source for heading in step.headings for source in below(HERE[step.lab], heading)]
    assert any("= predict(" in source for source in cells)
    assert 4 <= len(cells) <= 12, "two minutes a cell"


@each_path
def test_exercises_to_do_are_those_of_the_labs(name):
    for part in paths.PATHS[name].parts:
        for number, half, last in re.findall(
            r"lab (\d\d)(, part 2)?, exercises 1 to (\d)", part.task
        ):
            lab = HERE[number + ("b" if half else "")]
            assert any(h.startswith(f"Exercise {last}") for h in lab.headings), part.title
        steps = {step.lab for step in part.steps}
        assert set(re.findall(r"lab (\d\d)", part.task)) <= {n[:2] for n in steps | {"00"}}


@each_path
def test_the_page_leads_to_each_lab_and_piece(name):
    text = overview.page(name, LABS)
    for lab in paths.labs_of(name):
        assert f"[{lab.number} {lab.name}]({lab.path.name})" in text
    for part in paths.PATHS[name].parts:
        assert f"## {part.title}\n\n{overview.minutes(part, LABS)} minutes." in text
        assert part.task in text
    for step in (step for part in paths.PATHS[name].parts for step in part.steps):
        for heading in step.headings:
            assert f"]({HERE[step.lab].path.name}{catalog.anchor(heading)})" in text


PART = paths.Part("Day 1", (paths.Step("01"), paths.Step("00", ("Look",), 20)), "lab 00.")
GONE = paths.Part("Day 2", (paths.Step("42"),), "lab 42.")
BACKWARDS = paths.LabPath("A term", "two labs", "Go.", (PART, GONE), "Hand in")


@pytest.fixture
def backwards(labs, monkeypatch):
    """A path through the tiny labs, backwards, and to one that isn't there."""
    monkeypatch.setitem(paths.PATHS, "term", BACKWARDS)
    nbformat.write(tiny_lab(title="Pictures"), labs / "02_pictures.ipynb")
    for name in paths.PATHS:
        (labs / paths.page_name(name)).write_text(f"# The page of {name}")
    return labs


def files(folder):
    return {path.name for path in folder.glob("*.*")} - {".labkit.json"}


def test_start_copies_the_labs_of_a_path_and_opens_its_page(backwards, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(cli, "_launch", lambda command: commands.append(command) or 0)
    assert cli.main(["start", "--path", "term", "--dir", str(tmp_path / "mine")]) == 0
    labs = {"00_start_here.ipynb", "01_derivative.ipynb"}
    assert files(tmp_path / "mine") == labs | {"path_term.md"}
    assert "--LabApp.default_url=/lab/tree/path_term.md" in commands[0]


def test_a_page_leaves_out_labs_and_parts_that_are_not_there(backwards):
    labs = catalog.labs()
    for lab in labs:
        lab.notebook.cells[0].source = "# Lab 00: a lab\n\n30 minutes"
    text = overview.page("term", labs)
    assert text.index("01_derivative") < text.index("00_start_here.ipynb#Look")
    assert "50 minutes." in text and "**Hand in**: lab 00." in text and "Day 2" not in text


def test_pages_come_with_all_labs_or_with_their_own(backwards, tmp_path):
    copies.copy_labs(tmp_path / "all")
    assert {f"path_{name}.md" for name in paths.PATHS} <= files(tmp_path / "all")
    copies.copy_labs(tmp_path / "one", labs=["01"])
    assert files(tmp_path / "one") == {"01_derivative.ipynb"}


def test_the_live_edition_of_a_path_names_the_notes_of_its_first_lab(backwards, tmp_path, capsys):
    mine = str(tmp_path / "live")
    assert cli.main(["start", "--path=term", "--edition=live", "--no-launch", "--dir", mine]) == 0
    assert "01_derivative_notes.html" in capsys.readouterr().out


def test_without_its_page_a_path_opens_its_first_lab(backwards, tmp_path):
    (backwards / "path_term.md").unlink()
    report = copies.copy_labs(tmp_path / "mine", path="term")
    assert (report.page, report.first) == (None, "01_derivative.ipynb")


def test_a_path_without_any_lab_here_is_refused(backwards, capsys):
    for path in backwards.glob("*.ipynb"):
        path.unlink()
    assert cli.main(["start", "--path", "weekend", "--no-launch"]) == 2
    assert "no lab of the path 'weekend' is here" in capsys.readouterr().err


def test_labs_named_beside_a_path_come_after_it(backwards):
    stems = [path.stem for path in paths.chosen(["02", "00"], "term")]
    assert stems == ["01_derivative", "00_start_here", "02_pictures"]
    assert paths.chosen() == editions.lab_paths()
    with pytest.raises(editions.UnknownLab):
        paths.chosen(["43"], "term")


def test_an_unknown_path_is_refused_with_the_three_names(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["start", "--path", "night"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "'night'" in said and all(name in said for name in ("lecture", "weekend", "term"))


def test_a_page_that_was_changed_is_kept(backwards, tmp_path):
    copies.copy_labs(tmp_path / "mine", path="term")
    (tmp_path / "mine" / "path_term.md").write_text("done: 00")
    report = copies.copy_labs(tmp_path / "mine", path="term")
    assert report.kept == ["path_term.md"] and report.page == "path_term.md"


def test_a_release_of_a_path_says_how_to_go_it(tmp_path):
    done = cli.main(["release", "--path", "lecture", "--to", str(tmp_path / "out")])
    assert done == 0
    names = {path.stem for path in (tmp_path / "out" / "notebooks").glob("*.ipynb")}
    assert names == {lab.stem for lab in paths.labs_of("lecture")}
    assert "labkit start --path lecture" in (tmp_path / "out" / "README.md").read_text("utf-8")
    pages = {path.name for path in (tmp_path / "out" / "notebooks").glob("*.md")}
    assert pages == {"slides.md", "path_lecture.md"}
