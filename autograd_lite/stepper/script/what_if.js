// What if: sliders on the leaves, where a live kernel recomputes what they change.

/** The sliders, and a function that stops them from following the state; null where there is no kernel. */
function whatIf(state) {
  const leaves = state.get("leaves");
  if (!leaves || !Object.keys(leaves).length) return null;
  const start = state.get("given");
  const change = (name, text) => {
    const number = Number(text);
    if (text !== "" && Number.isFinite(number)) state.set("leaves", { ...state.get("leaves"), [name]: number });
    else show();
  };
  const shown = new Map(state.get("story").nodes.map((node) => [node.key, node.name]));
  const rows = Object.keys(leaves).map((name) => {
    const middle = Number.isFinite(start[name]) ? start[name] : 0;
    const reach = Math.min(Math.max(2 * Math.abs(middle), 1), 1e307);
    const slider = make("input", {
      type: "range",
      min: middle - reach,
      max: middle + reach,
      step: reach / 100,
      "aria-label": shown.get(name),
      input: () => change(name, slider.value),
    });
    const box = make("input", {
      type: "number",
      step: "any",
      "aria-label": `${shown.get(name)}, exactly`,
      change: () => change(name, box.value),
    });
    return { name, slider, box };
  });
  const show = () => {
    const leaves = state.get("leaves");
    for (const { name, slider, box } of rows) {
      const now = leaves[name];
      box.placeholder = Number.isFinite(now) ? "" : now; // text, which the box cannot hold: inf, -inf or nan
      if (Number.isFinite(now)) {
        slider.min = Math.min(slider.min, now);
        slider.max = Math.max(slider.max, now);
        slider.value = now;
      }
      if (document.activeElement !== box) box.value = Number.isFinite(now) ? String(Number(now.toPrecision(6))) : "";
    }
  };
  show();
  const lines = rows.map(({ name, slider, box }) => make("div", { class: "leaf" }, decoration(shown.get(name)), slider, box));
  const reset = button("Reset", () => state.set("leaves", { ...start }));
  return {
    element: make("fieldset", { class: "what-if" }, make("legend", {}, "What if"), ...lines, reset),
    stop: state.listen("leaves", show),
  };
}
