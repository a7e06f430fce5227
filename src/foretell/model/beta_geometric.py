"""BG/NBD: how many orders a customer will place, from how many, how recently and for how long.

This module owns the likelihood, the fit and what follows from the four parameters. It refuses money (``gamma_gamma``)
and anything about a customer beyond these three numbers.

While alive a customer orders at a rate of her own (gamma distributed over customers); after each repeat order she
leaves with a chance of her own (beta distributed). A customer who never came back counts as alive, so P(alive) alone is
no churn score: the chance of an order within so many days is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from foretell.core.errors import InsufficientDataError

__all__ = ["BetaGeometric", "Purchasing", "fit_beta_geometric"]

Floats = NDArray[np.float64]
_LEAST_CUSTOMERS: Final = 30
_LOG_BOUNDS: Final = (-9.0, 9.0)
"""Of each parameter, time in units of the mean age: further out the likelihood is flat."""


@dataclass(frozen=True)
class Purchasing:
    """What the model knows of each customer, all ``[n]``.

    Attributes:
        repeats: Orders after the first.
        last_days: Days from the first order to the last, 0 without a repeat.
        age_days: Days from the first order to the cutoff.

    Example:
        >>> Purchasing.of([2], last_days=[30.4], age_days=[38.9]).repeats.tolist()
        [2.0]
    """

    repeats: Floats
    last_days: Floats
    age_days: Floats

    @classmethod
    def of(cls, repeats: ArrayLike, *, last_days: ArrayLike, age_days: ArrayLike) -> Purchasing:
        """From anything like an array."""
        return cls(*(np.asarray(values, dtype=np.float64) for values in (repeats, last_days, age_days)))

    def __len__(self) -> int:
        return len(self.repeats)

    def distinct(self) -> tuple[Purchasing, Floats]:
        """Each combination once, and how many customers have it: the likelihood needs no more."""
        table = np.stack([self.repeats, self.last_days, self.age_days], axis=1)
        rows, counts = np.unique(table, axis=0, return_counts=True)
        return Purchasing(rows[:, 0], rows[:, 1], rows[:, 2]), counts.astype(np.float64)


@dataclass(frozen=True)
class BetaGeometric:
    """A fitted BG/NBD.

    Attributes:
        r: Shape of the gamma distribution of ordering rates.
        alpha: Its rate parameter, in days.
        a: First parameter of the beta distribution of the chance to leave after an order.
        b: The second.

    Example:
        >>> model = BetaGeometric(r=0.243, alpha=4.414 * 7, a=0.793, b=2.426)  # CDNOW, in days
        >>> customer = Purchasing.of([2], last_days=[30.43 * 7], age_days=[38.86 * 7])
        >>> model.expected_orders(customer, horizon_days=39 * 7).round(3).tolist()
        [1.226]

    References:
        Fader, Hardie and Lee, "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
        Marketing Science 24 (2005), equations 6 and 10.
    """

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, customers: Purchasing) -> Floats:
        """P(has not left by the cutoff) ``[n]``.

        References:
            Fader, Hardie and Lee, Computing P(alive) using the BG/NBD model, 2008.
        """
        return np.asarray(expit(-self._log_odds_left(customers)))

    def within(self, customers: Purchasing, *, horizon_days: float | int) -> Floats:
        """P(at least one order within the horizon) ``[n]``.

        Whoever is alive at the cutoff stays until the next order, and given that, the rate is gamma distributed with
        shape ``r + x`` and rate ``alpha + T``: ``P(alive) (1 - ((alpha + T) / (alpha + T + t))^(r + x))``, exactly.
        """
        waited = self.alpha + customers.age_days
        none = -(self.r + customers.repeats) * np.log1p(horizon_days / waited)
        return np.asarray(self.alive(customers) * -np.expm1(none))

    def expected_orders(self, customers: Purchasing, *, horizon_days: float | int) -> Floats:
        """Expected number of orders within the horizon ``[n]``.

        The hypergeometric function of equation 10 is rewritten by Euler's transformation, after which two of its three
        parameters do not grow with the number of orders and nothing overflows.
        """
        # At a = 1 the formula is 0/0 with a smooth limit.
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        waited = self.alpha + customers.age_days
        z = horizon_days / (waited + horizon_days)
        top = a + self.b + customers.repeats - 1
        top = np.where(np.abs(top) > 1e-6, top, 1e-6)  # 0 times infinity, with a smooth limit too
        series = hyp2f1(a + self.b - 1 - self.r, a - 1, top, z)
        while_alive = top / (a - 1) * (1 - np.exp((a - 1) * np.log1p(-z)) * series)
        return np.asarray(self.alive(customers) * while_alive)

    def log_likelihood(self, customers: Purchasing) -> Floats:
        """Log-likelihood of each customer ``[n]``."""
        return np.asarray(_log_likelihood(np.log([self.r, self.alpha, self.a, self.b]), customers)[0])

    def to_dict(self) -> dict[str, Any]:
        """The model as JSON types."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> BetaGeometric:
        """Rebuild a model from ``to_dict``."""
        return cls(**{name: float(saved[name]) for name in ("r", "alpha", "a", "b")})

    def _log_odds_left(self, customers: Purchasing) -> Floats:
        x, waited = customers.repeats, self.alpha + customers.age_days
        back = np.maximum(x, 1.0)
        since = (self.r + x) * (np.log(waited) - np.log(self.alpha + customers.last_days))
        return np.where(x > 0, np.log(self.a) - np.log(self.b + back - 1) + since, -np.inf)


def fit_beta_geometric(customers: Purchasing) -> BetaGeometric:
    """Fit by maximum likelihood.

    Args:
        customers: Everyone who ever ordered, at one cutoff; those who never came back belong to it.

    Raises:
        InsufficientDataError: If there are too few customers, or nobody ever came back.

    Example:
        >>> many = Purchasing.of([0, 0, 1, 3] * 20, last_days=[0, 0, 9, 60] * 20, age_days=[80, 50, 90, 70] * 20)
        >>> fit_beta_geometric(many).r > 0
        True
    """
    n_back = int((customers.repeats > 0).sum())
    if len(customers) < _LEAST_CUSTOMERS or not n_back or not customers.age_days.max() > 0:
        raise InsufficientDataError(
            "Too few customers came back to fit BG/NBD.",
            received=f"{n_back} of {len(customers)} customers ordered again",
            remedy=f"Bring a log with at least {_LEAST_CUSTOMERS} customers, some of whom ordered again.",
        )
    unit = float(customers.age_days.mean())
    scaled = Purchasing(customers.repeats, customers.last_days / unit, customers.age_days / unit)
    distinct, counts = scaled.distinct()
    share = counts / counts.sum()

    def loss(log_parameters: Floats) -> tuple[float, Floats]:
        likelihood, gradient = _log_likelihood(log_parameters, distinct)
        return -float(share @ likelihood), -(gradient @ share)

    # The likelihood may have more than one hilltop: the best of several starts is taken.
    found = min(
        (
            minimize(loss, np.log(start), jac=True, method="L-BFGS-B", bounds=[_LOG_BOUNDS] * 4, tol=1e-12)
            for start in ((0.5, 0.5, 0.5, 2.0), (2.0, 1.0, 0.1, 2.0), (0.2, 0.1, 1.0, 3.0))
        ),
        key=lambda tried: float(tried.fun),
    )
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BetaGeometric(r=r, alpha=alpha * unit, a=a, b=b)


def _log_likelihood(log_parameters: Floats, customers: Purchasing) -> tuple[Floats, Floats]:
    """Log-likelihood ``[n]`` and its gradient in the logarithms of the parameters ``[4, n]`` (equation 6)."""
    r, alpha, a, b = np.exp(log_parameters)
    x, back = customers.repeats, np.maximum(customers.repeats, 1.0)
    until_cutoff, until_last = np.log(alpha + customers.age_days), np.log(alpha + customers.last_days)
    stayed = -(r + x) * until_cutoff
    left = np.where(x > 0, np.log(a) - np.log(b + back - 1) - (r + x) * until_last, -np.inf)
    both = np.logaddexp(stayed, left)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + both
    share = np.exp(stayed - both)  # of those still alive
    gone = 1 - share
    gradient = np.stack(
        [
            r * (digamma(r + x) - digamma(r) + np.log(alpha) - share * until_cutoff - gone * until_last),
            r - alpha * (r + x) * (share * np.exp(-until_cutoff) + gone * np.exp(-until_last)),
            a * (digamma(a + b) - digamma(a + b + x)) + gone,
            b * (digamma(a + b) + digamma(b + x) - digamma(b) - digamma(a + b + x) - gone / (b + back - 1)),
        ]
    )
    return value, gradient
