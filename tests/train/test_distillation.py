"""Distillation against its formula, and a student that ends nearer to its teachers than without them."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.predictor.encoder import fields_of
from foretell.train import distillation
from foretell.train.distillation import Distillation, soft_label_loss
from foretell.train.losses import Objectives, RegularisationConfig
from foretell.train.negatives import Negatives
from foretell.train.precision import Precision
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

FLOAT32 = Precision.chosen("float32")


def model_of(small, seed, backbone="transformer"):
    torch.manual_seed(seed)
    return BehaviourModel(small[0], size="nano", dropout=0.0, backbone=backbone).eval()


def probabilities(model, batch):
    fields = fields_of(batch)
    with torch.no_grad():
        states = model.states_at(fields, Packing.of(batch), (fields["next_item"] > 0).nonzero().squeeze(1))
        return model.item_scores(states, torch.arange(1, 7)).log_softmax(1)


@pytest.fixture
def batch(small):
    data = PretrainingData.cut(small[1], events_per_step=1000, seed=0)
    return data.take(np.arange(len(data.batch)))


def test_the_loss_is_the_cross_entropy_with_the_normed_geometric_mean():
    torch.manual_seed(0)
    logits, one, other = torch.randn(3, 5, 7)
    agreed = (one.softmax(1) * other.softmax(1)).sqrt()
    agreed = agreed / agreed.sum(1, keepdim=True)
    expected = torch.nn.functional.cross_entropy(logits, agreed)
    torch.testing.assert_close(soft_label_loss(logits, [one, other]), expected)


@pytest.mark.parametrize("at_once", [4_000_000, 60])
def test_the_label_is_shared_over_the_whole_catalogue(small, batch, at_once, monkeypatch):
    monkeypatch.setattr(distillation, "_LOGITS_AT_ONCE", at_once)
    student, teachers = model_of(small, 0), (model_of(small, 1), model_of(small, 2, "masked"))
    taught = Objectives(None, FLOAT32, RegularisationConfig(), distillation=Distillation(teachers, 0.3))
    found = taught.losses(student, batch, drawn=None)["next_item"]
    own = probabilities(student, batch)
    agreed = torch.stack([probabilities(one, batch) for one in teachers]).mean(0).softmax(1)
    targets = fields_of(batch)["next_item"]
    hard = -own.gather(1, targets[targets > 0][:, None] - 1).mean()
    assert found.item() == pytest.approx((0.7 * hard - 0.3 * (agreed * own).sum(1).mean()).item(), rel=1e-5)
    found.backward()
    assert float(student.embedding.items.identity.weight.grad.abs().sum()) > 0
    assert all(one.grad is None for teacher in teachers for one in teacher.parameters())


def test_drawn_items_estimate_the_same_divergence(small, batch):
    """What a student loses over the teacher itself: the rest is a constant, larger the more often an item is drawn."""
    student, teacher = model_of(small, 0), model_of(small, 1)
    counts = np.bincount(batch.values["next_item"], minlength=7)

    def lost(model, negatives):
        taught = Objectives(negatives, FLOAT32, RegularisationConfig(), distillation=Distillation((teacher,), 1.0))
        torch.manual_seed(0)
        return taught.losses(model, batch, drawn=taught.draw())["next_item"].item()

    drawing = Negatives.of(counts, n=20_000, drawing="uniform")
    estimated, exact = (lost(student, negatives) - lost(teacher, negatives) for negatives in (drawing, None))
    assert exact > 1e-4
    assert estimated == pytest.approx(exact, rel=0.1)


def test_a_student_ends_near_its_teacher(small, batch, tmp_path):
    teacher = model_of(small, 1)
    before = -(probabilities(teacher, batch).exp() * probabilities(model_of(small, 0), batch)).sum(1).mean()
    student = model_of(small, 0)
    pretrain(
        student,
        data=PretrainingData.cut(small[1], events_per_step=60, seed=0),
        config=ModelConfig(size="nano", epochs=6, distil=1.0, precision="float32"),
        seed=0,
        folder=tmp_path,
        progress=lambda *_: None,
        teachers=(teacher,),
    )
    known = probabilities(teacher, batch)
    after = -(known.exp() * probabilities(student, batch)).sum(1).mean()
    least = -(known.exp() * known).sum(1).mean()
    assert (after - least).item() < 0.5 * (before - least).item()


def test_a_masked_student_is_refused():
    with pytest.raises(ValidationError, match="cannot be distilled"):
        ModelConfig(backbone="masked", distil=0.5)
