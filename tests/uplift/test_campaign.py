"""A campaign's columns: which words are arms, which rows are left out, what is refused."""

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError, SchemaError, UnknownNameError
from foretell.uplift.campaign import Columns, read_campaign


def test_a_control_called_none_is_a_word_like_any_other(campaign_frame, columns):
    found = read_campaign(campaign_frame, columns=columns)
    assert found.arms == ("letter",)
    assert found.frame.columns == ["customer", "age", "segment"]
    assert (found.arm == (campaign_frame["arm"] == "letter").to_numpy()).all()
    assert found.money.tolist() == campaign_frame["spend"].to_list()


def test_arms_may_be_numbers(campaign_frame):
    numbered = campaign_frame.with_columns((pl.col("arm") == "letter").cast(pl.Float64).alias("arm"))
    assert read_campaign(numbered, columns=Columns("arm", "0", "bought")).arms == ("1",)


def test_small_arms_and_rows_without_arm_or_outcome_are_left_out_and_said(campaign_frame, columns):
    n = campaign_frame.height
    rows = pl.int_range(n, eager=True)
    frame = campaign_frame.with_columns(
        arm=pl.when(rows < 10).then(pl.lit("call")).when(rows < 15).then(None).otherwise(pl.col("arm")),
        bought=pl.when(rows == 100).then(None).otherwise(pl.col("bought")),
    )
    found = read_campaign(frame, columns=columns)
    assert len(found.arm) == n - 16
    assert any("call (10)" in note for note in found.notes)
    assert any("16 rows" in note for note in found.notes)


def test_an_amount_is_an_outcome_too(campaign_frame):
    found = read_campaign(campaign_frame, columns=Columns("arm", "none", "spend", drop=("bought",)))
    assert np.array_equal(found.outcome, campaign_frame["spend"].to_numpy())
    assert "bought" not in found.frame.columns


def test_what_is_no_campaign_is_refused(campaign_frame, columns):
    with pytest.raises(UnknownNameError, match="no column named 'arms'"):
        read_campaign(campaign_frame, columns=Columns("arms", "none", "bought"))
    with pytest.raises(UnknownNameError, match="no arm in 'arm' named 'nobody'"):
        read_campaign(campaign_frame, columns=Columns("arm", "nobody", "bought"))
    with pytest.raises(SchemaError, match="too many values"):
        read_campaign(campaign_frame, columns=Columns("customer", "c00000", "bought"))
    with pytest.raises(SchemaError, match="neither yes or no nor a number"):
        read_campaign(campaign_frame, columns=Columns("arm", "none", "segment"))
    with pytest.raises(InsufficientDataError, match="treated and people who were not"):
        read_campaign(campaign_frame.head(60), columns=columns)
