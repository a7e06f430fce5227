"""A question that can be asked again of an altered history: same moment, same offer, same competitors.

This module owns what stays fixed while events are left out (the campaign, the placement, the candidate items,
the counters of the whole shop). It refuses to leave anything out itself and to interpret the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.model.inputs import HeadInputs
from foretell.predictor.offers import Campaign
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.predictor.pair_scores import pair_scores
from foretell.predictor.reader import Reader
from foretell.predictor.user_tasks import campaign_inputs
from foretell.predictor.view import ShopView

__all__ = ["CampaignQuestion", "PairQuestion", "Question", "UserQuestion"]


class Question(Protocol):
    """Anything that turns histories into the inputs of a head."""

    def inputs(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> HeadInputs:
        """The head's inputs, one row per point (``user_id``, ``cutoff``)."""
        ...


@dataclass(frozen=True)
class UserQuestion:
    """Asks about users alone: who buys, who leaves."""

    reader: Reader
    view: ShopView

    def inputs(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> HeadInputs:
        """Features and states of the users."""
        return self.reader.read(replace(self.view, histories=histories), points=points).head_inputs()


@dataclass(frozen=True)
class CampaignQuestion:
    """Asks about users and one campaign.

    Attributes:
        reader: Reads histories.
        view: What is known.
        campaign: The campaign.
        kinds: The kinds of campaign the head knows.
    """

    reader: Reader
    view: ShopView
    campaign: Campaign
    kinds: tuple[str, ...]

    def inputs(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> HeadInputs:
        """Features and states of the users, with the campaign beside them."""
        read = self.reader.read(replace(self.view, histories=histories), points=points)
        asked = points.with_columns(
            pl.lit(self.campaign.kind).alias(columns.KIND), pl.lit(self.campaign.duration_days).alias("duration_days")
        )
        return campaign_inputs(read.head_inputs(), campaigns=asked, kinds=self.kinds)


@dataclass(frozen=True)
class PairQuestion:
    """Asks about users and one item, ranked among companions that stay the same.

    Attributes:
        reader: Reads histories.
        view: What is known.
        pair: The item's row: ``item_id`` and where it is shown (``position``, ``channel``), one row.
        companions: The ``item_id`` of every item it is held against, itself included.
        placements: Known values of the placement columns the head reads; empty for candidates.
    """

    reader: Reader
    view: ShopView
    pair: pl.DataFrame
    companions: pl.Series
    placements: Mapping[str, tuple[str, ...]]

    def inputs(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> HeadInputs:
        """Pair features of the item for each user, with the sequence model's score among the companions."""
        n_points, n_items = points.height, len(self.companions)
        view = replace(self.view, histories=histories)
        read = self.reader.read(view, points=points)
        pairs = points.select(columns.USER_ID, columns.CUTOFF).with_row_index(POINT).join(self.pair, how="cross")
        inputs = pair_inputs(self.reader, view=view, read=read, pairs=pairs, placements=dict(self.placements))
        # The score is told relative to the companions, so they are scored too; features are not needed of them.
        every = pair_scores(
            self.reader,
            view=view,
            read=read,
            point=np.repeat(np.arange(n_points), n_items),
            items=pl.concat([self.companions] * n_points),
        )
        position = int((self.companions == self.pair[columns.ITEM_ID][0]).arg_max() or 0)
        return HeadInputs(inputs.features, inputs.names, every[np.arange(n_points) * n_items + position])
