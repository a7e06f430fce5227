"""The part of a task's section on what its treatment changes: words first, then the picture and the figures.

This module owns the choice of what is shown there. It refuses the figures of the model behind the ranking: how well
it foretells the response is another question, and its figures stay in ``report.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate import charts
from foretell.evaluate.definitions import definition
from foretell.evaluate.digits import figure, interval_text, signed
from foretell.evaluate.sentences_uplift import effect_sentences, qini_sentences
from foretell.evaluate.words import MISSING

__all__ = ["QINI_CAPTION", "is_uplift", "uplift_part"]

Document = Mapping[str, Any]

_SHOWN: Final = ("qini", "uplift_auc")
_TITLES: Final = {"promotion": "What the campaign changes"}
QINI_CAPTION: Final = {
    True: "Distance from the dashed line is what choosing people by predicted effect adds.",
    False: "How the responses of treated and untreated people differ, by predicted effect. Treatment was not assigned "
    "by chance: the difference is an association, not a measured effect.",
}
"""What stands under a Qini curve, by whether the treatment was assigned by chance."""


def is_uplift(variant: Document) -> bool:
    """Whether a variant of a task is about the effect of a treatment."""
    return variant.get("randomised") is not None


def uplift_part(task: Document) -> dict[str, Any] | None:
    """What the template prints about a treatment's effect.

    Args:
        task: A task dictionary; the ranking by effect is one of its variants, the estimate on money its ``effect``.

    Returns:
        ``title``, ``notes`` (to be loud), ``words``, ``question``, ``figures``, ``chart`` and ``caption``, ``checks``;
        None where nothing is known.
    """
    variants = [variant for variant in task.get("variants", {}).values() if is_uplift(variant)]
    effect = task.get("effect")
    if not variants and not effect:
        return None
    part = variants[0] if variants else {}
    randomised = bool(part.get("randomised"))
    curve = part.get("curves", {}).get("qini")
    return {
        # The warning belongs beside the figures it is about, even where the section began with it.
        "title": _TITLES.get(task.get("kind", ""), "What the treatment changes"),
        "notes": list(part.get("notes") or task.get("notes", [])),
        "question": part.get("question", ""),
        "words": [
            *(qini_sentences(part) if part else []),
            *(effect_sentences(effect, randomised=randomised) if effect else []),
        ],
        "figures": [*_areas(part.get("metrics", {})), *(_money_rows(effect) if effect else [])],
        "chart": charts.qini(curve) if curve else "",
        "caption": QINI_CAPTION[randomised],
        "checks": [check for check in part.get("checks", []) if check["code"] == "FT007"],
    }


def _areas(metrics: Document) -> list[dict[str, str]]:
    return [
        {
            "name": definition(metric).label,
            "value": figure(metric, value=metrics[metric]["value"]),
            "range": interval_text(metric, interval=metrics[metric]),
            "meaning": definition(metric).meaning,
        }
        for metric in _SHOWN
        if metric in metrics
    ]


def _money_rows(effect: Document) -> list[dict[str, str]]:
    def money(value: float) -> str:
        return signed("mae", value=value, digits=2)

    return [
        {
            "name": "Money per customer reached, adjusted",
            "value": money(effect["value"]),
            "range": f"{money(effect['low'])} \u2013 {money(effect['high'])}",
            "meaning": "Spent during the campaign beyond what comparable customers who were not reached spent: "
            "doubly robust estimate of the effect on those reached (Chernozhukov et al. 2018).",
        },
        {
            "name": "The same without adjustment",
            "value": money(effect["raw_difference"]),
            "range": MISSING,
            "meaning": "Plain difference of the means of those reached and those not; it holds how they differed "
            "beforehand.",
        },
    ]
