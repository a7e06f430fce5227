"""What is decided inside training: how fast the past is forgotten."""

import numpy as np
import polars as pl
import pytest

from foretell.tabular.choose import choose_and_fit
from foretell.tabular.recognise import recognise_columns


def shop(*, turns):
    """Two columns; which of them goes with buying turns over in the middle, or never does."""
    random = np.random.default_rng(3)
    n = 1500
    times = np.sort(random.uniform(0, 100, n))
    values = random.normal(size=(n, 2))
    signal = np.where(turns & (times < 55), values[:, 0], values[:, 1])
    label = (signal + 0.3 * random.normal(size=n) > 0).astype(float)
    return pl.DataFrame(values, schema=["spring", "autumn"]), label, times


@pytest.mark.parametrize("turns", [True, False])
def test_the_past_is_forgotten_where_it_misleads(turns):
    frame, label, times = shop(turns=turns)
    recognition = recognise_columns(frame)
    fitted, choice = choose_and_fit(frame, label, recognition=recognition, names=("logistic",), times=times)
    if not turns:
        assert choice.half_life is None or choice.scores["logistic"]["auc"] > 0.95
        return
    assert choice.half_life is not None
    weights = dict(zip(fitted.preparation.names, fitted.models["logistic"].weights, strict=True))
    assert weights["autumn"] > 2 * abs(weights["spring"])


def test_rows_without_a_time_count_alike():
    frame, label, _ = shop(turns=True)
    names = ("logistic",)
    _, choice = choose_and_fit(frame, label, recognition=recognise_columns(frame), names=names)
    assert choice.half_life is None
