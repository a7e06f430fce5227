"""The configuration: what is refused, where it says so, and that tasks take their tables' names."""

import pytest

import foretell
from foretell.config import parse_config
from foretell.core.errors import ConfigError, InputError, SourceError


def write(folder, text):
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_setting_of_several_kinds_is_refused_with_all_of_them(tmp_path):
    with pytest.raises(ConfigError) as caught:
        foretell.load_config(write(tmp_path, "[model]\nepochs = 0"))
    assert (
        caught.value.problem == "model.epochs: Input should be greater than or equal to 1, or Input should be 'auto'."
    )


@pytest.mark.parametrize(
    ("text", "place", "received"),
    [
        ("sead = 1", "sead", "1"),
        ("[split]\ntest_day = 3", "split.test_day", "3"),
        ("[clean]\nrobots = 3", "clean.robots", "3"),
        ("[clean]\nrefunds = 'both'", "clean.refunds", "'both'"),
        ("[clean]\nstart = 2020-01-01", "clean.start", "datetime.date(2020, 1, 1)"),
        ("[clean]\ncurrency_rates = { USD = -1.0 }", "clean.currency_rates.USD", "-1.0"),
        ("[model]\nlayers = 9", "model.layers", "9"),
        ("[model.content]\ntext = 'tfdif'", "model.content.text", "'tfdif'"),
        ("[data]\nlogs = 'x'", "data.logs", "'x'"),
        ("[task.soon]\nkind = 'purchase'\nhorizon_days = 7\nhorizon = 8", "task.soon.horizon", "8"),
        ("[task.soon]\nkind = 'buy'\nhorizon_days = 7", "task.soon.kind", "'buy'"),
        ("[task.soon]\nkind = 'purchase'\nhorizon_days = 0", "task.soon.horizon_days", "0"),
        ("[task.soon]\nkind = 'purchase'", "task.soon.horizon_days", "{"),
        ("[task]\nsoon = 3", "task.soon", "3"),
        ("seed = -1", "seed", "-1"),
        ("[model]\nepochs = 0", "model.epochs", "0"),
        ("[model]\nsize = 'enormous'", "model.size", "'enormous'"),
        ("[task.'Not a name']\nkind = 'purchase'\nhorizon_days = 7", "task.Not a name.name", "'Not a name'"),
    ],
)
def test_a_setting_that_is_unknown_or_out_of_range_is_named_with_its_place(tmp_path, text, place, received):
    with pytest.raises(ConfigError) as caught:
        foretell.load_config(write(tmp_path, text))
    assert caught.value.problem.startswith(f"{place}: ")
    assert str(caught.value.received).startswith(received)
    assert caught.value.remedy


def test_tasks_take_the_names_of_their_tables(tmp_path):
    text = """
        seed = 4
        [task.buys_tea]
        kind = "purchase"
        horizon_days = 7
        where = { category = "tea" }
        [task.gone]
        kind = "churn"
        horizon_days = 28
        active_days = 56
    """
    config = foretell.load_config(write(tmp_path, text))
    assert config.seed == 4
    assert {key: task.name for key, task in config.task.items()} == {"buys_tea": "buys_tea", "gone": "gone"}
    assert config.task["buys_tea"].where == {"category": "tea"}
    assert config.task["gone"].active_days == 56


def test_a_task_cannot_go_by_another_name_than_its_table():
    with pytest.raises(ConfigError, match=r"task\.soon.*\n.*'later'"):
        parse_config({"task": {"soon": {"name": "later", "kind": "purchase", "horizon_days": 7}}})


def test_an_empty_file_gives_the_defaults(tmp_path):
    config = foretell.load_config(write(tmp_path, ""))
    assert config == foretell.RunConfig()
    assert config.task is None


@pytest.mark.parametrize("text", ["seed == 1", "[split\n", "a = 'open", "seed = 1\nseed = 2"])
def test_what_is_no_toml_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match="not valid TOML") as caught:
        foretell.load_config(write(tmp_path, text))
    assert caught.value.received is not None


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00seed")
    with pytest.raises(ConfigError, match="not valid TOML"):
        foretell.load_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.toml"):
        foretell.load_config(tmp_path / "none.toml")


@pytest.mark.parametrize("end", ["yesterday", "2024-13-01", "31/12/2024", ""])
def test_an_end_that_is_no_time_is_refused_when_the_config_is_read(end):
    with pytest.raises(InputError) as caught:
        parse_config({"split": {"end": end}})
    assert caught.value.exit_code == 2
    assert repr(end) in str(caught.value)


def test_a_configuration_cannot_be_changed_once_read():
    with pytest.raises(ValueError, match="frozen"):
        foretell.RunConfig().seed = 3


def test_a_configuration_survives_its_own_json():
    config = parse_config({"seed": 2, "task": {"soon": {"kind": "demand", "horizon_days": 7, "quantiles": [0.1, 0.5]}}})
    assert foretell.RunConfig.model_validate_json(config.model_dump_json()) == config


def test_cleaning_is_set_in_its_table(tmp_path):
    text = """
        [clean]
        start = 2010-12-01T00:00:00Z
        refunds = "net"
        currency = "EUR"
        currency_rates = { USD = 0.92 }
        session_gap_minutes = 20
    """
    rules = foretell.load_config(write(tmp_path, text)).clean
    assert (rules.refunds, rules.currency_rates, rules.session_gap_minutes) == ("net", {"USD": 0.92}, 20.0)
    assert rules.start.isoformat() == "2010-12-01T00:00:00+00:00"
