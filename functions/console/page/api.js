// The API of this origin, called as the user whose secrets this tab has.

import { secrets } from "./session.js";

const BASE = "/elements/api-v2";
const PATIENCE = 30_000;

/** An answer other than 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(status, message, more = {}) {
    super(message);
    this.status = status;
    this.requestId = more.requestId;
    this.provider = more.providerMessage;
    this.retryAfter = more.retryAfter;
  }
}

let refused = () => {};
/** Called when the secrets are not valid. */
export function onRefused(listener) {
  refused = listener;
}

/** Calls a route; resolves with the body, the token of the next page, and what is missing from a list. */
export async function call(method, path, { body = undefined, signal = undefined } = {}) {
  const { user, organization } = secrets() ?? {};
  const headers = { Authorization: `User ${user}, Organization ${organization}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await send(BASE + path, { method, headers, body: body && JSON.stringify(body) }, signal);
  const found = await read(answer);
  const of = (name) => answer.headers.get(`Elements-${name}`);
  if (answer.ok) return { body: found, next: of("Next-Page-Token"), incomplete: of("Error") };
  const error = new ApiError(answer.status, found?.message ?? `The API answered ${answer.status}.`, {
    ...found,
    retryAfter: Number(answer.headers.get("Retry-After")) || undefined,
  });
  if (answer.status === 401) refused();
  throw error;
}

async function send(url, options, signal) {
  const bounded = [AbortSignal.timeout(PATIENCE), signal].filter(Boolean);
  try {
    return await fetch(url, { ...options, signal: AbortSignal.any(bounded), cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error?.name === "TimeoutError") throw new ApiError(0, "The API did not answer within 30 seconds.");
    throw new ApiError(0, navigator.onLine ? "The API cannot be reached." : "This device is offline.");
  }
}

async function read(answer) {
  try {
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** The query of a request, without what is empty. */
export function query(values) {
  const found = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    for (const one of [value].flat()) if (one != null && one !== "") found.append(key, one);
  }
  const text = found.toString();
  return text ? `?${text}` : "";
}

const of = (id) => `/instances/${encodeURIComponent(id)}`;

/** A page of the account's instances. The API answers 404 where there are none. */
export async function instances(wanted, signal) {
  try {
    const { body, next } = await call("GET", `/instances${query(wanted)}`, { signal });
    return { items: body, next };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { items: [], next: null };
    throw error;
  }
}

export const instance = async (id, signal) => (await call("GET", of(id), { signal })).body;
export const create = async (body) => (await call("POST", "/instances", { body })).body;
export const change = async (id, body) => (await call("PATCH", of(id), { body })).body;
export const remove = (id) => call("DELETE", of(id));
export const setEnabled = async (id, on) => (await call(on ? "PUT" : "DELETE", `${of(id)}/enabled`)).body;
export const enableCallback = async (id) => (await call("PUT", `${of(id)}/callback/enabled`)).body;

/** A page of the events of an instance, or of the whole account (`id` null), newest first. */
export async function events(id, wanted, signal) {
  const { body, next, incomplete } = await call("GET", `${id ? of(id) : "/instances"}/events${query(wanted)}`, { signal });
  return { items: body, next, incomplete };
}

/** The outcomes of the same events, without their bodies. */
export async function outcomes(id, wanted, signal) {
  const { body, next } = await call("GET", `${of(id)}/events/dispositions${query(wanted)}`, { signal });
  return { items: body, next };
}

export const event = async (id, eventId, signal) =>
  (await call("GET", `${of(id)}/events/${encodeURIComponent(eventId)}`, { signal })).body;

export const redeliver = async (id, eventId) =>
  (await call("PUT", `${of(id)}/events/${encodeURIComponent(eventId)}/redeliver`)).body;

export const redeliverMany = async (id, wanted, signal) =>
  (await call("PUT", `${of(id)}/events/redeliver${query(wanted)}`, { signal })).body;

/** Events by interval and instance, with those that were delivered and those that failed. */
export const analytics = async (wanted, signal) =>
  (await call("GET", `/instances/events/analytics/instances${query(wanted)}`, { signal })).body;

/** Sends a webhook as Close would: without secrets, to the address that Close has. */
export async function sendWebhook(webhookUrl, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await send(new URL(webhookUrl).pathname, { method: "POST", headers, body });
  const found = await read(answer);
  if (answer.ok) return found;
  throw new ApiError(answer.status, found?.message ?? `The webhook was answered with ${answer.status}.`, found ?? {});
}
