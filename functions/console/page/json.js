// JSON as it came: read into parts that keep their text, so that no number or order changes, and shown folded.

import { h, plain } from "./dom.js";
import { bytes, count } from "./format.js";

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null))/y;
const DEEPEST = 200;

/** The parts of a JSON text, or null if it is not JSON. */
export function read(text) {
  let at = 0;
  const next = () => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw new SyntaxError("not JSON");
    at = TOKEN.lastIndex;
    return found;
  };
  const value = (found, depth) => {
    if (found[2]) return { kind: "string", text: found[2] };
    if (found[3]) return { kind: "number", text: found[3] };
    if (found[4]) return { kind: "word", text: found[4] };
    if (depth > DEEPEST || !"{[".includes(found[1])) throw new SyntaxError("not JSON");
    return list(found[1], depth);
  };
  const list = (open, depth) => {
    const node = { kind: open, items: [] };
    const close = open === "{" ? "}" : "]";
    let found = next();
    while (found[1] !== close) {
      let key = null;
      if (open === "{") {
        key = found[2];
        if (key === undefined || next()[1] !== ":") throw new SyntaxError("not JSON");
        found = next();
      }
      node.items.push([key, value(found, depth + 1)]);
      found = next();
      if (found[1] === ",") found = next();
      else if (found[1] !== close) throw new SyntaxError("not JSON");
    }
    return node;
  };
  try {
    const node = value(next(), 0);
    return text.slice(at).trim() ? null : node;
  } catch {
    return null;
  }
}

const LONG = 2000;
const MANY = 200;

/** A JSON text, folded below its second level; text that is not JSON as it is. */
export function json(text) {
  const node = read(text);
  const label = { tabindex: "0", role: "region", "aria-label": "JSON" };
  return h("pre.json", label, node ? show(node, 0) : long(plain(text), "text"));
}

function show(node, depth) {
  if (!node.items) return long(plain(node.text), node.kind);
  const close = node.kind === "{" ? "}" : "]";
  if (!node.items.length) return node.kind + close;
  const summary = h("summary", `${node.kind} ${count(node.items.length, node.kind === "{" ? "field" : "item")} ${close}`);
  const details = h("details", { open: depth < 2 && node.items.length <= MANY }, summary);
  // What is folded is built when somebody unfolds it: a megabyte has many parts.
  const build = () => details.open && details.childElementCount === 1 && details.append(items(node, depth, 0));
  details.addEventListener("toggle", build);
  build();
  return details;
}

function items(node, depth, from) {
  const line = ([key, child]) => h("span.in", key && [h("span.key", plain(key)), ": "], show(child, depth + 1));
  const part = h("span", node.items.slice(from, from + MANY).map(line));
  const left = node.items.length - from - MANY;
  if (left > 0) {
    const more = h("button.small", { type: "button" }, `Show ${Math.min(left, MANY)} of ${left} more`);
    more.addEventListener("click", () => more.replaceWith(items(node, depth, from + MANY)));
    part.append(more);
  }
  return part;
}

function long(text, kind) {
  if (text.length <= LONG) return h(`span.${kind}`, h("bdi", text));
  const shown = h(`span.${kind}`, h("bdi", `${text.slice(0, LONG)}…`));
  const more = h("button.small", { type: "button" }, `Show all ${bytes(text.length)}`);
  const whole = h("span", shown, " ", more);
  more.addEventListener("click", () => whole.replaceChildren(h(`span.${kind}`, h("bdi", text))));
  return whole;
}
