"""Pre-training of the behaviour model, with checkpoints that resume bit for bit.

This module owns the loop. Every random choice of a step is a function of the seed and the step number, so a run
killed at any moment continues exactly where its last checkpoint was. It refuses to build data or models itself.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from foretell.core.batch import Batch
from foretell.core.files import appearing_whole
from foretell.model.activations import ActivationName
from foretell.model.backbones import BackboneName, Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.hazard import hazard_loss
from foretell.model.objectives import sampled_softmax_loss
from foretell.model.size import SizeName
from foretell.predictor.encoder import fields_of
from foretell.train.pretraining_data import PretrainingData

__all__ = ["ModelConfig", "pretrain"]

Progress = Callable[[int, int], None]


class ModelConfig(BaseModel):
    """The sequence model and its pre-training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: SizeName = "small"
    """The size dial: width, depth, heads, window, learning rate and batch follow."""

    backbone: BackboneName | Literal["auto"] = "transformer"
    """The network between the event embedding and the heads; ``auto`` chooses by the log and says why."""

    activation: ActivationName = "silu"
    """The backbone's nonlinearity."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 5
    """Passes over the training events."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout in the embedding and on residual branches."""

    n_negatives: Annotated[int, Field(ge=1)] = 1024
    """Sampled items the true next item is compared with."""

    min_item_count: Annotated[int, Field(ge=1)] = 5
    """Items seen less often in training have no vector of their own, only their content's."""

    checkpoint_seconds: Annotated[float, Field(gt=0)] = 15.0
    """Seconds between two checkpoints."""


@dataclass(frozen=True)
class _Negatives:
    """How negatives are drawn: popularity to the power 3/4, mixed with a fifth of uniform."""

    probability: Tensor
    log_expected_count: Tensor
    n: int

    @classmethod
    def of(cls, next_items: np.ndarray[Any, Any], *, n_items: int, n: int) -> _Negatives:
        counts = np.bincount(next_items, minlength=n_items).astype(np.float64)
        counts[0] = 0.0
        popular = counts**0.75
        uniform = (np.arange(n_items) > 0).astype(np.float64)
        shares = 0.8 * popular / max(popular.sum(), 1.0) + 0.2 * uniform / max(uniform.sum(), 1.0)
        return cls(torch.from_numpy(shares).float(), torch.from_numpy(np.log(np.maximum(n * shares, 1e-12))).float(), n)


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
    folder.mkdir(parents=True, exist_ok=True)
    plan = [which for epoch in range(config.epochs) for which in data.steps(epoch)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=model.size.learning_rate, weight_decay=0.01, fused=True)
    negatives = _Negatives.of(
        data.batch.values["next_item"], n_items=model.embedding.items.identity.num_embeddings, n=config.n_negatives
    )
    start, losses = _resume(folder, model, optimiser)
    saved_at = time.monotonic()
    model.train()
    for step in range(start, len(plan)):
        _set_learning_rate(optimiser, step, len(plan), peak=model.size.learning_rate)
        torch.manual_seed(seed * 1_000_003 + step)
        terms = _losses(model, data.take(plan[step]), negatives)
        total = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append({name: float(value.detach()) for name, value in terms.items()})
        progress(step + 1, len(plan))
        if time.monotonic() - saved_at > config.checkpoint_seconds:
            _save(folder, model, optimiser, step + 1, losses)
            saved_at = time.monotonic()
    model.eval()
    _write_metrics(folder, losses)
    last = losses[-max(len(plan) // config.epochs, 1) :]
    return {name: float(np.mean([entry[name] for entry in last])) for name in last[0]} if last else {}


def _losses(model: BehaviourModel, batch: Batch, negatives: _Negatives) -> dict[str, Tensor]:
    """The three losses of one step."""
    fields, states = model.learn(fields_of(batch), Packing.of(batch))
    terms: dict[str, Tensor] = {}
    named = fields["next_item"] > 0
    if named.any():
        targets = fields["next_item"][named]
        drawn = torch.multinomial(negatives.probability, negatives.n, replacement=True)
        terms["next_item"] = sampled_softmax_loss(
            model.item_query(states[named]),
            targets,
            target_vectors=model.embedding.items(targets),
            negatives=drawn,
            negative_vectors=model.embedding.items(drawn),
            log_expected_count=negatives.log_expected_count,
        )
    acted = fields["next_action"] > 0
    if acted.any():
        terms["next_action"] = torch.nn.functional.cross_entropy(
            model.next_action(states[acted]), fields["next_action"][acted]
        )
    waiting = fields["wait_days"] >= 0
    if waiting.any():
        terms["next_order_time"] = hazard_loss(
            model.hazard(states[waiting]), fields["wait_days"][waiting], fields["wait_observed"][waiting]
        )
    return terms


def _set_learning_rate(optimiser: torch.optim.Optimizer, step: int, n_steps: int, *, peak: float) -> None:
    """Linear warm-up over 30 steps, then a cosine down to 2 % of the peak."""
    warm = min(1.0, (step + 1) / 30)
    # A plain float: a checkpoint with a NumPy number in it cannot be loaded safely.
    rate = peak * warm * (0.51 + 0.49 * math.cos(math.pi * step / max(n_steps, 1)))
    for group in optimiser.param_groups:
        group["lr"] = rate


def _save(
    folder: Path, model: BehaviourModel, optimiser: torch.optim.Optimizer, step: int, losses: list[dict[str, float]]
) -> None:
    """Write a checkpoint whole or not at all."""
    saved = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
    with appearing_whole(folder / "checkpoint.pt") as place:
        torch.save({**saved, "losses": json.dumps(losses)}, place)


def _resume(
    folder: Path, model: BehaviourModel, optimiser: torch.optim.Optimizer
) -> tuple[int, list[dict[str, float]]]:
    """Load the checkpoint if there is one; returns the next step and the losses so far."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return 0, []
    saved = torch.load(path, weights_only=True)
    model.load_state_dict(saved["model"])
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["step"]), json.loads(saved["losses"])


def _write_metrics(folder: Path, losses: list[dict[str, float]]) -> None:
    lines = [json.dumps({"step": step + 1, **entry}) for step, entry in enumerate(losses)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
