"""The classification report: precision, recall, F1 and support of both classes, with intervals, model by model.

This module owns that table and its text. It refuses other metrics (``evaluate``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.resampled_probability import ProbabilityStatistic

__all__ = ["classification_report", "classification_text"]

Floats = NDArray[np.float64]

_PER_CLASS: Final = ("precision", "recall", "f1")
_OVERALL: Final = ("accuracy", "auc", "average_precision", "logloss", "brier", "ece")


def classification_report(
    label: Floats,
    *,
    probability: Floats,
    words: tuple[str, str],
    threshold: float = 0.5,
    replicates: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """One model's report on test rows; every figure with its bootstrap 95 % interval.

    Args:
        label: 0 or 1 ``[n]``.
        probability: Chance of 1 ``[n]``.
        words: What no and yes are called.
        threshold: Where yes begins.
        replicates: How many resamples.
        seed: Fixes them.

    Returns:
        ``threshold``, ``classes`` (by word: ``precision``, ``recall``, ``f1``, ``support``) and ``overall``.

    Example:
        >>> found = classification_report(
        ...     np.tile([0.0, 1.0], 20), probability=np.tile([0.2, 0.9], 20), words=("no", "yes")
        ... )
        >>> found["classes"]["yes"]["precision"]["value"], found["classes"]["yes"]["support"]
        (1.0, 20)
    """
    resamples = Resamples(len(label), replicates=replicates, seed=seed)
    units = clusters(None, n_rows=len(label))
    ones = np.ones(len(label))
    # No is yes to the opposite question; the nudge keeps rows exactly at the threshold on the side of yes.
    sides = (
        (words[0], 1.0 - label, 1.0 - probability, np.nextafter(1.0 - threshold, 1.0)),
        (words[1], label, probability, threshold),
    )
    classes: dict[str, Any] = {}
    overall: dict[str, Any] = {}
    for word, truth, chance, cut in sides:
        statistic = ProbabilityStatistic(truth, probability=chance, weight=ones, clusters=units, threshold=cut)
        estimate = bootstrap(statistic, resamples=resamples)
        figures = {name: estimate.interval(name) for name in (*_PER_CLASS, *_OVERALL)}
        shown = {name: None if one is None else dict(vars(one)) for name, one in figures.items()}
        classes[word] = {**{name: shown[name] for name in _PER_CLASS}, "support": int(truth.sum())}
        overall = {name: shown[name] for name in _OVERALL}
    return {"threshold": threshold, "classes": classes, "overall": overall}


def classification_text(report: Mapping[str, Any]) -> str:
    """One model's report as a text table."""
    width = max(len(word) for word in (*report["classes"], "class")) + 2
    lines = [f"{'class':<{width}} {'precision':<22} {'recall':<22} {'F1':<22} support"]
    for word, row in report["classes"].items():
        cells = " ".join(f"{_cell(row[name]):<22}" for name in _PER_CLASS)
        lines.append(f"{word:<{width}} {cells} {row['support']:,}")
    return "\n".join(lines)


def _cell(figure: Mapping[str, float] | None) -> str:
    return "-" if figure is None else f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
