"""The two verbs of a campaign: learn what it changed for whom, and say whom to treat next.

This module owns the way from a file to a folder with a predictor and a report. The command line adds arguments and
printing only.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from foretell.core.errors import ConfigError
from foretell.model.uplift import Trial
from foretell.tabular.encode import TableEncoder
from foretell.tabular.reading import read_table
from foretell.tabular.recognise import recognise_columns
from foretell.tabular.run import about_run
from foretell.uplift.campaign import Columns, read_campaign
from foretell.uplift.choose import choose_and_fit
from foretell.uplift.out_of_fold import Step, assign, out_of_fold, worth_of
from foretell.uplift.predictor import UpliftPredictor
from foretell.uplift.report import UpliftReport, build_uplift_report

__all__ = ["predict_uplift", "train_uplift"]

_FOLDS: Final = 5
DEFAULT_BUDGET: Final = 0.2


def train_uplift(
    source: object,
    *,
    columns: Columns,
    out: Path | None = None,
    randomised: bool = False,
    cost: float = 0.0,
    budget: float = DEFAULT_BUDGET,
    seed: int = 0,
    replicates: int = 200,
    command: str = "",
    step: Step | None = None,
) -> tuple[UpliftPredictor, UpliftReport]:
    """Learn a campaign's effects, judge them on people each model had not seen, and save predictor and report.

    Args:
        source: A file or frame with one row per person.
        columns: Which column is what.
        out: Where predictor, ``report.json`` and ``report.html`` go; nothing is written without it.
        randomised: Say so where chance decided who was treated; otherwise the chance of treatment is estimated from
            the columns, and what is found is called an adjusted association.
        cost: What treating one person costs, in the unit of the value column (of the outcome, without one).
        budget: The share of people that may be treated, for the comparison of policies.
        seed: Decides every random choice.
        replicates: How many resamples stand behind each interval.
        command: How it was called, for the report.
        step: Told how many folds are done, of how many.

    Returns:
        The predictor and its report.

    Raises:
        SourceError: If the file cannot be read.
        UnknownNameError: If a named column or the control's word does not exist.
        OverlapError: If those treated and those not cannot be compared.
        InsufficientDataError: If there are too few people.
        ConfigError: If the budget is no share or the cost is negative.
    """
    if not 0 < budget <= 1 or cost < 0:
        raise ConfigError(
            "A budget is a share of the people, and a cost is not negative.",
            received=f"budget {budget:g}, cost {cost:g}",
            remedy="Give --budget between 0 and 1 (0.2 is a fifth), and --cost 0 or more.",
        )
    started = time.perf_counter()
    rows = read_table(source)
    campaign = read_campaign(rows, columns=columns)
    encoder = TableEncoder.fit(campaign.frame, recognition=recognise_columns(campaign.frame))
    features = _features(encoder, campaign.frame)
    assignment, inside = assign(campaign, features=features, randomised=randomised, seed=seed)
    features = features[inside]
    names = tuple(encoder.transform(campaign.frame.head(1)).columns)
    found = out_of_fold(assignment, features=features, names=names, n_folds=_FOLDS, seed=seed, step=step)
    judged = time.perf_counter()
    trial = Trial(features, assignment.campaign.arm, assignment.campaign.outcome, assignment.propensity)
    fitted = choose_and_fit(trial, seed=seed).only_chosen()
    worth = worth_of(assignment.campaign)
    facts = {"seed": seed, "randomised": randomised, "treatment": columns.treatment, "outcome": columns.outcome}
    predictor = UpliftPredictor(encoder, fitted, assignment.campaign.arms, worth, cost, facts)
    trained = time.perf_counter()
    report = build_uplift_report(
        predictor,
        assignment=assignment,
        found=found,
        budget=budget,
        run={
            **about_run(
                source,
                in_memory="A campaign in memory",
                command=command,
                seconds={"score": round(judged - started, 2), "train": round(trained - judged, 2)},
            ),
            "notes": [
                *rows.notes,
                *([f"{rows.rejected.height:,} lines could not be read."] * bool(rows.rejected.height)),
            ],
        },
        replicates=replicates,
    )
    predictor = replace(predictor, facts={**facts, "tested": report.document["uplift"]["gain_tested"]})
    if out is not None:
        predictor.save(out)
        report.save(out)
    return predictor, report


def predict_uplift(
    folder: Path, source: object, *, budget: float = 1.0, cost: float | None = None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Whom of a new table to treat, with which arm; its own columns kept beside the answers.

    Args:
        folder: What ``train_uplift`` wrote.
        source: A file or frame with the training table's columns; arm and outcome may be absent.
        budget: The largest share of these people that may be treated.
        cost: What treating one person costs; that of training if None.

    Returns:
        The table, and ``people``, ``treated`` (how many, ties counted by their probability),
        ``expected_net_gain`` (their sum), and ``tested`` (gain per head in the campaign, with interval).

    Raises:
        RunError: If there is no predictor.
        SchemaError: If a column is missing.
    """
    predictor = UpliftPredictor.load(folder)
    rows = read_table(source)
    answers = predictor.predict(rows.frame, budget=budget, cost=cost)
    kept = rows.frame.select(name for name in rows.frame.columns if name not in answers.columns)
    summed = {
        "people": answers.height,
        "treated": float(answers["treat"].sum()),
        "expected_net_gain": float((answers["treat"] * answers["expected_net_gain"]).sum()),
        "tested": predictor.facts.get("tested"),
    }
    return pl.concat([kept, answers], how="horizontal"), summed


def _features(encoder: TableEncoder, frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float32]]:
    return encoder.transform(frame).to_numpy().astype(np.float32)
