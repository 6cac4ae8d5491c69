"""The notebooks hold the outputs of a fresh execution, and their exercises tell right answers from wrong ones.

After a change, `python tests/test_notebooks.py` executes them again and keeps the new outputs; numbers after it,
for example `01 05`, name the notebooks.
"""

import base64
import gc
import importlib
import io
import itertools
import math
import os
import pathlib
import re
import sys

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).parent.parent / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in PATHS]
COURSE = [
    "01-a-number-that-remembers",
    "02-backward-and-the-table",
    "03-value",
    "04-step-through-the-chain-rule",
    "05-the-delta-recursion",
    "06-what-goes-wrong",
    "07-optimizers-on-surfaces",
    "08-training-a-network",
    "09-stopping-and-restarts",
    "10-regularization",
    "11-programs",
    "12-machine-code",
    "13-published-examples",
    "14-a-gpt",
]

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(notebook, allow_errors=False):
    """Execute a notebook in its folder, in place, and leave nothing in it that differs from run to run.

    Pictures are drawn without the program dot, whose layout differs from version to version.
    """
    client = NotebookClient(
        notebook,
        timeout=None,  # a loaded machine is only slower
        kernel_name="python3",
        allow_errors=allow_errors,
        record_timing=False,
        coalesce_streams=True,
        # the garbage collector runs as seldom as in all tests: it would take a quarter of the training time
        extra_arguments=[f"--IPKernelApp.exec_lines=__import__('gc').set_threshold{gc.get_threshold()}"],
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute(env={**os.environ, "PATH": ""})
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


IMAGE = re.compile(r"data:image/(\w+);base64,[A-Za-z0-9+/=\s]+")


def without_images(data):
    """Leave texts unchanged; in place of an image, say that there is one.

    The bytes of a figure differ from machine to machine: with the version of matplotlib, with the fonts.
    """
    if isinstance(data, dict):
        return {kind: "an image" if is_image(kind) else without_images(part) for kind, part in data.items()}
    return IMAGE.sub(r"an image/\1", data) if isinstance(data, str) else data


def is_image(kind):
    return kind.startswith("image/") and kind != "image/svg+xml"


def text_of(cell):
    """All that the outputs of a cell say: printed text, and results in all their forms; of images that there is one."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(f"{output.name}: {output.text}")
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        else:
            parts += [f"{kind}: {data}" for kind, data in sorted(without_images(dict(output.data)).items())]
    return "\n".join(parts)


REAL = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")


def say_the_same(kept, received):
    """Whether two texts agree: in all words, and in real numbers up to rounding, which differs among machines."""
    words, numbers = REAL.split(kept), [float(number) for number in REAL.findall(kept)]
    other_words, others = REAL.split(received), [float(number) for number in REAL.findall(received)]
    return [text.split() for text in words] == [text.split() for text in other_words] and all(
        math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-9) for a, b in zip(numbers, others, strict=True)
    )


def test_the_notebooks_are_the_course():
    assert [name for name in COURSE if name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_a_valid_notebook(name):
    nbformat.validate(read(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_of_readable_size(name):
    size = (FOLDER / f"{name}.ipynb").stat().st_size
    views = sum(text_of(cell).count("<iframe ") for cell in code_cells(read(name)))
    figures = len(images_of(read(name)))
    assert views <= 5
    assert size < 1_100_000
    # each view to step through is a page, with its own style and script
    assert size < 300_000 + 150_000 * views + 50_000 * figures


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_show_something(name):
    from PIL import Image

    images = images_of(read(name))
    assert len(images) >= 2 or "matplotlib" not in "".join(cell.source for cell in code_cells(read(name)))
    for image in images:
        with Image.open(io.BytesIO(base64.b64decode(image))) as picture:
            assert min(picture.size) >= 200
            assert len(picture.convert("RGB").getcolors(maxcolors=picture.width * picture.height)) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_all_code_cells_were_executed_in_order(name):
    counts = [cell.execution_count for cell in code_cells(read(name))]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_no_output_is_an_error_or_a_warning(name):
    outputs = [output for cell in code_cells(read(name)) for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_nothing_about_the_machine_that_executed_it(name):
    notebook = read(name)
    assert notebook.metadata == METADATA
    assert [cell.id for cell in notebook.cells] == [f"cell-{i:02d}" for i in range(1, len(notebook.cells) + 1)]
    for cell in notebook.cells:
        assert cell.metadata in ({}, {"tags": ["exercise"]}, {"tags": ["solution"]})
    text = "\n".join(cell.source for cell in notebook.cells) + "\n".join(map(text_of, code_cells(notebook)))
    found = re.search(r"/home/|/Users/|/tmp/|/work/|/root/|/usr/|[A-Z]:\\\\|0x[0-9a-f]{6,}|site-packages", text)
    assert found is None, f"received {found[0]!r}, expected neither a path nor an address"


def is_exercise(cell):
    return "exercise" in cell.metadata.get("tags", [])


def course_of(name):
    """The exercises of a notebook by name."""
    sys.path.insert(0, str(FOLDER))
    try:
        module = importlib.import_module(f"exercises.notebook_{name[:2]}")
    finally:
        sys.path.remove(str(FOLDER))
    return {exercise.name: exercise for exercise in module.EXERCISES}


CHECK = re.compile(r'^(\w+) = check\("\1", \1\)$', re.MULTILINE)


def asked(cell):
    """The names of the exercises of a cell, and its lines that check the answers."""
    lines = cell.source[CHECK.search(cell.source).start() :]
    return CHECK.findall(lines), lines


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_cell_asks_and_does_not_answer(name):
    cells, exercises, found = read(name).cells, course_of(name), []
    for cell, after in itertools.pairwise(cells):
        if not is_exercise(cell):
            continue
        names, lines = asked(cell)
        found += names
        assert len(lines.splitlines()) == len(names), f"{lines!r}: an exercise ends with its checks, and nothing else"
        for exercise in map(exercises.__getitem__, names):
            assert exercise.solution.strip() not in cell.source
            assert f"{exercise.name}: no answer yet" in text_of(cell)
        assert after.metadata.tags == ["solution"]
        assert after.source == folded(exercises[each] for each in names), "`python tests/test_notebooks.py` writes it"
    assert found == list(exercises), "each exercise is asked once, in the order of the table"
    assert len(found) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_two_hints_and_three_wrong_answers(name):
    for exercise in course_of(name).values():
        assert len(set(exercise.hints)) >= 2, exercise.name
        assert len(exercise.wrong) >= 3, exercise.name
        told = " ".join([*exercise.hints, *(text for _, text in exercise.wrong)])
        for line in exercise.solution.strip().splitlines():
            _, is_assignment, right_side = line.partition(" = ")
            assert not is_assignment or len(right_side) < 3 or right_side not in told, f"{told!r} tells {line!r}"


def folded(exercises):
    """The worked solutions of an exercise cell, which a click unfolds."""
    exercises = list(exercises)
    code = "\n".join(exercise.solution.strip() for exercise in exercises)
    why = "\n\n".join(exercise.why for exercise in exercises if exercise.why)
    return f"<details><summary>Worked solution</summary>\n\n```python\n{code}\n```\n\n{why}\n\n</details>"


def answers_to(name, cell):
    """What a student may write in an exercise, wrong and right: the cell, what it is told, whether it is right."""
    exercises, (names, lines) = course_of(name), asked(cell)
    for place in range(max(len(exercises[each].wrong) for each in names)):
        wrong = [exercises[each].wrong[min(place, len(exercises[each].wrong) - 1)] for each in names]
        told = [re.compile(re.escape(text)) for _, text in wrong]
        yield "\n".join([*(code for code, _ in wrong), lines]), told, False
    right = [re.compile(f"{each}: right!") for each in names]
    yield "\n".join([*(exercises[each].solution for each in names), lines]), right, True


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_execution(name):
    """The outputs are the kept ones, and each exercise tells wrong answers and calls the right one right.

    A notebook is executed once, with each exercise first without an answer, then with the wrong ones, then with the
    right one. So no answer must change the output of later cells. At the end, a student comes back to each exercise.
    """
    notebook, cells, tries = read(name), [], []
    given = code_cells(notebook)
    kept = [text_of(cell) for cell in given]
    for cell in notebook.cells:
        cells.append(cell)
        if is_exercise(cell):
            for source, told, is_right in answers_to(name, cell):
                cells.append(nbformat.v4.new_code_cell(source))
                tries.append((cells[-1], told, is_right))
    for each in course_of(name):
        cells.append(nbformat.v4.new_code_cell(f'check("{each}", {each})\ncheck("{each}", 12345.678);'))
        tries.append((cells[-1], [re.compile(f"{each}: right!"), re.compile(f"{each}: .*not right")], True))
    notebook.cells = cells
    execute(notebook, allow_errors=True)
    for cell, text in zip(given, kept, strict=True):
        assert say_the_same(text, text_of(cell)), (
            f"the cell {cell.source!r} keeps the output {text[:2000]!r}, but its output is now "
            f"{text_of(cell)[:2000]!r}; `python tests/test_notebooks.py` executes the notebooks again"
        )
    for cell, told, is_right in tries:
        for pattern in told:
            assert pattern.search(text_of(cell)), (cell.source, pattern.pattern, text_of(cell))
        assert is_right or "right!" not in text_of(cell), text_of(cell)
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert not failed, text_of(cell)


def test_notebook_12_runs_without_llvmlite():
    notebook = read("12-machine-code")
    notebook.cells.insert(0, nbformat.v4.new_code_cell('import sys\n\nsys.modules["llvmlite"] = None'))
    texts = [text_of(cell) for cell in code_cells(execute(notebook))]
    assert [text for text in texts if "llvm" in text] == [
        "stdout: llvmlite is not installed: pip install 'autograd-lite[jit]'\n"
    ] * 2
    assert "arrays  agrees" in "".join(texts)


@pytest.mark.parametrize(
    ("kept", "received"),
    [
        ("a 1.5", "a 1.6"),
        ("a 1.5", "b 1.5"),
        ("a 1.5", "a 1.5 2.5"),
        ("2 calls", "3 calls"),
        ("2 calls", ""),
        ("w^(1)_{2,0}", "w^(1)_{2,1}"),
        ("-1.5", "1.5"),
        ("1.5", "nan"),
    ],
)
def test_the_comparison_of_outputs_sees_a_difference(kept, received):
    assert not say_the_same(kept, received)


@pytest.mark.parametrize(("kept", "received"), [("a  1.50000001", "a 1.5"), ("|a - d| 0.0e+00", "|a - d| 1.1e-16")])
def test_the_comparison_of_outputs_forgives_rounding(kept, received):
    assert say_the_same(kept, received)


def test_the_comparison_of_outputs_sees_that_a_figure_is_missing_but_not_its_bytes():
    def cell(**data):
        output = nbformat.v4.new_output("display_data", {"text/plain": "<Figure>", **data})
        return nbformat.v4.new_code_cell("plt.show()", outputs=[output])

    kept = text_of(cell(**{"image/png": "iVBOR"}))
    assert say_the_same(kept, text_of(cell(**{"image/png": "iVBOS"})))
    assert not say_the_same(kept, text_of(cell()))
    moving = text_of(cell(**{"text/html": '<img src="data:image/gif;base64,R0lGO+/=" alt="a path">'}))
    assert say_the_same(moving, text_of(cell(**{"text/html": '<img src="data:image/gif;base64,R1" alt="a path">'})))
    assert not say_the_same(moving, text_of(cell(**{"text/html": '<img src="" alt="a path">'})))
    assert not say_the_same(moving, text_of(cell(**{"text/html": moving.replace("path", "hill")})))


def images_of(notebook):
    """The figures among the outputs, in base64, those within HTML too."""
    images = []
    for output in (output for cell in code_cells(notebook) for output in cell.outputs if "data" in output):
        images += [data for kind, data in output.data.items() if is_image(kind)]
        images += [match[0].partition(",")[2] for match in IMAGE.finditer(output.data.get("text/html", ""))]
    return images


def shrink(notebook):
    """Keep the figures in 256 colours, less than half the size: a notebook of plots would be too large to read."""
    from PIL import Image

    for output in (output for cell in code_cells(notebook) for output in cell.outputs if "data" in output):
        if "image/png" in output.data:
            picture, file = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))), io.BytesIO()
            picture.convert("RGB").quantize(256, kmeans=4, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
            output.data["image/png"] = base64.b64encode(file.getvalue()).decode()


def write_again(names):
    """Write the worked solutions of notebooks, execute them, and keep their outputs."""
    for name in names:
        notebook, exercises = read(name), course_of(name)
        for cell, after in itertools.pairwise(notebook.cells):
            if is_exercise(cell):
                after.source = folded(exercises[each] for each in asked(cell)[0])
        for number, cell in enumerate(notebook.cells, start=1):
            cell.id = f"cell-{number:02d}"
        shrink(execute(notebook))
        path = FOLDER / f"{name}.ipynb"
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    write_again([name for name in NAMES if name.startswith(tuple(sys.argv[1:]) or "")])
