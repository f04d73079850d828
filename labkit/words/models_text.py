"""Small networks that read words, and what freezing one of their layers does.

`WordClassifier` sees one word, `SentimentRNN` a sentence of any length. Their first layer,
`embedding`, starts from given vectors and may be frozen. Training is `labkit.nets.train.fit`, which
takes ids in place of images.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from labkit.words.text import PADDING, lengths


class WordClassifier(nn.Sequential):
    """One word -> two logits: a table of vectors and a linear layer. ids (N,) -> (N, 2).

    `table` is (V, D), the first vectors, of which a copy is made; `freeze=True` keeps them as they
    are. The same `seed` gives the same first weights of `logits`.

    >>> WordClassifier(torch.rand(5, 3))(torch.tensor([0, 4])).shape
    torch.Size([2, 2])
    """

    def __init__(self, table: Tensor, *, freeze: bool = True, seed: int = 0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = OrderedDict(
                embedding=nn.Embedding.from_pretrained(table.clone(), freeze=freeze),
                logits=nn.Linear(table.shape[1], 2),
            )
        super().__init__(layers)


class SentimentRNN(nn.Module):
    """Sentences -> two logits: word vectors, a GRU (Cho et al., 2014), a linear layer.

    `table` (V, D) holds a vector for each id, row 0 that of the padding; a copy is made and, with
    `freeze=True`, never changed. Takes ids (N, T) filled up with 0, gives logits (N, 2). Sentences
    are packed, so that the GRU stops at each one's own last word: how much padding follows makes
    no difference. ValueError for a row of nothing but padding.

    >>> SentimentRNN(torch.rand(9, 4))(torch.tensor([[3, 8, 1], [5, 0, 0]])).shape
    torch.Size([2, 2])
    """

    def __init__(self, table: Tensor, *, hidden: int = 32, freeze: bool = True, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding.from_pretrained(
                table.clone(), freeze=freeze, padding_idx=PADDING
            )
            self.gru = nn.GRU(table.shape[1], hidden, batch_first=True)
            self.logits = nn.Linear(hidden, 2)

    def forward(self, ids: Tensor) -> Tensor:
        _, last = self.gru(self._packed(ids))  # (1, N, H): after each last word
        return self.logits(last[0])

    @torch.no_grad()
    def read(self, words: Tensor) -> Tensor:
        """The logits after each word of one sentence, from the words' vectors: (T, D) -> (T, 2).

        What it would say if the sentence ended there. The words need no id: they may be new.
        """
        outputs, _ = self.gru(words)
        return self.logits(outputs)

    def _packed(self, ids: Tensor):
        counts = lengths(ids).cpu()
        if len(counts) == 0 or int(counts.min()) == 0:
            raise ValueError("a sentence has no word in it, only padding: leave it out")
        return pack_padded_sequence(
            self.embedding(ids), counts, batch_first=True, enforce_sorted=False
        )


def freeze(model: nn.Module, *layers: str) -> list[nn.Parameter]:
    """Switch training off for these layers (names); the parameters that still learn come back.

    The other layers stay as they were. AttributeError for a layer that the model does not have.

    >>> model = WordClassifier(torch.rand(5, 3), freeze=False)
    >>> len(freeze(model, "embedding"))
    2
    """
    for layer in layers:
        model.get_submodule(layer).requires_grad_(False)
    return [weight for weight in model.parameters() if weight.requires_grad]


def travelled(model: nn.Module, start: nn.Module) -> dict[str, float]:
    """How far each layer's weights are from where they started, relative to their first length.

    `start` is a copy made before training (`copy.deepcopy(model)`). Distance and length are taken
    over all numbers of a layer: 0 for a frozen layer, 1 if it moved as far as it was long.

    >>> model = WordClassifier(torch.rand(5, 3))
    >>> travelled(model, WordClassifier(model.embedding.weight, seed=0))
    {'embedding': 0.0, 'logits': 0.0}
    """
    moved = {}
    for name, layer in model.named_children():
        old = _flat(start.get_submodule(name))
        moved[name] = float((_flat(layer) - old).norm() / old.norm().clamp_min(1e-12))
    return moved


def _flat(layer: nn.Module) -> Tensor:
    parts = [weight.detach().flatten() for weight in layer.parameters()]
    return torch.cat(parts) if parts else torch.zeros(1)
