// Tables that say what they are even where a narrow screen shows their rows as blocks.

import { h } from "./dom.js";

/** A table with these columns (`[name, class]`) and rows of cells. */
export function table(label, columns, rows) {
  const names = columns.map((column) => (Array.isArray(column) ? column[0] : column));
  const heads = columns.map((column) => (Array.isArray(column) ? h(`th.${column[1]}`, head, column[0]) : h("th", head, column)));
  const body = h("tbody", { role: "rowgroup" }, rows);
  const element = h("div.scroll", h("table.stacks", { role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), body));
  return { element, body, names };
}

const head = { role: "columnheader", scope: "col" };

/** A row; a cell is its content, or `[content, name, class]` where a narrow screen names it. */
export function row(...cells) {
  const cell = (it) => {
    if (!Array.isArray(it)) return h("td", { role: "cell" }, it);
    const [content, name, kind] = it;
    return h(kind ? `td.${kind}` : "td", { role: "cell", "data-name": name }, content);
  };
  return h("tr", { role: "row" }, cells.map(cell));
}
