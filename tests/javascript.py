"""Run functions of the stepper's script: by node, or else in Chromium, where it is installed."""

import json
import struct
import subprocess
from functools import cache
from shutil import which

import pytest

from autograd_lite.stepper.page import SCRIPT

BITS = """
const floats = (bits) => [...new Float64Array(new BigUint64Array(bits.map(BigInt)).buffer)];
const bits = (numbers) => [...new BigUint64Array(new Float64Array(numbers).buffer)].map(String);
"""


def to_bits(numbers):
    """Numbers as JSON can hold them, nan and -0.0 too: each as the integer that has the same bits, as text."""
    return [str(struct.unpack("<Q", struct.pack("<d", number))[0]) for number in numbers]


def from_bits(bits):
    return [struct.unpack("<d", struct.pack("<Q", int(text)))[0] for text in bits]


def run(function, data):
    """What a function of JavaScript returns for data; both are JSON. It may call `floats`, `bits` and the script."""
    code = f"{SCRIPT}\n{BITS}\nexport const answer = ({function})({json.dumps(data)});\n"
    return _by_node(code) if which("node") else _by_chromium(code)


def _by_node(code):
    code += "console.log(JSON.stringify(answer));\n"
    done = subprocess.run(
        ["node", "--input-type=module", "-"], input=code, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _by_chromium(code):
    return _page().evaluate(
        "async source => (await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))).answer",
        code,
    )


@cache
def _page():
    if not which("chromium"):
        pytest.skip("neither node nor chromium is installed")
    api = pytest.importorskip("playwright.sync_api")
    browser = api.sync_playwright().start().chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
    return browser.new_page()
