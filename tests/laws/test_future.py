"""Whatever comes after a cutoff changes no input and no answer at that cutoff."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.time import DAY
from foretell.features import UserFeatures
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.candidates import candidates
from foretell.predictor.demand_inputs import demand_inputs
from foretell.predictor.pair_inputs import pair_inputs
from foretell.predictor.view import ShopView


def removed(log, cutoff):
    return log.before(cutoff)


def changed(log, cutoff):
    """Every later event goes to somebody else, does something else, at another price, on another item."""
    random = np.random.default_rng(1)
    later = log.events.filter(pl.col("time") > cutoff)
    order = random.permutation(later.height)
    later = later.with_columns(
        later["user_id"].gather(order),
        later["item_id"].gather(order[::-1]),
        pl.Series("action", random.choice(["purchase", "view", "coupon_redeemed", "wave"], later.height)),
        pl.Series("time", random.integers(cutoff + 1, cutoff + 30 * DAY, later.height)),
        pl.lit(77.0).alias("price"),
        pl.lit(9.0).alias("quantity"),
        pl.lit(700.0).alias("value"),
    )
    return log.with_events(pl.concat([log.before(cutoff).events, later]))


def added(log, cutoff):
    """A flood one microsecond later: old and new customers buy, are shown and redeem old and new items."""
    users = [*log.events["user_id"].unique().sort().head(60), *(f"new{number}" for number in range(20))]
    items = [*log.events["item_id"].drop_nulls().unique().sort().head(8), "brand-new"]
    rows = pl.DataFrame({"user_id": users}).join(pl.DataFrame({"item_id": items}), how="cross")
    rows = rows.join(pl.DataFrame({"action": ["purchase", "impression", "click", "coupon_redeemed"]}), how="cross")
    rows = rows.with_columns(
        pl.lit(cutoff + 1, dtype=pl.Int64).alias("time"),
        pl.lit(3.0).alias("value"),
        pl.lit(50.0).alias("quantity"),
        pl.lit("1").alias("position"),
        pl.lit("k01").alias("campaign_id"),
    )
    return log.with_events(pl.concat([log.events, rows], how="diagonal"))


FUTURES = pytest.mark.parametrize("alter", [removed, changed, added])


@FUTURES
def test_no_answer_changes(alter, ask, answers, log, cutoff):
    for name, found in ask(alter(log, cutoff)).items():
        assert_frame_equal(found, answers[name], check_exact=True)


@FUTURES
def test_nobody_new_is_asked_about(alter, ask, log, cutoff):
    asked, again = (ask(one, users=None) for one in (log, alter(log, cutoff)))
    for name in ("purchase", "churn"):
        assert_frame_equal(asked[name], again[name], check_exact=True)


@pytest.fixture(scope="module")
def inputs_of(tiny_predictor, cutoff, some_users):
    """From a log to everything a head reads at the cutoff and a week before it."""
    reader = tiny_predictor.reader
    levels = dict(tiny_predictor.tasks["ad"].levels)
    points = pl.DataFrame({"user_id": [*some_users, "nobody"]}).join(
        pl.DataFrame({"cutoff": [cutoff, cutoff - 7 * DAY]}), how="cross"
    )

    def read(log):
        view = ShopView.of(log)
        seen = reader.read(view, points=points)
        pairs = candidates(reader, view=view, read=seen).with_columns(
            pl.lit("1").alias("position"), pl.lit("web").alias("channel")
        )
        together = pair_inputs(reader, view=view, read=seen, pairs=pairs, placements=levels)
        demand = demand_inputs(
            reader,
            view=view,
            cutoffs=[cutoff, cutoff - 7 * DAY],
            item_ids=tiny_predictor.tasks["demand"].levels["items"],
            weeks=2,
            log_end=cutoff,
        )
        return {
            "features": seen.features,
            "states": seen.encoded.states,
            "summary": seen.summary,
            "pairs": pairs.select("point").to_numpy(),
            "items": pairs["item_id"].to_numpy(),
            "pair features": together.features,
            "pair states": together.states,
            "demand": demand.features,
            "scale": demand.scale,
            "recent": demand.recent,
            "units": demand.units,
        }

    return read


@pytest.fixture(scope="module")
def inputs(inputs_of, log):
    return inputs_of(log)


@FUTURES
def test_no_input_changes(alter, inputs_of, inputs, log, cutoff):
    for name, found in inputs_of(alter(log, cutoff)).items():
        np.testing.assert_array_equal(found, inputs[name], err_msg=name)


@FUTURES
def test_nothing_learned_before_a_moment_changes(alter, log, cutoff):
    """What is chosen from the training window: the vocabulary and the features."""
    views = [ShopView.of(one) for one in (log, alter(log, cutoff))]
    vocabularies = [
        Vocabulary.build(view.histories.filter(pl.col("time") <= cutoff), items=log.table("items")) for view in views
    ]
    assert vocabularies[0].to_dict() == vocabularies[1].to_dict()
    features = [UserFeatures.fit(view.histories, items=log.table("items"), cutoff=cutoff) for view in views]
    assert features[0].to_json() == features[1].to_json()


def test_the_past_does_change_the_inputs(inputs_of, inputs, log, cutoff):
    """The same change a little earlier is seen: the law above is not kept by looking at nothing."""
    found = inputs_of(changed(log, cutoff - 20 * DAY))
    for name in ("features", "states", "pair features", "demand"):
        assert found[name].shape != inputs[name].shape or not np.array_equal(found[name], inputs[name], equal_nan=True)


def test_promotions_announced_ahead_are_seen(ask, answers, log):
    """They are the exception: known before they begin."""
    told = log.table("promotions")
    dearer = log.with_table("promotions", told.with_columns(pl.col("price_discount") * 0))
    assert not ask(dearer)["demand"]["mean"].equals(answers["demand"]["mean"])
