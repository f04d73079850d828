"""nbformat, without a grammar that takes longer to prepare than all the rest.

nbformat imports jsonschema, and that builds a parser of international web addresses if it finds
rfc3987_syntax: one to two seconds at each start of `labkit`, for a check that no notebook asks
for. It does without where the package is missing, and so it is while nbformat is imported here.
"""

import sys

_GRAMMAR = "rfc3987_syntax"

_KNOWN = _GRAMMAR in sys.modules
sys.modules.setdefault(_GRAMMAR, None)  # to import it fails
try:
    from nbformat import NotebookNode, v4
finally:
    if not _KNOWN:
        del sys.modules[_GRAMMAR]

__all__ = ["NotebookNode", "v4"]
