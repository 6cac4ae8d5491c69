// Predicting: the question that stands in place of a number, and what is said about the answer.

const ASKED = { slope: "local partial derivative", share: "product", total: "running total" };

class Prediction {
  /** view: holds the story, the state and the current step, and shows what has changed. */
  constructor(view) {
    this.view = view;
    this.records = new Map(); // step and quantity -> {tries, done}
    const verdict = `${view.id}-verdict`;
    this.answer = make("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": verdict,
    });
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
    this.form = make("form", { class: "question", submit }, ...this.hiddenWithNumber, this.verdict);
  }

  /** The quantity that is asked for at the current step; null at the leaves. */
  get asked() {
    const { step, state } = this.view;
    return { leaves: null, forward: "data", seed: "total", backward: state.get("ask") }[step.phase];
  }
  get record() {
    const key = `${this.view.at} ${this.asked}`;
    if (!this.records.has(key)) this.records.set(key, { tries: 0, done: false });
    return this.records.get(key);
  }
  /** Whether the number of the current step is hidden. */
  get hides() {
    return this.view.state.get("predict") && this.asked !== null && !this.record.done;
  }

  focus() {
    if (this.hides) this.answer.focus({ preventScroll: !this.view.wholePage });
  }

  judge(kind, text) {
    this.verdict.dataset.kind = kind;
    setText(this.verdict, text);
  }

  check() {
    const { story, step, state } = this.view;
    const given = readNumber(this.answer.value);
    if (given === null) return this.judge("", "Type a number, for example -1.5, 2/3 or 1e-3.");
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
    this.record.done = true;
    const score = this.view.state.get("score");
    this.view.state.set("score", { right: score.right + (right ? 1 : 0), answered: score.answered + 1 });
    this.view.render();
    this.judge(kind, sentence(answer));
    this.view.next.focus({ preventScroll: true });
  }

  render() {
    const { view, hides, asked } = this;
    this.form.hidden = !view.state.get("predict") || asked === null;
    for (const element of this.hiddenWithNumber) element.hidden = !hides;
    if (!hides) return;
    const question = questionOf(view.story, view.step, asked);
    if (this.prompt.textContent !== question || this.askedAt !== view.at) this.answer.value = "";
    this.askedAt = view.at;
    setText(this.prompt, question);
  }
}
