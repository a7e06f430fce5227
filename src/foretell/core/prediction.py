"""Answers, as they leave foretell: the shop's own ids, the cutoff, the answer, the model version.

This module owns the columns of prediction tables and of one answer's reasons. It refuses to compute them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ANSWER_COLUMNS", "Reason"]

ANSWER_COLUMNS: Final = {
    "purchase": ("user_id", "cutoff", "horizon_days", "probability", "model_version"),
    "churn": (
        "user_id",
        "cutoff",
        "horizon_days",
        "probability",
        "expected_next_order_date",
        "expected_spend",
        "model_version",
    ),
    "recommend": ("user_id", "cutoff", "horizon_days", "rank", "item_id", "score", "is_new_to_user", "model_version"),
    "ad": ("user_id", "cutoff", "horizon_days", "item_id", "position", "channel", "probability", "model_version"),
    "promotion": ("user_id", "cutoff", "horizon_days", "campaign_id", "probability", "model_version"),
    "demand": ("item_id", "cutoff", "week", "start", "end", "mean", "quantiles", "order_quantity", "model_version"),
}


@dataclass(frozen=True)
class Reason:
    """One thing that moved a prediction.

    Attributes:
        kind: ``event`` or ``feature``.
        name: The feature's name, or the event in short.
        effect: By how much the answer moved because of it (probability or score points).
        words: The same in a plain sentence.
    """

    kind: str
    name: str
    effect: float
    words: str
