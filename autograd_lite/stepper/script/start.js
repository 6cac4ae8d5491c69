// Where the view is shown: in a page of its own, in an iframe of a notebook, or as a widget. What differs is only where
// its state is kept: in the page, or in a kernel.

const LETTER = 16; // the size of the letters of a page, in pixels

/** State that lives as long as the page. */
function stateOfPage(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set: (name, value) => {
      values[name] = value;
      (listeners[name] ?? []).forEach((listener) => listener());
    },
    listen: (name, listener) => {
      (listeners[name] ??= []).push(listener);
      return () => (listeners[name] = listeners[name].filter((other) => other !== listener));
    },
  };
}

/** State that is shared with Python. */
function stateOfWidget(model) {
  return {
    get: (name) => model.get(name),
    set: (name, value) => {
      model.set(name, value);
      model.save_changes();
    },
    listen: (name, listener) => {
      model.on(`change:${name}`, listener);
      return () => model.off(`change:${name}`, listener);
    },
  };
}

/** Let the view follow the theme of the notebook around it, or else that of the system. */
function followTheme(view, body) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const lab = body?.dataset.jpThemeLight;
    const code = body?.classList.contains("vscode-dark") || body?.classList.contains("vscode-high-contrast");
    const dark =
      lab === undefined ? code || (!body?.classList.contains("vscode-light") && system.matches) : lab === "false";
    view.root.dataset.theme = dark ? "dark" : "light";
  };
  update();
  system.addEventListener("change", update);
  const watcher = new MutationObserver(update);
  if (body) watcher.observe(body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light"] });
  return () => {
    watcher.disconnect();
    system.removeEventListener("change", update);
  };
}

/**
 * Go to the step that the address of the page names (`#step=14&predict&let.w=-2.5`), with its numbers for leaves, and let
 * the address follow both.
 */
function followAddress(view, state) {
  const take = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const step = Number(asked.get("step"));
    if (asked.has("predict")) state.set("predict", true);
    const leaves = [...asked].filter(([key]) => key.startsWith("let."));
    view.live.take(leaves.map(([key, text]) => [key.slice(4), readNumber(text)]));
    if (Number.isInteger(step) && step > 0) view.go(step - 1, true);
  };
  let timer = null; // browsers limit how often an address may change
  const write = () => {
    const leaves = view.live.changes.map(([key, number]) => `&${new URLSearchParams({ [`let.${key}`]: number })}`);
    const hash = `#step=${view.at + 1}${state.get("predict") ? "&predict" : ""}${leaves.join("")}`;
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", hash), 200);
  };
  take();
  window.addEventListener("hashchange", take);
  for (const name of ["step", "predict", "leaves"]) state.listen(name, write);
}

/** Show the view in a page of its own, or in an iframe of a notebook; the page has its state as JSON. */
function openPage() {
  const state = stateOfPage(JSON.parse(document.getElementById("autograd-stepper-state").textContent));
  const host = document.getElementById("autograd-stepper");
  const view = new View(host, state, true);
  let frame = null;
  try {
    frame = window.frameElement; // null in a page of its own
  } catch {
    // an error in a frame of a foreign page
  }
  followTheme(view, frame ? frame.ownerDocument.body : document.body);
  document.addEventListener("keydown", (event) => {
    if (!view.root.contains(event.target)) view.key(event);
  });
  window.addEventListener("beforeprint", () => view.print(true));
  window.addEventListener("afterprint", () => view.print(false));
  matchMedia("print").addEventListener("change", (event) => view.print(event.matches));
  if (!frame) followAddress(view, state);
  // In a foreign page the view fills the frame, whatever its height; this is the height that it would like to have.
  if (!frame && window !== window.parent)
    window.parent.postMessage({ type: "autograd-stepper", height: 40 * LETTER }, "*");
  const fills = !frame || state.get("arrangement") === "slide";
  view.root.dataset.fills = String(fills);
  if (!fills) {
    // The picture that stands before the frame is for where no scripts run
    const pictures = [...frame.getRootNode().querySelectorAll(".autograd-stepper-picture")];
    pictures.findLast((one) => one.compareDocumentPosition(frame) & Node.DOCUMENT_POSITION_FOLLOWING)?.remove();
    const fit = () => (frame.style.height = `${Math.ceil(host.getBoundingClientRect().height) + 2}px`);
    new ResizeObserver(fit).observe(host);
  }
}

/** Show the view as a widget. */
function render({ model, el }) {
  const view = new View(el, stateOfWidget(model), false);
  const stop = followTheme(view, document.body);
  return () => {
    stop();
    view.dispose();
  };
}

export default { render };
