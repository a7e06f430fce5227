import pytest

from foretell.explain.families import UNDEFINED_HABITS, family_of, strongest_by_family


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("order_recency_days", "rhythm"),
        ("second_order_recency_days", "rhythm"),
        ("purchase_count_7_days", "frequency"),
        ("purchase_value_91_days", "spending"),
        ("purchase_discount_7_days", "discounts"),
        ("view_count_28_days", "view"),
        ("cart_recency_days", "cart"),
        ("coupon_redemption_ratio_all_time", "coupons"),
        ("category_deli_value_share_91_days", "category_deli_value_share_91_days"),
        ("category_order_count_28_days", "item category"),
        ("category_2_overdue_ratio", "item category"),
        ("item_order_share", "item"),
        ("shop_buyer_count_28_days", "item sales"),
        ("shop_price_mean", "shop_price_mean"),
        ("position_code", "placement"),
        ("campaign_kind_code", "campaign"),
        ("units_mean_4_weeks", "units"),
        ("sequence", "sequence"),
    ],
)
def test_relatives_are_told_together(name, family):
    assert family_of(name) == family


def test_shares_of_nothing_say_one_thing_together():
    names = ("discount_share_91_days", "category_deli_value_share_91_days", "order_hour_mode_91_days")
    told = strongest_by_family(dict.fromkeys(names, 0.01), undefined=names)
    assert list(told) == [UNDEFINED_HABITS]
    assert told[UNDEFINED_HABITS][1] == pytest.approx(0.03)


def test_the_speaker_pulls_in_the_direction_of_the_whole():
    told = strongest_by_family({"order_count_7_days": -0.05, "order_count_28_days": 0.04, "order_count_91_days": 0.03})
    assert told["frequency"] == ("order_count_28_days", pytest.approx(0.02))
