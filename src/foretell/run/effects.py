"""What campaigns change: an adjusted estimate of their effect, and how well uplift is ranked.

This module owns the doubly robust estimate, the uplift ranking (by learners chosen inside training) and the words that
go with them. It refuses to sound certain: where customers were not picked by chance it says so first, and where those
reached have no counterpart among the others it gives no effect at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.dataset.windows import SplitName
from foretell.evaluate import TaskFacts, Treatment, evaluate_probability
from foretell.evaluate.overlap import MOST_OUTSIDE
from foretell.model.boosting import fit_boosting
from foretell.model.uplift import Trial, t_learner
from foretell.model.uplift.propensity import estimated_propensity, known_shares
from foretell.predictor.fitted import FittedTask
from foretell.train.context import Examples, FitContext
from foretell.train.examples import campaign_examples
from foretell.uplift.choose import choose_and_fit

__all__ = ["CampaignEffect", "campaign_effect", "doubly_robust_effect"]

_JUDGED: Final[tuple[SplitName, ...]] = ("train", "test")
_FOLDS: Final = 2
_FEWEST: Final = 50
_SAME_AMOUNT: Final = 1e-6  # money; far below the smallest coin, far above the error of a sum
_SIZE: Final = "stumps"
_CLIP: Final = 0.01
_MOST_FEATURES: Final = 40
_SMALL_TREES: Final = {"num_leaves": 15, "learning_rate": 0.05, "num_iterations": 100}


@dataclass(frozen=True)
class CampaignEffect:
    """The effect on money spent during a campaign, per customer reached.

    Attributes:
        notes: What to tell the reader loudly before any figure.
        estimate: ``value``, ``low``, ``high`` in money per customer reached, the raw difference beside it, and the
            share of customers without a comparable counterpart; None where that share forbids an effect.
        variant: The report of the uplift ranking, or None where one group is too small or nothing can be compared.
    """

    notes: tuple[str, ...]
    estimate: dict[str, float] | None
    variant: dict[str, Any] | None


def campaign_effect(context: FitContext, fitted: FittedTask, *, replicates: int) -> CampaignEffect | None:
    """Estimate what the test window's campaigns changed; None where nobody, or everybody, was reached."""
    kinds = fitted.levels["kind"]
    train, test = (campaign_examples(context, fitted.task, split, kinds=kinds, treated_only=False) for split in _JUDGED)
    treated = test.frame[columns.TREATED].to_numpy()
    if min(treated.sum(), (~treated).sum()) < _FEWEST:
        return None
    randomised = _randomised(context, test.frame)
    estimate = doubly_robust_effect(
        test.inputs.with_states(),
        treated=treated,
        outcome=test.frame["amount"].to_numpy(),
        cluster=test.frame[columns.USER_ID].to_numpy(),
        seed=context.seed,
        replicates=replicates,
    )
    alone = estimate["share_without_overlap"]
    if not randomised and alone > MOST_OUTSIDE:
        return CampaignEffect((_NOT_COMPARABLE.format(alone=alone),), None, None)
    variant = _uplift_report(context, train, test, randomised=randomised, replicates=replicates)
    return CampaignEffect(() if randomised else (_NOT_RANDOMISED,), estimate, variant)


def doubly_robust_effect(
    inputs: NDArray[np.float32],
    *,
    treated: NDArray[np.bool_],
    outcome: NDArray[np.float64],
    cluster: NDArray[Any],
    seed: int,
    replicates: int,
) -> dict[str, float]:
    """The effect on the treated by augmented inverse propensity weighting, cross-fitted.

    With propensity e(x) and outcome without treatment m(x), the estimate is the mean over the treated of
    ``y - m(x)``, less the weighted mean over the others of the same residual, weights ``e / (1 - e)``.

    Args:
        inputs: What was known before the campaign ``[n, F]``.
        treated: Who was reached ``[n]``.
        outcome: Money spent during the campaign ``[n]``.
        cluster: The customer of each row: folds and resamples keep a customer together.
        seed: Decides folds and resamples.
        replicates: Resamples behind the interval.

    Returns:
        ``value, low, high`` (money per customer reached), ``raw_difference``, ``share_without_overlap`` (treated
        with a propensity above .95) and ``n_treated``.

    References:
        Robins, Rotnitzky and Zhao, 1994; Chernozhukov et al., Double/debiased machine learning, 2018 (section 5.1,
        effect on the treated).
    """
    random = np.random.default_rng(seed)
    _, customer = np.unique(cluster, return_inverse=True)
    fold = random.integers(_FOLDS, size=customer.max() + 1)[customer]
    propensity, untreated = np.empty(len(treated)), np.empty(len(treated))
    for part in range(_FOLDS):
        inside, outside = fold == part, fold != part
        model = fit_boosting(
            inputs[outside],
            treated[outside].astype(float),
            objective={"objective": "binary", **_SMALL_TREES},
            seed=seed,
        )
        propensity[inside] = model.predict(inputs[inside])
        control = outside & ~treated
        plain = fit_boosting(
            inputs[control], outcome[control], objective={"objective": "regression", **_SMALL_TREES}, seed=seed
        )
        untreated[inside] = plain.predict(inputs[inside])
    propensity = np.clip(propensity, 0.01, 0.95)
    residual = outcome - untreated
    odds = propensity / (1 - propensity)
    parts = np.stack([treated * residual, treated.astype(float), ~treated * odds * residual, ~treated * odds], axis=1)
    per_customer = np.zeros((customer.max() + 1, 4))
    np.add.at(per_customer, customer, parts)

    def effect(totals: NDArray[np.float64]) -> NDArray[np.float64]:
        estimate: NDArray[np.float64] = totals[..., 0] / totals[..., 1] - totals[..., 2] / totals[..., 3]
        return estimate

    weights = random.multinomial(len(per_customer), np.full(len(per_customer), 1 / len(per_customer)), size=replicates)
    value = float(effect(per_customer.sum(0)))
    low, high = np.quantile(effect(weights.astype(np.float64) @ per_customer), [0.025, 0.975])
    return {
        "value": value,
        "low": min(float(low), value),
        "high": max(float(high), value),
        "raw_difference": float(outcome[treated].mean() - outcome[~treated].mean()),
        "share_without_overlap": float((propensity[treated] >= 0.95).mean()),
        "n_treated": float(treated.sum()),
    }


def _uplift_report(
    context: FitContext, train: Examples, test: Examples, *, randomised: bool, replicates: int
) -> dict[str, Any] | None:
    """Rank the test customers by the uplift chosen inside training; judge it by Qini on "spent more than before"."""
    arms = train.frame[columns.TREATED].to_numpy().astype(np.int64)
    if min(arms.sum(), (1 - arms).sum()) < _FEWEST:
        return None
    rose_train, rose = _spent_more(context, train.frame), _spent_more(context, test.frame)
    kept = _telling(train.inputs.features, arms, rose_train, seed=context.seed)
    features, asked = train.inputs.features[:, kept], test.inputs.features[:, kept]
    propensity = known_shares(arms, n_arms=1)
    if not randomised:
        propensity = np.clip(estimated_propensity(features, arms, n_arms=1, seed=context.seed), _CLIP, 1 - _CLIP)
    trial = Trial(features, arms, rose_train, propensity)
    fitted = choose_and_fit(trial, sizes=(_SIZE,), cluster=train.frame[columns.USER_ID].to_numpy(), seed=context.seed)
    uplift = fitted.effects(asked)[:, 0]
    expected = t_learner.levels(fitted.models[f"t_learner:{_SIZE}"], asked)
    treated = test.frame[columns.TREATED].to_numpy()
    return evaluate_probability(
        rose,
        probability=np.where(treated, expected[:, 1], expected[:, 0]),
        facts=TaskFacts(
            kind="promotion",
            horizon_days=None,
            question="Whom does a campaign move to spend more than in the equally long time before it? "
            "Each customer counts once for each campaign, reached or not.",
            unit="customers",
            notes=() if randomised else (_NOT_RANDOMISED,),
            do_not_use_for=() if randomised else ("choosing whom to mail: run a randomised test first",),
        ),
        cluster=test.frame[columns.USER_ID].to_numpy(),
        treatment=Treatment(
            treated=treated,
            score=uplift,
            randomised=randomised,
            responses="customers who spent more than before",
        ),
        seed=context.seed,
        replicates=replicates,
    )


def _telling(
    features: NDArray[np.float32], arm: NDArray[np.int64], rose: NDArray[np.float64], *, seed: int
) -> NDArray[np.int64]:
    """The features that tell most of the response or of who was reached, at most 40 of either.

    Of hundreds the rest cost the learners time and lend effects noise; what neither foretells the response nor decided
    who was reached confounds nothing.
    """
    kept: set[int] = set()
    for label in (rose, arm.astype(np.float64)):
        gains = fit_boosting(features, label, objective={"objective": "binary", **_SMALL_TREES}, seed=seed).gains()
        kept |= set(np.argsort(-gains, kind="stable")[:_MOST_FEATURES].tolist())
    return np.array(sorted(kept), dtype=np.int64)


def _spent_more(context: FitContext, frame: pl.DataFrame) -> NDArray[np.float64]:
    """1 where the customer spent more during the campaign than in the equally long time before it."""
    bought = context.dataset.log.events.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    # Without money a purchase counts as one, as in the examples.
    value = pl.col(columns.VALUE) if columns.VALUE in bought.columns else pl.lit(1.0)
    bought = bought.select(columns.USER_ID, columns.TIME, value.fill_null(0.0).alias(columns.VALUE))
    parts = []
    for (cutoff, days), rows in frame.group_by([columns.CUTOFF, "duration_days"], maintain_order=True):
        start = int(str(cutoff)) - int(float(str(days)) * DAY)
        before = (
            bought.filter((pl.col(columns.TIME) > start) & (pl.col(columns.TIME) <= cutoff))
            .group_by(columns.USER_ID)
            .agg(pl.col(columns.VALUE).sum().alias("before"))
        )
        joined = rows.select(columns.USER_ID, columns.CAMPAIGN_ID, "amount").join(
            before, on=columns.USER_ID, how="left"
        )
        # The same prices summed in another order are no rise.
        more = pl.col("amount") - pl.col("before").fill_null(0.0) > _SAME_AMOUNT
        parts.append(joined.with_columns(more.alias("rose")))
    keys = [columns.USER_ID, columns.CAMPAIGN_ID]
    rose = frame.select(keys).join(pl.concat(parts), on=keys, how="left", maintain_order="left")["rose"]
    return rose.cast(pl.Float64).to_numpy()


_NOT_RANDOMISED: Final = (
    "NOT RANDOMISED: the shop chose whom to reach, so reached and unreached customers differ beforehand. "
    "What is said about the campaign's effect rests on what the log shows, not on what it does not show: read it as a "
    "hint, not as an effect."
)


_NOT_COMPARABLE: Final = (
    "NOT COMPARABLE: {alone:.0%} of those reached have no counterpart among those who were not, so nothing is said of "
    "the campaign's effect. Leave out a part of the customers by chance next time."
)


def _randomised(context: FitContext, frame: pl.DataFrame) -> bool:
    """True only if the campaigns table says that every campaign here was assigned by chance."""
    campaigns = context.dataset.log.table("campaigns")
    if campaigns is None or "randomised" not in campaigns.columns:
        return False
    asked = campaigns.filter(pl.col(columns.CAMPAIGN_ID).is_in(frame[columns.CAMPAIGN_ID].unique().implode()))
    return bool(asked["randomised"].cast(pl.Boolean).all())
