// The tests that need neither NumPy nor Hypothesis, and the doctests of the engine, by the Python of browsers:
//
//     npm install --prefix FOLDER pyodide
//     pip install --target FOLDER/pytest pytest
//     node tests/pyodide.mjs FOLDER
//
// Ends with pytest's exit code, and with 1 if fewer than 300 tests ran.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = path.resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(path.join(folder, "node_modules/pyodide/pyodide.mjs")));
const pyodide = await loadPyodide();
pyodide.mountNodeFS("/repository", fileURLToPath(new URL("..", import.meta.url)));
pyodide.mountNodeFS("/pytest", path.join(folder, "pytest"));
process.exit(
    pyodide.runPython(`
import os
import sys

sys.dont_write_bytecode = True  # the folders are those of the machine
sys.path += ["/repository", "/repository/tests", "/pytest"]
os.chdir("/repository")

import pytest


class Count:
    passed = 0

    def pytest_runtest_logreport(self, report):
        self.passed += report.when == "call" and report.passed


count = Count()
options = "-q -rs -p no:cacheprovider --strict-markers --override-ini=addopts= --confcutdir=tests/anywhere"
needs = "cli.py pictures/picture.py program stepper/widget.py teaching/sandbox.py"  # NumPy, graphviz, other processes
options += " --doctest-modules " + " ".join(f"--ignore=autograd_lite/{name}" for name in needs.split())
code = pytest.main([*options.split(), "tests/anywhere", "autograd_lite"], plugins=[count])
print(f"{count.passed} tests passed by Python {sys.version.split()[0]} on {sys.platform}")
int(code) or int(count.passed < 300)
`),
);
