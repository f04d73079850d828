"""Any image a student may bring as a float32 tensor (3, H, W) in [0, 1]; nothing else converts.

`to_tensor` reads whatever comes, `square` cuts and resizes, `to_uint8` gives what plots and widgets
want. Decoding of files is in `labkit.images.files`. Submodules load when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"tensors": ["square", "to_tensor", "to_uint8"]}
)
