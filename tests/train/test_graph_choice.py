"""How fast the graph forgets is chosen by what came next."""

import numpy as np
import pytest
from scipy import sparse

from foretell.core.batch import Batch
from foretell.train.graph_choice import graph_that_foresees

N_ITEMS = 12


def packed(lists, days):
    lengths = [len(one) for one in lists]
    values = {"item": np.array([item for one in lists for item in one]), "day": np.repeat(days, lengths)}
    return Batch(values, np.cumsum([0, *lengths]).astype(np.int64))


def shop(*, turns):
    """Item i is followed by i + 1; in a shop that turns, from the middle on by i + 2."""
    random = np.random.default_rng(0)
    days = np.arange(400) // 4
    firsts = random.integers(1, N_ITEMS - 2, 400)
    return packed(
        [[first, first + (2 if turns and day > 75 else 1)] for first, day in zip(firsts, days, strict=True)], days
    )


def asked(step):
    firsts = np.arange(1, N_ITEMS - 2)
    return Batch({"item": firsts}, np.arange(len(firsts) + 1)), firsts + step


def test_a_shop_that_turns_is_forgotten_fast():
    later, targets = asked(2)
    graph = graph_that_foresees(shop(turns=True), n_items=N_ITEMS, later=later, targets=targets, seed=0)
    assert graph.config.half_life_days is not None
    assert graph.scores(later).toarray().argmax(axis=1).tolist() == targets.tolist()


@pytest.mark.parametrize("n_asked", [0, 9])
def test_where_forgetting_gains_nothing_nothing_is_forgotten(n_asked):
    later, targets = asked(1)
    rows = np.arange(n_asked)
    graph = graph_that_foresees(
        shop(turns=False), n_items=N_ITEMS, later=later.select(rows), targets=targets[rows], seed=0
    )
    assert graph.config.half_life_days is None


def test_histories_of_one_day_have_nothing_to_forget():
    later, targets = asked(1)
    one_day = packed([[1, 2], [2, 3]], np.array([7, 7]))
    assert (
        graph_that_foresees(one_day, n_items=N_ITEMS, later=later, targets=targets, seed=0).config.half_life_days
        is None
    )


def alike(step):
    """Item i is like item i + step."""
    firsts = np.arange(1, N_ITEMS - 3)
    return sparse.csr_array((np.ones(len(firsts)), (firsts, firsts + step)), shape=(N_ITEMS, N_ITEMS))


def test_links_by_content_are_made_as_strong_as_helps():
    later, targets = asked(2)
    shop_of_pairs = shop(turns=False)  # whose links all lead to i + 1, so that only content leads to i + 2
    for given, helps in ((alike(2), True), (alike(3), False)):
        graph = graph_that_foresees(
            shop_of_pairs, n_items=N_ITEMS, later=later, targets=targets, seed=0, alike=sparse.csr_array(given)
        )
        assert (graph.config.content_share > 0) == helps
