"""The small run's log and predictor, a moment three weeks before its end, and everything asked at that moment."""

import polars as pl
import pytest

from foretell.core.time import DAY, from_microseconds
from foretell.dataset.log_folder import load_log


@pytest.fixture(scope="session")
def log(tiny_run):
    """The clean log of the small run."""
    return load_log(tiny_run / "data")


@pytest.fixture(scope="session")
def cutoff(log):
    """A moment within a day, nine days before the log ends."""
    return int(log.events["time"].max()) - 9 * DAY + 12_345


@pytest.fixture(scope="session")
def some_users(log, cutoff):
    """Thirty customers known at the cutoff, spread over all."""
    known = log.before(cutoff).events["user_id"].unique().sort()
    return known.gather_every(max(1, len(known) // 30)).to_list()


@pytest.fixture(scope="session")
def ask(tiny_predictor, cutoff, some_users):
    """From a log to the answers of all six tasks at the cutoff, by task."""

    def answers(log, *, predictor=tiny_predictor, users=some_users, at=cutoff):
        found = {}
        for name in predictor.tasks:
            whom = None if name == "demand" else users
            found[name] = predictor.predict(name, log=log, users=whom, at=from_microseconds(at))
        return found

    return answers


@pytest.fixture(scope="session")
def answers(ask, log):
    """What is answered to begin with."""
    found = ask(log)
    assert set(found) == {"purchase", "recommend", "ad", "promotion", "churn", "demand"}
    assert all(frame.height for frame in found.values())
    return found


@pytest.fixture(scope="session")
def distinct_log(log):
    """The same log with no two events of a customer at the same microsecond."""
    later = pl.int_range(pl.len()).over("user_id", "time")
    return log.with_events(log.events.with_columns(pl.col("time") + later))
