// Events as the rows of a table.

import { foreign, h, link } from "./dom.js";
import { statusBadge, time } from "./format.js";
import { row, table } from "./table.js";

const OF_ACCOUNT = ["Status", "Event", "Instance", "Attempts", "Received"];

/** A table of events, with the column of their instances where there are several. */
export function eventTable(label, rows, withInstance = false) {
  const columns = withInstance ? OF_ACCOUNT : OF_ACCOUNT.filter((name) => name !== "Instance");
  return table(label, columns, rows);
}

/** What an event is about, in a few words. */
export function subject(entry) {
  const [first, ...others] = entry.events;
  if (!first) return ["Event", entry.id];
  const more = others.length ? ` and ${others.length} more` : "";
  return [`${first.objectType} ${String(first.eventType).toLowerCase()}${more}`, first.objectId];
}

/** The row of an event; `known` are the instances by whose names it is told apart. */
export function eventRow(entry, known = null) {
  const [what, object] = subject(entry);
  const last = entry.attempts.at(-1);
  const outcome = last && (last.statusCode ?? (last.error ? "no answer" : "under way"));
  const at = `/instances/${entry.elementInstanceId}`;
  const cells = [
    [statusBadge(entry.deliveryStatus), ""],
    h("div", h("a.main", { href: `#${at}/events/${encodeURIComponent(entry.id)}` }, foreign(what, 80)), h("span.sub.mono", foreign(object, 60))),
  ];
  if (known) {
    const name = known.find((it) => it.id === entry.elementInstanceId)?.name ?? entry.elementInstanceId;
    cells.push([link(at, foreign(name, 60)), "Instance"]);
  }
  cells.push([entry.attempts.length ? `${entry.attempts.length} · ${outcome}` : "—", "Attempts"], [time(entry.eventDate), "Received"]);
  const element = row(...cells);
  element.dataset.id = entry.id;
  return element;
}
