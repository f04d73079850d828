"""Networks: how they are built, loaded, trained, saved and looked into.

`models` (LeNet, SmallCNN, the pretrained EfficientNet) and `train` (the one training loop) are what
a lab begins with; `hooks` (outputs of layers), `features` (images a unit likes), `patches` (parts
of photos a unit likes) and `probe` (what a layer knows) look inside. `checkpoints`, `modes`,
`folding` and `threads` serve them. Modules load when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "checkpoints",
        "efficientnet",
        "features",
        "folding",
        "hooks",
        "layers",
        "models",
        "modes",
        "patches",
        "probe",
        "threads",
        "train",
    },
)
