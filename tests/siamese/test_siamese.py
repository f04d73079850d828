"""The embedding net, its losses against their formulas, and the training loop."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit import data, siamese


def points(count, dim, seed=0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


# --- losses


def test_contrastive_loss_by_hand():
    zero, one = torch.zeros(2, 3), torch.tensor([[0.6, 0, 0], [0.6, 0, 0]])
    loss = siamese.contrastive_loss(zero, one, torch.tensor([True, False]))
    assert loss.item() == pytest.approx((0.36 + 0.16) / 4)
    far = siamese.contrastive_loss(zero, one, torch.tensor([False, False]), margin=0.5)
    assert far.item() == 0


def test_losses_have_finite_slopes_where_embeddings_are_equal():
    labels = torch.tensor([0, 0, 1, 1])
    for loss in (siamese.batch_hard, siamese.sup_con_loss):
        z = torch.ones(4, 3, requires_grad=True)
        loss(z, labels).backward()
        assert z.grad.isfinite().all()
    z = torch.ones(2, 3, requires_grad=True)
    siamese.contrastive_loss(z, torch.ones(2, 3), torch.tensor([True, False])).backward()
    assert z.grad.isfinite().all()


def test_contrastive_loss_has_the_gradient_of_finite_differences():
    first, second = points(6, 2, 1).double().requires_grad_(), points(6, 2, 2).double()
    same = torch.tensor([True, False] * 3)
    assert torch.autograd.gradcheck(
        lambda a: siamese.contrastive_loss(a, second, same, margin=2.0), (first,)
    )


def test_triplet_loss_is_torchs():
    a, p, n = (points(8, 5, seed) for seed in range(3))
    want = F.triplet_margin_loss(a, p, n, margin=0.7, eps=0)
    assert torch.allclose(siamese.triplet_loss(a, p, n, margin=0.7), want, atol=1e-5)


def test_hardest_against_loops():
    z, labels = points(12, 3), torch.tensor([0, 1, 2] * 4)
    far, near = siamese.hardest(torch.cdist(z, z), labels)
    for i in range(12):
        d = (z - z[i]).norm(dim=1)
        assert far[i] == pytest.approx(float(d[labels == labels[i]].max()), rel=1e-5)
        assert near[i] == pytest.approx(float(d[labels != labels[i]].min()), rel=1e-5)


def test_batch_hard_is_the_triplet_loss_of_the_hardest():
    z, labels = points(8, 3), torch.arange(8) % 2
    d = torch.cdist(z, z)
    positive = d.masked_fill(labels[:, None] != labels, -1).argmax(1)
    negative = d.masked_fill(labels[:, None] == labels, torch.inf).argmin(1)
    want = siamese.triplet_loss(z, z[positive], z[negative], margin=0.2)
    assert siamese.batch_hard(z, labels).item() == pytest.approx(want.item(), rel=1e-4)


def test_sup_con_loss_against_loops():
    z, labels = F.normalize(points(9, 4), dim=1), torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
    total = 0.0
    for i in range(9):
        alike = {j: math.exp(float(z[i] @ z[j]) / 0.2) for j in range(9) if j != i}
        mates = [j for j in alike if labels[j] == labels[i]]
        total -= sum(math.log(alike[j] / sum(alike.values())) for j in mates) / len(mates)
    got = siamese.sup_con_loss(3 * z, labels, temperature=0.2)
    assert got.item() == pytest.approx(total / 9, rel=1e-4)


def test_pairwise_is_cdist():
    a, b = points(5, 3), points(4, 3, 1)
    assert torch.allclose(siamese.pairwise(a, b), torch.cdist(a, b), atol=1e-5)
    assert siamese.pairwise(a).diagonal().abs().max() < 1e-3


@pytest.mark.parametrize("loss", [siamese.batch_hard, siamese.sup_con_loss])
def test_an_image_alone_in_its_class_is_named(loss):
    with pytest.raises(ValueError, match="single image of class 7"):
        loss(points(3, 2), torch.tensor([1, 1, 7]))


def test_a_batch_of_one_class_is_refused():
    labels = torch.zeros(4, dtype=torch.long)
    with pytest.raises(ValueError, match="no negative"):
        siamese.batch_hard(points(4, 2), labels)


# --- the network


def test_the_net_has_named_layers_and_its_own_seed():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    net, twin = siamese.EmbeddingNet(dim=5, seed=1), siamese.EmbeddingNet(dim=5, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), twin.parameters(), strict=True))
    assert list(net._modules)[0] == "shrink" and list(net._modules)[-1] == "embedding"
    assert not torch.equal(net.conv1.weight, siamese.EmbeddingNet(dim=5, seed=2).conv1.weight)


@pytest.mark.parametrize("size", [(28, 28), (56, 46), (112, 92), (8, 9)])
def test_the_net_takes_other_sizes_and_unit_length(size):
    net = siamese.EmbeddingNet(dim=6, size=size, unit=True)
    z = net(torch.rand(3, 1, *size))
    assert z.shape == (3, 6)
    assert torch.allclose(z.norm(dim=1), torch.ones(3), atol=1e-5)


def test_silly_sizes_are_refused():
    with pytest.raises(ValueError, match="8 or more"):
        siamese.EmbeddingNet(size=(4, 28))


def test_embed_keeps_mode_and_takes_no_gradients():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 2))
    images = torch.rand(7, 1, 2, 2)
    z = siamese.embed(net, images, batch_size=3)
    assert z.shape == (7, 2) and not z.requires_grad and net.training
    assert torch.allclose(z, siamese.embed(net, images), atol=1e-6)
    with pytest.raises(ValueError, match="empty"):
        siamese.embed(net, images[:0])


def test_one_f_gives_one_gradient():
    net = siamese.EmbeddingNet(dim=2)
    a, b = torch.rand(3, 1, 28, 28), torch.rand(3, 1, 28, 28)

    def slope(left, right):
        net.zero_grad()
        (left - right).norm(dim=1).sum().backward()
        return net.conv2.weight.grad.clone()

    parts = slope(net(a), net(b).detach()) + slope(net(a).detach(), net(b))
    assert torch.allclose(slope(net(a), net(b)), parts, atol=1e-5)


def test_turned():
    image = torch.zeros(1, 9, 9)
    image[0, 4, 7] = 1.0  # to the right of the middle
    same, up, left = siamese.turned(image, [0, 90, 180])
    assert torch.allclose(same, image, atol=1e-5)
    assert up[0, 1, 4] > 0.9 and left[0, 4, 1] > 0.9


# --- training


@pytest.fixture(scope="module")
def digits():
    train, _ = data.load_digits()
    return train.images[:600], train.labels[:600]


def test_training_lowers_the_loss_and_repeats(digits):
    runs = []
    for _ in range(2):
        net = siamese.EmbeddingNet(dim=4, unit=True)
        runs.append(siamese.fit(net, digits, loss=siamese.sup_con_loss, steps=12, progress=False))
    assert runs[0] == runs[1] and len(runs[0]) == 12
    assert runs[0][-1] < runs[0][0]


def test_training_leaves_seed_and_mode(digits):
    net = siamese.EmbeddingNet(dim=2).eval()
    before = torch.random.get_rng_state()
    siamese.fit(net, digits, steps=2, progress=False)
    assert not net.training and torch.equal(before, torch.random.get_rng_state())


def test_snapshots_are_kept_and_shown(digits):
    seen = []
    watch = siamese.Snapshots(digits[0][:9], every=2, show=lambda step, z: seen.append(step))
    siamese.fit(siamese.EmbeddingNet(dim=2), digits, steps=5, watch=watch, progress=False)
    assert watch.steps == seen == [0, 2, 4]
    assert watch.frames.shape == (3, 9, 2)
    assert not torch.equal(watch.frames[0], watch.frames[2])


def test_snapshots_mistakes():
    with pytest.raises(ValueError, match="every must be"):
        siamese.Snapshots(torch.zeros(1, 1, 28, 28), every=0)
    with pytest.raises(ValueError, match="nothing was kept"):
        _ = siamese.Snapshots(torch.zeros(1, 1, 28, 28)).frames


def test_a_loss_that_is_no_number_is_said_in_words(digits):
    broken = digits[0].clone()
    broken[:] = torch.nan
    with pytest.raises(FloatingPointError, match="step 1.*learning rate ten times smaller"):
        siamese.fit(siamese.EmbeddingNet(), (broken, digits[1]), steps=3, progress=False)


def test_a_huge_learning_rate_is_noticed(digits):
    net = siamese.EmbeddingNet(dim=2)
    with pytest.raises(FloatingPointError, match="too large"):
        siamese.fit(net, digits, loss=siamese.batch_hard, lr=1e18, steps=20, progress=False)


@pytest.mark.parametrize(
    "bad, message",
    [
        (
            (torch.zeros(4, 1, 28, 28), torch.zeros(4, dtype=torch.long)),
            "all images have the label",
        ),
        ((torch.zeros(3, 1, 28, 28), torch.arange(3)), "a single image of class 0, 1, 2"),
        ((torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.long)), "the set is empty"),
        ((torch.zeros(4, 1, 28, 28), torch.arange(5)), "4 images for 5 labels"),
        ((torch.zeros(4, 1, 28, 28), torch.arange(4) % 2), "class 0 has 2 images"),
    ],
)
def test_data_that_no_pairs_can_be_made_of(bad, message):
    with pytest.raises(ValueError, match=message):
        siamese.fit(siamese.EmbeddingNet(), bad, progress=False)


def test_data_of_another_kind_and_losses_of_another_shape(digits):
    with pytest.raises(TypeError, match="pair \\(images, labels\\)"):
        siamese.fit(siamese.EmbeddingNet(), digits[0], progress=False)
    with pytest.raises(ValueError, match="must be one number"):
        siamese.fit(siamese.EmbeddingNet(), digits, loss=lambda z, y: z, progress=False)
