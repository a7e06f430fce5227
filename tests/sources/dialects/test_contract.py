"""What every dialect keeps: recognised, translated without loss, and back through inspect and init."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.config import load_config
from foretell.core import columns
from foretell.prepare import clean
from foretell.run.inspection import inspect_log, inspection_text
from foretell.run.starting_config import starting_config
from foretell.sources import DIALECTS, read_events, recognise
from foretell.sources.opening import open_place
from foretell.sources.reading import reading_of

SORTED = ("user_id", "time", "action", "session_id", "item_id", "position", "quantity")


def said(events, written):
    """The rows as the dialect says them: fewer columns, coarser times, refunds without their sign."""
    frame = events.select(name for name in written.keeps if name in events.columns)
    if written.unit and "time" in frame.columns:
        frame = frame.with_columns(pl.col("time") // written.unit * written.unit)
    if "value" in frame.columns:
        frame = frame.with_columns(pl.col("value").abs())
    return frame.sort([name for name in SORTED if name in frame.columns], nulls_last=True)


def of_dialect(events, written):
    """What the writer could not say otherwise than the dialect does."""
    if written.dialect == "cdnow":
        ids = pl.col("user_id").str.extract(r"(\d+)").str.zfill(5)
        return events.with_columns(ids)
    only_paid = pl.col("action").is_in(["purchase", "refund"])
    if written.dialect in ("rees46",):
        return events
    unsaid = [name for name in ("price", "quantity") if name in events.columns and written.dialect == "snowplow"]
    return events.with_columns(pl.when(only_paid).then(pl.col(name)).alias(name) for name in unsaid)


def test_every_dialect_has_a_sample(golden_folder):
    import sys

    ways = sys.modules["dialect_writers"].WRITTEN
    assert {way.dialect for way in ways} == set(DIALECTS)
    assert {path.name for path in golden_folder.iterdir()} == {way.file for way in ways}


def test_the_samples_are_what_the_writers_write(written, golden_folder, small_shop, sayable, tmp_path):
    events, items = small_shop
    fresh, kept = tmp_path / written.file, golden_folder / written.file
    written.write(sayable(written, events), items, fresh)
    if written.file.endswith(".parquet"):
        assert_frame_equal(pl.read_parquet(fresh), pl.read_parquet(kept))
    else:
        assert fresh.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_it_is_recognised(written, golden_folder):
    found = recognise(golden_folder / written.file)
    assert found.dialect == written.dialect
    assert found.confidence >= 0.9
    assert len(found.examples) == 3
    assert set(found.mapping) >= {"user_id", "time"}
    assert all(0 < column.confidence <= 1 for column in found.columns.values())


def test_only_its_own_dialect_is_sure_of_it(written, golden_folder):
    """Two dialects must never quarrel about a log."""
    table = open_place(golden_folder / written.file, reading_of()).events
    names, sample = table.columns(), table.sample()
    sure = [name for name, dialect in DIALECTS.items() if dialect.recognise(names, sample) >= 0.9]
    assert sure == [written.dialect]


def test_the_events_are_the_events(written, golden_folder, small_shop, sayable):
    log = read_events(golden_folder / written.file)
    assert log.rejected is None
    expected = of_dialect(sayable(written, small_shop[0]), written)
    assert_frame_equal(said(log.events, written), said(expected, written), check_exact=False)


def test_ids_come_back_as_the_shop_wrote_them(written, golden_folder):
    log = read_events(golden_folder / written.file)
    restored = log.restore_ids(log.events.select("user_id"))["user_id"]
    assert (restored.dtype == pl.Int64) == (written.dialect not in ("cdnow", "session-lists"))
    assert restored.null_count() == 0


def test_inspect_shows_what_was_recognised(written, golden_folder):
    found = inspect_log(golden_folder / written.file)
    text = inspection_text(found)
    assert f"Recognised as {written.dialect}" in text
    assert "for example:" in text
    for name, own in found["recognised"]["mapping"].items():
        assert f"{own} ({found['recognised']['confidences'][name]:.0%})" in text
    assert found["cleaning"]["rows_in"] == found["cleaning"]["rows_out"] + sum(found["cleaning"]["removed"].values())


def test_init_writes_a_config_that_reads_the_same_log(written, tmp_path, larger_shop, sayable, golden_folder):
    events, items = larger_shop
    events = events.filter(pl.col("action") != "impression")  # half of the rows, and no dialect's pride
    place = tmp_path / written.file
    written.write(sayable(written, events), items, place)
    text, found, asked = starting_config(str(place))
    assert (found.dialect, bool(asked)) == (written.dialect, True)
    # The samples are too short to train on; what is trained on instead comes from the same columns, and maybe more.
    assert recognise(golden_folder / written.file).mapping.items() <= found.mapping.items()
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path / "shop.toml")
    assert set(config.task) == set(asked)
    again = read_events(config.data.log, dialect=config.data.dialect, mapping=config.data.mapping or None)
    assert_frame_equal(again.events, read_events(place).events)


@pytest.mark.parametrize("twice", [False, True])
def test_repeated_events_are_counted_once(golden_folder, tmp_path, twice):
    """Events that carry several rows must not lose them to the rule against repeated ids, and repeats must go."""
    for name in ("ga4.jsonl", "segment.jsonl", "snowplow.jsonl"):
        path = tmp_path / name
        content = (golden_folder / name).read_text(encoding="utf-8")
        path.write_text(content * (2 if twice else 1), encoding="utf-8")
        cleaned = clean(read_events(path))
        once = read_events(golden_folder / name)
        assert cleaned.rows_out == len(once)
        bought = cleaned.log.events.filter(pl.col(columns.ACTION) == columns.PURCHASE)
        assert bought.height == once.events.filter(pl.col(columns.ACTION) == columns.PURCHASE).height
