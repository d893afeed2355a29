// Waiting: for an answer, for the next look, and what is shown when it goes wrong.

import { ApiError } from "./api.js";
import { button, h, replace, say } from "./dom.js";

const SLOW = 4000;

/** Shows that something is loading, then what has come of it; a failure with the way to try again. */
export async function load(place, signal, ask, render) {
  const bars = h("div.loading", h("i"), h("i"), h("i"), h("span.hidden", "Loading"));
  replace(place, bars);
  const slow = setTimeout(() => {
    bars.append(h("p.muted", "Still loading. The API takes longer than usual."));
    say("Still loading");
  }, SLOW);
  try {
    const found = await ask();
    if (!signal.aborted) await render(found);
  } catch (error) {
    if (!signal.aborted) replace(place, failure(error, () => load(place, signal, ask, render)));
  } finally {
    clearTimeout(slow);
  }
}

const ADVICE = {
  0: "Check the connection and try again. What you see elsewhere on this page may be out of date.",
  403: "The instance may be disabled.",
  404: "It may have been deleted, or it belongs to another account.",
  409: "Somebody else changed it at the same time. Load it again.",
  429: "Too many requests at once. Wait a moment and try again.",
  503: "A part of the system does not answer at the moment. Nothing was changed; try again.",
};

/** A failure in words, with what to do about it. */
export function failure(error, again = null) {
  if (!(error instanceof ApiError)) console.error(error);
  const known = error instanceof ApiError;
  const title = known ? error.message : "This page made a mistake";
  const advice = known ? ADVICE[error.status] : "Reload it. If that does not help, the browser's console has the details.";
  return h("div.notice.bad", { role: "alert" },
    h("strong", title),
    error.provider && h("p", `Close says: ${error.provider}`),
    advice && h("p", advice),
    error.requestId && h("p.small-text.muted", "Request ", h("code", error.requestId)),
    again && h("div.row", button("Try again", "small", again)));
}

/** Waits, unless the view is left before; then it never resolves. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

/** Looks every so often while the page is visible and the view is there; failures make it slower. */
export async function every(ms, signal, look) {
  let pause = ms;
  for (;;) {
    await sleep(pause, signal);
    if (signal.aborted) return;
    if (document.hidden) continue;
    try {
      await look();
      pause = ms;
    } catch {
      if (signal.aborted) return;
      pause = Math.min(pause * 2, 60_000);
    }
  }
}
