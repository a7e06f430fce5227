"""Saving and loading a tabular predictor: safetensors, LightGBM text and JSON; never pickle.

This module owns the format. It refuses folders without a manifest, which is written last, files that changed since,
and other formats.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from foretell.core.files import appearing_whole
from foretell.features.transform import Standardiser
from foretell.model.boosting import Boosting
from foretell.model.calibration import PlattScaling
from foretell.tabular.choose import Choice
from foretell.tabular.construct import Combination
from foretell.tabular.encode import TableEncoder
from foretell.tabular.forest import Forest
from foretell.tabular.models import FittedModels, Linear, Preparation
from foretell.tabular.network import Network
from foretell.tabular.predictor import TabularPredictor
from foretell.tabular.sealed import MANIFEST, Sealed

__all__ = ["FOLDER", "load_predictor", "save_predictor"]

FOLDER: Final = "tabular_predictor"
_TENSORS: Final = "models.safetensors"
_TREES: Final = "lightgbm.txt"
_SEALED: Final = Sealed(
    folder=FOLDER,
    what="tabular predictor",
    command="foretell tabular FILE --target COLUMN --out DIR",
    format=1,
    files=(_TENSORS, _TREES),
)


def save_predictor(predictor: TabularPredictor, folder: Path) -> Path:
    """Write a predictor under ``folder/tabular_predictor``; returns that folder."""
    home = _SEALED.broken(folder)
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    rounds = dict(predictor.fitted.rounds)
    activation = "relu"
    for name, model in predictor.fitted.models.items():
        if isinstance(model, Linear):
            tensors[f"{name}/weights"] = model.weights
            tensors[f"{name}/bias"] = np.array([model.bias])
        elif isinstance(model, Boosting):
            (home / _TREES).write_text(model.to_text(), encoding="utf-8")
        else:
            activation = model.activation if isinstance(model, Network) else activation
            tensors |= {f"{name}/{key}": np.ascontiguousarray(value) for key, value in model.tensors().items()}
    save_file(tensors, home / _TENSORS)
    preparation, choice = predictor.fitted.preparation, predictor.choice
    saved = {
        "models": list(predictor.fitted.models),
        "rounds": rounds,
        "activation": activation,
        "preparation": {
            "encoder": preparation.encoder.to_json(),
            "combinations": [one.to_json() for one in preparation.combinations],
            "names": list(preparation.names),
            "standardiser": preparation.standardiser.to_json(),
            "middles": preparation.middles.tolist(),
            "selection": preparation.selection.to_dicts(),
        },
        "choice": {
            **asdict(choice),
            "calibrations": {name: [one.slope, one.offset] for name, one in choice.calibrations.items()},
        },
        "target": predictor.target,
        "facts": predictor.facts,
        **_SEALED.seal(home),
    }
    with appearing_whole(home / MANIFEST) as place:
        place.write_text(json.dumps(saved, indent=1, ensure_ascii=False), encoding="utf-8")
    return home


def load_predictor(folder: Path) -> TabularPredictor:
    """Read what ``save_predictor`` wrote.

    Raises:
        RunError: If the predictor is missing, unfinished, damaged or of another format.
    """
    return _SEALED.open(folder, rebuild=_rebuilt)


def _rebuilt(saved: dict[str, Any], home: Path) -> TabularPredictor:
    kept, decided = saved["preparation"], saved["choice"]
    preparation = Preparation(
        TableEncoder.from_json(kept["encoder"]),
        tuple(Combination.from_json(one) for one in kept["combinations"]),
        tuple(kept["names"]),
        Standardiser.from_json(kept["standardiser"]),
        np.array(kept["middles"], dtype=np.float64),
        pl.DataFrame(kept["selection"], infer_schema_length=None),
    )
    tensors = load_file(home / _TENSORS)
    models: dict[str, Linear | Network | Boosting | Forest] = {}
    for name in saved["models"]:
        mine = {key.partition("/")[2]: value for key, value in tensors.items() if key.startswith(f"{name}/")}
        if name == "logistic":
            models[name] = Linear(mine["weights"], float(mine["bias"][0]))
        elif name == "forest":
            models[name] = Forest(**mine)
        elif name == "lightgbm":
            models[name] = Boosting.from_text((home / _TREES).read_text(encoding="utf-8"))
        else:
            # Predictors saved before there was a choice say nothing of it.
            activation = saved.get("activation", "relu")
            models[name] = Network.from_tensors(mine, epochs=saved["rounds"][name], activation=activation)
    choice = Choice(
        **{
            **decided,
            "calibrations": {name: PlattScaling(*values) for name, values in decided["calibrations"].items()},
        }
    )
    return TabularPredictor(FittedModels(preparation, models, saved["rounds"]), choice, saved["target"], saved["facts"])
