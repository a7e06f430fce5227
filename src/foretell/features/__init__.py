"""Numbers about customers, items and pairs of them, as they were known at a moment.

This room owns features: their declaration, their computation at any cutoffs (the same code for a whole shop and
for one live user), their association with a target and their scaling. It refuses to read files, to clean rows and
to build labels; it imports only ``core``.
"""

from foretell.features.categories import CategoryMap
from foretell.features.compute import UserFeatures
from foretell.features.defaults import default_features
from foretell.features.definition import Feature

__all__ = ["CategoryMap", "Feature", "UserFeatures", "default_features"]
