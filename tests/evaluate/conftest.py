"""A made-up run with all six tasks, with known relations between labels, models and baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foretell.evaluate import (
    Evidence,
    FeatureStrength,
    Report,
    TaskFacts,
    Treatment,
    build_report,
    evaluate_probability,
    evaluate_quantiles,
    evaluate_ranking,
)

HOSTILE = '<script>alert("x")</script> & <b>bold</b>'


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def probability_task(
    kind: str,
    *,
    n: int,
    shift: float,
    strength: float,
    rival: float,
    question: str,
    seed: int,
    unit: str = "households",
    treated: bool = False,
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A task whose truth is a sum of what the model sees, what only it sees, and noise."""
    generator = np.random.default_rng(seed)
    person = generator.normal(size=n)
    extra = generator.normal(size=n)
    truth = sigmoid(shift + strength * person + 0.6 * extra)
    label = (generator.random(n) < truth).astype(float)
    model = sigmoid(shift + strength * person + 0.5 * extra)
    forest = sigmoid(shift + strength * person + rival * extra + 0.15 * generator.normal(size=n))
    recency = np.exp(0.7 * person + 0.9 * generator.normal(size=n)) * 9
    segment = np.where(person > 1.1, "gold", np.where(person > -0.2, "silver", "bronze")).astype(object)
    segment[:23] = "staff cards"
    features = [
        ("Purchases in the last 28 days", 0.79, 0.21),
        ("Days since the last purchase", 0.22, 0.18),
        ("Typical gap between visits (days)", 0.31, 0.11),
        ("Spend in the last 91 days", 0.72, 0.09),
        ("Share of purchases on discount", 0.58, 0.05),
        ("Different departments, last 91 days", 0.66, 0.04),
        (HOSTILE, 0.55, 0.02),
    ]
    return evaluate_probability(
        label,
        probability=model,
        baselines={
            "lightgbm": forest,
            "recency_frequency": recency,
            "majority": np.full(n, label.mean()),
        },
        cluster=generator.integers(0, max(n // 2, 1), n),
        threshold=float(np.quantile(model, 1 - label.mean())),
        slices={
            "customer": np.where(generator.random(n) < 0.18, "new", "returning"),
            "segment": segment,
        },
        uncalibrated=sigmoid(1.5 * np.log(model / (1 - model)) + 0.25),
        treatment=Treatment(
            treated=(generator.random(n) < sigmoid(0.4 * person)).astype(float), score=model, randomised=False
        )
        if treated
        else None,
        facts=TaskFacts(kind=kind, horizon_days=28, question=question, unit=unit, notes=notes),
        evidence=Evidence(
            features=[FeatureStrength(name, auc, "auc", use) for name, auc, use in features],
            blend={"sequence_model": 0.62, "lightgbm": 0.38},
            examples=[
                {
                    "user_id": f"{1000 + row}",
                    "cutoff": "2017-12-03",
                    "probability": float(model[row]),
                    "reasons": why,
                }
                for row, why in enumerate(["bought four times in two weeks", "usual gap of 9 days has passed", HOSTILE])
            ],
            validation_rate=float(label.mean() * 1.06),
            unknown_share={"users": 0.004, "items": 0.031},
        ),
        seed=seed,
    )


def ranking_task(seed: int = 3) -> dict[str, Any]:
    """Lists in which the model puts wanted items in front more often than its baselines do."""
    generator = np.random.default_rng(seed)
    n, n_items, k = 900, 5000, 10
    popularity = generator.zipf(1.35, n_items).clip(0, 40_000)
    chance = popularity / popularity.sum()
    sizes = generator.integers(0, 14, n)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    values = generator.choice(n_items, size=offsets[-1], p=chance)

    def lists(share: float) -> np.ndarray:
        table = generator.choice(n_items, size=(n, k), p=chance)
        for row in range(n):
            own = np.unique(values[offsets[row] : offsets[row + 1]])
            hit = generator.random(k) < share * 0.9 ** np.arange(k)
            table[row, hit] = generator.choice(own, size=hit.sum()) if len(own) else table[row, hit]
        return table

    best = np.tile(np.argsort(-popularity, kind="stable")[:k], (n, 1))
    facts = TaskFacts(
        kind="recommend",
        horizon_days=14,
        question="Which items will this household buy next?",
        unit="households",
    )
    arrays = {"relevant_values": values, "relevant_offsets": offsets, "popularity": popularity}
    without = evaluate_ranking(
        lists(0.1),
        baselines={"popularity": best, "co_visitation": lists(0.06)},
        facts=facts,
        seed=seed,
        **arrays,
    )
    return evaluate_ranking(
        lists(0.33),
        baselines={"buy_again": lists(0.27), "co_visitation": lists(0.16), "popularity": best},
        slices={"customer": np.where(np.arange(n) % 7 == 0, "new", "returning")},
        facts=TaskFacts(
            kind="recommend",
            horizon_days=14,
            question=facts.question,
            unit="households",
            variants={"Without items bought before": without},
        ),
        seed=seed,
        **arrays,
    )


def demand_task(seed: int = 4) -> dict[str, Any]:
    """Weekly counts around a mean the model knows better than its baselines."""
    generator = np.random.default_rng(seed)
    n_items, weeks = 400, 4
    level = generator.gamma(1.2, 9, n_items)[:, None] * np.exp(0.25 * generator.normal(size=(n_items, weeks)))
    actual = generator.poisson(level).astype(float).ravel()
    mean = (level * np.exp(0.08 * generator.normal(size=level.shape))).ravel()
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    quantiles = np.stack([np.maximum(0, mean + z * np.sqrt(mean)) for z in (-1.28, -0.67, -0.15, 0.67, 1.28)], axis=1)
    rough = (level * np.exp(0.45 * generator.normal(size=level.shape))).ravel()
    return evaluate_quantiles(
        actual,
        quantiles=quantiles,
        levels=levels,
        mean=mean,
        baselines={"moving_average": rough * 1.04, "seasonal_naive": generator.poisson(rough).astype(float)},
        cluster=np.repeat(np.arange(n_items), weeks),
        period=np.tile(["2017-12-04", "2017-12-11", "2017-12-18", "2017-12-25"], n_items),
        slices={"item": np.where(np.repeat(level.mean(axis=1), weeks) > 14, "head", "tail")},
        facts=TaskFacts(
            kind="demand",
            horizon_days=28,
            question="How many units of each item in each of the next four weeks?",
            unit="item-weeks",
        ),
        evidence=Evidence(
            features=[
                FeatureStrength("Units sold, same week a year ago", 0.61, "correlation", 0.3),
                FeatureStrength("Featured in the mailer", 0.27, "correlation", 0.12),
            ],
            examples=[{"item_id": "1082185", "week": 1, "median": 41.0, "order_quantity": 55, "service_level": 0.9}],
            validation_rate=float(actual.mean() * 0.94),
        ),
        seed=seed,
    )


def made_up_tasks() -> dict[str, Any]:
    """All six tasks; one of each verdict."""
    note = (
        "Households were not chosen by chance for these campaigns: the shop mailed those it thought likely. "
        "Read the estimated effect as an association."
    )
    return {
        "purchase": probability_task(
            "purchase",
            n=2400,
            shift=1.1,
            strength=1.5,
            rival=0.1,
            seed=1,
            question="Which households buy within 28 days?",
        ),
        "recommend": ranking_task(),
        "ad": probability_task(
            "ad",
            n=9000,
            shift=-2.4,
            strength=1.0,
            rival=0.2,
            seed=5,
            unit="exposures",
            question="Who buys a featured product in the week it is featured?",
        ),
        "promotion": probability_task(
            "promotion",
            n=1600,
            shift=-2.2,
            strength=0.9,
            rival=0.5,
            seed=6,
            treated=True,
            notes=(note,),
            question="Which households redeem a coupon of this campaign?",
        ),
        "churn": probability_task(
            "churn",
            n=2300,
            shift=-1.9,
            strength=1.2,
            rival=0.62,
            seed=7,
            question="Who buys nothing for 28 days?",
        ),
        "demand": demand_task(),
    }


def made_up_report(tasks: dict[str, Any]) -> Report:
    """A report of those tasks with everything a run adds."""
    return build_report(
        tasks,
        title="Complete Journey: 2,469 households over one year",
        model={"size": "small", "parameters": 1_912_448, "seed": 0, "device": "cpu"},
        data={
            "events": 1_458_032,
            "users": 2469,
            "items": 68_509,
            "removed": {
                "exact_duplicate": 8112,
                "non_positive_quantity": 2604,
                "absurd_price": 187,
                "no_user": 0,
                HOSTILE: 12,
            },
        },
        windows={
            "train": ["2017-01-01", "2017-10-08"],
            "validation": ["2017-10-09", "2017-11-05"],
            "test": ["2017-11-06", "2017-12-31"],
        },
        seconds={
            "read": 6.1,
            "prepare": 3.4,
            "pretrain": 212.0,
            "heads": 41.0,
            "lightgbm": 38.0,
            "evaluate": 9.4,
        },
        peak_memory_mib=2411,
        gates=[
            {
                "task": "purchase",
                "name": "buyers",
                "needed": 500,
                "found": 2103,
                "status": "pass",
                "message": "2,103 buyers; 500 are needed.",
            },
            {
                "task": "promotion",
                "name": "redemptions",
                "needed": 500,
                "found": 434,
                "status": "warn",
                "message": "434 redemptions; 500 are wanted for steady figures.",
            },
        ],
        quality={
            "rows_in": 1_469_307 - 360,
            "rows_out": 1_458_032,
            "meaning": {
                "exact_duplicate": "Every column equal to an earlier row.",
                "no_user": "No customer id.",
            },
            "quarantine": "quarantine.parquet",
        },
        command="foretell demo --out runs/demo",
        environment={
            "foretell": "0.1.0",
            "python": "3.11.7",
            "torch": "2.13.0",
            "cpu": "2 cores",
            HOSTILE: HOSTILE,
        },
        do_not_use_for=["Prices other than those of the training year."],
    )


@pytest.fixture(scope="session")
def tasks() -> dict[str, Any]:
    return made_up_tasks()


@pytest.fixture(scope="session")
def report(tasks: dict[str, Any]) -> Report:
    return made_up_report(tasks)
