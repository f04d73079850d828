"""A page for a browser that needs no other file, no script and no network."""

import html

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, *, style: str, body: str) -> str:
    """The whole page; title: as text; body: as HTML, with what others wrote escaped.

    >>> document("Notes", style="body { margin: 0 }", body="<p>Hello</p>").splitlines()[0]
    '<!doctype html>'
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{html.escape(title)}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""
