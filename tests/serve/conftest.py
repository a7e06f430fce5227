"""A run small enough to make for every session: the real classes, with heads that learned next to nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import lightgbm
import numpy as np
import polars as pl
import pytest
import torch

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.dataset.log_folder import save_log
from foretell.features import Standardiser, UserFeatures
from foretell.model.behaviour import BehaviourModel
from foretell.model.boosting import Boosting
from foretell.model.customer_value import CustomerValue
from foretell.model.dense import DenseNetwork
from foretell.model.encoding import encode_histories
from foretell.model.graph.transitions import TransitionGraph
from foretell.model.inputs import HeadInputs
from foretell.model.next_item import NextItemMixture
from foretell.model.probability_head import fit_probability_head
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.candidates import candidates
from foretell.predictor.encoder import Encoder
from foretell.predictor.fitted import FittedTask
from foretell.predictor.next_item import NextItemRanker
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.predictor.placements import current_placements
from foretell.predictor.predictor import Predictor
from foretell.predictor.reader import Reader
from foretell.predictor.user_tasks import campaign_inputs
from foretell.predictor.view import ShopView
from foretell.prepare import clean
from foretell.serve import create_app
from foretell.simulate import ShopConfig, simulate

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PLACEMENTS = {"position": ("1", "2", "3"), "channel": ("app", "web")}
KINDS = ("percent", "amount")


class World(NamedTuple):
    """A shop's log, cut in two: what a run was made of, and what came afterwards."""

    whole: EventLog
    before: EventLog
    after: pl.DataFrame


@pytest.fixture(scope="session")
def world() -> World:
    log = clean(simulate(ShopConfig(n_users=40, n_items=48, days=50, seed=5)).log()).log
    first = int(log.events[columns.TIME].min())
    campaigns = pl.DataFrame(
        {"campaign_id": ["c1", "c2"], "start": [first + 20 * DAY, first + 90 * DAY], "kind": ["percent", "amount"]}
    ).with_columns((pl.col("start") + 7 * DAY).alias("end"))
    log = _with_stores(log.with_table("campaigns", campaigns))
    cut = int(log.events[columns.TIME].quantile(0.97))
    # A cut within a day, so that the replay crosses the counters' day boundary.
    after = log.events.filter(pl.col(columns.TIME) > cut).sort(columns.TIME, maintain_order=True)
    return World(log, log.before(cut), after)


def _with_stores(log: EventLog) -> EventLog:
    """The same shop with three stores: customers buy at one more than at another, and each shows what it likes."""
    user = pl.col(columns.USER_ID).str.slice(1).cast(pl.Int64)
    moment = pl.col(columns.TIME) // DAY
    bought = pl.when(moment % 4 == 0).then(moment % 3).otherwise(user % 3)
    shown = pl.when(moment % 5 == 0).then(None).otherwise(user % 3)
    store = pl.when(action=columns.PURCHASE).then(bought).when(action=columns.IMPRESSION).then(shown)
    return log.with_events(log.events.with_columns(pl.format("s{}", store).alias(columns.STORE_ID)))


@pytest.fixture(scope="session")
def run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on ``world.before`` that answers every kind of task."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foretell.model.probability_head.fit_boosting", _quick_boosting)
        patch.setattr("foretell.model.probability_head.fit_dense", _quick_dense)
        _predictor(world.before).save(folder)
    save_log(world.before, folder / "data")
    return folder


def _predictor(log: EventLog) -> Predictor:
    view = ShopView.of(log)
    items = log.table("items")
    torch.manual_seed(3)
    vocabulary = Vocabulary.build(view.histories, items=items, min_count=3)
    encoder = Encoder(vocabulary, BehaviourModel(vocabulary, size="nano").eval())
    _, known = encode_histories(view.histories, vocabulary=vocabulary)
    graph = TransitionGraph.build(known, n_items=vocabulary.n_items)
    ranker = NextItemRanker(encoder, graph, NextItemMixture(sequence=0.7, graph=0.2))
    reader = Reader(ranker, UserFeatures.fit(view.histories, items=items))
    last = int(log.events[columns.TIME].max())
    users = view.histories[columns.USER_ID].unique().sort()
    points = pl.concat(
        pl.DataFrame({columns.USER_ID: users}).with_columns(pl.lit(last - days * DAY).alias(columns.CUTOFF))
        for days in (0, 7, 14)
    )
    read = reader.read(view, points=points)
    own = read.head_inputs()
    kinds = np.random.default_rng(0).choice(KINDS, points.height).tolist()
    campaigns = points.with_columns(pl.Series("kind", kinds), pl.lit(7.0).alias("duration_days"))
    placed = current_placements(view, cutoff=last).filter(pl.col("for_store").is_null()).head(5)
    offers = points.with_row_index(POINT).join(placed, how="cross")
    ranked = candidates(reader, view=view, read=read)
    shown = pair_inputs(reader, view=view, read=read, pairs=offers, placements=PLACEMENTS)
    pairs = pair_inputs(reader, view=view, read=read, pairs=ranked, placements={})
    trees = ("lightgbm", "lightgbm_sequence")
    tasks = [
        _fitted(Task(name="purchase", kind="purchase", horizon_days=28), own),
        _fitted(Task(name="churn", kind="churn", horizon_days=28, active_days=56), own),
        _fitted(Task(name="recommend", kind="recommend", horizon_days=14, top_k=10), pairs, components=trees),
        _fitted(Task(name="ad", kind="ad", horizon_days=7), shown, levels=PLACEMENTS),
        _fitted(
            Task(name="promotion", kind="promotion", horizon_days=56),
            campaign_inputs(own, campaigns=campaigns, kinds=KINDS),
            levels={"kind": KINDS},
        ),
        FittedTask(task=Task(name="demand", kind="demand", horizon_days=28), levels={"items": ()}),
    ]
    amount = _quick_boosting(own.with_states(), np.random.default_rng(1).random(points.height), objective={})
    fitted = {task.task.name: task for task in tasks}
    fitted["churn"] = FittedTask(**{**vars(fitted["churn"]), "value": CustomerValue(None, None, amount)})
    return Predictor(reader=reader, tasks=fitted, windows={"train": ["2024-01-01", "2024-02-01"]})


def _fitted(task: Task, inputs: HeadInputs, *, levels=None, components=None) -> FittedTask:
    """A head of every component, on labels that some features and some chance decide."""
    rng = np.random.default_rng(len(inputs.names))
    filled = np.nan_to_num(inputs.features)
    score = (filled > np.median(filled, axis=0)).mean(axis=1) + rng.normal(scale=0.05, size=len(filled))
    label = (score > np.median(score)).astype(np.float64)
    standardiser = Standardiser.fit(pl.DataFrame(inputs.features, schema=list(inputs.names)))
    chosen = {} if components is None else {"components": components}
    head = fit_probability_head(
        (inputs, label),
        validation=(inputs, label, None),
        standardise=FittedTask.standardise_with(standardiser),
        seed=1,
        **chosen,
    )
    return FittedTask(task=task, probability=head, standardiser=standardiser, levels=levels or {})


def _quick_boosting(features, label, *, objective, **_) -> Boosting:
    settings = {"num_leaves": 7, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "deterministic": True}
    data = lightgbm.Dataset(features, label, params=settings)
    kind = {name: value for name, value in objective.items() if name == "objective"}
    return Boosting(lightgbm.train(settings | kind, data, num_boost_round=10))


def _quick_dense(inputs, _, *, hidden, **__) -> DenseNetwork:
    network = DenseNetwork(inputs.shape[1], hidden=hidden)
    network.mean.copy_(torch.from_numpy(inputs.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(np.maximum(inputs.std(axis=0), 1e-3)))
    return network.eval()


@pytest.fixture
def bare_client(run: Path, world: World, tmp_path: Path) -> Iterator["TestClient"]:
    """A client of the same predictor in a shop that never logged what it showed."""
    from starlette.testclient import TestClient

    folder = tmp_path / "bare"
    shutil.copytree(run / "predictor", folder / "predictor")
    save_log(world.before.with_events(world.before.events.filter(pl.col("action") != "impression")), folder / "data")
    with TestClient(create_app(folder), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(run: Path, tmp_path: Path) -> Iterator["TestClient"]:
    """A client of an application with a state of its own."""
    from starlette.testclient import TestClient

    with TestClient(create_app(run, state=tmp_path / "state.sqlite"), raise_server_exceptions=False) as client:
        yield client
