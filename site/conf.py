"""Sphinx's settings for the site; `build.py` calls it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = html_title = "labkit"
html_short_title = "labkit"
extensions = ["myst_nb", "sphinx.ext.githubpages", "mathml"]
exclude_patterns = ["extra"]

nb_execution_mode = "off"  # the notebooks ran already
nb_ipywidgets_js = {}  # no script from elsewhere
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
html_math_renderer = "mathml"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["live.css"]
html_js_files = [("live.js", {"defer": "defer"}), ("page.js", {"defer": "defer"})]
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # it would be fetched, which no page opened from a disk may
html_show_copyright = html_show_sphinx = False
pygments_style, pygments_dark_style = "xcode", "monokai"
