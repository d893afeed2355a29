// The list of instances.

import { analytics, instances } from "./api.js";
import { isPolled, state } from "./attention.js";
import { button, foreign, h, link, replace, say } from "./dom.js";
import { badge, count, time } from "./format.js";
import { row, table } from "./table.js";
import { tags } from "./instance-parts.js";
import { failure, load } from "./wait.js";

const PAGE = 50;

export async function instancesView({ main, title, signal, query }) {
  title("Instances");
  const search = h("input", { type: "search", placeholder: "Search by name or tag", "aria-label": "Search by name or tag", value: query.get("search") ?? "" });
  const list = h("div");
  const chosen = query.getAll("tag");
  const go = () => {
    const next = new URLSearchParams(search.value.trim() ? { search: search.value.trim() } : {});
    for (const tag of chosen) next.append("tag", tag);
    history.replaceState(null, "", `#/instances${next.size ? `?${next}` : ""}`);
    find();
  };
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(go, 250);
  });
  const tagRow = h("div.row");
  const showTags = () => replace(tagRow, chosen.length > 0 && h("span.muted", "Tagged"), chosen.map((tag) => button([foreign(tag, 40), " ×"], "small", () => {
    chosen.splice(chosen.indexOf(tag), 1);
    showTags();
    go();
  })));
  showTags();
  replace(main,
    h("div.head", h("h1", { tabindex: "-1" }, "Instances"), h("a.button.primary", { href: "#/instances/new" }, "Create an instance")),
    h("section.card", h("header", h("div", { class: "field" }, search), tagRow), list));

  const traffic = analytics({ interval: "day" }, signal).then(byInstance).catch(() => null);
  const ask = (nextPage) => instances({ searchText: search.value.trim(), "tags[]": chosen, pageSize: PAGE, nextPage }, signal);
  async function find() {
    await load(list, signal, () => ask(null), async (page) => {
      if (!page.items.length) return replace(list, empty(search.value.trim() || chosen.length));
      const counts = await traffic;
      const { element, body } = table("Instances", ["Instance", "State", "Callback", ["Last 24 hours", "number"], "Created"], page.items.map((it) => line(it, counts)));
      replace(list, element, more(page.next, body, counts));
      say(count(page.items.length, "instance"));
    });
  }
  function more(next, body, counts) {
    if (!next) return null;
    const place = h("div.more", button("Load more", "", async () => {
      try {
        const page = await ask(next);
        body.append(...page.items.map((it) => line(it, counts)));
        place.replaceWith(more(page.next, body, counts) ?? "");
      } catch (error) {
        place.append(failure(error));
      }
    }));
    return place;
  }
  await find();
}

/** How many events each instance had, and how many of them failed; null where there were too many to count. */
function byInstance(groups) {
  const found = new Map();
  for (const { records } of groups) {
    for (const it of records) {
      const { all = 0, bad = 0 } = found.get(it.instanceId) ?? {};
      found.set(it.instanceId, { all: all + it.count, bad: bad + it.failed });
    }
  }
  return found;
}

function line(instance, counts) {
  const at = `/instances/${instance.id}`;
  const { all, bad } = counts?.get(instance.id) ?? { all: 0, bad: 0 };
  const numbers = counts ? h("span", all.toLocaleString("en"), bad > 0 && h("span.sub", link(`${at}/events?state=failed`, `${bad} failed`))) : "—";
  return row(
    h("div", h("a.main", { href: `#${at}` }, foreign(instance.name, 120)), h("span.sub", isPolled(instance) ? "Polling" : "Webhook", " · ", String(instance.id), " ", tags(instance))),
    [badge(...state(instance)), "State"],
    [foreign(host(instance.configuration["event.notification.callback.url"]), 60), "Callback"],
    [numbers, "Last 24 hours", "number"],
    [time(instance.createdDate), "Created"]);
}

function host(url) {
  try {
    return new URL(url).host;
  } catch {
    return url ?? "None";
  }
}

function empty(filtered) {
  if (filtered) return h("div.empty", h("h3", "No instance fits"), h("p", "Search for a part of its name or of a tag."));
  return h("div.empty", h("h3", "No instances yet"), h("p", "An instance connects a Close account to a callback URL of yours."),
    h("a.button.primary", { href: "#/instances/new" }, "Create an instance"));
}
