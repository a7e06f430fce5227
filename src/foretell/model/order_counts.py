"""How many orders within any horizon: boosted trees around two views of time, pooled by what later windows show.

This module owns the components, the pool and the answer. It refuses probabilities and money.

Three components answer for every customer and horizon. ``bg_nbd`` fades: each order may be the last. ``fading`` is
BG/NBD times what trees find that it misses. ``steady`` is a daily rate that trees read off the features, times the
days: who bought lately goes on. How fast customers fade beyond what a log shows is what forecasts err in; between
fading and not fading at all, weights that later windows choose err less than either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from foretell.model.beta_geometric import BetaGeometric
from foretell.model.boosting import Boosting, fit_boosting
from foretell.model.inputs import HeadInputs
from foretell.model.rhythm import purchasing_of

__all__ = ["COUNT_COMPONENTS", "CountComponents", "CountPool", "OrderCounts", "fit_components", "fit_pool"]

Floats = NDArray[np.float64]
COUNT_COMPONENTS: Final = ("bg_nbd", "fading", "steady")
_FLOOR: Final = 1e-9
_SETTINGS: Final[dict[str, Any]] = {
    "objective": "poisson",
    "learning_rate": 0.05,
    "num_iterations": 80,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
}
"""Shallow and few: orders are rare, and the components start from a sensible answer already (docs/LOG.md)."""


@dataclass(frozen=True)
class CountComponents:
    """The fitted components.

    Attributes:
        rhythm: BG/NBD.
        fading: Trees on the log of orders over BG/NBD's expectation.
        steady: Trees on the log of orders over ``daily_rate`` times the days.
        names: The features they read, in order.
        daily_rate: Orders per customer and day in training.
        newcomer_rate: The same among those who had never ordered: where BG/NBD does not speak.
    """

    rhythm: BetaGeometric
    fading: Boosting
    steady: Boosting
    names: tuple[str, ...]
    daily_rate: float
    newcomer_rate: float

    def logs(self, inputs: HeadInputs, *, horizon_days: float | int) -> Floats:
        """Log of expected orders by each of ``COUNT_COMPONENTS``, ``[n, 3]``."""
        return self.logs_until(inputs)(horizon_days)

    def logs_until(self, inputs: HeadInputs) -> Callable[[float | int], Floats]:
        """The same for any number of days; the trees, which know no horizon, are asked once."""
        inputs = inputs.only(self.names)
        table = _table(self.rhythm, inputs)
        fading, steady = self.fading.raw(table), self.steady.raw(table)

        def logs(days: float | int) -> Floats:
            plain = _rhythm_logs(self.rhythm, inputs, horizon_days=days, newcomer_rate=self.newcomer_rate)
            return np.stack([plain, plain + fading, np.log(self.daily_rate * days) + steady], axis=1)

        return logs


@dataclass(frozen=True)
class CountPool:
    """How the components are pooled: ``exp(weights @ logs) * level``.

    Attributes:
        weights: One for each of ``COUNT_COMPONENTS``, summing to one.
        level: What later windows had, over what the pool had expected of them.

    References:
        Genest and Zidek, Combining probability distributions, Statistical Science 1 (1986): the logarithmic pool.
    """

    weights: tuple[float, ...]
    level: float

    def expected(self, logs: Floats) -> Floats:
        """Expected orders ``[n]`` of the components' logs ``[n, 3]``."""
        return np.asarray(np.exp(logs @ np.asarray(self.weights)) * self.level)


@dataclass(frozen=True)
class OrderCounts:
    """Expected orders within any horizon."""

    components: CountComponents
    pool: CountPool

    def expected(self, inputs: HeadInputs, *, horizon_days: float | int) -> Floats:
        """Expected orders within the horizon ``[n]``."""
        return self.expected_until(inputs)(horizon_days)

    def expected_until(self, inputs: HeadInputs) -> Callable[[float | int], Floats]:
        """Expected orders within any number of days ``[n]``."""
        logs = self.components.logs_until(inputs)
        return lambda days: self.pool.expected(logs(days))

    def boosters(self) -> dict[str, Boosting]:
        """The boosters by the names they are saved under."""
        return {"orders_fading": self.components.fading, "orders_steady": self.components.steady}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the boosters, as JSON types."""
        parts = self.components
        return {
            "rhythm": parts.rhythm.to_dict(),
            "names": list(parts.names),
            "daily_rate": parts.daily_rate,
            "newcomer_rate": parts.newcomer_rate,
            "weights": list(self.pool.weights),
            "level": self.pool.level,
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], *, boosters: Mapping[str, Boosting]) -> OrderCounts:
        """Rebuild the counts from ``to_dict`` and ``boosters``."""
        components = CountComponents(
            rhythm=BetaGeometric.from_dict(saved["rhythm"]),
            fading=boosters["orders_fading"],
            steady=boosters["orders_steady"],
            names=tuple(saved["names"]),
            daily_rate=saved["daily_rate"],
            newcomer_rate=saved["newcomer_rate"],
        )
        return cls(components, CountPool(tuple(saved["weights"]), saved["level"]))


def fit_components(
    inputs: HeadInputs, *, orders: Floats, horizon_days: Floats, rhythm: BetaGeometric, seed: int = 0
) -> CountComponents:
    """Fit the components on one or more past windows.

    Args:
        inputs: Customers at cutoffs.
        orders: Orders of each within its window ``[n]``.
        horizon_days: Length of each window ``[n]``; they may differ.
        rhythm: BG/NBD, fitted on nothing later than the windows' ends.
        seed: Decides the trees' sampling.
    """
    _, bought = purchasing_of(inputs)
    daily_rate = max(float(orders.sum() / horizon_days.sum()), _FLOOR)
    newcomer_days = float(horizon_days[~bought].sum())
    newcomer_rate = max(float(orders[~bought].sum()) / newcomer_days, _FLOOR) if newcomer_days else daily_rate
    plain = np.empty(len(inputs))
    for days in np.unique(horizon_days):
        rows = np.flatnonzero(horizon_days == days)
        plain[rows] = _rhythm_logs(rhythm, inputs.take(rows), horizon_days=float(days), newcomer_rate=newcomer_rate)
    table = _table(rhythm, inputs)
    fading, steady = (
        fit_boosting(table, orders, objective=_SETTINGS, offset=offset, seed=seed)
        for offset in (plain, np.log(daily_rate * horizon_days))
    )
    return CountComponents(rhythm, fading, steady, inputs.names, daily_rate, newcomer_rate)


def fit_pool(windows: Sequence[tuple[Floats, Floats]], *, shrink_orders: float = 20.0) -> CountPool:
    """Weights and level from windows later than what the components were fitted on; each window counts the same.

    The weights have the least Poisson deviance (relative to each window's orders), the level then makes the windows'
    totals right on average.

    Args:
        windows: The components' logs ``[n, 3]`` and the orders ``[n]`` of each later window.
        shrink_orders: So many orders speak for equal weights and for the level the pool has by itself.

    Example:
        >>> logs = np.log([[1.0, 1.0, 4.0], [2.0, 2.0, 4.0]])
        >>> fit_pool([(np.tile(logs, (500, 1)), np.tile([1.0, 2.0], 500))]).weights[2] < 0.1
        True
    """
    totals = [max(float(orders.sum()), 1.0) for _, orders in windows]
    pull = shrink_orders / sum(totals)
    equal = np.full(len(COUNT_COMPONENTS), 1 / len(COUNT_COMPONENTS))

    def loss(weights: Floats) -> tuple[float, Floats]:
        value, gradient = pull * float(((weights - equal) ** 2).sum()), 2 * pull * (weights - equal)
        for (logs, orders), total in zip(windows, totals, strict=True):
            pooled = logs @ weights
            expected = np.exp(np.minimum(pooled, 30.0))
            value += float((expected - orders * pooled).sum()) / total / len(windows)
            gradient = gradient + (expected - orders) @ logs / total / len(windows)
        return value, gradient

    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(equal),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like},
    )
    weights = np.where(found.x < 0.01, 0.0, found.x)
    weights = weights / weights.sum()
    gaps = [
        np.log((total + shrink_orders) / (float(np.exp(logs @ weights).sum()) + shrink_orders))
        for (logs, _), total in zip(windows, totals, strict=True)
    ]
    return CountPool(tuple(float(weight) for weight in weights), float(np.exp(np.mean(gaps))))


def _rhythm_logs(
    rhythm: BetaGeometric, inputs: HeadInputs, *, horizon_days: float | int, newcomer_rate: float
) -> Floats:
    customers, bought = purchasing_of(inputs)
    expected = rhythm.expected_orders(customers, horizon_days=horizon_days)
    return np.asarray(np.log(np.maximum(np.where(bought, expected, newcomer_rate * horizon_days), _FLOOR)))


def _table(rhythm: BetaGeometric, inputs: HeadInputs) -> NDArray[np.float32]:
    """Features, states and what BG/NBD makes of the customer: chance to be alive, ordering rate, and both."""
    customers, bought = purchasing_of(inputs)
    alive = rhythm.alive(customers)
    rate = (rhythm.r + customers.repeats) / (rhythm.alpha + customers.age_days)
    made = np.where(bought[:, None], np.stack([alive, rate, alive * rate], axis=1), np.nan)
    return np.concatenate([inputs.with_states(), made.astype(np.float32)], axis=1)
