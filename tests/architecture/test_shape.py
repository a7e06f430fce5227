"""The budget: short files, few constructor arguments, few top-level names, a word on everything."""

import ast
import statistics

import pytest

MOST_LINES = 400
MEDIAN_LINES = 150
MOST_ARGUMENTS = 7
MOST_NAMES = 15


def test_no_file_is_long(repository, own_files):
    long = {
        str(path.relative_to(repository)): n_lines
        for path in own_files
        if path.suffix == ".py" and (n_lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long, f"over {MOST_LINES} lines, so more than one job: {long}"


def test_the_median_file_is_short(modules):
    lines = [module.n_lines for module in modules if module.path.name != "__init__.py"]
    assert statistics.median(lines) <= MEDIAN_LINES


def test_constructors_take_few_arguments(modules):
    many = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and (count := n_constructor_arguments(node)) > MOST_ARGUMENTS:
                many[f"{module.name}.{node.name}"] = count
    assert not many, f"over {MOST_ARGUMENTS} constructor arguments: {many}"


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("class A:\n    def __init__(self, a, /, b, *, c): ...", 3),
        (
            "@dataclass\nclass A:\n    a: int\n    b: ClassVar[int]\n    c: int = field(init=False)",
            1,
        ),
        ("class A(NamedTuple):\n    a: int\n    b: int", 2),
        ("class A:\n    a: int", 0),
    ],
)
def test_constructor_arguments_are_counted(code, count):
    assert n_constructor_arguments(ast.parse(code).body[0]) == count


def test_the_front_door_offers_few_names():
    import foretell

    assert 0 < len(foretell.__all__) <= MOST_NAMES
    missing = [name for name in foretell.__all__ if not hasattr(foretell, name)]
    assert not missing


def test_every_module_opens_with_a_docstring(modules):
    silent = [module.name for module in modules if not ast.get_docstring(module.tree)]
    assert not silent


def test_every_public_class_and_function_has_a_docstring(modules):
    silent = [name for module in modules for name in undocumented(module.tree, module.name)]
    assert not silent


def n_constructor_arguments(node: ast.ClassDef) -> int:
    """Count what a caller may pass; a pydantic model is a declared set of settings and counts as none."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = item.args
            return len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1
    decorators = {ast.unparse(d.func if isinstance(d, ast.Call) else d).split(".")[-1] for d in node.decorator_list}
    bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
    if "dataclass" not in decorators and "NamedTuple" not in bases:
        return 0
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return sum("ClassVar" not in ast.unparse(f.annotation) and "init=False" not in ast.unparse(f) for f in fields)


def undocumented(tree: ast.Module | ast.ClassDef, name: str) -> list[str]:
    """The public classes, functions and methods below ``tree`` that say nothing of themselves."""
    silent = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        overload = any("overload" in ast.unparse(d) or ".setter" in ast.unparse(d) for d in node.decorator_list)
        if not overload and not ast.get_docstring(node):
            silent.append(f"{name}.{node.name}")
        if isinstance(node, ast.ClassDef):
            silent += undocumented(node, f"{name}.{node.name}")
    return silent
