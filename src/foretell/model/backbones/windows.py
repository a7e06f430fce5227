"""Sliding windows over packed sequences: who sees whom, how far back, and how long ago.

This module owns the blocks in which windowed attention works, with a fixed cost per event and no padding to the longest
sequence. It refuses to project or to weigh anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from foretell.model.backbones.packing import Packing

__all__ = ["TIME_SCALES_DAYS", "WindowParts", "Windows", "log_gaps", "window_mask"]

TIME_SCALES_DAYS: Final = (1 / 24, 14.0)
"""Gaps well below a scale hardly count on it: one scale tells a visit's events apart, one the weeks before."""

_NEVER: Final = -1e30

_BEFORE_ALL, _BEHIND_ALL = -1, -2

_FEWEST_EVENTS_OF_A_PART: Final = 512
"""A part smaller than this costs more in calls than its narrower blocks save."""


@dataclass(frozen=True)
class Windows:
    """A packing cut into blocks of ``window`` positions; the keys of a block are its own and the block before it.

    Attributes:
        window: How many positions back a position sees, itself included.
        n: How many of the positions are real; the rest fill up the last block.
        allowed: bool ``[blocks, window, 2 * window]``: whether a query may see a key.
        gaps: ``[S, blocks, window, 2 * window]``: ``log_gaps`` from key to query; None without times.
    """

    window: int
    n: int
    allowed: Bool[Tensor, "blocks W keys"]
    gaps: Float[Tensor, "S blocks W keys"] | None

    @classmethod
    def of(cls, packing: Packing, *, window: int, dtype: torch.dtype = torch.float32) -> Windows:
        """The windows of a packing, no wider than its longest sequence needs.

        A sequence that fits into a narrower window sees the same there, so short sequences cost what they hold and
        not what the longest possible one would.
        """
        window = min(window, _power_of_two(packing.longest))
        fill = -len(packing) % window
        sequence = functional.pad(packing.sequence, (0, fill), value=_BEHIND_ALL)
        gaps = None
        if packing.days is not None:
            days = functional.pad(packing.days, (0, fill)).view(-1, window)
            earlier = torch.cat([days[:1], days[:-1]])
            gaps = log_gaps(days[:, :, None] - torch.cat([earlier, days], dim=1)[:, None, :]).to(dtype)
        return cls(window, len(packing), window_mask(sequence, window=window), gaps)

    def filled(self, values: Float[Tensor, "N D"]) -> Float[Tensor, "M D"]:
        """Values with zeros behind them, so that the last block is full."""
        return functional.pad(values, (0, 0, 0, -self.n % self.window))

    @cached_property
    def penalty(self) -> Float[Tensor, "blocks W keys"]:
        """Added to logits: 0 where a query may see a key, elsewhere as good as minus infinity."""
        return torch.where(self.allowed, 0.0, _NEVER)

    def distance(self) -> Int[Tensor, "W keys"]:
        """How many positions lie between query and key, 0 to ``window - 1`` wherever that is allowed."""
        device = self.allowed.device
        query = torch.arange(self.window, 2 * self.window, device=device)[:, None]
        return (query - torch.arange(2 * self.window, device=device)[None]).clamp(0, self.window - 1)


@dataclass(frozen=True)
class WindowParts:
    """A packing in parts of like length, each with windows as narrow as its own sequences allow.

    Most histories are short and a few are long. Where a pack comes in the order of length, the short ones are not made
    to pay for the blocks of the long ones. No state depends on the division.

    Attributes:
        parts: The windows of each part, in the order of the pack.
    """

    parts: tuple[Windows, ...]

    @classmethod
    def of(cls, packing: Packing, *, window: int, dtype: torch.dtype = torch.float32) -> WindowParts:
        """The parts of a packing; one where its sequences are in no order of length."""
        edges = _edges(packing, window=window)
        whole = [0, *edges, len(packing)]
        parts = [packing.between(first, last) for first, last in pairwise(whole)]
        return cls(tuple(Windows.of(part, window=window, dtype=dtype) for part in parts))

    def each(self, attend: Callable[[Tensor, Windows], Tensor], values: Float[Tensor, "N E"]) -> Tensor:
        """``attend`` part by part: values ``[N, E]`` in, whatever it makes of each position out."""
        if len(self.parts) == 1:
            only = self.parts[0]
            return attend(only.filled(values), only)[: only.n]
        pieces = torch.split(values, [part.n for part in self.parts])
        found = [attend(part.filled(piece), part)[: part.n] for piece, part in zip(pieces, self.parts, strict=True)]
        return torch.cat(found)


def _edges(packing: Packing, *, window: int) -> list[int]:
    """Where in the pack blocks of another width begin to be needed."""
    if len(packing) < 2 * _FEWEST_EVENTS_OF_A_PART:
        return []
    lengths = packing.lengths
    if bool((lengths.diff() < 0).any()):
        return []
    widths = [1 << power for power in range(max(window - 1, 0).bit_length())]
    after = torch.searchsorted(lengths, lengths.new_tensor(widths), right=True)
    ends = lengths.cumsum(0)
    edges, before = [], 0
    for count in after.tolist():
        at = int(ends[count - 1]) if count else 0
        if at - before >= _FEWEST_EVENTS_OF_A_PART and len(packing) - at >= _FEWEST_EVENTS_OF_A_PART:
            edges.append(at)
            before = at
    return edges


def window_mask(sequence: Int[Tensor, "N"], *, window: int) -> Bool[Tensor, "blocks W keys"]:
    """Which keys each query may see, block by block.

    Position i sees position j if both belong to the same sequence and ``0 <= i - j < window``. Queries are cut
    into blocks of ``window`` positions; the keys of a block are its own and the block before it.

    Args:
        sequence: For each of N packed positions the number of its sequence; N must be a multiple of ``window``.
        window: How many positions back a position sees, itself included.

    Returns:
        bool ``[N / window, window, 2 * window]``.

    Example:
        >>> window_mask(torch.tensor([0, 0, 0, 1]), window=2)[1].int().tolist()
        [[0, 1, 1, 0], [0, 0, 0, 1]]
    """
    blocks = sequence.view(-1, window)
    previous = torch.cat([torch.full_like(blocks[:1], _BEFORE_ALL), blocks[:-1]])
    keys = torch.cat([previous, blocks], dim=1)
    position = torch.arange(2 * window, device=sequence.device)
    distance = position[window:, None] - position[None]
    near = (distance >= 0) & (distance < window)
    return near[None] & (blocks[:, :, None] == keys[:, None, :])


def log_gaps(days: Float[Tensor, "*shape"]) -> Float[Tensor, "S *shape"]:
    """``log(1 + |gap| / scale)`` on each of the time scales.

    Added to a logit with a learned slope, it multiplies the weight by a power of the gap: a law of forgetting in two
    numbers a head, where buckets would need a table and a look-up per pair.

    References:
        Ye et al., FuXi-beta: Towards a Lightweight and Fast Large-Scale Generative Recommendation Model, 2025
        (functional relative attention bias).

    Example:
        >>> [round(float(value), 2) for value in log_gaps(torch.tensor(14.0))]
        [5.82, 0.69]
    """
    gaps = days.abs().float()
    return torch.stack([torch.log1p(gaps / scale) for scale in TIME_SCALES_DAYS])


def _power_of_two(length: int) -> int:
    """The next power of two that is at least ``length``; 1 for nothing."""
    return 1 << max(length - 1, 0).bit_length()
