"""What Sphinx does differently for this site."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOWNLOADS = (
    '<p class="downloads">Download <a href="{name}.ipynb" download>this notebook</a> or <a href="course.zip" download>'
    'the whole course</a>, which has all that the notebooks need; <a href="where-people-work.html">how to open them</a>.</p>'
)


def plain_text(_app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    """Keep signs of docstrings, which are plain text, from being read as markup, and begin lists with a blank line."""
    blocks = re.split(r"(\n[ \t]*\n)", "\n".join(lines))
    for i, block in enumerate(blocks):
        if not block.lstrip().startswith(">>>"):
            escaped = re.sub(
                r"`[^`]*`|[|*]|(?<=\w)_(?!\w)", lambda found: found[0] if found[0][0] == "`" else f"\\{found[0]}", block
            )
            blocks[i] = re.sub(r"^((?! *- ).*)\n(?= *- )", r"\1\n\n", escaped, flags=re.MULTILINE)
    lines[:] = "".join(blocks).split("\n")


def readable(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write a function that is a default by its name, and a lambda as dots."""
    functions = r"<function (?:[\w.]*<lambda>|([\w.]+))>"
    return signature and re.sub(functions, lambda found: found[1] or "...", signature), returns


def only_ours(_app: Sphinx, _what: str, _name: str, thing: Any, _skip: bool, _options: object) -> bool | None:
    """Leave out what classes inherit or generate from other libraries."""
    return None if getattr(thing, "__module__", "nn").split(".")[0] in ("autograd_lite", "nn") else True


def add_downloads(app: Sphinx, name: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Add links to the files below the title of a notebook."""
    if Path(app.srcdir, f"{name}.ipynb").exists():
        context["body"] = context["body"].replace("</h1>", "</h1>" + DOWNLOADS.format(name=name), 1)


def make_alive(_app: Sphinx, name: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Add the script that runs the cells in the browser to the notebooks that need Python alone."""
    if name[:2] in {"01", "02"}:
        context["body"] += '<script type="module" src="playground/live.js"></script>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to what happens in Sphinx."""
    app.connect("autodoc-process-docstring", plain_text, priority=1)  # before napoleon, which writes markup
    app.connect("autodoc-process-signature", readable)
    app.connect("autodoc-skip-member", only_ours)
    app.connect("html-page-context", add_downloads)
    app.connect("html-page-context", make_alive)
    return {"parallel_read_safe": True}
