"""fit with data as they come: other dtypes, shapes and losses, and what cannot be trained on."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit.nets import fitting
from labkit.nets.train import accuracy, evaluate, fit

BCE = F.binary_cross_entropy_with_logits


def net(out=3, *, norm=False):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        middle = [nn.BatchNorm1d(8)] if norm else []
        return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), *middle, nn.ReLU(), nn.Linear(8, out))


@pytest.fixture
def data():
    images = torch.rand(65, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    return images, (images[:, 0, 0, 0] * 3).long()


def run(model, train, valid=None, **options):
    options = {"epochs": 2, "progress": False, "lr": 0.01} | options
    return fit(model, train, train if valid is None else valid, **options).rows


# --- the same numbers from data of another kind ---

CHANGES = {
    "int32 labels": lambda x, y: (x, y.int()),
    "uint8 labels": lambda x, y: (x, y.byte()),
    "float64 images": lambda x, y: (x.double(), y),
    "numpy": lambda x, y: (x.numpy(), y.numpy()),
    "numpy float64, backwards": lambda x, y: (x.flip(0).double().numpy()[::-1], y.numpy()),
    "numpy that may not be written": lambda x, y: (np.broadcast_to(x.numpy(), x.shape), y),
    "labels in a list": lambda x, y: (x, y.tolist()),
    "labels (N, 1)": lambda x, y: (x, y[:, None]),
    "one-hot": lambda x, y: (x, F.one_hot(y, 3)),
    "one-hot floats": lambda x, y: (x, F.one_hot(y, 3).double()),
    "images that require grad": lambda x, y: (x.clone().requires_grad_(), y),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.filterwarnings("error")
def test_what_can_be_converted_gives_the_same_numbers(data, change):
    expected = run(net(), data)
    rows = run(net(), change(*data))
    for row, wanted in zip(rows, expected, strict=True):
        assert row == pytest.approx(wanted, abs=1e-6)
    assert accuracy(net(), change(*data)) == accuracy(net(), data)


def test_images_are_not_copied_for_a_checksum_without_a_checkpoint(data, monkeypatch):
    monkeypatch.setattr("labkit.nets.train._total", lambda *_: pytest.fail("summed"))
    run(net(), data)


def test_the_checksum_is_taken_in_parts(monkeypatch):
    from labkit.nets import train

    images = torch.rand(3000, 3, 32, 32)  # 9 million: several parts
    largest, double = [], torch.Tensor.double
    monkeypatch.setattr(
        torch.Tensor, "double", lambda self: largest.append(self.numel()) or double(self)
    )
    assert train._total(images) == pytest.approx(float(double(images).sum()), rel=1e-12)
    assert len(largest) > 1 and max(largest) <= 2**22
    assert train._total(torch.tensor([2, 3])) == 5


def test_a_checkpoint_whose_sum_was_rounded_otherwise_goes_on(data, tmp_path, monkeypatch):
    from labkit.nets import train

    path, total = tmp_path / "run.safetensors", train._total
    run(net(), data, epochs=1, checkpoint=path)
    monkeypatch.setattr(train, "_total", lambda numbers: total(numbers) * (1 + 1e-14))
    assert len(run(net(), data, epochs=2, checkpoint=path)) == 2
    with pytest.raises(ValueError, match="another run"):
        run(net(), (data[0] + 1e-4, data[1]), epochs=3, checkpoint=path)


# --- a yes or no each ---


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: (net(1), y.float()[:, None]),
        lambda x, y: (net(1), y.float()),
        lambda x, y: (net(1), y),
        lambda x, y: (nn.Sequential(net(1), nn.Flatten(0)), y.double()),
        lambda x, y: (nn.Sequential(net(1), nn.Flatten(0)), y[:, None]),
    ],
)
@pytest.mark.parametrize("loss", [BCE, nn.BCEWithLogitsLoss(), partial(BCE, reduction="mean")])
def test_accuracy_of_yes_or_no_is_its_sign(data, change, loss):
    labels = (data[0][:, 0, 0, 0] > 0.5).long()
    model, labels = change(data[0], labels)
    rows = run(model, (data[0], labels), loss=loss, epochs=60, lr=0.03)
    said, true = model(data[0]).flatten() > 0, torch.as_tensor(labels).flatten() > 0
    assert rows[-1].valid_accuracy == pytest.approx((said == true).float().mean().item())
    assert 0.6 < rows[-1].valid_accuracy <= 1 and str(rows[-1]).endswith("%")


def test_the_threshold_is_a_half_for_losses_that_are_not_on_logits(data):
    labels = torch.tensor([0.0, 1, 1])
    outputs = torch.tensor([[0.2], [0.4], [0.8]])
    for loss, right in ((F.mse_loss, 2), (nn.BCELoss(), 2), (BCE, 2), (nn.L1Loss(), 2)):
        judge = fitting.Judge(labels, loss)
        assert judge(outputs - (0.5 if loss is BCE else 0), labels[:, None]) == right
    assert fitting.Judge(labels * 2 - 1, lambda a, b: 0)(outputs - 0.5, labels * 2 - 1) == 2


def test_judging_by_hand():
    logits = torch.tensor([[2.0, 1, 0], [0, 2, 1], [0, 1, 2]])
    classes = torch.tensor([0, 1, 1])
    assert fitting.Judge(classes, F.cross_entropy)(logits, classes) == 2
    shares = torch.tensor([[0.6, 0.4, 0], [0.2, 0.3, 0.5], [0, 0, 1]])
    assert fitting.Judge(shares, F.cross_entropy)(logits, shares) == 2
    tags = torch.tensor([[1.0, 1, 0], [0, 1, 1], [1, 1, 1]])  # several may be true at once
    assert fitting.Judge(tags, BCE)(logits - 0.5, tags) == pytest.approx(1 + 1 + 2 / 3)
    maps = torch.tensor([[[0, 1], [1, 1]]])
    answer = F.one_hot(torch.tensor([[[0, 1], [0, 1]]]), 2).permute(0, 3, 1, 2).float()
    assert fitting.Judge(maps, F.cross_entropy)(answer, maps) == 0.75


def test_measured_numbers_are_never_right_or_wrong(data):
    amount = data[0].mean((1, 2, 3))
    rows = run(net(1), (data[0], amount), loss=F.mse_loss, epochs=200)
    assert math.isnan(rows[-1].valid_accuracy) and str(rows[-1]).endswith(" -")
    assert len(str(rows[-1])) == len(str(run(net(), data)[-1]))
    assert rows[-1].valid_loss < 0.005  # (B, 1) and (B,) were not spread against each other


def test_a_loss_of_ones_own_gets_the_labels_as_they_are(data):
    seen = []

    def loss(outputs, labels):
        seen.append(labels)
        return F.cross_entropy(outputs, labels[:, 0])

    run(net(), (data[0], data[1][:, None]), loss=loss, epochs=1)
    assert {tuple(labels.shape[1:]) for labels in seen} == {(1,)}


# --- batch norm ---


def test_a_last_batch_of_one_joins_the_one_before(data):
    sizes = []

    class Spy(nn.Module):
        def forward(self, images):
            if self.training:
                sizes.append(len(images))
            return images

    run(nn.Sequential(Spy(), net(norm=True)), data, epochs=1)
    assert sizes == [65]
    sizes.clear()
    run(nn.Sequential(Spy(), net(norm=True)), data, epochs=1, batch_size=16)
    assert sizes == [16, 16, 16, 17]
    sizes.clear()
    run(nn.Sequential(Spy(), net()), data, epochs=1)  # without batch norm all is as it was
    assert sizes == [64, 1]


@pytest.mark.parametrize("count, batch_size", [(1, 64), (8, 1)])
def test_batch_norm_of_single_images_is_told(data, count, batch_size):
    few = data[0][:count], data[1][:count]
    with pytest.raises(ValueError, match="batch norm cannot learn from a batch of one image"):
        run(net(norm=True), few, batch_size=batch_size)


# --- what cannot be trained on is told ---


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = net()

    def forward(self, images):
        return self.inner(images), 0


@pytest.mark.parametrize(
    "make, change, options, error, message",
    [
        (net, lambda x, y: ((x * 255).byte(), y), {}, TypeError, "torch.uint8.*images / 255"),
        (net, lambda x, y: ((x * 255).int(), y), {}, TypeError, r"int32.*images.float\(\)"),
        (net, lambda x, y: (y, x), {}, ValueError, "not the other way round"),
        (net, lambda x, y: (x, list("abc")), {}, TypeError, "tensors or arrays of numbers"),
        (net, lambda x, y: (x, y + 1), {}, ValueError, "0 to 2, for .* 3 out.* from 1 to 3"),
        (net, lambda x, y: (x, y - 1), {}, ValueError, "but they go from -1 to 1"),
        (net, lambda x, y: (x, F.one_hot(y, 4)), {}, ValueError, r"\(64, 3\) for labels \(64, 4\)"),
        (net, lambda x, y: (x, y.float()), {}, ValueError, "classes as whole numbers, or shares"),
        (net, lambda x, y: (x, y.float()), {"loss": BCE}, ValueError, "number with number"),
        (Pair, lambda x, y: (x, y), {}, TypeError, "returns a tuple, not a tensor of logits"),
        (nn.Flatten, lambda x, y: (x, y), {}, ValueError, "nothing to train: no parameter"),
        (lambda: net().requires_grad_(False), lambda x, y: (x, y), {}, ValueError, "nothing to tr"),
    ],
)
def test_mistakes_are_told(data, make, change, options, error, message):
    with pytest.raises(error, match=message):
        run(make(), change(*data), **options)


def test_an_ignored_class_is_no_mistake(data):
    images, labels = data[0][:64], data[1][:64].clone()  # a single batch
    labels[:5] = -100
    assert math.isfinite(run(net(), (images, labels))[-1].train_loss)
    labels[:5] = 7
    loss = nn.CrossEntropyLoss(ignore_index=7)
    assert math.isfinite(run(net(), (images, labels), loss=loss)[-1].train_loss)


def test_an_error_of_the_model_itself_comes_as_it_is(data):
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run(nn.Sequential(nn.Flatten(), nn.Linear(5, 3)), data)


@pytest.mark.parametrize("which", ["training", "validation"])
def test_numbers_that_are_none_are_told_with_their_set(data, which, tmp_path):
    bad = data[0].clone()
    bad[3:5] = float("nan")
    sets = [data, data]
    sets[which == "validation"] = (bad, data[1])
    path = tmp_path / "run.safetensors"
    with pytest.raises(
        FloatingPointError, match=f"the {which} loss became nan: 2 of the 65 images"
    ):
        run(net(), *sets, checkpoint=path)
    assert not path.exists()


def test_evaluate_takes_the_same_data(data):
    expected = evaluate(net(), data)
    assert evaluate(net(), (data[0].double().numpy(), data[1].tolist())) == expected
    loss, share = evaluate(net(1), (data[0], (data[1] > 0).float()), loss=BCE)
    assert 0 <= share <= 1 and loss > 0


def test_embeddings_still_take_whole_numbers():
    ids, labels = torch.arange(40).view(20, 2) % 7, torch.arange(20) % 2
    model = nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.Linear(8, 2))
    assert len(run(model, (ids, labels))) == 2
