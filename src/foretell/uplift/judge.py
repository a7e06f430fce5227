"""The figures of a campaign: each ranking, each policy, side by side on the same resamples.

This module owns which figures there are and what they are compared with. It refuses to fit anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.evaluate.curves import thinned
from foretell.evaluate.effect_ranking import EffectStatistic, effects_by_share
from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Estimate, Interval, Resamples, bootstrap, paired_difference
from foretell.evaluate.ordered_uplift import OrderedUplift
from foretell.evaluate.policy import PolicyStatistic, TrialScores, best_within_budget
from foretell.model.uplift import BASELINES, UPLIFT_LEARNERS
from foretell.uplift.out_of_fold import FORETELL, OutOfFold

__all__ = ["judge_policies", "judge_ranking", "policies"]

Floats = NDArray[np.float64]

SINGLE_ARM: Final = "single_arm"
NOBODY: Final = "nobody"


def judge_ranking(
    found: OutOfFold, *, arm: int, extra: Mapping[str, Floats] | None = None, replicates: int = 200, seed: int = 0
) -> dict[str, Any]:
    """Every ranking of one arm against control.

    Args:
        found: Out-of-fold effects.
        arm: 1 to K.
        extra: Further rankings ``[n]`` to stand beside (a rule that somebody wrote down before).
        replicates: How many resamples.
        seed: Fixes them.

    Returns:
        ``models`` (by name: each figure with interval), ``paired`` (foretell's less each other's, with interval),
        ``curve`` (Qini of foretell), ``shares`` (effects by tenth), ``mean_effect`` with interval.
    """
    trial = found.trial
    compared = (trial.arm == 0) | (trial.arm == arm)
    n = len(trial.arm)
    units, resamples = clusters(None, n_rows=n), Resamples(n, replicates=replicates, seed=seed)
    treated = (trial.arm == arm).astype(np.float64)
    effect = found.score[:, arm] - found.score[:, 0]
    rankings = {name: found.effects[name][:, arm - 1] for name in (FORETELL, *UPLIFT_LEARNERS, *_compared())}
    rankings |= dict(extra or {})
    estimates = {
        name: bootstrap(
            EffectStatistic(
                trial.outcome, treated=treated, score=ranking, effect=effect, clusters=units, compared=compared
            ),
            resamples=resamples,
        )
        for name, ranking in rankings.items()
    }
    people = OrderedUplift(trial.outcome[compared], treated=treated[compared], score=rankings[FORETELL][compared])
    share, gain = people.qini(np.ones((1, int(compared.sum()))))
    curve = {"share": share[0], "gain": gain[0], "random": gain[0, -1] * share[0]}
    half = 1.959964 * float(effect.std(ddof=1)) / np.sqrt(n)
    mean = float(effect.mean())
    return {
        "n": int(compared.sum()),
        "treated": int(treated.sum()),
        "mean_effect": {"value": mean, "low": mean - half, "high": mean + half},
        "models": {name: figures(estimate) for name, estimate in estimates.items()},
        "paired": {
            name: figures_of(paired_difference(estimates[FORETELL], baseline=estimate))
            for name, estimate in estimates.items()
            if name != FORETELL
        },
        "curve": thinned(curve),
        "shares": effects_by_share(found.effects[FORETELL][:, arm - 1], effect=effect),
    }


def _compared() -> tuple[str, ...]:
    """The baselines that rank; one arm for all ranks nobody."""
    return tuple(name for name in BASELINES if name != SINGLE_ARM)


def policies(found: OutOfFold, *, share: float, worth: float, cost: float) -> dict[str, Floats]:
    """Whom each way of choosing would treat within a budget, ``[n, K + 1]`` each.

    Foretell, the learners and the one-line rule treat by expected net gain; the response model picks who responds most
    readily, with its own readiest arm; the best single arm (by mean effect in training) goes to as many at random.
    """
    chosen: dict[str, Floats] = {}
    for name in (FORETELL, *UPLIFT_LEARNERS, "one_line_rule"):
        chosen[name] = best_within_budget(worth * found.effects[name] - cost, share=share)
    # Means differ a little between folds; that must not pick anybody.
    nobody_first = np.zeros(len(found.trial.arm))
    chosen[SINGLE_ARM] = best_within_budget(worth * found.effects[SINGLE_ARM] - cost, share=share, rank=nobody_first)
    # Whatever it costs: a response model knows no gain to hold against the cost.
    chosen["response_model"] = best_within_budget(found.effects["response_model"] + 1e-9, share=share)
    chosen[NOBODY] = np.tile(np.eye(found.trial.n_arms + 1)[0], (len(found.trial.arm), 1))
    return chosen


def judge_policies(
    found: OutOfFold,
    *,
    share: float,
    worth: float,
    cost: float,
    extra: Mapping[str, Floats] | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """Every policy on the same resamples.

    Args:
        found: Out-of-fold effects.
        share: The budget.
        worth: What a unit of the outcome is worth.
        cost: What treating one person costs.
        extra: Further policies ``[n, K + 1]``.
        replicates: How many resamples.
        seed: Fixes them.

    Returns:
        ``policies`` (by name: figures with intervals), ``paired`` (foretell's less each other's), ``share``.
    """
    trial = found.trial
    n = len(trial.arm)
    units, resamples = clusters(None, n_rows=n), Resamples(n, replicates=replicates, seed=seed)
    costs = np.array([0.0, *[cost] * trial.n_arms])
    # Where money was measured, the policy is judged by that and not by a mean worth.
    judged = found.score if found.money is None else found.money
    facts = TrialScores(
        trial.arm, trial.outcome, trial.propensity, judged, worth if found.money is None else 1.0, costs
    )
    chosen = policies(found, share=share, worth=worth, cost=cost) | dict(extra or {})
    estimates = {
        name: bootstrap(PolicyStatistic(policy, trial=facts, clusters=units), resamples=resamples)
        for name, policy in chosen.items()
    }
    return {
        "share": share,
        "policies": {name: figures(estimate) for name, estimate in estimates.items()},
        "paired": {
            name: figures_of(paired_difference(estimates[FORETELL], baseline=estimate))
            for name, estimate in estimates.items()
            if name != FORETELL
        },
    }


def figures(estimate: Estimate) -> dict[str, dict[str, float]]:
    """Each figure of an estimate with its interval; undefined ones are left out."""
    found = {name: estimate.interval(name) for name in estimate.names}
    return figures_of({name: interval for name, interval in found.items() if interval is not None})


def figures_of(intervals: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Intervals as JSON types."""
    return {name: {"value": one.value, "low": one.low, "high": one.high} for name, one in intervals.items()}
