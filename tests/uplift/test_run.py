"""From a campaign's table to a predictor and a report: the planted effect is found, said honestly, and acted on."""

import json

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import ConfigError, RunError, SchemaError
from foretell.evaluate import Report
from foretell.model.uplift import BASELINES, UPLIFT_LEARNERS
from foretell.uplift import Columns, OverlapError, UpliftPredictor, predict_uplift, train_uplift
from foretell.uplift.words import result_text


@pytest.fixture(scope="module")
def found(trained):
    return trained[2].document["uplift"]


def test_every_learner_and_baseline_stands_beside(found):
    models = found["arms"]["letter"]["models"]
    assert {"foretell", *UPLIFT_LEARNERS, "response_model", "one_line_rule"} == set(models)
    assert {*BASELINES, *UPLIFT_LEARNERS, "foretell", "nobody"} == set(found["within_budget"]["policies"])
    for figures in models.values():
        assert {"qini", "qini_normalised", "uplift_auc", "autoc", "gain_area"} == set(figures)
        for figure in figures.values():
            assert figure["low"] <= figure["value"] <= figure["high"]


def test_the_planted_effect_is_found(found, trained, campaign_frame):
    letter = found["arms"]["letter"]
    assert letter["mean_effect"]["low"] < 0.2 < letter["mean_effect"]["high"]
    assert letter["models"]["foretell"]["qini"]["low"] > 0
    assert letter["models"]["foretell"]["autoc"]["low"] > 0
    assert all(rule.startswith("age > ") for rule in letter["rule"])
    effects = trained[1].effects(campaign_frame)[:, 0]
    old = campaign_frame["age"].to_numpy() > 40
    assert effects[old].mean() == pytest.approx(0.4, abs=0.12)
    assert effects[~old].mean() == pytest.approx(0.0, abs=0.12)


def test_a_budget_spent_as_foretell_says_earns_more_than_at_random(found):
    within = found["within_budget"]
    assert within["policies"]["foretell"]["policy_treated"]["value"] == pytest.approx(0.3, abs=0.01)
    # 30 % treated, .4 more purchases of about 20 each, at a cost of 2.
    assert within["policies"]["foretell"]["policy_net"]["value"] == pytest.approx(0.3 * (0.4 * 20 - 2), abs=0.8)
    assert within["paired"]["single_arm"]["policy_net"]["low"] > 0
    assert within["policies"]["nobody"]["policy_net"]["value"] == 0


def test_a_tie_with_the_rule_is_said_to_be_one(found):
    gap = found["arms"]["letter"]["paired"]["one_line_rule"]["qini"]
    said = " ".join(found["verdicts"])
    assert gap["low"] <= 0 <= gap["high"]
    assert "The one-line rule (age > " in said
    assert "does as well" in said
    assert "NOT RANDOMISED" not in said
    assert "DOUBT ABOUT CHANCE" not in said


def test_the_answer_is_the_same_after_saving(trained, campaign_frame):
    folder, predictor, _ = trained
    again = UpliftPredictor.load(folder)
    assert again.predict(campaign_frame, budget=0.1).equals(predictor.predict(campaign_frame, budget=0.1))
    assert not list(folder.rglob("*.pkl"))


def test_targets_keep_the_budget_and_the_table(trained, campaign_frame):
    new = campaign_frame.drop("arm", "bought", "spend").head(200)
    answers, summed = predict_uplift(trained[0], new, budget=0.1)
    assert answers.columns[:3] == ["customer", "age", "segment"]
    assert answers["treat"].sum() == pytest.approx(20)
    chosen = answers.filter(pl.col("treat") == 1)
    assert (chosen["age"] > 38).all()
    assert (chosen["best_arm"] == "letter").all()
    assert summed["expected_net_gain"] == pytest.approx((answers["treat"] * answers["expected_net_gain"]).sum())
    dear, _ = predict_uplift(trained[0], new, cost=1000.0)
    assert dear["treat"].sum() == 0


def test_the_report_opens_again_and_has_a_page(trained):
    folder, _, report = trained
    assert Report.load(folder).document == json.loads(report.json())
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("Whom to treat", "one-line rule", "AUTOC", "letter", "Can arms be compared"):
        assert words in page
    assert set(report.frame()["task"]) == {"letter", "policies"}
    assert "treated" in result_text(report.document)


def test_a_damaged_or_missing_predictor_is_refused(trained, tmp_path):
    with pytest.raises(RunError, match="no finished uplift predictor"):
        UpliftPredictor.load(tmp_path)
    home = trained[1].save(tmp_path)
    trees = home / "trees.json"
    trees.write_text(trees.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        UpliftPredictor.load(tmp_path)


def test_a_missing_column_and_an_impossible_budget_are_refused(trained, campaign_frame, columns):
    with pytest.raises(SchemaError, match="missing"):
        trained[1].predict(campaign_frame.drop("age"))
    for wrong in ({"budget": 20.0}, {"cost": -1.0}):
        with pytest.raises(ConfigError, match="budget is a share"):
            train_uplift(campaign_frame, columns=columns, **wrong)


def test_no_effect_is_spoken_of_where_the_shop_chose_and_nobody_is_alike(simulated):
    frame = simulated(2000, chosen_by_age=9.0)
    with pytest.raises(OverlapError, match="too different to compare"):
        train_uplift(frame, columns=Columns("arm", "none", "bought", drop=("spend",)))


@pytest.mark.slow
def test_where_the_shop_chose_the_difference_is_adjusted_and_not_called_an_effect(simulated):
    frame = simulated(3000, chosen_by_age=1.0)
    columns = Columns("arm", "none", "bought", drop=("spend",))
    found = train_uplift(frame, columns=columns, replicates=40)[1].document["uplift"]
    told = frame.group_by("arm").agg(pl.col("bought").mean())
    raw = dict(told.rows())["letter"] - dict(told.rows())["none"]
    adjusted = found["arms"]["letter"]["mean_effect"]
    assert found["verdicts"][0].startswith("NOT RANDOMISED")
    assert " changed " not in " ".join(found["verdicts"])
    assert found["overlap"]["letter"]["doubtful"]
    assert abs(adjusted["value"] - 0.2) < abs(raw - 0.2)
    doubted = train_uplift(frame, columns=columns, randomised=True, replicates=40)[1].document["uplift"]
    assert "DOUBT ABOUT CHANCE" in " ".join(doubted["verdicts"])
    assert np.isfinite(adjusted["value"])
