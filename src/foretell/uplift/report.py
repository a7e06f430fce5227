"""The report of a campaign: what each arm changed, how well people are ranked, what policies are worth, overlap.

This module owns the document (``report.json``, with its figures under ``uplift``) and its verdicts. It refuses to fit
and to draw (``page``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import polars as pl

from foretell.evaluate import Report, build_report
from foretell.evaluate.definitions import definition
from foretell.evaluate.overlap import imbalance
from foretell.uplift.judge import NOBODY, judge_policies, judge_ranking
from foretell.uplift.out_of_fold import FORETELL, Assignment, OutOfFold
from foretell.uplift.page import render_page
from foretell.uplift.predictor import UpliftPredictor
from foretell.uplift.words import verdicts

__all__ = ["UpliftReport", "build_uplift_report"]

_SHOWN: Final = (
    *("qini", "qini_normalised", "uplift_auc", "autoc"),
    *("policy_gain", "policy_value", "policy_value_ipw", "policy_net"),
)
_MOST_IMBALANCES: Final = 5


class UpliftReport(Report):
    """A report whose page speaks of arms and people instead of tasks."""

    def html(self) -> str:
        """The page: one file that needs nothing else, not even a network."""
        return render_page(self.document)

    def frame(self) -> pl.DataFrame:
        """One row per arm (or ``policies``), model and metric, with ``value``, ``low`` and ``high``."""
        found = self.document["uplift"]
        parts = {name: part["models"] for name, part in found["arms"].items()}
        parts["policies"] = found["within_budget"]["policies"]
        rows = [
            {"task": task, "model": model, "metric": metric, **figure}
            for task, models in parts.items()
            for model, metrics in models.items()
            for metric, figure in metrics.items()
        ]
        return pl.DataFrame(rows)


def build_uplift_report(
    predictor: UpliftPredictor,
    *,
    assignment: Assignment,
    found: OutOfFold,
    budget: float,
    run: dict[str, Any],
    replicates: int = 200,
) -> UpliftReport:
    """Judge everything on the same resamples and put it together.

    Args:
        predictor: What was trained on everybody.
        assignment: Overlap, and what was refused.
        found: Out-of-fold effects.
        budget: The share that may be treated.
        run: ``title``, ``command``, ``seconds``, ``peak_memory_mib``, ``environment``, ``notes``.
        replicates: How many bootstrap resamples.
    """
    campaign, seed = assignment.campaign, predictor.facts["seed"]
    randomised = bool(predictor.facts["randomised"])
    arms = {
        name: judge_ranking(found, arm=number, replicates=replicates, seed=seed) | {"rule": found.rules[name]}
        for number, name in enumerate(campaign.arms, start=1)
    }
    within, unlimited = (
        judge_policies(found, share=share, worth=predictor.worth, cost=predictor.cost, replicates=replicates, seed=seed)
        for share in (budget, 1.0)
    )
    base = build_report(
        {},
        model={"size": predictor.fitted.chosen, "parameters": 0, "seed": seed, "device": "cpu"},
        data={"events": len(campaign.arm), "users": len(campaign.arm), "items": 0, "removed": {}},
        windows={},
        seconds=run["seconds"],
        peak_memory_mib=run["peak_memory_mib"],
        title=run["title"],
        command=run["command"],
        environment=run["environment"],
    ).document
    definitions = {name: definition(name) for name in _SHOWN}
    base["definitions"] = {
        name: {"label": one.label, "better": one.better, "meaning": one.meaning, "formula": one.formula}
        for name, one in definitions.items()
    }
    features = found.trial.features.astype("float64")
    names = predictor.encoder.transform(campaign.frame.head(1)).columns
    base["uplift"] = {
        "randomised": randomised,
        "treatment": predictor.facts["treatment"],
        "outcome": predictor.facts["outcome"],
        "people": len(campaign.arm),
        "control": int((campaign.arm == 0).sum()),
        "in_money": found.money is not None,
        "worth": predictor.worth,
        "cost": predictor.cost,
        "notes": [*campaign.notes, *run["notes"]],
        "overlap": {
            name: asdict(one) | {"doubtful": one.chance_is_doubtful} for name, one in assignment.overlaps.items()
        },
        "refused": assignment.refused,
        "imbalance": {
            name: dict(
                list(
                    imbalance(
                        features, arm=campaign.arm, number=number, names=names, propensity=assignment.propensity
                    ).items()
                )[:_MOST_IMBALANCES]
            )
            for number, name in enumerate(campaign.arms, start=1)
        },
        "chosen": predictor.fitted.chosen,
        "chosen_in_folds": found.chosen,
        "scores_inside_training": predictor.fitted.scores,
        "arms": arms,
        "within_budget": within,
        "unlimited": unlimited,
        "gain_tested": {
            "budget": budget,
            "gain": within["policies"][FORETELL].get("policy_gain"),
            "net": within["policies"][FORETELL].get("policy_net"),
            "over_nobody": within["paired"][NOBODY].get("policy_net"),
        },
    }
    base["uplift"]["verdicts"] = verdicts(base["uplift"])
    return UpliftReport(base)
