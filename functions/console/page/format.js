// Times, lengths and words.

import { h } from "./dom.js";
import { inUtc } from "./session.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The name of the zone in which times are shown. */
export function zone() {
  return inUtc() ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function format(date, options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone(), ...options }).format(date);
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** A time as text: the clock alone today, with the day on others. */
export function timeText(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso);
  const day = (it) => format(it, { dateStyle: "short" });
  if (day(date) === day(new Date())) return format(date, CLOCK);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return format(date, { day: "numeric", month: "short", ...year, ...CLOCK });
}

/** How long ago a time is, or how long until then. */
export function ago(iso) {
  const past = Date.now() - new Date(iso).getTime();
  const length = Math.abs(past);
  if (length < 5000) return "now";
  /** @type {[number, string][]} */
  const units = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [1000, "s"]];
  const [size, unit] = units.find(([size]) => length >= size);
  const text = `${Math.floor(length / size)} ${unit}`;
  return past >= 0 ? `${text} ago` : `in ${text}`;
}

/** A time in the zone that is chosen, with UTC and its distance at hand. */
export function time(iso) {
  if (!iso) return "—";
  return h("time", { datetime: iso, title: `${iso} (${ago(iso)})` }, timeText(iso));
}

/** A time with its distance behind it. */
export function timeAgo(iso) {
  return iso ? h("span", time(iso), h("span.muted", ` · ${ago(iso)}`)) : "—";
}

/** The beginning of a bar in a chart. */
export function barText(iso, step) {
  const date = new Date(iso);
  if (step === "day") return format(date, { day: "numeric", month: "short" });
  return format(date, { hour: "2-digit", minute: "2-digit" });
}

/** A length of time. */
export function duration(ms) {
  if (ms == null) return "—";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / 1000).toFixed(1)} s`;
  return ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${(ms / HOUR).toFixed(1)} h`;
}

export function bytes(count) {
  if (count < 1024) return `${count} bytes`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** A time of the user's zone (or UTC) for an input, and back. */
export function toInput(date) {
  const shifted = inUtc() ? date : new Date(date.getTime() - date.getTimezoneOffset() * MINUTE);
  return shifted.toISOString().slice(0, 16);
}

export function fromInput(text) {
  const date = new Date(inUtc() ? `${text}Z` : text);
  return text && !Number.isNaN(date.getTime()) ? date.toISOString() : "";
}

/** What a delivery status is called, and how it is coloured. */
export const STATUS = {
  queued: ["Queued", "busy"],
  delivering: ["Delivering", "busy"],
  retry: ["Retrying", "warn"],
  waiting: ["Waiting", "warn"],
  delivered: ["Delivered", "good"],
  failed: ["Failed", "bad"],
  dropped: ["Dropped", "bad"],
};

/** True if nothing more happens to an event of this status by itself. */
export function isFinal(status) {
  return status === "delivered" || status === "failed" || status === "dropped";
}

export function badge(text, kind) {
  return h("span", { class: `badge ${kind}` }, text);
}

export function statusBadge(status) {
  return badge(...(STATUS[status] ?? [String(status), "plain"]));
}
