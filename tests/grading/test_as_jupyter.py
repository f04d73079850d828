"""`labkit check` and Jupyter say the same of a notebook that is run from top to bottom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
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
    # what no reading of a statement would find: then all of theirs is run
    "a name of the set-up, used anew": using("from labkit import data", "data = []\ndata.append(2)",
                                             then="return image.flip(data[0])"),
    "a counter in a closure": using("def make():\n    n = 0\n    def step():\n        nonlocal n\n"
                                    "        n += 1\n        return n\n    return step",
                                    "step = make()\nstep()", "AXIS = step()"),
    "a class method": using("class Options:\n    @classmethod\n    def set(cls, axis):\n"
                            "        cls.axis = axis", "Options.set(2)",
                            then="return image.flip(Options.axis)"),
    "a list of a class": using("class Options:\n    axes = []", "Options.axes.append(2)",
                               then="return image.flip(Options.axes[0])"),
    "an alias": using("options = {'a': {}}", "inner = options['a']", "inner['axis'] = 2",
                      then="return image.flip(options['a']['axis'])"),
    "items in a loop": using("rows = [{'axis': 1}]", "for row in rows:\n    row['axis'] = 2",
                             then="return image.flip(rows[0]['axis'])"),
    "weights in a loop": using("import torch\nnet = torch.nn.Linear(1, 1)",
                               "with torch.no_grad():\n    for p in net.parameters():\n"
                               "        p.fill_(2)", then="return image.flip(int(net.weight))"),
    "a class decorator": using("known = {}\ndef register(c):\n    known[c.__name__] = c\n"
                               "    return c", "@register\nclass Turn:\n    axis = 2",
                               then="return image.flip(known['Turn'].axis)"),
    "a lambda that changes": using("axes = []\npush = lambda x: axes.append(x)", "push(2)",
                                   then="return image.flip(axes[0])"),
    "seeded": using("import random\nrandom.seed(3)", "AXIS = 2 if random.random() < 0.24 else 1"),
    "another dtype": using("import torch\ntorch.set_default_dtype(torch.float64)",
                           "AXIS = int(torch.tensor(2.0).item())"),
    "names in texts": using("AXIS = 2", then="return image.flip(eval('AXIS'))"),
    "through globals()": using("AXIS = 2", then="return image.flip(globals()['AXIS'])"),
    "defined by exec": ["exec('def mirrored(image):\\n    return image.flip(2)')", CHECK],
    "a print of one's own": using("axes = []\ndef print(x):\n    axes.append(x)", "print(2)",
                                  then="return image.flip(axes[0])"),
    "braces in a shell line": using("BASE = 2\nwords = !echo {BASE}",
                                    then="return image.flip(int(words[0]))"),
    "%time of what is no Python": [f"{RIGHT}\n%time !true", CHECK],
    "%%time with a text": [f"%%time hello\n{RIGHT}", CHECK],
    "an error above, in its cell": [f"print(undefined)\n{RIGHT}", CHECK],
    "an error below, in its cell": [f"{RIGHT}\nprint(undefined)", CHECK],
    "an assertion above, in its cell": [f"assert 1 == 2\n{RIGHT}", CHECK],
    "a named tuple": using("from collections import namedtuple\nAxes = namedtuple('Axes', 'last')",
                           "axes = Axes(2)", then="return image.flip(axes.last)"),
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
IN_THE_SANDBOX = [
    "await, used",
    "shell, used",
    "%%capture",
    "%time of a change",
    "%time inside",
    "an alias",
    "another dtype",
    "braces in a shell line",
]
RED_IN_JUPYTER = {"%time inside", "answer below the check", "right, overwritten"}


def said_by(whose):
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("verdicts.py")), whose],
        input=json.dumps({name: [SET_UP, *cells] for name, cells in CASES.items()}),
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"IPYTHONDIR": os.devnull, "MPLBACKEND": "agg"},
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_labkit_says_what_jupyter_says():
    jupyter, labkit = said_by("jupyter"), said_by("labkit")
    assert {name: green for name, green in labkit.items() if green != jupyter[name]} == {}
    red = {name for name, green in jupyter.items() if not green}
    assert RED_IN_JUPYTER < red and 10 < len(red) < len(CASES) / 2


def test_magics_shell_lines_and_await_work_in_the_sandbox(tmp_path):
    for number, name in enumerate(IN_THE_SANDBOX):
        cells = [nbformat.v4.new_code_cell(cell) for cell in (SET_UP, *CASES[name])]
        write(tmp_path, f"{number}.ipynb", nbformat.v4.new_notebook(cells=cells))
    found = submissions.find([tmp_path])
    rows = runner.check(found, released_labs(), sandbox=best_sandbox(), limits=Limits(), jobs=2)
    for name, row in zip(IN_THE_SANDBOX, rows, strict=True):
        assert row.result == ("wrong" if name in RED_IN_JUPYTER else "done"), (name, row)
