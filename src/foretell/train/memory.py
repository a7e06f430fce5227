"""Running out of memory, turned into advice.

This module owns how such errors are recognised and what is said. It refuses to free anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from foretell.core.errors import RunError

__all__ = ["advice_when_memory_runs_out"]

_SIGNS: Final = ("out of memory", "can't allocate memory", "cannot allocate memory")


@contextmanager
def advice_when_memory_runs_out(*, size: str, n_items: int, n_negatives: int, full_softmax: bool) -> Iterator[None]:
    """Within this context an allocation that fails says what to lower.

    Args:
        size: The size dial.
        n_items: Items of the catalogue.
        n_negatives: Sampled items a step.
        full_softmax: Whether the loss is exact over the catalogue.

    Raises:
        RunError: Instead of the allocation's own error.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_about_memory(error):
            raise
        loss = 'model.item_loss = "sampled_softmax"' if full_softmax else f"model.n_negatives below {n_negatives:,}"
        raise RunError(
            "The memory did not suffice for a step of pre-training.",
            received=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy=f"Take a smaller model.size than {size!r}, {loss}, or a higher model.min_item_count: {n_items:,} "
            "items have a vector of their own. The same command goes on from the last checkpoint if only the machine "
            "changes.",
        ) from error


def _is_about_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error).lower() for sign in _SIGNS)
