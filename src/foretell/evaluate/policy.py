"""What a rule for whom to treat, with which arm, is worth: outcome per head, gain over treating nobody, net of cost.

This module owns the estimates (inverse propensity weighted and doubly robust) of any policy from a trial it did not
take part in. It refuses policies as yes and no only: ties at a budget's edge are treated with a probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foretell.evaluate.inputs import Clusters, EvaluationError, FloatArray, IntArray
from foretell.evaluate.resampled import ratio

__all__ = ["PolicyStatistic", "TrialScores", "best_within_budget"]


@dataclass(frozen=True, eq=False)
class TrialScores:
    """A trial as policies are judged by it.

    Attributes:
        arm: 0 for control, 1 to K, shape ``[n]``.
        outcome: Shape ``[n]``.
        propensity: The chance of each arm, shape ``[n, K + 1]``.
        score: Doubly robust scores of each arm's outcome, shape ``[n, K + 1]``.
        worth: What one unit of the outcome is worth, in money (or the outcome itself at 1).
        cost: What treating one person costs, in the same unit, shape ``[K + 1]``, control 0.
    """

    arm: IntArray
    outcome: FloatArray
    propensity: FloatArray
    score: FloatArray
    worth: float
    cost: FloatArray


class PolicyStatistic:
    """Value of a policy, per head of everybody it may choose from.

    ``policy_value`` is the mean of ``sum_k p_k G_k`` with the doubly robust scores ``G``; ``policy_value_ipw`` the
    mean outcome weighted by ``p_arm / e_arm``, weights summing to one; ``policy_gain`` the value less that of
    treating nobody; ``policy_net`` ``worth * gain - cost``.

    Args:
        policy: The probability of each arm for each person, rows summing to one, shape ``[n, K + 1]``.
        trial: What happened.
        clusters: The resampling unit of each row.

    Raises:
        EvaluationError: If the policy is not of that form.

    Example:
        >>> from foretell.evaluate.inputs import clusters
        >>> facts = TrialScores(np.array([0, 1]), np.array([0.0, 1.0]), np.full((2, 2), 0.5),
        ...     np.array([[0.0, 0.0], [0.0, 2.0]]), 1.0, np.array([0.0, 0.1]))
        >>> rows = PolicyStatistic(np.array([[0.0, 1.0], [0.0, 1.0]]), trial=facts, clusters=clusters(None, n_rows=2))
        >>> dict(zip(rows.names, rows.evaluate(np.ones((1, 2)))[0].round(3).tolist()))
        {'policy_value': 1.0, 'policy_value_ipw': 1.0, 'policy_gain': 1.0, 'policy_net': 0.9, 'policy_treated': 1.0}

    References:
        Dudik, Langford and Li, "Doubly robust policy evaluation and learning", ICML 2011, equation 2.
        Swaminathan and Joachims, "The self-normalized estimator for counterfactual learning", NeurIPS 2015.
    """

    names: tuple[str, ...] = ("policy_value", "policy_value_ipw", "policy_gain", "policy_net", "policy_treated")

    def __init__(self, policy: FloatArray, *, trial: TrialScores, clusters: Clusters) -> None:
        if policy.shape != trial.score.shape or policy.min() < -1e-9 or not np.allclose(policy.sum(axis=1), 1.0):
            raise EvaluationError(
                "A policy gives each person a probability for each arm.",
                received=f"shape {policy.shape} for scores {trial.score.shape}",
                remedy="Give rows that sum to one, control first.",
            )
        rows = np.arange(len(trial.arm))
        weight = policy[rows, trial.arm] / trial.propensity[rows, trial.arm]
        value = (policy * trial.score).sum(axis=1)
        gain = value - trial.score[:, 0]
        net = trial.worth * gain - policy @ trial.cost
        parts = [np.ones(len(rows)), value, gain, net, 1 - policy[:, 0], weight, weight * trial.outcome]
        self._sums = clusters.sums(np.stack(parts, axis=1))
        self.n_rows = clusters.count

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Figures of each draw in the order of ``names``, shape ``[r, 5]``."""
        n, value, gain, net, treated, weight, weighted = (counts @ self._sums).T
        columns = [ratio(part, denominator=n) for part in (value, gain, net, treated)]
        columns.insert(1, ratio(weighted, denominator=weight))
        return np.stack(columns, axis=1)


def best_within_budget(net: FloatArray, *, share: float = 1.0, rank: FloatArray | None = None) -> FloatArray:
    """Treat those with the largest expected net gain, with their best arm, as far as the budget goes.

    Nobody is treated at an expected loss. People tied at the budget's edge share what is left of it evenly, each with
    a probability, so that the order of the rows decides nothing.

    Args:
        net: Expected net gain of each arm over control, shape ``[n, K]``.
        share: The largest share of people that may be treated.
        rank: Whom to treat first, where not by ``net`` (a rule's order), shape ``[n]``.

    Returns:
        The probability of each arm, control first, shape ``[n, K + 1]``.

    Raises:
        EvaluationError: If ``share`` is not between 0 and 1.

    Example:
        >>> best_within_budget(np.array([[3.0], [1.0], [1.0], [-1.0]]), share=0.5).tolist()
        [[0.0, 1.0], [0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]
    """
    if not 0 <= share <= 1:
        raise EvaluationError(
            "A budget is a share of the people.", received=f"{share:g}", remedy="Give a number between 0 and 1."
        )
    arm = np.argmax(net, axis=1)
    best = np.take_along_axis(net, arm[:, None], axis=1)[:, 0]
    order = best if rank is None else rank
    wanted = best > 0
    _, group = np.unique(-order, return_inverse=True)
    size = np.bincount(group, weights=wanted.astype(np.float64))
    left = np.maximum(share * len(net) - np.concatenate([[0.0], np.cumsum(size)[:-1]]), 0.0)
    part = np.where(size > 0, np.minimum(left / np.maximum(size, 1.0), 1.0), 0.0)
    chance = np.where(wanted, part[group], 0.0)
    policy = np.zeros((len(net), net.shape[1] + 1))
    policy[np.arange(len(net)), arm + 1] = chance
    policy[:, 0] = 1 - chance
    return policy
