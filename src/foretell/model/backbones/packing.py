"""Sequences end to end: which position belongs to which sequence, and the views of it that backbones work in.

This module owns the layout as tensors and the ways between its views (packed, padded, step by step, shifted). It
refuses to know what the values mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from foretell.core.batch import Batch
from foretell.core.time import DAY

__all__ = ["Packing"]


@dataclass(frozen=True)
class Packing:
    """How B sequences lie in N positions.

    Attributes:
        sequence: int64 ``[N]``: the number of each position's sequence, at least 0; equal numbers lie together.
        days: float64 ``[N]``: when each event happened, in days since 1970 and never falling within a sequence; None
            where nothing is known of time.
        longest: Length of the longest sequence.

    Example:
        >>> packing = Packing.of_lengths(torch.tensor([1, 2]))
        >>> packing.sequence.tolist(), packing.place.tolist(), packing.longest
        ([0, 1, 1], [0, 0, 1], 2)
        >>> packing.padded(torch.tensor([7, 8, 9])).tolist()
        [[7, 0], [8, 9]]
    """

    sequence: Int[Tensor, "N"]
    days: Float[Tensor, "N"] | None
    longest: int

    @classmethod
    def of(cls, batch: Batch) -> Packing:
        """The packing of a batch, with its ``time`` (microseconds) where it has one."""
        # Microseconds divided in double precision: a millionth of a second still counts.
        days = torch.from_numpy(batch.values["time"].astype("float64") / DAY) if "time" in batch.values else None
        longest = int(batch.lengths.max()) if len(batch) else 0
        return cls(torch.from_numpy(batch.sequence_of_position()), days, longest)

    @classmethod
    def of_lengths(cls, lengths: Int[Tensor, "B"], *, days: Float[Tensor, "N"] | None = None) -> Packing:
        """Sequences of these lengths, numbered from 0."""
        numbers = torch.arange(len(lengths), device=lengths.device)
        return cls(torch.repeat_interleave(numbers, lengths), days, int(lengths.max()) if len(lengths) else 0)

    def __len__(self) -> int:
        """N."""
        return len(self.sequence)

    def between(self, first: int, last: int) -> Packing:
        """The packing of the positions ``first`` to ``last``, which must not divide a sequence."""
        if first == 0 and last == len(self):
            return self
        sequence = self.sequence[first:last]
        longest = int(torch.unique_consecutive(sequence, return_counts=True)[1].max()) if last > first else 0
        return Packing(sequence, None if self.days is None else self.days[first:last], longest)

    @cached_property
    def starts(self) -> Int[Tensor, "B"]:
        """Where each sequence that is not empty begins."""
        first = torch.ones_like(self.sequence, dtype=torch.bool)
        first[1:] = self.sequence[1:] != self.sequence[:-1]
        return first.nonzero().squeeze(1)

    @cached_property
    def lengths(self) -> Int[Tensor, "B"]:
        """The length of each sequence that is not empty."""
        return torch.diff(self.starts, append=self.starts.new_tensor([len(self)]))

    @cached_property
    def place(self) -> Int[Tensor, "N"]:
        """How many events of its sequence come before each position."""
        return torch.arange(len(self), device=self.sequence.device) - self.starts.repeat_interleave(self.lengths)

    @cached_property
    def present(self) -> Bool[Tensor, "B T"]:
        """Which positions of the padded view hold an event."""
        steps = torch.arange(self.longest, device=self.sequence.device)
        return steps[None] < self.lengths[:, None]

    def padded(self, values: Tensor) -> Tensor:
        """Packed ``[N, ...]`` as ``[B, T, ...]``, zeros behind each sequence's end; T is ``longest``."""
        view = values.new_zeros((*self.present.shape, *values.shape[1:]))
        view[self.present] = values
        return view

    def packed(self, padded: Tensor) -> Tensor:
        """The way back from ``padded``."""
        return padded[self.present]

    def steps(self) -> tuple[Int[Tensor, "N"], Int[Tensor, "T"]]:
        """The positions in order of their place in the sequence, longest sequence first, and how many have each place.

        This is the layout of ``torch.nn.utils.rnn.PackedSequence``: at each step the sequences that still go on.
        """
        longest_first = torch.argsort(self.lengths, descending=True, stable=True)
        at_step = self.present[longest_first].T
        positions = self.starts[longest_first][None] + torch.arange(self.longest, device=self.sequence.device)[:, None]
        return positions[at_step], at_step.sum(1)

    def earlier(self, values: Float[Tensor, "N *rest"], *, by: int) -> Float[Tensor, "N *rest"]:
        """What stood ``by`` places earlier in the same sequence; zeros where the sequence had not begun."""
        shifted = torch.cat([torch.zeros_like(values[:by]), values[: max(len(values) - by, 0)]])
        known = (self.place >= by).view(-1, *[1] * (values.dim() - 1))
        return torch.where(known, shifted, torch.zeros((), dtype=values.dtype, device=values.device))

    def prefixes(self, rows: Int[Tensor, "R"], *, most: int) -> tuple[Int[Tensor, "M"], Packing]:
        """For each row a sequence of its own: up to ``most`` events ending there, and one position to answer at.

        Returns:
            The position each of the M new ones is taken from (the last of a sequence repeats its row), and their
            packing, R sequences in the order of the rows.
        """
        lengths = self.place[rows].clamp(max=most - 1) + 2
        layout = Packing.of_lengths(lengths)
        index = rows.repeat_interleave(lengths) - (lengths.repeat_interleave(lengths) - 2 - layout.place)
        index = torch.minimum(index, rows.repeat_interleave(lengths))
        days = None if self.days is None else self.days[index]
        return index, Packing(layout.sequence, days, layout.longest)
