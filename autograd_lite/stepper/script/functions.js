// The rows of the table of primitives as functions of numbers: those that JavaScript lacks or computes differently.
// All others are functions of Math with the names of the rows.

const SPECIAL = { inf: Infinity, "-inf": -Infinity, nan: NaN };

const FUNCTIONS = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  negative: (x) => -x,
  exp2: (x) => 2 ** x,
  power: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y), // NaN in JavaScript
  maximum: Math.max,
  minimum: Math.min,
  maximum_constant: Math.max,
  minimum_constant: Math.min,
  greater: (a, b) => (a > b ? 1 : 0),
  sign: (x) => Math.sign(x) + 0, // never -0
  relu: (x) => (x <= 0 ? 0 : x),
  leaky_relu: (x, a) => (x <= 0 ? a * x : x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  multiply_no_nan: (a, b) => (a === 0 || (b === 0 && Number.isNaN(a * b)) ? 0 : a * b),

  /** With the sign of b, as in Python; in JavaScript it has the sign of a. */
  remainder: (a, b) => {
    const rest = a % b;
    if (rest === 0) return b < 0 ? -0 : 0;
    return rest < 0 !== b < 0 ? rest + b : rest;
  },

  /** As Python computes it: the nearest integer to (a - rest) / b, which is one but for rounding. */
  floor_divide: (a, b) => {
    const rest = a % b;
    if (b === 0) return a / b;
    const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
    if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
    const below = Math.floor(quotient);
    return quotient - below > 0.5 ? below + 1 : below;
  },

  /** 2 / sqrt(pi) exp(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), whose terms have one sign. */
  erf: (x) => {
    if (Math.abs(x) > 6) return Math.sign(x);
    let sum = x;
    let term = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1);
    const size = Math.min((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * Math.abs(sum), 1);
    return x < 0 || Object.is(x, -0) ? -size : size;
  },
};
