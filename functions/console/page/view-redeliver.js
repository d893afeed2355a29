// Events of a time, sent again: how many there are, and how far it has come.

import { ApiError, instance as read, outcomes, redeliverMany } from "./api.js";
import { button, h, link, replace, say } from "./dom.js";
import { count, fromInput, isFinal, toInput, zone } from "./format.js";
import { field, select } from "./form.js";
import { instanceHead } from "./instance-parts.js";
import { failure, load, sleep } from "./wait.js";

const STATES = [["failed,dropped", "Failed or dropped"], ["failed", "Failed"], ["dropped", "Dropped"], ["delivered", "Delivered"]];
const RATES = [["5", "5 a second"], ["10", "10 a second"], ["50", "50 a second"], ["100", "100 a second"]];
/** Events that are counted, a page of 200 after the other. */
const COUNTED = 5000;

export async function redeliverView({ main, title, signal, id }) {
  await load(main, signal, () => read(id, signal), (instance) => {
    title(`Redeliver events of ${instance.name}`);
    const now = new Date();
    const from = h("input", { type: "datetime-local", value: toInput(new Date(now.getTime() - 86_400_000)) });
    const to = h("input", { type: "datetime-local", value: toInput(new Date(now.getTime() + 60_000)) });
    const state = select(STATES, STATES[0][0]);
    const rate = select(RATES, "10");
    const outcome = h("div", { "aria-live": "polite" });
    const wanted = () => ({ from: fromInput(from.value), to: fromInput(to.value), deliveryStatus: state.value });
    const ask = button("Count them", "primary", async () => {
      replace(outcome, h("p.muted", "Counting…"));
      try {
        confirm(outcome, instance, await tally(id, wanted(), signal), { ...wanted(), rate: rate.value }, signal);
      } catch (error) {
        replace(outcome, failure(error));
      }
    });
    for (const it of [from, to, state, rate]) it.addEventListener("change", () => replace(outcome));
    replace(main, instanceHead(instance, "/events"),
      instance.disabled && h("div.notice.warn", h("strong", "The instance is disabled"), h("p", "Enable it first: its events would only be dropped.")),
      h("section.card", h("header", h("h2", "Redeliver a range"), h("p", "Each event gets another round of attempts under its id; receivers know it again by that.")),
        h("div.body.form",
          h("div.pair", field(`Received from (${zone()})`, from), field(`Received until (${zone()})`, to)),
          h("div.pair", field("Which", state), field("Rate", rate, { hint: "A receiver that was down may not like all of them at once." })),
          h("div.row", ask), outcome)));
  });
}

/** How many events a range has, by what became of them; `ids` of those that are asked about. */
async function tally(id, wanted, signal, ids = null) {
  const found = { all: 0, ended: 0, delivered: 0, failed: 0, more: false };
  let nextPage = null;
  do {
    const page = await outcomes(id, { ...wanted, pageSize: 200, nextPage }, signal);
    for (const { eventId, deliveryStatus } of page.items) {
      if (ids && !ids.has(eventId)) continue;
      found.all += 1;
      if (isFinal(deliveryStatus)) found.ended += 1;
      if (deliveryStatus === "delivered") found.delivered += 1;
      if (deliveryStatus === "failed" || deliveryStatus === "dropped") found.failed += 1;
    }
    nextPage = page.next;
    found.more = nextPage != null;
  } while (nextPage && found.all < COUNTED);
  return found;
}

function confirm(outcome, instance, found, wanted, signal) {
  if (!found.all) return replace(outcome, h("div.notice", h("strong", "No event fits"), h("p", "Choose another time or state.")));
  const words = `${found.more ? "More than " : ""}${count(found.all, "event")}`;
  const seconds = Math.ceil(found.all / Number(wanted.rate));
  replace(outcome, h("div.notice.warn", h("strong", `${words} will be sent again`), h("p", `At ${wanted.rate} a second that takes about ${count(seconds, "second")}.`),
    h("div.row", button(`Redeliver ${words.toLowerCase()}`, "primary", () => run(outcome, instance, found.all, wanted, signal)))));
}

async function run(outcome, instance, expected, wanted, signal) {
  const ids = new Set();
  const bar = h("progress", { max: expected, value: 0, "aria-label": "Events queued" });
  const words = h("p", { role: "status" });
  const end = h("div");
  replace(outcome, h("div.notice", words, bar, end));
  const say = (text) => (words.textContent = text);
  let nextPage = null;
  try {
    do {
      say(`Queued ${ids.size} of ${expected}`);
      const answer = await patient(() => redeliverMany(instance.id, { ...wanted, pageSize: 100, nextPage }, signal), signal, say);
      answer.eventIds.forEach((it) => ids.add(it));
      nextPage = answer.nextPage;
      bar.value = ids.size;
    } while (nextPage && !signal.aborted);
    await follow(instance, ids, wanted, signal, bar, say, end);
  } catch (error) {
    if (!signal.aborted) replace(end, h("p", `${count(ids.size, "event")} were queued before this happened. Count again for the rest.`), failure(error));
  }
}

/** Waits where the API asks to: what was queued so far takes its time. */
async function patient(ask, signal, say) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 429) throw error;
      say(`Waiting ${error.retryAfter ?? 5} s: what is queued so far takes its time.`);
      await sleep((error.retryAfter ?? 5) * 1000, signal);
    }
  }
}

/** Follows the events that were queued until each has ended. */
async function follow(instance, ids, wanted, signal, bar, words, end) {
  bar.setAttribute("aria-label", "Events that have ended");
  bar.max = ids.size;
  for (;;) {
    const found = await tally(instance.id, { from: wanted.from, to: wanted.to }, signal, ids);
    bar.value = found.ended;
    words(`Queued ${ids.size}. Delivered ${found.delivered}, failed ${found.failed}, in progress ${found.all - found.ended}.`);
    if (found.ended >= found.all) {
      say(`Done: ${found.delivered} delivered, ${found.failed} failed`);
      return replace(end, h("p", h("strong", found.failed ? "Done, with failures" : "Done")), link(`/instances/${instance.id}/events`, "Events"));
    }
    await sleep(2000, signal);
  }
}
