"""What `make map` writes is what the labs say today; the map can be read."""

import json

import course_map
import matplotlib
import overview
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from labkit.course import catalog, editions, paths

LABS = catalog.labs()


@pytest.mark.parametrize("name", paths.PATHS)
def test_pages_of_paths_are_up_to_date(name):
    written = (overview.NOTEBOOKS / paths.page_name(name)).read_text(encoding="utf-8")
    assert written == overview.page(name, LABS), "make map"


def test_lab_00_lists_the_labs_as_they_are():
    cells = editions.read(editions.find_lab(overview.START)).cells
    written = next(cell.source for cell in cells if cell.id == overview.CELL)
    assert written == overview.contents(LABS), "make map"


def test_readme_has_the_paths():
    text = overview.README.read_text(encoding="utf-8")
    written = text.partition(overview.BEGIN)[2].partition(overview.END)[0]
    assert written == overview.three(LABS, "notebooks/"), "make map"


def test_the_map_shows_the_labs_as_they_are():
    picture = Image.open(overview.MAP)
    assert picture.info["Description"] == course_map.facts(LABS), "make map"
    assert overview.MAP.stat().st_size < 200_000 and picture.width == 2 * course_map.WIDTH


def test_writing_again_changes_nothing_but_what_is_between_the_marks(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text(
        "# One\n" + overview.BEGIN + "old\n" + overview.END + "\nend"
    )
    (tmp_path / "images").mkdir()
    start = tmp_path / "00_start_here.ipynb"
    start.write_bytes(editions.find_lab("00").read_bytes())
    monkeypatch.setattr(overview, "README", tmp_path / "README.md")
    monkeypatch.setattr(overview, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(overview, "MAP", tmp_path / "images" / "map.png")
    monkeypatch.setattr(overview.editions, "find_lab", lambda _: start)
    assert overview.main() == 0
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# One\n" + overview.BEGIN + "| path |") and "old" not in text
    assert text.endswith(overview.END + "\nend")
    others = [
        [c for c in editions.read(p).cells if c.id != "contents"] for p in (start, LABS[0].path)
    ]
    assert others[0] == others[1]


def test_arrows_that_others_imply_are_left_out():
    class Tiny:
        def __init__(self, number, *before):
            self.number, self.builds_on = number, [f"{one}_lab" for one in before]

    labs = [Tiny("01"), Tiny("02", "01"), Tiny("03", "01", "02"), Tiny("04", "01")]
    assert course_map.needed(labs) == {"01": [], "02": ["01"], "03": ["02"], "04": ["01"]}
    places = course_map.places(labs)
    assert [places[n] for n in ("01", "02", "03", "04")] == [(0, 0), (1, 0), (2, 0), (1, 1)]


def test_every_lab_has_a_lane_and_stands_below_what_it_builds_on():
    places = course_map.places(LABS)
    assert set(places) == {lab.number for lab in LABS}
    assert len(set(places.values())) == len(LABS)
    for lab in LABS:
        for stem in lab.builds_on:
            assert places[stem.split("_")[0]][0] < places[lab.number][0], lab.stem


def test_each_arrow_ends_at_its_lab_and_crosses_no_box():
    at = course_map.places(LABS)
    tops = {n: (course_map._left(lane), course_map._top(row)) for n, (row, lane) in at.items()}
    for one, other, points in course_map.routes(course_map.needed(LABS), at):
        (x, y), (left, top) = points[-1], tops[other]
        assert y == top and left < x < left + course_map.BOX
        assert points[0][1] == tops[one][1] + course_map.HEIGHT
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            for x, y in ((x0 + t * (x1 - x0) / 50, y0 + t * (y1 - y0) / 50) for t in range(51)):
                inside = [
                    n
                    for n, (left, top) in tops.items()
                    if left < x < left + course_map.BOX and top < y < top + course_map.HEIGHT
                ]
                assert not inside, f"{one} to {other} crosses {inside}"


def test_no_two_arrows_of_different_labs_share_a_way():
    at, taken = course_map.places(LABS), {}
    for one, _, points in course_map.routes(course_map.needed(LABS), at):
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            steps = max(abs(x1 - x0), abs(y1 - y0)) // 2
            for t in range(1, int(steps)):
                place = round(x0 + t * (x1 - x0) / steps), round(y0 + t * (y1 - y0) / steps)
                taken.setdefault((place, x0 == x1), set()).add(one)
    assert not [place for place, ones in taken.items() if len(ones) > 1]


def test_letters_have_eight_points_on_a_phone_and_stay_in_their_boxes():
    figure = course_map.draw(LABS)
    FigureCanvasAgg(figure).draw()
    assert figure.get_figwidth() * 96 == course_map.WIDTH == 360
    (ax,) = figure.axes
    boxes = [patch.get_window_extent() for patch in ax.patches if patch.get_zorder() == 3]
    assert len(boxes) == len(LABS)
    for text in ax.texts:
        assert text.get_fontsize() >= 8
        extent = text.get_window_extent()
        holds = [box for box in boxes if box.overlaps(extent)]
        assert len(holds) <= 1, text.get_text()
        for box in holds:
            assert box.x0 <= extent.x0 and extent.x1 <= box.x1, text.get_text()
            assert box.y0 <= extent.y0 and extent.y1 <= box.y1, text.get_text()
    inside = [t.get_window_extent() for t in ax.texts if t.get_zorder() == 4]
    assert not [1 for i, a in enumerate(inside) for b in inside[:i] if a.overlaps(b)]


def test_colours_can_be_read_on_white():
    for colour in course_map.COLOURS:
        light = [c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4
                 for c in matplotlib.colors.to_rgb(colour)]  # fmt: skip
        assert 1.05 / (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05) > 5


def test_the_map_is_told_in_words():
    told = overview.alt(LABS)
    assert all(f" {lab.number}" in told for lab in LABS)
    assert "05 on 03 and 04" in told and json.loads(course_map.facts(LABS))["needed"]["05"]
