"""Each switch of the engine in the loop: it changes the run, and a killed run still ends bit-identical."""

import json

import numpy as np
import pytest
import torch

from foretell.model.behaviour import BehaviourModel
from foretell.train import stepper
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

SWITCHES = {
    "by rows": {"item_loss": "sampled_softmax"},
    "average": {"average_decay": 0.8},
    "muon": {"optimisation": {"optimiser": "muon"}},
    "adam": {"optimisation": {"optimiser": "adam"}},
    "sgd": {"optimisation": {"optimiser": "sgd"}},
    "gd": {"optimisation": {"optimiser": "gd", "warm_up_steps": 0}},
    "linear": {"optimisation": {"schedule": "linear"}},
    "l1": {"optimisation": {"l1": 0.01}},
    "clip": {"optimisation": {"clip_norm": 0.05}},
    "smoothing": {"regularisation": {"label_smoothing": 0.1}},
    "contrastive": {"regularisation": {"contrastive": 0.1}},
    "r drop": {"regularisation": {"r_drop": 0.5}},
    "augmentation": {
        "augmentation": {"event_dropout": 0.1, "crop": 0.2, "mask": 0.1, "substitute": 0.1, "insert": 0.1}
    },
    "held out": {"stopping": {"held_out_share": 0.2, "patience_epochs": 2}},
    "bfloat16": {"precision": "bfloat16"},
}


class KilledError(Exception):
    pass


@pytest.fixture
def run(small):
    vocabulary, batch = small

    def train(folder, *, progress=lambda *_: None, on_pace=None, epochs=3, checkpoint_seconds=1e-9, **settings):
        torch.manual_seed(0)
        model = BehaviourModel(vocabulary, size="tiny", dropout=0.2)
        config = ModelConfig.model_validate(
            {"size": "tiny", "epochs": epochs, "n_negatives": 8, "checkpoint_seconds": checkpoint_seconds}
            | {"precision": "float32"}
            | settings
        )
        data = PretrainingData.cut(batch, events_per_step=60, seed=0)
        losses = pretrain(model, data=data, config=config, seed=0, folder=folder, progress=progress, on_pace=on_pace)
        return model, losses

    return train


@pytest.fixture
def by_rows(monkeypatch, request):
    if request.node.callspec.params["name"] == "by rows":
        monkeypatch.setattr(stepper, "_DENSE_ROWS_A_TOUCHED_ONE", 0)


def same(one, other):
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


@pytest.mark.usefixtures("by_rows")
@pytest.mark.parametrize("name", SWITCHES)
def test_it_changes_the_run_and_a_killed_run_ends_bit_identical(name, run, tmp_path):
    plain, _ = run(tmp_path / "plain")
    whole, losses = run(tmp_path / "whole", **SWITCHES[name])
    assert not same(plain, whole)
    assert not whole.training
    assert not whole.embedding.items.identity.sparse

    def kill(done, total):
        if done == total - 2:
            raise KilledError

    with pytest.raises(KilledError):
        run(tmp_path / "killed", progress=kill, **SWITCHES[name])
    assert (tmp_path / "killed" / "checkpoint.pt").exists()
    resumed, again = run(tmp_path / "killed", **SWITCHES[name])
    assert again == losses
    assert same(resumed, whole)
    finished, _ = run(tmp_path / "killed", **SWITCHES[name])
    assert same(finished, whole)


def test_by_rows_learns_what_dense_adam_learns(run, tmp_path, monkeypatch):
    dense, losses = run(tmp_path / "dense", item_loss="sampled_softmax", epochs=8)
    monkeypatch.setattr(stepper, "_DENSE_ROWS_A_TOUCHED_ONE", 0)
    rows, of_rows = run(tmp_path / "rows", item_loss="sampled_softmax", epochs=8)
    assert of_rows["next_item"] == pytest.approx(losses["next_item"], rel=1e-2)
    one, other = (model.embedding.items.identity.weight.detach() for model in (dense, rows))
    assert float((one - other).norm() / one.norm()) < 0.02


def test_one_step_an_epoch_of_gradient_descent_is_the_mean_gradient_of_all_of_it(run, tmp_path):
    settings = {"optimiser": "gd", "warm_up_steps": 0, "schedule": "constant", "clip_norm": None}
    moved = []
    run(tmp_path, epochs=2, optimisation=settings, progress=lambda *_: moved.append(None))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == len(moved) > 4  # every part is read, though the weights move twice


def test_stopping_ends_the_run_and_answers_with_the_best_weights(run, tmp_path, monkeypatch):
    seen = iter([2.0, 1.0, 1.5, 1.6, 1.7])
    monkeypatch.setattr(stepper.Stepper, "_look", lambda self: _seen(self, next(seen)))
    states = []

    def _seen(self, loss):
        self.watch.see(loss, self.model)
        states.append({name: value.clone() for name, value in self.model.state_dict().items()})
        return loss

    model, _ = run(tmp_path, epochs=9, stopping={"held_out_share": 0.2, "patience_epochs": 2})
    assert len(states) == 4
    assert all(torch.equal(value, states[1][name]) for name, value in model.state_dict().items())


def test_held_out_losses_are_in_the_metrics_at_the_end_of_each_epoch(run, tmp_path):
    run(tmp_path, stopping={"held_out_share": 0.2})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    at = [line["step"] for line in lines if "held_out" in line]
    assert at == [len(lines) // 3 * epoch for epoch in (1, 2, 3)]


def test_event_files_hold_every_step(run, tmp_path):
    run(tmp_path, tensorboard=True)
    (path,) = (tmp_path / "tensorboard").iterdir()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert path.read_bytes().count(b"loss/next_item") == len(lines)


def test_the_average_of_the_weights_answers(run, tmp_path):
    last, _ = run(tmp_path / "last", optimisation={"schedule": "constant", "clip_norm": None})
    average, _ = run(tmp_path / "average", average_decay=0.9, optimisation={"schedule": "constant", "clip_norm": None})
    saved = torch.load(tmp_path / "average" / "checkpoint.pt", weights_only=True)
    weight = "item_query.weight"
    assert torch.equal(saved["model"][weight], last.state_dict()[weight])
    assert not np.allclose(average.state_dict()[weight], last.state_dict()[weight])


def test_the_pace_counts_every_event_and_comes_to_an_end(run, tmp_path):
    said = []
    run(tmp_path, epochs=1, on_pace=lambda pace: said.append((pace.events_per_second, pace.seconds_left, str(pace))))
    assert all(events > 0 for events, _, _ in said)
    assert said[-1][1] == 0.0
    assert said[-1][2].endswith("events/s, 0 s left")
