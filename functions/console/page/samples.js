// Webhooks as Close sends them.

export const KINDS = ["lead", "contact", "opportunity", "task.lead", "activity.note", "activity.call", "activity.email"];
export const ACTIONS = ["created", "updated", "deleted"];

const PREFIX = { lead: "lead", contact: "cont", opportunity: "oppo", task: "task", activity: "acti" };
const DATA = {
  lead: { name: "Wayne Enterprises", status_label: "Potential", url: "https://example.com" },
  contact: { name: "Bruce Wayne", title: "Chairman", emails: [{ email: "bruce@example.com", type: "office" }] },
  opportunity: { value: 50000, value_currency: "USD", value_period: "one_time", confidence: 60, status_label: "Active" },
  task: { text: "Send the contract", is_complete: false, due_date: "2026-12-01" },
  activity: { note: "They want to see a demo.", direction: "outbound" },
};

/** The letters of which the ids at Close consist. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

function id(prefix) {
  const letters = [...crypto.getRandomValues(new Uint8Array(22))].map((it) => LETTERS[it % LETTERS.length]);
  return `${prefix}_${letters.join("")}`;
}

/** A webhook about a new occurrence. */
export function sample(kind, action) {
  const family = kind.split(".")[0];
  const now = `${new Date().toISOString().slice(0, -1)}000`;
  const [object, lead] = [id(PREFIX[family]), id("lead")];
  const data = { id: object, ...DATA[family], date_created: now, date_updated: now };
  return {
    subscription_id: id("whsub"),
    event: {
      id: id("ev"),
      date_created: now,
      date_updated: now,
      organization_id: id("orga"),
      user_id: id("user"),
      object_type: kind,
      object_id: object,
      lead_id: family === "lead" ? object : lead,
      action,
      changed_fields: action === "updated" ? Object.keys(DATA[family]).slice(0, 1) : [],
      data: action === "deleted" ? null : data,
      previous_data: action === "created" ? {} : data,
    },
  };
}
