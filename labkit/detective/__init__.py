"""Lab 19's evidence: a messy survey, a pipeline with planted bugs, metrics, and comments.

`survey` makes questionnaires by seed and reads them; `comparing` has permutation tests and
previews; `pipeline` runs from pictures to a score, with a bug in one step if told so;
`calibration` compares confidence with accuracy; `topics` sorts comments.
"""

import lazy_loader

_MODULES = ["calibration", "comparing", "pipeline", "survey", "topics"]

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, _MODULES)
