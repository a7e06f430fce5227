"""Does an explanation name the cause? In a simulated shop the causes are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.config import ModelConfig, RunConfig
from foretell.core.history import History
from foretell.core.task import Task
from foretell.core.time import DAY, parse_time
from foretell.explain.asking import Request, ask
from foretell.explain.event_effects import event_effects
from foretell.explain.units import Unit, masked_histories, split_units
from foretell.predictor.view import ShopView
from foretell.run.pipeline import train
from foretell.simulate import ShopConfig, simulate

# Training the world comes within the time of the first test.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
N_CASES = 50


class World:
    """A shop with known causes, a predictor trained on it, and customers of its test window to ask about."""

    def __init__(self, folder):
        self.shop = simulate(ShopConfig(n_users=1500, n_items=100, days=180))
        task = Task(name="purchase", kind="purchase", horizon_days=7)
        config = RunConfig(model=ModelConfig(size="nano", epochs=3), bootstrap_replicates=20, task={"purchase": task})
        self.predictor = train(self.shop.log(), out=folder, config=config)
        self.view = ShopView.of(self.predictor.own_log())
        # The truth speaks of the midnight that begins a day; the last moment before it is what may be known.
        start = parse_time(self.predictor.windows["test"][0])
        known = self.shop.truth["purchase"].filter((pl.col("cutoff") >= start) & pl.col("alive"))
        self.moments = known.with_columns(pl.col("cutoff") - 1).sample(fraction=1.0, shuffle=True, seed=1)
        kinds = dict(self.shop.truth["intents"].select("search_event_id", "kind").iter_rows())
        self.searches = {
            kind: {event for event, of_event in kinds.items() if of_event == kind} for kind in set(kinds.values())
        }

    def explained(self, rows: pl.DataFrame, *, has: Callable[[Unit, int], bool], method="shapley"):
        """(effects, which units are the planted cause) of up to N_CASES customers that have one."""
        found = 0
        fitted = self.predictor.task("purchase")
        for user, cutoff in rows.select("user_id", "cutoff").iter_rows():
            history = History.of(self.view.histories, user_id=user).until(cutoff)
            planted = np.array([has(unit, cutoff) for unit in split_units(history)[0]])
            if len(planted) < 4 or not planted.any():
                continue
            asked = ask(
                self.predictor,
                fitted,
                Request(user, cutoff, None, replace(self.view, histories=history.events)),
            )
            _, attribution = event_effects(fitted, asked, history, cutoff=cutoff, method=method)
            yield history, asked, attribution.effects, planted
            found += 1
            if found == N_CASES:
                return

    def left_cart(self, unit: Unit, cutoff: int) -> bool:
        actions = set(unit.events["action"])
        is_open = "cart" in actions and "purchase" not in actions
        return not unit.is_earlier and is_open and unit.events["time"][-1] > cutoff - 2 * DAY

    def searched(self, kind: str) -> Callable[[Unit, int], bool]:
        wanted = self.searches[kind]

        def has(unit: Unit, cutoff: int) -> bool:
            recent = not unit.is_earlier and unit.events["time"][-1] > cutoff - 7 * DAY
            return recent and not wanted.isdisjoint(unit.events["event_id"])

        return has


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("planted") / "run")


def precision(cases, *, n):
    """How often the planted cause is among the n strongest upward reasons, and how often by chance."""
    hits, chance = [], []
    for _, _, effects, planted in cases:
        hits.append(planted[np.argsort(-effects)[:n]].any())
        chance.append(min(1.0, n * planted.mean()))
    assert len(hits) >= 20
    return np.mean(hits), np.mean(chance)


@pytest.mark.parametrize("method", ["shapley", "occlusion"])
def test_an_open_cart_is_named(world, method):
    cases = world.explained(world.moments.filter("cart_open"), has=world.left_cart, method=method)
    hit, chance = precision(cases, n=2)
    assert hit >= 0.85
    assert chance < 0.3


@pytest.mark.parametrize("method", ["shapley", "occlusion"])
def test_a_search_before_a_view_is_named(world, method):
    rows = world.moments.filter("intent_open", ~pl.col("cart_open"))
    hit, chance = precision(world.explained(rows, has=world.searched("search_then_view"), method=method), n=2)
    assert hit >= 0.7
    assert chance < 0.3


def test_the_reverse_order_moves_less(world):
    """The same two events in the other order plant nothing; a search still tells that a customer is about."""
    effects = {}
    for kind, rows in (
        ("search_then_view", world.moments.filter("intent_open")),
        ("view_then_search", world.moments.filter(~pl.col("intent_open"))),
    ):
        cases = world.explained(rows.filter(~pl.col("cart_open")), has=world.searched(kind))
        effects[kind] = np.array([effect[planted].mean() for _, _, effect, planted in cases])
    forward, reverse = effects["search_then_view"], effects["view_then_search"]
    error = np.hypot(*(one.std(ddof=1) / np.sqrt(len(one)) for one in (forward, reverse)))
    # Four seeds gave 4.5 to 6 standard errors.
    assert forward.mean() - reverse.mean() > 3 * error


def test_putting_the_named_events_back_restores_the_answer_faster_than_chance(world):
    """Insertion: from nothing, units come back strongest first; a random order is the control."""
    rng, gains = np.random.default_rng(0), []
    fitted = world.predictor.task("purchase")
    for history, asked, effects, _ in world.explained(world.moments.filter("cart_open"), has=world.left_cart):
        n, (_, of_event) = len(effects), split_units(history)

        def curve(order, n=n, of_event=of_event, history=history, asked=asked):
            kept = np.argsort(order)[None, :] < np.arange(n + 1)[:, None]
            frame, names = masked_histories(history.events, of_event=of_event, kept=kept)
            points = pl.DataFrame({"user_id": names}).with_columns(
                pl.lit(int(asked.answer["cutoff"].timestamp() * 1e6)).alias("cutoff")
            )
            return fitted.head().probability(asked.question.inputs(frame, points=points)).mean()

        gains.append(curve(np.argsort(-effects)) - np.mean([curve(rng.permutation(n)) for _ in range(3)]))
    assert np.mean(gains) > 0.05
    assert np.mean(np.array(gains) > 0) > 0.9
