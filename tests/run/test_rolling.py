"""Rolling origins: where the folds lie, what each may see, and the figures over all of them."""

import polars as pl
import pytest

from foretell.config import parse_config
from foretell.core.errors import InputError, InsufficientDataError
from foretell.core.time import DAY, parse_time
from foretell.run.rolling import cross_validate, cross_validation_text, plan_folds
from foretell.simulate import ShopConfig, simulate

SETTINGS = {
    "model": {"size": "nano", "epochs": 1},
    "split": {"test_days": 28, "validation_days": 28},
    "bootstrap_replicates": 20,
    "task": {"purchase": {"predict": "any purchase within 7 days for users"}},
}


@pytest.fixture(scope="module")
def shop():
    return simulate(ShopConfig(n_users=150, n_items=60, days=200, seed=3)).log()


def test_folds_end_a_window_apart_and_the_last_where_a_training_would_test(shop):
    plan = plan_folds(shop, config=parse_config(SETTINGS), n_folds=3)
    assert [(after - before) // DAY for before, after in zip(plan.ends[:-1], plan.ends[1:], strict=True)] == [28, 28]
    assert plan.ends[-1] == shop.events["time"].max()


def test_a_search_keeps_away_from_the_test_window(shop):
    plain = plan_folds(shop, config=parse_config(SETTINGS), n_folds=1)
    before = plan_folds(shop, config=parse_config(SETTINGS), n_folds=1, before_test=True)
    assert (plain.ends[0] - before.ends[0]) // DAY == 28


def test_no_fold_sees_beyond_its_end(shop):
    plan = plan_folds(shop, config=parse_config(SETTINGS), n_folds=3, step_days=14)
    for end, (known, config) in zip(plan.ends, plan.each(), strict=True):
        assert known.events["time"].max() <= end
        assert parse_time(config.split.end) == end
        assert known.events.equals(plan.log.events.filter(pl.col("time") <= end))


def test_a_log_too_short_says_how_many_folds_fit(shop):
    with pytest.raises(InsufficientDataError, match="too short for so many folds") as caught:
        plan_folds(shop, config=parse_config(SETTINGS), n_folds=9)
    fits = int(caught.value.remedy.split("at most ")[1].split(",")[0])
    assert len(plan_folds(shop, config=parse_config(SETTINGS), n_folds=fits).ends) == fits
    with pytest.raises(InsufficientDataError):
        plan_folds(shop, config=parse_config(SETTINGS), n_folds=fits + 1)


def test_no_folds_are_refused(shop):
    with pytest.raises(InputError, match="number of folds"):
        plan_folds(shop, config=parse_config(SETTINGS), n_folds=0)


@pytest.mark.slow
def test_folds_are_trained_judged_and_summed_up(shop, tmp_path):
    config = parse_config(SETTINGS | {"split": SETTINGS["split"] | {"gap_days": 3}})
    found = cross_validate(shop, out=tmp_path / "folds", config=config, folds=2)
    auc = found["tasks"]["purchase"]["metrics"]["auc"]
    assert len(auc["each"]) == 2
    assert auc["mean"] == pytest.approx(sum(auc["each"]) / 2)
    first, second = (fold["test"] for fold in found["folds"])
    assert first[1] == second[0]
    assert (tmp_path / "folds" / "fold-2" / "report.html").is_file()
    assert (tmp_path / "folds" / "cross_validation.json").is_file()
    assert "purchase" in cross_validation_text(found)
    assert cross_validate(shop, out=tmp_path / "folds", config=config, folds=2) == found
