"""The golden samples, and the writers that made them."""

import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def pytest_generate_tests(metafunc):
    """Every way of writing a log, for the tests that ask for one."""
    if "written" in metafunc.fixturenames:
        ways = writers().WRITTEN
        metafunc.parametrize("written", ways, ids=[way.file for way in ways])


def writers() -> ModuleType:
    """The module of writers, which lies beside the samples and is no package."""
    return golden_module("dialect_writers")


def golden_module(name: str) -> ModuleType:
    sys.path.insert(0, str(GOLDEN))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(GOLDEN))


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    return GOLDEN / "dialects"


@pytest.fixture(scope="session")
def small_shop():
    """The log behind the samples and its items."""
    return golden_module("small_shop").small_shop()


@pytest.fixture(scope="session")
def larger_shop(tiny_shop):
    """A log long enough to train on and its items, with every column of the log behind the samples."""
    events = tiny_shop.log().events
    currency = pl.when(pl.col("item_id").is_not_null()).then(pl.lit("EUR"))
    events = events.with_columns(received_time=pl.col("time") + 2_000_000, currency=currency)
    return events, tiny_shop.tables["items"]


@pytest.fixture(scope="session")
def sayable():
    """From a way of writing and a log to the rows that way has words for."""
    return writers().sayable
