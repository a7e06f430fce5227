"""The behaviour model: embedding, backbone and pre-training heads in one module.

This module owns the states every task head reads: one vector per event that sums up the customer until then.
It refuses to train itself (``train``) and to answer tasks (the heads).
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.activations import ActivationName
from foretell.model.backbones import BACKBONES, BackboneName, Packing
from foretell.model.backbones.contract import Bidirectional
from foretell.model.embedding import EventEmbedding
from foretell.model.hazard import N_BINS
from foretell.model.masking import Masking, draw_rows
from foretell.model.size import SIZES, SizeName
from foretell.model.vocabulary import Vocabulary

__all__ = ["TEMPERATURE", "BehaviourModel"]

TEMPERATURE: Final = 0.1
"""What cosines of states and items are divided by to become logits."""

_POSITIONS_AT_ONCE: Final = 65_536


class BehaviourModel(nn.Module):
    """A sequence model of shopping behaviour.

    Args:
        vocabulary: What it knows by name.
        size: The size dial.
        backbone: The network between the event embedding and the heads.
        activation: The backbone's nonlinearity.
        dropout: Dropout in the embedding and on residual branches.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        size: SizeName = "tiny",
        backbone: BackboneName = "transformer",
        activation: ActivationName = "silu",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.size_name: SizeName = size
        self.backbone_name: BackboneName = backbone
        self.activation_name: ActivationName = activation
        self.size = SIZES[size]
        self.embedding = EventEmbedding(vocabulary, width=self.size.width, dropout=dropout)
        self.backbone = BACKBONES[backbone](self.size, dropout=dropout, activation=activation)
        self.item_query = nn.Linear(self.size.width, self.size.width)
        # The identity: before it has learned anything a state looks for items like those it has seen. Behind a random
        # matrix the item vectors' beginning would be lost.
        nn.init.eye_(self.item_query.weight)
        nn.init.zeros_(self.item_query.bias)
        self.next_action = nn.Linear(self.size.width, len(vocabulary.actions) + 1)
        self.hazard = nn.Linear(self.size.width, N_BINS)
        nn.init.constant_(self.hazard.bias, -2.0)

    def forward(self, fields: dict[str, Tensor], packing: Packing) -> Float[Tensor, "N D"]:
        """The state after each of N packed events, which knows the events up to it and no later one.

        Args:
            fields: The values of a packed batch as tensors ``[N]``.
            packing: How the sequences lie in them.
        """
        if isinstance(self.backbone, Bidirectional):
            return self._read_each(self.backbone, fields, packing, torch.arange(len(packing)))
        states: Tensor = self.backbone(self.embedding(fields), packing)
        return states

    def learn(self, fields: dict[str, Tensor], packing: Packing) -> tuple[dict[str, Tensor], Float[Tensor, "M D"]]:
        """What a step of pre-training compares: the fields with the targets of each state, and the states.

        For a causal backbone these are the fields as given and the state after each event. Another one hides some items
        and answers at some rows, drawn by torch's generator; where a state has no target, the field says so.
        """
        if not isinstance(self.backbone, Bidirectional):
            return fields, self(fields, packing)
        most = self.backbone.receptive_events
        masking = Masking.at(draw_rows(packing, most=most), packing, most=most).hiding(fields["item"])
        states = self.backbone(
            masking.events(self.embedding(masking.visible(fields)), self.backbone.hidden), masking.packing
        )
        return masking.targets(fields), states

    def settings(self) -> dict[str, str]:
        """What it takes to make this model anew, beside the vocabulary."""
        return {"size": self.size_name, "backbone": self.backbone_name, "activation": self.activation_name}

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
    def states_at(self, fields: dict[str, Tensor], packing: Packing, rows: Int[Tensor, "R"]) -> Float[Tensor, "R D"]:
        """States at the given rows only, without gradients."""
        if isinstance(self.backbone, Bidirectional):
            return self._read_each(self.backbone, fields, packing, rows)
        states: Tensor = self(fields, packing)[rows]
        return states

    def _read_each(
        self, backbone: Bidirectional, fields: dict[str, Tensor], packing: Packing, rows: Int[Tensor, "R"]
    ) -> Float[Tensor, "R D"]:
        """Each row as a sequence of its own, some at a time."""
        most, embedded, found = backbone.receptive_events, self.embedding(fields), []
        for part in torch.split(rows, max(1, _POSITIONS_AT_ONCE // (min(most, packing.longest) + 1))):
            masking = Masking.at(part, packing, most=most)
            states = backbone(masking.events(embedded[masking.index], backbone.hidden), masking.packing)
            found.append(states[masking.answers])
        return torch.cat(found)
