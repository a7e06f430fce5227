"""Imports point down, importing does nothing, and torch comes only with the rooms that compute with it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

# What `import foretell` alone must not load: each costs a noticeable part of a second or more.
HEAVY = {"lightgbm", "pandas", "scipy", "sklearn", "torch"}

IMPORT_ALL = """
import importlib, json, logging, os, sys, threading
import numpy

modules, others = map(json.loads, sys.argv[1:])
for name in others:
    importlib.import_module(name)


def state():
    return {
        "environment": dict(os.environ),
        "log handlers": [str(handler) for handler in logging.getLogger().handlers],
        "threads": threading.active_count(),
        "random state": numpy.random.get_state()[1].tolist(),
    }


before = state()
first_with_torch = None
for name in modules:
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
    names = [m.name for m in modules if any(m.name == room or m.name.startswith(f"{room}.") for room in rooms)]
    assert names
    said = run("-c", IMPORT_ALL, json.dumps(names), "[]", cwd=tmp_path).stderr.splitlines()[-1]
    assert json.loads(said)["first_with_torch"] is None


def test_importing_every_module_has_no_side_effects(modules, tmp_path):
    # What other packages do when they are imported is theirs to answer for, so they come first.
    others = sorted({name for module in modules for name in packages_at_import(module.tree)})
    done = run("-c", IMPORT_ALL, json.dumps([m.name for m in modules]), json.dumps(others), cwd=tmp_path)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, f"importing printed: {done.stderr}"
    assert list(tmp_path.iterdir()) == []
    assert json.loads(done.stderr)["changed"] == []


def test_a_room_never_takes_the_place_of_a_name_at_the_front_door(modules, tmp_path):
    """Importing the room ``train`` sets ``foretell.train``, which must stay what the front door says."""
    code = """
import importlib, json, sys, types
import foretell
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
offered = {name: getattr(foretell, name) for name in foretell.__all__}
print(json.dumps([name for name, offer in offered.items() if isinstance(offer, types.ModuleType)]))
"""
    done = run("-c", code, json.dumps([m.name for m in modules]), cwd=tmp_path)
    assert json.loads(done.stdout) == []


def packages_at_import(tree: ast.Module) -> set[str]:
    """The modules of other packages that importing this one imports, as it names them."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] != "foretell"} - {"__future__"}
