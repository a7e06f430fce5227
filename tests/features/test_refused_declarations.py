"""Declarations and settings without meaning or effect are refused, with what there is instead."""

import pytest

from foretell.core.errors import ConfigError
from foretell.core.time import DAY
from foretell.features import Declaration, FeatureConfig, UserFeatures

# Rows that make every declared value occur in training.
SEED_ROWS = [
    {"user_id": "zoe", "time": 16_990 * DAY + n, "action": action, "item_id": item, "order_id": order, "price": 1.5,
     "query": "tea", "value": 2.0}
    for n, (action, item, order) in enumerate(
        [("purchase", "tea", "o1"), ("view", "bun", "o2"), ("search", "jam", None), ("view", "soap", "o3")]
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"aggregate": "count", "column": "value"}, "does not heed"),
        ({"aggregate": "order_count", "actions": "view"}, "does not heed"),
        ({"aggregate": "recency_days", "window_days": 7}, "does not heed"),
        ({"aggregate": "count", "top": 2}, "does not heed"),
        ({"aggregate": "median"}, "unknown aggregate"),
        ({"aggregate": "sum", "column": "item_id"}, "needs a number column"),
        ({"aggregate": "sum", "column": "prise"}, "needs a number column"),
        ({"aggregate": "distinct", "column": "price"}, "needs a text column"),
        ({"aggregate": "distinct", "column": "colour"}, "neither events nor items have"),
        ({"aggregate": "count", "where": {"colour": "red"}}, "neither events nor items have"),
        ({"aggregate": "count", "each": "colour"}, "neither events nor items have"),
        ({"aggregate": "count", "actions": "purchse"}, "never occurs in training"),
        ({"aggregate": "count", "where": {"category": "foot"}}, "never occurs in training"),
        ({"aggregate": "count", "each": "store_id"}, "has none in training"),
        ({"aggregate": "trend"}, "needs a window"),
        ({"aggregate": "count_share"}, "has none"),
        ({"aggregate": "count", "time_zone": "Asia/Shanghai"}, "nothing that depends on it"),
        ({"aggregate": "ratio", "of": ["tenure_days"]}, "combines two features"),
        ({"aggregate": "ratio", "of": ["tenure_days", "later"]}, "not declared before"),
        ({"aggregate": "price_level", "relative_to": "category_3"}, "items do not have"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(make_frame, items, body, message):
    config = FeatureConfig(define={"odd": Declaration.model_validate(body)})
    with pytest.raises(ConfigError, match=message) as caught:
        UserFeatures.fit(make_frame(SEED_ROWS), items=items, config=config)
    assert caught.value.received
    assert caught.value.remedy


def test_a_near_miss_is_named(make_frame, items):
    config = FeatureConfig(define={"odd": Declaration(aggregate="count", actions=("purchse",))})
    with pytest.raises(ConfigError, match="purchase"):
        UserFeatures.fit(make_frame(SEED_ROWS), items=items, config=config)


@pytest.mark.parametrize(
    "body",
    [
        {"aggregate": "count", "windows": [7]},
        {"aggregate": "count", "window_days": 7, "windows_days": [7]},
        {"aggregate": "count", "windows_days": [7, 7]},
        {"aggregate": "count", "hours": [7, 7]},
        {"aggregate": "count", "hours": [7, 25]},
        {"aggregate": "count", "weekdays": ["sunday"]},
        {"aggregate": "count", "time_zone": "Mars/One", "hours": [1, 2]},
        {"aggregate": "count", "where": {"category": []}},
        {"aggregate": "count", "each": "category", "where": {"category": "food"}},
        {"aggregate": "count", "at_most": 3},
    ],
)
def test_declarations_out_of_range_are_refused(body):
    with pytest.raises(ValueError, match="validation error"):
        Declaration.model_validate(body)


@pytest.mark.parametrize(
    "section", [{"keep": 5}, {"replace_defaults": True}, {"selct": "association"}, {"define": {"Bad name": {}}}]
)
def test_settings_without_effect_are_refused(section):
    with pytest.raises(ValueError, match="validation error"):
        FeatureConfig.model_validate(section)
