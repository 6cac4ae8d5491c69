"""Tests that need neither NumPy nor Hypothesis, so that they also run in a browser's Python.

pytest runs them with all others; `tests/pyodide.mjs` runs this folder alone, by Pyodide. There is still one test file
for each module: it is here as a whole if it needs neither; otherwise the tests that do stay in the file of the same
name one folder up. No test is in both.
"""

import sys

import pytest

deep = pytest.mark.skipif(
    sys.platform == "emscripten", reason="Pyodide crashes if anything nested thousands deep is read or freed, lists too"
)
