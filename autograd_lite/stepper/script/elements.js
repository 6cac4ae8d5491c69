// Elements of HTML, MathML and SVG. Text from Python is never markup: it becomes text nodes, or it is parsed as XML that
// Python has escaped.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; an attribute that is a function listens to that event, children are elements or text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A button with a text or several pieces of content. */
function button(content, click, attributes = {}) {
  return make("button", { type: "button", click, ...attributes }, ...[content].flat());
}

/** A button that is pressed or not. */
function toggle(content, click) {
  return button(content, click, { "aria-pressed": "false" });
}

/** A choice among pairs of a value and a text. */
function select(pairs, change) {
  const element = make("select", { change: () => change(element.value) });
  element.append(...pairs.map(([value, text]) => make("option", { value }, text)));
  return element;
}

/** Elements that belong together, with a name that a screen reader says. */
function group(name, attributes, ...children) {
  return make("div", { role: "group", "aria-label": name, ...attributes }, ...children);
}

/** What is folded away until its name is clicked. */
function foldable(name, attributes, ...children) {
  return make("details", attributes, make("summary", {}, name), ...children);
}

function labelled(text, control) {
  return make("label", {}, text, " ", control);
}

/** A sign that is only for the eye. */
function decoration(text) {
  return make("span", { "aria-hidden": "true" }, text);
}

/** An SVG element. */
function shape(tag, attributes = {}) {
  return setAttributes(document.createElementNS(SVG, tag), attributes);
}

/** Set attributes of an element, and return it. */
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A MathML element. */
function math(tag, ...children) {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
}

/** A fraction: the derivative of one thing with respect to another, in the colour of a quantity. */
function fraction(of, by, quantity = null) {
  const element = math("mfrac", math("mrow", math("mo", "∂"), of), math("mrow", math("mo", "∂"), by));
  if (quantity) element.dataset.quantity = quantity;
  return element;
}

/** A line of mathematics; texts among its parts are operators. */
function mathLine(parts) {
  const element = math("math", math("mrow", ...parts.map((part) => (typeof part === "string" ? math("mo", part) : part))));
  element.setAttribute("displaystyle", "true");
  return element;
}

const BREAKS = ["=", "+=", "+", "−", "×", "·", "/", "←"];

/** The terms of a line of mathematics, each a line that begins with its sign. */
function brokenLine(line) {
  const isSign = (part) => part.localName === "mo" && BREAKS.includes(part.textContent);
  const terms = [[]];
  const visit = (part) => {
    const parts = [...part.children];
    if (part.localName === "mrow" && (parts.length === 1 || parts.some(isSign))) return parts.forEach(visit);
    if (isSign(part)) terms.push([]);
    terms.at(-1).push(part);
  };
  visit(line.firstChild);
  return terms.map(mathLine);
}

/** MathML that Python has written, as an element. */
function parsed(text) {
  const source = `<mrow xmlns="${MATHML}">${text}</mrow>`;
  return document.importNode(new DOMParser().parseFromString(source, "application/xml").documentElement, true);
}

/** A number in MathML; in brackets if it is negative and stands after another factor. */
function mathNumber(text, inProduct = false) {
  return parsed(mathmlNumber(text, inProduct ? PRODUCT : 0));
}

const SIGNS = "⁰0¹1²2³3⁴4⁵5⁶6⁷7⁸8⁹9⁽(⁾)⁻−₀0₁1₂2₃3₄4₅5₆6₇7₈8₉9"; // each with what it is on the line
const PIECES = /([⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻]+)|([₀-₉]+(?:,[₀-₉]+)*)|[^⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻₀-₉]+/g;

/** The text of an element, as it was set. */
function textOf(element) {
  return element.written ?? element.textContent;
}

/** Set the text of an element only if it changes, which is what costs time; in SVG, with tspans above and below the line. */
function setText(element, text) {
  if (textOf(element) === text && element.written !== undefined) return;
  if (element.namespaceURI !== SVG || !/[⁰-₉¹²³]/.test(text)) {
    if (element.textContent !== text) element.textContent = text;
  } else {
    let height = 0; // in letters of the line
    const parts = [...text.matchAll(PIECES)].map(([piece, above, below]) => {
      const level = above ? 0.35 : below ? -0.2 : 0;
      const part = shape("tspan", above || below ? { "font-size": "0.75em" } : {});
      part.setAttribute("dy", `${(height - level) / (above || below ? 0.75 : 1)}em`);
      part.textContent = above || below ? onTheLine(piece) : piece;
      height = level;
      return part;
    });
    element.replaceChildren(...parts);
  }
  element.written = text;
}

/** Signs above or below the line as they are on the line. */
function onTheLine(text) {
  return text.replace(/[^,]/g, (sign) => SIGNS[SIGNS.indexOf(sign) + 1]);
}

const SCRIPTS = /(\p{L}+|[\d.]+|[)\]])([⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻]+)?([₀-₉]+(?:,[₀-₉]+)*)?([⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻]+)?/gu;

/** A text as HTML: what has signs above and below the line is mathematics. */
function typeset(text) {
  let end = 0;
  const parts = [...text.matchAll(SCRIPTS)].flatMap((match) => {
    const [whole, base, before, below, after] = match;
    const above = before ?? after;
    if (whole === base) return [];
    const plain = text.slice(end, match.index);
    end = match.index + whole.length;
    const scripts = [below, above].filter(Boolean).map((sign) => math("mn", onTheLine(sign)));
    const tag = below && above ? "msubsup" : below ? "msub" : "msup";
    return [plain, math("math", math(tag, math(/\d/.test(base) ? "mn" : /\p{L}/u.test(base) ? "mi" : "mtext", base), ...scripts))];
  });
  return [...parts, text.slice(end)];
}

/** Set the text of an HTML element, typeset. */
function setTypeset(element, text) {
  if (element.written === text) return;
  element.replaceChildren(...typeset(text));
  element.written = text;
}

/** Set the class of an element; true if it has changed. */
function setClass(element, name) {
  const changes = element.getAttribute("class") !== name;
  if (changes) element.setAttribute("class", name);
  return changes;
}

function setCurrent(element, on) {
  if (on) element.setAttribute("aria-current", "step");
  else element.removeAttribute("aria-current");
}

/** Numbers among the attributes of an element. */
function numbersIn(element, ...names) {
  return names.map((name) => Number(element.getAttribute(name)));
}

/** Scroll a list so that one of its lines is in sight. */
function reveal(list, { offsetTop, offsetHeight }) {
  const { scrollTop, clientHeight } = list;
  if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight)
    list.scrollTop = offsetTop - clientHeight / 2;
}
