import dataclasses
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from foretell.core import columns
from foretell.dataset.log_folder import save_log
from foretell.serve.service import LiveService


@pytest.fixture
def service(run, tmp_path):
    service = LiveService(run, state=tmp_path / "state.sqlite")
    yield service
    service.close()


def event(number: int, user: str = "u1") -> dict[str, object]:
    second = f"2024-02-20T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"user_id": user, "time": second, "action": "view", "item_id": "i100003", "event_id": f"e{number}"}


def test_many_writers_and_readers_at_once(service):
    """Each event is sent by two threads; readers meanwhile see whole lists of ten, never a part of one."""
    lists = [[event(number) for number in range(start, start + 10)] for start in range(0, 120, 10)] * 2

    def read(_: int) -> int:
        return int(service.predictions("u1", tasks=["purchase"])["events"])

    with ThreadPoolExecutor(8) as threads:
        taken = threads.map(service.take, lists)
        seen = list(threads.map(read, range(12)))
        counts = list(taken)
    assert all(n % 10 == 0 for n in seen)
    assert sum(count["accepted"] for count in counts) == 120
    assert sum(count["duplicates"] for count in counts) == 120
    assert read(0) == 120
    assert service.health()["events_stored"] == 120


def test_the_default_cutoff_never_goes_back(service):
    before = service.health()["last_event"]
    service.take([{**event(0), "time": "2024-01-05"}])
    assert service.health()["last_event"] == before
    assert service.predictions("u1")["events"] == 1


def test_ids_go_out_in_the_shops_own_type(service):
    """In a shop with numbers for ids a new kind of id goes out as it came, and never as nothing."""
    service.predictor = dataclasses.replace(
        service.predictor, id_types={columns.USER_ID: pl.Int64(), columns.ITEM_ID: pl.Int64()}
    )
    for item in (77, "seventy"):
        service.take([{**event(1, user="7"), "item_id": item, "event_id": None, "action": "purchase"}])
    answers = service.predictions("7", tasks=["recommend"], limit="1000")
    items = {row["item_id"] for row in answers["predictions"]["recommend"]["items"]}
    assert answers["user_id"] == 7
    assert service.predictions("seven", tasks=["purchase"])["user_id"] == "seven"
    assert items
    assert None not in items


def test_live_amounts_are_in_the_currency_of_the_log(run, world, tmp_path):
    """A run trained with rates converts live amounts by them, and refuses what it has no rate for."""
    folder = tmp_path / "run"
    shutil.copytree(run / "predictor", folder / "predictor")
    log = world.before
    save_log(log.with_events(log.events.with_columns(pl.lit("EUR").alias("currency"))), folder / "data")
    paid = {"action": "purchase", "value": 10.0}
    sent = [{**event(n), **paid, "currency": word} for n, word in enumerate(["USD", "EUR", "GBP"])]
    for clean, values in ({"currency": "EUR", "currency_rates": {"USD": 0.5}}, [5.0, 10.0]), ({}, [10.0]):
        (folder / "config.json").write_text(json.dumps({"clean": clean}), encoding="utf-8")
        service = LiveService(folder, state=tmp_path / f"{len(values)}.sqlite")
        said = service.take(sent)
        stored = [row["value"] for row in service._store.rows()]
        service.close()
        assert stored == values
        assert said["accepted"] == len(values)
        assert all("There is no rate from" in refused["problem"] for refused in said["rejected"])
        assert len(said["rejected"]) == 3 - len(values)
