"""The [data] table of a config reaches the reader, and no secret leaves it."""

import logging
import sqlite3

import pytest

from foretell.config import RunConfig, load_config, parse_config
from foretell.core.errors import ConfigError
from foretell.sources import read_events, recognise
from foretell.sources.secrets import expanded, hidden, redacted

TOML = """
[data]
log = "{folder}/logs/part-*.csv"
columns = ["customer", "moment", "what", "sku"]
separator = ";"
mapping = {{ user_id = "customer", time = "moment", action = "what", item_id = "sku" }}
items = "{folder}/items.csv"

[data.users]
source = "sqlite:///{folder}/shop.db"
query = "SELECT id, age FROM people"
mapping = {{ user_id = "id" }}
"""


def test_a_config_reaches_the_reader(tmp_path, write):
    write("logs/part-0.csv", "1;2020-01-01;view;9\n")
    write("logs/part-1.csv", "2;2020-01-02;cart;8\n")
    write("items.csv", "item_id,category\n9,TEA\n")
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE people (id, age)")
    connection.execute("INSERT INTO people VALUES (1, 30)")
    connection.commit()
    connection.close()
    config = load_config(write("shop.toml", TOML.format(folder=tmp_path)))
    log = read_events(config.data.log, **config.data.choices())
    assert log.events["item_id"].to_list() == ["9", "8"]
    assert log.table("items").rows() == [("9", "TEA")]
    assert log.table("users").rows() == [("1", 30)]
    found = recognise(config.data.log, **{k: v for k, v in config.data.choices().items() if k != "stitch"})
    assert set(found.side_tables) == {"items", "users"}


def test_a_config_without_choices_changes_nothing(golden):
    assert parse_config({}).data.choices() == {}
    assert len(read_events(golden, **RunConfig().data.choices())) == 4


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"separater": ";"}, "data.separater"),
        ({"items": {"path": "a.csv"}}, "data.items.path"),
        ({"separator": ";;"}, "data.separator"),
        ({"columns": ["a", "a"]}, "data.columns"),
        ({"access_log": {"page": {}}}, "data.access_log.page"),
        ({"access_log": {"pages": {"view": "("}}}, "data.access_log.pages"),
        ({"stitch": "always"}, "data.stitch"),
    ],
)
def test_wrong_settings_are_named_with_their_place(data, place):
    with pytest.raises(ConfigError) as caught:
        parse_config({"data": data})
    assert caught.value.problem.startswith(place)


SECRETS = {
    "log": "postgresql://shop:hush@db/shop?sslpassword=hush",
    "table": "events",
    "storage": {"key": "hush", "secret": "hush", "client_kwargs": {"aws_session_token": "hush"}, "anon": False},
    "items": {"source": "mysql://shop:hush@db/shop", "table": "items"},
}


def test_what_a_run_writes_down_holds_no_secret():
    config = parse_config({"data": SECRETS})
    dumped = config.model_dump_json()
    assert "hush" not in dumped
    assert config.data.log == SECRETS["log"]
    assert RunConfig.model_validate_json(dumped).data.table == "events"


def test_errors_about_settings_hold_no_secret():
    for data in ({**SECRETS, "colour": SECRETS}, {**SECRETS, "table": ["postgresql://shop:hush@db"]}):
        with pytest.raises(ConfigError) as caught:
            parse_config({"data": data})
        assert "hush" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        read_events("postgresql://shop:hush@db/shop", storage="postgresql://shop:hush@db/shop")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:hush@db/shop",
        "postgresql+psycopg://shop:hu:sh/hush@db",
        "mysql://:hush@db/shop and more",
        "https://data.example/events.csv?X-Amz-Signature=hush&x=1",
        "https://account.example/e.parquet?sv=1&sig=hush",
        "s3://key:hush@bucket/events.csv",
        "could not connect to 'postgresql://shop:hu@sh-hush@db'",
    ],
)
def test_urls_without_their_secrets(text):
    assert "hush" not in redacted(text)
    assert "***" in redacted(text)


def test_what_is_no_secret_stays():
    for text in ("sqlite:///shop.db", "postgresql://db:5432/shop", "https://a.example:8080/x.csv?page=1", "a@b"):
        assert redacted(text) == text
    assert hidden({"endpoint_url": "http://store:9000"}) == {"endpoint_url": "http://store:9000"}


def test_the_environment_gives_secrets(monkeypatch):
    monkeypatch.setenv("SHOP_SECRET", "hush")
    assert expanded("mysql://shop:${SHOP_SECRET}@db") == "mysql://shop:hush@db"
    with pytest.raises(ConfigError, match="no variable NOT_SET_ANYWHERE"):
        expanded("${NOT_SET_ANYWHERE}")


def test_logs_hold_no_secret(tmp_path, caplog):
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE e (user_id, time, price)")
    connection.execute("INSERT INTO e VALUES (1, 1577836800, 2)")
    connection.commit()
    connection.close()
    with caplog.at_level(logging.DEBUG):
        read_events(f"sqlite:///{tmp_path}/shop.db?password=hush", table="e")
    assert "hush" not in caplog.text
