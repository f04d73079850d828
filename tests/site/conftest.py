"""The site's modules lie outside labkit, in site/."""

import sys

from making import ROOT

sys.path.insert(0, str(ROOT / "site"))
