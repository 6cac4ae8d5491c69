// Answers in numbers: how a typed number is read, whether it is right, and what is wrong with it.

/** The number that a reader has typed, for example 0.5, 1e-3, 2/3 or -inf; null if it is not a number. */
export function readNumber(text) {
  const plain = text
    .trim()
    .replaceAll("−", "-")
    .replaceAll("∞", "inf")
    .replace(/^(-?\d*),(\d+)$/, "$1.$2");
  const parts = plain.split("/").map((part) => part.trim());
  const numbers = parts.map((part) => {
    if (/^[+-]?inf(inity)?$/i.test(part)) return part.startsWith("-") ? -Infinity : Infinity;
    if (/^nan$/i.test(part)) return NaN;
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part) ? Number(part) : null;
  });
  if (numbers.includes(null) || numbers.length > 2) return null;
  return numbers.length === 2 ? numbers[0] / numbers[1] : numbers[0];
}

/** A number from Python: [text, number], where JSON has no number for inf and nan. */
function exact([text, number]) {
  return number ?? read(text.replace("−", "-").replace("∞", "inf"));
}

/** Whether two numbers agree up to a relative tolerance. */
function near(given, expected, tolerance) {
  if (Number.isNaN(expected)) return Number.isNaN(given);
  if (!Number.isFinite(expected)) return given === expected;
  return Math.abs(given - expected) <= Math.max(tolerance * Math.abs(expected), 1e-9);
}

/**
 * What is wrong with an answer, in words: which factor, sign or term.
 *
 * story: the nodes and steps; step: the one that is asked about; asked: "data", "slope", "share" or "total".
 */
function diagnose(story, step, asked, given, tolerance) {
  const is = (expected) => near(given, expected, tolerance);
  const node = story.nodes[step.node];
  if (step.phase === "seed") return "It is the derivative of a quantity with respect to itself.";
  if (step.asks) return diagnoseNeuron(story, step, asked, is);
  if (asked === "data") {
    if (is(-exact(step.data))) return "The size is right; check the sign.";
    return `Put in the numbers: ${node.name} = ${filled(step.numbers, story.nodes, textNumber)}.`;
  }
  const parent = story.nodes[step.parent];
  const [slope, upstream, share, total] = [step.slope, step.upstream, step.share, step.total].map(exact);
  const before = step.before ? exact(step.before) : 0;
  const local = `∂${node.name}/∂${parent.name}`;
  const above = `∂${story.root}/∂${node.name}`;
  const others = story.steps.filter(
    (other) => other.node === step.node && other.phase === "backward" && other.edge !== step.edge,
  );

  /** What a wrong local partial derivative is; `matches` tells whether a number explains the answer. */
  const wrongSlope = (matches) => {
    const other = others.find((one) => exact(one.slope) !== slope && matches(exact(one.slope)));
    if (other) return `that is the one with respect to the other argument, ${story.nodes[other.parent].name}`;
    if (matches(-slope)) return "its sign is wrong";
    if (slope !== exact(parent.data) && matches(exact(parent.data)))
      return `that is the value of ${parent.name}, not a derivative`;
    if (slope !== exact(node.data) && matches(exact(node.data)))
      return `that is the value of ${node.name}, not a derivative`;
    if (slope !== upstream && matches(upstream)) return `that is the upstream gradient ${above}`;
    if (matches(1 / slope)) return "that is its reciprocal";
    return null;
  };
  if (asked === "slope") {
    if (is(share))
      return "That is the product: only the local partial derivative is asked for, before the upstream gradient comes in.";
    const reason = wrongSlope(is);
    return reason
      ? `The local partial derivative is wrong: ${reason}.`
      : `How much does ${node.name} change for a small change of ${parent.name} alone? That is ${local}.`;
  }
  if (asked === "total") {
    if (before && is(share))
      return `That is the product of this edge alone; += adds it to ${step.before[0]}, which had arrived before.`;
    if (before && is(before)) return "That is what had arrived before; add the product of this edge.";
    if (before && is(before * share)) return "Contributions are added (+=), not multiplied.";
    if (before && is(before - share)) return "The new contribution is added, not subtracted.";
  }
  const product = asked === "total" ? given - before : given;
  const makes = (number) => near(product, number, tolerance);
  if (asked === "share" && before && is(total))
    return "That is the running total; only the product of this edge is asked for.";
  if (makes(-share)) return "The size is right; check the signs of the two factors.";
  if (upstream !== 1 && makes(slope))
    return `The upstream gradient is missing: multiply by ${above} = ${step.upstream[0]}.`;
  if (slope !== 1 && makes(upstream)) return `The local partial derivative is missing: multiply by ${local}.`;
  if (makes(upstream + slope)) return "The two factors are multiplied, not added.";
  const reason = wrongSlope((number) => makes(upstream * number));
  if (reason) return `The local partial derivative ${local} is the wrong factor: ${reason}.`;
  const wrongUpstream = story.steps.find(
    (one) => one.phase === "backward" && exact(one.upstream) !== upstream && makes(slope * exact(one.upstream)),
  );
  if (wrongUpstream)
    return `The upstream gradient is the wrong factor: you took ∂${story.root}/∂${story.nodes[wrongUpstream.node].name}, but ${node.name} passes on its own, ${above}.`;
  if (makes(slope * exact(node.data)))
    return `The upstream gradient is the wrong factor: you took the value of ${node.name}, not its gradient ${above}.`;
  return `One factor is certain: the upstream gradient ${above} = ${step.upstream[0]}. So check the other, the local partial derivative ${local}.`;
}

/** The same of the output of a neuron, or of its delta. */
function diagnoseNeuron(story, step, asked, is) {
  const { name, delta } = story.nodes[step.node];
  const [sum, upstream, slope] = [step.sum, step.upstream, step.slope].map((number) => number && exact(number));
  if (is(-exact(step[asked]))) return "The size is right; check the signs.";
  if (asked === "data")
    return is(sum)
      ? "That is the weighted sum; the activation is missing."
      : `First the weighted sum, including the bias: ${step.sum[0]}; then the activation.`;
  if (step.upstream && is(upstream)) return `That is the upstream gradient; multiply it by the slope of the activation.`;
  if (step.slope && is(slope)) return "That is the slope of the activation; multiply it by the upstream gradient.";
  const other = story.nodes.find((node) => node.delta && node.delta !== delta && is(node.signal));
  if (other) return `That is ${other.delta}, of another neuron.`;
  const one = step.terms.length > 1 && step.terms.some((term) => is(term * slope));
  if (one) return `${name} is used by ${step.terms.length} neurons: add up delta times weight over all of them.`;
  return step.upstream
    ? `The upstream gradient is ${step.upstream[0]}; multiply it by the slope of the activation.`
    : "Multiply the upstream gradient by the slope of the activation.";
}

/** The local partial derivative and the numbers in it, for a second hint at an edge; at other steps nothing. */
function secondHint(story, step) {
  if (step.phase !== "backward" || step.asks) return "";
  const edges = story.steps.filter((one) => one.node === step.node && one.phase === "backward");
  const numbers = [...new Set([step.node, ...edges.map(({ parent }) => parent)])]
    .map((i) => story.nodes[i])
    .filter(({ kind }) => kind !== "constant")
    .map(({ name, data }) => `${name} = ${data[0]}`);
  return ` The local partial derivative is ${step.formula}, with ${numbers.join(", ")}.`;
}
