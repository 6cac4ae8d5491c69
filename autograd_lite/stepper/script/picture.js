// The picture: zoom, pan, and the marks of the current step.

const LEAST_READABLE_SCALE = 0.75; // of the picture, whose text is 12 pixels high
const GOOD_SCALE = 0.9; // if it cannot be seen as a whole
const LEAST_SCALE = 0.35; // down to which the picture shrinks to show both ends of an edge
const LONG_EDGE = 3000; // in units of the picture

let pictures = 0; // makes the ids of each picture on a page unique

/** How much of one interval another covers. */
function overlap(start, end, otherStart, otherEnd) {
  return Math.max(0, Math.min(end, otherEnd) - Math.max(start, otherStart));
}

class Picture {
  constructor(text, direction, label, onNode) {
    this.direction = direction;
    this.focus = [];
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    this.svg = document.importNode(svg, true);
    this.size = this.svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
    for (const name of ["width", "height", "role", "aria-label"]) this.svg.removeAttribute(name);
    this.svg.setAttribute("aria-hidden", "true"); // the steps so far and the list of nodes say the same in words
    const pick = (name, count) => Array.from({ length: count }, (_, i) => this.svg.querySelector(`[id="${name}${i}"]`));
    this.nodes = pick("n", this.svg.querySelectorAll(".node").length);
    this.edges = pick("e", this.svg.querySelectorAll(".edge").length);
    this.lines = this.nodes.map((node) => [...node.querySelectorAll("text")]);
    this.kinds = this.nodes.map((node) => node.getAttribute("class"));
    const prefix = `stepper-${++pictures}-`; // outputs repeat, and an id may occur once on a page
    for (const element of [...this.nodes, ...this.edges]) element.id = prefix + element.id;
    this.nodes.forEach((node, i) => (node.dataset.node = i));
    this.edges.forEach((edge, k) => (edge.dataset.edge = k));
    this.nodes.forEach((node) => node.append(document.createElementNS(SVG, "title")));
    this.note = shape("text", "edge-note");
    this.head = shape("polygon", "gradient-head");
    this.svg.append(this.head, this.note);
    const keys = "Plus and minus zoom, 0 shows all, shift and arrow keys move it";
    this.frame = group(`Picture of ${label}. ${keys}`, { class: "picture", tabindex: "0" }, this.svg);
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
