"""labkit.course.progress: what the saved copies say, and nothing more."""

import nbformat
import pytest

from labkit import cli
from labkit.course import copies, editions, progress

GREEN = nbformat.v4.new_output("stream", name="stdout", text="\x1b[32m✓ Right.\x1b[0m\n")


def failed(kind):
    return nbformat.v4.new_output("error", ename=kind, evalue="no", traceback=["no"])


@pytest.fixture
def folder(tmp_path):
    copies.copy_labs(tmp_path, labs=["00", "01"])
    return tmp_path


def set_outputs(path, outputs):
    """Write outputs (exercise name -> output) into a copy's check cells, as when saved."""
    notebook = editions.read(path)
    for cell in notebook.cells:
        for name, output in outputs.items():
            if cell.source.startswith(f"check.{name}(") and "check" in cell.metadata.get(
                "tags", []
            ):
                cell.outputs = [output]
    path.write_bytes(editions.to_bytes(notebook))


def of(folder, lab):
    return next(one for one in progress.progress(folder) if one.lab.startswith(lab))


def exercises(lab):
    return list(of(".", lab).exercises)


def test_a_fresh_copy_has_nothing_solved_and_every_lab_is_listed(folder):
    labs = progress.progress(folder)
    assert [lab.lab for lab in labs] == [path.stem for path in editions.lab_paths()]
    assert sum(lab.solved for lab in labs) == 0
    assert all(lab.exercises and lab.title for lab in labs)
    assert all(lab.minutes >= 30 for lab in labs[1:])


def test_green_is_solved_red_is_tried_and_the_stub_is_open(folder):
    first, second, third, *_ = exercises("01")
    outputs = {first: GREEN, second: failed("CheckFailed"), third: failed("NotDone")}
    set_outputs(folder / "01_derivative_intuition.ipynb", outputs)
    states = of(folder, "01").exercises
    assert (states[first], states[second], states[third]) == ("solved", "tried", "open")
    assert of(folder, "01").solved == 1 and of(folder, "00").solved == 0


def test_a_renamed_copy_counts_and_the_best_of_two_copies(folder):
    path = folder / "01_derivative_intuition.ipynb"
    first, second, *_ = exercises("01")
    fresh = path.read_bytes()
    set_outputs(path, {first: GREEN})
    path.rename(folder / "my own name.ipynb")
    path.write_bytes(fresh)
    set_outputs(path, {first: failed("CheckFailed"), second: GREEN})
    states = of(folder, "01").exercises
    assert states[first] == states[second] == "solved"


def test_files_that_are_no_labs_are_passed_over(folder):
    (folder / "broken.ipynb").write_text("{")
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(other, folder / "other.ipynb")
    assert progress.progress(folder)


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    with pytest.raises(NotADirectoryError, match="labkit start"):
        progress.progress(tmp_path / "none")
    assert cli.main(["progress", "--dir", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_the_command_and_the_table_say_the_same_numbers(folder, capsys):
    first, *_ = names = exercises("01")
    set_outputs(folder / "01_derivative_intuition.ipynb", {first: GREEN})
    assert cli.main(["progress", "--dir", str(folder)]) == 0
    said, page = capsys.readouterr().out, progress.as_html(progress.progress(folder))
    for text in (said, page):
        assert f"1 of {len(names)}" in text and "75" in text and "Lab 01" in text
    assert f'title="{first}: solved"' in page and "01_derivative_intuition.ipynb" in page
