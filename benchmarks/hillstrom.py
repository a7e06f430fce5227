"""Promotion response on Hillstrom's e-mail experiment: foretell beside every learner, rule and response model.

Usage: python -m benchmarks.hillstrom hillstrom.csv --out benchmarks/results/hillstrom.json [--row NAME]

64,000 customers, drawn by chance for the Women's e-mail, the Men's e-mail or none. Five folds; all that foretell
chooses (learner, size, calibration) it chooses inside the four training folds, by three folds of their own. Every score
is out of fold. Qini is scikit-uplift's normalised definition (``qini_auc_score``) with its 95 % bootstrap interval, and
per head beside it; every comparison is paired on the same resamples. ``womens_first`` and ``mens_first`` are the rules
``womens == 1`` and ``mens == 1``, written down before. The policy row treats 20 % of the customers with either e-mail;
its rules are the best one could write down: as many at random with the better e-mail, the Women's e-mail to those who
bought women's goods, and each customer the e-mail of what they bought.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from benchmarks.machine import machine, write_result

from foretell.evaluate.policy import best_within_budget
from foretell.tabular.encode import TableEncoder
from foretell.tabular.recognise import recognise_columns
from foretell.uplift.campaign import Columns, read_campaign
from foretell.uplift.judge import judge_policies, judge_ranking
from foretell.uplift.out_of_fold import OutOfFold, assign, out_of_fold

Floats = np.ndarray[Any, np.dtype[np.float64]]

WOMENS, MENS, NONE = "Womens E-Mail", "Mens E-Mail", "No E-Mail"
OUTCOMES: Final = ("visit", "conversion", "spend")
ROWS: Final[dict[str, tuple[tuple[str, ...], str, float]]] = {
    "womens_visit": ((WOMENS,), "visit", 0.060),
    "mens_visit": ((MENS,), "visit", 0.015),
    "any_visit": ((WOMENS, MENS), "visit", 0.035),
    "womens_conversion": ((WOMENS,), "conversion", 0.096),
}
"""By row of the table of figures to beat: the e-mails counted as treatment, the outcome, the best learner's Qini."""

POLICY: Final = "policy_visit"
SHARE: Final = 0.2
REPLICATES: Final = 300


def scored(frame: pl.DataFrame, *, outcome: str, seed: int) -> tuple[OutOfFold, pl.DataFrame]:
    """Out-of-fold effects of a campaign whose arms chance decided."""
    others = tuple(name for name in OUTCOMES if name != outcome)
    campaign = read_campaign(frame, columns=Columns("treatment", NONE, outcome, None, others))
    encoder = TableEncoder.fit(campaign.frame, recognition=recognise_columns(campaign.frame))
    table = encoder.transform(campaign.frame)
    features = table.to_numpy().astype(np.float32)
    assignment, _ = assign(campaign, features=features, randomised=True, seed=seed)
    found = out_of_fold(assignment, features=features, names=tuple(table.columns), seed=seed)
    return found, campaign.frame


def ranking_row(frame: pl.DataFrame, *, name: str, seed: int) -> dict[str, Any]:
    """One row of the table of figures to beat."""
    emails, outcome, reference = ROWS[name]
    rows = frame.filter(pl.col("treatment").is_in([*emails, NONE]))
    rows = rows.with_columns(
        pl.when(pl.col("treatment") == NONE).then(pl.lit(NONE)).otherwise(pl.lit("e-mail")).alias("treatment")
    )
    found, known = scored(rows, outcome=outcome, seed=seed)
    extra = {f"{goods}_first": known[goods].to_numpy().astype(np.float64) for goods in ("womens", "mens")}
    judged = judge_ranking(found, arm=1, extra=extra, replicates=REPLICATES, seed=seed)
    mine = judged["models"]["foretell"]["qini_normalised"]
    rivals = {model: figures for model, figures in judged["models"].items() if model != "foretell"}
    best = max(rivals, key=lambda model: rivals[model]["qini_normalised"]["value"])
    return {
        "people": judged["n"],
        "treated": judged["treated"],
        "best_known_learner": reference,
        "holds": bool(mine["high"] >= reference),
        "reached": bool(mine["value"] >= reference),
        "best_rival_here": best,
        "statements": [statement(model, judged["paired"][model]["qini_normalised"]) for model in rivals],
        "models": judged["models"],
        "foretell_less_each": judged["paired"],
        "by_tenth": judged["shares"],
        "mean_effect": judged["mean_effect"],
        "chosen_in_folds": found.chosen,
        "one_line_rule_in_folds": next(iter(found.rules.values())),
    }


def policy_row(frame: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """Both e-mails, 20 % of the customers: visits per head by each way of choosing."""
    found, known = scored(frame, outcome="visit", seed=seed)
    arms = [WOMENS, MENS] if next(iter(found.rules)) == WOMENS else [MENS, WOMENS]
    womens, mens = (known[goods].to_numpy().astype(np.float64) for goods in ("womens", "mens"))
    n, place = len(womens), {name: number for number, name in enumerate(arms)}

    def gains(of_womens: Floats, of_mens: Floats) -> Floats:
        table = np.zeros((n, 2))
        table[:, place[WOMENS]], table[:, place[MENS]] = of_womens, of_mens
        return table

    ones, none = np.ones(n), np.zeros(n)
    rules = {
        "mens_email_at_random": gains(none, ones),
        "womens_email_to_womens_buyers_first": gains(1 + womens, none),
        "each_what_they_bought_women_first": gains(1 + 2 * womens, 1 + mens * (1 - womens)),
    }
    result: dict[str, Any] = {"people": n, "chosen_in_folds": found.chosen}
    for title, share in (("at_most_20_percent", SHARE), ("however_many", 1.0)):
        extra = {name: best_within_budget(table, share=share) for name, table in rules.items()}
        judged = judge_policies(found, share=share, worth=1.0, cost=0.0, extra=extra, replicates=REPLICATES, seed=seed)
        best = max(rules, key=lambda name: judged["policies"][name]["policy_value"]["value"])
        gap = judged["paired"][best]["policy_value"]
        result[title] = {
            "best_public_rule": best,
            "holds": bool(gap["high"] >= 0),
            "reached": bool(gap["value"] >= 0),
            "statements": [statement(name, figures["policy_value"]) for name, figures in judged["paired"].items()],
            "policies": judged["policies"],
            "foretell_less_each": judged["paired"],
        }
    return result


def statement(rival: str, gap: dict[str, float]) -> str:
    """Who is ahead, or that nobody can tell."""
    told = f"{gap['value']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]"
    if gap["low"] <= 0 <= gap["high"]:
        return f"foretell and {rival} tie: {told}"
    return f"foretell is {'ahead of' if gap['low'] > 0 else 'behind'} {rival}: {told}"


def rounded(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Numbers to five digits after the point."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return round(value, 5) if isinstance(value, float) else value


def main() -> None:
    """Read the arguments, measure the rows asked for, write them into the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="hillstrom.csv, one line per customer")
    parser.add_argument("--out", type=Path, required=True, help="the JSON; rows that are there stay")
    parser.add_argument("--row", choices=[*ROWS, POLICY], action="append", help="by default all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    frame = pl.read_csv(arguments.file)
    result = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    rows, seconds = result.get("rows", {}), result.get("seconds", {})
    for name in arguments.row or [*ROWS, POLICY]:
        started = time.perf_counter()
        if name == POLICY:
            rows[name] = rounded(policy_row(frame, seed=arguments.seed))
        else:
            rows[name] = rounded(ranking_row(frame, name=name, seed=arguments.seed))
        seconds[name] = round(time.perf_counter() - started, 1)
        sys.stderr.write(f"{name}: {seconds[name]} s\n")
        result = {
            "version": 1,
            "data": "MineThatData e-mail challenge (Hillstrom 2008), 64,000 customers",
            "protocol": "see benchmarks/hillstrom.py; 5 folds, all choices inside training folds",
            "seed": arguments.seed,
            "replicates": REPLICATES,
            "machine": machine(),
            "rows": rows,
            "seconds": seconds,
        }
        write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
