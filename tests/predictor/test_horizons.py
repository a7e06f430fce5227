"""Another horizon than a task's own: carried along the customer's hazard, in keeping with the trained one."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InputError
from foretell.model.hazard import N_BINS
from foretell.predictor.encoder import EncodedPoints


@pytest.fixture(scope="module")
def some(log):
    return log.events["user_id"].unique().sort().head(12).to_list()


def asked(predictor, log, name, users, days):
    return predictor.predict(name, log=log, users=users, horizon_days=days)


@pytest.mark.parametrize(("name", "rises"), [("purchase", True), ("churn", False)])
def test_longer_horizons_are_likelier_to_see_a_purchase(tiny_predictor, log, some, name, rises):
    by_days = [asked(tiny_predictor, log, name, some, days)["probability"].to_numpy() for days in (1, 7, 60, 366)]
    assert all((np.diff(pair, axis=0) >= 0).all() == rises for pair in pairwise(by_days))
    assert ((by_days[0] > 0) & (by_days[0] < 1)).all()


@pytest.mark.parametrize("name", ["purchase", "churn"])
def test_the_own_horizon_is_the_plain_answer(tiny_predictor, log, some, name):
    own = tiny_predictor.tasks[name].task.horizon_days
    plain = tiny_predictor.predict(name, log=log, users=some)
    found = asked(tiny_predictor, log, name, some, own)
    assert found.columns == plain.columns
    for column in found.columns:
        if found.schema[column].is_float():
            np.testing.assert_allclose(found[column], plain[column], rtol=1e-12)
        else:
            assert found[column].equals(plain[column])


def test_the_answer_names_the_horizon_asked_about(tiny_predictor, log, some):
    assert asked(tiny_predictor, log, "purchase", some, 5)["horizon_days"].unique().to_list() == [5]


def test_spend_goes_with_the_hazard_and_the_date_does_not(tiny_predictor, log, some):
    week, year = (asked(tiny_predictor, log, "churn", some, days) for days in (7, 366))
    for rises in ("expected_spend", "predicted_number_of_orders"):
        assert (week[rises] < year[rises]).all()
    assert week["expected_date_of_next_order"].equals(year["expected_date_of_next_order"])


def test_a_constant_hazard_gives_powers_of_survival():
    """P(nothing in a) = P(nothing in h) ** (a / h) where the rate does not change: the exponential law."""
    logits = np.full((1, N_BINS), -40.0)  # as good as no order in any bin, so log survival is linear inside bins
    points = EncodedPoints(np.zeros((1, 1), dtype=np.float32), logits, np.array([10.0]))
    np.testing.assert_allclose(points.share_of_hazard(28, horizon_days=28), 1.0)
    logits = np.log(np.expm1(0.01 * np.diff([0, 0.25, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 38, 48, 60,
                                             80, 110, 150, 220, 366])))[None]  # fmt: skip
    points = EncodedPoints(np.zeros((1, 1), dtype=np.float32), logits, np.array([3.0]))
    np.testing.assert_allclose(points.share_of_hazard(7, horizon_days=28), 0.25, rtol=1e-6)
    np.testing.assert_allclose(points.share_of_hazard(56, horizon_days=28), 2.0, rtol=1e-6)


@pytest.mark.parametrize("name", ["recommend", "ad", "promotion", "demand"])
def test_other_tasks_have_one_horizon(tiny_predictor, log, name):
    with pytest.raises(InputError, match="its own horizon alone") as caught:
        asked(tiny_predictor, log, name, None, 7)
    assert "purchase or churn" in caught.value.remedy


@pytest.mark.parametrize("days", [0, 367, -1, 7.5, True, "7"])
def test_a_horizon_is_a_number_of_days_within_a_year(tiny_predictor, log, some, days):
    with pytest.raises(InputError, match="no number of days"):
        asked(tiny_predictor, log, "purchase", some, days)


def test_a_task_on_some_items_can_be_asked_too(tiny_predictor, log, some):
    fitted = tiny_predictor.task("purchase")
    narrow = tiny_predictor.with_tasks({"narrow": fitted})
    assert isinstance(asked(narrow, log, "narrow", some, 3), pl.DataFrame)
