"""Pages that need nothing else: what others wrote is text in them, and nothing may be fetched."""

from labkit.course.document import document


def test_a_title_is_text_and_no_script_or_file_is_let_in():
    page = document("<b>Tom & Co</b>", style="p { margin: 0 }", body="<p>said</p>")
    assert "<title>&lt;b&gt;Tom &amp; Co&lt;/b&gt;</title>" in page
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'\"" in page
    assert page.count("<p>said</p>") == 1 and "<script" not in page
