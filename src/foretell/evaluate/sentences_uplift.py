"""What is said about the effect of a treatment: Qini in plain words, the estimated effect, and how far to trust them.

This module owns that wording. It refuses to speak of effects where the treatment was not assigned by chance: there it
says that things go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate.digits import decimals_nonzero, figure, signed
from foretell.evaluate.words import percent

__all__ = ["effect_sentences", "qini_sentences"]

Document = Mapping[str, Any]

_PER_HUNDRED: Final = "wape"
"""A metric shown in percent: Qini is in responses a head, and people count them per hundred."""


def qini_sentences(task: Document) -> list[str]:
    """What Qini says about choosing people by their predicted effect, in one or two sentences.

    Args:
        task: A task dictionary with a treatment.

    Returns:
        Plain sentences; none where Qini is undefined.

    Example:
        >>> figures = {"qini": {"value": 0.02, "low": 0.01, "high": 0.03}}
        >>> task = {"metrics": figures, "unit": "customers", "responses": "buyers", "randomised": True}
        >>> print(qini_sentences(task)[0])
        Choosing customers by their predicted effect does better than choosing as many at random: it brings 2.0 more \
buyers per 100 customers, on average over how many are chosen (95% interval 1.0 to 3.0).
    """
    qini = task["metrics"].get("qini")
    if qini is None:
        return []
    ends = [qini[end] for end in ("value", "low", "high")]
    digits = decimals_nonzero(_PER_HUNDRED, values=ends)
    size, low, high = (
        figure(_PER_HUNDRED, value=end, digits=digits).removesuffix("%") for end in (abs(ends[0]), *ends[1:])
    )
    chosen = f"Choosing {task['unit']} by their predicted effect"
    brings = "brings" if task.get("randomised") else "goes with"
    counted = f"{'fewer' if qini['value'] < 0 else 'more'} {task.get('responses') or 'responses'}"
    amount = f"{size} {counted} per 100 {task['unit']}, on average over how many are chosen"
    interval = f"(95% interval {low} to {high})"
    if qini["low"] <= 0 <= qini["high"]:
        return [f"{chosen} cannot be told apart from choosing as many at random: it {brings} {amount} {interval}."]
    than = "better" if qini["low"] > 0 else "worse"
    lines = [f"{chosen} does {than} than choosing as many at random: it {brings} {amount} {interval}."]
    if not task.get("randomised"):
        lines.append(
            "Because chance did not decide who was treated, that may be the work of whoever chose them and not of the "
            "treatment."
        )
    return lines


def effect_sentences(effect: Mapping[str, float], *, randomised: bool) -> list[str]:
    """What the estimated effect on money spent says, in two or three sentences.

    Args:
        effect: ``value``, ``low``, ``high``, ``raw_difference``, ``share_without_overlap``.
        randomised: Whether chance decided who was reached.

    Returns:
        Plain sentences.

    Example:
        >>> effect = {"value": 20.0, "low": -10.0, "high": 50.0, "raw_difference": 300.0, "share_without_overlap": 0.0}
        >>> effect_sentences(effect, randomised=False)[1]
        'The interval holds zero: no effect is shown.'
    """
    value, low, high, raw = (_money(effect[name]) for name in ("value", "low", "high", "raw_difference"))
    what = "The campaign changed" if randomised else "The estimated effect on"
    lines = [
        f"{what} money spent per customer reached{' by' if randomised else ' is'} {value} "
        f"(95% interval {low} to {high})."
    ]
    if effect["low"] <= 0 <= effect["high"]:
        lines.append("The interval holds zero: no effect is shown.")
    gap = f"Without adjustment those reached differ by {raw} from those not reached"
    if 0 <= effect["value"] / (effect["raw_difference"] or 1.0) < 1:
        put_down = _money(abs(effect["raw_difference"] - effect["value"])).removeprefix("+")
        lines.append(f"{gap}; {put_down} of that is put down to how they differed beforehand.")
    else:
        lines.append(f"{gap}.")
    alone = effect["share_without_overlap"]
    if alone > 0:
        lines.append(f"{percent(alone)} of those reached have no comparable customer who was not.")
    return lines


def _money(value: float) -> str:
    return signed("mae", value=value, digits=2)
