"""The plain case for scikit-learn: an estimator with ``fit``, ``predict`` and ``predict_proba``.

This module owns scikit-learn's conventions (validation, tags, fitted attributes). It refuses more than two classes and
says so in its tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from foretell.sources.frames import FrameTable, is_frame
from foretell.tabular.choose import choose_and_fit
from foretell.tabular.models import MODELS
from foretell.tabular.network import network_config
from foretell.tabular.predictor import TabularPredictor
from foretell.tabular.recognise import recognise_columns
from foretell.tabular.target import TargetError

__all__ = ["TabularClassifier"]


class TabularClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Yes or no from a table: logistic regression, dense network, boosted trees and forest, chosen and calibrated.

    Takes NumPy arrays, pandas and Polars frames; in frames, text, categories, dates, yes-or-no columns and missing
    values are understood.

    Args:
        models: Which models to fit: any of ``logistic``, ``dense_64_32_1``, ``lightgbm``, ``forest``; all by default.
        categories: Columns whose numbers are codes, not amounts.
        network: Settings of the dense network, such as ``{"activation": "tanh", "optimiser": "sgd", "loss": "mse"}``.
        random_state: Decides every random choice; None means 0, so that results repeat.

    Attributes:
        classes_: The two answers, sorted; probabilities come in their order.
        n_features_in_: How many columns ``fit`` saw.
        feature_names_in_: Their names, where they had some.
        predictor_: The fitted ``TabularPredictor``.

    Raises:
        TargetError: If there are more than two classes (in ``fit``).

    Example:
        >>> X = np.tile([[1.0, 5.0], [9.0, 2.0]], (50, 1))
        >>> model = TabularClassifier(models=("logistic",)).fit(X, ["no", "yes"] * 50)
        >>> model.predict([[9.0, 2.0]]).tolist()
        ['yes']
    """

    def __init__(
        self,
        *,
        models: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        network: dict[str, Any] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.models = models
        self.categories = categories
        self.network = network
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike) -> Self:  # noqa: ANN401 (any table)
        """Train on a table ``[n, F]`` and its labels ``[n]``."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        frame = self._frame(X, reset=True)
        labels = column_or_1d(y, warn=True)
        if len(labels) != frame.height:
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: {[frame.height, len(labels)]}"
            )
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise ValueError("Input y contains NaN or infinity.")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) > 2:
            kind = type_of_target(labels)
            raise TargetError(
                f"Only binary classification is supported. The type of the target is {kind}.",
                received=f"{len(self.classes_)} classes",
                remedy="Give two classes, or wrap this in sklearn.multiclass.OneVsRestClassifier.",
            )
        if len(self.classes_) < 2:
            raise TargetError(
                "The classifier needs two classes; the data holds one class.",
                received=f"{labels[0]!r} in all {len(labels)} rows",
                remedy="Add rows of the other class.",
            )
        label = codes.astype(np.float64)
        seed = 0 if self.random_state is None else int(self.random_state)
        recognition = recognise_columns(frame, categories=tuple(self.categories or ()))
        names = tuple(MODELS) if self.models is None else tuple(self.models)
        network = network_config(**(self.network or {}))
        fitted, choice = choose_and_fit(frame, label, recognition=recognition, names=names, network=network, seed=seed)
        words = {"name": "y", "no": str(self.classes_[0]), "yes": str(self.classes_[1])}
        facts = {"seed": seed, "split": "All rows train.", "train_rows": len(label), "train_rate": float(label.mean())}
        self.predictor_ = TabularPredictor(fitted, choice, words, facts)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: ANN401
        """Calibrated probabilities ``[n, 2]``, in the order of ``classes_``."""
        check_is_fitted(self)
        chance = self.predictor_.probabilities(self._frame(X, reset=False))
        return np.column_stack([1.0 - chance, chance])

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: ANN401
        """The likelier class of each row ``[n]``."""
        likelier = self.predict_proba(X)[:, 1] >= 0.5
        return np.asarray(self.classes_[likelier.astype(np.int64)])

    def _frame(self, X: Any, *, reset: bool) -> pl.DataFrame:  # noqa: ANN401
        """The table as a Polars frame, checked the way scikit-learn checks."""
        # A frame whose columns are numbered has no names to keep: it is an array.
        if is_frame(X) and all(isinstance(name, str) for name in X.columns):
            validate_data(self, X=X, reset=reset, skip_check_array=True)
            frame = FrameTable.open(X).frame
            if frame.height == 0 or frame.width == 0:
                what = "sample" if frame.height == 0 else "feature"
                raise ValueError(
                    f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is required."
                )
            return frame
        values = validate_data(self, X=X, reset=reset, dtype="numeric", ensure_all_finite="allow-nan")
        names = [f"x{number}" for number in range(values.shape[1])]
        return pl.DataFrame(values.astype(np.float64), schema=names)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 (scikit-learn's Tags)
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags
