"""Batch and live give the same answers: the log's last part sent over HTTP, event by event."""

import math

import polars as pl
import pytest
from starlette.testclient import TestClient

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.predictor.predictor import Predictor
from foretell.serve import create_app
from foretell.serve.answers import ABOUT_USERS

ABOUT_ALL = {"user_id", "cutoff", "horizon_days", "model_version", "kind"}
LISTS = {"recommend": "items", "ad": "placements"}


def sent(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def assert_same_answers(client: TestClient, predictor: Predictor, log: EventLog, users: list[str], **batch) -> None:
    """Every task's answer for every user, live against ``Predictor.predict`` on the whole log."""
    at = {} if not batch else {"at": batch["at"].isoformat()}
    live = {user: client.get(f"/v1/users/{user}/predictions", params=at).json() for user in users}
    for name, fitted in predictor.tasks.items():
        kind = fitted.task.kind
        if kind not in ABOUT_USERS:
            continue
        frame = predictor.predict(name, log=log, users=users, **batch)
        for user in users:
            rows = frame.filter(pl.col(columns.USER_ID) == user).to_dicts()
            answer = live[user]["predictions"][name]
            answers = answer[LISTS[kind]] if kind in LISTS else [answer]
            assert len(rows) == len(answers)
            assert answer["horizon_days"] == rows[0]["horizon_days"]
            assert answer["model_version"] == rows[0]["model_version"]
            assert live[user]["cutoff"] == rows[0]["cutoff"].isoformat()
            for row, given in zip(rows, answers, strict=True):
                for column in row.keys() - ABOUT_ALL:
                    expected, found = row[column], given[column]
                    if isinstance(expected, float):
                        assert math.isclose(expected, found, rel_tol=1e-6, abs_tol=1e-6), (name, user, column)
                    else:
                        assert str(expected) == str(found), (name, user, column)


def test_the_answers_of_batch(client, run, world):
    predictor = Predictor.load(run)
    before = client.get("/v1/users/u100/predictions").json()
    for row in world.after.iter_rows(named=True):
        reply = client.post("/v1/events", json=sent(row))
        assert reply.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    lively = world.after[columns.USER_ID].unique().sort().to_list()
    quiet = sorted(set(world.before.events[columns.USER_ID]) - set(lively))[:3]
    assert lively
    assert quiet
    asked = [*lively[:8], *quiet, "never-seen"]
    assert_same_answers(client, predictor, world.whole, asked)
    stores = {user: predictor.predict("ad", log=world.whole, users=[user])["store_id"].unique() for user in asked}
    assert len({store for own in stores.values() for store in own.drop_nulls()}) > 1, "each customer's own store"
    assert all(own.drop_nulls().len() <= 1 for own in stores.values())
    assert client.get("/v1/users/u100/predictions").json()["cutoff"] > before["cutoff"]


def test_the_answers_of_batch_for_the_past(client, run, world):
    """Late events are in the log at their own time: an answer for before them must not see them."""
    predictor = Predictor.load(run)
    client.post("/v1/events", json=[sent(row) for row in world.after.iter_rows(named=True)])
    middle = world.after[columns.TIME][world.after.height // 2]
    moment = pl.Series([middle]).cast(pl.Datetime("us", "UTC"))[0]
    users = world.after[columns.USER_ID].unique().sort().to_list()[:4]
    assert_same_answers(client, predictor, world.whole, users, at=moment)


def test_the_order_of_arrival_and_a_restart_do_not_matter(run, world, tmp_path):
    """Later events first, in lists with repeats; then a service made anew from the state alone."""
    predictor = Predictor.load(run)
    rows = [sent(row) for row in reversed(world.after.to_dicts())]
    assert world.after.select("user_id", "time").is_duplicated().any()  # events of one moment are among them
    users = world.after[columns.USER_ID].unique().sort().to_list()[:4]
    state = tmp_path / "state.sqlite"
    with TestClient(create_app(run, state=state)) as client:
        for start in range(0, len(rows), 20):
            part = rows[start : start + 20]
            found = client.post("/v1/events", json=[*part, part[0]]).json()
            assert found == {"accepted": len(part), "duplicates": 1, "rejected": []}
        answers = [client.get(f"/v1/users/{user}/predictions").json() for user in users]
    with TestClient(create_app(run, state=state)) as client:
        assert client.get("/health").json()["events_stored"] == len(rows)
        assert [client.get(f"/v1/users/{user}/predictions").json() for user in users] == answers
        assert client.post("/v1/events", json=rows).json()["duplicates"] == len(rows)
        assert_same_answers(client, predictor, world.whole, users)


def test_events_of_the_runs_own_log_are_duplicates(client, world):
    """A shop that starts its stream a little before its export ended counts nothing twice."""
    tail = world.before.events.sort(columns.TIME).tail(30).to_dicts()
    before = client.get(f"/v1/users/{tail[-1]['user_id']}/predictions").json()
    assert client.post("/v1/events", json=[sent(row) for row in tail]).json() == {
        "accepted": 0, "duplicates": 30, "rejected": [],
    }  # fmt: skip
    assert client.get(f"/v1/users/{tail[-1]['user_id']}/predictions").json() == before


@pytest.mark.slow
def test_the_answers_of_batch_from_a_trained_run(tmp_path):
    """The same on a run that ``train`` made, with heads that learned what they could."""
    from foretell.config import parse_config
    from foretell.prepare import clean
    from foretell.run.pipeline import train
    from foretell.simulate import ShopConfig, simulate

    whole = clean(simulate(ShopConfig(n_users=220, n_items=48, days=110, seed=2)).log()).log
    cut = int(whole.events[columns.TIME].quantile(0.995))
    task = {
        "purchase": {"kind": "purchase", "horizon_days": 7},
        "churn": {"kind": "churn", "horizon_days": 14, "active_days": 42},
        "ad": {"kind": "ad", "horizon_days": 2, "action": "click"},
        "promotion": {"kind": "promotion", "horizon_days": 14},
        "recommend": {"kind": "recommend", "horizon_days": 7},
    }
    config = parse_config(
        {
            "model": {"size": "nano", "epochs": 1},
            "bootstrap_replicates": 20,
            "split": {"test_days": 21, "validation_days": 28},
            "task": task,
        }
    )
    predictor = train(whole.before(cut), out=tmp_path / "run", config=config)
    after = whole.events.filter(pl.col(columns.TIME) > cut).sort(columns.TIME, maintain_order=True)
    with TestClient(create_app(tmp_path / "run")) as client:
        for row in after.iter_rows(named=True):
            assert client.post("/v1/events", json=sent(row)).json()["accepted"] == 1
        users = after[columns.USER_ID].unique().sort().to_list()[:20]
        assert_same_answers(client, predictor, whole, users)
    assert (tmp_path / "run" / "live" / "state.sqlite").exists()
