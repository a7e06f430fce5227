"""Event files that TensorBoard shows, written by TensorBoard's own writer.

This module owns when they are written, and the refusal where TensorBoard is not installed. It refuses everything but
scalars by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from foretell.core.errors import MissingExtraError

__all__ = ["event_file"]

_FLUSH_SECONDS: Final = 10


@contextmanager
def event_file(folder: Path | None) -> Iterator[Callable[[Mapping[str, float], int], None]]:
    """Within this context scalars of a step can be written; what it gives takes them and the number of the step.

    Args:
        folder: Where the file is made; a resumed run makes another beside it, and TensorBoard shows them as one. None
            writes nothing.

    Raises:
        MissingExtraError: If TensorBoard is not installed.

    Example:
        >>> with event_file(None) as write:
        ...     write({"loss/next_item": 2.5}, 300)
    """
    if folder is None:
        yield lambda _values, _step: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("tensorboard", extra="track") from error
    with SummaryWriter(str(folder), flush_secs=_FLUSH_SECONDS) as writer:

        def write(values: Mapping[str, float], step: int) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, global_step=step)

        yield write
