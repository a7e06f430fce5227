"""The plain case: one row per user with a yes-or-no label, from a table to a saved predictor and a report.

This room owns recognition of columns, the split, the models side by side (logistic regression, the dense network
64-32-1, boosted trees, a forest, their blend), their calibration, and what is saved. It refuses event logs: those go
through ``foretell train``.
"""

from __future__ import annotations

from foretell.tabular.classifier import TabularClassifier
from foretell.tabular.predictor import TabularPredictor
from foretell.tabular.run import predict_table, train_table

__all__ = ["TabularClassifier", "TabularPredictor", "predict_table", "train_table"]
