"""What follows an order days later: reviews and refunds, good and bad experiences.

This module owns their probabilities and their dates. It refuses to make anyone leave: it only announces bad
experiences to the state, and ``behaviour`` draws the consequences.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from foretell.core import columns
from foretell.core.time import DAY, HOUR, SECOND
from foretell.simulate.baskets import Baskets
from foretell.simulate.rows import Rows
from foretell.simulate.state import State, World
from foretell.simulate.words import REVIEWS

__all__ = ["Aftermath"]

_REVIEW_SHARE = 0.2


@dataclass
class Aftermath:
    """Reviews and refunds on their way, by the day they arrive."""

    _ahead: dict[int, list[tuple[str, dict[str, NDArray[np.generic]]]]] = field(default_factory=dict)

    def schedule(self, world: World, state: State, *, day: int, baskets: Baskets, first_order: int) -> None:
        """Draw what will follow from the day's baskets; ``first_order`` numbers the day's first order."""
        rng, n = world.streams("aftermath", day), len(baskets.item)
        quality = world.catalogue.quality[baskets.item]
        rating = np.clip(np.round(3.9 + 0.8 * quality + rng.normal(0, 0.9, n)), 1, 5)
        reviews = rng.random(n) < _REVIEW_SHARE
        refunds = rng.random(n) < expit(-3.6 - 0.6 * quality)
        when = day + 2 + rng.integers(0, 8, (2, n))
        order = first_order + baskets.order
        text = (rating.astype(np.int64) - 1) * len(REVIEWS[0]) + rng.integers(0, len(REVIEWS[0]), n)
        common = {"user": baskets.user, "item": baskets.item, "order": order}
        self._announce(columns.REVIEW, {**common, columns.RATING: rating, columns.TEXT: text}, when[0], reviews)
        money = {
            columns.PRICE: baskets.price,
            columns.QUANTITY: baskets.quantity,
            columns.VALUE: np.round(baskets.discount - baskets.price * baskets.quantity, 2),
        }
        self._announce(columns.REFUND, {**common, **money}, when[1], refunds)
        for bad, days in ((reviews & (rating <= 2), when[0]), (refunds, when[1])):
            for later in np.unique(days[bad]):
                users = np.unique(baskets.user[bad & (days == later)])
                state.bad_ahead.setdefault(int(later), []).append(users)

    def _announce(
        self,
        action: str,
        values: dict[str, NDArray[np.generic]],
        days: NDArray[np.int64],
        happens: NDArray[np.bool_],
    ) -> None:
        for later in np.unique(days[happens]):
            chosen = happens & (days == later)
            part = {name: column[chosen] for name, column in values.items()}
            self._ahead.setdefault(int(later), []).append((action, part))

    def arrive(self, world: World, state: State, *, day: int, rows: Rows) -> None:
        """Write the rows that arrive today; those who have dropped out are silent."""
        rng = world.streams("arrivals", day)
        start = world.config.start_microseconds + day * DAY + 8 * HOUR
        for action, values in self._ahead.pop(day, []):
            time = start + rng.integers(0, 14 * 3600, len(values["user"])) * SECOND
            here = state.alive[values["user"]]
            kept = {name: column[here] for name, column in values.items()}
            rows.add(action, user=kept.pop("user"), time=time[here], **kept)
