"""nn.stepping: the command that steps through a network."""

import argparse

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
    assert "<title>A network 3-2-2</title>" in page.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{page}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2-x", "--x=1", "--y=1"], "the widths must be integers, for example 2-2-1; received '2-x'"),
        (["2-1", "--x=1", "--y=1"], "--x must be 2 numbers, one for each input; received 1"),
        (["2-1", "--x=1,2", "--y=1,2"], "--y must be 1 numbers, one for each output; received 2"),
        (["2-1", "--x=1,2", "--y=1", "--weights=[1"], "--weights cannot be read as JSON"),
        (["2-1", "--x=1,2", "--y=1", "--weights=[[[1]]]"], "weights"),
        (["2-0", "--x=1,2", "--y=1"], "nouts"),
    ],
)
def test_the_wrong_option_is_named(arguments, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        run(*arguments)


def test_weights_of_another_network_are_refused(tmp_path):
    weights = str(tmp_path / "weights.npz")
    save_weights(MLP(2, [2, 1], seed=0), weights)
    with pytest.raises(ValueError, match="has the weights of a network 2-2-1"):
        run("2-3-1", "--x=1,2", "--y=1", "--weights", weights)
