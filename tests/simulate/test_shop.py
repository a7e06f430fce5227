"""Determinism, the layout on disk, and shops of odd sizes."""

import hashlib
import json
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from foretell.core import columns
from foretell.core.errors import ConfigError, SourceError
from foretell.simulate import Causes, ShopConfig, causes_of, simulate, simulate_into, storage
from foretell.simulate.randomness import Streams

FILES = {
    "config.json",
    "events.parquet",
    "items.parquet",
    "users.parquet",
    "campaigns.parquet",
    "treatments.parquet",
    "promotions.parquet",
    "stockouts.parquet",
    "truth/causes.json",
    "truth/users.parquet",
    "truth/items.parquet",
    "truth/purchase.parquet",
    "truth/uplift.parquet",
    "truth/demand.parquet",
    "truth/clicks.parquet",
    "truth/intents.parquet",
    "truth/transitions.parquet",
}


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes(tmp_path, tiny_config):
    first = digests(simulate(tiny_config, dirt=0.02).save(tmp_path / "a"))
    second = digests(simulate(tiny_config, dirt=0.02).save(tmp_path / "b"))
    assert first == second
    assert set(first) == FILES | {"truth/dirt.parquet"}


def test_another_seed_gives_another_shop(tmp_path, tiny_config):
    first = digests(simulate(tiny_config).save(tmp_path / "a"))
    other = digests(simulate(tiny_config.model_copy(update={"seed": 6})).save(tmp_path / "b"))
    same = {name for name in first if first[name] == other[name]}
    assert same <= {"campaigns.parquet"}


def test_straight_to_disk_is_the_same_shop(tmp_path, tiny_config):
    kept = simulate(tiny_config).save(tmp_path / "a")
    streamed = simulate_into(tmp_path / "b", tiny_config)
    assert set(digests(streamed)) == FILES
    for name in sorted(name for name in FILES if name.endswith(".parquet")):
        assert_frame_equal(pl.read_parquet(kept / name), pl.read_parquet(streamed / name))
    assert (kept / "truth/causes.json").read_text() == (streamed / "truth/causes.json").read_text()


def test_straight_to_disk_is_deterministic_in_many_parts(tmp_path, tiny_config, monkeypatch):
    monkeypatch.setattr(sys.modules["foretell.simulate.shop"], "_ROWS_PER_PART", 1_000)
    first, second = (digests(simulate_into(tmp_path / name, tiny_config)) for name in "ab")
    assert first == second


def test_truth_can_be_left_out(tmp_path, tiny_config):
    folder = simulate_into(tmp_path / "a", tiny_config, with_truth=False)
    assert {path.name for path in (folder / "truth").iterdir()} == {
        "causes.json",
        "users.parquet",
        "items.parquet",
        "transitions.parquet",
    }


def test_a_part_draws_without_shifting_another(tiny_config):
    base = simulate(tiny_config)
    other = simulate(tiny_config.model_copy(update={"causes": Causes(position_decay=3.0)}))
    bought = [shop.events.filter(pl.col("action") == "purchase") for shop in (base, other)]
    known = ["user_id", "item_id", "quantity", "value", "discount", "order_id"]
    assert_frame_equal(bought[0].select(known), bought[1].select(known), check_row_order=False)
    assert_frame_equal(base.truth["purchase"], other.truth["purchase"])
    clicks = [shop.events.filter(pl.col("action") == "click").height for shop in (base, other)]
    assert clicks[1] < clicks[0] / 2


def test_streams_are_apart():
    streams = Streams(1)
    draws = [
        streams("a").random(4),
        streams("a", 1).random(4),
        streams("b").random(4),
        Streams(2)("a").random(4),
    ]
    assert len({tuple(draw) for draw in draws}) == 4
    assert streams("a").random(4).tolist() == draws[0].tolist()


def test_rows_lie_by_time_or_shuffled(tiny_config):
    by_time, shuffled = simulate(tiny_config), simulate(tiny_config, order="shuffled")
    assert by_time.events["time"].is_sorted()
    assert not shuffled.events["time"].is_sorted()
    assert_frame_equal(by_time.events.sort("event_id"), shuffled.events.sort("event_id"))


def test_side_tables_fit_the_event_log(tiny_config):
    shop = simulate(tiny_config)
    log = shop.log()
    assert len(log) == shop.events.height
    assert set(log.tables) == {"items", "users", "campaigns", "treatments", "promotions"}
    assert set(shop.events.columns) <= set(columns.CANONICAL)


def test_a_full_folder_is_refused_and_left_alone(tmp_path, tiny_config):
    (tmp_path / "mine.txt").write_text("precious")
    shop = simulate(tiny_config)
    with pytest.raises(SourceError, match=r"taken[\s\S]*Received[\s\S]*What to do"):
        shop.save(tmp_path)
    with pytest.raises(SourceError):
        simulate_into(tmp_path / "mine.txt", tiny_config, overwrite=True)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_overwriting_replaces_everything(tmp_path, tiny_config):
    shop = simulate(tiny_config)
    folder = shop.save(tmp_path / "shop")
    (folder / "old.txt").write_text("old")
    assert set(digests(shop.save(folder, overwrite=True))) == FILES


def test_nothing_is_left_half_written(tmp_path, tiny_config, monkeypatch):
    shop = simulate(tiny_config)

    def fail(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(storage.json, "dumps", fail)
    with pytest.raises(OSError, match="disk full"):
        shop.save(tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("days", [1, 7, 29, 44])
def test_odd_sizes_still_make_a_shop(days):
    shop = simulate(ShopConfig(n_users=10, n_items=48, days=days))
    assert shop.truth["purchase"]["cutoff"].n_unique() >= 1
    assert shop.tables["campaigns"].height == (1 if days >= 44 else 0)
    assert shop.truth["uplift"].columns == simulate(ShopConfig(n_users=10, days=50)).truth["uplift"].columns


@pytest.mark.parametrize("bad", [{"n_user": 3}, {"days": 0}, {"n_items": 3}, {"causes": {"cart_factor": -1}}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValidationError):
        ShopConfig(**bad)


def test_bad_arguments_are_refused(tiny_config):
    with pytest.raises(ConfigError, match="share of dirty rows"):
        simulate(tiny_config, dirt=0.9)
    with pytest.raises(ConfigError, match="order of rows"):
        simulate(tiny_config, order="backwards")


def test_causes_are_written_with_their_strengths(tmp_path):
    config = ShopConfig(n_users=20, n_items=60, days=30, causes=Causes(cart_factor=3.5))
    written = json.loads((simulate(config).save(tmp_path / "shop") / "truth/causes.json").read_text())
    by_name = {cause["name"]: cause for cause in written["causes"]}
    assert by_name["open_cart"]["strength"] == 3.5
    assert set(by_name) == {cause.name for cause in causes_of(config)}
    assert all(cause["words"] and cause["revealed_by"] and cause["truth"] for cause in written["causes"])
    assert ShopConfig.model_validate_json((tmp_path / "shop/config.json").read_text()) == config
