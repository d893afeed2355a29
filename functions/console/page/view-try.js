// Try it: a sample webhook, sent as Close would, and its event as it arrives.

import { instance as read, sendWebhook } from "./api.js";
import { button, foreign, h, link, replace, say } from "./dom.js";
import { statusBadge } from "./format.js";
import { field, select } from "./form.js";
import { instanceHead } from "./instance-parts.js";
import { ACTIONS, KINDS, sample } from "./samples.js";
import { timeline, watch } from "./view-event.js";
import { failure, load } from "./wait.js";

const SIGNED = "event.notification.subscription.signature.key";

export async function tryView({ main, title, signal, id }) {
  await load(main, signal, () => read(id, signal), (instance) => {
    title(`Try ${instance.name}`);
    const outcome = h("div.body", h("p.muted", "Send a webhook, and its event appears here."));
    replace(main, instanceHead(instance, "/try"),
      instance.configuration[SIGNED] && h("div.notice.warn", h("strong", "This instance takes signed webhooks only"), h("p", "A sample from this page has no signature, so it will be refused. That is as it should be: without the key nobody can forge an event.")),
      h("div.columns",
        h("section.card", h("header", h("h2", "Webhook"), h("p", "As Close sends it")), h("div.body", form(instance, outcome, signal))),
        h("section.card", { "aria-label": "Event" }, h("header", h("h2", "Event")), outcome)));
  });
}

function form(instance, outcome, signal) {
  const body = h("textarea", { rows: 18, spellcheck: "false" });
  const kind = select(KINDS.map((it) => [it, it]), KINDS[0], () => fill());
  const action = select(ACTIONS.map((it) => [it, it]), ACTIONS[0], () => fill());
  const fill = () => (body.value = JSON.stringify(sample(kind.value, action.value), null, 2));
  fill();
  const send = button("Send webhook", "primary", async () => {
    replace(outcome, h("p.muted", "Sending…"));
    try {
      show(await sendWebhook(instance.webhookUrl, body.value), instance, outcome, signal);
      // The same body would be the same occurrence, of which the second is a duplicate.
      if (body.value === sent) fill();
    } catch (error) {
      replace(outcome, failure(error));
    }
  });
  let sent = body.value;
  body.addEventListener("input", () => (sent = ""));
  for (const it of [kind, action]) it.addEventListener("change", () => (sent = body.value));
  send.addEventListener("click", () => setTimeout(() => (sent = body.value)));
  return h("div.form",
    h("div.pair", field("Kind of object", kind), field("Action", action)),
    field("Body", body, { hint: "Change what you like. Each sample is a new occurrence." }),
    h("div.row", send));
}

async function show(answer, instance, outcome, signal) {
  if (answer?.ignored) {
    say("Ignored");
    return replace(outcome, h("div.notice.warn", { role: "status" }, h("strong", "Taken and ignored"), h("p", foreign(answer.ignored, 400))));
  }
  const eventId = answer?.eventId;
  let last = "";
  await watch(instance.id, eventId, signal, (entry) => {
    const head = h("div.row", entry ? statusBadge(entry.deliveryStatus) : statusBadge("queued"), link(`/instances/${instance.id}/events/${encodeURIComponent(eventId)}`, "Open the event"));
    const words = entry?.deliveryStatus ?? "queued";
    if (words !== last) say(words);
    last = words;
    const waiting = h("ol.timeline", h("li.good", h("div.what", "Answered 200: the event is safely queued")), h("li.busy", h("div.what", "Waiting for a dispatcher")));
    replace(outcome, h("div.view", head, entry ? timeline(entry) : waiting));
  }).catch((error) => {
    if (!signal.aborted) replace(outcome, failure(error));
  });
}
