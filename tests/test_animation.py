"""autograd_lite.stepper.animation: what is seen at each time, by the style sheet, and in a browser."""

import re
from pathlib import Path
from unicodedata import normalize
from xml.etree import ElementTree

import pytest
from browser import CHROMIUM, MISSING
from test_drawing import line_of

from autograd_lite import MISTAKES, Value, step_through
from autograd_lite.stepper import animation
from autograd_lite.stepper.animation import SECONDS

SVG = "{http://www.w3.org/2000/svg}"


def graph():
    a, b = Value(2.0, "a"), Value(-3.0, "b <&>")
    root = a * b + a.sin()
    root.label = "L"
    return root


def saved(tmp_path, root, **options):
    file = step_through(root, **options).save(tmp_path / "walk.svg")
    return ElementTree.parse(file).getroot()


def seen(svg, t):
    """The texts that are seen during a step, by the intervals in the classes."""
    for text in svg.iter(f"{SVG}text"):
        interval = re.search(r"t(\d+)-(\d+)", text.get("class", ""))
        if interval is None or int(interval[1]) <= t < int(interval[2]):
            yield line_of(text)


@pytest.mark.parametrize("options", [{}, {"update": 0.1}, {"mistake": "overwrite"}], ids=["walk", "update", "mistake"])
def test_each_step_has_its_line_and_its_numbers(tmp_path, options):
    root = graph()
    svg = saved(tmp_path, root, **options)
    walk = step_through(root, **options).story.walk
    product = next(t for t, step in enumerate(walk) if step.result == -6.0)
    for t, step in enumerate(walk):
        texts = list(seen(svg, t))
        assert f"{step.phase.capitalize()}: {step.parts[0]}" in texts
        assert ("data −6" in texts) == (t >= product)
        arrived = {s.step.parent if s.step else s.node for s in walk[: t + 1] if s.phase in ("seed", "backward")}
        assert sum(text.startswith("grad") for text in texts) == len(arrived)


def test_each_quantity_has_the_colour_that_it_has_in_the_page(tmp_path):
    style = (Path(animation.__file__).parent / "style.css").read_text(encoding="utf-8")
    assert dict(re.findall(r"--(upstream|local|product|total|wrong): light-dark\((#\w+),", style)) == animation.COLOURS
    names = {colour: quantity for quantity, colour in animation.COLOURS.items()}
    svg = saved(tmp_path, graph())
    [caption] = [text for text in svg.iter(f"{SVG}text") if line_of(text).startswith("Backward: ∂L/∂b <&>")]
    coloured = {}
    for part in caption.iter(f"{SVG}tspan"):
        if part.get("fill"):
            coloured.setdefault(names[part.get("fill")], []).append(part.text)
    assert coloured == {
        "total": ["∂L/∂b <&>"], "upstream": ["∂L/∂v", "1", "1"], "local": ["∂v", "1", "/∂b <&>", "2"], "product": ["2"],
    }  # fmt: skip


def test_without_animation_the_end_is_shown(tmp_path):
    svg = saved(tmp_path, graph())
    last = len(step_through(graph()).story.told()["steps"]) - 1
    at_the_end = [line_of(text) for text in svg.iter(f"{SVG}text") if "end" in text.get("class", "end").split()]
    assert at_the_end == list(seen(svg, last))
    style = svg.find(f"{SVG}style").text
    assert ".t{opacity:0" in style
    assert ".end{opacity:1}" in style
    assert "prefers-reduced-motion:reduce){.t{animation:none" in style


def test_the_file_holds_no_script_and_labels_stay_text(tmp_path):
    svg = saved(tmp_path, graph())
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} == {
        "svg", "style", "rect", "g", "path", "polygon", "text", "tspan",
    }  # fmt: skip
    assert "b <&>" in list(seen(svg, 0))


def test_each_mistake_can_be_saved(tmp_path):
    for mistake in MISTAKES:
        assert saved(tmp_path, graph(), mistake=mistake) is not None


@pytest.mark.browser
@pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")
def test_in_a_browser_one_line_is_seen_at_a_time_and_the_share_travels_against_the_arrow(tmp_path):
    from playwright.sync_api import sync_playwright

    root = graph()
    file = step_through(root).save(tmp_path / "walk.svg")
    walk = step_through(root).story.walk
    at = """milliseconds => {
        for (const animation of document.getAnimations()) { animation.pause(); animation.currentTime = milliseconds; }
        return [...document.querySelectorAll("text")].filter(text => getComputedStyle(text).opacity === "1")
            .map(text => [text.textContent, text.getBoundingClientRect().x]);
    }"""
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM) as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        for t, step in enumerate(walk):
            start, later = (page.evaluate(at, 1000 * SECONDS * (t + part)) for part in (0.1, 0.7))
            line = normalize("NFKC", f"{step.phase.capitalize()}: {step.parts[0]}")  # v1 for v₁, as its parts have it
            assert [text for text, _ in start if ": " in text] == [line]
            if step.step is not None:
                share = f"{step.step.share:.4g}".replace("-", "−")
                moved = [x for x in start if x not in later and x[0].startswith(share)]
                arrived = [x for x in later if x not in start and x[0].startswith(share)]
                assert len(moved) == len(arrived) == 1
                assert arrived[0][1] < moved[0][1]


def test_a_number_that_is_changed_afterwards_is_not_in_the_picture(tmp_path):
    a = Value(2.0, "a")
    stepper = step_through(a * 3.0)
    a.data = 5.0
    svg = ElementTree.parse(stepper.save(tmp_path / "walk.svg")).getroot()
    assert {text for text in seen(svg, 0) if text.startswith("data")} == {"data 2"}
