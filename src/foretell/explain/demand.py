"""Why an item's demand is forecast as it is: features only, for demand is asked about items, not customers.

This module owns that case: the mean of the first week, taken apart by TreeSHAP, in units. It refuses event
reasons: what one customer did hardly moves an item's week.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from typing import Any, Final

import numpy as np

from foretell.core import columns
from foretell.core.errors import UnknownNameError
from foretell.core.prediction import Reason
from foretell.core.time import to_microseconds
from foretell.explain.explanation import Explanation
from foretell.explain.families import strongest_by_family
from foretell.explain.feature_words import FeatureTalk
from foretell.explain.goods import Goods
from foretell.explain.paragraph import paragraph
from foretell.explain.reasons import choose
from foretell.explain.speech import Speech
from foretell.features import phrase
from foretell.features.definition import Language
from foretell.predictor.answers import demand_answers, demand_at, mean_of_quantiles
from foretell.predictor.demand_inputs import INTENT, DemandInputs
from foretell.predictor.fitted import FittedTask
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView

__all__ = ["explain_demand"]

_INTENT: Final = ("how much customers' recent events point at this item", "客户近期行为对该商品的指向")


def explain_demand(
    predictor: Predictor,
    fitted: FittedTask,
    view: ShopView,
    *,
    cutoff: int,
    item: str,
    language: Language,
    n_reasons: int,
) -> Explanation:
    """Explain the forecast of an item's first week.

    Raises:
        UnknownNameError: If no demand was learned for the item.
    """
    items, blend = fitted.levels["items"], fitted.quantiles
    assert blend is not None, fitted.task.name
    if item not in items:
        raise UnknownNameError(
            f"No demand is forecast for item {item!r}.",
            received=item,
            remedy=f"Ask about one of the {len(items):,} best-selling items, for example {items[0]}.",
        )
    inputs = demand_at(predictor.reader, fitted, view, cutoff=cutoff, item_ids=[item])
    answer = predictor.finish(fitted, demand_answers(fitted, inputs)).row(0, named=True)
    effects, reference = _in_units(fitted, inputs)
    speech, goods = Speech(language), Goods.of(view.tables.get("items"), wanted=[item])
    values = dict(zip(inputs.names, inputs.as_read()[0].astype(float).tolist(), strict=True))
    talk = FeatureTalk(speech, values, lambda name: phrase(name, language=language), {INTENT: speech.either(*_INTENT)})
    features = [
        Reason("feature", name, effect, talk.words(name, effect=effect))
        for name, effect in strongest_by_family(effects).values()
    ]
    reasons = choose([], features, n=n_reasons)
    opening = [_sentence(answer, goods.called(item, speech), reference, speech)]
    story = paragraph(fitted.task, reasons, opening=opening, speech=speech)
    return Explanation(fitted.task, answer, reasons, {"feature": reference}, language, story)


def _in_units(fitted: FittedTask, inputs: DemandInputs) -> tuple[dict[str, float], float]:
    """What each feature added to the mean of the first row, and the mean of an average item of this size.

    The mean is a weighted sum of the quantiles and each quantile a sum of trees, so the parts add up (but for
    quantiles that had to be put in order or lifted to zero).
    """
    blend, scale = fitted.quantiles, float(inputs.scale[0])
    assert blend is not None, fitted.task.name
    features = inputs.features[:1]
    effects, reference = dict.fromkeys(inputs.names, 0.0), 0.0
    of_level = mean_of_quantiles(np.eye(len(blend.levels)), blend.levels)
    for head, share in ((blend.with_signal, blend.share), (blend.plain, 1 - blend.share)):
        if head is None or share <= 0:
            continue
        for booster, shift, weight in zip(head.boosters, head.shifts, share * scale * of_level, strict=True):
            added = weight * booster.contributions(features[:, : len(head.names)])[0]
            reference += float(added[-1] + weight * shift)
            for name, amount in zip(head.names, added[:-1].tolist(), strict=True):
                effects[name] += amount
    return effects, reference


def _sentence(answer: dict[str, Any], called: str, reference: float, speech: Speech) -> str:
    start = speech.date(to_microseconds(answer[columns.START]))
    units, usual = speech.number(round(float(answer["mean"]), 1)), speech.number(round(reference, 1))
    return speech.either(
        f"Demand is asked about items, not customers: about {units} units of {called} are expected in the week "
        f"from {start}; for an average item of its size it would be {usual}.",
        f"需求预测针对商品而非客户：{called}在{start}起的一周预计售出约{units}件；同等规模的普通商品为{usual}件。",
    )
