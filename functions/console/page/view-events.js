// The events of an instance, newest first and live.

import { events, instance as read } from "./api.js";
import { button, h, plain, replace, say } from "./dom.js";
import { eventRow, eventTable } from "./event-rows.js";
import { count, fromInput, isFinal, toInput, zone } from "./format.js";
import { field, select } from "./form.js";
import { instanceHead } from "./instance-parts.js";
import { everyInstance } from "./view-overview.js";
import { every, failure, load } from "./wait.js";

/** What is asked for by state: its name, what the API is asked, and what is then kept of its answer. */
const STATES = {
  failed: ["Failed or dropped", { deliveryStatus: "failed,dropped" }, ["failed", "dropped"]],
  busy: ["In progress", { status: "RECEIVED,DISPATCHED" }, ["queued", "delivering", "retry", "waiting"]],
  waiting: ["Waiting", { status: "RECEIVED,DISPATCHED" }, ["waiting"]],
  delivered: ["Delivered", { deliveryStatus: "delivered" }, ["delivered"]],
};
const TYPES = ["accounts", "contacts", "opportunities", "tasks", "activities", "users"];
const TIMES = { 1: "Last hour", 24: "Last 24 hours", 168: "Last 7 days", own: "From … to …" };
const PAGE = 50;
/** Pages that are searched for an object before somebody is asked whether to go on. */
const SEARCHED = 10;
const LIVE = 3000;
/** An account is many instances, each of which is asked. */
const LIVE_OF_ACCOUNT = 8000;

export async function eventsView({ main, title, signal, id, query }) {
  if (!id) return choose({ main, title, signal, query });
  await load(main, signal, () => read(id, signal), (instance) => {
    title(`Events of ${instance.name}`);
    const list = h("section.card", { "aria-label": "Events" });
    replace(main, instanceHead(instance, "/events", h("a.button", { href: `#/instances/${id}/redeliver` }, "Redeliver a range")), list);
    return eventList(list, { id, signal, query, at: `/instances/${id}/events` });
  });
}

/** The events of the whole account, or of an instance that is chosen. */
async function choose({ main, title, signal, query }) {
  title("Events");
  await load(main, signal, () => everyInstance(signal), (known) => {
    const heading = h("h1", { tabindex: "-1" }, "Events");
    if (!known.length) {
      return replace(main, heading, h("div.card.empty", h("h2", "No instances yet"), h("p", "Events belong to an instance."), h("a.button.primary", { href: "#/instances/new" }, "Create an instance")));
    }
    const options = [["", "All"], ...known.map((it) => [String(it.id), it.name])];
    const chosen = select(options, "", (event) => (location.hash = `#/instances/${event.target.value}/events`));
    const list = h("section.card", { "aria-label": "Events" });
    replace(main, h("div.head", heading, h("div.row", field("Instance", chosen))), list);
    return eventList(list, { id: null, signal, query, at: "/events", known });
  });
}

/** The filters, the rows, and the two ways on: newer ones by themselves, older ones on demand. */
async function eventList(place, { id, signal, query, at, known = null }) {
  /** @type {Record<string, string>} */
  const wanted = Object.fromEntries(query);
  const shown = new Map();
  const missing = h("div");
  const rows = h("div");
  const status = h("span.muted");
  let live = true;
  let body = null;
  const set = (key, value) => {
    value ? (wanted[key] = value) : delete wanted[key];
    history.replaceState(null, "", `#${at}?${new URLSearchParams(wanted)}`);
    first();
  };
  const toggle = button("Live", "small live", () => {
    live = !live;
    toggle.setAttribute("aria-pressed", String(live));
    toggle.textContent = live ? "Live" : "Paused";
  });
  toggle.setAttribute("aria-pressed", "true");
  replace(place, h("header", h("div.row", h("h2", "Events"), status), toggle), filters(wanted, set), missing, rows);

  const ask = (more, by = signal) => {
    const { from, to } = span(wanted);
    return events(id, { pageSize: PAGE, from, to, objectType: wanted.type, ...more }, by);
  };
  const ofState = () => STATES[wanted.state]?.[1];

  /** Pages until one has something that fits, or the search has gone far. */
  async function older(nextPage) {
    let next = nextPage;
    for (let n = 0; n < SEARCHED; n++) {
      const page = await ask({ ...ofState(), nextPage: next });
      const found = page.items.filter((it) => fits(it, wanted));
      replace(missing, page.incomplete && h("p.body.muted", plain(page.incomplete)));
      next = page.next;
      if (found.length || !next) return { found, next };
    }
    return { found: [], next };
  }

  let turn = 0;
  async function first() {
    const mine = ++turn;
    shown.clear();
    body = null;
    status.textContent = "";
    await load(rows, signal, () => older(null), ({ found, next }) => {
      if (mine !== turn) return;
      show(found, next);
      say(found.length ? count(found.length, "event") : "No events");
    });
  }

  function show(found, next) {
    if (!found.length && !next) return replace(rows, nothing(id ?? known[0].id, wanted));
    const table = eventTable("Events", [], known != null);
    body = table.body;
    found.forEach((it) => put(it, false));
    replace(rows, table.element, more(next));
  }

  /** Puts an event where it belongs, or in the place of what it was. */
  function put(entry, fresh) {
    const before = shown.get(entry.id);
    const mark = JSON.stringify([entry.deliveryStatus, entry.attempts.length, entry.attempts.at(-1)?.statusCode, entry.round]);
    if (before?.mark === mark) return false;
    const element = eventRow(entry, known);
    if (fresh) element.classList.add("fresh");
    if (before) {
      const focused = before.element.contains(document.activeElement);
      before.element.replaceWith(element);
      if (focused) element.querySelector("a")?.focus();
    } else {
      const later = [...body.children].find((it) => shown.get(it.dataset.id).entry.eventDate < entry.eventDate);
      body.insertBefore(element, later ?? null);
    }
    shown.set(entry.id, { entry, mark, element });
    return !before;
  }

  function more(next) {
    if (!next) return null;
    const place = h("div.more", button("Load older events", "", async () => {
      try {
        const page = await older(next);
        page.found.forEach((it) => put(it, false));
        if (!page.found.length && page.next) place.append(h("span.muted", "Nothing in this part of the log. Load more to continue."));
        else place.replaceWith(more(page.next) ?? "");
        if (page.next) next = page.next;
      } catch (error) {
        place.append(failure(error));
      }
    }));
    return place;
  }

  await first();
  every(id ? LIVE : LIVE_OF_ACCOUNT, signal, async () => {
    if (!live || span(wanted).to) return;
    const mine = turn;
    const entries = [...shown.values()].map((it) => it.entry);
    const open = entries.filter((it) => !isFinal(it.deliveryStatus)).map((it) => it.eventDate);
    const newest = entries.map((it) => it.eventDate).sort().at(-1);
    const from = [...open, newest].filter(Boolean).sort()[0] ?? span(wanted).from;
    const page = await ask({ from, pageSize: 100 });
    if (mine !== turn || signal.aborted) return;
    const fitting = page.items.filter((it) => fits(it, wanted));
    if (!body && fitting.length) {
      const table = eventTable("Events", [], known != null);
      body = table.body;
      replace(rows, table.element);
    }
    for (const it of page.items.filter((it) => !fits(it, wanted))) drop(it.id);
    const fresh = fitting.filter((it) => put(it, true)).length;
    if (fresh) say(`${count(fresh, "new event")}`);
    status.textContent = fresh ? `${count(fresh, "new event")}` : status.textContent;
  });

  function drop(eventId) {
    shown.get(eventId)?.element.remove();
    shown.delete(eventId);
  }
}

/** The time that is asked for. @param {Record<string, string>} wanted */
function span({ time, from, to }) {
  if (time === "own") return { from: from ?? "", to: to ?? "" };
  return { from: time ? new Date(Date.now() - Number(time) * 3_600_000).toISOString() : "", to: "" };
}

/** True if an event is one of those that are wanted; the API does not look into their objects. */
function fits(entry, wanted) {
  const states = STATES[wanted.state]?.[2];
  if (states && !states.includes(entry.deliveryStatus)) return false;
  const object = wanted.object?.trim().toLowerCase();
  return !object || entry.id === object || entry.events.some((it) => it.objectId.toLowerCase().includes(object));
}

function filters(wanted, set) {
  const own = h("div.filters");
  const change = (key) => (event) => set(key, event.target.value);
  const object = h("input", { type: "search", value: wanted.object ?? "", placeholder: "lead_… or event id", onchange: change("object") });
  const input = (key) => h("input", { type: "datetime-local", value: wanted[key] ? toInput(new Date(wanted[key])) : "", onchange: (event) => set(key, fromInput(event.target.value)) });
  const names = Object.entries(STATES).map(([key, [name]]) => [key, name]);
  const spans = () => wanted.time === "own" && [field(`From (${zone()})`, input("from")), field(`To (${zone()})`, input("to"))];
  const show = () => replace(own,
    field("State", select([["", "All"], ...names], wanted.state ?? "", change("state"))),
    field("Object type", select([["", "All"], ...TYPES.map((it) => [it, it])], wanted.type ?? "", change("type"))),
    field("Object", object),
    field("Received", select([["", "Any time"], ...Object.entries(TIMES)], wanted.time ?? "", (event) => {
      set("time", event.target.value);
      show();
    })),
    spans());
  show();
  return own;
}

function nothing(id, wanted) {
  const filtered = ["state", "type", "object", "time"].some((key) => wanted[key]);
  if (filtered) return h("div.empty", h("h3", "No event fits"), h("p", "Widen the filters. Events are kept for 30 days unless the system was deployed otherwise."));
  return h("div.empty", h("h3", "No events yet"), h("p", "They appear here as they come. Send a sample to see one."), h("a.button.primary", { href: `#/instances/${id}/try` }, "Try it"));
}
