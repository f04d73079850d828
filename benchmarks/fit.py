"""One epoch of LeNet on 4,000 digits, progress and metrics on: labkit.fit and the usual trainers.

All train the same network from the same weights with Adam, batches of 64, and measure loss and
accuracy on training batches and on 1,000 digits held out. CPU seconds, one thread each.
"""

import contextlib
import io
import logging
import sys
import tempfile
import warnings

import torch
from torch.nn import functional as F

from benchmarks.measure import (
    Times,
    devices,
    interleaved,
    picture,
    ratios,
    result,
    suffix_of,
    times_table,
)
from labkit import data
from labkit.nets import models, train

BATCH, RATE = 64, 1e-3


def main() -> None:
    """Measure an epoch of each."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    known, held_out = data.load_digits()
    shown = {}
    for device in devices():
        times = epochs(known, held_out, device)
        times_table(times, to="hand-written loop", unit="s", title=f"an epoch ({device})")
        shown[f"an epoch ({device})"] = by = ratios(times, "hand-written loop")
        suffix = suffix_of(device)
        result(f"fit{suffix}", by["labkit.fit"], 1.05)
    picture("fit", shown, unit="times the hand-written loop", goal=1.05)


def epochs(known, held_out, device: str) -> Times:
    """Seconds of an epoch of each."""
    peers = {"hand-written loop": by_hand, "labkit.fit": by_labkit}
    peers |= {"Lightning": by_lightning, "skorch": by_skorch, "fastai": by_fastai, "d2l": by_d2l}
    calls = {
        name: quietly(call, known, held_out, device) for name, call in available(peers).items()
    }
    return interleaved(calls, rounds=7, device=device)


def available(peers: dict) -> dict:
    """Those whose package is installed; the others are named."""
    found = {}
    for name, call in peers.items():
        package = {
            "Lightning": "lightning",
            "skorch": "skorch",
            "fastai": "fastai",
            "d2l": "d2l",
        }.get(name)
        try:
            __import__(package or "torch")
        except ImportError:
            print(f"{name} is not installed: pip install -e '.[bench]'")
            continue
        found[name] = call
    return found


def quietly(call, *arguments):
    """The call with its printing thrown away (it is still made)."""

    def quiet():
        silent = io.StringIO()
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            call(*arguments)

    return quiet


def by_labkit(known, held_out, device):
    """labkit's own."""
    options = {"lr": RATE, "batch_size": BATCH, "device": device, "progress": True}
    train.fit(models.LeNet(), known, held_out, epochs=1, **options)


def by_hand(known, held_out, device):
    """The loop one writes by hand, with a progress bar and running metrics."""
    from tqdm import tqdm

    torch.manual_seed(0)
    model = models.LeNet().train().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    bar = tqdm(torch.randperm(len(known.labels)).split(BATCH), file=sys.stderr)
    loss_sum = right = 0.0
    for index in bar:
        images, labels = known.images[index].to(device), known.labels[index].to(device)
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(index)
        right += (logits.argmax(1) == labels).sum().item()
    model.eval()
    with torch.no_grad():
        logits = model(held_out.images.to(device)).cpu()
    accuracy = (logits.argmax(1) == held_out.labels).float().mean().item()
    total = len(known.labels)
    print(loss_sum / total, right / total, F.cross_entropy(logits, held_out.labels), accuracy)


def by_lightning(known, held_out, device):
    """Lightning's Trainer, logging to its progress bar."""
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Lit(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = models.LeNet()

        def _shared(self, batch, stage):
            images, labels = batch
            logits = self.model(images)
            loss = F.cross_entropy(logits, labels)
            accuracy = (logits.argmax(1) == labels).float().mean()
            self.log_dict({f"{stage}_loss": loss, f"{stage}_accuracy": accuracy}, prog_bar=True)
            return loss

        def training_step(self, batch, _):
            return self._shared(batch, "train")

        def validation_step(self, batch, _):
            self._shared(batch, "valid")

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=RATE)

    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=tempfile.gettempdir(),
    )
    trainer.fit(Lit(), loader(known, True), loader(held_out, False))


def by_skorch(known, held_out, device):
    """skorch's NeuralNetClassifier, printing its epoch line."""
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    net = NeuralNetClassifier(
        models.LeNet,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=RATE,
        batch_size=BATCH,
        device=device,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(held_out.images, held_out.labels)),
    )
    net.fit(known.images, known.labels)


def by_fastai(known, held_out, device):
    """fastai's Learner with its accuracy metric."""
    from fastai.learner import DataLoaders, Learner
    from fastai.metrics import accuracy

    dls = DataLoaders(loader(known, True), loader(held_out, False), device=device)
    learner = Learner(dls, models.LeNet(), loss_func=F.cross_entropy, metrics=accuracy)
    learner.fit(1, RATE)


def by_d2l(known, held_out, device):
    """d2l's Trainer with its plot of the progress, twice an epoch (its default)."""
    from d2l import torch as d2l

    class Net(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.net = models.LeNet()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=RATE)

    class Digits(d2l.DataModule):
        def get_dataloader(self, train):
            return loader(known, True) if train else loader(held_out, False)

    d2l.Trainer(max_epochs=1, num_gpus=int(device == "cuda")).fit(Net(), Digits())
    d2l.plt.close("all")


def loader(labelled, shuffle: bool):
    """PyTorch's DataLoader over a TensorDataset."""
    from torch.utils.data import DataLoader, TensorDataset

    pairs = TensorDataset(labelled.images, labelled.labels)
    return DataLoader(pairs, batch_size=BATCH, shuffle=shuffle)


if __name__ == "__main__":
    main()
