import numpy as np
import polars as pl
import pytest

from foretell.core.errors import SchemaError
from foretell.features.transform import METHODS, Standardiser


@pytest.mark.parametrize("method", METHODS)
def test_few_rows_many_rows_and_a_frame_are_scaled_alike(method):
    """A customer alone takes another path than a whole shop; every bit must agree."""
    rng = np.random.default_rng(0)
    n = 300
    values = np.column_stack(
        [
            rng.normal(size=n),
            np.where(rng.random(n) < 0.3, np.nan, rng.poisson(3, n)),
            np.full(n, 2.0),
            np.full(n, np.nan),
            rng.exponential(size=n) * 1e6,
        ]
    ).astype(np.float32)
    names = ("a", "b", "c", "d", "e")
    frame = pl.DataFrame(values, schema=list(names))
    standardiser = Standardiser.fit(frame, names=["e", "b", "d", "a", "c"], method=method)
    later = values * np.float32(3)
    later[5] = [np.inf, -np.inf, np.nan, 1e30, -1e30]
    whole = standardiser.transform(pl.DataFrame(later, schema=list(names)))
    parts = [standardiser.transform_matrix(later[row : row + 4], names=names) for row in range(0, n, 4)]
    np.testing.assert_array_equal(whole, standardiser.transform_matrix(later, names=names))
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_missing_column_is_named():
    standardiser = Standardiser.fit(pl.DataFrame({"visits": [1.0, 2.0]}))
    with pytest.raises(SchemaError, match="visits"):
        standardiser.transform_matrix(np.zeros((1, 1), dtype=np.float32), names=("orders",))
