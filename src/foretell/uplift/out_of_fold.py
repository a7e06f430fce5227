"""Effects of each person by models that never saw that person: what every figure of the report rests on.

This module owns the folds, the propensities, and the refusal where arms do not overlap. It refuses to judge
(``judge``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError
from foretell.evaluate.overlap import MOST_OUTSIDE, ArmOverlap, overlap, overlapping
from foretell.model.uplift import BASELINES, SIZES, UPLIFT_LEARNERS, Trial
from foretell.model.uplift.one_line_rule import rule_words
from foretell.model.uplift.propensity import estimated_propensity, known_shares
from foretell.model.uplift.scores import cross_fitted_levels, doubly_robust_scores, folds_of
from foretell.uplift.campaign import Campaign
from foretell.uplift.choose import choose_and_fit

__all__ = ["FORETELL", "Assignment", "OutOfFold", "OverlapError", "Step", "assign", "out_of_fold", "worth_of"]

Floats = NDArray[np.float64]
Step = Callable[[int, int], None]

FORETELL: Final = "foretell"
_CLIP: Final = 0.01


class OverlapError(InsufficientDataError):
    """No arm can be compared with control: nothing may be said about effects."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """How arms came to people, and whom they can be compared among.

    Attributes:
        campaign: The people that remain.
        propensity: The chance of each arm, ``[n, K + 1]``.
        overlaps: The verdict on each arm there was, by its name.
        refused: Arms of which nothing is said, with the reason.
        notes: What was left out, in sentences.
    """

    campaign: Campaign
    propensity: Floats
    overlaps: dict[str, ArmOverlap]
    refused: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What every person's effect was said to be by models that had not seen them.

    Attributes:
        trial: The people.
        effects: Of foretell, each learner and each baseline, ``[n, K]`` each.
        score: Doubly robust scores of the outcome, ``[n, K + 1]``.
        money: The same of the value column, or None.
        paid: The value column, or None.
        chosen: What was chosen in each fold.
        rules: The one-line rule of each arm in each fold, in words.
    """

    trial: Trial
    effects: dict[str, Floats]
    score: Floats
    money: Floats | None
    paid: Floats | None
    chosen: list[str]
    rules: dict[str, list[str]]


def assign(
    campaign: Campaign, *, features: NDArray[np.float32], randomised: bool, seed: int
) -> tuple[Assignment, NDArray[np.bool_]]:
    """Find the propensities, judge overlap, and keep who can be compared.

    Args:
        campaign: The people.
        features: ``[n, F]``.
        randomised: Whether the shop says that chance decided; then the arms' shares are the propensities, and the
            estimate only checks the claim.
        seed: Decides folds and trees.

    Returns:
        The assignment, and which people remain.

    Raises:
        OverlapError: If no arm overlaps with control.
    """
    n_arms = len(campaign.arms)
    estimated = estimated_propensity(features, campaign.arm, n_arms=n_arms, seed=seed)
    found = dict(zip(campaign.arms, overlap(campaign.arm, propensity=estimated), strict=True))
    if randomised:
        known = known_shares(campaign.arm, n_arms=n_arms)
        return Assignment(campaign, known, found, {}, ()), np.ones(len(features), dtype=bool)
    refused = {
        name: f"{one.outside:.0%} of the people have no counterpart in the other group (at most {MOST_OUTSIDE:.0%} "
        f"may), and weighting leaves {one.effective:.0%} of the people's weight"
        for name, one in found.items()
        if one.status == "fail"
    }
    kept = [number for number, name in enumerate(campaign.arms, start=1) if name not in refused]
    if not kept:
        raise OverlapError(
            "Nothing can be said about effects: those treated and those not are too different to compare.",
            received="; ".join(f"{name}: {reason}" for name, reason in refused.items()),
            remedy="Run a campaign in which chance decides who is left out, if only for a tenth of the people.",
        )
    remain = np.isin(campaign.arm, [0, *kept])
    chances = estimated[:, [0, *kept]]
    chances = chances / chances.sum(axis=1, keepdims=True)
    renumbered = np.zeros(n_arms + 1, dtype=np.int64)
    renumbered[[0, *kept]] = np.arange(len(kept) + 1)
    inside = remain.copy()
    inside[remain] = overlapping(renumbered[campaign.arm[remain]], propensity=chances[remain])
    lost = int((remain & ~inside).sum())
    note = f"{lost:,} people without a counterpart in the other group are left out: nothing is said about them."
    left = campaign.take(inside, note=note) if lost else campaign.take(inside, note="")
    arms = tuple(campaign.arms[number - 1] for number in kept)
    notes = tuple(one for one in left.notes if one)
    left = Campaign(left.frame, arms, renumbered[left.arm], left.outcome, left.money, notes)
    return Assignment(left, np.clip(chances[inside], _CLIP, 1.0), found, refused, notes), inside


def out_of_fold(
    assignment: Assignment,
    *,
    features: NDArray[np.float32],
    names: Sequence[str] = (),
    n_folds: int = 5,
    sizes: Sequence[str] = tuple(SIZES),
    seed: int = 0,
    step: Step | None = None,
) -> OutOfFold:
    """Choose, fit and predict fold by fold; nothing about a person enters what is said of that person.

    Args:
        assignment: The people and their propensities.
        features: ``[n, F]``.
        names: Names of the features, for the rule in words.
        n_folds: How many parts.
        sizes: Which of ``SIZES`` to choose among.
        seed: Decides folds and trees.
        step: Told how many folds are done, of how many.
    """
    campaign = assignment.campaign
    trial = Trial(features, campaign.arm, campaign.outcome, assignment.propensity)
    fold = folds_of(trial, n_folds=n_folds, seed=seed)
    shape = (len(campaign.arm), trial.n_arms)
    effects: dict[str, Floats] = {}
    chosen: list[str] = []
    rules: dict[str, list[str]] = {name: [] for name in campaign.arms}

    def keep(name: str, rows: NDArray[np.bool_], values: Floats) -> None:
        effects.setdefault(name, np.empty(shape))[rows] = values

    for part in range(n_folds):
        inside = fold == part
        fitted = choose_and_fit(trial.take(~inside), sizes=sizes, seed=seed + part)
        chosen.append(fitted.chosen)
        found = fitted.all_effects(features[inside])
        keep(FORETELL, inside, found[fitted.chosen])
        for name in UPLIFT_LEARNERS:
            keep(name, inside, found[name])
        for name, learner in BASELINES.items():
            model = learner.fit(trial.take(~inside), SIZES[sizes[-1]], seed + part)
            keep(name, inside, learner.effects(model, features[inside]))
            if name == "one_line_rule":
                for number, arm in enumerate(campaign.arms, start=1):
                    rules[arm].append(rule_words(model, names=tuple(names), arm=number) if names else "")
        if step is not None:
            step(part + 1, n_folds)
    scores, money = _scores(trial, fold, sizes, seed), _money(trial, campaign, fold, seed)
    return OutOfFold(trial, effects, scores, money, campaign.money, chosen, rules)


def _scores(trial: Trial, fold: NDArray[np.int64], sizes: Sequence[str], seed: int) -> Floats:
    levels = cross_fitted_levels(trial, fold=fold, size=SIZES[sizes[0]], seed=seed)
    return doubly_robust_scores(trial, levels=levels)


def _money(trial: Trial, campaign: Campaign, fold: NDArray[np.int64], seed: int) -> Floats | None:
    if campaign.money is None:
        return None
    money = Trial(trial.features, trial.arm, campaign.money, trial.propensity)
    return _scores(money, fold, tuple(SIZES), seed)


def worth_of(campaign: Campaign) -> float:
    """What one unit of the outcome is worth: mean value of those with the outcome; 1 without a value column."""
    if campaign.money is None:
        return 1.0
    responded = campaign.outcome > 0
    return float(campaign.money[responded].mean()) if responded.any() else 1.0
