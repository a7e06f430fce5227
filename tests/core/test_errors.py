"""The three-part message and the tree of errors with their exit codes."""

import pytest

from foretell.core import errors
from foretell.core.errors import ForetellError, InputError, MissingExtraError, UnknownNameError


def test_the_message_has_three_parts_in_order():
    error = ForetellError("The log is empty.", received="0 rows", remedy="Check the export.")
    assert str(error).splitlines() == [
        "The log is empty.",
        "Received: 0 rows",
        "What to do: Check the export.",
    ]
    assert (error.problem, error.received, error.remedy) == ("The log is empty.", "0 rows", "Check the export.")


@pytest.mark.parametrize("received", [0, "", [], False])
def test_what_was_received_is_shown_even_when_it_is_nothing(received):
    assert f"Received: {received}" in str(ForetellError("Wrong.", received=received))


def test_parts_that_were_not_given_are_left_out():
    assert str(ForetellError("Wrong.")) == "Wrong."


@pytest.mark.parametrize("name", errors.__all__)
def test_everything_derives_from_the_one_base(name):
    assert issubclass(getattr(errors, name), ForetellError)


def test_bad_input_exits_with_2_and_failure_with_1():
    codes = {name: getattr(errors, name).exit_code for name in errors.__all__}
    failures = {name for name, code in codes.items() if code == 1}
    assert failures == {"ForetellError", "MissingExtraError"}
    assert all(code in (1, 2) for code in codes.values())
    assert {name for name in codes if issubclass(getattr(errors, name), InputError)} == {
        "InputError",
        "SourceError",
        "SchemaError",
        "InsufficientDataError",
        "ConfigError",
        "UnknownNameError",
    }


def test_an_unknown_name_offers_the_nearest_and_all():
    error = UnknownNameError.among("task", "purchse", ["purchase", "churn"])
    assert "'purchse'" in error.problem
    assert "Did you mean 'purchase'?" in error.remedy
    assert "churn, purchase" in error.remedy


def test_an_unknown_name_without_a_near_one_offers_no_guess():
    assert "Did you mean" not in UnknownNameError.among("task", "zzz", ["purchase"]).remedy
    assert "Known: none." in UnknownNameError.among("task", "zzz", []).remedy


def test_a_missing_extra_names_package_and_command():
    error = MissingExtraError("starlette", extra="live")
    assert "starlette" in error.problem
    assert error.remedy == "pip install 'foretell[live]'"
    assert error.exit_code == 1
