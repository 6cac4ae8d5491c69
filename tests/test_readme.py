"""The front page and the teachers' page: pictures, commands, numbers and names are what the package has."""

import argparse
import doctest
import re
import shlex
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autograd_lite
from autograd_lite import Value, draw, step_through
from autograd_lite.cli import main
from nn import MLP, squared_error, stepping
from nn.teaching import handout

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEACHERS = (ROOT / "notebooks/README.md").read_text(encoding="utf-8")


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def neuron_picture(file):
    """The walk through a neuron, as an animation."""
    w, x, b = Value(-3.0), Value(2.0), Value(6.88)
    o = (w * x + b).tanh()
    step_through(o).save(file)


def network_picture(file):
    """A network after a backward pass, a circle for each neuron."""
    error = squared_error(MLP(2, [2, 1], seed=0)([1.0, -1.0]), 0.5)
    error.backward()
    file.write_bytes(draw(error, detail="neuron", digits=3).pipe(format="svg"))


PICTURES = {".pictures/neuron.svg": neuron_picture, ".pictures/network.svg": network_picture}


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_what_the_package_draws(name, tmp_path):
    """Coordinates may differ in their last digit, depending on the platform's arithmetic; nothing else may differ.

    To make the pictures again: python -c "import tests.test_readme as t; t.write_pictures()".
    """
    PICTURES[name](tmp_path / "drawn.svg")
    stored, drawn = (list(ElementTree.parse(file).iter()) for file in (ROOT / name, tmp_path / "drawn.svg"))
    assert f"]({name})" in README
    assert (ROOT / name).stat().st_size < 20_000
    assert [element.tag for element in stored] == [element.tag for element in drawn]
    for before, after in zip(stored, drawn, strict=True):
        assert (before.text, before.tail, before.keys()) == (after.text, after.tail, after.keys())
        for attribute, text in before.items():
            assert NUMBER.sub("#", text) == NUMBER.sub("#", after.get(attribute))
            numbers = [[float(number) for number in NUMBER.findall(one)] for one in (text, after.get(attribute))]
            assert numbers[0] == pytest.approx(numbers[1], abs=0.11)


def write_pictures():
    for name, write in PICTURES.items():
        write(ROOT / name)


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
    commands = re.findall(r"```sh\n(python3 .*?)```", README, flags=re.DOTALL)
    assert len(commands) == 2
    for command, end in zip(commands, ["autograd-lite demo", "pytest"], strict=True):
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv .venv && ")
        assert command.rstrip().endswith(f".venv/bin/{end}")


OWN_COMMANDS = {"step-network": stepping.add_command, "handout-network": handout.add_command}
"""Commands of nn, found by the metadata of the installed distribution, if there is one."""


def run_command(words):
    """Run one command of the terminal in this process."""
    if words[0] in OWN_COMMANDS:
        parser = argparse.ArgumentParser()
        OWN_COMMANDS[words[0]](parser.add_subparsers())
        options = parser.parse_args(words)
        options.run(options)
    else:
        assert main(words) == 0, words


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (README, {"explain", "draw", "step", "step-network", "worksheet", "check", "check-engine"}),
        (TEACHERS, {"step", "step-network", "worksheet", "check", "handout-network", "check-engine"}),
    ],
    ids=["README.md", "notebooks/README.md"],
)
def test_the_commands_run(page, expected, tmp_path, monkeypatch, capsys):
    """All in one folder, in the order of the text, because some read what others have written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.csv").write_text("sheet,name,v1\n1,Ada,2\n30,Blaise,-1\n", encoding="utf-8")
    (tmp_path / "my_engine.py").write_text("from autograd_lite import Value\n", encoding="utf-8")
    commands = re.findall(r"(?:`|\n)\.venv/bin/autograd-lite ([^`\n]+)", page.replace("\\\n", ""))
    run = set()
    for command in commands:
        words = shlex.split(command)
        run.add(words[0])
        run_command(words)
        assert capsys.readouterr().out, command
        for option, file in pairwise(words):
            if option in ("-o", "--key"):
                assert (tmp_path / file).stat().st_size > 1000
    assert run == expected


def test_the_teachers_page_has_ten_recipes_and_each_is_a_command():
    recipes = re.split(r"\n\*\*(?=\d+\. )", TEACHERS.partition("## Ten recipes")[2])[1:]
    assert [recipe.partition(".")[0] for recipe in recipes] == [str(number) for number in range(1, 11)]
    assert all(recipe.count("```sh\n.venv/bin/autograd-lite ") == 1 for recipe in recipes)
    assert {int(number) for number in re.findall(r"[Rr]ecipe (\d+)", TEACHERS)} <= set(range(1, 11))


@pytest.mark.parametrize("minutes", [50, 80])
def test_a_lesson_fills_its_time(minutes):
    lesson = re.search(rf"\n## {minutes} minutes: .*?(?=\n## )", TEACHERS, flags=re.DOTALL)[0]
    times = [tuple(map(int, row)) for row in re.findall(r"\n\| (\d+)–(\d+) \|", lesson)]
    assert [start for start, _ in times] == [0, *(end for _, end in times[:-1])]
    assert times[-1][1] == minutes


WRONG = re.findall(r"\n\| `(.*?)` \| (\w+) \| (\S+) \| (\S+) \| ([\w ]+) \|", TEACHERS)


@pytest.mark.parametrize("row", WRONG)
def test_the_class_kit_names_the_wrong_answers_of_the_teachers_page(row, capsys):
    assert len(WRONG) == 10
    graph, name, right, wrong, mistake = row
    for answer in (right, wrong):
        assert main(["check", *shlex.split(graph), "--answers", f"{name}={answer}"]) == 0
    told_of_right, told_of_wrong = re.findall(r"^  gradient .*", capsys.readouterr().out, flags=re.MULTILINE)
    assert told_of_right.endswith("  right")
    assert re.search(rf"wrong, it is {right.replace('-', '−')} .*\b{mistake}\b", told_of_wrong)
