"""The reference: every public name with its docstring, as pages for Sphinx, and the help of the commands."""

import contextlib
import inspect
import io
import itertools
import os
import re
import sys
from importlib import import_module
from types import ModuleType
from unittest import mock

from sphinx.pycode import ModuleAnalyzer

from autograd_lite.cli import main

PAGES = ("autograd_lite", "nn", "nn.plots", "nn.surfaces", "nn.estimators", "nn.micrograd")


def reference() -> dict[str, str]:
    """Return the pages, in reStructuredText, by their names."""
    pages = {f"reference-{name.replace('.', '-')}": page(import_module(name)) for name in PAGES}
    return pages | {"reference-command-line": commands()}


def page(module: ModuleType) -> str:
    """Return the page of a module: what it is, then each public name, grouped by the module that defines it."""
    text = title(module.__name__) + f".. automodule:: {module.__name__}\n\n"
    names = public_names(module)
    for home, defined in itertools.groupby(sorted(names, key=names.__getitem__), names.__getitem__):
        if home != module.__name__ and home.startswith(module.__name__):
            text += title(re.split(r":|(?<!\.)\.(?!\.)", sys.modules[home].__doc__ or "")[0], "-")
        text += "".join(entry(module, name, home) for name in defined)
    return text


def public_names(module: ModuleType) -> dict[str, str]:
    """Return the public names of a module, which are in its `__all__` or defined in it, and where each is defined."""
    homes = {name: home(module, name) for name in getattr(module, "__all__", vars(module)) if name[0] != "_"}
    return {name: where for name, where in homes.items() if hasattr(module, "__all__") or where == module.__name__}


def home(module: ModuleType, name: str) -> str:
    """Return the name of the module that defines a public name."""
    thing = getattr(module, name)
    if isinstance(thing, type) or inspect.isroutine(thing):
        return thing.__module__
    package = module.__name__.partition(".")[0]
    documented = (other for other in sys.modules if other.partition(".")[0] == package and explains(other, name))
    return next(documented, "")


def explains(module: str, name: str) -> bool:
    """Return whether the source of a module has a docstring below the assignment of a name."""
    return ("", name) in ModuleAnalyzer.for_module(module).find_attr_docs()


def entry(module: ModuleType, name: str, where: str) -> str:
    """Return the lines for autodoc of one name."""
    thing = getattr(module, name)
    if not where.startswith(module.__name__):
        return f":class:`{where.partition('.')[0]}.{name}` is here too.\n\n"
    if isinstance(thing, type):
        return f".. autoclass:: {module.__name__}.{name}\n   :members:\n   :special-members: __call__\n\n"
    if inspect.isroutine(thing):
        return f".. autofunction:: {module.__name__}.{name}\n\n"
    return f".. autodata:: {where}.{name}\n   :no-value:\n\n"


def title(text: str, line: str = "=") -> str:
    """Return a title in reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def commands() -> str:
    """Return the page of the command line: what each command says with --help."""
    overview = help_of()
    text = title("The command line") + literal(overview)
    for name in re.findall(r"^ {4}([\w-]+)", overview, re.MULTILINE):
        text += title(f"autograd-lite {name}", "-") + literal(help_of(name))
    return text


def help_of(*command: str) -> str:
    """Return what a command says with --help."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit), mock.patch.dict(os.environ, COLUMNS="80"):
        main([*command, "--help"])
    return said.getvalue()


def literal(text: str) -> str:
    """Return a block of text as it stands, in reStructuredText."""
    return ".. code-block:: text\n\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "\n"
