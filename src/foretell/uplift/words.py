"""What a campaign's figures say, in sentences: first how far they may be trusted, then ties before wins.

This module owns that wording, on the page and on the command line. It refuses the word effect where chance did not
decide who was treated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from foretell.evaluate.words import count, percent
from foretell.tabular.run import where_saved

__all__ = ["NAMES", "NOT_RANDOMISED", "result_text", "targets_text", "verdicts"]

Document = Mapping[str, Any]

NAMES: Final = {
    "foretell": "foretell",
    "s_learner": "S-learner",
    "t_learner": "T-learner",
    "x_learner": "X-learner",
    "dr_learner": "DR-learner",
    "response_model": "response model",
    "one_line_rule": "one-line rule",
    "single_arm": "best single arm, at random",
    "nobody": "nobody",
    "mean": "mean of the learners",
    "mean_and_response": "mean of the learners and the response model",
}
"""How each way of choosing is called."""

NOT_RANDOMISED: Final = (
    "NOT RANDOMISED: chance is not said to have decided who was treated. Differences are adjusted for the columns of "
    "this table and for nothing else: read them as associations, not as effects. Where chance did decide, say "
    "--randomised."
)
_RIVALS: Final = ("one_line_rule", "response_model")


def verdicts(found: Document) -> list[str]:
    """Everything a reader should know, most important first.

    Args:
        found: The ``uplift`` part of the document.

    Returns:
        Sentences.
    """
    randomised = found["randomised"]
    effect = "changed" if randomised else "went with"
    lines = [] if randomised else [NOT_RANDOMISED]
    for name, one in found["overlap"].items():
        if randomised and one["doubtful"]:
            lines.append(
                f"DOUBT ABOUT CHANCE: the columns tell who received {name} (AUC {one['auc']:.3f}, at least "
                f"{one['low']:.3f}), which chance does not allow. A column measured after the campaign, or a choice "
                "somebody made, would explain it."
            )
    lines += [f"No word on {name}: {reason}." for name, reason in found["refused"].items()]
    for name, part in found["arms"].items():
        mean = part["mean_effect"]
        none = " The interval holds zero: no effect is shown." if mean["low"] <= 0 <= mean["high"] else ""
        lines.append(f"{name} {effect} {found['outcome']} by {_ends(mean)} per head.{none}")
        lines.append(_ranking(name, part))
        lines += [_against(part, rival) for rival in _RIVALS]
    paired, treated = found["within_budget"]["paired"], percent(found["within_budget"]["share"], digits=0)
    metric = _decided(found)
    unit = "money" if found["in_money"] else found["outcome"]
    for rival, gaps in paired.items():
        gap = gaps.get(metric)
        if gap is not None and rival in ("nobody", "single_arm", "one_line_rule", "response_model"):
            lines.append(
                f"Treating at most {treated} as foretell says instead of by {NAMES[rival]}: {_ends(gap)} {unit} per "
                f"head, {_tells(gap)}."
            )
    return lines


def _decided(found: Document) -> str:
    return "policy_net" if found["in_money"] or found["cost"] > 0 else "policy_gain"


def _ranking(name: str, part: Document) -> str:
    qini = part["models"]["foretell"].get("qini")
    if qini is None:
        return f"Whom {name} moves could not be ranked."
    if qini["low"] <= 0 <= qini["high"]:
        return f"Choosing people for {name} by predicted effect cannot be told apart from choosing at random."
    than = "better" if qini["low"] > 0 else "worse"
    return f"Choosing people for {name} by predicted effect is {than} than at random: Qini {_ends(qini, 5)} per head."


def _against(part: Document, rival: str) -> str:
    gap = part["paired"][rival].get("qini")
    if gap is None:
        return f"The {NAMES[rival]} could not be compared."
    rule = ""
    if rival == "one_line_rule" and part.get("rule"):
        rule = f" ({max(set(part['rule']), key=part['rule'].count)})"
    if gap["low"] <= 0 <= gap["high"]:
        return f"The {NAMES[rival]}{rule} does as well, as far as these people can tell: Qini gap {_ends(gap, 5)}."
    does = "worse" if gap["low"] > 0 else "better"
    return f"The {NAMES[rival]}{rule} does {does}: Qini gap {_ends(gap, 5)}."


def _tells(gap: Document) -> str:
    if gap["low"] <= 0 <= gap["high"]:
        return "which cannot be told apart from nothing"
    return "better" if gap["low"] > 0 else "worse"


def _ends(figure: Document, digits: int = 4) -> str:
    value, low, high = (f"{figure[end]:+.{digits}f}" for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def result_text(document: Document, *, folder: Path | None = None) -> str:
    """What the command prints."""
    found = document["uplift"]
    lines = [f"{count(found['people'])} people, {count(found['control'])} of them control.", *found["notes"], ""]
    for name, part in found["arms"].items():
        lines.append(f"{name}: {count(part['treated'])} treated")
        lines.append(f"  {'ranking by':<46} {'Qini per head':<32} {'normalised':<30} AUTOC")
        for model, figures in part["models"].items():
            cells = [_interval(figures.get(metric)) for metric in ("qini", "qini_normalised", "autoc")]
            lines.append(f"  {NAMES.get(model, model):<46} {cells[0]:<32} {cells[1]:<30} {cells[2]}")
    metric = _decided(found)
    lines += ["", f"Treating at most {percent(found['within_budget']['share'], digits=0)}: {metric} per head"]
    for model, figures in found["within_budget"]["policies"].items():
        lines.append(f"  {NAMES.get(model, model):<46} {_interval(figures.get(metric))}")
    lines += ["", *found["verdicts"]]
    return "\n".join([*lines, *where_saved(folder, verb="uplift-predict", answers="targets.csv")])


def targets_text(found: Document) -> str:
    """What is printed about a list of people to treat.

    Example:
        >>> found = {"treated": 20.0, "people": 100, "expected_net_gain": 3.2, "file": "targets.csv", "tested": None}
        >>> targets_text(found)
        '20 of 100 people to treat, expected net gain 3.2, in targets.csv'
    """
    first = (
        f"{count(found['treated'])} of {count(found['people'])} people to treat, expected net gain "
        f"{found['expected_net_gain']:,.4g}, in {found['file']}"
    )
    tested = found["tested"]
    if not tested or not tested.get("over_nobody"):
        return first
    return (
        f"{first}\nIn the campaign itself, treating at most {percent(tested['budget'], digits=0)} brought net "
        f"{_ends(tested['over_nobody'])} per head."
    )


def _interval(figure: Document | None) -> str:
    return "-" if figure is None else f"{figure['value']:.5f} [{figure['low']:.5f}, {figure['high']:.5f}]"
