"""The rules beside the next item, and the bootstrap over customers."""

import numpy as np
import pytest
from benchmarks.next_item_peers import compared, gains, rule_ranks
from benchmarks.next_item_protocols import Protocol

import foretell
from foretell.core.history import history_frame
from foretell.train.next_item import Continued


def test_gains_are_ndcg_at_ten():
    assert gains(np.array([0, 1, 9, 10])).tolist() == pytest.approx([1, 1 / np.log2(3), 1 / np.log2(11), 0])


def test_customers_are_drawn_not_questions():
    random = np.random.default_rng(3)
    per_customer = random.normal(0.1, 1.0, 50)
    ours = np.repeat(per_customer, 40)
    found = compared(ours, np.zeros(2000), np.repeat(np.arange(50), 40))
    assert found["difference"] == pytest.approx(per_customer.mean())
    width = found["high"] - found["low"]
    assert width == pytest.approx(2 * 1.96 * per_customer.std() / np.sqrt(50), rel=0.15)


@pytest.fixture
def frame(tmp_path):
    path = tmp_path / "sequences.txt"
    path.write_text("1 7 8\n2 7 8\n3 7 8\n4 5 9\n5 5 9\n6 6\n7 7\n8 7\n")
    return history_frame(foretell.read_events(path, dialect="sequences"))


def test_each_rule_ranks_as_its_name_says(frame):
    asked = frame.filter(frame["user_id"] == "4").head(1)
    ranks = {}
    for target in ("9", "5", "7"):
        found = rule_ranks(
            Protocol(frame, Continued(asked, asked["item_id"]), Continued(asked, asked["item_id"])), _to(asked, target)
        )
        ranks[target] = {name: int(rank[0]) for name, rank in found.items()}
    assert ranks["9"]["item_knn"] == 0
    assert ranks["5"]["buy_again"] == 0
    assert ranks["7"]["popularity"] == 0


def test_a_target_that_was_never_learned_is_a_miss(frame):
    asked = frame.filter(frame["user_id"] == "4").head(1)
    protocol = Protocol(frame, Continued(asked, asked["item_id"]), Continued(asked, asked["item_id"]))
    assert all(rank[0] >= 5 for rank in rule_ranks(protocol, _to(asked, "1234")).values())


def _to(asked, target):
    return Continued(asked, asked["item_id"].replace_strict("5", target))
