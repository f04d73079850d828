"""Lab 17's labels: typed by one person, voted on by a crowd, or done without.

`crowd` has agreement, Dawid and Skene's method and crowds whose truth is known; `answers` keeps
what was typed; `selfsup` learns from pictures without labels; `active` chooses which to label.
"""

import lazy_loader

_HOME = {
    "answers": ["Answer", "free_path", "in_common", "read_answers", "save_answers"],
    "measuring": ["learned", "measured", "share_right", "trained"],
    "shipped": ["load_few_labels"],
}
_MODULES = ["active", "crowd", "selfsup"]

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, _MODULES, submod_attrs=_HOME)
