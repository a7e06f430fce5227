"""From an items table with titles, image vectors and an item nobody has seen to its place in lists."""

import shutil

import numpy as np
import polars as pl
import pytest

from foretell.config import parse_config
from foretell.predictor.predictor import Predictor
from foretell.run.pipeline import train

NEW = "arrived today"


@pytest.mark.slow
def test_content_is_read_saved_and_asked(tiny_log_folder, tiny_settings, tmp_path):
    shop = shutil.copytree(tiny_log_folder, tmp_path / "shop")
    (place,) = shop.glob("items.*")
    items = pl.read_parquet(place)
    images = np.random.default_rng(0).normal(size=(items.height, 5))
    items = items.with_columns(pl.Series("image_vector", images.tolist()))
    if "title" not in items.columns:
        items = items.with_columns(pl.concat_str(["category", "item_id"], separator=" ").alias("title"))
    new = items.head(1).with_columns(pl.lit(NEW).alias("item_id").cast(items.schema["item_id"]))
    pl.concat([items, new]).write_parquet(place)
    settings = tiny_settings | {"model": tiny_settings["model"] | {"content": {"text": "tfidf", "newcomers": True}}}
    train(shop, out=tmp_path / "run", config=parse_config(settings))
    predictor = Predictor.load(tmp_path / "run")
    vocabulary = predictor.reader.encoder.vocabulary
    assert NEW in vocabulary.items
    assert vocabulary.vectors.shape == (items.height + 2, 128 + 5)
    (task,) = [name for name, fitted in predictor.tasks.items() if fitted.task.kind == "recommend"]
    assert predictor.predict(task)["score"].is_finite().all()
