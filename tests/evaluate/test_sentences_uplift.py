"""What is said of a treatment's effect, and that nothing is claimed that was not randomised."""

import copy

import pytest

from foretell.evaluate.sentences_uplift import effect_sentences, qini_sentences
from foretell.evaluate.view_task import task_section

EFFECT = {
    "value": 22.9678,
    "low": -11.0482,
    "high": 64.2594,
    "raw_difference": 294.024,
    "share_without_overlap": 0.00395883,
    "n_treated": 1263.0,
}


def ranked(value, low, high, *, randomised):
    return {
        "metrics": {"qini": {"value": value, "low": low, "high": high}},
        "unit": "customers",
        "responses": "customers who spent more",
        "randomised": randomised,
    }


def test_qini_is_said_per_hundred_people():
    (line,) = qini_sentences(ranked(0.0125, 0.004, 0.021, randomised=True))
    assert line.startswith("Choosing customers by their predicted effect does better than choosing as many at random")
    assert "it brings 1.2 more customers who spent more per 100 customers" in line
    assert "(95% interval 0.4 to 2.1)" in line


@pytest.mark.parametrize("ends", [(-0.0003, 0.0043), (0.0, 0.01)])
def test_an_interval_with_zero_shows_nothing(ends):
    lines = qini_sentences(ranked(0.0022, *ends, randomised=False))
    assert len(lines) == 1
    assert "cannot be told apart from choosing as many at random" in lines[0]


def test_small_ends_keep_their_sign_and_size():
    assert "(95% interval \u22120.03 to 0.43)" in qini_sentences(ranked(0.0022, -0.0003, 0.0043, randomised=False))[0]


def test_without_chance_nothing_is_brought_about():
    lines = qini_sentences(ranked(0.0125, 0.004, 0.021, randomised=False))
    assert "goes with" in lines[0]
    assert "brings" not in " ".join(lines)
    assert "chance did not decide" in lines[1]


def test_worse_than_random_is_said():
    assert "does worse" in qini_sentences(ranked(-0.0125, -0.021, -0.004, randomised=True))[0]
    assert "1.2 fewer" in qini_sentences(ranked(-0.0125, -0.021, -0.004, randomised=True))[0]


def test_undefined_is_not_described():
    assert qini_sentences({"metrics": {}, "unit": "customers", "randomised": True}) == []


def test_the_effect_on_money_is_weighed():
    text = " ".join(effect_sentences(EFFECT, randomised=False))
    assert "is +22.97 (95% interval \u221211.05 to +64.26)" in text
    assert "no effect is shown" in text
    assert "differ by +294.02" in text
    assert "271.06 of that is put down to how they differed beforehand" in text
    assert "0.40% of those reached have no comparable customer" in text
    certain = effect_sentences(
        {**EFFECT, "low": 3.0, "raw_difference": -5.0, "share_without_overlap": 0.0}, randomised=True
    )
    assert certain[0].startswith("The campaign changed money spent per customer reached by +22.97")
    assert "no effect is shown" not in " ".join(certain)
    assert certain[-1] == "Without adjustment those reached differ by \u22125.00 from those not reached."


def with_uplift(tasks, note="NOT RANDOMISED: chosen by hand."):
    """A promotion task with the variant and the effect that a run adds."""
    task = copy.deepcopy(tasks["promotion"])
    variant = {**copy.deepcopy(task), "notes": [note], "unit": "customers", "responses": "customers who spent more"}
    return {**task, "variants": {"uplift": variant}, "effect": EFFECT}


def test_the_uplift_part_has_words_and_figures_of_its_own(tasks):
    part = task_section("promotion", task=with_uplift(tasks), gates=[], anchor="a")["uplift"]
    assert part["title"] == "What the campaign changes"
    assert "predicted effect" in part["words"][0]
    assert not any("took part" in line or "stated chances" in line for line in part["words"])
    assert [row["name"] for row in part["figures"]][:2] == ["Qini", "Uplift area"]
    assert part["figures"][2]["value"] == "+22.97"
    assert part["notes"] == ["NOT RANDOMISED: chosen by hand."]
    assert [check["code"] for check in part["checks"]] == ["FT007"]
    assert "<svg" in part["chart"]


def test_an_uplift_variant_is_no_table_of_the_response(tasks):
    section = task_section("promotion", task=with_uplift(tasks), gates=[], anchor="a")
    assert section["variants"] == []
    assert task_section("churn", task=tasks["churn"], gates=[], anchor="a")["uplift"] is None


def test_an_effect_without_a_ranking_keeps_the_warning(tasks):
    task = {**tasks["promotion"], "effect": EFFECT, "notes": ["NOT RANDOMISED"]}
    part = task_section("promotion", task=task, gates=[], anchor="a")["uplift"]
    assert part["notes"] == ["NOT RANDOMISED"]
    assert part["chart"] == ""
    assert len(part["figures"]) == 2
