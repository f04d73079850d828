"""fit: it learns, it stops early, it goes on after a kill with the same numbers."""

import pytest
import torch
from torch import nn

from labkit.nets.models import LeNet
from labkit.nets.train import accuracy, evaluate, fit, pick_device


def blobs(n=120, seed=0, noise=0.4):
    """Two classes of 2-D points that a line tells apart."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    points = torch.randn(n, 2, generator=generator) * noise + 2.0 * labels[:, None] - 1
    return points, labels


def small_net(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2)
        )


def run(model, epochs, **options):
    options = {"progress": False, "lr": 0.01, "batch_size": 16} | options
    return fit(model, blobs(), blobs(seed=1), epochs=epochs, **options)


def same(a, b):
    return all(
        torch.equal(x, y)
        for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_it_learns_and_the_history_says_so():
    model = small_net()
    history = run(model, 15)
    assert history.column("epoch") == list(range(1, 16))
    assert history.rows[-1].train_loss < history.rows[0].train_loss / 2
    assert history.rows[-1].valid_accuracy > 0.95
    assert accuracy(model, blobs(seed=1)) == history.rows[-1].valid_accuracy
    assert str(history).count("\n") == 15


def test_evaluate_by_hand():
    model = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.eye(2))
    images, labels = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), torch.tensor([0, 1, 1])
    loss, share = evaluate(model, (images, labels), batch_size=2)
    right, wrong = -torch.tensor([1.0, 0.0]).log_softmax(0)
    assert loss == pytest.approx((2 * right + wrong).item() / 3) and share == pytest.approx(2 / 3)


def test_same_seed_same_numbers_and_no_trace_outside():
    before, one, two = torch.get_rng_state(), small_net(), small_net()
    one.eval()
    assert run(one, 3).rows == run(two, 3).rows and same(one, two)
    assert not one.training and two.training
    assert torch.equal(before, torch.get_rng_state())
    other = small_net()
    run(other, 3, seed=5)
    assert not same(one, other)


@pytest.mark.parametrize("killed_after", [1, 2, 4])
def test_a_killed_run_goes_on_to_the_same_numbers(tmp_path, killed_after):
    whole, path = small_net(), tmp_path / "run.safetensors"
    expected = run(whole, 5)
    run(small_net(), killed_after, checkpoint=path)
    again = small_net(seed=99)  # a new kernel: what the model holds now does not matter
    assert run(again, 5, checkpoint=path).rows == expected.rows and same(again, whole)
    assert run(again, 5, checkpoint=path).rows == expected.rows and same(again, whole)


def test_killed_in_the_middle_of_an_epoch(tmp_path, monkeypatch):
    path, whole, calls = tmp_path / "run.safetensors", small_net(), []
    expected = run(whole, 4)

    def dies(logits, labels):
        calls.append(1)
        if len(calls) == 27:
            raise KeyboardInterrupt
        return nn.functional.cross_entropy(logits, labels)

    model = small_net()
    with pytest.raises(KeyboardInterrupt):
        run(model, 4, checkpoint=path, loss=dies)
    assert run(model, 4, checkpoint=path).rows == expected.rows and same(model, whole)
    assert [f.name for f in tmp_path.iterdir()] == ["run.safetensors"]


def test_early_stopping_brings_the_best_epoch_back(tmp_path):
    options = {"patience": 3, "lr": 0.05, "checkpoint": tmp_path / "run.safetensors"}
    model = small_net()
    history = run(model, 200, **options)
    assert len(history.rows) < 200 and len(history.rows) - history.best.epoch == 3
    best_loss = evaluate(model, blobs(seed=1))[0]
    assert best_loss == pytest.approx(history.best.valid_loss)
    resumed = small_net(seed=5)
    assert run(resumed, 200, **options).rows == history.rows and same(resumed, model)


def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path):
    path = tmp_path / "run.safetensors"
    run(small_net(), 1, checkpoint=path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="another run.*'lr': 0.01.*'lr': 0.5"):
        run(small_net(), 2, checkpoint=path, lr=0.5)
    with pytest.raises(ValueError, match="holds another model"):
        run(nn.Linear(2, 2), 2, checkpoint=path)
    assert path.read_bytes() == content
    path.write_bytes(b"junk")
    with pytest.raises(ValueError, match="not a checkpoint of labkit"):
        run(small_net(), 2, checkpoint=path)
    assert path.read_bytes() == b"junk"


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    run(small_net(), 1, checkpoint=path)
    content = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        run(small_net(), 2, checkpoint=path)
    assert path.read_bytes() == content and len(list(tmp_path.iterdir())) == 1


def test_a_diverging_run_is_told_in_words():
    with pytest.raises(FloatingPointError, match="learning rate ten times smaller"):
        run(small_net(), 50, loss=lambda logits, labels: logits.sum() * float("nan"))


@pytest.mark.parametrize(
    "change, error, message",
    [
        (
            {"train": (torch.zeros(3, 2), torch.zeros(4).long())},
            ValueError,
            "3 images for 4 labels",
        ),
        ({"train": torch.zeros(3, 2)}, TypeError, "pair"),
        ({"valid": (torch.zeros(0, 2), torch.zeros(0).long())}, ValueError, "0 images"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number"),
        ({"batch_size": 2.5}, ValueError, "batch_size must be a whole number"),
        ({"patience": -1}, ValueError, "patience"),
    ],
)
def test_mistakes_are_told(change, error, message):
    arguments = {"train": blobs(), "valid": blobs(), "epochs": 1, "progress": False} | change
    train, valid = arguments.pop("train"), arguments.pop("valid")
    with pytest.raises(error, match=message):
        fit(small_net(), train, valid, **arguments)


def jitter(points, *, seed, indices):
    """An augmentation of points: a shift that depends on the seed and a point's number alone."""
    turn = seed + 31.0 * indices.to(points)
    return points + 0.3 * torch.stack([turn.sin(), turn.cos()], 1)


def test_augment_gets_a_new_seed_every_epoch_and_the_images_numbers():
    data, calls = blobs(), []

    def spy(points, *, seed, indices):
        assert torch.equal(points, data[0][indices])
        calls.append((seed, indices))
        return jitter(points, seed=seed, indices=indices)

    before = data[0].clone()
    fit(small_net(), data, data, epochs=3, batch_size=16, progress=False, augment=spy)
    assert len(calls) == 24 and len({seed for seed, _ in calls}) == 3
    assert torch.cat([index for _, index in calls[:8]]).sort().values.tolist() == list(range(120))
    assert torch.equal(data[0], before)


def test_augment_changes_training_alone_and_the_same_seed_repeats_it():
    plain, one, two = small_net(), small_net(), small_net()
    rows = run(one, 3, augment=jitter).rows
    assert run(two, 3, augment=jitter).rows == rows and same(one, two)
    assert run(plain, 3).rows != rows and not same(one, plain)
    assert evaluate(one, blobs(seed=1))[0] == rows[-1].valid_loss  # on the images as they are
    nothing = small_net()
    run(nothing, 3, augment=lambda points, **_: points)
    assert same(nothing, plain)  # the order of the batches does not depend on it


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_killed_run_with_augment_goes_on_to_the_same_numbers(tmp_path, killed_after):
    whole, path = small_net(), tmp_path / "run.safetensors"
    expected = run(whole, 4, augment=jitter)
    run(small_net(), killed_after, checkpoint=path, augment=jitter)
    again = small_net(seed=99)
    options = {"checkpoint": path, "augment": jitter}
    assert run(again, 4, **options).rows == expected.rows and same(again, whole)
    with pytest.raises(ValueError, match="another run.*'augment'"):
        run(small_net(), 5, checkpoint=path)


def test_a_policy_is_an_augment(tmp_path):
    from labkit.augment import Policy

    images, labels = torch.rand(20, 1, 8, 8), torch.arange(20) % 2
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    path, policy = tmp_path / "run.safetensors", Policy(degrees=10)
    data = ((images, labels), (images, labels))
    fit(model, *data, epochs=1, augment=policy, checkpoint=path, progress=False)
    fit(model, *data, epochs=2, augment=Policy(degrees=10), checkpoint=path, progress=False)
    with pytest.raises(ValueError, match=r"Policy\(degrees=10\).*Policy\(degrees=20\)"):
        fit(model, *data, epochs=3, augment=Policy(degrees=20), checkpoint=path, progress=False)


@pytest.mark.parametrize(
    "augment, error, message",
    [
        (0.5, TypeError, "function or a Policy"),
        (
            lambda points, **_: points[:1],
            ValueError,
            r"must give images \(16, 2\) back, not \(1, 2\)",
        ),
        (lambda points, **_: None, ValueError, "not NoneType"),
    ],
)
def test_mistakes_of_augment_are_told(augment, error, message):
    with pytest.raises(error, match=message):
        run(small_net(), 1, augment=augment)


def test_progress_prints_one_row_an_epoch(capsys):
    fit(small_net(), blobs(), blobs(), epochs=2, progress=True)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert len(lines) == 3 and lines[0].startswith("epoch")


def test_a_lenet_learns_the_digits_within_three_epochs():
    from labkit.data import load_digits

    train, test = load_digits()
    history = fit(LeNet(seed=1), train, test, epochs=3, progress=False)
    assert history.rows[-1].valid_accuracy > 0.85


def test_device_is_chosen_or_taken():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device().type in {"cuda", "mps", "cpu"}


def test_each_epoch_takes_every_image_once_in_an_order_of_its_own():
    seen, points = [], torch.rand(120, 2)

    def loss(outputs, numbers):
        seen.append(numbers)
        return ((outputs[:, 0] - numbers) ** 2).mean()

    data = (points, torch.arange(120.0))
    fit(nn.Linear(2, 1), data, data, epochs=2, batch_size=16, progress=False, loss=loss)
    first, in_order, second, _ = torch.cat(seen).split(120)
    assert sorted(first.tolist()) == sorted(second.tolist()) == in_order.tolist()
    assert first.tolist() != second.tolist() and first.tolist() != in_order.tolist()
