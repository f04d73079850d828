"""Checks of lab 05: solutions pass, usual mistakes are named."""

import pytest
import torch
from torch import Tensor, nn

from labkit.checks import CheckFailed
from labkit.checks import lab05 as check


def new_last_layer(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


def cached_features(body, images, cut=Tensor.split):
    training = body.training
    body.eval()
    with torch.no_grad():
        parts = [body(some) for some in cut(images, 16)]
    body.train(training)
    return torch.cat(parts)


def balanced_accuracy(said, labels):
    return torch.stack([(said[labels == k] == k).float().mean() for k in labels.unique()]).mean()


def on_background(images, masks, others, other_masks):
    return torch.where((masks | other_masks)[:, None], images, others)


@pytest.mark.parametrize(
    "name", ["new_last_layer", "cached_features", "on_background", "balanced_accuracy"]
)
def test_the_solution_passes(name, capsys):
    getattr(check, name)(globals()[name])
    assert f"✓ {name} is right" in capsys.readouterr().out


def test_other_right_ways_pass():
    def by_loop(net, classes):
        for weight in net.parameters():
            weight.requires_grad = False
        net.logits = nn.Linear(net.logits.in_features, classes)
        return [w for w in net.parameters() if w.requires_grad]

    check.new_last_layer(by_loop)
    check.new_last_layer(lambda net, k: iter(new_last_layer(net, k)))
    check.balanced_accuracy(lambda s, y: float(balanced_accuracy(s, y)))
    check.balanced_accuracy(lambda s, y: ((s == y) / y.bincount()[y]).sum() / len(y.unique()))
    check.cached_features(lambda b, x: torch.cat([cached_features(b, one[None]) for one in x]))
    check.cached_features(lambda b, x: cached_features(b, x).numpy())
    for way in (by_loop_over_pictures, by_product, by_index, in_two_steps):
        check.on_background(way)


def by_loop_over_pictures(images, masks, others, other_masks):
    rows = zip(images, masks, others, other_masks, strict=True)
    return [torch.where(m + n > 0, i, o) for i, m, o, n in rows]


def by_product(images, masks, others, other_masks):
    free = (1 - masks.float()) * (1 - other_masks.float())
    return images * (1 - free[:, None]) + others * free[:, None]


def by_index(images, masks, others, other_masks):
    made = others.clone().movedim(1, -1)
    keep = masks.logical_or(other_masks)
    made[keep] = images.movedim(1, -1)[keep]
    return made.movedim(-1, 1).numpy()


def in_two_steps(images, masks, others, other_masks):
    empty = torch.where(other_masks.unsqueeze(1), images, others)
    return torch.where(masks.unsqueeze(1), images, empty)


def not_frozen(net, classes):
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


def frozen_last(net, classes):
    net.logits = nn.Linear(net.logits.in_features, classes)
    net.requires_grad_(False)
    return list(net.logits.parameters())


def wrong_inputs(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(1280, classes)
    return list(net.logits.parameters())


def everything(net, classes):
    new_last_layer(net, classes)
    return list(net.parameters())


def pairs(net, classes):
    new_last_layer(net, classes)
    return list(net.logits.named_parameters())


def reset(net, classes):
    net[0][0].reset_parameters()
    return new_last_layer(net, classes)


def without_bias(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes, bias=False)
    return list(net.logits.parameters())


def not_a_number(net, classes):
    weights = new_last_layer(net, classes)
    weights[0].data.fill_(float("nan"))
    return weights


def in_double(net, classes):
    new_last_layer(net, classes)
    return list(net.logits.double().parameters())


def body_by_name(net, classes):
    net.body.requires_grad_(False)
    net.logits = nn.Linear(net.logits.in_features, classes)
    return list(net.logits.parameters())


def swapped(net, classes):
    net.requires_grad_(False)
    net.logits = nn.Linear(classes, net.logits.in_features)
    return list(net.logits.parameters())


def with_softmax(net, classes):
    new_last_layer(net, classes)
    net.logits = nn.Sequential(net.logits, nn.Softmax(1))
    return list(net.logits.parameters())


@pytest.mark.parametrize(
    "answer, message",
    [
        (not_frozen, "nothing is frozen"),
        (frozen_last, "The new layer is frozen too"),
        (lambda net, k: new_last_layer(net, k + 1), "one output a class"),
        (wrong_inputs, "takes 1280 numbers, but"),
        (everything, "of which 2 can learn"),
        (pairs, "named_parameters gives pairs"),
        (reset, "not those that came in"),
        (lambda net, k: list(net.logits.parameters()), "still the old layer"),
        (lambda net, k: new_last_layer(net, k)[:1], "its weight and its bias"),
        (lambda net, k: new_last_layer(net, k) and None, "should return the list"),
        (without_bias, "has no bias"),
        (not_a_number, "not finite"),
        (in_double, "float64, the rest of the network in torch.float32"),
        (body_by_name, "body"),
        (lambda net, k: new_last_layer(net, k) and net, "A Sequential is returned"),
        (lambda net, k: new_last_layer(net, k) and net.logits, "A Linear is returned"),
        (lambda net, k: new_last_layer(net, k) and net.logits.state_dict(), "their names"),
        (lambda net, k: [w.data for w in new_last_layer(net, k)], "can't learn"),
        (swapped, "swapped"),
        (with_softmax, "takes the softmax itself"),
    ],
)
def test_mistakes_of_new_last_layer(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.new_last_layer(answer)


def in_its_mode(body, images):
    with torch.no_grad():
        return torch.cat([body(some) for some in images.split(16)])


def with_graph(body, images):
    training = body.training
    body.eval()
    parts = [body(some) for some in images.split(16)]
    body.train(training)
    return torch.cat(parts)


def left_in_eval(body, images):
    body.eval()
    return in_its_mode(body, images)


def at_once(body, images):
    training = body.training
    with torch.no_grad():
        found = body.eval()(images)
    body.train(training)
    return found


def last_batch(body, images):
    training = body.training
    body.eval()
    for some in images.split(16):
        with torch.no_grad():
            found = body(some)
    body.train(training)
    return found


def sixteen_batches(body, images):
    return cached_features(body, images, cut=Tensor.chunk)


def row_a_batch(body, images):
    return torch.stack([cached_features(body, some).mean(0) for some in images.split(16)])


def inference(body, images):
    with torch.inference_mode():
        return cached_features(body, images)


def gradients_left_off(body, images):
    torch.set_grad_enabled(False)
    return with_graph(body, images)


@pytest.mark.parametrize(
    "answer, message",
    [
        (in_its_mode, r"Call .eval\(\) first"),
        (with_graph, "still hang on the network's graph"),
        (left_in_eval, "came in train mode and is left in eval mode"),
        (last_batch, "only the last batch is left"),
        (at_once, "260 images at once"),
        (sixteen_batches, r"17 images at once.*chunk\(16\) would make 16"),
        (
            lambda b, x: [cached_features(b, some) for some in x.split(16)],
            "are returned, one by one",
        ),
        (lambda b, x: torch.stack([cached_features(b, some) for some in x.split(16)]), "torch.cat"),
        (lambda b, x: cached_features(b, x)[: max(len(x) // 16, 1) * 16], "isn't full, is missing"),
        (row_a_batch, "one row a batch"),
        (inference, "no layer can be trained on them"),
        (gradients_left_off, "Gradients are still switched off"),
        (lambda b, x: cached_features(b, x).mean(0), "each keeps its own row"),
        (lambda b, x: cached_features(b, x)[:1], "only the first image"),
    ],
)
def test_mistakes_of_cached_features(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.cached_features(answer)


def into_others(images, masks, others, other_masks):
    keep = (masks | other_masks)[:, None].expand_as(others)
    others[keep] = images[keep]
    return others


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda i, m, o, n: i.where(m[:, None], o), "a second car looks out from behind. Where"),
        (lambda i, m, o, n: i.where(n[:, None], o), "is painted over"),
        (lambda i, m, o, n: i.where((m & n)[:, None], o), "only where both cars stand"),
        (lambda i, m, o, n: i.where((m != n)[:, None], o), "the other one shows"),
        (lambda i, m, o, n: o.where((m | n)[:, None], i), "the wrong way round"),
        (lambda i, m, o, n: o.where(n[:, None], i), "the other car on your background. `"),
        (lambda i, m, o, n: on_background(o, m, i, m), "is cut out and the rest stays"),
        (lambda i, m, o, n: i, "nothing has changed"),
        (lambda i, m, o, n: o, "without your car"),
        (lambda i, m, o, n: i.where(m[:, None], o * ~n[:, None]), "leaves is black"),
        (lambda i, m, o, n: i * m[:, None], "comes from `others`"),
        (lambda i, m, o, n: i * (m | n)[:, None] + o * ~m[:, None], "where the other car stands"),
        (lambda i, m, o, n: i + o * ~(m | n)[:, None], "added, not put together"),
        (lambda i, m, o, n: (i + o) / 2, "half and half"),
        (lambda i, m, o, n: on_background(i, m, o.roll(1, 0), n), "another row"),
        (lambda i, m, o, n: i.where((m | n)[:1, None], o), "serve for all"),
        (lambda i, m, o, n: o * ~(m | n)[:, None], "black is put"),
        (lambda i, m, o, n: i.where(m | n, o), "over colour k of every image. masks"),
        (lambda i, m, o, n: i.where(m, o), "and a second car looks out"),
        (lambda i, m, o, n: i * m[:, None] + o * (1 - n[:, None]), "numbers are needed here"),
        (into_others, "changes its input in place"),
    ],
)
def test_mistakes_of_on_background(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.on_background(answer)


def precision(said, labels):
    return torch.stack([(labels[said == k] == k).float().mean() for k in said.unique()]).mean()


def shares(said, labels, classes):
    return torch.stack([(said[labels == k] == k).float().mean() for k in classes])


def mean(labels, share):
    return torch.stack([share(k) for k in labels.unique()]).mean()


def f1(said, true):
    return 2 * (said & true).sum() / (said.sum() + true.sum())


def counting_absent(said, labels):
    classes = range(int(max(said.max(), labels.max())) + 1)
    shares = [
        (said[labels == k] == k).float().mean() if (labels == k).any() else torch.tensor(0.0)
        for k in classes
    ]
    return torch.stack(shares).mean()


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda s, y: (s == y).float().mean(), "plain accuracy"),
        (precision, "how often a class is said"),
        (lambda s, y: 100 * balanced_accuracy(s, y), "in percent"),
        (lambda s, y: 1 - balanced_accuracy(s, y) * (1 + 1e-3), "share that is wrong|should be"),
        (counting_absent, "counts as 0 here"),
        (lambda s, y: shares(s, y, y.unique()), "the mean over them"),
        (lambda s, y: shares(s, y, [0, 1]).mean(), "only classes 0 and 1"),
        (
            lambda s, y: shares(s, y, range(int(y.max()) + 1)).mean(),
            "no image is of class 1.* 0 / 0",
        ),
        (lambda s, y: shares(s, y, s.unique()).mean(), "is nan: no image is of class 2"),
        (lambda s, y: shares(s, y, s.unique()).nan_to_num().mean(), "taken from the answers"),
        (lambda s, y: shares(s, y, y.unique())[0], "stand inside the loop"),
        (lambda s, y: shares(s, y, y.unique())[-1], "the last class alone"),
        (lambda s, y: shares(s, y, y.unique()).min(), "the smallest share"),
        (lambda s, y: shares(s, y, y.unique()).prod(), "multiplied"),
        (lambda s, y: shares(y, y, y.unique()).mean(), "compared with themselves"),
        (lambda s, y: (s == y).float().mean() / len(y.unique()), "one of all images"),
        (lambda s, y: (s == y).sum() / len(y.unique()), "numbers of images"),
        (lambda s, y: mean(y, lambda k: (s == k).sum() / (y == k).sum()), "right or wrong"),
        (lambda s, y: mean(y, lambda k: ((s == k) == (y == k)).float().mean()), "isn't called k"),
        (lambda s, y: mean(y, lambda k: f1(s == k, y == k)), "the F1 score"),
    ],
)
def test_mistakes_of_balanced_accuracy(answer, message):
    with pytest.raises(CheckFailed, match=message):
        check.balanced_accuracy(answer)
