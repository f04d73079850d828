"""`labkit check` and Jupyter say the same of a notebook that is run from top to bottom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from classroom import write
from verdicts import CHECK

from labkit.grading import runner, submissions
from labkit.grading.labs import released_labs
from labkit.grading.limits import Limits
from labkit.grading.sandbox import best_sandbox

SET_UP = "from labkit.checks import lab00 as check"
RIGHT = "def mirrored(image):\n    return image.flip(2)"
DRAFT = "def mirrored(image):\n    return image.flip(1)"
LATE = "def mirrored(image):\n    return image.flip(AXIS)"
NOTED = "def mirrored(image: Tensor) -> Tensor:\n    return image.flip(2)"
DIMS = "return image.flip(options['dims'])"
CLASS = "class Options: pass"
STUB = "def mirrored(image):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def using(*helpers, then="return image.flip(AXIS)"):
    """Cells with helpers, then the function that needs them."""
    return [*helpers, f"def mirrored(image):\n    {then}", CHECK]


CASES = {
    "right": [RIGHT, CHECK],
    "stub": [STUB, CHECK],
    "answer in a cell below the stub": [STUB, RIGHT, CHECK],
    "draft, corrected below": [DRAFT, RIGHT, CHECK],
    "right, overwritten": [RIGHT, DRAFT, CHECK],
    "right, overwritten below the check": [RIGHT, CHECK, DRAFT],
    "answer below the check": [STUB, CHECK, RIGHT],
    "answer below, checked again": [STUB, CHECK, RIGHT, CHECK],
    "checked in its own cell": [f"{RIGHT}\n{CHECK}", CHECK],
    "overwritten after its own check": [f"{RIGHT}\n{CHECK}", DRAFT, CHECK],
    "answer in the check's cell": [STUB, f"{RIGHT}\n{CHECK}"],
    "another function checked below": [RIGHT, CHECK, "check.mirrored(lambda image: image)"],
    "deleted again": [RIGHT, "del mirrored", CHECK],
    "made by a name": [RIGHT.replace("mirrored", "turned"), "mirrored = turned", CHECK],
    "lambda": ["mirrored = lambda image: image.flip(2)", CHECK],
    "callable object": ["class Solver:\n    def __call__(self, image):\n"
                        "        return image.flip(2)", "mirrored = Solver()", CHECK],
    "in an if": ["if True:\n    def mirrored(image):\n        return image.flip(2)", CHECK],
    "decorated": ["import functools\n@functools.lru_cache\ndef axis():\n    return 2",
                  "def mirrored(image):\n    return image.flip(axis())", CHECK],
    # magics
    "%%time": [f"%%time\n{RIGHT}", CHECK],
    "%%capture": [f"%%capture\n{RIGHT}", CHECK],
    "%%capture out": [f"%%capture out --no-stderr\n{RIGHT}", CHECK],
    "%%prun": [f"%%prun -q\n{RIGHT}", CHECK],
    "two magics": [f"%%capture\n%%time\n{RIGHT}", CHECK],
    "%%time below a comment": [f"# mine\n%%time\n{RIGHT}", CHECK],
    "unknown magic": [f"%%tiem\n{RIGHT}", CHECK],
    "%%bash": ["%%bash\necho hi", CHECK],
    "%%timeit": [f"%%timeit -n1 -r1\n{RIGHT}", CHECK],
    "%time": using("%time AXIS = 2"),
    "%time of a change": using("axes = {}\n%time axes.update(last=2)",
                               then="return image.flip(axes['last'])"),
    "%time inside": ["def mirrored(image):\n    %time x = image.flip(2)\n    return x", CHECK],
    "%time of a value inside": ["def mirrored(image):\n    return %time image.flip(2)", CHECK],
    "%precision": [f"%precision 3\n{RIGHT}", CHECK],
    "help": [f"{RIGHT}\nmirrored?", CHECK],
    "help before": [f"print?\n{RIGHT}", CHECK],
    "shell": [f"files = !ls\n{RIGHT}", CHECK],
    "shell, used": using("words = !echo 2", then="return image.flip(int(words[0]))"),
    "shell line": [f"!true\n{RIGHT}", CHECK],
    "magic in a text": [f'note = """\n%%time\n!ls\nwhat?\n"""\n{RIGHT}', CHECK],
    # pasted
    "indent": ["    " + RIGHT.replace("\n", "\n    "), CHECK],
    "tab": ["\t" + RIGHT.replace("\n", "\n\t"), CHECK],
    "prompts": [">>> def mirrored(image):\n...     return image.flip(2)", CHECK],
    "IPython's prompts": ["In [1]: def mirrored(image):\n   ...:     return image.flip(2)", CHECK],
    "a prompt that parses": using("In [3]: AXIS = 2"),
    "CRLF": [RIGHT.replace("\n", "\r\n"), CHECK],
    "broken end": [f"{RIGHT}\nmirrored(photo", CHECK],
    "broken above": ["def helper(:", RIGHT, CHECK],
    "rewritten with a slip": [RIGHT, "def mirrored(image)\n    return image", CHECK],
    # state of helpers
    "append": using("axes = []", "axes.append(2)", then="return image.flip(axes[0])"),
    "append in a loop": using("axes = []", "for i in range(3):\n    axes.append(i)",
                              then="return image.flip(axes[-1])"),
    "append in a comprehension": using("axes = []", "[axes.append(i) for i in range(3)]",
                                       then="return image.flip(axes[-1])"),
    "pop": using("axes = [2, 0]", "_ = axes.pop()", then="return image.flip(axes[-1])"),
    "update": using("options = {}", "options.update(dims=[2])",
                    then=DIMS),
    "item": using("options = {}", "options['dims'] = [2]", then=DIMS),
    "item in a function": using("options = {}\ndef choose(k):\n    options['dims'] = k",
                                "choose([2])", then=DIMS),
    "global": using("def choose():\n    global AXIS\n    AXIS = 2", "choose()"),
    "global by way of another": using("def choose():\n    global AXIS\n    AXIS = 2",
                                      "def all_of_it():\n    choose()", "done = all_of_it()"),
    "global in a method": using("class Choice:\n    def make(self):\n        global AXIS\n"
                                "        AXIS = 2", "Choice().make()"),
    "global, made wrong": using("AXIS = 2", "def choose():\n    global AXIS\n    AXIS = 1",
                                "choose()"),
    "attribute": using(CLASS, "Options.axis = 2",
                       then="return image.flip(Options.axis)"),
    "setattr": using(CLASS, "setattr(Options, 'axis', 2)",
                     then="return image.flip(Options.axis)"),
    "setattr of torch": using("import torch", "setattr(torch.Tensor, 'turn', lambda t: t.flip(2))",
                              then="return image.turn()"),
    "attribute of torch": using("import torch", "torch.Tensor.turn = lambda t: t.flip(2)",
                                then="return image.turn()"),
    "attribute of the function": ["def mirrored(image):\n    return image.flip(mirrored.axis)",
                                  "mirrored.axis = 2", CHECK],
    "shuffled in place": using("import random\naxes = [2, 2]", "random.shuffle(axes)",
                               then="return image.flip(axes[0])"),
    "sorted by a module": using("import heapq\naxes = []", "heapq.heappush(axes, 2)",
                                then="return image.flip(axes[0])"),
    "exec": using("exec('AXIS = 2')"),
    "globals()": using("globals()['AXIS'] = 2"),
    "counted in a loop": using("AXIS = 0\nfor _ in range(2):\n    AXIS += 1"),
    "with": using("import contextlib\nwith contextlib.nullcontext(2) as AXIS:\n    pass"),
    "try": using("try:\n    AXIS = unknown\nexcept NameError:\n    AXIS = 2"),
    "walrus": using("if (AXIS := 2): pass"),
    "unpacked": using("_, AXIS = 1, 2"),
    "star import": using("from math import *", then="return image.flip(int(floor(2.5)))"),
    "helper overwritten": using("AXIS = 2", "AXIS = 1"),
    "helper after the function": [LATE, "AXIS = 2", CHECK],
    "helper below the check": [LATE, CHECK, "AXIS = 2"],
    "helper that stops": using("AXIS = 1 / 0"),
    "a stop before the function": [f"AXIS = 1 / 0\n{RIGHT.replace('2', 'AXIS')}", CHECK],
    # Python
    "future annotations": ["from __future__ import annotations", NOTED, CHECK],
    "unknown annotations": [NOTED, CHECK],
    "await": ["import asyncio\nawait asyncio.sleep(0)\n" + RIGHT, CHECK],
    "await, used": using("async def which():\n    return 2", "AXIS = await which()"),
    "f-string": [RIGHT + "\nprint(f'It\\'s {\"ok\"}\\n{chr(10)!r} \"\"\" ')", CHECK],
    "recursion": ["def mirrored(image):\n    return mirrored(image)", CHECK],
    "default": using("AXIS = 2\ndef axis(which=AXIS):\n    return which", "AXIS = 1",
                     then="return image.flip(axis())"),
    "closure": ["def make():\n    axis = 2\n    return lambda image: image.flip(axis)",
                "mirrored = make()", CHECK],
    "nonsense": ["mirrored = 3", CHECK],
    "escape": [RIGHT + "\nd = '\\d'", CHECK],
    "lone surrogate": [RIGHT + " # \ud83d", CHECK],
}  # fmt: skip
IN_THE_SANDBOX = ["await, used", "shell, used", "%%capture", "%time of a change", "%time inside"]
NOT_DONE_IN_JUPYTER = {"%time inside", "answer below the check", "right, overwritten"}


@pytest.fixture(scope="module")
def verdicts():
    asked = json.dumps({name: [SET_UP, *cells] for name, cells in CASES.items()})
    said = {}
    for whose in ("jupyter", "labkit"):
        ran = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("verdicts.py")), whose],
            input=asked,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"IPYTHONDIR": os.devnull, "MPLBACKEND": "agg"},
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        said[whose] = json.loads(ran.stdout.splitlines()[-1])
    return said


@pytest.mark.parametrize("name", CASES)
def test_labkit_says_what_jupyter_says(verdicts, name):
    assert verdicts["labkit"][name] == verdicts["jupyter"][name]


def test_the_corpus_has_both_kinds(verdicts):
    red = {name for name, green in verdicts["jupyter"].items() if not green}
    assert NOT_DONE_IN_JUPYTER < red and 10 < len(red) < len(CASES) / 2


def test_magics_shell_lines_and_await_work_in_the_sandbox(verdicts, tmp_path):
    for number, name in enumerate(IN_THE_SANDBOX):
        cells = [nbformat.v4.new_code_cell(cell) for cell in (SET_UP, *CASES[name])]
        write(tmp_path, f"{number}.ipynb", nbformat.v4.new_notebook(cells=cells))
    found = submissions.find([tmp_path])
    rows = runner.check(found, released_labs(), sandbox=best_sandbox(), limits=Limits(), jobs=2)
    for name, row in zip(IN_THE_SANDBOX, rows, strict=True):
        assert (row.result == "done") == verdicts["jupyter"][name], (name, row)
