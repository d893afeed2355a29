// A new instance.

import { ApiError, create } from "./api.js";
import { copyable, h, replace } from "./dom.js";
import { clearFaults, field, showFaults } from "./form.js";
import { settingField } from "./setting-field.js";
import { COMMON, POLLED } from "./settings.js";
import { failure } from "./wait.js";

export function createView({ main, title }) {
  title("New instance");
  const name = h("input", { type: "text", autocomplete: "off", placeholder: "Sales" });
  const tags = h("input", { type: "text", autocomplete: "off", placeholder: "production, emea" });
  const settings = Object.fromEntries(Object.entries(COMMON).map(([key, it]) => [key, settingField(it)]));
  const polled = POLLED.map((it) => settingField(it));
  const [webhookChoice, webhook] = choice("source", "webhook", "Webhook", "Close posts each change at once.", true);
  const [pollingChoice, polling] = choice("source", "polling", "Polling", "Changes are fetched from Close every few minutes.");
  const [manualChoice, manual] = choice("subscription", "manual", "I create it at Close", "You get a URL to give to Close.", true);
  const [automaticChoice] = choice("subscription", "automatic", "Make it for me", "With the API key. It is signed, watched and repaired.");
  const ofWebhook = fieldset("Subscription at Close", manualChoice, automaticChoice);
  ofWebhook.dataset.key = "event.notification.subscription.provisioning";
  ofWebhook.append(h("p.fault"));
  const ofPolling = h("div.form", polled.map((it) => it.element));
  const turn = () => {
    ofWebhook.hidden = polling.checked;
    ofPolling.hidden = !polling.checked;
  };
  for (const it of [webhook, polling]) it.addEventListener("change", turn);
  turn();
  const outcome = h("div");
  const submit = h("button.primary", { type: "submit" }, "Create instance");
  const form = h("form.form", { novalidate: true },
    part("Instance", field("Name", name, { key: "name", hint: "It is in every callback." }), field("Tags", tags, { key: "tags", hint: "A comma list, also in every callback. Empty for the name." }), settings.key.element),
    part("Source", fieldset("How changes come", webhookChoice, pollingChoice), ofWebhook, ofPolling, settings.objects.element),
    part("Delivery", settings.url.element, settings.sign.element),
    outcome, h("div.row", submit, h("a.button", { href: "#/instances" }, "Cancel")));
  const body = () => {
    const configuration = { "event.notification.enabled": "true", "event.vendor.type": polling.checked ? "polling" : "webhook" };
    const set = ({ key }, { input }) => {
      if (input.value.trim()) configuration[key] = input.value.trim();
    };
    for (const [key, it] of Object.entries(COMMON)) set(it, settings[key]);
    if (polling.checked) POLLED.forEach((it, n) => set(it, polled[n]));
    if (webhook.checked && !manual.checked) configuration["event.notification.subscription.provisioning"] = "automatic";
    return { element: { key: "closeio" }, name: name.value.trim(), tags: list(tags.value), configuration };
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    clearFaults(form);
    replace(outcome, h("p.muted", { role: "status" }, "Creating…"));
    try {
      const made = await create(body());
      created(main, made);
    } catch (error) {
      showRefusal(form, outcome, error);
    } finally {
      submit.disabled = false;
    }
  });
  replace(main, h("div.head", h("h1", { tabindex: "-1" }, "New instance")), form);
}

/** What the API refuses, beside the fields; the rest, or another failure, in a notice. */
export function showRefusal(form, outcome, error) {
  if (!(error instanceof ApiError) || error.status !== 400) return replace(outcome, failure(error));
  const rest = showFaults(form, error.message);
  if (rest || error.provider) replace(outcome, failure(new ApiError(400, rest || "Close refused.", { providerMessage: error.provider, requestId: error.requestId })));
  else replace(outcome, h("div.notice.bad", { role: "alert" }, h("strong", "Not saved. The fields say what is wrong.")));
}

/** A comma list without its empty entries. */
export function list(text) {
  return text.split(",").map((it) => it.trim()).filter(Boolean);
}

function created(main, made) {
  const at = `/instances/${made.id}`;
  const token = made.token && !/^\*+$/.test(made.token);
  replace(main, h("div.head", h("h1", { tabindex: "-1" }, "Instance created")),
    h("section.card", h("div.body", h("dl.facts",
      made.subscriptionState === "manual" && made.configuration["event.vendor.type"] !== "polling" && fact("Webhook URL", made.webhookUrl, "Make a subscription at Close that posts here."),
      token && fact("Token", made.token, "For calls about this instance alone.")))),
    h("div.row", h("a.button.primary", { href: `#${at}/try` }, "Send a sample"), h("a.button", { href: `#${at}` }, "Open the instance")));
  main.querySelector("h1").focus();
}

function fact(name, value, hint) {
  return h("div", h("dt", name), h("dd", copyable(value, name), h("p.muted", hint)));
}

function part(name, ...content) {
  return h("section.card.part", h("header", h("h2", name)), h("div.body.form", content));
}

function fieldset(name, ...choices) {
  return h("fieldset", h("legend", name), h("div.choices", choices));
}

function choice(name, value, label, text, checked = false) {
  const input = h("input", { type: "radio", name, value, checked });
  return [h("label.choice", input, h("span", label, h("small", text))), input];
}
