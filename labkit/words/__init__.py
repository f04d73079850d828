"""Sentences as numbers: `text` turns words into ids and vectors, `models_text` reads them.

Rated words, word vectors and sentences are in `labkit.data`; `pack` writes the file of vectors
that ships. Modules load when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules={"models_text", "pack", "text"}
)
