// A page of a notebook whose cells can be edited and run. The page is Sphinx's; it adds this script.

import { Python } from "./python.js";

const HERE = import.meta.url;
const HOW =
  "The cells of this page can be changed and run: Shift+Enter runs a cell, after those above it that have not run yet. At the first run, Python is loaded";

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/** Begin a line as far to the right as the last one, and further after a colon. */
function indent(source) {
  const before = getSelection().getRangeAt(0).cloneRange();
  before.setStart(source, 0);
  const above = before.cloneContents();
  for (const end of above.querySelectorAll("br")) end.replaceWith("\n"); // as browsers end typed lines
  const line = above.textContent.split("\n").at(-1);
  const further = line.trimEnd().endsWith(":") ? "    " : "";
  document.execCommand("insertText", false, `\n${line.match(/^ */)[0]}${further}`);
}

class Cell {
  constructor(element, number, notebook) {
    this.element = element;
    this.ran = false;
    this.source = element.querySelector(".cell_input pre");
    this.source.contentEditable = "plaintext-only";
    this.source.spellcheck = false;
    for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": `Cell ${number}` }))
      this.source.setAttribute(name, value);
    this.source.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!event.shiftKey && !event.ctrlKey) return indent(this.source);
      notebook.runTo(this);
      if (event.shiftKey) notebook.cells[notebook.cells.indexOf(this) + 1]?.source.focus();
    });
    this.button = make("button", { className: "live-run", textContent: "Run", onclick: () => notebook.runTo(this) });
    this.button.setAttribute("aria-label", `Run cell ${number}`);
    element.querySelector(".cell_input").append(this.button);
  }

  async run(python) {
    this.element.ariaBusy = "true";
    try {
      const outputs = await python.call("run", this.source.innerText);
      this.ran = true;
      this.show(outputs);
    } finally {
      this.element.ariaBusy = "false";
    }
  }

  show(outputs) {
    this.element.querySelector(".cell_output")?.remove();
    const shown = make("div", { className: "cell_output docutils container live-output" });
    shown.setAttribute("role", "status");
    this.element.append(shown);
    shown.innerHTML = outputs.join("\n");
  }
}

class Notebook {
  constructor(elements) {
    this.said = make("span", {});
    this.said.setAttribute("role", "status");
    this.python = new Python((sentence) => (this.said.textContent = sentence));
    this.cells = [...elements].map((element, i) => new Cell(element, i + 1, this));
    this.running = Promise.resolve();
    const runAll = make("button", { textContent: "Run all", onclick: () => this.runTo(this.cells.at(-1)) });
    const restart = make("button", { textContent: "Stop and forget", onclick: () => this.forget() });
    this.bar = make("p", { className: "live-bar" }, runAll, restart, this.said);
    this.tellHow();
  }

  async tellHow() {
    const { size, from } = await (await fetch(new URL("settings.json", HERE))).json();
    this.said.textContent = `${HOW} (Pyodide, ${size} MB at most, from ${from}).`;
  }

  /** Run a cell, after those above it that have not run. */
  runTo(cell) {
    const until = this.cells.indexOf(cell);
    cell.ran = false;
    this.running = this.running.then(async () => {
      try {
        for (const each of this.cells.slice(0, until + 1)) if (!each.ran) await each.run(this.python);
      } catch (error) {
        this.forget();
        this.said.textContent = `${error.message} The next run starts it again.`;
      }
    });
  }

  /** End Python; all cells have to run again. */
  forget() {
    this.python.stop();
    for (const cell of this.cells) cell.ran = false;
    this.said.textContent = "Python has ended, and its variables with it.";
  }
}

const notebook = new Notebook(document.querySelectorAll("div.cell:has(.cell_input)"));
document.head.append(make("link", { rel: "stylesheet", href: new URL("live.css", HERE).href }));
document.querySelector("h1").after(notebook.bar);
