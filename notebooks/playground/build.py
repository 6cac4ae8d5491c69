"""Write the playground to a folder: the page, the packages that it runs, and Pyodide if it is there."""

import json
import shutil
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
CDN = "https://cdn.jsdelivr.net/pyodide/v314.0.7/full/"
"""Where Pyodide comes from if no folder is named; visitors then load it from there."""

NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
"""The files of npm's package that a browser loads."""

MEGABYTE = 1e6
SIZE_ON_CDN = 13.5
"""In megabytes, before the server compresses them."""


def build(target: Path, pyodide: Path | None = None) -> Path:
    """Write the playground, and return its page.

    Arguments:
        target: the folder.
        pyodide: npm's package as a folder; None for the content delivery network.
    """
    target.mkdir(parents=True, exist_ok=True)
    for source in FOLDER.iterdir():
        if source.suffix in {".html", ".js", ".css"}:
            shutil.copy(source, target)
    with zipfile.ZipFile(target / "packages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in (ROOT / "autograd_lite", ROOT / "notebooks/exercises", FOLDER):
            for source in sorted(folder.rglob("*")):
                if source.suffix in {".py", ".css", ".js"}:
                    archive.write(source, source.relative_to(folder.parent))
    settings = {"pyodide": CDN, "from": "cdn.jsdelivr.net", "size": SIZE_ON_CDN}
    if pyodide:
        (target / "pyodide").mkdir(exist_ok=True)
        for name in NEEDED:
            shutil.copy(pyodide / name, target / "pyodide")
        size = sum((pyodide / name).stat().st_size for name in NEEDED) / MEGABYTE
        settings = {"pyodide": "pyodide/", "from": "this site", "size": round(size, 1)}
    (target / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return target / "index.html"
