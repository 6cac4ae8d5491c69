"""The playground: what its Python shows, by this Python, and its pages in Chromium, by Pyodide without a network.

The browser tests need npm's package: PYODIDE=.../node_modules/pyodide pytest -m browser tests/test_playground.py
"""

import html
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser import CHROMIUM, MISSING, served

FOLDER = Path(__file__).parents[1] / "notebooks"
sys.path.insert(0, str(FOLDER))

from playground.browser import call  # noqa: E402
from playground.build import build  # noqa: E402
from playground.cells import Cells  # noqa: E402
from playground.playground import EXAMPLES, PANELS, show  # noqa: E402

LIVE = "01-a-number-that-remembers", "02-backward-and-the-table"
PYODIDE = os.environ.get("PYODIDE")


def in_browser(test):
    """Mark a test that opens a page."""
    missing = ", ".join([*MISSING, *([] if PYODIDE else ["npm's package pyodide, which PYODIDE names"])])
    return pytest.mark.browser(pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}")(test))


# What Python shows


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_shows_in_every_panel(example, panel):
    shown = show(example.kind, example.text, example.numbers, panel)
    assert (shown["problem"], shown["notes"]) == ("", [])
    assert len(shown["panel"]) > 1_000
    assert {leaf["name"]: leaf["number"] for leaf in shown["leaves"]}.items() >= example.numbers.items()


def test_mazurs_numbers_are_the_published_ones():
    """Mazur 2015: the total error is 0.298371109, and its derivative with respect to w5 is 0.082167041."""
    shown = show("formula", EXAMPLES[3].text, EXAMPLES[3].numbers, "picture")
    assert shown["result"] == "E = 0.2984"
    gradients = {leaf["name"]: leaf["gradient"] for leaf in shown["leaves"]}
    assert gradients["w5"] == "∂E/∂w₅ = 0.08217"


def test_numbers_go_to_the_leaves_also_of_code():
    for kind, text in [("formula", "x**2 * y"), ("code", "x = Value(7.0)\ny = Value(2.0)\nx**2 * y")]:
        shown = show(kind, text, {"x": 3.0, "y": 2.0, "other": 1.0}, "picture")
        assert shown["result"].endswith(" = 18")
        assert [leaf["gradient"].split(" = ")[1] for leaf in shown["leaves"]] == ["12", "9"]


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("formula", "2*sinn(x)", "unknown function 'sinn'; did you mean 'sin' or 'sinh'?\n  2*sinn(x)\n    ^^^^"),
        ("formula", "w*", "cannot read this: invalid syntax"),
        ("formula", "-" * 1001 + "x", "The formula has 1,002 characters; at most 1,000 are read."),
        ("code", "x = 1\ny = foo(2)", "Line 2: NameError: name 'foo' is not defined"),
        ("code", "x =", "Line 1: invalid syntax.\n  x ="),
        ("code", "x = Value(2.0)\nx.data", "The last line must compute a Value, for example: y = w * x"),
        ("code", "", "The last line must compute a Value"),
        ("code", "sum([Value(1.0) for _ in range(300)], 0.0)", "the graph has 601 nodes, more than max_nodes=500"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(kind, text, problem):
    shown = show(kind, text, {}, "picture")
    assert shown["problem"].startswith(problem)
    assert "panel" not in shown


def test_a_gradient_that_is_not_finite_is_noted():
    shown = show("formula", "log(x - 1)", {}, "picture")
    assert shown["result"] == "v₂ = −∞"
    [note] = shown["notes"]
    assert note.startswith("a gradient is inf")


def test_results_are_json_also_where_a_number_is_infinite():
    shown = json.loads(call("show", json.dumps(["code", "x = Value(float('inf'))\nx * 2", {}, "picture"])))
    assert shown["leaves"][0]["number"] is None


def test_cells_share_variables_and_show_what_they_print_display_and_compute():
    cells = Cells()
    assert cells.run("from autograd_lite import Value, draw\nx = Value(2.0)\nprint('a < b')\ndraw(x * 3)")[0] == (
        "<pre>a &lt; b\n</pre>"
    )
    assert re.fullmatch(r"<div .*<img alt=.*</div>", cells.run("draw(x * 3)")[0])
    assert cells.run("display(1)\nprint(2)\n_") == ["<pre>1</pre>", "<pre>2\n</pre>", cells.run("_")[-1]]
    [error] = cells.run("def f():\n    return 1 / 0\n\nf()")
    assert error.startswith('<pre class="error">')
    assert "return 1 / 0" in error
    assert error.endswith("ZeroDivisionError: division by zero\n</pre>")
    assert "SyntaxError" in cells.run("x =")[0]


def test_without_a_folder_pyodide_comes_from_the_documented_network(tmp_path):
    assert build(tmp_path) == tmp_path / "index.html"
    settings = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert re.fullmatch(r"https://cdn\.jsdelivr\.net/pyodide/v[\d.]+/full/", settings["pyodide"])
    assert settings["from"] == "cdn.jsdelivr.net"
    assert not (tmp_path / "pyodide").exists()


# In Chromium


def page_of(notebook):
    """A page of a notebook as Sphinx makes it, without its text."""
    cells = json.loads((FOLDER / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = [html.escape("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    cell = '<div class="cell docutils"><div class="cell_input docutils"><pre>{}\n</pre></div></div>'
    script = '<script type="module" src="live.js"></script>'
    return f"<!doctype html><html lang=en><title>N</title><h1>N</h1>{''.join(map(cell.format, sources))}{script}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(folder, Path(PYODIDE))
    for notebook in LIVE:
        (folder / f"{notebook}.html").write_text(page_of(notebook), encoding="utf-8")
    with served(folder) as place:
        yield place


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address):
    """A page that may load from the server only, and whose console stays empty."""
    context = chromium.new_context(base_url=address)
    context.set_default_timeout(60_000)
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort())
    page, told = context.new_page(), []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    yield page
    context.close()
    assert told == []


def typed(page, formula):
    page.locator("#view img").wait_for()  # Python is there
    page.get_by_role("textbox", name="Formula").fill(formula)
    page.get_by_role("button", name="Run").click()


def result(page, text):
    from playwright.sync_api import expect

    expect(page.locator("output")).to_have_text(text, timeout=60_000)


def serious(page):
    """What axe-core finds wrong in a page, without the pages in it."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    violations = page.evaluate("async () => (await axe.run(document, { iframes: false })).violations")
    return [each["id"] for each in violations if each["impact"] in {"serious", "critical"}]


@in_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, theme):
    page.emulate_media(color_scheme=theme)
    page.goto("/")
    page.locator("#view img").wait_for()
    for panel in PANELS:
        page.locator(f"[name=panel][value={panel}]").check()
        assert serious(page) == []


@in_browser
def test_a_formula_that_is_typed_is_stepped_through(page):
    page.goto("/")
    typed(page, "u = p*q; u**2 + p")
    page.get_by_role("radio", name="steps").check()
    stepper = page.frame_locator("#page")
    stepper.locator(".position", has_text="Step 1 of").wait_for()
    stepper.get_by_role("button", name="Next").click()
    stepper.locator(".position", has_text="Step 2 of").wait_for()
    assert "u = p × q" in stepper.locator(".picture").text_content().replace("\u2009", " ")
    assert "step=2" in page.url


@in_browser
def test_a_slider_and_a_typed_number_change_the_numbers_as_the_engine_computes(page):
    page.goto("/")
    typed(page, "p*q + p")
    page.get_by_label("p, typed").fill("3")
    page.get_by_label("p, typed").press("Enter")
    result(page, "v₂ = 6")
    slider = page.get_by_role("slider", name="q")
    slider.focus()
    slider.press("End")
    result(page, "v₂ = 9")  # q is 2
    assert page.get_by_label("q, typed").input_value() == "2"
    page.get_by_text("∂v₂/∂p = 3", exact=True).wait_for()
    page.get_by_label("p, typed").fill("three")
    page.get_by_label("p, typed").press("Enter")
    assert page.get_by_role("alert").text_content().startswith('p must be a number, for example -1.5 or 1e-3; "three"')


@in_browser
def test_a_link_reproduces_what_is_shown(page):
    page.goto("/")
    typed(page, "sin(t)*t")
    page.get_by_label("t, typed").fill("2.5")
    page.get_by_label("t, typed").press("Enter")
    result(page, "v₂ = 1.496")
    page.get_by_role("radio", name="explanation").check()
    page.get_by_text("Backward: the chain rule").wait_for()
    link = page.url
    assert parse_qs(urlsplit(link).fragment) == {
        "kind": ["formula"], "text": ["sin(t)*t"], "panel": ["explanation"], "let.t": ["2.5"],
    }  # fmt: skip
    page.goto("about:blank")
    page.goto(link)
    result(page, "v₂ = 1.496")
    page.get_by_text("Backward: the chain rule").wait_for()
    assert page.get_by_label("t, typed").input_value() == "2.5"


@in_browser
def test_code_from_a_link_runs_only_when_the_visitor_runs_it(page):
    page.goto("/#" + urlencode({"kind": "code", "text": "x = Value(3.0)\nx * x", "panel": "picture"}))
    page.locator("#example option").nth(1).wait_for(state="attached")  # Python is there
    assert page.get_by_role("textbox", name="Python").input_value() == "x = Value(3.0)\nx * x"
    assert "has not run" in page.locator("#notes").text_content()
    assert page.locator("output").text_content() == ""
    page.get_by_role("button", name="Run").click()
    result(page, "v₁ = 9")
    assert "has not run" not in page.locator("#notes").text_content()


@in_browser
def test_what_is_wrong_is_shown_and_endless_code_is_stopped(page):
    page.goto("/")
    typed(page, "tanh(w*x")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.text_content().splitlines()[:2] == ["cannot read this: '(' was never closed", "  tanh(w*x"]
    page.get_by_role("radio", name="Python").check()
    page.locator("#text").fill("while True:\n    pass")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Python was stopped.").wait_for()
    page.locator("#text").fill("x = Value(2.0)\nx + 1")
    page.get_by_role("button", name="Run").click()
    result(page, "v₁ = 3")


@in_browser
def test_a_phone_shows_it_without_scrolling_sideways(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/")
    page.locator("#view img").wait_for()
    for panel in PANELS:
        page.locator(f"[name=panel][value={panel}]").check()
        page.wait_for_function("[...document.querySelectorAll('[aria-busy]')].every(one => one.ariaBusy === 'false')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@in_browser
def test_axe_finds_nothing_serious_in_a_notebook(page):
    page.goto(f"/{LIVE[0]}.html")
    page.locator(".cell").nth(1).get_by_role("button").click()
    page.locator(".cell img").wait_for()
    assert serious(page) == []


@in_browser
def test_lines_that_are_typed_are_indented(page):
    page.goto(f"/{LIVE[0]}.html")
    cell = page.locator(".cell").first
    cell.get_by_role("textbox").click()
    page.keyboard.press("Control+A")
    for line in ("for i in range(2):", "if i:", "print('i is', i)"):
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    page.keyboard.type("print('again')")
    page.keyboard.press("Shift+Enter")
    output = cell.locator(".live-output")
    output.wait_for()
    assert output.inner_text().strip() == "i is 1\nagain"


@in_browser
def test_an_exercise_of_notebook_1_is_answered_in_its_page(page):
    page.goto(f"/{LIVE[0]}.html")
    cell = page.locator(".cell", has_text="dy_dc = None")
    output, source = cell.locator(".live-output"), cell.get_by_role("textbox")
    blank = source.inner_text()
    for answer, told in [("None", "no answer yet"), ("dy_du * b", "is not right"), ("dy_du * a", "right!")]:
        source.fill(blank.replace("dy_db = None", f"dy_db = {answer}"))
        source.press("Control+Enter")
        output.get_by_text(f"dy_db: {told}" if answer != "dy_du * b" else told).wait_for()
    page.locator(".cell img").first.wait_for()  # the picture of the first cells, which ran before
