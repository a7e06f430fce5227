"""What every backbone promises, so that any of them can stand between the event embedding and the heads.

This module owns the contract. It refuses implementations: each has a file of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.backbones.packing import Packing

__all__ = ["Backbone", "Bidirectional"]


class Backbone(nn.Module, ABC):
    """From one vector per event to one state per event.

    A state is a function of its own sequence and of nothing else: neither of where the sequence lies in the pack nor of
    what lies beside it. A causal backbone's state depends on the events up to its own. One that is not causal reads
    whole sequences, so whoever asks for the state after some event gives it a sequence that ends there, with a position
    to answer at behind it (``foretell.model.masking``).

    Every entry of ``BACKBONES`` is made alike: ``Entry(size, dropout=..., activation=...)``.
    """

    causal: ClassVar[bool] = True

    @property
    @abstractmethod
    def receptive_events(self) -> int | None:
        """How many events a state depends on, its own included; None means all of its sequence up to it."""

    @abstractmethod
    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events."""


class Bidirectional(Backbone):
    """A backbone whose states know their whole sequence, later events included.

    Attributes:
        hidden: ``[D]``: stands for what is hidden, and for the position to answer at.
    """

    causal = False
    hidden: nn.Parameter

    @property
    @abstractmethod
    def receptive_events(self) -> int:
        """How many events fit before the position to answer at."""
