// Live numbers: leaves, inputs and targets are changed in the picture or in a list, and all numbers follow, in the page.

const PIXELS = 200; // that the pointer is dragged from 0 to the reach of a leaf
const BAD_NUMBER = "Type a number, for example -1.5, 2/3 or 1e-3.";

/** The numbers that readers have changed, and the story that is told with them. */
class Live {
  /** state: it has the story, as Python told it, and the changed numbers of leaves, by their keys. */
  constructor(state) {
    this.state = state;
    const { nodes, leaves, part, graph, update, mistake } = state.get("story");
    this.rate = update;
    this.possible = (graph !== null && !mistake) || state.get("leaves") !== undefined; // there is a kernel that computes
    this.leaves = (this.possible ? leaves : []).map((i) => {
      const { key, name, math, data } = nodes[i];
      return { i, key, name, math, place: part[i], given: exact(data) };
    });
  }

  /** The number of a leaf now. */
  number({ key, given }) {
    return read(this.state.get("leaves")?.[key] ?? given);
  }

  /** The numbers of all leaves, by position in the graph. */
  get numbers() {
    return Object.fromEntries(this.leaves.map((leaf) => [leaf.place, this.number(leaf)]));
  }

  /** The leaves that are not as they were given, as pairs of a key and a number for JSON. */
  get changes() {
    const changed = this.leaves.filter((leaf) => !Object.is(this.number(leaf), leaf.given));
    return changed.map((leaf) => [leaf.key, toJson(this.number(leaf))]);
  }

  /** The story with the current numbers. */
  get story() {
    const [told, numbers, { rate }] = [this.state.get("story"), this.state.get("leaves"), this];
    if (told !== this.told || numbers !== this.toldFor || rate !== this.toldAt) {
      const isOther = this.changes.length || rate !== told.update;
      this.now = told.graph && !told.mistake && isOther ? this.retold(this.numbers) : told;
      [this.told, this.toldFor, this.toldAt] = [told, numbers, rate];
    }
    return this.now;
  }

  /** The story with other numbers of leaves, by position in the graph. */
  retold(numbers) {
    return retold({ ...this.state.get("story"), update: this.rate }, numbers);
  }

  /** Change the numbers of all leaves, by position in the graph. */
  setAll(numbers) {
    this.state.set("leaves", Object.fromEntries(this.leaves.map(({ key, place }) => [key, toJson(numbers[place])])));
  }

  /** Change the number of a leaf. */
  set(leaf, number) {
    if (Object.is(number, this.number(leaf))) return;
    this.state.set("leaves", { ...this.state.get("leaves"), [leaf.key]: toJson(number) });
  }

  /** Give leaves these numbers, as pairs of a key and a number, and the others those that they had. */
  take(pairs) {
    const numbers = Object.fromEntries(pairs.filter(([, number]) => number !== null));
    const taken = this.leaves.map(({ key, given }) => [key, toJson(Object.hasOwn(numbers, key) ? numbers[key] : given)]);
    this.state.set("leaves", Object.fromEntries(taken));
  }
}

/** How far a leaf is moved by its slider, and by the pointer: twice as far as it is from 0, or 1. */
function reachOf(number) {
  return Math.min(Math.max(2 * Math.abs(Number.isFinite(number) ? number : 0), 1), 1e307);
}

/** A number in steps that suit a reach, for example in hundredths for 2. */
function inSteps(number, reach) {
  const step = 10 ** Math.floor(Math.log10(reach / 100));
  return Number((Math.round(number / step) * step).toPrecision(12));
}

/** A box for a number, and what is wrong with it; `change` is called with each number that is typed. */
function numberBox(name, change) {
  const error = make("span", { class: "error", role: "alert" });
  const box = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": name });
  const take = () => {
    const number = readNumber(box.value);
    judge(number === null);
    if (number !== null) change(number);
  };
  box.addEventListener("change", take);
  const judge = (bad) => {
    box.setAttribute("aria-invalid", bad);
    setText(error, bad ? BAD_NUMBER : "");
  };
  const show = (number) => {
    if (document.activeElement === box && box.value !== "") return;
    judge(false);
    box.value = numberText(number, 6);
  };
  return { box, error, show, take };
}

/** The list of all leaves with sliders and boxes, and a button that brings their numbers back. */
class LeafList {
  constructor(live) {
    this.live = live;
    this.rows = live.leaves.map((leaf) => {
      const [middle, reach] = [Number.isFinite(leaf.given) ? leaf.given : 0, reachOf(leaf.given)];
      const slider = make("input", {
        type: "range",
        min: middle - reach,
        max: middle + reach,
        step: "any",
        "aria-label": leaf.name,
        input: () => live.set(leaf, inSteps(Number(slider.value), reach)),
        keydown: (event) => {
          const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
          if (!way) return;
          event.preventDefault();
          live.set(leaf, inSteps(live.number(leaf) + (way * reach) / 100, reach));
        },
      });
      const { box, error, show } = numberBox(`${leaf.name}, exactly`, (number) => live.set(leaf, number));
      const name = decoration("");
      name.append(mathLine([parsed(leaf.math)]));
      return { leaf, slider, show, element: make("div", { class: "leaf" }, name, slider, box, error) };
    });
    this.reset = button("Reset", () => live.take([]));
    this.element = group("What if", { class: "what-if" }, ...this.rows.map(({ element }) => element), this.reset);
  }

  render() {
    for (const { leaf, slider, show } of this.rows) {
      const number = this.live.number(leaf);
      if (Number.isFinite(number)) {
        slider.min = Math.min(slider.min, number);
        slider.max = Math.max(slider.max, number);
        slider.value = number;
      }
      show(number);
    }
    this.reset.disabled = !this.live.changes.length;
  }
}

/** The leaves in the picture: dragged to the side, their numbers change; a click on a number opens a box to type in. */
class LeavesInPicture {
  /** places: the positions in the graph of the nodes of the picture. */
  constructor(live, picture, places) {
    this.live = live;
    this.picture = picture;
    for (const leaf of live.leaves) {
      const i = places.indexOf(leaf.place);
      if (i >= 0) this.listen(leaf, picture.nodes[i], picture.lines[i]);
    }
  }

  listen(leaf, node, lines) {
    const { live, picture } = this;
    let start = null;
    let dragged = false;
    node.dataset.live = "";
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      dragged = false;
      start = { x: event.clientX, y: event.clientY, number: live.number(leaf) };
    });
    node.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [across, down] = [event.clientX - start.x, event.clientY - start.y];
      if (!dragged && Math.abs(down) > Math.max(Math.abs(across), 4)) return void (start = null); // it moves the picture
      event.stopPropagation();
      if (!dragged && Math.abs(across) < 4) return;
      if (!dragged) {
        node.setPointerCapture(event.pointerId);
        picture.frame.dispatchEvent(new PointerEvent("pointercancel", { pointerId: event.pointerId }));
        if (!Number.isFinite(start.number)) start.number = 0;
      }
      dragged = true;
      const reach = reachOf(start.number);
      live.set(leaf, inSteps(start.number + (across * reach) / PIXELS, reach));
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (start = null));
    node.addEventListener("click", (event) => {
      const onNumber = lines.length === 1 || lines[1].contains(event.target);
      if (!dragged && (!onNumber || event.shiftKey)) return;
      event.stopPropagation();
      if (!dragged) this.type(leaf, node);
      dragged = false;
    });
  }

  /** Open a box over a leaf. */
  type(leaf, node) {
    const { live, picture } = this;
    this.close?.();
    const { box, error, show, take } = numberBox(leaf.name, (number) => {
      if (this.close !== close) return; // Escape has closed it
      live.set(leaf, number);
      close();
    });
    const typed = make("div", { class: "typed" }, ...typeset(`${leaf.name} = `), box, error);
    const close = () => {
      if (this.close !== close) return; // removed, it has lost the focus
      this.close = null;
      typed.remove();
    };
    this.close = close;
    for (const name of ["pointerdown", "click"]) typed.addEventListener(name, (event) => event.stopPropagation());
    typed.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") take();
      if (event.key === "Escape") close();
    });
    box.addEventListener("blur", () => error.textContent || close());
    const [frame, place] = [picture.frame, node].map((element) => element.getBoundingClientRect());
    show(live.number(leaf));
    picture.frame.append(typed);
    const within = (start, size, room) => `${Math.max(Math.min(start, room - size), 0)}px`;
    typed.style.left = within(place.left - frame.left, typed.offsetWidth, frame.width);
    typed.style.top = within(place.top - frame.top + place.height / 3, typed.offsetHeight, frame.height);
    box.select();
    box.focus({ preventScroll: true });
  }
}
