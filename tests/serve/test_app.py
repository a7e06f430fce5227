import json
import math
import sys
from datetime import timedelta

import pytest

from foretell.core.errors import MissingExtraError, RunError
from foretell.core.time import from_microseconds
from foretell.predictor.predictor import Predictor
from foretell.serve import create_app, serve
from foretell.serve.wire import MOST_BYTES, MOST_EVENTS

EVENT = {"user_id": "new customer/7", "time": "2024-02-19T10:00:00Z", "action": "view", "item_id": "i100003"}


def parts(reply) -> set[str]:
    return set(reply.json())


def test_health_and_model(client):
    health = client.get("/health").json()
    assert health["status"] == "ok"
    assert health["events_stored"] == 0
    assert health["uptime_seconds"] >= 0
    assert set(health["tasks"]) == {"purchase", "churn", "recommend", "ad", "promotion", "demand"}
    model = client.get("/v1/model").json()
    assert model["model_version"] == health["model_version"]
    assert model["tasks"]["demand"] == {"kind": "demand", "horizon_days": 28, "about": "items"}
    client.post("/v1/events", json=EVENT)
    assert client.get("/health").json()["events_stored"] == 1
    assert client.get("/health").json()["last_event"] == "2024-02-19T10:00:00+00:00"


def test_a_repeated_event_changes_nothing(client):
    event = {**EVENT, "user_id": "u1", "event_id": "e-1"}
    assert client.post("/v1/events", json=event).json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    answers = client.get("/v1/users/u1/predictions").json()
    assert answers["events"] == 1
    again = client.post("/v1/events", json=[event, {**event, "action": "purchase"}])
    assert again.status_code == 200
    assert again.json() == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert client.get("/v1/users/u1/predictions").json() == answers


def test_an_event_without_an_id_is_known_by_its_content(client):
    assert client.post("/v1/events", json=[EVENT, EVENT]).json()["duplicates"] == 1
    assert client.post("/v1/events", json={**EVENT, "item_id": "i100004"}).json()["accepted"] == 1


def test_an_unseen_user_is_answered_from_nothing_and_then_from_events(client):
    url = "/v1/users/new%20customer%2F7/predictions"
    stranger = client.get(url).json()
    assert (stranger["user_id"], stranger["known"], stranger["events"]) == ("new customer/7", False, 0)
    assert set(stranger["predictions"]) == {"purchase", "churn", "recommend", "ad", "promotion"}
    assert 0 < stranger["predictions"]["purchase"]["probability"] < 1
    assert stranger["predictions"]["recommend"]["items"]
    client.post("/v1/events", json=EVENT)
    met = client.get(url).json()
    assert (met["known"], met["events"], met["cutoff"]) == (True, 1, "2024-02-19T10:00:00+00:00")
    assert met["predictions"] != stranger["predictions"]
    items = {row["item_id"]: row["is_new_to_user"] for row in met["predictions"]["recommend"]["items"]}
    assert not items.pop("i100003", False)
    assert all(items.values())


@pytest.mark.parametrize("user", ["%FF", "%00", "%F0%9F%8D%B5", "a" * 5000, "..%2F..%2Fetc", "%27%20OR%201%3D1"])
def test_odd_ids_are_users_like_others(client, user):
    reply = client.get(f"/v1/users/{user}/predictions?task=purchase")
    assert reply.status_code == 200
    assert reply.json()["known"] is False


def test_an_unknown_item_and_action_are_taken(client):
    events = [{**EVENT, "user_id": "u1", "item_id": "never seen", "action": word} for word in ("view", "juggle")]
    assert client.post("/v1/events", json=events).json()["accepted"] == 2
    assert client.get("/v1/users/u1/predictions").json()["events"] == 2


def test_tasks_moment_and_limit_can_be_chosen(client, world):
    user = world.before.events["user_id"][0]
    chosen = client.get(f"/v1/users/{user}/predictions?task=recommend,churn&task=ad&limit=2").json()
    assert list(chosen["predictions"]) == ["recommend", "churn", "ad"]
    assert [row["rank"] for row in chosen["predictions"]["recommend"]["items"]] == [1, 2]
    assert len(chosen["predictions"]["ad"]["placements"]) == 2
    early = client.get(f"/v1/users/{user}/predictions?at=2024-01-20&task=purchase").json()
    assert early["cutoff"] == "2024-01-20T00:00:00+00:00"
    assert early["events"] < chosen["events"]


def test_what_cannot_be_answered_says_why(bare_client):
    """Where nothing was ever shown there is no placement to ask about; the other tasks are answered."""
    mixed = bare_client.get("/v1/users/u1/predictions?task=ad,purchase")
    assert mixed.status_code == 200
    assert list(mixed.json()["predictions"]) == ["purchase"]
    assert set(mixed.json()["unanswered"]["ad"]) == {"problem", "received", "remedy"}
    assert bare_client.get("/v1/users/u1/predictions?task=ad").status_code == 422


def test_recommendations_of_new_items_only(client, run, world):
    """Never bought, and as many as without the filter; the other tasks are answered as ever."""
    bought = world.before.events.filter(action="purchase")
    user = bought["user_id"].value_counts(sort=True)["user_id"][0]
    url = f"/v1/users/{user}/predictions"
    plain = client.get(url).json()
    filtered = client.get(f"{url}?new_only=true").json()
    items = [row["item_id"] for row in filtered["predictions"]["recommend"]["items"]]
    assert not set(items) & set(bought.filter(user_id=user)["item_id"])
    assert len(items) == len(plain["predictions"]["recommend"]["items"])
    assert [row["rank"] for row in filtered["predictions"]["recommend"]["items"]] == list(range(1, len(items) + 1))
    assert all(row["is_new_to_user"] for row in filtered["predictions"]["recommend"]["items"])
    for name in ("purchase", "churn", "ad", "promotion"):
        assert filtered["predictions"][name] == plain["predictions"][name]
    assert client.get(f"{url}?new_only=false").json() == plain
    batch = Predictor.load(run).predict("recommend", users=[user], new_only=True)
    assert batch["item_id"].to_list() == items


def test_another_horizon_is_answered_as_in_batch_by_the_tasks_that_can(client, run, world):
    user = world.before.events.filter(action="purchase")["user_id"][0]
    url = f"/v1/users/{user}/predictions?task=purchase,churn,recommend"
    plain, week = client.get(url).json()["predictions"], client.get(f"{url}&horizon_days=7").json()["predictions"]
    for name in ("purchase", "churn"):
        batch = Predictor.load(run).predict(name, users=[user], horizon_days=7).row(0, named=True)
        assert week[name]["horizon_days"] == 7
        assert week[name]["probability"] == pytest.approx(batch["probability"], rel=1e-12)
    assert week["purchase"]["probability"] < plain["purchase"]["probability"]
    assert week["recommend"] == plain["recommend"]


def test_a_moment_far_away_or_seen_is_noted_with_the_answer(client, world):
    user = world.before.events["user_id"][0]

    def asked(**more):
        return client.get(f"/v1/users/{user}/predictions", params={"task": "purchase,recommend", **more}).json()

    assert asked()["notes"] == []
    last = from_microseconds(int(world.before.events["time"].max()))
    far = asked(at=(last + timedelta(days=20)).isoformat())
    assert list(far["predictions"]) == ["purchase", "recommend"]
    assert len(far["notes"]) == 1, "within 28 days for purchase, beyond 14 for recommend"
    assert "'recommend'" in far["notes"][0]
    assert "after the log ends" in far["notes"][0]
    seen = asked(at="2024-01-20")
    assert ["training window" in note for note in seen["notes"]] == [True, True]


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/v1/users/u1/predictions?task=purchse", 404, "Did you mean 'purchase'?"),
        ("/v1/users/u1/predictions?task=purchase&task=nothing", 404, "Known: ad, churn, demand, promotion"),
        ("/v1/users/u1/predictions?task=demand", 400, "asks about items"),
        ("/v1/users/u1/predictions?at=soon", 400, "ISO 8601"),
        ("/v1/users/u1/predictions?at=9999-12-31", 400, "too far"),
        ("/v1/users/u1/predictions?at=0001-01-01", 400, "Nothing is known yet"),
        ("/v1/users/u1/predictions?at=2023-12-01", 400, "the log tells of 2024-01-01"),
        ("/v1/users/u1/predictions?new_only=yes", 400, "true or false"),
        ("/v1/users/u1/predictions?new_only", 400, "true or false"),
        ("/v1/users/u1/predictions?new_only=true&task=purchase,ad", 400, "ask one of: recommend"),
        ("/v1/users/u1/predictions?newonly=true", 400, "no parameter 'newonly'"),
        ("/v1/users/u1/predictions?limit=0", 400, "whole number from 1"),
        ("/v1/users/u1/predictions?limit=-1", 400, "whole number from 1"),
        ("/v1/users/u1/predictions?limit=%C2%B2", 400, "whole number from 1"),
        ("/v1/users/u1/predictions?horizon_days=soon", 400, "whole number of days"),
        ("/v1/users/u1/predictions?horizon_days=0", 400, "whole number from 1"),
        ("/v1/users/u1/predictions?horizon_days=7&task=ad", 400, "its own horizon alone"),
        ("/v1/users/%20/predictions", 400, "No user is named"),
        ("/v1/users//predictions", 400, "No user is named"),
        ("/v1/users/u1", 404, "Not Found"),
        ("/nowhere", 404, "routes are listed"),
        ("/v1/events", 405, "Method Not Allowed"),
    ],
)
def test_bad_questions_are_explained(client, url, status, said):
    reply = client.get(url)
    assert reply.status_code == status
    assert parts(reply) == {"problem", "received", "remedy"}
    assert said in json.dumps(reply.json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"not json", b"\xff\xfe{}", b'{"user_id": NaN}', b'["\\ud800"', b"[" * 100_000,
        b'{"user_id": "a", "time": "2024-02-19", "action": "view", "item_id": "\\ud800"}',
    ],
)  # fmt: skip
def test_bodies_that_are_no_json_are_refused(client, body):
    reply = client.post("/v1/events", content=body)
    assert reply.status_code == 400
    assert parts(reply) == {"problem", "received", "remedy"}
    assert client.get("/health").json()["events_stored"] == 0


@pytest.mark.parametrize("body", [5, "event", {}, [5], [[]], {"events": [EVENT]}])
def test_json_that_holds_no_event_is_refused(client, body):
    reply = client.post("/v1/events", json=body)
    assert reply.status_code == 422
    assert reply.json()["accepted"] == 0
    assert set(reply.json()["rejected"][0]) == {"index", "problem", "received", "remedy"}


def test_null_is_no_event(client):
    assert client.post("/v1/events", content=b"null").status_code == 422


def test_an_empty_list_is_no_mistake(client):
    assert client.post("/v1/events", json=[]).json() == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_good_events_are_kept_beside_bad_ones(client):
    reply = client.post("/v1/events", json=[{**EVENT, "price": -1}, EVENT, {**EVENT, "time": "2999-01-01"}])
    assert reply.status_code == 200
    assert reply.json()["accepted"] == 1
    assert [refused["index"] for refused in reply.json()["rejected"]] == [0, 2]
    assert client.get("/health").json()["events_stored"] == 1


def test_large_bodies_are_refused(client):
    assert client.post("/v1/events", content=b" " * (MOST_BYTES + 1)).status_code == 413
    reply = client.post("/v1/events", content=b"[" + b"0," * MOST_EVENTS + b"0]")
    assert reply.status_code == 413
    assert "10,001 events" in reply.json()["received"]


def test_numbers_that_are_not_finite_become_null():
    from foretell.serve.answers import _plain

    assert _plain({"a": math.nan, "b": math.inf, "c": 1.5}, id_types={}) == {"a": None, "b": None, "c": 1.5}


def test_a_failure_of_the_service_is_json_too(client, monkeypatch):
    monkeypatch.setattr(client.app.state.service, "health", lambda: 1 / 0)
    reply = client.get("/health")
    assert reply.status_code == 500
    assert reply.json()["problem"] == "The service failed."


def test_a_state_that_cannot_be_written_accepts_nothing(client):
    client.app.state.service._store._connection.execute("PRAGMA query_only = ON")
    reply = client.post("/v1/events", json=EVENT)
    assert reply.status_code == 503
    assert "state file" in reply.json()["problem"]
    assert client.get("/v1/users/new%20customer%2F7/predictions").json()["known"] is False


@pytest.mark.usefixtures("client")
def test_two_applications_do_not_share_a_state(run, tmp_path):
    with pytest.raises(RunError, match="Another process uses the state file"):
        create_app(run, state=tmp_path / "state.sqlite")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no finished predictor"):
        create_app(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[live\]"):
        create_app(run)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[live\]"):
        serve(run)
