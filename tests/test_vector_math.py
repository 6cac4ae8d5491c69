"""The primitives as LLVM IR: every row of the table, special values, and errors against mpmath in ulps."""

import ctypes
import functools
import itertools
import math
import random
import re
import struct
from typing import NamedTuple

import numpy as np
import pytest

llvm = pytest.importorskip("llvmlite.binding")
mpmath = pytest.importorskip("mpmath")

from coefficients import POLYNOMIALS, remez  # noqa: E402
from coefficients import largest_error as largest_weighted_error  # noqa: E402
from llvmlite import ir  # noqa: E402

from autograd_lite.primitives import BUILT_IN, PRIMITIVES  # noqa: E402
from autograd_lite.program.llvm import vector_math  # noqa: E402
from autograd_lite.program.llvm.vector_math import EMITTERS, Vector, call, emit, fma, splat  # noqa: E402

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
mp = mpmath.MPContext()
mp.prec = 160

inf, nan = math.inf, math.nan
NAMES = sorted(name for name in BUILT_IN - {"leaf", "constant"} if not PRIMITIVES[name].composite)
every_name = pytest.mark.parametrize("name", NAMES)
every_width = pytest.mark.parametrize("lanes", [8, 4, 2, 1])


def arity(name):
    return PRIMITIVES[name].arity or 2


# A small harness: a kernel applies one primitive to arrays


def vectors_of(lanes):
    return ir.VectorType(ir.DoubleType(), lanes)


def define_kernel(module, lanes, name, emit):
    """`void name(double *out, long n, double *argument, ...)`, for n a multiple of the lanes."""
    integer, pointer = ir.IntType(64), ir.DoubleType().as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, integer] + [pointer] * arity(name))
    function = ir.Function(module, kind, f"kernel_{name}")
    out, n, *arguments = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    entry, loop, end = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    i = builder.phi(integer)
    vectors = [builder.bitcast(builder.gep(p, [i]), vectors_of(lanes).as_pointer()) for p in (out, *arguments)]
    result = emit(name, *(Vector(builder, builder.load(p, align=8)) for p in vectors[1:]))
    builder.store(result.value, vectors[0], align=8)
    following = builder.add(i, ir.Constant(integer, lanes))
    i.add_incoming(ir.Constant(integer, 0), entry)
    i.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, end)
    builder.position_at_end(end)
    builder.ret_void()


def compiled(names, lanes, emit=emit, machine=None):
    """For each name a function from columns of numbers to an array; `machine` is another processor and its features."""
    cpu, features = machine or (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    module = ir.Module()
    for name in names:
        define_kernel(module, lanes, name, emit)
    target = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), target)
    engine.finalize_object()

    def kernel(name):
        address = engine.get_function_address(f"kernel_{name}")
        run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (2 + arity(name)))(address)

        def apply(*columns):
            n = len(columns[0])
            padded = [np.append(column, np.ones(-n % lanes)) for column in columns]
            out = np.full_like(padded[0], 7.0)
            run(out.ctypes.data, len(out), *(column.ctypes.data for column in padded))
            return out[:n]

        apply.engine = engine  # which owns the code
        return apply

    return {name: kernel(name) for name in names}


@functools.cache
def kernels(lanes):
    return compiled(NAMES, lanes)


def ulps(received, expected):
    """The distance in units of the last place of the expected number, which may be one of mpmath.

    Equal means the same sign of zero too; nan is equal to nan; an infinity is equal to itself alone, except that a
    number beyond the largest double counts as infinite.
    """
    rounded = float(expected)
    if received != received or rounded != rounded:
        return 0.0 if received != received and rounded != rounded else inf
    if math.isinf(received) or math.isinf(rounded):
        return 0.0 if received == rounded else inf
    if received == 0 == expected:
        return 0.0 if math.copysign(1.0, received) == math.copysign(1.0, rounded) else inf
    return float(mp.fabs(mp.mpf(received) - expected) / math.ulp(rounded))


# Special values

SPECIAL = [
    0.0, 5e-324, 1e-310, 2.3e-308, 1e-200, 1e-20, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 40.0, 700.0, 709.0, 709.7, 710.0,
    710.4, 711.0, 745.0, 746.0, 1e10, 1e16, 2.0**53, 1e200, 1.7e308, inf,
]  # fmt: skip
SPECIAL += [-number for number in SPECIAL] + [nan]


@every_width
@every_name
def test_special_values_agree_with_the_table(name, lanes):
    """All combinations; the C library's functions, which the table uses, have an error of their own of up to 1 ulp."""
    rows = list(itertools.product(SPECIAL, repeat=arity(name)))
    allowed = 0.0 if name in EXACT else FUNCTIONS[name].bound + 1 if name in FUNCTIONS else 1.0
    for row, received in zip(rows, kernels(lanes)[name](*zip(*rows, strict=True)), strict=True):
        expected = PRIMITIVES[name].compute(*row)
        assert ulps(received, expected) <= allowed, f"{name}{row}: received {received}, expected {expected}"


# Errors in ulps

EXACT = """
    add subtract multiply divide floor_divide remainder negative abs sqrt relu leaky_relu maximum minimum
    maximum_constant minimum_constant sign greater multiply_no_nan
""".split()


class Function(NamedTuple):
    """How the errors of a function are measured."""

    truth: object
    low: float
    high: float
    """Between these it has an ordinary value."""
    bound: float
    """Of the error in ulps; the largest seen at two million points is a little less."""


FUNCTIONS = {
    "exp": Function(mp.exp, -745, 709.7, 1.05),
    "expm1": Function(mp.expm1, -inf, 709.7, 2.1),
    "log": Function(mp.log, 0, inf, 1.0),
    "log1p": Function(mp.log1p, -1, inf, 1.25),
    "sin": Function(mp.sin, -inf, inf, 2.0),
    "cos": Function(mp.cos, -inf, inf, 2.0),
    "tanh": Function(mp.tanh, -inf, inf, 2.0),
    "sigmoid": Function(lambda x: 1 / (1 + mp.exp(-x)), -745, inf, 2.0),
    "softplus": Function(lambda x: mp.log1p(mp.exp(x)) if x < 1000 else x, -745, inf, 2.0),
    "power": Function(lambda x, y: x ** (int(y) if y == int(y) else y), -inf, inf, 1.25),
}


def any_double(generator, lowest=-1074, highest=1023):
    """Random in the exponent."""
    return generator.choice((-1, 1)) * math.ldexp(generator.uniform(1, 2), generator.randint(lowest, highest))


def points(name, count=1500):
    """Uniform over a wide and a small range; random in the exponent; near 1; near the zeros of sin and cos."""
    low, high = FUNCTIONS[name].low, FUNCTIONS[name].high
    generator = random.Random(name)
    draws = [
        lambda: generator.uniform(max(low, -1000), min(high, 1000)),
        lambda: generator.uniform(max(low, -3), min(high, 3)),
        lambda: any_double(generator, -60, 12),
        lambda: any_double(generator),
        lambda: generator.choice((-1, 1)) + any_double(generator, -54, -1),
        lambda: generator.randint(-(10 ** generator.randint(0, 9)), 10**9) * math.pi / 2,
    ]
    candidates = ((draw(),) for draw in itertools.cycle(draws))
    return list(itertools.islice((row for row in candidates if low < row[0] < high), count))


def pairs(count=1500):
    """Arguments of powers whose result is a double: also integer exponents of negative numbers."""
    generator = random.Random("power")
    found = []
    while len(found) < count:
        x = generator.choice(
            [math.fabs(any_double(generator)), generator.uniform(0, 4), 1 + any_double(generator, -50, -1)]
        )
        y = generator.uniform(-740, 709) / math.log(x) if x not in {0, 1} else 1.0
        if generator.random() < 0.4:
            x, y = -x, float(round(y))
        if y == y and math.fabs(y) < 1e300 and -745 < y * math.log(math.fabs(x)) < 709.7:
            found.append((x, y))
    return found


@functools.cache
def truth(name):
    """Points, and the function there."""
    rows = pairs() if name == "power" else points(name)
    return rows, [FUNCTIONS[name].truth(*map(mp.mpf, row)) for row in rows]


def largest_error(name, kernel):
    """The largest error in ulps, and where it is."""
    rows, expected = truth(name)
    received = kernel(*zip(*rows, strict=True))
    return max((ulps(a, b), row) for a, b, row in zip(received, expected, rows, strict=True))


@every_width
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_against_mpmath(name, lanes):
    error, row = largest_error(name, kernels(lanes)[name])
    assert error <= FUNCTIONS[name].bound, f"{name}{row}: {error} ulp"


@every_width
@pytest.mark.parametrize("name", EXACT)
def test_what_python_rounds_is_the_same_bit_for_bit(name, lanes):
    """Among others the remainder, for quotients as large as they come."""
    generator = random.Random(name)
    rows = [tuple(any_double(generator) for _ in range(arity(name))) for _ in range(500)]
    rows += [tuple(any_double(generator, -3, 60) for _ in range(arity(name))) for _ in range(500)]
    rows += [tuple(float(generator.randint(-99, 99)) for _ in range(arity(name))) for _ in range(500)]
    for _ in range(500 * (arity(name) - 1)):  # the quotient, or nearly, is whole
        y = any_double(generator, -20, 20)
        rows.append(
            (math.nextafter(y * generator.randint(1, 2 ** generator.randint(1, 53)), generator.choice((-inf, inf))), y)
        )
    received = kernels(lanes)[name](*zip(*rows, strict=True))
    for row, result in zip(rows, received, strict=True):
        assert ulps(result, PRIMITIVES[name].compute(*row)) == 0, f"{name}{row}"


@every_width
@pytest.mark.parametrize("name", sorted({*NAMES} - {*EMITTERS}))
def test_a_row_without_an_emitter_is_the_function_of_the_c_library(name, lanes):
    """Within 1 ulp, because Python computes a few itself, for example hypot."""
    generator = random.Random(name)
    columns = [[generator.uniform(-3, 3) for _ in range(300)] + [any_double(generator) for _ in range(300)]]
    columns += [columns[0][::-1]] * (arity(name) - 1)
    for *row, received in zip(*columns, kernels(lanes)[name](*columns), strict=True):
        assert ulps(received, PRIMITIVES[name].compute(*row)) <= 1, f"{name}{row}"


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [("sigmoid", -745.0, 5e-324), ("softplus", -745.0, 5e-324), ("expm1", 1e-20, 1e-20), ("log1p", 1e-20, 1e-20)],
)
def test_tails_are_kept(name, x, expected):
    assert list(kernels(4)[name]([x, -x, x])[[0, 2]]) == [expected, expected]


def test_a_lane_that_is_too_hard_leaves_the_others_alone():
    numbers = [0.5, 1e300, -2.0, 3.0, inf, 1.0, -1e22, 0.25]
    received = kernels(8)["sin"](numbers)
    easy = kernels(8)["sin"]([x if math.fabs(x) < 1e9 else 1.0 for x in numbers])
    for x, result, other in zip(numbers, received, easy, strict=True):
        assert (result == other) if math.fabs(x) < 1e9 else ulps(result, PRIMITIVES["sin"].compute(x)) <= 1


def test_our_formulas_have_the_same_bits_for_all_widths_and_processors():
    """Also for the first x86-64, which has no fused multiply-add, so that LLVM calls the one of C."""
    others = [compiled(NAMES, lanes) for lanes in (1, 2, 4)]
    if llvm.get_default_triple().startswith("x86_64"):
        others.append(compiled(NAMES, 2, machine=("x86-64", "")))
    generator = random.Random(0)
    numbers = [any_double(generator, -20, 9) for _ in range(200)] + [any_double(generator) for _ in range(40)] + SPECIAL
    for name in NAMES:
        columns = [numbers, numbers[::-1]][: arity(name)]
        expected = kernels(8)[name](*columns)
        for other in others:
            np.testing.assert_array_equal(other[name](*columns), expected, err_msg=name)


# The tester


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_the_remez_exchange_finds_the_coefficients_in_use(name):
    function, count, *interval_and_weight = POLYNOMIALS[name]
    used = getattr(vector_math, name)
    assert remez(function, count, *interval_and_weight) == used
    assert largest_weighted_error(used, function, *interval_and_weight) < -58.8


def test_the_measure_sees_what_it_should():
    assert ulps(1.0 + 8 * 2.0**-52, 1.0) == 8
    assert ulps(1.0 - 2.0**-53, mp.mpf(1) - mp.mpf(2) ** -80) == pytest.approx(0.5)
    assert ulps(0.0, 5e-324) == 1
    assert ulps(-0.0, 0.0) == ulps(nan, 1.0) == ulps(1.7e308, inf) == inf
    assert ulps(nan, nan) == ulps(-inf, -inf) == 0


def test_a_wrong_coefficient_is_caught(monkeypatch):
    """The coefficient of x^3 off by 1.2e-13 of itself: 8 ulp of e^r at the lower end of the interval."""
    wrong = (vector_math.EXPM1[0], vector_math.EXPM1[1] * (1 + 1.2e-13), *vector_math.EXPM1[2:])
    monkeypatch.setattr(vector_math, "EXPM1", wrong)
    spoilt = compiled(["exp", "tanh", "log"], lanes=4)
    assert 6 < largest_error("exp", spoilt["exp"])[0] < 10
    assert largest_error("tanh", spoilt["tanh"])[0] > FUNCTIONS["tanh"].bound
    assert largest_error("log", spoilt["log"])[0] <= FUNCTIONS["log"].bound


# The interface


def test_a_called_function_has_the_same_bits_and_is_defined_once():
    generator = random.Random(0)
    columns = [[any_double(generator, -8, 6) for _ in range(40)] for _ in range(2)]
    called = compiled(NAMES, 4, emit=call)
    for name in NAMES:
        arguments = columns[: arity(name)]
        assert called[name](*arguments).tobytes() == kernels(4)[name](*arguments).tobytes(), name
    module = ir.Module()
    for _ in range(3):
        [argument] = new_function(module, 2, 1)
        argument.builder.ret(call("tanh", call("tanh", argument)).value)
    assert str(module).count("define internal") == 1


def new_function(module, lanes, arguments):
    """The arguments of a new function of vectors."""
    kind = vectors_of(lanes)
    function = ir.Function(module, ir.FunctionType(kind, [kind] * arguments), module.get_unique_name("f"))
    builder = ir.IRBuilder(function.append_basic_block())
    return [Vector(builder, argument) for argument in function.args]


@pytest.mark.parametrize("way", [emit, call])
def test_add_takes_more_than_two_from_left_to_right(way):
    module = ir.Module()
    arguments = new_function(module, 4, 4)
    arguments[0].builder.ret(way("add", *arguments).value)
    sums = re.findall(r'(%"[.\d]+") = fadd <4 x double> (%"[.\d]+"), (%"[.\d]+")', str(module))
    terms = re.findall(r'%"[.\d]+"', str(module).split("define")[-1])[:4]
    assert [total for total, _, _ in sums[:-1]] == [left for _, left, _ in sums[1:]]
    assert [sums[0][1], *(right for _, _, right in sums)] == terms


def test_helpers():
    module = ir.Module()
    arguments = new_function(module, 2, 3)
    arguments[0].builder.ret(fma(*arguments).value)
    assert "llvm.fma.v2f64" in str(module)
    assert splat(vectors_of(4), 0.5).type == vectors_of(4)
    assert str(splat(ir.IntType(64), 3)) == "i64 3"
    bits = struct.unpack("<q", struct.pack("<d", math.sqrt(0.5)))[0]
    assert bits == vector_math.SQRT_HALF


def test_what_there_is_not_is_named():
    [argument] = new_function(ir.Module(), 2, 1)
    for name in ("leaf", "constant", "gamma"):
        for way in (emit, call):
            with pytest.raises(ValueError, match=f"'{name}'"):
                way(name, argument)
