"""Groups: complete, the large ones with figures, the small ones with a reason."""

import numpy as np
import pytest

from foretell.evaluate import EvaluationError, TaskFacts, evaluate_probability
from foretell.evaluate.slices import groups


def test_groups_hold_every_row_once():
    labels = np.random.default_rng(0).zipf(1.3, 500) % 40
    cut = groups(labels, n_rows=500, most=6)
    assert len(cut) == 6
    assert cut[-1][0].startswith("all others (")
    assert (sum(rows.astype(int) for _, rows in cut) == 1).all()
    sizes = [rows.sum() for _, rows in cut[:-1]]
    assert sizes == sorted(sizes, reverse=True)


def test_labels_must_fit():
    with pytest.raises(EvaluationError, match="label per row"):
        groups(["a"], n_rows=2)


def test_small_and_one_sided_groups_say_why():
    generator = np.random.default_rng(1)
    score = generator.random(400)
    label = (generator.random(400) < score).astype(float)
    group = np.where(np.arange(400) < 20, "tiny", np.where(np.arange(400) < 120, "idle", "usual"))
    label[group == "idle"] = 0
    task = evaluate_probability(
        label,
        probability=score,
        slices={"kind": group},
        facts=TaskFacts(kind="purchase", horizon_days=28),
    )
    found = {entry["group"]: entry for entry in task["slices"][0]["groups"]}
    assert found["usual"]["reason"] is None
    assert found["usual"]["low"] <= found["usual"]["value"] <= found["usual"]["high"]
    assert found["tiny"]["value"] is None
    assert "only 20 rows" in found["tiny"]["reason"]
    assert found["idle"]["value"] is None
    assert "one outcome" in found["idle"]["reason"]
    assert found["idle"]["positives"] == 0
    assert found["idle"]["predicted"] == pytest.approx(score[group == "idle"].mean(), rel=1e-5)
