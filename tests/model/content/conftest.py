"""A small random sentence encoder in a folder, laid out as published ones are."""

import json

import pytest
import torch
from safetensors.torch import save_file

WIDTH, HEADS, LAYERS = 16, 4, 2
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "nail", "polish", "green", "tea", "red", "##s"]


@pytest.fixture
def bert_weights():
    """Random weights under their published names."""
    generator = torch.Generator().manual_seed(0)

    def linear(name, rows, columns):
        return {
            f"{name}.weight": torch.randn(rows, columns, generator=generator) * 0.3,
            f"{name}.bias": torch.randn(rows, generator=generator) * 0.3,
        }

    def norm(name):
        return {
            f"{name}.weight": 1 + 0.1 * torch.randn(WIDTH, generator=generator),
            f"{name}.bias": torch.randn(WIDTH, generator=generator) * 0.1,
        }

    found = {
        "embeddings.word_embeddings.weight": torch.randn(len(PIECES), WIDTH, generator=generator),
        "embeddings.position_embeddings.weight": torch.randn(160, WIDTH, generator=generator),
        "embeddings.token_type_embeddings.weight": torch.randn(2, WIDTH, generator=generator),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            found |= linear(f"{name}.attention.self.{part}", WIDTH, WIDTH)
        found |= linear(f"{name}.attention.output.dense", WIDTH, WIDTH) | norm(f"{name}.attention.output.LayerNorm")
        found |= linear(f"{name}.intermediate.dense", 32, WIDTH) | linear(f"{name}.output.dense", WIDTH, 32)
        found |= norm(f"{name}.output.LayerNorm")
    return found


@pytest.fixture
def bert_folder(tmp_path, bert_weights):
    config = {"model_type": "bert", "hidden_act": "gelu", "num_attention_heads": HEADS, "layer_norm_eps": 1e-12}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    save_file({f"bert.{name}": values for name, values in bert_weights.items()}, tmp_path / "model.safetensors")
    return tmp_path
