"""A seeded sample of mutants of the engine and of training, each run against its module's own tests. Run by hand:

    pip install cosmic-ray
    python tests/mutation_sample.py            # all modules, about 300 mutants
    python tests/mutation_sample.py nn/mlp.py  # the share of one module

The mutants are Cosmic Ray's. A place in the code is drawn first and then one of its mutants, because an arithmetic sign
has eleven of them and most others one. Annotations are left out. Files are changed in place and restored, so run this
in a copy of the repository (git worktree add --detach). A survivor is a missing test, or is equivalent to the original.
"""

import ast
import os
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

COUNT = 300
SEED = 20
MODULES = {
    f"{folder}/{name}.py": " ".join(str(path) for path in sorted(Path("tests").rglob(f"test_{name}.py")))
    for folder, names in {
        "autograd_lite": "value graph primitives gradients walk",
        "autograd_lite/teaching": "wrong_passes",
        "autograd_lite/words": "calls",
        "nn": "delta mlp",
        "nn/training": "optimizers loop checkpoint identity termination batch_gradients schedules regularization "
        "batches losses restarting",
    }.items()
    for name in names.split()
}
MODULES |= dict.fromkeys(
    ("autograd_lite/value.py", "autograd_lite/graph.py"),
    "tests/test_value.py tests/anywhere/test_value.py tests/test_graph.py",
)
MODULES["autograd_lite/words/calls.py"] += " tests/test_names.py"
MODULES["nn/mlp.py"] += " tests/test_module.py"
"""The tests of each module; `value.py` and its support `graph.py` are tested together, the names that `calls.py`
records with all names, and the base class in `mlp.py` by itself."""


def places(path):
    """The places in a module where Cosmic Ray has mutants: their line and column, with the mutants of each."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast_from_path

    def span(node):
        return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)

    tree = ast.parse(path.read_text(encoding="utf-8"))
    annotations = [
        span(annotation)
        for node in ast.walk(tree)
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
    ]
    nodes = list(ast_nodes(get_ast_from_path(path)))
    found = defaultdict(list)
    for operator in filter(lambda name: not plugins.get_operator(name).arguments(), plugins.operator_names()):
        positions = (start for node in nodes for start, _ in plugins.get_operator(operator)().mutation_positions(node))
        for occurrence, start in enumerate(positions):
            if not any(first <= start < last for first, last in annotations):
                found[start].append((operator, occurrence))
    return sorted(found.items())


def main(chosen):
    """Try the sample's mutants of the chosen modules; print each, and how many were caught."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import MutationSpec

    os.environ["PYTHONPATH"] = os.getcwd()  # the tests import the copy, whatever is installed
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # pytest starts in a quarter of the time
    found = {module: places(Path(module)) for module in MODULES}
    share = COUNT / sum(map(len, found.values()))
    caught = total = 0
    for module in chosen or MODULES:
        options = "-q -x -p no:cacheprovider --override-ini=addopts="
        command = f"{sys.executable} -m pytest {options} {MODULES[module]}"
        start = time.monotonic()
        outcome, output = run_tests(command, 600)
        assert outcome == "survived", output
        limit = 30 + 10 * (time.monotonic() - start)
        generator = random.Random(f"{SEED} {module}")
        for (line, column), mutants in sorted(generator.sample(found[module], round(share * len(found[module])))):
            operator, occurrence = generator.choice(mutants)
            spec = MutationSpec(Path(module), operator, occurrence, (line, column), (line + 1, 0))
            result = mutate_and_test([spec], command, limit)
            total += 1
            caught += result.is_killed
            changes = [change for change in (result.diff or result.output).splitlines() if change[:1] in "+-"]
            name = operator.removeprefix("core/")
            print(f"{result.test_outcome.value} {module}:{line} {name}", *changes[3:], sep="\n    ", flush=True)
    print(f"{caught} of {total} mutants were caught")


if __name__ == "__main__":
    main(sys.argv[1:])
