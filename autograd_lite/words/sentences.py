"""The names and numbers of a graph, and sentences about its nodes and edges, in one form: text, LaTeX or MathML."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from autograd_lite.primitives import CONSTANT
from autograd_lite.value import Step, Value
from autograd_lite.words.lecture import delta_name
from autograd_lite.words.notation import PRODUCT, Form, FormName, as_form, formula, slope_formulas


class Writer(NamedTuple):
    """Writes about one graph in one form.

    >>> from autograd_lite.steps import node_names
    >>> from autograd_lite.value import topological_order
    >>> a = Value(0.5, "a"); L = a.tanh(); L.label = "L"
    >>> for form in ("text", "latex"):
    ...     print(Writer(node_names(topological_order(L)), L, digits=3, form=form).forward_line(L))
    L = tanh(a) = tanh(0.5) = 0.462
    L &= \\tanh\\left(a\\right) = \\tanh\\left(0.5\\right) = 0.462
    """

    names: Mapping[Value, str]
    """What each node is called, from `node_names`; a constant without a label is not in it."""
    root: Value
    """What derivatives are taken of."""
    digits: int = 6
    """Significant digits of the numbers."""
    form: FormName | Form = "text"
    """A form, or its name."""

    @property
    def setting(self) -> Form:
        """How the form sets formulas.

        Raises:
            ValueError: here, and so in each method, if there is no such form.
        """
        return as_form(self.form)

    def name(self, node: Value) -> str:
        """What a node is called: its name, or its number if it has none."""
        return self.setting.name(self.names[node]) if node in self.names else self.number(node.data)

    def number(self, number: float) -> str:
        """A number, to as many digits as the writer writes."""
        return self.setting.number(number, self.digits)

    def derivative(self, of: Value, by: Value) -> str:
        """The derivative of a node with respect to another, such as dL/dw."""
        return self.setting.derivative.format(self.name(of), self.name(by))

    def tangent(self, node: Value) -> str:
        """The tangent of a node in forward mode, such as v1'."""
        return self.setting.tangent.format(self.name(node))

    def product(self, *factors: float) -> str:
        """The numbers multiplied; but for text, a negative number that follows another stands in brackets."""
        setting = self.setting
        texts = [self.number(factor) for factor in factors]
        misread = [position > 0 and setting.binds(text) < PRODUCT for position, text in enumerate(texts)]
        return setting.times.join(
            setting.brackets.format(text) if in_brackets else text
            for text, in_brackets in zip(texts, misread, strict=True)
        )

    def expression(self, node: Value, by_number: bool = False) -> str:
        """How the node was computed from its parents, in their names or in their numbers."""
        named = [parent for parent in node.parents if parent in self.names]
        if not by_number:
            return formula(node, {parent: self.name(parent) for parent in named}, self.form, literal=True)
        numbers = {parent: self.number(parent.data) for parent in named}
        return formula(node, numbers, self.form, literal=True)

    def slopes(self, node: Value) -> Iterator[str]:
        """The local partial derivatives of a node as formulas, in the order of its steps: constants have none."""
        names = {named: self.name(named) for named in (node, *node.parents) if named in self.names}
        formulas = slope_formulas(node, names, self.form)
        return (text for parent, text in zip(node.parents, formulas, strict=True) if parent.op is not CONSTANT)

    def delta(self, node: Value) -> str:
        """What the lecture calls the gradient of a signal s_b^(l), which is delta_b^(l); "" for other nodes."""
        return self.setting.name(delta_name(self.names.get(node, "")))

    def equation(self, *sides: str) -> str:
        """The sides, with signs of equality between them; in LaTeX a line of an aligned environment.

        >>> print(Writer({}, Value(1.0), form="latex").equation("a", "b", "c"))
        a &= b = c
        """
        setting = self.setting
        first, *others = sides
        return setting.enclosure.format(setting.first_equals.join([first, setting.equals.join(others)]))

    def forward_line(self, node: Value) -> str:
        """How a node was computed: its name, expression, expression in numbers, and number.

        Of a leaf, its name and number; of a constant without a label, its number.

        >>> x = Value(-3.0, "x"); L = x * x
        >>> writer = Writer({x: "x", L: "L"}, L)
        >>> writer.forward_line(L), writer.forward_line(x)
        ('L = x * x = -3.0 * -3.0 = 9.0', 'x = -3.0')
        """
        number = self.number(node.data)
        if node.parents:
            return self.equation(self.name(node), self.expression(node), self.expression(node, by_number=True), number)
        if node not in self.names:
            return number
        return self.equation(self.name(node), number + (self.setting.constant if node.op is CONSTANT else ""))

    def backward_parts(self, step: Step, slope_formula: str) -> tuple[str, str, str]:
        """One use of the chain rule: in symbols and numbers, the local partial derivative, and the running total.

        Arguments:
            step: the use of the chain rule.
            slope_formula: the local partial derivative as a formula, from `slopes`.

        >>> from autograd_lite.steps import backward_steps
        >>> x = Value(3.0, "x"); L = x * 2
        >>> writer = Writer({x: "x", L: "L"}, L)
        >>> writer.backward_parts(backward_steps(L)[0], next(writer.slopes(L)))
        ('dL/dx += dL/dL * dL/dx = 1.0 * 2.0 = 2.0', 'where dL/dx = 2', 'total 2.0')
        """
        setting = self.setting
        local = self.derivative(step.node, step.parent)
        symbols = setting.beside.join([self.derivative(self.root, step.node), local])
        numbers = setting.equals.join([symbols, self.product(step.upstream, step.slope), self.number(step.share)])
        delta = self.delta(step.parent)
        parts = (
            f"{self.derivative(self.root, step.parent)}{setting.increases}{numbers}",
            f"{setting.word.format('where')}{setting.equals.join([local, slope_formula])}",
            f"{setting.word.format('total')}{setting.equals.join(filter(None, [self.number(step.total), delta]))}",
        )
        chain_rule, slope, total = (setting.enclosure.format(part) for part in parts)
        return chain_rule, slope, total
