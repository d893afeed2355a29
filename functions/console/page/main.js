// The page: who is signed in, the frame around the views, and which view an address stands for.

import * as api from "./api.js";
import { button, h, link, replace } from "./dom.js";
import { zone } from "./format.js";
import { inUtc, secrets, setUtc, signOut, takeFromAddress } from "./session.js";
import { createView } from "./view-create.js";
import { eventView } from "./view-event.js";
import { eventsView } from "./view-events.js";
import { instanceView } from "./view-instance.js";
import { instancesView } from "./view-instances.js";
import { overviewView } from "./view-overview.js";
import { redeliverView } from "./view-redeliver.js";
import { settingsView } from "./view-settings.js";
import { signInView } from "./view-sign-in.js";
import { tryView } from "./view-try.js";
import { failure } from "./wait.js";

/** The views by their paths, the first that fits; each has its place in the menu. */
/** @type {[string, (place: any) => any, string][]} */
const VIEWS = [
  ["/", overviewView, "/"],
  ["/instances", instancesView, "/instances"],
  ["/instances/new", createView, "/instances"],
  ["/instances/{id}", instanceView, "/instances"],
  ["/instances/{id}/settings", settingsView, "/instances"],
  ["/instances/{id}/events", eventsView, "/instances"],
  ["/instances/{id}/events/{event}", eventView, "/instances"],
  ["/instances/{id}/redeliver", redeliverView, "/instances"],
  ["/instances/{id}/try", tryView, "/instances"],
  ["/events", eventsView, "/events"],
];
const MENU = [["/", "Overview"], ["/instances", "Instances"], ["/events", "Events"]];

const root = document.getElementById("console");
let leaving = new AbortController();

/** What an address stands for. @returns {{ view: (place: any) => any, menu: string, parameters: Record<string, string>, query: URLSearchParams }} */
function address() {
  const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
  const parts = path.split("/");
  for (const [pattern, view, menu] of VIEWS) {
    const names = pattern.split("/");
    const fits = (name, n) => name === parts[n] || (name.startsWith("{") && parts[n]);
    if (names.length !== parts.length || !names.every(fits)) continue;
    const parameters = {};
    names.forEach((name, n) => {
      if (name.startsWith("{")) parameters[name.slice(1, -1)] = decodeURIComponent(parts[n]);
    });
    return { view, menu, parameters, query: new URLSearchParams(search) };
  }
  return { view: notFound, menu: "", parameters: {}, query: new URLSearchParams() };
}

function notFound({ main, title }) {
  title("Not found");
  replace(main, h("div.card.empty", h("h1", "There is nothing here"), h("p", "The address may be mistyped."), link("/", "Overview")));
}

/** Shows what the address stands for, or the way in. */
async function show({ focus = false } = {}) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  if (!secrets()) return signInView(root, () => show({ focus: true }));
  const { view, menu, parameters, query } = address();
  const main = h("div.view");
  replace(root, frame(menu, main));
  const title = (text) => (document.title = `${text} · Close events`);
  try {
    await view({ main, title, signal, ...parameters, query });
  } catch (error) {
    if (!signal.aborted) replace(main, failure(error, () => show()));
  }
  // Whoever cannot see the page hears the heading of the view that has come.
  if (focus && !signal.aborted) main.querySelector("h1")?.focus();
}

function frame(current, main) {
  const entry = ([path, name]) => h("a", { href: `#${path}`, "aria-current": path === current && "page" }, name);
  const turn = button(`Times: ${zone()}`, "quiet small", () => {
    setUtc(!inUtc());
    show();
  });
  turn.title = inUtc() ? "Show times in your own zone" : "Show times in UTC";
  const leave = button("Sign out", "quiet small", () => {
    signOut();
    show();
  });
  const icon = document.querySelector("link[rel=icon]");
  const brand = h("a.brand", { href: "#/" }, h("img", { src: icon?.getAttribute("href"), alt: "" }), "Close events");
  // A link to a fragment would be taken for the address of a view.
  const skip = button("Skip to content", "skip", () => main.querySelector("h1")?.focus());
  return h("div.frame", skip,
    h("header.side", brand, h("nav", { "aria-label": "Main" }, MENU.map(entry)), h("div.foot", turn, leave)),
    h("main", main),
    h("div.hidden", { id: "said", role: "status", "aria-live": "polite" }));
}

api.onRefused(() => {
  signOut();
  leaving.abort();
  signInView(root, () => show({ focus: true }), "Your secrets are no longer valid. Sign in again.");
});
addEventListener("hashchange", () => {
  if (takeFromAddress()) show();
  else show({ focus: true });
});
takeFromAddress();
show();
