"""Saving and loading a predictor: safetensors, LightGBM text, Parquet and JSON; never pickle.

This module owns the format. A run writes its parts once more when it saves the whole, so each file appears whole:
killed in between, those of before still stand. It refuses folders without a manifest, which is written last, and other
formats.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from safetensors.torch import load_file, save_file

from foretell.core.errors import RunError
from foretell.core.files import appearing_whole, write_json
from foretell.core.task import Task
from foretell.dataset.id_types import type_names, types_of
from foretell.features import UserFeatures
from foretell.features.transform import Standardiser
from foretell.model.amount_head import AmountHead
from foretell.model.boosting import Boosting
from foretell.model.calibration import PlattScaling
from foretell.model.customer_value import CustomerValue
from foretell.model.dense import DenseNetwork
from foretell.model.probability_head import ProbabilityHead
from foretell.model.quantile_head import QuantileBlend, QuantileHead
from foretell.model.quantile_paths import RankPaths
from foretell.model.rhythm import read_baseline
from foretell.predictor.fitted import FitRecord, FittedTask
from foretell.predictor.predictor import Predictor
from foretell.predictor.ranker_storage import load_ranker, save_ranker
from foretell.predictor.reader import Reader

__all__ = ["load_fitted", "load_predictor", "save_fitted", "save_predictor"]

FORMAT: Final = 5


def save_fitted(fitted: FittedTask, folder: Path) -> None:
    """Write one fitted task; ``head.json`` comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: dict[str, Any] = {
        "task": fitted.task.model_dump(mode="json"),
        "levels": {name: list(values) for name, values in fitted.levels.items()},
        "baselines": {name: baseline.to_dict() for name, baseline in fitted.record.baselines.items()},
        "strengths": [dict(row) for row in fitted.record.strengths],
        "thresholds": dict(fitted.record.thresholds),
        "validation_rate": fitted.record.validation_rate,
    }
    boosters: dict[str, Boosting] = {}
    if fitted.value is not None:
        boosters |= fitted.value.boosters()
        saved["value"] = fitted.value.to_dict()
    if fitted.probability is not None:
        boosters |= fitted.probability.boosters
        saved["probability"] = fitted.probability.to_dict()
        assert fitted.standardiser is not None, fitted.task.name
        saved["standardiser"] = fitted.standardiser.to_json()
        weights = {
            f"{name}.{key}": value.contiguous()
            for name, network in fitted.probability.networks.items()
            for key, value in network.state_dict().items()
        }
        with appearing_whole(folder / "networks.safetensors") as place:
            save_file(weights, place)
    if fitted.of_customers is not None:
        boosters |= fitted.of_customers.boosters()
        saved["amounts"] = fitted.of_customers.to_dict()
    if fitted.quantiles is not None:
        together = fitted.quantiles.together
        saved["signal_share"] = fitted.quantiles.share
        saved["together"] = None if together is None else together.to_dict()
        for name, head in (("signal", fitted.quantiles.with_signal), ("plain", fitted.quantiles.plain)):
            if head is None:
                continue
            boosters |= {f"{name}_{index}": booster for index, booster in enumerate(head.boosters)}
            saved[name] = head.to_dict()
    for name, booster in boosters.items():
        with appearing_whole(folder / f"{name}.txt") as place:
            place.write_text(booster.to_text(), encoding="utf-8")
    write_json(folder / "head.json", saved)


def load_fitted(folder: Path) -> FittedTask:
    """Read what ``save_fitted`` wrote."""
    saved = _read(folder / "head.json")
    boosters = {path.stem: Boosting.from_text(path.read_text(encoding="utf-8")) for path in folder.glob("*.txt")}
    standardiser = Standardiser.from_json(saved["standardiser"]) if "standardiser" in saved else None
    probability = None
    if "probability" in saved and standardiser is not None:
        probability = _probability_head(saved["probability"], boosters, standardiser, folder)
    return FittedTask(
        task=Task.model_validate(saved["task"]),
        probability=probability,
        amounts=_amounts(saved, boosters),
        value=CustomerValue.from_dict(saved["value"], boosters=boosters) if "value" in saved else None,
        standardiser=standardiser,
        levels={name: tuple(values) for name, values in saved["levels"].items()},
        record=FitRecord(
            baselines={name: read_baseline(body) for name, body in saved["baselines"].items()},
            strengths=tuple(saved["strengths"]),
            thresholds=saved["thresholds"],
            validation_rate=saved["validation_rate"],
        ),
    )


def _amounts(saved: dict[str, Any], boosters: dict[str, Boosting]) -> QuantileBlend | AmountHead | None:
    if "amounts" in saved:
        return AmountHead.from_dict(saved["amounts"], boosters=boosters)
    if "signal_share" not in saved:
        return None
    with_signal = _quantile_head("signal", saved["signal"], boosters) if "signal" in saved else None
    together = None if saved["together"] is None else RankPaths.from_dict(saved["together"])
    return QuantileBlend(
        with_signal, _quantile_head("plain", saved["plain"], boosters), saved["signal_share"], together
    )


def _quantile_head(name: str, head: dict[str, Any], boosters: dict[str, Boosting]) -> QuantileHead:
    return QuantileHead(
        names=tuple(head["names"]),
        levels=tuple(head["levels"]),
        boosters=tuple(boosters[f"{name}_{index}"] for index in range(len(head["levels"]))),
        shifts=tuple(head["shifts"]),
    )


def _probability_head(
    saved: dict[str, Any], boosters: dict[str, Boosting], standardiser: Standardiser, folder: Path
) -> ProbabilityHead:
    weights = load_file(folder / "networks.safetensors")
    networks = {}
    for name, hidden in saved["hidden"].items():
        network = DenseNetwork(saved["n_inputs"][name], hidden=tuple(hidden))
        network.load_state_dict(
            {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
        )
        networks[name] = network.eval()
    return ProbabilityHead(
        names=tuple(saved["names"]),
        boosters={name: boosters[name] for name in saved["alone"] if name in boosters},
        networks=networks,
        weights=saved["weights"],
        calibration=PlattScaling(*saved["calibration"]),
        alone={name: PlattScaling(*values) for name, values in saved["alone"].items()},
        standardise=FittedTask.standardise_with(standardiser),
    )


def save_predictor(predictor: Predictor, folder: Path) -> Predictor:
    """Write a predictor under ``folder/predictor``; the manifest comes last and carries the version."""
    home = folder / "predictor"
    save_ranker(predictor.reader.ranker, home)
    for name, fitted in predictor.tasks.items():
        save_fitted(fitted, home / "heads" / name)
    manifest = {
        "format": FORMAT,
        "tasks": list(predictor.tasks),
        "windows": dict(predictor.windows),
        "id_types": type_names(predictor.id_types),
        "dropped": list(predictor.reader.dropped),
        "user_features": predictor.reader.user_features.to_json(),
    }
    version = _fingerprint(home, manifest)
    write_json(home / "manifest.json", {"version": version, **manifest})
    return replace(predictor, version=version, folder=folder)


def load_predictor(folder: Path) -> Predictor:
    """Read what ``save_predictor`` wrote.

    Raises:
        RunError: If the predictor is missing, unfinished, damaged or of another format.
    """
    home = folder / "predictor"
    if not (home / "manifest.json").exists():
        raise RunError(
            "There is no finished predictor here.",
            received=folder,
            remedy="Give the folder of a finished run (foretell train LOG --out DIR).",
        )
    try:
        manifest = _read(home / "manifest.json")
        if manifest["format"] != FORMAT:
            raise RunError(
                "The predictor was saved in another format.",
                received=f"format {manifest['format']}, this foretell reads {FORMAT}",
                remedy="Train again, or install the foretell that saved it.",
            )
        _check_whole(home, manifest)
        reader = Reader(
            load_ranker(home), UserFeatures.from_json(manifest["user_features"]), tuple(manifest["dropped"])
        )
        tasks = {name: load_fitted(home / "heads" / name) for name in manifest["tasks"]}
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            "The predictor is damaged.", received=f"{folder}: {error!r}", remedy="Train the run again."
        ) from error
    return Predictor(
        reader=reader,
        tasks=tasks,
        windows=manifest["windows"],
        version=manifest["version"],
        id_types=types_of(manifest["id_types"]),
        folder=folder,
    )


def _fingerprint(home: Path, manifest: dict[str, Any]) -> str:
    """The first 12 hex digits of a SHA-256 over everything learned."""
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode())
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name != "manifest.json" and not path.name.startswith("."):
            digest.update(str(path.relative_to(home)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _check_whole(home: Path, manifest: dict[str, Any]) -> None:
    """Raise if the files are not those the version was made of: a damaged booster would end the whole process."""
    learned = {name: value for name, value in manifest.items() if name != "version"}
    if _fingerprint(home, learned) != manifest["version"]:
        raise RunError(
            "The predictor is damaged.",
            received=f"{home}: a file is missing, cut short or changed since it was saved",
            remedy="Train the run again, or copy the whole folder anew.",
        )


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
