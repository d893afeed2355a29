// One instance: how it is doing.

import { analytics, events, instance as read } from "./api.js";
import { isPolled, problems, sentence } from "./attention.js";
import { chart, sums } from "./chart.js";
import { button, copy, copyable, foreign, h, link, replace } from "./dom.js";
import { eventRow, eventTable } from "./event-rows.js";
import { badge, timeAgo } from "./format.js";
import { actButton, instanceHead, problemList } from "./instance-parts.js";
import { row, table } from "./table.js";
import { load } from "./wait.js";

const HOUR = 3_600_000;

export async function instanceView({ main, title, signal, id }) {
  await load(main, signal, () => read(id, signal), (instance) => {
    title(instance.name);
    const found = problems(instance);
    const drawing = h("div.body");
    const latest = h("div");
    const at = `/instances/${instance.id}`;
    replace(main,
      instanceHead(instance, "",
        h("a.button", { href: `#${at}/redeliver` }, "Redeliver a range"),
        instance.disabled ? actButton(instance, "Enable", "enable", "primary") : actButton(instance, "Disable", "disable")),
      found.length > 0 && h("section.card", { "aria-label": "Needs attention" }, problemList(instance, found)),
      h("div.columns", source(instance), delivery(instance)),
      progress(instance.pollingState),
      h("section.card", h("header", h("h2", "Last 24 hours")), drawing),
      h("section.card", h("header", h("h2", "Latest events"), link(`${at}/events`, "All events")), latest));
    load(drawing, signal, () => analytics({ from: new Date(Math.floor(Date.now() / HOUR) * HOUR - 23 * HOUR).toISOString(), interval: "hour" }, signal), (groups) => replace(drawing, chart(sums(groups, instance.id), "hour")));
    return load(latest, signal, () => events(instance.id, { pageSize: 5 }, signal), ({ items }) => {
      const rows = items.map((it) => eventRow(it));
      replace(latest, rows.length ? eventTable("Latest events", rows).element
        : h("div.empty", h("h3", "No events yet"), h("p", "Send a sample webhook and watch it arrive."), h("a.button.primary", { href: `#${at}/try` }, "Try it")));
    });
  });
}

function source(instance) {
  const polled = isPolled(instance);
  const settings = instance.configuration;
  const polling = instance.pollingState;
  const subscription = instance.subscriptionState;
  return card("Where events come from",
    !polled && wide("Webhook URL", copyable(instance.webhookUrl, "Webhook URL")),
    !polled && fact("Subscription", subscription === "manual" ? "Made at Close by you" : badge(subscription, subscription === "active" ? "good" : "warn")),
    polled && fact("Polling", pollingBadge(polling?.status ?? "ok"), polling?.error && h("p", foreign(polling.error, 600))),
    polled && fact("Every", `${settings["event.poller.refresh_interval"] ?? "15"} minutes`),
    polled && fact("Last success", timeAgo(instance.lastSuccess.polling)),
    polled && polling?.badRecords > 0 && fact("Unreadable records", String(polling.badRecords), polling.lastBadRecord && h("p.muted", foreign(polling.lastBadRecord))),
    !polled && instance.lastSuccess.subscription && fact("Last checked", timeAgo(instance.lastSuccess.subscription)),
    fact("Object types", foreign(settings["event.objects"] || "All")),
    lastError(instance.lastError[polled ? "polling" : "subscription"]),
    !/^\**$/.test(instance.token ?? "") && wide("Token", token(instance.token)),
    fact("Created", timeAgo(instance.createdDate)));
}

/** The token, for calls about this instance alone; shown on demand only. */
function token(text) {
  const shown = h("code", "••••••••");
  const show = button("Show", "small", () => shown.replaceWith(h("code", text)));
  return h("div.copyable", shown, show, copy(text, "Token"));
}

/** @type {Record<string, [string, string]>} */
const POLLING = { ok: ["Healthy", "good"], rateLimited: ["Slowed down", "warn"], failing: ["Failing", "warn"], refused: ["Refused", "bad"] };

function pollingBadge(status) {
  return badge(...(POLLING[status] ?? [status, "warn"]));
}

/** How far polling of each resource got. */
function progress(state) {
  const resources = Object.entries(state?.resources ?? {});
  return resources.length > 0 && h("section.card", h("header", h("h2", "Resources")),
    table("Resources", ["Resource", "State", "Enqueued until", "Next poll", "Error"], resources.map(([name, it]) => row(
      [foreign(name, 120), "Resource"],
      [pollingBadge(it.status), "State"],
      [timeAgo(it.cursor), "Enqueued until"],
      [it.nextAt ? timeAgo(it.nextAt) : "Off", "Next poll"],
      [it.error ? foreign(sentence(it.error), 600) : "", "Error"]))).element);
}

function delivery(instance) {
  const settings = instance.configuration;
  const { callback } = instance;
  const url = settings["event.notification.callback.url"];
  const signed = settings["event.notification.signature.key"] || settings["event.notification.signature.ed25519.key"];
  return card("Where they go",
    wide("Callback URL", url ? copyable(url, "Callback URL") : "None"),
    fact("State", callback ? badge(callback.state, callback.state === "failing" ? "warn" : "bad") : badge("Healthy", "good"),
      callback?.nextAttempt && h("p.muted", "Tried again ", timeAgo(callback.nextAttempt))),
    fact("Last success", timeAgo(instance.lastSuccess.delivery)),
    lastError(instance.lastError.delivery),
    fact("Signed", signed ? "Yes" : "No"),
    fact("Attempts", `${settings["event.notification.retry.attempts"] ?? 3}, ${settings["event.notification.retry.interval"] ?? 300} s apart`));
}

function lastError(error) {
  return error && fact("Last error", h("p", foreign(sentence(error.message), 600)), h("p.muted", timeAgo(error.date)));
}

function card(name, ...facts) {
  return h("section.card", h("header", h("h2", name)), h("div.body", h("dl.facts", facts)));
}

function wide(name, value) {
  return h("div.wide", h("dt", name), h("dd", value));
}

function fact(name, ...value) {
  return h("div", h("dt", name), h("dd", value));
}
