"""RecTools' SASRec on a log: the ten best next items for given histories.

Run by ``benchmarks/next_item_peers.py`` in an environment of its own:

    python -m venv ENV && ENV/bin/pip install "rectools[torch]==0.19.0" "numpy<2" "pyarrow<24" pandas
    ENV/bin/python benchmarks/peers/rectools_next_item.py FOLDER --epochs 5

``FOLDER`` has ``known.parquet`` and ``asked.parquet`` (user_id, item_id, time in microseconds); ``best.parquet``
(user_id, item_id, rank from 0) is written beside them. Width 128, 2 layers, 4 heads, length 50, its own softmax loss;
everything else as it comes.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import pandas as pd
from pytorch_lightning import Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools_trainer import silent_trainer


def interactions(path: Path) -> pd.DataFrame:
    """A log as RecTools wants it."""
    frame = pd.read_parquet(path)
    frame = frame.rename(columns={"user_id": Columns.User, "item_id": Columns.Item})
    frame[Columns.Datetime] = pd.to_datetime(frame.pop("time"), unit="us")
    frame[Columns.Weight] = 1
    return frame


def main() -> None:
    """Fit on what is known, rank for what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    known, asked = (interactions(arguments.folder / f"{name}.parquet") for name in ("known", "asked"))

    def trainer() -> Trainer:
        return silent_trainer(max_epochs=arguments.epochs)

    model = SASRecModel(
        n_blocks=2,
        n_heads=4,
        n_factors=128,
        session_max_len=50,
        get_trainer_func=trainer,
        recommend_torch_device="cpu",
    )
    model.fit(Dataset.construct(known))
    # It leaves out customers of a single event, and with them items that nobody else has touched.
    asked = asked[asked[Columns.Item].isin(model.data_preparator.item_id_map.external_ids)]
    ranked = model.recommend(asked[Columns.User].unique(), Dataset.construct(asked), k=10, filter_viewed=False)
    best = ranked.rename(columns={Columns.User: "user_id", Columns.Item: "item_id"})
    best["rank"] = best[Columns.Rank] - 1
    best[["user_id", "item_id", "rank"]].to_parquet(arguments.folder / "best.parquet")


if __name__ == "__main__":
    main()
