"""A graph as a formula, in text, LaTeX or MathML, with brackets where precedence asks for them.

A back end of the table of primitives: for each form a dictionary, operation -> how it is written, beside one loop over
the graph.
"""

import html
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol, TypeAlias

from autograd_lite.labels import clean, latex_number, mathml_number, number_text
from autograd_lite.primitives import CONSTANT, Primitive, slope_at
from autograd_lite.value import Value, check_value
from autograd_lite.words.lecture import lecture_name

# How tightly an expression binds; an argument that binds less than its place asks for gets brackets.
SUM, PRODUCT, SIGNED, POWER, ATOM = range(1, 6)


class Notation(NamedTuple):
    """How an operation is written."""

    template: str
    """With {} for each argument."""
    binds: int
    """How tightly the result binds."""
    places: tuple[int, ...]
    """How tightly each argument must bind to stand there without brackets."""


def _function(name: str, arguments: int = 1) -> Notation:
    return Notation(f"{name}({', '.join(['{}'] * arguments)})", ATOM, (0,) * arguments)


def _latex_function(name: str, arguments: int = 1) -> Notation:
    return Notation(rf"{name}\left({', '.join(['{}'] * arguments)}\right)", ATOM, (0,) * arguments)


def _mathml_function(name: str, arguments: int = 1) -> Notation:
    listed = "<mo>,</mo>".join(["{}"] * arguments)
    return Notation(f"{name}<mo>\u2061</mo><mrow><mo>(</mo>{listed}<mo>)</mo></mrow>", ATOM, (0,) * arguments)


# "add" takes two or more arguments; further ones are written like the second.
TEXT: dict[str, Notation] = {
    "add": Notation("{} + {}", SUM, (SUM, PRODUCT)),
    "subtract": Notation("{} - {}", SUM, (SUM, PRODUCT)),
    "multiply": Notation("{} * {}", PRODUCT, (PRODUCT, SIGNED)),
    "multiply_no_nan": Notation("{} * {}", PRODUCT, (PRODUCT, SIGNED)),
    "divide": Notation("{} / {}", PRODUCT, (PRODUCT, SIGNED)),
    "floor_divide": Notation("{} // {}", PRODUCT, (PRODUCT, SIGNED)),
    "remainder": Notation("{} % {}", PRODUCT, (PRODUCT, SIGNED)),
    "power": Notation("{} ** {}", POWER, (ATOM, SIGNED)),
    "negative": Notation("-{}", SIGNED, (POWER,)),
    "greater": Notation("[{} > {}]", ATOM, (0, 0)),
    "maximum": _function("max", 2),
    "minimum": _function("min", 2),
    "maximum_constant": _function("max", 2),
    "minimum_constant": _function("min", 2),
    "atan2": _function("atan2", 2),
    "leaky_relu": _function("leaky_relu", 2),
    "relu": _function("ReLU"),
    **{
        name: _function(name)
        for name in (
            "abs exp expm1 log log1p sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf sigmoid "
            "softplus sign"
        ).split()
    },
}

LATEX: dict[str, Notation] = {
    "add": Notation("{} + {}", SUM, (SUM, PRODUCT)),
    "subtract": Notation("{} - {}", SUM, (SUM, PRODUCT)),
    "multiply": Notation(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "multiply_no_nan": Notation(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
    "divide": Notation(r"\frac{{{}}}{{{}}}", POWER, (0, 0)),
    "floor_divide": Notation(r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", ATOM, (0, 0)),
    "remainder": Notation(r"{} \bmod {}", PRODUCT, (PRODUCT, ATOM)),
    "power": Notation("{}^{{{}}}", POWER, (ATOM, 0)),
    "negative": Notation("-{}", SIGNED, (POWER,)),
    "abs": Notation(r"\left|{}\right|", ATOM, (0,)),
    "sqrt": Notation(r"\sqrt{{{}}}", ATOM, (0,)),
    "expm1": Notation(r"\exp\left({}\right) - 1", SUM, (0,)),
    "log1p": Notation(r"\log\left(1 + {}\right)", ATOM, (PRODUCT,)),
    "greater": Notation(r"\left[{} > {}\right]", ATOM, (0, 0)),
    "maximum": _latex_function(r"\max", 2),
    "minimum": _latex_function(r"\min", 2),
    "maximum_constant": _latex_function(r"\max", 2),
    "minimum_constant": _latex_function(r"\min", 2),
    "asin": _latex_function(r"\arcsin"),
    "acos": _latex_function(r"\arccos"),
    "atan": _latex_function(r"\arctan"),
    "sigmoid": _latex_function(r"\sigma"),
    "sign": _latex_function(r"\operatorname{{sgn}}"),
    "relu": _latex_function(r"\operatorname{{ReLU}}"),
    "atan2": _latex_function(r"\operatorname{{atan2}}", 2),
    "leaky_relu": _latex_function(r"\operatorname{{LeakyReLU}}", 2),
    **{name: _latex_function(rf"\{name}") for name in "exp log sin cos tan sinh cosh tanh".split()},
    **{name: _latex_function(rf"\operatorname{{{{{name}}}}}") for name in "asinh acosh atanh erf softplus".split()},
}

MATHML: dict[str, Notation] = {
    "add": Notation("{}<mo>+</mo>{}", SUM, (SUM, PRODUCT)),
    "subtract": Notation("{}<mo>−</mo>{}", SUM, (SUM, PRODUCT)),
    "multiply": Notation("{}<mo>·</mo>{}", PRODUCT, (PRODUCT, POWER)),
    "multiply_no_nan": Notation("{}<mo>·</mo>{}", PRODUCT, (PRODUCT, POWER)),
    "divide": Notation("<mfrac>{}{}</mfrac>", POWER, (0, 0)),
    "floor_divide": Notation("<mo>⌊</mo><mfrac>{}{}</mfrac><mo>⌋</mo>", ATOM, (0, 0)),
    "remainder": Notation("{}<mo>mod</mo>{}", PRODUCT, (PRODUCT, ATOM)),
    "power": Notation("<msup>{}{}</msup>", POWER, (ATOM, 0)),
    "negative": Notation("<mo>−</mo>{}", SIGNED, (POWER,)),
    "abs": Notation("<mo>|</mo>{}<mo>|</mo>", ATOM, (0,)),
    "sqrt": Notation("<msqrt>{}</msqrt>", ATOM, (0,)),
    "expm1": Notation(f"{_mathml_function('<mi>exp</mi>').template}<mo>−</mo><mn>1</mn>", SUM, (0,)),
    "log1p": Notation(_mathml_function("<mi>log</mi>").template.format("<mn>1</mn><mo>+</mo>{}"), ATOM, (PRODUCT,)),
    "greater": Notation("<mo>[</mo>{}<mo>&gt;</mo>{}<mo>]</mo>", ATOM, (0, 0)),
    "maximum": _mathml_function("<mi>max</mi>", 2),
    "minimum": _mathml_function("<mi>min</mi>", 2),
    "maximum_constant": _mathml_function("<mi>max</mi>", 2),
    "minimum_constant": _mathml_function("<mi>min</mi>", 2),
    "asin": _mathml_function("<mi>arcsin</mi>"),
    "acos": _mathml_function("<mi>arccos</mi>"),
    "atan": _mathml_function("<mi>arctan</mi>"),
    "sigmoid": _mathml_function("<mi>σ</mi>"),
    "sign": _mathml_function("<mi>sgn</mi>"),
    "relu": _mathml_function("<mi>ReLU</mi>"),
    "atan2": _mathml_function("<mi>atan2</mi>", 2),
    "leaky_relu": _mathml_function("<mi>LeakyReLU</mi>", 2),
    **{
        name: _mathml_function(f"<mi>{name}</mi>")
        for name in "exp log sin cos tan sinh cosh tanh asinh acosh atanh erf softplus".split()
    },
}

_LATEX_SIGNS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{\ }", "~": r"\sim ", "<": r"\lt ", ">": r"\gt ", " ": r"\ ", "`": r"\text{`}", '"': "''",
}  # fmt: skip


def latex_name(label: str) -> str:
    """A label as LaTeX; what the label contains never becomes a command.

    >>> print(latex_name("w^(1)_{2,0}"), latex_name("s_1^(2)"), latex_name("x1"), latex_name("rate"))
    w^{(1)}_{2,0} s_{1}^{(2)} x_{1} \\mathit{rate}
    """
    if not label:
        return ""
    name = lecture_name(label)
    if name is None:
        return rf"\mathit{{{''.join(_LATEX_SIGNS.get(sign, sign) for sign in clean(label))}}}"
    letter = r"\delta" if name.letter == "delta" else name.letter
    units = f"_{{{name.units}}}" if name.units else ""
    layer = f"^{{({name.layer})}}" if name.layer else ""
    return letter + (layer + units if name.layer_first else units + layer)


def mathml_name(label: str) -> str:
    """A label as MathML, one element; what the label contains never becomes markup.

    >>> print(mathml_name("x1"), mathml_name("w"), mathml_name("a < b"))
    <msub><mi>x</mi><mn>1</mn></msub> <mi>w</mi> <mi>a &lt; b</mi>
    >>> print(mathml_name("s_1^(2)"))
    <msubsup><mi>s</mi><mn>1</mn><mrow><mo>(</mo><mn>2</mn><mo>)</mo></mrow></msubsup>
    """
    if not label:
        return ""
    name = lecture_name(label)
    if name is None:
        return f"<mi>{html.escape(clean(label), quote=False).replace(' ', NO_BREAK_SPACE)}</mi>"
    letter = f"<mi>{'δ' if name.letter == 'delta' else name.letter}</mi>"
    units = f"<mn>{name.units.replace('-', '−')}</mn>"
    if name.layer:
        return f"<msubsup>{letter}{units}<mrow><mo>(</mo><mn>{name.layer}</mn><mo>)</mo></mrow></msubsup>"
    return f"<msub>{letter}{units}</msub>" if name.units else letter


NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
"""In MathML, for spaces that are meant to be seen: browsers drop others."""


# How tightly a written name or number binds. It is an atom, unless it would be misread beside operators: -1, x + 1, the
# square of w^(1).


def _binds_in_text(name: str) -> int:
    if name.startswith("-"):
        return SIGNED
    is_word = re.fullmatch(r"[\w.#'…�]+|\(.*\)|\d[\d.]*e[+-]?\d+", name)
    return ATOM if is_word or lecture_name(name.partition("#")[0]) else 0


def _binds_in_latex(name: str) -> int:
    if name.startswith("-"):
        return 0
    return PRODUCT if r"\cdot" in name else POWER if "^" in name else ATOM


def _binds_in_mathml(name: str) -> int:
    if re.fullmatch(r"<(mi|mn|mtext)>[\w.#'…�∞]+</\1>|<msub>.*</msub>", name):
        return ATOM
    if name.startswith("<msubsup>"):
        return POWER
    return PRODUCT if "<mo>·</mo>" in name and not name.startswith("<mrow><mo>−</mo>") else 0


class _WriteNumber(Protocol):
    def __call__(self, number: float, digits: int = 6, whole: str = ".0") -> str: ...


class Form(NamedTuple):
    """How formulas are set: all that tells text, LaTeX and MathML apart."""

    notations: Mapping[str, Notation]
    """How each operation is written, by its name."""
    function: Callable[[str, int], Notation]
    """How a function of that written name and so many arguments is written."""
    name: Callable[[str], str]
    """How a label is written, made safe by `clean`."""
    number: _WriteNumber
    """How a number is written, to so many significant digits; `whole` is what follows a whole number."""
    binds: Callable[[str], int]
    """How tightly a written name or number binds."""
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


FormName: TypeAlias = Literal["text", "latex", "mathml"]

FORMS: dict[str, Form] = {
    "text": Form(
        notations=TEXT,
        function=_function,
        name=str,
        number=number_text,
        binds=_binds_in_text,
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
        notations=LATEX,
        function=_function,
        name=latex_name,
        number=latex_number,
        binds=_binds_in_latex,
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
        notations=MATHML,
        function=_mathml_function,
        name=mathml_name,
        number=mathml_number,
        binds=_binds_in_mathml,
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
    """The form of that name; a form is given back as it is.

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
    """The expression that a Value was computed by, in terms of the leaves, or of the nodes that are named.

    Arguments:
        root: the Value.
        names: what stands for a node, written in the form, which is then not expanded; the root itself always is.
            Without names, a leaf is called by its label, and shown as its number if it has none.
        form: "text", as Python could read it; "latex", for a mathematics environment; or "mathml", presentation
            markup of MathML Core, for a <math> element. Or a form itself, of FORMS.
        literal: write each operation as it is; else o * o is written as a square, and x ** 1 as x.

    Raises:
        TypeError: if root is no Value.
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
    names = names or {}
    written: dict[Value, tuple[str, int]] = {}
    for node in _below(root, names):
        if node in names and node is not root:
            written[node] = names[node], setting.binds(names[node])
        elif not node.parents:
            name = setting.name(clean(node.label)) or setting.number(node.data, whole="")
            written[node] = name, setting.binds(name)
        else:
            written[node] = _write(node.op, node.parents, written, setting, literal)
        if len(written[node][0]) > setting.most_characters:
            raise ValueError(
                f"the formula is longer than {setting.most_characters:,} characters, because shared nodes repeat in "
                "it: name some of them (argument `names`), or use explain()"
            )
    return written[root][0]


def _below(root: Value, names: Mapping[Value, str]) -> list[Value]:
    """The nodes that a formula is made of, each after its parents: nothing below a node that has a name."""
    reached: dict[Value, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            if node is root or node not in names:
                stack.extend(reversed(node.parents))
    return sorted(reached, key=attrgetter("level"))


def _write(
    op: Primitive, parents: Sequence[Value], written: Mapping[Value, tuple[str, int]], setting: Form, literal: bool
) -> tuple[str, int]:
    """An operation on arguments that are written already, and how tightly it binds."""
    if op.name == "multiply" and parents[0] is parents[1] and not literal:  # o * o is o squared on the blackboard
        two = setting.number(2.0, whole="")
        return _fill(setting.notations["power"], [written[parents[0]], (two, ATOM)], setting)
    if op.name == "power" and not literal and parents[1].op is CONSTANT and parents[1].data == 1.0:
        return written[parents[0]]
    notation = setting.notations.get(op.name)
    if notation is None:  # of a primitive that is not of our table
        own = setting.name(clean(op.symbol)).replace("{", "{{").replace("}", "}}")
        notation = setting.function(own, len(parents))
    return _fill(notation, [written[parent] for parent in parents], setting)


def _fill(notation: Notation, arguments: Sequence[tuple[str, int]], setting: Form) -> tuple[str, int]:
    more = len(arguments) - len(notation.places)
    template = notation.template + f"{setting.plus}{{}}" * more
    places = notation.places + notation.places[-1:] * more
    texts = [
        text if binds >= place else setting.brackets.format(text)
        for (text, binds), place in zip(arguments, places, strict=True)
    ]
    return setting.enclosure.format(template.format(*texts)), notation.binds


def slope_formulas(node: Value, names: Mapping[Value, str], form: FormName | Form = "text") -> list[str]:
    """The local partial derivative of a node in each of its arguments, as formulas.

    The slopes of the table are called with Values that bear the names of the node and of its parents; so what is
    written here is what `backward` computes.

    Arguments:
        node: the result of an operation.
        names: what the node and its parents are called, written in the form; a constant without a label needs none.
        form: as for `formula`.

    Raises:
        ValueError: if there is no such form.

    >>> a, b = Value(2.0), Value(3.0)
    >>> c = a / b
    >>> slope_formulas(c, {a: "a", b: "b", c: "c"})
    ['1 / b', '-c / b']
    """
    setting = as_form(form)
    symbols: dict[Value, str] = {}

    def symbol(of: Value) -> Value | float:
        if of.op is CONSTANT and not of.label:
            return of.data
        stand_in = Value(of.data)
        symbols[stand_in] = names[of]
        return stand_in

    parents = {parent: symbol(parent) for parent in node.parents}
    out = symbol(node)
    arguments = [parents[parent] for parent in node.parents]
    formulas = []
    for _, slope in zip(node.parents, node.op.slopes_of(len(node.parents)), strict=True):
        result = slope_at(slope, out, arguments)
        if not isinstance(result, Value):
            formulas.append(setting.number(result, whole=""))
        else:
            formulas.append(symbols[result] if result in symbols else formula(result, symbols, form))
    return formulas
