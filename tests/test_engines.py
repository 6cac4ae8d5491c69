"""autograd_lite.teaching.engines: right engines of two shapes pass, broken ones are told by name, none can harm."""

import gc
import os
import re
import subprocess
import sys

import pytest

from autograd_lite import Value, check_engine
from autograd_lite.cli import main
from autograd_lite.teaching import sandbox
from autograd_lite.teaching.engines import OPERATIONS, Outcome, examples

CLOSURES = '''
import math

class Value:
    """With a closure for each operation, in the shape of micrograd."""

    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = set(_children)
        self._op = _op
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def __pow__(self, n):
        assert isinstance(n, (int, float)), "only numbers as exponents"
        out = Value(self.data ** n, (self,), f"**{n}")
        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad
        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")
        def _backward():
            self.grad += (1 - t ** 2) * out.grad
        out._backward = _backward
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,), "exp")
        def _backward():
            self.grad += out.data * out.grad
        out._backward = _backward
        return out

    def relu(self):
        out = Value(max(0, self.data), (self,), "relu")
        def _backward():
            self.grad += (out.data > 0) * out.grad
        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()
        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other ** -1

    def __rtruediv__(self, other):
        return self ** -1 * other
'''

SLOPES = '''
import math

class Value:
    """With children and their slopes as tuples, in the shape of microgpt."""

    __slots__ = ("data", "grad", "_children", "_slopes")

    def __init__(self, data, children=(), slopes=()):
        self.data, self.grad, self._children, self._slopes = data, 0, children, slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n): return Value(self.data ** n, (self,), (n * self.data ** (n - 1),))
    def log(self): return Value(math.log(self.data), (self,), (1 / self.data,))
    def exp(self): return Value(math.exp(self.data), (self,), (math.exp(self.data),))
    def relu(self): return Value(max(0, self.data), (self,), (float(self.data > 0),))
    def __neg__(self): return self * -1
    def __radd__(self, other): return self + other
    def __sub__(self, other): return self + (-other)
    def __rsub__(self, other): return other + (-self)
    def __rmul__(self, other): return self * other
    def __truediv__(self, other): return self * other ** -1
    def __rtruediv__(self, other): return other * self ** -1

    def backward(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._children:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1
        for v in reversed(order):
            for child, slope in zip(v._children, v._slopes):
                child.grad += slope * v.grad
'''


def engine(source, *changes):
    """The class of a source in which some lines are changed."""
    for before, after in changes:
        assert source.count(before), before
        source = source.replace(before, after)
    space = {}
    exec(source, space)
    return space["Value"]


# Right engines


@pytest.mark.parametrize("right", [engine(CLOSURES), engine(SLOPES), Value], ids=["closures", "slopes", "ours"])
def test_right_engines_pass(right):
    report = check_engine(right, seconds=60.0)
    assert report, str(report)
    report.verify()


def test_methods_may_be_missing():
    source = re.sub(
        r"    def (__neg__|__sub__|__rsub__|__truediv__|__rtruediv__|relu|exp).*?(?=\n    def |$)",
        "",
        CLOSURES,
        flags=re.DOTALL,
    )
    report = check_engine(engine(source), seconds=60.0)
    assert report, str(report)
    assert "Missing, which is allowed: -a, a - b, a / b," in str(report)
    assert str(report).count("a.relu()") == 1
    assert {each.example.code.split(";")[0] for each in report.of(Outcome.MISSING)} > {"L = -a", "L = a.relu()"}


# Broken ones, each as somebody would write it

BACKWARD = CLOSURES[CLOSURES.index("        topo, visited") : CLOSURES.index("    def __neg__")]
BREADTH_FIRST = """
        self.grad = 1.0
        waiting, visited = [self], {self}
        while waiting:
            v = waiting.pop(0)
            v._backward()
            for child in v._prev:
                if child not in visited:
                    visited.add(child)
                    waiting.append(child)

"""
RESTARTED = """
        self.grad = 1.0
        self._backward()
        for child in self._prev:
            child.backward()

"""
RECURSIVE = """
        self.grad = 1.0
        self.spread()

    def spread(self):
        self._backward()
        for child in self._prev:
            child.spread()

"""
SHARES = """
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
"""
SHARES_IN_A_LOOP = """
            child.grad += out.grad
        for child in (self, other):
            out._backward = _backward
"""
LOOP = """
    for name in ("tanh", "sin", "log"):
        exec(f"def {name}(self): return Value(math.log(self.data), (self,), (1 / self.data,))")

    def backward(self):"""
SWISH = """
    def detach(self):
        return Value(self.data)

    def zero_grad(self):
        self.grad = 0

    def swish(self):
        s = 1 / (1 + math.exp(-self.data))
        return Value(self.data * s, (self,), (s,))

    def backward(self):"""
POWER = """
    def __pow__(self, n):
        n = n if isinstance(n, Value) else Value(n)
        out = self.data ** n.data
        return Value(out, (self, n), (n.data * self.data ** (n.data - 1), out))
"""
EQUAL = """
    def __eq__(self, other):
        return self.data == other.data

    def __hash__(self):
        return hash(self.data)

    def __neg__"""

BROKEN = {
    "gradients overwritten": (
        CLOSURES,
        [("grad += out.grad", "grad = out.grad")],
        "L = a + a",
        "a.grad is 1; right is 2: each contribution replaces",
    ),
    "gradients of one function overwritten": (
        CLOSURES,
        [("self.grad += (1 - t ** 2)", "self.grad = (1 - t ** 2)")],
        "h = a.tanh(); L = a + h",
        "each contribution replaces the gradient .* = instead of",
    ),
    "a set of children": (
        SLOPES,
        [("children, slopes\n", "set(children), slopes\n")],
        None,
        "children (are )?kept in a set",
    ),
    "the order is not reversed": (
        SLOPES,
        [("reversed(order)", "order")],
        None,
        "reversed.* is missing",
    ),
    "no visited set": (
        CLOSURES,
        [("            if v not in visited:", "            if True:")],
        None,
        "set of the nodes that were visited",
    ),
    "breadth first": (
        CLOSURES,
        [(BACKWARD, BREADTH_FIRST)],
        None,
        "before all contributions to its gradient have arrived",
    ),
    "recursive": (
        CLOSURES,
        [(BACKWARD, RECURSIVE)],
        None,
        "visited",
    ),
    "recursive from 1": (
        CLOSURES,
        [(BACKWARD, RESTARTED)],
        "L = a * b",
        "self.grad = 1 each time",
    ),
    "no seed": (CLOSURES, [("        self.grad = 1.0\n", "")], "L = a + b", "backward.. must begin with self.grad = 1"),
    "a gradient that is not 0 at first": (
        SLOPES,
        [("data, 0, children", "data, 1, children")],
        "L = a",
        "must be 0 before",
    ),
    "children that are not kept": (
        CLOSURES,
        [("out = Value(t, (self,)", "out = Value(t, ()")],
        "h = a * a; g = h.tanh(); L = g * c",
        "does not keep its arguments as children",
    ),
    "a backward function that is not set": (
        CLOSURES,
        [
            (
                " * out.grad\n        out._backward = _backward\n        return out\n\n    def exp",
                " * out.grad\n        return out\n\n    def exp",
            )
        ],
        "L = a.tanh()",
        "passes nothing on",
    ),
    "functions made in a loop": (
        SLOPES,
        [("    def backward(self):", LOOP)],
        "L = a.tanh()",
        r"which is log\(a\); right is .* made in a loop",
    ),
    "a function that we do not have": (
        SLOPES,
        [("    def backward(self):", SWISH)],
        "L = a",
        r"a.swish\(\): a.grad is 0.7858, but its values have the slope 1.005",
    ),
    "the exponent's slope": (
        SLOPES,
        [("    def __pow__(self, n): return Value(self.data ** n, (self,), (n * self.data ** (n - 1),))", POWER)],
        "L = a ** b",
        "b.grad is 0.5764, which is L; right is 0.1512",
    ),
    "no upstream gradient": (
        CLOSURES,
        [("(1 - t ** 2) * out.grad", "(1 - t ** 2)")],
        "h = a.tanh(); L = h * c",
        "not multiplied by the upstream",
    ),
    "sign of subtraction": (
        SLOPES,
        [("return self + (-other)", "return Value(self.data - other.data, (self, other), (1, 1))")],
        "L = a - b",
        "b.grad is 1; right is −1: .* without the minus sign",
    ),
    "reflected subtraction": (
        CLOSURES,
        [("return (-self) + other", "return self - other")],
        "L = 2 - a",
        "which is a - 2; right is 0.7",
    ),
    "no __radd__": (CLOSURES, [("__radd__", "__ladd__")], "L = 2 + a", "has __add__, but no __radd__"),
    "no number beside a Value": (
        CLOSURES,
        [("        other = other if isinstance(other, Value) else Value(other)\n", "")],
        None,
        "a number beside a Value must become a Value",
    ),
    "no __neg__": (CLOSURES, [("__neg__", "neg")], "L = a - b", "the class has no __neg__"),
    "tanh of the input": (
        CLOSURES,
        [("1 - t ** 2", "1 - self.data ** 2")],
        "L = a.tanh()",
        r"which is 1 - a\*\*2; right is 0.2574: a derivative in terms of the output is taken at the input",
    ),
    "tanh without a square": (CLOSURES, [("1 - t ** 2", "1 - t")], "L = a.tanh()", "which is 1 - L;"),
    "exp": (
        CLOSURES,
        [("out.data * out.grad", "self.data * out.grad")],
        "L = a.exp()",
        "a.grad is 1.3, which is a; right is 3.669",
    ),
    "the power rule": (
        CLOSURES,
        [("n * self.data ** (n - 1)", "self.data ** (n - 1)")],
        None,
        "the factor n of the power rule",
    ),
    "the power rule, with the power": (
        CLOSURES,
        [("n * self.data ** (n - 1)", "n * self.data ** n")],
        None,
        r"which is 3 \* a\*\*3",
    ),
    "wrong operand": (
        CLOSURES,
        [("self.grad += other.data * out.grad", "self.grad += self.data * out.grad")],
        "L = a * b",
        "which is a; right is −2.1",
    ),
    "division": (
        CLOSURES,
        [("self * other ** -1", "Value(self.data / other.data, (self, other), '/')")],
        "L = a / b",
        "a.grad is 0; right is −0.4762",
    ),
    "relu at 0": (SLOPES, [("self.data > 0", "self.data >= 0")], "L = a.relu()", "a.grad is 1; right is 0"),
    "relu of the gradient": (CLOSURES, [("(out.data > 0) * out.grad", "(out.grad > 0) * out.grad")], None, "a.grad is"),
    "a closure in a loop": (
        CLOSURES,
        [(SHARES, SHARES_IN_A_LOOP)],
        "L = a + b",
        "only the last argument receives gradients",
    ),
    "equal numbers are equal": (
        CLOSURES,
        [("\n    def __neg__", EQUAL)],
        None,
        "Values with equal numbers are taken for one",
    ),
    "a list that is kept": (
        CLOSURES,
        [("def backward(self):\n        topo, visited = [], set()", "def backward(self, topo=[], visited=set()):")],
        None,
        "kept from one backward pass to the next",
    ),
    "data changed": (
        CLOSURES,
        [("            v._backward()", "            v._backward()\n            v.data -= 0.1 * v.grad")],
        "L = a + b",
        "an operation or backward.. changes it",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_engines_are_told_by_name(name):
    source, changes, code, words = BROKEN[name]
    report = check_engine(engine(source, *changes))
    assert not report
    first = report.failing[0]
    assert code is None or f"{first.example.code};".startswith(f"{code};")
    assert re.search(words, f"{first.message}: {report.cause}"), str(report)


# Nothing in an engine can stop the check, or do harm

HARMFUL = {
    "an endless loop": ("while True: pass", "did not end within"),
    "an endless loop that catches": (
        "while True:\n            try: [0] * 9\n            except Exception: pass",
        "did not end",
    ),
    "sys.exit": ("__import__('sys').exit(3)", "SystemExit: 3"),
    "os._exit": ("__import__('os')._exit(3)", "ended the process with status 3"),
    "a signal": ("__import__('os').kill(__import__('os').getpid(), 9)", "ended the process with status -9"),
    "no end of memory": ("x = [1]\n        while True: x = x * 2", "MemoryError"),
    "no end of calls": ("return self.exp()", "RecursionError: .* does a method call itself"),
    "a keyboard interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "closed files": ("__import__('os').closerange(0, 99)", "ended|BrokenPipe|Bad file"),
}


def report_on_harm(broken, name):
    """Check an engine whose exp does harm; if it never ends, with a short deadline that everything else still meets."""
    for seconds in (0.2, 1.0, 10.0) if "loop" in name else (30.0,):
        report = check_engine(broken, seconds=seconds)
        if all("exp" in each.example.code for each in report.failing if "did not end" in each.message):
            break
    return report


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a child process")
@pytest.mark.parametrize("name", HARMFUL)
def test_harm_is_one_finding_and_the_others_go_on(name, capfd, monkeypatch):
    monkeypatch.setattr(sandbox, "MOST_MEMORY", 2**26)  # which is used up sooner
    line, message = HARMFUL[name]
    broken = engine(
        CLOSURES,
        (
            "        out = Value(math.exp(self.data)",
            f"        print('noise')\n        {line}\n        out = Value(math.exp(self.data)",
        ),
    )
    report = report_on_harm(broken, name)
    failing = report.failing
    assert failing[0].example.code == "L = a.exp(); L.backward()"
    assert re.search(message, failing[0].message)
    assert {each.example.code for each in failing} >= {
        "L = a.exp(); L.backward()",
        "h = a.exp(); L = h * c; L.backward()",
        "h = a.exp(); L = a + h; L.backward()",
    }
    assert "L = a.tanh(); L.backward()" in {each.example.code for each in report.of(Outcome.HOLDS)}
    assert capfd.readouterr() == ("", "")


def test_an_engine_that_never_ends_is_not_tried_for_ever():
    report = check_engine(engine(CLOSURES, ("        self.data = data\n", "        while True: pass\n")), seconds=0.1)
    assert report.failing[0].message == "it did not end within 0.1 s"
    assert report.failing[-1].message == "it was not tried"


@pytest.fixture
def no_callbacks_of_the_collector():
    """Hypothesis sets one; an exception that a deadline raises in it would be lost, with a warning."""
    before = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(before)


@pytest.mark.usefixtures("no_callbacks_of_the_collector")
@pytest.mark.parametrize("name", ["an endless loop", "an endless loop that catches", "sys.exit", "no end of calls"])
def test_without_child_processes_there_is_a_deadline(name, monkeypatch, capsys):
    monkeypatch.delattr(os, "fork")
    line, message = HARMFUL[name]
    broken = engine(
        CLOSURES,
        (
            "        out = Value(math.exp(self.data)",
            "        import sys; print('noise'); print('noise', file=sys.stderr)\n"
            f"        {line}\n        out = Value(math.exp(self.data)",
        ),
    )
    report = report_on_harm(broken, name)
    assert re.search(message, report.failing[0].message)
    assert "os._exit, endless code in C, and the use of memory are not" in str(report)
    assert check_engine(engine(SLOPES), seconds=60.0)
    assert capsys.readouterr() == ("", "")


# The report, the command, and the line in a test


def test_the_report_shows_the_first_example_with_its_graph():
    report = check_engine(engine(CLOSURES, ("1 - t ** 2", "1 - t")))
    text = str(report)
    assert re.search(r"other operations +1 of \d+ fail\n  other operations in a chain +2 of", text)
    assert re.search(
        r"a = Value\(1.3\)\n    L = a.tanh\(\); L.backward\(\)\n  a.grad is 0.1383, which is 1 - L; right is 0.2574",
        text,
    )
    assert re.search(r"a +1.3 +1.3 +0.1383 +0.2574\n    L = tanh\(a\) +0.8617 +0.8617 +1 +1", text)
    assert "Missing, which is allowed: a.log(), a.sigmoid()" in text
    page = report._repr_html_()
    assert "<svg" in page
    assert "your grad 0.1383" in page
    assert "<svg" not in check_engine(engine(CLOSURES))._repr_html_()


def test_an_example_that_is_too_large_to_show_is_cut():
    """No node is skipped here, so 22 doublings are 4 million paths; the list keeps the order right all the same."""
    slow = engine(SLOPES, ("            if v not in seen:", "            if True:"))
    [paths] = [
        each for each in check_engine(slow, seconds=0.5).failing if each.example.code.startswith("L = a + a; L = L")
    ]
    assert paths.text().count("\n") == 2
    assert "L = a + a; L = L + L; L = L + ; ..." in paths.text()
    assert paths.picture() == ""


def test_the_command_ends_with_1_if_something_fails(tmp_path, capsys):
    for name, source, status in (("right", CLOSURES, 0), ("wrong", CLOSURES.replace("1 - t ** 2", "1 - t"), 1)):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        assert main(["check-engine", f"{tmp_path / name}.py:Value", "--seconds", "60"]) == status
        assert ("which is 1 - L" in capsys.readouterr().out) == (status == 1)
    (tmp_path / "broken.py").write_text("class Value:\n    def", encoding="utf-8")
    assert main(["check-engine", f"{tmp_path / 'broken.py'}:Value"]) == 1
    assert "it raises SyntaxError: invalid syntax" in capsys.readouterr().out
    (tmp_path / "endless.py").write_text("while True: pass", encoding="utf-8")
    assert main(["check-engine", f"{tmp_path / 'endless.py'}:Value", "--seconds", "0.2"]) == 1
    assert main(["check-engine", f"{tmp_path / 'right.py'}:Engine"]) == 1
    assert "has no attribute 'Engine'" in capsys.readouterr().out
    assert main(["check-engine", f"{tmp_path / 'none.py'}:Value"]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main(["check-engine", "right.py"]) == 2
    assert "engine must be a class, or text, as in 'path.py:Value', received 'right.py'" in capsys.readouterr().err


def test_one_line_of_a_test_file_checks_an_engine(tmp_path):
    imports = "from autograd_lite import check_engine\nfrom engine import Value\n"
    line = "def test_engine(): check_engine(Value).verify()\n"
    (tmp_path / "test_it.py").write_text(imports + line, encoding="utf-8")
    (tmp_path / "engine.py").write_text(CLOSURES.replace("1 - t ** 2", "1 - t"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "a.grad is 0.1383, which is 1 - L; right is 0.2574" in result.stdout


def test_what_is_not_a_class_is_refused():
    with pytest.raises(TypeError, match=r"engine must be a class, or text, as in 'path.py:Value', not int: 3"):
        check_engine(3)
    with pytest.raises(ValueError, match="seconds must be greater than 0"):
        check_engine(Value, seconds=0)


def test_each_operation_is_tried_alone_in_a_chain_and_twice():
    codes = [example.code for example in examples()]
    for operation in OPERATIONS:
        assert sum(f" = {operation};" in code for code in codes) >= 3
