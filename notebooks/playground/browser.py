"""What the scripts of the pages call: names of functions, with arguments and results in JSON."""

import json
from collections.abc import Callable
from typing import Any

from playground.cells import Cells
from playground.playground import EXAMPLES, show

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "examples": lambda: [each._asdict() for each in EXAMPLES],
    "show": show,
    "run": Cells().run,
}


def call(name: str, arguments: str) -> str:
    """Call one of the functions.

    >>> call("run", '["6 * 7"]')
    '["<pre>42</pre>"]'
    """
    return json.dumps(FUNCTIONS[name](*json.loads(arguments)))
