"""The feature declarations compiled to a lazy Narwhals plan: one program for every engine, at any size.

``foretell.features.compute`` holds one user or one block of users in memory and answers at any points; it is what the
live path runs. This package says the same in group-bys and joins, which Polars streams and Spark distributes. Both give
the same bits, because both add up integers and divide once; a property test keeps them so. The package refuses to
choose features and to collect: a plan in, a plan out.
"""

from foretell.features.plan.compiled import PLANNED_AGGREGATES, is_planned, plan_features

__all__ = ["PLANNED_AGGREGATES", "is_planned", "plan_features"]
