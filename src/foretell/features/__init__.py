"""Numbers about customers, items and pairs of them, as they were known at a moment.

This room owns features: their declaration, their computation at any cutoffs (the same code for a whole shop and
for one live user), their association with a target and their scaling. It refuses to read files, to clean rows and
to build labels; it imports only ``core``.
"""

from foretell.features.association import measure_association
from foretell.features.categories import CategoryMap
from foretell.features.compute import UserFeatures
from foretell.features.declaration import Declaration
from foretell.features.defaults import default_features
from foretell.features.definition import Feature
from foretell.features.demand import demand_features
from foretell.features.item_statistics import ItemStatistics
from foretell.features.phrases import phrase
from foretell.features.selection import select_features
from foretell.features.settings import FeatureConfig
from foretell.features.transform import Standardiser
from foretell.features.user_item import user_item_features

__all__ = [
    "CategoryMap",
    "Declaration",
    "Feature",
    "FeatureConfig",
    "ItemStatistics",
    "Standardiser",
    "UserFeatures",
    "default_features",
    "demand_features",
    "measure_association",
    "phrase",
    "select_features",
    "user_item_features",
]
