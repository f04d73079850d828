"""Every example in a docstring runs, every public name has a docstring, none is too long."""

import ast
import doctest
import importlib
import pkgutil

import matplotlib
import pytest

import labkit

MODULES = sorted(
    {"labkit", *(m.name for m in pkgutil.walk_packages(labkit.__path__, "labkit."))}
    - {"labkit.__main__"}
)


@pytest.fixture(scope="module")
def words():
    """What the examples take for granted: a network, images, a figure class."""
    import ipywidgets
    import torch
    from matplotlib.figure import Figure

    from labkit import data
    from labkit.explain import gradient
    from labkit.nets import models

    images = torch.rand(2, 3, 64, 64)
    model = models.load_pretrained(size=64)
    known = {"torch": torch, "labkit": labkit, "model": model, "images": images, "image": images[0]}
    known |= {
        "photos": images,
        "LeNet": models.LeNet,
        "gradient": gradient,
        "Figure": Figure,
        "data": data,
    }
    return known | {"ipywidgets": ipywidgets}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, words, monkeypatch):
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "agg")
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder(recurse=True).find(module, name):
        test.globs = words | vars(module)
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_explained_briefly(name):
    spec = importlib.util.find_spec(name)
    tree = ast.parse(open(spec.origin, encoding="utf-8").read())
    assert ast.get_docstring(tree), f"{name} has no docstring"
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        text = ast.get_docstring(node) or ""
        assert len(text.splitlines()) <= 25, f"{name}.{node.name}: the docstring is too long"
        if node in tree.body and not node.name.startswith("_"):
            assert text, f"{name}.{node.name} has no docstring"
