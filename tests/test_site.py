"""The site of the course: its pages, its files, its reference, and what it does in a browser without a network.

The cells of its live pages run by npm's package: PYODIDE=.../node_modules/pyodide pytest -m site tests/test_site.py
"""

import os
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
PACKAGES = ("furo", "hatchling", "myst_nb", "sphinx", "sphinx-mathjax-offline")
MISSING = [name for name in PACKAGES if find_spec(name) is None] + (
    [] if (ROOT / "notebooks/site").is_dir() else ["it"]
)
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.site, pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")]
in_browser = pytest.mark.skipif(bool(browser.MISSING), reason=f"not here: {', '.join(browser.MISSING)}")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built once; a warning of Sphinx ends the command."""
    folder = tmp_path_factory.mktemp("built") / "site"
    pyodide = os.environ.get("PYODIDE", "cdn")
    command = [sys.executable, "-m", "notebooks.site", "-o", folder, "--pyodide", pyodide]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


class Links(HTMLParser):
    """What a page links to or loads, and the names of its parts."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.names = set(), {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):  # noqa: ARG002  the parser says which tag
        for name, value in attributes:
            if name == "id":
                self.names.add(value)
            elif name in ("href", "src") and value:
                self.targets.add(value)


def test_every_link_leads_somewhere(site):
    pages = {path.name: Links(path) for path in site.glob("*.html")}
    assert {f"{name}.html" for name in NOTEBOOKS} < set(pages)
    broken, checked = [], 0
    for page, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            checked += 1
            path = unquote(parts.path) or page
            known = pages[path].names if path in pages else {parts.fragment}
            if not (site / path).is_file() or unquote(parts.fragment) not in known:
                broken.append(f"{page}: {target}")
    assert broken == []
    assert checked > 1000
    assert {"course.zip", "playground/index.html", "README.html"} <= pages["index.html"].targets


@pytest.mark.parametrize("package", ["autograd_lite", "nn", "nn.micrograd"])
def test_the_reference_has_every_public_name(site, package):
    page = (site / f"reference-{package.replace('.', '-')}.html").read_text(encoding="utf-8")
    documented = {name.rpartition(".")[2] for name in re.findall(r'<dt class="sig[^>]* id="([\w.]+)"', page)}
    assert re.findall(r"&lt;function|&lt;object| at 0x|problematic", page) == []
    assert set(import_module(package).__all__) - documented == ({"Module"} if package == "nn.micrograd" else set())


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("nn-plots", ["plot_decision_boundary", "animate_paths", "LivePlot"]),
        ("nn-surfaces", ["descend", "HIMMELBLAU", "Surface"]),
        ("nn-estimators", ["NetworkClassifier.fit", "NetworkRegressor.predict"]),
    ],
)
def test_the_reference_has_the_modules_beside_the_packages(site, page, names):
    text = (site / f"reference-{page}.html").read_text(encoding="utf-8")
    assert [name for name in names if f'id="{page.replace("-", ".")}.{name}"' not in text] == []


def test_the_reference_has_every_command(site):
    text = (site / "reference-command-line.html").read_text(encoding="utf-8")
    commands = "explain draw step worksheet check check-engine demo step-network diagnose-network handout-network"
    assert [name for name in commands.split() if f"usage: autograd-lite {name}" not in text] == []


def test_the_course_is_complete_in_its_zip(site, tmp_path):
    """Its wheel is installed, and a notebook with exercises runs; neither needs a package index."""
    with zipfile.ZipFile(site / "course.zip") as course:
        course.extractall(tmp_path)
    [folder] = tmp_path.iterdir()
    assert sorted(path.stem for path in folder.glob("*.ipynb")) == NOTEBOOKS
    [wheel] = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "installed", wheel]
    subprocess.run(pip, check=True)
    name = "13-published-examples.ipynb"
    client = NotebookClient(nbformat.read(folder / name, as_version=4), resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")})


@pytest.fixture(scope="module")
def address(site):
    with browser.served(site) as place:
        yield place


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser.CHROMIUM)
        yield running
        running.close()


@pytest.fixture
def page(chromium, address):
    """A page whose requests to other hosts fail, and end the test."""
    context = chromium.new_context(base_url=address)
    elsewhere, faults = [], []
    context.route(lambda url: not url.startswith((address, "data:")), lambda route: route.abort())
    page = context.new_page()
    page.on(
        "request",
        lambda request: (
            elsewhere.append(request.url) if not request.url.startswith((address, "data:", "about:")) else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert elsewhere == []
    assert faults == []


@in_browser
def test_all_pages_without_a_network(page, site):
    """Formulas are typeset, and no page is wider than a phone's screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    formulas = 0
    for path in sorted(site.glob("*.html")):
        page.goto(f"/{path.name}")
        page.evaluate("window.MathJax?.startup.promise")
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0, path.name
        expected = page.locator("span.math, div.math").count()
        assert page.locator("mjx-container").count() >= expected, path.name
        formulas += expected
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path.name
    assert formulas > 300


@in_browser
@pytest.mark.parametrize("width", [390, 1366])
def test_the_views_on_the_pages_step(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    with_views = [path.name for path in site.glob("[0-9]*.html") if "<iframe" in path.read_text(encoding="utf-8")]
    assert {"04-step-through-the-chain-rule.html", "05-the-delta-recursion.html"} <= set(with_views)
    for name in with_views:
        page.goto(f"/{name}")
        for frame in page.locator("iframe").all():
            frame.scroll_into_view_if_needed()
            view = browser.View(frame.element_handle().content_frame())
            before = view.position.inner_text()
            view.click("Next" if before.startswith("Step 1 ") else "Back")  # Next may wait for an answer
            assert view.position.inner_text() != before, name
            assert 300 < frame.bounding_box()["width"] < width
            assert view.frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.locator(".autograd-stepper-picture:visible").count() == 0, "where the script runs, no still picture"


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_view_follows_the_choice_of_light_or_dark(page, scheme):
    """The choice is made by the button of the theme, against the setting of the system."""
    page.emulate_media(color_scheme={"light": "dark", "dark": "light"}[scheme])
    page.goto("/04-step-through-the-chain-rule.html")
    while page.locator("body").get_attribute("data-theme") != scheme:
        page.locator(".theme-toggle:visible").first.click()
    view = browser.View(page.locator("iframe").first.element_handle().content_frame())
    paper = view.root.evaluate("root => getComputedStyle(root).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]


@in_browser
@pytest.mark.skipif("PYODIDE" not in os.environ, reason="PYODIDE names no folder of npm's package pyodide")
@pytest.mark.parametrize("name", NOTEBOOKS[:2])
def test_the_cells_of_a_page_run(page, name):
    """Without an error; an exercise says that it has no answer yet."""
    page.set_default_timeout(300_000)
    cells = [
        cell
        for cell in nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=4).cells
        if cell.cell_type == "code" and cell.source
    ]
    page.goto(f"/{name}.html")
    assert "Pyodide" in page.get_by_text("Shift+Enter runs a cell").text_content()
    page.get_by_role("button", name="Run all").click()
    page.locator(".cell").nth(len(cells) - 1).locator(".live-output").wait_for(state="attached")
    assert page.locator(".cell").count() == page.locator(".live-output").count() == len(cells)
    assert page.locator(".live-output .error").all_text_contents() == []
    outputs = page.locator(".live-output").all_inner_texts()
    asked = sum("exercise" in cell.metadata.get("tags", []) for cell in cells)
    assert sum("no answer yet" in text for text in outputs) == asked > 3


@in_browser
def test_a_search_finds_a_page(page):
    page.goto("/search.html?q=hessian")
    page.locator("ul.search li a").first.wait_for()
    assert "reference-autograd_lite" in page.locator("ul.search").inner_html()
