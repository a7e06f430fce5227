import numpy as np
import pytest
import torch
from scipy.special import expit, logit

from foretell.explain.contributions import Contributions, feature_contributions, in_points, integrated_gradients
from foretell.model.dense import DenseNetwork


@pytest.mark.parametrize("task", ["purchase", "churn"])
def test_the_parts_add_up_to_the_answer(predictor, log, task):
    from foretell.predictor.view import ShopView

    fitted, view = predictor.task(task), ShopView.of(log)
    points = log.events.select("user_id").unique().sort("user_id").head(5).with_columns(cutoff=log.events["time"].max())
    inputs = predictor.reader.read(view, points=points).head_inputs()
    for row in range(5):
        one = inputs.take(np.array([row]))
        found = feature_contributions(fitted, one)
        assert found.total == pytest.approx(logit(fitted.head().probability(one)[0]), abs=1e-4)
        assert set(found.parts) == {*inputs.names, "sequence"}


def test_effects_in_points_add_up_and_keep_their_signs():
    parts = Contributions(-1.0, {"up": 2.5, "down": -1.0, "nothing": 0.0})
    effects = in_points(parts)
    assert sum(effects.values()) == pytest.approx(expit(0.5) - expit(-1.0))
    assert effects["up"] > 0 > effects["down"]
    assert effects["nothing"] == 0


def test_parts_that_cancel_out_still_have_effects():
    effects = in_points(Contributions(0.0, {"up": 1.0, "down": -1.0}))
    assert effects == {"up": 0.25, "down": -0.25}


def test_integrated_gradients_are_exact_for_a_linear_network():
    torch.manual_seed(0)
    network = DenseNetwork(3)
    network.mean.copy_(torch.tensor([1.0, 0.0, -1.0]))
    network.scale.copy_(torch.tensor([1.0, 2.0, 4.0]))
    row = np.array([2.0, 2.0, 3.0], dtype=np.float32)
    added, base = integrated_gradients(network, row)
    weight = network.output.weight[0].detach().numpy()
    np.testing.assert_allclose(added, weight * [1, 1, 1], rtol=1e-5)
    assert base == pytest.approx(0.0, abs=1e-6)


def test_integrated_gradients_add_up_for_a_deep_network():
    torch.manual_seed(0)
    network = DenseNetwork(6, hidden=(8,))
    row = np.random.default_rng(0).normal(size=6).astype(np.float32) * 5
    added, base = integrated_gradients(network, row)
    assert base + added.sum() == pytest.approx(network.raw(row[None])[0], rel=1e-6)
