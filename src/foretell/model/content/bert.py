"""Sentence vectors from a BERT-like model in a local folder, with nothing but torch.

This module owns reading such a folder (``config.json``, ``model.safetensors``, ``vocab.txt``) and its forward pass. It
refuses to download anything, and weights in formats that run code when they are read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from foretell.core.errors import ConfigError
from foretell.model.content.wordpiece import WordPiece

__all__ = ["BertEncoder"]

_NEEDED: Final = ("config.json", "model.safetensors", "vocab.txt")
_AT_ONCE: Final = 4096
"""Pieces that are read together."""

_LONGEST: Final = 128
_PREFIX: Final = "bert."
_POOLING: Final = Path("1_Pooling") / "config.json"


@dataclass(frozen=True)
class BertEncoder:
    """A pre-trained sentence encoder, read only.

    Attributes:
        weights: The weights by their published names.
        cutter: Cuts texts into pieces.
        n_heads: Attention heads H.
        norm_epsilon: Of the layer norms.
        first_only: Answer with the state at ``[CLS]`` instead of the mean state.

    References:
        Devlin et al., BERT, 2019; Reimers and Gurevych, Sentence-BERT, 2019 (the mean of the states).
    """

    weights: dict[str, Tensor]
    cutter: WordPiece
    n_heads: int
    norm_epsilon: float
    first_only: bool

    @classmethod
    def load(cls, folder: Path) -> BertEncoder:
        """Read a model folder as it is published.

        Raises:
            ConfigError: If a file is missing or the model is of another kind.
        """
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            raise ConfigError(
                f"The folder of the text model lacks {', '.join(missing)}.",
                received=folder,
                remedy=f"Give a folder with {', '.join(_NEEDED)} of a BERT-like sentence encoder.",
            )
        config = _read(folder / "config.json")
        if config.get("model_type") != "bert" or config.get("hidden_act", "gelu") != "gelu":
            raise ConfigError(
                "The text model is of a kind that cannot be read.",
                received=f"model_type {config.get('model_type')!r}, hidden_act {config.get('hidden_act')!r}",
                remedy="Give a model of type bert with gelu.",
            )
        tokenizer = _read(folder / "tokenizer_config.json")
        pieces = (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
        named = load_file(folder / "model.safetensors")
        return cls(
            weights={name.removeprefix(_PREFIX): values.float() for name, values in named.items() if values.ndim},
            cutter=WordPiece(tuple(pieces), bool(tokenizer.get("do_lower_case", True))),
            n_heads=int(config["num_attention_heads"]),
            norm_epsilon=float(config["layer_norm_eps"]),
            first_only=bool(_read(folder / _POOLING).get("pooling_mode_cls_token", False)),
        )

    @torch.no_grad()
    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of unit length of texts, float32 ``[n, K]``; words beyond the first 128 pieces are not read."""
        cut = [self.cutter.ids(text, most=_LONGEST) for text in texts]
        width = self.weights["embeddings.word_embeddings.weight"].shape[1]
        found = np.zeros((len(texts), width), dtype=np.float32)
        # Texts of like length together, so that little is padded.
        order = np.argsort([len(ids) for ids in cut], kind="stable")
        first = 0
        while first < len(order):
            last = first + max(1, _AT_ONCE // len(cut[order[min(first + 63, len(order) - 1)]]))
            rows = order[first:last]
            found[rows] = self._read_together([cut[row] for row in rows])
            first = last
        return found

    def _read_together(self, cut: list[list[int]]) -> NDArray[np.float32]:
        longest = max(len(ids) for ids in cut)
        pieces = torch.tensor([ids + [0] * (longest - len(ids)) for ids in cut])
        filled = torch.arange(longest) < torch.tensor([len(ids) for ids in cut])[:, None]
        states = self._states(pieces, filled)
        pooled = states[:, 0] if self.first_only else (states * filled[..., None]).sum(1) / filled.sum(1)[:, None]
        vectors: NDArray[np.float32] = functional.normalize(pooled, dim=1).numpy()
        return vectors

    def _states(self, pieces: Int[Tensor, "B T"], filled: Bool[Tensor, "B T"]) -> Float[Tensor, "B T K"]:
        """The last layer's states."""
        weights = self.weights
        states = weights["embeddings.word_embeddings.weight"][pieces]
        states = states + weights["embeddings.position_embeddings.weight"][: pieces.shape[1]]
        states = self._norm(states + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        seen, layer = filled[:, None, None, :], 0
        while f"encoder.layer.{layer}.output.dense.weight" in weights:
            name = f"encoder.layer.{layer}"
            heads = [
                self._in_heads(self._linear(states, f"{name}.attention.self.{part}"))
                for part in ("query", "key", "value")
            ]
            mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], attn_mask=seen)
            mixed = self._linear(mixed.transpose(1, 2).flatten(2), f"{name}.attention.output.dense")
            states = self._norm(states + mixed, f"{name}.attention.output.LayerNorm")
            wide = functional.gelu(self._linear(states, f"{name}.intermediate.dense"))
            states = self._norm(states + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
            layer += 1
        return states

    def _in_heads(self, states: Float[Tensor, "B T K"]) -> Float[Tensor, "B H T C"]:
        return states.reshape(*states.shape[:2], self.n_heads, -1).transpose(1, 2)

    def _linear(self, states: Tensor, name: str) -> Tensor:
        return functional.linear(states, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, states: Tensor, name: str) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return functional.layer_norm(states, weight.shape, weight, bias, self.norm_epsilon)


def _read(path: Path) -> dict[str, Any]:
    """A JSON file, empty where there is none."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
