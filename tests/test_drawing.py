"""Pictures: what they say is what the graph is, in DOT text, in the SVG of dot and in our own."""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import graphviz
import pytest

import autograd_lite as ag
from autograd_lite import Value, constant
from autograd_lite.labels import clean
from autograd_lite.pictures.diagram import Box, Diagram, box_size
from autograd_lite.pictures.drawing import draw
from autograd_lite.pictures.picture import picture_of
from autograd_lite.pictures.svg import to_svg
from autograd_lite.words.lecture import LOWERED, RAISED, typeset
from nn import MLP, squared_error

SVG = "{http://www.w3.org/2000/svg}"
XLINK_SPACE = "\u00a0"  # dot writes spaces that follow a space as no-break spaces
HAS_DOT = shutil.which("dot") is not None

WITH_DOT = [pytest.mark.dot, pytest.mark.skipif(not HAS_DOT, reason="the program dot is not installed")]
WAYS = ["source", "own", pytest.param("dot", marks=WITH_DOT)]


def needs_dot(test):
    for mark in WITH_DOT:
        test = mark(test)
    return test


HOSTILE = {
    r"\N": r"\N", r"\n": r"\n", r"\l\G": r"\l\G", "\\": "\\", r"\"": r"\"", '"': '"', r"a\\": r"a\\",
    "&lt;": "&lt;", "&amp;": "&amp;", "&amp;lt;": "&amp;lt;", "&#38;": "&#38;", "&": "&", "&copy": "&copy",
    "</script>": "</script>", "]]>": "]]>", "<![CDATA[": "<![CDATA[", "<!--": "<!--", "-->": "-->",
    "{{ }}": "{{ }}", "{ } | < >": "{ } | < >", "<b>x</b>": "<b>x</b>", "<": "<", "<<table/>>": "<<table/>>",
    "node": "node", "1.5": "1.5", "n0": "n0", "->": "->", "a;b": "a;b", "// c": "// c", "#x": "#x", "a+b": "a+b",
    "δ_1^(2) ∂ 日本 é": "δ_1^(2) ∂ 日本 é", "it's": "it's", "`": "`", "%s %n": "%s %n", "${x}": "${x}",
    "a\x00b": "a\ufffdb", "tab\there": "tab\ufffdhere", "two\nlines": "two\ufffdlines", "\x1b[31m": "\ufffd[31m",
    "\ud800": "\ufffd", "\u202eabc": "\ufffdabc", "\u2066x\u2069": "\ufffdx\ufffd", "\u2028": "\ufffd",
    "\ufffe": "\ufffd", "x" * 20_000: "x" * 59 + "…",
}  # fmt: skip


def network() -> Value:
    """The lecture's network with two inputs, a hidden layer of two and one output; squared error."""
    return squared_error(MLP(2, [2, 1], seed=0)([1.5, -0.5]), 1.0)


# Three independent readers: what a picture says, as {node: lines} and [(tail, head, label of the edge)]


def read(root, way):
    picture = draw(root, use_dot=way == "dot")
    return read_source(picture.source) if way == "source" else read_svg(picture.pipe("svg", encoding="utf-8"))


def boxes_of(root, **options):
    return draw(root, **options).diagram.boxes


def read_source(source):
    """A reader of the DOT language, as far as https://graphviz.org/doc/info/lang.html says how strings are written."""
    quoted = r'"(?:[^"\\]|\\.)*"'
    nodes = {}
    for name, label in re.findall(rf"^\s*(n\d+) \[label=({quoted}|[\w.-]+) ", source, re.MULTILINE):
        text = label[1:-1].replace('\\"', '"') if label.startswith('"') else label
        # what a label means: \n ends a line, \\ is a backslash; then entities are characters
        parts = re.split(r"(\\.)", text)
        text = "".join({"\\n": "\n", "\\\\": "\\"}[part] if i % 2 else part for i, part in enumerate(parts))
        nodes[name] = [html.unescape(line) for line in text.split("\n")] if text else []
    edges = re.findall(r"^\s*(n\d+) -> (n\d+) \[(?:headlabel=(\d) )?id=e\d+", source, re.MULTILINE)
    if not edges:
        edges = re.findall(r"^\s*(n\d+) -> (n\d+) \[", source, re.MULTILINE)
    return nodes, sorted((tail, head) for tail, head, *_ in edges)


def line_of(text):
    """What a reader sees in a line, with small signs above or below the line as Unicode has them."""
    line, height = text.text or "", 0.0
    for part in text.iter(SVG + "tspan"):
        height -= float(part.get("dy", 0))
        signs = RAISED if height > 0.01 else LOWERED if height < -0.01 else {}
        assert (part.get("font-size") is None) == (not signs)
        line += part.text.translate(signs) + (part.tail or "")
    return line


def read_svg(svg):
    root = ET.fromstring(svg.encode("utf-8"))
    nodes, edges = {}, []
    for group in root.iter(SVG + "g"):
        classes = group.get("class", "").split()
        if "node" in classes:
            texts = [line_of(text).replace(XLINK_SPACE, " ") for text in group.iter(SVG + "text")]
            nodes[group.get("id")] = texts
        elif "edge" in classes:
            edges.append(tuple(re.findall(r"n\d+", group.find(SVG + "title").text)))
    return nodes, sorted(edges)


# What the boxes say


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:20])
def test_labels_show_as_typed(label: str, way: str) -> None:
    nodes, _ = read(Value(2.0, label=label), way)
    assert nodes == {"n0": [typeset(HOSTILE[label]), "data 2"]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:20])
def test_names_of_groups_show_as_typed(label: str, way: str) -> None:
    picture = picture_of(Diagram((Box(("x",), "leaf", group=clean(label)),), ()), use_dot=way == "dot")
    if way == "source":
        assert "<b>x</b>;" not in picture.source
        return
    svg = ET.fromstring(picture.pipe("svg"))
    assert HOSTILE[label] in [text.text.replace(XLINK_SPACE, " ") for text in svg.iter(SVG + "text")]


@pytest.mark.parametrize("way", WAYS)
def test_every_line_of_a_small_graph(way: str) -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    root = (c - 10).tanh()
    root.backward()
    nodes, edges = read(root, way)
    slope = f"{1 - root.data**2:.4g}"
    assert slope == "5.063e-14"
    assert nodes == {
        "n0": ["a", "data 2", "grad −1.519e−13"],
        "n1": ["b", "data −3", "grad 1.013e−13"],
        "n2": ["c = a × b", "data −6", "grad 5.063e−14"],
        "n3": ["v₁ = c − 10", "data −16", "grad 5.063e−14"],
        "n4": ["root = tanh(v₁)", "data −1", "grad 1"],
    }
    assert edges == [("n0", "n2"), ("n1", "n2"), ("n2", "n3"), ("n3", "n4")]


@pytest.mark.parametrize("way", WAYS)
def test_no_gradient_before_a_backward_pass_and_none_for_constants(way: str) -> None:
    x = Value(3.0, label="x")
    y = x * 2
    assert not [line for lines in read(y, way)[0].values() for line in lines if "grad" in line]
    y.backward()
    assert read(y, way)[0] == {
        "n0": ["x", "data 3", "grad 2"],
        "n1": ["root = x × 2", "data 6", "grad 1"],
    }
    x.grad = 0.0  # computed, and zero: that is shown
    assert read(y, way)[0]["n0"] == ["x", "data 3", "grad 0"]


@pytest.mark.parametrize("way", WAYS)
def test_a_square_has_two_edges(way: str) -> None:
    x = Value(3.0)
    assert read(x * x, way)[1] == [("n0", "n1"), ("n0", "n1")]


@pytest.mark.parametrize(
    ("build", "numbered"),
    [
        (lambda a, b: a - b, True),
        (lambda a, b: a.atan2(b), True),
        (lambda a, b: a + b, False),
        (ag.maximum, False),
    ],
)
def test_operands_are_numbered_where_their_order_matters(build, numbered: bool) -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    for root, order in ((build(a, b), "ab"), (build(b, a), "ba")):
        diagram = draw(root).diagram
        names = [diagram.boxes[arrow.tail].lines[0] for arrow in diagram.arrows]
        assert "".join(names) == order
        assert [arrow.label for arrow in diagram.arrows] == (["1", "2"] if numbered else ["", ""])
        texts = [text.text for text in ET.fromstring(to_svg(diagram)).iter(SVG + "text")]
        assert [text for text in texts if text in ("1", "2")] == (["1", "2"] if numbered else [])
        heads = re.findall(r"headlabel=(\d)", draw(root).source)
        assert heads == (["1", "2"] if numbered else [])


def test_numbering_covers_the_table() -> None:
    """Each primitive of two arguments either numbers them, or computes the same with its arguments exchanged."""
    for op in ag.PRIMITIVES.values():
        try:
            a, b, reverse = Value(2.0), Value(3.0), op.compute(3.0, 2.0)
        except TypeError:
            continue
        labels = [arrow.label for arrow in draw(op(a, b)).diagram.arrows]
        assert labels == (["", ""] if reverse == op.compute(2.0, 3.0) else ["1", "2"]), op


def test_how_it_was_computed() -> None:
    a, b, c = Value(2.0, "a"), Value(3.0, "b_1"), Value(4.0, "w^(1)_{2,0}")
    long = Value(5.0, "a name that is too long for a box")

    def title(root: Value, **options: bool) -> str:
        return boxes_of(root, **options)[-1].lines[0].removeprefix("root = ")

    assert [title(root) for root in (a + b, a**b, -a, a.relu(), ag.maximum(a, b), a.sigmoid(), abs(a))] == [
        "a + b₁", "a^b₁", "−a", "ReLU(a)", "max(a, b₁)", "σ(a)", "|a|",
    ]  # fmt: skip
    assert [title(root) for root in (c**2, a**-1, 2 * a, a - (-0.5), c / 3e-7, (a + 1) * a)] == [
        "(w⁽¹⁾₂,₀)²", "a⁻¹", "2 × a", "a − (−0.5)", "w⁽¹⁾₂,₀ / 3e−7", "v₁ × a",
    ]  # fmt: skip
    assert [title(root) for root in (ag.add(a, b, a), long - 2, long * long)] == ["Σ", "· − 2", "· × ·"]
    assert [title(root, labels=False) for root in (a**2, a - b)] == ["(·)²", "· − ·"]


def test_a_number_stands_in_the_box_of_its_operation_unless_it_is_named_or_shared() -> None:
    x, two = Value(3.0, "x"), constant(2.0)
    shared = [constant(7.0), constant(8.0)]
    half = constant(0.5, "half") * x
    root = ag.add(x * 2, two * x, half, (x - shared[0]) * shared[0], shared[1] * shared[1], 9.0)
    del shared
    root.backward()
    boxes = draw(root).diagram.boxes
    assert [box.lines[0] for box in boxes if box.kind == "constant"] == ["two = 2", "half = 0.5", "7", "8", "9"]
    assert "v₁ = x × 2" in [box.lines[0] for box in boxes]
    assert not any("grad" in line for box in boxes if box.kind == "constant" for line in box.lines)
    assert [arrow.label for arrow in draw(x - 2).diagram.arrows] == [""]  # one arrow has no order


def test_what_is_shown_can_be_chosen() -> None:
    x = Value(1 / 3, label="x")
    y = x.exp()
    y.label = "y"
    y.backward()
    lines = lambda **options: boxes_of(y, **options)[-1].lines
    assert lines() == ("y = exp(x)", "data 1.396", "grad 1")
    assert lines(digits=2) == ("y = exp(x)", "data 1.4", "grad 1")
    assert lines(digits=17)[1] == f"data {y.data:.17g}"
    assert lines(values=False) == ("y = exp(x)", "grad 1")
    assert lines(gradients=False) == ("y = exp(x)", "data 1.396")
    assert lines(labels=False) == ("exp(·)", "data 1.396", "grad 1")
    assert lines(operations=False) == ("y", "data 1.396", "grad 1")
    assert lines(values=False, gradients=False, labels=False, operations=False) == ()
    assert boxes_of(constant(2.0, "two"), values=False)[0].lines == ("two",)
    assert boxes_of(constant(2.0, "two"))[0].lines == ("two = 2",)


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), float("nan"), -0.0, 1e300, 5e-324])
def test_unusual_numbers(number: float) -> None:
    shown = boxes_of(Value(number, "x"))[0].lines[1].removeprefix("data ").replace("−", "-").replace("∞", "inf")
    assert str(float(shown)) == str(float(f"{number:.4g}"))


def test_a_label_that_is_not_text() -> None:
    x = Value(1.0)
    x.label = 7  # type: ignore[assignment]
    assert boxes_of(x)[0].lines[0] == "7"


def test_root_and_kinds_can_be_told_apart_without_colour() -> None:
    x = Value(1.0)
    two = constant(2.0)
    root = ET.fromstring(draw(x + two).pipe("svg"))
    boxes = {g.get("id"): g.findall(SVG + "rect") for g in root.iter(SVG + "g") if "node" in g.get("class").split()}
    leaf, number, result = boxes["n0"], boxes["n1"], boxes["n2"]
    assert [len(leaf), len(number), len(result)] == [1, 1, 2]  # the root has a second border
    assert [bool(box[0].get("stroke-dasharray")) for box in (leaf, number, result)] == [False, True, False]
    assert [box[0].get("rx") for box in (leaf, number, result)] == ["0", "0", "8"]
    statements = re.findall(r"^\tn\d \[.*\]", draw(x + two).source, re.MULTILINE)
    assert ["peripheries=2" in statement for statement in statements] == [False, False, True]
    assert ["dashed" in statement for statement in statements] == [False, True, False]


def test_what_stands_above_and_below_the_line_is_small_and_needs_less_room() -> None:
    plain, raised = (Box((line,), "leaf") for line in ("x" * 20 + "11111111", "x" * 20 + "¹¹¹¹₁₁₁₁"))
    assert box_size(raised)[0] < box_size(plain)[0]
    svg = to_svg(Diagram((Box(("w⁽¹⁾₂,₀ = a² <b₁>",), "leaf"),), ()))
    [text] = ET.fromstring(svg).iter(SVG + "text")
    assert "".join(text.itertext()) == "w(1)2,0 = a2 <b1>"
    assert line_of(text) == "w⁽¹⁾₂,₀ = a² <b₁>"


# Networks


def test_layers_of_a_network() -> None:
    error = network()
    groups = {}
    for box in boxes_of(error):
        groups.setdefault(box.group, []).append(box.lines[0].split(" =")[0])
    assert sorted(groups["inputs"]) == ["o₁⁽⁰⁾", "o₂⁽⁰⁾"]
    assert sorted(groups["layer 1"]) == [
        "o₁⁽¹⁾", "o₂⁽¹⁾", "s₁⁽¹⁾", "s₂⁽¹⁾", "v₁", "v₂", "v₃", "v₄",
        "w⁽¹⁾₁,₀", "w⁽¹⁾₁,₁", "w⁽¹⁾₁,₂", "w⁽¹⁾₂,₀", "w⁽¹⁾₂,₁", "w⁽¹⁾₂,₂",
    ]  # fmt: skip
    assert {"v₅", "v₆"} < set(groups["layer 2"])
    assert sorted(groups[None]) == ["e", "v₇", "y"]


@pytest.mark.parametrize("way", WAYS)
def test_delta_is_named(way: str) -> None:
    error = network()
    error.backward()
    nodes, edges = read(error, way)
    lines = {lines[0]: lines for lines in nodes.values()}
    node = next(node for node in ag.topological_order(error) if node.label == "s_1^(2)")
    assert lines["s₁⁽²⁾ = Σ"][2] == f"δ₁⁽²⁾ = {node.grad:.4g}".replace("-", "−")
    assert lines["o₁⁽¹⁾ = tanh(s₁⁽¹⁾)"][2].startswith("grad ")
    assert "δ" not in lines["o₁⁽¹⁾ = tanh(s₁⁽¹⁾)"][2]
    expected = sum(len(node.parents) for node in ag.topological_order(error)) - 1  # the exponent 2 is in its box
    assert len(edges) == expected
    assert len(nodes) == len(ag.topological_order(error)) - 1


def test_layers_stand_side_by_side_in_our_layout() -> None:
    root = ET.fromstring(draw(network()).pipe("svg"))
    groups = [g for g in root.iter(SVG + "g") if g.get("class") == "group"]
    places = sorted((float(g.find(SVG + "rect").get("x")), g.find(SVG + "text").text) for g in groups)
    assert [name for _, name in places] == ["inputs", "layer 1", "layer 2"]


@needs_dot
def test_layers_stand_side_by_side_in_the_layout_of_dot() -> None:
    layout = json.loads(draw(network()).pipe("json"))
    clusters = {o["label"]: [float(x) for x in o["bb"].split(",")] for o in layout["objects"] if "bb" in o}
    assert clusters["inputs"][2] < clusters["layer 1"][0] < clusters["layer 1"][2] < clusters["layer 2"][0]


# Same graph, same bytes


def test_same_bytes_in_fresh_processes() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_drawing import *; e = network(); e.backward(); p = draw(e);"
        "sys.stdout.buffer.write(p.source.encode() + p.pipe('svg'))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


def test_importing_autograd_lite_does_not_load_graphviz() -> None:
    code = "import sys, autograd_lite.pictures.drawing, autograd_lite.pictures.svg; sys.exit('graphviz' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Limits and wrong arguments


def test_a_graph_that_is_too_large() -> None:
    x = y = Value(1.0)
    for _ in range(500):
        y = y.tanh()
    with pytest.raises(ValueError, match=r"501 nodes.*max_nodes=500.*max_nodes=501"):
        draw(y)
    assert len(boxes_of(y, max_nodes=501)) == 501
    assert draw(y, max_nodes=501).pipe("svg").count(b"<rect") == 503
    with pytest.raises(ValueError, match=r"2 nodes.*max_nodes=1"):
        draw(x.tanh(), max_nodes=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"root": 1.0}, TypeError, "root must be a Value, not float: 1.0"),
        ({"root": [Value(1.0)]}, TypeError, "root must be a Value, not list"),
        ({"direction": "up"}, ValueError, "direction must be one of LR, TB, RL, BT, received 'up'"),
        ({"direction": None}, ValueError, "direction must be one of LR, TB, RL, BT, received None"),
        ({"direction": []}, ValueError, "direction must be one of"),
        ({"digits": 0}, ValueError, "digits must be from 1 to 17, received 0"),
        ({"digits": 18}, ValueError, "digits must be from 1 to 17, received 18"),
        ({"digits": 4.0}, TypeError, "digits must be an integer, not float: 4.0"),
        ({"digits": True}, TypeError, "digits must be an integer, not bool"),
        ({"values": "no"}, TypeError, "values must be True or False, not str: 'no'"),
        ({"gradients": 1}, TypeError, "gradients must be True or False, not int: 1"),
        ({"max_nodes": 0}, ValueError, "max_nodes must be at least 1, received 0"),
        ({"max_nodes": None}, TypeError, "max_nodes must be an integer, not NoneType"),
    ],
)
def test_wrong_arguments_are_named(options, error, message) -> None:
    with pytest.raises(error, match=re.escape(message)):
        draw(**{"root": Value(1.0), **options})


# The library's own doings


def test_it_is_a_digraph() -> None:
    picture = draw(Value(1.0), "TB")
    assert isinstance(picture, graphviz.Digraph)
    assert picture.format == "svg"
    assert "rankdir=TB" in picture.source
    assert repr(picture) == "<Picture: Computation graph with 1 nodes and 0 edges>"
    copy = picture.copy()
    assert copy.source == picture.source
    assert copy.pipe() == picture.pipe()


def test_only_public_methods_of_the_library_and_jupyters_are_overridden() -> None:
    own = {name for name in vars(type(draw(Value(1.0)))) if hasattr(graphviz.Digraph, name)}
    assert {name for name in own if not name.startswith("__")} == {"copy", "pipe", "render", "_repr_mimebundle_"}


def test_svg_needs_no_dot(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    picture = draw(Value(2.0, label="a") * 3)
    svg = picture.pipe("svg")
    ET.fromstring(svg)
    assert picture.pipe(encoding="utf-8") == svg.decode() == to_svg(picture.diagram)
    assert picture._repr_mimebundle_() == {}  # what Jupyter shows is HTML
    assert picture._repr_mimebundle_(include=["image/svg+xml"]) == {"image/svg+xml": svg.decode()}
    assert picture._repr_mimebundle_(include=["image/svg+xml"], exclude=["image/svg+xml"]) == {}
    written = picture.render(tmp_path / "x", format="svg", cleanup=True)
    assert written == str(tmp_path / "x.svg")
    assert Path(written).read_bytes() == svg
    assert not (tmp_path / "x").exists()
    assert Path(picture.render("z", tmp_path)).read_bytes() == svg
    assert (tmp_path / "z").read_text(encoding="utf-8") == picture.source
    assert Path(picture.render(outfile=tmp_path / "y.svg")).read_bytes() == svg
    assert (tmp_path / "y.gv").exists()
    with pytest.raises(graphviz.FileExistsError, match=r"y\.svg"):
        picture.render(outfile=tmp_path / "y.svg", raise_if_result_exists=True)


def test_our_svg_can_be_viewed(tmp_path: Path, monkeypatch) -> None:
    viewed = []
    monkeypatch.setattr(graphviz, "view", viewed.append)
    draw(Value(2.0)).view(tmp_path / "x")
    assert viewed == [tmp_path / "x.svg"]


def test_what_needs_dot_says_how_to_get_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    picture, changed = draw(Value(2.0)), draw(Value(2.0))
    changed.node("more")
    for ask in (
        lambda: picture.pipe("png"),
        lambda: picture.render(tmp_path / "x", format="pdf"),
        lambda: picture.render(outfile=tmp_path / "x.pdf"),
        lambda: picture.pipe("svg", engine="neato"),
        lambda: picture._repr_mimebundle_(include=["image/png"]),
        lambda: changed.pipe("svg"),
        lambda: draw(Value(2.0), use_dot=True).pipe("svg"),
        lambda: draw(Value(2.0), use_dot=True).render(tmp_path / "x"),
    ):
        with pytest.raises(graphviz.ExecutableNotFound, match=r"failed to execute.*install Graphviz.*use_dot=True"):
            ask()


@needs_dot
def test_the_librarys_arguments_with_dot(tmp_path: Path) -> None:
    picture = draw(Value(2.0, label="a&b") * 3, use_dot=True)
    assert picture.pipe("svg") == picture.copy().pipe("svg") == graphviz.pipe("dot", "svg", picture.source.encode())
    assert draw(Value(2.0)).pipe("png")[:4] == b"\x89PNG"
    assert picture.pipe("plain", encoding="latin-1").startswith("graph")
    assert picture.pipe("svg", engine="neato") == graphviz.pipe("neato", "svg", picture.source.encode())
    rendered = picture.render("x", directory=tmp_path, format="svg", engine="circo", quiet=True)
    assert rendered == str(tmp_path / "x.svg")
    assert Path(rendered).read_bytes() == graphviz.pipe("circo", "svg", picture.source.encode())
    assert Path(picture.render(outfile=tmp_path / "z.pdf")).read_bytes()[:4] == b"%PDF"
    assert picture.render("x", directory=tmp_path, format="svg", renderer="svg", formatter="core").endswith(
        "x.core.svg.svg"
    )
    with pytest.raises(ValueError, match="unknown format"):
        picture.pipe("nothing")


@needs_dot
def test_statements_that_are_added_are_drawn() -> None:
    picture = draw(Value(2.0))
    picture.node("more", "one more node")
    assert "one more node" in picture.pipe("svg", encoding="utf-8").replace(XLINK_SPACE, " ")
    assert "one more node" in picture.copy().pipe("svg", encoding="utf-8").replace(XLINK_SPACE, " ")


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_direction_in_the_layout_of_dot(direction: str) -> None:
    plain = draw(Value(2.0).tanh(), direction=direction).pipe("plain", encoding="utf-8")
    (x0, y0), (x1, y1) = [map(float, line.split()[2:4]) for line in plain.splitlines() if line.startswith("node")]
    assert {"LR": x0 < x1, "RL": x0 > x1, "TB": y0 > y1, "BT": y0 < y1}[direction]  # y goes up in plain


# Our own SVG


def test_svg_names_its_parts() -> None:
    root = ET.fromstring(draw(Value(2.0, label="a") ** 2).pipe("svg"))
    assert root.get("role") == "img"
    assert root.find(SVG + "title").text == root.get("aria-label") == "Computation graph with 2 nodes and 1 edges"
    titles = {group.get("id"): group.find(SVG + "title").text for group in root.iter(SVG + "g")}
    assert titles == {
        "e0": "n0 to n1",
        "n0": "leaf: a, data 2",
        "n1": "operation: v₁ = a², data 4",
    }
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert not [e for e in root.iter() if e.tag in (SVG + "style", SVG + "script", SVG + "use", SVG + "a")]


def test_jupyter_shows_a_wide_picture_large_enough_to_be_read() -> None:
    """In HTML the picture is an image, which also an untrusted notebook shows, and it never shrinks beyond reading."""
    x = Value(1.0, "x")
    for _ in range(40):
        x = x.tanh()
    image = ET.fromstring(draw(x)._repr_html_().replace('"></div>', '"/></div>')).find("img")
    assert base64.b64decode(image.get("src").partition("base64,")[2]) == draw(x).pipe("svg")
    assert image.get("alt") == "Computation graph with 41 nodes and 40 edges"
    smallest, largest = (float(size) for size in re.findall(r"(?:min|max)-width:(\d+)px", image.get("style")))
    assert largest > 2000
    assert smallest / largest * 12 * 96 / 72 > 10  # the font of 12 points, in pixels


def test_a_number_from_before_a_change_is_marked() -> None:
    x = Value(2.0, "x")
    y = x * x
    z = y + 1
    x.data = 5.0
    lines = {box.lines[0]: box.lines for box in draw(z).diagram.boxes}
    assert lines["x"] == ("x", "data 5")
    assert lines["y = x × x"] == ("y = x × x", "data 4 (stale)")
    assert lines["z = y + 1"] == ("z = y + 1", "data 5 (stale)")
    z.forward()
    assert all("stale" not in line for box in boxes_of(z) for line in box.lines)
