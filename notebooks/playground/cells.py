"""The cells of a notebook, run one at a time in a browser's Python."""

import ast
import contextlib
import html
import io
import linecache
import sys
import traceback
from typing import Any


class Cells:
    """What cells share: their variables, and how many have run.

    >>> cells = Cells()
    >>> cells.run("x = 2")
    []
    >>> cells.run("print('hello')\\nx + 1")
    ['<pre>hello\\n</pre>', '<pre>3</pre>']
    """

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {"__name__": "__main__", "display": self.display}
        self.count = 0
        self.outputs: list[str] = []
        self.printed = io.StringIO()

    def run(self, source: str) -> list[str]:
        """Run a cell; return what it prints, displays and computes, or its exception, as HTML."""
        self.count += 1
        self.outputs, self.printed = [], io.StringIO()
        name = f"<cell {self.count}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        with contextlib.redirect_stdout(self.printed), contextlib.redirect_stderr(self.printed):
            try:
                tree = ast.parse(source, name)
                last = tree.body[-1] if tree.body else None
                if isinstance(last, ast.Expr):
                    tree.body.pop()
                exec(compile(tree, name, "exec"), self.variables)
                if isinstance(last, ast.Expr):
                    result = eval(compile(ast.Expression(last.value), name, "eval"), self.variables)
                    if result is not None:
                        self.variables["_"] = result
                        self.display(result)
            except BaseException as error:
                self.flush()
                self.outputs.append(f'<pre class="error">{html.escape(told(error))}</pre>')
        self.flush()
        return self.outputs

    def display(self, *things: Any) -> None:
        """Show things as HTML or SVG if they can be shown so, else as text."""
        self.flush()
        for thing in things:
            shown = next((getattr(thing, way)() for way in ("_repr_html_", "_repr_svg_") if hasattr(thing, way)), None)
            self.outputs.append(shown or f"<pre>{html.escape(repr(thing))}</pre>")

    def flush(self) -> None:
        """Put what was printed into the outputs."""
        if self.printed.getvalue():
            self.outputs.append(f"<pre>{html.escape(self.printed.getvalue())}</pre>")
        self.printed.seek(0)
        self.printed.truncate()


def told(error: BaseException) -> str:
    """Return an exception with the lines of cells that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<cell")]
    return "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)])
