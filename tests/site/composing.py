"""Pictures put together from what a page has, as `live.js` does it."""

import base64
import io

import numpy as np
from PIL import Image


def composed(stored, number):
    """A picture put together as the page does it."""
    base, layer = stored["pictures"][number]
    page = Image.open(io.BytesIO(base64.b64decode(stored["bases"][base]))).convert("RGBA")
    if layer:
        page.alpha_composite(Image.open(io.BytesIO(base64.b64decode(layer))).convert("RGBA"))
    return np.asarray(page.convert("RGB"))
