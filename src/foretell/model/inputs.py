"""What a head sees of each example: named features and the sequence state.

This module owns that pairing. It refuses labels: those travel separately, so that no head can see one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HeadInputs"]


@dataclass(frozen=True)
class HeadInputs:
    """Inputs of ``n`` examples.

    Attributes:
        features: float32 ``[n, F]``; NaN where a feature is undefined.
        names: The F feature names.
        states: float32 ``[n, D]``: the sequence state at each example's cutoff; zeros for an empty history.
    """

    features: NDArray[np.float32]
    names: tuple[str, ...]
    states: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[np.int64]) -> HeadInputs:
        """The inputs of some of the examples."""
        return HeadInputs(self.features[rows], self.names, self.states[rows])

    def only(self, names: tuple[str, ...]) -> HeadInputs:
        """The same examples with these features, in this order."""
        if names == self.names:
            return self
        place = {name: number for number, name in enumerate(self.names)}
        return HeadInputs(np.ascontiguousarray(self.features[:, [place[name] for name in names]]), names, self.states)

    def with_states(self) -> NDArray[np.float32]:
        """Features and states side by side, ``[n, F + D]``."""
        return np.concatenate([self.features, self.states], axis=1)
