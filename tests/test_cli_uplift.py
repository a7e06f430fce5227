"""The verbs for campaigns on the command line: data on stdout, files where told, refusals with exit code 2."""

import json

import numpy as np
import polars as pl
import pytest


@pytest.fixture(scope="module")
def campaign_file(tmp_path_factory):
    """400 people, a letter that helps the old."""
    random = np.random.default_rng(0)
    age, treated = random.normal(40, 10, 400).round(1), np.arange(400) % 2
    bought = (random.random(400) < 0.2 + 0.4 * treated * (age > 40)).astype(int)
    path = tmp_path_factory.mktemp("campaign") / "campaign.csv"
    arm = np.where(treated == 1, "letter", "none")
    pl.DataFrame({"age": age, "visits": random.integers(0, 9, 400), "arm": arm, "bought": bought}).write_csv(path)
    return path


def test_a_campaign_is_learned_and_new_people_are_answered(foretell_command, campaign_file, tmp_path):
    asked = ("--treatment", "arm", "--control", "none", "--outcome", "bought", "--randomised")
    ran = foretell_command("uplift", campaign_file, *asked, "--out", tmp_path / "run", "--json")
    assert ran.code == 0, ran.err
    assert set(json.loads(ran.out)["uplift"]["arms"]) == {"letter"}
    assert {"report.html", "report.json", "uplift_predictor"} <= {path.name for path in (tmp_path / "run").iterdir()}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    ran = foretell_command("report", tmp_path / "run")
    assert ran.code == 0, ran.err
    assert "best single arm" in ran.out
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8") == page
    ran = foretell_command(
        "uplift-predict", tmp_path / "run", campaign_file, "--budget", "0.1", "--out", tmp_path / "targets.csv"
    )
    assert ran.code == 0, ran.err
    assert "40 of 400 people to treat" in ran.out
    assert "In the campaign itself" in ran.out
    assert pl.read_csv(tmp_path / "targets.csv")["treat"].sum() == pytest.approx(40)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--treatment", "arms", "--control", "none", "--outcome", "bought"), "Did you mean 'arm'"),
        (("--treatment", "arm", "--control", "nobody", "--outcome", "bought"), "letter, none"),
        (("--treatment", "arm", "--control", "none", "--outcome", "bought", "--budget", "20"), "between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(foretell_command, campaign_file, arguments, words):
    ran = foretell_command("uplift", campaign_file, *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert words in " ".join(ran.err.split())
