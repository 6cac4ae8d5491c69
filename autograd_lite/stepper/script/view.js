// The view: controls, the picture, the explanation of the current step, and the steps so far.

const SPEEDS = [0.5, 1, 2, 4];
const MILLISECONDS_PER_STEP = 2000;
const NARROW = 44; // em: below, the rows of the card stand under its rule
// The card, in em: its width beside the picture, or its height under it; and at most what part of the height it takes.
const CARD = { beside: 27, under: 10.4, narrow: 17.6, code: 3.4, question: 6, most: 0.6 };
const LEGEND =
  "Boxes: dotted, to come; thin, computed; dashed, part of the gradient has arrived; thick, its gradient is " +
  "complete; ▸, now. Arrows: dotted, to come; thin, the value has passed; darker, the gradient has passed; dashed, " +
  "now. Click a box or an arrow to go to its next step; with Shift, or by a long press, mark a box (●): playing stops " +
  "there, and Predict asks only there.";

let views = 0; // makes the ids of each view on a page unique

class View {
  constructor(host, state, wholePage) {
    this.state = state;
    this.wholePage = wholePage;
    this.timer = null;
    this.lacked = 0; // the height that the card has needed beyond what it gets, in pixels
    this.id = `stepper-view-${++views}`;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.live = new Live(state);
    this.scope = new Scope(state, this.live);
    this.build(host);
    const shown = ["step", "breakpoints", "ask", "predict", "score", "large", "speed"];
    this.stops = [
      ...["story", "detail", "opened"].map((name) => state.listen(name, () => this.takeUp())),
      state.listen("leaves", () => this.renumber()),
      ...shown.map((name) => state.listen(name, () => this.render())),
    ];
    this.takeUp();
    this.watcher = new ResizeObserver(() => this.arrange());
    this.watcher.observe(this.stage);
  }

  get story() {
    return this.scope.shown.story;
  }
  /** The number of the last node, as text and as it is. */
  get result() {
    return this.live.story.nodes.at(-1).data;
  }
  /** The positions in the graph of the nodes that are seen, of a group that of its result. */
  get places() {
    const { part } = this.live.story;
    return this.story.nodes.map(({ result }, i) => result ?? part[i]);
  }
  get last() {
    return this.story.steps.length - 1;
  }
  get at() {
    return Math.min(this.state.get("step"), this.last);
  }
  get step() {
    return this.story.steps[this.at];
  }
  /** Where in the walk the view is; the summary stands behind the walk. */
  get place() {
    const { steps } = this.story;
    return this.step.phase === "summary" ? "Summary" : `Step ${this.at + 1} of ${steps.length - (steps.at(-1).phase === "summary")}`;
  }

  build(host) {
    const { state, story } = this;
    const { title } = story;
    const heading = this.wholePage ? "h2" : "h3"; // below the title of the page, or among the headings of a notebook
    this.prediction = new Prediction(this);
    this.draw();
    this.trail = group("Opened groups", { class: "trail", hidden: true });
    this.title = make(heading, { class: "title", id: `${this.id}-title` });
    this.formula = make("div", { class: "formula" });
    this.words = make("p", { class: "words" });
    this.opener = make("div", { class: "opener" });
    this.facts = make("table", { class: "facts" });
    const toClicked = (event) => {
      const item = event.target.closest("li");
      if (item) this.go(Number(item.dataset.step));
    };
    this.list = make("ol", { class: "walk", tabindex: "0", "aria-label": "The steps so far", click: toClicked });
    this.trace = foldable("Steps so far", { class: "trace", toggle: () => this.scrollList() }, this.list);
    this.spoken = make("div", { class: "spoken", role: "status", "aria-live": "polite" });
    this.leafList = new LeafList(this.live);
    this.nudge = new Nudge(this);
    this.nudge.draw();
    const panel = make("div", { class: "panel" }, this.nudge.element, this.leafList.element);
    this.whatIf = foldable("What if", { class: "more" }, panel);
    this.whatIf.hidden = !this.live.leaves.length;
    this.training = new Training(this);
    this.card = make(
      "section",
      { class: "card", "aria-labelledby": this.title.id, tabindex: "0" }, // it may scroll
      make("div", { class: "rule" }, this.title, this.formula),
      this.prediction.form,
      this.facts,
      this.words,
      this.opener,
      this.training.element,
    );
    this.read();
    this.side = make("div", { class: "side" }, this.card, this.code.element);
    this.stage = make("div", { class: "stage" }, this.picture.frame, this.side);
    const bar = make("div", { class: "bar" });
    if (this.wholePage) bar.append(make("h1", {}, title));
    bar.append(this.stepControls(), this.more(heading), this.whatIf, this.slider, this.position);
    const light = (event) => {
      this.root.dataset.lit = event.target.closest?.("[data-quantity]")?.dataset.quantity ?? "";
    };
    const attributes = {
      class: "autograd-stepper",
      role: "region",
      "aria-label": title,
      tabindex: this.wholePage ? null : "0",
      "data-lm-suppress-shortcuts": "true",
      "data-fills": String(this.wholePage),
      "data-arrangement": state.get("arrangement"),
      keydown: (event) => this.key(event),
      pointerover: light,
      focusin: light,
    };
    const screen = make("div", { class: "screen" }, bar, this.trail, this.stage);
    this.root = make("section", attributes, screen, this.trace, this.spoken);
    host.append(this.root);
  }

  /** Show the code that made what is seen. */
  read() {
    const code = new Code(this.story, (made) => this.visitOneOf(made));
    this.code?.element.replaceWith(code.element);
    this.code = code;
  }

  /** Draw the picture of what is seen. */
  draw() {
    const { story, svg, direction } = this.scope.shown;
    const isFirst = !this.picture;
    this.picture?.frame.remove();
    this.picture = new Picture(
      svg,
      direction,
      `the graph of ${story.root}`,
      (i, mark) => (mark ? this.toggleBreakpoint(i) : this.visit(i)),
      (k, clicked) => (clicked ? this.visitEdge(k) : this.showRule(k)),
      (i) => this.openAround(i),
    );
    Object.assign(this.picture, { svgText: svg, heads: story.heads, tails: story.tails });
    this.travel = new Travel(this.picture);
    new LeavesInPicture(this.live, this.picture, this.places);
    this.nudge?.draw();
    this.picture.frame.classList.toggle("opened", !isFirst);
    this.stage?.prepend(this.picture.frame);
  }

  stepControls() {
    this.previous = button([decoration("◀ "), "Back"], () => this.go(this.at - 1), { "aria-keyshortcuts": "ArrowLeft" });
    this.next = button(["Next", decoration(" ▶")], () => this.forward(), {
      class: "main",
      "aria-keyshortcuts": "ArrowRight",
    });
    this.player = button("Play", () => this.play(!this.timer), { "aria-keyshortcuts": "Space" });
    const slide = () => this.go(Number(this.slider.value), true);
    this.slider = make("input", { type: "range", min: "0", step: "1", "aria-label": "Step", input: slide });
    this.position = make("span", { class: "position" });
    return group("Steps", { class: "steps" }, this.previous, this.next, this.player);
  }

  /** What is needed now and then. */
  more(heading) {
    const { state } = this;
    const named = (name, sign, action, key) =>
      button(sign, action, { "aria-label": name, title: name, "aria-keyshortcuts": key });
    this.first = named("First step", "|◀", () => this.go(0), "Home");
    this.end = named("Last step", "▶|", () => this.go(this.last), "End");
    this.phases = Object.entries(PHASES).map(([phase, name]) =>
      button(name, () => this.go(this.story.steps.findIndex((step) => step.phase === phase)), { "data-phase": phase }),
    );
    const speeds = SPEEDS.map((speed) => [speed, `${speed}×`]);
    this.speed = select(speeds, (speed) => state.set("speed", Number(speed)));
    this.detail = select(
      this.scope.details.map((detail) => [detail, DETAILS[detail]]),
      (detail) => this.see({ detail, opened: [] }),
    );
    this.detail.setAttribute("aria-label", "Detail");
    this.large = toggle("Large text", () => state.set("large", !state.get("large")));
    this.predict = toggle("Predict", () => {
      this.play(false);
      state.set("predict", !state.get("predict"));
      this.prediction.focus();
    });
    this.ask = select(Object.entries(ASKED), (quantity) => state.set("ask", quantity));
    this.chosen = select([], () => this.render());
    this.breakpoint = toggle("Breakpoint", () => this.toggleBreakpoint(Number(this.chosen.value)));
    const goThere = button("Go to node", () => this.visit(Number(this.chosen.value)));
    const zoom = (name, sign, factor) => named(name, sign, () => this.picture.zoom(factor), null);
    const screen = button("Full screen", () => this.fillScreen(), { "aria-keyshortcuts": "f" });
    const row = (name, ...controls) => group(name, { class: "row" }, decoration(name), ...controls);
    const panel = make(
      "div",
      { class: "panel" },
      row("Go to", this.first, ...this.phases, this.end),
      row("Predict", this.predict, labelled("ask for", this.ask)),
      row("Show", this.large, screen, labelled("Speed", this.speed), decoration("Detail"), this.detail),
      row("Picture", zoom("Zoom in", "+", 1.25), zoom("Zoom out", "−", 0.8), button("Fit", () => this.picture.fit(true))),
      row("Marks", labelled("Node", this.chosen), goThere, this.breakpoint),
      make(heading, {}, "Signs and keys"),
      make("p", { class: "legend" }, LEGEND),
      make("p", { class: "legend" }, "Keys: → next, ← back, Home, End, space plays, f fills the screen."),
    );
    this.menu = foldable("More", { class: "more" }, panel);
    return this.menu;
  }

  /** Put the card beside the picture or under it, whichever leaves the picture more room. */
  arrange() {
    const { stage, picture, side, code } = this;
    const em = parseFloat(getComputedStyle(this.root).fontSize);
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    const narrow = width < NARROW * em;
    const reads = !code.element.hidden; // then the code stands below the card
    const asks = this.state.get("predict") ? CARD.question : 0;
    const asked = (CARD[narrow ? "narrow" : "under"] + (reads ? CARD.code : 0) + asks) * em + this.lacked;
    const under = Math.min(asked, CARD.most * height);
    const scale = (across, down) => Math.min(across / picture.size[0], down / picture.size[1]);
    const favour = this.story.nodes.some(({ group }) => group) ? 1.6 : 1.2; // rows of groups are many
    const beside = !narrow && (reads || favour * scale(width - CARD.beside * em, height) > scale(width, height - under));
    Object.assign(stage.dataset, { card: beside ? "beside" : "under", narrow });
    side.style.flexBasis = `${beside ? CARD.beside * em : under}px`;
    const large = this.state.get("large");
    picture.least = 1.02 * (large ? (stage.clientHeight > 800 ? 24 : 20) : innerWidth < 480 ? 11 : 14);
    picture.measure();
    if (picture.moved) picture.show(picture.view);
    else picture.fit();
    this.renderPicture(this.at, this.step, this.prediction.hides);
  }

  /** Prepare for paper, or for the screen again. */
  print(on) {
    this.travel.finish();
    this.picture.shrink();
    this.picture.paper.replaceChildren(...(on ? this.picture.pieces() : []));
    if (on) this.folded = !this.trace.open;
    this.trace.open = on || !this.folded;
    if (!on) this.arrange();
  }

  fillScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  /** Take up a story: where each node and edge gets its numbers. */
  takeUp() {
    const { story } = this;
    const isNew = this.picture.svgText !== this.scope.shown.svg;
    if (isNew) {
      this.draw();
      this.read();
    }
    this.showTrail();
    this.shown = undefined;
    this.computed = story.nodes.map(() => 0); // leaves and constants have their numbers from the start
    this.given = story.nodes.map(() => []); // the steps that give a node a gradient: the seed, then the contributions
    this.updated = []; // the step at which a leaf is updated
    this.zeroed = this.again = Infinity; // the steps at which all gradients are set to 0, and all numbers computed again
    this.returned = new Map(); // edge -> the step at which the gradient passes
    story.steps.forEach((step, t) => {
      const { phase, node, nodes = [node] } = step;
      if (phase === "forward") for (const i of nodes) this.computed[i] = t;
      if (phase === "update") this.updated[node] = t;
      if (phase === "zero") this.zeroed = t;
      if (phase === "again") this.again = t;
      if (phase === "seed") this.given[node].push(t);
      if (phase !== "backward") return;
      for (const i of step.nodes ?? (step.steps ?? [step]).map(({ parent }) => parent)) this.given[i].push(t);
      for (const k of step.edges ?? [step.edge]) this.returned.set(k, t);
    });
    this.slider.max = this.last;
    const edge = (t) => `${(100 * Math.max(t - 0.5, 0)) / this.last}%`;
    const stretches = story.steps.map(({ phase }, t) => `var(--${phase}) ${edge(t)} ${edge(t + 1)}`);
    this.slider.style.setProperty("--phases", `linear-gradient(90deg, ${stretches.join()})`);
    const variables = story.nodes.map((_, i) => i).filter((i) => story.nodes[i].kind !== "constant");
    if (this.chosen.options.length !== variables.length)
      this.chosen.replaceChildren(...variables.map((i) => make("option", { value: i }, story.nodes[i].name)));
    for (const control of this.phases)
      control.hidden = !story.steps.some((step) => step.phase === control.dataset.phase);
    this.items = story.steps.map((step, t) =>
      make("li", { "data-step": t, "data-phase": step.phase }, make("code")),
    );
    this.written = new Set(); // the steps whose lines are as they should be
    this.list.replaceChildren(...this.items);
    if (isNew) this.arrange();
    this.renumber();
  }

  /** Show the numbers that other leaves make. */
  renumber() {
    this.prediction.records.clear();
    paintWeights(this.picture, this.story);
    tellAround(this.picture, this.scope.shown.around, this.scope.groups.at(-1)?.title);
    this.written.clear();
    this.render();
  }

  // Moving

  /** See the graph at another level of detail, or other opened groups, from the first step. */
  see(changes) {
    this.play(false);
    this.state.set("step", 0);
    for (const [name, value] of Object.entries(changes)) this.state.set(name, value);
  }

  /** Open the group that a box of the picture stands for. */
  open(i) {
    const { group } = this.story.nodes[i];
    this.steps = [...(this.steps ?? []), this.at];
    this.see({ opened: [...this.scope.path, this.scope.groups.at(-1).parts.indexOf(group)] });
  }

  /** Open another group in place of the opened one; what is not a group only closes that. */
  openAround(i) {
    const [outer, { group }] = [this.scope.groups.at(-2), this.scope.shown.around.nodes[i]];
    const depth = this.scope.path.length - 1;
    if (group) this.see({ opened: [...this.scope.path.slice(0, depth), outer.parts.indexOf(group)] });
    else this.close(depth);
  }

  /** Close opened groups until only the first are left, and go back to the step at which the next one was opened. */
  close(count) {
    const step = this.steps?.[count] ?? 0;
    this.steps = this.steps?.slice(0, count);
    this.see({ opened: this.scope.path.slice(0, count) });
    this.go(step);
  }

  /** The way to the opened group; each part of it closes what is opened below. */
  showTrail() {
    const { groups, path } = this.scope;
    this.trail.hidden = !path.length;
    const names = groups.map(({ title }, depth) => title || (depth ? "part" : this.scope.base.root));
    this.trail.replaceChildren(
      ...names.flatMap((name, depth) => [
        ...(depth ? [decoration(" › ")] : []),
        depth < path.length ? button(typeset(name), () => this.close(depth), { "aria-label": name }) : make("strong", {}, ...typeset(name)),
      ]),
    );
  }

  go(step, atOnce = false) {
    const t = Math.min(Math.max(step, 0), this.last);
    this.atOnce = atOnce;
    if (t !== this.at) this.state.set("step", t);
  }

  /** The next step; in predict mode not before the number is typed or shown. */
  forward() {
    if (this.prediction.hides) setText(this.spoken, "Type the number first, or show the answer.");
    else this.go(this.at + 1);
    this.prediction.focus();
  }

  /** Go to the next step that computes a number of a node, and after the last of them to the first. */
  visit(i) {
    const stops = [this.computed[i], ...this.given[i]];
    if (this.story.nodes[i].group && this.turn.includes(i)) return this.open(i);
    this.chosen.value = i;
    this.goToNext(stops);
    this.render();
  }

  /** Go to the next of some steps, in their order, and after the last of them to the first. */
  goToNext(stops) {
    this.go(stops.find((t) => t > this.at) ?? stops[0] ?? this.at);
  }

  /** Go to the next step that is at one of several nodes, and after the last of them to the first. */
  visitOneOf(nodes) {
    const stops = this.story.steps.flatMap(({ node, phase }, t) =>
      nodes.includes(node) && (phase === "forward" || phase === "backward") ? [t] : [],
    );
    this.goToNext(stops);
  }

  /** Go to the step at which the gradient passes an edge; at one from a constant, to the value that is computed. */
  visitEdge(k) {
    this.go(this.returned.get(k) ?? this.computed[this.story.heads[k]]);
  }

  /** Show the rule of an edge that is pointed at. */
  showRule(k) {
    const { story, picture } = this;
    const t = this.returned.get(k);
    picture.rule.hidden = k < 0;
    if (k < 0) return;
    if (t === undefined) return picture.rule.replaceChildren("A constant has no gradient.");
    const step = story.steps[t];
    if (step.nodes) {
      const [from, to] = [story.tails[k], story.heads[k]].map((i) => story.nodes[i].name);
      const weight = story.weights[k] ? `, with the weight ${story.weights[k][0]}` : "";
      return picture.rule.replaceChildren(...typeset(`From ${from} to ${to}${weight}`));
    }
    const hidden = t > this.at ? "total" : t === this.at ? this.prediction.hides : null;
    const edge = step.steps?.find((one) => one.edge === k) ?? step;
    const { lines, rows } = explanation(story, edge, hidden);
    const [, [, , local]] = rows;
    picture.rule.replaceChildren(mathLine(lines[0]), " with local ", mathLine(local), ` = ${rows[1][3]}`);
  }

  toggleBreakpoint(i) {
    const { key } = this.story.nodes[i];
    const now = this.state.get("breakpoints");
    this.chosen.value = i;
    this.state.set("breakpoints", now.includes(key) ? now.filter((other) => other !== key) : [...now, key]);
  }

  play(on) {
    const wait = (milliseconds) => setTimeout(tick, milliseconds / this.state.get("speed"));
    const tick = () => {
      this.go(this.at + 1);
      const stop = this.at === this.last || this.prediction.hides || this.stopsHere();
      this.timer = stop ? null : wait(MILLISECONDS_PER_STEP);
      this.renderPlayer();
    };
    clearTimeout(this.timer);
    this.timer = null;
    if (on && !this.prediction.hides) {
      if (this.at === this.last) this.go(0);
      this.timer = wait(MILLISECONDS_PER_STEP / 2);
    }
    this.renderPlayer();
  }

  /** The nodes that the current step is about. */
  get turn() {
    return this.step.nodes ?? [this.step.node, this.step.parent].filter((i) => i !== undefined);
  }

  stopsHere() {
    const i = this.step.parent ?? this.step.node;
    return i !== undefined && this.state.get("breakpoints").includes(this.story.nodes[i].key);
  }

  key(event) {
    if (!this.wholePage) event.stopPropagation(); // JupyterLab has shortcuts of its own
    this.travel.finish();
    if (event.key === "Escape") {
      if (!this.menu.open && !this.whatIf.open && this.scope.path.length) this.close(this.scope.path.length - 1);
      this.menu.open = this.whatIf.open = false;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { target } = event;
    if (target.closest?.("input, select, textarea")) return; // they have keys of their own
    const actions = {
      ArrowRight: () => this.forward(),
      ArrowLeft: () => this.go(this.at - 1),
      Home: () => this.go(0),
      End: () => this.go(this.last),
      f: () => this.fillScreen(),
    };
    if (!target.closest?.("button")) actions[" "] = () => this.play(!this.timer);
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  // Drawing

  render() {
    const { at, step, picture } = this;
    const hidden = this.prediction.hides;
    const [before, moved] = [this.shown, at !== this.shown];
    this.shown = at;
    this.travel.finish();
    if (moved) this.prediction.judge("", "");
    const look = { large: String(this.state.get("large")), predict: String(this.state.get("predict")) };
    if (Object.keys(look).some((name) => this.root.dataset[name] !== look[name])) {
      Object.assign(this.root.dataset, look);
      this.arrange();
    }
    this.renderControls(at, step);
    const edges = this.edgesNow();
    if (moved) {
      const nodes = step.nodes ?? [...new Set([step.parent, step.node, ...edges.map((k) => this.story.tails[k])])];
      const ease = before !== undefined && !this.atOnce && !this.calm.matches;
      picture.raise(nodes.filter((i) => i !== undefined), edges);
      picture.follow(nodes.filter((i) => i !== undefined), step.nodes ? [] : edges, ease);
      this.travels = ease && at === before + 1 && (!step.told || Boolean(step.nodes));
    }
    this.renderPicture(at, step, hidden);
    this.prediction.render();
    this.renderCard(step, hidden);
    this.training.render(step);
    this.code.render(this.story.nodes[step.node]);
    this.renderList(at, step, hidden);
    if (moved && this.travels && step.node !== undefined && !hidden)
      this.travel.start(this.story, step, edges, JOURNEY / this.state.get("speed"));
    if (moved || hidden !== this.hid) {
      const rest = hidden ? `${this.prediction.prompt.written} what?` : spokenStep(this.story, step);
      setText(this.spoken, `${this.place}, ${PHASES[step.phase]}. ${rest}`);
    }
    this.hid = hidden;
    this.leafList.render();
  }

  /** The edges along which numbers pass at the current step. */
  edgesNow() {
    const { step, story } = this;
    if (step.edges) return step.edges;
    if (step.phase === "backward") return [step.edge];
    return story.heads.flatMap((head, k) => (step.phase === "forward" && head === step.node ? [k] : []));
  }

  renderControls(at, step) {
    const { state } = this;
    const pressed = (control, on) => control.setAttribute("aria-pressed", Boolean(on));
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `${this.place}, ${PHASES[step.phase]}`);
    setText(this.position, this.place);
    this.first.disabled = this.previous.disabled = at === 0;
    this.next.disabled = this.end.disabled = at === this.last;
    for (const control of this.phases) setCurrent(control, control.dataset.phase === step.phase);
    this.speed.value = state.get("speed");
    this.ask.value = state.get("ask");
    this.detail.value = this.scope.detail;
    pressed(this.predict, state.get("predict"));
    pressed(this.large, state.get("large"));
    pressed(this.breakpoint, state.get("breakpoints").includes(this.story.nodes[this.chosen.value]?.key));
    const { right, answered } = state.get("score");
    setText(this.prediction.score, state.get("predict") ? `Score: ${right} of ${answered} right on the first try` : "");
    this.renderPlayer();
  }

  renderPlayer() {
    setText(this.player, this.timer ? "Pause" : "Play");
  }

  renderPicture(at, step, hidden) {
    const { story, picture } = this;
    const { turn } = this;
    const stops = this.state.get("breakpoints");
    const passing = new Set(this.edgesNow());
    const changed = []; // the nodes whose lines may be wider now
    story.nodes.forEach((node, i) => {
      const now = turn.includes(i);
      const stop = stops.includes(node.key);
      const computed = this.computed[i] <= at;
      const arrived = this.given[i].filter((t) => t <= at).length;
      const states = [
        picture.kinds[i],
        computed ? "computed" : "todo",
        arrived && (arrived === this.given[i].length ? "complete" : "receiving"),
        now && "now",
        ((now && step.right) || (arrived && node.wrong)) && !hidden && "wrong",
        stop && "stop",
      ];
      const before = picture.lines[i].map(textOf).join();
      const isOther = setClass(picture.nodes[i], states.filter(Boolean).join(" "));
      const [name, data, gradient] = picture.lines[i];
      if (node.kind === "constant") {
        if (name) setText(name, node.title);
      } else {
        const asked = hidden && step.phase === "forward" && this.computed[i] === at;
        setText(name, `${now ? "▸ " : ""}${stop ? "● " : ""}${node.title}`);
        const shown = computed ? (asked ? UNKNOWN : this.dataOf(i, at)[0]) : "";
        setText(data, shown && (node.group || node.kind === "neuron" ? shown : `data ${shown}`));
        if (gradient) setText(gradient, node.group ? this.gradientOfGroup(node, arrived, at, now && hidden) : this.gradientOf(i, at, hidden));
        if (node.kind === "neuron") paint(picture.nodes[i], story, node, computed && !asked, arrived && !(now && hidden));
      }
      if (isOther || picture.lines[i].map(textOf).join() !== before) changed.push(i);
      setText(picture.nodes[i].lastChild, `${node.kind} ${node.name}`);
    });
    picture.condense(changed);
    const back = step.phase === "backward";
    const tinted = back && step.edge !== undefined ? { upstream: picture.lines[step.node][2], total: picture.lines[step.parent][2] } : {};
    for (const line of this.tinted ?? []) line.removeAttribute("data-quantity");
    this.tinted = Object.entries(tinted).map(([quantity, line]) => {
      line.dataset.quantity = quantity;
      return line;
    });
    picture.edges.forEach((edge, k) => {
      const returned = this.returned.get(k);
      const head = story.heads[k];
      const states = [
        "edge",
        returned <= at ? "returned" : this.computed[head] <= at ? "passed" : "todo",
        picture.long[k] && "long",
        passing.has(k) && "now",
        returned === at && "back",
        returned <= at && !hidden && story.steps[returned].right && "wrong",
        picture.weights[k] && "weight",
      ];
      setClass(edge, states.filter(Boolean).join(" "));
    });
    picture.mark(step.edge ?? null, ...(hidden || step.edge === undefined ? [UNKNOWN, UNKNOWN] : [step.slope[0], step.share[0]]));
    this.nudge.render();
  }

  /** The number of a node at a step. */
  dataOf(i, at) {
    const { nodes, steps } = this.story;
    if (this.again <= at) return steps[this.again].after[i];
    return this.updated[i] <= at ? steps[this.updated[i]].data : nodes[i].data;
  }

  gradientOfGroup({ gradient, wrong }, arrived, at, hidden) {
    if (hidden && arrived) return gradient.replace(/ .*/, ` ${UNKNOWN}`);
    if (this.zeroed <= at) return gradient.replace(/ .*/, " 0.0");
    return arrived ? `${gradient}${wrong ? " ✗" : ""}` : "";
  }

  /** The step at which a gradient arrives at a node: of all edges of a step the last one that leads to the node. */
  arrival(i, t) {
    const step = this.story.steps[t];
    return step.steps?.findLast(({ parent }) => parent === i) ?? step;
  }

  gradientOf(i, at, hidden) {
    const { story } = this;
    if (this.zeroed <= at) return "grad 0.0";
    const given = this.given[i].filter((t) => t <= at);
    if (!given.length) return "";
    const shown = hidden && given.at(-1) === at ? given.slice(0, -1) : given;
    const { delta } = story.nodes[i];
    const { number = 1, of = 1 } = this.arrival(i, given.at(-1));
    const total = shown.length ? this.arrival(i, shown.at(-1)).total[0] : UNKNOWN;
    const plus = shown.length && shown.length < given.length ? ` + ${UNKNOWN}` : "";
    return `${delta ? `${delta} =` : "grad"} ${total}${plus}${number < of ? ` (${number} of ${of})` : ""}`;
  }

  renderCard(step, hidden) {
    const { title, lines, words, rows } = explanation(this.story, step, hidden);
    setTypeset(this.title, title);
    this.formula.replaceChildren(...lines.map((line) => make("div", {}, mathLine(line))));
    setTypeset(this.words, words);
    const cell = (content) => make("td", {}, ...[content].flat());
    const number = (text) => make("td", { class: "number" }, text);
    const row = (attributes, heading, ...cells) => make("tr", attributes, make("th", { scope: "row" }, ...heading), ...cells);
    const summary = step.phase === "summary" && !step.told ? summaryRows(this.story, (i) => this.arrival(i, this.given[i].at(-1)).total) : [];
    const heads = ["", "value", "gradient", `lowers ${this.story.root}`].map((text) => make("th", { scope: "col" }, ...typeset(text)));
    this.facts.replaceChildren(
      ...rows.map(([quantity, heading, parts, text]) =>
        row({ "data-quantity": quantity, tabindex: "0" }, typeset(heading), cell(brokenLine(mathLine(parts))), number(text)),
      ),
      ...(summary.length ? [make("tr", {}, ...heads)] : []),
      ...summary.map(([name, data, gradient, way]) => row({}, [mathLine([name])], number(data), number(gradient), cell(way))),
    );
    this.facts.hidden = !this.facts.children.length;
    this.facts.classList.remove("small");
    const lacks = () => this.facts.getBoundingClientRect().bottom - this.card.getBoundingClientRect().bottom;
    if (this.facts.offsetWidth > this.card.clientWidth || lacks() > 0) this.facts.classList.add("small");
    for (const line of this.formula.children)
      if (line.scrollWidth > this.formula.clientWidth) line.replaceChildren(...brokenLine(line.firstChild));
    const mayGrow = this.stage.dataset.card === "under" && this.side.offsetHeight < CARD.most * this.stage.clientHeight - 1;
    if (lacks() > 0 && mayGrow && this.facts.querySelector("[data-quantity]")) {
      this.lacked += lacks();
      this.arrange();
    }
    this.opener.replaceChildren(
      ...this.turn.flatMap((i) => {
        const { group, name } = this.story.nodes[i];
        return group ? [button(["Open ", ...typeset(name)], () => this.open(i), { "aria-label": `Open ${name}` })] : [];
      }),
    );
    this.prediction.list(step.phase === "summary");
  }


  renderList(at, step, hidden) {
    this.items.forEach((item, t) => {
      if (item.hidden !== t > at) item.hidden = t > at;
      if (t <= at && !this.written.has(t)) setTypeset(item.firstChild, lineOf(this.story, this.story.steps[t]));
      if (t <= at) this.written.add(t);
      if ((t === at) !== item.hasAttribute("aria-current")) setCurrent(item, t === at);
    });
    const blanked = this.items[this.blanked];
    if (blanked) setTypeset(blanked.firstChild, lineOf(this.story, this.story.steps[this.blanked]));
    setTypeset(this.items[at].firstChild, lineOf(this.story, step, hidden));
    this.blanked = hidden ? at : undefined;
    this.scrollList();
  }

  scrollList() {
    if (this.trace.open) reveal(this.list, this.items[this.at]);
  }

  dispose() {
    this.play(false);
    this.stops.forEach((stop) => stop());
    this.nudge.stop();
    this.travel.finish();
    this.watcher.disconnect();
    this.root.remove();
  }
}
