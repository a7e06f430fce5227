"""A logged table and another policy's chances, to what that policy would have earned.

This module owns the columns and the words. It refuses to guess a propensity: a log that does not say it cannot answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, UnknownNameError
from foretell.evaluate.off_policy import off_policy_value
from foretell.tabular.reading import read_table
from foretell.tabular.recognise import numbers, words, yes_no

__all__ = ["judge_policy", "policy_text"]

_NAMES: Final = {
    "logged": "as logged",
    "ips": "inverse propensity",
    "snips": "self-normalised",
    "direct": "model alone",
    "doubly_robust": "doubly robust",
}


def judge_policy(
    source: object,
    *,
    reward: str,
    propensity: str,
    target: str,
    predicted: str | None = None,
    expected: str | None = None,
    user: str | None = None,
    largest_weight: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What a policy would have earned, from a table with one row per choice that was logged.

    Args:
        source: A file, an address or a frame.
        reward: The column with what came of the choice.
        propensity: The column with the chance the choice had been made with.
        target: The column with the chance the other policy would have made it with.
        predicted: A model's expectation of the choice; for the doubly robust estimate, with ``expected``.
        expected: Its expectation of the other policy.
        user: The column of customers, who are resampled with all their rows; rows are when None.
        largest_weight: Weights are cut here.
        seed: Fixes the resamples.

    Returns:
        ``evaluate.off_policy.off_policy_value``, with ``left_out`` (rows without a number where one is needed) and
        ``notes`` of reading.

    Raises:
        UnknownNameError: If a column does not exist.
        InsufficientDataError: If no row is whole.
        EvaluationError: If a chance is out of range.

    Example:
        >>> import polars as pl
        >>> log = pl.DataFrame({"click": [1, 0, 0, 1], "chance": [0.5] * 4, "ours": [1.0, 0.0, 1.0, 0.0]})
        >>> judge_policy(log, reward="click", propensity="chance", target="ours")["estimates"]["ips"]["value"]
        0.5
    """
    rows = read_table(source)
    frame = rows.frame
    asked = {"reward": reward, "propensity": propensity, "target": target, "predicted": predicted, "expected": expected}
    named = {name: column for name, column in asked.items() if column is not None}
    for column in [*named.values(), *([user] if user is not None else [])]:
        if column not in frame.columns:
            raise UnknownNameError.among("column", column, frame.columns)
    values = {name: _numbers(frame[column]) for name, column in named.items()}
    whole = np.all([np.isfinite(column) for column in values.values()], axis=0)
    ids = None if user is None else words(frame[user])
    if ids is not None:
        whole &= ids.is_not_null().to_numpy()
    if not whole.any():
        empty = [repr(named[name]) for name, column in values.items() if not np.isfinite(column).any()]
        raise InsufficientDataError(
            "No row has a number in every column that is needed.",
            received=f"no number at all in {', '.join(empty)}" if empty else f"{frame.height:,} rows, each with a gap",
            remedy="Check which columns you named; a chance of nothing is written 0.",
        )
    kept = {name: column[whole] for name, column in values.items()}
    found = off_policy_value(
        kept["reward"],
        propensity=kept["propensity"],
        target=kept["target"],
        predicted=kept.get("predicted"),
        expected=kept.get("expected"),
        cluster=None if ids is None else ids.to_numpy()[whole].astype(str),
        largest_weight=largest_weight,
        seed=seed,
    )
    return {**found, "left_out": int((~whole).sum()) + rows.rejected.height, "notes": list(rows.notes)}


def _numbers(series: pl.Series) -> NDArray[np.float64]:
    """Numbers, percentages as shares, yes and no as 1 and 0."""
    found = numbers(series)
    if not np.isfinite(found).any():
        return yes_no(series)
    percent = words(series).str.strip_chars().str.ends_with("%").fill_null(False).to_numpy()
    return np.asarray(np.where(percent, found / 100, found))


def policy_text(found: Mapping[str, Any]) -> str:
    """The estimates as a table, what is wrong with them first."""
    lines = [f"{one['status'].upper()} {one['code']}: {one['message']}" for one in found["checks"]]
    if found["left_out"]:
        lines.append(
            f"{found['left_out']:,} rows without a number where one is needed were left out, of what was logged too; "
            "a chance of nothing is written 0."
        )
    lines += [*found["notes"], ""]
    lines.append(f"{'estimate':<20} {'reward a row':>12}  {'95 % interval':<22} less what was logged")
    for name, one in found["estimates"].items():
        gain = found["gains"].get(name)
        of_log = "" if gain is None else f"{gain['value']:+.5f} [{gain['low']:+.5f}, {gain['high']:+.5f}]"
        interval = f"[{one['low']:.5f}, {one['high']:.5f}]"
        lines.append(f"{_NAMES[name]:<20} {one['value']:>12.5f}  {interval:<22} {of_log}".rstrip())
    return "\n".join(lines)
