// The overview: are events flowing, how late, and to whom not.

import { analytics, events, instances } from "./api.js";
import { problems } from "./attention.js";
import { chart, sums, total } from "./chart.js";
import { h, link, replace } from "./dom.js";
import { eventRow, eventTable } from "./event-rows.js";
import { badge, count, duration } from "./format.js";
import { segments } from "./form.js";
import { problemList } from "./instance-parts.js";
import { inUtc } from "./session.js";
import { every, load } from "./wait.js";

const HOUR = 3_600_000;
/** What each button asks for: how many steps, and how long they are. */
const RANGES = {
  hour: { name: "1 hour", interval: "minute", step: 60_000, steps: 60 },
  day: { name: "24 hours", interval: "hour", step: HOUR, steps: 24 },
  week: { name: "7 days", interval: "day", step: 24 * HOUR, steps: 7 },
};
const SHOWN = 8;

export async function overviewView({ main, title, signal }) {
  title("Overview");
  let range = "day";
  const numbers = h("div");
  const drawing = h("div.body");
  const attention = h("div");
  const latest = h("div");
  const choose = (key) => {
    range = key;
    refresh();
  };
  replace(main,
    h("div.head", h("h1", { tabindex: "-1" }, "Overview"), segments("Time", Object.entries(RANGES).map(([key, { name }]) => [key, name]), range, choose)),
    h("section.card", h("header", h("h2", "Needs attention")), attention),
    h("section.card", { "aria-label": "Numbers" }, numbers, drawing),
    h("section.card", h("header", h("h2", "Latest events"), link("/events", "All events")), latest));

  const ask = () => {
    const { step, steps, interval } = RANGES[range];
    // The last step is the one that is not over yet, and each begins with the minute, hour or day of the clock.
    const turn = interval === "day" ? midnight() : Math.floor(Date.now() / step) * step;
    return analytics({ from: new Date(turn - (steps - 1) * step).toISOString(), interval }, signal);
  };
  const show = async (groups, known) => {
    const recent = (await events(null, { pageSize: 20 }, signal)).items;
    const bars = sums(groups);
    replace(numbers, tiles(total(bars), recent));
    replace(drawing, chart(bars, RANGES[range].interval));
    replace(latest, recent.length ? eventTable("Latest events", recent.slice(0, SHOWN).map((it) => eventRow(it, known)), true).element : quiet(known));
  };
  let known = [];
  async function refresh() {
    replace(numbers);
    await load(drawing, signal, ask, (groups) => show(groups, known)).catch(() => {});
  }
  await load(attention, signal, () => everyInstance(signal), (found) => {
    known = found;
    replace(attention, attentionList(found));
  });
  if (signal.aborted) return;
  if (!known.length && !attention.querySelector(".notice")) return welcome(main);
  await refresh();
  every(10_000, signal, async () => {
    const asked = range;
    const [groups, found] = await Promise.all([ask(), everyInstance(signal)]);
    if (asked !== range || main.contains(document.activeElement) && document.activeElement?.closest("details, .problem")) return;
    known = found;
    replace(attention, attentionList(found));
    const open = drawing.querySelector("details")?.open;
    await show(groups, found);
    if (open) drawing.querySelector("details").open = true;
  });
}

/** When today began, in the zone that is chosen. */
function midnight() {
  const today = new Date();
  return inUtc() ? Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()) : today.setHours(0, 0, 0, 0);
}

/** All instances, a page after the other, as far as a person would look. */
export async function everyInstance(signal, most = 500) {
  const found = [];
  let nextPage = null;
  do {
    const page = await instances({ pageSize: 100, nextPage }, signal);
    found.push(...page.items);
    nextPage = page.next;
  } while (nextPage && found.length < most);
  return found;
}

function tiles(sum, recent) {
  const delays = recent.map(delay).filter((it) => it != null).sort((a, b) => a - b);
  const middle = delays[Math.floor(delays.length / 2)];
  const ended = sum.good + sum.bad;
  const share = ended ? `${((100 * sum.good) / ended).toFixed(sum.bad ? 1 : 0)} %` : "";
  const tile = (name, value, note = "") => h("div.tile", h("dt", name), h("dd", value, note && h("small", note)));
  return h("dl.tiles",
    tile("Events", sum.all.toLocaleString("en")),
    tile("Delivered", sum.good.toLocaleString("en"), share),
    tile("Failed or dropped", sum.bad.toLocaleString("en")),
    tile("In progress", sum.busy.toLocaleString("en")),
    tile("Median delay", middle == null ? "—" : duration(middle), delays.length ? `latest ${delays.length}` : ""));
}

/** From receipt to the attempt that succeeded, in milliseconds. */
function delay({ deliveryStatus, eventDate, attempts }) {
  const last = attempts.at(-1);
  if (deliveryStatus !== "delivered" || !last || last.round > attempts[0].round) return null;
  return Math.max(0, new Date(last.date).getTime() - new Date(eventDate).getTime() + (last.durationMs ?? 0));
}

function attentionList(found) {
  const unwell = found.map((it) => [it, problems(it)]).filter(([, list]) => list.length);
  unwell.sort(([, [one]], [, [other]]) => one.kind.localeCompare(other.kind));
  if (!found.length) return h("p.body.muted", "There are no instances yet.");
  if (!unwell.length) return h("div.problem", h("div.row", badge("All healthy", "good"), h("span.muted", count(found.length, "instance"))));
  return unwell.map(([instance, list]) => problemList(instance, list, true));
}

function quiet(known) {
  return h("div.empty", h("h3", "No events in this time"), h("p", "Send a sample webhook to see one arrive."),
    known[0] && link(`/instances/${known[0].id}/try`, "Try it"));
}

function welcome(main) {
  replace(main, h("div.head", h("h1", { tabindex: "-1" }, "Overview")),
    h("section.card.empty", h("h2", "Welcome"),
      h("p", "An instance connects a Close account to a callback URL of yours. Create one, send it a sample, and watch the event arrive."),
      h("a.button.primary", { href: "#/instances/new" }, "Create an instance")));
}
