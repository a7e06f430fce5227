"""Which backbone a log is given where none is named, and why, in words.

This module owns the rules behind ``backbone = "auto"``. It refuses to train anything to find out: the choice is a
function of four numbers, so that it is the same on every machine and can be read in advance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from foretell.model.backbones import BackboneName

__all__ = ["BackboneChoice", "Evidence", "choose_backbone"]

_FEW_EVENTS: Final = 50_000
_SHORT_HISTORY: Final = 3
_FEW_EVENTS_PER_ITEM: Final = 3
_MANY_EVENTS: Final = 20_000_000


@dataclass(frozen=True)
class Evidence:
    """What the choice goes by.

    Attributes:
        n_events: Events to train on.
        n_histories: Customers they belong to.
        n_items: Items that have a vector of their own.
        device: Where training runs.
    """

    n_events: int
    n_histories: int
    n_items: int
    device: Literal["cpu", "cuda"] = "cpu"

    @property
    def mean_length(self) -> float:
        """Events per customer."""
        return self.n_events / max(self.n_histories, 1)


@dataclass(frozen=True)
class BackboneChoice:
    """A backbone and the reason it was taken."""

    name: BackboneName
    reason: str


def choose_backbone(asked: BackboneName | Literal["auto"], *, evidence: Evidence) -> BackboneChoice:
    """The backbone that was named, or by the first rule that applies.

    Example:
        >>> choose_backbone("gru", evidence=Evidence(10, 2, 3)).reason
        'named in the config'
        >>> print(choose_backbone("auto", evidence=Evidence(9_000, 300, 50)).reason)
        9,000 events are too few to learn order from, and a pooled history needs the fewest
    """
    if asked != "auto":
        return BackboneChoice(asked, "named in the config")
    events, mean = evidence.n_events, evidence.mean_length
    per_item = events / max(evidence.n_items, 1)
    if events < _FEW_EVENTS:
        return BackboneChoice(
            "pooled", f"{events:,} events are too few to learn order from, and a pooled history needs the fewest"
        )
    if mean < _SHORT_HISTORY:
        return BackboneChoice("pooled", f"histories of {mean:.1f} events on average hold hardly any order to learn")
    if per_item < _FEW_EVENTS_PER_ITEM:
        return BackboneChoice(
            "pooled", f"{per_item:.1f} events per item are too few to learn what follows which of {evidence.n_items:,}"
        )
    if events >= _MANY_EVENTS and evidence.device == "cuda":
        return BackboneChoice("hstu", f"{events:,} events on a GPU repay depth, which HSTU turns into accuracy")
    if events >= _MANY_EVENTS:
        return BackboneChoice(
            "convolution", f"{events:,} events on a CPU call for the cheapest network that still reads order"
        )
    return BackboneChoice(
        "transformer", f"{events:,} events in histories of {mean:.0f} on average suffice for attention, the default"
    )
