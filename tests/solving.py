"""The checks of each lab, and the solutions that its notebook holds."""

import ast
import importlib
import inspect
import re

from making import ROOT

from labkit.course import editions

LABS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def checks_of(lab):
    """The checks in the module of a lab: name -> function."""
    module = importlib.import_module(f"labkit.checks.lab{lab.split('_')[0]}")
    functions = inspect.getmembers(module, inspect.isfunction)
    own = {name: f for name, f in functions if hasattr(f, "__wrapped__")}
    return {name: f for name, f in own.items() if f.__module__ == module.__name__}


def solutions_of(lab):
    """The functions of a notebook's exercise cells, with what the notebook imports."""
    space, cells = {}, editions.read(ROOT / "notebooks" / f"{lab}.ipynb").cells
    for cell in cells:
        if cell.cell_type != "code":
            continue
        body = ast.parse(cell.source).body
        imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), lab, "exec"), space)
        if "exercise" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


def handed_over_in(lab):
    """Exercise -> (the variable that takes what it hands over, labkit's stand-in, its source)."""
    space, found = solutions_of(lab), {}
    for cell in editions.read(ROOT / "notebooks" / f"{lab}.ipynb").cells:
        if cell.cell_type != "code" or ".use(" not in cell.source:
            continue
        body = ast.parse(cell.source).body
        for node in (node for node in body if isinstance(node, ast.Assign)):
            call = re.fullmatch(r"check\.(\w+)\.use\((.*)\)", ast.unparse(node.value), re.DOTALL)
            if call:
                name, source = call.groups()
                defined = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == source]
                exec(compile(ast.Module(defined, []), lab, "exec"), space)
                found[name] = ast.unparse(node.targets[0]), eval(source, space), source
    return found


def arguments_of(lab, name):
    """The names of an exercise's arguments, as its notebook has them."""
    for cell in editions.read(ROOT / "notebooks" / f"{lab}.ipynb").cells:
        if "exercise" in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    return [argument.arg for argument in node.args.args]
    return []
