// What is wrong with an instance, in words, and what helps. Pure rules: nothing is shown or called here.

/**
 * @typedef {{ kind: "bad" | "warn", title: string, text: string, since?: string, help: [string, string][] }} Problem
 * `help` has pairs of a button's text and its target: a view of this page, or an action.
 */

/** Everything that is wrong with an instance, the worst first. @returns {Problem[]} */
export function problems(instance) {
  const at = `/instances/${instance.id}`;
  const found = [...off(instance, at), ...callback(instance, at), ...polling(instance, at), ...subscription(instance, at)];
  return found.sort((a, b) => a.kind.localeCompare(b.kind));
}

/** @returns {Problem[]} */
function off(instance, at) {
  if (instance.disabled) {
    const text = "Its webhooks are refused and nothing is delivered. Close pauses a subscription after three days of refusals.";
    return [{ kind: "bad", title: "Disabled", text, help: [["Enable", "enable"]] }];
  }
  if (!instance.eventsEnabled) {
    const text = "The setting event.notification.enabled is not true, so its events are dropped.";
    return [{ kind: "bad", title: "Events are off", text, help: [["Open settings", `${at}/settings`]] }];
  }
  return [];
}

/** @type {Record<string, ["bad" | "warn", string, string]>} */
const CALLBACK = {
  missing: ["bad", "No callback URL", "Set one in the settings."],
  failing: ["warn", "Callback fails", "Events are retried, and fail after the last attempt."],
  open: ["bad", "Callback is down", "Its events wait. One is sent every five minutes, and the rest follow once it succeeds."],
  recovering: ["warn", "Callback recovers", "It answers again; waiting events are being sent, oldest first."],
  disabled: ["bad", "Callback was disabled", "Its events fail until you enable it."],
};

/** @returns {Problem[]} */
function callback({ callback }, at) {
  const known = callback && CALLBACK[callback.state];
  if (!known) return [];
  const [kind, title, text] = known;
  if (callback.state === "missing") return [{ kind, title, text: `${sentence(callback.reason)} ${text}`, help: [["Open settings", `${at}/settings`]] }];
  const enable = ["disabled", "open"].includes(callback.state);
  /** @type {[string, string][]} */
  const help = enable
    ? [[callback.state === "open" ? "Send now" : "Enable callback", "callback"], ["Failed events", `${at}/events?state=failed`]]
    : [["Failed events", `${at}/events?state=failed`]];
  return [{ kind, title, text: `${sentence(callback.reason)} ${text}`, since: callback.failingSince, help }];
}

/** @type {Record<string, ["bad" | "warn", string, string]>} */
const POLLING = {
  rateLimited: ["warn", "Polling is slowed down", "Close limits the rate of this API key; polling resumes automatically."],
  failing: ["warn", "Polling fails", "It is retried automatically, and nothing is missed."],
  refused: ["bad", "Polling is refused", "Replace the API key, or give its user the permission at Close. Polling is retried every hour."],
};

/** @returns {Problem[]} */
function polling({ pollingState: state }, at) {
  const known = state && POLLING[state.status];
  if (!known) return [];
  const [kind, title, text] = known;
  return [{ kind, title, help: [["Open settings", `${at}/settings`]], text: state.error ? `${sentence(state.error)} ${text}` : text, since: state.since }];
}

/** @type {Record<string, ["bad" | "warn", string, string]>} */
const SUBSCRIPTION = {
  paused: ["warn", "Subscription is paused", "Close paused it after failures. It is resumed automatically, and the gap is filled."],
  missing: ["bad", "Subscription is missing", "Somebody deleted it at Close. It is created again automatically within the hour."],
  refused: ["bad", "API key refused", "Close refuses the API key, so the subscription cannot be checked. Replace the key."],
  failing: ["warn", "Subscription cannot be checked", "Close could not be asked; the check is retried automatically."],
};

/** @returns {Problem[]} */
function subscription({ subscriptionState: state, lastError }, at) {
  const known = SUBSCRIPTION[state];
  if (!known) return [];
  const [kind, title, text] = known;
  const reason = lastError?.subscription;
  /** @type {[string, string][]} */
  const help = state === "refused" ? [["Open settings", `${at}/settings`]] : [["Details", at]];
  return [{ kind, title, text: reason ? `${sentence(reason.message)} ${text}` : text, since: reason?.date, help }];
}

/** The state of an instance in one word. @returns {[string, string]} */
export function state(instance) {
  if (instance.disabled) return ["Disabled", "plain"];
  const [worst] = problems(instance);
  return worst ? [worst.title, worst.kind] : ["Healthy", "good"];
}

/** A reason as a sentence. */
export function sentence(text) {
  const whole = String(text).trim();
  return `${whole.charAt(0).toUpperCase()}${whole.slice(1)}${/[.!?]$/.test(whole) ? "" : "."}`;
}

/** True if an instance is polled. */
export function isPolled(instance) {
  return instance.pollingState != null || /^polling$/i.test(instance.configuration?.["event.vendor.type"] ?? "");
}
