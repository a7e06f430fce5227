"""The declaration of a question: frozen, strict, within its limits."""

import pytest
from pydantic import ValidationError

from foretell.core.task import Task


def declared(**values):
    return Task(**({"name": "soon", "kind": "purchase", "horizon_days": 28} | values))


def test_defaults():
    task = declared()
    assert (task.action, task.active_days, task.where, task.top_k) == ("purchase", None, {}, 20)
    assert task.quantiles == (0.1, 0.25, 0.5, 0.75, 0.9)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "weather"},
        {"horizon_days": 0},
        {"horizon_days": 367},
        {"horizon_days": 1.5},
        {"name": "Soon"},
        {"name": "../soon"},
        {"name": ""},
        {"active_days": 0},
        {"top_k": 0},
        {"top_k": 1001},
        {"service_level": 1.0},
        {"service_level": 0.0},
        {"max_items": 0},
        {"where": {"category": 3}},
        {"horizon": 28},
        {"quantiles": (0.5, 0.1)},
        {"quantiles": (0.1, 0.1)},
        {"quantiles": (0.0, 0.5)},
        {"quantiles": ()},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValidationError):
        declared(**values)


def test_a_declaration_cannot_be_changed():
    with pytest.raises(ValidationError):
        declared().horizon_days = 7


def test_a_declaration_survives_json():
    task = declared(where={"category": "TEA"}, quantiles=(0.2, 0.8), active_days=9)
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_costs_stand_for_a_service_level():
    task = Task(name="demand", kind="demand", horizon_days=28, shortage_cost=9, leftover_cost=1)
    assert task.service_level == pytest.approx(0.9)
    assert Task.model_validate(task.model_dump()) == task


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"shortage_cost": 9}, "give both, or neither"),
        ({"shortage_cost": 3, "leftover_cost": 1, "service_level": 0.9}, "a service level of 0.75"),
        ({"shortage_cost": -3, "leftover_cost": 1}, "greater than 0"),
    ],
)
def test_costs_that_say_no_service_level_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Task(name="demand", kind="demand", horizon_days=28, **given)
