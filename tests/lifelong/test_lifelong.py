"""labkit.lifelong: tasks, pieces by hand, methods, runs, and means that can't forget."""

import pytest
import torch
from torch import nn

from labkit import data, lifelong
from labkit.lifelong import Asked, Examples, Task
from labkit.lifelong.running import loss_on


@pytest.fixture(scope="module")
def pairs():
    return {question: lifelong.split_digits(question) for question in lifelong.QUESTIONS}


def few(tasks, count=40):
    """The same tasks with few examples."""
    rows = slice(0, count)
    return [Task(t.name, t.train.pick(rows), t.test.pick(rows)) for t in tasks]


# --- tasks


def test_a_question_says_which_outputs_may_answer(pairs):
    told, even, ten = (pairs[question][2].train for question in ("task", "domain", "class"))
    assert set(told.labels.tolist()) == set(ten.labels.tolist()) == {4, 5}
    assert set(even.labels.tolist()) == {0, 1} and even.allowed.shape[1] == 2
    assert told.allowed[0].nonzero().flatten().tolist() == [4, 5]
    assert even.allowed.all() and ten.allowed.all()
    assert [task.name for task in pairs["class"]] == ["0/1", "2/3", "4/5", "6/7", "8/9"]
    assert len(lifelong.together(pairs["task"]).train.labels) == 4000
    with pytest.raises(ValueError, match="question must be one of task, domain, class"):
        lifelong.split_digits("all")


def test_turned_digits_are_the_same_digits():
    tasks = lifelong.rotated_digits()
    plain, _ = data.load_digits()
    assert torch.equal(tasks[0].train.images, plain.images)
    assert torch.equal(tasks[3].train.labels, plain.labels)
    assert torch.allclose(tasks[3].train.images, plain.images.rot90(1, (2, 3)), atol=1e-5)


def test_what_may_not_answer_never_does(pairs):
    net, task = lifelong.Net(10, seed=0), pairs["task"][1]
    logits = Asked(net, task.test.allowed)(task.test.images)
    assert set(logits.argmax(1).tolist()) <= {2, 3}
    assert torch.equal(logits[:, 2:4], net(task.test.images)[:, 2:4])


# --- pieces


def test_forgetting_by_hand():
    accuracy = torch.tensor([[0.9, 0.99, 0.2], [0.95, 0.8, 0.99], [0.5, 0.85, 1.0]])
    assert lifelong.forgetting(accuracy).tolist() == pytest.approx([0.45, -0.05])
    with pytest.raises(ValueError, match="two tasks or more"):
        lifelong.forgetting(torch.ones(3, 2))


def test_fisher_of_one_weight_is_the_variance_of_the_label():
    """Logits (w x, 0): the slope of log p(y) is x (y - p), so its mean square is x² p (1 - p)."""
    net = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[0.7], [0.0]]))
    images = torch.full((4000, 1), 2.0)
    p = torch.tensor(1.4).sigmoid()
    got = lifelong.fisher(net, images, torch.Generator().manual_seed(0))
    assert got.shape == (2,) and net.weight.grad is None
    assert torch.allclose(got, (4 * p * (1 - p)).expand(2), rtol=0.1)


def test_the_penalty_by_hand():
    anchors = [(torch.tensor([0.0, 1.0]), torch.tensor([2.0, 0.0]))]
    anchors += [(torch.tensor([2.0, 1.0]), torch.tensor([0.0, 3.0]))]
    weights = torch.tensor([1.0, 3.0], requires_grad=True)
    cost = lifelong.ewc_penalty(weights, anchors, 10.0)
    assert cost.item() == pytest.approx(5 * (2 * 1 + 3 * 4))
    assert torch.autograd.grad(cost, weights)[0].tolist() == pytest.approx([20.0, 60.0])
    assert lifelong.ewc_penalty(weights, [], 10.0).item() == 0


def test_each_item_is_as_likely_to_be_kept():
    rng = torch.Generator().manual_seed(0)
    kept = [lifelong.reservoir(iter(range(12)), 3, rng) for _ in range(4000)]
    shares = torch.tensor(kept).flatten().bincount(minlength=12) / 4000
    assert (shares - 0.25).abs().max() < 0.03
    pairs = {tuple(sorted(row)) for row in kept}
    assert len(pairs) == 220  # every three of twelve
    assert lifelong.reservoir("ab", 3, rng) == ["a", "b"]


# --- methods and runs


def test_a_run_measures_every_task_after_each(pairs):
    before, seen = torch.random.get_rng_state(), []
    tasks = few(pairs["class"])[:3]
    made = lifelong.run(tasks, epochs=2, seed=1, watch=lambda net, number: seen.append(number))
    assert made.accuracy.shape == (3, 3) and seen == [0, 0, 1, 1, 2, 2]
    assert made.final == pytest.approx(float(made.accuracy[2].mean()))
    again = lifelong.run(tasks, epochs=2, seed=1)
    assert torch.equal(made.accuracy, again.accuracy)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_hold_where_they_mattered(pairs):
    tasks = few(pairs["class"])[:2]
    free, held, stiff = (
        lifelong.run(tasks, method, epochs=2, seed=0).net
        for method in (None, lifelong.L2(10.0), lifelong.L2(1e4))
    )
    first = lifelong.weights_of(lifelong.run(tasks[:1], epochs=2, seed=0).net)
    moved = [(lifelong.weights_of(net) - first).norm().item() for net in (free, held, stiff)]
    assert moved[0] > moved[1]
    method = lifelong.EWC(1.0)
    lifelong.run(tasks, method, epochs=1, seed=0)
    assert len(method.anchors) == 2 and all((f >= 0).all() for _, f in method.anchors)
    plain = lifelong.L2(1.0)
    lifelong.run(tasks, plain, epochs=1, seed=0)
    assert len(plain.anchors) == 1 and plain.anchors[0][1].unique().tolist() == [1]


def test_methods_use_the_functions_they_are_given(pairs):
    asked = []

    def fisher(net, images, generator):
        asked.append(len(images))
        return torch.zeros(sum(w.numel() for w in net.parameters()))

    tasks = few(pairs["task"])[:2]
    ewc = lifelong.EWC(1e6, fisher=fisher)
    assert torch.equal(
        lifelong.run(tasks, ewc, epochs=1, seed=0).accuracy,
        lifelong.run(tasks, lifelong.EWC(0.0), epochs=1, seed=0).accuracy,
    )
    assert asked == [40, 40]
    replay = lifelong.Replay(2, reservoir=lambda stream, size, generator: [*stream][:size])
    lifelong.run(tasks, replay, epochs=1, seed=0)
    first = (tasks[0].train.labels == 0).nonzero()[:2, 0]
    assert torch.equal(replay.memory.images[:2], tasks[0].train.images[first])
    assert replay.memory.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match="1 or more, not 0"):
        lifelong.Replay(0)


def test_replay_mixes_tasks_alike(pairs):
    net, method = lifelong.Net(10, seed=0), lifelong.Replay(1, batch_size=4)
    rng, loss = torch.Generator().manual_seed(0), torch.tensor(3.0)
    assert method.loss(net, loss, rng) is loss
    for task in pairs["class"][:3]:
        method.after(net, task, rng)
    rows = torch.randint(6, (4,), generator=torch.Generator().manual_seed(5))
    other = loss_on(net, method.memory.pick(rows)).item()
    got = method.loss(net, loss, torch.Generator().manual_seed(5)).detach()
    assert got.item() == pytest.approx((3 + 3 * other) / 4, rel=1e-5)


def test_a_new_network_learns_the_memory(pairs):
    memory = Examples.joined([task.train.pick(slice(0, 8)) for task in pairs["class"]])
    net = lifelong.alone(memory, steps=80, seed=0)
    assert lifelong.accuracy(net, memory) > 0.95


# --- means


def test_means_don_t_mind_the_order():
    train, test = data.load_digits()
    order = train.labels.argsort()
    features = lifelong.random_features(60, seed=0)
    for spread in (False, True):
        mixed, sorted_ = (lifelong.RunningMeans(features, spread=spread) for _ in range(2))
        mixed.see(*train)
        for rows in order.split(400):
            sorted_.see(train.images[rows], train.labels[rows])
        said = [means.answer(test.images) for means in (mixed, sorted_)]
        assert torch.equal(*said)
        assert (said[0] == test.labels).float().mean() > 0.6


def test_spread_is_linear_discriminant_analysis():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    train, test = data.load_digits()
    x, y = (part.images.flatten(1)[:, 200:600:9].double() for part in (train, test))
    means = lifelong.RunningMeans(spread=True)
    means.see(x, train.labels)
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.02 / 1.02)
    want = oracle.fit(x.numpy(), train.labels.numpy()).predict(y.numpy())
    assert (means.answer(y).numpy() == want).mean() > 0.97


def test_means_answer_only_what_is_allowed():
    row = lifelong.split_digits("task")
    test = lifelong.together(row).test
    for spread in (False, True):
        means = lifelong.RunningMeans(spread=spread)
        for task in row:
            means.see(task.train.images, task.train.labels)
        said = means.answer(test.images, test.allowed)
        assert test.allowed.gather(1, said[:, None]).all()
        assert (said == test.labels).float().mean() > 0.9


def test_random_features_are_no_disguise():
    train, _ = data.load_digits()
    features = lifelong.random_features(seed=0)
    found = lifelong.unmask(features, features(train.images[5:6])[0])
    assert (found - train.images[5:6]).abs().mean() < 0.03


def test_a_class_that_was_never_seen_is_never_answered():
    for spread in (False, True):
        means = lifelong.RunningMeans(classes=3, spread=spread)
        means.see(torch.tensor([[0.0, 1.0], [4.0, 0.0], [3.0, 1.0]]), torch.tensor([0, 2, 2]))
        assert set(means.answer(torch.randn(50, 2)).tolist()) <= {0, 2}
