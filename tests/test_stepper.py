"""autograd_lite.stepper: what the view is given, the page, and the iframe for notebooks.

What the view does with it in a browser is in test_stepper_browser.py, the widget in test_stepper_widget.py.
"""

import base64
import errno
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathml_reader import evaluate, visible
from random_graphs import random_graph

from autograd_lite import MISTAKES, Value, add, backward_steps, step_through, topological_order, walk_steps, wrong_steps
from autograd_lite.labels import clean
from autograd_lite.stepper import page
from autograd_lite.stepper.story import Plan, Story
from nn import MLP, squared_error

HOSTILE = [
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "</script></style></iframe>'\"",
    "]]>",
    "{{ x }} ${x} &lt; &amp;",
    "\0\x1b\u202e\ud800",
    "x" * 20_000,
]


class Page(HTMLParser):
    """The elements of a page, each with its attributes and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.open = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])

        self.open = True

    def handle_endtag(self, tag):  # noqa: ARG002
        self.open = False

    def handle_data(self, data):
        if self.open:
            self.elements[-1][2] += data

    def one(self, tag, **attributes):
        [element] = [e for e in self.elements if e[0] == tag and attributes.items() <= e[1].items()]
        return element


def state_of(page):
    return json.loads(Page(page).one("script", type="application/json")[2])


def network():
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    error.label = "e"
    return error


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_page_holds_the_gradients_of_backward_bit_for_bit(seed):
    _, root = random_graph(seed)
    told = state_of(step_through(root).html())["story"]
    totals = {step["parent"]: step["total"][1] for step in told["steps"] if step["phase"] == "backward"}
    root.backward()
    order = topological_order(root)
    for i, node in enumerate(order[place] for place in told["part"]):
        assert told["nodes"][i]["data"][1] == node.data
        if i in totals:
            assert totals[i].hex() == node.grad.hex()


def test_each_step_says_the_same_in_text_and_in_mathml():
    told = Story(network()).told()
    for node in told["nodes"]:
        assert visible(node["math"]).strip()
    for step in told["steps"]:
        if step["phase"] == "forward":
            numbers = {f"{i}": node["data"][1] for i, node in enumerate(told["nodes"])}
            names = re.sub(r"{(\d+)(:\d)?}", r"<mi>\1</mi>", step["numbersMath"])
            assert evaluate(names, numbers) == pytest.approx(step["data"][1], rel=1e-12)
            assert re.findall(r"{\d+", step["numbers"]) == re.findall(r"{\d+", step["numbersMath"])
        if step["phase"] == "backward":
            assert visible(step["formulaMath"]).strip()


def test_edges_and_nodes_are_numbered_as_in_the_picture():
    root = network()
    story = Story(root)
    told, diagram = story.told(), story.diagram("LR")
    assert told["heads"] == [arrow.head for arrow in diagram.arrows]
    assert [node["title"] for node in told["nodes"]] == [box.lines[0] for box in diagram.boxes]
    for step in told["steps"]:
        if step["phase"] == "backward":
            assert diagram.arrows[step["edge"]][:2] == (step["parent"], step["node"])


def test_signals_of_a_network_have_their_delta():
    told = Story(network()).told()
    deltas = {node["name"]: node["delta"] for node in told["nodes"] if "delta" in node}
    assert deltas == {"s₁⁽¹⁾": "δ₁⁽¹⁾", "s₂⁽¹⁾": "δ₂⁽¹⁾", "s₁⁽²⁾": "δ₁⁽²⁾"}
    assert all(visible(node["deltaMath"]).startswith("δ") for node in told["nodes"] if "delta" in node)


def test_the_picture_has_room_for_each_number_that_the_view_shows_there():
    story = Story(network(), Plan(digits=6))
    room, full = story.diagram("LR", room=True), story.diagram("LR")
    for box, with_numbers in zip(room.boxes, full.boxes, strict=True):
        assert len(box.lines) == len(with_numbers.lines) == (1 if box.kind == "constant" else 3)
        assert all(len(a) >= len(b) for a, b in zip(box.lines, with_numbers.lines, strict=True))


@pytest.mark.parametrize(("graph", "direction"), [("chain", "LR"), ("fan", "TB")])
def test_the_direction_is_the_one_that_fits_better(graph, direction):
    x = Value(1.0, "x")
    root = x.tanh().tanh().tanh().tanh() if graph == "chain" else add(*(x.tanh() for _ in range(3)))
    wide = Story(root)
    assert wide.direction() in {"LR", "TB"}
    if graph == "chain":
        assert wide.direction() == direction
    assert state_of(step_through(root, direction="BT").html())["direction"] == "BT"


def test_each_module_of_the_script_is_joined_once():
    folder = Path(page.__file__).parent / "script"
    assert sorted(page.MODULES) == sorted(path.stem for path in folder.iterdir())
    sources = [page.on_one_line((folder / f"{name}.js").read_text(encoding="utf-8")) for name in page.MODULES]
    assert all(page.SCRIPT.count(source) == 1 for source in sources)


def test_the_script_and_the_style_survive_a_host_that_joins_lines():
    for text in (page.PAGE_SCRIPT, page.PAGE_STYLE):
        assert "\n" not in text
        assert " // " not in text
        assert "/*" not in text


def test_nothing_is_loaded_from_elsewhere_and_only_our_script_and_style_may_run():
    document = Page(step_through(network()).html())
    for tag, attributes, _ in document.elements:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "href", "style", "srcdoc"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    policy = document.one("meta", **{"http-equiv": "Content-Security-Policy"})[1]["content"]
    assert policy.startswith("default-src 'none';")
    for tag, attributes in (("script", {"type": "module"}), ("style", {})):
        text = document.one(tag, **attributes)[2]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_never_become_markup(label):
    x = Value(2.0, label)
    root = x * Value(3.0, "harmless")
    root.label = label
    plain = Value(2.0, "plain") * Value(3.0, "harmless")
    plain.label = "plain"  # a name with a small sign would have elements of its own
    harmless = step_through(plain)
    for hostile_text, harmless_text in ((f(step_through(root)), f(harmless)) for f in (html_of, frame_of, source_of)):
        hostile_page, harmless_page = Page(hostile_text), Page(harmless_text)
        assert [element[0] for element in hostile_page.elements] == [element[0] for element in harmless_page.elements]
        assert [set(element[1]) for element in hostile_page.elements] == [
            set(element[1]) for element in harmless_page.elements
        ]
    state = state_of(step_through(root).html())
    assert state["story"]["nodes"][0]["name"] == clean(label)
    svg = ElementTree.fromstring(state["picture"])
    tags = {element.tag.split("}")[1] for element in svg.iter()}
    assert tags <= {"svg", "g", "rect", "text", "tspan", "path", "polygon"}
    assert clean(label) in [text for text in svg.itertext() if text == clean(label)] or any(
        clean(label) in text for text in svg.itertext()
    )
    for node in state["story"]["nodes"]:
        visible(node["math"])  # it raises an exception at anything that is not MathML


def html_of(stepper):
    return stepper.html()


def frame_of(stepper):
    return stepper._repr_html_()


def source_of(stepper):
    return Page(stepper._repr_html_()).one("iframe")[1]["srcdoc"]


def test_the_iframe_holds_the_page_and_the_picture_stands_before_it():
    stepper = step_through(network())
    frame = Page(stepper._repr_html_())
    assert source_of(stepper) == re.sub("<noscript>.*</noscript>", "<noscript></noscript>", stepper.html(), flags=re.S)
    tags = [element[0] for element in frame.elements]
    assert tags == ["div", "img", "p", "iframe"]
    data = frame.one("img")[1]["src"].removeprefix("data:image/svg+xml;base64,")
    text = "".join(ElementTree.fromstring(base64.b64decode(data)).itertext())
    root = network()
    root.backward()
    for node in topological_order(root):
        if node.parents:
            assert f"data {node.data:.4g}".replace("-", "−") in text
            assert f" {node.grad:.4g}".replace("-", "−") in text


def test_without_scripts_the_page_shows_the_picture_and_the_steps():
    stepper = step_through(network())
    [still] = re.findall("<noscript>(.*)</noscript>", stepper.html(), flags=re.S)
    elements = Page(still).elements
    steps = [text for tag, _, text in elements if tag == "li"]
    assert steps == [str(step)[10:] for step in walk_steps(network(), digits=4)]
    assert sum(tag == "svg" for tag, _, _ in elements) == 1


def test_the_layout_can_be_chosen_when_the_page_is_saved(tmp_path):
    stepper = step_through(network(), layout="compact")
    pages = [stepper.save(tmp_path / "a.html"), stepper.save(tmp_path / "b.html", layout="slide")]
    assert [state_of(page.read_text(encoding="utf-8"))["arrangement"] for page in pages] == ["compact", "slide"]
    with pytest.raises(ValueError, match="layout must be one of full, slide, compact, received 'wide'"):
        stepper.save(tmp_path / "c.html", layout="wide")


def test_the_same_graph_has_the_same_bytes():
    assert step_through(network())._repr_html_() == step_through(network())._repr_html_()


def test_stepping_touches_no_gradient():
    root = network()
    step_through(root)._repr_html_()
    assert not any(node.has_grad for node in topological_order(root))


def test_save_replaces_a_file_only_by_a_complete_page(tmp_path, monkeypatch):
    file = tmp_path / "page.html"
    file.write_text("old", encoding="utf-8")
    stepper = step_through(Value(2.0, "x") * 3)
    assert stepper.save(str(file)) == file
    assert file.read_text(encoding="utf-8") == stepper.html()

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr("pathlib.Path.write_text", fail)
    with pytest.raises(OSError, match=re.escape(f"the disk is full: {str(file)!r}")):
        stepper.save(file)
    monkeypatch.undo()
    assert file.read_text(encoding="utf-8") == stepper.html()
    assert list(tmp_path.iterdir()) == [file]


def test_save_names_the_file_that_it_was_given_and_follows_links(tmp_path):
    stepper = step_through(Value(2.0, "x") * 3)
    with pytest.raises(FileNotFoundError, match=re.escape(f"{str(tmp_path / 'no' / 'y.html')!r}")):
        stepper.save(tmp_path / "no" / "y.html")
    with pytest.raises(OSError, match=re.escape(f"directory: {str(tmp_path)!r}")):
        stepper.save(tmp_path)
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to(page)
    assert stepper.save(link) == link
    assert link.is_symlink()
    assert page.read_text(encoding="utf-8") == stepper.html()


def large_graph(size):
    """A graph of that many nodes, each computed from the one before, and most from some earlier one too."""
    nodes = [Value(1.0 + 1 / (i + 3), f"x{i}") for i in range(20)]
    for i in range(20, size):
        before, other = nodes[i - 1], nodes[i - 20] if i < 40 else nodes[(i * 7) % (i - 1)]
        nodes.append([before * other, before - other, before.tanh()][i % 3 if i >= 40 else 0])
    return nodes[-1]


def test_a_page_of_500_nodes_is_small():
    """It holds the graph twice: for the view, and as a picture with the trace for where no scripts run."""
    root = large_graph(500)
    assert len(topological_order(root)) == 500
    stepper = step_through(root)
    assert len(stepper.html().encode()) < 2_200_000
    assert len(stepper._repr_html_().encode()) < 2_200_000


def test_a_larger_graph_is_folded_and_with_a_mistake_it_is_refused_with_the_ways_out():
    root = large_graph(520)
    assert "11 parts of 520 nodes" in repr(step_through(root))
    with pytest.raises(
        ValueError, match=r"has 520 nodes, more than max_nodes=500 allows: .*below=.*or raise the limit.*max_nodes=520"
    ):
        step_through(root, mistake="overwrite")
    assert "gradients" in repr(step_through(root, max_nodes=520))
    part = topological_order(root)[100]
    told = state_of(step_through(root, below=part).html())["story"]
    assert len(told["nodes"]) == len(topological_order(part))
    root.backward()
    [seed] = [step for step in told["steps"] if step["phase"] == "seed"]
    assert seed["total"][1] == part.grad


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_infinite_and_undefined_numbers_are_shown_as_what_they_are(bad):
    told = state_of(step_through(Value(bad, "x") * 2).html())["story"]
    assert told["nodes"][0]["data"] == [str(bad).replace("inf", "∞"), None]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"root": 5}, TypeError, "root must be a Value, not int: 5"),
        ({"below": "x"}, TypeError, "below must be a Value, not str"),
        ({"digits": 18}, ValueError, "digits must be from 1 to 17, received 18"),
        ({"max_nodes": "5"}, TypeError, "max_nodes must be an integer, not str"),
        ({"direction": "UP"}, ValueError, "direction must be one of LR, TB, RL, BT, received 'UP'"),
        ({"step": 99}, ValueError, "step must be from 0 to 4, received 99"),
        ({"predict": "yes"}, TypeError, "predict must be True or False, not str"),
        ({"predict": ["x"]}, TypeError, "predict must be a Value, not str"),
        ({"predict": [Value(2.0)]}, ValueError, "predict must be True, False, or Values of the graph"),
        ({"ask": "gradient"}, ValueError, "ask must be one of slope, share, total, received 'gradient'"),
        ({"tolerance": 0}, ValueError, "tolerance must be greater than 0, and finite, received 0"),
        ({"tolerance": 10**400}, ValueError, "tolerance must be greater than 0, and finite, received 1000"),
        ({"tolerance": math.nan}, ValueError, "tolerance must be greater than 0, and finite, received nan"),
        ({"tolerance": math.inf}, ValueError, "tolerance must be greater than 0, and finite, received inf"),
        ({"tolerance": "1%"}, TypeError, "tolerance must be a number, not str"),
        ({"large": 1}, TypeError, "large must be True or False, not int"),
        ({"layout": "wide"}, ValueError, "layout must be one of full, slide, compact, received 'wide'"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        step_through(**{"root": Value(2.0, "x") * 3, **arguments})


def test_a_stale_graph_is_refused():
    x = Value(2.0, "x")
    root = x * 3
    x.data = 5.0
    with pytest.raises(RuntimeError, match="stale"):
        step_through(root)


def test_without_anywidget_the_widget_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "anywidget", None)
    monkeypatch.delitem(__import__("sys").modules, "autograd_lite.stepper.widget", raising=False)
    with pytest.raises(
        ImportError, match=r"widget\(\) needs the package anywidget .*pip install 'autograd-lite\[lab\]'"
    ):
        step_through(Value(2.0, "x") * 3).widget()


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_played_and_its_wrong_numbers_are_told_beside_the_right_ones(mistake):
    w, x, b, c = Value(-3.0, "w"), Value(2.0, "x"), Value(1.0, "b"), Value(0.5, "c")
    h = (w * x - c) + b
    root = (h.tanh() + h * x).sin() ** 2
    right = {(step.node, step.place): step for step in backward_steps(root)}
    expected = wrong_steps(root, mistake)
    story = step_through(root, mistake=mistake, digits=17).story
    told = story.told()
    shown = [step for step in told["steps"] if step["phase"] == "backward"]
    assert [float(step["total"][1]) for step in shown] == [step.total for step in expected]
    for step, wrong in zip(shown, expected, strict=True):
        good = right[wrong.node, wrong.place]
        corrected = {name: number for name, (_, number) in step.get("right", {}).items()}
        for quantity in ("slope", "share", "total"):
            number = getattr(good, quantity)
            assert corrected.get(quantity, getattr(wrong, quantity)) == pytest.approx(number, rel=1e-12)
    assert any("right" in step for step in shown)
    assert told["mistake"]["name"] == mistake


def test_an_unknown_mistake_is_refused():
    with pytest.raises(ValueError, match=r"mistake must be one of overwrite, .*, received 'typo'"):
        step_through(Value(1.0) * 2, mistake="typo")


def test_the_step_of_gradient_descent_is_told_with_all_numbers_after_it():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    h = w * x
    root = h * h
    told = step_through(root, update=0.125, data=[x]).story.told()
    update, zero, again = told["steps"][-3:]
    assert (update["phase"], update["before"][1], update["data"][1]) == ("update", 0.5, 0.0)
    assert zero["phase"] == "zero"
    assert (again["phase"], again["before"][1], again["data"][1]) == ("again", 1.0, 0.0)
    assert [number for _, number in again["after"]] == [0.0, 2.0, 0.0, 0.0]


@pytest.mark.parametrize("suffix", ["html", "svg"])
def test_a_title_that_cannot_be_shown_is_cleaned(tmp_path, suffix):
    stepper = step_through(Value(1.0) * 2, title="a\udcff\0\u202eb")
    text = stepper.save(tmp_path / f"page.{suffix}").read_text(encoding="utf-8")
    assert suffix == "svg" or "<title>a\ufffd\ufffd\ufffdb</title>" in text
    assert not set("\0\u202e") & set(text)
