"""Letting an item's content explain its vector, so that a new item inherits what is known of those like it.

This module owns that one move, made once after training. It changes no vector of an item with a code of its own: what
the content takes over is taken from the item's own part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from foretell.model.embedding import DescribedVectors, ItemVectors
from foretell.model.vocabulary import UNKNOWN

__all__ = ["explain_by_content"]

_RIDGES: Final = (1.0, 4.0, 16.0, 64.0)
_HELD_OUT: Final = 0.1
_FEWEST_ITEMS: Final = 20
_MOST_ROUNDS: Final = 40
_CLOSE_ENOUGH: Final = 0.01
"""Of what is left to explain, as a share of what there was: how strongly coefficients are pulled matters far more."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Design:
    """What is known of n items, P things: a one for each value that an item has, and its vector.

    Ones are few and vectors are full, so each kind is multiplied in its own way.

    Attributes:
        values: ``[n, P - K]``.
        vectors: ``[n, K]``.
    """

    values: sparse.csr_array
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def width(self) -> int:
        """P."""
        return int(self.values.shape[1] + self.vectors.shape[1])

    def select(self, rows: NDArray[np.bool_]) -> Design:
        """Some of the items."""
        return Design(self.values[rows], self.vectors[rows])

    def said(self, coefficients: Floats) -> Floats:
        """The product with ``[P, D]``: what the content says of each item, ``[n, D]``."""
        n_values = self.values.shape[1]
        found: Floats = self.values @ coefficients[:n_values] + self.vectors @ coefficients[n_values:]
        return found

    def gathered(self, rest: Floats) -> Floats:
        """The product of the transpose with ``[n, D]``: what each thing has of it, ``[P, D]``."""
        return np.concatenate([self.values.T @ rest, self.vectors.T @ rest])


@torch.no_grad()
def explain_by_content(items: ItemVectors, *, seed: int) -> float | None:
    """Move into the content's tables what content says of item vectors; those of known items stay what they are.

    In training each item has a vector of its own beside its content's, and its own part learns most: an item that
    comes later would have only what little the content learned. Here the own parts, as they differ from the one that
    stands for any unknown item, are regressed on the content by ridge regression; the content's tables take the
    coefficients over, and the own parts keep the rest. How strongly coefficients are pulled to zero is chosen on a
    tenth of the items, left out. Where content foretells nothing of items left out, nothing is moved.

    Args:
        items: Trained item vectors, changed in place.
        seed: Decides which items are left out.

    Returns:
        The mean cosine of the vectors of items left out with what their content says; None where there was nothing to
        learn from or nothing was moved.

    References:
        Gantner et al., Learning Attribute-to-Feature Mappings for Cold-Start Recommendations, 2010 (regression of
        learned vectors on attributes); Hoerl and Kennard, Ridge Regression, 1970; Hestenes and Stiefel, Methods of
        Conjugate Gradients, 1952 (the solution).
    """
    codes = items.item_content[1:].numpy()
    own = items.identity.weight
    if not len(items.content) or len(codes) < _FEWEST_ITEMS:
        return None
    design = _design(items, codes)
    wanted = (own[1:] - own[UNKNOWN]).numpy()
    before = items(torch.arange(1, len(own)))
    test = np.random.default_rng(seed).random(len(codes)) < _HELD_OUT
    nothing = torch.zeros(int(test.sum()), dtype=torch.int64)
    rows = items.item_content[1:][torch.from_numpy(test)]

    read, left_out = design.select(~test), design.select(test)

    def foretold(coefficients: Floats) -> float:
        said = items.unnormed(nothing, rows) + torch.from_numpy(left_out.said(coefficients))
        return float(torch.cosine_similarity(said, before[torch.from_numpy(test)]).mean())

    found = [(foretold(_ridge(read, wanted[~test], strength=ridge)), ridge) for ridge in _RIDGES]
    best, ridge = max(found)
    if not best > foretold(np.zeros((design.width, own.shape[1]), dtype=np.float32)):
        return None
    coefficients = _ridge(design, wanted, strength=ridge)
    own[1:] -= torch.from_numpy(design.said(coefficients))
    first = 0
    for part in items.content:
        table = _table_of(part)
        unknown = 0 if isinstance(part, DescribedVectors) else 1  # which says nothing and is not in the design
        last = first + len(table) - unknown
        table[unknown:] += torch.from_numpy(coefficients[first:last])
        first = last
    return best


def _table_of(part: nn.Module) -> Tensor:
    """A content part's learned rows, ``[n, D]``: what is changed there changes the part."""
    if isinstance(part, DescribedVectors):
        return part.projection.weight.T
    assert isinstance(part, nn.Embedding), type(part)
    return part.weight


def _design(items: ItemVectors, codes: NDArray[np.int64]) -> Design:
    """What is known of each item with a code of its own; unknown values say nothing."""
    blocks = [sparse.coo_array((len(codes), 0), dtype=np.float32)]
    vectors = np.zeros((len(codes), 0), dtype=np.float32)
    for field, part in enumerate(items.content):
        column = codes[:, field]
        if isinstance(part, DescribedVectors):
            vectors = part.given.numpy()[column]
            continue
        known = np.flatnonzero(column != UNKNOWN)
        ones = np.ones(len(known), dtype=np.float32)
        shape = (len(codes), len(_table_of(part)) - 1)
        blocks.append(sparse.coo_array((ones, (known, column[known] - 1)), shape=shape))
    return Design(sparse.csr_array(sparse.hstack(blocks, format="csr"), dtype=np.float32), vectors)


def _ridge(design: Design, wanted: Floats, *, strength: float) -> Floats:
    """``(X'X + strength I)^-1 X'Y`` for all columns of Y at once, by conjugate gradients: X'X is never made."""
    found = np.zeros((design.width, wanted.shape[1]), dtype=np.float32)
    rest = design.gathered(wanted)
    way, size = rest.copy(), np.square(rest).sum(axis=0)
    enough = _CLOSE_ENOUGH**2 * np.maximum(size, 1e-20)
    for _ in range(_MOST_ROUNDS):
        if (size <= enough).all():
            break
        ahead = design.gathered(design.said(way)) + np.float32(strength) * way
        step = size / np.maximum((way * ahead).sum(axis=0), 1e-20)
        found += step * way
        rest -= step * ahead
        now = np.square(rest).sum(axis=0)
        way = rest + now / np.maximum(size, 1e-20) * way
        size = now
    return found
