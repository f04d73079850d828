"""Clicks on the picture of a widget."""

from __future__ import annotations

import anywidget
import traitlets


class Clicks(anywidget.AnyWidget):
    """Where the picture beside it is clicked: `spot`, x and y from 0 to 1, and the time."""

    spot = traitlets.List().tag(sync=True)
    _esm = """
    export default { render({ model, el }) {
      const told = (event) => {
        const image = event.target;
        if (!image.matches(".labkit-picture") || !el.parentElement.contains(image)) return;
        const box = image.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width;
        const y = (event.clientY - box.top) / box.height;
        model.set("spot", [x, y, event.timeStamp]);
        model.save_changes();
      };
      document.addEventListener("click", told);
      return () => document.removeEventListener("click", told);
    } };"""
