"""autograd_lite.pictures.pgf: pictures in LaTeX, and what nbconvert makes of a notebook with pictures."""

import re
import shutil
import subprocess

import nbclient
import nbformat
import pytest
from nbconvert import HTMLExporter, LatexExporter, MarkdownExporter
from test_drawing import HOSTILE, network

from autograd_lite import Value, add, draw, step_through
from autograd_lite.pictures.diagram import DIRECTIONS
from autograd_lite.pictures.layout import find_layout
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.words.lecture import typeset

WRITTEN = {
    r"\textbackslash{}": "\\", r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\%": "%", r"\_": "_",
    r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", "$<$": "<", "$>$": ">", "$|$": "|", r"\ ": " ", "{-}": "-",
    r"{\textasciigrave}": "`", "{'}": "'", "{''}": '"', "{,}": ",", r"$\cdot$": "·", "$-$": "−", r"$\times$": "×",
    r"$\div$": "÷", r"$\theta$": "θ", r"$\infty$": "∞",
    **{f"$^{{{number}}}$": sign for number, sign in zip("0123456789()-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻", strict=True)},
    **{f"$_{{{number}}}$": sign for number, sign in zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True)},
    r"\ldots{}": "…", r"$\delta$": "δ", r"$\partial$": "∂", r"$\Sigma$": "Σ",
}  # fmt: skip
"""What LaTeX prints for what we write, as its manuals say."""

TOKEN = re.compile(
    r"\[U\+([0-9A-F]{4,6})\]|" + "|".join(map(re.escape, sorted(WRITTEN, key=len, reverse=True))) + r"|[^\\{}$&#%_^~]"
)
TEXT = re.compile(
    r"\\pgftext\[.*?base,x=(.*?)bp,y=(.*?)bp\]\{\\fontsize\{.*?\}\{.*?\}\\selectfont (.*)\}$", re.MULTILINE
)
RECTANGLE = re.compile(r"\\pgfpathrectangle\{\\pgfpoint\{(.*?)bp\}\{(.*?)bp\}\}\{\\pgfpoint\{(.*?)bp\}\{(.*?)bp\}\}")
PATH = re.compile(r"\\pgfpathmoveto(\{.*?\})\\pgfusepath\{stroke\}")
POINT = re.compile(r"\\pgfpoint\{(.*?)bp\}\{(.*?)bp\}")


def printed(text):
    """The text that LaTeX prints; every sign that LaTeX would read as a command is an error."""
    signs, place = [], 0
    while place < len(text):
        token = TOKEN.match(text, place)
        assert token, f"not safe: {text[place:]}"
        signs.append(chr(int(token[1], 16)) if token[1] else WRITTEN.get(token[0], token[0]))
        place = token.end()
    return "".join(signs)


def texts(pgf):
    return [printed(text) for _, _, text in TEXT.findall(pgf)]


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:20])
def test_labels_show_as_typed(label):
    assert texts(to_pgf(draw(Value(2.0, label)).diagram)) == [typeset(HOSTILE[label]), "data 2"]


@pytest.mark.parametrize("label", ["9 ÷ 3 × 2 − 1 · δ", "Äßÿ éÐ", "θ→∞ 日本", "--- ,, << !` ?`"])
def test_characters_beyond_ascii_show_as_typed(label):
    assert texts(to_pgf(draw(Value(2.0, label)).diagram))[0] == label


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_everything_stands_where_the_layout_puts_it(direction):
    root = network()
    root.backward()
    diagram = draw(root, direction).diagram
    layout, pgf = find_layout(diagram), to_pgf(diagram)
    near = lambda numbers: pytest.approx(numbers, abs=0.051)
    groups, boxes = list(layout.groups.values()), [*layout.boxes, layout.boxes[-1]]  # the root has a second border
    inner = boxes[-1]
    boxes[-1] = inner._replace(x=inner.x + 3.5, y=inner.y + 3.5, width=inner.width - 7, height=inner.height - 7)
    rectangles = [[float(number) for number in found] for found in RECTANGLE.findall(pgf)]
    assert rectangles == [near([r.x, -r.y, r.width, -r.height]) for r in [*groups, *boxes]]
    arrows = [POINT.findall(path) for path in PATH.findall(pgf)]
    assert [[float(x) for x in path[0]] for path in arrows] == [near([p[0][0][0], -p[0][0][1]]) for p in layout.paths]
    assert [[float(x) for x in path[-1]] for path in arrows] == [
        near([p[-1][-1][0], -p[-1][-1][1]]) for p in layout.paths
    ]
    lines = [line for box in diagram.boxes for line in box.lines]
    assert texts(pgf) == [*layout.groups, *lines, *(arrow.label for arrow in diagram.arrows if arrow.label)]
    for x, y, _ in TEXT.findall(pgf):
        assert 0 < float(x) < layout.width
        assert 0 < -float(y) < layout.height


def test_braces_and_environments_are_balanced():
    pgf = to_pgf(draw(add(*[Value(1.0, label) for label in HOSTILE])).diagram)
    plain = pgf.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for sign in plain:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert pgf.count(r"\begin{pgfscope}") == pgf.count(r"\end{pgfscope}") > len(HOSTILE)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX with the package pgf")
@pytest.mark.parametrize("package", ["pgf", "tikz"])
def test_latex_accepts_it(package, tmp_path):
    pictures = [to_pgf(draw(network(), direction).diagram) for direction in DIRECTIONS]
    labels = [*HOSTILE, *map(chr, range(0xA1, 0x180)), *"αωΩ∞∂→日"]
    pictures += [to_pgf(draw(add(*[Value(1.0, label) for label in labels])).diagram)]
    text = "\n".join(
        [r"\documentclass{article}", rf"\usepackage{{{package}}}", r"\begin{document}", *pictures, r"\end{document}"]
    )
    (tmp_path / "pictures.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "pictures.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


# What nbconvert makes of it

CELLS = {
    "picture": "draw(root)",
    "drawn by dot": "draw(root, use_dot=True)",
    "stepper": "step_through(root)",
    "widget": "step_through(root).widget()",
    "explanation": "explain(root)",
}
START = (
    "from autograd_lite import Value, draw, explain, step_through\n"
    "w, x = Value(-3.0, 'w_1 & 50% \\\\input{x}'), Value(2.0, 'x')\n"
    "root = (w * x).tanh()\n"
    "root.label = 'L'\n"
    "root.backward()"
)


RUN = {name: source for name, source in CELLS.items() if name != "drawn by dot" or shutil.which("dot")}


@pytest.fixture(scope="module")
def notebook():
    cells = [nbformat.v4.new_code_cell(source) for source in (START, *RUN.values())]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells, metadata=metadata), timeout=None).execute()


@pytest.fixture(params=CELLS)
def cell(request, notebook):
    """A notebook with one of the cells, and which it is."""
    if request.param not in RUN:
        pytest.skip("the program dot is not installed")
    executed = notebook.cells[1 + list(RUN).index(request.param)]
    return request.param, nbformat.v4.new_notebook(cells=[executed], metadata=notebook.metadata)


@pytest.mark.parametrize("exporter", [LatexExporter, MarkdownExporter, HTMLExporter])
def test_nbconvert_needs_no_inkscape_and_shows_no_address(cell, exporter, monkeypatch):
    monkeypatch.setenv("PATH", "")
    name, notebook = cell
    text, _ = exporter().from_notebook_node(notebook)
    assert not re.search(r"\bat 0x[0-9a-f]+|object at ", text)
    if exporter is LatexExporter and name != "explanation":
        assert text.count(r"\begin{pgfpicture}") == 1
        assert r"w\_1\ \&\ 50\%\ \textbackslash{}input\{x\}" in text
    if exporter is MarkdownExporter:
        assert ("<table>" if name == "explanation" else "Computation graph with 4 nodes and 3 edges") in text


def test_the_text_of_each_output_describes_it(cell):
    name, notebook = cell
    [output] = notebook.cells[0].outputs
    assert {"text/html", "text/plain"} <= output.data.keys()
    assert "image/svg+xml" not in output.data
    start = {
        "picture": "<Picture: Computation graph with 4 nodes and 3 edges>",
        "drawn by dot": "<Picture: Computation graph with 4 nodes and 3 edges>",
        "stepper": "<Stepper: 7 steps through the gradients of L; show it in Jupyter",
        "widget": "<StepperWidget: 7 steps through the gradients of L>",
        "explanation": "Forward: the evaluation trace",
    }
    assert output.data["text/plain"].startswith(start[name])


def test_statements_that_were_added_are_not_left_out_in_latex():
    picture = draw(Value(2.0, "x"))
    assert picture._repr_latex_() == to_pgf(picture.diagram)
    picture.node("more")
    assert picture._repr_latex_() is None


def test_the_stepper_of_a_constant_shows_itself():
    from autograd_lite import constant

    assert "gradients of 3;" in repr(step_through(constant(3.0)))
