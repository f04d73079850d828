"""axe on a notebook: what stands in the way of readers who hear the page or use no mouse.

Asked of the cells alone, since JupyterLab's menus and side bars are not ours.
"""

from axe_playwright_python.sync_playwright import Axe

# What JupyterLab makes of every cell, ours or not: the editor, the prompts, the toolbar.
NOT_OURS = [".jp-Cell-inputWrapper .jp-InputArea", ".jp-cell-toolbar", ".jp-InputPrompt",
            ".jp-OutputPrompt", ".jp-Collapser", ".jp-CellHeader", ".jp-CellFooter"]  # fmt: skip
OFF = {}  # rules that are not asked, and why


def complaints(page) -> list[str]:
    """What axe finds in the notebook's prose and outputs: rule, element, why."""
    context = {"include": [[".jp-Notebook .jp-Cell"]], "exclude": [[part] for part in NOT_OURS]}
    rules = {name: {"enabled": False} for name in OFF}
    options = {"resultTypes": ["violations"], "rules": rules}
    found = Axe().run(page, context, options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary'][:300]} ({node['target'][0]})"
        for rule in found
        for node in rule["nodes"]
    ]
