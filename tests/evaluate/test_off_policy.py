"""Another policy's value from the log of one: by hand, without bias, with intervals that hold, and with its checks."""

import numpy as np
import pytest

from foretell.evaluate.inputs import EvaluationError
from foretell.evaluate.off_policy import off_policy_value

CHOICES, WORTH = 5, np.array([0.02, 0.05, 0.1, 0.2, 0.4])
LOGGED = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
OURS = np.array([0.05, 0.05, 0.2, 0.3, 0.4])


def world(n, seed):
    """What was chosen, whether it was clicked; the reward depends on the choice alone."""
    random = np.random.default_rng(seed)
    choice = random.choice(CHOICES, size=n, p=LOGGED)
    return choice, (random.random(n) < WORTH[choice]).astype(float)


def judged(n=4000, seed=0, **given):
    choice, reward = world(n, seed)
    return off_policy_value(reward, propensity=LOGGED[choice], target=OURS[choice], **given)


def test_by_hand():
    found = off_policy_value(
        [1.0, 0.0, 2.0],
        propensity=[0.5, 0.25, 0.1],
        target=[0.25, 0.5, 0.2],
        predicted=[0.8, 0.1, 1.0],
        expected=[1.0] * 3,
    )
    weight = np.array([0.5, 2.0, 2.0])
    assert found["estimates"]["logged"]["value"] == pytest.approx(1.0)
    assert found["estimates"]["ips"]["value"] == pytest.approx((0.5 + 4.0) / 3)
    assert found["estimates"]["snips"]["value"] == pytest.approx(4.5 / 4.5)
    assert found["estimates"]["direct"]["value"] == pytest.approx(1.0)
    assert found["estimates"]["doubly_robust"]["value"] == pytest.approx(1 + (0.5 * 0.2 - 2 * 0.1 + 2 * 1.0) / 3)
    assert found["gains"]["ips"]["value"] == pytest.approx(0.5)
    assert found["weights"]["effective_rows"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


@pytest.mark.parametrize("name", ["ips", "snips", "doubly_robust"])
def test_no_bias_even_with_a_poor_model(name):
    truth = float(OURS @ WORTH)
    values = []
    for seed in range(60):
        choice, reward = world(1500, seed)
        found = off_policy_value(
            reward,
            propensity=LOGGED[choice],
            target=OURS[choice],
            predicted=np.full(len(choice), 0.3),
            expected=np.full(len(choice), 0.3),
            replicates=20,
        )
        values.append(found["estimates"][name]["value"])
    assert np.mean(values) == pytest.approx(truth, abs=3 * np.std(values) / np.sqrt(len(values)))


def test_a_good_model_narrows_the_interval():
    choice, reward = world(4000, 1)
    expected = np.full(len(choice), float(OURS @ WORTH))
    found = off_policy_value(
        reward, propensity=LOGGED[choice], target=OURS[choice], predicted=WORTH[choice], expected=expected
    )["estimates"]
    widths = {name: one["high"] - one["low"] for name, one in found.items()}
    assert widths["doubly_robust"] < widths["ips"]


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = float(OURS @ WORTH)
    inside = [
        one["low"] <= truth <= one["high"]
        for one in (judged(1500, seed, replicates=200)["estimates"]["snips"] for seed in range(100))
    ]
    assert 0.88 <= np.mean(inside) <= 0.99


def test_what_the_log_itself_did_is_valued_as_it_was():
    choice, reward = world(500, 2)
    found = off_policy_value(reward, propensity=LOGGED[choice], target=LOGGED[choice])
    assert found["estimates"]["ips"] == found["estimates"]["logged"]
    assert found["gains"]["snips"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert [check["status"] for check in found["checks"]] == ["pass", "pass"]


def test_chances_that_do_not_fit_the_log_are_found_out():
    choice, reward = world(4000, 3)
    found = off_policy_value(reward, propensity=LOGGED[choice] / 2, target=OURS[choice])
    assert found["checks"][0]["status"] == "fail"
    assert "should average one" in found["checks"][0]["message"]
    never_tried = choice < 3  # a log in which two of the choices do not occur
    found = off_policy_value(
        reward[never_tried], propensity=LOGGED[choice][never_tried], target=OURS[choice][never_tried]
    )
    assert found["checks"][0]["status"] == "fail"


def test_cutting_weights_hides_no_chance_that_does_not_fit():
    choice, reward = world(4000, 3)
    found = off_policy_value(reward, propensity=LOGGED[choice] * 0.5, target=OURS[choice], largest_weight=2.0)
    assert found["weights"]["cut"] > 0
    assert found["checks"][0]["status"] == "fail"


def test_rounded_chances_pass_and_few_rows_are_not_taken_for_proof():
    rounded = off_policy_value([1.0, 0.0] * 50, propensity=[0.3333] * 100, target=[1 / 3] * 100)
    assert rounded["checks"][0]["status"] == "pass"
    few = off_policy_value([1.0, 0.0, 0.0] * 4, propensity=[0.5] * 12, target=[1.0, 0.0, 0.0] * 4)
    assert few["checks"][0]["status"] == "warn"
    assert "too few rows" in few["checks"][0]["message"] or "chance" in few["checks"][0]["message"]


def test_a_handful_of_customers_is_said():
    choice, reward = world(2000, 5)
    found = off_policy_value(reward, propensity=LOGGED[choice], target=OURS[choice], cluster=np.arange(2000) % 5)
    assert found["checks"][1]["status"] == "warn"
    assert "5 customers only" in found["checks"][1]["message"]


def test_few_effective_rows_are_said():
    found = judged(150)
    assert found["weights"]["effective_rows"] < 100
    assert found["checks"][1]["status"] == "warn"


def test_cut_weights_are_counted_and_smaller():
    found = judged(largest_weight=2.0)
    assert found["weights"]["largest"] == 2.0
    assert found["weights"]["cut"] > 0
    assert found["estimates"]["ips"]["value"] < judged()["estimates"]["ips"]["value"]


def test_customers_are_drawn_whole():
    choice, reward = world(2000, 4)
    rows = {"propensity": LOGGED[choice], "target": OURS[choice]}
    alone = off_policy_value(reward, **rows)["estimates"]["ips"]
    twice = {name: np.tile(values, 2) for name, values in rows.items()}
    again = off_policy_value(np.tile(reward, 2), **twice, cluster=np.tile(np.arange(2000), 2))["estimates"]["ips"]
    assert again == pytest.approx(alone)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"propensity": [0.0, 0.5]}, "above 0"),
        ({"propensity": [50.0, 20.0]}, "at most 1"),
        ({"target": [-0.1, 0.5]}, "chances"),
        ({"target": [0.0, 0.0]}, "none of the logged choices"),
        ({"target": [0.5]}, "target"),
        ({"predicted": [0.5, 0.5]}, "Give both"),
        ({"largest_weight": 0.0}, "largest weight"),
        ({"reward": [np.nan, 1.0]}, "reward"),
    ],
)
def test_what_cannot_be_is_refused_in_words(change, words):
    given = {"reward": [1.0, 0.0], "propensity": [0.5, 0.5], "target": [0.5, 0.5]} | change
    with pytest.raises(EvaluationError, match=words):
        off_policy_value(given.pop("reward"), **given)
