"""BG/NBD as a baseline: from features to its three numbers, and back from JSON."""

import numpy as np
import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.model.baseline import Baseline
from foretell.model.beta_geometric import BetaGeometric, Purchasing
from foretell.model.inputs import HeadInputs
from foretell.model.rhythm import RHYTHM_FEATURES, RhythmBaseline, has_rhythm, purchasing_of, read_baseline
from foretell.train.customers import buyers_at

MODEL = BetaGeometric(r=0.9, alpha=30.0, a=0.8, b=2.5)


def history(rows):
    """A history frame of (user, day) purchases."""
    from foretell.core.events import EventLog
    from foretell.core.history import history_frame

    frame = pl.DataFrame(rows, schema=["user_id", "time"], orient="row").with_columns(
        (pl.col("time") * DAY).cast(pl.Int64), action=pl.lit("purchase"), value=pl.lit(10.0)
    )
    return history_frame(EventLog(frame))


def test_what_bg_nbd_reads_is_what_happened():
    frame = history([("a", 0), ("a", 10), ("a", 30), ("b", 20), ("c", 70)])
    buyers = buyers_at(frame, cutoff=50 * DAY)
    found, bought = purchasing_of(buyers)
    assert bought.all()
    assert found.repeats.tolist() == [2, 0]
    assert found.last_days == pytest.approx([30, 0], abs=0.01)
    assert found.age_days == pytest.approx([50, 30], abs=0.01)


def test_churn_is_what_purchase_is_not_and_newcomers_get_their_rate():
    features = np.array([[3, 5, 10], [0, np.nan, np.nan]], dtype=np.float32)
    inputs = HeadInputs(features, RHYTHM_FEATURES, np.zeros((2, 0), np.float32))
    some, none = (
        RhythmBaseline(MODEL, horizon_days=28, of_none=of_none, newcomer_rate=0.2).probability(inputs)
        for of_none in (False, True)
    )
    assert some[0] + none[0] == pytest.approx(1.0)
    assert some[0] == pytest.approx(
        MODEL.within(Purchasing.of([2], last_days=[20], age_days=[25]), horizon_days=28)[0], rel=1e-6
    )
    assert some[1] == none[1] == 0.2


def test_baselines_of_both_kinds_survive_being_saved():
    rhythm = RhythmBaseline(MODEL, horizon_days=28, of_none=True, newcomer_rate=0.2)
    plain = Baseline((), (), 0.5)
    assert read_baseline(rhythm.to_dict()) == rhythm
    assert read_baseline(plain.to_dict()) == plain


def test_inputs_without_orders_have_no_rhythm():
    assert not has_rhythm(
        HeadInputs(np.zeros((1, 1), np.float32), ("order_recency_days",), np.zeros((1, 0), np.float32))
    )
