"""The view of `step_through` in a real browser, JupyterLab as a server, and axe-core, for its tests."""

import contextlib
import functools
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from autograd_lite.words.lecture import ABOVE, BELOW

CHROMIUM = which("chromium")
PACKAGES = ("anywidget", "axe_playwright_python", "jupyterlab", "nbconvert", "playwright", "websocket")
MISSING = [name for name in PACKAGES if find_spec(name) is None] + ([] if CHROMIUM else ["the program chromium"])

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
TOKEN = "token"
PATIENCE = 300_000
"""In milliseconds: how long a page may take on a busy machine."""

# All that can be read or heard: text that is displayed, titles, and the attributes that a screen reader reads.
PERCEPTIBLE = """root => {
    const found = [];
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const { parentElement, data } = texts.currentNode;
        if (parentElement.checkVisibility() || parentElement.localName === "title") found.push(data);
    }
    const named = ["alt", "aria-description", "aria-label", "aria-valuetext", "placeholder", "title", "value"];
    for (const element of [root, ...root.querySelectorAll("*")]) {
        for (const name of named) if (element.hasAttribute(name)) found.push(element.getAttribute(name));
        if (element.localName === "input") found.push(element.value);
    }
    return found.join("\\n");
}"""

SEEN = """svg => {
    const [whole, frame] = [svg, svg.parentElement].map(one => one.getBoundingClientRect());
    const scale = whole.width / svg.viewBox.baseVal.width;
    const [left, top] = [frame.left + 1 - whole.left, frame.top + 1 - whole.top]; // within the border
    return [left / scale, top / scale, (frame.width - 2) / scale, (frame.height - 2) / scale];
}"""

PICTURE = """root => [...root.querySelectorAll(".picture g.node")].sort(
    (a, b) => a.dataset.node - b.dataset.node).map(node => {
    const { strokeWidth, strokeDasharray } = getComputedStyle(node.querySelector("rect"));
    const lines = [...node.querySelectorAll("text")].map(line => line.written ?? line.textContent);
    return { classes: [...node.classList], lines, border: `${strokeWidth} ${strokeDasharray}` };
})"""

ARROWS = """root => [...root.querySelectorAll(".picture g.edge")].sort(
    (a, b) => a.dataset.edge - b.dataset.edge).map(edge => {
    const { strokeWidth, strokeDasharray } = getComputedStyle(edge.querySelector("path"));
    return { classes: [...edge.classList], border: `${strokeWidth} ${strokeDasharray}` };
})"""

SERIOUS = """async root => {
    const { violations } = await axe.run(root, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
        .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}"""


def in_mathml(text):
    """The text of a formula typeset: what is below the line comes before what is above it."""
    above, below = map("".join, (ABOVE, BELOW))
    ordered = re.sub(f"([{above}]+)([{below}]+(?:,[{below}]+)*)", r"\2\1", text)
    return ordered.translate(str.maketrans(ABOVE | BELOW))


class View:
    """One view of a graph: a section of a page, of an iframe or of a notebook.

    Arguments:
        frame: the Page or the Frame that it is in.
        widget: whether it takes keys itself; else its page does.
    """

    def __init__(self, frame, number=0, widget=False):
        self.frame = frame
        self.root = frame.locator(".autograd-stepper").nth(number)
        self.root.wait_for(timeout=PATIENCE)
        self.keyboard = self.root if widget else frame.locator("body")
        self.position = self.root.locator(".position")
        self.step_now = self.root.locator(".walk li[aria-current]")
        self.slider = self.root.get_by_role("slider", name="Step", exact=True)
        self.spoken = self.root.locator(".spoken")
        self.answer = self.root.locator(".question input")
        self.prompt = self.root.locator(".question label")
        self.verdict = self.root.locator(".verdict")
        self.score = self.root.locator(".score")
        self.play = self.root.get_by_role("button", name=re.compile("^(Play|Pause)$"))
        self.frame_of_picture = self.root.locator(".picture")

    def button(self, name):
        """A button by its name, whether it is shown or folded away."""
        text = self.root.locator("button").filter(has_text=re.compile(rf"^(◀ )?{re.escape(name)}( ▶)?$"))
        return self.root.locator(f'button[aria-label="{name}"]').or_(text)

    def click(self, name):
        """Click a button, also where it is folded away."""
        with self.unfolded(self.button(name)):
            self.button(name).click()

    def select(self, label, option):
        """Choose an option in what is folded away."""
        choice = self.root.get_by_label(label)
        with self.unfolded(choice):
            choice.select_option(option)

    @contextlib.contextmanager
    def unfolded(self, control):
        """Within the context, what folds the control away is open."""
        fold = "(control, open) => { const fold = control.closest('details'); if (fold) fold.open = open; }"
        control.evaluate(fold, True)
        yield
        control.evaluate(fold, False)

    def press(self, key, times=1):
        for _ in range(times):
            self.keyboard.press(key)

    def go(self, step):
        self.slider.fill(str(step))

    def at(self, step):
        """The text that tells that the view is at a step, from 0."""
        last = int(self.slider.get_attribute("max"))
        return "Summary" if step == last else f"Step {step + 1} of {last}"

    def node(self, name):
        """The box of a node in the picture, by how its first line begins."""
        return self.root.locator(".picture g.node").filter(
            has=self.frame.locator("text", has_text=re.compile(rf"^(▸ )?(● )?{re.escape(name)}( =|$)"))
        )

    def nodes(self):
        """The boxes, in topological order: their lines, classes and borders."""
        return self.root.evaluate(PICTURE)

    def edges(self):
        return self.root.evaluate(ARROWS)

    def box(self):
        """The part of the picture that is in sight: x, y, width and height."""
        return self.root.locator(".picture > svg").evaluate(SEEN)

    def perceptible(self):
        return self.root.evaluate(PERCEPTIBLE)

    def lines(self):
        """The lines of the steps so far."""
        return self.root.locator(".walk li:not([hidden])").all_text_contents()

    def facts(self):
        """The table of a step: the rows' numbers, by quantity."""
        rows = self.root.locator(".facts tr").all()
        return {row.get_attribute("data-quantity"): row.locator(".number").inner_text() for row in rows}

    def serious_violations(self):
        """What axe-core finds wrong in the view."""
        if self.frame.evaluate("typeof axe") == "undefined":
            self.frame.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        return self.root.evaluate(SERIOUS)


def unused_address():
    """An address of this machine at which no server answers yet."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def wait_for(process, address):
    """Wait until a server that runs in a process answers."""
    patience = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < patience and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {address}")


def end(process):
    """End a process, whatever it does."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A handler that serves a folder and writes no log."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """The address of a folder that is served."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class JupyterLab:
    """A JupyterLab server with folders of its own, and notebooks in it."""

    def __init__(self, folder: Path):
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        self.address = unused_address()
        self.environment = environment(folder)
        settings = folder / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8")
        self.log = folder / "log.txt"
        options = {
            "token": TOKEN,
            "port": self.address.rpartition(":")[2],
            "port_retries": 0,
            "root_dir": self.folder,
        }
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser"]
                + [f"--ServerApp.{name}={value}" for name, value in options.items()],
                env=self.environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(self.process, f"{self.address}/api/status?token={TOKEN}")
        except BaseException as error:
            self.stop()
            error.add_note(self.log.read_text(encoding="utf-8"))
            raise

    def stop(self):
        end(self.process)

    def write(self, name, *cells):
        """Write a notebook into the server's folder; a cell is its source, or a pair of source and HTML output."""
        path = self.folder / name
        write_notebook(path, *cells)
        return path

    def trust(self, path):
        subprocess.run([sys.executable, "-m", "jupyter", "trust", path], env=self.environment, check=True)

    def open(self, page, path):
        """Open a notebook; its kernel is there, and nothing has been run."""
        page.goto(f"{self.address}/lab/tree/{path.name}?token={TOKEN}&reset")
        page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3 (ipykernel)").wait_for(timeout=PATIENCE)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()

    def open_and_run(self, page, path):
        self.open(page, path)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('[data-command="runmenu:run-all"]').click()

    def run_cell(self, page, number):
        """Run a cell, for the first time or again."""
        page.locator(".jp-Cell").nth(number).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")

    def output(self, page, number):
        return page.locator(".jp-Cell").nth(number).locator(".jp-OutputArea-output")


def framed(page):
    """The view in an iframe among the outputs of a notebook."""
    return View(page.locator(".jp-OutputArea-output iframe").element_handle(timeout=PATIENCE).content_frame())


def environment(folder: Path):
    """Return variables with folders of the test for Jupyter; kernels and extensions belong to the running Python."""
    names = ("config", "data", "runtime")
    return {**os.environ, **{f"JUPYTER_{name.upper()}_DIR": str(folder / name) for name in names}}


def write_notebook(path: Path, *cells):
    """Write an untrusted notebook; a cell is its source, or a pair of source and HTML output."""
    from nbformat import v4, write

    made = []
    for i, cell in enumerate(cells):
        source, html = cell if isinstance(cell, tuple) else (cell, None)
        outputs = [] if html is None else [v4.new_output("execute_result", {"text/html": html}, execution_count=i + 1)]
        made.append(v4.new_code_cell(source, outputs=outputs, id=f"cell-{i}"))
    write(v4.new_notebook(cells=made, metadata=KERNEL), path)
