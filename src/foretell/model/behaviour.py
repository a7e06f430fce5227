"""The behaviour model: embedding, backbone and pre-training heads in one module.

This module owns the states every task head reads: one vector per event that sums up the customer until then.
It refuses to train itself (``train``) and to answer tasks (the heads).
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.attention import window_mask
from foretell.model.backbone import Transformer
from foretell.model.embedding import EventEmbedding
from foretell.model.hazard import N_BINS
from foretell.model.size import SIZES, SizeName
from foretell.model.vocabulary import Vocabulary

__all__ = ["TEMPERATURE", "BehaviourModel"]

TEMPERATURE: Final = 0.1
"""What cosines of states and items are divided by to become logits."""


class BehaviourModel(nn.Module):
    """A causal sequence model of shopping behaviour.

    Args:
        vocabulary: What it knows by name.
        size: The size dial.
        dropout: Dropout in the embedding and on residual branches.
    """

    def __init__(self, vocabulary: Vocabulary, *, size: SizeName = "small", dropout: float = 0.1) -> None:
        super().__init__()
        self.size_name: SizeName = size
        self.size = SIZES[size]
        self.embedding = EventEmbedding(vocabulary, width=self.size.width, dropout=dropout)
        self.backbone = Transformer(self.size, dropout=dropout)
        self.item_query = nn.Linear(self.size.width, self.size.width)
        self.next_action = nn.Linear(self.size.width, len(vocabulary.actions) + 1)
        self.hazard = nn.Linear(self.size.width, N_BINS)
        nn.init.constant_(self.hazard.bias, -2.0)

    def forward(self, fields: dict[str, Tensor], sequence: Tensor) -> Float[Tensor, "N D"]:
        """States of N packed events.

        Args:
            fields: The values of a packed batch as tensors ``[N]``.
            sequence: int64 ``[N]``: which sequence each position belongs to.
        """
        n = len(sequence)
        padding = -n % self.size.window
        if padding:
            # The tail of the last block: events of a sequence of their own that nobody sees.
            fields = {name: functional.pad(value, (0, padding)) for name, value in fields.items()}
            sequence = functional.pad(sequence, (0, padding), value=-2)
        mask = window_mask(sequence, window=self.size.window)
        states: Tensor = self.backbone(self.embedding(fields), mask)
        return states[:n]

    def n_parameters(self) -> int:
        """Number of learned values, item tables included."""
        return sum(parameter.numel() for parameter in self.parameters())

    def item_queries(self, states: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """What each state looks for among item vectors: its product with them is the next item's logit."""
        return functional.normalize(self.item_query(states), dim=-1) / TEMPERATURE

    def item_scores(self, states: Float[Tensor, "B D"], items: Tensor, content: Tensor | None = None) -> Tensor:
        """Next-item logits ``[B, K]`` of the item codes ``items [K]`` for each state."""
        scores: Tensor = self.item_queries(states) @ self.embedding.items(items, content).T
        return scores

    @torch.no_grad()
    def states_at(self, fields: dict[str, Tensor], sequence: Tensor, rows: Tensor) -> Float[Tensor, "B D"]:
        """States at the given rows only, without gradients."""
        states: Tensor = self(fields, sequence)[rows]
        return states
