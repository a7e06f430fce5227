"""Learning the weights of the next item's mixture from histories and what came next.

This module owns the shortlists the weights are learned on and their fit. It refuses to run the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from foretell.model.graph.places import places_in_rows
from foretell.model.next_item import TYPICAL_LOG_LENGTH, NextItemEvidence, NextItemMixture, Repeats

__all__ = ["Shortlists", "fit_mixture"]

FLOORS: Final = (1e-4, 1e-3, 0.01, 0.03, 0.1)
"""Shares of the graph's score that an item without a link may be given; the likeliest is taken."""

_MOST_OF_EACH: Final = 100
"""Items that each of the two models puts on a shortlist."""

_MOST_HELD: Final = 50
"""Items of the history itself on a shortlist, the last ones."""

_RIDGE: Final = 0.05
"""Pull of the weights towards where they start, in units of the log likelihood of all rows together."""

_START: Final = (0.7, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Shortlists:
    """What is known of the items that may stand at the top of each of B rankings, C of them.

    The weights of a ranking matter at its top. Learned over the whole catalogue they would be spent on telling ten
    thousand hopeless items from each other, and the cost would grow with the catalogue.

    Attributes:
        sequence: The sequence model's logit.
        share: The item's share of the graph's score.
        log_count: log(1 + times the item stands in the training histories).
        held: 1 + log(1 + steps since) for an item in the history, else 0.
        filled: Whether there is an item in this place.
        log_length: Log of how many items the history holds, less the typical.
        right: The place of the item that came next; -1 where it is not on the list.
    """

    sequence: Float[Tensor, "B C"]
    share: Float[Tensor, "B C"]
    log_count: Float[Tensor, "B C"]
    held: Float[Tensor, "B C"]
    filled: Bool[Tensor, "B C"]
    log_length: Float[Tensor, "B"]
    right: Int[Tensor, "B"]

    @classmethod
    def of(cls, evidence: NextItemEvidence, targets: NDArray[np.int64]) -> Shortlists:
        """The best of the sequence model, the best of the graph and the last of the history, each item once.

        Args:
            evidence: Of histories the models were not trained to continue.
            targets: The item code that came next, ``[B]``.
        """
        n_items = evidence.sequence.shape[1]
        most = min(_MOST_OF_EACH, n_items - 1)
        best = torch.topk(evidence.sequence[:, 1:], most, dim=1).indices + 1
        codes = torch.cat(
            [best, _first(evidence.graph, most), _first(evidence.again, _MOST_HELD, lowest_first=True)], dim=1
        )
        codes, _ = codes.sort(dim=1)
        filled = codes > 0
        filled[:, 1:] &= codes[:, 1:] != codes[:, :-1]
        found = filled & (codes == torch.from_numpy(targets)[:, None])
        return cls(
            sequence=evidence.sequence.gather(1, codes),
            share=_read(evidence.graph, codes),
            log_count=torch.from_numpy(evidence.log_counts)[codes],
            held=_read(evidence.again, codes),
            filled=filled,
            log_length=torch.from_numpy(evidence.log_length - np.float32(TYPICAL_LOG_LENGTH)),
            right=torch.where(found.any(dim=1), found.int().argmax(dim=1), -1),
        )

    @classmethod
    def joined(cls, parts: Sequence[Shortlists]) -> Shortlists:
        """One below the other; shorter lists are filled up with empty places."""
        width = max(part.filled.shape[1] for part in parts)

        def column(name: str) -> Tensor:
            values = [getattr(part, name) for part in parts]
            if values[0].ndim > 1:
                values = [torch.nn.functional.pad(value, (0, width - value.shape[1])) for value in values]
            return torch.cat(values)

        return cls(**{field.name: column(field.name) for field in fields(cls)})

    def answered(self) -> Shortlists:
        """The rows whose next item is on the list: no weights could bring another one to the top."""
        kept = self.right >= 0
        return Shortlists(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def fit_mixture(shortlists: Shortlists) -> NextItemMixture:
    """The weights, and the floor of the graph's share, under which the true next items are likeliest on the shortlists.

    Args:
        shortlists: Of histories the models were not trained to continue. Without one whose next item is on its list
            the weights are where they start.

    References:
        Boyd and Vandenberghe, Convex Optimization, 2004, section 7.1 (maximum likelihood of a log-linear model is a
        convex problem); Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.5 (L-BFGS).
    """
    rows = shortlists.answered()
    if not len(rows.right):
        return _mixture(torch.tensor(_START), floor=NextItemMixture.floor)
    fits = [_fit(rows, floor=floor) for floor in FLOORS]
    _, weights, floor = min(fits, key=lambda fit: fit[0])
    return _mixture(weights, floor=floor)


def _fit(rows: Shortlists, *, floor: float) -> tuple[float, Tensor, float]:
    """Mean surprise at the true next items, and the weights that make it smallest."""
    graph, length = torch.log1p(rows.share / floor), rows.log_length[:, None]
    held = (rows.held > 0).float()
    since = (rows.held - 1.0).clamp(min=0.0)
    terms = (rows.sequence, rows.sequence * length, graph, graph * length, rows.log_count, held, since)
    # Centred: what is common to a row's items changes no probability, and large numbers would slow the search down.
    filled = rows.filled[..., None]
    stacked = torch.stack(terms, dim=-1)
    stacked = stacked - (stacked * filled).sum(1, keepdim=True) / filled.sum(1, keepdim=True)
    start = torch.tensor(_START)
    weights = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([weights], max_iter=50, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        scores = (stacked @ weights).masked_fill(~rows.filled, float("-inf"))
        mean = (torch.logsumexp(scores, dim=1) - scores.gather(1, rows.right[:, None]).squeeze(1)).mean()
        return mean + _RIDGE / len(rows.right) * (weights - start).square().sum()

    def step() -> Tensor:
        optimiser.zero_grad()
        value = surprise()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(step)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return float(surprise()), weights.detach(), floor


def _mixture(weights: Tensor, *, floor: float) -> NextItemMixture:
    sequence, sequence_length, graph, graph_length, popularity, held, since = weights.tolist()
    return NextItemMixture(
        sequence, sequence_length, graph, graph_length, popularity, repeats=Repeats(held, since), floor=floor
    )


def _first(matrix: sparse.csr_array, most: int, *, lowest_first: bool = False) -> Int[Tensor, "B most"]:
    """The columns of the largest (or lowest) values of each row; 0 where there are fewer."""
    row, column, _, place = places_in_rows(matrix, lowest_first=lowest_first)
    kept = place < most
    width = int(place.max(initial=-1)) + 1
    columns = np.zeros((matrix.shape[0], min(most, width)), dtype=np.int64)
    columns[row[kept], place[kept]] = column[kept]
    return torch.from_numpy(columns)


def _read(matrix: sparse.csr_array, codes: Int[Tensor, "B C"]) -> Float[Tensor, "B C"]:
    """The values at some columns of each row."""
    rows = np.repeat(np.arange(codes.shape[0]), codes.shape[1])
    found = np.asarray(matrix[rows, codes.numpy().ravel()], dtype=np.float32)
    return torch.from_numpy(found.reshape(tuple(codes.shape)))
