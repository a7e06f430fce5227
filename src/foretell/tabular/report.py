"""The report of the plain case: every model side by side on test rows, with intervals, calibration and strengths.

This module owns the document (``report.json``, of the same form as a run's) and what is special to tables in it. It
refuses to train and to draw (``page``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.evaluate import Evidence, FeatureStrength, Report, TaskFacts, build_report, evaluate_probability
from foretell.tabular.classification import classification_report
from foretell.tabular.leakage import Suspicion
from foretell.tabular.page import render_page
from foretell.tabular.predictor import TabularPredictor

__all__ = ["MAJORITY", "TabularReport", "Tested", "build_tabular_report"]

Floats = NDArray[np.float64]

MAJORITY: Final = "majority"
_MOST_FEATURES: Final = 30


class TabularReport(Report):
    """A report whose page speaks of rows of a table instead of events of a log."""

    def html(self) -> str:
        """The page: one file that needs nothing else, not even a network."""
        return render_page(self.document)


@dataclass(frozen=True)
class Tested:
    """Test rows and what is known about the table they come from.

    Attributes:
        frame: The test rows.
        label: 0 or 1 ``[n]``.
        table: Counts and notes about the table: ``rows``, ``without_target``, ``rejected``, ``dropped``, ``notes``.
        windows: First and last time of training and test, if rows have a time.
        suspicions: Columns that may encode the answer.
    """

    frame: pl.DataFrame
    label: Floats
    table: dict[str, Any]
    windows: dict[str, list[str]]
    suspicions: list[Suspicion]


def build_tabular_report(
    predictor: TabularPredictor,
    *,
    tested: Tested,
    run: dict[str, Any],
    replicates: int = 200,
    seed: int = 0,
) -> TabularReport:
    """Evaluate every model on the test rows, all on the same resamples.

    Args:
        predictor: What was trained.
        tested: The test rows.
        run: ``title``, ``command``, ``seconds``, ``peak_memory_mib``, ``environment``.
        replicates: How many bootstrap resamples.
        seed: Fixes them.
    """
    choice, words = predictor.choice, (predictor.target["no"], predictor.target["yes"])
    chances = {name: predictor.probabilities(tested.frame, model=name) for name in choice.calibrations}
    train_rate = float(predictor.facts["train_rate"])
    chances[MAJORITY] = np.full(len(tested.label), train_rate)
    mine = chances[choice.chosen]
    suspicion_notes = [one.message for one in tested.suspicions]
    task = evaluate_probability(
        tested.label,
        probability=mine,
        facts=TaskFacts(
            kind="tabular",
            horizon_days=None,
            question=f"Is {predictor.target['name']} {words[1]}?",
            unit="rows",
            notes=[*suspicion_notes, *tested.table["notes"]],
            do_not_use_for=[
                f"deciding before it is clear when {one.column} becomes known." for one in tested.suspicions
            ],
        ),
        baselines={name: chance for name, chance in chances.items() if name != choice.chosen},
        uncalibrated=predictor.uncalibrated(tested.frame),
        evidence=Evidence(
            features=_strengths(predictor),
            blend={**choice.weights} if choice.chosen == "blend" else {choice.chosen: 1.0},
            examples=_examples(tested, mine),
            validation_rate=choice.positive_rate,
        ),
        seed=seed,
        replicates=replicates,
    )
    task["checks"].append(_leakage_check(tested.suspicions))
    task["chosen"] = choice.chosen
    task["scores_inside_training"] = choice.scores
    task["suspicions"] = [one.to_json() for one in tested.suspicions]
    task["thresholds_for_best_f1"] = choice.thresholds
    task["classification"] = {
        name: classification_report(tested.label, probability=chance, words=words, replicates=replicates, seed=seed)
        for name, chance in chances.items()
    }
    rows = tested.table["rows"]
    report = build_report(
        {predictor.target["name"]: task},
        model={
            "size": choice.chosen,
            "parameters": _parameters(predictor),
            "seed": predictor.facts["seed"],
            "device": "cpu",
        },
        data={
            "events": rows,
            "users": rows,
            "items": len(predictor.fitted.preparation.names),
            "removed": {"no_target": tested.table["without_target"], "unreadable": tested.table["rejected"]},
        },
        windows=tested.windows,
        seconds=run["seconds"],
        peak_memory_mib=run["peak_memory_mib"],
        title=run["title"],
        quality={
            "rows_in": rows + tested.table["without_target"] + tested.table["rejected"],
            "rows_out": rows,
            "meaning": {
                "no_target": "The row says neither yes nor no.",
                "unreadable": "The line could not be read.",
            },
        },
        command=run["command"],
        environment=run["environment"],
    )
    report.document["table"] = {
        **tested.table,
        "target": predictor.target,
        "split": predictor.facts["split"],
        "train_rows": predictor.facts["train_rows"],
        "test_rows": len(tested.label),
        "columns": predictor.fitted.preparation.encoder.recognition.to_json()["columns"],
        "features": list(predictor.fitted.preparation.names),
        "features_dropped": predictor.fitted.preparation.selection.filter(~pl.col("kept"))
        .select("name", "reason")
        .to_dicts(),
    }
    return TabularReport(report.document)


def _strengths(predictor: TabularPredictor) -> list[FeatureStrength]:
    preparation = predictor.fitted.preparation
    trees = predictor.fitted.models.get("lightgbm")
    gains: dict[str, float] = {}
    if trees is not None and hasattr(trees, "gains"):
        total = trees.gains()
        gains = dict(zip(preparation.names, (total / max(float(total.sum()), 1e-12)).tolist(), strict=True))
    table = preparation.selection.filter(pl.col("kept")).head(_MOST_FEATURES)
    return [
        FeatureStrength(row["name"], row["association"], row["measure"], gains.get(row["name"]))
        for row in table.iter_rows(named=True)
    ]


def _leakage_check(found: list[Suspicion]) -> dict[str, str]:
    if not found:
        message = "No column is both strong alone and missed by the others when it is left out."
        return {"code": "TB001", "name": "answer encoded in a column", "status": "pass", "message": message}
    return {
        "code": "TB001",
        "name": "answer encoded in a column",
        "status": "warn",
        "message": " ".join(one.message for one in found),
    }


def _examples(tested: Tested, chance: Floats) -> list[dict[str, Any]]:
    """The likeliest, the middle and the unlikeliest row, with a few of their cells."""
    order = np.argsort(-chance, kind="stable")
    rows = [int(order[place]) for place in dict.fromkeys((0, len(order) // 2, len(order) - 1))]
    names = tested.frame.columns[:4]
    return [
        {
            **{name: tested.frame[name][row] for name in names},
            "probability": float(chance[row]),
            "label": int(tested.label[row]),
        }
        for row in rows
    ]


def _parameters(predictor: TabularPredictor) -> int:
    network = predictor.fitted.models.get("dense_64_32_1")
    return int(network.parameters()) if network is not None and hasattr(network, "parameters") else 0
