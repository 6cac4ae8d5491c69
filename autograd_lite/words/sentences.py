"""The names and numbers of a graph, and sentences about its nodes and edges, in one form: text, LaTeX or MathML."""

from collections.abc import Mapping
from typing import NamedTuple

from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Step, Value
from autograd_lite.words.lecture import delta_name
from autograd_lite.words.notation import HOLE, PRODUCT, UNICODE, Form, Written, slope_formula, write


class Writer(NamedTuple):
    """Writes about one graph in one form.

    >>> from autograd_lite.value import topological_order
    >>> from autograd_lite.words.names import names_of
    >>> from autograd_lite.words.notation import LATEX
    >>> a = Value(0.5); L = a.tanh()
    >>> for form in (UNICODE, LATEX):
    ...     print(Writer(names_of(topological_order(L)), L, form).forward_line(L))
    L = tanh(a) = tanh(0.5) = 0.462117
    L &= \\tanh\\left(a\\right) = \\tanh\\left(0.5\\right) = 0.462117
    """

    names: Mapping[Value, str]
    """What each node is called, from `names_of`; a constant may have no name."""
    root: Value
    """What derivatives are taken of."""
    form: Form = UNICODE
    """How formulas and numbers are set."""
    numbers: bool = True
    """Whether lines show numbers beside the symbols."""

    def name(self, node: Value) -> str:
        """Return what a node is called: its name, or its number if it has none."""
        return self.form.name(self.names[node]).text if node in self.names else self.number(node.data)

    def number(self, number: float) -> str:
        """Write a number."""
        return self.form.number(number).text

    def derivative(self, of: Value, by: Value) -> str:
        """Write the derivative of a node with respect to another, for example ∂L/∂w."""
        return self.form.derivative.format(self.name(of), self.name(by))

    def share(self, step: Step) -> str:
        """Write what a step of the chain rule adds to the gradient of the parent, for example ∂L/∂v₁ · ∂v₁/∂w."""
        upstream = self.form.mark("upstream", self.derivative(self.root, step.node))
        return f"{upstream}{self.form.beside}{self.form.mark('local', self.derivative(step.node, step.parent))}"

    def tangent(self, node: Value) -> str:
        """Write the tangent of a node in forward mode, for example v₁′."""
        return self.form.tangent.format(self.name(node))

    def product(self, *factors: float) -> str:
        """Write a product of numbers, a negative one in brackets; a number alone stands as it is."""
        return self.form.sign("*").join(self.factors(*factors))

    def factors(self, *factors: float) -> list[str]:
        """Write the factors of a product."""
        place = PRODUCT if len(factors) > 1 else 0
        return [self.form.in_place(self.form.number(factor), place) for factor in factors]

    def expression(self, node: Value, by_number: bool = False) -> str:
        """Write how the node was computed from its parents, in their names or in their numbers."""
        stand_ins = {
            parent: self.form.number(parent.data) if by_number else self.form.name(self.names[parent])
            for parent in node.parents
            if parent in self.names
        }
        return write(node, stand_ins, self.form, literal=True).text

    def template(self, node: Value, numbers: Mapping[Value, int]) -> str:
        """Write how the node was computed, with "{0}", "{1}", ... in place of the numbers of its parents.

        How tightly a number must bind to stand there without brackets comes after a colon.

        >>> x = Value(3.0, "x")
        >>> writer = Writer({x: "x"}, x)
        >>> writer.template(x ** 2, {x: 0}), writer.template(x.tanh(), {x: 0})
        ('{0:5}²', 'tanh({0})')
        """
        holes = {parent: Written(f"{{{numbers[parent]}}}", HOLE) for parent in node.parents if parent in self.names}
        return write(node, holes, self.form, literal=True).text

    def slope(self, step: Step) -> str:
        """Write the local partial derivative of a step as a formula."""
        return slope_formula(step.node, step.place, self.names, self.form)

    def delta(self, node: Value) -> str:
        """Return what the lecture calls the gradient of a signal s_b^(l), delta_b^(l); "" for other nodes."""
        delta = delta_name(self.names.get(node, ""))
        return self.form.name(delta).text if delta else ""

    def equation(self, *sides: str) -> str:
        """Write the sides with equals signs between them; in LaTeX a line of an aligned environment.

        >>> from autograd_lite.words.notation import LATEX
        >>> print(Writer({}, Value(1.0), LATEX).equation("a", "b", "c"))
        a &= b = c
        """
        first, *others = sides
        return self.form.enclosure.format(self.form.first_equals.join([first, self.form.sign("=").join(others)]))

    def forward_line(self, node: Value) -> str:
        """Write how a node was computed: its name, expression, expression in numbers, and number.

        For a leaf, its name and number; for a constant without a label, its number.

        >>> x = Value(-3.0, "x"); L = x * x
        >>> writer = Writer({x: "x", L: "L"}, L)
        >>> writer.forward_line(L), writer.forward_line(x)
        ('L = x × x = (−3) × (−3) = 9', 'x = −3')
        """
        number = self.number(node.data)
        if node.parents:
            in_numbers = [self.expression(node, by_number=True), number] if self.numbers else []
            return self.equation(self.name(node), self.expression(node), *in_numbers)
        if node not in self.names:
            return number
        return self.equation(self.name(node), number + (self.form.constant if node.op is CONSTANT else ""))

    def backward_parts(self, step: Step) -> tuple[str, str, str]:
        """Write one use of the chain rule: in symbols and numbers, the local partial derivative, and the running total.

        >>> from autograd_lite.walk import backward_steps
        >>> x = Value(3.0, "x"); L = x * 2
        >>> Writer({x: "x", L: "L"}, L).backward_parts(backward_steps(L)[0])
        ('∂L/∂x += ∂L/∂L · ∂L/∂x = 1 × 2 = 2', 'where ∂L/∂x = 2', 'total 2')
        """
        form, equals, mark = self.form, self.form.sign("="), self.form.mark
        upstream, slope = map(mark, ("upstream", "local"), self.factors(step.upstream, step.slope))
        local = mark("local", self.derivative(step.node, step.parent))
        in_numbers = [f"{upstream}{form.sign('*')}{slope}", mark("product", self.number(step.share))]
        share = equals.join([self.share(step), *(in_numbers if self.numbers else [])])
        increased = mark("total", self.derivative(self.root, step.parent))
        running = mark("total", self.number(step.total)) if self.numbers else ""
        total = equals.join(filter(None, [running, self.delta(step.parent)]))
        return (
            form.enclosure.format(f"{increased}{form.increases}{share}"),
            form.enclosure.format(f"{form.word.format('where')}{local}{equals}{mark('local', self.slope(step))}"),
            form.enclosure.format(f"{form.word.format('total')}{total}") if total else "",
        )

    def update_line(self, leaf: Value, learning_rate: float, gradient: float, number: float) -> str:
        """Write a step of gradient descent.

        >>> x = Value(3.0, "x"); L = x * 2
        >>> Writer({x: "x", L: "L"}, L).update_line(x, 0.1, 2.0, 2.8)
        'x ← x − 0.1 · ∂L/∂x = 3 − 0.1 × 2 = 2.8'
        """
        minus, rate = self.form.sign("-"), self.number(learning_rate)
        derivative = self.form.mark("total", self.derivative(self.root, leaf))
        symbols = f"{self.name(leaf)}{minus}{rate}{self.form.beside}{derivative}"
        factor, number_of_gradient = self.factors(learning_rate, gradient)
        product = f"{factor}{self.form.sign('*')}{self.form.mark('total', number_of_gradient)}"
        numbers = f"{self.number(leaf.data)}{minus}{product}"
        sides = self.form.sign("=").join([symbols, numbers, self.number(number)])
        return self.form.enclosure.format(f"{self.name(leaf)}{self.form.sign('←')}{sides}")
