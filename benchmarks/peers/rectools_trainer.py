"""RecTools' own trainer on the processor, silent: what both of its benchmarks train with."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import Trainer

__all__ = ["silent_trainer"]


def silent_trainer(**bounds: Any) -> Trainer:  # noqa: ANN401
    """A trainer that says and keeps nothing; ``bounds`` are how long it trains, and what watches it."""
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **bounds,
    )
