"""Which reasons are told: the strongest of two accounts of one prediction, in words.

This module owns the choice. It refuses to compute effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from foretell.core.prediction import Reason

__all__ = ["choose"]

_NEGLIGIBLE_SHARE: Final = 0.02
_NEGLIGIBLE: Final = 1e-5


def choose(events: Sequence[Reason], features: Sequence[Reason], *, n: int) -> tuple[Reason, ...]:
    """The ``n`` reasons to tell, strongest first: half from each account, more where the other has fewer.

    Events and features explain the same prediction twice (features are computed from events), so neither may
    crowd the other out. Effects below a fiftieth of the strongest are left out.

    Example:
        >>> events = [Reason("event", f"e{k}", 0.1 * k, "") for k in (1, 2, 3)]
        >>> features = [Reason("feature", "f", -0.05, "")]
        >>> [reason.name for reason in choose(events, features, n=3)]
        ['e3', 'e2', 'f']
    """
    ranked = [sorted(part, key=lambda reason: -abs(reason.effect)) for part in (events, features)]
    strongest = max((abs(part[0].effect) for part in ranked if part), default=0.0)
    least = max(_NEGLIGIBLE_SHARE * strongest, _NEGLIGIBLE)
    happened, known = ([reason for reason in part if abs(reason.effect) >= least] for part in ranked)
    n_events = min(len(happened), max(n // 2, n - len(known)))
    chosen = [*happened[:n_events], *known[: n - n_events]]
    return tuple(sorted(chosen, key=lambda reason: -abs(reason.effect)))
