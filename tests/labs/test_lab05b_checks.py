"""Checks of lab 05, part 2: labkit's own answers pass, each plausible mistake is named."""

import copy

import pytest
import torch
from torch.nn import functional as F

from labkit.checks import CheckFailed
from labkit.checks import lab05b as check
from labkit.words import models_text, text


def cosines(vectors, row):
    unit = F.normalize(vectors, dim=1)
    return unit @ unit[row]


def without(values, row, low=-torch.inf):
    values = values.clone()
    values[row] = low
    return values


def best(values, k):
    return values.topk(k).indices


NEAREST = {
    "word itself is among them": lambda v, r, k: best(cosines(v, r), k),
    "long vectors win": lambda v, r, k: best(without(v @ v[r], r), k),
    "these are products": lambda v, r, k: best(v @ v[r], k),
    "farthest words": lambda v, r, k: best(without(-cosines(v, r), r), k),
    "smallest distances": lambda v, r, k: best(without(-(v - v[r]).norm(dim=1), r), k),
    "Give the rows": lambda v, r, k: without(cosines(v, r), r).topk(k).values,
    "all that topk returns": lambda v, r, k: torch.stack(
        list(without(cosines(v, r), r).double().topk(k))
    ),
    "wrong order": lambda v, r, k: best(without(cosines(v, r), r), k).flip(0),
    "down the columns": lambda v, r, k: best(
        without(F.normalize(v, dim=0) @ F.normalize(v, dim=0)[r], r), k
    ),
    "sign of the cosine is lost": lambda v, r, k: best(without(cosines(v, r).abs(), r), k),
    "0 is not low enough": lambda v, r, k: best(without(cosines(v, r), r, 0.0), k),
    "nearest comes last": lambda v, r, k: cosines(v, r).argsort()[-k:],
    "one is missing": lambda v, r, k: best(cosines(v, r), k)[1:],
    "they moved up": lambda v, r, k: best(
        torch.cat([cosines(v, r)[:r], cosines(v, r)[r + 1 :]]), k
    ),
    "included|Leave the word out, and": lambda v, r, k: cosines(v, r).topk(k),
    "These are the vectors|these are the vectors": lambda v, r, k: v[
        best(without(cosines(v, r), r), k)
    ],
    "short vectors win": lambda v, r, k: best(without((v @ v[r]) / v.square().sum(1), r), k),
    "keepdim=True": lambda v, r, k: (v / v.norm(dim=1)) @ v[r],
}


@pytest.mark.parametrize("message", NEAREST)
def test_nearest_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.nearest(NEAREST[message])


def test_nearest_accepts_a_list_and_all_but_the_first():
    check.nearest(lambda v, r, k: best(without(cosines(v, r), r), k).tolist())
    check.nearest(lambda v, r, k: cosines(v, r).argsort(descending=True)[1 : k + 1])


def means(vectors, labels):
    return (vectors[labels == side].mean(0) for side in (0, 1))


def arrow(change):
    """An answer that changes (weights, the point halfway) into what it returns."""

    def answer(vectors, labels):
        blame, praise = means(vectors, labels)
        return change(praise - blame, (praise + blame) / 2)

    return answer


DIRECTIONS = {
    "from praise to blame": arrow(lambda w, h: (-w, h @ w)),
    "difference of two sums": lambda v, y: (v[y == 1].sum(0) - v[y == 0].sum(0), 0),
    "praising words alone": lambda v, y: (v[y == 1].mean(0), 0),
    "This is the point halfway|the point halfway, the sum": arrow(lambda w, h: (h, 0)),
    "sum of the two means": arrow(lambda w, h: (2 * h, 0)),
    "length 1": arrow(lambda w, h: (w / w.norm(), 0)),
    "number of all words": lambda v, y: ((v[y == 1].sum(0) - v[y == 0].sum(0)) / len(y), 0),
    "dimension 0": lambda v, y: (v[y == 1].mean() - v[y == 0].mean(), 0),
    "wrong sign": arrow(lambda w, h: (w, h @ w)),
    "twice too large. Halfway": arrow(lambda w, h: (w, -2 * h @ w)),
    "twice too large, and the sign": arrow(lambda w, h: (w, 2 * h @ w)),
    "mean of all words": lambda v, y: (
        text.direction(v, y)[0],
        -v.mean(0) @ text.direction(v, y)[0],
    ),
    "this is the point halfway. The bias": arrow(lambda w, h: (w, h)),
    "minus the point halfway": arrow(lambda w, h: (w, -h)),
    "mean of blame, not": arrow(lambda w, h: (w, -(h - w / 2) @ w)),
    "mean of praise, not": arrow(lambda w, h: (w, -(h + w / 2) @ w)),
    "at the origin": arrow(lambda w, h: (w, 0.0)),
    "return weights, bias": arrow(lambda w, h: w),
    "without square brackets": arrow(lambda w, h: [w.tolist(), float(-h @ w)]),
    "returns nothing": arrow(lambda w, h: None),
    "picks the rows 0 and 1": lambda v, y: (v[y].mean(0) - v[1 - y].mean(0), 0),
    "again and again": lambda v, y: (v[y].mean(0) - v[~y].mean(0), 0),
    "minus the mean of all words": lambda v, y: (v[y == 1].mean(0) - v.mean(0), 0),
    "without keepdim": arrow(lambda w, h: (w[None], -h @ w)),
    "weights come first": arrow(lambda w, h: (-h @ w, w)),
    "over the words, .mean": lambda v, y: (v[y == 1].mean(1) - v[y == 0].mean(1), 0),
    "sum, one number: use @": arrow(lambda w, h: (w, -h * w)),
    "minus their sum": arrow(lambda w, h: (w, h * w)),
    "with brackets": arrow(lambda w, h: (w, -(h + w / 2 + (h - w / 2) / 2) @ w)),
    "of one mean only": arrow(lambda w, h: (w, -((h + w / 2) / 2 + h - w / 2) @ w)),
    "half of weights @ weights": arrow(lambda w, h: (w, -w @ w / 2)),
}


@pytest.mark.parametrize("message", DIRECTIONS)
def test_direction_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.direction(DIRECTIONS[message])


def by_hand(vectors, labels):
    """A loop over plain lists."""
    rows = {0: [], 1: []}
    for row, label in zip(vectors.tolist(), labels.tolist(), strict=True):
        rows[label].append(row)
    blame, praise = ([sum(c) / len(r) for c in zip(*r, strict=True)] for r in rows.values())
    weights = [p - b for p, b in zip(praise, blame, strict=True)]
    return weights, -sum((p + b) / 2 * w for p, b, w in zip(praise, blame, weights, strict=True))


def with_numpy(vectors, labels):
    v, y = vectors.numpy(), labels.numpy()
    praise, blame = v[y == 1].mean(0), v[y == 0].mean(0)
    return praise - blame, -(praise + blame) @ (praise - blame) / 2


def bias_in_brackets(vectors, labels):
    weights, bias = text.direction(vectors, labels)
    return weights, bias[None]


@pytest.mark.parametrize("answer", [text.direction, by_hand, with_numpy, bias_in_brackets])
def test_direction_accepts_and_hands_over_each_style(answer):
    check.direction(answer)
    vectors, labels = torch.rand(6, 3), torch.tensor([1, 0, 1, 0, 0, 0])
    weights, bias = check.direction.use(text.direction)(vectors, labels)
    want = text.direction(vectors, labels)
    torch.testing.assert_close(torch.as_tensor(weights), want[0])
    assert float(bias) == pytest.approx(float(want[1]), abs=1e-5)


def parts(table, ids):
    real = (ids != 0)[..., None]
    return table[ids], real, real.sum(1).clamp_min(1)


def nan_when_empty(table, ids):
    words, real, _ = parts(table, ids)
    return (words * real).sum(1) / real.sum(1)


def in_place(table, ids):
    table[0] = 0
    return text.mean_vectors(table, ids)


def summed(table, ids):
    words, real, _ = parts(table, ids)
    return (words * real).sum(1)


MEANS = {
    "padding counts as a word": lambda t, i: t[i].mean(1),
    "divided by T": lambda t, i: summed(t, i) / i.shape[1],
    "still in the sum": lambda t, i: t[i].sum(1) / parts(t, i)[2],
    "This is the sum|this is the sum": summed,
    "gives nan": nan_when_empty,
    "in place": in_place,
    "first word alone": lambda t, i: t[i][:, 0],
    "unknown word, was left out": lambda t, i: text.mean_vectors(t, i * (i > 1)),
    "largest value": lambda t, i: t[i].masked_fill(~parts(t, i)[1], -torch.inf).amax(1),
    "mean over the sentences": lambda t, i: (t[i]).mean(0),
    "one vector for all": lambda t, i: summed(t, i).sum(0) / (i != 0).sum(),
    "stands twice": lambda t, i: torch.stack(
        [t[r[r != 0].unique()].sum(0) / max(1, len(r[r != 0].unique())) for r in i]
    ),
    "padding included": lambda t, i: t[i].amax(1),
    "all sentences together": lambda t, i: summed(t, i) / (i != 0).sum(),
    "longest sentence": lambda t, i: summed(t, i) / (i != 0).sum(1).max(),
    "number of words plus one": lambda t, i: summed(t, i) / (parts(t, i)[2] + 1),
    "multiplied by the ids": lambda t, i: (t[i] * i[..., None]).sum(1) / parts(t, i)[2],
    "sum of the ids": lambda t, i: summed(t, i) / i.sum(1, keepdim=True).clamp_min(1),
    "keepdim=True": lambda t, i: summed(t, i) / parts(t, i)[2].squeeze(1),
    "mean goes over the D numbers": lambda t, i: t[i].mean(2),
    "sum goes over the D numbers": lambda t, i: (t[i] * parts(t, i)[1]).sum(2),
    "place of the first 0": lambda t, i: (
        summed(t, i) / (i == 0).int().argmax(1, keepdim=True).clamp_min(1)
    ),
    "unsqueeze": lambda t, i: (t[i] * (i != 0)).sum(1) / parts(t, i)[2],
}


@pytest.mark.parametrize("message", MEANS)
def test_mean_vector_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.mean_vector(MEANS[message])


def test_mean_vector_accepts_labkits_own():
    check.mean_vector(text.mean_vectors)


def learning(model):
    return [p for p in model.parameters() if p.requires_grad]


def attribute(model, layer):
    model.get_submodule(layer).requires_grad = False
    return learning(model)


def evaluated(model, layer):
    model.get_submodule(layer).train(not model.get_submodule(layer).training)
    return learning(model)


def everything(model, layer):
    model.requires_grad_(False)
    return learning(model)


def thawed(model, layer):
    model.requires_grad_(True)
    return models_text.freeze(model, layer)


def first_only(model, layer):
    next(model.get_submodule(layer).parameters()).requires_grad = False
    return learning(model)


def weight_only(model, layer):
    model.get_submodule(layer).weight.requires_grad = False
    return learning(model)


def zeroed(model, layer):
    left = models_text.freeze(model, layer)
    for parameter in model.get_submodule(layer).parameters():
        parameter.data.zero_()
    return left


def removed(model, layer):
    setattr(model, layer, torch.nn.Identity())
    return learning(model)


def frozen(change):
    return lambda model, layer: change(model, models_text.freeze(model, layer))


def on_a_copy(model, layer):
    models_text.freeze(copy.deepcopy(model), layer)
    return learning(model)


def by_attribute(model, layer):
    model.layer.requires_grad_(False)
    return learning(model)


def by_index(model, layer):
    model[layer].requires_grad_(False)
    return learning(model)


def the_name(model, layer):
    layer.requires_grad_(False)
    return learning(model)


FREEZES = {
    "model.layer and": by_attribute,
    "layer is a text": by_index,
    "the name 'embedding'": the_name,
    "never looks at": attribute,
    "eval\\(\\) changes": evaluated,
    "frozen too": everything,
    "learns again": thawed,
    "Only a part of logits is frozen: its bias": weight_only,
    "Only a part of logits": first_only,
    "weights of embedding.weight have changed": zeroed,
    "layers have changed": removed,
    "still learns: requires_grad is True": lambda model, layer: learning(model),
    "not on a copy\\. \\(`==`": on_a_copy,
    "returns nothing": frozen(lambda model, left: None),
    "The list holds embedding.weight": frozen(lambda model, left: list(model.parameters())),
    "These are names": frozen(lambda model, left: list(model.named_parameters())),
    "The list lacks": frozen(lambda model, left: left[:-1]),
    "a parameter twice": frozen(lambda model, left: left * 2),
    "none of the model's": frozen(lambda model, left: [p.detach() for p in left]),
    "The mode": lambda model, layer: models_text.freeze(model.train(not model.training), layer),
}


@pytest.mark.parametrize("message", FREEZES)
def test_freeze_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.freeze(FREEZES[message])


def test_freeze_accepts_labkits_own_a_filter_and_a_generator():
    check.freeze(models_text.freeze)
    check.freeze(frozen(lambda model, left: (p for p in left)))
    check.freeze(frozen(lambda model, left: dict(enumerate(left)).values()))
    check.freeze(frozen(lambda model, left: filter(lambda p: p.requires_grad, model.parameters())))


def rows(outputs):
    return torch.arange(len(outputs))


LAST = {
    "the last column": lambda o, n: o[:, -1],
    "one position too far": lambda o, n: o[rows(o), n.clamp_max(o.shape[1] - 1)],
    "after the first word": lambda o, n: o[:, 0],
    "before the last": lambda o, n: o[rows(o), (n - 2).clamp_min(0)],
    "mean over the words": lambda o, n: torch.stack(
        [x[:k].mean(0) for x, k in zip(o, n, strict=True)]
    ),
    "sum over the words": lambda o, n: torch.stack(
        [x[:k].sum(0) for x, k in zip(o, n, strict=True)]
    ),
    "\\(N, N, H\\)": lambda o, n: o[:, n - 1],
    "length of the longest": lambda o, n: o[:, n.max() - 1],
    "length of the shortest": lambda o, n: o[:, n.min() - 1],
    "-lengths counts back": lambda o, n: o[rows(o), -n],
    "T - lengths": lambda o, n: o[rows(o), o.shape[1] - 1 - n],
    "lengths were sorted": lambda o, n: o[rows(o), n.sort().values - 1],
    "largest value over the words": lambda o, n: torch.stack(
        [x[:k].amax(0) for x, k in zip(o, n, strict=True)]
    ),
    "all T places": lambda o, n: o.mean(1),
    "whole sentences": lambda o, n: o[(n - 1) % len(o)],
    "indices are swapped": lambda o, n: o[(n - 1) % len(o), rows(o) % o.shape[1]],
    "from the first sentence": lambda o, n: o[0, n - 1],
    "last sentence": lambda o, n: o[-1],
    "squeeze\\(1\\)": lambda o, n: o[rows(o), n - 1][:, None],
    "gather took": lambda o, n: o.gather(1, (n - 1)[:, None, None]).squeeze(1),
    "padding was made 0": lambda o, n: (o * (torch.arange(o.shape[1]) < n[:, None])[..., None])[
        :, -1
    ],
    "stopped with IndexError": lambda o, n: o[rows(o), n + o.shape[1]],
}


@pytest.mark.parametrize("message", LAST)
def test_last_state_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.last_state(LAST[message])


def test_last_state_accepts_a_loop():
    check.last_state(lambda o, n: torch.stack([x[k - 1] for x, k in zip(o, n, strict=True)]))


def scores(score, letters, groups, put=str.replace):
    """(G, N), by a loop over groups."""
    return torch.stack([score([put(one, "GROUP", g) for one in letters]) for g in groups])


def from_means(change):
    """An answer that makes something of each group's mean score."""
    return lambda score, letters, groups: change(scores(score, letters, groups).mean(1))


def from_scores(change):
    """An answer that makes something of all scores (G, N)."""
    return lambda score, letters, groups: change(scores(score, letters, groups))


def less(means):
    return means - means.mean()


def overwritten(score, letters, groups):
    means = []
    for group in groups:
        letters = [one.replace("GROUP", group) for one in letters]
        means.append(score(letters).mean())
    return less(torch.stack(means))


def not_kept(score, letters, groups):
    means = []
    for group in groups:
        for one in letters:
            one.replace("GROUP", group)
        means.append(score(letters).mean())
    return less(torch.stack(means))


def last_only(score, letters, groups):
    means = []
    for group in groups:
        for one in letters:
            got = score([one.replace("GROUP", group)])
        means.append(got.mean())
    return less(torch.stack(means))


def one_text(score, letters, groups):
    return less(torch.stack([score(letters[0].replace("GROUP", g)).mean() for g in groups]))


def letter_by_letter(score, letters, groups):
    texts = [one.replace("GROUP", g) for one in letters for g in groups]
    return less(score(texts).reshape(len(groups), len(letters)).mean(1))


def group_by_group(score, letters, groups):
    texts = [one.replace("GROUP", g) for g in groups for one in letters]
    return less(score(texts).reshape(len(letters), len(groups)).mean(0))


def with_template(score, letters, groups):
    return scores(score, letters, groups).mean(1) - score(letters).mean()


def joined(score, letters, groups):
    whole = "\n".join(letters)
    return less(torch.cat([score([whole.replace("GROUP", g)]) for g in groups]))


def spread(means):
    return means.std() if len(means) > 1 else 1


def written_into_the_list(score, letters, groups):
    kept, means = list(letters), []
    for group in groups:
        for i, one in enumerate(kept):
            letters[i] = one.replace("GROUP", group)
        means.append(score(tuple(letters)).mean())
    return [mean - sum(means) / len(means) for mean in means]


GAPS = {
    "without the control. Take their mean over all": from_means(lambda m: m),
    "sign is turned": from_means(lambda m: m.mean() - m),
    "sign is lost": from_means(lambda m: less(m).abs()),
    "differences to the first group": from_means(lambda m: m - m[0]),
    "differences to the last group": from_means(lambda m: m - m[-1]),
    "differences to the best group": from_means(lambda m: m - m.max()),
    "mean of the others": from_means(lambda m: m - (m.sum() - m) / max(len(m) - 1, 1)),
    "differences to the median": from_means(lambda m: m - m.median()),
    "standard deviation": from_means(lambda m: less(m) / spread(m)),
    "deviation. Leave": from_means(lambda m: less(m) / m.std(correction=0)),
    "these are ratios": from_means(lambda m: m / m.mean()),
    "ratios. Take the difference": from_means(lambda m: m / m.mean() - 1),
    "from the lowest mean to the highest": from_means(lambda m: m.max() - m.min()),
    "gaps are sorted. Keep": from_means(lambda m: less(m).sort().values),
    "the largest first": from_means(lambda m: less(m).sort(descending=True).values),
    "is nan": from_means(lambda m: less(m) * (len(m) - 1) / (len(m) - 1)),
    "\\(G, 1\\) for \\(G,\\)": from_means(lambda m: less(m)[:, None]),
    "grow with the number": from_scores(lambda s: less(s.sum(1))),
    "sums over the letters, without": from_scores(lambda s: s.sum(1)),
    "only the first letter": from_scores(lambda s: less(s[:, 0])),
    "only the last letter": last_only,
    "median over the letters": from_scores(lambda s: less(s.median(1).values)),
    "with all names, \\(G, N\\)": from_scores(lambda s: s),
    "with all names, \\(N, G\\)": from_scores(lambda s: s.T),
    "its own number, \\(G, N\\)": from_scores(lambda s: s - s.mean(0)),
    "its own number, \\(N, G\\)": from_scores(lambda s: (s - s.mean(0)).T),
    "its own number. Take": from_scores(lambda s: s - s.mean()),
    "one number for each letter": from_scores(lambda s: less(s.mean(0))),
    "letters, then the control": from_scores(lambda s: s.mean(0)),
    "goes letter by letter": letter_by_letter,
    "goes group by group": group_by_group,
    "got the same texts": overwritten,
    "returns a new text": not_kept,
    "only the first GROUP": lambda s, x, g: less(
        scores(s, x, g, put=lambda one, old, new: one.replace(old, new, 1)).mean(1)
    ),
    "still say GROUP": with_template,
    "joined to one text": joined,
    "names alone": lambda s, x, g: less(s(g)),
    "got a single text": one_text,
    "Take one letter at a time": lambda s, x, g: s(x.replace("GROUP", g[0])),
    "returns a dictionary": lambda s, x, g: dict(zip(g, text.group_gaps(s, x, g), strict=True)),
    "in place. Make a new list": written_into_the_list,
    "in place": lambda s, x, g: x.clear(),
}


@pytest.mark.parametrize("message", GAPS)
@pytest.mark.filterwarnings("ignore")
def test_group_gaps_names_the_mistake(message):
    with pytest.raises(CheckFailed, match=message):
        check.group_gaps(GAPS[message])


def letter_alone(score, letters, groups):
    """Lists of numbers, one call for each letter and name."""
    means = [
        sum(float(score([one.replace("GROUP", g)])) for one in letters) / len(letters)
        for g in groups
    ]
    return [mean - sum(means) / len(means) for mean in means]


def all_at_once(score, letters, groups):
    texts = [one.replace("GROUP", g) for g in groups for one in letters]
    means = score(texts).numpy().reshape(len(groups), len(letters)).mean(1)
    return means - means.mean()


def each_letters_control(score, letters, groups):
    """The mean over the groups is taken away letter by letter, before the mean over letters."""
    every = torch.stack([score([one.replace("GROUP", g) for g in groups]) for one in letters])
    return (every - every.mean(1, keepdim=True)).mean(0)


def against_the_template(score, letters, groups):
    changed = [score([one.replace("GROUP", g) for one in letters]) - score(letters) for g in groups]
    return less(torch.stack(changed).mean(1))


def by_split_and_join(score, letters, groups):
    return less(
        torch.stack([score([g.join(x.split("GROUP")) for x in letters]).mean() for g in groups])
    )


@pytest.mark.parametrize(
    "answer",
    [
        text.group_gaps,
        letter_alone,
        all_at_once,
        each_letters_control,
        against_the_template,
        by_split_and_join,
    ],
)
def test_group_gaps_accepts_and_hands_over_each_style(answer):
    check.group_gaps(answer)
    letters, groups = ["a GROUP", "one GROUP, another GROUP"], ["cat", "horse", "ox"]

    def length(texts):
        return torch.tensor([float(len(one)) for one in texts])

    gaps = torch.as_tensor(check.group_gaps.use(text.group_gaps)(length, letters, groups))
    torch.testing.assert_close(gaps.float(), text.group_gaps(length, letters, groups))
