"""What every test may ask for: shared data sets, one small trained run, quiet and repeatable hypothesis."""

import copy
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

# Threads that wait give way: where cores are shared, threads that spin make small networks ten times slower.
# Set before anything loads OpenMP.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

REPOSITORY = Path(__file__).resolve().parents[1]

# No deadline: a test never asserts on time. Under CI the examples are the same in every run.
hypothesis.settings.register_profile(
    "foretell",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=50,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("foretell")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: FORETELL_SHARED_DATA, else shared/data beside the checkout."""
    named = os.environ.get("FORETELL_SHARED_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared data sets: put them in ../shared/data or set FORETELL_SHARED_DATA to their folder")
    return folder


# --- one small shop, trained once for the whole session ------------------------------------------------
# Everybody who needs a finished run takes this one: training it is the dearest thing the default set does.
# It is read-only: copy it (shutil.copytree) before writing into it. These import when used, so that a test of
# one room does not load torch.


def settings_of_a_shop(
    *, horizon_days: int, model: dict[str, Any], demand: dict[str, Any], **rest: Any
) -> dict[str, Any]:
    """The six tasks of a simulated shop as plain settings, all horizons following from one.

    Args:
        horizon_days: How far purchase, promotion, churn and demand look; recommend looks half as far.
        model: Settings of the tiny model.
        demand: Settings of the demand task.
        rest: The other tables, as in a config.
    """
    return {
        **rest,
        "model": {"size": "nano", **model},
        "task": {
            "purchase": {"kind": "purchase", "horizon_days": horizon_days},
            "recommend": {"kind": "recommend", "horizon_days": horizon_days // 2},
            "ad": {"kind": "ad", "horizon_days": 1, "action": "click"},
            "promotion": {"kind": "promotion", "horizon_days": horizon_days},
            "churn": {"kind": "churn", "horizon_days": horizon_days, "active_days": 2 * horizon_days},
            "demand": {"kind": "demand", "horizon_days": horizon_days, **demand},
        },
    }


TINY_SETTINGS: dict[str, Any] = settings_of_a_shop(
    horizon_days=14,
    split={"test_days": 24, "validation_days": 30, "warmup_days": 14},
    model={"epochs": 1, "n_negatives": 32},
    bootstrap_replicates=20,
    demand={"max_items": 20, "quantiles": [0.1, 0.5, 0.9]},
)


@pytest.fixture(scope="session")
def shop_settings() -> Callable[..., dict[str, Any]]:
    """``settings_of_a_shop``, for tests that train a shop of another size."""
    return settings_of_a_shop


@pytest.fixture
def tiny_settings() -> dict[str, Any]:
    """The settings of the small run as plain values, the test's own to change; sixteen weeks suffice for them."""
    return copy.deepcopy(TINY_SETTINGS)


@pytest.fixture(scope="session")
def tiny_shop() -> Any:
    """A simulated shop of 200 customers and 16 weeks that buys much: enough for all six tasks, no more."""
    from foretell.simulate import Causes, ShopConfig, simulate

    return simulate(ShopConfig(n_users=200, n_items=48, days=112, seed=3, causes=Causes(need_rate=0.12)))


@pytest.fixture(scope="session")
def tiny_log_folder(tiny_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop on disk, as ``foretell simulate`` writes it."""
    folder: Path = tiny_shop.save(tmp_path_factory.mktemp("tiny") / "shop")
    return folder


@pytest.fixture(scope="session")
def tiny_run(tiny_log_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on the small shop, all six tasks; read-only."""
    from foretell.config import parse_config
    from foretell.run.pipeline import train

    out = tmp_path_factory.mktemp("tiny") / "run"
    train(tiny_log_folder, out=out, config=parse_config(TINY_SETTINGS))
    return out


@pytest.fixture(autouse=True)
def _threads_as_before() -> Any:
    """Serving sets torch to one thread; a test that trains after it must not notice."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    yield
    torch = sys.modules.get("torch")
    if torch and before:
        torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_predictor(tiny_run: Path) -> Any:
    """The predictor of the small run."""
    from foretell.predictor.predictor import Predictor

    return Predictor.load(tiny_run)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read shared data, and skip those for a GPU where there is none."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared_data)
        if item.get_closest_marker("gpu") and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


# --- the command line ------------------------------------------------------------------------------------


class Ran(NamedTuple):
    """What a command left behind: its exit code, its data and its talk."""

    code: int
    out: str
    err: str


@pytest.fixture
def foretell_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs ``foretell VERB ...`` through ``main`` in this process: the whole way, without another start of Python."""

    def run(*arguments: object) -> Ran:
        from foretell.cli import main

        monkeypatch.setattr("sys.argv", ["foretell", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
