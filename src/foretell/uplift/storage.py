"""Saving and loading an uplift predictor: LightGBM text and JSON; never pickle.

This module owns the format. It refuses folders without a manifest, which is written last, files that changed since,
and other formats.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from foretell.core.files import write_json
from foretell.model.boosting import Boosting
from foretell.model.uplift import UpliftModel
from foretell.tabular.encode import TableEncoder
from foretell.tabular.sealed import MANIFEST, Sealed
from foretell.uplift.choose import Calibration, FittedUplift
from foretell.uplift.predictor import UpliftPredictor

__all__ = ["FOLDER", "load_predictor", "save_predictor"]

FOLDER: Final = "uplift_predictor"
_TREES: Final = "trees.json"
_SEALED: Final = Sealed(
    folder=FOLDER,
    what="uplift predictor",
    command="foretell uplift FILE ... --out DIR",
    format=1,
    files=(_TREES,),
)


def save_predictor(predictor: UpliftPredictor, folder: Path) -> Path:
    """Write a predictor under ``folder/uplift_predictor``; returns that folder."""
    home = _SEALED.broken(folder)
    fitted = predictor.fitted.only_chosen()
    trees = {
        f"{name}/{part}": booster.to_text()
        for name, model in fitted.models.items()
        for part, booster in model.boosters.items()
    }
    write_json(home / _TREES, trees)
    line = fitted.calibrations[fitted.chosen]
    saved = {
        "encoder": predictor.encoder.to_json(),
        "models": {
            name: {
                "learner": model.learner,
                "n_arms": model.n_arms,
                "boosters": list(model.boosters),
                "numbers": dict(model.numbers),
            }
            for name, model in fitted.models.items()
        },
        "chosen": fitted.chosen,
        "calibration": {key: dict(value) if isinstance(value, dict) else value for key, value in asdict(line).items()},
        "scores": {name: dict(found) for name, found in fitted.scores.items()},
        "arms": list(predictor.arms),
        "worth": predictor.worth,
        "cost": predictor.cost,
        "facts": predictor.facts,
        **_SEALED.seal(home),
    }
    write_json(home / MANIFEST, saved)
    return home


def load_predictor(folder: Path) -> UpliftPredictor:
    """Read what ``save_predictor`` wrote.

    Raises:
        RunError: If the predictor is missing, unfinished, damaged or of another format.
    """
    return _SEALED.open(folder, rebuild=_rebuilt)


def _rebuilt(saved: dict[str, Any], home: Path) -> UpliftPredictor:
    trees = json.loads((home / _TREES).read_text(encoding="utf-8"))
    models = {
        name: UpliftModel(
            one["learner"],
            one["n_arms"],
            {part: Boosting.from_text(trees[f"{name}/{part}"]) for part in one["boosters"]},
            one["numbers"],
        )
        for name, one in saved["models"].items()
    }
    line = Calibration(**saved["calibration"])
    fitted = FittedUplift(models, saved["chosen"], {saved["chosen"]: line}, saved["scores"])
    encoder = TableEncoder.from_json(saved["encoder"])
    return UpliftPredictor(encoder, fitted, tuple(saved["arms"]), saved["worth"], saved["cost"], saved["facts"])
