"""Saving and loading what was learned of items: sequence model, vocabulary, transition graph and their mixture.

This module owns those files (safetensors, Parquet and JSON). It refuses heads and manifests (``storage``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from foretell.core.files import appearing_whole, write_json
from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.model.next_item import NextItemMixture
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.next_item import NextItemRanker

__all__ = ["load_encoder", "load_ranker", "save_encoder", "save_ranker"]

_VECTORS: Final = "vectors.safetensors"


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write the sequence model and its vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    with appearing_whole(folder / "encoder.safetensors") as place:
        save_file(encoder.model.state_dict(), place)
    with appearing_whole(folder / "catalogue.parquet") as place:
        encoder.vocabulary.catalogue.write_parquet(place)
    if encoder.vocabulary.vectors.shape[1]:
        with appearing_whole(folder / _VECTORS) as place:
            save_arrays({"vectors": encoder.vocabulary.vectors}, place)
    write_json(folder / "encoder.json", {"model": encoder.model.settings(), "vocabulary": encoder.vocabulary.to_dict()})


def load_encoder(folder: Path) -> Encoder:
    """Read what ``save_encoder`` wrote."""
    saved = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    described = folder / _VECTORS
    vocabulary = Vocabulary.from_dict(
        saved["vocabulary"],
        catalogue=pl.read_parquet(folder / "catalogue.parquet"),
        vectors=load_arrays(described)["vectors"] if described.exists() else None,
    )
    model = BehaviourModel(vocabulary, **saved["model"])
    model.load_state_dict(load_file(folder / "encoder.safetensors"))
    return Encoder(vocabulary, model.eval())


def save_ranker(ranker: NextItemRanker, folder: Path) -> None:
    """Write a ranker; ``ranker.json`` comes last."""
    save_encoder(ranker.encoder, folder)
    arrays = {name: np.ascontiguousarray(array) for name, array in ranker.graph.to_arrays().items()}
    with appearing_whole(folder / "graph.safetensors") as place:
        save_arrays(arrays, place)
    for number, encoder in enumerate(ranker.companions, start=1):
        save_encoder(encoder, _companion(folder, number))
    settings = {"graph": ranker.graph.config.model_dump(), "mixture": ranker.mixture.to_dict()}
    write_json(folder / "ranker.json", settings | {"companions": len(ranker.companions)})


def load_ranker(folder: Path) -> NextItemRanker:
    """Read what ``save_ranker`` wrote."""
    saved = json.loads((folder / "ranker.json").read_text(encoding="utf-8"))
    graph = TransitionGraph.from_arrays(
        load_arrays(folder / "graph.safetensors"), config=GraphConfig.model_validate(saved["graph"])
    )
    companions = tuple(load_encoder(_companion(folder, number + 1)) for number in range(saved["companions"]))
    return NextItemRanker(load_encoder(folder), graph, NextItemMixture.from_dict(saved["mixture"]), companions)


def _companion(folder: Path, number: int) -> Path:
    return folder / f"companion_{number}"
