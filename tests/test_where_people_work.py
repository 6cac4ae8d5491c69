"""What the page on where people work says, tried with the code on that page: a marimo app and a slide."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import browser
import pytest

from autograd_lite.cli import main

PAGE = Path(__file__).parents[1] / "notebooks/where-people-work.md"
REVEAL = Path(os.environ.get("REVEAL", "reveal.js"))
"""The folder of npm's package reveal.js."""

MISSING = [*browser.MISSING, *([] if find_spec("marimo") else ["marimo"]), *([] if PAGE.exists() else [PAGE.name])]

pytestmark = [pytest.mark.site, pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")]


def blocks(heading, language):
    """The blocks of code in a section of the page."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.CHROMIUM)
        yield chromium.new_page()
        chromium.close()


def view_in(page):
    return browser.View(page.locator("iframe").element_handle(timeout=browser.PATIENCE).content_frame())


def test_a_view_in_a_marimo_app_steps(page, tmp_path):
    [app] = blocks("marimo", "python")
    (tmp_path / "app.py").write_text(app, encoding="utf-8")
    address = browser.unused_address()
    command = f"-m marimo run app.py --headless --no-token --host 127.0.0.1 --port {address.rpartition(':')[2]}"
    server = subprocess.Popen([sys.executable, *command.split()], cwd=tmp_path)
    try:
        browser.wait_for(server, f"{address}/health")
        page.goto(address)
        view = view_in(page)
        view.click("Next")
        assert view.position.inner_text() == "Step 2 of 10"
    finally:
        browser.end(server)


def slides(*sections):
    """A presentation of reveal.js, whose files are in the folder `reveal.js`."""
    return (
        '<!doctype html><link rel="stylesheet" href="reveal.js/dist/reveal.css">'
        f'<div class="reveal"><div class="slides">{"".join(sections)}</div></div>'
        '<script src="reveal.js/dist/reveal.js"></script><script>Reveal.initialize();</script>'
    )


@pytest.mark.skipif(not REVEAL.is_dir(), reason="the variable REVEAL names no folder of reveal.js")
def test_a_view_on_a_slide_steps_and_the_slides_go_on(page, tmp_path):
    [command], [slide] = blocks("Slides: reveal.js", "sh"), blocks("Slides: reveal.js", "html")
    _, *words, name = shlex.split(command)
    assert main([*words, str(tmp_path / name)]) == 0
    (tmp_path / "reveal.js").symlink_to(REVEAL.resolve())
    (tmp_path / "slides.html").write_text(slides(slide, "<section>The end</section>"), encoding="utf-8")
    page.goto((tmp_path / "slides.html").as_uri())
    view = view_in(page)
    view.position.click()
    page.keyboard.press("ArrowRight")
    assert view.position.inner_text() == "Step 2 of 10"
    assert page.evaluate("Reveal.getIndices().h") == 0
    page.mouse.click(5, 5)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1


def test_the_wheel_that_the_page_names_is_the_one_of_this_version():
    from importlib.metadata import version

    assert f"./autograd_lite-{version('autograd-lite')}-py3-none-any.whl[lab]" in blocks("On your own machine", "sh")[0]
