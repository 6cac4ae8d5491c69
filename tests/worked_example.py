"""A 2-2-1 network by the slides' formulas, every sum written out, with `math` alone: theta = tanh on both layers."""

from math import tanh

WEIGHTS = [[[0.1, 0.4, -0.7], [-0.3, 0.8, 0.5]], [[0.2, -0.6, 0.9]]]
X, Y = [0.5, -1.5], 0.25
x1, x2 = X

s1 = 0.1 * 1 + 0.4 * x1 + -0.7 * x2
s2 = -0.3 * 1 + 0.8 * x1 + 0.5 * x2
o1, o2 = tanh(s1), tanh(s2)
s = 0.2 * 1 + -0.6 * o1 + 0.9 * o2
o = tanh(s)
ERROR = (o - Y) ** 2
NUMBERS = {
    **{"o_1^(0)": x1, "o_2^(0)": x2, "s_1^(1)": s1, "s_2^(1)": s2, "o_1^(1)": o1, "o_2^(1)": o2},
    **{"s_1^(2)": s, "o_1^(2)": o},
}
"""The forward pass."""

d = 2 * (o - Y) * (1 - o**2)
d1 = d * -0.6 * (1 - o1**2)
d2 = d * 0.9 * (1 - o2**2)
DELTAS = {"s_1^(1)": d1, "s_2^(1)": d2, "s_1^(2)": d}
GRADIENTS = {
    **{"w^(1)_{1,0}": d1, "w^(1)_{1,1}": d1 * x1, "w^(1)_{1,2}": d1 * x2},
    **{"w^(1)_{2,0}": d2, "w^(1)_{2,1}": d2 * x1, "w^(1)_{2,2}": d2 * x2},
    **{"w^(2)_{1,0}": d, "w^(2)_{1,1}": d * o1, "w^(2)_{1,2}": d * o2},
}
"""The backward pass: de/ds for each signal and de/dw for each weight, in the order of net.parameters()."""
