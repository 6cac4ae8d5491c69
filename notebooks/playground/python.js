// Python for a page: it is loaded at the first call, and again after it was stopped or has ended.

const HERE = import.meta.url;

export class Python {
  /** tell: called with a sentence about what is going on, or with an empty one. */
  constructor(tell) {
    this.tell = tell;
    this.worker = null;
    this.waiting = new Map();
    this.count = 0;
  }

  /** The result of a function of `browser.py`. */
  async call(name, ...values) {
    this.worker ??= this.start();
    const worker = await this.worker;
    return this.ask(worker, name, values);
  }

  ask(worker, name, values) {
    const number = ++this.count;
    worker.postMessage({ number, name, values });
    return new Promise((done, fail) => this.waiting.set(number, { done, fail }));
  }

  async start() {
    const settings = await (await fetch(new URL("settings.json", HERE))).json();
    this.tell(`Loading Python (Pyodide, ${settings.size} MB at most, from ${settings.from}) …`);
    const worker = new Worker(new URL("worker.js", HERE), { type: "module" });
    worker.onmessage = ({ data: { number, result, problem } }) => {
      const { done, fail } = this.waiting.get(number);
      this.waiting.delete(number);
      if (problem === undefined) done(result);
      else fail(new Error(problem));
    };
    this.running = worker;
    try {
      const [pyodide, archive] = [settings.pyodide, "packages.zip"].map((place) => new URL(place, HERE).href);
      await this.ask(worker, "load", [{ pyodide, archive }]);
    } catch (error) {
      this.stop();
      throw new Error(`Python could not be loaded from ${settings.from}: ${error.message}.`);
    }
    this.tell("");
    return worker;
  }

  /** End Python, whatever it does; its variables are lost. */
  stop() {
    this.running?.terminate();
    this.running = this.worker = null;
    for (const { fail } of this.waiting.values()) fail(new Error("Python was stopped."));
    this.waiting.clear();
  }
}
