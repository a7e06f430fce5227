"""One step of pre-training after another: draw, read, compare, move, and what goes with it.

This module owns the state that steps share and their order within a step. It refuses to keep time and files, which are
the loop's (``pretraining``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.core.batch import Batch
from foretell.model.behaviour import BehaviourModel
from foretell.train.augmentation import Augmentation, similar_items
from foretell.train.averaging import WeightAverage
from foretell.train.checkpoint import Stateful
from foretell.train.distillation import Distillation
from foretell.train.losses import Objectives
from foretell.train.negatives import Negatives
from foretell.train.optimisation import Optimiser, learning_rate_at
from foretell.train.parallel import Team, read_by
from foretell.train.precision import Precision
from foretell.train.pretraining_data import PretrainingData, short_first
from foretell.train.settings import ModelConfig
from foretell.train.sharding import Whole, copied_to_shard, gathered, laid_out, refill
from foretell.train.stopping import Watch

__all__ = ["Stepper"]

_DENSE_ROWS_A_TOUCHED_ONE: Final = 4
"""A step over a whole table costs less per row than one over some of its rows."""

_WATCHING_SEED: Final = 0x5EED


class Stepper:
    """Takes steps on a model.

    Args:
        model: The model, trained in place.
        data: What the steps read.
        config: The settings.
        seed: Decides negatives, dropout and augmentation, with the number of the step.
        n_steps: Steps in all, for the schedule.
        watched: Held-out histories that are looked at after each epoch, if any.
        teachers: Models that the next item's label is shared with.
    """

    def __init__(
        self,
        model: BehaviourModel,
        *,
        data: PretrainingData,
        config: ModelConfig,
        seed: int,
        n_steps: int,
        watched: Batch | None = None,
        teachers: tuple[BehaviourModel, ...] = (),
    ) -> None:
        self.team = Team.present()
        self.is_sharded = self.team.size > 1 and config.parallel == "fsdp"
        self.given, self.model = model, copied_to_shard(model) if self.is_sharded else model
        model = self.model
        self.data, self.config, self.seed, self.n_steps = data, config, seed, n_steps
        self.watched, self.watch = watched, Watch(config.stopping.patience_epochs)
        self.precision = Precision.chosen(config.precision)
        self.objectives = Objectives(
            _negatives(model, data, config),
            self.precision,
            config.regularisation,
            reach_all=self.is_sharded,
            distillation=Distillation(teachers, config.distil) if teachers else None,
        )
        model.embedding.items.identity.sparse = not self.is_sharded and _by_rows(model, data, config)
        self.reading = read_by(self.team, model, self.objectives, parallel=config.parallel)
        self.optimiser = Optimiser(
            model,
            config=config.optimisation,
            learning_rate=model.size.learning_rate,
            weight_decay=config.weight_decay,
        )
        self.average = WeightAverage(model, decay=config.average_decay) if config.average_decay else None
        self.augmentation = _augmentation(model, data, config)
        self.accumulated = 0

    @property
    def parts(self) -> dict[str, Stateful]:
        """What a checkpoint holds."""
        parts: dict[str, Stateful] = {"model": self.model, "optimiser": self.optimiser, "watch": self.watch}
        parts = parts if self.average is None else {**parts, "average": self.average}
        return self._whole(parts) if self.is_sharded else parts

    def _whole(self, parts: dict[str, Stateful]) -> dict[str, Stateful]:
        """The parts as they are in a file."""
        weights = self.model.state_dict()
        lay_out: dict[str, Callable[[Any], Any]] = {
            "model": lambda saved: laid_out(saved, weights),
            "optimiser": lambda saved: saved,  # it knows what it moves
            "watch": lambda saved: {**saved, "best": laid_out(saved["best"], weights)},
            "average": lambda saved: laid_out(saved, self.average.state_dict() if self.average else None),
        }
        return {name: Whole(part, lay_out[name], keep=self.team.writes) for name, part in parts.items()}

    @property
    def between_moves(self) -> bool:
        """Whether no gradient waits for the rest of its epoch: what a checkpoint holds is all there is."""
        return self.accumulated == 0

    @property
    def enough(self) -> bool:
        """Whether the held-out part has long shown no gain."""
        return self.watch.enough

    def step(self, step: int, which: NDArray[np.int64], *, ends_epoch: bool) -> tuple[dict[str, float], int]:
        """One step: its losses, and how many events it read.

        Args:
            step: Its number, from 0.
            which: The pieces it reads.
            ends_epoch: Whether it is the last of an epoch.
        """
        settings = self.config.optimisation
        rate = learning_rate_at(step, n_steps=self.n_steps, peak=self.optimiser.peak, config=settings)
        self.optimiser.set_learning_rate(rate)
        mine, counts = self.team.part(which)
        batch = self.data.batch.select(mine)
        if self.augmentation is not None:
            batch = self.augmentation.applied(batch, random=np.random.default_rng((self.seed, step, self.team.rank)))
        batch = short_first(batch, multiple=self.precision.rows_step)
        torch.manual_seed(self.seed * 1_000_003 + step)
        drawn = self.objectives.draw()
        self._ready(batch, drawn)
        if self.team.rank:  # the same negatives everywhere, but not the same units dropped
            torch.manual_seed(self.seed * 1_000_003 + step + 7_919 * self.team.rank)
        found = self._learn(batch, drawn, counts=counts)
        self.accumulated += 1
        if settings.optimiser != "gd" or ends_epoch:
            self._move(step)
        if ends_epoch and self.watched is not None:
            found["held_out"] = self._look()
        return found, int(batch.offsets[-1])

    def _learn(self, batch: Batch, drawn: Tensor | None, *, counts: bool) -> dict[str, float]:
        """Read, compare and send the slopes back; the losses, those of all processes together."""
        terms: dict[str, Tensor] = self.reading(batch, drawn)
        if self.team.size == 1:
            total = torch.stack(list(terms.values())).sum() if terms else None
            if total is not None:
                total.backward()  # type: ignore[no-untyped-call]
            return {name: float(value.detach()) for name, value in terms.items()}
        weights = self.team.weights(batch, counts=counts)
        weighted = torch.stack([value * weights[name][0] for name, value in terms.items()]).sum()
        weighted.backward()  # type: ignore[no-untyped-call]
        return self.team.total({name: float(value.detach()) * weights[name][1] for name, value in terms.items()})

    def finish(self) -> None:
        """Leave in the model the weights that answer: the best that were seen, or the average, or the last."""
        self.optimiser.settle()
        if self.watch.best:
            self.model.load_state_dict(self.watch.best)
        elif self.average is not None:
            self.average.exchange()
        if self.is_sharded:
            refill(self.given, gathered(self.model.state_dict()))
        self.model.embedding.items.identity.sparse = False

    def _ready(self, batch: Batch, drawn: Tensor | None) -> None:
        if not self.optimiser.rows:
            return
        read = [torch.from_numpy(batch.values[name].astype(np.int64)) for name in ("item", "next_item")]
        self.optimiser.ready(torch.unique(torch.cat(read if drawn is None else [*read, drawn])))

    def _move(self, step: int) -> None:
        if self.accumulated > 1:
            for parameter in self.optimiser.dense:
                if parameter.grad is not None:
                    parameter.grad.div_(self.accumulated)
        self.optimiser.clip()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.accumulated = 0
        if self.average is not None:
            self.average.update(step)

    @torch.no_grad()
    def _look(self) -> float:
        """The mean loss of the held-out histories, against the same negatives every time."""
        assert self.watched is not None, "called only where something is watched"
        self.optimiser.settle()
        if self.average is not None:
            self.average.exchange()
        self.model.eval()
        held = PretrainingData.cut(self.watched, events_per_step=self.data.events_per_step, seed=0)
        total, weight = 0.0, 0
        for number, which in enumerate(held.steps(0)):
            torch.manual_seed(_WATCHING_SEED + number)
            batch = held.take(which, multiple=self.precision.rows_step)
            terms = self.reading(batch, self.objectives.draw())
            named = int(np.count_nonzero(batch.values["next_item"]))
            if "next_item" in terms:
                total, weight = total + float(terms["next_item"]) * named, weight + named
        found = self.team.agreed(total / max(weight, 1))
        self.watch.see(found, self.model)
        self.model.train()
        if self.average is not None:
            self.average.exchange()
        return found


def _by_rows(model: BehaviourModel, data: PretrainingData, config: ModelConfig) -> bool:
    """Whether a step touches so few items that moving only those pays."""
    n_items = model.embedding.items.identity.num_embeddings
    if config.chosen_item_loss(n_items) == "full_softmax" or config.optimisation.optimiser not in ("adam", "adamw"):
        return False
    if config.average_decay or config.regularisation.contrastive or config.regularisation.r_drop:
        return False
    touched = 2 * data.events_per_step + config.n_negatives
    return n_items > _DENSE_ROWS_A_TOUCHED_ONE * touched


def _negatives(model: BehaviourModel, data: PretrainingData, config: ModelConfig) -> Negatives | None:
    n_items = model.embedding.items.identity.num_embeddings
    if config.chosen_item_loss(n_items) == "full_softmax":
        return None
    counts = np.bincount(data.batch.values["next_item"].astype(np.int64), minlength=n_items)
    return Negatives.of(counts, n=config.n_negatives, drawing=config.negatives)


def _augmentation(model: BehaviourModel, data: PretrainingData, config: ModelConfig) -> Augmentation | None:
    if config.augmentation.changes_nothing:
        return None
    items = model.embedding.items
    alike: NDArray[Any] | None = None
    if config.augmentation.needs_similar:
        alike = similar_items(data.batch, n_items=items.identity.num_embeddings)
    return Augmentation(config.augmentation, alike, items.item_content.numpy())
