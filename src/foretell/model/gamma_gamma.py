"""Gamma-Gamma: the value of a customer's average order, from the few that were seen.

This module owns that model, its fit and the discounted sum of future orders. It refuses to count orders
(``beta_geometric``), and takes none worth nothing or less: such an order tells of a gift or a return.

A customer's mean of two orders is pulled towards the mean of all customers, one of forty is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, digamma

from foretell.core.errors import InsufficientDataError

__all__ = ["GammaGamma", "discounted_orders", "fit_gamma_gamma"]

Floats = NDArray[np.float64]
_LEAST_CUSTOMERS: Final = 30
_LOG_BOUNDS: Final = (-6.0, 9.0)
_MONTH_DAYS: Final = 365 / 12


@dataclass(frozen=True)
class GammaGamma:
    """A fitted Gamma-Gamma model.

    Attributes:
        p: Shape of the values of one customer's orders.
        q: Shape of the distribution of their scale over customers; above 1, so that there is a mean.
        v: Its scale, in money.

    Example:
        >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)  # CDNOW
        >>> model.expected_value(np.array([0.0, 1.0, 50.0]), mean_value=np.array([0.0, 80.0, 80.0])).round(1).tolist()
        [35.2, 66.4, 79.6]

    References:
        Fader and Hardie, The Gamma-Gamma model of monetary value, 2013, equations 1a and 5.
    """

    p: float
    q: float
    v: float

    def expected_value(self, orders: Floats, *, mean_value: Floats) -> Floats:
        """Expected value of a future order ``[n]``, given how many were seen and their mean.

        Where nothing of worth was seen, that of a customer nothing is known of.
        """
        seen = np.where(mean_value > 0, orders, 0.0)
        return np.asarray(self.p * (self.v + seen * mean_value) / (self.p * seen + self.q - 1))

    def to_dict(self) -> dict[str, Any]:
        """The model as JSON types."""
        return {"p": self.p, "q": self.q, "v": self.v}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> GammaGamma:
        """Rebuild a model from ``to_dict``."""
        return cls(**{name: float(saved[name]) for name in ("p", "q", "v")})


def fit_gamma_gamma(orders: Floats, *, mean_value: Floats) -> GammaGamma:
    """Fit by maximum likelihood on customers with at least one order of worth.

    Args:
        orders: How many orders of each customer were seen ``[n]``.
        mean_value: Their mean value ``[n]``.

    Raises:
        InsufficientDataError: If there are too few.
    """
    useful = (orders > 0) & (mean_value > 0) & np.isfinite(mean_value)
    if useful.sum() < _LEAST_CUSTOMERS:
        raise InsufficientDataError(
            "Too few orders of worth to fit Gamma-Gamma.",
            received=f"{int(useful.sum())} customers with one",
            remedy=f"At least {_LEAST_CUSTOMERS} are needed.",
        )
    x, unit = orders[useful], float(np.mean(mean_value[useful]))
    m = mean_value[useful] / unit

    def loss(logs: Floats) -> tuple[float, Floats]:
        p, above, v = np.exp(logs)
        q = above + 1  # a mean exists above 1 only
        total = np.log(x * m + v)
        likelihood = (
            -betaln(p * x, q) + q * np.log(v) + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * total
        )
        both = digamma(p * x + q)
        by_p = p * x * (both - digamma(p * x) + np.log(m) + np.log(x) - total)
        by_q = above * (both - digamma(q) + np.log(v) - total)
        by_v = q - (p * x + q) * v / (x * m + v)
        return -float(likelihood.mean()), -np.array([by_p.mean(), by_q.mean(), by_v.mean()])

    found = minimize(loss, np.log([3.0, 2.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[_LOG_BOUNDS] * 3, tol=1e-12)
    p, above, v = (float(value) for value in np.exp(found.x))
    return GammaGamma(p=p, q=above + 1, v=v * unit)


def discounted_orders(
    expected_until: Callable[[float], Floats], *, horizon_days: float | int, yearly_discount: float | int
) -> Floats:
    """Expected orders within the horizon, each discounted to the cutoff ``[n]``; orders of a month count at its middle.

    Args:
        expected_until: Expected orders within so many days ``[n]``.
        horizon_days: How far to look.
        yearly_discount: 0.1 makes an order a year away worth 1 / 1.1 of one now.

    Example:
        >>> discounted_orders(lambda days: np.array([days / 365]), horizon_days=365, yearly_discount=0.1).round(3)
        array([0.954])
    """
    n_months = max(int(np.ceil(horizon_days / _MONTH_DAYS)), 1)
    edges = np.linspace(0.0, horizon_days, n_months + 1)
    until = np.stack([expected_until(float(end)) for end in edges[1:]])
    worth = (1 + yearly_discount) ** (-(edges[:-1] + edges[1:]) / 2 / 365)
    return np.asarray(worth @ np.diff(until, axis=0, prepend=0.0))
