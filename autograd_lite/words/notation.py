"""A graph as a formula, in text, Unicode, LaTeX or MathML, with brackets where precedence asks for them.

A back end of the table of primitives: a row says how it is written by its symbol and its arity, and each notation lists
only the symbols that it writes in another way. Besides that, there is one loop over the graph.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from autograd_lite.checks import check_choice
from autograd_lite.gradients import on_stand_ins
from autograd_lite.labels import clean, number_text
from autograd_lite.primitives import CONSTANT, MULTIPLY, Primitive, slope_at
from autograd_lite.primitives import POWER as POWER_ROW
from autograd_lite.value import Operand, Value, check_value
from autograd_lite.words.lecture import GREEK, RAISED, latex_letter, numbered, typeset

# How tightly an expression binds; an argument that binds less than its place asks for gets brackets.
SUM, PRODUCT, SIGNED, POWER, ATOM = range(1, 6)

HOLE = -1
"""In place of how tightly it binds, for "{0}", "{1}", ...: the number there is written later, in a page."""

OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
"""The symbols that stand between arguments, and how tightly each binds; any other symbol is the name of a function."""

BLACKBOARD = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "sigmoid": "σ", "sign": "sgn", "leaky_relu": "LeakyReLU",
}  # fmt: skip
"""The functions that mathematics calls by another name than Python; a function without an entry keeps its symbol."""


class Written(NamedTuple):
    """An expression as it is written, and how tightly it binds."""

    text: str
    binds: int


class Pattern(NamedTuple):
    """How an operation is written."""

    write: Callable[..., str]
    """It takes the arguments, as they are written."""
    binds: int
    """How tightly the result binds."""
    places: tuple[int, ...]
    """How tightly each argument must bind to stand there without brackets."""


# How each form writes names and numbers. They are atoms, unless they would be misread beside operators: -1, x + 1, the
# square of w^(1). What a label contains never becomes a command or markup.

_WORD = re.compile(r"""[\w.#'…�∞]+(\[(\w+|"[^"]*")\])*""")


def text_name(label: str) -> Written:
    """Write a label as text.

    >>> text_name("x1"), text_name("x + 1")
    (Written(text='x1', binds=5), Written(text='x + 1', binds=0))
    """
    in_brackets = label.startswith("(") and label.endswith(")")
    is_word = _WORD.fullmatch(label) or in_brackets or numbered(label)[0]
    return Written(label, SIGNED if label.startswith("-") else ATOM if is_word else 0)


def unicode_name(label: str) -> Written:
    """Write a label as text with letters and numbers of Unicode.

    >>> unicode_name("x1"), unicode_name("s_1^(2)")
    (Written(text='x₁', binds=5), Written(text='s₁⁽²⁾', binds=4))
    """
    name, _ = numbered(label)
    return Written(typeset(label), POWER) if name and name.layer else text_name(label)._replace(text=typeset(label))


def unicode_power(base: str, exponent: str) -> str:
    """Write a power: an exponent that is an integer as raised digits."""
    integer = exponent.removeprefix("(").removesuffix(")")
    return base + (integer.translate(RAISED) if integer.removeprefix("−").isdecimal() else f"^{exponent}")


def text_number(text: str) -> Written:
    """Write a number as Python writes it.

    >>> text_number("−1e30"), text_number("2")
    (Written(text='-1e30', binds=3), Written(text='2', binds=5))
    """
    return Written(text.replace("−", "-").replace("∞", "inf"), SIGNED if text.startswith("−") else ATOM)


class Form(NamedTuple):
    """How formulas are set: all that tells the forms apart. The defaults are for text, and for sentences in Unicode."""

    patterns: Mapping[str, Pattern] = {
        "**": Pattern("{} ** {}".format, POWER, (ATOM, SIGNED)),
        ">": Pattern("[{} > {}]".format, ATOM, (0, 0)),
    }
    """The symbols that are written neither as an operator nor as a function."""
    space: str = " "
    """Around the sign of an operator."""
    signs: Mapping[str, str] = {}
    """The signs of operators that are not their symbols."""
    later_factor: int = SIGNED
    """How tightly all factors of a product but the first must bind to stand there without brackets."""
    function: Callable[[str], str] = str
    """How the name of a function is written."""
    call: str = "{}({})"
    """With {} for the name of a function and {} for its arguments."""
    comma: str = ", "
    """Between arguments."""
    name: Callable[[str], Written] = text_name
    """How a label is written, made safe by `clean`."""
    numeral: Callable[[str], Written] = text_number
    """How a number is written that `number_text` has made text."""
    digits: int = 6
    """Significant digits of the numbers."""
    most_characters: int = 10_000
    """A formula of a graph with shared nodes can be exponentially longer than the graph; beyond this it is refused."""
    brackets: str = "({})"
    """With {} for what stands in them."""
    enclosure: str = "{}"
    """Put in braces where several pieces must be one."""
    derivative: str = "∂{}/∂{}"
    """With {} for what is differentiated and {} for the variable."""
    tangent: str = "{}′"
    """With {} for what has the tangent."""
    word: str = "{} "
    """With {} for a word before a formula."""
    constant: str = " (constant)"
    """What says that an equation defines a constant."""
    beside: str = " · "
    """Between derivatives that are multiplied."""
    first_equals: str = " = "
    """The first equals sign of an equation; in LaTeX, this sign and the next one align the lines of an environment."""
    increases: str = " += "
    mark: Callable[[str, str], str] = lambda _, text: text
    """How a text is marked that is the "upstream", "local", "product" or "total" of the chain rule, or "wrong"."""

    def number(self, number: float) -> Written:
        """Write a number."""
        return self.numeral(number_text(number, self.digits))

    def sign(self, symbol: str) -> str:
        """Return the sign of an operator between its arguments."""
        return f"{self.space}{self.signs.get(symbol, symbol)}{self.space}"

    def in_place(self, argument: Written, place: int) -> str:
        """Write an argument, in brackets if it binds less tightly than its place asks for."""
        if argument.binds == HOLE:
            return f"{argument.text[:-1]}:{place}}}"
        return argument.text if argument.binds >= place else self.brackets.format(argument.text)

    def operation(self, symbol: str, arguments: Sequence[Written]) -> Written:
        """Write an operation: by its pattern if it has one, else as an operator or as a function.

        >>> x, y = Written("x", ATOM), Written("y + 1", SUM)
        >>> TEXT.operation("*", [x, y]).text, TEXT.operation("-", [y]).text, TEXT.operation("max", [x, y]).text
        ('x * (y + 1)', '-(y + 1)', 'max(x, y + 1)')
        """
        pattern = self.patterns.get(symbol)
        if pattern is not None and len(pattern.places) == len(arguments):
            text, binds = pattern.write(*map(self.in_place, arguments, pattern.places)), pattern.binds
        elif symbol in OPERATORS and len(arguments) > 1:
            binds = OPERATORS[symbol]
            later = PRODUCT if binds == SUM else self.later_factor
            places = [binds] + [later] * (len(arguments) - 1)
            text = self.sign(symbol).join(map(self.in_place, arguments, places))
        elif symbol == "-":
            text, binds = self.sign("-").strip() + self.in_place(arguments[0], POWER), SIGNED
        else:
            listed = self.comma.join([argument.text for argument in arguments])
            text, binds = self.call.format(self.function(clean(symbol)), listed), ATOM
        return Written(self.enclosure.format(text), binds)


_LATEX_SIGNS = str.maketrans({
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{\ }", "~": r"\sim ", "<": r"\lt ", ">": r"\gt ", " ": r"\ ", "`": r"\text{`}", '"': "''",
})  # fmt: skip

_LATEX_COMMANDS = "exp log sin cos tan sinh cosh tanh max min arcsin arccos arctan".split()
_LATEX_FUNCTIONS = {name: rf"\{name}" for name in _LATEX_COMMANDS} | {"σ": r"\sigma"}


def _latex_function(symbol: str) -> str:
    name = BLACKBOARD.get(symbol, symbol)
    return _LATEX_FUNCTIONS.get(name, rf"\operatorname{{{name.translate(_LATEX_SIGNS)}}}")


def latex_name(label: str) -> Written:
    """Write a label as LaTeX.

    >>> for label in ("w^(1)_{2,0}", "s_1^(2)", "x1", "rate"):
    ...     print(latex_name(label).text)
    w^{(1)}_{2,0}
    s_{1}^{(2)}
    x_{1}
    \\mathit{rate}
    """
    name, again = numbered(label)
    if name is None:
        return Written(rf"\mathit{{{clean(label).translate(_LATEX_SIGNS)}}}", ATOM)
    letter = latex_letter(name.letter) if name.letter in GREEK else name.letter
    units = f"_{{{name.units}}}" if name.units else ""
    layer = f"^{{({name.layer})}}" if name.layer else ""
    text = letter + (layer + units if name.layer_first else units + layer)
    again = clean(again).translate(_LATEX_SIGNS)
    return Written(rf"{text}\mathit{{{again}}}" if again else text, POWER if layer else ATOM)


def latex_number(text: str) -> Written:
    """Write a number as LaTeX.

    >>> print(latex_number("−1e−30").text, latex_number("2").text, latex_number("∞").text)
    -1 \\cdot 10^{-30} 2 \\infty
    """
    number = text.replace("−", "-").replace("∞", r"\infty").replace("nan", r"\mathrm{nan}")
    mantissa, _, exponent = number.partition("e")
    return Written(rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else mantissa, _number_binds(text))


def _number_binds(text: str) -> int:
    """Return how tightly a typeset number binds: -1 in brackets except where a sum begins, and 1e30 is a product."""
    return SUM if text.startswith("−") else PRODUCT if "e" in text else ATOM


NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
"""In MathML, for spaces that are meant to be seen: browsers drop others."""


def _mathml_text(text: str) -> str:
    return f"<mi>{html.escape(text, quote=False).replace(' ', NO_BREAK_SPACE)}</mi>"


def mathml_name(label: str) -> Written:
    """Write a label as MathML, one element.

    >>> for label in ("x1", "a<b", "s_1^(2)"):
    ...     print(mathml_name(label).text)
    <msub><mi>x</mi><mn>1</mn></msub>
    <mi>a&lt;b</mi>
    <msubsup><mi>s</mi><mn>1</mn><mrow><mo>(</mo><mn>2</mn><mo>)</mo></mrow></msubsup>
    """
    name, again = numbered(label)
    if name is None:
        text = clean(label)
        return Written(_mathml_text(text), ATOM if _WORD.fullmatch(text) else 0)
    text, units = f"<mi>{GREEK.get(name.letter, name.letter)}</mi>", f"<mn>{name.units}</mn>"
    if name.layer:
        text = f"<msubsup>{text}{units}<mrow><mo>(</mo><mn>{name.layer}</mn><mo>)</mo></mrow></msubsup>"
    elif name.units:
        text = f"<msub>{text}{units}</msub>"
    return Written(f"<mrow>{text}{_mathml_text(again)}</mrow>" if again else text, POWER if name.layer else ATOM)


def mathml_number(text: str) -> Written:
    """Write a number as MathML, one element.

    >>> for number in ("2", "−∞", "1e30"):
    ...     print(mathml_number(number).text)
    <mn>2</mn>
    <mrow><mo>−</mo><mi>∞</mi></mrow>
    <mrow><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>30</mn></msup></mrow>
    """
    mantissa, _, exponent = text.removeprefix("−").partition("e")
    written = {"∞": "<mi>∞</mi>", "nan": "<mtext>nan</mtext>"}.get(mantissa, f"<mn>{mantissa}</mn>")
    if exponent:
        written += f"<mo>·</mo><msup><mn>10</mn><mn>{exponent}</mn></msup>"
    if text.startswith("−"):
        written = f"<mo>−</mo>{written}"
    is_row = exponent or text.startswith("−")
    return Written(f"<mrow>{written}</mrow>" if is_row else written, _number_binds(text))


# The forms

TEXT = Form()

UNICODE = Form(
    patterns={
        "//": Pattern("⌊{} / {}⌋".format, ATOM, (PRODUCT, POWER)),
        "%": Pattern("{} mod {}".format, PRODUCT, (POWER, POWER)),
        "**": Pattern(unicode_power, POWER, (ATOM, SIGNED)),
        ">": Pattern("[{} > {}]".format, ATOM, (0, 0)),
        "abs": Pattern("|{}|".format, ATOM, (0,)),
        "sqrt": Pattern("√{}".format, POWER, (ATOM,)),
        "expm1": Pattern("exp({}) − 1".format, SUM, (0,)),
        "log1p": Pattern("log(1 + {})".format, ATOM, (PRODUCT,)),
    },
    signs={"*": "×", "-": "−"},
    later_factor=POWER,
    function=lambda symbol: BLACKBOARD.get(symbol, symbol),
    name=unicode_name,
    numeral=lambda text: Written(text, SUM if text.startswith("−") else ATOM),
)

MATHML_CALL = "{}<mo>\u2061</mo><mrow><mo>(</mo>{}<mo>)</mo></mrow>"
_EXP, _LOG = (MATHML_CALL.format(f"<mi>{name}</mi>", "{}") for name in ("exp", "log"))

# What is set in two dimensions: how tightly it binds, and its arguments must bind; LaTeX; MathML
TYPESET = {
    "/": (POWER, (0, 0), r"\frac{{{}}}{{{}}}", "<mfrac>{}{}</mfrac>"),
    "//": (
        ATOM, (0, 0), r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", "<mo>⌊</mo><mfrac>{}{}</mfrac><mo>⌋</mo>",
    ),
    "%": (PRODUCT, (PRODUCT, ATOM), r"{} \bmod {}", "{}<mo>mod</mo>{}"),
    "**": (POWER, (ATOM, 0), "{}^{{{}}}", "<msup>{}{}</msup>"),
    ">": (ATOM, (0, 0), r"\left[{} > {}\right]", "<mo>[</mo>{}<mo>&gt;</mo>{}<mo>]</mo>"),
    "abs": (ATOM, (0,), r"\left|{}\right|", "<mo>|</mo>{}<mo>|</mo>"),
    "sqrt": (ATOM, (0,), r"\sqrt{{{}}}", "<msqrt>{}</msqrt>"),
    "expm1": (SUM, (0,), r"\exp\left({}\right) - 1", f"{_EXP}<mo>−</mo><mn>1</mn>"),
    "log1p": (ATOM, (PRODUCT,), r"\log\left(1 + {}\right)", _LOG.format("<mn>1</mn><mo>+</mo>{}")),
}  # fmt: skip

LATEX = Form(
    patterns={symbol: Pattern(latex.format, binds, places) for symbol, (binds, places, latex, _) in TYPESET.items()},
    signs={"*": r"\cdot", "←": r"\leftarrow"},
    later_factor=POWER,
    function=_latex_function,
    call=r"{}\left({}\right)",
    name=latex_name,
    numeral=latex_number,
    derivative=r"\frac{{\partial {}}}{{\partial {}}}",
    tangent=r"\dot{{{}}}",
    word=r"\text{{{} }} ",
    constant="",
    beside=r" \, ",
    first_equals=" &= ",
    increases=r" &\mathrel{+}= ",
)

MATHML = Form(
    patterns={symbol: Pattern(mathml.format, binds, places) for symbol, (binds, places, _, mathml) in TYPESET.items()},
    space="",
    signs={symbol: f"<mo>{sign}</mo>" for symbol, sign in {"+": "+", "-": "−", "*": "×", "=": "=", "←": "←"}.items()},
    later_factor=POWER,
    function=lambda symbol: _mathml_text(BLACKBOARD.get(symbol, symbol)),
    call=MATHML_CALL,
    comma="<mo>,</mo>",
    name=mathml_name,
    numeral=mathml_number,
    most_characters=100_000,
    brackets="<mrow><mo>(</mo>{}<mo>)</mo></mrow>",
    enclosure="<mrow>{}</mrow>",
    derivative="<mfrac><mrow><mo>∂</mo>{}</mrow><mrow><mo>∂</mo>{}</mrow></mfrac>",
    tangent="<msup>{}<mo>′</mo></msup>",
    word=f"<mtext>{{}}{NO_BREAK_SPACE}</mtext>",
    constant=f"<mtext>{NO_BREAK_SPACE}(constant)</mtext>",
    beside="<mo>·</mo>",
    first_equals="<mo>=</mo>",
    increases="<mo>+=</mo>",
)

FormName: TypeAlias = Literal["text", "unicode", "latex", "mathml"]

FORMS: dict[str, Form] = {"text": TEXT, "unicode": UNICODE, "latex": LATEX, "mathml": MATHML}


def as_form(form: FormName | Form) -> Form:
    """Return the form of that name; a form is returned as it is.

    Raises:
        ValueError: if there is none.

    >>> as_form("html")
    Traceback (most recent call last):
    ValueError: form must be one of text, unicode, latex, mathml, received 'html'
    """
    if isinstance(form, Form):
        return form
    check_choice("form", form, tuple(FORMS))
    return FORMS[form]


def formula(
    root: Value, names: Mapping[Value, str] | None = None, form: FormName | Form = "text", *, literal: bool = False
) -> str:
    """Write the expression that a Value was computed by, in terms of the leaves, or of the nodes that are named.

    Arguments:
        root: the Value.
        names: the name that stands for a node, which is then not expanded; the root itself always is. Without names, a
            leaf is called by its label, and shown as its number if it has none.
        form: "text", as Python could read it; "unicode", as people write it; "latex", for a mathematics environment; or
            "mathml", presentation markup of MathML Core, for a <math> element. Or a form itself, from FORMS.
        literal: write each operation as it is; else o * o is written as a square, and x ** 1 as x.

    Raises:
        TypeError: if root is not a Value.
        ValueError: if there is no such form; or if the formula would be longer than 10,000 characters (of MathML,
            100,000), because shared nodes repeat in it.

    >>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(1.0, "b")
    >>> formula((w * (x + b)).tanh() ** 2)
    'tanh(w * (x + b)) ** 2'
    >>> print(formula(w / (x + b), form="latex"))
    \\frac{w}{x + b}
    >>> print(formula(w / x, form="mathml"))
    <mrow><mfrac><mi>w</mi><mi>x</mi></mfrac></mrow>
    """
    check_value("root", root)
    setting = as_form(form)
    stand_ins = {node: setting.name(name) for node, name in (names or {}).items()}
    return write(root, stand_ins, setting, literal=literal).text


def write(root: Value, stand_ins: Mapping[Value, Written], setting: Form, *, literal: bool = False) -> Written:
    """Write the expression that a Value was computed by; what stands for a node is written already."""
    # The root is written out even if something stands for it, unless it is a leaf
    written = {node: stand_in for node, stand_in in stand_ins.items() if node is not root or not root.parents}
    waiting = [root]
    while root not in written:
        node = waiting[-1]
        missing = [parent for parent in node.parents if parent not in written]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if node.parents:
            written[node] = _operation(node.op, node.parents, written, setting, literal)
        else:
            label = clean(node.label)
            written[node] = setting.name(label) if label else setting.number(node.data)
        if len(written[node].text) > setting.most_characters:
            raise ValueError(
                f"the formula is longer than {setting.most_characters:,} characters, because shared nodes repeat in "
                "it: name some of them (argument `names`), or use explain()"
            )
    return written[root]


def _operation(
    op: Primitive, parents: Sequence[Value], written: Mapping[Value, Written], setting: Form, literal: bool
) -> Written:
    """Write an operation on arguments that are written already."""
    arguments = [written[parent] for parent in parents]
    if op.composite:
        return write_call(op.formula, parents, arguments, setting)
    if op is MULTIPLY and parents[0] is parents[1] and not literal:  # o * o is o squared on the blackboard
        return setting.operation("**", [arguments[0], setting.number(2.0)])
    if op is POWER_ROW and not literal and parents[1].op is CONSTANT and parents[1].data == 1.0:
        return arguments[0]
    return setting.operation(op.symbol, arguments)


def slope_formula(node: Value, place: int, names: Mapping[Value, str], form: FormName | Form = "text") -> str:
    """Write the local partial derivative of a node with respect to the argument at a place, as a formula.

    The slope of the table is called with Values that bear the names of the node and of its parents; so what is written
    here is what `backward` computes.

    Arguments:
        node: the result of an operation.
        place: which argument, from 0.
        names: what the node and its parents are called; a constant without a label needs no name.
        form: as for `formula`.

    Raises:
        ValueError: if there is no such form.

    >>> a, b = Value(2.0), Value(3.0)
    >>> c = a / b
    >>> [slope_formula(c, place, {a: "a", b: "b", c: "c"}) for place in (0, 1)]
    ['1 / b', '-c / b']
    """
    setting = as_form(form)
    slope = node.op.slopes_of(len(node.parents))[place]
    nodes = (node, *node.parents)
    written = [setting.name(names[of]) if of in names else setting.number(of.data) for of in nodes]
    return write_call(lambda *operands: slope_at(slope, operands[0], operands[1:]), nodes, written, setting).text


def write_call(
    function: Callable[..., Operand], nodes: Sequence[Value], written: Sequence[Written], setting: Form
) -> Written:
    """Write what a function of the table computes from nodes, each of which is written already."""
    texts = dict(zip(nodes, written, strict=True))
    result, leaves = on_stand_ins(function, nodes)
    if not isinstance(result, Value):
        return setting.number(float(result))
    return write(result, {leaf: texts[node] for leaf, node in leaves.items()}, setting)
