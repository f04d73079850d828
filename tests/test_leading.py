"""Which cells of a notebook lead to a widget."""

from leading import lead_to_widgets
from making import code, notebook


def kept(*cells):
    """The numbers of the cells that are kept."""
    return sorted(int(name.removeprefix("cell-")) for name in lead_to_widgets(notebook(*cells)))


def test_what_is_bound_above_is_needed_and_what_stands_below_is_not():
    cells = ["a = 1", "b = a + 1", "c = 2"]
    assert kept(*map(code, cells), code("show(b)", tags=["widget"]), code("b = 5")) == [0, 1, 3]


def test_what_changes_a_thing_is_needed_and_what_draws_it_is_not():
    cells = [
        "from labkit import gan, plot",
        "net, rows, game = gan.make(), [], gan.Game()",
        "gan.fit(net, steps=3)",
        "for _ in range(3):\n    train(net)",
        "options['lr'] = 1",
        "rows.append(net)",
        "plot.grid(rows)\nprint(net)",
        "game.play(2)",
        "widgets.show(game, rows)",
    ]
    assert kept(*map(code, cells)) == [0, 1, 2, 3, 5, 7, 8]


def test_exercises_checks_predictions_and_what_is_meant_to_fail_are_run():
    cells = [
        code("def f(x):\n    return K * x", tags=["exercise"]),
        code("check.f(f)", tags=["check"]),
        code("K = 2"),
        code("more = predict('More?', ['yes', 'no'])"),
        code("more.compare('yes')"),
        code("1 / 0", tags=["raises-exception"]),
    ]
    assert kept(*cells) == [0, 1, 3, 5]


def test_what_a_function_uses_when_it_is_called_is_needed():
    cells = ["K = 2", "def draw():\n    return K", "widgets.show(draw)"]
    assert kept(*map(code, cells)) == [0, 1, 2]
