// A nudge: one leaf is changed a little, the changes flow forward through the picture, and the root's change is compared
// with what its gradient says.

const MILLISECONDS_PER_LEVEL = 350;

/** What a nudge of one leaf, by its position in the graph, changes: all nodes, and the root as its gradient has it. */
function nudged(graph, leaves, place, change) {
  const before = forwardPass(graph, leaves);
  const after = forwardPass(graph, { ...leaves, [place]: before[place] + change });
  const gradient = backwardPass(graph, before).totals[place] ?? 0;
  return { changes: after.map((number, i) => number - before[i]), gradient, expected: gradient * change };
}

/** For each node how many edges the longest way from a node has; null if there is none. */
function levelsFrom(graph, start) {
  const levels = [];
  graph.nodes.forEach(([, ...places], i) => {
    const reached = places.map((place) => levels[place]).filter((level) => level !== null);
    levels.push(i === start ? 0 : reached.length ? Math.max(...reached) + 1 : null);
  });
  return levels;
}

class Nudge {
  /** view: has the story, the live numbers and the picture. */
  constructor(view) {
    this.view = view;
    this.leaf = select([], () => this.start());
    this.change = 0.01;
    const { box, error, show } = numberBox("Nudge by", (number) => {
      this.change = number;
      this.start();
    });
    show(this.change);
    this.toggle = toggle("Nudge", () => {
      this.on = !this.on;
      this.start();
    });
    this.leaf.append(...view.live.leaves.map(({ name }, k) => make("option", { value: k }, name)));
    this.leaf.setAttribute("aria-label", "Leaf to nudge");
    this.element = group("Nudge", { class: "nudge" }, this.toggle, this.leaf, "by", box, error);
    this.element.hidden = !view.live.leaves.length || !view.live.story.graph || Boolean(view.live.story.mistake);
    this.says = make("p", { class: "nudge-says", role: "status" });
  }

  /** Take up the picture of the view. */
  draw() {
    const { frame, svg, nodes } = this.view.picture;
    this.notes = nodes.map(() => shape("text", { class: "nudge-note" }));
    svg.append(...this.notes);
    frame.append(this.says);
  }

  /** Let the change flow from the beginning. */
  start() {
    clearInterval(this.timer);
    this.reached = 0;
    const atOnce = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tick = () => {
      this.reached += 1;
      if (this.reached > this.deepest) clearInterval(this.timer);
      this.render();
    };
    if (this.on && !atOnce) this.timer = setInterval(tick, MILLISECONDS_PER_LEVEL / this.view.state.get("speed"));
    if (atOnce) this.reached = Infinity;
    this.render();
  }

  render() {
    const { view, notes, on } = this;
    const { story, live, picture } = view;
    const leaf = live.leaves[this.leaf.value];
    this.toggle.setAttribute("aria-pressed", Boolean(on));
    this.says.hidden = !on;
    picture.svg.toggleAttribute("data-nudged", Boolean(on));
    if (!on) {
      for (const note of notes) setText(note, "");
      for (const edge of picture.edges) delete edge.dataset.nudged;
      return;
    }
    const { graph, digits } = live.story;
    const { changes, gradient, expected } = nudged(graph, live.numbers, leaf.place, this.change);
    const levels = levelsFrom(graph, leaf.place);
    const root = changes.length - 1;
    this.deepest = levels[root] ?? 0;
    const number = (x) => numberText(x, digits);
    const { places } = view;
    const flows = (i) => levels[places[i]] !== null && levels[places[i]] <= this.reached;
    story.nodes.forEach((_, i) => {
      const [x, y, width, height] = picture.box(i);
      const size = (12 * width) / picture.boxes[i][2];
      setAttributes(notes[i], { x: x + width / 2, y: y + height + size, "font-size": size });
      setText(notes[i], flows(i) ? `Δ ${number(changes[places[i]])}` : "");
    });
    picture.edges.forEach((edge, k) => {
      edge.toggleAttribute("data-nudged", flows(story.heads[k]) && levels[places[story.tails[k]]] !== null);
    });
    const name = `Δ${leaf.name} = ${number(this.change)}`;
    const flowing = this.reached < this.deepest ? `${name} …` : "";
    setTypeset(
      this.says,
      flowing ||
        `${name} changes ${story.root} by ${number(changes[root])}; gradient × Δ${leaf.name} = ` +
          `${number(gradient)} × ${textNumber(number(this.change), PRODUCT)} = ${number(expected)}.`,
    );
  }

  stop() {
    clearInterval(this.timer);
  }
}
