// The numbers travel: along the edges of the picture, from where they are to where they are needed.

const JOURNEY = 700; // milliseconds at normal speed
const MEETING = 0.45; // of the journey: when the upstream gradient meets the local partial derivative
const ARRIVAL = 0.85; // of the journey: when the number is there

const MOST_TRAVELLERS = 60; // more numbers at once are only a blur

const smooth = (part) => part * part * (3 - 2 * part);
const between = ([a, b], [c, d], part) => [a + (c - a) * part, b + (d - b) * part];

class Travel {
  constructor(picture) {
    this.picture = picture;
    this.end = null; // how to end the journey under way
  }

  /** Where a line of a box stands, as it is shown. */
  place(i, line) {
    const { lines, boxes } = this.picture;
    const [x, y, width] = boxes[i];
    const [shownX, shownY, shownWidth] = this.picture.box(i);
    const growth = shownWidth / width;
    const [textX, textY] = numbersIn(lines[i][Math.min(line, lines[i].length - 1)], "x", "y");
    return [shownX + (textX - x) * growth, shownY + (textY - y) * growth];
  }

  /** Let the numbers of a step travel, and flash what they change; `done` is called at the end, or when it is skipped. */
  start(story, step, edges, milliseconds) {
    this.finish();
    const { picture } = this;
    const back = step.phase === "backward";
    const line = back ? 2 : 1;
    const receivers = step.nodes ?? [step.parent ?? step.node];
    const targets = receivers.map((i) => picture.lines[i][line]).filter(Boolean);
    const trips = step.nodes ? this.tripsOfParts(story, step, back) : this.tripsAlong(story, step, edges, back);
    if (!trips.length || !targets.length) return this.flash(picture.lines[receivers[0]][2]);
    const [finals, start] = [targets.map(textOf), performance.now()];
    const middle = (k) => {
      const { path } = picture.drawn[k];
      const { x, y } = path.getPointAtLength(path.getTotalLength() / 2);
      return [x, y];
    };
    const travellers = trips.map(({ k, from, to, first, product }) => {
      const size = picture.factor.getAttribute("font-size") ?? LETTERS;
      const text = shape("text", { class: "traveller", "data-quantity": back ? "upstream" : "data", "font-size": size });
      text.textContent = first;
      picture.svg.append(text);
      return { text, product, stops: [this.place(from, line), middle(k), this.place(to, line)] };
    });
    const draw = (part) => {
      for (const { text, product, stops } of travellers) {
        const met = part >= MEETING;
        const [x, y] = met
          ? between(stops[1], stops[2], smooth(Math.min((part - MEETING) / (ARRIVAL - MEETING), 1)))
          : between(stops[0], stops[1], smooth(part / MEETING));
        setAttributes(text, { x, y });
        if (product && met) {
          setText(text, product);
          text.dataset.quantity = "share";
        }
        if (part >= ARRIVAL) text.textContent = "";
      }
      if (back) picture.product.style.visibility = part < MEETING ? "hidden" : "";
      targets.forEach((target, n) => {
        const final = finals[n];
        if (part < ARRIVAL) setText(target, back && step.before ? final.replace(step.total[0], step.before[0]) : "");
        else if (back && step.total) {
          const from = step.before ? exact(step.before) : 0;
          const now = from + (exact(step.total) - from) * ((part - ARRIVAL) / (1 - ARRIVAL));
          setText(target, final.replace(step.total[0], numberText(now, 3)));
        } else setText(target, final);
      });
    };
    let request = 0;
    this.end = () => {
      cancelAnimationFrame(request);
      for (const { text } of travellers) text.remove();
      picture.product.style.visibility = "";
      targets.forEach((target, n) => setText(target, finals[n]));
      this.end = null;
    };
    const tick = (now) => {
      const part = Math.max(now - start, 0) / milliseconds;
      if (part >= 1) {
        this.end();
        return this.flash(targets[0]);
      }
      draw(part);
      request = requestAnimationFrame(tick);
    };
    draw(0);
    request = requestAnimationFrame(tick);
  }

  /** What travels along edges: forward the arguments, and backward the upstream gradient, which becomes the product. */
  tripsAlong(story, step, edges, back) {
    return edges.map((k) => {
      const from = back ? step.node : this.picture.tails[k];
      const first = back ? step.upstream[0] : story.nodes[from].data[0];
      return { k, from, to: step.parent ?? step.node, first, product: back ? step.share[0] : null };
    });
  }

  /** What travels between groups: forward outputs, backward deltas or gradients; a weight on the way multiplies them. */
  tripsOfParts(story, { nodes }, back) {
    const { heads, tails } = this.picture;
    const [starts, ends] = back ? [heads, tails] : [tails, heads];
    const edges = ends.flatMap((end, k) => (nodes.includes(end) && !nodes.includes(starts[k]) ? [k] : []));
    if (edges.length > MOST_TRAVELLERS) return [];
    return edges.map((k) => {
      const { data, gradient, signal } = story.nodes[starts[k]];
      const [weight, number] = [story.weights?.[k], back ? signal : exact(data)];
      const product = weight && number !== undefined ? numberText(exact(weight) * number, story.digits) : null;
      return { k, from: starts[k], to: ends[k], first: back ? (gradient ?? "").replace(/^\S+ /, "") : data[0], product };
    });
  }

  /** End the journey under way at once. */
  finish() {
    this.end?.();
    this.flashed?.classList.remove("flash");
    this.flashed = null;
  }

  /** Let a text flash once. */
  flash(text) {
    this.flashed = text;
    text?.classList.add("flash");
  }
}
