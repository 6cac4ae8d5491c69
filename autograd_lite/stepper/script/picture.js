// The picture: what is in sight, which boxes are enlarged, and the marks of the current step.

const LETTERS = 12; // the size of the letters in a box, in units of the picture
const MARGIN = 14; // around what is followed, in pixels
const GLIDE = 350; // milliseconds in which the picture moves
const LONG_PRESS = 600; // milliseconds
const PAGE = [500, 660]; // the room on a page of paper, in points
const PRINTED = [7.2, 11]; // the least and the greatest size of printed letters, in points
const LONG_EDGE = 3000; // in units of the picture

let pictures = 0; // makes the ids of each picture on a page unique

/** How much of a box [x, y, width, height] another covers. */
function overlap([x, y, width, height], [otherX, otherY, otherWidth, otherHeight]) {
  const across = Math.min(x + width, otherX + otherWidth) - Math.max(x, otherX);
  const down = Math.min(y + height, otherY + otherHeight) - Math.max(y, otherY);
  return Math.max(across, 0) * Math.max(down, 0);
}

/** The box around all boxes, with a margin. */
function boxAround(boxes, margin) {
  const [left, top] = [0, 1].map((axis) => Math.min(...boxes.map((box) => box[axis])) - margin);
  const [right, bottom] = [0, 1].map((axis) => Math.max(...boxes.map((box) => box[axis] + box[axis + 2])) + margin);
  return [left, top, right - left, bottom - top];
}

/** A box that is larger by a factor, around the same point. */
function enlarged([x, y, width, height], factor) {
  return [x - (width * (factor - 1)) / 2, y - (height * (factor - 1)) / 2, width * factor, height * factor];
}

/** The point in the middle of a box. */
function middleOf([x, y, width, height]) {
  return [x + width / 2, y + height / 2];
}

/** The ends of a straight line from one box to another, and where it leaves them. */
function lineBetween(from, to) {
  return [border(from, middleOf(to)), border(to, middleOf(from))];
}

/** Where a straight line from the middle of a box to a point leaves the box. */
function border(box, [toX, toY]) {
  const [[middleX, middleY], [, , width, height]] = [middleOf(box), box];
  const [across, down] = [toX - middleX, toY - middleY];
  const part = Math.min(Math.abs(width / 2 / across), Math.abs(height / 2 / down), 1);
  return [middleX + across * part, middleY + down * part];
}

/** The corners of an arrow head at the second of two points. */
function headAt([fromX, fromY], [x, y], size) {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const [across, down] = [((x - fromX) / length) * size, ((y - fromY) / length) * size];
  const [baseX, baseY] = [x - across, y - down];
  return `${x},${y} ${baseX - down / 2},${baseY + across / 2} ${baseX + down / 2},${baseY - across / 2}`;
}

/** Move boxes [x, y, width, height] apart where they overlap, and keep them within bounds. */
function moveApart(boxes, bounds, gap) {
  for (let round = 0, crowded = true; crowded && round < 80; round++) {
    crowded = false;
    boxes.forEach((a, i) =>
      boxes.slice(i + 1).forEach((b) => {
        const apart = [0, 1].map((axis) => b[axis] + b[axis + 2] / 2 - a[axis] - a[axis + 2] / 2);
        const lacks = [0, 1].map((axis) => (a[axis + 2] + b[axis + 2]) / 2 + gap - Math.abs(apart[axis]));
        if (Math.min(...lacks) <= 0.01) return;
        crowded = true;
        const axis = (round < 40 ? lacks[0] < lacks[1] : round % 2) ? 0 : 1; // if the shorter way leads nowhere, both
        const push = (apart[axis] < 0 ? -lacks[axis] : lacks[axis]) / 2;
        a[axis] -= push;
        b[axis] += push;
      }),
    );
    for (const box of boxes)
      for (const axis of [0, 1])
        box[axis] = Math.max(bounds[axis], Math.min(box[axis], bounds[axis] + bounds[axis + 2] - box[axis + 2]));
  }
}

class Picture {
  /**
   * onNode is called with a node and whether it is to be marked; onEdge with an edge and whether it was clicked; onAround
   * with a box around an opened group.
   */
  constructor(text, direction, label, onNode, onEdge, onAround) {
    this.direction = direction;
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    this.svg = document.importNode(svg, true);
    const extent = this.svg.getAttribute("viewBox").split(" ").map(Number);
    this.origin = extent.slice(0, 2); // not 0, 0 if there is something around an opened group
    this.size = extent.slice(2);
    for (const name of ["role", "aria-label"]) this.svg.removeAttribute(name);
    ["width", "height"].forEach((name, axis) => this.svg.setAttribute(name, this.size[axis]));
    this.svg.setAttribute("aria-hidden", "true"); // the steps so far and the list of nodes say the same in words
    const pick = (name, count) => Array.from({ length: count }, (_, i) => this.svg.querySelector(`[id="${name}${i}"]`));
    this.nodes = pick("n", this.svg.querySelectorAll(".node").length);
    this.edges = pick("e", this.svg.querySelectorAll(".edge").length);
    this.lines = this.nodes.map((node) => [...node.querySelectorAll("text")]);
    this.kinds = this.nodes.map((node) => node.getAttribute("class"));
    this.weights = this.edges.map((edge) => edge.classList.contains("weight"));
    this.boxes = this.nodes.map((node) => numbersIn(node.querySelector("rect"), "x", "y", "width", "height"));
    this.lineWidths = this.boxes.map(([, , width], i) => (this.kinds[i].includes("neuron") ? 0.85 : 1) * width - 6);
    this.drawn = this.edges.map((edge) => ({
      path: edge.querySelector("path"),
      d: edge.querySelector("path").getAttribute("d"),
      head: edge.querySelector("polygon"),
      points: edge.querySelector("polygon").getAttribute("points"),
    }));
    this.arrowHeads = this.drawn.map(({ points }) => {
      const [x, y] = points.split(" ")[0].split(",").map(Number);
      return [x - 9, y - 9, 18, 18];
    });
    this.orders = [...this.svg.querySelectorAll(".edge-label")].map((label) => {
      const [x, y] = numbersIn(label, "x", "y");
      return [x - 4, y - 9, 8, 10];
    });
    const prefix = `stepper-${++pictures}-`; // outputs repeat, and an id may occur once on a page
    for (const element of [...this.nodes, ...this.edges]) element.id = prefix + element.id;
    this.nodes.forEach((node, i) => {
      node.dataset.node = i;
      node.append(shape("title"));
    });
    this.edges.forEach((edge, k) => {
      edge.dataset.edge = k;
      edge.append(shape("path", { class: "hit", d: this.drawn[k].d })); // wide enough to be pointed at
    });
    this.note = shape("g", { class: "edge-note" });
    this.factor = shape("text", { "data-quantity": "slope" });
    this.product = shape("text", { "data-quantity": "share" });
    this.note.append(this.factor, this.product);
    this.head = shape("polygon", { class: "gradient-head" });
    this.middle = this.svg.querySelector(".node"); // what stands before it is under the boxes
    this.svg.append(this.head, this.note);
    const keys = "Plus and minus zoom, 0 shows all, shift and arrow keys move it";
    this.paper = make("div", { class: "paper" });
    this.rule = make("p", { class: "edge-rule", hidden: true, "aria-hidden": "true" });
    this.frame = group(`Picture of ${label}. ${keys}`, { class: "picture", tabindex: "0" }, this.svg, this.paper, this.rule);
    // Browsers take long to draw dots along thousands of pixels, as from a leaf that is used all over a large graph.
    this.long = this.drawn.map(({ path }) => path.getTotalLength() > LONG_EDGE);
    this.view = extent;
    this.room = this.size;
    this.sampled = new Map(); // edge -> points along it
    this.focus = [[], []];
    this.enlarged = new Map(); // node -> its box as it is shown, where it is enlarged
    this.moved = false; // whether somebody has chosen what to see
    this.least = LETTERS; // the size of letters that can be read, in pixels
    this.chosenScale = 1;
    this.listen(onNode, onEdge, onAround);
  }

  listen(onNode, onEdge, onAround) {
    const { frame } = this;
    const fingers = new Map();
    let start = null;
    let dragged = false;
    let press = null;
    const begin = () => {
      const [first, second] = [...fingers.values()];
      start = { view: [...this.view], first, second };
    };
    /** Where a point of the screen is in the frame, as parts of its width and height. */
    const within = (x, y) => {
      const { left, top, width, height } = frame.getBoundingClientRect();
      return [(x - left) / width, (y - top) / height];
    };
    const numberOf = (event, kind) => event.target.closest?.(`.${kind}`)?.dataset[kind];
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      dragged = fingers.size > 1;
      begin();
      const node = numberOf(event, "node");
      const mark = () => {
        dragged = true; // so that no click follows
        onNode(Number(node), true);
      };
      clearTimeout(press);
      if (node && event.pointerType === "touch" && !dragged) press = setTimeout(mark, LONG_PRESS);
    });
    frame.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const [x, y] = [event.clientX, event.clientY];
      if (!dragged && Math.hypot(x - start.first[0], y - start.first[1]) < 5) return;
      clearTimeout(press);
      if (!dragged) frame.setPointerCapture(event.pointerId);
      dragged = true;
      fingers.set(event.pointerId, [x, y]);
      const [first, second] = [...fingers.values()];
      if (second) {
        const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
        const middle = within((first[0] + second[0]) / 2, (first[1] + second[1]) / 2);
        this.show(start.view);
        this.zoom(apart(first, second) / apart(start.first, start.second), ...middle);
        return;
      }
      const scale = start.view[2] / frame.clientWidth;
      const [dx, dy] = [first[0] - start.first[0], first[1] - start.first[1]];
      this.show([start.view[0] - dx * scale, start.view[1] - dy * scale, start.view[2], start.view[3]]);
      this.moved = true;
    });
    for (const end of ["pointerup", "pointercancel"])
      frame.addEventListener(end, (event) => {
        clearTimeout(press);
        fingers.delete(event.pointerId);
        begin();
      });
    frame.addEventListener("click", (event) => {
      if (dragged) return;
      const [node, edge] = [numberOf(event, "node"), numberOf(event, "edge")];
      if (node) onNode(Number(node), event.shiftKey);
      else if (edge) onEdge(Number(edge), true);
      else if (event.target.closest("[data-around]")) onAround(Number(event.target.closest("[data-around]").dataset.around));
    });
    frame.addEventListener("pointerover", (event) => onEdge(Number(numberOf(event, "edge") ?? -1), false));
    frame.addEventListener("pointerleave", () => onEdge(-1, false));
    frame.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // without them the page scrolls, as everywhere
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), ...within(event.clientX, event.clientY));
      },
      { passive: false },
    );
    frame.addEventListener("keydown", (event) => {
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

  // What is in sight

  /** Measure the room that there is, in pixels. */
  measure() {
    this.room = [Math.max(this.frame.clientWidth, 1), Math.max(this.frame.clientHeight, 1)];
  }
  get middlePoint() {
    return this.size.map((length, axis) => this.origin[axis] + length / 2);
  }
  scale() {
    return this.room[0] / this.view[2];
  }
  /** The scale at which all of it is in sight, but no letters are larger than they need to be. */
  get wholeScale() {
    return Math.min(...this.room.map((room, axis) => room / this.size[axis]), (2 * this.least) / LETTERS);
  }

  /** Show a part of the picture: its corner and its width; `ease` moves there in a moment. */
  show([x, y, width], ease = false) {
    const [across, down] = this.room;
    const from = this.seen;
    this.view = [x, y, width, (width * down) / across];
    cancelAnimationFrame(this.request);
    const draw = (seen) => {
      this.seen = seen; // a transform, because with another viewBox all texts would be laid out again
      this.svg.style.transform = `scale(${across / seen[2]}) translate(${this.origin[0] - seen[0]}px, ${this.origin[1] - seen[1]}px)`;
    };
    if (!ease || !from) return draw(this.view);
    const start = performance.now();
    const tick = (now) => {
      const part = Math.min(Math.max((now - start) / GLIDE, 0), 1);
      draw(from.map((number, i) => number + (this.view[i] - number) * smooth(part)));
      if (part < 1) this.request = requestAnimationFrame(tick);
    };
    this.request = requestAnimationFrame(tick);
  }

  centre(x, y, scale, ease) {
    const [width, height] = this.room;
    this.show([x - width / scale / 2, y - height / scale / 2, width / scale], ease);
  }

  /** Show all of it, or, unless `all` is asked for, at a scale at which the current step can be read. */
  fit(all = false) {
    this.moved = all;
    this.chosenScale = all ? this.wholeScale : Math.max(this.wholeScale, (1.05 * this.least) / LETTERS);
    this.centre(...this.middlePoint, this.wholeScale);
    this.follow(...this.focus, false, all);
  }

  zoom(factor, across = 0.5, down = 0.5) {
    const scale = Math.min(Math.max(this.scale() * factor, 0.02), 8);
    const width = this.room[0] / scale;
    const [x, y, oldWidth, oldHeight] = this.view;
    const height = (oldHeight * width) / oldWidth;
    this.chosenScale = scale;
    this.show([x + (oldWidth - width) * across, y + (oldHeight - height) * down, width]);
    this.moved = true;
  }

  pan(right, down) {
    this.show([this.view[0] + (right * this.view[2]) / 8, this.view[1] + (down * this.view[3]) / 8, this.view[2]]);
    this.moved = true;
  }

  /** A box as it is shown: where it stands, or enlarged. */
  box(i) {
    return this.enlarged.get(i) ?? this.boxes[i];
  }

  /**
   * Bring nodes and edges in sight: move the picture, and shrink it if need be. Nodes whose text would then be too small
   * are enlarged and moved apart. Without nodes, show all.
   */
  follow(nodes, edges, ease = false, stay = false) {
    this.focus = [nodes, edges];
    this.shrink();
    if (!nodes.length) {
      if (!this.moved) this.centre(...this.middlePoint, this.wholeScale, ease);
      return;
    }
    const room = this.room;
    const boxes = nodes.map((i) => this.boxes[i]);
    const paths = edges.map((k) => this.drawn[k].path.getBBox()).map(({ x, y, width, height }) => [x, y, width, height]);
    let scale = this.chosenScale;
    let extent = [];
    const fits = () => {
      const growth = Math.max(this.least / LETTERS / scale, 1);
      extent = boxAround([...boxes.map((box) => enlarged(box, growth)), ...(growth > 1 ? [] : paths)], MARGIN / scale);
      return room.every((length, axis) => extent[axis + 2] * scale <= length);
    };
    while (!fits() && scale > 0.05) scale *= 0.95;
    if (!stay) {
      if (Math.abs(scale / this.scale() - 1) > 0.001)
        this.centre(...middleOf(extent), scale, ease);
      const ends = [extent[0] + extent[2], extent[1] + extent[3]];
      const place = ends.map((end, axis) => Math.min(Math.max(this.view[axis], end - this.view[axis + 2]), extent[axis]));
      // Beyond the picture there is nothing to see
      const within = place.map((at, axis) => {
        const beyond = this.size[axis] - this.view[axis + 2];
        const from = this.origin[axis];
        return from + (beyond < 0 ? beyond / 2 : Math.min(Math.max(at - from, 0), beyond));
      });
      const inSight = within.every((at, axis) => at <= extent[axis] && at + this.view[axis + 2] >= ends[axis]);
      this.show([...(inSight ? within : place), this.view[2]], ease);
    }
    this.enlarge(nodes, edges, this.least / LETTERS / scale);
  }

  /** Enlarge nodes by a factor, move them apart, and draw the edges between them as straight lines. */
  enlarge(nodes, edges, growth) {
    if (growth <= 1.001) return;
    const shown = nodes.map((i) => enlarged(this.boxes[i], growth));
    const margin = 4 * growth;
    const [x, y, width, height] = this.view;
    moveApart(shown, [x + margin, y + margin, width - 2 * margin, height - 2 * margin], 10 * growth);
    nodes.forEach((i, place) => {
      this.enlarged.set(i, shown[place]);
      const [left, top] = [0, 1].map((axis) => shown[place][axis] - this.boxes[i][axis] * growth);
      this.nodes[i].setAttribute("transform", `translate(${left} ${top}) scale(${growth})`);
    });
    for (const k of edges) {
      const ends = lineBetween(this.box(this.tails[k]), this.box(this.heads[k]));
      this.drawn[k].path.setAttribute("d", `M${ends[0]}L${ends[1]}`);
      this.drawn[k].head.setAttribute("points", headAt(...ends, 8 * growth));
      this.straightened.push(k);
    }
  }

  /** Undo `enlarge`. */
  shrink() {
    for (const i of this.enlarged.keys()) this.nodes[i].removeAttribute("transform");
    this.enlarged.clear();
    for (const k of this.straightened ?? []) {
      this.drawn[k].path.setAttribute("d", this.drawn[k].d);
      this.drawn[k].head.setAttribute("points", this.drawn[k].points);
    }
    this.straightened = [];
  }

  /** The whole picture for paper: fitted to a page, or in pieces, so that its letters can be read. */
  pieces() {
    const fitting = Math.min(...PAGE.map((room, axis) => room / this.size[axis]));
    const scale = Math.min(Math.max(fitting, PRINTED[0] / LETTERS), PRINTED[1] / LETTERS);
    const seen = PAGE.map((room, axis) => Math.min(room / scale, this.size[axis]));
    const starts = seen.map((length, axis) =>
      Array.from({ length: Math.ceil(this.size[axis] / length - 0.01) }, (_, i) => i * length),
    );
    return starts[1].flatMap((y) =>
      starts[0].map((x) => {
        const piece = this.svg.cloneNode(true);
        for (const element of piece.querySelectorAll("[id]")) element.removeAttribute("id");
        piece.removeAttribute("style");
        const [width, height] = seen.map((length) => `${length * scale}pt`);
        return setAttributes(piece, { viewBox: [this.origin[0] + x, this.origin[1] + y, ...seen].join(" "), width, height });
      }),
    );
  }

  /** Condense the lines of boxes that are wider than their boxes. */
  condense(nodes) {
    const lines = nodes.flatMap((i) => this.lines[i].map((line) => [line, this.lineWidths[i]]));
    for (const [line] of lines) line.removeAttribute("textLength"); // else it is what is measured
    const long = lines.filter(([line, width]) => line.getComputedTextLength() > width);
    for (const [line, textLength] of long) setAttributes(line, { textLength, lengthAdjust: "spacingAndGlyphs" });
  }

  /** Draw the current edges and nodes over all others. */
  raise(nodes, edges) {
    for (const k of edges) this.svg.insertBefore(this.edges[k], this.svg.querySelector(".node"));
    for (const i of nodes) this.svg.append(this.nodes[i]);
    this.svg.append(this.head, this.note);
  }

  /** Points along an edge. */
  points(k) {
    const { path } = this.drawn[k];
    const length = path.getTotalLength();
    return Array.from({ length: 21 }, (_, i) => path.getPointAtLength((length * i) / 20));
  }

  /** The factor and the product at an edge, and an arrow head where the gradient arrives; nothing without an edge. */
  mark(k, factor, product) {
    this.head.setAttribute("points", "");
    setText(this.factor, k === null ? "" : `× ${factor}`);
    setText(this.product, k === null ? "" : `= ${product}`);
    if (k === null) return;
    const { path, points } = this.drawn[k];
    if (!this.straightened.includes(k)) {
      path.setAttribute("d", `${path.getAttribute("d")}L${points.split(" ")[0]}`); // where a number went in, it comes out
      this.straightened.push(k);
    }
    const growth = Math.max(this.least / LETTERS / this.scale(), 1);
    const size = LETTERS * growth;
    const length = path.getTotalLength();
    const along = this.points(k);
    const { x: fromX, y: fromY } = path.getPointAtLength(Math.min(size, length));
    this.head.setAttribute("points", headAt([fromX, fromY], [along[0].x, along[0].y], size));
    for (const text of [this.factor, this.product]) text.setAttribute("font-size", size);
    const [wide, narrow] = [this.factor, this.product].map((text) => (text.getComputedTextLength() || 9 * size) / 2 + 3);
    const beside = this.edges.flatMap((_, j) => {
      const ends = [this.tails[k], this.heads[k]];
      const meets = j !== k && !this.long[j] && (ends.includes(this.tails[j]) || ends.includes(this.heads[j]));
      if (meets && !this.sampled.has(j)) this.sampled.set(j, this.points(j));
      return meets ? this.sampled.get(j) : [];
    });
    const reach = boxAround(along.map(({ x, y }) => [x, y, 0, 0]), 12 * size);
    const isNear = (box) => overlap(reach, box) > 0;
    const heads = [...this.arrowHeads.filter(isNear), [along[0].x - size, along[0].y - size, 2 * size, 2 * size]];
    const passing = [...along, ...beside].filter(({ x, y }) => isNear([x, y, 1, 1]));
    const boxes = [...this.boxes, ...this.orders, ...this.enlarged.values()].filter(isNear);
    const ways = [
      [0, -0.6, 1.3], // over the line and under it
      [0, -1.7, -0.5],
      [0, 1.2, 2.4],
      [1, -0.2, 1],
      [-1, -0.2, 1],
      [0, -3.2, -2],
      [0, 2.7, 3.9],
    ];
    let best = null;
    along.slice(3, 18).forEach(({ x, y }, place) =>
      ways.forEach(([side, over, under], way) => {
        const middle = x + side * (Math.max(wide, narrow) + 0.6 * size);
        const texts = [
          [middle - wide, y + (over - 0.95) * size, 2 * wide, 1.2 * size],
          [middle - narrow, y + (under - 0.95) * size, 2 * narrow, 1.2 * size],
        ];
        const covers = (box) => texts.reduce((area, text) => area + overlap(text, box), 0);
        const outside = texts.reduce((area, [, , width, height]) => area + width * height, -covers(this.view));
        const crossed = passing.filter((point) => covers([point.x - 1, point.y - 1, 2, 2])).length;
        const hidden = boxes.reduce((area, box) => area + covers(box), 0);
        const collides = heads.reduce((area, head) => area + covers(head), 0);
        const cost = hidden + 8 * collides + 4 * outside + size * (crossed + way + Math.abs(place - 7) / 2);
        if (!best || cost < best.cost) best = { cost, middle, over: y + over * size, under: y + under * size };
      }),
    );
    setAttributes(this.factor, { x: best.middle, y: best.over });
    setAttributes(this.product, { x: best.middle, y: best.under });
  }
}
