"""What the tests of the architecture look at: files, modules with their syntax trees, the metadata."""

import ast
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Module:
    """One source file of the package: its dotted name, its path, its lines, its syntax tree."""

    name: str
    path: Path
    n_lines: int
    tree: ast.Module


@pytest.fixture(scope="session")
def modules(repository: Path) -> list[Module]:
    source = repository / "src"
    found = []
    for path in sorted((source / "foretell").rglob("*.py")):
        if path.name == "__main__.py":  # a program, not something to import
            continue
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, path, len(text.splitlines()), ast.parse(text, str(path))))
    assert found, "src/foretell holds no module"
    return found


@pytest.fixture(scope="session")
def project(repository: Path) -> dict[str, Any]:
    """pyproject.toml, read."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def own_files(repository: Path) -> list[Path]:
    """Every file that belongs to the repository: tracked by git, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        return [repository / name for name in names if name and (repository / name).is_file()]
    # A source archive has no git: everything in it belongs to it, but for what tools leave behind.
    made = {".venv", ".cache", "__pycache__", "build", "dist", "runs", "site"}
    return [
        path
        for path in repository.rglob("*")
        if path.is_file() and not made.intersection(path.relative_to(repository).parts)
    ]
