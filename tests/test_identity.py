"""Digests: the same for what computes the same, in every process; others for what may compute something else."""

import functools
import importlib
import math
import os
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass
from enum import Enum

import hypothesis
import numpy as np
import pytest

from nn import L2, MLP, Adam, GradientDescent, InverseTimeDecay, LinearWarmup, hinge, squared_error
from nn.training.identity import digest


def defined(source, **variables):
    """What a cell of a notebook defines as `f`."""
    namespace = {"__name__": "cell", "np": np, "functools": functools, **variables}
    exec(source, namespace)
    return namespace["f"]


DISPATCHING = "@functools.singledispatch\ndef f(t): return 1\n@f.register\ndef _(t: int): return 2"
CACHING = "@functools.lru_cache\ndef f(t): return 1"
VALUE = "from autograd_lite import Value\na = Value(3.0) * 1.5\nf = lambda t: a * t"
SAME = {
    "a parameter by another name": ("f = lambda t: 1 / (1 + t)", "f = lambda step: 1 / (1 + step)"),
    "a function by another name, on another line": ("def f(t): return t", "\n\ndef g(t): return t\nf = g"),
    "a comment": ("def f(t): return t", "def f(t): return t  # so"),
    "its lines": ("def f(t):\n a = 1\n return t + a", "\n\ndef f(t):\n\n a = 1\n\n return t + a"),
    "a docstring": ("def f(t):\n 'One.'\n return t, None", "def f(t):\n 'Two.'\n return t, None"),
    "a new docstring": ("def f(t): return (lambda: 1)()", "def f(t):\n 'New.'\n return (lambda: 1)()"),
    "a docstring in it": ("def f():\n def g(): return 1", "def f():\n def g():\n  'New.'\n  return 1"),
    "a set in another order": ("f = lambda t: t in {'a', 'b', 'c'}", "f = lambda t: t in {'a', 'c', 'b'}"),
    "what a class says of itself": (
        "class A:\n 'One.'\n def __call__(self, t): return t\nf = A()",
        "class A:\n 'Two.'\n def __call__(self, t): return t\nf = A()",
    ),
    "a variable that is not read": ("a = 1\nf = lambda t: t", "a = 2\nf = lambda t: t"),
    "an attribute of the name of a variable": ("real = 1\nf = lambda t: t.real", "real = 2\nf = lambda t: t.real"),
    "passes": (
        "def f(t):\n for a in t:\n  b = a\n try: return 1 / b\n except ValueError: return 0",
        "def f(t):\n pass\n for a in t:\n  pass\n  b = a\n  pass\n try:\n  pass\n  return 1 / b\n"
        " except ValueError:\n  pass\n  return 0",
    ),
    "lines of a loop": (
        "def f(t):\n s = 0\n for a in t: s += a\n return s",
        "def f(t):\n s = 0\n for a in t:\n\n  s += a\n return s",
    ),
    "lines of a comprehension": (
        "f = lambda t: [a * 2 for a in t if a]",
        "f = lambda t: [\n a * 2\n for a in t\n if a\n]",
    ),
    "lines of a block": (
        "def f(t):\n with t as a: return a, t if a else 1",
        "def f(t):\n with t as a:\n\n  return (\n   a,\n   t\n   if a else 1\n  )",
    ),
    "lines of a match": (
        "def f(t):\n match t:\n  case 1: return 1\n  case _: return 2",
        "def f(t):\n match t:\n  case 1:\n   return 1\n  case _:\n   pass\n   return 2",
    ),
    "an enclosed variable by another name": (
        "f = (lambda a: lambda t: t + a)(1)",
        "f = (lambda b: lambda t: t + b)(1)",
    ),
    "what dispatches, before and after calls": (DISPATCHING, f"{DISPATCHING}\nf(1); f(2.0)"),
    "what caches, before and after calls": (CACHING, f"{CACHING}\nf(1); f(2.0)"),
    "a Value, whatever its gradient": (VALUE, f"{VALUE}\nf(1.0).backward()"),
    "NumPy's number": ("a = 2.0\nf = lambda t: a", "a = np.float64(2.0)\nf = lambda t: a"),
}
OTHER = {
    "a constant": ("f = lambda t: 0.1", "f = lambda t: 0.2"),
    "the sign of zero": ("f = lambda t: 0.0", "f = lambda t: -0.0"),
    "the type of a constant": ("f = lambda t: 1", "f = lambda t: True"),
    "an operator": ("f = lambda t: t * t", "f = lambda t: t + t"),
    "another attribute": ("f = lambda t: t.real", "f = lambda t: t.imag"),
    "another function of NumPy": ("f = lambda t: np.sin(t)", "f = lambda t: np.cos(t)"),
    "a function in it": ("f = lambda t: (lambda s: s + 1)(t)", "f = lambda t: (lambda s: s + 2)(t)"),
    "a function in a comprehension": ("f = lambda t: sum(s for s in t)", "f = lambda t: sum(s * s for s in t)"),
    "what is caught": (
        "def f(t):\n try: return 1 / t\n except ZeroDivisionError: return 0",
        "def f(t):\n try: return 1 / t\n except OverflowError: return 0",
    ),
    "how far a try reaches": (
        "def f(t):\n try:\n  x = g(t)\n  h(x)\n except E: return 0",
        "def f(t):\n try:\n  x = g(t)\n except E: return 0\n else: h(x)",
    ),
    "how many it takes": ("f = lambda t, a: t", "f = lambda t, *a: t"),
    "a default": ("f = lambda t, a=1: t * a", "f = lambda t, a=2: t * a"),
    "a default by keyword": ("f = lambda t, *, a=1: t * a", "f = lambda t, *, a=2: t * a"),
    "an enclosed number": ("f = (lambda a: lambda t: a)(1)", "f = (lambda a: lambda t: a)(2)"),
    "an enclosed list": ("f = (lambda a: lambda t: a)([1, 2])", "f = (lambda a: lambda t: a)([2, 1])"),
    "an enclosed array": ("f = (lambda a: lambda t: a)(np.ones(3))", "f = (lambda a: lambda t: a)(np.ones((3, 1)))"),
    "an enclosed function": ("f = (lambda g: lambda t: g)(lambda: 1)", "f = (lambda g: lambda t: g)(lambda: 2)"),
    "a global number": ("a = 1\nf = lambda t: a", "a = 2\nf = lambda t: a"),
    "a global dictionary": ("a = {'x': 1}\nf = lambda t: a", "a = {'x': 2}\nf = lambda t: a"),
    "a global function": ("def g(t): return 1\ndef f(t): return g(t)", "def g(t): return 2\ndef f(t): return g(t)"),
    "a global that a function in it reads": ("a = 1\nf = lambda: (lambda: a)()", "a = 2\nf = lambda: (lambda: a)()"),
    "what is far away": (
        "a = 1\ndef h(): return a\ndef g(): return h()\ndef f(): return g()",
        "a = 2\ndef h(): return a\ndef g(): return h()\ndef f(): return g()",
    ),
    "recursion": (
        "def f(t): return 1 if t < 1 else t * f(t - 1)",
        "def f(t): return 1 if t < 1 else t + f(t - 1)",
    ),
    "what is cached": ("@functools.cache\ndef f(t): return t", "@functools.cache\ndef f(t): return -t"),
    "what it dispatches to": (DISPATCHING, DISPATCHING.replace("return 2", "return 3")),
    "what it dispatches by": (DISPATCHING, DISPATCHING.replace("int", "float")),
    "a Value": (VALUE, VALUE.replace("3.0", "2.5")),
    "what a Value was computed by": (VALUE, VALUE.replace("* 1.5", "+ 1.5")),
    "how far a branch reaches": (
        "def f(t):\n if t:\n  g()\n h()\n k()",
        "def f(t):\n if t:\n  g()\n  h()\n k()",
    ),
    "where a jump leads": (
        "def f(t):\n while t:\n  t -= 1\n  if t == 3: continue\n  g(t)",
        "def f(t):\n while t:\n  t -= 1\n  if t == 3: break\n  g(t)",
    ),
    "which variable is read": ("def f(a, b): return a, b, a", "def f(a, b): return a, b, b"),
    "a pattern": ("import re\na = re.compile('1')\nf = lambda t: a", "import re\na = re.compile('2')\nf = lambda t: a"),
    "a view of a dictionary": (
        "import types\na = types.MappingProxyType({'x': 1})\nf = lambda t: a",
        "import types\na = types.MappingProxyType({'x': 2})\nf = lambda t: a",
    ),
    "what is decorated": (
        "def f(t): return t\nold = f\nf = functools.wraps(old)(lambda t: old(t) * 2)",
        "def f(t): return t\nold = f\nf = functools.wraps(old)(lambda t: old(t) * 3)",
    ),
    "in the name of another": (
        "f = functools.wraps(np.linalg.norm)(lambda t: 1)",
        "f = functools.wraps(np.linalg.norm)(lambda t: 2)",
    ),
    "a partial argument": ("f = functools.partial(pow, 2)", "f = functools.partial(pow, 3)"),
    "a partial function": ("f = functools.partial(lambda a, t: 1, 2)", "f = functools.partial(lambda a, t: 2, 2)"),
    "a method": (
        "class A:\n def g(self, t): return 1\nf = A().g",
        "class A:\n def g(self, t): return 2\nf = A().g",
    ),
    "what a method belongs to": (
        "class A:\n def __init__(self, a): self.a = a\n def g(self, t): return self.a\nf = A(1).g",
        "class A:\n def __init__(self, a): self.a = a\n def g(self, t): return self.a\nf = A(2).g",
    ),
    "an object that is called": (
        "class A:\n def __call__(self, t): return 1\nf = A()",
        "class A:\n def __call__(self, t): return 2\nf = A()",
    ),
    "its constant": (
        "class A:\n a = 1\n def __call__(self, t): return self.a\nf = A()",
        "class A:\n a = 2\n def __call__(self, t): return self.a\nf = A()",
    ),
    "its class method": (
        "class A:\n @classmethod\n def g(cls): return 1\nf = A()",
        "class A:\n @classmethod\n def g(cls): return 2\nf = A()",
    ),
    "its property": (
        "class A:\n @property\n def g(self): return 1\nf = A()",
        "class A:\n @property\n def g(self): return 2\nf = A()",
    ),
    "what its class inherits": (
        "class B:\n def g(self): return 1\nclass A(B): pass\nf = A()",
        "class B:\n def g(self): return 2\nclass A(B): pass\nf = A()",
    ),
    "its table": (
        "class A:\n a = {'x': [1]}\n def __call__(self, t): return self.a\nf = A()",
        "class A:\n a = {'x': [2]}\n def __call__(self, t): return self.a\nf = A()",
    ),
    "a class in it": (
        "class A:\n class B:\n  a = 1\nf = A()",
        "class A:\n class B:\n  a = 2\nf = A()",
    ),
    "what sets its property": (
        "class A:\n g = property(None, lambda self, a: 1)\nf = A()",
        "class A:\n g = property(None, lambda self, a: 2)\nf = A()",
    ),
    "its cached property": (
        "class A:\n g = functools.cached_property(lambda self: 1)\nf = A()",
        "class A:\n g = functools.cached_property(lambda self: 2)\nf = A()",
    ),
    "its partial method": (
        "class A:\n g = functools.partialmethod(lambda self, a: a, 1)\nf = A()",
        "class A:\n g = functools.partialmethod(lambda self, a: a, 2)\nf = A()",
    ),
    "what calls it": (
        "class A:\n __call__ = functools.partial(pow, 2)\nf = A()",
        "class A:\n __call__ = functools.partial(pow, 3)\nf = A()",
    ),
    "the class of its class": (
        "class B(type):\n def __call__(self): return 1\nclass A(metaclass=B): pass\nf = A",
        "class B(type):\n def __call__(self): return 2\nclass A(metaclass=B): pass\nf = A",
    ),
    **{
        f"the method of a {kind}": (
            f"class A({kind}):\n def __call__(self, t): return 1\nf = A()",
            f"class A({kind}):\n def __call__(self, t): return 2\nf = A()",
        )
        for kind in ("list", "tuple", "dict", "set", "float", "str")
    },
    "what is wrapped by an object": (
        "class A:\n def __init__(self, g, a): functools.update_wrapper(self, g); self.a = a\nf = A(lambda t: t, 1)",
        "class A:\n def __init__(self, g, a): functools.update_wrapper(self, g); self.a = a\nf = A(lambda t: t, 2)",
    ),
    "an attribute of a function": ("def f(t): return f.a\nf.a = 1", "def f(t): return f.a\nf.a = 2"),
    "a global that a class in it reads": (
        "a = 1\ndef f():\n class A: b = a",
        "a = 2\ndef f():\n class A: b = a",
    ),
    "the name of an argument": ("f = lambda t: g(a=t)", "f = lambda t: g(b=t)"),
    "what is only by position": ("f = lambda t, /: t", "f = lambda t: t"),
    "mutual recursion": (
        "def f(t): return g(t)\ndef g(t): return f(t - 1) if t else 1",
        "def f(t): return g(t)\ndef g(t): return f(t - 1) if t else 2",
    ),
    "its slots": (
        "class A:\n __slots__ = ['a']\nf = A()\nf.a = 1",
        "class A:\n __slots__ = ['a']\nf = A()\nf.a = 2",
    ),
}  # fmt: skip


SPLIT = pytest.mark.xfail(sys.version_info[:2] == (3, 12), reason="Python 3.12 compiles it otherwise", strict=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [pytest.param(*pair, id=name, marks=[SPLIT] * (name == "lines of a comprehension")) for name, pair in SAME.items()],
)
def test_what_computes_the_same(one, other):
    assert digest("f", defined(one)) == digest("f", defined(one)) == digest("f", defined(other))


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_may_compute_something_else(one, other):
    assert digest("f", defined(one)) == digest("f", defined(one)) != digest("f", defined(other))


MODULE = """{comment}
import numpy
number = NUMBER
lines = OTHER

def of(t):
    {docstring}
    return t * number

class Of:
    numbers = [number]
    def __call__(self, t):
        return self.numbers

def inside():
    from .part import of
    from . import part
    return of, part
"""
READERS = {
    "a function": "import helpers\nf = lambda t: helpers.part.of(t)",
    "a number": "import helpers.part\nf = lambda t: helpers.part.number",
    "by another name": "import helpers.part as h\nf = lambda t: h.number",
    "by its own name": "from helpers.part import of\nf = lambda t: of(t)",
    "an object": "from helpers.part import Of\nf = Of()",
    "a part": "from helpers import part\nf = lambda t: part.of(t)",
    "a function of a function": "import helpers\ndef g(t): return helpers.part.of(t)\nf = lambda t: g(t)",
    "imported in it": "def f(t):\n import helpers.part\n return helpers.part.of(t)",
    "by another name in it": "def f(t):\n import helpers.part as h\n return h.of(t)",
    "by its own name in it": "def f(t):\n def g():\n  from helpers.part import of\n  return of(t)\n return g()",
    "a part in it": "def f(t):\n from helpers import part\n return part.number",
    "relative to another": "import helpers.part\nf = helpers.part.inside",
    "of an object": "import helpers.part\nclass A:\n def __init__(self): self.m = helpers.part\n"
    " def __call__(self, t): return self.m.of(t)\nf = A()",
    "of a list": "import helpers.part\nf = lambda t: [m.of(t) for m in [helpers.part]]",
    "of a default": "import helpers.part\nf = lambda t, m=helpers.part: m.of(t)",
    "by a text": "import helpers.part\nf = lambda t: getattr(helpers.part, 'number')",
    "what is missing too": "import helpers.part\ndef f(t):\n try: import no_such_module\n"
    " except ImportError: return helpers.part.number",
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("init", ["__init__.py", "README"], ids=["package", "namespace"])
def test_what_is_read_from_a_user_defined_module(tmp_path, monkeypatch, reader, init):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the file changes within a second

    def digest_with(number, other, comment="", docstring=""):
        for name in [name for name in sys.modules if name.partition(".")[0] == "helpers"]:
            monkeypatch.delitem(sys.modules, name)
        source = MODULE.format(comment=comment, docstring=docstring)
        (tmp_path / "helpers" / "part.py").write_text(source.replace("NUMBER", number).replace("OTHER", other))
        importlib.invalidate_caches()
        return digest("f", defined(reader))

    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / init).write_text("from . import part" if init == "__init__.py" else "")
    if init == "README" and "helpers\n" in reader:
        reader = reader.replace("import helpers\n", "import helpers.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    ours = digest_with("2", "3")
    assert digest_with("2", "4", "# A comment.\n\n", "'A docstring.'") == ours, "what is not read may differ"
    assert digest_with("5", "3") != ours


def test_a_module_that_is_called_as_one_of_python(tmp_path, monkeypatch):
    digests = []
    for number in (1, 2):
        monkeypatch.delitem(sys.modules, "this", raising=False)
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "this.py").write_text(f"def f(t): return {number}")
        monkeypatch.syspath_prepend(tmp_path / f"{number}")
        digests.append(digest("f", defined("from this import f")))
    assert digests[0] != digests[1]


class Colour(Enum):
    RED, GREEN = 1, 2


@dataclass(frozen=True)
class Setting:
    number: float


@dataclass(frozen=True)
class Memory:
    """As a column of pyarrow: to newer protocols of pickle it hands out a buffer, which has no state."""

    content: bytes

    def __reduce_ex__(self, protocol):
        return Memory, (pickle.PickleBuffer(self.content) if protocol >= 5 else self.content,)


THINGS = [
    None, True, 1, 1.0, 1j, "1", b"1", 2, math.nan, math.inf, [1], (1,), {1}, {"one", "two", "three"}, frozenset({1}),
    {1: 1}, range(3), slice(3), ..., np, math, np.ones(2), np.ones(2, dtype=np.float32), np.ones((2, 1)),
    np.array([1, "a"], dtype=object), len, math.sin, np.sin, np.cos, np.mean, str.upper, "a".upper, "b".upper,
    [1].append, np.add.reduce, np.multiply.reduce, squared_error, hinge, int, L2, L2(0.1), L2(0.2), Adam(0.1),
    Adam(InverseTimeDecay(0.1, 1.0)), GradientDescent(0.1), LinearWarmup(3, 0.1),
    LinearWarmup(3, InverseTimeDecay(0.1, 1.0)), Colour.RED, Colour.GREEN, Setting(1.0), Setting(2.0),
    np.random.default_rng(0), np.random.default_rng(1), np.random.default_rng(0).normal, MLP(2, [1], seed=0),
    MLP(2, [1], seed=1), Memory(b"1"), Memory(b"2"),
]  # fmt: skip


def digests():
    return [digest("f", thing) for thing in (*THINGS, *(defined(source) for pair in OTHER.values() for source in pair))]


def test_all_of_them_differ_from_each_other():
    assert len({digest("f", thing) for thing in THINGS}) == len(THINGS)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_they_are_the_same_in_other_processes(seed):
    code = "import test_identity; print(test_identity.digests())"
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.strip() == repr(digests())


def test_what_is_known_is_not_compared():
    one, other = MLP(2, [1], seed=0), MLP(2, [1], seed=1)
    functions = [lambda o, y, net=net: (o[0] - y[0]) ** 2 + net.parameters()[0] ** 2 for net in (one, other)]
    assert digest("loss", functions[0]) != digest("loss", functions[1])
    assert digest("loss", functions[0], one) == digest("loss", functions[1], other)


def test_what_refers_to_itself():
    def itself():
        thing = Setting(1.0)
        object.__setattr__(thing, "number", [thing, lambda: thing])
        return thing

    assert digest("f", itself()) == digest("f", itself())


@pytest.mark.parametrize(
    "make",
    [
        threading.Lock,
        lambda: (i for i in range(3)),
        lambda: open(__file__),  # noqa: SIM115
        lambda: np.frompyfunc(lambda x: x, 1, 1),
    ],
    ids=["a lock", "a generator", "a file", "a custom ufunc"],
)
def test_what_has_no_state_to_compare_is_refused(make):
    thing = make()
    for function in (lambda t: thing, lambda t, a=thing: a, functools.partial(pow, thing), [thing]):
        with pytest.raises(
            TypeError, match=r"^loss must be data and functions that a checkpoint can compare; received "
        ):
            digest("loss", function)
    if hasattr(thing, "close"):
        thing.close()


UNSEEN = {
    "globals()": "def f(t): return globals()['a']",
    "eval": "def f(t): return eval('a')",
    "exec": "def f(t): exec('a')",
    "__import__": "def f(t): return __import__('helpers').a",
    "by another name": "g = eval\ndef f(t): return g('a')",
    "of a list": "g = [eval]\ndef f(t): return g[0]('a')",
    "of a default": "def f(t, g=eval): return g('a')",
    "of a method": "class A:\n def __call__(self, t): return eval('a')\nf = A()",
    "a partial argument": "f = functools.partial(eval, 'a')",
    "of a module": "import builtins\ndef f(t): return builtins.eval('a')",
    "by a text": "import builtins\ndef f(t): return getattr(builtins, 'eval')('a')",
    "import_module": "import importlib\ndef f(t): return importlib.import_module('helpers').a",
    "import_module by its own name": "from importlib import import_module\ndef f(t): return import_module('helpers').a",
    "import_module in it": "def f(t):\n from importlib import import_module\n return import_module('helpers').a",
    "a module in it": "def f(t):\n import importlib as i\n return i.import_module('helpers').a",
    "sys.modules": "import sys\ndef f(t): return sys.modules['helpers'].a",
    "__globals__": "def g(): pass\ndef f(t): return g.__globals__['a']",
    "a frame": "import sys\ndef f(t): return sys._getframe(0).f_globals['a']",
    "another frame": "import inspect\ndef f(t): return inspect.currentframe().f_globals['a']",
    "in a function far away": "def h(): return eval('a')\ndef g(): return h()\nf = lambda t: g()",
}


@pytest.mark.parametrize("source", UNSEEN.values(), ids=UNSEEN)
def test_what_reads_what_its_code_does_not_name_is_refused(source):
    with pytest.raises(TypeError, match=r"loss must be data .* reads variables or modules that its code does not name"):
        digest("loss", defined(source, a=1))


def test_a_method_may_be_called_eval():
    class Net:
        def eval(self):
            return 1

    net = Net()
    assert digest("loss", lambda t: t * net.eval()) == digest("loss", lambda s: s * net.eval())


def test_a_list_that_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(TypeError, match="loss must be"):
        digest("loss", endless)


def test_functions_of_a_module_that_is_run_by_its_name_are_the_users(monkeypatch):
    """`python -m package.module`: it has a specification, as installed ones have."""
    digests = set()
    for function in (lambda t: t + 1, lambda t: t + 2):
        function.__module__, function.__qualname__ = "__main__", "rate"
        module = type(sys)("__main__")
        module.__spec__, module.__file__, module.rate = pytest.__spec__, pytest.__file__, function
        monkeypatch.setitem(sys.modules, "__main__", module)
        digests.add(digest("rate", function))
    assert len(digests) == 2
    assert {len(one) for one in digests} == {16}


def test_a_function_of_an_installed_package_is_compared_by_its_name():
    """Its code may read what cannot be compared."""
    assert digest("loss", hypothesis.given) != digest("loss", hypothesis.settings)
