"""Two clips, sample by sample: lab 09's sampler, which keeps states, beside naive sampling.

Naive is the whole network for each sample: on all that a guess sees (`recall=None`, the cheapest
naive way, and the goal is set against it), or on the whole clip so far. The second is measured by
eight passes whose lengths are spread evenly over the clip. Same random numbers: the samples must be
equal. No peer: the WaveNets on PyPI that speak (wavenet, wavenet-vocoder) have had no release since
2018. One thread; CPU seconds.
"""

import torch

from benchmarks.measure import interleaved, median, picture, ratio, result, table
from labkit import sound

SAMPLES, PARTS, GOAL, SEED = 1000, 8, 10, 1  # 1,000 are a quarter of a second


def main(samples: int = SAMPLES) -> None:
    """Measure the lab's network, and the larger one that says words."""
    torch.set_num_threads(1)
    voices = torch.arange(2)
    cases = {"lab": (sound.WaveNet(seed=0), voices), "speaker": (sound.load_speaker(), voices)}
    rows, shown = [], {}
    for name, (model, sounds) in cases.items():
        kept = sound.speak(model, voices, sounds, samples, seed=SEED)
        naive = sound.speak(model, voices, sounds, samples, seed=SEED, recall=None)
        assert torch.equal(kept, naive), "a sample differs"
        times = interleaved(calls(model, voices, sounds, kept), rounds=5, warmup=0)
        whole = "naive, whole clip"
        times[whole] = [samples / PARTS * seconds for seconds in times[whole]]
        faster = {what: ratio(times, what, "labkit, states kept") for what in times}
        rows += [(name, what, median(spent), faster[what]) for what, spent in times.items()]
        result(f"sample-sound-{name}", faster["naive, all it sees"], GOAL, at_most=False)
        result(f"sample-sound-{name}-whole-clip", faster[whole], GOAL, at_most=False)
        shown[f"{name}: a guess sees {model.reach} samples"] = faster
    print()
    table(["network", "how", f"s for 2 clips of {samples} samples", "x labkit"], rows)
    picture("sample-sound", shown, unit="times what labkit takes", goal=GOAL)


def calls(model, voices, sounds, codes) -> dict:
    """{name: call}; of the whole clip only one pass for each of its parts."""
    samples = codes.shape[1]

    @torch.no_grad()
    def whole_clip():
        for part in range(PARTS):
            model(codes[:, : samples * (2 * part + 1) // (2 * PARTS)], voices, sounds)

    def speak(**options):
        return lambda: sound.speak(model, voices, sounds, samples, seed=SEED, **options)

    return {
        "labkit, states kept": speak(),
        "naive, all it sees": speak(recall=None),
        "naive, whole clip": whole_clip,
    }


if __name__ == "__main__":
    main()
