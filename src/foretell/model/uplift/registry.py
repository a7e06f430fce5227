"""The registry of uplift learners and of the baselines that always stand beside them.

This module owns the names. A new learner is one file and one line here, and the contract tests take it up at once.
"""

from __future__ import annotations

from typing import Final

from foretell.model.uplift import (
    dr_learner,
    one_line_rule,
    response_model,
    s_learner,
    single_arm,
    t_learner,
    x_learner,
)
from foretell.model.uplift.contract import UpliftLearner

__all__ = ["BASELINES", "UPLIFT_LEARNERS"]

UPLIFT_LEARNERS: Final[dict[str, UpliftLearner]] = {
    "s_learner": UpliftLearner(s_learner.fit, s_learner.effects, "one model that sees the arm as a feature"),
    "t_learner": UpliftLearner(t_learner.fit, t_learner.effects, "one model for each arm, differences"),
    "x_learner": UpliftLearner(x_learner.fit, x_learner.effects, "effects imputed across arms, then learned"),
    "dr_learner": UpliftLearner(dr_learner.fit, dr_learner.effects, "doubly robust scores regressed, cross-fitted"),
}

BASELINES: Final[dict[str, UpliftLearner]] = {
    "response_model": UpliftLearner(
        response_model.fit, response_model.effects, "who responds when treated", in_units=False
    ),
    "one_line_rule": UpliftLearner(one_line_rule.fit, one_line_rule.effects, "one feature, one threshold"),
    "single_arm": UpliftLearner(single_arm.fit, single_arm.effects, "the same arm for everybody"),
}
