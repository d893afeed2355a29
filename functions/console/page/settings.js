// The settings that this page knows by name, in the order in which it asks for them.

/**
 * @typedef {{ key: string, label: string, hint?: string, kind?: "text" | "number" | "secret" | "area" | "switch",
 *   placeholder?: string, make?: () => string }} Setting
 */

/** A new signing key of the kind that Standard Webhooks has. */
export function signingKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/** @type {Record<string, Setting>} */
export const COMMON = {
  key: { key: "username", label: "Close API key", hint: "Under Settings, Developer, API Keys at Close.", placeholder: "api_…" },
  url: { key: "event.notification.callback.url", label: "Callback URL", hint: "Where events are sent: https and a public address.", placeholder: "https://example.com/hook" },
  objects: { key: "event.objects", label: "Object types", hint: "A comma list such as accounts, contacts or activity.note. Empty for all.", placeholder: "All" },
  sign: { key: "event.notification.signature.key", label: "Signing key", kind: "secret", hint: "Callbacks are signed with it. A whsec_ key adds the Standard Webhooks headers.", make: signingKey },
};

/** @type {Setting[]} */
export const POLLED = [
  { key: "event.poller.refresh_interval", label: "Minutes between polls", kind: "number", placeholder: "15" },
  { key: "event.poller.since", label: "Start of the first poll", hint: "Empty for now.", placeholder: "2026-11-01T00:00:00Z" },
  { key: "event.poller.configuration", label: "Resources", kind: "area", hint: "A JSON object by resource. Empty for accounts, contacts, opportunities and tasks." },
];

/** @type {[string, Setting[]][]} */
export const GROUPS = [
  ["Delivery", [
    { key: "event.notification.enabled", label: "Deliver events", kind: "switch" },
    COMMON.url,
    COMMON.objects,
  ]],
  ["Source", [
    COMMON.key,
    { key: "event.notification.subscription.signature.key", label: "Signature key of the subscription at Close", kind: "secret", hint: "With it, unsigned webhooks are refused. This system writes it if the subscription is automatic." },
    { key: "base.url", label: "Close API URL", placeholder: "https://api.close.com/api/v1" },
  ]],
  ["Polling", POLLED],
  ["Signing and access", [
    COMMON.sign,
    { key: "event.notification.signature.ed25519.key", label: "Signing key (ed25519)", kind: "secret", hint: "A whsk_ key." },
    { key: "event.notification.basic.username", label: "User name at the receiver" },
    { key: "event.notification.basic.password", label: "Password at the receiver", kind: "secret" },
    { key: "event.notification.callback.headers", label: "Further headers", kind: "secret", hint: "A JSON object, or lines of Name: value." },
  ]],
  ["Retries", [
    { key: "event.notification.retry.attempts", label: "Attempts per event", kind: "number", hint: "1 to 10.", placeholder: "3" },
    { key: "event.notification.retry.interval", label: "Seconds between attempts", kind: "number", hint: "1 to 900.", placeholder: "300" },
    { key: "event.notification.circuit.minutes", label: "Minutes of failures before events wait", kind: "number", hint: "0 for never.", placeholder: "60" },
  ]],
];

/** Settings that this system writes itself, or that are chosen once. */
export const WRITTEN = [
  "event.vendor.type",
  "event.notification.type",
  "event.notification.subscription.provisioning",
  "event.notification.subscription.id",
  "event.notification.signature.previous.key",
  "event.notification.signature.previous.until",
];
