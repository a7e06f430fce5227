"""Fitting the ranking of the next item: vocabulary, sequence model, transition graph and their mixture.

This module owns the order of those steps. It refuses to cut time: what may be learned from is given to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import torch

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.model.backbones import BackboneName
from foretell.model.backbones.choice import BackboneChoice, Evidence, choose_backbone
from foretell.model.behaviour import BehaviourModel
from foretell.model.content.inheritance import explain_by_content
from foretell.model.content.vectors import content_vectors
from foretell.model.encoding import encode_histories
from foretell.model.graph.likeness import alike_by_content
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.model.next_item import NextItemMixture
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.newcomers import undiscovered, with_newcomers
from foretell.predictor.next_item import NextItemRanker
from foretell.train.graph_choice import graph_that_foresees
from foretell.train.pace import Pace
from foretell.train.packing import packed_on_disk
from foretell.train.parallel import Team
from foretell.train.pretraining import pretrain, start_items
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

__all__ = ["Continued", "Fitting", "accompany_next_item", "continued_after", "fit_next_item"]

Progress = Callable[[int, int], None]

_SEEDS_APART: Final = 7919
_STEPS_AN_EPOCH: Final = 32
_FEWEST_EVENTS_A_STEP: Final = 256
_LONGEST: Final = 200
"""Events of a history that are read for the mixture."""

_MOST_CONTINUED: Final = 5_000
"""Histories that the mixture's few weights are learned on."""


@dataclass(frozen=True)
class Continued:
    """Histories and the item that came next after each.

    Attributes:
        histories: A ``history_frame``; one user id a history, in the order of ``targets``.
        targets: ``item_id`` of what came next, as text.
    """

    histories: pl.DataFrame
    targets: pl.Series

    def encoded(self, vocabulary: Vocabulary) -> Batch:
        """The histories as the model reads them."""
        return encode_histories(self.histories, vocabulary=vocabulary)[1]


@dataclass(frozen=True)
class Fitting:
    """What there is to say of a fitting.

    Attributes:
        losses: The mean losses of the last epoch.
        backbone: The backbone, and why it was chosen.
    """

    losses: dict[str, float]
    backbone: BackboneChoice


def continued_after(histories: pl.DataFrame, *, after: int, until: int, seed: int) -> Continued:
    """What users did next after a moment, with their histories up to it; a sample of them where they are many.

    Args:
        histories: A ``history_frame``; it may be mapped into memory.
        after: The moment, in microseconds; histories hold what came by then.
        until: Only users whose next event with an item came by then, and who have a history.
        seed: Decides the sample.
    """
    time, events = pl.col(columns.TIME), histories.lazy()
    later = events.filter((time > after) & (time <= until) & pl.col(columns.ITEM_ID).is_not_null())
    before = events.filter(time <= after)
    firsts = (
        later.select(columns.USER_ID, columns.ITEM_ID)
        .unique(columns.USER_ID, keep="first", maintain_order=True)
        .join(before.select(columns.USER_ID).unique(), on=columns.USER_ID, how="semi", maintain_order="left")
        .collect()
    )
    if firsts.height > _MOST_CONTINUED:
        chosen = np.random.default_rng(seed).choice(firsts.height, _MOST_CONTINUED, replace=False)
        firsts = firsts[np.sort(chosen)]
    recent = (
        before.join(firsts.lazy(), on=columns.USER_ID, how="semi", maintain_order="left")
        .group_by(columns.USER_ID, maintain_order=True)
        .tail(_LONGEST)
        .select(histories.columns)
        .collect()
    )
    return Continued(recent, firsts[columns.ITEM_ID])


def fit_next_item(
    histories: pl.DataFrame,
    *,
    until: int | None = None,
    later: Continued | None = None,
    mixture: NextItemMixture | None = None,
    items: pl.DataFrame | None = None,
    config: ModelConfig,
    graph: GraphConfig | None = None,
    seed: int,
    folder: Path,
    progress: Progress,
    on_pace: Callable[[Pace], None] | None = None,
) -> tuple[NextItemRanker, Fitting]:
    """Fit the ranking of the next item.

    Args:
        histories: A ``history_frame``; it may be mapped into memory.
        until: The last moment that may be learned from, in microseconds; by default that of the last event.
        later: Histories with what came next, later than what is learned from: how fast the graph forgets is chosen and
            the mixture is learned on them.
        mixture: Instead of learning it: the mixture of an earlier fitting, to learn from everything with its choices.
        items: The items side table, read for content.
        config: The sequence model and its training.
        graph: The transition graph's settings; by default chosen on ``later``.
        seed: Decides every random choice.
        folder: Where checkpoints go; an interrupted call is continued.
        progress: Called with (steps done, steps in all).
        on_pace: Called with the pace of the pre-training after each step.

    Returns:
        The ranking, and what there is to say of its fitting.
    """
    with _packed(histories, until=until, items=items, config=config, seed=seed, folder=folder) as (vocabulary, batch):
        backbone = _backbone(vocabulary, batch, config=config)
        names = (backbone.name, *config.companions)
        encoders, losses = _all_pretrained(
            vocabulary, batch, config=config, names=names, seed=seed, folder=folder, progress=progress, on_pace=on_pace
        )
        first, companions = encoders[0], tuple(encoders[1:])
        ranker = _joined(first, companions, batch, later=later, graph=graph, mixture=mixture, seed=seed)
        if config.content.newcomers:
            ranker = with_newcomers(ranker, undiscovered(vocabulary))
    return ranker, Fitting(losses, backbone)


def accompany_next_item(
    histories: pl.DataFrame,
    *,
    until: int | None = None,
    items: pl.DataFrame | None = None,
    config: ModelConfig,
    seed: int,
    folder: Path,
) -> None:
    """Train with the process that calls ``fit_next_item``, with the same arguments, and leave the rest to it.

    Args:
        histories: A ``history_frame``.
        until: The last moment that may be learned from, in microseconds.
        items: The items side table.
        config: The sequence model and its training.
        seed: Decides every random choice.
        folder: Where checkpoints are.
    """
    with _packed(histories, until=until, items=items, config=config, seed=seed, folder=folder) as (vocabulary, batch):
        names = (_backbone(vocabulary, batch, config=config).name, *config.companions)
        _all_pretrained(
            vocabulary,
            batch,
            config=config,
            names=names,
            seed=seed,
            folder=folder,
            progress=lambda *_: None,
            on_pace=None,
        )


@contextmanager
def _packed(
    histories: pl.DataFrame,
    *,
    until: int | None,
    items: pl.DataFrame | None,
    config: ModelConfig,
    seed: int,
    folder: Path,
) -> Iterator[tuple[Vocabulary, Batch]]:
    """Vocabulary and packed histories; each process of several packs its own, and takes it away at the end."""
    until = int(str(histories[columns.TIME].max())) if until is None else until
    known = histories.lazy().filter(pl.col(columns.TIME) <= until)
    vocabulary = Vocabulary.build(
        known,
        items=items,
        vectors=content_vectors(items, config=config.content, seed=seed),
        min_count=config.min_item_count,
    )
    team = Team.present()
    packed = folder / ("packed" if team.writes else f"packed_{team.rank}")
    yield vocabulary, packed_on_disk(histories, vocabulary=vocabulary, observed_until=until, folder=packed)
    shutil.rmtree(packed, ignore_errors=True)


def _backbone(vocabulary: Vocabulary, batch: Batch, *, config: ModelConfig) -> BackboneChoice:
    evidence = Evidence(n_events=int(batch.offsets[-1]), n_histories=len(batch), n_items=len(vocabulary.items))
    return choose_backbone(config.backbone, evidence=evidence)


def _all_pretrained(
    vocabulary: Vocabulary,
    batch: Batch,
    *,
    config: ModelConfig,
    names: tuple[BackboneName, ...],
    seed: int,
    folder: Path,
    progress: Progress,
    on_pace: Callable[[Pace], None] | None,
) -> tuple[list[Encoder], dict[str, float]]:
    """The sequence models that answer, and the mean losses of the first in its last epoch."""
    n_models = len(names) + (config.distil > 0)
    encoders: list[Encoder] = []
    losses: dict[str, float] = {}
    for number, name in enumerate(names):
        encoder, found = _pretrained(
            vocabulary,
            batch,
            config=config,
            backbone=name,
            seed=seed + _SEEDS_APART * number,
            folder=folder / f"companion_{number}" if number else folder,
            progress=_part(progress, number, of=n_models),
            on_pace=on_pace,
        )
        encoders.append(encoder)
        losses = losses or found
    if not config.distil:
        return encoders, losses
    student, losses = _pretrained(
        vocabulary,
        batch,
        config=config,
        backbone=names[0],
        seed=seed + _SEEDS_APART * len(names),
        folder=folder / "student",
        progress=_part(progress, len(names), of=n_models),
        on_pace=on_pace,
        teachers=tuple(encoder.model for encoder in encoders),
    )
    return [student], losses


def _pretrained(
    vocabulary: Vocabulary,
    batch: Batch,
    *,
    config: ModelConfig,
    backbone: BackboneName,
    seed: int,
    folder: Path,
    progress: Progress,
    on_pace: Callable[[Pace], None] | None,
    teachers: tuple[BehaviourModel, ...] = (),
) -> tuple[Encoder, dict[str, float]]:
    """One sequence model, and its mean losses in the last epoch."""
    torch.manual_seed(seed)
    model = BehaviourModel(
        vocabulary,
        size=config.size,
        backbone=backbone,
        activation=config.activation,
        dropout=config.chosen_dropout(int(batch.offsets[-1])),
    )
    start_items(model, batch, config=config, seed=seed)
    data = PretrainingData.cut(_without_day(batch), events_per_step=_events_a_step(batch, model), seed=seed)
    losses = pretrain(
        model,
        data=data,
        config=config,
        seed=seed,
        folder=folder,
        progress=progress,
        on_pace=on_pace,
        teachers=teachers,
    )
    explain_by_content(model.embedding.items, seed=seed)
    return Encoder(vocabulary, model), losses


def _part(progress: Progress, number: int, *, of: int) -> Progress:
    """Progress of one of several equal pieces of work."""
    return lambda done, steps: progress(number * steps + done, of * steps)


def _joined(
    encoder: Encoder,
    companions: tuple[Encoder, ...],
    batch: Batch,
    *,
    later: Continued | None,
    graph: GraphConfig | None,
    mixture: NextItemMixture | None,
    seed: int,
) -> NextItemRanker:
    """The models in one ranker; by what came later, if that is known, goes what is not settled of graph and mixture."""
    vocabulary = encoder.vocabulary
    alike = alike_by_content(*vocabulary.content_of_items)
    if later is None:
        links = TransitionGraph.build(batch, n_items=vocabulary.n_items, config=graph, alike=alike)
        return NextItemRanker(encoder, links, mixture or NextItemMixture(), companions)
    histories, targets = later.encoded(vocabulary), vocabulary.item_codes(later.targets)
    if graph is None:
        links = graph_that_foresees(
            batch, n_items=vocabulary.n_items, later=histories, targets=targets, seed=seed, alike=alike
        )
    else:
        links = TransitionGraph.build(batch, n_items=vocabulary.n_items, config=graph, alike=alike)
    if mixture is not None:
        return NextItemRanker(encoder, links, mixture, companions)
    return NextItemRanker.fit(encoder, links, companions=companions, histories=histories, targets=targets, seed=seed)


def _without_day(batch: Batch) -> Batch:
    """The day is the graph's; no step of training reads it."""
    return Batch({name: array for name, array in batch.values.items() if name != "day"}, batch.offsets)


def _events_a_step(batch: Batch, model: BehaviourModel) -> int:
    """As the size says; a small log is cut finer, so that an epoch is not a handful of steps."""
    return min(model.size.batch_events, max(_FEWEST_EVENTS_A_STEP, int(batch.offsets[-1]) // _STEPS_AN_EPOCH))
