"""Reasons: which events and features moved a prediction, and by how much, in plain words.

This room owns explanations of single answers, in English and Chinese. It refuses to predict and to claim causes.
"""

from foretell.explain.explain import explain, explain_in_view
from foretell.explain.explanation import Explanation

__all__ = ["Explanation", "explain", "explain_in_view"]
