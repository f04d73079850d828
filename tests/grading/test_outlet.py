"""From a course platform's download to what it takes back: whose, how many points, which cell."""

import csv
import io
import json
import re
import zipfile

import pytest
from classroom import answered, handed_out, solved, write

from labkit.cli import main
from labkit.grading import copies, runner
from labkit.grading.labs import Exercise, Lab, released_labs
from labkit.grading.outlet import Outlet
from labkit.grading.senders import senders
from labkit.grading.sheet import Sheet
from labkit.grading.submissions import find
from labkit.grading.table import Row

BOOK = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]})
LABS = [
    Lab("06_siamese_nets", None, tuple(Exercise(n, n, n, "", "", p) for n, p in given))
    for given in [(("loss", 1.0), ("pairs", 3.0))]
] + [Lab("07_gans", None, (Exercise("game", "g", "g", "", ""),))]
ALL, SOME, NONE, ODD = (
    {"loss": "done", "pairs": "done"},
    {"loss": "done", "pairs": "wrong"},
    {"loss": "not done", "pairs": "not done"},
    {"loss": "done", "pairs": "not checked"},
)


def zipped(path, files):
    """A zip file of {name: text}."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def rows_of(name, results, *, lab="06_siamese_nets", remark=""):
    return [Row(name, lab, exercise, result, remark) for exercise, result in results.items()]


def handed(path, results):
    """A zip file with a hand-in for each of {name: results}, and the rows of its check.

    Each has other bytes than the others. Results None: it cannot be read.
    """
    found = find([zipped(path, {n: BOOK.replace("1", str(i)) for i, n in enumerate(results)})])
    assert [one.name for one in found] == sorted(results)
    rows = []
    for name in sorted(results):
        unread = [Row(name, "", "", "not checked", "not a notebook: the file is empty")]
        rows += unread if results[name] is None else rows_of(name, results[name])
    return rows, found


def write_out(tmp_path, rows, found, roster=None, **options):
    """Run the outlet; what it says, whether all are known, the summary and the filled roster."""
    given = {"summary": str(tmp_path / "points.csv"), **options}
    if roster is not None:
        path = tmp_path / "roster.csv"
        path.write_bytes(roster if isinstance(roster, bytes) else roster.encode())
        given |= {"roster": str(path), "filled": str(tmp_path / "filled.csv")}
    said, known = Outlet(**given).write(rows, found, LABS)
    text = (tmp_path / "points.csv").read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    filled = tmp_path / "filled.csv"
    return said, known, lines, filled.read_bytes() if filled.exists() else None


def cells(content, separator=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=separator))


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Lab 06 (881),Quiz (882),Final Score\r\n"
    ",,,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,,10.00,5,(read only)\r\n"
    '"One, Student",101,s1,one@x.edu,"A, B",,,4,80\r\n'
    '"Two, Student",102,s2,two@x.edu,A,"said ""hi""",,,\r\n'
    '"Three, Student",103,s3,three@x.edu,A,,7.5,,\r\n'
    '"Four_4, Ätudent",104,s4,four@x.edu,A,,,,\r\n'
    '"Five, Student",105,s5,five@x.edu,A,,,,\r\n'
    '"Six, Student",106,s6,six@x.edu,A,,EX,,\r\n'
    '"Student, Test",107,,abc,A,,,,\r\n'
)


def test_canvas_round_trip_cell_by_cell(tmp_path):
    results = {
        "onestudent_101_9001_06.ipynb": SOME,
        "twostudent_LATE_102_9002_06-1.ipynb": ALL,
        "threestudent_103_9003_06.ipynb": ALL,
        "four_4ätudent_104_9004_my_06_2.ipynb": NONE,
        "fivestudent_105_9005_06.ipynb": ODD,
        "sixstudent_106_9006_06.ipynb": ALL,
    }
    rows, found = handed(tmp_path / "submissions.zip", results)
    said, known, lines, filled = write_out(tmp_path, rows, found, CANVAS)
    assert known
    assert (tmp_path / "points.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "as Excel wants it"
    before, after = cells(CANVAS.encode()), cells(filled)
    expected = {3: "2.5", 4: "10", 6: "0"}  # three has points, six is excused, five is not checked
    for r, row in enumerate(before):
        for c, cell in enumerate(row):
            assert after[r][c] == (expected[r] if c == 6 and r in expected else cell), (r, c)
    changed = CANVAS.replace('B",,,4', 'B",,2.5,4').replace('"",,,', '"",10,,')
    changed = changed.replace("four@x.edu,A,,,,", "four@x.edu,A,,0,,")
    assert filled == changed.encode(), "every other byte stays"
    assert '"Lab 06 (881)": 3 filled, 2 as before, 1 empty (not checked), 1 empty (nothing' in said
    assert [line["points"] for line in lines] == ["1", "4", "4", "0", "1", "4", "0"]
    assert {line["of"] for line in lines} == {"4"}
    assert [line["remark"] for line in lines] == [
        "",
        "06_siamese_nets: late",
        "",
        "",
        "06_siamese_nets: 1 not checked",
        "",
        "handed in nothing",
    ]


def test_the_same_points_in_other_figures_stay_as_they_are(tmp_path):
    rows, found = handed(tmp_path / "c.zip", {"threestudent_103_9003_06.ipynb": ALL})
    canvas = CANVAS.replace("A,,7.5", "A,,10.0")
    said, _, _, filled = write_out(tmp_path, rows, found, canvas)
    assert filled == canvas.encode() and "1 filled, 6 empty" in said


WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 1234567,Student One,one@x.edu,Submitted for grading,,100.00,Yes,"Mon, 1",-,\n'
    'Participant 1234568,"van Two, Student",two@x.edu,Submitted,,100.00,Yes,-,-,mine\n'
    "Participant 1234569,Student Three,three@x.edu,No submission,,100.00,Yes,-,-,\n"
)
GERMAN = (
    "ID;Vollständiger Name;ID-Nummer;E-Mail-Adresse;Status;Bewertung;Bestwertung;"
    "Bewertung kann geändert werden;Feedback als Kommentar\r\n"
    "Teilnehmer/in1234567;Ötudent Öne;77;one@x.edu;-;;30,00;Ja;\r\n"
    "Teilnehmer/in1234568;Student Two;78;two@x.edu;-;;30,00;Ja;\r\n"
)


def test_moodle_round_trip_cell_by_cell(tmp_path):
    results = {
        "Student One_1234567_assignsubmission_file_/06.ipynb": SOME,
        "van Two Student_1234568_assignsubmission_file_/my/06.ipynb": ALL,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    rows = [r._replace(remark="<b> & =x; the same file as Student Two") for r in rows]
    said, known, _, filled = write_out(tmp_path, rows, found, WORKSHEET)
    before, after = cells(WORKSHEET.encode()), cells(filled)
    text = "(&lt;b&gt; &amp; =x)"
    expected = {(1, 4): "25", (2, 4): "100"}
    expected[1, 9] = f"loss: done {text}<br>pairs: wrong {text}"  # and two has the teacher's own
    for r, row in enumerate(before):
        for c, cell in enumerate(row):
            assert after[r][c] == expected.get((r, c), cell), (r, c)
    assert known and '"Grade": 2 filled, 1 empty (nothing handed in)' in said


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("cp1252", b"")]
)
def test_a_german_worksheet_keeps_its_bytes_and_commas(tmp_path, encoding, mark):
    results = {
        "Ötudent Öne_1234567_assignsubmission_file_06.ipynb": SOME,
        "Student Two_1234568_assignsubmission_file_06.ipynb": ALL,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    given = mark + GERMAN.encode(encoding)
    *_, filled = write_out(tmp_path, rows, found, given)
    one, two = (f'"loss: done<br>pairs: {said}"' for said in ("wrong", "done"))
    expected = GERMAN.replace(";;30,00;Ja;\r", ';"7,5";30,00;Ja;' + one.strip('"') + "\r", 1)
    expected = expected.replace(";;30,00;Ja;\r", ";30;30,00;Ja;" + two.strip('"') + "\r", 1)
    assert filled == mark + expected.encode(encoding)


def test_a_real_german_worksheet_has_commas_for_both(tmp_path):
    """As Moodle writes it: commas between the cells, and in quotes in the numbers."""
    titles = GERMAN.splitlines()[0].replace(";", ",").replace("ID-Nummer,", "")
    row = 'Teilnehmer/in1234567,"One, Student",one@x.edu,-,,"30,00",Ja,\r\n'
    name = "One Student_1234567_assignsubmission_file_/06.ipynb"
    rows, found = handed(tmp_path / "c.zip", {name: SOME})
    *_, lines, filled = write_out(tmp_path, rows, found, f"{titles}\r\n{row}")
    assert cells(filled)[1][4:6] == ["7,5", "30,00"]
    assert list(lines[0])[:2] == ["student", "email"], "the identifier is no ID number"


@pytest.mark.parametrize("names", ["hidden in both", "in the worksheet"])
def test_moodles_participants_without_names_are_known_by_number(tmp_path, names):
    roster, grade = WORKSHEET, 4
    if names == "hidden in both":
        roster, grade = WORKSHEET.replace("Full name,Email address,", ""), 2
        roster = re.sub(r"(Participant \d+),(\"[^\"]*\"|[^,]*),[^,]*,", r"\1,", roster)
    name = "Participant_1234568_assignsubmission_file_/06.ipynb"
    rows, found = handed(tmp_path / "c.zip", {name: ALL})
    _, known, _, filled = write_out(tmp_path, rows, found, roster)
    assert known and [row[grade] for row in cells(filled)] == ["Grade", "", "100", ""]


def test_a_groups_number_is_no_participants(tmp_path):
    name = "Group A_1234567_assignsubmission_file_/06.ipynb"
    rows, found = handed(tmp_path / "c.zip", {name: ALL})
    said, known, lines, filled = write_out(tmp_path, rows, found, WORKSHEET)
    assert not known and filled == WORKSHEET.encode()
    assert f"{name} is not counted: its number is that of Student One, its name is not" in said
    assert lines[-1]["remark"].startswith(name) and lines[-1]["student"] == ""


EXPORT = (
    '\ufeff"First name","Last name","ID number",Institution,Department,"Email address",'
    '"Assignment: Lab 6 (Real)","Assignment: Lab 6 (Percentage)","Course total (Real)"\n'
    "Student,One,,,,one@x.edu,-,-,-\n"
    "Student,Two,42,,,two@x.edu,,,-\n"
)


def test_moodles_exported_gradebook_is_filled_by_name(tmp_path):
    results = {
        "Student One_5_assignsubmission_file_/06.ipynb": SOME,
        "Student Two_42_assignsubmission_file_/06.ipynb": ALL,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    *_, filled = write_out(tmp_path, rows, found, EXPORT)
    expected = EXPORT.replace("edu,-,-,-", "edu,1,-,-").replace("edu,,,-", "edu,4,,-")
    assert filled == expected.encode()


INBOUND = "c/inbound/student{}+06+2026-11-{} 10:00:00.000000 UTC+Ab_d-/06.ipynb"


def test_of_nbgraders_exchange_the_last_counts(tmp_path):
    results = {
        INBOUND.format(1, "01"): ALL,
        INBOUND.format(1, "02"): SOME,
        INBOUND.format("+x", "01"): ALL,
        INBOUND.format("+x", "03"): None,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    roster = "Login;Name\nSTUDENT1;Student One\nstudent+x;Student Two\nstudent3;Student Three\n"
    _, known, lines, filled = write_out(tmp_path, rows, found, roster)
    assert known
    assert [line["06_siamese_nets"] for line in lines] == ["1", "4", ""]
    assert "the last of 2 hand-ins counts" in lines[0]["remark"]
    assert "a later hand-in cannot be read" in lines[1]["remark"]
    added = roster.replace("Name\n", "Name;06_siamese_nets\n").replace("One\n", "One;1\n")
    assert filled == added.encode(), "a list gets a column; the unread one is left to the teacher"


def test_nbgraders_submitted_folder_is_known_by_login_alone(tmp_path):
    names = ["submitted/student1/lab06/06.ipynb", "submitted/student2/lab06/06.ipynb"]
    rows, found = handed(tmp_path / "c.zip", dict.fromkeys(names, ALL))
    _, _, lines, _ = write_out(tmp_path, rows, found)
    assert [line["student"] for line in lines] == ["student1", "student2"]
    roster = "username,name\nstudent2,Student Two\nstudent1,Student One\n"
    _, known, lines, _ = write_out(tmp_path, rows, found, roster)
    assert known and [line["points"] for line in lines] == ["4", "4"]


def test_files_of_one_hand_in_are_joined_and_uploads_of_one_file_are_not(tmp_path):
    results = {
        "onestudent_101_9001_06.ipynb": {"loss": "done", "pairs": "not done"},
        "onestudent_101_9002_part_2.ipynb": {"loss": "not done", "pairs": "done"},
        "twostudent_102_9999_06.ipynb": ALL,
        "twostudent_102_10000_06-1.ipynb": SOME,
        "twostudent_102_10001_notes.pdf": None,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    _, _, lines, _ = write_out(tmp_path, rows, found, CANVAS)
    assert [line["points"] for line in lines[:2]] == ["4", "1"]
    assert "of 2 files the best answer to each exercise counts" in lines[0]["remark"]
    assert "the last of 2 hand-ins counts" in lines[1]["remark"]
    assert "twostudent_102_10001_notes.pdf: not a notebook" in lines[1]["remark"]
    assert "later" not in lines[1]["remark"], "a picture beside it takes nothing away"


def test_last_names_first_are_known_in_a_list_with_first_names_first(tmp_path):
    results = {
        "boana_7_1001_06.ipynb": ALL,
        "onestudent_8_1002_06.ipynb": SOME,
        "anabo_9_1003_06.ipynb": NONE,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    roster = 'Name\nStudent One\n"Ana, Bo"\n"Bo, Ana"\n'
    _, known, lines, _ = write_out(tmp_path, rows, found, roster)
    assert not known, "bo, ana is Ana Bo or Bo Ana"
    assert [line["points"] for line in lines[:3]] == ["1", "0", "0"]
    roster = "First name,Last name\nStudent,One\nBo,Ana\nAna,Bo\n"
    rows, found = handed(tmp_path / "d.zip", {"Bo Ana/06.ipynb": ALL, "Ana_Bo.ipynb": SOME})
    _, known, lines, _ = write_out(tmp_path, rows, found, roster)
    assert known and [line["points"] for line in lines] == ["0", "4", "1"]


ROSTER = (
    "Name,ID number,Login,Email\n"
    "Student One,1001,one,one@x.edu\n"
    '"Two, Student",1002,two,two@x.edu\n'
    "Student Same,1003,same3,same3@x.edu\n"
    "Student Same,1004,same4,same4@x.edu\n"
    "=cmd(),1005,five,five@x.edu\n"
)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("class/one/06.ipynb", 0),
        ("class/1001/06.ipynb", 0),
        ("class/ONE@x.edu/06.ipynb", 0),
        ("class/student_one.ipynb", 0),
        ("class/Student Two/06_siamese_nets.ipynb", 1),
        ("class/two-student/06.ipynb", 1),
        ("class/group 3/one.zip/my-labs/06.ipynb", 0),
        ("class/1003/Student Same/06.ipynb", "it may be of Student Same, Student Same"),
        ("class/Student Same/06.ipynb", "it may be of Student Same, Student Same"),
        ("class/one/two.ipynb", "it may be of Student One, Student Two"),
        ("class/nobody/06.ipynb", "nobody in the roster"),
        ("class/tw/06.ipynb", "nobody in the roster"),
    ],
)
def test_a_folders_names_are_matched_and_never_guessed(tmp_path, name, row):
    rows, found = handed(tmp_path / "c.zip", {name: ALL})
    said, known, lines, _ = write_out(tmp_path, rows, found, ROSTER)
    with_points = [i for i, line in enumerate(lines) if line["points"] == "4"]
    assert with_points == ([row] if isinstance(row, int) else [])
    assert known == isinstance(row, int)
    if not known:
        assert row.replace("Student Two", '"')[:20] in said or row in said


def test_short_numbers_of_labs_are_no_students(tmp_path):
    roster = "ID,Name\n06,Student Six\n07,Student Seven\n"
    rows, found = handed(tmp_path / "c.zip", {"06/Student Seven.ipynb": ALL})
    _, known, lines, _ = write_out(tmp_path, rows, found, roster)
    assert known and [line["points"] for line in lines] == ["0", "4"]


def test_many_labs_have_a_column_each(tmp_path):
    files = {"one/06.ipynb": "1", "one/07.ipynb": "2", "two/07.ipynb": "3"}
    found = find([zipped(tmp_path / "c.zip", {n: BOOK + " " * int(t) for n, t in files.items()})])
    rows = rows_of("one/06.ipynb", SOME)
    for name in ("one/07.ipynb", "two/07.ipynb"):
        rows += rows_of(name, {"game": "done"}, lab="07_gans")
    canvas = CANVAS.replace("Quiz (882)", "GANs (882)").replace("one@x.edu", "one")
    canvas = canvas.replace("two@x.edu", "two")
    said, known, lines, filled = write_out(tmp_path, rows, found, canvas)
    assert known and [line["points"] for line in lines[:3]] == ["2", "1", "0"]
    assert [(line["06_siamese_nets"], line["07_gans"]) for line in lines[:2]] == [
        ("1", "1"),
        ("", "1"),
    ]
    after = cells(filled)
    assert [row[6:8] for row in after[3:5]] == [["2.5", "4"], ["", "5"]]  # GANs: the 4 was there
    with pytest.raises(ValueError, match="06_siamese_nets, 07_gans were handed in: say with --lab"):
        write_out(tmp_path, rows, found, canvas, column="GANs")
    _, _, lines, filled = write_out(tmp_path, rows, found, canvas, labs=["07"], column="GANs")
    assert "06_siamese_nets" not in lines[0] and lines[0]["of"] == "1"
    both = write_out(tmp_path, rows, found, canvas, labs=["06", "07"], column="Lab 06")[3]
    assert [row[6] for row in cells(both)[3:5]] == ["4", "2"]  # of 5 points in all


def test_a_canvas_gradebook_without_the_column_says_what_to_do(tmp_path):
    rows, found = handed(tmp_path / "c.zip", {"onestudent_101_9001_06.ipynb": ALL})
    for title, match in (
        ("Week 6", "no title in .* names a lab: say --column"),
        ("Lab 06 (1),Lab 6 bonus", "may be meant for 06_siamese_nets"),
    ):
        with pytest.raises(ValueError, match=match):
            write_out(tmp_path, rows, found, CANVAS.replace("Lab 06 (881)", title))
    canvas = CANVAS.replace("Lab 06 (881)", "Week 6 (881)")
    filled = write_out(tmp_path, rows, found, canvas, column="Week 6")[3]
    assert cells(filled)[3][6] == "10"


def test_the_same_file_is_named_by_student_for_the_teacher_only(tmp_path):
    path = tmp_path / "class"
    for student in ("one", "two", "same3"):
        write(path, f"{student}/06.ipynb", BOOK)
    write(path, "five/06.ipynb", BOOK + " ")
    found = find([path])
    told = copies.told({one: rows_of(one.name, SOME) for one in found})
    rows = [row for several in told.values() for row in several]
    pages = tmp_path / "pages"
    _, _, lines, _ = write_out(tmp_path, rows, found, ROSTER, pages=str(pages))
    said = {line["login"]: line["remark"] for line in lines}
    assert said["one"] == "06_siamese_nets: the same file as Two, Student, Student Same"
    assert said["five"] == "" and said["same4"] == "handed in nothing"
    assert not any("same file" in page.read_text() for page in pages.glob("*.html"))


def test_what_a_spreadsheet_takes_for_a_formula_begins_with_a_quote(tmp_path):
    rows, found = handed(tmp_path / "c.zip", {"five/06.ipynb": ALL, "=2+3/06.ipynb": ALL})
    _, _, lines, filled = write_out(tmp_path, rows, found, ROSTER)
    assert [line["student"] for line in lines][4] == "'=cmd()"
    assert lines[-1]["remark"].startswith("'=2+3/06.ipynb: nobody")
    assert filled.count(b"=cmd()") == 1 and b"=2+3" not in filled


def test_pages_are_escaped_and_named_as_the_platform_wants_them(tmp_path):
    results = {
        "Student One_1234567_assignsubmission_file_/06.ipynb": SOME,
        "Student <b> Two_1234568_assignsubmission_file_/06.ipynb": ALL,
    }
    rows, found = handed(tmp_path / "c.zip", results)
    rows = [r._replace(remark="<script>x</script>; the same file as A & more") for r in rows]
    pages = tmp_path / "pages"
    write_out(tmp_path, rows, found, pages=str(pages))
    one = pages / "Student One_1234567_assignsubmission_file_feedback.html"
    two = pages / "Student <b> Two_1234568_assignsubmission_file_feedback.html"
    assert {p.name for p in pages.glob("*.html")} == {one.name, two.name}
    text = one.read_text()
    assert "<script" not in text and "&lt;script&gt;x&lt;/script&gt;</td>" in text
    assert "same file" not in text and "06_siamese_nets: 1 of 4 points" in text
    assert re.search(r"<td>pairs</td><td>wrong</td><td>", text)
    assert "Student &lt;b&gt; Two" in two.read_text()


def test_pages_of_canvas_and_of_a_list(tmp_path):
    rows, found = handed(tmp_path / "c.zip", {"onestudent_LATE_101_9001_06.ipynb": SOME})
    write_out(tmp_path, rows, found, pages=str(tmp_path / "p"))
    (page,) = (tmp_path / "p").glob("*.html")
    assert page.name == "onestudent_LATE_101_9001_feedback.html" and "late" in page.read_text()
    names = {"same3/06.ipynb": ALL, "same4/06.ipynb": NONE, "five/06.ipynb": ALL}
    rows, found = handed(tmp_path / "d.zip", names)
    write_out(tmp_path, rows, found, ROSTER, pages=str(tmp_path / "q"))
    named = sorted(p.name for p in (tmp_path / "q").glob("*.html"))
    assert named == ["Student Same-2.html", "Student Same.html", "_cmd__.html"]


def test_who_handed_in_what_cannot_be_read_has_a_page_that_says_so(tmp_path):
    files = ["One_1_assignsubmission_file_/06.ipynb", "Two_2_assignsubmission_file_/06.ipynb"]
    rows, found = handed(tmp_path / "c.zip", dict.fromkeys(files, None) | {"three/06.ipynb": SOME})
    said = write_out(tmp_path, rows, found, pages=str(tmp_path / "p"))[0]
    assert "3 pages" in said
    text = (tmp_path / "p" / "Two_2_assignsubmission_file_feedback.html").read_text()
    assert "<p>not checked: 06.ipynb: not a notebook: the file is empty</p>" in text


def test_a_page_that_the_teacher_changed_stays(tmp_path):
    pages = tmp_path / "pages"
    names = {"one/06.ipynb": SOME, "two/06.ipynb": SOME}
    rows, found = handed(tmp_path / "c.zip", names)
    write(pages, "two.html", "not labkit's")
    said = write_out(tmp_path, rows, found, pages=str(pages))[0]
    assert "2 pages; changed since labkit wrote them, so they stay: two.html" in said
    (pages / "two.html").unlink()
    write_out(tmp_path, rows, found, pages=str(pages))
    write(pages, "one.html", (pages / "one.html").read_text() + "well done!")
    better = [row._replace(result="done") for row in rows]
    said = write_out(tmp_path, better, found, pages=str(pages))[0]
    assert "so they stay: one.html" in said and "well done!" in (pages / "one.html").read_text()
    assert "4 of 4 points" in (pages / "two.html").read_text()
    (pages / ".labkit-feedback.json").write_text("{")
    said = write_out(tmp_path, rows, found, pages=str(pages))[0]
    assert "so they stay: one.html, two.html" in said, "without a record every page is theirs"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"x,y\n1,2\n", "names no students"),
        (b"Name\n", "names no students"),
        (b"", "names no students"),
        (b'Name,ID\n"One,1\n', "a quote in line 2 is not closed"),
        (b"\xff\xfeN", "cannot be read"),
        (b"Student,ID,Section\nOne,,A\n", "names no students"),
    ],
)
def test_what_is_no_roster_is_refused(tmp_path, content, match):
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        Outlet(roster=str(tmp_path / "r.csv"))


def test_options_that_cannot_be_are_refused_before_anything_is_checked(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(runner, "check", lambda *a, **k: 1 / 0)
    write(tmp_path, "06.ipynb", BOOK)
    roster = str(write(tmp_path, "r.csv", ROSTER))
    for options, said in (
        (["--gradebook", "g.csv"], "--gradebook is the --roster"),
        (["--roster", roster, "--column", "Lab"], "--column one of its"),
        (["--roster", roster, "--gradebook", roster], "is the roster itself"),
        (["--roster", roster, "--summary", roster], "is the roster itself"),
        (["--roster", roster, "--summary", str(tmp_path / "no" / "s.csv")], "name a file"),
        (["--roster", roster, "--feedback", roster], "name a folder"),
        (["--roster", roster, "--gradebook", "g.csv", "--column", "Lab"], "no column is called"),
        (["--roster", str(tmp_path / "none.csv")], "none.csv is not there"),
        (["--summary", "s.csv", "--lab", "99"], "there is no lab '99'"),
    ):
        assert main(["check", str(tmp_path / "06.ipynb"), *options]) == 2, options
        assert said in capsys.readouterr().err, options
    assert (tmp_path / "r.csv").read_text() == ROSTER


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("cp1252", b"")],
)
def test_a_sheet_changes_one_cell_and_no_other_byte(separator, end, encoding, mark):
    lines = [f"Näme{separator}b{separator}x", "", "short", f'"Ö ""1"""{separator}"a\nb"']
    text = end.join(lines)
    content = mark + text.encode(encoding)
    sheet = Sheet(content)
    assert sheet.separator == separator and sheet.content() == content
    assert sheet.rows[3][0] == 'Ö "1"' and sheet.rows[3][1] == "a\nb"
    sheet.set(2, 2, f'a{separator}"')
    changed = text.replace("short", f'short{separator}{separator}"a{separator}"""')
    assert sheet.content() == mark + changed.encode(encoding)
    assert Sheet(sheet.content()).rows == sheet.rows


def test_letters_that_a_sheets_encoding_lacks_are_written_as_html():
    sheet = Sheet(b"\xd6,b\n")
    sheet.set(0, 1, "✓")
    assert sheet.content() == b"\xd6,&#10003;\n"


def test_what_a_student_reads_names_no_other_file():
    said = "wrong axis; the same file as a\nb/06.ipynb and 2 more; in 06.new.ipynb"
    assert copies.without_others(said) == "wrong axis"
    assert copies.without_others("the same file as a") == ""


def test_names_that_only_look_like_canvas_are_none():
    names = ["lab_06_2026_one.ipynb", "lab_06_2026_two.ipynb"]
    assert [one.platform for one in senders(names).values()] == ["", ""]
    inside = ["one/x_12_345_06.ipynb", "two/x_12_346_06.ipynb"]
    assert [one.label for one in senders(inside).values()] == ["one", "two"]
    hidden = senders(["LATE_anon_x1y2z_4570_06.ipynb", "anon_x1y2w_4571_06.ipynb"])
    assert [(one.label, one.late) for one in hidden.values()] == [
        ("anon_x1y2z", True),
        ("anon_x1y2w", False),
    ]


def test_points_are_nbgraders_of_the_check_cell():
    (lab,) = [lab for lab in released_labs() if lab.name.startswith("06")]
    assert {exercise.points for exercise in lab.exercises} == {1.0} and lab.points == 4


def test_a_class_on_canvas_from_its_zip_file_to_its_gradebook(tmp_path, capsys):
    files = {
        "onestudent_101_9001_00_start_here.ipynb": json.dumps(solved("00")),
        "threestudent_103_9003_00.ipynb": json.dumps(
            answered("00", "mirrored", "return image.flip(1)")
        ),
        "four_4ätudent_104_text.html": "<p>on my drive</p>",
        "sevenstudent_199_9009_00.ipynb": json.dumps(handed_out("00")),
    }
    path = zipped(tmp_path / "submissions.zip", files)
    canvas = CANVAS.replace("Lab 06", "Lab 0").replace("A,,7.5", "A,,")
    roster = write(tmp_path, "export.csv", canvas.encode())
    options = {
        "--roster": roster,
        "--csv": tmp_path / "t.csv",
        "--summary": tmp_path / "s.csv",
        "--gradebook": tmp_path / "g.csv",
        "--feedback": tmp_path / "pages",
    }
    given = [str(text) for pair in options.items() for text in pair]
    assert main(["check", str(path), *given, "--jobs", "1", "--exit-zero"]) == 3
    after = cells((tmp_path / "g.csv").read_bytes())
    assert [row[6] for row in after[3:]] == ["10", "", "0", "", "", "EX", ""]
    said = capsys.readouterr().out
    assert "sevenstudent_199_9009_00.ipynb is not counted: nobody in the roster" in said
    assert "Students: 7; handed in nothing: 4" in said
    page = (tmp_path / "pages" / "threestudent_103_9003_feedback.html").read_text()
    assert "<td>mirrored</td><td>wrong</td><td>" in page
