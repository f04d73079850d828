"""Makes what ships with lab 13: `python -m labkit.overfit.pack [FOLDER]`.

Networks of several widths, with clean and with noisy labels, three seeds each, trained far beyond
the point where nothing more happens to most. About three minutes in one thread.
"""

from __future__ import annotations

import sys
from pathlib import Path

from labkit import data
from labkit.nets.shipped import append_row, read_table
from labkit.overfit.shipped import WIDTHS, measured
from labkit.paths import data_dir

SIZES = (2, 3, 4, 6, 8, 16, 32, 64, 128, 256)


def main(folder: Path) -> Path:
    """The table grows row by row; rows already there stay."""
    path = folder / WIDTHS
    rows = read_table(path) if path.exists() else []
    done = [tuple(float(row[name]) for name in ("width", "noise", "seed")) for row in rows]
    train, test = data.load_digits()
    for seed in (10, 11, 12):  # no setting was chosen with these
        for noise in (0.0, 0.2):
            for width in SIZES:
                if (width, noise, seed) not in done:
                    row = measured(train, test, width=width, noise=noise, seed=seed)
                    append_row(path, row)
                    print(row, flush=True)
    return path


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_dir()))
