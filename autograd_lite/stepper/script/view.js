// The view: controls, the picture, the explanation of the current step, and the steps so far.

const SPEEDS = [0.5, 1, 2, 4];
const MILLISECONDS_PER_STEP = 2000;
const LEGEND =
  "Boxes: dotted, to come; thin, computed; dashed, part of the gradient has arrived; thick, its gradient is " +
  "complete; ▸, now. Arrows: dotted, to come; thin, the value has passed; thick, the gradient has passed; dashed, " +
  "now. Click a box to go to its next step; with Shift, to stop there (●) when playing.";

let views = 0; // makes the ids of each view on a page unique

class View {
  constructor(host, state, wholePage) {
    this.state = state;
    this.wholePage = wholePage;
    this.timer = null;
    this.id = `stepper-view-${++views}`;
    this.build(host);
    const shown = ["step", "breakpoints", "ask", "predict", "score", "large", "speed"];
    this.stops = [
      state.listen("story", () => this.takeUp()),
      ...shown.map((name) => state.listen(name, () => this.render())),
    ];
    this.takeUp();
  }

  get story() {
    return this.state.get("story");
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

  build(host) {
    const { state, story } = this;
    const { title } = story;
    const heading = this.wholePage ? "h2" : "h3"; // below the title of the page, or among the headings of a notebook
    this.prediction = new Prediction(this);
    this.picture = new Picture(state.get("picture"), state.get("direction"), `the graph of ${story.root}`, (i, shift) =>
      shift ? this.toggleBreakpoint(i) : this.visit(i),
    );
    this.title = make(heading, { class: "title", id: `${this.id}-title` });
    this.formula = group("Formula", { class: "formula", tabindex: "0" }); // it may scroll
    this.words = make("p", { class: "words" });
    this.facts = make("table", { class: "facts" });
    this.quantities = group("Quantities", { class: "scroll", tabindex: "0" }, this.facts);
    this.line = make("code", { class: "line" });
    const toClicked = (event) => {
      const item = event.target.closest("li");
      if (item) this.go(Number(item.dataset.step));
    };
    this.list = make("ol", { class: "walk", tabindex: "0", "aria-label": "The steps so far", click: toClicked });
    this.spoken = make("div", { class: "spoken", role: "status", "aria-live": "polite" });
    this.whatIf = whatIf(state);
    this.root = make(
      "section",
      {
        class: "autograd-stepper",
        role: "region",
        "aria-label": title,
        tabindex: this.wholePage ? null : "0",
        "data-lm-suppress-shortcuts": "true",
        keydown: (event) => this.key(event),
      },
      ...(this.wholePage ? [make("h1", {}, title)] : []),
      group("Steps", { class: "bar" }, ...this.stepControls()),
      group("Jump to phase", { class: "bar" }, ...this.phaseControls()),
      this.picture.frame,
      make("p", { class: "legend" }, LEGEND),
      group("Options", { class: "bar" }, ...this.optionControls()),
      make(
        "div",
        { class: "columns" },
        make(
          "section",
          { class: "explanation", "aria-labelledby": this.title.id },
          this.title,
          this.formula,
          this.prediction.form,
          this.words,
          this.quantities,
          this.line,
        ),
        make("section", { class: "so-far", "aria-label": "Steps" }, make(heading, {}, "Steps so far"), this.list),
      ),
      ...(this.whatIf ? [this.whatIf.element] : []),
      this.spoken,
    );
    host.append(this.root);
  }

  stepControls() {
    const named = (name, sign, action, key) =>
      button(sign, action, { "aria-label": name, title: name, "aria-keyshortcuts": key });
    this.first = named("First step", "|◀", () => this.go(0), "Home");
    this.previous = button([decoration("◀ "), "Back"], () => this.go(this.at - 1), { "aria-keyshortcuts": "ArrowLeft" });
    this.next = button(["Next", decoration(" ▶")], () => this.forward(), {
      class: "main",
      "aria-keyshortcuts": "ArrowRight",
    });
    this.end = named("Last step", "▶|", () => this.go(this.last), "End");
    this.player = button("Play", () => this.play(!this.timer), { "aria-keyshortcuts": "Space" });
    const slide = () => this.go(Number(this.slider.value));
    this.slider = make("input", { type: "range", min: "0", step: "1", "aria-label": "Step", input: slide });
    this.position = make("span", { class: "position" });
    return [this.first, this.previous, this.next, this.end, this.player, this.slider, this.position];
  }

  phaseControls() {
    const { state, picture } = this;
    this.phases = Object.entries(PHASES).map(([phase, name]) =>
      button(name, () => this.go(this.story.steps.findIndex((step) => step.phase === phase)), { "data-phase": phase }),
    );
    const speeds = SPEEDS.map((speed) => [speed, `${speed}×`]);
    this.speed = select(speeds, (speed) => state.set("speed", Number(speed)));
    this.large = toggle("Large text", () => state.set("large", !state.get("large")));
    const zoom = (name, sign, factor) =>
      button(sign, () => picture.zoom(factor), { "aria-label": name, title: name });
    return [
      "Jump to",
      ...this.phases,
      labelled("Speed", this.speed),
      this.large,
      group(
        "Picture",
        { class: "zoom" },
        zoom("Zoom in", "+", 1.25),
        zoom("Zoom out", "−", 0.8),
        button("Fit", () => picture.fit(true)),
      ),
    ];
  }

  optionControls() {
    const { state } = this;
    this.predict = toggle("Predict", () => {
      this.play(false);
      state.set("predict", !state.get("predict"));
      this.prediction.focus();
    });
    this.ask = select(Object.entries(ASKED), (quantity) => state.set("ask", quantity));
    this.score = make("span", { class: "score" });
    this.chosen = select([], () => this.render());
    this.breakpoint = toggle("Breakpoint", () => this.toggleBreakpoint(Number(this.chosen.value)));
    const goThere = button("Go to node", () => this.visit(Number(this.chosen.value)));
    return [
      this.predict,
      labelled("ask for", this.ask),
      this.score,
      labelled("Node", this.chosen),
      goThere,
      this.breakpoint,
    ];
  }

  /** Take up a story: where each node and edge gets its numbers. */
  takeUp() {
    const { story } = this;
    this.computed = story.nodes.map(() => 0); // leaves and constants have their numbers from the start
    this.given = story.nodes.map(() => []); // the steps that give a node a gradient: the seed, then the contributions
    this.returned = new Map(); // edge -> the step at which the gradient passes
    story.steps.forEach((step, t) => {
      if (step.phase === "forward") this.computed[step.node] = t;
      if (step.phase === "seed") this.given[step.node].push(t);
      if (step.phase === "backward") {
        this.given[step.parent].push(t);
        this.returned.set(step.edge, t);
      }
    });
    this.prediction.records.clear();
    this.slider.max = this.last;
    const variables = story.nodes.map((_, i) => i).filter((i) => story.nodes[i].kind !== "constant");
    if (this.chosen.options.length !== variables.length)
      this.chosen.replaceChildren(...variables.map((i) => make("option", { value: i }, story.nodes[i].name)));
    for (const control of this.phases)
      control.disabled = !story.steps.some((step) => step.phase === control.dataset.phase);
    this.items = story.steps.map((step, t) =>
      make("li", { "data-step": t, "data-phase": step.phase }, make("code", {}, lineOf(story, step))),
    );
    this.list.replaceChildren(...this.items);
    this.render();
  }

  // Moving

  go(step) {
    const t = Math.min(Math.max(step, 0), this.last);
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

  stopsHere() {
    const i = this.step.parent ?? this.step.node;
    return i !== undefined && this.state.get("breakpoints").includes(this.story.nodes[i].name);
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

  // Drawing

  render() {
    const { at, step } = this;
    const hidden = this.prediction.hides;
    const moved = at !== this.shown;
    this.shown = at;
    if (moved) this.prediction.judge("", "");
    this.root.dataset.large = String(this.state.get("large"));
    this.picture.magnify(this.state.get("large") ? 1.5 : 1);
    this.renderControls(at, step);
    this.renderPicture(at, step, hidden);
    if (moved) this.picture.follow([step.node, step.parent].filter((i) => i !== undefined));
    this.prediction.render();
    this.renderExplanation(step, hidden);
    this.renderList(at, step, hidden);
    if (moved || hidden !== this.hid) {
      const place = `Step ${at + 1} of ${this.last + 1}, ${PHASES[step.phase]}.`;
      const rest = hidden ? `${this.prediction.prompt.textContent} what?` : spokenStep(this.story, step);
      setText(this.spoken, `${place} ${rest}`);
    }
    this.hid = hidden;
  }

  renderControls(at, step) {
    const { state } = this;
    const pressed = (control, on) => control.setAttribute("aria-pressed", Boolean(on));
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `${at + 1} of ${this.last + 1}, ${PHASES[step.phase]}`);
    setText(this.position, `Step ${at + 1} of ${this.last + 1}`);
    this.first.disabled = this.previous.disabled = at === 0;
    this.next.disabled = this.end.disabled = at === this.last;
    for (const control of this.phases) setCurrent(control, control.dataset.phase === step.phase);
    this.speed.value = state.get("speed");
    this.ask.value = state.get("ask");
    pressed(this.predict, state.get("predict"));
    pressed(this.large, state.get("large"));
    pressed(this.breakpoint, state.get("breakpoints").includes(this.story.nodes[this.chosen.value]?.name));
    const { right, answered } = state.get("score");
    setText(this.score, state.get("predict") ? `Score: ${right} of ${answered} right at the first try` : "");
    this.renderPlayer();
  }

  renderPlayer() {
    setText(this.player, this.timer ? "Pause" : "Play");
  }

  renderPicture(at, step, hidden) {
    const { story, picture } = this;
    const stops = this.state.get("breakpoints");
    story.nodes.forEach((node, i) => {
      const now = step.node === i || step.parent === i;
      const stop = stops.includes(node.name);
      const computed = this.computed[i] <= at;
      const arrived = this.given[i].filter((t) => t <= at).length;
      const states = [
        picture.kinds[i],
        computed ? "computed" : "todo",
        arrived && (arrived === this.given[i].length ? "complete" : "receiving"),
        now && "now",
        stop && "stop",
      ];
      setClass(picture.nodes[i], states.filter(Boolean).join(" "));
      if (node.kind !== "constant") {
        const [name, data, gradient] = picture.lines[i];
        const asked = hidden && step.phase === "forward" && this.computed[i] === at;
        setText(name, `${now ? "▸ " : ""}${stop ? "● " : ""}${node.title}`);
        setText(data, computed ? `data ${asked ? UNKNOWN : node.data[0]}` : "");
        setText(gradient, this.gradientOf(i, at, hidden));
      }
      setText(picture.nodes[i].lastChild, `${node.kind} ${node.name}`);
    });
    picture.edges.forEach((edge, k) => {
      const returned = this.returned.get(k);
      const head = story.heads[k];
      const states = [
        "edge",
        returned <= at ? "returned" : this.computed[head] <= at ? "passed" : "todo",
        picture.long[k] && "long",
        (returned === at || (step.phase === "forward" && step.node === head)) && "now",
        returned === at && "back",
      ];
      setClass(edge, states.filter(Boolean).join(" "));
    });
    picture.mark(step.edge ?? null, hidden ? UNKNOWN : step.slope?.[0]);
  }

  gradientOf(i, at, hidden) {
    const { story } = this;
    const given = this.given[i].filter((t) => t <= at);
    if (!given.length) return "";
    const shown = hidden && given.at(-1) === at ? given.slice(0, -1) : given;
    const { delta } = story.nodes[i];
    const { number = 1, of = 1 } = story.steps[given.at(-1)];
    const total = shown.length ? story.steps[shown.at(-1)].total[0] : UNKNOWN;
    const plus = shown.length && shown.length < given.length ? ` + ${UNKNOWN}` : "";
    return `${delta ? `${inGreek(delta)} =` : "grad"} ${total}${plus}${number < of ? ` (${number} of ${of})` : ""}`;
  }

  renderExplanation(step, hidden) {
    const { title, lines, words, rows } = explanation(this.story, step, hidden);
    setText(this.title, title);
    this.formula.replaceChildren(...lines.map((line) => make("div", {}, mathLine(line))));
    setText(this.words, words);
    this.facts.replaceChildren(
      ...rows.map(([quantity, heading, parts, number]) =>
        make(
          "tr",
          { "data-quantity": quantity },
          make("th", { scope: "row" }, heading),
          make("td", {}, mathLine(parts)),
          make("td", { class: "number" }, number),
        ),
      ),
    );
    this.quantities.hidden = !rows.length;
    setText(this.line, lineOf(this.story, step, hidden));
  }

  renderList(at, step, hidden) {
    this.items.forEach((item, t) => {
      if (item.hidden !== t > at) item.hidden = t > at;
      if ((t === at) !== item.hasAttribute("aria-current")) setCurrent(item, t === at);
    });
    const blanked = this.items[this.blanked];
    if (blanked) setText(blanked.firstChild, lineOf(this.story, this.story.steps[this.blanked]));
    setText(this.items[at].firstChild, lineOf(this.story, step, hidden));
    this.blanked = hidden ? at : undefined;
    const { offsetTop, offsetHeight } = this.items[at];
    const { scrollTop, clientHeight } = this.list;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight)
      this.list.scrollTop = offsetTop - clientHeight / 2;
  }

  dispose() {
    this.play(false);
    this.stops.forEach((stop) => stop());
    this.whatIf?.stop();
    this.picture.watcher.disconnect();
    this.root.remove();
  }
}
