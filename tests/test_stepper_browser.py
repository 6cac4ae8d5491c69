"""The stepper in headless Chromium: in the saved page, in the page of nbconvert, and live in JupyterLab."""

import inspect
import json
import math
import re
import subprocess
import sys

import pytest
from benchmark_engine import gpt
from browser import CHROMIUM, MISSING, PATIENCE, SEEN, JupyterLab, View, environment, framed, in_mathml, write_notebook

from autograd_lite import Primitive, Value, call_sites, step_through
from autograd_lite.labels import clean, number_text
from autograd_lite.primitives import CONSTANT
from autograd_lite.stepper.page import SCRIPT
from autograd_lite.teaching.wrong_passes import wrong_steps
from autograd_lite.value import topological_order
from autograd_lite.walk import walk_steps
from autograd_lite.words.calls import site_of
from autograd_lite.words.lecture import typeset
from autograd_lite.words.names import names_of
from nn import MLP, squared_error

if MISSING:
    pytest.skip(f"not installed: {', '.join(MISSING)}", allow_module_level=True)

from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

# None of these is about our page.
NOISE_OF_NBCONVERT = [
    r"ERR_INTERNET_DISCONNECTED.*https://cdnjs\.cloudflare\.com",  # its require.js and MathJax, with the network cut
    r"ERR_INTERNET_DISCONNECTED.*https://cdn\.jsdelivr\.net",  # its mermaid
    r"Failed to fetch dynamically imported module: https://cdnjs\.cloudflare\.com",  # mermaid again
]


def graph(a=0.7313, b=-1.2917):
    """A graph all of whose numbers differ; a and u are used twice, and no product is one of the factors."""
    a, b = Value(a, label="a"), Value(b, label="b")
    u = a * b
    u.label = "u"
    L = (u * (u.tanh() * a.sin())) ** 3
    L.label = "L"
    return L


GRAPH = """
from autograd_lite import Value, step_through

a, b = Value(0.7313, label="a"), Value(-1.2917, label="b")
u = a * b
u.label = "u"
L = (u * (u.tanh() * a.sin())) ** 3
L.label = "L"
"""

LAST = len(walk_steps(graph())) - 1
END = LAST + 1
"""The summary behind the walk."""
SEED = next(t for t, step in enumerate(walk_steps(graph())) if step.phase == "seed")


# Chromium, and what it complains about


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Watch:
    """The errors and the requests of the pages of a context."""

    def __init__(self, context):
        self.complaints, self.requests, self.noise = [], [], []
        context.on("console", self.hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self.requests.append(request.url))

    def hear(self, message):
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location['url']}")

    def errors(self):
        return [text for text in self.complaints if not any(re.search(noise, text) for noise in self.noise)]

    def remote(self):
        """The beginnings of all requests but those for files, for data, and for the page itself."""
        return [url[:100] for url in self.requests if not url.startswith(("file:", "data:", "about:", "blob:"))]


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.watch = Watch(context)
    yield context
    context.close()
    assert context.watch.errors() == []


@pytest.fixture
def show(context, tmp_path):
    """Save a page and open it from disk, without a network; return the view."""
    context.set_offline(True)

    def show(stepper, prepare=lambda page: None, name="page.html"):
        page = context.new_page()
        prepare(page)
        page.goto(stepper.save(tmp_path / name).as_uri())
        return View(page)

    yield show
    assert context.watch.remote() == []


def stop_the_clock(page):
    """Timers run only when the test lets time pass."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)


# The steps


def expected_boxes(root, at, digits=4):
    """What the data and gradient lines of the boxes say at a step, by the walk that is tested elsewhere."""
    walk = walk_steps(root)[: at + 1]
    boxes = []
    for node in topological_order(root):
        if node.op is CONSTANT:
            continue
        known = not node.parents or any(step.phase == "forward" and step.node is node for step in walk)
        gradient = ""
        for step in walk:
            if step.phase == "seed" and step.node is node:
                gradient = f"grad {number_text(step.result, digits)}"
            elif step.step and step.step.parent is node:
                number, of = step.number, step.of
                part = f" ({number} of {of})" if number < of else ""
                gradient = f"grad {number_text(step.result, digits)}{part}"
        boxes.append((f"data {number_text(node.data, digits)}" if known else "", gradient))
    return boxes


def test_the_steps_are_the_forward_pass_node_by_node_the_seed_and_one_for_each_edge(show):
    view = show(step_through(graph()))
    expect(view.position).to_have_text(f"Step 1 of {LAST + 1}")
    view.press("End")
    assert view.lines() == lines_of(graph())
    phases = view.root.locator(".walk li").evaluate_all("items => items.map(item => item.dataset.phase)")
    inner = [node for node in topological_order(graph()) if node.parents]
    edges = [parent for node in inner for parent in node.parents if parent.op is not CONSTANT]
    assert phases == ["leaves", *["forward"] * len(inner), "seed", *["backward"] * len(edges), "summary"]


def test_values_appear_as_they_are_computed_and_gradients_as_they_arrive(show):
    view = show(step_through(graph()))
    for at in range(LAST + 1):
        boxes = [tuple(box["lines"][1:]) for box in view.nodes() if "constant" not in box["classes"]]
        assert boxes == expected_boxes(graph(), at), f"at step {at}"
        assert len(view.lines()) == at + 1
        view.press("ArrowRight")


def test_no_gradient_is_shown_before_the_seed_and_none_is_0(show):
    view = show(step_through(graph(), step=SEED - 1))
    assert {box["lines"][2] for box in view.nodes() if "constant" not in box["classes"]} == {""}
    assert "grad" not in view.root.locator(".picture svg").text_content()


def test_going_back_takes_the_numbers_away_again(show):
    view = show(step_through(graph(), step=LAST))
    for at in range(LAST, -1, -1):
        boxes = [tuple(box["lines"][1:]) for box in view.nodes() if "constant" not in box["classes"]]
        assert boxes == expected_boxes(graph(), at), f"at step {at}"
        view.press("ArrowLeft")


def test_a_step_shows_the_chain_rule_in_numbers_in_the_table_in_mathml_and_at_the_edge(show):
    view = show(step_through(graph()))
    for at, step in enumerate(walk_steps(graph(), digits=4)):
        view.go(at)
        expect(view.position).to_have_text(view.at(at))
        expect(view.step_now).to_have_text(in_mathml(step.text))
        if step.step is None:
            expect(view.root.locator(".facts")).to_be_hidden()
            continue
        arithmetic = step.step
        numbers = {name: number_text(getattr(arithmetic, name), 4) for name in ("upstream", "slope", "share", "total")}
        assert view.facts() == numbers
        sum_ = view.root.locator(".facts [data-quantity=total] td").first.text_content()
        share = f"({numbers['share']})" if arithmetic.share < 0 else numbers["share"]
        assert sum_ == (f"{number_text(step.before, 4)}+{share}" if step.before else "")
        expect(view.root.locator(".edge-note")).to_have_text(f"× {numbers['slope']}= {numbers['share']}")


@pytest.mark.parametrize("below", [False, True])
def test_the_numbers_in_the_page_are_backwards_bit_for_bit(show, below):
    net = MLP(2, [3, 1], seed=1)
    root = (net([0.3, -0.7]) - 0.25) ** 2
    root.backward()
    part = root.parents[0] if below else root
    view = show(step_through(root, below=part if below else None))
    story = json.loads(view.frame.locator("#autograd-stepper-state").text_content())["story"]
    whole = topological_order(root)
    order = [whole[place] for place in story["part"]]
    assert {node for node in topological_order(part) if node.op is not CONSTANT} <= set(order)
    assert [node["data"][1] for node in story["nodes"]] == [node.data for node in order]
    given = [step for step in story["steps"] if step["phase"] in {"seed", "backward"}]
    totals = {step.get("parent", step["node"]): step["total"][1] for step in given}
    assert totals == {i: node.grad for i, node in enumerate(order) if node.op is not CONSTANT}


def test_what_is_done_and_to_come_can_be_told_without_colour(show):
    view = show(step_through(graph()))
    borders, lines, marked = {}, {}, set()
    for at in range(LAST + 1):
        view.go(at)
        for box in view.nodes():
            kind = next((kind for kind in ("leaf", "root", "constant") if kind in box["classes"]), "inner")
            states = {"todo", "computed", "receiving", "complete"} & set(box["classes"])
            state = next(
                (state for state in ("complete", "receiving") if state in states), *(states & {"todo", "computed"})
            )
            if "now" in box["classes"]:
                marked.add(box["lines"][0][0])
            elif kind != "constant":
                borders.setdefault(kind, {}).setdefault(state, set()).add(box["border"])
        for arrow in view.edges():
            state = "now" if "now" in arrow["classes"] else arrow["classes"][1]
            lines.setdefault(state, set()).add(arrow["border"])
    assert set(borders["inner"]) == {"todo", "computed", "receiving", "complete"}
    assert set(lines) == {"todo", "passed", "returned", "now"}
    for kind in [*borders.values(), lines]:
        assert all(len(same) == 1 for same in kind.values()), kind
        assert len(set.union(*kind.values())) == len(kind), kind
    assert marked == {"▸"}


def variables(root):
    """All nodes but constants, which may stand in the boxes of others."""
    return [node for node in topological_order(root) if node.op is not CONSTANT]


def boxes_of_variables(view):
    return [box for box in view.nodes() if "constant" not in box["classes"]]


def test_the_classes_follow_the_walk(show):
    root = graph()
    view = show(step_through(root))
    order = variables(root)
    for at, step in enumerate(walk_steps(root)):
        view.go(at)
        now = {step.node, step.step.parent if step.step else None} - {None}
        boxes = boxes_of_variables(view)
        assert {order[i] for i, box in enumerate(boxes) if "now" in box["classes"]} == now
        done = walk_steps(root)[: at + 1]
        for node, box in zip(order, boxes, strict=True):
            computed = not node.parents or any(one.phase == "forward" and one.node is node for one in done)
            assert ("computed" in box["classes"], "todo" in box["classes"]) == (computed, not computed)


# In one glance


def square():
    x = Value(3.0, label="x")
    return x * x + x


def neuron():
    w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.88, label="b")
    return (w * x + b).tanh()


def loss(*widths):
    net = MLP(widths[0], list(widths[1:]), seed=1)
    return squared_error(net([0.5 - 0.3 * i for i in range(widths[0])]), [0.5] * widths[-1])


GRAPHS = {
    "neuron": neuron,
    "square": square,
    "2-2-1": lambda: loss(2, 2, 1),
    "4-4-3": lambda: loss(4, 4, 3),
}
SCREENS = [
    *[(1280, 800, False, "full", 14), (1366, 768, True, "full", 20), (1024, 768, True, "full", 20)],
    *[(1920, 1080, True, "full", 20), (960, 600, False, "slide", 14), (390, 844, False, "full", 11)],
]
"""Width, height, whether the text is large, the layout, and the least size of letters, in pixels."""

# All that is out of sight, hidden by something else, too wide for its box, or too small, at every step from 0.
OUT_OF_SIGHT = """([root, least, detail]) => {
    const slider = root.querySelector(".bar > input[type=range]");
    const marked = (kind) => [...root.querySelectorAll(`.${kind}.now`)].map(one => Number(one.dataset[kind]));
    const story = JSON.parse(document.getElementById("autograd-stepper-state").textContent).story;
    const inside = ({ left, top, right, bottom }, { left: x, top: y, right: toX, bottom: toY }) =>
        left >= x - 1 && top >= y - 1 && right <= toX + 1 && bottom <= toY + 1;
    const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    const sizeOf = (element) => {
        const { fontSize } = getComputedStyle(element);
        return parseFloat(fontSize) * (element.ownerSVGElement ? element.getScreenCTM().a : 1);
    };
    const problems = [];
    for (let t = 0; t <= slider.max; t++) {
        slider.value = t;
        slider.dispatchEvent(new Event("input"));
        const step = detail === "edge" ? story.steps[t] : {};
        const edges = detail !== "edge" ? marked("edge") : step.phase === "backward" ? [step.edge]
            : story.heads.flatMap((head, k) => step.phase === "forward" && head === step.node ? [k] : []);
        const nodes = new Set(detail !== "edge" ? marked("node")
            : [step.node, step.parent, ...edges.map(k => story.tails[k])].filter(i => i !== undefined));
        const picture = root.querySelector(".picture").getBoundingClientRect();
        const see = (name, element, frame) => {
            const box = element.getBoundingClientRect();
            if (!inside(box, screen) || !inside(box, frame)) problems.push(`step ${t}: ${name} is out of sight`);
        };
        const read = (name, element) => {
            const size = sizeOf(element);
            if (size < least) problems.push(`step ${t}: ${name} has ${size.toFixed(1)} px`);
            const { left, top, width, height } = element.getBoundingClientRect();
            const found = document.elementFromPoint(left + width / 2, top + height / 2);
            if (!element.contains(found) && !element.parentElement.contains(found))
                problems.push(`step ${t}: ${name} is hidden by ${found?.outerHTML.slice(0, 60)}`);
        };
        for (const i of nodes) {
            const node = root.querySelector(`[data-node="${i}"]`);
            const box = node.querySelector("rect");
            see(`node ${i}`, box, picture);
            for (const text of node.querySelectorAll("text")) if (text.textContent) {
                read(`a line of node ${i}`, text);
                see(`what is beside node ${i}`, text, box.getBoundingClientRect());
            }
        }
        if (detail === "edge")
            for (const k of edges) see(`edge ${k}`, root.querySelector(`[data-edge="${k}"] path`), picture);
        const card = root.querySelector(".card").getBoundingClientRect();
        for (const row of root.querySelectorAll(".facts tr[data-quantity]")) {
            see(row.dataset.quantity, row, card);
            for (const text of row.querySelectorAll("th, .number")) read(row.dataset.quantity, text);
        }
        if (step.phase === "backward")
            for (const text of root.querySelectorAll(".edge-note text")) {
                see("the note", text, picture);
                read("the note", text);
                const { x, y, width, height } = text.getBBox(); // without its halo
                const at = (...point) => new DOMPoint(...point).matrixTransform(text.getScreenCTM());
                const [{ x: from, y: over }, { x: to, y: under }] = [at(x, y), at(x + width, y + height)];
                const note = { left: from, top: over, right: to, bottom: under };
                for (const head of root.querySelectorAll(".edge:not(.back) polygon, .gradient-head")) {
                    const { left, top, right, bottom } = head.getBoundingClientRect();
                    if (left < note.right && right > note.left && top < note.bottom && bottom > note.top)
                        problems.push(`step ${t}: the note "${text.textContent}" lies on an arrow head`);
                }
            }
        for (const one of root.querySelectorAll(".formula mi, .formula mn, .title")) read("the rule", one);
        if (root.scrollWidth > root.clientWidth) problems.push(`step ${t}: it scrolls to the side`);
    }
    return problems;
}"""


def all_in_sight(show, screen, root, detail="edge", prepare=lambda view: None, **settings):
    width, height, large, layout, least = screen
    stepper = step_through(root, large=large, layout=layout, detail=detail, **settings)
    view = show(stepper, lambda page: page.set_viewport_size({"width": width, "height": height}))
    prepare(view)
    assert view.frame.evaluate(OUT_OF_SIGHT, [view.root.element_handle(), least, detail]) == []


@pytest.mark.parametrize("screen", SCREENS, ids=str)
@pytest.mark.parametrize("name", GRAPHS)
def test_picture_and_rule_are_seen_at_once_at_each_step(show, name, screen):
    all_in_sight(show, screen, GRAPHS[name](), update=0.1)


@pytest.mark.parametrize("screen", SCREENS, ids=str)
@pytest.mark.parametrize(
    ("name", "detail"), [("2-2-1", "node"), ("2-2-1", "layer"), ("2-2-1", "neuron"), ("4-4-3", "neuron")]
)
def test_groups_and_their_rows_are_seen_at_once_at_each_step(show, name, detail, screen):
    all_in_sight(show, screen, GRAPHS[name](), detail)


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_long_names_and_long_numbers_are_seen_at_once_at_each_step(show, screen):
    w, x = Value(0.5, label="rain weight"), Value(2.0, label="millimetres")
    root = (w * x + w).tanh() * w
    root.label = "log loss"

    def prepare(view):
        unfold(view)
        for name in (w.label, x.label):
            view.root.get_by_label(f"{name}, exactly").fill("-1.2345e-200")
            view.root.get_by_label(f"{name}, exactly").press("Enter")
        unfold(view)

    all_in_sight(show, screen, root, prepare=prepare)


# Training


def squared():
    w, x, b, y = Value(0.5, "w_1"), Value(2.0, "x"), Value(0.1, "b"), Value(0.3, "y")
    root = ((w * x + b).tanh() - y) ** 2
    root.label = "L"
    return root, (w, b), (x, y)


def descent(rates):
    """The errors of gradient descent in Python, one before each step and the last one."""
    root, parameters, _ = squared()
    errors = [root.data]
    for rate in rates:
        for parameter in parameters:
            parameter.grad = 0
        root.backward()
        for parameter in parameters:
            parameter.data -= rate * parameter.grad
        errors.append(root.forward().data)
    return errors


def test_steps_of_gradient_descent_go_on_in_the_page_at_any_learning_rate(show):
    root, _, data = squared()
    stepper = step_through(root, update=0.02, data=data)
    view = show(stepper)
    training = view.root.locator(".training")
    assert not training.is_visible()
    view.go(len(stepper.story.walk) - 1)
    expect(view.root.locator(".formula")).to_contain_text(f"→{number_text(descent([0.02])[-1], 4)}")
    training.get_by_role("button", name="Again").click()
    training.get_by_role("button", name="Ten times").click()
    errors = descent([0.02] * 12)
    expect(training.locator(".number")).to_have_text(f"L = {number_text(errors[11], 4)} after 11 of these steps")
    expect(view.root.locator(".formula")).to_contain_text(f"→{number_text(errors[12], 4)}")
    training.get_by_role("textbox").fill("25")
    training.get_by_role("textbox").press("Enter")
    training.get_by_role("button", name="Again").click()
    last = descent([0.02] * 11 + [25.0])[-1]
    assert last > errors[11], "25 is too large"
    expect(training.locator(".number")).to_have_text(f"L = {number_text(last, 4)} after 12 of these steps")
    points = [
        tuple(map(float, point.split(","))) for point in training.locator("polyline").get_attribute("points").split()
    ]
    assert len(points) == 13
    expected = [*errors[:12], last]
    heights = [y for _, y in points]  # down from the top
    assert sorted(range(13), key=lambda i: -heights[i]) == sorted(range(13), key=expected.__getitem__)
    expect(view.root.locator(".picture")).to_contain_text("data 2")  # x has not moved


def test_the_curve_begins_again_when_a_leaf_is_changed_by_hand(show):
    root, _, data = squared()
    stepper = step_through(root, update=0.1, data=data)
    view = show(stepper)
    view.go(len(stepper.story.walk) - 1)
    training = view.root.locator(".training")
    training.get_by_role("button", name="Ten times").click()
    view.click("Reset")
    expect(training.locator(".number")).to_have_text("")
    expect(training.locator(".curve")).to_be_hidden()


# The user's own code beside the picture


def weighted(w, x):
    s = w * x
    return s.tanh()


def twice(w, xs):
    total = weighted(w, xs[0])
    for x in xs[1:]:
        total = total * weighted(w, x)
    return total


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_function_stands_beside_the_picture_and_hides_nothing(show, screen):
    width, height, large, layout, least = screen
    stepper = step_through(twice, w=0.5, xs=[1.0, -2.0], large=large, layout=layout)
    view = show(stepper, lambda page: page.set_viewport_size({"width": width, "height": height}))
    assert view.frame.evaluate(OUT_OF_SIGHT, [view.root.element_handle(), least]) == []
    line = view.root.locator(".code .now")
    view.go(3)
    assert line.bounding_box()["y"] + line.bounding_box()["height"] <= height


def test_the_line_of_each_step_is_marked_and_the_lines_that_called_it(show):
    stepper = step_through(twice, w=0.5, xs=[1.0, -2.0])
    view = show(stepper)
    for t, step in enumerate(stepper.story.walk):
        view.go(t)
        expected = [] if step.node is None else [inspect.getsourcelines(code)[0][line - code.co_firstlineno].strip()
                                                 for code, line in site_of(step.node).lines()]  # fmt: skip
        marked = view.root.locator(".code .calls, .code .now").all_inner_texts()
        assert sorted(map(str.strip, marked)) == sorted(set(expected))
        now = view.root.locator(".code .now").all_inner_texts()
        assert [text.strip() for text in now] == expected[-1:]


def test_a_line_goes_to_its_nodes_by_mouse_and_keys(show):
    stepper = step_through(twice, w=0.5, xs=[1.0, -2.0])
    view = show(stepper)
    line = view.root.locator(".code").get_by_role("button", name="s = w * x")
    steps = [t for t, step in enumerate(stepper.story.walk) if is_at(step, "w * x")]
    visited = []
    for _ in steps:
        line.click()
        visited.append(int(view.slider.input_value()))
    assert visited == steps
    line.focus()
    line.press("Enter")
    assert int(view.slider.input_value()) == steps[0]


def is_at(step, text):
    """Whether the last of the lines that made the node of a step has this text."""
    if step.phase not in ("forward", "backward"):
        return False
    code, line = site_of(step.node).lines()[-1]
    return text in inspect.getsourcelines(code)[0][line - code.co_firstlineno]


def test_without_a_function_there_is_no_code(show):
    assert not show(step_through(neuron())).root.locator(".code").is_visible()


def test_a_small_graph_is_large_on_a_large_screen(show):
    view = show(
        step_through(neuron(), large=True), lambda page: page.set_viewport_size({"width": 1920, "height": 1080})
    )
    assert view.frame.evaluate(OUT_OF_SIGHT, [view.root.element_handle(), 20]) == []
    size = "text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a"
    assert min(text.evaluate(size) for text in view.root.locator(".node text").all()) >= 24


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_the_question_and_what_is_wrong_are_seen_at_once(show, screen):
    width, height, large, layout, _ = screen
    view = show(
        step_through(graph(), large=large, layout=layout, predict=True),
        lambda page: page.set_viewport_size({"width": width, "height": height}),
    )
    for at in (1, SEED + 2):
        hint(view, at, 12345)
        for part in (view.prompt, view.answer, view.button("Check"), view.verdict):
            box, card = part.bounding_box(), view.root.locator(".card").bounding_box()
            assert card["y"] <= box["y"]
            assert box["y"] + box["height"] <= min(card["y"] + card["height"], height) + 1


def test_a_slide_fills_its_frame_and_leaves_the_slide_alone(context):
    page = context.new_page()
    source = step_through(graph(), layout="slide").html().replace("&", "&amp;").replace('"', "&quot;")
    page.set_content(f'<h1>Slide</h1><iframe style="width: 960px; height: 600px" srcdoc="{source}"></iframe>')
    view = View(page.frames[1])
    view.click("Next")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("iframe").evaluate("frame => frame.style.height") == "600px"
    assert page.frames[1].evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_f_fills_the_screen(show):
    view = show(step_through(graph()))
    for full in (True, False):
        view.press("f")
        view.frame.wait_for_function("full => Boolean(document.fullscreenElement) === full", arg=full)


# Fingers


@pytest.fixture
def touch(browser, tmp_path):
    """A page on a phone, and how to touch it at points."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(step_through(graph()).save(tmp_path / "page.html").as_uri())
    session = context.new_cdp_session(page)

    def touch(kind, *points):
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    yield View(page), touch
    context.close()


def test_what_a_finger_presses_is_large_enough(touch):
    view, _ = touch
    view.root.locator(".more summary").first.click()
    for control in view.root.locator(":is(button, select, summary, input):visible").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 44, control.evaluate("one => one.outerHTML")


def test_two_fingers_zoom_and_a_long_press_marks_a_node(touch):
    view, touch_at = touch
    before = view.box()
    box = view.frame_of_picture.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch_at("touchStart", (x - 30, y), (x + 30, y))
    for apart in (40, 50, 60):
        touch_at("touchMove", (x - apart, y), (x + apart, y))
    touch_at("touchEnd")
    assert view.box()[2] == pytest.approx(before[2] / 2, rel=0.02)
    view.click("Fit")
    box = view.node("u").bounding_box()
    touch_at("touchStart", (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    expect(view.node("u").locator("text").first).to_contain_text("●")
    touch_at("touchEnd")
    expect(view.position).to_have_text(view.at(0))


# Ways to move


def test_the_buttons_step_forward_and_back_and_to_the_ends(show):
    view = show(step_through(graph()))
    expect(view.button("Back")).to_be_disabled()
    expect(view.button("First step")).to_be_disabled()
    for name, at in [("Next", 1), ("Next", 2), ("Back", 1), ("Last step", END), ("First step", 0)]:
        view.click(name)
        expect(view.position).to_have_text(view.at(at))
    view.click("Last step")
    expect(view.button("Next")).to_be_disabled()
    expect(view.button("Last step")).to_be_disabled()


def test_the_keys_step_forward_and_back_and_to_the_ends(show):
    view = show(step_through(graph()))
    for key, at in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", END), ("ArrowRight", END),
                    ("Home", 0), ("ArrowLeft", 0)]:  # fmt: skip
        view.press(key)
        expect(view.position).to_have_text(view.at(at))


def test_the_keys_also_work_from_a_button_but_the_slider_keeps_its_keys(show):
    view = show(step_through(graph()))
    view.button("Play").press("End")
    expect(view.position).to_have_text(view.at(END))
    view.slider.press("ArrowLeft")
    expect(view.position).to_have_text(view.at(LAST))
    view.slider.press("Home")
    expect(view.position).to_have_text(view.at(0))


def test_keys_with_a_modifier_are_left_to_the_browser(show):
    view = show(step_through(graph()))
    for key in ("Control+End", "Alt+Home", "Shift+ArrowRight"):
        view.press(key)
        expect(view.position).to_have_text(view.at(0))


def test_a_click_on_a_phase_goes_to_its_first_step(show):
    view = show(step_through(graph()))
    for name, at in {"Backward": SEED + 1, "Leaves": 0, "Seed": SEED, "Forward": 1, "Summary": END}.items():
        view.click(name)
        expect(view.position).to_have_text(view.at(at))
        expect(view.button(name)).to_have_attribute("aria-current", "step")
        expect(view.root.locator("[data-phase][aria-current]:is(button)")).to_have_count(1)


def test_the_slider_goes_to_any_step(show):
    view = show(step_through(graph()))
    for at in (5, LAST, 0, SEED):
        view.slider.fill(str(at))
        expect(view.position).to_have_text(view.at(at))
        expect(view.slider).to_have_attribute("aria-valuetext", re.compile(f"^Step {at + 1} of {LAST + 1}, "))


def test_a_click_on_a_line_of_the_steps_so_far_goes_there(show):
    view = show(step_through(graph(), step=LAST))
    view.root.locator(".trace summary").click()
    view.root.locator(".walk li").nth(3).click()
    expect(view.position).to_have_text(view.at(3))
    expect(view.root.locator(".walk li[aria-current=step]")).to_have_text(lines_of(graph())[3])


def test_a_click_on_a_node_goes_to_the_next_step_that_computes_its_number(show):
    view = show(step_through(graph()))
    walk = walk_steps(graph())[1:]
    receivers = [step.step.parent if step.step else step.node for step in walk]
    arrivals = [t for t, receiver in enumerate(receivers, start=1) if receiver.label == "u"]
    assert len(arrivals) == 3  # it is computed, and receives two contributions
    for at in [*arrivals, arrivals[0]]:
        view.node("u").click()
        expect(view.position).to_have_text(view.at(at))


def test_a_node_can_be_gone_to_without_a_mouse(show):
    view = show(step_through(graph()))
    view.root.locator(".more summary").first.press("Enter")
    view.root.get_by_label("Node").select_option("u")
    view.button("Go to node").press("Enter")
    expect(view.root.locator(".title")).to_have_text("Forward: u")


def test_the_given_step_is_where_it_starts(show):
    view = show(step_through(graph(), step=4))
    expect(view.position).to_have_text(view.at(4))


def test_an_address_names_the_step_and_hides_the_numbers(show):
    view = show(step_through(graph()))
    page = view.frame
    url = page.url
    for hash_, at in [("#step=14&predict", 13), ("#step=3", 2), ("#step=999", END), ("#step=-1", 0), ("#step=x", 0)]:
        page.goto("about:blank")
        page.goto(url + hash_)
        view = View(page)
        expect(view.position).to_have_text(view.at(at))
        expect(view.answer).to_be_visible(visible="predict" in hash_)
    page.evaluate("location.hash = '#step=5'")
    expect(view.position).to_have_text(view.at(4))


def test_reloading_keeps_the_step(show):
    view = show(step_through(graph()))
    view.press("ArrowRight", 3)
    view.frame.wait_for_url("**#step=4")
    view.frame.reload()
    expect(view.position).to_have_text(view.at(3))


def test_an_edge_shows_its_rule_when_pointed_at_and_goes_to_its_step_when_clicked(show):
    view = show(step_through(graph(), step=SEED + 2))
    walk = walk_steps(graph(), digits=4)
    edges = {t: step.step for t, step in enumerate(walk) if step.step}
    story = json.loads(view.frame.locator("#autograd-stepper-state").text_content())["story"]
    rule = view.root.locator(".edge-rule")
    for t, edge in edges.items():
        arrow = view.root.locator(f'[data-edge="{story["steps"][t]["edge"]}"]')
        arrow.locator(".hit").dispatch_event("pointerover")
        expect(rule).to_be_visible()
        shown_number = number_text(edge.slope, 4)
        if t <= SEED + 2:
            expect(rule).to_contain_text(f" = {shown_number}")
        else:
            expect(rule).to_contain_text(" = ?")  # it is still to come
    for t in edges:
        view.root.locator(f'[data-edge="{story["steps"][t]["edge"]}"] .hit').dispatch_event("click")
        expect(view.position).to_have_text(view.at(t))
    view.root.locator(".node").first.dispatch_event("pointerover")
    expect(rule).to_be_hidden()


@pytest.mark.parametrize("detail", ["edge", "node", "neuron", "layer"])
def test_at_each_level_every_edge_says_something_when_pointed_at(show, detail):
    root = loss(2, 2, 1)
    view = show(step_through(root, detail=detail, update=0.1))
    view.press("End")
    said = set()
    for hit in view.root.locator(".picture .edge .hit").all():
        hit.dispatch_event("pointerover")
        said.add(view.root.locator(".edge-rule").text_content())
    assert "" not in said
    weight = next(node for node in topological_order(root) if node.label == "w^(1)_{2,1}")
    if detail in ("neuron", "layer"):
        assert f"From o1(0) to o2(1), with the weight {number_text(weight.data, 4)}" in said
    elif detail == "node":  # the local partial derivative along the edge that is pointed at
        assert sum(" with local " in text for text in said) >= 20


@pytest.mark.parametrize("quantity", ["upstream", "slope", "share", "total"])
def test_a_quantity_that_is_pointed_at_is_lit_in_the_formula_the_rows_and_the_picture(show, quantity):
    view = show(step_through(graph(), step=SEED + 2))
    places = view.root.locator(f'[data-quantity="{quantity}"]')
    outline = "all => all.map(one => getComputedStyle(one).outlineStyle)"
    assert set(places.evaluate_all(outline)) == {"none"}
    in_picture = view.root.locator(f'.picture [data-quantity="{quantity}"]')
    assert in_picture.count() == 1
    colours = "all => [...new Set(all.map(one => getComputedStyle(one).color))]"
    assert len(places.evaluate_all(colours)) == 1
    for point in (in_picture.hover, lambda: view.root.locator(f"tr[data-quantity={quantity}]").focus()):
        point()
        assert set(places.evaluate_all(outline)) == {"solid"}
        others = view.root.locator(f'[data-quantity]:not([data-quantity="{quantity}"])')
        assert set(others.evaluate_all(outline)) == {"none"}
        view.root.locator(".title").hover()


# The numbers travel


def in_motion(page):
    page.emulate_media(reduced_motion="no-preference")
    stop_the_clock(page)


def test_the_upstream_gradient_travels_becomes_the_product_and_is_added(show):
    walk = walk_steps(graph(), digits=4)
    at, step = next((t, step) for t, step in enumerate(walk) if step.step and step.number == 2)
    view = show(step_through(graph(), step=at - 1), in_motion)
    traveller = view.root.locator(".traveller")
    receiver = view.node(step.step.parent.label)
    view.press("ArrowRight")
    before, total = (f"grad {number_text(number, 4)}" for number in (step.before, step.step.total))
    places = []
    for milliseconds, text in [(100, step.step.upstream), (150, step.step.upstream), (150, step.step.share)]:
        view.frame.clock.run_for(milliseconds)
        expect(traveller).to_have_text(number_text(text, 4))
        expect(receiver).to_contain_text(before)
        places.append(traveller.bounding_box())
    assert len({place["x"] for place in places}) == 3
    view.frame.clock.run_for(400)
    expect(traveller).to_have_count(0)
    expect(receiver).to_contain_text(total)
    expect(receiver.locator(".flash")).to_have_count(1)


def test_the_arguments_travel_into_the_node(show):
    view = show(step_through(graph()), in_motion)
    view.press("ArrowRight")
    view.frame.clock.run_for(200)
    numbers = view.root.locator(".traveller").all_text_contents()
    assert numbers == [number_text(parent.data, 4) for parent in walk_steps(graph())[1].node.parents]
    assert f"data {number_text(walk_steps(graph())[1].result, 4)}" not in view.node("u").text_content()
    view.frame.clock.run_for(600)
    expect(view.root.locator(".traveller")).to_have_count(0)
    expect(view.node("u")).to_contain_text(f"data {number_text(walk_steps(graph())[1].result, 4)}")


@pytest.mark.parametrize(
    ("way", "there"),
    [("speed", 0), ("key", 0), ("slider", 0), ("back", 0), ("calm", 0), ("predict", 0), ("next", 1)],
)
def test_the_journey_is_skipped_by_any_key_and_never_begins_where_it_would_disturb(show, way, there):
    view = show(step_through(graph(), step=SEED + 2, predict=way == "predict"), in_motion)
    if way == "calm":
        view.frame.emulate_media(reduced_motion="reduce")
    if way == "speed":
        view.select("Speed", "4")
    if way == "slider":
        view.go(SEED + 3)
    elif way == "back":
        view.press("ArrowLeft")
    elif way == "predict":
        view.click("Show answer")
    else:
        view.press("ArrowRight")
    view.frame.clock.run_for(50)
    if way == "key":
        expect(view.root.locator(".traveller")).to_have_count(1)
        view.press("x")
    if way == "speed":
        view.frame.clock.run_for(200)
    expect(view.root.locator(".traveller")).to_have_count(there)


def test_the_picture_moves_by_easing_and_at_once_where_the_slider_is_dragged(show):
    view = show(step_through(loss(4, 4, 3), step=1, detail="edge"), in_motion)
    seen = []
    for _ in range(3):
        view.press("ArrowRight")
        for _ in range(4):
            seen.append(tuple(view.box()))
            view.frame.clock.run_for(100)
    assert len(set(seen)) > 6
    view.go(80)
    start = view.box()
    view.frame.clock.run_for(1000)
    assert view.box() == start


# The end


def test_the_walk_ends_with_all_gradients_and_which_way_lowers_the_root(show):
    root = graph()
    root.backward()
    view = show(step_through(graph(), step=END))
    rows = view.root.locator(".facts tr").all()[1:]
    a, b = (node for node in topological_order(root) if node.label in {"a", "b"})
    for node, row in zip((a, b), rows, strict=True):
        name, data, gradient, way = row.locator("th, td").all_text_contents()
        assert (name, data, gradient) == (node.label, number_text(node.data, 4), number_text(node.grad, 4))
        assert way == ("↓ smaller" if node.grad > 0 else "↑ larger")


def test_the_end_lists_what_was_missed(show):
    view = show(step_through(graph(), predict=True, step=2))
    walk = walk_steps(graph())
    view.click("Show answer")
    hint(view, SEED + 2, 99)
    view.answer.fill(repr(walk[SEED + 2].step.share))
    view.answer.press("Enter")
    view.go(3)
    view.answer.fill(repr(walk[3].result))
    view.answer.press("Enter")
    view.go(END)
    expect(view.root.locator(".misses")).to_have_text(f"Not right on the first try: step {3}{SEED + 3}")
    view.button(str(SEED + 3)).click()
    expect(view.position).to_have_text(view.at(SEED + 2))


# Playing


def test_play_goes_on_until_the_end_and_pause_stops_it(show):
    view = show(step_through(graph()), stop_the_clock)
    view.play.click()
    expect(view.play).to_have_text("Pause")
    view.frame.clock.run_for(1000)
    expect(view.position).to_have_text(view.at(1))
    view.frame.clock.run_for(2000)
    expect(view.position).to_have_text(view.at(2))
    view.play.click()
    view.frame.clock.run_for(60_000)
    expect(view.position).to_have_text(view.at(2))
    view.press("Space")
    view.frame.clock.run_for(60_000)
    expect(view.position).to_have_text(view.at(END))
    expect(view.play).to_have_text("Play")


def test_play_is_as_fast_as_chosen(show):
    reached = []
    for speed in ("0.5", "1", "2", "4"):
        view = show(step_through(graph()), stop_the_clock)
        view.select("Speed", speed)
        view.play.click()
        view.frame.clock.run_for(4000)
        reached.append(int(view.position.inner_text().split()[1]))
    assert reached == sorted(set(reached))


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_play_stops_at_a_breakpoint(show, way):
    view = show(step_through(graph()), stop_the_clock)
    if way == "mouse":
        view.node("u").click(modifiers=["Shift"])
    else:
        view.root.locator(".more summary").first.press("Enter")
        view.root.get_by_label("Node").select_option("u")
        view.button("Breakpoint").press("Enter")
    expect(view.position).to_have_text(view.at(0))
    expect(view.node("u").locator("text").first).to_contain_text("●")
    expect(view.button("Breakpoint")).to_have_attribute("aria-pressed", "true")
    stops = []
    for _ in range(4):
        view.play.click()
        view.frame.clock.run_for(100_000)
        expect(view.play).to_have_text("Play")
        stops.append(view.root.locator(".title").inner_text())
    assert stops[0] == "Forward: u"
    assert all(stop.endswith(" to u") for stop in stops[1:3])
    expect(view.position).to_have_text(view.at(END))
    view.node("u").click(modifiers=["Shift"])
    expect(view.node("u").locator("text").first).not_to_contain_text("●")


# The picture


def test_the_picture_zooms_by_buttons_keys_and_wheel(show):
    view = show(step_through(graph()))
    whole = view.box()
    view.click("Zoom in")
    nearer = view.box()
    assert nearer[2] < whole[2]
    view.click("Zoom out")
    assert view.box()[2] == pytest.approx(whole[2], rel=1e-3)
    view.frame_of_picture.press("+")
    assert view.box()[2] == pytest.approx(nearer[2], rel=1e-3)
    view.frame_of_picture.press("-")
    assert view.box()[2] == pytest.approx(whole[2], rel=1e-3)
    view.frame_of_picture.hover()
    view.frame.keyboard.down("Control")
    view.frame.mouse.wheel(0, -200)
    view.frame.keyboard.up("Control")
    view.frame.wait_for_function(
        f"width => ({SEEN})(document.querySelector('.picture > svg'))[2] < width", arg=whole[2] - 1
    )
    view.click("Fit")
    assert view.box()[2] == pytest.approx(whole[2], rel=1e-3)
    view.click("Zoom in")
    view.frame_of_picture.press("0")
    assert view.box()[2] == pytest.approx(whole[2], rel=1e-3)


def test_the_picture_moves_by_dragging_and_by_keys_and_a_drag_is_not_a_click(show):
    view = show(step_through(graph()))
    before = view.box()
    box = view.node("u").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    view.frame.mouse.move(x, y)
    view.frame.mouse.down()
    view.frame.mouse.move(x + 60, y + 40, steps=4)
    view.frame.mouse.up()
    after = view.box()
    assert after[0] < before[0]
    assert after[1] < before[1]
    assert after[2] == pytest.approx(before[2], rel=1e-3)
    expect(view.position).to_have_text(view.at(0))
    moved = view.node("u").bounding_box()
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((60, 40), abs=2)
    view.frame_of_picture.press("Shift+ArrowRight")
    assert view.box()[0] > after[0]
    view.frame_of_picture.press("Shift+ArrowDown")
    assert view.box()[1] > after[1]
    expect(view.position).to_have_text(view.at(0))


@pytest.mark.parametrize("width", [500, 1200])
def test_both_ends_of_the_edge_are_in_sight_at_each_step(show, width):
    view = show(step_through(graph()), lambda page: page.set_viewport_size({"width": width, "height": 900}))
    frame = view.frame_of_picture.bounding_box()
    for at in range(LAST + 1):
        view.go(at)
        for node in view.root.locator(".picture .node.now").all():
            box = node.bounding_box()
            assert frame["x"] <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"]
            assert frame["y"] <= box["y"] <= box["y"] + box["height"] <= frame["y"] + frame["height"]


# For everybody


def test_the_live_region_reads_each_step(show):
    view = show(step_through(graph()))
    expect(view.spoken).to_have_attribute("role", "status")
    for at, step in enumerate(walk_steps(graph(), digits=4)):
        view.go(at)
        expect(view.spoken).to_contain_text(f"Step {at + 1} of {LAST + 1}")
        if step.result is not None:
            expect(view.spoken).to_contain_text(number_text(step.result, 4))


FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const name = element.getAttribute("aria-label") ?? element.textContent.slice(0, 20);
    element.dataset.reached = "";
    return { name, width: outlineStyle === "none" ? 0 : parseFloat(outlineWidth), outlineColor };
}"""
CONTROLS = "button:enabled, summary, select, input, textarea, [tabindex='0'], a"


@pytest.mark.parametrize("predict", [False, True])
def test_everything_is_reached_by_tab_and_the_focus_is_visible(show, predict):
    view = show(step_through(graph(), step=3, predict=predict))
    view.frame.locator("body").press("Tab")
    reached = 0
    while (focused := view.frame.evaluate(FOCUS)) is not None:
        reached += 1
        assert focused["width"] >= 2, f"{focused['name']} has no visible focus"
        assert reached < 100
        view.frame.keyboard.press("Tab")
    assert (
        view.root.locator(f":is({CONTROLS}):visible:not([data-reached])").evaluate_all(
            "all => all.map(e => e.outerHTML)"
        )
        == []
    )
    assert reached == view.root.locator(f":is({CONTROLS}):visible").count()


def test_large_text_enlarges_the_text_and_the_picture(show):
    view = show(step_through(graph(), step=SEED), lambda page: page.set_viewport_size({"width": 600, "height": 900}))
    size = "root => parseFloat(getComputedStyle(root.querySelector('.title')).fontSize)"
    letters = "root => root.querySelector('.picture g.node text').getBoundingClientRect().height"
    before, small = view.root.evaluate(size), view.root.evaluate(letters)
    view.click("Large text")
    expect(view.button("Large text")).to_have_attribute("aria-pressed", "true")
    assert view.root.evaluate(size) > 1.3 * before
    assert view.root.evaluate(letters) > 1.3 * small
    assert show(step_through(graph(), large=True)).root.evaluate(size) > 1.3 * before


LIGHTNESS = """root => {
    const lightness = (color) => color.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
    const { color, backgroundColor } = getComputedStyle(root);
    return [lightness(color), lightness(backgroundColor)];
}"""


def test_the_page_follows_the_theme_of_the_system(show):
    view = show(step_through(graph()), lambda page: page.emulate_media(color_scheme="dark"))
    ink, paper = view.root.evaluate(LIGHTNESS)
    assert ink > 0.8
    assert paper < 0.2
    view.frame.emulate_media(color_scheme="light")
    expect(view.root).to_have_attribute("data-theme", "light")
    ink, paper = view.root.evaluate(LIGHTNESS)
    assert ink < 0.2
    assert paper > 0.8


def test_printed_it_has_no_controls_and_all_of_the_steps(show):
    root = Value(1.0, label="x")
    for _ in range(60):
        root = root * 1.01
    view = show(step_through(root, step=100))
    view.frame.emulate_media(media="print")
    for control in view.root.locator("button, input, select, summary").all():
        expect(control).to_be_hidden()
    steps = view.root.locator(".walk")
    expect(steps).to_be_visible()
    assert steps.evaluate("list => list.scrollHeight <= list.clientHeight")
    assert len(view.lines()) == 101
    expect(view.root.locator(".formula")).to_be_visible()
    view.frame.emulate_media(media="screen")
    expect(steps).to_be_hidden()
    expect(view.root.locator(".paper svg")).to_have_count(0)


PRINTED = """pieces => pieces.map(piece => {
    const { width, height } = piece.getBoundingClientRect();
    const seen = piece.getAttribute("viewBox").split(" ").map(Number);
    const texts = [...piece.querySelectorAll("text")].filter(text => text.textContent);
    const points = Math.min(...texts.map(text => parseFloat(getComputedStyle(text).fontSize))) * width / seen[2] * 0.75;
    return { width, height, points, seen };
})"""


@pytest.mark.parametrize(
    ("name", "detail"), [*((name, "edge") for name in GRAPHS), ("2-2-1", "neuron"), ("4-4-3", "neuron")]
)
def test_the_printed_picture_is_whole_and_can_be_read(show, name, detail):
    view = show(step_through(GRAPHS[name](), step=6, detail=detail))
    size = [float(number) for number in view.root.locator(".picture > svg").get_attribute("viewBox").split()[2:]]
    view.frame.emulate_media(media="print")
    view.root.locator(".paper svg").first.wait_for()
    pieces = view.root.locator(".paper svg").evaluate_all(PRINTED)
    seen = [piece["seen"] for piece in pieces]
    for piece in pieces:
        assert piece["points"] >= 7
        assert piece["width"] <= 180 / 25.4 * 96  # on A4, within margins of 15 mm
        assert piece["height"] <= 267 / 25.4 * 96
    for x in range(0, int(size[0]), 5):  # nothing of the picture is left out between the pieces
        for y in range(0, int(size[1]), 5):
            assert any(0 <= x - left <= width and 0 <= y - top <= height for left, top, width, height in seen)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_printed_it_is_dark_on_light(show, theme):
    view = show(
        step_through(graph(), step=LAST - 1), lambda page: page.emulate_media(media="print", color_scheme=theme)
    )
    assert view.serious_violations() == []
    for selector in (".facts th", ".formula math", ".walk code"):
        assert view.root.locator(selector).first.evaluate(LIGHTNESS)[0] < 0.5, selector
    fills = view.root.locator(".paper text").evaluate_all("all => all.map(one => getComputedStyle(one).fill)")
    assert all(sum(map(int, re.findall(r"\d+", fill)[:3])) / 765 < 0.5 for fill in fills if fill != "none")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("predict", [False, True])
def test_axe_finds_nothing_serious(show, theme, large, predict):
    view = show(
        step_through(graph(), large=large, predict=predict), lambda page: page.emulate_media(color_scheme=theme)
    )
    for at in (0, 2, SEED, SEED + 1, LAST):
        view.go(at)
        assert view.serious_violations() == [], f"at step {at}"
    if predict:
        view.answer.fill("123")
        view.answer.press("Enter")
        expect(view.verdict).to_have_attribute("data-kind", "wrong")
        assert view.serious_violations() == []
        view.click("Show answer")
        assert view.serious_violations() == []


def test_axe_finds_nothing_serious_in_a_narrow_window_with_long_formulas(show):
    leaves = [Value(0.1 * i, label=f"a leaf with a rather long name, number {i}") for i in range(1, 5)]
    root = (leaves[0] * leaves[1] + leaves[2] / leaves[3]).tanh()
    root.label = "a result with a rather long name"
    view = show(step_through(root), lambda page: page.set_viewport_size({"width": 360, "height": 640}))
    for at in range(len(walk_steps(root))):
        view.go(at)
        assert view.serious_violations() == [], f"at step {at}"


@pytest.mark.parametrize("label", ["L", "a result with a name that is rather long for a narrow page"])
def test_a_narrow_page_does_not_scroll_sideways(show, label):
    root = graph()
    root.label = label
    view = show(step_through(root, predict=True), lambda page: page.set_viewport_size({"width": 360, "height": 640}))
    for at in (0, 1, SEED, LAST):
        view.go(at)
        assert view.frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"at step {at}"


# Predicting


def shown(number):
    """How a number is shown, without its sign, which is an element of its own in MathML."""
    return number_text(number, 4).lstrip("−")


def asked(step, ask):
    """What is asked for at a step."""
    return getattr(step.step, ask) if step.step else step.result


@pytest.mark.parametrize("ask", ["slope", "share", "total"])
def test_a_number_is_nowhere_until_it_is_typed(show, ask):
    view = show(step_through(graph(), predict=True, ask=ask))
    for at, step in enumerate(walk_steps(graph())):
        expect(view.position).to_have_text(view.at(at))
        if at == 0:
            expect(view.answer).to_be_hidden()
            view.click("Next")
            continue
        secrets = {shown(step.result)} if step.phase != "seed" else set()  # 1.0 is not a secret
        if step.step:
            arithmetic = step.step
            secrets |= {shown(arithmetic.share), shown(arithmetic.total)}
            if len(step.node.parents) == 1:  # a factor of a product is on the page, as the value of the other
                secrets.add(shown(arithmetic.slope))
        said = view.perceptible()
        assert [secret for secret in secrets if secret in said] == [], f"at step {at}"
        if at < LAST:
            view.click("Next")
            expect(view.position).to_have_text(view.at(at))
            expect(view.answer).to_be_focused()
        view.answer.fill(repr(asked(step, ask)))
        view.answer.press("Enter")
        expect(view.verdict).to_have_attribute("data-kind", "right")
        assert [secret for secret in secrets if secret not in view.perceptible()] == []
        if at < LAST:
            view.click("Next")
    expect(view.score).to_have_text(f"Score: {LAST} of {LAST} right on the first try")


def test_the_live_region_asks_and_does_not_tell(show):
    view = show(step_through(graph(), predict=True, step=SEED + 2))
    step = walk_steps(graph())[SEED + 2]
    expect(view.spoken).to_contain_text(f"Step {SEED + 3}")
    assert shown(step.result) not in view.spoken.text_content()
    view.click("Show answer")
    expect(view.spoken).to_contain_text(number_text(step.result, 4))


def test_what_is_asked_for_can_be_chosen(show):
    at = next(t for t, step in enumerate(walk_steps(graph())) if step.step and step.number == 2)
    arithmetic = walk_steps(graph())[at].step
    view = show(step_through(graph(), predict=True, step=at))
    prompts = set()
    for ask in ("slope", "share", "total"):
        view.select("ask for", ask)
        prompts.add(view.prompt.inner_text())
        view.answer.fill(repr(getattr(arithmetic, ask)))
        view.answer.press("Enter")
        expect(view.verdict).to_have_text(f"Right: {number_text(getattr(arithmetic, ask), 4)}.")
    assert len(prompts) == 3


def hint(view, at, answer):
    """What is said about an answer at a step."""
    view.go(at)
    view.answer.fill(str(answer))
    view.answer.press("Enter")
    expect(view.verdict).to_have_attribute("data-kind", "wrong")
    return view.verdict.text_content()


def test_a_wrong_answer_gets_a_hint_that_names_the_wrong_factor(show):
    root = graph()
    walk, names = walk_steps(root), names_of(topological_order(root))
    at = SEED + 2  # an edge of a product
    edge, other = walk[at].step, walk[at + 1].step
    name, parent, second = (in_mathml(typeset(names[node])) for node in (edge.node, edge.parent, other.parent))
    view = show(step_through(root, predict=True))
    above, local = f"∂L/∂{name}", f"∂{name}/∂{parent}"
    assert f"upstream gradient is missing: multiply by {above}" in hint(view, at, edge.slope)
    assert f"local partial derivative is missing: multiply by {local}" in hint(view, at, edge.upstream)
    assert "check the signs" in hint(view, at, -edge.share)
    assert "multiplied, not added" in hint(view, at, edge.upstream + edge.slope)
    wrong = hint(view, at, edge.upstream * other.slope)
    assert f"local partial derivative {local} is the wrong factor" in wrong
    assert f"the other argument, {second}" in wrong
    elsewhere = walk[at + 4].step.upstream
    assert "upstream gradient is the wrong factor" in hint(view, at, elsewhere * edge.slope)
    expect(view.score).to_have_text("Score: 0 of 0 right on the first try")


def test_the_hint_tells_a_product_from_a_running_total(show):
    walk = walk_steps(graph())
    at, step = next((t, s) for t, s in enumerate(walk) if s.step and s.number == 2)
    edge, before = step.step, step.before
    view = show(step_through(graph(), predict=True))
    assert "running total; only the product" in hint(view, at, edge.total)
    view.select("ask for", "total")
    assert "product of this edge alone" in hint(view, at, edge.share)
    assert "what had arrived before" in hint(view, at, before)
    assert "added (+=), not multiplied" in hint(view, at, before * edge.share)
    assert "added, not subtracted" in hint(view, at, before - edge.share)


@pytest.mark.parametrize(("tolerance", "factor", "right"), [(0.1, 1.08, True), (0.1, 1.12, False), (0.01, 1.08, False)])
def test_an_answer_may_be_off_by_the_tolerance(show, tolerance, factor, right):
    view = show(step_through(graph(), predict=True, tolerance=tolerance, step=SEED + 1))
    view.answer.fill(repr(walk_steps(graph())[SEED + 1].step.share * factor))
    view.answer.press("Enter")
    expect(view.verdict).to_have_attribute("data-kind", "right" if right else "wrong")


def test_the_score_counts_what_was_right_at_the_first_try(show):
    view = show(step_through(graph(), predict=True, step=1))
    walk = walk_steps(graph())
    view.answer.fill(repr(walk[1].result))
    view.click("Check")
    expect(view.score).to_have_text("Score: 1 of 1 right on the first try")
    view.go(2)
    hint(view, 2, 99)
    view.answer.fill(repr(walk[2].result))
    view.click("Check")
    expect(view.score).to_have_text("Score: 1 of 2 right on the first try")
    view.go(3)
    view.click("Show answer")
    expect(view.verdict).to_have_text(f"The answer is {number_text(walk[3].result, 4)}.")
    expect(view.score).to_have_text("Score: 1 of 3 right on the first try")


def test_an_answer_that_is_not_a_number_does_not_count_as_a_try(show):
    view = show(step_through(graph(), predict=True, step=1))
    for text in ("", "u", "1 2", "1/2/3"):
        view.answer.fill(text)
        view.answer.press("Enter")
        expect(view.verdict).to_contain_text("Type a number")
    view.answer.fill(repr(walk_steps(graph())[1].result))
    view.answer.press("Enter")
    expect(view.score).to_have_text("Score: 1 of 1 right on the first try")


def test_only_marked_nodes_are_asked_for_if_there_are_any(show):
    root = graph()
    [u] = [node for node in topological_order(root) if node.label == "u"]
    u.label = "u_1"
    view = show(step_through(root, predict=[u]))
    for at, step in enumerate(walk_steps(root)):
        view.go(at)
        receiver = step.step.parent if step.step else step.node
        expect(view.answer).to_be_visible(visible=receiver is u)


def test_the_rule_that_is_asked_for_is_hidden(show):
    root = Value(0.7, label="x").tanh()
    root.label = "L"
    view = show(step_through(root, step=3, predict=True, ask="slope"))
    expect(view.root.locator("tr[data-quantity=slope]")).to_have_text("× local??")
    assert "upstream gradient dL/dL" not in hint(view, 3, 0.1)
    view.click("Show answer")
    expect(view.root.locator("tr[data-quantity=slope] td").first).to_contain_text("L")


def test_the_upstream_gradient_is_named_before_the_reciprocal(show):
    x = Value(0.5, label="x")
    u = x**2 * 1.0
    u.label = "u"
    root = u.log() * 1.0
    root.label = "L"
    root.backward()
    walk = walk_steps(root)
    view = show(step_through(root, predict=True, ask="slope"))
    for at, step in enumerate(walk):
        if step.step and step.step.slope not in {1.0, step.step.upstream}:
            assert "that is the upstream gradient" in hint(view, at, step.step.upstream)


def test_play_waits_for_the_answer(show):
    view = show(step_through(graph(), predict=True), stop_the_clock)
    view.play.click()
    view.frame.clock.run_for(100_000)
    expect(view.position).to_have_text(view.at(1))


def test_predict_mode_is_left_by_its_button(show):
    view = show(step_through(graph(), step=SEED + 1))
    number = shown(walk_steps(graph())[SEED + 1].result)
    assert number in view.perceptible()
    view.click("Predict")
    expect(view.answer).to_be_focused()
    assert number not in view.perceptible()
    view.click("Predict")
    expect(view.answer).to_be_hidden()
    assert number in view.perceptible()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        *[("0.5", 0.5), ("-1e-3", -0.001), (".5", 0.5), ("5.", 5), ("+1", 1), ("0,5", 0.5), ("−3", -3), (" 7 ", 7)],
        *[("2/4", 0.5), ("-2 / 4", -0.5), ("1e400", float("inf")), ("-inf", -float("inf")), ("∞", float("inf"))],
        *[(text, None) for text in ("", "x", "1.2.3", "0x10", "1/2/3", "1e", "--1", "1,000,000", "1 2")],
    ],
)
def test_numbers_are_read_as_they_are_written(browser, typed, number):
    page = browser.new_page()
    read = """async ([source, text]) =>
        (await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })))).readNumber(text)"""
    assert page.evaluate(read, [SCRIPT, typed]) == number
    page.close()


# Labels that would be markup or script


HOSTILE = [
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "</script><script>window.hacked=1//",
    "</title><svg onload=window.hacked=1>",
    "' onload='window.hacked=1",
    *["]]>", "<!--", "</svg>", "&lt;", "{{ x }}", "${x}", "$x$", "\"'`", "constructor", "__proto__"],
    *["x" * 20_000, "a\x00b", "\u202eabc"],
]


def hostile_graph():
    leaves = [Value(0.5 + i / 7, label=label) for i, label in enumerate(HOSTILE)]
    root = leaves[0]
    for i, leaf in enumerate(leaves[1:]):
        root = root * leaf if i % 2 else root + leaf
        root.label = f"{leaf.label[:20]} {i}"
    root.label = "</script><img src=x onerror=window.hacked=1>"
    return root


FOREIGN = "script:not([type]):not([src]), img, iframe, object, embed, [onload], [onerror], svg svg"


def check_that_labels_are_text(view, walk):
    assert view.root.locator(FOREIGN).count() == 0
    boxes = [box["lines"][0] for box in view.nodes()]
    options = view.root.get_by_label("Node").locator("option").all_text_contents()
    for label in HOSTILE:
        assert any(re.sub("^(▸ )?(● )?", "", box) == clean(label) for box in boxes), label
        assert clean(label) in options
    view.press("End")
    for at in (0, 1, 2, len(walk) - 2, len(walk) - 1):
        view.go(at)
        expect(view.step_now).to_have_text(in_mathml(walk[at].text))
        assert view.root.locator(FOREIGN).count() == 0
    assert view.root.locator(".formula math").first.text_content()
    assert clean("</script><img src=x onerror=window.hacked=1>") in view.root.get_attribute("aria-label")
    check_that_no_script_has_run(getattr(view.frame, "page", view.frame))


def check_that_no_script_has_run(page):
    for frame in page.frames:
        assert frame.evaluate("typeof window.hacked") == "undefined"


def test_labels_are_never_markup_or_script_in_the_page(show):
    root = hostile_graph()
    view = show(step_through(root))
    walk = walk_steps(root, digits=4)
    check_that_labels_are_text(view, walk)
    names = names_of(topological_order(root)).values()
    assert all(clean(label) in names for label in HOSTILE)
    view.click("Predict")
    for at in range(1, len(walk), 7):
        hint(view, at, 12345)
        hint(view, at, 54321)
        assert view.root.locator(FOREIGN).count() == 0
    assert view.frame.evaluate("typeof window.hacked") == "undefined"
    assert view.frame.title() == f"Step through the gradients of {clean(root.label)}"


def test_names_in_mathml_are_the_labels(show):
    root = hostile_graph()
    view = show(step_through(root))
    read = []
    for at, step in enumerate(walk_steps(root)):
        label = step.step.parent.label if step.step else None
        if label in HOSTILE:
            view.go(at)
            formula = view.root.locator(".formula math").first.text_content()
            assert clean(label) in formula.replace("\u00a0", " ")  # in MathML a common space at an edge would be lost
            read.append(label)
    assert sorted(read) == sorted(HOSTILE)


# A large graph


def large_graph(count=500):
    root = leaf = Value(0.5, label="x")
    for i in range((count - 1) // 2):
        root = (root * leaf).tanh() if i % 2 else (root + leaf).sin()
    return root if len(topological_order(root)) == count else root * leaf


# The second frame comes when the first has been drawn.
UNTIL_DRAWN = """async (root, places) => {
    const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const slider = root.querySelector(".bar > input[type=range]");
    const durations = [];
    for (const place of places) for (let step = place; step < place + 10; step++) {
        const start = performance.now();
        slider.value = step;
        slider.dispatchEvent(new Event("input"));
        await drawn();
        durations.push(Math.round(performance.now() - start));
    }
    return durations;
}"""


def test_a_graph_of_500_nodes_makes_a_small_page_that_steps_without_delay(show):
    root = large_graph()
    assert len(topological_order(root)) == 500
    stepper = step_through(root)
    sizes = [len(text.encode()) for text in (stepper.html(), stepper._repr_html_())]
    view = show(stepper)
    last = len(walk_steps(root)) - 1
    expect(view.position).to_have_text(f"Step 1 of {last + 1}")
    long = [edge for edge in view.edges() if "long" in edge["classes"]]
    assert long, "thousands of dots take half a second to draw"
    assert {edge["border"] for edge in long if "todo" in edge["classes"]} == {"0.4px none"}
    durations = view.root.evaluate(UNTIL_DRAWN, [1, last // 2, last - 10])
    print(f"500 nodes: {sizes[0]:,} and {sizes[1]:,} bytes; milliseconds until a step is drawn: {durations}")
    view.go(last)
    root.backward()
    assert view.facts()["total"] == number_text(topological_order(root)[0].grad, 4)
    assert max(sizes) < 2_000_000


TOUCHED = """async (root, step) => {
    const changed = new Set();
    const watcher = new MutationObserver((records) => records.forEach(({ target }) => changed.add(target)));
    watcher.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    const slider = root.querySelector(".bar > input[type=range]");
    slider.value = step;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
    watcher.disconnect();
    return changed.size;
}"""


def test_a_step_touches_as_few_elements_of_a_large_graph_as_of_a_small_one(show):
    view = show(step_through(large_graph()))
    last = int(view.slider.get_attribute("max"))
    for step in (2, last // 2, last - 10):
        view.go(step)
        assert view.root.evaluate(TOUCHED, step + 1) < 60  # of 13,000


# Neurons, and groups of larger graphs


def detail(view):
    return view.root.get_by_label("Detail")


def trail(view):
    return view.root.get_by_role("group", name="Opened groups")


FILLS = """root => Object.fromEntries([...root.querySelectorAll(".picture g.neuron")].map((node) => {
    const { fill, stroke, strokeDasharray } = getComputedStyle(node.querySelector("rect"));
    const lines = [...node.querySelectorAll("text")].map((line) => line.textContent.replace("▸ ", ""));
    return [lines[0], { lines, fill, stroke, isDashed: strokeDasharray !== "none" }];
}))"""


def test_a_network_is_stepped_through_neuron_by_neuron(show):
    root = loss(2, 2, 1)
    root.backward()
    by_label = {node.label: node for node in topological_order(root)}
    view = show(step_through(root))
    expect(view.position).to_have_text("Step 1 of 10")
    before = view.root.evaluate(FILLS)
    assert before["o1(1)"]["lines"][1:] == ["", ""]  # not computed is not 0
    view.go(1)
    after = view.root.evaluate(FILLS)
    s, o = by_label["s_1^(1)"], by_label["o_1^(1)"]
    assert after["o1(1)"]["lines"][1:] == [number_text(o.data, 4), ""]
    assert after["o1(1)"]["fill"] != before["o1(1)"]["fill"]
    assert after["o2(1)"] == before["o2(1)"]
    assert number_text(s.data, 4).lstrip("−") in view.root.locator(".formula").inner_text()
    view.go(8)  # back: the seed, e, o_1^(2), and then the last neuron of layer 1
    delta = by_label["s_2^(1)"].grad
    assert view.facts()["share"] == number_text(delta, 4)
    shown = view.root.evaluate(FILLS)["o2(1)"]
    assert shown["lines"][2] == f"δ {number_text(delta, 4)}"
    assert shown["isDashed"] == (delta < 0)
    gradients = view.root.locator(".facts tr[data-quantity=total] .number").all_inner_texts()
    assert gradients == [number_text(by_label[f"w^(1)_{{2,{a}}}"].grad, 4) for a in range(3)]
    view.go(10)
    expect(view.position).to_have_text("Summary")


def test_a_line_has_the_colour_and_the_dashes_of_its_weight(show):
    net = MLP(2, [2, 1], seed=1)
    root = squared_error(net([0.5, 0.2]), 0.5)
    view = show(step_through(root))
    strokes = view.root.evaluate(
        """root => [...root.querySelectorAll(".picture g.weight path:not(.hit)")].map((path) => {
            const { stroke, strokeDasharray } = getComputedStyle(path);
            return [stroke, strokeDasharray !== "none"];
        })"""
    )
    weights = [net.weights[0][b, a] for b in range(2) for a in (1, 2)] + [net.weights[1][0, a] for a in (1, 2)]
    expected = {True: ["rgb(179, 71, 0)", True], False: ["rgb(10, 90, 168)", False]}
    assert sorted(strokes) == sorted(expected[bool(weight < 0)] for weight in weights)
    assert sorted(view.root.locator(".edge-label").all_text_contents()) == sorted(number_text(w, 4) for w in weights)


@pytest.mark.parametrize("way", ["click", "button"])
def test_a_neuron_opens_into_its_nodes_and_closes_again(show, way):
    view = show(step_through(loss(2, 2, 1), step=1))
    if way == "click":
        view.root.locator(".picture g.neuron.now").click()
    else:
        view.button(f"Open {typeset('o_1^(1)')}").click()
    expect(trail(view)).to_contain_text("o1(1)")
    expect(view.position).to_have_text("Step 1 of 12")
    expect(view.step_now).to_contain_text("o1(0) = ")
    view.go(3)
    expect(view.root.locator(".title")).to_have_text("Forward: s1(1)")
    for place in (".title", ".words", ".walk li[aria-current]", ".trail strong"):
        expect(view.root.locator(place).locator("math msubsup").first).to_be_attached()
    view.press("End")
    assert view.facts().keys() == {"upstream", "slope", "share", "total"}
    trail(view).get_by_role("button", name="e", exact=True).click()
    expect(trail(view)).to_be_hidden()
    expect(view.position).to_have_text("Step 2 of 10")


AROUND = """root => {
    const box = (element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
    };
    const around = [...root.querySelectorAll("[data-around]")];
    return {
        frame: box(root.querySelector(".frame")),
        around: around.map((node) => box(node.querySelector("rect"))),
        lines: around.map((node) => [...node.querySelectorAll("text")].map((text) => text.textContent)),
        inside: [...root.querySelectorAll(".picture .node")].map(box),
    };
}"""


@pytest.mark.parametrize(("sizes", "name"), [((4, 4, 3), "o_2^(1)"), ((2, 2, 1), "o_1^(2)")])
def test_an_opened_neuron_stays_in_its_network(show, sizes, name):
    root = loss(*sizes)
    view = show(step_through(root, step=2))
    while not view.button(f"Open {typeset(name)}").count():
        view.press("ArrowRight")
    view.button(f"Open {typeset(name)}").click()
    expect(view.root.locator(".frame-title")).to_have_text("".join(sign for sign in name if sign not in "^_"))
    seen = view.root.evaluate(AROUND)
    x, y, width, height = seen["frame"]
    assert len(seen["around"]) == sum(sizes)  # its neurons, without the opened one, and the error
    for left, top, across, down in seen["around"]:  # pushed aside, not covered
        assert left + across <= x + 0.5 or left >= x + width - 0.5 or top + down <= y + 0.5 or top >= y + height - 0.5
    for left, top, across, down in seen["inside"]:
        assert x < left < left + across < x + width
        assert y < top < top + down < y + height
    numbers = {
        node.label: number_text(node.data, 4) for node in topological_order(root) if node.label[:2] in {"o_", "e"}
    }
    shown = {tuple(lines[:2]) for lines in seen["lines"]}
    assert shown == {(re.sub(r"[\^_]", "", label), number) for label, number in numbers.items() if label != name} | {
        lines for lines in shown if lines[0] == "e"
    }
    assert ids_are_unique(view)


def ids_are_unique(view):
    return view.root.evaluate(
        """root => {
            const ids = [...root.querySelectorAll("[id]")].map((one) => one.id);
            return ids.length === new Set(ids).size;
        }"""
    )


def test_a_training_step_goes_neuron_by_neuron(show):
    root = loss(2, 2, 1)
    root.backward()
    weights = {node: node.data - 0.1 * node.grad for node in topological_order(root) if node.label.startswith("w")}
    view = show(step_through(root, update=0.1))
    expect(view.position).to_have_text("Step 1 of 15")
    for step in (10, 11, 12):
        view.go(step)
        numbers = view.root.locator(".facts .number").all_inner_texts()
        assert len(numbers) == 3
        assert set(numbers) <= {number_text(number, 4) for number in weights.values()}
    view.go(13)
    fills = view.root.evaluate(FILLS).values()
    assert {fill["lines"][2] for fill in fills if len(fill["lines"]) > 2} == {"δ 0.0"}
    view.go(14)
    for weight, number in weights.items():
        weight.data = number
    assert f"→{number_text(root.forward().data, 4)}" in view.root.locator(".formula").inner_text().replace("\n", "")


@pytest.mark.parametrize("mistake", ["overwrite", "wrong order"])
def test_a_mistake_is_red_from_the_neuron_where_it_begins(show, mistake):
    root = loss(4, 4, 3)
    wrong = {step.parent.label: step.total for step in wrong_steps(root, mistake)}
    root.backward()
    right = {node.label: node.grad for node in topological_order(root)}
    view = show(step_through(root, mistake=mistake))
    expect(view.position).to_have_text("Step 1 of 18")
    expect(view.root.locator(".words")).to_contain_text("has a mistake")
    view.press("End")
    for layer, widths in ((1, 4), (2, 3)):
        for unit in range(1, widths + 1):
            signal = f"s_{unit}^({layer})"
            circle = view.root.locator(".picture g.neuron", has_text=f"o{unit}({layer})")
            expect(circle).to_contain_text(f"δ {number_text(wrong[signal], 4)}")
            if wrong[signal] != pytest.approx(right[signal], rel=1e-9):
                expect(circle).to_contain_class("wrong")
                expect(circle).to_contain_text("✗")
    view.press("ArrowLeft")
    expect(view.root.locator(".words")).to_contain_text("Correct: ")


def test_between_neurons_outputs_and_deltas_travel_and_become_products(show):
    root = loss(2, 2, 1)
    root.backward()
    by_label = {node.label: node for node in topological_order(root)}
    view = show(step_through(root), in_motion)
    view.press("ArrowRight")
    travellers = view.root.locator(".traveller")
    steps = [("o_1^(0)", "w^(1)_{1,1}"), ("o_2^(0)", "w^(1)_{1,2}")]
    view.frame.clock.run_for(200)
    assert travellers.all_text_contents() == [number_text(by_label[o].data, 4) for o, _ in steps]
    view.frame.clock.run_for(200)
    assert travellers.all_text_contents() == [number_text(by_label[o].data * by_label[w].data, 4) for o, w in steps]
    view.press("ArrowRight", 7)
    expect(view.root.locator(".title")).to_contain_text("Backward: neuron o2(1)")
    delta = by_label["s_1^(2)"].grad
    for milliseconds, number in ((200, delta), (200, delta * by_label["w^(2)_{1,2}"].data)):
        view.frame.clock.run_for(milliseconds)
        assert travellers.all_text_contents() == [number_text(number, 4)]
    view.frame.clock.run_for(400)
    expect(travellers).to_have_count(0)
    expect(view.root.locator(".picture g.neuron.now")).to_contain_text(f"δ {number_text(by_label['s_2^(1)'].grad, 4)}")


def test_predict_asks_for_outputs_and_deltas_of_neurons(show):
    root = loss(2, 2, 1)
    root.backward()
    by_label = {node.label: node for node in topological_order(root)}
    view = show(step_through(root, predict=True, detail="neuron", tolerance=1e-5))
    view.press("ArrowRight")
    now = view.root.locator(".picture g.neuron.now")
    expect(now).to_contain_text("?")
    o, s = by_label["o_1^(1)"], by_label["s_1^(1)"]
    assert number_text(o.data, 4) not in view.root.locator(".screen").inner_text()
    for given, hint in (
        (s.data, "That is the weighted sum"),
        (-o.data, "The size is right; check the signs."),
        (o.data, "Right: "),
    ):
        view.answer.fill(repr(given))
        view.button("Check").click()
        expect(view.verdict).to_contain_text(hint)
    for _ in range(2):
        view.button("Next").click()
        view.button("Show answer").click()
    for _ in range(4):
        view.button("Next").click()
    expect(view.root.locator(".title")).to_contain_text("o1(2)")
    view.button("Show answer").click()
    view.button("Next").click()
    o, s = by_label["o_2^(1)"], by_label["s_2^(1)"]
    expect(now).to_contain_text("δ ?")
    assert number_text(s.grad, 4) not in view.root.locator(".screen").inner_text()
    for given, hint in (
        (o.grad, "That is the upstream gradient"),
        (1 - o.data**2, "That is the slope of the activation"),
        (by_label["s_1^(2)"].grad, "of another neuron"),
        (s.grad, "Right: "),
    ):
        view.answer.fill(repr(given))
        view.button("Check").click()
        expect(view.verdict).to_contain_text(hint)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_no_mistake(show, number):
    net = MLP(2, [2, 1], "relu", "linear", seed=1)
    view = show(step_through(squared_error(net([number, 1.0]), 0.5)))
    expect(view.position).to_have_text("Step 1 of 10")
    view.press("ArrowRight", 9)
    expect(view.root.locator(".picture .wrong")).to_have_count(0)
    assert "✗" not in view.root.inner_text()


def test_a_click_around_an_opened_neuron_opens_another_and_escape_closes_it(show):
    view = show(step_through(loss(2, 2, 1), step=1))
    view.root.locator(".picture g.neuron.now").click()
    expect(trail(view)).to_contain_text("o1(1)")
    view.root.locator("[data-around]", has_text="o2(1)").click()
    expect(trail(view).locator("strong")).to_contain_text("o2(1)")
    view.press("Escape")
    expect(trail(view)).to_be_hidden()
    expect(view.root.locator(".frame")).to_have_count(0)
    expect(view.position).to_have_text("Step 2 of 10")


def test_the_level_of_detail_can_be_chosen(show):
    view = show(step_through(loss(4, 4, 3)))
    view.root.locator("summary", has_text="More").click()
    walk = walk_steps(loss(4, 4, 3))
    forward = sum(step.phase == "forward" for step in walk)
    for name, count in {"edge": len(walk), "node": 2 + 2 * forward, "layer": 8, "neuron": 18}.items():
        detail(view).select_option(name)
        expect(view.position).to_have_text(f"Step 1 of {count}")
        view.press("End")  # no step may fail
        view.press("ArrowLeft", 3)


def test_node_by_node_all_edges_of_a_node_pass_at_once(show):
    x = Value(3.0, "x")
    view = show(step_through(x * x, detail="node"))
    expect(view.position).to_have_text("Step 1 of 4")
    view.go(3)
    assert view.root.locator(".facts tr[data-quantity=total] .number").all_inner_texts() == ["3", "6"]
    expect(view.node("x")).to_contain_text("grad 6")


def test_a_gpt_opens_as_a_few_boxes_down_to_its_nodes(show, tmp_path):
    _, make_loss = gpt("ours")
    with call_sites():
        root = make_loss()
    stepper = step_through(root, title="A small GPT")
    assert stepper.save(tmp_path / "gpt.html").stat().st_size < 10_000_000
    view = show(stepper)
    assert 10 <= len(view.nodes()) <= 25
    expect(view.position).to_have_text("Step 1 of 28")
    for name in ("q = linear(x, query)", "linear() 2 of 5", "part 1 of 16"):
        while not view.button(f"Open {name}").count():
            view.press("ArrowRight")
        view.button(f"Open {name}").click()
        expect(trail(view).locator("strong")).to_have_text(name)
    root.backward()
    names = names_of(topological_order(root))
    view.press("End")
    name = view.root.locator(".title").text_content().rpartition(" ")[2]
    parent = next(node for node, other in names.items() if in_mathml(typeset(other)) == name)
    assert view.facts()["total"] == number_text(parent.grad, 4)  # the last contribution, so the total is complete


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_among_neurons(show, theme):
    view = show(step_through(loss(4, 4, 3)), lambda page: page.emulate_media(color_scheme=theme))
    for step in (0, 3, 12, 18):
        view.go(step)
        assert view.serious_violations() == []
    view.go(3)
    view.button(f"Open {typeset('o_3^(1)')}").click()
    assert view.serious_violations() == []


# Live numbers: without a kernel, all of them follow what a reader changes


def as_number(text):
    return float(text.replace("−", "-").replace("∞", "inf"))


def drag(view, name, pixels):
    box = view.node(name).bounding_box()
    mouse = view.frame.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + pixels, y + 3, steps=3)
    mouse.up()


def lines_of(root, below=None):
    """What the steps so far say at the end of the walk."""
    summary = f"All gradients of {root.label}"
    return [*(in_mathml(step.text) for step in walk_steps(root, below, digits=4)), summary]


def unfold(view):
    view.root.locator("summary").filter(has_text="What if").click()


def type_in_place(view, name, text):
    view.node(name).locator("text").nth(1).click()
    view.root.locator(".typed input").fill(text)
    view.root.locator(".typed input").press("Enter")


def check_all_steps(view, root):
    """At each step the view says what Python says of a graph."""
    for at, step in enumerate(walk_steps(root, digits=4)):
        view.go(at)
        boxes = [tuple(box["lines"][1:]) for box in view.nodes() if "constant" not in box["classes"]]
        assert boxes == expected_boxes(root, at), f"at step {at}"
        expect(view.step_now).to_have_text(in_mathml(step.text))
        if step.step:
            names = ("upstream", "slope", "share", "total")
            assert view.facts() == {name: number_text(getattr(step.step, name), 4) for name in names}
    view.press("End")
    assert view.lines() == lines_of(root)


def test_all_numbers_of_all_steps_follow_a_leaf_that_is_dragged(show):
    view = show(step_through(graph(), step=3))
    drag(view, "a", 40)
    number = as_number(view.node("a").locator("text").nth(1).text_content().split()[1])
    assert number > 0.8
    expect(view.position).to_have_text(view.at(3))  # dragging does not click
    check_all_steps(view, graph(a=number))


def test_all_numbers_of_all_steps_follow_a_number_that_is_typed(show):
    view = show(step_through(graph()))
    type_in_place(view, "b", "2/3")
    expect(view.root.locator(".typed")).to_have_count(0)
    expect(view.root.get_by_label("b, exactly")).to_have_value("0.666667")
    check_all_steps(view, graph(b=2 / 3))
    unfold(view)
    view.root.get_by_label("b, exactly").fill("1e-3")
    view.root.get_by_label("b, exactly").press("Tab")
    check_all_steps(view, graph(b=1e-3))
    view.root.get_by_role("slider", name="b", exact=True).press("ArrowLeft")
    expect(view.root.get_by_label("b, exactly")).to_have_value("−0.02")


def test_reset_brings_all_numbers_back_as_they_were(show):
    view = show(step_through(graph(), digits=17, step=LAST))
    before = view.perceptible()
    expect(view.button("Reset")).to_be_disabled()
    drag(view, "a", 40)
    drag(view, "b", -40)
    assert view.perceptible() != before
    view.click("Reset")
    assert view.perceptible() == before


@pytest.mark.parametrize("where", ["in place", "in the list"])
def test_what_is_not_a_number_is_an_error_in_place_and_changes_nothing(show, where):
    view = show(step_through(graph(), step=LAST))
    before = view.nodes()
    if where == "in place":
        type_in_place(view, "a", "two")
        box = view.root.locator(".typed input")
    else:
        unfold(view)
        box = view.root.get_by_label("a, exactly")
        box.fill("two")
        box.press("Enter")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(view.root.get_by_role("alert").filter(has_text="Type a number")).to_be_visible()
    assert view.nodes() == before
    assert view.serious_violations() == []
    box.fill("inf")
    box.press("Enter")
    expect(view.node("a")).to_contain_text("data ∞")
    expect(view.root.get_by_role("alert").filter(has_text="Type a number")).to_have_count(0)


def test_escape_leaves_a_number_as_it_is(show):
    view = show(step_through(graph()))
    view.node("a").locator("text").nth(1).click()
    view.root.locator(".typed input").fill("5")
    view.root.locator(".typed input").press("Escape")
    expect(view.root.locator(".typed")).to_have_count(0)
    expect(view.node("a")).to_contain_text("data 0.7313")


def test_inputs_and_targets_can_be_changed_too(show):
    def loss(x, y):
        return squared_error(MLP(2, [2, 1], seed=0)([x, -1.0]), y)

    view = show(step_through(loss(1.0, 0.5), step=20, detail="edge"))
    view.click("Fit")
    view.root.locator(".picture g.node.constant").first.locator("text").click()
    view.root.locator(".typed input").fill("0.25")
    view.root.locator(".typed input").press("Enter")
    drag(view, "y", 20)
    target = as_number(view.root.get_by_label("y, exactly").input_value())
    assert target != 0.5
    expect(view.node("y")).to_contain_text(f"y = {number_text(target, 4)}")
    root = loss(0.25, target)
    view.press("End")
    assert view.lines() == lines_of(root)


def test_at_each_level_a_network_follows_its_inputs_and_weights(show):
    def network(x, weight):
        net = MLP(2, [2, 1], seed=0)
        net.parameters()[1].data = weight
        root = squared_error(net([x, -1.0]), 0.5)
        root.backward()
        return {node.label: node for node in topological_order(root) if node.label}

    def exactly(label):
        return view.root.get_by_label(f"{typeset(label)}, exactly")

    view = show(step_through(network(1.0, 0.25)["e"]))
    view.press("End")
    drag(view, "o1(0)", 60)
    x = as_number(exactly("o_1^(0)").input_value())
    assert x != 1.0
    unfold(view)
    exactly("w^(1)_{1,1}").fill("-2/3")
    exactly("w^(1)_{1,1}").press("Enter")
    expected = network(x, -2 / 3)
    for shown, o, s in (
        ("o1(1)", "o_1^(1)", "s_1^(1)"),
        ("o2(1)", "o_2^(1)", "s_2^(1)"),
        ("o1(2)", "o_1^(2)", "s_1^(2)"),
    ):
        numbers = [number_text(expected[o].data, 4), f"δ {number_text(expected[s].grad, 4)}"]
        assert view.root.evaluate(FILLS)[shown]["lines"][1:] == numbers
    assert number_text(-2 / 3, 4) in view.root.locator(".edge-label").all_text_contents()
    unfold(view)
    view.go(1)
    view.button(f"Open {typeset('o_1^(1)')}").click()
    expect(view.node("w(1)1,1")).to_contain_text("data −0.6667")
    around = view.root.locator("[data-around]", has_text="o1(2)")
    expect(around).to_contain_text(number_text(expected["o_1^(2)"].data, 4))
    drag(view, "w(1)1,1", 60)
    expect(around).not_to_contain_text(number_text(expected["o_1^(2)"].data, 4))
    weight = as_number(exactly("w^(1)_{1,1}").input_value())
    assert weight > -2 / 3
    view.press("End")
    gradient = network(x, weight)["w^(1)_{1,1}"].grad
    expect(view.node("w(1)1,1")).to_contain_text(f"grad {number_text(gradient, 4)}")


def test_the_part_of_a_graph_follows_its_leaves(show):
    def build(number):
        x = Value(number, "x")
        part = (x * 2).sin()
        part.label = "part"
        root = part * part
        root.label = "root"
        return root, part

    root, part = build(3.0)
    view = show(step_through(root, below=part))
    type_in_place(view, "x", "5")
    view.press("End")
    assert view.lines() == lines_of(*build(5.0))


def test_predict_asks_for_the_numbers_of_now(show):
    view = show(step_through(graph(), predict=True, step=1))
    drag(view, "a", 40)
    number = as_number(view.root.get_by_label("a, exactly").input_value())
    expected = walk_steps(graph(a=number))[1].result
    assert number_text(expected, 4) not in view.perceptible()
    view.answer.fill(repr(expected))
    view.answer.press("Enter")
    expect(view.verdict).to_have_attribute("data-kind", "right")


def test_what_only_python_can_compute_cannot_be_changed(show):
    cube = Primitive("cube_of_the_page", "cube", lambda x: x * x * x, (lambda o, x: 3 * x * x,))
    view = show(step_through(cube(Value(2.0, "x"))))
    assert view.root.locator("[data-live], details:visible:has(.what-if)").count() == 0


def neuron():
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.88, "b")
    root = (w * x + b).tanh()
    root.label = "o"
    return root


def changes(view):
    return [note for note in view.root.locator(".nudge-note").all_text_contents() if note]


def test_a_nudge_flows_forward_and_is_compared_with_the_gradient(show):
    def prepare(page):
        page.emulate_media(reduced_motion="no-preference")
        stop_the_clock(page)

    view = show(step_through(neuron()), prepare)
    view.click("Nudge")
    seen = [changes(view)]
    for _ in range(3):
        view.frame.clock.run_for(350)
        seen.append(changes(view))
    root = [math.tanh(-2.99 * 2 + 6.88) - math.tanh(0.88), 0.02 * (1 - math.tanh(0.88) ** 2)]
    expected = ["Δ 0.01", "Δ 0.02", "Δ 0.02", f"Δ {number_text(root[0], 4)}"]
    assert [len(notes) for notes in seen] == [1, 2, 3, 4]
    assert sorted(seen[-1]) == sorted(expected)
    expect(view.root.locator(".nudge-says")).to_have_text(
        "Δw = 0.01 changes o by 0.009879; gradient × Δw = 1.002 × 0.01 = 0.01002."
    )
    assert [number_text(number, 4) for number in root] == ["0.009879", "0.01002"]
    drag(view, "w", 40)  # the nudge follows
    w = as_number(view.root.get_by_label("w, exactly").input_value())
    change = math.tanh((w + 0.01) * 2 + 6.88) - math.tanh(w * 2 + 6.88)
    expect(view.root.locator(".nudge-says")).to_contain_text(f"changes o by {number_text(change, 4)};")
    unfold(view)
    view.root.get_by_label("Leaf to nudge").select_option("b")
    view.root.get_by_label("Nudge by").fill("-0.5")
    view.root.get_by_label("Nudge by").press("Enter")
    view.frame.clock.run_for(2000)
    assert len(changes(view)) == 3  # neither w nor x nor their product changes
    expect(view.root.locator(".nudge-says")).to_contain_text("× (−0.5) = ")
    view.click("Nudge")
    assert changes(view) == []
    expect(view.root.locator(".nudge-says")).to_be_hidden()


def test_without_motion_a_nudge_is_there_at_once(show):
    view = show(step_through(neuron()), lambda page: page.emulate_media(reduced_motion="reduce"))
    view.click("Nudge")
    assert len(changes(view)) == 4
    assert view.serious_violations() == []


def test_a_link_carries_the_numbers_that_were_changed(show):
    view = show(step_through(graph(), step=3))
    type_in_place(view, "b", "-2/3")
    view.frame.wait_for_url("**#step=4&let.b=-0.6666666666666666")
    view.frame.reload()
    check_all_steps(view, graph(b=-2 / 3))
    view.frame.evaluate("location.hash = '#step=1&let.a=inf&let.b=two&let.c=3'")
    expect(view.node("a")).to_contain_text("data ∞")
    expect(view.node("b")).to_contain_text("data −1.292")


# The page of nbconvert


def test_after_nbconvert_the_iframe_is_alive_without_a_network(context, tmp_path):
    context.watch.noise += NOISE_OF_NBCONVERT
    context.set_offline(True)
    write_notebook(tmp_path / "nb.ipynb", ("step_through(L)", step_through(graph())._repr_html_()))
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", tmp_path / "nb.ipynb"],
        env=environment(tmp_path), check=True, capture_output=True,
    )  # fmt: skip
    page = context.new_page()
    page.goto((tmp_path / "nb.html").as_uri(), wait_until="domcontentloaded")
    view = framed(page)
    view.click("Next")
    expect(view.position).to_have_text(view.at(1))
    view.press("End")
    expect(view.position).to_have_text(view.at(END))
    view.slider.fill("5")
    expect(view.position).to_have_text(view.at(5))
    unfold(view)
    view.root.get_by_label("a, exactly").fill("-2.5")
    view.root.get_by_label("a, exactly").press("Enter")  # all numbers follow, and there is no kernel
    view.go(LAST + 1)
    assert view.lines() == lines_of(graph(a=-2.5))
    expect(page.locator(".jp-OutputArea-output img")).to_have_count(0)
    assert view.serious_violations() == []


# Live in JupyterLab


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = JupyterLab(tmp_path_factory.mktemp("jupyter"))
    yield lab
    lab.stop()


@pytest.fixture
def page(context):
    page = context.new_page()
    page.set_viewport_size({"width": 1400, "height": 4000})  # JupyterLab renders only cells that are in sight
    return page


@pytest.mark.parametrize("template", ["{}", "<div><p>Above.</p><section>{}</section></div>", "{0[0]}<div>{0[1]}</div>"])
def test_the_still_picture_goes_where_scripts_run_however_the_host_wraps_the_frame(context, tmp_path, template):
    html = step_through(graph())._repr_html_()
    parts = html.partition("<iframe")
    page = context.new_page()
    wrapped = template.format(html) if "{0" not in template else template.format([parts[0], "<iframe" + parts[2]])
    (tmp_path / "host.html").write_text(f"<!doctype html><body>{wrapped}</body>", encoding="utf-8")
    page.goto((tmp_path / "host.html").as_uri())
    page.frame_locator("iframe").locator(".card").wait_for()
    assert page.get_by_text("This is a picture").count() == 0
    assert page.get_by_text("Above.").count() == template.count("Above.")


def test_a_frame_of_a_foreign_page_tells_its_height(context, tmp_path):
    step_through(graph()).save(tmp_path / "page.html")
    host = """<!doctype html><script>addEventListener("message", ({ data }) => (window.told = data));</script>
        <iframe sandbox="allow-scripts" src="page.html" width="900" height="600"></iframe>"""
    (tmp_path / "slide.html").write_text(host, encoding="utf-8")
    page = context.new_page()
    page.goto((tmp_path / "slide.html").as_uri())
    page.wait_for_function("window.told?.height > 300")
    assert page.evaluate("window.told.type") == "autograd-stepper"


def test_the_iframe_works_in_jupyterlab(lab, page):
    lab.open_and_run(page, lab.write("iframe.ipynb", GRAPH + "step_through(L)"))
    view = framed(page)
    expect(page.locator(".jp-OutputArea-output img")).to_have_count(0)
    expect(page.get_by_text("This is a picture")).to_have_count(0)
    view.click("Next")
    expect(view.position).to_have_text(view.at(1))
    for key, at in [("ArrowRight", 2), ("End", END), ("Home", 0)]:
        view.press(key)
        expect(view.position).to_have_text(view.at(at))
    view.slider.fill("5")
    expect(view.position).to_have_text(view.at(5))
    view.node("u").click()
    expect(view.root.locator(".title")).to_have_text(re.compile("to u$"))
    view.click("Predict")
    expect(view.answer).to_be_focused()
    view.click("Show answer")
    expect(view.score).to_have_text("Score: 0 of 1 right on the first try")
    assert view.serious_violations() == []
    frame = page.locator(".jp-OutputArea-output iframe").element_handle()
    for large in ("true", "false"):  # the iframe is as high as what it shows
        view.click("Large text")
        expect(view.root).to_have_attribute("data-large", large)
        page.wait_for_function(
            "frame => Math.abs(frame.clientHeight - frame.contentDocument.body.scrollHeight) < 5", arg=frame
        )


def test_an_untrusted_notebook_shows_the_picture_and_no_iframe(lab, page):
    lab.open(page, lab.write("untrusted.ipynb", ("step_through(L)", step_through(graph())._repr_html_())))
    picture = page.locator(".jp-OutputArea-output img")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("alt", "Computation graph with 8 nodes and 9 edges")
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
    expect(page.get_by_text("This is a picture: trust the notebook")).to_be_visible()
    expect(page.locator(".jp-OutputArea-output iframe")).to_have_count(0)


def test_a_trusted_notebook_is_alive_before_anything_is_run(lab, page):
    path = lab.write("trusted.ipynb", ("step_through(L)", step_through(graph())._repr_html_()))
    lab.trust(path)
    lab.open(page, path)
    view = framed(page)
    view.click("Last step")
    expect(view.position).to_have_text(view.at(END))
    expect(page.locator(".jp-OutputArea-output img")).to_have_count(0)


WIDGET = """
from ipywidgets import Label

w = step_through(L, digits=17).widget()
heard = Label()
w.observe(lambda change: setattr(heard, "value", f"{change.old} to {change.new}, now {w.step}"), "step")
tried = Label()
w.observe(lambda change: setattr(tried, "value", f"a is {w.leaves['a']}, L is {w.root.data!r}"), "leaves")
display(w, heard, tried)
"""


def test_the_state_of_the_widget_goes_both_ways(lab, page):
    lab.open_and_run(page, lab.write("widget.ipynb", GRAPH + WIDGET, "w", "w.step = 5", "w.step, w.predict, w.large"))
    views = [View(page, number, widget=True) for number in (0, 1)]
    view = views[0]

    def at(step, before=None):
        for one in views:  # the same widget, shown twice
            expect(one.position).to_have_text(one.at(step))
        if before is not None:
            expect(page.get_by_text(f"{before} to {step}, now {step}", exact=True)).to_be_visible()

    at(5)
    view.click("Next")
    at(6, before=5)
    view.press("End")
    at(END, before=6)
    view.press("Home")
    at(0, before=END)
    view.press("ArrowRight")
    at(1, before=0)
    views[1].slider.fill("9")
    at(9, before=1)
    view.node("u").click()
    at(SEED + 6, before=9)
    lab.run_cell(page, 2)
    at(5, before=SEED + 6)
    view.click("Large text")
    view.click("Predict")
    expect(views[1].button("Predict")).to_have_attribute("aria-pressed", "true")
    lab.run_cell(page, 3)
    expect(lab.output(page, 3)).to_have_text("(5, True, True)")
    ids = page.locator(".autograd-stepper [id]").evaluate_all("all => all.map(element => element.id)")
    assert len(ids) == len(set(ids))
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(4)  # no key was taken for one of JupyterLab's


def check_the_numbers(view, root):
    """At the last step the view, of 17 digits, shows the numbers of a graph."""
    root.backward()
    view.slider.fill(view.slider.get_attribute("max"))
    for node, box in zip(variables(root), boxes_of_variables(view), strict=True):
        data, gradient = (as_number(line.split()[1]) for line in box["lines"][1:])
        assert (data, gradient) == pytest.approx((node.data, node.grad), rel=1e-13)


def test_the_sliders_on_the_leaves_recompute_the_graph(lab, page):
    lab.open_and_run(
        page, lab.write("leaves.ipynb", GRAPH + WIDGET, "w.leaves = {'b': 0.25}; w.leaves", "L.data, a.data")
    )
    view = View(page, widget=True)
    unfold(view)
    slider = view.root.get_by_role("slider", name="a", exact=True)
    exactly = view.root.get_by_role("textbox", name="a, exactly")
    expect(lab.output(page, 1)).to_have_text("{'a': 0.7313, 'b': 0.25}")
    expect(view.root.get_by_role("slider", name="b", exact=True)).to_have_value(re.compile("^0.2"))
    check_the_numbers(view, graph(b=0.25))
    slider.press("ArrowRight")
    a = float(slider.input_value())
    assert a != 0.7313
    expected = graph(a=a, b=0.25)
    expect(page.get_by_text(f"a is {a}, L is {expected.data!r}", exact=True)).to_be_visible()
    expect(view.node("a")).to_contain_text(f"data {number_text(a, 17)}")
    check_the_numbers(view, expected)
    exactly.fill("-2.5")
    exactly.press("Tab")
    expect(view.node("a")).to_contain_text("data −2.5")
    check_the_numbers(view, graph(a=-2.5, b=0.25))
    lab.run_cell(page, 2)
    expect(lab.output(page, 2)).to_have_text(f"({graph().data!r}, 0.7313)")  # the graph of the notebook is as it was
    view.click("Reset")
    expect(view.node("a")).to_contain_text(f"data {number_text(0.7313, 17)}")
    check_the_numbers(view, graph())


def test_leaves_that_are_infinite_or_not_a_number_reach_the_view_and_come_back(lab, page):
    setting = "w.leaves = {'a': float('nan'), 'b': float('-inf')}"
    lab.open_and_run(page, lab.write("infinite.ipynb", GRAPH + WIDGET, setting))
    view = View(page, widget=True)
    unfold(view)
    for name, number in (("a", "nan"), ("b", "−∞")):
        expect(view.node(name)).to_contain_text(f"data {number}")
        expect(view.root.get_by_role("textbox", name=f"{name}, exactly")).to_have_value(number)
    exactly = view.root.get_by_role("textbox", name="a, exactly")
    exactly.fill("0.5")
    exactly.press("Tab")
    expect(view.node("a")).to_contain_text("data 0.5")
    expect(page.get_by_text("a is 0.5, L is ")).to_be_visible()
    expect(view.node("b")).to_contain_text("data −∞")  # sent back by the view with the new number
    view.click("Reset")
    expect(view.node("b")).to_contain_text(f"data {number_text(-1.2917, 17)}")
    check_the_numbers(view, graph())


def test_predict_mode_in_the_widget_counts_in_the_kernel_and_axe_finds_nothing_serious(lab, page):
    cell = GRAPH + "w = step_through(L, predict=True, step=1).widget()\nw"
    lab.open_and_run(page, lab.write("predict.ipynb", cell, "w.score, w.step"))
    view = View(page, widget=True)
    walk = walk_steps(graph())
    assert shown(walk[1].result) not in view.perceptible()
    assert view.serious_violations() == []
    view.answer.fill("7")
    view.answer.press("Enter")
    expect(view.verdict).to_have_attribute("data-kind", "wrong")
    view.answer.fill(repr(walk[1].result))
    view.answer.press("Enter")
    expect(view.verdict).to_have_attribute("data-kind", "right")
    view.click("Next")
    expect(view.position).to_have_text(view.at(2))
    view.answer.fill(repr(walk[2].result))
    view.click("Check")
    expect(view.score).to_have_text("Score: 1 of 2 right on the first try")
    lab.run_cell(page, 1)
    expect(lab.output(page, 1)).to_have_text("({'right': 1, 'answered': 2}, 2)")
    view.click("Predict")
    for theme, name in [("dark", "JupyterLab Dark"), ("light", "JupyterLab Light")]:
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).click()
        page.get_by_role("menuitem", name=name, exact=True).click()
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "light").lower())
        expect(view.root).to_have_attribute("data-theme", theme)
        for at in (0, 2, SEED, LAST):
            view.go(at)
            assert view.serious_violations() == [], f"at step {at}, {theme}"


def test_two_views_of_a_widget_share_the_score(lab, page):
    cell = GRAPH + "w = step_through(L, predict=True, step=1).widget()\nw"
    lab.open_and_run(page, lab.write("score.ipynb", cell, "w"))
    first, second = View(page, 0, widget=True), View(page, 1, widget=True)
    first.answer.fill(repr(walk_steps(graph())[1].result))
    first.answer.press("Enter")
    first.click("Next")
    for view in (first, second):
        expect(view.position).to_have_text(view.at(2))
        expect(view.score).to_have_text("Score: 1 of 1 right on the first try")


def test_labels_are_never_markup_or_script_in_jupyterlab(lab, page):
    root = hostile_graph()
    source = f"""
from autograd_lite import Value, step_through

leaves = [Value(0.5 + i / 7, label=label) for i, label in enumerate({HOSTILE!r})]
root = leaves[0]
for i, leaf in enumerate(leaves[1:]):
    root = root * leaf if i % 2 else root + leaf
    root.label = f"{{leaf.label[:20]}} {{i}}"
root.label = {root.label!r}
step_through(root)
"""
    lab.open_and_run(page, lab.write("hostile.ipynb", source, "step_through(root).widget()"))
    walk = walk_steps(root, digits=4)
    check_that_labels_are_text(framed(page), walk)
    check_that_labels_are_text(View(page, widget=True), walk)
    sliders = page.get_by_role("group", name="What if", include_hidden=True).get_by_role("slider", include_hidden=True)
    assert sliders.evaluate_all("all => all.map(one => one.ariaLabel)") == [clean(label) for label in HOSTILE]
    check_that_no_script_has_run(page)
