"""What is suggested about a customer, as arithmetic."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.task import Task
from foretell.predictor.customer_answers import suggested_action


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1e4)), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(0, 50),
    st.floats(0.01, 1),
)
def test_the_value_is_what_a_contact_brings_and_nobody_is_contacted_at_a_loss(customers, effect, cost, margin):
    churn, worth = (np.array(column) for column in zip(*customers, strict=True))
    task = Task(name="churn", kind="churn", horizon_days=28, contact_effect=effect, contact_cost=cost, margin=margin)
    action, value = suggested_action(task, churn=churn, order_value=worth)
    gain = churn * effect * worth * margin - cost
    np.testing.assert_allclose(value, np.maximum(gain, 0))
    assert [word != "leave_alone" for word in action] == (gain > 0).tolist()
    assert all(churn[row] > 0.5 for row, word in enumerate(action) if word == "win_back")
    assert all(churn[row] <= 0.5 for row, word in enumerate(action) if word == "remind")


def test_without_money_nothing_is_suggested():
    task = Task(name="churn", kind="churn", horizon_days=28)
    assert suggested_action(task, churn=np.array([0.9]), order_value=None) == ([None], None)
