// The user's own function beside the picture: the line that made the current node is marked, and the lines that led to it.

class Code {
  /** visit: called with the nodes of a line that is clicked. */
  constructor({ sources, nodes }, visit) {
    this.made = new Map(); // the nodes that a line made, by function and line
    nodes.forEach(({ lines = [] }, i) => {
      for (const place of lines.map(String)) this.made.set(place, [...(this.made.get(place) ?? []), i]);
    });
    this.lines = new Map();
    const listing = ({ name, first, lines }, s) =>
      make("ol", { start: first, "aria-label": `The function ${name}` }, ...lines.map((text, l) => this.line(text, [s, l], visit)));
    this.element = group("Code", { class: "code", tabindex: "0" }, ...sources.map(listing)); // it may scroll
    this.element.hidden = !sources.length;
  }

  line(text, place, visit) {
    const made = this.made.get(String(place));
    const code = make("code", {}, text || " ");
    const element = make("li", {}, made ? button(code, () => visit(made)) : code);
    this.lines.set(String(place), element);
    return element;
  }

  /** Mark the lines of a node; undefined if the step is at none. */
  render(node) {
    const places = (node?.lines ?? []).map(String);
    for (const [place, element] of this.lines) {
      const now = place === places.at(-1);
      setClass(element, now ? "now" : places.includes(place) ? "calls" : "");
      setCurrent(element, now);
      if (now) reveal(this.element, element);
    }
  }
}
