"""A metric group by group: new and returning customers, head and tail items, segments.

This module owns the cutting of rows into groups and the rule for groups that are too small: they are listed
with the reason, never left out. It refuses to search for slices that look bad or good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import EvaluationError
from foretell.evaluate.intervals import Resamples, Statistic, bootstrap

__all__ = ["SMALLEST_SLICE", "evaluate_slices", "groups"]

SMALLEST_SLICE: Final = 50
"""Groups with fewer rows get no figure, only the reason."""

_MOST_GROUPS: Final = 12
_REST: Final = "all others"

Rows = npt.NDArray[np.bool_]


def groups(labels: npt.ArrayLike, *, n_rows: int, most: int = _MOST_GROUPS) -> list[tuple[str, Rows]]:
    """Cut rows by label, largest group first; beyond ``most`` groups the smallest are put together.

    Args:
        labels: A label per row, of any type that can be written as text, shape ``[n]``.
        n_rows: How many rows there are.
        most: The largest number of groups.

    Returns:
        Names and row masks; every row is in exactly one group.

    Raises:
        EvaluationError: If the length differs.

    Example:
        >>> [(name, int(rows.sum())) for name, rows in groups(["a", "b", "a"], n_rows=3)]
        [('a', 2), ('b', 1)]
    """
    given = np.asarray(labels)
    if given.shape != (n_rows,):
        raise EvaluationError(
            "A slice needs one label per row.",
            received=f"shape {given.shape} for {n_rows} rows",
            remedy="Give an array of labels in the order of the rows.",
        )
    names, codes = np.unique(given.astype(str), return_inverse=True)
    order = np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable")
    named = order if len(order) <= most else order[: most - 1]
    cut = [(str(names[code]), codes == code) for code in named]
    if len(named) < len(order):
        cut.append((f"{_REST} ({len(order) - len(named)})", ~np.isin(codes, named)))
    return cut


def evaluate_slices(
    slices: Mapping[str, npt.ArrayLike],
    *,
    n_rows: int,
    metric: str,
    statistic: Callable[[Rows], Statistic],
    resamples: Resamples,
    describe: Callable[[Rows], Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """One metric with its interval in every group of every slicing.

    Args:
        slices: A label per row for each slicing, by name.
        n_rows: How many rows there are.
        metric: The metric shown.
        statistic: Builds the statistic of the rows under a mask; its clusters are those of ``resamples``.
        resamples: The draws of the task.
        describe: Further facts of the rows under a mask, added to each group.

    Returns:
        A dictionary per slicing: ``name``, ``metric`` and ``groups``, each group with ``group``, ``n``,
        ``value``, ``low``, ``high`` (null where there is a ``reason``), ``reason`` (null or text) and the
        facts of ``describe``.

    Raises:
        EvaluationError: If a slicing has another number of rows.
    """
    results = []
    for name, labels in slices.items():
        rows_of = []
        for group, rows in groups(labels, n_rows=n_rows):
            n = int(rows.sum())
            entry: dict[str, Any] = {
                "group": group,
                "n": n,
                "value": None,
                "low": None,
                "high": None,
                "reason": None,
            }
            entry |= describe(rows)
            if n < SMALLEST_SLICE:
                entry["reason"] = f"only {n} rows; a figure needs {SMALLEST_SLICE}"
            else:
                interval = bootstrap(statistic(rows), resamples=resamples).interval(metric)
                if interval is None:
                    entry["reason"] = "undefined here: only one outcome occurs"
                else:
                    entry |= {"value": interval.value, "low": interval.low, "high": interval.high}
            rows_of.append(entry)
        results.append({"name": name, "metric": metric, "groups": rows_of})
    return results
