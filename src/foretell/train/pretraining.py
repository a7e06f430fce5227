"""Pre-training of the behaviour model, with checkpoints that resume bit for bit.

This module owns the loop. Every random choice of a step is a function of the seed and the step number, so a run
killed at any moment continues exactly where its last checkpoint was. It refuses to build data or models itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from foretell.core.allocator import keep_freed_memory
from foretell.core.batch import Batch
from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.spectral import spectral_vectors
from foretell.train.checkpoint import load_checkpoint, save_checkpoint
from foretell.train.losses import Objectives
from foretell.train.negatives import Negatives
from foretell.train.optimisation import make_optimiser, set_learning_rate
from foretell.train.precision import Precision
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

__all__ = ["pretrain", "start_items"]

Progress = Callable[[int, int], None]


def start_items(model: BehaviourModel, histories: Batch, *, config: ModelConfig, seed: int) -> None:
    """Give the item vectors their beginning: the item graph's spectrum, unless the config says random.

    Args:
        model: A freshly initialised model.
        histories: The packed training histories, ``item`` codes among their values.
        config: Says which beginning.
        seed: Decides the factorisation's random projections.
    """
    if config.item_start == "spectral":
        items = model.embedding.items
        vectors = spectral_vectors(
            histories, n_items=items.identity.num_embeddings, width=items.identity.embedding_dim, seed=seed
        )
        items.start_from(torch.from_numpy(vectors))


def pretrain(
    model: BehaviourModel,
    *,
    data: PretrainingData,
    config: ModelConfig,
    seed: int,
    folder: Path,
    progress: Progress,
) -> dict[str, float]:
    """Train ``model`` in place on next item, next action and time to the next order.

    Args:
        model: A freshly initialised model.
        data: Packed histories with targets.
        config: Epochs, negatives and so on.
        seed: Decides negatives, dropout and the order of steps.
        folder: Where ``checkpoint.pt`` and ``metrics.jsonl`` go; an existing checkpoint is continued.
        progress: Called with (steps done, steps in all) after each step.

    Returns:
        The mean losses of the last epoch.
    """
    keep_freed_memory()
    folder.mkdir(parents=True, exist_ok=True)
    plan = [which for epoch in range(config.epochs) for which in data.steps(epoch)]
    peak = model.size.learning_rate
    optimiser = make_optimiser(model, learning_rate=peak, weight_decay=config.weight_decay)
    precision = Precision.chosen(config.precision)
    objectives = Objectives(_negatives(model, data, config), precision)
    start, losses = load_checkpoint(folder, model, optimiser)
    saved_at = time.monotonic()
    model.train()
    for step in range(start, len(plan)):
        set_learning_rate(optimiser, step, n_steps=len(plan), peak=peak)
        torch.manual_seed(seed * 1_000_003 + step)
        terms = objectives.losses(model, data.take(plan[step], multiple=precision.rows_step))
        total = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append({name: float(value.detach()) for name, value in terms.items()})
        progress(step + 1, len(plan))
        if time.monotonic() - saved_at > config.checkpoint_seconds:
            save_checkpoint(folder, model, optimiser, step=step + 1, losses=losses)
            saved_at = time.monotonic()
    model.eval()
    _write_metrics(folder, losses)
    last = losses[-max(len(plan) // config.epochs, 1) :]
    return {name: float(np.mean([entry[name] for entry in last])) for name in last[0]} if last else {}


def _negatives(model: BehaviourModel, data: PretrainingData, config: ModelConfig) -> Negatives | None:
    n_items = model.embedding.items.identity.num_embeddings
    if config.chosen_item_loss(n_items) == "full_softmax":
        return None
    counts = np.bincount(data.batch.values["next_item"].astype(np.int64), minlength=n_items)
    return Negatives.of(counts, n=config.n_negatives, drawing=config.negatives)


def _write_metrics(folder: Path, losses: list[dict[str, float]]) -> None:
    lines = [json.dumps({"step": step + 1, **entry}) for step, entry in enumerate(losses)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
