// The way in: the secrets of a user and of its organization.

import { ApiError, instances } from "./api.js";
import { h, replace } from "./dom.js";
import { field } from "./form.js";
import { signIn, signOut } from "./session.js";
import { failure } from "./wait.js";

/** Asks for the secrets, tries them, and calls `done`. */
export function signInView(root, done, message = "") {
  document.title = "Sign in · Close events";
  const [user, userInput] = secret("User secret", "user");
  const [organization, organizationInput] = secret("Organization secret", "organization");
  const outcome = h("div", message && h("div.notice.warn", { role: "alert" }, h("strong", message)));
  const submit = h("button.primary", { type: "submit" }, "Sign in");
  const form = h("form.form", { novalidate: true, autocomplete: "off" }, user, organization, outcome, submit);
  // Whoever pastes a whole Authorization header means both.
  form.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    const found = /User\s+([^\s,]+)\s*,\s*Organization\s+([^\s,]+)/i.exec(pasted);
    if (!found) return;
    event.preventDefault();
    [userInput.value, organizationInput.value] = [found[1], found[2]];
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    const [one, other] = [userInput.value.trim(), organizationInput.value.trim()];
    if (!one || !other) {
      replace(outcome, h("div.notice.bad", { role: "alert" }, h("strong", "Both secrets are needed.")));
      (one ? organizationInput : userInput).focus();
      return;
    }
    submit.disabled = true;
    signIn(one, other);
    try {
      await instances({ pageSize: 1 });
      done();
    } catch (error) {
      signOut();
      // The refusal has shown this form anew, with a text for those who were signed in before.
      if (error instanceof ApiError && error.status === 401) signInView(root, done, "These secrets are not valid.");
      else replace(outcome, failure(error));
    } finally {
      submit.disabled = false;
    }
  });
  const icon = document.querySelector("link[rel=icon]")?.getAttribute("href");
  replace(root, h("main.signin", h("div.card",
    h("div.view",
      h("div.brand", h("img", { src: icon, alt: "" }), "Close events"),
      h("div", h("h1", { tabindex: "-1" }, "Sign in"),
        h("p.muted", "With the secrets that you call the API with. They stay in this tab and are forgotten when you close it."))),
    form,
    h("p.small-text.muted", "On your own machine, ", h("code", "cargo run -p local"), " prints a link that signs in."))));
  userInput.focus();
}

function secret(label, name) {
  const input = h("input", { type: "password", name, autocomplete: "off", spellcheck: "false", required: true });
  return [field(label, input), input];
}
