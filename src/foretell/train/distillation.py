"""Distillation: one model learns what several agree on.

This module owns the teachers' opinion and the loss against it. It refuses to train the teachers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from foretell.core.batch import Batch
from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.predictor.encoder import fields_of
from foretell.train.negatives import Negatives
from foretell.train.shortlist import shortlist_logits

__all__ = ["Distillation", "soft_label_loss"]

_LOGITS_AT_ONCE: Final = 4_000_000


@dataclass(frozen=True)
class Distillation:
    """What a student is taught by.

    Attributes:
        teachers: Trained models with the student's vocabulary; what they agree on is the mean of their log
            probabilities, as when they rank together.
        share: Share of the label that is theirs; the rest is what came next.
    """

    teachers: tuple[BehaviourModel, ...]
    share: float

    def loss(
        self,
        student: BehaviourModel,
        queries: Float[Tensor, "N D"],
        *,
        batch: Batch,
        rows: Int[Tensor, "N"],
        targets: Int[Tensor, "N"],
        drawn: Tensor | None,
        negatives: Negatives | None,
    ) -> Tensor:
        """The mean cross entropy of the student with the teachers' probabilities.

        Args:
            student: What learns.
            queries: What its states look for.
            batch: The histories of the step, which the teachers read as well, without dropout.
            rows: The events of the batch that the queries stand at.
            targets: The item code that came next.
            drawn: The negatives of the step; None compares on the whole catalogue, some rows at a time.
            negatives: How they were drawn.
        """
        fields, packing = fields_of(batch), Packing.of(batch)
        with torch.no_grad():
            asked = [one.item_queries(one.states_at(fields, packing, rows).float()) for one in self.teachers]
        expected = None if drawn is None or negatives is None else negatives.log_expected_count[drawn]
        n_items = student.embedding.items.identity.num_embeddings
        at_once = max(1, _LOGITS_AT_ONCE // (n_items if drawn is None else len(drawn) + 1))

        def part(own: Tensor, targets: Tensor, *theirs: Tensor) -> Tensor:
            def logits(model: BehaviourModel, queries: Tensor) -> Tensor:
                return shortlist_logits(model, queries, targets=targets, drawn=drawn, log_expected_count=expected)

            with torch.no_grad():
                opinions = [logits(*pair) for pair in zip(self.teachers, theirs, strict=True)]
            return soft_label_loss(logits(student, own), opinions) * len(own)

        total = queries.new_zeros(())
        pieces = [torch.split(one, at_once) for one in (queries, targets, *asked)]
        for piece in zip(*pieces, strict=True):  # logits are computed again for the gradient instead of kept
            total = total + checkpoint(part, *piece, use_reentrant=False)
        return total / max(len(queries), 1)


def soft_label_loss(logits: Float[Tensor, "N C"], opinions: list[Float[Tensor, "N C"]]) -> Tensor:
    """Mean cross entropy of logits with what several opinions agree on: their normed geometric mean.

    Args:
        logits: The student's.
        opinions: The logits of each teacher.

    References:
        Hinton et al., Distilling the Knowledge in a Neural Network, 2015 (equation 1, at temperature 1).
    """
    agreed = torch.stack([torch.log_softmax(one, dim=1) for one in opinions]).mean(0).softmax(1)
    return -(agreed * torch.log_softmax(logits, dim=1)).sum(1).mean()
