# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

import pytest

from foretell.explain.feature_words import FeatureTalk
from foretell.explain.speech import Speech
from foretell.features import default_features, phrase

NAN = float("nan")
FEATURES = {
    feature.name: feature for feature in default_features(["purchase", "view", "coupon_sent"], categories=["DELI"])
}
RHYTHM = {"order_recency_days": 34.2, "order_gap_mean_days": 6.1, "order_gap_std_days": 2.2, "order_last_gap_days": 4.0}
ITEM = {"item_order_count_all_time": 7.0, "item_order_recency_days": 9.4, "item_gap_mean_days": 8.0}


def say(name, values, *, language="en", effect=0.1, **offer):
    def noun(wanted):
        return FEATURES[wanted].words(language) if wanted in FEATURES else phrase(wanted, language=language)

    return FeatureTalk(Speech(language), values, noun, offer).words(name, effect=effect)


@pytest.mark.parametrize(
    ("name", "values", "english", "chinese"),
    [
        ("order_recency_days", RHYTHM, "no order for 34 days (usual gap 6 days)", "已34天没有下单（平时间隔6天）"),
        (
            "order_overdue_ratio",
            {**RHYTHM, "order_recency_days": 3.0},
            "last order 3 days ago (usual gap 6 days)",
            "上次下单在3天前（平时间隔6天）",
        ),
        ("order_gap_std_days", RHYTHM, "an order every 6 days, give or take 2 days", "平均每6天下一单，波动约2天"),
        ("order_recency_days", {}, "no order so far", "至今没有下过单"),
        (
            "order_recency_days",
            {"order_recency_days": 5.0},
            "only one order so far, 5 days ago",
            "至今只下过一单，在5天前",
        ),
        ("order_count_28_days", {"order_count_28_days": 1.0}, "1 order in the last 28 days", "最近28天订单数为1"),
        ("view_count_7_days", {"view_count_7_days": 0.0}, "no product views in the last 7 days", "最近7天浏览次数为0"),
        ("view_recency_days", {"view_recency_days": 3.5}, "last product view 3 days ago", "距上次浏览天数为3.5"),
        (
            "purchase_value_28_days",
            {"purchase_value_28_days": 1312.4},
            "1,312.40 spent in the last 28 days",
            "最近28天消费金额为1,312.40",
        ),
        (
            "spend_trend_28_days",
            {"purchase_value_28_days": 0.0, "purchase_value_29_to_56_days": 80.0},
            "nothing spent in the last 28 days, after 80.00 in the 28 days before",
            "最近28天没有消费，此前28天消费80.00",
        ),
        (
            "discount_share_91_days",
            {"discount_share_91_days": 0.113},
            "11 % of the price saved by discounts in the last 91 days",
            "最近91天优惠占比为11%",
        ),
        (
            "category_deli_value_share_91_days",
            {},
            "no order in the last 91 days to tell habits from",
            "最近91天没有订单，看不出购买习惯",
        ),
        ("tenure_days", {"tenure_days": 350.0}, "first seen 350 days ago", "首次出现在350天前"),
        ("year_sine", {"year_sine": 0.3}, "the time of the year", "时节"),
        (
            "item_order_count_all_time",
            ITEM,
            "bought 7 times, last 9 days ago, usual gap 8 days",
            "买过7次，上次在9天前，平时间隔8天",
        ),
        (
            "item_overdue_ratio",
            {"item_order_count_all_time": 0.0, "item_action_count_all_time": 3.0},
            "looked at or picked 3 times, never bought",
            "浏览或挑选过3次，从未购买",
        ),
        (
            "category_order_recency_days",
            {"category_order_count_all_time": 2.0, "category_order_recency_days": 12.0},
            "its category bought twice, last 12 days ago",
            "其品类买过2次，上次在12天前",
        ),
        (
            "shop_buyer_count_28_days",
            {"shop_buyer_count_28_days": 801.0},
            "801 different buyers of this item in the last 28 days",
            "最近28天该商品购买人数为801",
        ),
    ],
)
def test_features_in_words(name, values, english, chinese):
    assert say(name, values) == english
    assert say(name, values, language="zh") == chinese


def test_the_offer_is_told_by_its_name_not_by_its_code():
    assert say("position_code", {"position_code": 2.0}, placement="shown at: front page") == "shown at: front page"


def test_the_sequence_speaks_of_the_item_where_there_is_one():
    assert say("sequence", ITEM) == "what this customer did lately points towards this item"
    assert say("sequence", ITEM, effect=-0.1) == "what this customer did lately points away from this item"
    assert "order and timing" in say("sequence", {})


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("value", [NAN, 0.0, 1.0, 0.37, 12.0])
def test_every_feature_can_be_said_at_any_value(language, value):
    for name in FEATURES:
        words = say(name, {name: value}, language=language)
        assert words
        assert "nan" not in words
        assert "_" not in words
