"""Runs the simulated shop day by day.

This module owns the order in which a day happens and the running numbers of events, sessions, orders and
lists. It refuses to hold more than one day: callers keep, or write away, what they need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.simulate import truth
from foretell.simulate.aftermath import Aftermath
from foretell.simulate.baskets import expected_units, fill_baskets, remember
from foretell.simulate.behaviour import Decisions, Treatment, decide, end_day, start_campaign
from foretell.simulate.checkout import write_orders
from foretell.simulate.frames import EventFrames, treatments_frame
from foretell.simulate.lists import write_lists
from foretell.simulate.market import CAMPAIGN_DAYS, Market
from foretell.simulate.rows import Block, Rows
from foretell.simulate.sessions import open_sessions
from foretell.simulate.state import State, World
from foretell.simulate.visits import write_views
from foretell.simulate.words import CHANNELS

__all__ = ["DayTables", "Engine"]


@dataclass(frozen=True)
class DayTables:
    """What one day adds: rows of the log, of ``treatments`` and, where asked for, of the truth."""

    events: pl.DataFrame | None = None
    treatments: pl.DataFrame | None = None
    truth: dict[str, pl.DataFrame] = field(default_factory=dict)


@dataclass
class _Numbers:
    """The next free number of each kind."""

    event: int = 0
    session: int = 0
    order: int = 0
    list: int = 0


class Engine:
    """The shop at work.

    Args:
        world: The shop.
        with_truth: Whether to work out the truth tables too.

    """

    def __init__(self, world: World, *, with_truth: bool = True) -> None:
        self.world = world
        self.state = State(world)
        self._dropped_day = np.full(len(world.customers), -1, dtype=np.int64)
        self._money = 0.0
        self._with_truth = with_truth
        self._aftermath = Aftermath()
        self._frames = EventFrames(world)
        self._next = _Numbers()

    @property
    def order_value(self) -> float:
        """Mean money paid for an order so far."""
        return self._money / max(self._next.order, 1)

    def lasting_truth(self) -> dict[str, pl.DataFrame]:
        """The truth that is one row a customer, an item or a transition."""
        return {
            "users": truth.customer_truth(self.world, dropped_day=self._dropped_day),
            "items": truth.item_truth(self.world),
            "transitions": truth.transition_truth(self.world),
        }

    def days(self) -> Iterator[DayTables]:
        """Empty tables, every day of the log in order, and the truth at its end."""
        n_days = self.world.config.days
        none = np.zeros(0, dtype=np.int64)
        nobody = Treatment(0, user=none, time=none, treated=none.astype(np.bool_))
        never = np.zeros(len(self.world.customers))
        nothing = {"uplift": truth.campaign_truth(self.world, nobody, never, never)} if self._with_truth else {}
        yield DayTables(treatments=treatments_frame(self.world, nobody), truth=nothing)
        cutoffs = truth.cutoff_days(n_days) if self._with_truth else ()
        for day in range(n_days):
            known = {}
            if day in cutoffs:
                known["purchase"] = truth.cutoff_truth(self.world, self.state, day=day)
            yield self._day(day, known)
        if self._with_truth:
            at_end = truth.cutoff_truth(self.world, self.state, day=n_days)
            yield DayTables(truth={"purchase": at_end})

    def _day(self, day: int, known: dict[str, pl.DataFrame]) -> DayTables:
        world, state, rows = self.world, self.state, Rows()
        market = world.calendar.day(day)
        treatments = self._start_campaign(day, rows, known)
        before = state.alive.copy()
        decisions = decide(world, state, day=day, market=market)
        self._dropped_day[before & ~state.alive] = day
        if self._with_truth:
            expected = expected_units(world, state, market=market, decisions=decisions)
            known["demand"] = truth.demand_truth(world, day=day, market=market, expected=expected)
        block = self._write(day, rows, market, decisions)
        end_day(world, state, day=day, decisions=decisions)
        first = self._next.event
        self._next.event += len(block["user"])
        if self._with_truth:
            known["clicks"] = truth.click_truth(block, first_event=first)
            known["intents"] = truth.intent_truth(block, first_event=first)
        return DayTables(self._frames.frame(block, first_event=first), treatments, known)

    def _start_campaign(self, day: int, rows: Rows, known: dict[str, pl.DataFrame]) -> pl.DataFrame | None:
        """Toss the coins of a campaign that starts today and send its coupons."""
        world, state = self.world, self.state
        number = world.calendar.campaign_on(day)
        if number is None:
            return None
        chances = truth.campaign_chances(world, state, day=day) if self._with_truth else None
        treatment = start_campaign(world, state, day=day, campaign=number)
        if chances is not None:
            known["uplift"] = truth.campaign_truth(world, treatment, *chances)
        sent = treatment.treated
        email = CHANNELS.index("email")
        rows.add(
            columns.COUPON_SENT,
            user=treatment.user[sent],
            time=treatment.time[sent],
            campaign=number,
            channel=email,
        )
        return treatments_frame(world, treatment)

    def _write(self, day: int, rows: Rows, market: Market, decisions: Decisions) -> Block:
        """Everything of the day that becomes rows, in the state's own order of events."""
        world, state, number = self.world, self.state, self._next
        sessions = open_sessions(world, day=day, decisions=decisions, first_number=number.session)
        baskets = fill_baskets(world, state, day=day, market=market, decisions=decisions)
        number.list += write_lists(world, rows, day=day, market=market, sessions=sessions, first_list=number.list)
        write_views(world, rows, day=day, market=market, sessions=sessions, decisions=decisions)
        running = [n for n, start in enumerate(world.calendar.campaign_starts) if start <= day < start + CAMPAIGN_DAYS]
        write_orders(
            world,
            rows,
            day=day,
            sessions=sessions,
            baskets=baskets,
            first_order=number.order,
            campaign=running[0] if running else -1,
        )
        self._aftermath.arrive(world, state, day=day, rows=rows)
        self._aftermath.schedule(world, state, day=day, baskets=baskets, first_order=number.order)
        remember(world, state, day=day, baskets=baskets)
        self._money += float((baskets.price * baskets.quantity - baskets.discount).sum())
        number.order += sessions.n_orders
        number.session += len(sessions)
        block = rows.finish(sessions.start, rng=world.streams("times", day))
        inside = block["session"].astype(np.int64) >= 0
        local = np.where(inside, block["session"], 0).astype(np.int64)
        public: NDArray[np.int64] = np.append(sessions.number, -1)[local]
        block["session"] = np.where(inside, public, -1)
        return block
