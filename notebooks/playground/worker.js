// Python, in a worker, so that the page answers while it runs, and can end it.

let call = null;

async function load({ pyodide, archive }) {
  const { loadPyodide } = await import(`${pyodide}pyodide.mjs`);
  const [python, response] = await Promise.all([loadPyodide({ indexURL: pyodide }), fetch(archive)]);
  python.unpackArchive(await response.arrayBuffer(), "zip", { extractDir: "/packages" });
  call = python.runPython("import sys; sys.path.insert(0, '/packages'); from playground.browser import call; call");
}

onmessage = async ({ data: { number, name, values } }) => {
  try {
    if (name === "load") await load(...values);
    postMessage({ number, result: name === "load" ? null : JSON.parse(call(name, JSON.stringify(values))) });
  } catch (error) {
    postMessage({ number, problem: String(error.message ?? error).trim().split("\n").at(-1) });
  }
};
