"""Build the course as a static site: `python -m notebooks.site`, with the extra `site`.

Its pages are the notebooks, with the outputs that they keep, the other pages of this folder, and the reference, made
from the docstrings. They load nothing from another host; only the playground and the cells that run in a page do,
unless `--pyodide` names a folder.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

import nbformat
from sphinx.application import Sphinx

from notebooks.playground import build as playground
from notebooks.site.reference import reference

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent
MATHJAX = Path(str(files("sphinx-mathjax-offline"))) / "static/mathjax/tex-svg-full.js"
"""All of MathJax in one file, which loads no other."""

STATIC = [MATHJAX, *(HERE / name for name in ("icon.svg", "style.css", "theme.js"))]

CONFIGURATION = {
    "project": "autograd_lite",
    "html_title": "autograd_lite: the course",
    "extensions": [
        "myst_nb",
        "sphinx.ext.autodoc",
        "sphinx.ext.mathjax",
        "sphinx.ext.napoleon",
        "notebooks.site.hooks",
    ],
    "nb_execution_mode": "off",
    "myst_enable_extensions": ["dollarmath"],
    "html_theme": "furo",
    "html_favicon": "icon.svg",
    "html_static_path": [path.name for path in STATIC],
    "html_css_files": ["style.css"],
    "html_js_files": ["theme.js"],
    "html_extra_path": ["downloads"],
    "html_copy_source": False,
    "html_show_search_summary": False,  # summaries are loaded by the page, which does not work from the disk
    "html_show_copyright": False,
    "mathjax_path": MATHJAX.name,
    "smartquotes_action": "D",
    "default_role": "code",
    "add_module_names": False,
    "autodoc_preserve_defaults": True,
    "autodoc_member_order": "bysource",
    "maximum_signature_line_length": 80,
    "napoleon_numpy_docstring": False,
    "napoleon_use_ivar": True,
    "suppress_warnings": ["misc.highlighting_failure"],  # cells with commands of IPython
    "toc_object_entries_show_parents": "hide",
}


def build(folder: Path, pyodide: Path | None = None) -> None:
    """Build the site.

    Arguments:
        folder: where; what is there already is replaced.
        pyodide: npm's package pyodide as a folder, for the playground; None for the content delivery network.

    Raises:
        RuntimeError: if Sphinx warns.
    """
    with tempfile.TemporaryDirectory() as temporary:
        source, downloads, site = (Path(temporary, name) for name in ("source", "source/downloads", "site"))
        downloads.mkdir(parents=True)
        for path in [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("*.md"), *STATIC]:
            shutil.copy(path, source)
        (source / "index.md").write_text(index(), encoding="utf-8")
        for name, text in reference().items():
            (source / f"{name}.rst").write_text(text, encoding="utf-8")
        pack(downloads)
        playground.build(downloads / "playground", pyodide)
        app = Sphinx(source, None, site, source / "doctrees", "html", CONFIGURATION, warningiserror=True)
        app.build()
        if app.statuscode:
            raise RuntimeError("Sphinx warned, as shown above; the site was not written")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(site, folder)


def index() -> str:
    """Return the first page, with a table of the notebooks."""
    rows = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source
        title = re.search(r"^# (?:\d+\. )?(.*)", first)
        length = re.search(r"\*\*How long\*\*: ([^.\n]*)", first)
        rows.append(f"| {int(path.name[:2])} | [{title and title[1]}]({path.name}) | {length[1] if length else ''} |")
    return Template((HERE / "index.md").read_text(encoding="utf-8")).substitute(notebooks="\n".join(rows))


def pack(folder: Path) -> None:
    """Write the files to download: each notebook, and the whole course with the library as `course.zip`."""
    with tempfile.TemporaryDirectory() as temporary:
        course = Path(temporary, "autograd_lite-course")
        shutil.copytree(
            NOTEBOOKS, course, ignore=shutil.ignore_patterns("site", "playground", "*.md", "__pycache__", ".*")
        )
        build_wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(course)]
        subprocess.run(build_wheel, cwd=NOTEBOOKS.parent, check=True)
        shutil.make_archive(str(folder / "course"), "zip", temporary)
    for path in NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(path, folder)


def main() -> None:
    """Build the site into the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.site", description="Build the course as a static site.")
    parser.add_argument("-o", "--output", type=Path, default=Path("_site"), metavar="FOLDER", help="default: _site")
    parser.add_argument(
        "--pyodide",
        type=lambda text: None if text == "cdn" else Path(text),
        metavar="FOLDER|cdn",
        help="what the playground runs by: npm's package pyodide as a folder, or cdn, from which visitors load it (default)",
    )
    options = parser.parse_args()
    build(options.output, options.pyodide)


if __name__ == "__main__":
    main()
