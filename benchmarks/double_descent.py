"""Double descent (lab 13): 14 numbers of features and 5 seeds, labkit beside scikit-learn.

300 digits, random ReLU features, the smallest fit, error on 1,000 other digits. scikit-learn in a
loop: `GaussianRandomProjection`, its positive part, `LinearRegression` or `Ridge` (1e-8, which
stands for 0); the same with the waves of `RBFSampler`. The cheapest counts. labkit does all in one
call, and says training error, length of the weights and condition besides. One thread; CPU seconds.

Equal curves: the errors' means over seeds differ by no more than chance lets them (four standard
errors, at least a point). On labkit's own digits and features, scikit-learn's error is the same.
"""

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.measure import (
    cheapest,
    interleaved,
    picture,
    ratio,
    ratios,
    result,
    table,
    times_table,
)
from labkit import data, overfit

SIZES = [10, 30, 60, 100, 150, 200, 250, 280, 300, 320, 400, 600, 1000, 3000]
SEEDS = [20, 21, 22, 23, 24]
N = 300


def main() -> None:
    """Measure the whole experiment, and compare the curves."""
    torch.set_num_threads(1)
    train, test = data.load_digits()
    errors = {}
    calls = {name: keep(errors, name, call) for name, call in peers(train, test).items()}
    calls["labkit"] = keep(errors, "labkit", lambda: labkit(train, test))
    with threadpool_limits(1):
        times = interleaved(calls, rounds=5)
        same = np.abs(same_features(train, test) - errors["labkit"][0]).max()
    best = cheapest(times, but=["labkit"])
    times_table(times, to=best, unit="s")
    table(
        ["error with", *map(str, SIZES)],
        [(name, *found.mean(0).tolist()) for name, found in errors.items()],
    )
    result("double-descent", ratio(times, "labkit", best), 0.5)
    result("double-descent-curves", apart(errors["labkit"], errors["ReLU, LinearRegression"]), 1)
    result("double-descent-same-features", same, 0.005)
    shown = {f"{len(SIZES)} sizes, {len(SEEDS)} seeds": ratios(times, best)}
    picture("double-descent", shown, unit="times the cheapest peer's time", goal=0.5)


def keep(errors: dict, name: str, call):
    """The call, which then leaves its errors (seeds, sizes) under its name."""

    def kept() -> None:
        errors[name] = np.asarray(call())

    return kept


def labkit(train, test) -> torch.Tensor:
    """labkit's errors (seeds, sizes)."""
    return overfit.descent(train, test, n=N, sizes=SIZES, seeds=SEEDS).error[:, :, 0, 0]


def peers(train, test) -> dict:
    """The experiment in scikit-learn, {name: call}; each gives errors (seeds, sizes)."""
    from sklearn.kernel_approximation import RBFSampler
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.random_projection import GaussianRandomProjection

    (images, labels), (asked, truth) = (arrays(part) for part in (train, test))

    def loop(random_features, positive: bool, regression):
        errors = np.zeros((len(SEEDS), len(SIZES)))
        for i, seed in enumerate(SEEDS):
            chosen = np.random.default_rng(seed).permutation(len(labels))[:N]
            goal = np.eye(10)[labels[chosen]] - 0.1
            for j, size in enumerate(SIZES):
                features = random_features(size, seed).fit(images[chosen])
                known, others = (features.transform(x) for x in (images[chosen], asked))
                if positive:
                    known, others = np.maximum(known, 0), np.maximum(others, 0)
                guessed = regression().fit(known, goal).predict(others).argmax(1)
                errors[i, j] = (guessed != truth).mean()
        return errors

    def projection(size, seed):
        return GaussianRandomProjection(size, random_state=seed)

    def waves(size, seed):
        return RBFSampler(gamma=0.003, n_components=size, random_state=seed)

    def smallest():
        return LinearRegression(fit_intercept=False)

    def ridge():
        return Ridge(1e-8, fit_intercept=False)

    return {
        "ReLU, LinearRegression": lambda: loop(projection, True, smallest),
        "ReLU, Ridge": lambda: loop(projection, True, ridge),
        "RBFSampler, Ridge": lambda: loop(waves, False, ridge),
    }


def arrays(part) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (B, 784), float64, and labels (B,)."""
    return overfit.pixels(part[0]).numpy(), part[1].numpy()


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """How far two curves are apart, in units of what chance allows: at most 1 is the same."""
    spread = np.sqrt((ours.var(0, ddof=1) + theirs.var(0, ddof=1)) / len(SEEDS))
    return float((np.abs(ours.mean(0) - theirs.mean(0)) / np.maximum(4 * spread, 0.01)).max())


def same_features(train, test) -> np.ndarray:
    """LinearRegression's errors (sizes,) with labkit's digits and features of the first seed."""
    from sklearn.linear_model import LinearRegression

    drawn = torch.Generator().manual_seed(SEEDS[0])
    chosen = torch.randperm(len(train[1]), generator=drawn)[:N]
    goal, errors = overfit.targets(train[1][chosen]).numpy(), []
    for size in SIZES:
        at = overfit.directions(size, seed=SEEDS[0] + 1)
        parts = (overfit.pixels(x) for x in (train[0][chosen], test[0]))
        known, asked = (overfit.relu_features(x, at).numpy() for x in parts)
        fitted = LinearRegression(fit_intercept=False).fit(known, goal)
        errors.append((fitted.predict(asked).argmax(1) != test[1].numpy()).mean())
    return np.array(errors)


if __name__ == "__main__":
    main()
