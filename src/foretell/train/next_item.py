"""Fitting the ranking of the next item: vocabulary, sequence model, transition graph and their mixture.

This module owns the order of those steps. It refuses to cut time: what may be learned from is given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.next_item import NextItemRanker
from foretell.train.pretraining import pretrain, start_items
from foretell.train.pretraining_data import PretrainingData, with_targets
from foretell.train.settings import ModelConfig

__all__ = ["Continued", "encode_known", "fit_encoder", "fit_next_item"]

Progress = Callable[[int, int], None]


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


def fit_next_item(
    known: pl.DataFrame,
    *,
    later: Continued,
    items: pl.DataFrame | None = None,
    config: ModelConfig,
    graph: GraphConfig | None = None,
    seed: int,
    folder: Path,
    progress: Progress,
) -> NextItemRanker:
    """Fit the ranking of the next item.

    Args:
        known: A ``history_frame`` of what may be learned from.
        later: Histories with what came next, not part of ``known``: the mixture is learned on them.
        items: The items side table, read for content.
        config: The sequence model and its training.
        graph: The transition graph's settings.
        seed: Decides every random choice.
        folder: Where checkpoints go; an interrupted call is continued.
        progress: Called with (steps done, steps in all).
    """
    vocabulary = Vocabulary.build(known, items=items, min_count=config.min_item_count)
    batch = encode_known(known, vocabulary)
    encoder = fit_encoder(batch, vocabulary, config=config, seed=seed, folder=folder, progress=progress)
    links = TransitionGraph.build(batch, n_items=vocabulary.n_items, config=graph)
    return NextItemRanker.fit(
        encoder,
        links,
        histories=later.encoded(vocabulary),
        targets=vocabulary.item_codes(later.targets),
        seed=seed,
    )


def encode_known(known: pl.DataFrame, vocabulary: Vocabulary) -> Batch:
    """Training histories with the pre-training targets."""
    _, batch = encode_histories(known, vocabulary=vocabulary)
    until = int(str(known[columns.TIME].max()))
    return with_targets(batch, actions=known[columns.ACTION], observed_until=until)


def fit_encoder(
    batch: Batch, vocabulary: Vocabulary, *, config: ModelConfig, seed: int, folder: Path, progress: Progress
) -> Encoder:
    """Pre-train a sequence model on encoded histories with targets."""
    torch.manual_seed(seed)
    model = BehaviourModel(vocabulary, size=config.size, dropout=config.dropout)
    start_items(model, batch, config=config, seed=seed)
    data = PretrainingData.cut(batch, events_per_step=model.size.batch_events, seed=seed)
    pretrain(model, data=data, config=config, seed=seed, folder=folder, progress=progress)
    return Encoder(vocabulary, model)
