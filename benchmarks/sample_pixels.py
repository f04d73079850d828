"""300 digits, pixel by pixel: lab 08's samplers, which keep states, beside naive sampling.

Naive is the whole network on whole images for each of 784 pixels. Each of these passes costs the
same, so only the last row's 28 are measured, after 27 rows that are given, times 28. The samplers
that keep states are measured whole. Same random numbers: the last row must be equal pixel by
pixel, and so must all others be to what one pass over the finished digits would draw. No peer:
no maintained package on PyPI samples a PixelCNN with kept states. One thread; CPU seconds.
"""

import torch

from benchmarks.measure import interleaved, median, picture, ratio, result, table
from labkit import density
from labkit.density.pixels import SIDE

DIGITS, GOAL, SEED = 300, 100, 1
ROWS = 27  # given to the naive sampler


def main(count: int = DIGITS) -> None:
    """Measure both models of the lab, with the weights they begin with, and the shipped one."""
    torch.set_num_threads(1)
    models = {
        "pixelcnn": density.PixelCNN(seed=0),
        "row-rnn": density.RowRNN(seed=0),
        "shipped-row-rnn": density.load_row_rnn(),
    }
    labels = torch.arange(count) % 10
    rows, shown = [], {}
    for name, model in models.items():
        digits = density.sample(model, labels, seed=SEED)
        same(model, labels, digits)
        times = interleaved(calls(model, labels, digits), rounds=5, warmup=0)
        times["naive"] = [SIDE * seconds for seconds in times["naive"]]
        faster = ratio(times, "naive", "labkit")
        rows.append((name, *(median(times[what]) for what in ("labkit", "naive")), faster))
        result(f"sample-pixels-{name}", faster, GOAL, at_most=False)
        shown[f"{name}, {count} digits"] = {"labkit, states kept": faster, "naive": 1.0}
    print()
    table(["model", "labkit, s", "naive, s", "times faster"], rows)
    picture("sample-pixels", shown, unit="digits in the time of a naive one", goal=GOAL)


def calls(model, labels, digits) -> dict:
    """{name: call}: all pixels with states kept, one row of 28 naively."""
    return {
        "labkit": lambda: density.sample(model, labels, seed=SEED),
        "naive": lambda: density.sample_naive(model, labels, given=digits, rows=ROWS, seed=SEED),
    }


def same(model, labels, digits) -> None:
    """Assert that naive sampling gives the same digits: its last row, and by one pass all rows."""
    naive = density.sample_naive(model, labels, given=digits, rows=ROWS, seed=SEED)
    assert torch.equal(naive, digits), "the last row differs"
    chance = torch.rand(digits.shape, generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        drawn = (chance < model(digits, labels).sigmoid()).float()
    assert torch.equal(drawn, digits), "a pixel differs"


if __name__ == "__main__":
    main()
