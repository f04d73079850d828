"""The last page in a real browser, opened from the disk: it asks for nothing, in light and dark."""

import json
from datetime import date

import pytest

from labkit.course import page as last_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_from_the_disk_without_a_request(page, tmp_path, scheme, tell):
    answers = {"Which <b>one</b>?": {"answer": "a", "truth": "b", "options": 2}}
    (tmp_path / ".lab01.predictions.json").write_text(json.dumps(answers))
    path = last_page.write(tmp_path, ["<img src='http://example.org/x.png'>"], day=date.today())
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == "What I now doubt"
    assert page.locator("img").count() == 0 and "example.org" in page.locator("li").inner_text()
    assert page.get_by_role("row", name="Which <b>one</b>?").count() == 1
    width = "document.documentElement.scrollWidth <= innerWidth"
    for wide in (1200, 360):
        page.set_viewport_size({"width": wide, "height": 800})
        assert page.evaluate(width), f"scrolls sideways at {wide}"
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    assert page.evaluate(dark) == (scheme == "dark")
    assert asked == [path.as_uri()]
    page.screenshot(path=tmp_path / f"{scheme}.png")
    tell(f"screenshot: {tmp_path}/{scheme}.png")
