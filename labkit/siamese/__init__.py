"""Networks that learn a distance: two inputs, one function f, and a loss on the distance.

`EmbeddingNet` is f, `embed` runs it; `contrastive_loss`, `triplet_loss` and `sup_con_loss` are the
losses, `batch_hard` the second on the hardest triplets of a batch; `fit` is the training loop. What
was learned is measured in `labkit.siamese.fewshot`, pairs and batches are drawn by `labkit.data`.
"""

import lazy_loader

_HOME = {
    "net": ["Classifier", "EmbeddingNet", "Unit", "embed"],
    "losses": [
        "batch_hard",
        "contrastive_loss",
        "hardest",
        "pairwise",
        "sup_con_loss",
        "triplet_loss",
    ],
    "training": ["Snapshots", "fit"],
    "turns": ["turned"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOME)
