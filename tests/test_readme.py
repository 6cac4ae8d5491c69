"""README.md: its picture is what `draw` returns, and what it points to is there."""

import doctest
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autograd_lite
from autograd_lite import draw
from nn import MLP, squared_error

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


PICTURE = ROOT / ".pictures" / "network.svg"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def network_picture():
    """The graph of the error of a network with one layer after a backward pass."""
    error = squared_error(MLP(2, [1], weights=[[[0.1, 0.5, -0.4]]])([1.0, -1.0]), 0.5)
    error.backward()
    return draw(error, digits=3).pipe(format="svg")


def test_the_picture_is_what_draw_returns():
    """Places may differ in their last digit, by the arithmetic of the platform; nothing else may.

    To make the picture again: python -c "import tests.test_readme as t; t.write_picture()".
    """
    stored, drawn = (list(ElementTree.fromstring(svg).iter()) for svg in (PICTURE.read_bytes(), network_picture()))
    assert [element.tag for element in stored] == [element.tag for element in drawn]
    for before, after in zip(stored, drawn, strict=True):
        assert (before.text, before.tail, before.keys()) == (after.text, after.tail, after.keys())
        for attribute, text in before.items():
            assert NUMBER.sub("#", text) == NUMBER.sub("#", after.get(attribute))
            numbers = [[float(number) for number in NUMBER.findall(one)] for one in (text, after.get(attribute))]
            assert numbers[0] == pytest.approx(numbers[1], abs=0.11)


def write_picture():
    PICTURE.write_bytes(network_picture())


def test_the_texts_between_the_examples_are_what_the_examples_print():
    names = {}
    for example in doctest.DocTestParser().get_examples(README):
        exec(example.source, names)
        if example.source.startswith("o.backward"):
            explained = eval("autograd_lite.explain(o)", names | {"autograd_lite": autograd_lite})
    shown = re.findall(r"```(?:text|python)\n(?!>>>)(.*?)```", README, flags=re.DOTALL)
    assert shown == [f"{explained}\n", names["program"].source]


def test_nothing_is_cut_at_the_right_edge():
    blocks = re.findall(r"```\w+\n(.*?)```", README, flags=re.DOTALL)
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 98


def test_what_the_readme_points_to_is_there():
    names = re.findall(r"`((?:notebooks|tests|autograd_lite|nn)/[\w./-]+)`|\]\(([^)#:]+)\)", README)
    assert len(names) > 5
    for code, link in names:
        assert (ROOT / (code or link)).exists(), code or link


def test_each_of_the_two_commands_is_one_line_and_complete_in_itself():
    commands = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    assert len(commands) == 2
    for command, end in zip(commands, ["autograd-lite demo", "pytest"], strict=True):
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv .venv && ")
        assert command.rstrip().endswith(f".venv/bin/{end}")
