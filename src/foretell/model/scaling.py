"""How large each backbone is at each size: the table of the documentation, counted from the code.

This module owns the count and the table. It refuses item tables, which follow from the catalogue.
"""

from __future__ import annotations

import torch

from foretell.model.backbones import BACKBONES, BackboneName
from foretell.model.size import SIZES, SizeName

__all__ = ["n_backbone_parameters", "scaling_table"]


def n_backbone_parameters(size: SizeName, *, backbone: BackboneName = "transformer") -> int:
    """Learned values of a backbone, counted without making them.

    Example:
        >>> n_backbone_parameters("nano")
        10404
    """
    with torch.device("meta"):
        made = BACKBONES[backbone](SIZES[size], dropout=0.0)
    return sum(parameter.numel() for parameter in made.parameters())


def scaling_table() -> str:
    """The sizes with what follows from each, and the parameters of every backbone, as Markdown."""
    columns = ["size", "width", "layers", "heads", "window", "learning rate", "events a step", *BACKBONES]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, size in SIZES.items():
        settings = (size.width, size.n_layers, size.n_heads, size.window, f"{size.learning_rate:g}", size.batch_events)
        counts = [_short(n_backbone_parameters(name, backbone=backbone)) for backbone in BACKBONES]
        lines.append(f"| {' | '.join([name, *map(str, settings), *counts])} |")
    return "\n".join(lines)


def _short(n: int) -> str:
    """A count to two or three figures.

    Example:
        >>> _short(13_100), _short(1_470_000), _short(1_000_300_000)
        ('13 k', '1.5 M', '1.00 G')
    """
    for unit, letter, decimals in ((1_000_000_000, "G", 2), (1_000_000, "M", 1), (1_000, "k", 0)):
        if n >= unit:
            return f"{n / unit:.{decimals}f} {letter}"
    return str(n)
