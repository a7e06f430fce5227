"""Items that came after the training, taken into the ranking of the next item by what is said of them.

This module owns their codes, vectors and links. It refuses to train: a newcomer is what its content and the items most
like it make of it, until the next training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.transitions import TransitionGraph
from foretell.model.vocabulary import UNKNOWN, Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.next_item import NextItemRanker

__all__ = ["undiscovered", "with_newcomers"]

_ALIKE: Final = 10
"""Known items whose links a newcomer is given the mean of."""

_AT_ONCE: Final = 1024
_IDENTITY: Final = "embedding.items.identity.weight"


def undiscovered(vocabulary: Vocabulary) -> list[str]:
    """The items that have no code of their own, but something known of their content, in the catalogue's order."""
    names = vocabulary.catalogue["item_id"]
    described = (vocabulary.content_codes(names) > 0).any(axis=1)
    nameless = vocabulary.item_codes(names) == UNKNOWN
    return [str(name) for name in names.to_numpy()[described & nameless]]


def with_newcomers(ranker: NextItemRanker, names: Sequence[str]) -> NextItemRanker:
    """The same ranker with more items in its ranking; known ones keep their codes, vectors and links.

    A newcomer's vector is that of its content. Its links, to it and from it, and how often it counts as seen are the
    mean of the ten known items whose vectors are closest, weighted by how close they are.

    Args:
        ranker: A fitted ranker.
        names: Items of the catalogue it was fitted with. One that nothing is known of has the vector of the unknown
            item, and no place of its own in the ranking.
    """
    encoders = [_widened(encoder, names) for encoder in (ranker.encoder, *ranker.companions)]
    graph = _linked(ranker.graph, encoders[0])
    return NextItemRanker(encoders[0], graph, ranker.mixture, tuple(encoders[1:]))


def _widened(encoder: Encoder, names: Sequence[str]) -> Encoder:
    """A model with rows for more items, which begin, and remain, where the unknown item is."""
    vocabulary = encoder.vocabulary.with_items(names)
    model = BehaviourModel(vocabulary, **encoder.model.settings())  # type: ignore[arg-type]
    weights = dict(encoder.model.state_dict())
    own = weights[_IDENTITY]
    more = own[UNKNOWN].expand(vocabulary.n_items - len(own), -1)
    weights[_IDENTITY] = torch.cat([own, more])
    model.load_state_dict(weights)
    return Encoder(vocabulary, model.eval())


def _linked(graph: TransitionGraph, encoder: Encoder) -> TransitionGraph:
    """The graph with rows and columns for the newcomers."""
    n_known, n_new = graph.n_items, encoder.vocabulary.n_items - graph.n_items
    like = _alike(encoder, n_known=n_known)
    # One row an item: known ones stand for themselves, newcomers for a mixture of known ones.
    stands_for = sparse.csr_array(sparse.vstack([sparse.eye_array(n_known, format="csr", dtype=np.float32), like]))
    outward = sparse.csr_array(graph.links @ like.T)
    links = sparse.csr_array(sparse.hstack([graph.links, outward]))
    inward = sparse.csr_array(like @ links)
    links = sparse.csr_array(sparse.vstack([links, inward]), dtype=np.float32)
    counts = np.asarray(stands_for @ graph.counts, dtype=np.float32)
    assert links.shape == (n_known + n_new, n_known + n_new)
    return TransitionGraph(links, counts, graph.config)


def _alike(encoder: Encoder, *, n_known: int) -> sparse.csr_array:
    """For each newcomer the known items closest to it, weights that sum to one, ``[N, V]``; none for a nameless one."""
    vectors = encoder.every_item_vector
    known, new = vectors[1:n_known], vectors[n_known:]
    said = np.any(encoder.vocabulary.item_content[n_known:] > 0, axis=1, keepdims=True)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float32]] = []
    most = min(_ALIKE, len(known))
    for first in range(0, len(new) if most else 0, _AT_ONCE):
        close, place = torch.topk(new[first : first + _AT_ONCE] @ known.T, most, dim=1)
        weight = close.clamp(min=0.0) * torch.from_numpy(said[first : first + _AT_ONCE])
        weight = weight / weight.sum(dim=1, keepdim=True).clamp(min=1e-6)
        rows.append(np.repeat(np.arange(first, first + len(close)), most))
        columns.append(place.numpy().ravel() + 1)
        weights.append(weight.numpy().ravel())
    if not rows:
        return sparse.csr_array((len(new), n_known), dtype=np.float32)
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(sparse.coo_array(parts, shape=(len(new), n_known)))
