"""A random forest as plain arrays: trained by scikit-learn, kept and answered without it (and without pickle).

This module owns the arrays and the walk down the trees. It refuses missing values; the caller fills them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.ensemble import RandomForestClassifier

__all__ = ["Forest", "fit_forest"]

Floats = NDArray[np.float64]
_ROWS_AT_ONCE: Final = 4096
_MOST_ROWS: Final = 100_000
_FURTHEST: Final = 2e-3
"""How far from 0 and 1 an answer stays: no number of trees that agree is certainty."""


@dataclass(frozen=True)
class Forest:
    """A trained forest. All trees' nodes lie one after another.

    Attributes:
        feature: Which feature a node asks about, -1 in a leaf ``[nodes]``.
        threshold: Up to which value the answer is left ``[nodes]``.
        left: Where left is ``[nodes]``.
        right: Where right is ``[nodes]``.
        value: The share of yes among the training rows in a leaf ``[nodes]``.
        roots: Where each tree starts ``[trees]``.
    """

    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    roots: NDArray[np.int32]

    def raw(self, inputs: NDArray[np.float32]) -> Floats:
        """Log odds of the mean of the trees ``[n]``."""
        shares = [self._share(inputs[start : start + _ROWS_AT_ONCE]) for start in range(0, len(inputs), _ROWS_AT_ONCE)]
        share = np.concatenate(shares) if shares else np.zeros(0)
        return np.asarray(logit((share + _FURTHEST / 2) / (1 + _FURTHEST)))

    def _share(self, inputs: NDArray[np.float32]) -> Floats:
        node = np.repeat(self.roots[None, :], len(inputs), axis=0)
        row = np.arange(len(inputs))[:, None]
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return np.asarray(self.value[node].mean(axis=1))
            goes_left = inputs[row, np.maximum(feature, 0)] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)

    def tensors(self) -> dict[str, NDArray[np.float64] | NDArray[np.int32]]:
        """The arrays by name, for safetensors."""
        return {name: getattr(self, name) for name in ("feature", "threshold", "left", "right", "value", "roots")}


def fit_forest(
    inputs: NDArray[np.float32], label: Floats, *, weight: Floats | None = None, n_trees: int = 500, seed: int = 0
) -> Forest:
    """Grow the forest. Of more than 100,000 rows a random part is used: more would only cost time.

    Args:
        inputs: Features ``[n, F]``, finite.
        label: 0 or 1 ``[n]``.
        weight: How much each row counts ``[n]``.
        n_trees: How many trees.
        seed: Decides the rows and features each tree sees.

    References:
        Breiman, Random Forests, Machine Learning 45, 2001.
    """
    if len(label) > _MOST_ROWS:
        rows = np.random.default_rng(seed).choice(len(label), _MOST_ROWS, replace=False)
        inputs, label, weight = inputs[rows], label[rows], None if weight is None else weight[rows]
    model = RandomForestClassifier(
        n_trees,
        min_samples_leaf=int(np.clip(len(label) // 150, 1, 20)),
        max_features=0.3,
        random_state=seed,
        n_jobs=2 if len(label) > 2000 else None,
    )
    model.fit(inputs, label, sample_weight=weight)
    trees = [one.tree_ for one in model.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    column = int(np.flatnonzero(model.classes_ == 1.0)[0]) if 1.0 in model.classes_ else None

    def joined(name: str) -> list[NDArray[np.int64]]:
        return [
            np.where(getattr(tree, name) >= 0, getattr(tree, name) + start, 0)
            for tree, start in zip(trees, starts[:-1], strict=True)
        ]

    values = [np.zeros(tree.node_count) if column is None else tree.value[:, 0, column] for tree in trees]
    return Forest(
        feature=np.concatenate([np.where(tree.feature >= 0, tree.feature, -1) for tree in trees]).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        left=np.concatenate(joined("children_left")).astype(np.int32),
        right=np.concatenate(joined("children_right")).astype(np.int32),
        value=np.concatenate(values).astype(np.float64),
        roots=starts[:-1].astype(np.int32),
    )
