"""Values as they are written to JSON: plain, rounded, finite.

This module owns the conversion of numpy values, dates and dataclasses, the rounding to six significant
digits, and the rule that NaN and infinity become null. It refuses values it does not know, rather than
writing their ``repr``.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import numpy as np

from foretell.evaluate.inputs import EvaluationError

__all__ = ["plain", "rounded"]

DIGITS: Final = 6


def rounded(value: float) -> float | None:
    """The value to six significant digits; None for NaN and infinity, which JSON does not know.

    Example:
        >>> rounded(0.123456789), rounded(float("nan"))
        (0.123457, None)
    """
    return float(f"{value:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None


def plain(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """The value as dictionaries, lists, texts, numbers, booleans and None.

    Args:
        value: Mappings, sequences, sets (sorted), numpy arrays and scalars, dates, paths, dataclasses and
            plain values.

    Returns:
        A value ``json.dumps`` writes without surprises. Integers stay exact; floats have six significant
        digits.

    Raises:
        EvaluationError: If something else is found.

    Example:
        >>> plain({"auc": np.float64(0.5), "n": np.int64(3), "gap": float("inf")})
        {'auc': 0.5, 'n': 3, 'gap': None}
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return rounded(float(value))
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (set, frozenset)):
        return [plain(entry) for entry in sorted(value, key=str)]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise EvaluationError(
        "A report holds only plain values.",
        received=f"{type(value).__name__}",
        remedy="Convert it to numbers, texts, lists and dictionaries first.",
    )
