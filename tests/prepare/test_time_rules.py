"""Times far from all others, clocks that run ahead, and rows that come late."""

import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.time import DAY, HOUR
from foretell.prepare import CleaningRules, clean

START = 1_577_836_800_000_000 + 16 * HOUR  # a shop's midnight far from Greenwich


def log_of(times, **more):
    frame = pl.DataFrame({"user_id": [f"u{n}" for n in range(len(times))], "time": times, "action": "view"})
    return EventLog(frame.with_columns(pl.Series(name, values) for name, values in more.items()))


def busy(days, per_day=500, begin=START):
    return [begin + day * DAY + number * (DAY // per_day) for day in range(days) for number in range(per_day)]


@pytest.mark.parametrize("side", [-1, 1])
def test_a_few_rows_days_away_are_strays(side):
    core = busy(9)
    edge = core[0] if side < 0 else core[-1]
    strays = [edge + side * (5 * DAY), edge + side * (70 * DAY), edge + side * HOUR]
    cleaned = clean(log_of(core + strays))
    assert cleaned.removed["stray_time"] == 3
    assert cleaned.rows_out == len(core)


def test_a_log_that_only_has_a_quiet_first_night_has_no_strays():
    core = busy(9)
    assert clean(log_of([*core, core[0] - HOUR, core[0] - 3 * HOUR])).removed["stray_time"] == 0


def test_a_shop_that_grows_slowly_keeps_its_first_days():
    times = [START + day * DAY + n * HOUR // 4 for day in range(60) for n in range(1 + day * 2)]
    assert clean(log_of(times)).removed["stray_time"] == 0


def test_many_rows_are_no_strays():
    core = busy(9)
    early = [core[0] - (5 + n % 3) * DAY - n for n in range(20)]
    assert clean(log_of(core + early)).removed["stray_time"] == 0
    looser = CleaningRules(stray_share=0.01, stray_jump=50)
    assert clean(log_of(core + early), rules=looser).removed["stray_time"] == 20


def test_no_strays_can_be_asked_for():
    core = busy(9)
    assert clean(log_of([*core, core[0] - 90 * DAY]), rules=CleaningRules(stray_share=0)).removed["stray_time"] == 0


def test_a_clock_ahead_of_the_receiver_is_set_aside():
    times = [START, START + 2 * HOUR, START + HOUR, START]
    log = log_of(times, received_time=[START, START, START, None])
    cleaned = clean(log)
    assert cleaned.removed["clock_ahead"] == 1
    assert clean(log, rules=CleaningRules(clock_tolerance_minutes=30)).removed["clock_ahead"] == 2


def test_late_rows_are_counted_and_stay():
    log = log_of([START, START], received_time=[START + 4 * DAY, START + DAY])
    cleaned = clean(log)
    assert cleaned.noted["late"] == 1
    assert cleaned.rows_out == 2
    assert "1 row was received long after they happened." in cleaned.notes
