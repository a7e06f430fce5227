"""Several processes on one training: each reads a part of every step, and their gradients are averaged.

This module owns who reads what and with which weight, and joining the others. It refuses to start processes:
``torchrun`` does.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from foretell.core.batch import Batch
from foretell.core.errors import RunError
from foretell.model.behaviour import BehaviourModel
from foretell.train.losses import Objectives
from foretell.train.sharding import shard

__all__ = ["Parallel", "Reading", "Team", "joined", "read_by"]

Parallel = Literal["ddp", "fsdp"]

_LONGEST_WAIT: Final = timedelta(days=7)
"""One process may prepare a log, or fit heads, for hours while the others wait."""

_CLOSED: Final = "Connection closed by peer"
"""What gloo says in the processes that wait for one that has ended."""


@dataclass(frozen=True)
class Team:
    """The processes that train together.

    Attributes:
        rank: The number of this one, from 0.
        size: How many there are.
    """

    rank: int
    size: int

    @classmethod
    def present(cls) -> Team:
        """The process group that was joined, or this process alone."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls(0, 1)

    @classmethod
    def announced(cls) -> Team:
        """The processes that ``torchrun`` started, joined or not; without it this process alone."""
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls(0, 1)
        return cls(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def part(self, which: NDArray[np.int64]) -> tuple[NDArray[np.int64], bool]:
        """The pieces of a step that this process reads, and whether they count.

        Where there are fewer pieces than processes, one reads a piece that another counts, for the sake of company.

        Example:
            >>> Team(1, 2).part(np.array([4, 5, 6]))
            (array([5]), True)
        """
        mine = which[self.rank :: self.size]
        return (mine, True) if len(mine) else (which[:1], False)

    def wait(self) -> None:
        """Until all have come to this place."""
        if self.size > 1:
            distributed.barrier()

    def agreed(self, value: float) -> float:
        """The first process's value, in all of them: a clock and the last bits of a loss may differ.

        Example:
            >>> Team(0, 1).agreed(0.5)
            0.5
        """
        if self.size == 1:
            return value
        given = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(given, src=0)
        return float(given)

    def weights(self, batch: Batch, *, counts: bool) -> dict[str, tuple[float, float]]:
        """For each loss what this process's mean is to be multiplied by, for the gradient and for the report.

        Means over parts of different size, so weighted and averaged over the processes, are the mean over the whole.
        """
        rows: dict[str, int] = {
            "next_item": int(np.count_nonzero(batch.values["next_item"])),
            "next_action": int(np.count_nonzero(batch.values["next_action"])),
            "next_order_time": int(np.count_nonzero(batch.values["wait_days"].astype(np.float64) >= 0)),
            "contrastive": len(batch),
            "r_drop": int(np.count_nonzero(batch.values["next_item"])),
        }
        mine = torch.tensor([float(n) for n in rows.values()], dtype=torch.float64) * counts
        of_all = mine.clone()
        distributed.all_reduce(of_all)
        shares = (mine / of_all.clamp(min=1.0)).tolist()
        return {name: (share * self.size, share) for name, share in zip(rows, shares, strict=True)}

    def total(self, values: dict[str, float]) -> dict[str, float]:
        """Numbers added over the processes, under the names of all of them."""
        every: list[dict[str, float] | None] = [None] * self.size
        distributed.all_gather_object(every, values)
        found: dict[str, float] = {}
        for one in every:
            for name, value in (one or {}).items():
                found[name] = found.get(name, 0.0) + value
        return found


class Reading(nn.Module):
    """A step's reading as one module: batch in, losses out.

    Args:
        model: The model.
        objectives: The losses.
    """

    def __init__(self, model: BehaviourModel, objectives: Objectives) -> None:
        super().__init__()
        self.model, self.objectives = model, objectives

    def forward(self, batch: Batch, drawn: Tensor | None) -> dict[str, Tensor]:
        """The losses of a batch against the negatives drawn."""
        return self.objectives.losses(self.model, batch, drawn=drawn)


def read_by(team: Team, model: BehaviourModel, objectives: Objectives, *, parallel: Parallel) -> nn.Module:
    """The reading, and with several processes one whose gradients are averaged over them.

    Args:
        team: The processes.
        model: What is trained; ``fsdp`` leaves each process with its part of the weights only.
        objectives: The losses.
        parallel: Whether every process holds all weights (``ddp``) or a part of them (``fsdp``).

    References:
        Li et al., PyTorch Distributed: Experiences on Accelerating Data Parallel Training, 2020; Zhao et al., PyTorch
        FSDP: Experiences on Scaling Fully Sharded Data Parallel, 2023.
    """
    reading = Reading(model, objectives)
    if team.size == 1:
        return reading
    if parallel == "fsdp":
        shard(reading, blocks=model.backbone.children())
        return reading
    return DistributedDataParallel(reading, find_unused_parameters=True, broadcast_buffers=False)


@contextmanager
def joined() -> Iterator[Team]:
    """Join the processes that ``torchrun`` started, for as long as this lasts; without it this process is alone.

    Raises:
        RunError: If another process has ended before its time: what there is to tell, it has told.

    Example:
        >>> with joined() as team:
        ...     team.size
        1
    """
    if Team.announced().size == 1 or distributed.is_initialized():
        yield Team.present()
        return
    distributed.init_process_group("gloo", timeout=_LONGEST_WAIT)
    try:
        yield Team.present()
    except RuntimeError as error:
        if _CLOSED not in str(error):
            raise
        raise RunError("Another process of this training has ended; what it said is the reason.") from error
    finally:
        distributed.destroy_process_group()
        # Modules in cycles keep the group's threads alive, which may abort the process at the interpreter's end.
        gc.collect()
