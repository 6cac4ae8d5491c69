"""The architecture: which module may import which, what is loaded when, and that all that is public has a docstring."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite
import nn

ROOT = Path(autograd_lite.__file__).parents[1]
"""The folder of both packages: a checkout, or site-packages."""

MODULES = [path for package in (autograd_lite, nn) for path in sorted(Path(package.__file__).parent.glob("**/*.py"))]
LIBRARIES = {
    "graphviz": {"autograd_lite/pictures/picture.py"},
    "anywidget": {"autograd_lite/stepper/widget.py"},
    "traitlets": {"autograd_lite/stepper/widget.py"},
    "matplotlib": {"nn/plots.py"},
    "sklearn": {"nn/estimators.py"},
    "llvmlite": {f"autograd_lite/program/llvm/{name}.py" for name in ("kernel", "machine", "vector_math")},
}
"""Libraries that few files may import."""

NUMPY_FILES = {
    f"autograd_lite/program/{name}.py"
    for name in ("compiled", "python/functions", "python/interpreted", "llvm/machine")
}
"""The files of the engine that may; they are imported when a program is compiled, not before."""


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides where it leads"
            yield node.module
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file())


FLOORS = [
    "checks labels primitives",
    "graph value",
    "gradients parse",
    "words",
    "walk folding program",
    "pictures explanation",
    "teaching",
    "stepper cli",
]
"""The floors of autograd_lite, from the ground up; a room imports only from rooms that stand before it in this list."""

ROOMS = " ".join(FLOORS).split()


def place_of(name):
    """The place of a module's room in the list."""
    return ROOMS.index(name.split(".")[1])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_arrows(path):
    relative = path.relative_to(ROOT)
    package, name = relative.parts[0], ".".join(relative.with_suffix("").parts)
    for imported in imports_of(path):
        top = imported.split(".")[0]
        if package == "autograd_lite":
            assert top != "nn"
            assert top != "numpy" or relative.as_posix() in NUMPY_FILES
            if top == "autograd_lite" != imported and relative.name != "__init__.py":
                assert place_of(imported) <= place_of(name)
        elif top == "autograd_lite":
            assert imported == "autograd_lite", "nn imports only the public names"
        if top in LIBRARIES:
            assert relative.as_posix() in LIBRARIES[top]


def test_the_delta_recursion_shares_no_code_with_the_engine():
    """From nn it may import only the checks of arrays, which know nothing of the graph either."""
    libraries = set(
        "collections.abc contextlib dataclasses decimal functools math numbers os pathlib reprlib sys typing warnings "
        "numpy numpy.typing".split()
    )
    for name, allowed in (("delta.py", libraries | {"nn.checks"}), ("checks.py", libraries)):
        assert set(imports_of(ROOT / "nn" / name)) <= allowed


def test_importing_the_engine_loads_neither_numpy_nor_graphviz_nor_nn():
    late = {"numpy", "llvmlite", "graphviz", "nn", "matplotlib", "IPython", "anywidget", "traitlets"}
    code = f"import sys, autograd_lite; print(sorted({late} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_no_module_has_the_name_of_something_public():
    public = {*autograd_lite.__all__, *nn.__all__}
    assert [path.name for path in MODULES if path.stem in public] == []


@pytest.mark.parametrize("package", [autograd_lite, nn])
def test_everything_public_is_explained(package):
    for name in package.__all__:
        thing = getattr(package, name)
        if callable(thing):
            assert thing.__doc__, name


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git for the files")
def test_the_top_level_holds_nothing_without_need():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    if tracked.returncode != 0:
        pytest.skip("not in a git checkout")
    top = {Path(name).parts[0] for name in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {
        "LICENSE", "README.md", "autograd_lite", "nn", "notebooks", "pyproject.toml", "tests",
    }  # fmt: skip
