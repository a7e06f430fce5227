"""The three losses of one step of pre-training.

This module owns which rows each objective reads and how they are added. It refuses to step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from foretell.core.batch import Batch
from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.full_softmax import full_softmax_loss
from foretell.model.hazard import hazard_loss
from foretell.model.objectives import sampled_softmax_loss
from foretell.predictor.encoder import fields_of
from foretell.train.negatives import Negatives
from foretell.train.precision import Precision

__all__ = ["Objectives"]


@dataclass(frozen=True)
class Objectives:
    """Next item, next action and time to the next order.

    Attributes:
        negatives: How negatives are drawn; None takes the full softmax over the catalogue.
        precision: In which numbers products are computed.
    """

    negatives: Negatives | None
    precision: Precision

    def losses(self, model: BehaviourModel, batch: Batch) -> dict[str, Tensor]:
        """The mean loss of each objective that has something to say on this batch."""
        with self.precision.products_of():
            fields, states = model.learn(fields_of(batch), Packing.of(batch))
        states = states.float()
        terms: dict[str, Tensor] = {}
        named = fields["next_item"] > 0
        if named.any():
            terms["next_item"] = self._next_item(model, model.item_queries(states[named]), fields["next_item"][named])
        acted = fields["next_action"] > 0
        if acted.any():
            terms["next_action"] = torch.nn.functional.cross_entropy(
                model.next_action(states[acted]), fields["next_action"][acted]
            )
        waiting = fields["wait_days"] >= 0
        if waiting.any():
            terms["next_order_time"] = hazard_loss(
                model.hazard(states[waiting]), fields["wait_days"][waiting], fields["wait_observed"][waiting]
            )
        return terms

    def _next_item(self, model: BehaviourModel, queries: Tensor, targets: Tensor) -> Tensor:
        items = model.embedding.items
        if self.negatives is None:
            every = torch.arange(items.identity.num_embeddings, device=queries.device)
            return full_softmax_loss(queries, targets, vectors=items(every), dtype=self.precision.products)
        drawn = self.negatives.draw()
        return sampled_softmax_loss(
            queries,
            targets,
            target_vectors=items(targets),
            negatives=drawn,
            negative_vectors=items(drawn),
            log_expected_count=self.negatives.log_expected_count,
            dtype=self.precision.products,
        )
