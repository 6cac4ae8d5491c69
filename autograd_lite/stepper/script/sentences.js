// What the view says about a step: its title, formula, words and table, its line of text, and what a screen reader says.

const PHASES = {
  leaves: "Leaves",
  forward: "Forward",
  seed: "Seed",
  backward: "Backward",
  summary: "Summary",
  update: "Update",
  zero: "Zero",
  again: "Forward again",
};
const UNKNOWN = "?";

/**
 * The explanation of a step: its title, lines of mathematics, words, and rows of [quantity, heading, mathematics, number].
 *
 * hidden: the quantity that is asked for, "data", "slope", "share" or "total"; null if nothing is hidden.
 */
function explanation(story, step, hidden) {
  return { lines: [], words: "", rows: [], ...(step.told ? step.told(hidden) : explained(story, step, hidden)) };
}

/** What the explanation of a step has; what is missing is empty. */
function explained(story, step, hidden) {
  const node = story.nodes[step.node];
  const parent = story.nodes[step.parent];
  const name = (one) => parsed(one.math);
  const unknown = () => math("mi", UNKNOWN);
  const number = ([text], inProduct) => (hidden ? unknown() : mathNumber(text, inProduct));
  const gradient = (one, quantity) => fraction(parsed(story.rootMath), name(one), quantity);
  if (step.phase === "leaves")
    return {
      title: "The leaves have their numbers",
      words:
        `Next, forward: each node is computed from its arguments, up to ${story.root}. Then backward, edge by edge: ` +
        "the upstream gradient times the local partial derivative is added to the gradient of the argument at that edge. " +
        (mistakeAtStart(story) || "No gradient is known yet, which does not mean that it is 0."),
    };
  if (step.phase === "summary")
    return {
      title: `All gradients of ${story.root}`,
      words: `Moved a little against its gradient, each number lowers ${story.root}; moving all of them at once is a step of gradient descent.`,
    };
  if (step.phase === "zero")
    return { title: "The gradients are set to 0", words: "Otherwise the next backward pass would add to them." };
  if (step.phase === "again")
    return {
      title: "Forward again, with the new numbers",
      lines: [[name(node), ":", mathNumber(step.before[0]), "→", mathNumber(step.data[0])]],
      words: `All numbers are computed again. One step of gradient descent changes ${node.name} by this much.`,
    };
  if (step.phase === "update") {
    const rate = () => mathNumber(numberText(story.update, story.digits));
    return {
      title: `Update: ${node.name}`,
      lines: [
        [name(node), "←", name(node), "−", math("mi", "η"), "·", gradient(node, "total")],
        ["=", mathNumber(step.before[0]), "−", rate(), "×", mathNumber(gradientIn(story, step.node), true)],
        ["=", mathNumber(step.data[0])],
      ],
      words: `A step against the gradient, with the learning rate η = ${numberText(story.update, story.digits)}.`,
    };
  }
  if (step.phase === "forward")
    return {
      title: `Forward: ${node.name}`,
      lines: [
        [name(node), "=", parsed(step.expressionMath)],
        ["=", parsed(filled(step.numbersMath, story.nodes, mathmlNumber))],
        ["=", number(step.data)],
      ],
      words: `${node.name} is computed from its arguments.`,
    };
  if (step.phase === "seed")
    return {
      title: `Seed: the gradient of ${node.name}`,
      lines: [[gradient(node, "upstream"), "=", number(step.total)]],
      words: seedInWords(node.name === story.root),
    };
  const local = fraction(name(node), name(parent), "slope");
  const above = [math("mo", "∂"), parsed(story.rootMath), "/", math("mo", "∂"), name(node)];
  const delta = (one) => (one.delta ? [parsed(one.deltaMath)] : []);
  const formula = hidden === "slope" ? unknown() : parsed(step.formulaMath);
  const sum = step.before && hidden !== "total" ? [mathNumber(step.before[0]), "+", number(step.share, true)] : [];
  const shown = (quantity) => (hidden ? UNKNOWN : step[quantity][0]);
  return {
    title: `Backward: from ${node.name} to ${parent.name}`,
    lines: [[gradient(parent, "total"), "+=", gradient(node, "upstream"), "·", local]],
    words: step.right && !hidden ? mistakeInWords(story, step) : contributionInWords(step, parent),
    rows: [
      ["upstream", "upstream", node.delta ? delta(node) : above, step.upstream[0]],
      ["slope", "× local", [formula], shown("slope")],
      ["share", "= product", [], shown("share")],
      ["total", "total", [...delta(parent), ...(parent.delta && sum.length ? ["="] : []), ...sum], shown("total")],
    ],
  };
}

/** What is said about a mistake before it is made; nothing if there is none. */
function mistakeAtStart({ mistake }) {
  return mistake ? `This backward pass has a mistake: ${mistake.does}. The numbers that it makes wrong are marked.` : "";
}

/** What is said about the seed. */
function seedInWords(isRoot) {
  if (isRoot) return "The backward pass starts here: a quantity changes as much as itself.";
  return "This has come from the rest of the graph, which is not shown.";
}

/** What is wrong at a step of a backward pass with a mistake. */
function mistakeInWords(story, step) {
  const names = { slope: "local partial derivative", share: "product", total: "total" };
  const right = Object.entries(step.right).map(([quantity, [text]]) => `${names[quantity]} ${text}`);
  return `Wrong (${story.mistake.does}). Correct: ${right.join(", ")}.`;
}

/** The rows of the summary: each leaf, its gradient, and which way it lowers the root. */
function summaryRows(story, gradientOf) {
  return story.nodes.flatMap((node, i) => {
    if (node.kind !== "leaf") return [];
    const gradient = gradientOf(i);
    const size = exact(gradient);
    const way = size > 0 ? "↓ smaller" : size < 0 ? "↑ larger" : size === 0 ? "flat: no effect" : "undefined";
    return [[parsed(node.math), node.data[0], gradient[0], way]];
  });
}

function contributionInWords(step, parent) {
  const times = step.of === 2 ? "twice" : `${step.of} times`;
  const use =
    step.of > 1
      ? `${parent.name} is used ${times}: this is contribution ${step.number} of ${step.of}, and they add up.`
      : `${parent.name} is used once, so this is its whole gradient.`;
  return parent.delta && step.number === step.of ? `${use} It is the lecture's ${parent.delta}.` : use;
}

/** The gradient of a node when the backward pass is complete, as text. */
function gradientIn(story, i) {
  const given = story.steps.filter(({ phase, parent, node }) => phase === "backward" ? parent === i : phase === "seed" && node === i);
  return given.length ? given.at(-1).total[0] : numberText(0, story.digits);
}

/** The line of text of a step; while its number is asked for, without the number. */
function lineOf(story, step, hidden) {
  const derivative = (of, by) => `∂${of}/∂${by}`;
  if (step.told) return step.told(hidden).text;
  if (step.phase === "leaves") {
    const written = ({ name, data, kind }) => `${name} = ${data[0]}${kind === "constant" ? " (constant)" : ""}`;
    return story.leaves.map((i) => written(story.nodes[i])).join(", ") || "there are none";
  }
  if (step.phase === "summary") return `All gradients of ${story.root}`;
  if (step.phase === "zero") return "all gradients are set to 0; otherwise the next backward pass would add to them";
  const node = story.nodes[step.node];
  if (step.phase === "again") return `${node.name}: ${step.before[0]} → ${step.data[0]}`;
  if (step.phase === "update") {
    const rate = numberText(story.update, story.digits);
    const gradient = textNumber(gradientIn(story, step.node), PRODUCT);
    const symbols = `${node.name} − ${rate} · ${derivative(story.root, node.name)}`;
    return `${node.name} ← ${symbols} = ${step.before[0]} − ${rate} × ${gradient} = ${step.data[0]}`;
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
  const rule = `${derivative(story.root, parent.name)} += ${derivative(story.root, node.name)} · ${local} = `;
  if (hidden) return rule + UNKNOWN;
  return (
    `${rule}${textNumber(step.upstream[0], PRODUCT)} × ${textNumber(step.slope[0], PRODUCT)} = ${step.share[0]}` +
    `   where ${local} = ${step.formula}   total ${step.total[0]}${parent.delta ? ` = ${parent.delta}` : ""}`
  );
}

/** The name of the quantity that is asked for at a step. */
function questionOf(story, step, asked) {
  const { name } = story.nodes[step.node];
  if (asked === "data") return `${name} =`;
  if (step.asks) return `${story.nodes[step.node].delta} =`;
  if (asked === "share") return "Product of the two factors =";
  if (step.phase === "seed") return `∂${story.root}/∂${name} =`;
  const parent = story.nodes[step.parent].name;
  if (asked === "slope") return `Local partial derivative ∂${name}/∂${parent} =`;
  return `Running total of ∂${story.root}/∂${parent} =`;
}

/** What a screen reader says at a step, when its number is not hidden. */
function spokenStep(story, step) {
  if (step.told || !["forward", "seed", "backward"].includes(step.phase)) return `${lineOf(story, step)}.`;
  const { name } = story.nodes[step.node];
  if (step.phase === "forward") return `${name} is ${step.expression}, which is ${step.data[0]}.`;
  if (step.phase === "seed") return `The gradient of ${name} is ${step.total[0]}.`;
  return (
    `From ${name} to ${story.nodes[step.parent].name}: upstream gradient ${step.upstream[0]}, ` +
    `times local partial derivative ${step.formula}, ${step.slope[0]}, is ${step.share[0]}. ` +
    `Contribution ${step.number ?? 1} of ${step.of ?? 1}; running total ${step.total[0]}.`
  );
}
