"""What a customer will order and spend: expected orders, order value, and the discounted sum of both.

This module owns how counts and values become money, and their saved form. It refuses probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.model.boosting import Boosting
from foretell.model.gamma_gamma import GammaGamma, discounted_orders
from foretell.model.inputs import HeadInputs
from foretell.model.order_counts import OrderCounts
from foretell.model.rhythm import column

__all__ = ["SPENT", "VALUE_HORIZON_DAYS", "YEARLY_DISCOUNT", "CustomerValue", "lifetime_value"]

SPENT: Final = "purchase_value_all_time"
VALUE_HORIZON_DAYS: Final = 365
"""How far ``predicted_clv`` looks, as marketing platforms do."""
YEARLY_DISCOUNT: Final = 0.1


@dataclass(frozen=True)
class CustomerValue:
    """Expected orders and money of each customer; every answer is None where its part is.

    Attributes:
        counts: Expected orders within any horizon; None where BG/NBD could not be fitted.
        worth: Value of an order; None where the log tells of no money.
        spend: Money within the task's horizon; None where the log tells of no money.
    """

    counts: OrderCounts | None
    worth: GammaGamma | None
    spend: Boosting | None

    def orders_until(self, inputs: HeadInputs) -> Callable[[float | int], NDArray[np.float64]] | None:
        """Expected number of orders within any number of days ``[n]``; the trees are asked once."""
        return None if self.counts is None else self.counts.expected_until(inputs)

    def spent_within(self, inputs: HeadInputs) -> NDArray[np.float64] | None:
        """Expected money within the task's horizon ``[n]``."""
        return None if self.spend is None else self.spend.predict(inputs.with_states())

    def order_value(self, inputs: HeadInputs) -> NDArray[np.float64] | None:
        """Expected value of the customer's next order ``[n]``."""
        if self.worth is None:
            return None
        orders = np.nan_to_num(column(inputs, "order_count_all_time"))
        spent = np.nan_to_num(column(inputs, SPENT))
        mean_value = np.divide(spent, orders, out=np.zeros_like(spent), where=orders > 0)
        return self.worth.expected_value(orders, mean_value=mean_value)

    def boosters(self) -> dict[str, Boosting]:
        """The boosters by the names they are saved under."""
        spend = {} if self.spend is None else {"amount": self.spend}
        return spend if self.counts is None else spend | self.counts.boosters()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the boosters, as JSON types."""
        return {
            "counts": None if self.counts is None else self.counts.to_dict(),
            "worth": None if self.worth is None else self.worth.to_dict(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], *, boosters: Mapping[str, Boosting]) -> CustomerValue:
        """Rebuild from ``to_dict`` and ``boosters``."""
        worth = None if saved["worth"] is None else GammaGamma.from_dict(saved["worth"])
        counts = None if saved["counts"] is None else OrderCounts.from_dict(saved["counts"], boosters=boosters)
        return cls(counts, worth, boosters.get("amount"))


def lifetime_value(
    orders_until: Callable[[float | int], NDArray[np.float64]], *, order_value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Money within ``VALUE_HORIZON_DAYS``, discounted by ``YEARLY_DISCOUNT`` ``[n]``.

    Args:
        orders_until: Expected orders within any number of days ``[n]``.
        order_value: Expected value of an order ``[n]``.

    Example:
        >>> lifetime_value(lambda days: np.array([days / 365]), order_value=np.array([10.0])).round(2)
        array([9.54])

    References:
        Fader, Hardie and Lee, RFM and CLV: using iso-value curves for customer base analysis, Journal of Marketing
        Research 42 (2005), equation 1: discounted orders times expected order value.
    """
    discounted = discounted_orders(orders_until, horizon_days=VALUE_HORIZON_DAYS, yearly_discount=YEARLY_DISCOUNT)
    return np.asarray(discounted * order_value)
