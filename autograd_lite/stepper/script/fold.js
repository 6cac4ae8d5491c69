// A graph that folds: from its tree of groups and its numbers, the story of what is opened, with texts made on demand.

const [TEXT, MATH] = [0, 1];
const LINEAR = ["add", "subtract", "multiply"]; // as in Python
const TITLE = 28; // the letters that a box has room for
const LISTED = 6; // results or gradients that are listed one by one

class Folds {
  /** story: a story with a graph and its folds; if it has nodes, the leaves have the numbers there. */
  constructor(story) {
    const { graph, folds, nodes, part } = story;
    Object.assign(this, { story, graph, ...folds, hidden: new Set(folds.hidden) });
    this.place = new Map(nodes.map((_, i) => [part[i], i])); // where a node stands in the story
    const leaves = story.leaves.map((i) => [part[i], exact(nodes[i].data)]);
    this.data = forwardPass(graph, Object.fromEntries(leaves));
    const right = backwardPass(graph, this.data);
    this.rightTotals = right.totals;
    const { totals, steps } = story.mistake ? mistakenPass(story, right.totals) : right;
    this.totals = totals;
    this.passed = new Map(); // node -> the applications of the chain rule at its edges, in the order of the walk
    const arrived = new Map();
    steps.forEach((step, t) => {
      const number = (arrived.get(step.parent) ?? 0) + 1;
      arrived.set(step.parent, number);
      if (!this.passed.has(step.node)) this.passed.set(step.node, []);
      this.passed.get(step.node).push({ ...step, t, number });
    });
    this.uses = arrived;
  }

  // What a node is called and how it was computed

  arguments(i) {
    return this.graph.nodes[i].slice(1);
  }
  kind(i) {
    if (this.arguments(i).length) return "operation";
    return this.row(i) === "constant" ? "constant" : "leaf";
  }
  row(i) {
    return this.graph.rows[this.graph.nodes[i][0]].name;
  }
  number(number) {
    return shownNumber(number, this.story.digits);
  }
  /** What a node is called: its name, or its number if it has none; in brackets where its place asks for them. */
  name(i, form, place = 0) {
    const name = this.names[i];
    if (!name) return [textNumber, mathmlNumber][form](this.number(this.data[i])[0], place);
    if (this.binds[i]?.[form] < place) return BRACKETS[form](this.name(i, form));
    const [, letter, index] = name.match(/^([a-z])(\d+)$/) ?? [];
    if (form === TEXT) return letter ? letter + index.replace(/./g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]) : name;
    return this.maths[i] ?? (letter ? `<msub><mi>${letter}</mi><mn>${index}</mn></msub>` : `<mtext>${name}</mtext>`);
  }
  template(i) {
    const places = this.arguments(i);
    const isWritten = (place) => !this.names[place] && !LINEAR.includes(this.row(i));
    const key = places.map((place) => (isWritten(place) ? `=${numberText(this.data[place], 17)}` : places.indexOf(place)));
    return this.templates[[this.graph.nodes[i][0], ...key].join(" ")];
  }
  /** How a node was computed, in names or in numbers. */
  expression(i, form, byNumber = false) {
    const write = form === TEXT ? textNumber : mathmlNumber;
    const places = this.arguments(i);
    return filledWith(this.template(i).expression[form], (hole, binds) => {
      const place = places[hole];
      return byNumber ? write(this.number(this.data[place])[0], binds) : this.name(place, form, binds);
    });
  }
  slope(i, place, form) {
    const nodes = [i, ...this.arguments(i)];
    return filledWith(this.template(i).slopes[place][form], (hole, binds) => this.name(nodes[hole], form, binds));
  }

  // What the view shows of nodes and groups

  /** The boxes of an opened group, nodes from outside first, and its arrows, as pairs of boxes. */
  opened(group) {
    const { edges, outside } = this.pictures[group.picture];
    const inside = new Set(nodesOf(group));
    const single = group.parts.filter((part) => typeof part === "number");
    const from = new Set(single.flatMap((i) => this.arguments(i)).filter((i) => !inside.has(i) && !this.hidden.has(i)));
    return { boxes: [...(outside ? from : []), ...group.parts], edges };
  }
  /** What all stories of a graph share, and the arrows between the boxes of one. */
  frame(edges) {
    const { title, root, rootMath, digits, sources, update } = this.story;
    const [tails, heads] = [0, 1].map((end) => edges.map((ends) => ends[end]));
    return { title, root, rootMath, digits, sources, update, tails, heads, leaves: [], mistake: null, graph: null, part: null };
  }
  /** Whether a mistake makes the gradient of a node wrong. */
  isWrong(i) {
    const [a, b] = [this.totals[i], this.rightTotals[i]];
    return !Object.is(a, b) && !(Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)));
  }
  lines(i) {
    return this.story.nodes[this.place.get(i)]?.lines;
  }
  told(i, isInput = false) {
    const places = this.arguments(i);
    const shown = (hole, binds) => (this.hidden.has(places[hole]) ? textNumber(this.number(this.data[places[hole]])[0], binds) : "·");
    const data = this.number(this.data[i]);
    const isConstant = this.kind(i) === "constant" && this.names[i];
    const how = places.length ? filledWith(this.template(i).expression[TEXT], shown) : isConstant ? data[0] : "";
    return {
      name: this.name(i, TEXT),
      math: this.name(i, MATH),
      title: isInput ? this.name(i, TEXT) : [this.name(i, TEXT), how].filter(Boolean).join(" = "),
      kind: isInput ? "neuron" : this.kind(i),
      key: this.names[i],
      data,
      lines: this.lines(i),
      wrong: this.isWrong(i),
      result: i,
    };
  }
  /** A group as a node: a neuron with its output, signal and delta, or any other group with its results. */
  toldGroup(group) {
    const nodes = nodesOf(group);
    const inside = new Set(nodes);
    this.users ??= usersIn(this.graph);
    const results = nodes.filter((i) => this.arguments(i).length && !this.users[i].every((user) => inside.has(user)));
    if (inside.has(this.data.length - 1)) results.push(this.data.length - 1);
    const result = group.output ?? results.at(-1);
    return {
      name: group.unit ? this.name(result, TEXT) : group.title,
      math: group.unit ? this.name(result, MATH) : "",
      title: group.title.length > TITLE ? `${group.title.slice(0, TITLE - 1)}…` : group.title,
      gradient: `${group.unit ? "δ" : "grad"} ${this.number(this.totals[group.signal ?? result] ?? 0)[0]}`,
      key: group.title,
      kind: group.unit ? "neuron" : "group",
      wrong: nodes.some((i) => this.isWrong(i)),
      signal: group.unit && this.totals[group.signal ?? result],
      data: this.number(this.data[result]),
      delta: group.delta,
      deltaMath: group.deltaMath,
      lines: this.lines(result),
      group,
      nodes,
      results,
      result,
    };
  }
}

/** The backward pass with the numbers that a mistake leads to, as Python has told it. */
function mistakenPass({ part, steps }, rightTotals) {
  const totals = rightTotals.map((total) => (total === null ? null : 0));
  const passed = steps.flatMap((step) => {
    if (step.phase === "seed") totals[part[step.node]] = exact(step.total);
    if (step.phase !== "backward") return [];
    const [slope, upstream, share, total] = ["slope", "upstream", "share", "total"].map((name) => exact(step[name]));
    const parent = part[step.parent];
    totals[parent] = total;
    return [{ node: part[step.node], parent, place: step.place, slope, upstream, share, total, before: step.before ? exact(step.before) : null }];
  });
  return { totals, steps: passed };
}

function nodesOf(part) {
  return typeof part === "number" ? [part] : part.parts.flatMap(nodesOf);
}

/** For each node those that are computed from it. */
function usersIn({ nodes }) {
  const users = nodes.map(() => []);
  nodes.forEach(([, ...places], i) => places.forEach((place) => users[place].push(i)));
  return users;
}

// Stories of what is opened

/** The story of a group whose parts are all nodes: edge by edge, as that of a whole graph. */
function storyOfNodes(folds, group) {
  const { boxes, edges } = folds.opened(group);
  const local = new Map(boxes.map((i, place) => [i, place]));
  const inside = new Set(group.parts);
  const edge = new Map(); // "node place" -> arrow
  for (const i of group.parts)
    folds.arguments(i).forEach((parent, place) => local.has(parent) && edge.set(`${i} ${place}`, edge.size));
  const shown = (number) => folds.number(number);
  const forward = [...inside].filter((i) => folds.arguments(i).length).sort((a, b) => a - b);
  const top = Math.max(...inside);
  const backward = forward
    .flatMap((i) => folds.passed.get(i) ?? [])
    .filter(({ node, place }) => edge.has(`${node} ${place}`))
    .sort((a, b) => a.t - b.t);
  return {
    ...folds.frame(edges),
    leaves: boxes.flatMap((i, k) => (folds.names[i] && !folds.arguments(i).length ? [k] : [])),
    nodes: boxes.map((i) => folds.told(i)),
    steps: [
      { phase: "leaves" },
      ...forward.map((i) => ({
        phase: "forward",
        node: local.get(i),
        data: shown(folds.data[i]),
        expression: folds.expression(i, TEXT),
        expressionMath: folds.expression(i, MATH),
        numbers: folds.expression(i, TEXT, true),
        numbersMath: folds.expression(i, MATH, true),
      })),
      ...(folds.totals[top] === null ? [] : [{ phase: "seed", node: local.get(top), total: shown(folds.totals[top]) }]),
      ...backward.map((step) => ({
        phase: "backward",
        node: local.get(step.node),
        parent: local.get(step.parent),
        edge: edge.get(`${step.node} ${step.place}`),
        formula: folds.slope(step.node, step.place, TEXT),
        formulaMath: folds.slope(step.node, step.place, MATH),
        ...Object.fromEntries(["slope", "upstream", "share", "total"].map((name) => [name, shown(step[name])])),
        ...(step.before === null ? {} : { before: shown(step.before) }),
        ...(folds.uses.get(step.parent) > 1 ? { number: step.number, of: folds.uses.get(step.parent) } : {}),
      })),
    ],
  };
}

/** The story of a group of groups: a step for each part, forward and backward; `merged` parts go in one step. */
function storyOfParts(folds, group, merged = (part) => part) {
  const { boxes, edges } = folds.opened(group);
  const nodes = boxes.map((part) =>
    typeof part === "number" ? folds.told(part, group.inputs.includes(part)) : folds.toldGroup(part),
  );
  const first = boxes.length - group.parts.length;
  const sets = new Map(); // what goes in one step -> boxes
  group.parts.forEach((part, place) => {
    if (typeof part === "number" && !folds.arguments(part).length) return;
    const key = merged(part);
    sets.set(key, [...(sets.get(key) ?? []), first + place]);
  });
  const arriving = (boxes) => edges.flatMap(([, head], k) => (boxes.includes(head) ? [k] : []));
  const turns = [...sets.values()];
  const updated = group === folds.tree && folds.story.update !== null;
  const step = (phase, boxes) => ({
    phase,
    right: phase === "backward" && boxes.some((box) => nodes[box].wrong),
    node: boxes.at(-1),
    nodes: boxes,
    edges: arriving(boxes),
    told: (hidden) => tellParts(folds, phase, boxes.map((box) => nodes[box]), hidden),
    ...(boxes.length === 1 && nodes[boxes[0]].delta && nodes[boxes[0]].group ? askedOf(folds, phase, nodes[boxes[0]]) : {}),
  });
  const top = boxes.length - 1;
  const leaves = nodesOf(group).filter((i) => !folds.arguments(i).length).length;
  const neurons = nodes.filter(({ kind, group }) => kind === "neuron" && group);
  const part = neurons.length ? "neuron" : "part";
  const start = {
    ...explanation(folds.story, { phase: "leaves" }),
    words:
      `Next, forward: each ${part} is computed, up to ${folds.story.root}. Then backward, ${part} by ${part}: ` +
      `from the gradient of its output come ${neurons.length ? "its δ and the gradients of its weights" : "the gradients inside it"}. ` +
      `Click the current ${part} to open it. ${mistakeAtStart(folds.story)}`,
  };
  return {
    ...folds.frame(edges),
    nodes,
    weights: edges.map(([tail, head]) => weightOf(folds, nodes[tail], nodes[head])),
    steps: [
      { phase: "leaves", told: () => ({ ...start, text: `${leaves} leaves and constants have their numbers` }) },
      ...turns.map((boxes) => step("forward", boxes)),
      { phase: "seed", node: top, total: folds.number(folds.totals[nodes[top].result]), told: () => tellSeed(folds, nodes[top]) },
      ...turns.reverse().map((boxes) => step("backward", boxes)),
      ...(updated ? updates(folds, nodes) : neurons.length ? [{ phase: "summary", told: () => tellNetwork(folds, neurons) }] : []),
    ],
  };
}

/** A step of gradient descent: each part whose leaves move, all gradients set to 0, and the forward pass again. */
function updates(folds, nodes) {
  const { story } = folds;
  const moved = new Map(); // position of a leaf -> its step
  for (const step of story.steps) if (step.phase === "update") moved.set(story.part[step.node], step);
  const again = story.steps.at(-1);
  return [
    ...nodes.flatMap((node, box) => {
      const own = nodesOf(node.group ?? node.result).filter((i) => moved.has(i));
      return own.length ? [{ phase: "update", node: box, data: node.data, told: () => tellUpdate(folds, node, own.map((i) => moved.get(i))) }] : [];
    }),
    { phase: "zero" },
    {
      phase: "again",
      node: nodes.length - 1,
      after: nodes.map(({ result }) => again.after[folds.place.get(result)]),
      told: () => ({ ...explanation(story, again, null), text: lineOf(story, again) }),
    },
  ];
}

/** The new numbers of the leaves in a part. */
function tellUpdate(folds, { name }, steps) {
  const { story } = folds;
  const rate = numberText(story.update, story.digits);
  return {
    title: `Update: ${name}`,
    lines: explanation(story, steps[0], null).lines.slice(0, 1),
    words: `Each takes a step against its gradient, with the learning rate η = ${rate}.`,
    rows: steps.slice(0, 2 * LISTED).map((step) => {
      const gradient = mathNumber(gradientIn(story, step.node), true);
      return ["total", "", [parsed(story.nodes[step.node].math), "=", mathNumber(step.before[0]), "−", mathNumber(rate), "×", gradient], step.data[0]];
    }),
    text: steps.map((step) => `${story.nodes[step.node].name} ← ${step.data[0]}`).join(", "),
  };
}

/** The number of the weight between two neurons; null if they are not neurons. */
function weightOf(folds, { kind, result }, { group, kind: headKind, nodes }) {
  if (kind !== "neuron" || headKind !== "neuron" || !group) return null;
  const product = nodes.find((i) => folds.row(i) === "multiply" && folds.arguments(i).includes(result));
  const weight = folds.arguments(product ?? result).find((i) => i !== result);
  return product === undefined ? null : folds.number(folds.data[weight]);
}

// What is said about steps of groups

/** A fraction: the derivative of the root with respect to something. */
function gradientMath(folds, by, quantity = "upstream") {
  return fraction(parsed(folds.story.rootMath), by, quantity);
}

/** The same on one line. */
function derivativeMath(folds, by) {
  return [math("mo", "∂"), parsed(folds.story.rootMath), "/", math("mo", "∂"), by];
}

function tellSeed(folds, { result }) {
  const [root, total] = [folds.story.root, folds.number(folds.totals[result])[0]];
  return {
    title: `Seed: the gradient of ${folds.name(result, TEXT)}`,
    lines: [[gradientMath(folds, parsed(folds.name(result, MATH))), "=", mathNumber(total)]],
    words: seedInWords(result === folds.data.length - 1),
    text: `d${root}/d${folds.name(result, TEXT)} = ${total}`,
  };
}

function tellNetwork(folds, neurons) {
  return {
    title: `All deltas of ${folds.story.root}`,
    words: "The gradient of a weight is the delta of its neuron times the output that it multiplies.",
    rows: neurons.map(({ name, group }) => tellNeuron(folds, false, { name, group, result: group.output }).row[0]),
    text: `All deltas of ${folds.story.root}`,
  };
}

/** The explanation of a step of one or more parts, as `explanation` returns it, and a line of text. */
function tellParts(folds, phase, parts, hidden) {
  const [forward, one] = [phase === "forward", parts.length === 1];
  const names = parts.map((part) => part.name);
  const title = `${forward ? "Forward" : "Backward"}: ${parts[0].kind === "neuron" ? "neuron " : ""}${one ? names[0] : `${names[0]} to ${names.at(-1)}`}`;
  const told = parts.map((part) => withRight(folds, forward, part, (part.kind === "neuron" ? tellNeuron : tellGroup)(folds, forward, part)));
  const text = told.map((each) => each.text).join(";  ");
  if (one && hidden) {
    const rows = told[0].rows.filter(([quantity]) => quantity === "upstream" || quantity === "slope");
    return { title, lines: told[0].lines.slice(0, 1), rows: rows.slice(0, 1), text: `${names[0]}: ${UNKNOWN}` };
  }
  if (one) return { title, ...told[0] };
  return { title, lines: told[0].lines.slice(-1), rows: told.flatMap((each) => each.row), text };
}

/** What Predict asks of a neuron, its output or its delta, and the numbers that explain wrong answers. */
function askedOf(folds, phase, { group, result }) {
  const signal = group.signal ?? result;
  if (phase === "forward") return { asks: "data", data: folds.number(folds.data[result]), sum: folds.number(folds.data[signal]) };
  const local = folds.passed.get(result)?.find((step) => step.parent === signal);
  const used = folds.users[result].flatMap((user) => (folds.passed.get(user) ?? []).filter(({ parent }) => parent === result));
  return {
    asks: "share",
    share: folds.number(folds.totals[signal] ?? 0),
    upstream: local && folds.number(local.upstream),
    slope: local && folds.number(local.slope),
    terms: used.map(({ share }) => share),
  };
}

/** What a mistake makes wrong in a part: how many gradients, and the right delta. */
function withRight(folds, forward, { group, result }, told) {
  const wrong = forward ? [] : nodesOf(group ?? result).filter((i) => folds.isWrong(i));
  if (!wrong.length) return told;
  const delta = group?.signal ?? group?.output;
  const right = wrong.includes(delta) && group.delta ? ` Correct: ${group.delta} = ${folds.number(folds.rightTotals[delta])[0]}.` : "";
  const count = wrong.length === 1 ? "one gradient" : `${wrong.length} gradients`;
  return { ...told, words: `Wrong (${folds.story.mistake.does}): ${count} here.${right}` };
}

/** s = w o + ... and o = theta(s); or delta, and the gradients of the weights. */
function tellNeuron(folds, forward, { name, group, result }) {
  const [s, o] = [group.signal ?? result, result];
  const number = (i) => folds.number(folds.data[i])[0];
  const gradient = (i) => folds.number(folds.totals[i] ?? 0)[0];
  const named = (i) => parsed(folds.name(i, MATH));
  const inside = new Set(nodesOf(group));
  const isProduct = (i) => inside.has(i) && folds.row(i) === "multiply";
  const terms = folds.arguments(s).map((i) => (isProduct(i) ? folds.arguments(i) : [i]));
  if (forward) {
    const product = (write) => (term, n) => term.flatMap((i, k) => [...(k ? ["×"] : []), write(i, n + k > 0)]);
    const sum = (write) => shortened(terms.map(product(write))).flatMap((term, k) => [...(k ? ["+"] : []), ...term]);
    const lines = [
      [named(s), "=", ...sum(named)],
      ["=", ...sum((i, later) => mathNumber(number(i), later)), "=", mathNumber(number(s))],
    ];
    if (o !== s)
      lines.push([named(o), "=", parsed(folds.expression(o, MATH)), "=", parsed(folds.expression(o, MATH, true)), "=", mathNumber(number(o))]);
    const weights = `${terms.length - terms.filter((term) => term.length === 1).length} weights`;
    return {
      lines,
      words: `The weighted sum of ${weights} and inputs, and its activation.`,
      rows: [],
      row: [["total", name, [named(o)], number(o)]],
      text: `${folds.name(s, TEXT)} = ${number(s)}, ${folds.name(o, TEXT)} = ${number(o)}`,
    };
  }
  const delta = () => parsed(group.deltaMath);
  const local = o === s ? null : folds.passed.get(o)?.find((step) => step.parent === s);
  const lines = [[delta(), "=", gradientMath(folds, named(s), "share"), ...(local ? ["=", gradientMath(folds, named(o)), "·", fraction(named(o), named(s))] : [])]];
  const rows = local
    ? [
        ["upstream", "upstream", derivativeMath(folds, named(o)), gradient(o)],
        ["slope", "× local", [parsed(folds.slope(o, local.place, MATH))], folds.number(local.slope)[0]],
        ["share", "= delta", [delta()], gradient(s)],
      ]
    : [["share", "delta", [delta()], gradient(s)]];
  for (const term of terms) {
    const [weight, input] = term.length > 1 ? term : [term[0], null];
    const factors = input === null ? [delta()] : [delta(), "·", named(input)];
    rows.push(["total", "gradient of", [named(weight), ":", ...factors], gradient(weight)]);
  }
  const isHidden = folds.users[o].every((i) => folds.row(i) === "multiply");
  return {
    lines,
    words: isHidden ? "Upstream: the sum, over the neurons that use this output, of delta times weight." : "",
    rows,
    row: [["share", name, [delta()], gradient(s)]],
    text: `${group.delta} = ${gradient(s)}`,
  };
}

/** A list of terms with dots in place of those in the middle, if there are many. */
function shortened(terms) {
  return terms.length > 5 ? [terms[0], terms[1], ["⋯"], terms.at(-1)] : terms;
}

/** The results of any part; or their gradients, and its leaves with theirs. */
function tellGroup(folds, forward, { name, group, result, results = [result], nodes = [result] }) {
  const kind = forward ? folds.data : folds.totals;
  const leaves = forward ? [] : nodes.filter((i) => folds.kind(i) === "leaf");
  const row = (quantity, heading, i) => [
    quantity,
    heading,
    forward ? [parsed(folds.name(i, MATH))] : derivativeMath(folds, parsed(folds.name(i, MATH))),
    folds.number(kind[i] ?? 0)[0],
  ];
  const rows = [
    ...results.slice(0, LISTED).map((i) => row(forward ? "total" : "upstream", forward ? "result" : "upstream", i)),
    ...leaves.slice(0, LISTED).map((i) => row("total", "total", i)),
  ];
  const more = results.length + leaves.length - rows.length;
  const count = nodes.length === 1 ? "" : `${nodes.length.toLocaleString("en")} nodes${group?.place ? `, made in ${group.place}` : ""}. `;
  const does = forward
    ? "All its nodes are computed."
    : "The gradients of its results pass through all its edges, to its leaves and to what it is computed from.";
  return {
    lines: group || !forward ? [] : [[parsed(folds.name(result, MATH)), "=", parsed(folds.expression(result, MATH))], ["=", parsed(folds.expression(result, MATH, true))]],
    words: `${count}${does}${more > 0 ? ` ${more} more numbers are inside.` : ""}`,
    rows,
    row: rows.slice(0, 1),
    text: `${name}: ${rows.slice(0, 1).map(([, , , number]) => number)}`,
  };
}

// What is seen: the whole graph or an opened group, at a level of detail

const DETAILS = { edge: "edge by edge", node: "node by node", neuron: "neuron by neuron", layer: "layer by layer", group: "group by group" };

class Scope {
  /** live: has the story, with the numbers of now. */
  constructor(state, live) {
    Object.assign(this, { state, live });
  }

  get base() {
    return this.live.story;
  }
  get detail() {
    return this.state.get("detail") ?? "edge";
  }
  /** The places of the groups that are opened, each among the parts of the one before. */
  get path() {
    return this.state.get("opened") ?? [];
  }
  get folds() {
    if (this.folded?.story !== this.base) this.folded = new Folds(this.base);
    return this.folded;
  }
  /** The levels of detail that the graph has. */
  get details() {
    const { folds, nodes } = this.base;
    const isNetwork = folds?.tree.parts.some((part) => part.unit);
    return [...(nodes.length ? ["edge", "node"] : []), ...(isNetwork ? ["neuron", "layer"] : folds ? ["group"] : [])];
  }
  /** The groups from the whole graph down to the one that is opened. */
  get groups() {
    if (!this.base.folds) return [];
    const groups = [this.folds.tree];
    for (const place of this.path) groups.push(groups.at(-1).parts[place]);
    return groups;
  }

  /** The story that is seen, and its picture. */
  get shown() {
    const { base, detail } = this;
    const key = JSON.stringify([detail, this.path]);
    if (this.cached?.base !== base || this.cached.key !== key) this.cached = { base, key, ...this.make(base, detail) };
    return this.cached;
  }

  make(base, detail) {
    if (!this.path.length && (detail === "edge" || detail === "node")) {
      const [svg, direction] = [this.state.get("picture"), this.state.get("direction")];
      return { story: detail === "node" ? byNode(base) : base, svg, direction };
    }
    const [group, outer] = [this.groups.at(-1), this.groups.at(-2)];
    const { svg, direction, story } = this.seen(group, detail);
    if (!outer) return { svg, direction, story };
    const around = this.seen(outer, detail);
    const hole = around.story.nodes.findIndex((node) => node.group === group);
    const edges = around.story.tails.map((tail, k) => [tail, around.story.heads[k]]);
    return { svg: inPlace(around.svg, edges, hole, svg), direction, story, around: around.story };
  }

  /** The story of a group and its picture. */
  seen(group, detail) {
    const { folds } = this;
    const { svg, direction } = folds.pictures[group.picture];
    const layer = (part) => part.unit?.[0] ?? part;
    const isDetailed = group.parts.every((part) => typeof part === "number");
    const story = isDetailed ? storyOfNodes(folds, group) : storyOfParts(folds, group, detail === "layer" ? layer : undefined);
    return { story: isDetailed && detail === "node" ? byNode(story) : story, svg, direction };
  }
}

/** A story whose backward pass goes node by node: a step has all edges of a node. */
function byNode(story) {
  const steps = [];
  for (const step of story.steps) {
    const last = steps.at(-1);
    if (step.phase === "backward" && last.phase === "backward" && last.node === step.node) last.steps.push(step);
    else steps.push(step.phase === "backward" ? { phase: step.phase, node: step.node, steps: [step] } : step);
  }
  for (const step of steps)
    if (step.steps) Object.assign(step, { edges: step.steps.map(({ edge }) => edge), told: () => tellEdges(story, step) });
  return { ...story, steps };
}

function tellEdges(story, { node, steps }) {
  const told = steps.map((step) => explanation(story, step, null));
  const [upstream] = told[0].rows;
  const rows = steps.map((step) => {
    const { name } = story.nodes[step.parent];
    const sum = step.before ? [mathNumber(step.before[0]), "+"] : [];
    const product = [mathNumber(step.upstream[0], true), "×", mathNumber(step.slope[0], true)];
    return ["total", `to ${name}`, [...sum, ...product], step.total[0]];
  });
  return {
    title: `Backward: from ${story.nodes[node].name}`,
    lines: told[0].lines,
    rows: [upstream, ...rows],
    text: steps.map((step) => lineOf(story, step)).join("   "),
  };
}

// Neurons in colour

const [POSITIVE, NEGATIVE] = [[10, 90, 168], [179, 71, 0]]; // as in Python; lines are lighter on dark paper
const [THINNEST, THICKEST] = [0.8, 5];

function colourOf(number) {
  return number > 0 ? "var(--positive)" : number < 0 ? "var(--negative)" : "var(--quiet)";
}

/** The largest size of the finite numbers. */
function largest(numbers) {
  return Math.max(0, ...numbers.map(Math.abs).filter(Number.isFinite));
}

/** How large a number is beside the largest one, from 0 to 1; nan is 0. */
function relative(number, most) {
  return Math.min(Math.abs(number) / most, 1) || 0;
}

/** Draw the edges of a network by their weights, and write these beside them, where there is room. */
function paintWeights({ svg, drawn, weights }, story) {
  const labels = [...svg.querySelectorAll(".edge-label")];
  const numbers = (story.weights ?? []).map((weight) => weight && exact(weight));
  const most = largest(numbers.map((number) => number ?? 0));
  numbers.forEach((number, k) => {
    if (!weights[k] || number === null) return;
    const { style } = drawn[k].path;
    style.stroke = colourOf(number);
    style.strokeWidth = THINNEST + (THICKEST - THINNEST) * relative(number, most);
    style.strokeDasharray = number < 0 ? "6 3" : "none";
    if (labels.length) setText(labels.shift(), story.weights[k][0]);
  });
}

/** Fill a neuron by its output, and give it a ring by its delta, as far as they are known. */
function paint(element, story, node, computed, arrived) {
  const output = ({ data }) => exact(data);
  const delta = ({ signal }) => (signal === undefined ? 0 : signal);
  const neurons = story.nodes.filter(({ kind }) => kind === "neuron");
  story.most ??= [largest([1, ...neurons.map(output)]), largest(neurons.map(delta))];
  const [mostOutput, mostDelta] = story.most;
  const strength = 0.6 * relative(output(node), mostOutput);
  const tint = (exact(node.data) < 0 ? NEGATIVE : POSITIVE).map((part) => Math.round(255 - strength * (255 - part)));
  const { style } = element.querySelector("rect");
  style.fill = computed ? `rgb(${tint})` : "";
  style.stroke = arrived ? (node.wrong ? "var(--wrong)" : colourOf(delta(node))) : "";
  style.strokeWidth = arrived ? THINNEST + (THICKEST - THINNEST) * relative(delta(node), mostDelta) : "";
  style.strokeDasharray = arrived ? (delta(node) < 0 ? "4 3" : "none") : "";
  for (const line of element.querySelectorAll("text")) line.style.fill = computed ? "#000" : "";
}
