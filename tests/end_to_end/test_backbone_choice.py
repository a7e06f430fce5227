"""A whole run with the backbone left to `auto`: chosen, said, trained, saved, loaded, answered and reported."""

import json

import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

from foretell.config import parse_config
from foretell.predictor.predictor import Predictor
from foretell.run.narrator import Narrator
from foretell.run.pipeline import train


@pytest.fixture
def run(tiny_log_folder, tiny_settings, tmp_path):
    """The small shop's run with `auto`, one task, and what was said while it trained."""
    out = tmp_path / "run"
    tiny_settings["model"] |= {"backbone": "auto", "activation": "gelu"}
    tiny_settings["task"] = {"churn": tiny_settings["task"]["churn"]}
    console = Console(record=True, width=200, quiet=False, file=(out.parent / "said.txt").open("w", encoding="utf-8"))
    trained = train(tiny_log_folder, out=out, config=parse_config(tiny_settings), narrator=Narrator(console=console))
    console.file.close()
    return out, trained, (out.parent / "said.txt").read_text(encoding="utf-8")


def test_the_choice_and_its_reason_are_said_kept_and_shown(run):
    out, _, said = run
    model = json.loads((out / "report.json").read_text(encoding="utf-8"))["model"]
    assert model["backbone"] == "pooled"
    assert "too few to learn order from" in model["backbone_reason"]
    assert f"The backbone is pooled: {model['backbone_reason']}." in " ".join(said.split())
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "nano pooled" in page
    assert f"pooled: {model['backbone_reason']}" in page


def test_what_was_chosen_is_what_is_saved(run):
    out, trained, _ = run
    loaded = Predictor.load(out)
    assert loaded.reader.encoder.model.settings() == {"size": "nano", "backbone": "pooled", "activation": "gelu"}
    assert_frame_equal(loaded.predict("churn"), trained.predict("churn"))
