"""The check of gram: each plausible wrong answer is named."""

import numpy as np
import pytest
import torch

from labkit import style
from labkit.checks import CheckFailed
from labkit.checks.lab11_art import check_gram


def whole(f):
    f = f.flatten(2)
    return f @ f.mT


def places(f):
    return f.shape[2] * f.shape[3]


def off(f):
    return f - f.mean((2, 3), keepdim=True)


def scaled(f):
    return off(f) / f.std((2, 3), keepdim=True)


WRONG = {
    "isn't divided by the number of places": whole,
    "PyTorch's own tutorial": lambda f: whole(f) / f[0].numel(),
    "divided by H alone": lambda f: whole(f) / f.shape[2],
    "divided by W alone": lambda f: whole(f) / f.shape[3],
    "divided by the number of channels": lambda f: whole(f) / f.shape[1],
    "square root": lambda f: whole(f) / places(f) ** 0.5,
    "H x W - 1: a mean": lambda f: whole(f) / (places(f) - 1),
    "images x places": lambda f: whole(f) / places(f) / len(f),
    "by the number of images": lambda f: whole(f) / len(f),
    "brackets": lambda f: whole(f) / f.shape[2] * f.shape[3],
    "one tensor, but is a list": lambda f: list(style.gram(f)),
    "which places are alike": lambda f: f.flatten(2).mT @ f.flatten(2) / places(f),
    "and is divided by the channels": lambda f: f.flatten(2).mT @ f.flatten(2) / f.shape[1],
    "and isn't divided": lambda f: f.flatten(2).mT @ f.flatten(2),
    "mixed: each": lambda f: torch.einsum("bihw,bjhw->ij", f, f) / places(f) / len(f),
    "mixed \\(added up\\)": lambda f: torch.einsum("bihw,bjhw->ij", f, f) / places(f),
    "mean over the batch": lambda f: (whole(f) / places(f)).mean(0).expand(len(f), -1, -1),
    "the first image alone": lambda f: whole(f)[0] / places(f),
    "the covariance\\. How": lambda f: whole(off(f)) / places(f),
    "as torch.cov": lambda f: torch.stack(
        [torch.cov(one.flatten(1)).view(f.shape[1], -1) for one in f]
    ),
    "correlations": lambda f: torch.stack([torch.corrcoef(one.flatten(1)) for one in f]),
    "own mean 0 and sd 1": lambda f: whole(scaled(f)) / places(f),
    "cosines": lambda f: whole(f / f.norm(dim=(2, 3), keepdim=True)),
    "products of means": lambda f: f.mean((2, 3))[:, :, None] * f.mean((2, 3))[:, None],
    "only the diagonal": lambda f: f.pow(2).mean((2, 3)),
    "all but the diagonal": lambda f: torch.diag_embed(f.pow(2).mean((2, 3))),
    "doesn't swap": lambda f: (z := f.reshape(len(f), -1, f.shape[1])).mT @ z / places(f),
    "went last": lambda f: whole(f.permute(0, 2, 3, 1).reshape(f.shape)) / places(f),
    "rows met columns. Begin with .flatten\\(2\\)\\.": lambda f: f @ f.mT,
    "then divide": lambda f: f @ f.mT / places(f),
    "have no gradient": lambda f: (whole(f) / places(f)).detach(),
    "should be of shape|should be": lambda f: whole(f).sum(),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_gram_matrix_is_named(message):
    with pytest.raises(CheckFailed, match=message):
        check_gram(WRONG[message])


def test_right_gram_matrices_pass():
    def by_loops(features):
        b, c, h, w = features.shape
        rows = [[(one[i] * one[j]).mean() for j in range(c)] for one in features for i in range(c)]
        return torch.stack([torch.stack(row) for row in rows]).view(b, c, c)

    def by_einsum(features):
        return torch.einsum("bihw,bjhw->bij", features, features) / places(features)

    for answer in (style.gram, by_loops, by_einsum):
        check_gram(answer)


def test_numbers_that_can_not_learn_are_no_answer():
    with pytest.raises(CheckFailed, match="no gradient"):
        check_gram(lambda f: np.asarray(style.gram(f.detach())))
