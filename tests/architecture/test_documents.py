"""What README and docs show is true: examples compile and run, commands exist, the tree is the tree."""

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "bash", "console", "shell"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: where it stands, what it is written in, what it says."""

    page: str
    language: str
    code: str

    def commands(self) -> list[list[str]]:
        """The commands of a shell block, prompts and comments left out."""
        if self.language not in SHELLS:
            return []
        joined = self.code.replace("\\\n", " ")
        lines = [line.removeprefix("$ ").strip() for line in joined.splitlines()]
        return [shlex.split(line, comments=True) for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def blocks(repository) -> list[Block]:
    pages = [repository / name for name in ("README.md", "CONTRIBUTING.md")]
    pages += sorted((repository / "docs").rglob("*.md"))
    found = [
        Block(str(page.relative_to(repository)), match["language"], match["code"])
        for page in pages
        for match in FENCE.finditer(page.read_text(encoding="utf-8"))
    ]
    assert found
    return found


@pytest.fixture(scope="module")
def verbs() -> dict:
    """The commands of foretell's command line, by verb."""
    import typer.main

    from foretell.cli import app

    return typer.main.get_command(app).commands


def test_python_examples_compile_and_use_what_exists(blocks):
    import foretell

    used = []
    for block in blocks:
        if block.language != "python":
            continue
        for node in ast.walk(ast.parse(block.code, block.page)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "foretell":
                used.append(node.attr)
            if isinstance(node, ast.ImportFrom) and node.module == "foretell":
                used += [alias.name for alias in node.names]
    assert used, "no page shows foretell at work"
    assert not set(used) - set(foretell.__all__)


def test_every_command_shown_exists(blocks, verbs):
    shown = [(block.page, words) for block in blocks for words in block.commands() if is_foretell(words)]
    assert shown
    wrong = []
    for page, words in shown:
        verb, *rest = words[1:]
        if verb.startswith("-"):
            continue
        if verb not in verbs:
            wrong.append(f"{page}: no verb {verb!r}")
            continue
        known = {option for parameter in verbs[verb].params for option in (*parameter.opts, *parameter.secondary_opts)}
        options = [word.partition("=")[0] for word in rest if word.startswith("--")]
        wrong += [f"{page}: foretell {verb} has no {option}" for option in options if option not in known | {"--help"}]
    assert not wrong


def test_the_readme_names_every_verb(repository, verbs):
    text = (repository / "README.md").read_text(encoding="utf-8")
    assert not [verb for verb in verbs if f"foretell {verb}" not in text]


def test_every_make_target_shown_exists(repository, blocks):
    targets = set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {words[1] for block in blocks for words in block.commands() if words[0] == "make"}
    assert {"demo", "test"} <= shown <= targets


def test_ci_calls_the_readmes_test_command(repository):
    script = repository / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "\nmake test\n" in script.read_text(encoding="utf-8")


def test_the_annotated_tree_is_the_tree(repository):
    drawn = tree_in((repository / "README.md").read_text(encoding="utf-8"))
    package = repository / "src" / "foretell"
    rooms = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    modules = {path.name for path in package.glob("*.py") if path.name not in ("__init__.py", "__main__.py")}
    assert drawn["src/foretell/"] == rooms | modules
    for folder in drawn:
        assert (repository / folder).is_dir(), f"the README's tree draws {folder}, which is not there"
    undrawn = {"src/", ".ci/"}
    folders = {f"{path.name}/" for path in repository.iterdir() if has_tracked_files(repository, path)}
    assert folders - undrawn == {folder for folder in drawn if folder.count("/") == 1}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_readmes_python_runs(blocks, tmp_path):
    """On a simulated shop, in a fresh interpreter and an empty folder."""
    code = "\n".join(block.code for block in blocks if block.page == "README.md" and block.language == "python")
    command = Path(sys.executable).with_name("foretell")
    shop = tmp_path / "shop"
    subprocess.run(
        [str(command), "simulate", "--out", str(shop), "--users", "300", "--items", "60", "--days", "150"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (shop / "events.parquet").rename(tmp_path / "events.parquet")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def is_foretell(words: list[str]) -> bool:
    """True for ``foretell VERB ...``, whatever folder the program is called from."""
    return len(words) > 1 and Path(words[0]).name == "foretell"


def has_tracked_files(repository: Path, folder: Path) -> bool:
    """True for a top-level folder that belongs to the repository."""
    if not folder.is_dir() or folder.name == ".git":
        return False
    ignored = subprocess.run(["git", "check-ignore", "-q", str(folder)], cwd=repository, check=False)
    return ignored.returncode == 1


def tree_in(text: str) -> dict[str, set[str]]:
    """Read an annotated tree: each unindented ``folder/`` with the names indented below it."""
    block = re.search(r"<!-- tree:start -->\s*```text\n(.*?)```\s*<!-- tree:end -->", text, flags=re.DOTALL)
    assert block, "the README has no annotated tree between its markers"
    tree: dict[str, set[str]] = {}
    folder = ""
    for line in block[1].splitlines():
        names = [name for name in line.partition("  #")[0].split() if name]
        if not line.startswith(" "):
            folder = names[0]
            tree[folder] = set()
        else:
            tree[folder].update(names)
    return tree
