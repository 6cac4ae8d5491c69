// Predicting: the question that stands in place of a number, what is said about the answer, and what was missed.

const ASKED = { slope: "local partial derivative", share: "product", total: "running total" };

class Prediction {
  /** view: holds the story, the state and the current step, and shows what has changed. */
  constructor(view) {
    this.view = view;
    this.records = new Map(); // step and quantity -> {at, tries, done, right}
    const verdict = `${view.id}-verdict`;
    this.answer = make("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": verdict });
    this.prompt = make("span");
    this.verdict = make("p", { class: "verdict", id: verdict, role: "status" });
    this.hiddenWithNumber = [
      make("label", {}, this.prompt, " ", this.answer),
      make("button", { type: "submit" }, "Check"),
      button("Show answer", () => this.settle("shown", (answer) => `The answer is ${answer}.`, false)),
    ];
    const submit = (event) => {
      event.preventDefault();
      this.check();
    };
    this.score = make("p", { class: "score" });
    this.misses = make("p", { class: "misses" });
    this.form = make("form", { class: "question", submit }, ...this.hiddenWithNumber, this.verdict, this.score, this.misses);
  }

  /** The quantity that is asked for at the current step: at all nodes, or at those that are marked; else null. */
  get asked() {
    const { step, state, story } = this.view;
    if (step.told && !step.asks) return null; // several numbers at once
    const marked = state.get("breakpoints");
    const asks = step.node !== undefined && (!marked.length || marked.includes(story.nodes[step.parent ?? step.node].key));
    if (!asks) return null;
    return step.asks ?? { forward: "data", seed: "total", backward: state.get("ask") }[step.phase] ?? null;
  }
  get record() {
    const { at } = this.view;
    const key = `${at} ${this.asked}`;
    if (!this.records.has(key)) this.records.set(key, { at, tries: 0, done: false, right: false });
    return this.records.get(key);
  }
  /** The quantity that is hidden at the current step, or null. */
  get hides() {
    return this.view.state.get("predict") && this.asked !== null && !this.record.done ? this.asked : null;
  }
  /** The steps whose number was not right on the first try. */
  get missed() {
    const missed = [...this.records.values()].filter(({ done, right }) => done && !right).map(({ at }) => at);
    return [...new Set(missed)].sort((a, b) => a - b);
  }

  focus() {
    if (this.hides) this.answer.focus({ preventScroll: !this.view.wholePage });
  }

  /** List what was missed, as ways back to it, or nothing. */
  list(on) {
    const steps = on ? this.missed.map((at) => button(String(at + 1), () => this.view.go(at))) : [];
    this.misses.replaceChildren(...(steps.length ? ["Not right on the first try: step ", ...steps] : []));
  }

  judge(kind, text) {
    this.verdict.dataset.kind = kind;
    setTypeset(this.verdict, text);
  }

  check() {
    const { story, step, state } = this.view;
    const given = readNumber(this.answer.value);
    if (given === null) return this.judge("", BAD_NUMBER);
    const { asked, record } = this;
    const tolerance = state.get("tolerance");
    record.tries += 1;
    if (near(given, exact(step[asked]), tolerance))
      return this.settle("right", (answer) => `Right: ${answer}.`, record.tries === 1);
    const hint = diagnose(story, step, asked, given, tolerance);
    this.judge("wrong", `Not yet. ${hint}${record.tries > 1 ? secondHint(story, step) : ""}`);
    this.answer.select();
  }

  /** Show the number, count it in the score that all views of a widget share, and go on to the button for the next. */
  settle(kind, sentence, right) {
    const answer = this.view.step[this.asked][0];
    Object.assign(this.record, { done: true, right });
    const score = this.view.state.get("score");
    this.view.state.set("score", { right: score.right + (right ? 1 : 0), answered: score.answered + 1 });
    this.view.render();
    this.judge(kind, sentence(answer));
    this.view.next.focus({ preventScroll: true });
  }

  render() {
    const { view, hides, asked } = this;
    this.form.hidden = !view.state.get("predict");
    for (const element of this.hiddenWithNumber) element.hidden = !hides;
    if (!hides) return;
    const question = questionOf(view.story, view.step, asked);
    if (this.prompt.written !== question || this.askedAt !== view.at) this.answer.value = "";
    this.askedAt = view.at;
    setTypeset(this.prompt, question);
  }
}
