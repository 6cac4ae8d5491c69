"""nn.teaching.handout: the printed equations hold for the printed numbers, blanks leak nothing, and all forms agree."""

import argparse
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from nn import MLP, squared_error
from nn.delta import back_propagation
from nn.teaching.handout import BLANKS, Matrix, add_command, delta_handout, document, random_networks

NETWORKS = {
    "2-2-1": (MLP(2, [2, 1], seed=1), [1.0, -1.0], [1.0]),
    "relu 3-4-2-2": (MLP(3, [4, 2, 2], "relu", "linear", seed=2), [0.5, -1.0, 2.0], [1.0, -1.0]),
    "sigmoid 1-1": (MLP(1, [1], "sigmoid", seed=3), [0.7], [0.25]),
}


def matrices(equation):
    """The matrices of numbers of an equation, in order."""
    return [part.entries for part in equation if isinstance(part, Matrix)]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_equation_holds_for_the_numbers_in_it(name):
    net, x, y = NETWORKS[name]
    forward, backward, gradients, graph = delta_handout(net, x, y).sections
    thetas = {
        "tanh": np.tanh,
        "relu": lambda s: s * (s > 0),
        "linear": lambda s: s,
        "sigmoid": lambda s: 1 / (1 + np.exp(-s)),
    }
    signals = [matrices(equation) for equation in forward.equations[:-1:2]]
    outputs = [matrices(equation)[0] for equation in forward.equations[1:-1:2]]
    for (W, o, s), after, theta in zip(signals, outputs, net.activations, strict=True):
        assert W @ o == pytest.approx(s)
        assert after[-len(s) :] == pytest.approx(thetas[theta](s))
        assert len(after) == len(s) or after[0] == 1
    assert matrices(forward.equations[-1])[0] == pytest.approx(np.sum((outputs[-1].ravel() - y) ** 2))
    last, *others = [matrices(equation) for equation in backward.equations[1::2]]
    assert 2 * (last[0] - last[1]) * last[2] == pytest.approx(last[3])
    for W, above, slope, delta in others:
        assert W @ above * slope == pytest.approx(delta)
    for delta, row, G in map(matrices, gradients.equations):
        assert delta @ row == pytest.approx(G)
    in_graph = [matrices(equation)[0] for equation in graph.equations]
    assert in_graph[0::2] == [pytest.approx(delta[-1]) for delta in [last, *others][::-1]]
    assert in_graph[1::2] == [pytest.approx(matrices(equation)[-1]) for equation in gradients.equations]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_blank_shows_its_numbers_nowhere(name, blank):
    net, x, y = NETWORKS[name]
    result = back_propagation(net.weights, x, y, net.activations)
    _, backward, _, _ = delta_handout(net, x, y).sections
    kinds = {
        "signals": [*result.s.values()],
        "outputs": [*result.o.values()],
        "error": [result.error],
        "slopes": [matrices(equation)[0] for equation in backward.equations[::2]],
        "deltas": [*result.delta.values()],
        "gradients": [*result.G.values()],
        "given": [*net.weights, x, y],
    }
    hidden = {
        blank,
        *({"deltas": ["gradients"], "outputs": ["error"], "signals": ["outputs"] * ("relu" in name)}.get(blank, [])),
    }

    def texts(names):
        numbers = [f"{abs(number):.6g}" for kind in names for array in kinds[kind] for number in np.ravel(array)]
        return {text.partition("e")[0] for text in numbers if len(text) > 5}

    secret = texts(hidden) - texts(kinds.keys() - hidden)
    full, handout = delta_handout(net, x, y, digits=6), delta_handout(net, x, y, blanks=[blank], digits=6)
    assert secret or (name, blank) == ("relu 3-4-2-2", "slopes")  # which are 0 and 1
    for form in ("text", "latex", "html"):
        shown, left = (set(re.findall(r"\d+\.\d+", getattr(one, form)())) for one in (full, handout))
        assert secret <= shown
        assert sorted(secret & left) == []


def test_the_forms_are_well_formed_and_hold_the_same_numbers():
    handout = delta_handout(*NETWORKS["relu 3-4-2-2"])
    in_html = [cell.text for cell in ElementTree.fromstring(f"<div>{handout.html()}</div>").iter("mn")]
    in_html = [text for text in in_html if re.search(r"\d", text)]
    latex = re.findall(r"begin\{bmatrix\} (.*?) \\end", handout.latex())
    in_latex = [cell.strip() for matrix in latex for cell in re.split(r"&|\\\\", matrix)]
    in_text = re.findall(r"(?<=[\[ ])−?[\d.]+(?:e−?\d+)?(?=[\] ])", handout.text())
    assert len(in_latex) > 60
    assert set(in_latex) <= {text.replace("−", "-") for text in in_html} >= {text.replace("−", "-") for text in in_text}
    assert handout.latex().count("{") == handout.latex().count("}")


def test_wide_matrices_are_small_in_latex_and_lines_may_end_between_matrices():
    """So that networks as wide as 4-8-8-3 fit a page (compiled and looked at by hand)."""
    handout = delta_handout(MLP(4, [8, 8, 3], seed=0), [1.0, -1.0, 2.0, 0.5], [1.0, -1.0, 1.0])
    latex = handout.latex()
    rows = re.findall(r"begin\{bmatrix\} (.*?) \\end", latex)
    assert max(len(row) for matrix in rows for row in matrix.split(r" \\ ")) <= 70
    shapes = [matrix.shape for section in handout.sections for one in section.equations for matrix in matrices(one)]
    assert len(re.findall(r"begin\{(?:b|small)matrix", latex)) == sum(len(shape) > 0 for shape in shapes)
    assert len(re.findall(r"end\{\w+\}(?:\\right])? \\allowbreak", latex)) == sum(len(shape) > 0 for shape in shapes)
    assert "smallmatrix" in latex
    assert "smallmatrix" not in delta_handout(*NETWORKS["2-2-1"]).latex()


def test_worksheets_differ_and_a_seed_repeats_them():
    networks = random_networks([2, 2, 1], 30, seed=1)
    sheets = [delta_handout(*one, blanks=BLANKS) for one in networks]
    assert len({sheet.text() for sheet in sheets}) == 30
    again = [delta_handout(*one, blanks=BLANKS) for one in random_networks([2, 2, 1], 30, seed=1)]
    for suffix, page in ((".html", "<section>"), (".tex", "Name:"), (".txt", "Name:")):
        pages = document(sheets, suffix, name_field=True)
        assert pages == document(again, suffix, name_field=True)
        assert pages.count(page) == 30
        assert "Sheet 30" in pages
    with pytest.raises(ValueError, match="variants must be at most about"):
        random_networks([1, 1], 520)  # there are 512


@pytest.mark.parametrize(("sizes", "activation"), [([2, 2, 1], "relu"), ([1, 2, 2, 1], "relu"), ([1, 1], "linear")])
def test_no_worksheet_is_of_zeros(sizes, activation):
    """A dead ReLU output, or an output that is right already, leaves nothing to compute."""
    for seed in range(5):
        for net, x, y in random_networks(sizes, 4, activation=activation, seed=seed):
            net.zero_grad()
            squared_error(net.outputs(x), y).backward()
            assert all(gradient.any() for gradient in net.gradients)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((None, [1], [1]), {}, TypeError, "net must be an MLP, not NoneType"),
        ((MLP(1, [1]), [1, 2], [1]), {}, ValueError, "x must be 1 numbers"),
        ((MLP(1, [1]), [1], [1, 2]), {}, ValueError, "y must have shape"),
        ((MLP(1, [1]), [1], [1]), {"blanks": "deltas"}, TypeError, "blanks must be a list of names, not text"),
        ((MLP(1, [1]), [1], [1]), {"blanks": ["sums"]}, ValueError, "blanks must be one of"),
        ((MLP(1, [1]), [1], [1]), {"digits": 0}, ValueError, "digits must be an integer of at least 1"),
    ],
    ids=["net", "x", "y", "text", "blanks", "digits"],
)
def test_wrong_arguments(arguments, options, error, words):
    with pytest.raises(error, match=words):
        delta_handout(*arguments, **options)


@pytest.fixture
def command():
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())

    def run(*arguments):
        options = parser.parse_args(["handout-network", *arguments])
        options.run(options)

    return run


def test_the_command_writes_sheets_and_key(tmp_path, capsys, command):
    sheets, key = tmp_path / "sheets.html", tmp_path / "key.html"
    command("2-2-1", "--blanks", "deltas, gradients", "--variants", "4", "-o", str(sheets), "--key", str(key))
    assert capsys.readouterr().out.split() == [str(sheets), str(key)]
    assert sheets.read_text(encoding="utf-8").count("<mspace ") == 4 * (3 * 1 + 2 * 2 + 2 * 3 + 1 * 3)
    assert "<mspace" not in key.read_text(encoding="utf-8")
    command("1-1", "--x", "1", "--y", "1", "--weights", "[[[0.5, 1]]]")
    assert "s^(1) = W^(1) o^(0) = [0.5  1] [1] = [1.5]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["2-2-1", "-o", "a.tex", "--key", "./a.tex"], "--output and --key must be different files"),
        (["2-2-1", "-o", "sheets.pdf"], r"must end in \.html, \.tex, \.txt; received 'sheets\.pdf'"),
        (["2-2-1", "--variants", "2", "--x", "1,1"], "--variants needs random numbers"),
        (["2-2-1", "--variants", "0"], "--variants must be an integer of at least 1"),
        (["2-2-1", "--x", "1"], "x must be 2 numbers"),
        (["2-2-1", "--blanks", "totals"], "blanks must be one of"),
    ],
)
def test_wrong_options_of_the_command(arguments, words, command):
    with pytest.raises(ValueError, match=words):
        command(*arguments)
