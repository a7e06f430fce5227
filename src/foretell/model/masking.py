"""Reading and training a backbone that sees whole sequences, so that no state knows what comes after it.

This module owns what is hidden, where such a backbone answers and what it is asked while it learns. It refuses the
network itself (``foretell.model.backbones.masked``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from foretell.model.backbones.packing import Packing

__all__ = ["Masking", "draw_rows"]

_HIDDEN_SHARE: Final = 0.2
_EVENTS_PER_EVENT: Final = 3
"""How many positions a step of training reads for each event it holds: a row's sequence is its own, so they overlap."""

_WHAT_WAS_DONE: Final = ("action", "gap", "calendar", "order_start")
"""What stays to be seen of an event whose item is hidden."""

_NOTHING_TO_LEARN: Final = {"next_item": 0, "next_action": 0, "wait_days": -1}


@dataclass(frozen=True)
class Masking:
    """Sequences that end at given rows, each with a position to answer at behind it.

    Attributes:
        index: Which row each of M positions is taken from; the answering position repeats the last.
        packing: The layout of the M positions.
        answers: Which positions answer, one a sequence, in order.
        hidden: Whose item is hidden, the answering positions among them.
    """

    index: Int[Tensor, "M"]
    packing: Packing
    answers: Bool[Tensor, "M"]
    hidden: Bool[Tensor, "M"]

    @classmethod
    def at(cls, rows: Int[Tensor, "R"], packing: Packing, *, most: int) -> Masking:
        """For reading: up to ``most`` events to each row, nothing hidden but the answer."""
        index, own = packing.prefixes(rows, most=most)
        answers = torch.zeros_like(index, dtype=torch.bool)
        answers[own.starts + own.lengths - 1] = True
        return cls(index, own, answers, answers)

    def hiding(self, items: Int[Tensor, "N"]) -> Masking:
        """For training: the same with a fifth of the known items hidden as well, drawn by torch's generator."""
        drawn = torch.rand(len(self.index), device=items.device) < _HIDDEN_SHARE
        hidden = self.answers | (drawn & (items[self.index] > 0))
        return Masking(self.index, self.packing, self.answers, hidden)

    def visible(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The fields of the M positions; a hidden one keeps what was done and when, not on what."""
        taken = {name: values[self.index] for name, values in fields.items()}
        return {name: v if name in _WHAT_WAS_DONE else v.masked_fill(self.hidden, 0) for name, v in taken.items()}

    def events(self, embedded: Float[Tensor, "M D"], stand_in: Float[Tensor, "D"]) -> Float[Tensor, "M D"]:
        """The embedded events, with the vector that stands for what is hidden; an answering position has no other."""
        seen = embedded.masked_fill(self.answers[:, None], 0.0)
        return seen + self.hidden[:, None].to(seen.dtype) * stand_in

    def targets(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What each state is to learn: the answering ones what comes next, the hidden ones their own item."""
        taken = {name: values[self.index] for name, values in fields.items()}
        for name in _NOTHING_TO_LEARN.keys() & taken.keys():
            taken[name] = taken[name].masked_fill(~self.answers, _NOTHING_TO_LEARN[name])
        own = self.hidden & ~self.answers
        taken["next_item"] = torch.where(own, taken["item"], taken["next_item"])
        return taken


def draw_rows(packing: Packing, *, most: int) -> Int[Tensor, "R"]:
    """Rows to learn at: at random in each sequence, three in a short one and the more the longer it is."""
    lengths = packing.lengths
    n = (_EVENTS_PER_EVENT * lengths / lengths.clamp(max=most)).ceil().long()
    place = torch.rand(int(n.sum()), device=lengths.device) * lengths.repeat_interleave(n)
    return packing.starts.repeat_interleave(n) + place.long().minimum(lengths.repeat_interleave(n) - 1)
