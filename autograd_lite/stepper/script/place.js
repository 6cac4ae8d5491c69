// An opened group in its place: its picture in a frame, and around it the picture that it belongs to.

const FRAME = { around: 18, title: 30, size: 15, beyond: 12 }; // in units of the picture

/** The picture of an opened group, with `outer` around it, whose box `hole` the group is; edges join boxes of `outer`. */
function inPlace(outer, edges, hole, inner) {
  const parse = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const [svg, around] = [parse(inner), parse(outer)];
  const [width, height] = svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const frame = [-FRAME.around, -FRAME.around - FRAME.title, width + 2 * FRAME.around, height + 2 * FRAME.around + FRAME.title];
  const nodes = [...around.querySelectorAll(".node")];
  const boxes = nodes.map((_, i) => numbersIn(around.querySelector(`[id="n${i}"] rect`), "x", "y", "width", "height"));
  const moved = boxes.map((box, i) => (i === hole ? frame : besideFrame(box, boxes[hole], frame)));
  const layer = shape("g", { class: "around" });
  edges.forEach(([tail, head], k) => {
    const edge = around.querySelector(`[id="e${k}"]`);
    const [from, to] = lineBetween(moved[tail], moved[head]);
    edge.querySelector("path").setAttribute("d", `M${from}L${to}`);
    const arrow = edge.querySelector("polygon");
    if (arrow.getAttribute("points")) arrow.setAttribute("points", headAt(from, to, 8));
    edge.querySelector(".edge-label")?.remove();
    layer.append(edge);
  });
  const [x, y, across, down] = frame;
  layer.append(
    shape("rect", { class: "frame", x, y, width: across, height: down, rx: 10 }),
    shape("text", { class: "frame-title", x: 0, y: y + FRAME.title - 4, "font-size": FRAME.size, "text-anchor": "start" }),
  );
  boxes.forEach(([x, y], i) => {
    if (i === hole) return;
    const node = around.querySelector(`[id="n${i}"]`);
    node.setAttribute("transform", `translate(${moved[i][0] - x} ${moved[i][1] - y})`);
    node.dataset.around = i;
    layer.append(node);
  });
  for (const element of layer.querySelectorAll("[id]")) {
    element.removeAttribute("id");
    element.classList.remove("node", "edge", "weight");
  }
  svg.prepend(layer);
  svg.setAttribute("viewBox", boxAround(moved, FRAME.beyond).join(" "));
  return new XMLSerializer().serializeToString(svg);
}

/** Where a box goes when another one, the hole, grows to a frame: as far from it as it was, on the same side. */
function besideFrame(box, hole, frame) {
  const place = (axis) => {
    const [before, behind] = [box[axis] + box[axis + 2] <= hole[axis], box[axis] >= hole[axis] + hole[axis + 2]];
    if (before) return frame[axis] + box[axis] - hole[axis];
    return behind ? frame[axis] + frame[axis + 2] + box[axis] - hole[axis] - hole[axis + 2] : null;
  };
  const centred = (axis) => frame[axis] + frame[axis + 2] / 2 + box[axis] - hole[axis] - hole[axis + 2] / 2;
  const x = place(0); // beside it, a box keeps its height
  return [x ?? centred(0), x === null ? (place(1) ?? centred(1)) : centred(1), box[2], box[3]];
}

/** Write what is around an opened group: the names of the boxes, and their numbers as they are now. */
function tellAround({ svg }, story, title) {
  const heading = svg.querySelector(".frame-title");
  if (!heading) return;
  setText(heading, title);
  for (const element of svg.querySelectorAll("[data-around]")) {
    const node = story.nodes[element.dataset.around];
    const [name, data, ...others] = element.querySelectorAll("text");
    setText(name, node.title);
    if (data) setText(data, node.group || node.kind === "neuron" ? node.data[0] : `data ${node.data[0]}`);
    for (const other of others) setText(other, "");
    if (node.kind === "neuron") paint(element, story, node, true, false);
  }
}
