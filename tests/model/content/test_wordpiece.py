"""Cutting texts into the pieces of a BERT-like model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.content.wordpiece import WordPiece

PIECES = (
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "un",
    "##aff",
    "##able",
    "nail",
    "nails",
    "##s",
    "e",
    "##e",
    "红",
    "色",
    "-",
    "50",
    "%",
)
CUTTER = WordPiece(PIECES)


def words(text, cutter=CUTTER, most=64):
    return [cutter.pieces[number] for number in cutter.ids(text, most=most)][1:-1]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unaffable", ["un", "##aff", "##able"]),  # the example of the BERT paper's code
        ("Nails", ["nails"]),  # the longest piece, not nail ##s
        ("nail-nails", ["nail", "-", "nails"]),
        ("é ÉÉ", ["e", "e", "##e"]),
        ("红色nail", ["红", "色", "nail"]),
        ("50% nailx", ["50", "%", "[UNK]"]),
        ("nail\x00\tnail", ["nail", "nail"]),
        ("e" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_cuts_as_the_published_tokenizer_does(text, pieces):
    assert words(text) == pieces


def test_case_is_kept_where_the_model_knows_it():
    assert words("Nail", WordPiece(PIECES, lower_case=False)) == ["[UNK]"]


@given(st.text(max_size=60), st.integers(3, 12))
def test_every_text_is_cut_to_at_most_the_length_between_its_marks(text, most):
    ids = CUTTER.ids(text, most=most)
    assert len(ids) <= most
    assert (ids[0], ids[-1]) == (1, 2)
    assert ids[1:-1] == CUTTER.ids(text, most=10_000)[1:-1][: most - 2]
