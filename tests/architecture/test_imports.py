"""Imports point down, importing does nothing, and torch comes only with the rooms that compute with it."""

import json
import subprocess
import sys
from pathlib import Path

# What `import foretell` alone must not load: each costs a noticeable part of a second or more.
HEAVY = {"lightgbm", "pandas", "scipy", "sklearn", "torch"}

IMPORT_ALL = """
import importlib, json, logging, os, sys, threading
import numpy



def state():
    return {
        "environment": dict(os.environ),
        "log handlers": [str(handler) for handler in logging.getLogger().handlers],
        "threads": threading.active_count(),
        "random state": numpy.random.get_state()[1].tolist(),
    }


before = state()
first_with_torch = None
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    if first_with_torch is None and "torch" in sys.modules:
        first_with_torch = name
after = state()
changed = [name for name in before if before[name] != after[name]]
print(json.dumps({"first_with_torch": first_with_torch, "changed": changed}), file=sys.stderr)
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    """Run Python anew in ``cwd`` and insist that it succeeds."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_import_contracts_are_kept(repository):
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache", "--no-logo"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_foretell_alone_is_light(tmp_path):
    code = "import sys, foretell; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = set(run("-c", code, cwd=tmp_path).stdout.split())
    assert "foretell" in loaded
    assert not loaded & HEAVY


def test_rooms_without_torch_do_not_load_it(project, modules, tmp_path):
    contracts = project["tool"]["importlinter"]["contracts"]
    rooms = next(c["source_modules"] for c in contracts if c.get("forbidden_modules") == ["torch"])
    names = [
        m.name for m in modules if any(m.name == room or m.name.startswith(f"{room}.") for room in rooms)
    ]
    assert names
    said = json.loads(run("-c", IMPORT_ALL, json.dumps(names), cwd=tmp_path).stderr.splitlines()[-1])
    assert said["first_with_torch"] is None


def test_importing_every_module_has_no_side_effects(modules, tmp_path):
    names = [module.name for module in modules if not module.name.endswith("__main__")]
    done = run("-c", IMPORT_ALL, json.dumps(names), cwd=tmp_path)
    said = json.loads(done.stderr.splitlines()[-1])
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, f"importing printed: {done.stderr}"
    assert list(tmp_path.iterdir()) == []
    assert said["changed"] == []
