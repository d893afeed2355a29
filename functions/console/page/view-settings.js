// The settings of an instance, and its end.

import { change, instance as read, remove } from "./api.js";
import { isPolled } from "./attention.js";
import { button, foreign, h, replace, say } from "./dom.js";
import { clearFaults, field } from "./form.js";
import { actButton, instanceHead } from "./instance-parts.js";
import { settingField } from "./setting-field.js";
import { GROUPS, WRITTEN } from "./settings.js";
import { list, showRefusal } from "./view-create.js";
import { failure, load } from "./wait.js";

export async function settingsView({ main, title, signal, id }) {
  await load(main, signal, () => read(id, signal), (instance) => {
    title(`Settings of ${instance.name}`);
    replace(main, instanceHead(instance, "/settings"), form(instance, () => settingsView({ main, title, signal, id })), end(instance));
  });
}

function form(instance, reload) {
  const settings = instance.configuration;
  const name = h("input", { type: "text", value: instance.name, autocomplete: "off" });
  const tags = h("input", { type: "text", value: instance.tags.join(", "), autocomplete: "off" });
  const fields = new Map();
  const make = (it) => {
    const made = settingField(it, settings[it.key]);
    fields.set(it.key, made);
    return made.element;
  };
  const groups = GROUPS.filter(([group]) => group !== "Polling" || isPolled(instance)).map(([group, them]) => part(group, them.map(make)));
  const known = new Set([...WRITTEN, ...GROUPS.flatMap(([, them]) => them.map((it) => it.key))]);
  const others = Object.keys(settings).filter((key) => !known.has(key)).map((key) => make({ key, label: key, kind: /^\*+$/.test(settings[key] ?? "") ? "secret" : "text" }));
  const outcome = h("div");
  const submit = h("button.primary", { type: "submit" }, "Save changes");
  const element = h("form.form", { novalidate: true },
    part("Instance", field("Name", name, { key: "name" }), field("Tags", tags, { key: "tags", hint: "A comma list." })),
    groups,
    others.length > 0 && part("Other settings", others),
    written(settings),
    outcome, h("div.row", submit));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    clearFaults(element);
    const body = changes(instance, name.value.trim(), list(tags.value), fields);
    if (!Object.keys(body).length) return replace(outcome, h("p.muted", { role: "status" }, "Nothing has changed."));
    submit.disabled = true;
    replace(outcome, h("p.muted", { role: "status" }, "Saving…"));
    try {
      await change(instance.id, body);
      say("Saved");
      await reload();
    } catch (error) {
      showRefusal(element, outcome, error);
    } finally {
      submit.disabled = false;
    }
  });
  return element;
}

/** The body of the change: only what is different. */
function changes(instance, name, tags, fields) {
  const body = {};
  if (name !== instance.name) body.name = name;
  if (tags.join() !== instance.tags.join()) body.tags = tags;
  const configuration = {};
  for (const [key, it] of fields) {
    const value = it.changed();
    if (value !== undefined) configuration[key] = value;
  }
  if (Object.keys(configuration).length) body.configuration = configuration;
  return body;
}

function written(settings) {
  const set = WRITTEN.filter((key) => settings[key]);
  if (!set.length) return null;
  const fact = (key) => h("div", h("dt", foreign(key)), h("dd", foreign(settings[key])));
  return h("details", h("summary", "Written by this system, or chosen once"), h("div.card", h("dl.facts.body", set.map(fact))));
}

/** Disabling, and deleting with the name typed. */
function end(instance) {
  const typed = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const outcome = h("div");
  const go = button("Delete instance", "danger", async () => {
    if (typed.value.trim() !== instance.name.trim()) {
      replace(outcome, h("p.fault", { role: "alert" }, "Type the name of the instance exactly."));
      typed.focus();
      return;
    }
    try {
      await remove(instance.id);
      say("Deleted");
      location.hash = "#/instances";
    } catch (error) {
      replace(outcome, failure(error));
    }
  });
  const turn = instance.disabled ? actButton(instance, "Enable", "enable", "primary") : actButton(instance, "Disable", "disable");
  return h("section.card.part.narrow.danger-zone", h("header", h("h2", "Disable or delete")), h("div.body.form",
    h("div", h("p.muted", "A disabled instance refuses webhooks and delivers nothing; its events and settings stay.")),
    h("div.row", turn),
    h("div", h("p.muted", "A deleted instance is gone at once, with its token, and with its subscription at Close if this system made it. Its events expire by themselves.")),
    field("Name of the instance, to delete it", typed, { beside: go }),
    outcome));
}

function part(name, ...content) {
  return h("section.card.part", h("header", h("h2", name)), h("div.body.form", content));
}
