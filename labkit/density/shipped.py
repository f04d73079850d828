"""What ships with lab 08: a row-RNN trained longer than a lab lasts, and a table of races.

`labkit.density.pack` made these files in `data/`; here they are only read.
"""

from __future__ import annotations

import json

from labkit.density.pixels import RowRNN
from labkit.nets.shipped import filled, read_table, read_weights
from labkit.paths import data_dir

ROW_RNN, RACE = "digit_row_rnn.safetensors", "density_race.csv"


def load_row_rnn() -> RowRNN:
    """A row-RNN trained for minutes, in eval mode, without gradients; float16 in its file.

    FileNotFoundError or ValueError where the file is missing or damaged.
    """
    weights, notes = read_weights(data_dir() / ROW_RNN)
    return filled(RowRNN(**json.loads(notes["row_rnn"])), weights, ROW_RNN)


def load_race() -> list[dict[str, str | float]]:
    """The races at equal processor time, run beforehand: a row for each model, time and seed.

    A row has model, seconds, seed, steps, frechet (2,000 samples made black and white, against
    held-out digits), wanted (the share that the judge reads as the digit asked for) and bits
    (bits per pixel of held-out digits; nan for a GAN, which gives no probability).
    """
    rows = read_table(data_dir() / RACE)
    return [{"model": row.pop("model"), **{k: float(v) for k, v in row.items()}} for row in rows]
