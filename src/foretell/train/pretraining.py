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

from foretell.core.batch import Batch
from foretell.core.memory import freed_memory_kept
from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.spectral import spectral_vectors
from foretell.train.checkpoint import load_checkpoint, save_checkpoint
from foretell.train.event_file import event_file
from foretell.train.memory import advice_when_memory_runs_out
from foretell.train.pace import Pace
from foretell.train.parallel import Team
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig
from foretell.train.stepper import Stepper
from foretell.train.stopping import held_out

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
    on_pace: Callable[[Pace], None] | None = None,
    teachers: tuple[BehaviourModel, ...] = (),
) -> dict[str, float]:
    """Train ``model`` in place on next item, next action and time to the next order.

    Args:
        model: A freshly initialised model.
        data: Packed histories with targets.
        config: Epochs, negatives and so on.
        seed: Decides negatives, dropout and the order of steps.
        folder: Where ``checkpoint.pt``, ``metrics.jsonl`` and, if asked for, TensorBoard's event files go; an existing
            checkpoint is continued.
        progress: Called with (steps done, steps in all) after each step.
        on_pace: Called with the pace after each step.
        teachers: Trained models with the same vocabulary, of whose opinion the next item's label has the share
            ``config.distil``.

    In a process group (``torchrun``) every process calls this with the same arguments, reads its part of each step and
    ends with the same weights; the first writes the files.

    Returns:
        The mean losses of the last epoch.

    Raises:
        RunError: If the memory does not suffice, saying what to lower.
        MissingExtraError: If event files are asked for and TensorBoard is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    watched: Batch | None = None
    if config.stopping.held_out_share:
        kept, watched = held_out(data.batch, share=config.stopping.held_out_share, seed=seed)
        data = PretrainingData(kept, data.events_per_step, data.seed)
    epochs = [data.steps(epoch) for epoch in range(config.chosen_epochs(data.n_events))]
    plan = [which for steps in epochs for which in steps]
    ends = set(np.cumsum([len(steps) for steps in epochs]).tolist())
    n_items = model.embedding.items.identity.num_embeddings
    with (
        freed_memory_kept(),
        advice_when_memory_runs_out(
            size=model.size_name,
            n_items=n_items,
            n_negatives=config.n_negatives,
            full_softmax=config.chosen_item_loss(n_items) == "full_softmax",
        ),
        event_file(folder / "tensorboard" if config.tensorboard and Team.present().writes else None) as write_scalars,
    ):
        stepper = Stepper(
            model, data=data, config=config, seed=seed, n_steps=len(plan), watched=watched, teachers=teachers
        )
        start, losses = load_checkpoint(folder, stepper.parts)
        saved_at, pace = time.monotonic(), Pace(n_steps=len(plan))
        model.train()
        for step in range(start, len(plan)):
            if stepper.enough:
                break
            terms, n_events = stepper.step(step, plan[step], ends_epoch=step + 1 in ends)
            losses.append(terms)
            write_scalars({f"loss/{name}": value for name, value in terms.items()}, step + 1)
            progress(step + 1, len(plan))
            pace.step(step + 1, n_events=n_events)
            if on_pace is not None:
                on_pace(pace)
            due = time.monotonic() - saved_at > config.checkpoint_seconds
            if stepper.between_moves and stepper.team.agreed(due):
                save_checkpoint(folder, stepper.parts, step=step + 1, losses=losses, writes=stepper.team.writes)
                saved_at = time.monotonic()
        stepper.finish()
    model.eval()
    if stepper.team.writes:
        _write_metrics(folder, losses)
    last = losses[-max(len(plan) // len(epochs), 1) :]
    names = {name for entry in last for name in entry}
    return {name: float(np.mean([entry[name] for entry in last if name in entry])) for name in sorted(names)}


def _write_metrics(folder: Path, losses: list[dict[str, float]]) -> None:
    lines = [json.dumps({"step": step + 1, **entry}) for step, entry in enumerate(losses)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
