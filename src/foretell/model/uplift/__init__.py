"""What a treatment changes for whom: the learners, behind one contract and one registry.

This room owns the estimation of effects from a trial (features, who received which arm, what came of it). It refuses
to judge them (``evaluate``) and to choose among them (``foretell.uplift``).
"""

from __future__ import annotations

from foretell.model.uplift.contract import SIZES, Trial, UpliftLearner, UpliftModel
from foretell.model.uplift.registry import BASELINES, UPLIFT_LEARNERS

__all__ = ["BASELINES", "SIZES", "UPLIFT_LEARNERS", "Trial", "UpliftLearner", "UpliftModel"]
