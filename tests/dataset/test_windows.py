"""Three windows end to end: what is predicted always comes after everything that was learned from."""

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from foretell.core.errors import ConfigError, InputError, InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.time import DAY, from_microseconds
from foretell.dataset.windows import SPLITS, SplitConfig, Windows

ORIGIN = 1_700_000_000_000_000


def log_of(days, *, first_action="view"):
    return EventLog(
        pl.DataFrame(
            {"user_id": ["a", "a"], "time": [ORIGIN, ORIGIN + round(days * DAY)], "action": [first_action, "view"]}
        )
    )


def plan(days, *, horizon=7, **settings):
    return Windows.plan(log_of(days), longest_horizon_days=horizon, config=SplitConfig(**settings))


SETTINGS = {
    "days": st.floats(1, 900),
    "horizon": st.integers(1, 60),
    "test_days": st.none() | st.integers(1, 200),
    "validation_days": st.none() | st.integers(1, 200),
    "warmup_days": st.integers(0, 90),
    "stride_days": st.integers(1, 30),
}


def planned(settings):
    settings = dict(settings)
    days, horizon = settings.pop("days"), settings.pop("horizon")
    try:
        return plan(days, horizon=horizon, **settings)
    except (ConfigError, InsufficientDataError):
        return None


@given(st.fixed_dictionaries(SETTINGS))
def test_windows_follow_one_another_and_hold_at_least_a_horizon_each(settings):
    windows = planned(settings)
    assume(windows is not None)
    assert ORIGIN + settings["warmup_days"] * DAY == windows.start
    assert windows.start < windows.validation < windows.test < windows.end
    assert windows.end == ORIGIN + round(settings["days"] * DAY)
    for split in SPLITS:
        low, high = windows.bounds(split)
        assert high - low >= settings["horizon"] * DAY
    assert windows.bounds("train")[1] == windows.bounds("validation")[0]
    assert windows.bounds("validation")[1] == windows.bounds("test")[0]


@given(st.fixed_dictionaries(SETTINGS), st.integers(1, 60), st.none() | st.integers(1, 20))
def test_no_answer_reaches_out_of_its_window(settings, horizon, stride):
    """Train labels end before validation starts, validation labels before the test window does."""
    windows = planned(settings)
    assume(windows is not None)
    for split in SPLITS:
        low, high = windows.bounds(split)
        cutoffs = windows.cutoffs(split, horizon_days=horizon, stride_days=stride)
        assert cutoffs == sorted(set(cutoffs))
        assert all(low <= cutoff and cutoff + horizon * DAY <= high for cutoff in cutoffs)
        step = (stride or windows.stride_days) * DAY
        assert all((windows.test - cutoff) % step == 0 for cutoff in cutoffs)


@given(st.fixed_dictionaries(SETTINGS))
def test_the_first_question_of_the_test_window_comes_at_its_start(settings):
    windows = planned(settings)
    assume(windows is not None)
    assert windows.cutoffs("test", horizon_days=settings["horizon"])[0] == windows.test


def test_the_longest_horizon_has_questions_in_every_split():
    windows = plan(180, horizon=28)
    assert all(windows.cutoffs(split, horizon_days=28) for split in SPLITS)


def test_a_sixth_of_a_long_log_is_for_testing():
    windows = plan(600, horizon=7)
    assert (windows.end - windows.test) / DAY == 98.0
    assert windows.test - windows.validation == windows.end - windows.test


def test_what_the_shop_does_does_not_lengthen_the_log():
    """Coupons sent and impressions shown before the first customer came are no history of customers."""
    rows = [("a", 0, "coupon_sent"), ("a", 50, "view"), ("a", 150, "view"), ("a", 400, "impression")]
    table = pl.DataFrame(
        [(user, ORIGIN + day * DAY, action) for user, day, action in rows],
        schema=["user_id", "time", "action"],
        orient="row",
    )
    windows = Windows.plan(EventLog(table), longest_horizon_days=7, config=SplitConfig(warmup_days=0))
    assert (windows.start, windows.end) == (ORIGIN + 50 * DAY, ORIGIN + 150 * DAY)


def test_a_named_end_leaves_out_what_comes_later():
    end = from_microseconds(ORIGIN + 100 * DAY).isoformat()
    assert plan(180, end=end).end == ORIGIN + 100 * DAY


def test_a_log_too_short_says_how_long_it_should_be():
    with pytest.raises(InsufficientDataError, match="too short") as caught:
        plan(60, horizon=28, warmup_days=28)
    assert "60.0 days" in caught.value.received
    needed = 28 + 28 + 35 + 35
    assert f"at least {needed} days" in caught.value.remedy
    plan(needed, horizon=28, warmup_days=28)


@given(
    st.integers(1, 60),
    st.integers(0, 300),
    st.one_of(st.none(), st.integers(60, 90)),
    st.one_of(st.none(), st.integers(60, 90)),
    st.integers(0, 400),
)
def test_the_days_needed_are_those_that_can_be_cut(horizon, warmup, test, validation, more):
    settings = {"warmup_days": warmup, "test_days": test, "validation_days": validation}
    needed = Windows.days_needed(horizon, config=SplitConfig(**settings))
    plan(needed + more, horizon=horizon, **settings)
    with pytest.raises(InsufficientDataError):
        plan(needed - 1, horizon=horizon, **settings)


def test_a_window_shorter_than_the_horizon_is_refused():
    with pytest.raises(ConfigError, match="shorter than the longest horizon") as caught:
        plan(400, horizon=28, test_days=20)
    assert "horizon 28 d" in caught.value.received
    with pytest.raises(ConfigError, match="shorter"):
        plan(400, horizon=28, test_days=30, validation_days=20)


def test_a_log_in_which_nobody_did_anything():
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [1], "action": ["impression"]}))
    with pytest.raises(InsufficientDataError, match="No customer"):
        Windows.plan(log, longest_horizon_days=7, config=SplitConfig())


def test_an_end_that_is_no_time():
    with pytest.raises(InputError, match="not a time"):
        plan(180, end="soon")


@pytest.mark.parametrize("wrong", [{"test_days": 0}, {"stride_days": 0}, {"warmup_days": -1}, {"days": 3}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValidationError):
        SplitConfig(**wrong)


def test_described_as_iso_times():
    windows = plan(180)
    assert list(windows.describe()) == list(SPLITS)
    assert windows.describe()["test"] == [from_microseconds(moment).isoformat() for moment in windows.bounds("test")]
