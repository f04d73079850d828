"""A step of SimCLR on digits, two views of each drawn anew: labkit, lightly, kornia.

The same encoder and head, 128 digits a batch, Adam, and the same ranges of angle, shift and scale.
lightly's transforms take image by image from its loader, kornia's a batch in a hand-written loop.
Part of labkit's lead is two settings that any loop can have, channels last and fused Adam; kornia
is also measured with both ("same settings"): what then is left to save are views and a loss, and
the encoder, four fifths of a step, costs all the same. One thread; CPU seconds. Also the loss of
the same embeddings beside lightly's.
"""

import itertools
import warnings

import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from benchmarks.measure import (
    cheapest,
    interleaved,
    median,
    picture,
    ratio,
    ratios,
    result,
    table,
)
from labkit import data
from labkit.labels import selfsup

STEPS, BATCH, TEMPERATURE, LR = 20, 128, 0.2, selfsup.LR
VIEWS = selfsup.VIEWS
RANGES = (VIEWS.degrees, (VIEWS.translate, VIEWS.translate), VIEWS.scale)
KORNIA, TUNED = "kornia, both views at once", "kornia, both at once, same settings"


def main() -> None:
    """Compare the losses, then measure the steps."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    images, last = data.load_digits()[0].images, {}
    times = interleaved(calls(images, last), rounds=7)
    best = cheapest(times, but=["labkit", TUNED])
    rows = [
        (name, 1e3 * median(spent) / STEPS, ratio(times, name, best), last[name])
        for name, spent in times.items()
    ]
    table(["what", "ms a step", f"time x {best}", f"loss of step {STEPS}"], rows)
    result("selfsup", ratio(times, "labkit", best), 0.8)
    result("selfsup-same-settings", ratio(times, "labkit", TUNED), 1.0)
    result("selfsup-loss", loss_difference(), 1e-5)
    shown = {f"a step, {BATCH} digits": ratios(times, best)}
    picture("selfsup", shown, unit="times the fastest peer's time", goal=0.8)


def calls(images, last: dict) -> dict:
    """{name: call}, each STEPS steps from the same weights; the last loss goes to `last`."""
    pictures = [Image.fromarray(a) for a in (255 * images[:, 0]).round().byte().numpy()]
    found = {
        "labkit": lambda: by_labkit(images),
        "kornia, a view at a time": lambda: by_kornia(one_by_one, images),
        KORNIA: lambda: by_kornia(together, images),
        TUNED: lambda: by_kornia(together, images, tuned=True),
        "lightly, each tensor": lambda: by_lightly(images),
        "lightly, each PIL image": lambda: by_lightly(pictures),
    }
    return {name: lambda n=name, c=call: last.update({n: c()}) for name, call in found.items()}


def by_labkit(images) -> float:
    """labkit's training; the last loss."""
    losses = []
    options = {"steps": STEPS, "batch_size": BATCH, "temperature": TEMPERATURE}
    selfsup.simclr(images, watch=lambda step, loss: losses.append(loss), **options)
    return losses[-1]


def by_kornia(views, images, *, tuned=False) -> float:
    """kornia's views, a hand-written loss and loop."""
    import kornia.augmentation as kornia

    affine = kornia.RandomAffine(*RANGES, p=1.0)
    rows = torch.randint(len(images), (STEPS, BATCH))
    batches = (views(affine, images[some]) for some in rows)
    return trained(batches, lambda net, both: hand_written(net(both)), tuned)


def one_by_one(affine, images):
    """(2 B, 1, 28, 28), the views drawn one after the other."""
    return torch.cat([affine(images), affine(images)])


def together(affine, images):
    """(2 B, 1, 28, 28), drawn in one call."""
    return affine(torch.cat([images, images]))


def hand_written(outputs):
    """SimCLR's loss, from the outputs (2 B, D) of both views."""
    unit, count = F.normalize(outputs, dim=1), len(outputs) // 2
    alike = (unit @ unit.T / TEMPERATURE).fill_diagonal_(-torch.inf)
    return F.cross_entropy(alike, torch.arange(2 * count).roll(count))


def by_lightly(pictures) -> float:
    """lightly's views and loss, in the loop of its guide."""
    from lightly.loss import NTXentLoss
    from lightly.transforms.multi_view_transform import MultiViewTransform
    from torch.utils.data import DataLoader
    from torchvision.transforms import v2

    affine = v2.RandomAffine(*RANGES, interpolation=v2.InterpolationMode.BILINEAR)
    one = v2.Compose([affine, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    both, criterion = MultiViewTransform([one, one]), NTXentLoss(temperature=TEMPERATURE)
    loader = DataLoader(Viewed(pictures, both), BATCH, shuffle=True, drop_last=True)
    batches = itertools.islice(loader, STEPS)
    return trained(batches, lambda net, views: criterion(*map(net, views)))


class Viewed(torch.utils.data.Dataset):
    """Pictures, each given as its views."""

    def __init__(self, pictures, views):
        self.pictures, self.views = pictures, views

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        return self.views(self.pictures[index])


def trained(batches, loss_of, tuned=False) -> float:
    """Adam on loss_of(net, batch) of each batch; the last loss."""
    net = nn.Sequential(selfsup.Encoder(), nn.ReLU(), nn.Linear(selfsup.WIDTH, selfsup.WIDTH))
    if tuned:
        net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), LR, fused=tuned)
    for batch in batches:
        loss = loss_of(net, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def loss_difference() -> float:
    """The largest difference to lightly's loss, over batch sizes and temperatures."""
    from lightly.loss import NTXentLoss

    torch.manual_seed(0)
    found = []
    for count, temperature in itertools.product((2, 16, BATCH), (0.1, TEMPERATURE, 1.0)):
        first, second = torch.randn(2, count, selfsup.WIDTH)
        ours = selfsup.nt_xent(first, second, temperature)
        found.append(float((ours - NTXentLoss(temperature)(first, second)).abs()))
    return max(found)


if __name__ == "__main__":
    main()
