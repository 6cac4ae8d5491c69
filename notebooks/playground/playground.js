// The playground: what a visitor types and moves goes to Python, and what Python returns is shown.

import { Python } from "./python.js";

const find = (id) => document.getElementById(id);
const form = find("form");
const PAGES = ["steps", "worksheet", "key"]; // what is a page of its own, in a frame
const HELP = {
  formula: "For example tanh(w*x + b), or z = w*x; z**2 + z. Every other name is a number that you can move.",
  code: "Value, tanh and all other names of autograd_lite are there. The last line computes a Value.",
};
const UNTRUSTED =
  "This code came with the link and has not run. Read it, and press Run if you trust it: it can do whatever a script in this page can.";
const SLOW = 1000; // milliseconds after which Python may be stopped

const python = new Python((sentence) => (find("status").textContent = sentence));
const state = { kind: "formula", text: "", numbers: {}, panel: "picture", step: 1 };
let examples = [];
let asked = 0; // how often Python was asked, so that only its last answer is shown
let ranges = {}; // the ends of the sliders, which stay while they are moved

// The address of the page holds all of the state

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of ["kind", "text", "panel"]) if (given.has(name)) state[name] = given.get(name);
  if (!(state.kind in HELP)) state.kind = "formula";
  if (![...document.getElementsByName("panel")].some(({ value }) => value === state.panel)) state.panel = "picture";
  state.step = Number(given.get("step")) || 1;
  const numbers = [...given].filter(([name]) => name.startsWith("let."));
  state.numbers = Object.fromEntries(
    numbers.map(([name, text]) => [name.slice(4), Number(text)]).filter(([, number]) => Number.isFinite(number)),
  );
  ranges = {};
}

function writeAddress() {
  const { kind, text, panel, numbers, step } = state;
  const written = new URLSearchParams({ kind, text, panel });
  if (panel === "steps") written.set("step", step);
  for (const [name, number] of Object.entries(numbers)) written.set(`let.${name}`, number);
  history.replaceState(null, "", `#${written}`);
}

// What is typed and moved

function showChoices() {
  find("text").value = state.text;
  find("text").rows = state.kind === "code" ? 14 : 3;
  find("text").wrap = state.kind === "code" ? "off" : "soft";
  find("text-label").textContent = state.kind === "code" ? "Python" : "Formula";
  find("text-help").textContent = HELP[state.kind];
  document.querySelector(`[name=kind][value=${state.kind}]`).checked = true;
  document.querySelector(`[name=panel][value=${state.panel}]`).checked = true;
}

function showNumbers(leaves) {
  const shown = find("numbers");
  shown.hidden = leaves.length === 0;
  const rows = [...shown.querySelectorAll(".number")];
  if (rows.map((row) => row.dataset.name).join("\n") !== leaves.map(({ name }) => name).join("\n")) {
    rows.forEach((row) => row.remove());
    shown.append(...leaves.map(rowOf));
  }
  leaves.forEach(({ name, number, gradient }, i) => {
    const row = shown.querySelectorAll(".number")[i];
    const [slider, box] = row.querySelectorAll("input");
    const reach = (ranges[name] ??= Math.max(1, 2 * Math.abs(number)));
    Object.assign(slider, { min: -reach, max: reach, step: "any" });
    if (document.activeElement !== slider) slider.value = number;
    if (document.activeElement !== box) box.value = number ?? "";
    row.querySelector("small").textContent = gradient;
  });
}

function rowOf({ name, shown }) {
  const row = document.createElement("div");
  row.className = "number";
  row.dataset.name = name;
  const label = document.createElement("span");
  label.textContent = shown;
  const [slider, box] = ["range", "text"].map((type) => Object.assign(document.createElement("input"), { type }));
  slider.setAttribute("aria-label", shown);
  box.setAttribute("aria-label", `${shown}, typed`);
  box.inputMode = "decimal";
  slider.addEventListener("input", () => {
    box.value = Number(Number(slider.value).toPrecision(3));
    move(name, Number(box.value));
  });
  box.addEventListener("change", () => {
    const number = Number(box.value.replace("−", "-"));
    if (box.value.trim() === "" || !Number.isFinite(number)) {
      problem(`${shown} must be a number, for example -1.5 or 1e-3; "${box.value}" is not one.`);
      return;
    }
    delete ranges[name];
    move(name, number);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // the form is not sent, which would hide what is wrong
    box.dispatchEvent(new Event("change"));
  });
  row.append(label, slider, box, document.createElement("small"));
  return row;
}

function move(name, number) {
  state.numbers[name] = number;
  show();
}

// What Python returns

function problem(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

async function show() {
  const mine = ++asked;
  rememberStep();
  writeAddress();
  const view = find(PAGES.includes(state.panel) ? "page" : "view");
  view.ariaBusy = "true";
  const slow = setTimeout(() => (find("stop").hidden = false), SLOW);
  let shown;
  try {
    shown = await ask(mine);
  } catch (error) {
    shown = { problem: `${error.message} Run it to start Python again.`, notes: [] };
    python.stop(); // after an error that is not Python's own, it answers no more
  }
  clearTimeout(slow);
  if (mine !== asked || shown === undefined) return;
  find("stop").hidden = true;
  view.ariaBusy = "false";
  problem(shown.problem);
  document.body.classList.toggle("old", Boolean(shown.problem)); // what is shown belongs to what was typed before
  find("notes").textContent = shown.notes.join(" ");
  find("result").textContent = shown.result ?? "";
  if (shown.leaves) {
    showNumbers(shown.leaves);
    const kept = shown.leaves.map(({ name }) => name).filter((name) => name in state.numbers);
    state.numbers = Object.fromEntries(kept.map((name) => [name, state.numbers[name]]));
    writeAddress();
  }
  if (shown.panel) showPanel(shown.panel);
}

/** Ask Python one thing at a time; of what was asked while it was busy, only the last. */
let busy = Promise.resolve();
function ask(mine) {
  const { kind, text, numbers, panel } = state;
  const next = () => (mine === asked ? python.call("show", kind, text, numbers, panel) : undefined);
  busy = busy.then(next, next);
  return busy;
}

function showPanel(content) {
  const [view, page] = [find("view"), find("page")];
  const isPage = PAGES.includes(state.panel);
  view.hidden = isPage;
  page.hidden = !isPage;
  find("print").hidden = !["worksheet", "key"].includes(state.panel);
  if (!isPage) {
    view.innerHTML = content;
    for (const wide of view.querySelectorAll('[style*="overflow"]')) wide.tabIndex = 0; // it scrolls, also by keys
    return;
  }
  page.title = state.panel;
  page.style.height = "";
  page.onload = () => {
    const slider = stepSlider();
    if (!slider) return;
    slider.value = state.step - 1;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    for (const kind of ["click", "input", "keyup"]) page.contentDocument.addEventListener(kind, () => setTimeout(keepStep));
  };
  page.srcdoc = content;
}

const stepSlider = () =>
  find("page").hidden ? null : find("page").contentDocument?.querySelector('[aria-label="Step"]');

function rememberStep() {
  const slider = stepSlider();
  if (slider) state.step = Number(slider.value) + 1;
}

function keepStep() {
  rememberStep();
  writeAddress();
}

// What a visitor does

function take(example) {
  Object.assign(state, { kind: example.kind, text: example.text, numbers: { ...example.numbers }, step: 1 });
  ranges = {};
  find("example").value = examples.indexOf(example);
  showChoices();
  show();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (state.text !== find("text").value) {
    state.step = 1;
    find("example").value = "";
  }
  state.text = find("text").value;
  show();
});
find("text").addEventListener("keydown", (event) => {
  const runs = event.key === "Enter" && (state.kind === "formula" || event.shiftKey || event.ctrlKey);
  if (!runs) return;
  event.preventDefault();
  form.requestSubmit();
});
find("example").addEventListener("change", () => examples[find("example").value] && take(examples[find("example").value]));
find("stop").addEventListener("click", () => python.stop());
find("copy").addEventListener("click", async () => {
  keepStep();
  try {
    await navigator.clipboard.writeText(location.href);
    find("status").textContent = "The link is copied. It holds the text, the numbers and what is shown.";
  } catch {
    find("status").textContent = "Copy the address of this page: it holds the text, the numbers and what is shown.";
  }
});
find("print").addEventListener("click", () => find("page").contentWindow.print());
for (const choice of document.querySelectorAll("[name=kind]"))
  choice.addEventListener("change", () => {
    state.kind = choice.value;
    state.text = "";
    showChoices();
  });
for (const choice of document.querySelectorAll("[name=panel]"))
  choice.addEventListener("change", () => {
    rememberStep();
    state.panel = choice.value;
    show();
  });
window.addEventListener("hashchange", () => {
  readAddress();
  open();
});

/** Show what the address says. Code is only shown: whoever made the link could run anything in this page. */
function open() {
  showChoices();
  problem("");
  if (state.kind === "formula") show();
  else find("notes").textContent = UNTRUSTED;
}

const failed = (error) => problem(error.message);

readAddress();
const linked = location.hash.length > 1;
if (linked) open();
python.call("examples").then((found) => {
  examples = found;
  find("example").append(...found.map(({ title }, i) => new Option(title, i)));
  if (!linked) take(examples[0]);
}, failed);
