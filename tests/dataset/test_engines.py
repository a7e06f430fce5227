"""The plans of cleaning and features give the same on Polars and on Spark."""

import shutil

import narwhals as nw
import polars as pl
import pytest

from foretell.core.errors import ConfigError, UnknownNameError
from foretell.core.history import history_frame
from foretell.core.time import DAY
from foretell.dataset.engines import ENGINES, open_engine, polars_engine
from foretell.features import UserFeatures
from foretell.features.plan import plan_features
from foretell.prepare import CleaningRules
from foretell.prepare.group_rule import ROW
from foretell.prepare.plan import RULE, plan_cleaning


@pytest.fixture(scope="session")
def spark():
    """A real Spark on two threads of this machine."""
    pytest.importorskip("pyspark", reason="pyspark (extra 'spark') is not installed")
    if shutil.which("java") is None:
        pytest.skip("no Java on this machine")
    with open_engine("spark", master="local[2]") as engine:
        yield engine


@pytest.fixture(scope="session")
def files(tiny_shop, tmp_path_factory):
    """The small shop's events in three files, with repetitions across files and rows of nobody."""
    events = tiny_shop.log().events.with_row_index("n").with_columns(event_id=pl.format("e{}", "n")).drop("n")
    again = events.sample(300, seed=1)
    retried = events.sample(100, seed=2).with_columns(time=pl.col("time") + 9)
    nobody = events.sample(50, seed=3).with_columns(user_id=pl.lit(None, dtype=pl.String))
    rows = pl.concat([events, again, retried, nobody]).sample(fraction=1.0, shuffle=True, seed=4)
    folder = tmp_path_factory.mktemp("parts")
    places = [folder / f"part-{number}.parquet" for number in range(3)]
    for number, place in enumerate(places):
        rows.gather_every(3, number).write_parquet(place)
    return places


def run(engine, files, tiny_shop):
    """Claims by rule, the rows without a user, and features at two cutoffs, of the log in the files."""
    log = tiny_shop.log()
    items = log.table("items")
    features = UserFeatures.fit(history_frame(log), items=items)
    planned = plan_cleaning(engine.scan(files, row_number=ROW), rules=CleaningRules(), bench=engine)
    claims = pl.concat([engine.collect(part).select(pl.col(ROW).cast(pl.Int64), RULE) for part in planned.claims])
    last = int(log.events["time"].max())
    plan = plan_features(
        planned.rows,
        definitions=one_of_each(features.definitions),
        cutoffs=[last - 30 * DAY, last],
        items=engine.from_frame(items.select("item_id", "category")),
        shorten=engine.shorten,
        gather=engine.gather,
    )
    return claims.sort(ROW), engine.collect(planned.apart).height, engine.collect(plan).sort("cutoff", "user_id")


def one_of_each(definitions):
    """One feature of every aggregate, with the parts of those that combine others: Spark compiles each for long."""
    by_name = {feature.name: feature for feature in definitions}
    chosen = {}
    for feature in {feature.aggregate: feature for feature in definitions}.values():
        for name in (*feature.of, feature.name):
            for part in by_name[name].of:
                chosen[part] = by_name[part]
            chosen[name] = by_name[name]
    return list(chosen.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_spark_and_polars_agree_bit_for_bit(spark, files, tiny_shop, tmp_path):
    here = run(open_engine("polars"), files, tiny_shop)
    there = run(spark, files, tiny_shop)
    assert here[0]["rule"].n_unique() >= 2
    assert there[0].rows() == here[0].rows()
    assert there[1] == here[1] > 0
    assert here[2].width > 20
    for name in here[2].columns:
        assert there[2][name].equals(here[2][name], null_equal=True), name
    spark.write(spark.from_frame(here[2]), tmp_path / "features")
    assert pl.read_parquet(tmp_path / "features" / "*.parquet").height == here[2].height


def test_polars_writes_what_it_collects(tmp_path):
    with open_engine("polars") as engine:
        rows = engine.from_frame(pl.DataFrame({"a": [1, 2, 3]})).filter(nw.col("a") > 1)
        engine.write(rows, tmp_path / "out")
        assert pl.read_parquet(tmp_path / "out" / "*.parquet")["a"].to_list() == [2, 3]


def test_unknown_engines_and_masters_nobody_has_are_refused():
    assert set(ENGINES) == {"polars", "spark"}
    with pytest.raises(UnknownNameError, match="engine"):
        open_engine("dask")
    with pytest.raises(ConfigError, match="no master"):
        open_engine("polars", master="local[2]")


def test_shares_of_a_large_log_hold_whole_users_and_every_row(monkeypatch, tmp_path):
    monkeypatch.setattr(polars_engine, "_SHARE_ROWS", 100)
    rows = pl.DataFrame({"user_id": [f"u{number % 50}" for number in range(450)], "n": range(450)})
    with open_engine("polars") as engine:
        shares = engine.shares(engine.from_frame(rows), n_rows=rows.height)
        assert len(shares) == 5
        for part, share in enumerate(shares):
            engine.write(share, tmp_path / "out", part=part)
        files = [pl.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")]
        assert len(files) == 5
        assert sum(file["user_id"].n_unique() for file in files) == 50
        assert sorted(pl.concat(files)["n"]) == list(range(450))
        engine.write(shares[0], tmp_path / "out")
        assert len(list((tmp_path / "out").glob("*.parquet"))) == 1, "the first part begins the folder anew"
