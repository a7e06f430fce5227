"""How strongly each feature goes with the target, measured on training data, beside how much the trees use it.

This module owns that table, for yes-or-no answers and for amounts. It refuses causal words: an association is not an
effect.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.features.association import measure_association
from foretell.model.amount_head import AmountHead
from foretell.model.probability_head import ProbabilityHead
from foretell.model.quantile_head import QuantileBlend
from foretell.predictor.demand_inputs import demand_inputs
from foretell.predictor.fitted import FittedTask
from foretell.train.choice import FeatureChoice
from foretell.train.context import FitContext

__all__ = ["measured_amount_strengths", "measured_demand_strengths", "measured_strengths"]

_ROWS: Final = 60_000
_FEWEST_CUTOFFS: Final = 4


def measured_strengths(choice: FeatureChoice, *, head: ProbabilityHead) -> tuple[dict[str, object], ...]:
    """Each feature's measures in the training window, whether and why it was left out, its share of the trees' gain.

    The strongest association comes first; a feature that was left out has no share.
    """
    return _beside_use(choice.table, names=choice.names, gains=head.boosters["lightgbm"].gains())


def measured_amount_strengths(choice: FeatureChoice, *, head: AmountHead) -> tuple[dict[str, object], ...]:
    """The same of an amount: each feature's rank correlation with it, and its share of the gain of the means' trees."""
    gains = sum(share * model.mean_trees.gains()[: len(head.names)] for share, model in head.weighted())
    return _beside_use(choice.table, names=choice.names, gains=np.asarray(gains))


def measured_demand_strengths(context: FitContext, fitted: FittedTask) -> tuple[dict[str, object], ...]:
    """Each feature's rank correlation with the units sold, its p-value and its share of the trees' gain.

    Measured on moments spread evenly over the training window, as many as 60,000 rows allow; nothing later is read.

    Args:
        context: The dataset and what reads it.
        fitted: A how-much task with its head.

    Returns:
        Rows as ``measure_association`` gives them with ``importance``, the strongest association first; none where
        the training window's units are all the same.

    References:
        Spearman, The Proof and Measurement of Association between Two Things, 1904.
    """
    head, items = fitted.quantiles, fitted.levels["items"]
    assert head is not None, fitted.task.name
    weeks = -(-fitted.task.horizon_days // 7)
    cutoffs = context.dataset.cutoffs(fitted.task, "train")
    n_cutoffs = min(len(cutoffs), max(_ROWS // max(len(items) * weeks, 1), _FEWEST_CUTOFFS))
    spread = np.unique(np.linspace(0, len(cutoffs) - 1, n_cutoffs).round().astype(int))
    train = demand_inputs(
        context.reader,
        view=context.view,
        cutoffs=[cutoffs[place] for place in spread],
        item_ids=items,
        weeks=weeks,
        log_end=context.dataset.windows.end,
        with_intent=head.share > 0,
    ).observed()
    if not len(train.units) or np.ptp(train.units) == 0:
        return ()
    # A signal that found no use on validation was not read, so there is nothing to measure of it.
    names = train.names if head.share > 0 else train.names[:-1]
    # What goes with units is what people read, not the same relative to the item.
    said = train.as_read()
    frame = pl.DataFrame({name: said[:, place] for place, name in enumerate(names)}, nan_to_null=True)
    table = measure_association(frame, label=pl.Series(train.units), kind="numeric")
    return _beside_use(table, names=names, gains=_gains(head)[: len(names)])


def _gains(head: QuantileBlend) -> NDArray[np.float64]:
    """Gain of the splits on each feature over all levels, each of the two heads by its weight; the signal last."""
    plain: NDArray[np.float64] = np.sum([booster.gains() for booster in head.plain.boosters], axis=0)
    plain = np.append(plain, 0.0)
    if head.with_signal is None:
        return plain
    mine = np.sum([booster.gains() for booster in head.with_signal.boosters], axis=0)
    return np.asarray(head.share * mine + (1 - head.share) * plain)


def _beside_use(
    table: pl.DataFrame, *, names: tuple[str, ...], gains: NDArray[np.float64]
) -> tuple[dict[str, object], ...]:
    """The rows of an association table, the strongest first, each with the feature's share of the gain."""
    share = dict(zip(names, gains / max(gains.sum(), 1e-12), strict=True))
    table = table.sort(["association", "name"], descending=[True, False])
    return tuple({**row, "importance": float(share.get(str(row["name"]), 0.0))} for row in table.iter_rows(named=True))
