"""A campaign's table in, whom it changed out: effects by person, their evidence, and whom to treat under a budget.

This room owns a campaign's reading, the choice of learner, out-of-fold scoring, policies, what is saved and the page.
It refuses to speak of effects where treated and untreated people cannot be compared.
"""

from __future__ import annotations

from foretell.uplift.campaign import Columns
from foretell.uplift.out_of_fold import OverlapError
from foretell.uplift.predictor import UpliftPredictor
from foretell.uplift.run import predict_uplift, train_uplift

__all__ = ["Columns", "OverlapError", "UpliftPredictor", "predict_uplift", "train_uplift"]
