// Fields with their labels, hints and faults; what the API finds wrong is shown beside the field that it is about.

import { append, freshId, h, plain, replace } from "./dom.js";

/** A field: its label, the input, and room for what is wrong with it. */
export function field(label, input, { hint = "", beside = null, key = "" } = {}) {
  const id = (input.id ||= freshId("field"));
  const fault = h("p.fault", { id: `${id}-fault` });
  const described = hint ? `${id}-hint ${id}-fault` : `${id}-fault`;
  input.setAttribute("aria-describedby", described);
  return append(h("div.field", { "data-key": key || null }), [
    h("label", { for: id }, label),
    beside ? h("div.joined", input, beside) : input,
    hint && h("p.hint", { id: `${id}-hint` }, hint),
    fault,
  ]);
}

/** A choice of few, as a list to open. */
export function select(options, value, onchange = null, label = null) {
  const entry = ([key, name]) => h("option", { value: key, selected: key === value }, plain(name));
  return h("select", { onchange, "aria-label": label }, options.map(entry));
}

/** A row of buttons of which one is pressed. */
export function segments(label, options, value, choose) {
  const group = h("div.segments", { role: "group", "aria-label": label });
  for (const [key, name] of options) {
    const press = () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === element));
      choose(key);
    };
    const element = h("button", { type: "button", "aria-pressed": String(key === value), onclick: press }, name);
    group.append(element);
  }
  return group;
}

/**
 * What a 400 of the API says, by entry: "Required entries are missing: a, b. c is wrong. d is wrong."
 * What is about no entry of `keys` comes under "".
 */
export function faults(message, keys) {
  const found = new Map();
  const add = (key, text) => found.set(key, [...(found.get(key) ?? []), text]);
  let rest = message;
  const missing = /^Required entries are missing: (.*?)\.(?: |$)/.exec(message);
  if (missing) {
    rest = message.slice(missing[0].length);
    for (const entry of missing[1].split(", ")) {
      const key = entry.replace(/^configuration\./, "");
      if (keys.includes(key)) add(key, "This is required.");
      else add("", `${entry} is required.`);
    }
  }
  const longestFirst = [...keys].sort((a, b) => b.length - a.length).map((key) => key.replace(/[.[\]]/g, "\\$&"));
  const starts = new RegExp(`(?:^|(?<=\\. ))(?:configuration\\.)?(${longestFirst.join("|")}) `, "g");
  const places = [...rest.matchAll(starts)];
  const before = rest.slice(0, places[0]?.index ?? rest.length).trim();
  if (before) add("", before);
  places.forEach((place, n) => {
    const text = rest.slice(place.index + place[0].length, places[n + 1]?.index).trim();
    add(place[1], text.charAt(0).toUpperCase() + text.slice(1));
  });
  return found;
}

/** Shows what a refusal says beside its fields; returns what is about none of them. Focus goes to the first fault. */
export function showFaults(form, message) {
  const fields = [...form.querySelectorAll("[data-key]")];
  const found = faults(message, fields.map((it) => it.dataset.key));
  let first = null;
  for (const it of fields) {
    const texts = found.get(it.dataset.key) ?? [];
    replace(it.querySelector(".fault"), texts.map(plain).join(" "));
    const input = it.querySelector("input, select, textarea");
    if (texts.length) {
      input?.setAttribute("aria-invalid", "true");
      first ??= input;
    } else input?.removeAttribute("aria-invalid");
  }
  first?.closest("details")?.setAttribute("open", "");
  first?.focus();
  return (found.get("") ?? []).join(" ");
}

/** Forgets the faults of an earlier try. */
export function clearFaults(form) {
  showFaults(form, "");
}
