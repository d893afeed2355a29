// One event: what it says, and every attempt to deliver it.

import { ApiError, event as read, instance as readInstance, redeliver } from "./api.js";
import { sentence } from "./attention.js";
import { button, copy, copyable, foreign, h, link, replace, say } from "./dom.js";
import { subject } from "./event-rows.js";
import { bytes, duration, isFinal, statusBadge, time, timeAgo } from "./format.js";
import { segments } from "./form.js";
import { json } from "./json.js";
import { every, failure, load, sleep } from "./wait.js";

const LIVE = 2000;

export async function eventView({ main, title, signal, id, event: eventId }) {
  const ask = () => Promise.all([read(id, eventId, signal), readInstance(id, signal)]);
  await load(main, signal, ask, ([first, instance]) => {
    let entry = first;
    const [what, object] = subject(entry);
    title(what);
    const state = h("div.title");
    const outcome = h("div");
    const attempts = h("div.body");
    const again = button("Redeliver", isFinal(entry.deliveryStatus) && entry.deliveryStatus !== "delivered" ? "primary" : "", async () => {
      try {
        await redeliver(id, eventId);
        say("Queued again");
        replace(outcome, h("div.notice.good", { role: "status" }, h("strong", "Queued again"), h("p", "It gets another round of attempts under the same id.")));
        await look();
      } catch (error) {
        replace(outcome, failure(error));
      }
    });
    const show = () => {
      replace(state, h("h1", { tabindex: "-1" }, foreign(what, 120)), statusBadge(entry.deliveryStatus));
      replace(attempts, timeline(entry));
    };
    const look = async () => {
      const found = await read(id, eventId, signal);
      const before = entry;
      entry = found;
      const changed = before.deliveryStatus !== entry.deliveryStatus || before.attempts.length !== entry.attempts.length;
      if (changed || before.nextAttemptDate !== entry.nextAttemptDate) show();
      if (before.deliveryStatus !== entry.deliveryStatus) say(`Now ${entry.deliveryStatus}`);
    };
    replace(main,
      h("div.head",
        h("div", h("p.crumb", link("/instances", "Instances"), " / ", link(`/instances/${id}`, foreign(instance.name, 60)), " / ", link(`/instances/${id}/events`, "Events")), state, h("p.mono", foreign(object, 200))),
        again),
      outcome,
      h("div.wide-left",
        h("div.view",
          h("section.card", h("header", h("h2", "Delivery")), attempts),
          h("section.card", h("header", h("h2", "Details")), h("div.body", details(entry, instance)))),
        payload(entry)));
    show();
    every(LIVE, signal, async () => {
      if (!isFinal(entry.deliveryStatus)) await look();
    });
  });
}

function details(entry, instance) {
  const fact = (name, value) => h("div", h("dt", name), h("dd", value));
  return h("dl.facts",
    h("div.wide", h("dt", "Event id"), h("dd", copyable(entry.id, "Event id"))),
    fact("Received", timeAgo(entry.eventDate)),
    fact("Callback", foreign(instance.configuration["event.notification.callback.url"] ?? "None")),
    entry.events.length > 1 && fact("Objects", entry.events.map((it) => h("div", foreign(`${it.eventType} ${it.objectType} `, 80), h("code", foreign(it.objectId, 120))))));
}

/** What happened to an event, in the order of its attempts. */
export function timeline(entry) {
  const steps = [step("good", "Received", time(entry.eventDate))];
  let round = entry.attempts[0]?.round ?? entry.round;
  for (const it of entry.attempts) {
    if (it.round !== round) steps.push(step("busy", "Sent again", null, h("p", `Round ${it.round + 1}`)));
    round = it.round;
    steps.push(attempt(it));
  }
  steps.push(...ending(entry));
  return h("ol.timeline", steps);
}

function attempt(it) {
  const accepted = !it.error && it.statusCode != null;
  const open = !it.error && it.statusCode == null;
  const kind = accepted ? "good" : open ? "busy" : "bad";
  const answer = it.statusCode ? `Answered ${it.statusCode}` : open ? "Under way, or its outcome is unknown" : "No answer";
  return step(kind, it.probe ? "Probe" : `Attempt ${it.attempt}`, time(it.date),
    h("p", answer, it.durationMs != null && ` after ${duration(it.durationMs)}`),
    // That it answered 500 need not be said twice.
    it.error && !(it.statusCode && it.error.endsWith(String(it.statusCode))) && h("p", foreign(sentence(it.error), 600)),
    it.excerpt && h("pre.excerpt", { tabindex: "0", role: "region", "aria-label": `Answer to attempt ${it.attempt}, round ${it.round + 1}` }, foreign(it.excerpt, 1200)));
}

const ENDINGS = {
  queued: ["busy", "Queued", "A dispatcher takes it next."],
  retry: ["warn", "Next attempt", ""],
  waiting: ["warn", "Waiting", "The callback is down. It is sent once the callback answers again."],
  delivered: ["good", "Delivered", ""],
  failed: ["bad", "Failed", "No attempt is left."],
  dropped: ["bad", "Dropped", ""],
};

function ending({ deliveryStatus, nextAttemptDate, reason, attempts }) {
  const known = ENDINGS[deliveryStatus];
  if (!known) return [];
  const [kind, what, text] = known;
  const last = attempts.at(-1);
  // The reason repeats what the last attempt says, unless something else ended it.
  const why = reason && reason !== last?.error ? sentence(reason) : "";
  return [step(kind, what, nextAttemptDate ? timeAgo(nextAttemptDate) : null, (why || text) && h("p", foreign(why || text, 600)))];
}

function step(kind, what, at, ...more) {
  return h(`li.${kind}`, h("div.what", what, at && h("span.muted", at)), more);
}

/** The body of the event: as it is delivered, and as Close sent it. */
function payload(entry) {
  const normalised = JSON.stringify(entry.events, null, 2);
  const raw = entry.providerData;
  const kinds = { events: ["Normalised", normalised], raw: ["From Close", raw] };
  let chosen = "events";
  const place = h("div.body");
  const size = h("span.muted.small-text");
  const show = () => {
    size.textContent = bytes(new Blob([kinds[chosen][1]]).size);
    replace(place, json(kinds[chosen][1]));
  };
  const choose = (key) => {
    chosen = key;
    show();
  };
  show();
  return h("section.card", { "aria-label": "Body" },
    h("header", segments("Form", Object.entries(kinds).map(([key, [name]]) => [key, name]), chosen, choose), h("div.row", size, copy(() => kinds[chosen][1], "Body"))),
    place);
}

/** Watches an event that is on its way to the log, until it has ended; calls `show` at every look. */
export async function watch(id, eventId, signal, show) {
  for (let n = 0; n < 400; n++) {
    try {
      const entry = await read(id, eventId, signal);
      show(entry);
      if (isFinal(entry.deliveryStatus)) return;
    } catch (error) {
      // It enters the log with its first attempt.
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      show(null);
    }
    await sleep(n < 20 ? 300 : LIVE, signal);
  }
}
