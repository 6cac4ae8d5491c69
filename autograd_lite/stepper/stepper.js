// The view that steps through every application of the chain rule. A saved page, an iframe and an anywidget all show
// it: what differs is only where its state is kept. Text from Python is never markup: it becomes text nodes, or it is
// parsed as XML that Python has escaped.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const SVG = "http://www.w3.org/2000/svg";
const PHASES = { leaves: "Leaves", forward: "Forward", seed: "Seed", backward: "Backward" };
const ASKED = { slope: "local partial derivative", share: "product", total: "running total" };
const SPEEDS = [0.5, 1, 2, 4];
const MILLISECONDS_PER_STEP = 2000;
const LEAST_READABLE_SCALE = 0.75; // of the picture, whose text is 12 pixels high
const GOOD_SCALE = 0.9; // if it cannot be seen as a whole
const LEAST_SCALE = 0.35; // down to which the picture shrinks to show both ends of an edge
const LONG_EDGE = 3000; // in units of the picture
const UNKNOWN = "?";

let views = 0; // to give each view on a page ids of its own

// Small tools

/** An HTML element; an attribute that is a function listens to that event, children are elements or text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A MathML element. */
function math(tag, ...children) {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
}

/** MathML that Python has written, as an element. */
function parsed(text) {
  const source = `<mrow xmlns="${MATHML}">${text}</mrow>`;
  return document.importNode(new DOMParser().parseFromString(source, "application/xml").documentElement, true);
}

/** A number, as Python has written it, in MathML. */
function mathNumber(text, inProduct = false) {
  const [mantissa, exponent] = text.split("e");
  const negative = mantissa.startsWith("-");
  const row = math("mrow", ...(negative ? [math("mo", "−")] : []), math("mn", mantissa.replace("-", "")));
  if (exponent)
    row.append(math("mo", "·"), math("msup", math("mn", "10"), math("mn", String(Number(exponent)).replace("-", "−"))));
  return negative && inProduct ? math("mrow", math("mo", "("), row, math("mo", ")")) : row;
}

/** Set a property or the text of an element only if it changes, which is what costs time. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

/** The lecture's name of a gradient, with its Greek letter. */
function inGreek(name) {
  return name.replace("delta", "δ");
}

/** How much of one interval another covers. */
function overlap(start, end, otherStart, otherEnd) {
  return Math.max(0, Math.min(end, otherEnd) - Math.max(start, otherStart));
}

/** The number that somebody has typed: 0.5, 1e-3, 2/3, -inf; null if it is none. */
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
  return number ?? { inf: Infinity, "-inf": -Infinity, nan: NaN }[text];
}

/** Whether two numbers agree up to a relative tolerance. */
export function near(given, expected, tolerance) {
  if (Number.isNaN(expected)) return Number.isNaN(given);
  if (!Number.isFinite(expected)) return given === expected;
  return Math.abs(given - expected) <= Math.max(tolerance * Math.abs(expected), 1e-9);
}

/**
 * What is wrong with an answer, in words: which factor, sign or term.
 *
 * story: the nodes and steps; step: the one that is asked about; asked: "data", "slope", "share" or "total".
 */
export function diagnose(story, step, asked, given, tolerance) {
  const is = (expected) => near(given, expected, tolerance);
  const node = story.nodes[step.node];
  if (step.phase === "seed") return "It is the derivative of a quantity with respect to itself.";
  if (asked === "data") {
    if (is(-exact(step.data))) return "The size is right; check the sign.";
    return `Put in the numbers: ${node.name} = ${step.numbers}.`;
  }
  const parent = story.nodes[step.parent];
  const [slope, upstream, share, total] = [step.slope, step.upstream, step.share, step.total].map(exact);
  const before = step.before ? exact(step.before) : 0;
  const local = `d${node.name}/d${parent.name}`;
  const above = `d${story.root}/d${node.name}`;
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
    if (matches(1 / slope)) return "that is its reciprocal";
    return null;
  };
  if (asked === "slope") {
    if (is(share))
      return "That is the product: only the local partial derivative is asked, before the upstream gradient comes in.";
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
    return "That is the running total; only the product of this edge is asked.";
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
    return `The upstream gradient is the wrong factor: you took d${story.root}/d${story.nodes[wrongUpstream.node].name}, but ${node.name} passes on its own, ${above}.`;
  if (makes(slope * exact(node.data)))
    return `The upstream gradient is the wrong factor: you took the value of ${node.name}, not its gradient ${above}.`;
  return `One factor is certain: the upstream gradient ${above} = ${step.upstream[0]}. So check the other, the local partial derivative ${local}.`;
}

/** The names in a formula and their numbers, for a second hint. */
function withNumbers(story, step, parents) {
  return [step.node, ...parents]
    .filter((i, place, all) => all.indexOf(i) === place && story.nodes[i].kind !== "constant")
    .map((i) => `${story.nodes[i].name} = ${story.nodes[i].data[0]}`)
    .join(", ");
}

// The picture: zoom, pan, and what has been reached

class Picture {
  constructor(text, direction, label, onNode) {
    this.direction = direction;
    this.focus = [];
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    this.svg = document.importNode(svg, true);
    this.size = this.svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
    for (const name of ["width", "height", "role", "aria-label"]) this.svg.removeAttribute(name);
    this.svg.setAttribute("aria-hidden", "true"); // the trace and the list of nodes say the same in words
    const pick = (name, count) => Array.from({ length: count }, (_, i) => this.svg.querySelector(`[id="${name}${i}"]`));
    this.nodes = pick("n", this.svg.querySelectorAll(".node").length);
    this.edges = pick("e", this.svg.querySelectorAll(".edge").length);
    this.lines = this.nodes.map((node) => [...node.querySelectorAll("text")]);
    this.kinds = this.nodes.map((node) => node.getAttribute("class"));
    const prefix = `stepper-${++views}-`; // outputs repeat, and an id may occur once on a page
    for (const element of [...this.nodes, ...this.edges]) element.id = prefix + element.id;
    this.nodes.forEach((node, i) => (node.dataset.node = i));
    this.edges.forEach((edge, k) => (edge.dataset.edge = k));
    this.nodes.forEach((node) => node.append(document.createElementNS(SVG, "title")));
    this.note = document.createElementNS(SVG, "text");
    this.note.setAttribute("class", "edge-note");
    this.head = document.createElementNS(SVG, "polygon");
    this.head.setAttribute("class", "gradient-head");
    this.svg.append(this.head, this.note);

    this.frame = make(
      "div",
      {
        class: "picture",
        tabindex: "0",
        role: "group",
        "aria-label": `Picture of ${label}. Plus and minus zoom, 0 shows all, shift and arrow keys move it`,
      },
      this.svg,
    );
    // Browsers take long to draw dots along thousands of pixels, as from a leaf that is used all over a large graph.
    this.long = this.edges.map((edge) => edge.querySelector("path").getTotalLength() > LONG_EDGE);
    this.view = [0, 0, ...this.size];
    this.moved = false; // whether somebody has chosen what to see
    this.magnified = 1;
    this.chosenScale = 1;
    this.listen(onNode);
    this.watcher = new ResizeObserver(() => (this.moved ? this.show(this.view) : this.fit()));
    this.watcher.observe(this.frame);
  }

  listen(onNode) {
    let start = null;
    let dragged = false;
    this.frame.addEventListener("pointerdown", (event) => {
      if (event.button === 0) start = { x: event.clientX, y: event.clientY, view: [...this.view] };
      dragged = false;
    });
    this.frame.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      if (!dragged && Math.hypot(dx, dy) < 5) return;
      if (!dragged) this.frame.setPointerCapture(event.pointerId);
      dragged = true;
      const scale = start.view[2] / this.frame.clientWidth;
      this.show([start.view[0] - dx * scale, start.view[1] - dy * scale, start.view[2], start.view[3]]);
      this.moved = true;
    });
    for (const end of ["pointerup", "pointercancel"]) this.frame.addEventListener(end, () => (start = null));
    this.frame.addEventListener("click", (event) => {
      const node = event.target.closest?.(".node");
      if (node && !dragged) onNode(Number(node.dataset.node), event.shiftKey);
    });
    this.frame.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // without them the page scrolls, as everywhere
        event.preventDefault();
        const box = this.frame.getBoundingClientRect();
        this.zoom(
          Math.exp(-event.deltaY / 300),
          (event.clientX - box.left) / box.width,
          (event.clientY - box.top) / box.height,
        );
      },
      { passive: false },
    );
    this.frame.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+" || event.key === "=") this.zoom(1.25);
      else if (event.key === "-") this.zoom(0.8);
      else if (event.key === "0") this.fit(true);
      else if (event.shiftKey && moves[event.key]) this.pan(...moves[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** The room that there is, in pixels. */
  room() {
    return [Math.max(this.frame.clientWidth, 1), Math.max(this.frame.clientHeight, 1)];
  }

  show(view) {
    const [width, height] = this.room();
    this.view = [view[0], view[1], view[2], (view[2] * height) / width];
    this.svg.setAttribute("viewBox", this.view.map((number) => Number(number.toFixed(2))).join(" "));
  }

  magnify(factor) {
    if (factor === this.magnified) return;
    this.magnified = factor;
    this.fit();
  }

  scale() {
    return this.room()[0] / this.view[2];
  }

  /** Show all of it; unless `all` is asked for, no smaller than can be read. */
  fit(all = false) {
    const [width, height] = this.room();
    const whole = Math.min(width / this.size[0], height / this.size[1], 1.6 * this.magnified);
    const readable = this.magnified > 1 ? GOOD_SCALE * this.magnified : LEAST_READABLE_SCALE;
    const scale = all || whole >= readable ? whole : GOOD_SCALE * this.magnified;
    this.moved = all;
    this.chosenScale = scale;
    const [seenAcross, seenDown] = [width / scale, height / scale];
    const begin = (size, seen, backward) => (size <= seen ? size / 2 : backward ? size - seen / 2 : seen / 2);
    this.centre(
      begin(this.size[0], seenAcross, this.direction === "RL"),
      begin(this.size[1], seenDown, this.direction === "BT"),
      scale,
    );
    if (!all) this.follow(this.focus);
  }

  centre(x, y, scale) {
    const [width, height] = this.room();
    this.show([x - width / scale / 2, y - height / scale / 2, width / scale]);
  }

  zoom(factor, across = 0.5, down = 0.5) {
    const scale = Math.min(Math.max(this.scale() * factor, 0.02), 8);
    this.chosenScale = scale;
    const width = this.room()[0] / scale;
    const [x, y, oldWidth, oldHeight] = this.view;
    const height = (oldHeight * width) / oldWidth;
    this.show([x + (oldWidth - width) * across, y + (oldHeight - height) * down, width]);
    this.moved = true;
  }

  pan(right, down) {
    this.show([this.view[0] + (right * this.view[2]) / 8, this.view[1] + (down * this.view[3]) / 8, this.view[2]]);
    this.moved = true;
  }

  box(i) {
    const rect = this.nodes[i].querySelector("rect");
    return ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
  }

  /** Move the picture, and shrink it if need be, so that these nodes are in sight. */
  follow(numbers) {
    this.focus = numbers;
    if (!numbers.length) return;
    const boxes = numbers.map((i) => this.box(i));
    const margin = 24; // but not beyond the picture
    const left = Math.max(Math.min(...boxes.map(([x]) => x)) - margin, 0);
    const top = Math.max(Math.min(...boxes.map(([, y]) => y)) - margin, 0);
    const right = Math.min(Math.max(...boxes.map(([x, , width]) => x + width)) + margin, this.size[0]);
    const bottom = Math.min(Math.max(...boxes.map(([, y, , height]) => y + height)) + margin, this.size[1]);
    const [roomAcross, roomDown] = this.room();
    const fitting = Math.min(roomAcross / (right - left), roomDown / (bottom - top));
    const scale = Math.min(this.chosenScale, Math.max(fitting, LEAST_SCALE));
    if (Math.abs(scale / this.scale() - 1) > 0.001) {
      this.centre((left + right) / 2, (top + bottom) / 2, scale);
    }
    const [x, y, width, height] = this.view;
    const inside = (at, length, from, to) =>
      to - from > length ? (from + to - length) / 2 : Math.min(Math.max(at, to - length), from);
    const place = [inside(x, width, left, right), inside(y, height, top, bottom)];
    if (place[0] !== x || place[1] !== y) this.show([...place, width]);
  }

  /** The factor at an edge, and an arrow head where the gradient arrives; nothing without an edge. */
  mark(k, factor) {
    setText(this.note, k === null ? "" : `× ${factor}`);
    this.head.setAttribute("points", "");
    if (k === null) return;
    const path = this.edges[k].querySelector("path");
    const length = path.getTotalLength();
    const [tip, base] = [path.getPointAtLength(0), path.getPointAtLength(Math.min(11, length))];
    const [wingX, wingY] = [(base.y - tip.y) / 2, (tip.x - base.x) / 2];
    this.head.setAttribute(
      "points",
      `${tip.x},${tip.y} ${base.x + wingX},${base.y + wingY} ${base.x - wingX},${base.y - wingY}`,
    );
    const width = this.note.getComputedTextLength() || 80;
    const boxes = this.nodes.map((_, i) => this.box(i));
    let best = null;
    for (let part = 1; part < 20; part++) {
      const { x, y } = path.getPointAtLength((length * (10 + (part % 2 ? part : -part) / 2)) / 20); // from the middle outward
      for (const baseline of [y - 7, y + 18]) {
        const covered = boxes.reduce(
          (area, [left, top, wide, high]) =>
            area +
            overlap(x - width / 2, x + width / 2, left, left + wide) *
              overlap(baseline - 13, baseline + 4, top, top + high),
          0,
        );
        if (!best || covered < best.covered) best = { x, baseline, covered };
      }
    }
    this.note.setAttribute("x", best.x);
    this.note.setAttribute("y", best.baseline);
  }
}

// The view

class View {
  constructor(host, state, wholePage) {
    this.state = state;
    this.wholePage = wholePage;
    this.answers = new Map(); // step and quantity -> {tries, done}
    this.timer = null;
    this.id = `stepper-view-${++views}`;
    this.build(host);
    this.stops = [
      state.listen("story", () => this.tell()),
      ...["step", "breakpoints", "ask", "predict", "score", "large", "speed", "theme"].map((name) =>
        state.listen(name, () => this.render()),
      ),
    ];
    this.tell();
  }

  get story() {
    return this.state.get("story");
  }
  get at() {
    return this.state.get("step");
  }
  get last() {
    return this.story.steps.length - 1;
  }

  build(host) {
    const { story } = this;
    const button = (name, sign, action, extra = {}) =>
      make("button", { type: "button", "aria-label": name, title: name, click: action, ...extra }, sign);
    const worded = (text, action, extra = {}) => make("button", { type: "button", click: action, ...extra }, ...text);
    const sign = (text) => make("span", { "aria-hidden": "true" }, text);
    const toggle = (name, action) => make("button", { type: "button", "aria-pressed": "false", click: action }, name);

    this.previous = worded([sign("◀ "), "Back"], () => this.go(this.at - 1), { "aria-keyshortcuts": "ArrowLeft" });
    this.next = worded(["Next", sign(" ▶")], () => this.forward(), {
      class: "main",
      "aria-keyshortcuts": "ArrowRight",
    });
    this.first = button("First step", "|◀", () => this.go(0), { "aria-keyshortcuts": "Home" });
    this.end = button("Last step", "▶|", () => this.go(this.last), { "aria-keyshortcuts": "End" });
    this.player = worded(["Play"], () => this.play(!this.timer), { "aria-keyshortcuts": "Space" });
    this.slider = make("input", {
      type: "range",
      min: "0",
      step: "1",
      "aria-label": "Step",
      input: () => this.go(Number(this.slider.value)),
    });
    this.position = make("span", { class: "position" });
    this.phases = Object.entries(PHASES).map(([phase, name]) =>
      make("button", { type: "button", "data-phase": phase, click: () => this.jump(phase) }, name),
    );
    this.speed = make(
      "select",
      { change: () => this.state.set("speed", Number(this.speed.value)) },
      ...SPEEDS.map((speed) => make("option", { value: speed }, `${speed}×`)),
    );

    this.large = toggle("Large text", () => this.state.set("large", !this.state.get("large")));
    this.predict = toggle("Predict", () => {
      this.play(false);
      this.state.set("predict", !this.state.get("predict"));
      this.focusAnswer();
    });
    this.ask = make(
      "select",
      { change: () => this.state.set("ask", this.ask.value) },
      ...Object.entries(ASKED).map(([value, name]) => make("option", { value }, name)),
    );
    this.score = make("span", { class: "score" });

    this.chosen = make("select", { change: () => this.render() });
    this.goNode = make("button", { type: "button", click: () => this.visit(Number(this.chosen.value)) }, "Go to node");
    this.breakpoint = toggle("Breakpoint", () => this.toggleBreakpoint(Number(this.chosen.value)));

    this.picture = new Picture(
      this.state.get("picture"),
      this.state.get("direction"),
      `the graph of ${story.root}`,
      (i, shift) => (shift ? this.toggleBreakpoint(i) : this.visit(i)),
    );
    const heading = this.wholePage ? "h2" : "h3"; // below the title of the page, or among those of a notebook
    this.title = make(heading, { class: "title", id: `${this.id}-title` });
    this.formula = make("div", { class: "formula", role: "group", "aria-label": "Formula", tabindex: "0" }); // it may scroll
    this.words = make("p", { class: "words" });
    this.facts = make("table", { class: "facts" });
    this.quantities = make(
      "div",
      { class: "scroll", role: "group", "aria-label": "Quantities", tabindex: "0" },
      this.facts,
    );
    this.line = make("code", { class: "line" });
    this.buildQuestion();
    this.spoken = make("div", { class: "spoken", role: "status", "aria-live": "polite" });
    this.trace = make("ol", { class: "trace", tabindex: "0", "aria-label": "Trace: the steps so far" });
    this.trace.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.go(Number(item.dataset.step));
    });

    const labelled = (text, control) => make("label", {}, text, " ", control);
    this.root = make(
      "section",
      {
        class: "autograd-stepper",
        role: "region",
        "aria-label": `Step through the gradients of ${story.root}`,
        tabindex: this.wholePage ? null : "0",
        "data-lm-suppress-shortcuts": "true",
      },
      ...(this.wholePage ? [make("h1", {}, `Step through the gradients of ${story.root}`)] : []),
      make(
        "div",
        { class: "bar", role: "group", "aria-label": "Steps" },
        this.first,
        this.previous,
        this.next,
        this.end,
        this.player,
        this.slider,
        this.position,
      ),
      make(
        "div",
        { class: "bar", role: "group", "aria-label": "Jump to phase" },
        "Jump to",
        ...this.phases,
        labelled("Speed", this.speed),
        this.large,
        make(
          "span",
          { class: "zoom", role: "group", "aria-label": "Picture" },
          button("Zoom in", "+", () => this.picture.zoom(1.25)),
          button("Zoom out", "−", () => this.picture.zoom(0.8)),
          worded(["Fit"], () => this.picture.fit(true)),
        ),
      ),
      this.picture.frame,
      make("p", { class: "legend" }, this.legend()),
      make(
        "div",
        { class: "bar", role: "group", "aria-label": "Options" },
        this.predict,
        labelled("ask for", this.ask),
        this.score,
        labelled("Node", this.chosen),
        this.goNode,
        this.breakpoint,
      ),
      make(
        "div",
        { class: "columns" },
        make(
          "section",
          { class: "explanation", "aria-labelledby": `${this.id}-title` },
          this.title,
          this.formula,
          this.question,
          this.words,
          this.quantities,
          this.line,
        ),
        make("section", { class: "so-far", "aria-label": "Trace" }, make(heading, {}, "Trace"), this.trace),
      ),
      this.spoken,
    );
    this.buildWhatIf();
    this.root.addEventListener("keydown", (event) => this.key(event));
    host.append(this.root);
  }

  legend() {
    return (
      "Boxes: dotted, to come; thin, computed; dashed, part of the gradient has arrived; thick, its gradient is " +
      "complete; ▸, now. Arrows: dotted, to come; thin, the value has passed; thick, the gradient has passed; dashed, " +
      "now. Click a box to go to its next step; with Shift, to stop there (●) when playing."
    );
  }

  buildQuestion() {
    this.answer = make("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${this.id}-verdict`,
    });
    this.prompt = make("span", {});
    this.verdict = make("p", { class: "verdict", id: `${this.id}-verdict`, role: "status" });
    this.question = make(
      "form",
      {
        class: "question",
        submit: (event) => {
          event.preventDefault();
          this.check();
        },
      },
      make("label", {}, this.prompt, " ", this.answer),
      make("button", { type: "submit" }, "Check"),
      make("button", { type: "button", click: () => this.giveAway() }, "Show answer"),
    );
    this.question.append(this.verdict);
  }

  /** Sliders on the leaves, where a live kernel computes anew what they change. */
  buildWhatIf() {
    const leaves = this.state.get("leaves");
    if (!leaves || !Object.keys(leaves).length) return;
    const start = { ...this.state.get("given") };
    const rows = Object.keys(leaves).map((name) => {
      const reach = Math.max(2 * Math.abs(start[name]), 1);
      const slider = make("input", {
        type: "range",
        min: start[name] - reach,
        max: start[name] + reach,
        step: reach / 100,
        "aria-label": name,
        input: () => change(name, Number(slider.value)),
      });
      const box = make("input", {
        type: "number",
        step: "any",
        "aria-label": `${name}, exactly`,
        change: () =>
          box.value !== "" && Number.isFinite(Number(box.value)) ? change(name, Number(box.value)) : show(),
      });
      return {
        name,
        slider,
        box,
        row: make("div", { class: "leaf" }, make("span", { "aria-hidden": "true" }, name), slider, box),
      };
    });
    const change = (name, number) => this.state.set("leaves", { ...this.state.get("leaves"), [name]: number });
    const show = () => {
      const now = this.state.get("leaves");
      for (const { name, slider, box } of rows) {
        slider.min = Math.min(slider.min, now[name]);
        slider.max = Math.max(slider.max, now[name]);
        slider.value = now[name];
        if (document.activeElement !== box) box.value = String(Number(now[name].toPrecision(6)));
      }
    };
    const reset = make("button", { type: "button", click: () => this.state.set("leaves", { ...start }) }, "Reset");
    this.root.insertBefore(
      make("fieldset", { class: "what-if" }, make("legend", {}, "What if"), ...rows.map(({ row }) => row), reset),
      this.spoken,
    );
    show();
    this.stopWhatIf = this.state.listen("leaves", show);
  }

  // What the story says

  /** Take up a story: where each node and edge gets its numbers. */
  tell() {
    const { story } = this;
    const fresh = () => story.nodes.map(() => []);
    this.computed = story.nodes.map(() => 0); // leaves and constants have their numbers from the start
    this.given = fresh(); // the steps that give a node a gradient: the seed, then the contributions
    this.uses = fresh(); // the steps at which it passes its gradient on
    this.returned = new Map(); // edge -> the step at which the gradient passes
    story.steps.forEach((step, t) => {
      if (step.phase === "forward") this.computed[step.node] = t;
      if (step.phase === "seed") this.given[step.node].push(t);
      if (step.phase === "backward") {
        this.given[step.parent].push(t);
        this.uses[step.node].push(t);
        this.returned.set(step.edge, t);
      }
    });
    this.answers.clear();
    this.slider.max = this.last;
    const names = story.nodes
      .map((node, i) => ({ i, name: node.name }))
      .filter(({ i }) => story.nodes[i].kind !== "constant");
    if (this.chosen.options.length !== names.length) {
      this.chosen.replaceChildren(...names.map(({ i, name }) => make("option", { value: i }, name)));
    }
    this.phases.forEach(
      (button) => (button.disabled = !story.steps.some((step) => step.phase === button.dataset.phase)),
    );
    this.trace.replaceChildren(
      ...story.steps.map((step, t) =>
        make("li", { "data-step": t, "data-phase": step.phase }, make("code", {}, step.text)),
      ),
    );
    this.items = [...this.trace.children];
    this.render();
  }

  /** What is asked at a step. */
  asked(step) {
    if (step.phase === "leaves") return null;
    return step.phase === "forward" ? "data" : step.phase === "seed" ? "total" : this.state.get("ask");
  }
  record(t) {
    const key = `${t} ${this.asked(this.story.steps[t])}`;
    if (!this.answers.has(key)) this.answers.set(key, { tries: 0, done: false });
    return this.answers.get(key);
  }
  /** Whether the numbers of the current step are hidden. */
  hides() {
    return this.state.get("predict") && this.asked(this.story.steps[this.at]) !== null && !this.record(this.at).done;
  }

  // Moving

  go(step) {
    const t = Math.min(Math.max(step, 0), this.last);
    if (t !== this.at) this.state.set("step", t);
  }

  /** The next step; in predict mode not before the number is typed or shown. */
  forward() {
    if (this.hides()) {
      this.say("Type the number first, or show the answer.");
      this.focusAnswer();
    } else {
      this.go(this.at + 1);
      this.focusAnswer();
    }
  }

  jump(phase) {
    this.go(this.story.steps.findIndex((step) => step.phase === phase));
  }

  /** Go to the next step that gives a node a number, and after the last of them to the first. */
  visit(i) {
    const stops = [this.computed[i], ...this.given[i]];
    this.chosen.value = i;
    this.go(stops.find((t) => t > this.at) ?? stops[0]);
    this.render();
  }

  toggleBreakpoint(i) {
    const { name } = this.story.nodes[i];
    const now = this.state.get("breakpoints");
    this.chosen.value = i;
    this.state.set("breakpoints", now.includes(name) ? now.filter((other) => other !== name) : [...now, name]);
  }

  play(on) {
    clearTimeout(this.timer);
    this.timer = null;
    if (on && !this.hides()) {
      if (this.at === this.last) this.go(0);
      const tick = () => {
        this.go(this.at + 1);
        const stop = this.at === this.last || this.hides() || this.stopsHere();
        this.timer = stop ? null : setTimeout(tick, MILLISECONDS_PER_STEP / this.state.get("speed"));
        this.renderPlayer();
      };
      this.timer = setTimeout(tick, MILLISECONDS_PER_STEP / this.state.get("speed") / 2);
    }
    this.renderPlayer();
  }

  stopsHere() {
    const step = this.story.steps[this.at];
    const stops = this.state.get("breakpoints");
    return step.node !== undefined && stops.includes(this.story.nodes[step.parent ?? step.node].name);
  }

  key(event) {
    if (!this.wholePage) event.stopPropagation(); // JupyterLab has shortcuts of its own
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { target } = event;
    if (target.closest?.("input, select, textarea")) return; // they have keys of their own
    const actions = {
      ArrowRight: () => this.forward(),
      ArrowLeft: () => this.go(this.at - 1),
      Home: () => this.go(0),
      End: () => this.go(this.last),
    };
    if (!target.closest?.("button")) actions[" "] = () => this.play(!this.timer);
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  // Predicting

  focusAnswer() {
    if (this.hides()) this.answer.focus({ preventScroll: !this.wholePage });
  }

  check() {
    const step = this.story.steps[this.at];
    const asked = this.asked(step);
    const given = readNumber(this.answer.value);
    if (given === null) {
      this.judge("", "Type a number, such as -1.5, 2/3 or 1e-3.");
      return;
    }
    const record = this.record(this.at);
    record.tries += 1;
    const tolerance = this.state.get("tolerance");
    if (near(given, exact(step[asked]), tolerance)) {
      record.done = true;
      this.count(record.tries === 1);
      this.render();
      this.judge("right", `Right: ${step[asked][0]}.`);
      this.next.focus({ preventScroll: true });
    } else {
      let hint = diagnose(this.story, step, asked, given, tolerance);
      if (record.tries > 1 && step.phase === "backward") {
        const parents = this.story.steps
          .filter((one) => one.node === step.node && one.phase === "backward")
          .map((one) => one.parent);
        hint += ` The local partial derivative is ${step.formula}, with ${withNumbers(this.story, step, parents)}.`;
      }
      this.judge("wrong", `Not yet. ${hint}`);
      this.answer.select();
    }
  }

  giveAway() {
    const step = this.story.steps[this.at];
    this.record(this.at).done = true;
    this.count(false);
    this.render();
    this.judge("shown", `The answer is ${step[this.asked(step)][0]}.`);
    this.next.focus({ preventScroll: true });
  }

  judge(kind, text) {
    this.verdict.dataset.kind = kind;
    setText(this.verdict, text);
  }

  /** Count an answer, in the score that all views of a widget share. */
  count(right) {
    const score = this.state.get("score");
    this.state.set("score", { right: score.right + (right ? 1 : 0), answered: score.answered + 1 });
  }

  // Drawing

  say(text) {
    setText(this.spoken, text);
  }

  render() {
    const t = Math.min(this.at, this.last);
    const step = this.story.steps[t];
    const hidden = this.hides();
    const moved = t !== this.shown;
    this.shown = t;
    if (moved) this.judge("", "");

    this.root.dataset.large = String(this.state.get("large"));
    this.root.dataset.theme = this.state.get("theme");
    this.picture.magnify(this.state.get("large") ? 1.5 : 1);
    this.renderControls(t, step);
    this.renderPicture(t, step, hidden, moved);
    this.renderQuestion(step, hidden);
    this.renderStep(t, step, hidden);
    this.renderTrace(t, step, hidden);
    if (moved || hidden !== this.hid) this.say(this.spokenStep(t, step, hidden));
    this.hid = hidden;
  }

  renderControls(t, step) {
    this.slider.value = t;
    this.slider.setAttribute("aria-valuetext", `${t + 1} of ${this.last + 1}, ${PHASES[step.phase]}`);
    setText(this.position, `Step ${t + 1} of ${this.last + 1}`);
    this.first.disabled = this.previous.disabled = t === 0;
    this.next.disabled = this.end.disabled = t === this.last;
    for (const button of this.phases) {
      if (button.dataset.phase === step.phase) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    this.speed.value = this.state.get("speed");
    this.ask.value = this.state.get("ask");
    this.predict.setAttribute("aria-pressed", this.state.get("predict"));
    const { right, answered } = this.state.get("score");
    setText(this.score, this.state.get("predict") ? `Score: ${right} of ${answered} right at the first try` : "");
    this.large.setAttribute("aria-pressed", this.state.get("large"));
    const chosen = this.story.nodes[Number(this.chosen.value)];
    this.breakpoint.setAttribute(
      "aria-pressed",
      Boolean(chosen) && this.state.get("breakpoints").includes(chosen.name),
    );
    this.renderPlayer();
  }

  renderPlayer() {
    const name = this.timer ? "Pause" : "Play";
    setText(this.player, name);
  }

  renderPicture(t, step, hidden, moved) {
    const { story, picture } = this;
    const stops = this.state.get("breakpoints");
    story.nodes.forEach((node, i) => {
      const now = step.node === i || step.parent === i;
      const computed = this.computed[i] <= t;
      const given = this.given[i].filter((s) => s <= t);
      const complete = given.length > 0 && given.length === this.given[i].length;
      const states = [
        picture.kinds[i],
        computed ? "computed" : "todo",
        given.length ? (complete ? "complete" : "receiving") : "",
        now ? "now" : "",
        stops.includes(node.name) ? "stop" : "",
      ];
      setClass(picture.nodes[i], states.filter(Boolean).join(" "));
      const [name, data, gradient] = picture.lines[i];
      if (node.kind !== "constant") {
        setText(name, `${now ? "▸ " : ""}${stops.includes(node.name) ? "● " : ""}${node.title}`);
        setText(
          data,
          computed
            ? `data ${hidden && this.computed[i] === t && step.phase === "forward" ? UNKNOWN : node.data[0]}`
            : "",
        );
        setText(gradient, this.gradientOf(i, t, hidden));
      }
      setText(picture.nodes[i].lastChild, `${node.kind} ${node.name}`);
    });
    picture.edges.forEach((edge, k) => {
      const back = this.returned.get(k);
      const forward = story.heads[k];
      const now = back === t || (step.phase === "forward" && step.node === forward);
      const state = back <= t ? "returned" : this.computed[forward] <= t ? "passed" : "todo";
      setClass(edge, `edge ${state}${picture.long[k] ? " long" : ""}${now ? (back === t ? " now back" : " now") : ""}`);
    });
    picture.mark(step.edge ?? null, hidden ? UNKNOWN : step.slope?.[0]);
    if (moved) picture.follow([step.node, step.parent].filter((i) => i !== undefined));
  }

  gradientOf(i, t, hidden) {
    const given = this.given[i].filter((s) => s <= t);
    const shown = hidden && given.at(-1) === t ? given.slice(0, -1) : given;
    if (!given.length) return "";
    const node = this.story.nodes[i];
    const number = shown.length ? this.story.steps[shown.at(-1)].total[0] : UNKNOWN;
    const of = this.story.steps[given[0]].of ?? 1;
    const arrived = this.story.steps[given.at(-1)].number ?? 1;
    const plus = hidden && shown.length && shown.length < given.length ? ` + ${UNKNOWN}` : "";
    return `${node.delta ? `${inGreek(node.delta)} =` : "grad"} ${number}${plus}${arrived < of ? ` (${arrived} of ${of})` : ""}`;
  }

  renderQuestion(step, hidden) {
    this.question.hidden = !this.state.get("predict") || this.asked(step) === null;
    for (const control of this.question.querySelectorAll("input, button, label")) control.hidden = !hidden;
    if (!hidden) return;
    const { story } = this;
    const asked = this.asked(step);
    const name = story.nodes[step.node].name;
    const what = {
      data: () => `${name} =`,
      slope: () => `Local partial derivative d${name}/d${story.nodes[step.parent].name} =`,
      share: () => `Product of the two factors =`,
      total: () =>
        step.phase === "seed"
          ? `d${story.root}/d${name} =`
          : `Running total of d${story.root}/d${story.nodes[step.parent].name} =`,
    }[asked]();
    if (this.prompt.textContent !== what || this.askedAt !== this.at) this.answer.value = "";
    this.askedAt = this.at;
    setText(this.prompt, what);
  }

  derivative(of, by, kind) {
    const fraction = math("mfrac", math("mrow", math("mo", "∂"), of()), math("mrow", math("mo", "∂"), by()));
    fraction.setAttribute("class", kind);
    return fraction;
  }

  renderStep(t, step, hidden) {
    const { story } = this;
    const name = (i) => () => parsed(story.nodes[i].math);
    const root = () => parsed(story.rootMath);
    const node = story.nodes[step.node];
    const parent = story.nodes[step.parent];
    const number = (pair, inProduct) => (hidden ? math("mi", UNKNOWN) : mathNumber(pair[0], inProduct));
    const rows = [];
    let [title, formula, words] = ["", [], ""];
    if (step.phase === "leaves") {
      title = "The leaves have their numbers";
      words = "Nothing has been computed yet, and no gradient is known: not computed is not 0.";
    } else if (step.phase === "forward") {
      title = `Forward: ${node.name}`;
      formula = [
        [parsed(node.math), math("mo", "="), parsed(step.expressionMath)],
        [math("mo", "="), parsed(step.numbersMath), math("mo", "="), number(step.data)],
      ];
      words = `${node.name} is computed from its arguments.`;
    } else if (step.phase === "seed") {
      const own = this.derivative(root, name(step.node), "upstream");
      title = `Seed: the gradient of ${node.name}`;
      formula = [[own, math("mo", "="), number(step.total)]];
      words =
        node.name === story.root
          ? `The backward pass starts here: a quantity changes as much as itself.`
          : `This has come from the rest of the graph, which is not shown.`;
    } else {
      const total = () => this.derivative(root, name(step.parent), "total");
      const upstream = () => this.derivative(root, name(step.node), "upstream");
      const local = () => this.derivative(name(step.node), name(step.parent), "local");
      title = `Backward: from ${node.name} to ${parent.name}`;
      formula = [
        [total(), math("mo", "+="), upstream(), math("mo", "·"), local()],
        [
          math("mo", "="),
          mathNumber(step.upstream[0]),
          math("mo", "·"),
          number(step.slope, true),
          math("mo", "="),
          number(step.share),
        ],
      ];
      words = this.contributionInWords(step, node, parent);
      rows.push(
        [
          "upstream",
          "Upstream gradient",
          [upstream(), ...(node.delta ? [math("mo", "="), parsed(node.deltaMath)] : [])],
          step.upstream[0],
        ],
        [
          "slope",
          "× local partial derivative",
          [local(), math("mo", "="), parsed(step.formulaMath)],
          hidden ? UNKNOWN : step.slope[0],
        ],
        [
          "share",
          "= product",
          [mathNumber(step.upstream[0]), math("mo", "·"), number(step.slope, true)],
          hidden ? UNKNOWN : step.share[0],
        ],
        [
          "total",
          "+= running total",
          [
            total(),
            ...(parent.delta ? [math("mo", "="), parsed(parent.deltaMath)] : []),
            math("mo", "="),
            ...(step.before ? [mathNumber(step.before[0]), math("mo", "+")] : []),
            number(step.share, Boolean(step.before)),
          ],
          hidden ? UNKNOWN : step.total[0],
        ],
      );
    }
    setText(this.title, title);
    this.formula.replaceChildren(...formula.map((row) => make("div", {}, this.mathLine(row))));
    setText(this.words, words);
    this.facts.replaceChildren(
      ...rows.map(([quantity, heading, cells, value]) =>
        make(
          "tr",
          { "data-quantity": quantity },
          make("th", { scope: "row" }, heading),
          make("td", {}, this.mathLine(cells)),
          make("td", { class: "number" }, value),
        ),
      ),
    );
    this.quantities.hidden = !rows.length;
    setText(this.line, hidden ? this.hiddenText(step) : step.text);
  }

  mathLine(children) {
    const element = math("math", math("mrow", ...children));
    element.setAttribute("displaystyle", "true");
    return element;
  }

  contributionInWords(step, node, parent) {
    const parts = [];
    if (step.of > 1) {
      const times = step.of === 2 ? "twice" : `${step.of} times`;
      parts.push(
        `${parent.name} is used ${times}: this is contribution ${step.number} of ${step.of}, and they add up.`,
      );
    } else parts.push(`${parent.name} is used once, so this is its whole gradient.`);
    if (parent.delta && step.number === step.of) parts.push(`It is the lecture's ${inGreek(parent.delta)}.`);
    return parts.join(" ");
  }

  /** The text of a step without the number that is asked for. */
  hiddenText(step) {
    const name = this.story.nodes[step.node].name;
    const { root } = this.story;
    if (step.phase === "forward") return `${name} = ${step.expression} = ${UNKNOWN}`;
    if (step.phase === "seed") return `d${root}/d${name} = ${UNKNOWN}`;
    const parent = this.story.nodes[step.parent].name;
    return `d${root}/d${parent} += d${root}/d${name} * d${name}/d${parent} = ${UNKNOWN}`;
  }

  renderTrace(t, step, hidden) {
    this.items.forEach((item, s) => {
      const later = s > t;
      if (item.hidden !== later) item.hidden = later;
      if ((s === t) !== item.hasAttribute("aria-current")) {
        if (s === t) item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
      }
    });
    setText(this.items[t].firstChild, hidden ? this.hiddenText(step) : step.text);
    if (this.blanked !== undefined && this.blanked !== t && this.items[this.blanked]) {
      setText(this.items[this.blanked].firstChild, this.story.steps[this.blanked].text);
    }
    this.blanked = hidden ? t : undefined;
    const { offsetTop, offsetHeight } = this.items[t];
    const { scrollTop, clientHeight } = this.trace;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight)
      this.trace.scrollTop = offsetTop - clientHeight / 2;
  }

  spokenStep(t, step, hidden) {
    const { story } = this;
    const place = `Step ${t + 1} of ${this.last + 1}, ${PHASES[step.phase]}.`;
    if (step.phase === "leaves") return `${place} ${step.text}.`;
    const node = story.nodes[step.node].name;
    if (hidden) return `${place} ${this.prompt.textContent} what?`;
    if (step.phase === "forward") return `${place} ${node} is ${step.expression}, which is ${step.data[0]}.`;
    if (step.phase === "seed") return `${place} The gradient of ${node} is ${step.total[0]}.`;
    const parent = story.nodes[step.parent].name;
    return (
      `${place} From ${node} to ${parent}: upstream gradient ${step.upstream[0]}, times local partial derivative ${step.formula}, ` +
      `${step.slope[0]}, is ${step.share[0]}. Contribution ${step.number} of ${step.of}; running total ${step.total[0]}.`
    );
  }

  dispose() {
    this.play(false);
    this.stops.forEach((stop) => stop());
    this.stopWhatIf?.();
    this.picture.watcher.disconnect();
    this.root.remove();
  }
}

// Where the state is kept: in the page, or in a kernel

/** State that lives as long as the page. */
function stateOfPage(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set: (name, value) => {
      values[name] = value;
      (listeners[name] ?? []).forEach((listener) => listener());
    },
    listen: (name, listener) => {
      (listeners[name] ??= []).push(listener);
      return () => (listeners[name] = listeners[name].filter((other) => other !== listener));
    },
  };
}

/** State that is shared with Python. */
function stateOfWidget(model) {
  const own = stateOfPage({ theme: "light" });
  const isOwn = (name) => name === "theme";
  return {
    get: (name) => (isOwn(name) ? own.get(name) : model.get(name)),
    set: (name, value) => {
      if (isOwn(name)) return own.set(name, value);
      model.set(name, value);
      model.save_changes();
    },
    listen: (name, listener) => {
      if (isOwn(name)) return own.listen(name, listener);
      model.on(`change:${name}`, listener);
      return () => model.off(`change:${name}`, listener);
    },
  };
}

/** Keep the theme that of the notebook around us, else that of the system. */
function followTheme(state, body) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const lab = body?.dataset.jpThemeLight;
    const code = body?.classList.contains("vscode-dark") || body?.classList.contains("vscode-high-contrast");
    const dark =
      lab === undefined ? code || (!body?.classList.contains("vscode-light") && system.matches) : lab === "false";
    const theme = dark ? "dark" : "light";
    if (state.get("theme") !== theme) state.set("theme", theme);
  };
  update();
  system.addEventListener("change", update);
  const watcher = new MutationObserver(update);
  if (body) watcher.observe(body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light"] });
  return () => {
    watcher.disconnect();
    system.removeEventListener("change", update);
  };
}

/** Show the view in a page of its own, or in an iframe of a notebook; the page has its state as JSON. */
export function openPage() {
  const state = stateOfPage({
    ...JSON.parse(document.getElementById("autograd-stepper-state").textContent),
    theme: "light",
  });
  let frame = null;
  try {
    frame = window.frameElement; // null in a page of its own; an error in a frame of a foreign page
  } catch {
    frame = null;
  }
  followTheme(state, frame ? frame.ownerDocument.body : document.body);
  const host = document.getElementById("autograd-stepper");
  const view = new View(host, state, true);
  document.addEventListener("keydown", (event) => {
    if (!view.root.contains(event.target)) view.key(event);
  });
  window.addEventListener("beforeprint", () => view.picture.fit(true));
  window.addEventListener("afterprint", () => view.picture.fit());
  document.body.dataset.framed = String(window !== window.parent);
  if (frame) {
    frame.previousElementSibling?.remove(); // the picture that stands there where no scripts run
    new ResizeObserver(() => (frame.style.height = `${Math.ceil(host.getBoundingClientRect().height) + 2}px`)).observe(
      host,
    );
  }
}

/** Show the view as a widget. */
function render({ model, el }) {
  const state = stateOfWidget(model);
  const stop = followTheme(state, document.body);
  const view = new View(el, state, false);
  return () => {
    stop();
    view.dispose();
  };
}

export default { render };
