// What the views of one instance have in common: its heading, its problems, its actions.

import * as api from "./api.js";
import { isPolled, state } from "./attention.js";
import { button, copy, foreign, h, link, say } from "./dom.js";
import { badge, timeAgo } from "./format.js";
import { failure } from "./wait.js";

const TABS = [["", "Overview"], ["/events", "Events"], ["/try", "Try it"], ["/settings", "Settings"]];

/** The heading of an instance with its tabs. */
export function instanceHead(instance, tab, ...actions) {
  const at = `/instances/${instance.id}`;
  const entry = ([path, name]) => h("a", { href: `#${at}${path}`, "aria-current": path === tab && "page" }, name);
  return [
    h("div.head",
      h("div",
        h("p.crumb", link("/instances", "Instances")),
        h("div.title", h("h1", { tabindex: "-1" }, foreign(instance.name)), badge(...state(instance))),
        h("p.row", h("code", String(instance.id)), copy(String(instance.id), "Id", "small quiet"), h("span", isPolled(instance) ? "Polling" : "Webhook"), tags(instance))),
      h("div.row", actions)),
    h("nav.tabs", { "aria-label": "Instance" }, TABS.map(entry)),
  ];
}

export function tags(instance) {
  return instance.tags.filter((tag) => tag !== instance.name).slice(0, 6).map((tag) => [" ", h("a.tag", { href: `#/instances?tag=${encodeURIComponent(tag)}` }, foreign(tag, 40))]);
}

/** Does what helps against a problem. */
export async function act(instance, what) {
  if (what === "enable") await api.setEnabled(instance.id, true);
  else if (what === "disable") await api.setEnabled(instance.id, false);
  else await api.enableCallback(instance.id);
  say("Done");
}

/** A button for such an action, which loads the view again. */
export function actButton(instance, label, what, kind = "") {
  return button(label, kind, async (element) => {
    try {
      await act(instance, what);
      dispatchEvent(new HashChangeEvent("hashchange"));
    } catch (error) {
      element.after(failure(error));
    }
  });
}

/** The problems of an instance, each with its reason and what helps. */
export function problemList(instance, list, named = false) {
  return list.map((problem) => h("div.problem",
    h("div",
      h("div.row", badge(problem.title, problem.kind), named && h("strong", link(`/instances/${instance.id}`, foreign(instance.name, 80)))),
      h("p", foreign(problem.text, 600)),
      problem.since && h("p.small-text", "Since ", timeAgo(problem.since))),
    h("div.row", problem.help.map(([label, what]) =>
      what.startsWith("/") ? h("a.button", { href: `#${what}` }, label) : actButton(instance, label, what, "primary")))));
}
