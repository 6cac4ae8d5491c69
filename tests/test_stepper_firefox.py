"""The saved page in Firefox, with the network cut: it steps, follows what is dragged, asks, and hides nothing."""

import math

import pytest
from browser import MISSING

from autograd_lite import Value, step_through
from autograd_lite.labels import number_text
from autograd_lite.walk import walk_steps

if MISSING:
    pytest.skip(f"not installed: {', '.join(MISSING)}", allow_module_level=True)

from firefox import FIREFOX, Firefox
from test_stepper_browser import GRAPHS, OUT_OF_SIGHT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(FIREFOX is None, reason="Firefox is not installed")]

RIGHT, ENTER = "\ue014", "\ue007"  # as WebDriver names keys
ROOT = "document.querySelector('.autograd-stepper')"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    browser = Firefox(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()


@pytest.fixture
def show(firefox, tmp_path):
    def show(stepper, width=1280, height=800):
        firefox.open(stepper.save(tmp_path / "page.html"), width, height)
        return firefox

    yield show
    assert firefox.problems == []


def neuron():
    w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.88, label="b")
    root = (w * x + b).tanh()
    root.label = "o"
    return root


def test_it_steps_through_to_the_end_by_keys_and_by_the_button(show):
    page = show(step_through(neuron()))
    walk = walk_steps(neuron(), digits=4)
    for at in range(len(walk)):
        assert page.text(".position") == f"Step {at + 1} of {len(walk)}"
        if walk[at].step:
            assert page.text("tr[data-quantity=total] .number") == number_text(walk[at].step.total, 4)
        if at % 2:
            page.press(RIGHT)
        else:
            page.drag(*page.middle("button.main"))
    assert page.text(".position") == "Summary"
    assert (
        page.evaluate("[...document.querySelectorAll('.walk li')].filter(item => !item.hidden).length") == len(walk) + 1
    )


def test_all_numbers_follow_a_leaf_that_is_dragged(show):
    page = show(step_through(neuron(), step=len(walk_steps(neuron())) - 1))
    nodes = "[...document.querySelectorAll('.picture .node')]"
    texts = f"{nodes}.map(node => [node.dataset.node, node.querySelector('text').textContent])"
    number = next(number for number, text in page.evaluate(texts) if text.endswith("x"))
    page.drag(*page.middle(f".picture .node[data-node='{number}'] rect"), right=40)
    x = float(page.evaluate("document.querySelector('[aria-label=\"x, exactly\"]').value").replace("−", "-"))
    assert x != 2.0
    numbers = page.evaluate(f"{nodes}.map(node => node.textContent)")
    assert any(f"data {number_text(math.tanh(-3 * x + 6.88), 4)}" in text for text in numbers)


def test_it_asks_and_takes_the_right_answer(show):
    page = show(step_through(neuron(), predict=True, step=1))
    page.drag(*page.middle(".question input"))
    for key in "-6":
        page.press(key)
    page.press(ENTER)
    assert page.text(".verdict") == "Right: −6."
    assert page.text(".score") == "Score: 1 of 1 right on the first try"


@pytest.mark.parametrize("screen", [(1280, 800, 14), (390, 844, 11)], ids=str)
@pytest.mark.parametrize(("name", "detail"), [("square", "edge"), ("2-2-1", "edge"), ("2-2-1", "neuron")])
def test_picture_and_rule_are_seen_at_once_at_each_step(show, name, detail, screen):
    width, height, least = screen
    page = show(step_through(GRAPHS[name](), detail=detail), width, height)
    assert page.evaluate(f"({OUT_OF_SIGHT})([{ROOT}, {least}, {detail!r}])") == []
