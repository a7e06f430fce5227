"""Saving and loading what was learned of items: sequence model, vocabulary, transition graph and their mixture.

This module owns those files (safetensors, Parquet and JSON). It refuses heads and manifests (``storage``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from foretell.core.files import appearing_whole
from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.model.next_item import NextItemMixture
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.next_item import NextItemRanker

__all__ = ["load_ranker", "save_ranker"]


def save_ranker(ranker: NextItemRanker, folder: Path) -> None:
    """Write a ranker; ``ranker.json`` comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder, graph = ranker.encoder, ranker.graph
    with appearing_whole(folder / "encoder.safetensors") as place:
        save_file(encoder.model.state_dict(), place)
    with appearing_whole(folder / "catalogue.parquet") as place:
        encoder.vocabulary.catalogue.write_parquet(place)
    with appearing_whole(folder / "graph.safetensors") as place:
        save_arrays({name: np.ascontiguousarray(array) for name, array in graph.to_arrays().items()}, place)
    saved: dict[str, Any] = {
        "size": encoder.model.size_name,
        "vocabulary": encoder.vocabulary.to_dict(),
        "graph": graph.config.model_dump(),
        "mixture": ranker.mixture.to_dict(),
    }
    with appearing_whole(folder / "ranker.json") as place:
        place.write_text(json.dumps(saved, indent=1, allow_nan=False), encoding="utf-8")


def load_ranker(folder: Path) -> NextItemRanker:
    """Read what ``save_ranker`` wrote."""
    saved = json.loads((folder / "ranker.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary.from_dict(saved["vocabulary"], catalogue=pl.read_parquet(folder / "catalogue.parquet"))
    model = BehaviourModel(vocabulary, size=saved["size"])
    model.load_state_dict(load_file(folder / "encoder.safetensors"))
    graph = TransitionGraph.from_arrays(
        load_arrays(folder / "graph.safetensors"), config=GraphConfig.model_validate(saved["graph"])
    )
    return NextItemRanker(Encoder(vocabulary, model.eval()), graph, NextItemMixture.from_dict(saved["mixture"]))
