"""Drawn voices, mu-law, the network, how it speaks, and what is measured of a voice."""

import io
import math
import wave

import numpy as np
import pytest
import torch

from labkit import sound
from labkit.sound import training


@pytest.fixture(scope="module")
def net():
    return sound.WaveNet(width=6, layers=4, seed=3)


@pytest.fixture(scope="module")
def codes():
    return torch.randint(64, (3, 80), generator=torch.Generator().manual_seed(1))


# --- levels


def test_mu_law_goes_there_and_back():
    ramp = torch.linspace(-1, 1, 4001)
    codes = sound.mu_law(ramp)
    assert codes.dtype == torch.int64 and codes.min() == 0 and codes.max() == 63
    assert (codes.diff() >= 0).all() and torch.equal(codes.unique(), torch.arange(64))
    assert torch.equal(sound.mu_law(sound.from_mu_law(torch.arange(64))), torch.arange(64))
    off = (sound.from_mu_law(codes) - ramp).abs()
    assert (off < 0.004 + 0.1 * ramp.abs()).all()  # steps grow with loudness
    assert sound.mu_law(torch.tensor([3.0, -3.0])).tolist() == [63, 0]


def test_the_edges_are_those_of_the_steps():
    edges = sound.levels.edges(16)
    assert len(edges) == 17 and edges[0] == -math.inf and edges[-1] == math.inf
    ramp = torch.linspace(-0.99, 0.99, 997).double()
    assert torch.equal(torch.bucketize(ramp, edges[1:-1]), sound.mu_law(ramp, 16))


# --- voices


def test_clips_are_named_loud_enough_and_new_for_each_seed():
    one, again, other = (sound.clips(2, seconds=0.3, seed=s) for s in (0, 0, 1))
    assert one.sound.shape == (16, 1200) and one.sound.dtype == torch.float32
    assert one.voices.tolist() == [0] * 8 + [1] * 8
    assert one.vowels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] * 2
    assert torch.allclose(one.sound.abs().amax(1), torch.tensor(0.5))
    assert torch.equal(one.sound, again.sound) and not torch.equal(one.sound, other.sound)


@pytest.mark.parametrize("voice", [0, 1])
def test_voices_have_the_pitch_and_the_formants_of_their_table(voice):
    for vowel in range(4):
        clips = [sound.vowel(voice, vowel, seed=seed) for seed in range(24)]
        hertz = torch.stack([sound.pitch(clip).nanmedian() for clip in clips]).median()
        assert abs(hertz / sound.voices.PITCH[voice][vowel] - 1) < 0.04
        power = torch.stack([torch.fft.rfft(clip).abs() ** 2 for clip in clips]).mean(0)
        smooth = torch.nn.functional.avg_pool1d(power[None], 401, 1, 200)[0]  # 400 Hz wide
        first, second = sound.voices.FORMANTS[voice][vowel]
        if second - first > 500:
            between = (first + second) // 2
            assert smooth[first] > smooth[between] and smooth[second] > 0.3 * smooth[between]


def test_a_word_tells_the_letter_of_each_sample():
    said = sound.word("ma-su", 1, seed=2)
    assert said.sound.shape == said.letters.shape and said.sound.abs().max() <= 0.5001
    order = torch.unique_consecutive(said.letters).tolist()
    assert [sound.LETTERS[i] for i in order] == list("ma-su")
    loud = [said.sound[said.letters == sound.LETTERS.index(x)].pow(2).mean().sqrt() for x in "a-u"]
    assert loud[1] < 0.3 * loud[0]
    vowels = said.sound[said.letters == sound.LETTERS.index("a")]
    assert abs(float(sound.pitch(vowels).nanmedian()) / 219 - 1) < 0.2
    hiss = said.sound[said.letters == sound.LETTERS.index("s")]
    assert sound.voiced_share(sound.pitch(hiss)) < 0.5


@pytest.mark.parametrize("text", ["", "maxi", "MAMA", "ma ma"])
def test_other_letters_are_refused_with_those_that_there_are(text):
    with pytest.raises(ValueError, match="m l s t k"):
        sound.word(text, 0)


# --- the network


def test_a_guess_sees_its_reach_and_nothing_later(net, codes):
    told = torch.zeros(3).long(), torch.ones(3).long()
    sway = sound.seen_by(net, 50, codes, *told)
    assert net.reach == sound.receptive_field(2, [1, 2, 4, 8]) == 16
    assert sway.nonzero()[:, 0].tolist() == list(range(35, 51))


def test_a_label_for_each_sample_counts_there(net, codes):
    voices, same = torch.tensor([0, 1, 1]), torch.full((3, 80), 2)
    constant = net(codes, voices, torch.full((3,), 2))
    assert torch.allclose(net(codes, voices, same), constant, atol=1e-5)
    same[:, 40:] = 3
    changed = net(codes, voices, same)
    assert torch.allclose(changed[..., :40], constant[..., :40], atol=1e-5)
    assert not torch.allclose(changed[..., 40], constant[..., 40], atol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_leaves_torch_as_it_was(net):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    twin = sound.WaveNet(width=6, layers=4, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), twin.parameters(), strict=True))


def test_the_layer_that_is_handed_in_is_the_one_that_is_used(codes):
    called = []

    def layer(x, weight, dilation):
        called.append(dilation)
        return sound.causal_layer(x, weight, dilation)

    net = sound.WaveNet(width=4, layers=3, seed=0, layer=layer)
    net(codes, torch.zeros(3).long(), torch.zeros(3).long())
    assert called == [1, 2, 4]


# --- speaking


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_kept_is_naive(net, temperature):
    voices = torch.tensor([0, 1])
    for sounds in (torch.tensor([1, 3]), torch.randint(4, (2, 60))):
        options = {"temperature": temperature, "seed": 4}
        kept = sound.speak(net, voices, sounds, 60, **options)
        naive = sound.speak(net, voices, sounds, 60, recall=None, **options)
        assert kept.shape == (2, 60) and (kept == naive).float().mean() > 0.95


def test_a_ring_gives_back_what_came_its_length_ago():
    memory, came = torch.zeros(3, 1, 1), torch.arange(1.0, 9).view(8, 1, 1)
    got = [float(sound.recall(memory, now, step)) for step, now in enumerate(came)]
    assert got == [0, 0, 0, 1, 2, 3, 4, 5]


def test_cold_speech_is_likelier(net):
    told = torch.zeros(4).long(), torch.zeros(4).long()
    cold, hot = (sound.speak(net, *told, 200, temperature=t, seed=0) for t in (0.05, 1.0))
    cost = [float(training._nats(net, codes, *told).mean()) for codes in (cold, hot)]
    assert cost[0] < cost[1] - 0.05


def test_speech_begins_with_silence(net, monkeypatch):
    heard = []

    def listen(x):
        heard.append(x.clone())
        return net.embedding.weight[x]

    monkeypatch.setattr(net, "forward", lambda codes, *_: listen(codes).mT.repeat(1, 11, 1)[:, :64])
    sound.speak(net, torch.tensor([0, 1]), torch.tensor([0, 0]), 1, recall=None)
    assert heard[0].tolist() == [[32], [32]]


def test_speaking_leaves_mode_and_random_state(net):
    net.train()
    torch.manual_seed(6)
    before = torch.get_rng_state()
    sound.speak(net, torch.tensor([0]), torch.tensor([0]), 5)
    assert net.training and torch.equal(torch.get_rng_state(), before)
    net.eval()


# --- training


def test_training_learns_the_switch():
    steady = torch.cat([torch.full((4, 200), 20), torch.full((4, 200), 40)])
    voices, sounds = torch.arange(2).repeat_interleave(4), torch.zeros(8).long()
    model, seen = sound.WaveNet(width=6, layers=3, seed=0), []
    options = {"steps": 60, "length": 64, "seed": 0}
    spent = sound.fit(model, steady, voices, sounds, watch=seen.append, **options)
    assert len(spent) == 60 and spent[-1] < 1 < 4 < spent[0] and seen == list(range(60))
    assert not model.training
    told = sound.bits(model, steady, voices, sounds)
    assert told < 0.5
    twin = sound.WaveNet(width=6, layers=3, seed=0)
    assert sound.fit(twin, steady, voices, sounds, **options) == spent


def test_the_rate_falls_to_nothing(codes):
    model, kept = sound.WaveNet(width=4, layers=2, seed=0), []

    def watch(_):
        kept.append(torch.cat([p.detach().flatten() for p in model.parameters()]))

    told = torch.zeros(3).long(), torch.zeros(3).long()
    sound.fit(model, codes, *told, steps=40, length=40, watch=watch)
    moved = [(b - a).norm() for a, b in zip(kept[:-1], kept[1:], strict=True)]
    assert moved[-1] < 0.2 * moved[10]


def test_a_guess_is_told_the_label_of_what_is_to_come():
    """The level of each sample is its label's: who is told the next label knows the next level."""
    labels = torch.randint(4, (6, 200), generator=torch.Generator().manual_seed(0))
    model, voices = sound.WaveNet(width=8, layers=1, seed=0), torch.zeros(6).long()
    sound.fit(model, 10 * labels, voices, labels, steps=150, length=100, lr=0.02)
    assert sound.bits(model, 10 * labels, voices, labels) < 0.5  # 2 without being told


def test_bits_are_those_of_the_guesses(net, codes):
    told = torch.tensor([0, 1, 0]), torch.tensor([0, 1, 2])
    with torch.no_grad():
        likely = net(codes, *told).log_softmax(1)[:, :, net.reach : -1]
    right = likely.gather(1, codes[:, None, net.reach + 1 :])
    assert sound.bits(net, codes, *told) == pytest.approx(
        -float(right.mean()) / math.log(2), abs=1e-4
    )


# --- measures


def test_pitch_is_found_and_noise_has_none():
    time = torch.arange(4000) / 4000
    for hertz in (90, 124, 231, 300):
        tone = sum(torch.sin(2 * math.pi * k * hertz * time) / k for k in (1, 2, 3))
        assert abs(float(sound.pitch(tone).nanmedian()) / hertz - 1) < 0.01
        assert sound.voiced_share(sound.pitch(tone)) == 1
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    assert sound.voiced_share(sound.pitch(noise)) < 0.1
    assert len(sound.pitch(tone[:100])) == 0
    at_8000 = torch.sin(2 * math.pi * 150 * torch.arange(8000) / 8000)
    assert abs(float(sound.pitch(at_8000, 8000).nanmedian()) / 150 - 1) < 0.01


def test_simple_guesses_cost_what_they_should():
    fair = torch.randint(64, (20, 2000), generator=torch.Generator().manual_seed(0))
    assert sound.histogram_bits(fair, fair) == pytest.approx(6, abs=0.02)
    assert sound.histogram_bits(torch.full((9, 999), 7), fair) > 12  # what it learned, not the test
    steps = (torch.arange(2000) % 64).repeat(4, 1)
    assert sound.previous_bits(steps, steps) < 0.6 < 5.9 < sound.histogram_bits(steps, steps)
    tone = 0.5 * torch.sin(0.3 * torch.arange(3000.0))[None]
    tone = tone + 0.001 * torch.randn(1, 3000, generator=torch.Generator().manual_seed(0))
    assert sound.predictor_bits(sound.mu_law(tone)) < 2.2
    assert sound.predictor_bits(fair[:2]) > 5


def test_a_listener_knows_real_voices():
    train, test = (sound.quantised(sound.clips(6, seconds=0.5, seed=s)) for s in (0, 1))
    heard = sound.measured(test, sound.Listener(train))
    assert heard.voice == 1 and heard.vowel > 0.95 and heard.voiced > 0.9
    swapped = sound.measured(test._replace(voices=1 - test.voices), sound.Listener(train))
    assert swapped.voice == 0 and swapped.low == heard.high


def test_a_spectrogram_shows_the_tone():
    tone = torch.sin(2 * math.pi * 500 * torch.arange(2000) / 4000)
    loud = sound.spectrogram(tone)
    assert loud.shape[0] == 129 and loud.max() == 0
    assert loud[:, 20].argmax() == 32  # 32 x 4000 / 256 = 500 Hz


# --- playing


def test_a_wav_is_played_at_8000_or_more_and_no_louder():
    tone = 0.25 * torch.sin(2 * math.pi * 200 * torch.arange(1000) / 4000)
    for rate, played in ((4000, 8000), (3000, 9000), (8000, 8000), (16000, 16000)):
        with wave.open(io.BytesIO(sound.wav(tone, rate))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (played, 1, 2)
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
        assert len(samples) == 1000 * played // rate
        assert abs(np.abs(samples[200:-200]).max() - 0.25) < 0.01
    with pytest.raises(ValueError, match="a sound is"):
        sound.wav(torch.tensor([0.0, float("nan")]))


def test_a_player_has_a_caption_for_those_who_cannot_hear():
    shown = sound.player(torch.zeros(400), caption='a "silent" <clip>')._repr_html_()
    assert "<audio controls" in shown and "data:audio/wav;base64," in shown
    assert shown.endswith("a &quot;silent&quot; &lt;clip&gt;")
