"""A graph as a formula, in text, LaTeX or MathML, with brackets where precedence asks for them.

A back end of the table of primitives: a row says how it is written by its symbol and its arity, and each notation lists
only the rows that it writes in another way. Beside that there is one loop over the graph.
"""

import html
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol, TypeAlias

from autograd_lite import primitives
from autograd_lite.labels import clean, latex_number, mathml_number, number_text
from autograd_lite.primitives import CONSTANT, MULTIPLY, Primitive
from autograd_lite.value import Value, check_value
from autograd_lite.words.lecture import lecture_name

# How tightly an expression binds; an argument that binds less than its place asks for gets brackets.
SUM, PRODUCT, SIGNED, POWER, ATOM = range(1, 6)


class Written(NamedTuple):
    """An expression as it is written, and how tightly it binds."""

    text: str
    binds: int


class Pattern(NamedTuple):
    """How an operation is written."""

    template: str
    """With {} for each argument."""
    binds: int
    """How tightly the result binds."""
    places: tuple[int, ...]
    """How tightly each argument must bind to stand there without brackets."""


OPERATORS = {
    "+": (SUM, (SUM, PRODUCT)),
    "-": (SUM, (SUM, PRODUCT)),
    "*": (PRODUCT, (PRODUCT, SIGNED)),
    "/": (PRODUCT, (PRODUCT, SIGNED)),
    "//": (PRODUCT, (PRODUCT, SIGNED)),
    "%": (PRODUCT, (PRODUCT, SIGNED)),
    "**": (POWER, (ATOM, SIGNED)),
}
"""How tightly the operators bind that stand between two arguments, and how tightly those must."""


def _function(template: str, arguments: int) -> Pattern:
    return Pattern(template, ATOM, (0,) * arguments)


NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
"""In MathML, for spaces that are meant to be seen: browsers drop others."""

_LATEX_SIGNS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{\ }", "~": r"\sim ", "<": r"\lt ", ">": r"\gt ", " ": r"\ ", "`": r"\text{`}", '"': "''",
}  # fmt: skip


def _latex_signs(text: str) -> str:
    return "".join(_LATEX_SIGNS.get(sign, sign) for sign in text)


def _mathml_text(text: str) -> str:
    return html.escape(text, quote=False).replace(" ", NO_BREAK_SPACE)


def _text_function(name: str, arguments: int = 1) -> Pattern:
    return _function(f"{_literal(name)}({', '.join(['{}'] * arguments)})", arguments)


def _latex_function(name: str, arguments: int = 1) -> Pattern:
    command = rf"\{name}" if name in _LATEX_FUNCTIONS else rf"\operatorname{{{_latex_signs(name)}}}"
    return _function(rf"{_literal(command)}\left({', '.join(['{}'] * arguments)}\right)", arguments)


def _mathml_function(name: str, arguments: int = 1) -> Pattern:
    listed = "<mo>,</mo>".join(["{}"] * arguments)
    identifier = _literal(_mathml_text(name))
    return _function(f"<mi>{identifier}</mi><mo>\u2061</mo><mrow><mo>(</mo>{listed}<mo>)</mo></mrow>", arguments)


def _literal(text: str) -> str:
    """The text as a part of a template."""
    return text.replace("{", "{{").replace("}", "}}")


# What a notation writes in another way than a row's symbol and arity say. A sum may have more than two arguments;
# further ones are written like the second.

TEXT: dict[str, Pattern] = {
    "greater": Pattern("[{} > {}]", ATOM, (0, 0)),
}

_LATEX_FUNCTIONS = set("exp log sin cos tan sinh cosh tanh max min arcsin arccos arctan sigma".split())

LATEX: dict[str, Pattern] = {
    "multiply": Pattern(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "multiply_no_nan": Pattern(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "divide": Pattern(r"\frac{{{}}}{{{}}}", POWER, (0, 0)),
    "floor_divide": Pattern(r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", ATOM, (0, 0)),
    "remainder": Pattern(r"{} \bmod {}", PRODUCT, (PRODUCT, ATOM)),
    "power": Pattern("{}^{{{}}}", POWER, (ATOM, 0)),
    "abs": Pattern(r"\left|{}\right|", ATOM, (0,)),
    "sqrt": Pattern(r"\sqrt{{{}}}", ATOM, (0,)),
    "expm1": Pattern(r"\exp\left({}\right) - 1", SUM, (0,)),
    "log1p": Pattern(r"\log\left(1 + {}\right)", ATOM, (PRODUCT,)),
    "greater": Pattern(r"\left[{} > {}\right]", ATOM, (0, 0)),
    "asin": _latex_function("arcsin"),
    "acos": _latex_function("arccos"),
    "atan": _latex_function("arctan"),
    "sigmoid": _latex_function("sigma"),
    "sign": _latex_function("sgn"),
    "leaky_relu": _latex_function("LeakyReLU", 2),
}

MATHML: dict[str, Pattern] = {
    "subtract": Pattern("{}<mo>−</mo>{}", SUM, (SUM, PRODUCT)),
    "multiply": Pattern("{}<mo>·</mo>{}", PRODUCT, (PRODUCT, POWER)),
    "multiply_no_nan": Pattern("{}<mo>·</mo>{}", PRODUCT, (PRODUCT, POWER)),
    "divide": Pattern("<mfrac>{}{}</mfrac>", POWER, (0, 0)),
    "floor_divide": Pattern("<mo>⌊</mo><mfrac>{}{}</mfrac><mo>⌋</mo>", ATOM, (0, 0)),
    "remainder": Pattern("{}<mo>mod</mo>{}", PRODUCT, (PRODUCT, ATOM)),
    "power": Pattern("<msup>{}{}</msup>", POWER, (ATOM, 0)),
    "negative": Pattern("<mo>−</mo>{}", SIGNED, (POWER,)),
    "abs": Pattern("<mo>|</mo>{}<mo>|</mo>", ATOM, (0,)),
    "sqrt": Pattern("<msqrt>{}</msqrt>", ATOM, (0,)),
    "expm1": Pattern(f"{_mathml_function('exp').template}<mo>−</mo><mn>1</mn>", SUM, (0,)),
    "log1p": Pattern(_mathml_function("log").template.format("<mn>1</mn><mo>+</mo>{}"), ATOM, (PRODUCT,)),
    "greater": Pattern("<mo>[</mo>{}<mo>&gt;</mo>{}<mo>]</mo>", ATOM, (0, 0)),
    "asin": _mathml_function("arcsin"),
    "acos": _mathml_function("arccos"),
    "atan": _mathml_function("arctan"),
    "sigmoid": _mathml_function("σ"),
    "sign": _mathml_function("sgn"),
    "leaky_relu": _mathml_function("LeakyReLU", 2),
}

# Names and numbers. They are atoms, unless they would be misread beside operators: -1, x + 1, the square of w^(1).

_WORD = re.compile(r"[\w.#'…�∞]+")


def text_name(label: str) -> Written:
    """Write a label as text.

    >>> text_name("x1"), text_name("x + 1")
    (Written(text='x1', binds=5), Written(text='x + 1', binds=0))
    """
    in_brackets = label.startswith("(") and label.endswith(")")
    is_word = _WORD.fullmatch(label) or in_brackets or lecture_name(label.partition("#")[0])
    return Written(label, SIGNED if label.startswith("-") else ATOM if is_word else 0)


def latex_name(label: str) -> Written:
    """Write a label as LaTeX; what the label contains never becomes a command.

    >>> for label in ("w^(1)_{2,0}", "s_1^(2)", "x1", "rate"):
    ...     print(latex_name(label).text)
    w^{(1)}_{2,0}
    s_{1}^{(2)}
    x_{1}
    \\mathit{rate}
    """
    name = lecture_name(label)
    if name is None:
        return Written(rf"\mathit{{{_latex_signs(clean(label))}}}", ATOM)
    letter = r"\delta" if name.letter == "delta" else name.letter
    units = f"_{{{name.units}}}" if name.units else ""
    layer = f"^{{({name.layer})}}" if name.layer else ""
    return Written(letter + (layer + units if name.layer_first else units + layer), POWER if layer else ATOM)


def mathml_name(label: str) -> Written:
    """Write a label as MathML, one element; what the label contains never becomes markup.

    >>> for label in ("x1", "a<b", "s_1^(2)"):
    ...     print(mathml_name(label).text)
    <msub><mi>x</mi><mn>1</mn></msub>
    <mi>a&lt;b</mi>
    <msubsup><mi>s</mi><mn>1</mn><mrow><mo>(</mo><mn>2</mn><mo>)</mo></mrow></msubsup>
    """
    name = lecture_name(label)
    if name is None:
        text = clean(label)
        return Written(f"<mi>{_mathml_text(text)}</mi>", ATOM if _WORD.fullmatch(text) else 0)
    letter = f"<mi>{'δ' if name.letter == 'delta' else name.letter}</mi>"
    units = f"<mn>{name.units.replace('-', '−')}</mn>"
    if name.layer:
        layer = f"<mrow><mo>(</mo><mn>{name.layer}</mn><mo>)</mo></mrow>"
        return Written(f"<msubsup>{letter}{units}{layer}</msubsup>", POWER)
    return Written(f"<msub>{letter}{units}</msub>" if name.units else letter, ATOM)


class _WriteNumber(Protocol):
    def __call__(self, number: float, digits: int = 6, whole: str = ".0") -> str: ...


class Form(NamedTuple):
    """How formulas are set: all that tells text, LaTeX and MathML apart."""

    patterns: Mapping[str, Pattern]
    """The rows, by name, that are not written as their symbol and arity say."""
    function: Callable[[str, int], Pattern]
    """How a function of that symbol and number of arguments is written."""
    operator: str
    """With {} for the sign of an operator between its arguments."""
    name: Callable[[str], Written]
    """How a label is written, made safe by `clean`."""
    number_text: _WriteNumber
    """How a number is written, to that number of significant digits; `whole` is what follows an integer."""
    signed: int
    """How tightly a negative number binds."""
    scientific: int
    """How tightly a positive number with an exponent binds."""
    most_characters: int
    """A formula of a graph with shared nodes can be exponentially longer than the graph; beyond this it is refused."""
    brackets: str
    """With {} for what stands in them."""
    enclosure: str
    """With {} for several pieces that shall be one."""
    derivative: str
    """With {} for what is differentiated and {} for the variable."""
    tangent: str
    """With {} for what has the tangent."""
    word: str
    """With {} for a word before a formula."""
    constant: str
    """What says that an equation defines a constant."""
    plus: str
    times: str
    """Between numbers."""
    beside: str
    """Between derivatives that are multiplied."""
    equals: str
    first_equals: str
    """The first of an equation; in LaTeX it is where the lines of an aligned environment meet, as is the next."""
    increases: str

    def number(self, number: float, digits: int = 6, whole: str = ".0") -> Written:
        """Write a number to that number of significant digits; `whole` is what follows an integer.

        >>> FORMS["latex"].number(-2.0), FORMS["latex"].number(1e30).text
        (Written(text='-2.0', binds=0), '1 \\\\cdot 10^{30}')
        """
        plain = number_text(number, digits, whole)
        binds = self.signed if plain.startswith("-") else self.scientific if "e" in plain else ATOM
        return Written(self.number_text(number, digits, whole), binds)

    def pattern(self, op: Primitive, arguments: int) -> Pattern:
        """Return how an operation is written: as the notation lists it, else by the symbol and arity of its row."""
        if op.name in self.patterns:
            return self.patterns[op.name]
        if op.symbol in OPERATORS and arguments > 1:
            return Pattern(f"{{}}{self.operator.format(_literal(op.symbol))}{{}}", *OPERATORS[op.symbol])
        if op.symbol == "-":
            return Pattern("-{}", SIGNED, (POWER,))
        return self.function(clean(op.symbol), arguments)


FormName: TypeAlias = Literal["text", "latex", "mathml"]

FORMS: dict[str, Form] = {
    "text": Form(
        patterns=TEXT,
        function=_text_function,
        operator=" {} ",
        name=text_name,
        number_text=number_text,
        signed=SIGNED,
        scientific=ATOM,
        most_characters=10_000,
        brackets="({})",
        enclosure="{}",
        derivative="d{}/d{}",
        tangent="{}'",
        word="{} ",
        constant=" (constant)",
        plus=" + ",
        times=" * ",
        beside=" * ",
        equals=" = ",
        first_equals=" = ",
        increases=" += ",
    ),
    "latex": Form(
        patterns=LATEX,
        function=_latex_function,
        operator=" {} ",
        name=latex_name,
        number_text=latex_number,
        signed=0,
        scientific=PRODUCT,
        most_characters=10_000,
        brackets="({})",
        enclosure="{}",
        derivative=r"\frac{{\partial {}}}{{\partial {}}}",
        tangent=r"\dot{{{}}}",
        word=r"\text{{{} }} ",
        constant="",
        plus=" + ",
        times=r" \cdot ",
        beside=r" \, ",
        equals=" = ",
        first_equals=" &= ",
        increases=r" &\mathrel{+}= ",
    ),
    "mathml": Form(
        patterns=MATHML,
        function=_mathml_function,
        operator="<mo>{}</mo>",
        name=mathml_name,
        number_text=mathml_number,
        signed=0,
        scientific=PRODUCT,
        most_characters=100_000,
        brackets="<mrow><mo>(</mo>{}<mo>)</mo></mrow>",
        enclosure="<mrow>{}</mrow>",
        derivative="<mfrac><mrow><mo>∂</mo>{}</mrow><mrow><mo>∂</mo>{}</mrow></mfrac>",
        tangent="<msup>{}<mo>′</mo></msup>",
        word=f"<mtext>{{}}{NO_BREAK_SPACE}</mtext>",
        constant=f"<mtext>{NO_BREAK_SPACE}(constant)</mtext>",
        plus="<mo>+</mo>",
        times="<mo>·</mo>",
        beside="<mo>·</mo>",
        equals="<mo>=</mo>",
        first_equals="<mo>=</mo>",
        increases="<mo>+=</mo>",
    ),
}


def as_form(form: FormName | Form) -> Form:
    """Return the form of that name; a form is returned as it is.

    Raises:
        ValueError: if there is none.

    >>> as_form("html")
    Traceback (most recent call last):
    ValueError: form must be one of text, latex, mathml, received 'html'
    """
    if isinstance(form, Form):
        return form
    if not isinstance(form, str) or form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, received {reprlib.repr(form)}")
    return FORMS[form]


def formula(
    root: Value, names: Mapping[Value, str] | None = None, form: FormName | Form = "text", *, literal: bool = False
) -> str:
    """Write the expression that a Value was computed by, in terms of the leaves, or of the nodes that are named.

    Arguments:
        root: the Value.
        names: the name that stands for a node, which is then not expanded; the root itself always is. Without names, a
            leaf is called by its label, and shown as its number if it has none.
        form: "text", as Python could read it; "latex", for a mathematics environment; or "mathml", presentation
            markup of MathML Core, for a <math> element. Or a form itself, from FORMS.
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
    return write(root, stand_ins, setting, literal=literal)


def write(root: Value, stand_ins: Mapping[Value, Written], setting: Form, *, literal: bool = False) -> str:
    """Write the expression that a Value was computed by; what stands for a node is written already."""
    written: dict[Value, Written] = {}
    for node in _below(root, stand_ins):
        if node in stand_ins and node is not root:
            written[node] = stand_ins[node]
        elif node.parents:
            written[node] = _operation(node.op, node.parents, written, setting, literal)
        else:
            label = clean(node.label)
            written[node] = setting.name(label) if label else setting.number(node.data, whole="")
        if len(written[node].text) > setting.most_characters:
            raise ValueError(
                f"the formula is longer than {setting.most_characters:,} characters, because shared nodes repeat in "
                "it: name some of them (argument `names`), or use explain()"
            )
    return written[root].text


def _below(root: Value, stand_ins: Mapping[Value, Written]) -> list[Value]:
    """The nodes that a formula is made of, each after its parents: nothing below a node that something stands for."""
    reached: dict[Value, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            if node is root or node not in stand_ins:
                stack.extend(reversed(node.parents))
    return sorted(reached, key=attrgetter("level"))


def _operation(
    op: Primitive, parents: Sequence[Value], written: Mapping[Value, Written], setting: Form, literal: bool
) -> Written:
    """An operation on arguments that are written already."""
    if op is MULTIPLY and parents[0] is parents[1] and not literal:  # o * o is o squared on the blackboard
        two = setting.number(2.0, whole="")
        return _fill(setting.pattern(primitives.POWER, 2), [written[parents[0]], two], setting)
    if op is primitives.POWER and not literal and parents[1].op is CONSTANT and parents[1].data == 1.0:
        return written[parents[0]]
    return _fill(setting.pattern(op, len(parents)), [written[parent] for parent in parents], setting)


def _fill(pattern: Pattern, arguments: Sequence[Written], setting: Form) -> Written:
    more = len(arguments) - len(pattern.places)
    template = pattern.template + f"{setting.plus}{{}}" * more
    places = pattern.places + pattern.places[-1:] * more
    texts = [
        argument.text if argument.binds >= place else setting.brackets.format(argument.text)
        for argument, place in zip(arguments, places, strict=True)
    ]
    return Written(setting.enclosure.format(template.format(*texts)), pattern.binds)


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
    stand_ins: dict[Value, Written] = {}

    def symbol(of: Value) -> Value | float:
        if of.op is CONSTANT and not of.label:
            return of.data
        stand_in = Value(of.data)
        stand_ins[stand_in] = setting.name(names[of])
        return stand_in

    if callable(slope):
        symbols = {value: symbol(value) for value in (*node.parents, node)}
        slope = slope(symbols[node], *[symbols[parent] for parent in node.parents])
    if not isinstance(slope, Value):
        return setting.number(slope, whole="").text
    return stand_ins[slope].text if slope in stand_ins else write(slope, stand_ins, setting)
