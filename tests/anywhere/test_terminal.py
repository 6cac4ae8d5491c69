"""autograd_lite.stepper.terminal: stepping in the terminal."""

import re

import pytest

from autograd_lite import MISTAKES, Value, backward_steps, walk_steps
from autograd_lite.labels import columns_of, number_text
from autograd_lite.stepper.story import Plan, Story
from autograd_lite.stepper.terminal import COLOURS, coloured, in_terminal, step_in_terminal
from autograd_lite.words.notation import UNICODE


def walked(typed, root=None):
    """What a walk writes to somebody who types these lines."""
    lines = iter(typed)
    written = []

    def read(_):
        line = next(lines, None)
        if line is None:
            raise EOFError
        return line

    step_in_terminal(walk_steps(Value(3.0, "a") ** 2 if root is None else root), read, written.append)
    return [line for line in written if line.startswith("Step")], written


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ([], [1]),
        (["", "", ""], [1, 2, 3, 4]),
        (["n", "b", "l", "f", "3", "q", "n"], [1, 2, 1, 4, 1, 3]),
        (["p"], [1]),
        (["l", "", "n"], [1, 4]),
        (["5", "0", "x"], [1]),
    ],
)
def test_the_terminal_goes_where_it_is_told(typed, places):
    assert [int(line.split()[1]) for line in walked(typed)[0]] == places


def test_the_terminal_says_what_it_does_not_understand():
    written = walked(["x", "9"])[1]
    assert any("'x' is not one of: Enter next" in line for line in written)
    assert any("There are steps 1 to 4" in line for line in written)


def test_the_terminal_numbers_contributions():
    a = Value(3.0, "a")
    headings = walked(["", "", "", ""], a * a)[0]
    assert headings[-2:] == [
        "Step 4 of 5: backward, contribution 1 of 2",
        "Step 5 of 5: backward, contribution 2 of 2",
    ]


def test_ctrl_c_ends_the_walk():
    def read(_):
        raise KeyboardInterrupt

    step_in_terminal(walk_steps(Value(3.0, "a") * 2), read, lambda _: None)


PIECE = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[0m")
NAMES = {str(code): quantity for quantity, code in COLOURS.items()}


def pieces(text):
    """The pieces of a text that are in colour, by quantity."""
    found = {}
    for code, piece in PIECE.findall(text):
        found.setdefault(NAMES[code], []).append(piece)
    return found


def test_each_quantity_of_the_chain_rule_has_its_colour():
    x = Value(-3.0, "x")
    L = x.tanh() * Value(0.5, "c")
    L.label = "L"
    story = Story(L, Plan(update=0.1))
    steps = story.walk_in(UNICODE._replace(mark=coloured))
    assert [PIECE.sub(r"\2", step.text) for step in steps] == [step.text for step in story.walk]
    product = next(step for step in steps if step.step and step.step.parent is L.parents[0])
    assert pieces(product.text) == {
        "total": ["∂L/∂v₁", "0.5"], "upstream": ["∂L/∂L", "1"], "local": ["∂L/∂v₁", "0.5", "∂L/∂v₁", "c"],
        "product": ["0.5"],
    }  # fmt: skip
    updated = next(step for step in steps if step.phase == "update" and step.node is x)
    assert pieces(updated.text) == {"total": ["∂L/∂x", "0.004933"]}  # 0.5 (1 - tanh(3)**2)


@pytest.mark.parametrize("mistake", ["overwrite", "sign of subtraction", "no upstream"])
def test_a_mistake_is_named_first_and_each_wrong_number_is_told_with_the_right_one(mistake):
    a, b = Value(3.0, "a"), Value(0.5, "b")
    root = ((a - b) * a).sin()
    right = {(step.node, step.place): step for step in backward_steps(root)}
    steps = Story(root, Plan(mistake=MISTAKES[mistake])).walk_in(UNICODE._replace(mark=coloured))
    assert MISTAKES[mistake].does in steps[0].text
    for step in steps[1:]:
        told = pieces(step.text).get("wrong", [])
        correct = step.step and right[step.step.node, step.step.place]
        if correct and step.step.total != pytest.approx(correct.total):
            assert told[0].endswith(f"total {number_text(correct.total)}")
        elif correct and step.step == correct:
            assert told == []
    assert any("wrong" in pieces(step.text) for step in steps)


@pytest.mark.parametrize("columns", [30, 44, 70, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(columns):
    inputs = [Value(0.1 + i, f"w^(1)_{{1,{i}}}") for i in range(8)]
    story, written = Story(sum(inputs, Value(1.0, "日本")).tanh()), []
    answers = iter([""] * (len(story.walk) - 1) + ["q"])
    steps = story.walk_in(UNICODE._replace(mark=coloured))
    step_in_terminal(steps, lambda _: next(answers), written.append, columns=columns)
    shown = [text for text in written if text.startswith("  ")]
    assert [text.split() for text in shown] == [step.text.split() for step in steps]
    assert max(columns_of(line) for text in shown for line in text.splitlines()) <= columns


class Screen:
    """Standard input and output of a terminal in which these lines are typed."""

    def __init__(self, *typed):
        self.typed = iter(typed)
        self.written = ""

    def isatty(self):
        return True

    def write(self, text):
        self.written += text

    def flush(self):
        pass

    def readline(self):
        return next(self.typed, "")


@pytest.mark.parametrize(
    ("environment", "in_colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_can_be_refused(environment, in_colour, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    screen = Screen("l\n", "q\n")
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stdin", screen)
    in_terminal(Story(Value(3.0, "a") * 2))
    assert screen.written.count("Step") == 2
    assert ("\x1b[" in screen.written) == in_colour


def test_where_nobody_types_all_steps_are_printed_without_colour(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", Screen())
    in_terminal(Story(Value(3.0, "a") * 2))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [str(step) for step in walk_steps(Value(3.0, "a") * 2)]
