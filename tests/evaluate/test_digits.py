"""Figures of metrics: decimals that suit them, and more where two would look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.evaluate import digits


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("auc", 0.8, "0.800"),
        ("ece", 1e-17, "0.000"),
        ("ece", 0.0042, "0.0042"),
        ("pinball", 31.26, "31.3"),
        ("pinball", 3.126, "3.126"),
        ("bias", -0.031, "\u22123.1%"),
        ("auc", None, "\u2013"),
        ("auc", float("nan"), "\u2013"),
    ],
)
def test_figures_have_digits_that_suit_them(metric, value, shown):
    assert digits.figure(metric, value=value) == shown


def test_differences_carry_their_sign():
    assert digits.signed("auc", value=0.003, like=0.02) == "+0.003"
    assert digits.signed("auc", value=-0.0002, like=0.02) == "0.000"
    assert digits.signed("auc", value=-0.0002, like=0.005) == "\u22120.0002"
    assert digits.signed("wape", value=-0.229) == "\u221222.9"


@pytest.mark.parametrize(
    ("metric", "value", "others", "shown"),
    [
        ("auc", 0.8777, [0.8767], "0.878"),
        ("auc", 0.970376, [0.969997, 0.966272], "0.9704"),
        ("wape", 0.38998, [0.3896], "39.00%"),
        ("wape", 0.38998, [0.38998, None, float("nan")], "39.0%"),
        ("ece", 0.0112686, [0.0110448], "0.0113"),
        ("auc", 0.5, [0.5 + 1e-12], "0.500"),
    ],
)
def test_figures_that_differ_look_different(metric, value, others, shown):
    assert digits.figure(metric, value=value, digits=digits.decimals_apart(metric, value=value, others=others)) == shown


@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_only_rounding_hides_a_difference(mine, other):
    mine, other = (float(f"{value:.5g}") for value in (mine, other))
    for metric in ("auc", "wape"):
        places = digits.decimals_apart(metric, value=mine, others=[other])
        shown = [digits.figure(metric, value=value, digits=places) for value in (mine, other)]
        assert (shown[0] == shown[1]) == (mine == other) or abs(mine - other) < 1e-5


def test_a_certain_difference_does_not_end_at_zero():
    values = [0.00102356, 0.0000359321, 0.00206204]
    places = digits.decimals_nonzero("auc", values=values)
    assert [digits.signed("auc", value=value, digits=places) for value in values] == [
        "+0.00102",
        "+0.00004",
        "+0.00206",
    ]
    assert digits.decimals_nonzero("auc", values=[0.02, 0.0, 0.03]) == 3
    assert digits.decimals_nonzero("auc", values=[0.02, 1e-9, 0.03]) == 3
