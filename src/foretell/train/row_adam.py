"""Adam for tables of which a step touches few rows: it moves those, and pays nothing for the others.

This module owns the arithmetic of being late: what dense Adam would have done to a row in the steps that did not touch
it is done when the row is next needed. It refuses weight decay, which tables do not get.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["RowAdam"]

_LONGEST_LATE: Final = 400
"""Steps after which nothing is left of a row's momentum: (0.9 / 0.98^(1/2))^400 is 3e-17."""


class RowAdam:
    """Adam over one table ``[V, D]`` whose gradient is sparse.

    Dense Adam goes on moving a row after the last step that touched it, by a momentum that shrinks with every step.
    Those moves are a geometric series: their sum is one number for each step at which a row can have been left, kept up
    to date for all rows together. ``ready`` applies it, so that a row that is read stands where dense Adam would have
    it. Equal to dense Adam up to rounding and to epsilon, which counts here as it did at the row's last step.

    A plain lazy Adam leaves those moves out: rows that are rarely touched then move an order of magnitude less.

    Args:
        table: The table; its gradients must be sparse (``nn.Embedding(sparse=True)``).
        betas: Decay of the two moments.
        epsilon: Added to the root of the second.

    References:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015 (algorithm 1).
    """

    def __init__(self, table: Tensor, *, betas: tuple[float, float] = (0.9, 0.98), epsilon: float = 1e-8) -> None:
        self.table, self.betas, self.epsilon = table, betas, epsilon
        self.first = torch.zeros_like(table, requires_grad=False)
        self.second = torch.zeros_like(table, requires_grad=False)
        self.current = torch.zeros(len(table), dtype=torch.int64)
        self.late = torch.zeros(1, dtype=torch.float64)
        self.n_steps = 0
        self.learning_rate = 0.0

    @torch.no_grad()
    def ready(self, rows: Int[Tensor, "R"]) -> None:
        """Bring rows to where they stand now; each named once, and before they are read."""
        since = self.current[rows]
        behind = (since < self.n_steps).nonzero().squeeze(1)
        if not len(behind):
            return
        rows, since = rows[behind], since[behind]
        gap = (self.n_steps - since).to(self.table.dtype)
        first, second = self.first[rows], self.second[rows]
        # Where a row was never touched both moments are zero, and so is the move.
        unbiased = (1 - self.betas[1] ** since.double()).clamp(min=1e-12).sqrt().to(self.table.dtype)[:, None]
        moved = self.late[since].to(self.table.dtype)[:, None] * first / (second.sqrt() + self.epsilon * unbiased)
        self.table[rows] -= moved
        self.first[rows] = first * (self.betas[0] ** gap)[:, None]
        self.second[rows] = second * (self.betas[1] ** gap)[:, None]
        self.current[rows] = self.n_steps

    @torch.no_grad()
    def settle(self) -> None:
        """Bring every row to where it stands now."""
        for rows in torch.split(torch.arange(len(self.table)), 100_000):
            self.ready(rows)

    @torch.no_grad()
    def step(self) -> None:
        """One step on the rows that have a gradient."""
        gradient = self.table.grad
        if gradient is not None:
            gradient = gradient.coalesce()
            self.ready(gradient.indices()[0])  # another process may have touched what this one did not read
        self.n_steps += 1
        self._count_late()
        if gradient is None:
            return
        rows, slopes = gradient.indices()[0], gradient.values()
        first = self.first[rows].lerp_(slopes, 1 - self.betas[0])
        second = self.second[rows].mul_(self.betas[1]).addcmul_(slopes, slopes, value=1 - self.betas[1])
        unbiased = ((1 - self.betas[1] ** self.n_steps) ** 0.5, 1 - self.betas[0] ** self.n_steps)
        self.table[rows] -= self._rate() * first / (second.sqrt() + self.epsilon * unbiased[0])
        self.first[rows], self.second[rows], self.current[rows] = first, second, self.n_steps

    def norm(self) -> Float[Tensor, ""]:
        """The norm of the gradient; rows named twice are added first."""
        if self.table.grad is None:
            return torch.zeros(())
        self.table.grad = self.table.grad.coalesce()
        length: Tensor = self.table.grad.values().norm()
        return length

    def scale_gradient(self, by: Tensor) -> None:
        """Multiply the gradient, which must be coalesced (``norm`` does that)."""
        if self.table.grad is not None:
            self.table.grad.values().mul_(by)

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, beside the table."""
        return {
            "first": self.first,
            "second": self.second,
            "current": self.current,
            "late": self.late[: self.n_steps + 1].clone(),
            "n_steps": self.n_steps,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Continue where a saved state was."""
        self.first.copy_(saved["first"])
        self.second.copy_(saved["second"])
        self.current.copy_(saved["current"])
        self.late, self.n_steps = saved["late"], int(saved["n_steps"])

    def _rate(self) -> float:
        """What first moment over root of second, both uncorrected, is multiplied by at this step."""
        return float(
            self.learning_rate * (1 - self.betas[1] ** self.n_steps) ** 0.5 / (1 - self.betas[0] ** self.n_steps)
        )

    def _count_late(self) -> None:
        """For each earlier step, what a row last touched then has to make up for, this step included."""
        if self.n_steps == len(self.late):
            self.late = torch.cat([self.late, torch.zeros_like(self.late)])
        recent = self.late[max(self.n_steps - _LONGEST_LATE, 0) : self.n_steps]
        gaps = torch.arange(len(recent), 0, -1, dtype=torch.float64)
        recent += self._rate() * (self.betas[0] / self.betas[1] ** 0.5) ** gaps
