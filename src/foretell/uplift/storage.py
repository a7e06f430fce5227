"""Saving and loading an uplift predictor: LightGBM text and JSON; never pickle.

This module owns the format. It refuses folders without a manifest, which is written last, files that changed since,
and other formats.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from foretell.core.errors import RunError
from foretell.core.files import write_json
from foretell.model.boosting import Boosting
from foretell.model.uplift import UpliftModel
from foretell.tabular.encode import TableEncoder
from foretell.uplift.choose import Calibration, FittedUplift
from foretell.uplift.predictor import UpliftPredictor

__all__ = ["FOLDER", "load_predictor", "save_predictor"]

FORMAT: Final = 1
FOLDER: Final = "uplift_predictor"
_MANIFEST: Final = "manifest.json"
_TREES: Final = "trees.json"


def save_predictor(predictor: UpliftPredictor, folder: Path) -> Path:
    """Write a predictor under ``folder/uplift_predictor``; returns that folder."""
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    (home / _MANIFEST).unlink(missing_ok=True)
    fitted = predictor.fitted.only_chosen()
    trees = {
        f"{name}/{part}": booster.to_text()
        for name, model in fitted.models.items()
        for part, booster in model.boosters.items()
    }
    write_json(home / _TREES, trees)
    line = fitted.calibrations[fitted.chosen]
    saved = {
        "format": FORMAT,
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
        "trees": _fingerprint(home),
    }
    write_json(home / _MANIFEST, saved)
    return home


def load_predictor(folder: Path) -> UpliftPredictor:
    """Read what ``save_predictor`` wrote.

    Raises:
        RunError: If the predictor is missing, unfinished, damaged or of another format.
    """
    home = folder if (folder / _MANIFEST).exists() and folder.name == FOLDER else folder / FOLDER
    if not (home / _MANIFEST).exists():
        raise RunError(
            "There is no finished uplift predictor here.",
            received=folder,
            remedy="Give the folder that `foretell uplift FILE ... --out DIR` wrote.",
        )
    try:
        saved = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        if saved["format"] != FORMAT:
            raise RunError(
                "The predictor was saved in another format.",
                received=f"format {saved['format']}, this foretell reads {FORMAT}",
                remedy="Train again, or install the foretell that saved it.",
            )
        # Checked before anything is parsed: a damaged booster would end the whole process.
        if _fingerprint(home) != saved["trees"]:
            raise RunError(
                "The predictor is damaged.",
                received=f"{home / _TREES}: cut short or changed since it was saved",
                remedy="Train again, or copy the whole folder anew.",
            )
        return _rebuilt(saved, json.loads((home / _TREES).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError("The predictor is damaged.", received=f"{home}: {error!r}", remedy="Train again.") from error


def _rebuilt(saved: dict[str, Any], trees: dict[str, str]) -> UpliftPredictor:
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


def _fingerprint(home: Path) -> str:
    path = home / _TREES
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
