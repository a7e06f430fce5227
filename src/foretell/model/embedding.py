"""The event embedding: one vector per event from its item, content, action, price, gap and calendar.

This module owns the tables and the item vectors shared by input and output. It refuses to mix positions:
each event is embedded on its own.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.dropout import Dropout
from foretell.model.encoding import CALENDAR_BUCKETS, GAP_BUCKETS
from foretell.model.vocabulary import UNKNOWN, Vocabulary

__all__ = ["DescribedVectors", "EventEmbedding", "ItemVectors"]

_SCALE = 0.02


class DescribedVectors(nn.Module):
    """Given vectors of texts and images, brought to the model's width by one learned matrix.

    Args:
        vectors: ``[R, K]``; row 0 is zero, so what nothing describes adds nothing.
        width: Model width D.
    """

    given: Tensor

    def __init__(self, vectors: NDArray[np.float32], *, width: int) -> None:
        super().__init__()
        self.register_buffer("given", torch.from_numpy(vectors), persistent=False)
        self.projection = nn.Linear(vectors.shape[1], width, bias=False)
        nn.init.normal_(self.projection.weight, std=_SCALE)

    def forward(self, rows: Int[Tensor, "..."]) -> Float[Tensor, "... D"]:
        """The brought vectors of some rows."""
        brought: Tensor = self.projection(self.given[rows])
        return brought


class ItemVectors(nn.Module):
    """Item vectors of unit length: an id embedding plus the sum of the embeddings of the item's content, normed.

    An item without a code of its own still has the vector of its category and brand, so new items work. Unit length
    takes popularity out of the length of a vector, where it would crowd the ranking; a temperature gives the logits
    their range.

    Args:
        vocabulary: Gives the table sizes and the content of every item code.
        width: Model width D.
    """

    item_content: Tensor

    def __init__(self, vocabulary: Vocabulary, *, width: int) -> None:
        super().__init__()
        self.identity = _table(vocabulary.n_items, width)
        sizes = [len(values) + 1 for values in vocabulary.content.values()]
        self.content = nn.ModuleList(_table(size, width) for size in sizes)
        if vocabulary.vectors.shape[1]:
            self.content.append(DescribedVectors(vocabulary.vectors, width=width))
        self.register_buffer(
            "item_content", torch.from_numpy(vocabulary.item_content.astype("int64")), persistent=False
        )

    def forward(self, items: Int[Tensor, "..."], content: Int[Tensor, "... F"] | None = None) -> Float[Tensor, "... D"]:
        """Vectors of item codes; ``content`` overrides the content looked up by code (needed for code 0)."""
        content = self.item_content[items] if content is None else content
        return functional.normalize(self.unnormed(items, content), dim=-1)

    def unnormed(self, items: Int[Tensor, "..."], content: Int[Tensor, "... F"]) -> Float[Tensor, "... D"]:
        """The sums of own vectors and content's, before they are brought to unit length."""
        vectors: Tensor = self.identity(items)
        for field, table in enumerate(self.content):
            vectors = vectors + table(content[..., field])
        return vectors

    @torch.no_grad()
    def start_from(self, vectors: Float[Tensor, "V D"]) -> None:
        """Begin training at given vectors; zero rows keep their random beginning."""
        given = vectors.abs().sum(dim=1) > 0
        self.identity.weight[given] = vectors[given].to(self.identity.weight.dtype)


class EventEmbedding(nn.Module):
    """Sum of the embeddings of everything known about one event.

    Args:
        vocabulary: Gives the table sizes.
        width: Model width D.
        dropout: Share of the embedding's units dropped in training.
    """

    def __init__(self, vocabulary: Vocabulary, *, width: int, dropout: float) -> None:
        super().__init__()
        self.items = ItemVectors(vocabulary, width=width)
        self.action = _table(len(vocabulary.actions) + 1, width)
        self.price = _table(len(vocabulary.price_edges) + 2, width)
        self.gap = _table(GAP_BUCKETS, width)
        self.calendar = _table(CALENDAR_BUCKETS, width)
        self.order_start = _table(2, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, fields: dict[str, Tensor]) -> Float[Tensor, "N D"]:
        """Embed N packed events given the fields of ``encode_histories``."""
        n_content = len(self.items.content)
        content = torch.stack([fields[f"content_{field}"] for field in range(n_content)], dim=-1) if n_content else None
        # Times the root of the width, so that each number of the item's vector is about one.
        vectors = self.items(fields["item"], content) * self.items.identity.embedding_dim**0.5
        for name in ("action", "price", "gap", "calendar", "order_start"):
            vectors = vectors + getattr(self, name)(fields[name])
        embedded: Tensor = self.dropout(self.norm(vectors))
        return embedded


def _table(n: int, width: int) -> nn.Embedding:
    """All tables start at one small scale: a table at scale 1 would drown the items."""
    table = nn.Embedding(n, width)
    nn.init.normal_(table.weight, std=_SCALE)
    with torch.no_grad():
        table.weight[UNKNOWN].zero_()
    return table
