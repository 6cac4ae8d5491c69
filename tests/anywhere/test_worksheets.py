"""autograd_lite.teaching.worksheets: blanks hide their numbers, keys show them, and answers can be marked."""

import base64
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from autograd_lite import Value, constant, exp, mark_class, tanh, worksheet
from autograd_lite.teaching.key import KINDS, load_key
from autograd_lite.teaching.worksheets import KEY_SUFFIXES, SUFFIXES, numbers_of

FORMULA = "tanh(w*x+b)", {"w": "-2..2", "x": "1..3", "b": "-1,0,1"}


def shared():
    """A graph with a shared node, a node that one operation uses twice, constants, and numbers with many digits."""
    a, b = Value(1.23457, "a"), Value(-0.76543, "b_1^(2)")
    c = a * b
    c.label = "c < d"
    return tanh(c * c) / a - exp(b) * 2.5 + c * constant(1.61803, "phi")


def decoded(text):
    """The text of a document, with the pictures that are in it."""
    pictures = re.findall(r"base64,([\w+/=]+)", text)
    return "\n".join([re.sub(r"base64,[\w+/=]+", "", text), *(base64.b64decode(one).decode() for one in pictures)])


def texts_of(sheets, key):
    """The sheets in each form, and the questions for Moodle, without the answers."""
    texts = [decoded(sheets.html(key)), decoded(sheets.markdown(key)), sheets.latex(key)]
    return (
        texts
        if key
        else [*texts, *(decoded(one) for one in re.findall(r"<questiontext.*?</questiontext>", sheets.moodle()))]
    )


SOME_KINDS = [kinds for size in (1, 2, 6) for kinds in combinations(KINDS, size)]


@pytest.mark.parametrize("kinds", SOME_KINDS, ids="-".join)
def test_a_blank_shows_its_number_nowhere_and_the_key_shows_it(kinds):
    root = shared()
    sheets = worksheet(root, blanks=kinds, digits=6, learning_rate=0.03125)
    sheet = sheets.sheets[1]
    numbers = sheet.numbers()

    def text(number):
        return f"{abs(number):.6g}".partition("e")[0]

    secret = {text(numbers[blank]) for blank in sheet.blanks if len(text(numbers[blank])) > 5}
    given = {text(node.data) for node in sheet.order if not node.parents}
    given |= {text(number) for blank, number in numbers.items() if blank.kind in {"values", "slopes"} - {*kinds}}
    for document in texts_of(sheets, key=False):
        assert sorted(one for one in secret - given if re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", document)) == []
    for document in texts_of(sheets, key=True):
        assert all(one in document for one in secret)


@pytest.mark.parametrize("kinds", SOME_KINDS, ids="-".join)
def test_each_blank_has_its_number_once_in_order(kinds):
    sheets = worksheet(shared(), blanks=kinds, learning_rate=0.03125)
    wanted = [*map(str, range(1, 1 + len(sheets.sheets[1].blanks)))]
    for key in (False, True):
        assert re.findall(r"\((\d+)\) [_\d−∞]", sheets.markdown(key).replace("\\", "")) == wanted
        assert re.findall(r"<mtext>\((\d+)\)</mtext>", sheets.html(key)) == wanted
        assert re.findall(r"\^\{\((\d+)\)\}(?:\\underline|\\mathbf)", sheets.latex(key)) == wanted


def test_documents_are_well_formed():
    root = shared()
    root.label = r"</script> & \end{document} $ % # _ ]]>"
    sheets = worksheet(root, title="a < b & c]]>_*", blanks=KINDS, learning_rate=0.5)
    for key in (False, True):
        page = sheets.html(key).partition("<body>")[2].partition("</body>")[0]
        assert ElementTree.fromstring(f"<body>{page}</body>") is not None
        assert "</script>" not in page
        assert sheets.latex(key).replace(r"\{", "").count("{") == sheets.latex(key).replace(r"\}", "").count("}")
    assert ElementTree.fromstring(sheets.moodle().encode()) is not None


def test_latex_has_only_signs_that_its_fonts_have():
    """Compiled by hand with pdflatex; \\lt is a command of MathJax."""
    x, root = Value(3.0, "日 < é"), Value(2.0, "β")
    root = root * x
    root.label = "ζ > ₁"
    for key in (False, True):
        document = worksheet(root, title="1 < 2: Größe_日 of β", blanks=KINDS, learning_rate=0.5).latex(
            key, standalone=True
        )
        assert {sign for sign in document if not sign.isascii()} == set("éöß")
        assert not re.search(r"\\(lt|gt)\b", document)
        assert r"\textbf{1\ $<$\ 2:\ Größe\_[U+65E5]\ of\ $\beta$}" in document


def test_what_is_given_is_one_row_and_so_is_an_edge():
    """So that the sheet of a neuron fits a page of A4 or Letter (looked at by hand)."""
    page = worksheet("tanh(w*x+b)", {"w": 1, "x": 2, "b": -1}).html()
    rows = [row.count("<math") for row in re.findall("<p>.*?</p>", page)]
    assert rows == [3, *3 * [1], 1, *5 * [3]]


def test_variants_differ_stay_small_and_are_repeated_by_a_seed():
    sheets = worksheet(*FORMULA, variants=30, seed=1)
    assert [*sheets.sheets] == [*range(1, 31)]
    leaves = {tuple(node.data for node in sheet.order if not node.parents) for sheet in sheets.sheets.values()}
    assert len(leaves) == 30
    assert all({w, b} <= {-2, -1, 0, 1, 2} and x in {1, 2, 3} for w, x, b in leaves)
    assert sheets.html() == worksheet(*FORMULA, variants=30, seed=1).html() != worksheet(*FORMULA, variants=30).html()
    large = worksheet("exp(x)*y", {"x": "0..10", "y": "1..3"}, variants=9)
    assert all(abs(number) <= 100 for sheet in large.sheets.values() for number in sheet.numbers().values())
    exact = worksheet("x/y", {"x": "1..9", "y": "1..9"}, variants=20)
    assert all(float(f"{sheet.order[-1].data:.4g}") == sheet.order[-1].data for sheet in exact.sheets.values())


def test_what_may_be_an_expression_a_function_or_a_value():
    def neuron(w, x):
        return (w * x).tanh()

    by_function = worksheet(neuron, {"w": [0.5], "x": 2})
    assert by_function.title == "neuron"
    by_value = worksheet(neuron(Value(0.5, "w"), Value(2.0, "x")), title="neuron")
    assert (
        by_function.html() == by_value.html() == worksheet("tanh(w*x)", {"w": "1/2", "x": "2"}, title="neuron").html()
    )
    assert by_value._repr_html_().count("<section") == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_sheets(tmp_path, suffix):
    sheets = worksheet(*FORMULA, variants=3)
    written = sheets.save(tmp_path / f"sheets{suffix.upper()}").read_text(encoding="utf-8")
    assert written == {
        ".html": sheets.html(), ".md": sheets.markdown(), ".tex": sheets.latex(standalone=True),
        ".xml": sheets.moodle(),
    }[suffix]  # fmt: skip
    assert sheets.latex() in sheets.latex(standalone=True)


def test_a_class_is_marked_with_the_key(tmp_path):
    sheets = worksheet(*FORMULA, variants=3, blanks=("values", "totals"))
    key = sheets.save(tmp_path / "key.json", key=True)
    rows = ["sheet,name"]
    for number, sheet in load_key(key).items():
        assert sheet.numbers() == sheets.sheets[number].numbers()
        rows.append(",".join([str(number), "A", *[f"{sheet.numbers()[blank]:.4g}" for blank in sheet.blanks]]))
    rows[2] = rows[2].rpartition(",")[0] + ",77"
    (tmp_path / "answers.csv").write_text("\n".join(rows), encoding="utf-8")
    marked = mark_class(key, tmp_path / "answers.csv")
    assert [len(each.answers) - each.marks for each in marked.sheets] == [0, 1, 0]


def test_questions_for_moodle():
    sheets = worksheet("w*x - b*b", {"w": "2,3", "x": "4,5", "b": "6"}, variants=2, blanks=("slopes", "gradients"))
    questions = ElementTree.fromstring(sheets.moodle().encode()).findall("question")
    assert [one.get("type") for one in questions].count("category") == 2
    numerical = [one for one in questions if one.get("type") == "numerical"]
    asked = [sheet.numbers()[blank] for sheet in sheets.sheets.values() for blank in sheet.blanks]
    assert len(numerical) == len(asked)
    feedbacks = set()
    for question, right in zip(numerical, asked, strict=True):
        answers = question.findall("answer")
        assert [answer.get("fraction") for answer in answers] == ["100", *["0"] * (len(answers) - 1)]
        assert float(answers[0].findtext("text")) == right
        assert all(
            0 < float(answer.findtext("tolerance")) <= 0.005 * abs(float(answer.findtext("text")))
            or float(answer.findtext("text")) == 0
            for answer in answers
        )
        assert len({answer.findtext("text") for answer in answers}) == len(answers)
        feedbacks.update(answer.findtext("feedback/text") for answer in answers)
        assert base64.b64decode(question.find("questiontext/file").text).startswith(b"<svg")
        assert "@@PLUGINFILE@@/graph.svg" in question.findtext("questiontext/text")
    assert len(feedbacks) > 3
    assert any("sign" in feedback for feedback in feedbacks)


def test_questions_for_moodle_say_what_a_running_total_holds_and_tell_answers_apart():
    """A question stands alone, so "total" would not say which shares; an answer that counts as right is not wrong."""
    x = Value(2.0, "x")
    z = x * 3
    z.label = "z"
    root = z * x + x * 1e-5
    root.label = "L"
    text = worksheet(root, blanks=("totals", "updated"), learning_rate=1e-4).moodle()
    asked = re.findall(r"<p>([^<]*) = \?</p>", text)
    totals = [one.split(" + ") for one in asked if "←" not in one and "/∂x" in one.split(" + ")[0].split("·")[1]]
    assert [len(shares) for shares in totals] == [1, 2, 3]
    assert totals[0] < totals[1] < totals[2]
    assert {*totals[2]} >= {"∂L/∂z · ∂z/∂x"}
    for question in ElementTree.fromstring(text.encode()).iter("question"):
        right, *wrong = [float(answer.findtext("text")) for answer in question.findall("answer")] or [0.0]
        tolerance = float(question.findtext("answer/tolerance") or 0)
        assert all(abs(one - right) > tolerance for one in wrong)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("-2..2", [-2, -1, 0, 1, 2]),
        ("-2..2/0.5", [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]),
        ("0..1/1/4", [0, 0.25, 0.5, 0.75, 1]),
        ("0..1/0.3", [0, 0.3, 0.6, 0.9]),
        ("-1, 0, 1/2", [-1, 0, 0.5]),
        ("5", [5]),
        ("1..2,7,1", [1, 2, 7]),
        ("-1.5..0", [-1.5, -0.5]),
    ],
)
def test_choices_of_numbers(text, numbers):
    assert numbers_of("x", text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1..",
        "..2",
        "3..1",
        "1..2/0",
        "1..2/-1",
        "1,,2",
        "1...3",
        "1/0",
        "nan",
        "1..1e999",
        "1e-999999999",
        "0..1e9",
    ],
)
def test_wrong_choices_of_numbers(text):
    with pytest.raises(ValueError, match=r"^x must be numbers, for example 3, -1,0,1/2 or -2\.\.2, or with a step"):
        numbers_of("x", text)


@pytest.mark.parametrize(
    ("what", "options", "error", "words"),
    [
        ("x*x", {"numbers": {"x": "1..3"}, "variants": 4}, ValueError, "variants must be at most 3"),
        ("log(x)", {"numbers": {"x": "-1..1"}, "variants": 2}, ValueError, "variants must be at most 1"),
        ("log(x)", {"numbers": {"x": "-3..-1"}}, ValueError, "numbers must make a sheet whose answers are finite"),
        ("x", {"numbers": {"x": "1"}}, ValueError, "blanks must ask for something that this graph has"),
        ("3", {"blanks": ["gradients"]}, ValueError, "blanks must ask for something.*received gradients"),
        ("x", {"numbers": {"x": "1"}, "variants": 0}, ValueError, "variants must be"),
        (Value(1.0), {"variants": 2}, ValueError, "numbers and variants are for an expression or a function"),
        (Value(1.0), {"numbers": {"x": "1"}}, ValueError, "numbers and variants are for an expression or a function"),
        ("x*x", {"numbers": {"x": "1"}, "blanks": "values"}, ValueError, "blanks must be a list of"),
        ("x*x", {"numbers": {"x": "1"}, "blanks": ["sums"]}, ValueError, "blanks must be one of"),
        ("x*x", {"numbers": {"x": "1"}, "blanks": []}, ValueError, "blanks must be a list of"),
        ("x*x", {"numbers": {"x": "1"}, "blanks": ["updated"]}, ValueError, "learning_rate must be a number if"),
        ("x*x", {"numbers": {"x": "1"}, "data": ["y"]}, ValueError, "data must be one of x, received 'y'"),
        ("x*x", {"numbers": {"x": "1"}, "max_nodes": 1}, ValueError, "max_nodes"),
        ("x*x", {"numbers": {"x": None}}, TypeError, "x must be"),
        (lambda x: x.data, {"numbers": {"x": "1"}}, TypeError, "what must return a Value, not float"),
    ],
)
def test_wrong_arguments(what, options, error, words):
    with pytest.raises(error, match=words):
        worksheet(what, **options)


def test_wrong_files(tmp_path):
    sheets = worksheet("x*x", {"x": "3"})
    for name, key, known in (("a.pdf", False, SUFFIXES), ("a.json", False, SUFFIXES), ("a.xml", True, KEY_SUFFIXES)):
        with pytest.raises(ValueError, match=f"must end in {', '.join(known)}, received"):
            sheets.save(tmp_path / name, key=key)
    assert [*tmp_path.iterdir()] == []
