// Elements. Text always goes in as text: nothing on this page is ever parsed as markup.

/**
 * Builds an element: `h("p.note", {id: "x", onclick: f}, "text", child)`.
 * Attributes that are null or false are left out, and so are such children.
 */
export function h(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElement(tag), classes, rest);
}

/** The same for the parts of a drawing. */
export function svg(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), classes, rest);
}

function fill(element, classes, rest) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const first = rest[0];
  if (first && typeof first === "object" && !Array.isArray(first) && !(first instanceof Node)) {
    for (const [key, value] of Object.entries(rest.shift())) set(element, key, value);
  }
  append(element, rest);
  return element;
}

function set(element, key, value) {
  if (value == null || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "value" || key === "checked" || key === "disabled") element[key] = value;
  else element.setAttribute(key, value === true ? "" : String(value));
}

/** Adds children, however deep their lists are. */
export function append(element, children) {
  for (const child of [children].flat(9)) {
    if (child != null && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Puts these children in place of those that an element has. */
export function replace(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

// Marks that turn the direction of text, and others that nobody sees: a name could use them to pass for another.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Text of others with its hidden marks written out. */
export function plain(text) {
  return String(text ?? "").replace(HIDDEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text of others, kept apart from the direction of what is around it, and cut where it is very long. */
export function foreign(text, most = 300) {
  const shown = plain(text);
  return h("bdi", shown.length > most ? `${shown.slice(0, most)}… (${shown.length.toLocaleString()} characters)` : shown);
}

/** A link to a view of this page. */
export function link(path, ...children) {
  return h("a", { href: `#${path}` }, ...children);
}

/** A button that does something; while that takes its time it cannot be pressed again. */
export function button(label, kind, action) {
  const element = h("button", { type: "button", class: kind }, label);
  element.addEventListener("click", async () => {
    if (element.getAttribute("aria-disabled")) return;
    element.setAttribute("aria-disabled", "true");
    try {
      await action(element);
    } finally {
      element.removeAttribute("aria-disabled");
    }
  });
  return element;
}

/** A button that copies text. */
export function copy(text, what, kind = "small") {
  return button("Copy", kind, async (element) => {
    const content = typeof text === "function" ? text() : text;
    try {
      await navigator.clipboard.writeText(content);
      element.textContent = "Copied";
    } catch {
      element.textContent = "Select and copy by hand";
    }
    say(`${what} copied`);
    setTimeout(() => (element.textContent = "Copy"), 2000);
  });
}

/** A value to copy, in a box of its own. */
export function copyable(text, what) {
  return h("div.copyable", h("code", plain(text)), copy(text, what));
}

/** Says something to those who hear the page instead of seeing it. */
export function say(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}

let number = 0;
/** An id that no other element has. */
export function freshId(prefix) {
  return `${prefix}-${++number}`;
}
