"""The view as a page that works from disk, offline, and as an iframe for notebooks."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any

from autograd_lite.pictures.diagram import Diagram, describe
from autograd_lite.pictures.svg import in_base64, to_svg


def on_one_line(source: str) -> str:
    """Return a script or a style sheet on one line without comments: some hosts join the lines of a page.

    Then a comment would swallow the code after it, and the content security policy would not know the script.

    >>> on_one_line('let a = "//"; // a comment\\n/* and\\nanother */ a;')
    'let a = "//"; a;'
    """
    strings_or_comments = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/"""
    kept = re.sub(strings_or_comments, r"\1", source, flags=re.DOTALL)
    return " ".join(filter(None, map(str.strip, kept.split("\n"))))


FOLDER = files("autograd_lite.stepper")
MODULES = sorted(
    file.name.removesuffix(".js") for file in FOLDER.joinpath("script").iterdir() if file.name.endswith(".js")
)
"""The files of the script; they are joined to one JavaScript module, in any order: none runs anything by itself."""

STYLE = " ".join(on_one_line(FOLDER.joinpath(f"{name}.css").read_text(encoding="utf-8")) for name in ("style", "live"))
SCRIPT = " ".join(on_one_line(FOLDER.joinpath(f"script/{name}.js").read_text(encoding="utf-8")) for name in MODULES)

PAGE_STYLE = STYLE + ' body { margin: 0; } @media screen { body:has([data-theme="dark"]) { background: #14181d; } }'
PAGE_SCRIPT = SCRIPT + " openPage();"


def hash_of(text: str) -> str:
    """Return the name by which a content security policy allows a script or a style sheet in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def page(title: str, state: dict[str, Any], still: str = "") -> str:
    """Return a document that shows the view; nothing is loaded from elsewhere, and only our script may run in it.

    Arguments:
        title: the title of the document, as text.
        state: what the view starts with, as data for JSON.
        still: HTML that is shown where no scripts run.

    >>> page("a < b", {"label": "</script>"}).count("</script>")
    2
    """
    policy = f"default-src 'none'; script-src {hash_of(PAGE_SCRIPT)}; style-src {hash_of(PAGE_STYLE)}; base-uri 'none'"
    data = json.dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n<body>\n"
        f'<main id="autograd-stepper"><noscript>{still}</noscript></main>\n'
        f'<script type="application/json" id="autograd-stepper-state">{data}</script>\n'
        f'<script type="module">{PAGE_SCRIPT}</script>\n</body>\n</html>\n'
    )


def still(title: str, diagram: Diagram, lines: Iterable[str]) -> str:
    """Return the graph and the steps as HTML that needs no script."""
    steps = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h1>{escape(title)}</h1>{to_svg(diagram, titles=False)}<ol>{steps}</ol>"


def image(diagram: Diagram) -> str:
    """Return a diagram as an image for HTML, described in words."""
    data = in_base64(to_svg(diagram, titles=False))
    return f'<img alt="{escape(describe(diagram))}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'


def framed(document: str, title: str, diagram: Diagram) -> str:
    """Return HTML for a notebook: the document in an iframe, and a picture that it removes where scripts run.

    Arguments:
        document: the page.
        title: what a screen reader calls the iframe.
        diagram: the picture.
    """
    source = document.replace("&", "&amp;").replace("'", "&#39;")  # in single quotes, which are rarer
    note = "This is a picture: trust the notebook, or run it, to step through the graph."
    look = "width:100%;height:700px;border:0"
    return (
        f'<div class="autograd-stepper-picture">{image(diagram)}<p>{note}</p></div>'
        f'<iframe title="{escape(title)}" allowfullscreen style="{look}" srcdoc=\'{source}\'></iframe>'
    )
