// What the view says about a step: its title, formula, words and table, its line of text, and what a screen reader says.

const PHASES = { leaves: "Leaves", forward: "Forward", seed: "Seed", backward: "Backward" };
const UNKNOWN = "?";

/** The lecture's name of a gradient, with its Greek letter. */
function inGreek(name) {
  return name.replace("delta", "δ");
}

/** The explanation of a step: its title, lines of mathematics, words, and rows of quantities. */
function explanation(story, step, hidden) {
  const node = story.nodes[step.node];
  const parent = story.nodes[step.parent];
  const name = (one) => parsed(one.math);
  const number = ([text], inProduct) => (hidden ? math("mi", UNKNOWN) : mathNumber(text, inProduct));
  const derivative = (kind, of, by) => {
    const fraction = math("mfrac", math("mrow", math("mo", "∂"), of), math("mrow", math("mo", "∂"), by));
    fraction.setAttribute("class", kind);
    return fraction;
  };
  const upstream = () => derivative("upstream", parsed(story.rootMath), name(node));
  if (step.phase === "leaves")
    return {
      title: "The leaves have their numbers",
      lines: [],
      words: "Nothing has been computed yet, and no gradient is known: not computed is not 0.",
      rows: [],
    };
  if (step.phase === "forward")
    return {
      title: `Forward: ${node.name}`,
      lines: [
        [name(node), "=", parsed(step.expressionMath)],
        ["=", parsed(filled(step.numbersMath, story.nodes, mathmlNumber)), "=", number(step.data)],
      ],
      words: `${node.name} is computed from its arguments.`,
      rows: [],
    };
  if (step.phase === "seed")
    return {
      title: `Seed: the gradient of ${node.name}`,
      lines: [[upstream(), "=", number(step.total)]],
      words:
        node.name === story.root
          ? "The backward pass starts here: a quantity changes as much as itself."
          : "This has come from the rest of the graph, which is not shown.",
      rows: [],
    };
  const total = () => derivative("total", parsed(story.rootMath), name(parent));
  const local = () => derivative("local", name(node), name(parent));
  const product = () => [mathNumber(step.upstream[0]), "·", number(step.slope, true)];
  const delta = (one) => (one.delta ? ["=", parsed(one.deltaMath)] : []);
  const before = step.before ? [mathNumber(step.before[0]), "+"] : [];
  const shown = (quantity) => (hidden ? UNKNOWN : step[quantity][0]);
  return {
    title: `Backward: from ${node.name} to ${parent.name}`,
    lines: [
      [total(), "+=", upstream(), "·", local()],
      ["=", ...product(), "=", number(step.share)],
    ],
    words: contributionInWords(step, parent),
    rows: [
      ["upstream", "Upstream gradient", [upstream(), ...delta(node)], step.upstream[0]],
      ["slope", "× local partial derivative", [local(), "=", parsed(step.formulaMath)], shown("slope")],
      ["share", "= product", product(), shown("share")],
      [
        "total",
        "+= running total",
        [total(), ...delta(parent), "=", ...before, number(step.share, before.length > 0)],
        shown("total"),
      ],
    ],
  };
}

function contributionInWords(step, parent) {
  const times = step.of === 2 ? "twice" : `${step.of} times`;
  const use =
    step.of > 1
      ? `${parent.name} is used ${times}: this is contribution ${step.number} of ${step.of}, and they add up.`
      : `${parent.name} is used once, so this is its whole gradient.`;
  return parent.delta && step.number === step.of ? `${use} It is the lecture's ${inGreek(parent.delta)}.` : use;
}

/** The gradient of a node when the backward pass is complete, as text. */
function gradientIn(story, i) {
  const given = story.steps.filter(({ phase, parent, node }) => phase === "backward" ? parent === i : phase === "seed" && node === i);
  return given.length ? given.at(-1).total[0] : numberText(0, story.digits);
}

/** The line of text of a step; while its number is asked for, without the number. */
function lineOf(story, step, hidden) {
  const derivative = (of, by) => `d${of}/d${by}`;
  if (step.phase === "leaves") {
    const written = ({ name, data, kind }) => `${name} = ${data[0]}${kind === "constant" ? " (constant)" : ""}`;
    return story.leaves.map((i) => written(story.nodes[i])).join(", ") || "there are none";
  }
  if (step.phase === "zero") return "all gradients are set to 0; else the next backward pass would add to them";
  const node = story.nodes[step.node];
  if (step.phase === "again") return `${node.name}: ${step.before[0]} → ${step.data[0]}`;
  if (step.phase === "update") {
    const rate = numberText(story.update, story.digits);
    const gradient = textNumber(gradientIn(story, step.node), PRODUCT);
    const symbols = `${node.name} - ${rate} * ${derivative(story.root, node.name)}`;
    return `${node.name} ← ${symbols} = ${step.before[0]} - ${rate} * ${gradient} = ${step.data[0]}`;
  }
  if (step.phase === "forward") {
    const numbers = hidden ? UNKNOWN : `${filled(step.numbers, story.nodes, textNumber)} = ${step.data[0]}`;
    return `${node.name} = ${step.expression} = ${numbers}`;
  }
  if (step.phase === "seed") {
    const origin = node.name === story.root ? "" : "   which has come from the rest of the graph";
    return `${derivative(story.root, node.name)} = ${hidden ? UNKNOWN : step.total[0] + origin}`;
  }
  const parent = story.nodes[step.parent];
  const local = derivative(node.name, parent.name);
  const rule = `${derivative(story.root, parent.name)} += ${derivative(story.root, node.name)} * ${local} = `;
  if (hidden) return rule + UNKNOWN;
  return (
    `${rule}${step.upstream[0]} * ${textNumber(step.slope[0], PRODUCT)} = ${step.share[0]}` +
    `   where ${local} = ${step.formula}   total ${step.total[0]}${parent.delta ? ` = ${parent.delta}` : ""}`
  );
}

/** The name of the quantity that is asked for at a step. */
function questionOf(story, step, asked) {
  const { name } = story.nodes[step.node];
  if (asked === "data") return `${name} =`;
  if (asked === "share") return "Product of the two factors =";
  if (step.phase === "seed") return `d${story.root}/d${name} =`;
  const parent = story.nodes[step.parent].name;
  if (asked === "slope") return `Local partial derivative d${name}/d${parent} =`;
  return `Running total of d${story.root}/d${parent} =`;
}

/** What a screen reader says at a step, when its number is not hidden. */
function spokenStep(story, step) {
  if (step.phase === "leaves") return `${lineOf(story, step)}.`;
  const { name } = story.nodes[step.node];
  if (step.phase === "forward") return `${name} is ${step.expression}, which is ${step.data[0]}.`;
  if (step.phase === "seed") return `The gradient of ${name} is ${step.total[0]}.`;
  return (
    `From ${name} to ${story.nodes[step.parent].name}: upstream gradient ${step.upstream[0]}, ` +
    `times local partial derivative ${step.formula}, ${step.slope[0]}, is ${step.share[0]}. ` +
    `Contribution ${step.number} of ${step.of}; running total ${step.total[0]}.`
  );
}
