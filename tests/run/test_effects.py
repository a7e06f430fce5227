"""Effects of a run's campaigns: none is given where those reached have no counterpart among the others."""

from types import SimpleNamespace

import numpy as np
import polars as pl

from foretell.run import effects


def campaign(need, treated):
    """What ``campaign_effect`` reads of a context, a fitted task and its examples."""
    n = len(need)
    frame = pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(n)],
            "campaign_id": ["c1"] * n,
            "treated": treated,
            "amount": 10 * need + 5 * treated,
        }
    )
    inputs = SimpleNamespace(with_states=lambda: need[:, None].astype(np.float32))
    log = SimpleNamespace(table=lambda _: None)
    context = SimpleNamespace(dataset=SimpleNamespace(log=log), seed=0)
    return context, SimpleNamespace(levels={"kind": ()}, task=None), SimpleNamespace(frame=frame, inputs=inputs)


def found_for(strength, monkeypatch):
    random = np.random.default_rng(0)
    need = random.normal(size=3000)
    treated = random.random(3000) < 1 / (1 + np.exp(-strength * need))
    context, fitted, examples = campaign(need, treated)
    monkeypatch.setattr(effects, "campaign_examples", lambda *_, **__: examples)
    monkeypatch.setattr(effects, "_uplift_report", lambda *_, **__: {"ranked": True})
    return effects.campaign_effect(context, fitted, replicates=50)


def test_where_the_shop_reached_only_those_in_need_nothing_is_said(monkeypatch):
    found = found_for(12.0, monkeypatch)
    assert found.estimate is None
    assert found.variant is None
    assert found.notes[0].startswith("NOT COMPARABLE: ")


def test_where_customers_can_be_compared_the_planted_effect_is_estimated(monkeypatch):
    found = found_for(0.5, monkeypatch)
    assert found.variant == {"ranked": True}
    assert found.notes[0].startswith("NOT RANDOMISED")
    assert abs(found.estimate["value"] - 5) < 1
