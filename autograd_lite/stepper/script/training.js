// After the backward pass: step after step of gradient descent, at a learning rate that can be changed, and the curve of
// the root's number.

const CURVE = { width: 180, height: 60, margin: 4 };

class Training {
  /** view: has the story, the live numbers, and the steps. */
  constructor(view) {
    this.view = view;
    const { live } = view;
    this.losses = []; // the numbers of the root, from the first one
    this.rate = numberBox("Learning rate η", (rate) => {
      live.rate = rate;
      view.renumber();
    });
    const again = button("Again", () => this.go(1));
    const ten = button("× 10", () => this.go(10), { "aria-label": "Ten times" });
    const { width, height } = CURVE;
    this.curve = shape("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img" });
    this.line = shape("polyline", { class: "losses" });
    this.curve.append(this.line);
    this.says = make("span", { class: "number" });
    const rate = labelled("Learning rate η", this.rate.box);
    this.element = group("Gradient descent", { class: "training" }, rate, this.rate.error, again, ten, this.curve, this.says);
  }

  /** Take steps of gradient descent, and show the last one. */
  go(times) {
    const { view } = this;
    const { live } = view;
    let { numbers } = live;
    this.take(exact(view.result));
    for (let i = 0; i < times; i++) {
      const story = live.retold(numbers);
      numbers = { ...numbers };
      for (const { phase, node, data } of story.steps) {
        if (phase === "update") numbers[story.part[node]] = exact(data);
        if (phase === "again") this.losses.push(exact(data));
      }
    }
    live.setAll(numbers);
    view.go(view.again, true);
  }

  /** Begin the curve again where the root's number is not the one that the last step led to. */
  take(loss) {
    if (!Object.is(this.losses.at(-1), loss)) this.losses = [loss];
  }

  render(step) {
    this.element.hidden = !["update", "zero", "again"].includes(step.phase) || !this.view.live.possible;
    if (this.element.hidden) return;
    const { live, story } = this.view;
    this.take(exact(this.view.result));
    this.rate.show(live.rate);
    const { width, height, margin } = CURVE;
    const known = this.losses.filter(Number.isFinite);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const across = (i) => margin + (i * (width - 2 * margin)) / Math.max(this.losses.length - 1, 1);
    const down = (loss) => margin + ((most - loss) * (height - 2 * margin)) / (most - least || 1);
    const points = this.losses.flatMap((loss, i) => (Number.isFinite(loss) ? [`${across(i)},${down(loss)}`] : []));
    this.line.setAttribute("points", points.join(" "));
    const texts = this.losses.map((loss) => numberText(loss, story.digits));
    this.curve.setAttribute("aria-label", `${story.root} after each step: ${texts.slice(-20).join(", ")}`);
    const count = this.losses.length - 1;
    this.curve.style.display = count ? "" : "none";
    setTypeset(this.says, count ? `${story.root} = ${texts.at(-1)} after ${count} of these steps` : "");
  }
}
