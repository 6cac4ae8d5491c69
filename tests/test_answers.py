"""autograd_lite.teaching.answers: published numbers, answers with known mistakes, and numbers that say nothing."""

import decimal
import math
import random
import re

import numpy as np
import pytest

from autograd_lite import MISTAKES, OTHER_MISTAKES, Value, Verdict, check_answers, mark_class
from autograd_lite.cli import main
from autograd_lite.parse import parse_expression
from autograd_lite.teaching.answers import read_number
from autograd_lite.teaching.key import Blank, save_key, sheet_of

NEURON = ("tanh(w*x + b)", {"w": -3, "x": 2, "b": 6.88})
MAZUR = (
    "h1 = sigmoid(w1*0.05 + w2*0.10 + 0.35); h2 = sigmoid(w3*0.05 + w4*0.10 + 0.35);"
    "o1 = sigmoid(w5*h1 + w6*h2 + 0.60); o2 = sigmoid(w7*h1 + w8*h2 + 0.60);"
    "E = 0.5*(0.01 - o1)**2 + 0.5*(0.99 - o2)**2",
    {"w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55},
)
BROWNLEE = (
    "s = 0.13436424411240122*x1 + 0.8474337369372327*x2 + b; h = sigmoid(s);"
    "s1 = w1*h + b1; o1 = sigmoid(s1); s2 = w2*h + b2; o2 = sigmoid(s2); E = ((0 - o1)**2 + (1 - o2)**2) / 2",
    {
        "x1": 1, "x2": 0, "b": 0.763774618976614, "w1": 0.2550690257394217, "b1": 0.49543508709194095,
        "w2": 0.4494910647887381, "b2": 0.651592972722763,
    },
)  # fmt: skip
HAN_KAMBER = (
    "s4 = w14*1 + w24*0 + w34*1 + b4; o4 = sigmoid(s4); s5 = w15*1 + w25*0 + w35*1 + b5; o5 = sigmoid(s5);"
    "s6 = w46*o4 + w56*o5 + b6; o6 = sigmoid(s6); E = (1 - o6)**2 / 2",
    {
        "w14": 0.2, "w15": -0.3, "w24": 0.4, "w25": 0.1, "w34": -0.5, "w35": 0.2, "w46": -0.3, "w56": -0.2,
        "b4": -0.4, "b5": 0.2, "b6": 0.1,
    },
)  # fmt: skip


def checked(graph, gradients=None, **answers):
    """Each answer by its name, with its verdict, and the names of what explains it."""
    expression, numbers = graph
    answers = check_answers(parse_expression(expression, numbers), gradients, **answers).answers
    return {answer.blank.name: (answer.verdict, [each.name for each in answer.explanations]) for answer in answers}


RIGHT = (Verdict.RIGHT, [])


# Published worked examples, to the digits that are printed


def test_mazur_used_updated_weights():
    """Mazur 2015, "A step by step backpropagation example": all is right but the error after the update.

    The author mended his script later (mattm/simple-neural-network, commit 4b6faac).
    """
    answers = checked(
        MAZUR,
        values={"h1": "0.593269992", "h2": "0.596884378", "o1": "0.75136507", "o2": "0.772928465", "E": "0.298371109"},
        gradients={"w5": "0.082167041", "w1": "0.000438568"},
        slopes={"o1/v15": "0.186815602"},
        updated={
            "w1": "0.149780716", "w2": "0.19956143", "w3": "0.24975114", "w4": "0.29950229", "w5": "0.35891648",
            "w6": "0.408666186", "w7": "0.511301270", "w8": "0.561370121",
        },
        learning_rate=0.5,
    )  # fmt: skip
    assert set(map(str, answers.values())) == {str(RIGHT)}
    after = checked(MAZUR, updated={"E": "0.291027924"}, learning_rate=0.5)["E"]
    assert after == (Verdict.NEARLY, ["stale", "updated weights"])  # both take the hidden deltas from updated weights
    assert checked(MAZUR, updated={"E": "0.291027774"}, learning_rate=0.5)["E"] == RIGHT


def test_brownlee_left_out_the_inputs():
    """Brownlee, "How to code a neural network with backpropagation in Python from scratch".

    The section on the forward pass has the right outputs. The next one starts from the sigmoid of the bias alone, and
    its deltas follow from that.
    """
    forward = {"h": "0.7105668883115941", "o1": "0.6629970129852887", "o2": "0.7253160725279748"}
    assert set(map(str, checked(BROWNLEE, values=forward).values())) == {str(RIGHT)}
    answers = checked(
        BROWNLEE,
        values={"h": "0.7105668883115941", "o1": "0.6213859615555266", "o2": "0.6573693455986976"},
        gradients={"s1": "0.14619064683582808", "s2": "-0.0771723774346327", "s": "0.0005348048046610517"},
    )
    assert answers["h"] == RIGHT
    assert answers["o1"] == answers["o2"] == (Verdict.WRONG, ["inputs left out"])
    assert answers["s2"] == (Verdict.WRONG, ["inputs left out", "follows from the others"])
    assert answers["s"] == (Verdict.WRONG, ["follows from the others"])
    right = {"s1": "0.14813473120687762", "s2": "-0.054726011578796904", "s": "0.00271179779923824"}
    assert set(map(str, checked(BROWNLEE, right).values())) == {str(RIGHT)}


def test_han_and_kamber_rounded_on_the_way():
    """Han and Kamber, "Data Mining", example of backpropagation: an error of .1311 from outputs of 3 digits."""
    values = {"o4": ".332", "o5": ".525", "o6": ".474"}
    updated = {
        "w46": "-.261", "w56": "-.138", "w14": ".192", "w15": "-.306", "w34": "-.508", "w35": ".194", "b6": ".218",
        "b5": ".194", "b4": "-.408",
    }  # fmt: skip
    answers = checked(HAN_KAMBER, values=values, updated=updated, learning_rate=0.9)
    assert set(map(str, answers.values())) == {str(RIGHT)}
    assert checked(HAN_KAMBER, {"s6": "-.131169"})["s6"] == RIGHT
    verdict, explanations = checked(HAN_KAMBER, {"s6": "-.1311"})["s6"]
    assert verdict is Verdict.NEARLY
    assert "values rounded to 3 digits" in explanations
    assert "follows from the others" in checked(HAN_KAMBER, {"s6": "-.1311"}, values=values)["s6"][1]
    deltas = checked(HAN_KAMBER, {"s5": ".0065", "s4": ".0087"}, digits=2)
    assert set(map(str, deltas.values())) == {str(RIGHT)}


PUBLISHED = {
    "CS231n, the sigmoid neuron": (
        ("f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", {"w0": 2, "w1": -3, "w2": -3, "x0": -1, "x1": -2}),
        {
            "values": {"f": "0.73"},
            "gradients": {"w0": "-0.20", "w1": "-0.39", "w2": "0.20", "x0": "0.39", "x1": "-0.59"},
            "digits": 2,
        },
    ),
    "Raschka et al., Machine Learning with PyTorch and Scikit-Learn, appendix: logistic regression": (
        ("a = sigmoid(w*x + b); L = -log(a)", {"w": 2.2, "b": 0, "x": 1.1}),
        {"values": {"L": ".0852"}, "gradients": {"w": "-.0898", "b": "-.0817"}},
    ),
    "dsplog, logistic regression with three points": (
        (
            "a1 = sigmoid(w1*1 + w2*2 + b); a2 = sigmoid(w1*3 + w2*4 + b); a3 = sigmoid(w1*5 + w2*6 + b);"
            "L = -(log(a1) + log(1 - a2) + log(a3)) / 3",
            {"w1": 0.5, "w2": -0.5, "b": 0},
        ),
        {"gradients": {"w1": "-.8674", "w2": "-1.1565", "b": "-.2891"}},
    ),
    "ChainRules.jl, its table for x^y": (
        ("z = x**y", {"x": 2, "y": 2}),
        {"slopes": {"z/x": 4, "z/y": "2.772588722239781"}},
    ),
}


@pytest.mark.parametrize("source", PUBLISHED)
def test_published_numbers_are_right(source):
    graph, answers = PUBLISHED[source]
    assert {str(verdict) for verdict in checked(graph, **answers).values()} == {str(RIGHT)}


# Answers with known mistakes, computed without the engine

T = math.tanh(0.88)
SLOPE = 1 - T * T
INPUT = 1 - 0.88**2


def three(number):
    return f"{number:.2e}"


@pytest.mark.parametrize(
    ("answers", "explanations"),
    [
        ({"w": "2", "x": "-3"}, ["no upstream", "no inner derivative"]),
        ({"w": three(SLOPE), "x": three(SLOPE)}, ["no input"]),
        ({"w": three(-SLOPE * 2)}, ["sign of the error"]),
        ({"w": three(INPUT * 2), "b": three(INPUT)}, ["input for output"]),
        ({"w": f"{2 * (1 - math.tanh(-6) ** 2):.5e}"}, ["bias left out"]),
        ({"w": f"{INPUT:.5e}"}, ["no input + input for output"]),  # 6 digits speak for a pair,
        ({"w": three(INPUT)}, []),  # 3 do not,
        ({"w": three(INPUT), "x": three(INPUT)}, []),  # nor when they are repeated,
        ({"w": three(INPUT * 4), "x": three(INPUT * -6)}, ["no zero + input for output"]),  # but 6 in two answers do
        ({"w": "0.45", "b": "0.23"}, ["input for output"]),  # as do 4 for one mistake,
        ({"b": "0.23"}, []),  # and 2 do not
    ],
)
def test_a_mistake_is_found(answers, explanations):
    found = checked(NEURON, answers)
    assert next(iter(found.values()))[1] == explanations


@pytest.mark.parametrize("name", [*MISTAKES, *OTHER_MISTAKES])
def test_each_mistake_explains_its_own_numbers(name):
    """On a graph where it shows; the others that lead to the same numbers stand beside it."""
    expression = "h = sigmoid(w*x + b); L = (y - h)**2 + h/w + h + 1*v"
    root = parse_expression(expression, {"w": 0.7, "x": -1.3, "b": 0.45, "y": 1.6, "v": 0.2})
    sheet = sheet_of(root, learning_rate=0.3)
    wrong = sheet.numbers((MISTAKES | OTHER_MISTAKES)[name])
    updated = {leaf: f"{wrong[Blank('updated', leaf)]:.6f}" for leaf in "wxbyv"}
    answers = check_answers(root, updated=updated, learning_rate=0.3).answers
    changed = [answer for answer in answers if not read_number(answer.given).agrees(answer.right)]
    assert changed
    for answer in changed:
        assert name in [each.name for each in answer.explanations]


@pytest.mark.parametrize("digits", [3, 4, 5])
def test_numbers_that_are_rounded_at_each_step_are_explained(digits):
    """The rounded numbers come from Python's decimal arithmetic, with that precision."""
    x, y, z = map(decimal.Decimal, ("1.73285", "0.61826", "1.05"))
    with decimal.localcontext(prec=digits):
        difference = x * y - z
        quotient = difference / y
        dx, dy = 1 / y * y, 1 / y * x - quotient / y
    root = parse_expression("v3 = (x*y - z)/y", {"x": 1.73285, "y": 0.61826, "z": 1.05})
    answers = check_answers(root, {"x": str(dx), "y": str(dy)}, values={"v2": str(difference), "v3": str(quotient)})
    wrong = [answer for answer in answers.answers if not read_number(answer.given).agrees(answer.right)]
    assert wrong
    for answer in wrong:
        assert f"rounded to {digits} digits" in [each.name for each in answer.explanations]


def test_single_precision_is_told_from_a_long_number():
    """The numbers of float32 come from NumPy."""
    x = np.float32(6.7)
    printed = f"{float(np.log(np.float32(1) + np.exp(x))):.16g}"
    verdict, explanations = checked(("log(1 + exp(x))", {"x": 6.7}), values={"v3": printed})["v3"]
    assert (verdict, explanations) == (Verdict.NEARLY, ["single precision"])


GRAPHS = [
    NEURON,
    MAZUR,
    ("log(x1) + x1*x2 - sin(x2)", {"x1": 2, "x2": 5}),
    ("(a*b + c)*f", {"a": 2, "b": -3, "c": 10, "f": -2}),
]


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, _: f"{rng.uniform(-5, 5):.2f}",
        lambda rng, _: f"{rng.choice((-1, 1)) * 10 ** rng.uniform(-2, 1):.3g}",
        lambda rng, right: f"{right * rng.uniform(0.2, 3):.3g}",
    ],
    ids=["uniform", "of any size", "of the size of the right one"],
)
def test_of_1000_random_numbers_of_3_digits_at_most_1_percent_are_explained(draw):
    rng, explained = random.Random(13), []
    roots = [parse_expression(*graph) for graph in GRAPHS]
    right = [
        {b.name: n for b, n in sheet_of(root).numbers().items() if b.kind == "gradients" and b.name in numbers}
        for root, (_, numbers) in zip(roots, GRAPHS, strict=True)
    ]
    while len(explained) < 1000:
        i = len(explained) % len(roots)
        answers = check_answers(roots[i], {name: draw(rng, number or 1) for name, number in right[i].items()}).answers
        explained += [bool(answer.explanations) for answer in answers if answer.verdict is not Verdict.RIGHT]
    assert sum(explained) <= len(explained) / 100


# How answers are written, and what is refused


@pytest.mark.parametrize(
    ("given", "verdict", "digits"),
    [
        ("1.00", Verdict.RIGHT, 3),
        (1.0019, Verdict.RIGHT, 5),
        ("1,002", Verdict.RIGHT, 4),
        ("1.0", Verdict.RIGHT, 3),
        (1, Verdict.RIGHT, 3),
        ("1.1", Verdict.WRONG, 1),
        ("1.0029", Verdict.NEARLY, 3),
        ("1.02", Verdict.NEARLY, 2),
        ("1.20", Verdict.WRONG, 1),
        ("−1.00", Verdict.WRONG, 0),
        ("inf", Verdict.WRONG, 0),
        ("nan", Verdict.WRONG, 0),
        ("1e2", Verdict.WRONG, 0),
    ],
)
def test_digits_count_as_they_are_written_with_zeros_after_the_last(given, verdict, digits):
    """The right number is 2 (1 - tanh(0.88)^2) = 1.00185..."""
    (answer,) = check_answers(parse_expression(*NEURON), {"w": given}).answers
    assert (answer.verdict, answer.digits, answer.given) == (verdict, digits, str(given))


@pytest.mark.parametrize(
    ("given", "right"),
    [(6, "x*y"), ("6.0", "x*y"), ("1/3", "1/y"), ("−1/3", "-1/y"), ("0", "x*0"), (math.inf, "1/(x - x)")],
)
def test_exact_answers_need_no_more_digits(given, right):
    root = parse_expression(f"L = {right} + 0*x*y", {"x": 2, "y": 3})
    (answer,) = check_answers(root, values={"L": given}).answers
    assert (answer.verdict, answer.digits) == (Verdict.RIGHT, 17)


def test_nodes_and_edges_are_called_by_name_or_by_value():
    x, y = Value(2.0, "x_1"), Value(3.0, "θ")
    product = x * y
    L = product * y
    L.label, product.label = "L", "p"
    answers = check_answers(L, {x: 9, "theta": 12, "x₁": 9}, slopes={(L, product): 3, "p/x1": 3, "L/θ": 6}).answers
    assert {answer.verdict for answer in answers} == {Verdict.RIGHT}
    assert [answer.blank.name for answer in answers] == ["L/p", "p/x_1", "L/θ", "x_1", "θ"]


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "gradients must be of .*w.*, received 'q'", {"gradients": {"q": 1}}),
        (ValueError, "slopes must be of .*L/v2.*, received 'L/w'", {"slopes": {"L/w": 1}}),
        (
            ValueError,
            "updated cannot be checked, because they need a learning rate; received 'w'",
            {"updated": {"w": 1}},
        ),
        (
            ValueError,
            "the answer in values must be a number, for example .*, received 'two'",
            {"values": {"v1": "two"}},
        ),
        (ValueError, "received '1/0'", {"values": {"v1": "1/0"}}),
        (TypeError, "the answer in values must be a real number .*not NoneType: None", {"values": {"v1": None}}),
        (ValueError, "learning_rate must be greater than 0", {"learning_rate": 0.0}),
        (ValueError, "digits must be from 1 to 17", {"digits": 0}),
        (ValueError, "the graph has 6 nodes, more than max_nodes=5 allows", {"max_nodes": 5}),
    ],
)
def test_bad_arguments_are_refused(error, message, arguments):
    root = parse_expression("L = tanh(w*x + b)", NEURON[1])
    with pytest.raises(error, match=message):
        check_answers(root, **arguments)


def test_a_graph_without_operations_has_no_numbers_to_check():
    with pytest.raises(ValueError, match="values cannot be checked, because the graph has none; received 'x'"):
        check_answers(Value(2.0, "x"), values={"x": 2})


# The command, and a class


def test_the_command_checks_answers(capsys):
    words = ["--answers", "v1=-6", "dw=2", "dL/dx=-1.50", "dv2/db=1", "--updated", "b=6.83", "--learning-rate", "0.1"]
    assert main(["check", "L = tanh(w*x + b)", "w=-3", "x=2", "b=6.88", "--data", "x", *words]) == 0
    lines = [re.split("   +", line.strip()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:6] == [
        ["Answers"],
        ["value v1 = -6", "right"],
        ["slope v2/b = 1", "right"],
        ["gradient w = 2", "wrong, it is 1.002", "no upstream or no inner derivative"],
        ["gradient x = -1.50", "right"],
        ["updated b = 6.83", "right"],
    ]


@pytest.mark.parametrize("form", ["{},{},{},{}\n", "{};{};{};{}\n", "{}\t{}\t{}\t{}\n"])
def test_a_class_is_marked(form, tmp_path, capsys):
    blanks = [Blank("values", "v1"), Blank("gradients", "w")]
    sheets = {n: sheet_of(parse_expression("tanh(w*x + b)", {"w": n / 4, "x": 2, "b": 0.5}), blanks) for n in (1, 2)}
    key = save_key(sheets, tmp_path / "key.json")
    slopes = {n: 1 - math.tanh(n / 2 + 0.5) ** 2 for n in sheets}
    decimal_comma = f"{2 * slopes[1]:.4f}" if "," in form else f"{2 * slopes[1]:.4f}".replace(".", ",")
    rows = [
        ("sheet", "name", 1, 2),
        (1, "Ada", "1/2", decimal_comma),
        (2, "Bo", 1, 2),
        (2, "Cy", "", f"{2 * slopes[2]:.2e}"),
        ("", "", "", ""),
        (1, "Dee", 0.49, f"{slopes[1]:.3f}"),
    ]
    answers = tmp_path / "answers.csv"
    answers.write_text("".join(form.format(*row) for row in rows), encoding="utf-8-sig")
    marked = mark_class(key, answers).sheets
    assert [(each.number, each.name, each.marks) for each in marked] == [
        (1, "Ada", 2), (2, "Bo", 1), (2, "Cy", 1), (1, "Dee", 0),
    ]  # fmt: skip
    assert marked[2].answers[0].verdict is Verdict.MISSING
    assert [each.name for each in marked[3].answers[1].explanations] == ["no input"]
    assert main(["check", "--key", str(key), "--csv", str(answers)]) == 0
    printed = capsys.readouterr().out
    assert "Ada   sheet 1   2 of 2" in printed
    assert "Bo    (2)   gradient w = 2" in printed
    assert re.search(r"no input +1 +the gradient of a weight lacks the factor input", printed)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3,Ada,1", "line 2 of .*answers.csv must begin with the number of a sheet, received '3'"),
        ("Ada,1,1", "must begin with the number of a sheet, received 'Ada'"),
        ("1,Ada,1,2", "line 2 of .*answers.csv has 2 answers, but the sheet has 1"),
        ("1,Ada,one", "answer 1 in line 2 of .*answers.csv must be a number, .* received 'one'"),
    ],
)
def test_answers_of_a_class_that_cannot_be_read_are_refused(row, message, tmp_path):
    key = save_key({1: sheet_of(parse_expression("w*2", {"w": 1}), [Blank("values", "v1")])}, tmp_path / "key.json")
    (tmp_path / "answers.csv").write_text(f"sheet,name,1\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        mark_class(key, tmp_path / "answers.csv")
