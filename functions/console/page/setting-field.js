// One setting as a field, and what was changed in it.

import { button, h } from "./dom.js";
import { field } from "./form.js";

/**
 * A field for a setting with its present value. `changed()` is undefined while it is as it was, null when it was
 * emptied, else the new text. A secret is never shown; typing replaces it.
 */
export function settingField(setting, value = null) {
  const { kind = "text", key, label, hint, placeholder, make } = setting;
  const was = value ?? "";
  const secret = kind === "secret";
  const isSet = secret && was !== "";
  let input;
  if (kind === "area") input = h("textarea", { spellcheck: "false", value: was, placeholder });
  else if (kind === "switch") input = h("input", { type: "checkbox", checked: was.toLowerCase() === "true" });
  else {
    const type = kind === "number" ? { inputmode: "numeric" } : {};
    const shown = isSet ? "Set. Type to replace it" : placeholder;
    input = h("input", { type: "text", ...type, value: secret ? "" : was, placeholder: shown, spellcheck: "false", autocomplete: "off" });
  }
  let removed = false;
  input.addEventListener("input", () => (removed = false));
  const beside = [];
  if (make) {
    beside.push(button("Generate", "", () => {
      input.value = make();
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }));
  }
  if (isSet) {
    beside.push(button("Remove", "", () => {
      removed = true;
      input.value = "";
      input.placeholder = "Will be removed";
    }));
  }
  const element = kind === "switch" ? toggle(label, input, key) : field(label, input, { hint, key, beside: beside.length ? beside : null });
  const changed = () => {
    if (kind === "switch") return input.checked === (was.toLowerCase() === "true") ? undefined : String(input.checked);
    const now = kind === "area" ? input.value : input.value.trim();
    if (secret) return removed ? null : now || undefined;
    if (now === was) return undefined;
    return now === "" ? null : now;
  };
  return { element, input, changed };
}

function toggle(label, input, key) {
  const choice = h("label.row", input, label);
  return h("div.field", { "data-key": key }, choice, h("p.fault"));
}
