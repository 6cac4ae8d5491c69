"""nn.stepping: the command that steps through a network."""

import argparse
import re

import numpy as np
import pytest

from autograd_lite.words.lecture import typeset
from nn import MLP, delta, save_weights
from nn.stepping import add_command


def run(*arguments):
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["step-network", *arguments])
    options.run(options)


WEIGHTS = [[[0.1, 0.2, -0.3], [0.4, -0.5, 0.6]], [[0.7, 0.8, -0.9]]]


@pytest.mark.parametrize("source", ["json", "file"])
def test_the_steps_end_with_the_gradients_of_the_delta_recursion(source, tmp_path, capsys):
    weights = str(WEIGHTS)
    if source == "file":
        weights = str(tmp_path / "weights.npz")
        save_weights(MLP(2, [2, 1], weights=WEIGHTS), weights)
    run("2-2-1", "--x", "1,-1", "--y", "0.5", "--weights", weights, "--update", "0.1")
    lines = capsys.readouterr().out.splitlines()
    G = delta.back_propagation(WEIGHTS, [1.0, -1.0], [0.5]).G
    for l, matrix in G.items():
        for (b, a), gradient in np.ndenumerate(matrix):
            after = WEIGHTS[l - 1][b][a] - 0.1 * gradient
            [line] = [line for line in lines if line.startswith(f"update    {typeset(f'w^({l})_{{{b + 1},{a}}}')} ")]
            assert float(line.rpartition(" ")[2].replace("−", "-")) == pytest.approx(after, rel=1e-3)


def test_the_page_has_the_title(tmp_path, capsys):
    page = tmp_path / "network.html"
    run("3-2-2", "--x=1,-1,0", "--y=1,0", "--activation", "sigmoid", "-o", str(page))
    assert "<title>A 3-2-2 network</title>" in page.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{page}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            ([widths, "--x=1", "--y=1"], f"the widths must be two or more integers greater than 0.*received '{widths}'")
            for widths in ("2-x", "2", "0-1", "2-0", "2--1", "2-2.5", "", "2-²")
        ),
        (["2-1", "--x=1", "--y=1"], "--x must have a number for each input, 2 in all; received 1"),
        (["2-1", "--x=1,2", "--y=1,2"], "--y must have a number for each output, 1 in all; received 2"),
        (["2-1", "--x=1,2", "--y=1", "--weights=[1"], "--weights cannot be read as JSON"),
        (["2-1", "--x=1,2", "--y=1", "--weights=[[[1]]]"], "weights"),
        (
            ["2-1", "--x=1,2", "--y=1", '--weights=[[[1, 2, "a"]]]'],
            "--weights: weights[0], W^(1), must be real numbers",
        ),
        (["2-1", "--x=1,2", "--y=1", "-o", "page.pdf"], "the output must end in one of .html, .htm, .svg; received"),
        (["2-1", "--x=1,2", "--y=1", "--update=0"], "update must be greater than 0, and finite"),
    ],
)
def test_the_wrong_option_is_named(arguments, message):
    with pytest.raises(ValueError, match=re.sub(r"[\[\]()^]", r"\\\g<0>", message)):
        run(*arguments)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--x", "1,a", "argument --x: must be numbers separated by commas, for example 1,-1; received '1,a'"),
        ("--x", "1,,2", "argument --x: must be numbers separated by commas, for example 1,-1; received '1,,2'"),
        ("--y", "", "argument --y: must be numbers separated by commas, for example 1,-1; received ''"),
        ("--y", "1/0", "argument --y: must be numbers separated by commas, for example 1,-1; received '1/0'"),
        ("--update", "fast", "argument --update: must be a number, for example 0.1 or 1/2; received 'fast'"),
    ],
)
def test_what_is_not_a_number_is_told(option, text, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("2-1", *(f"{name}={text if name == option else '1'}" for name in ("--x", "--y", "--update")))
    assert message in capsys.readouterr().err


def test_numbers_may_be_fractions_and_an_svg_is_written_too(tmp_path, capsys):
    file = tmp_path / "network.svg"
    run("2-1", "--x=1/4,-1/2", "--y=3/4", "--weights=[[[0, 1, 0]]]", "--update=1/2", "-o", str(file))
    assert "data 0.25" in file.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{file}\n"


def test_weights_of_another_network_are_refused(tmp_path):
    weights = str(tmp_path / "weights.npz")
    save_weights(MLP(2, [2, 1], seed=0), weights)
    with pytest.raises(ValueError, match="has the weights of a 2-2-1 network, not a 2-3-1 network"):
        run("2-3-1", "--x=1,2", "--y=1", "--weights", weights)
    with pytest.raises(ValueError, match=r"--activation and --output-activation must be left out: .* has its own"):
        run("2-2-1", "--x=1,2", "--y=1", "--activation=relu", "--weights", weights)
