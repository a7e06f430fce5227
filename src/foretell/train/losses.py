"""The losses of one step of pre-training.

This module owns which rows each objective reads, how they are added and what is added against over-confidence. It
refuses to step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Final

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn import functional

from foretell.core.batch import Batch
from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.full_softmax import full_softmax_loss
from foretell.model.hazard import hazard_loss
from foretell.model.objectives import sampled_softmax_loss
from foretell.predictor.encoder import fields_of
from foretell.train.distillation import Distillation
from foretell.train.negatives import Negatives
from foretell.train.precision import Precision
from foretell.train.shortlist import shortlist_logits

__all__ = ["Objectives", "RegularisationConfig", "agreement_loss", "contrastive_loss", "smoothing_loss"]


_MOST_AGREED_ON: Final = 2048
"""Items that two readings are compared on where none are drawn as negatives."""


class RegularisationConfig(BaseModel):
    """What is added to the losses so that the model does not learn the training part by heart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the next item's label that is spread over the whole catalogue."""

    contrastive: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a term by which two readings of a history, each with its own dropout, find each other among the
    readings of the other histories of the step; it doubles the cost of a step."""

    contrastive_temperature: Annotated[float, Field(gt=0)] = 0.2
    """What the cosines of that term are divided by."""

    r_drop: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a term by which two readings of a history, each with its own dropout, agree on what the next item is:
    half the divergence of either from the other, over items drawn for the step. It doubles the cost of a step."""


@dataclass(frozen=True)
class Objectives:
    """Next item, next action and time to the next order.

    Attributes:
        negatives: How negatives are drawn; None takes the full softmax over the catalogue.
        precision: In which numbers products are computed.
        regularisation: What is added.
        reach_all: Give every parameter a gradient, be it zero: processes that add theirs up block by block must all
            have the same.
        distillation: Teachers of the next item, if any; the model must be a causal one.
    """

    negatives: Negatives | None
    precision: Precision
    regularisation: RegularisationConfig = field(default_factory=RegularisationConfig)
    reach_all: bool = False
    distillation: Distillation | None = None

    def draw(self) -> Tensor | None:
        """The negatives of a step, from torch's generator; None where none are needed."""
        return None if self.negatives is None else self.negatives.draw()

    def losses(self, model: BehaviourModel, batch: Batch, *, drawn: Tensor | None) -> dict[str, Tensor]:
        """The mean loss of each objective that has something to say on this batch.

        Args:
            model: The model.
            batch: Histories with their targets.
            drawn: What ``draw`` gave.
        """
        packing = Packing.of(batch)
        with self.precision.products_of():
            fields, states = model.learn(fields_of(batch), packing)
        states = states.float()
        terms: dict[str, Tensor] = {}
        named = fields["next_item"] > 0
        if named.any():
            queries, targets = model.item_queries(states[named]), fields["next_item"][named]
            terms["next_item"] = self._next_item(model, queries, targets, drawn)
            if self.distillation is not None:
                taught = self.distillation.loss(
                    model,
                    queries,
                    batch=batch,
                    rows=named.nonzero().squeeze(1),
                    targets=targets,
                    drawn=drawn,
                    negatives=self.negatives,
                )
                share = self.distillation.share
                terms["next_item"] = (1 - share) * terms["next_item"] + share * taught
        acted = fields["next_action"] > 0
        if acted.any():
            terms["next_action"] = functional.cross_entropy(
                model.next_action(states[acted]), fields["next_action"][acted]
            )
        waiting = fields["wait_days"] >= 0
        if waiting.any():
            terms["next_order_time"] = hazard_loss(
                model.hazard(states[waiting]), fields["wait_days"][waiting], fields["wait_observed"][waiting]
            )
        # Processes that hold parts of a model read together: none may leave a reading out.
        if self.regularisation.contrastive and (len(packing.starts) > 1 or self.reach_all):
            terms["contrastive"] = self._contrastive(model, batch, packing, states)
        if self.regularisation.r_drop and (named.any() or self.reach_all):
            terms["r_drop"] = self._agreement(model, batch, packing, states, drawn)
        if self.reach_all:
            # Those of blocks are reached through the states.
            others = [one.sum() for one in model.parameters() if not isinstance(one, DTensor)]
            name = next(iter(terms), "next_action")
            terms[name] = terms.get(name, 0.0) + 0.0 * (states.sum() + torch.stack(others).sum())
        return terms

    def _next_item(self, model: BehaviourModel, queries: Tensor, targets: Tensor, drawn: Tensor | None) -> Tensor:
        items, dtype = model.embedding.items, self.precision.products
        smoothing = self.regularisation.label_smoothing
        if drawn is None or self.negatives is None:
            every = items(torch.arange(items.identity.num_embeddings, device=queries.device))
            loss = full_softmax_loss(queries, targets, vectors=every, dtype=dtype)
            if smoothing:
                loss = loss + smoothing * smoothing_loss(queries, every[targets], average=every[1:].mean(0))
            return loss
        of_targets, of_drawn = items(targets), items(drawn)
        loss = sampled_softmax_loss(
            queries,
            targets,
            target_vectors=of_targets,
            negatives=drawn,
            negative_vectors=of_drawn,
            log_expected_count=self.negatives.log_expected_count,
            dtype=dtype,
        )
        if smoothing:
            # Each drawn item stands for as many as it was unlikely to be drawn.
            stands_for = torch.softmax(-self.negatives.log_expected_count[drawn], 0)
            loss = loss + smoothing * smoothing_loss(queries, of_targets, average=stands_for @ of_drawn)
        return loss

    def _agreement(
        self,
        model: BehaviourModel,
        batch: Batch,
        packing: Packing,
        states: Tensor,
        drawn: Tensor | None,
    ) -> Tensor:
        n_items, expected = model.embedding.items.identity.num_embeddings, None
        if self.negatives is not None and drawn is not None:
            expected = self.negatives.log_expected_count[drawn]
        elif n_items > _MOST_AGREED_ON:  # the whole catalogue's logits would be the step's memory
            drawn = torch.randint(1, n_items, (_MOST_AGREED_ON,))
            expected = torch.full((_MOST_AGREED_ON,), math.log(_MOST_AGREED_ON / (n_items - 1)))
        fields = fields_of(batch)
        if len(states) != len(packing):  # a masked model answers at rows of its own choice
            with self.precision.products_of():
                states = model(fields, packing).float()
        with self.precision.products_of():
            again = model(fields, packing).float()
        named = fields["next_item"] > 0
        one, other = (
            shortlist_logits(
                model,
                model.item_queries(found[named]),
                targets=fields["next_item"][named],
                drawn=drawn,
                log_expected_count=expected,
            )
            for found in (states, again)
        )
        return self.regularisation.r_drop * agreement_loss(one, other)

    def _contrastive(self, model: BehaviourModel, batch: Batch, packing: Packing, states: Tensor) -> Tensor:
        if len(states) != len(packing):  # a masked model answers at rows of its own choice
            with self.precision.products_of():
                states = model(fields_of(batch), packing).float()
        with self.precision.products_of():
            again = model(fields_of(batch), packing).float()
        last = packing.starts + packing.lengths - 1
        found = contrastive_loss(states[last], again[last], temperature=self.regularisation.contrastive_temperature)
        return self.regularisation.contrastive * found


def agreement_loss(one: Float[Tensor, "N C"], other: Float[Tensor, "N C"]) -> Tensor:
    """The mean over rows of half the divergence of each reading's probabilities from the other's.

    Args:
        one: Logits of the candidates.
        other: Logits of the same candidates by another reading.

    References:
        Wu et al., R-Drop: Regularized Dropout for Neural Networks, 2021 (equation 2).
    """
    first, second = functional.log_softmax(one, dim=1), functional.log_softmax(other, dim=1)
    # KL(p|q) + KL(q|p) = sum (p - q)(log p - log q)
    return 0.5 * ((first.exp() - second.exp()) * (first - second)).sum() / max(len(one), 1)


def smoothing_loss(
    queries: Float[Tensor, "N D"], target_vectors: Float[Tensor, "N D"], *, average: Float[Tensor, "D"]
) -> Tensor:
    """What a share of one, spread evenly over the catalogue, adds to the cross entropy.

    ``(1 - e) (L - s_target) + e (L - mean s) = (L - s_target) + e (s_target - mean s)``, with s the scores and L the
    logarithm of the sum of their exponentials. Scores are products, so their mean is a product with the mean vector.

    Args:
        queries: What the rows look for.
        target_vectors: The vectors of their targets.
        average: The mean vector of the catalogue.

    References:
        Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016 (section 7).
    """
    return (queries * (target_vectors - average)).sum(1).mean()


def contrastive_loss(one: Float[Tensor, "B D"], other: Float[Tensor, "B D"], *, temperature: float) -> Tensor:
    """Cross entropy with which each reading finds the other reading of its history, both ways.

    References:
        van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018; Qiu et al., Contrastive
        Learning for Representation Degeneration Problem in Sequential Recommendation, 2022 (dropout as augmentation).
    """
    cosines = functional.normalize(one, dim=1) @ functional.normalize(other, dim=1).T / temperature
    right: Int[Tensor, "B"] = torch.arange(len(one), device=one.device)
    return 0.5 * (functional.cross_entropy(cosines, right) + functional.cross_entropy(cosines.T, right))
