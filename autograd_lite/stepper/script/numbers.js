// The numbers of a graph: a walk over its nodes, which are data, forward and backward; and numbers as text.

/** A number from JSON, which has none for infinities and nan. */
function read(number) {
  return SPECIAL[number] ?? number;
}
function toJson(number) {
  return Number.isFinite(number) ? number : Object.keys(SPECIAL).find((text) => Object.is(SPECIAL[text], number));
}

/** The result of a row for its arguments; more than two terms are added from left to right. */
function apply(name, numbers) {
  const compute = FUNCTIONS[name] ?? Math[name];
  return numbers.length > 2 ? numbers.reduce((a, b) => compute(a, b)) : compute(...numbers);
}

/** All numbers of a row: the result, the arguments, and what its statements compute from them. */
function runRow(row, result, given) {
  const numbers = [result, ...given];
  for (const statement of row.code)
    numbers.push(Array.isArray(statement) ? apply(statement[0], statement.slice(1).map((i) => numbers[i])) : read(statement));
  return numbers;
}

/** The data of each node; `leaves` has the numbers of leaves that are not the given ones, by position. */
function forwardPass({ nodes, numbers, rows }, leaves = {}) {
  const data = [];
  nodes.forEach(([which, ...places], i) => {
    const row = rows[which];
    const given = places.map((place) => data[place]);
    if (!places.length) data.push(leaves[i] ?? read(numbers[i]));
    else data.push("result" in row ? runRow(row, NaN, given)[row.result] : apply(row.name, given));
  });
  return data;
}

/** The chain rule at each edge, in the order of `Value.backward`; constants have no gradient. */
function backwardPass({ nodes, rows }, data) {
  const totals = nodes.map(() => null);
  const steps = [];
  totals[totals.length - 1] = 1;
  for (let node = nodes.length - 1; node >= 0; node--) {
    const [which, ...places] = nodes[node];
    const row = rows[which];
    const numbers = runRow(row, data[node], places.map((place) => data[place]));
    places.forEach((parent, place) => {
      if (rows[nodes[parent][0]].name === "constant") return;
      const [slope, upstream, before] = [numbers[row.slopes[place]], totals[node], totals[parent]];
      const share = upstream * slope;
      totals[parent] = before === null ? share : before + share;
      steps.push({ node, parent, place, slope, upstream, share, before, total: totals[parent] });
    });
  }
  return { totals, steps };
}

/** A number as text with significant digits, as Python's `number_text` writes it. */
function numberText(number, digits) {
  const sign = number < 0 || Object.is(number, -0) ? "−" : "";
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : `${sign}∞`;
  const { figures, exponent } = rounded(Math.abs(number), digits);
  const withPoint = (text, place) => `${text.slice(0, place)}.${text.slice(place)}`.replace(/\.?0*$/, "");
  if (exponent < -4 || exponent >= digits)
    return `${sign}${withPoint(figures, 1)}e${exponent}`.replace("-", "−");
  return sign + (exponent < 0 ? withPoint("0".repeat(-exponent) + figures, 1) : withPoint(figures, exponent + 1));
}

/** The significant digits of a positive number, and its exponent; halves go to even, as in Python. */
function rounded(number, digits) {
  const parts = (places) => {
    const [mantissa, exponent] = number.toExponential(places).split("e");
    return { figures: mantissa.replace(".", ""), exponent: Number(exponent) };
  };
  if (parts(digits).figures.endsWith("5")) {
    const { figures, exponent } = parts(100);
    const isHalf = /^50*$/.test(figures.slice(digits));
    if (isHalf && figures[digits - 1] % 2 === 0) return { figures: figures.slice(0, digits), exponent };
  }
  return parts(digits - 1);
}

/** A number as it is shown, and as it is, as Python writes it into a story. */
function shownNumber(number, digits) {
  return [numberText(number, digits), Number.isFinite(number) ? number : null];
}

/** A node with another number, which the title of a constant ends with. */
function renumbered(node, data) {
  const title = node.kind === "constant" ? node.title.slice(0, -node.data[0].length) + data[0] : node.title;
  return { ...node, title, data };
}

/** A story with the numbers that it has where some leaves, by position in its graph, have other numbers. */
function retold(story, leaves) {
  const { graph, part, digits } = story;
  const data = forwardPass(graph, leaves);
  const { totals, steps } = backwardPass(graph, data);
  const inside = new Set(part);
  const backward = steps.filter((step) => inside.has(step.node));
  const shown = (number) => shownNumber(number, digits);
  const updated = { ...leaves };
  for (const { phase, node } of story.steps)
    if (phase === "update") updated[part[node]] = data[part[node]] - story.update * (totals[part[node]] ?? 0);
  const after = story.update === null ? data : forwardPass(graph, updated);
  let next = 0;
  const numbersOf = ({ phase, node }) => {
    const place = part[node];
    if (phase === "forward") return { data: shown(data[place]) };
    if (phase === "seed") return { total: shown(totals[place]) };
    if (phase === "update") return { before: shown(data[place]), data: shown(after[place]) };
    if (phase === "again")
      return { before: shown(data[place]), data: shown(after[place]), after: part.map((i) => shown(after[i])) };
    if (phase !== "backward") return {};
    const { slope, upstream, share, before, total } = backward[next++];
    const numbers = Object.entries({ slope, upstream, share, total }).map(([name, number]) => [name, shown(number)]);
    return { ...Object.fromEntries(numbers), ...(before === null ? {} : { before: shown(before) }) };
  };
  return {
    ...story,
    nodes: story.nodes.map((node, i) => renumbered(node, shown(data[part[i]]))),
    steps: story.steps.map((step) => ({ ...step, ...numbersOf(step) })),
  };
}

// How numbers are written in formulas: in brackets if they bind less tightly than the place asks for.

const [SUM, PRODUCT, ATOM] = [1, 2, 5];

const BRACKETS = [(text) => `(${text})`, (text) => `<mrow><mo>(</mo>${text}<mo>)</mo></mrow>`];

function textNumber(text, place = 0) {
  return (text.startsWith("−") ? SUM : ATOM) < place ? BRACKETS[0](text) : text;
}

function mathmlNumber(text, place = 0) {
  const negative = text.startsWith("−");
  const [mantissa, exponent] = (negative ? text.slice(1) : text).split("e");
  const written = { "∞": "<mi>∞</mi>", nan: "<mtext>nan</mtext>" }[mantissa] ?? `<mn>${mantissa}</mn>`;
  const power = exponent ? `<mo>·</mo><msup><mn>10</mn><mn>${exponent}</mn></msup>` : "";
  const row = negative || exponent ? `<mrow>${negative ? "<mo>−</mo>" : ""}${written}${power}</mrow>` : written;
  const binds = negative ? SUM : exponent ? PRODUCT : ATOM;
  return binds < place ? BRACKETS[1](row) : row;
}

/** An expression with texts in the places that Python has left for them; an integer exponent is raised. */
function filledWith(template, write) {
  return template.replace(/(\^?)\{(\d+)(?::(\d))?\}/g, (_, power, hole, place) => {
    const text = write(hole, Number(place ?? 0));
    const [, integer] = (power && text.match(/^\(?(−?\d+)\)?$/)) || [];
    return integer ? integer.replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["−0123456789".indexOf(sign)]) : power + text;
  });
}

/** An expression with the numbers of nodes. */
function filled(template, nodes, write) {
  return filledWith(template, (i, place) => write(nodes[i].data[0], place));
}
