// Events by interval, drawn, with the numbers at hand.

import { h, svg } from "./dom.js";
import { barText, count, timeText } from "./format.js";
import { row, table } from "./table.js";

// On a phone the drawing is as wide as the screen, so that its text stays as large as other text.
const NARROW = matchMedia("(max-width: 760px)").matches;
const WIDTH = NARROW ? 340 : 960;
const HEIGHT = 200;
const LEFT = 36;
const BOTTOM = 24;

/** The intervals of an analytics answer, summed over its records (or those of one instance). */
export function sums(groups, instance = null) {
  return groups.map(({ timestamp, records }) => {
    const sum = { at: timestamp, good: 0, bad: 0, busy: 0, all: 0 };
    for (const record of records) {
      if (instance && String(record.instanceId) !== String(instance)) continue;
      sum.all += record.count;
      sum.good += record.success;
      sum.bad += record.failed;
    }
    sum.busy = Math.max(0, sum.all - sum.good - sum.bad);
    return sum;
  });
}

/** All intervals together. */
export function total(bars) {
  const add = (a, b) => ({ good: a.good + b.good, bad: a.bad + b.bad, busy: a.busy + b.busy, all: a.all + b.all });
  return bars.reduce(add, { good: 0, bad: 0, busy: 0, all: 0 });
}

/** The drawing, its legend, and the same as a table. */
export function chart(bars, step) {
  const all = total(bars);
  const top = nice(Math.max(1, ...bars.map((bar) => bar.all)));
  const words = `${count(all.all, "event")}: ${all.good} delivered, ${all.bad} failed, ${all.busy} in progress.`;
  const label = `Events by ${step}. ${words} The numbers follow.`;
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, lines(top), bars.map((bar, n) => column(bar, n, bars.length, top, step)), marks(bars, step));
  const rows = bars.map((bar) => row(timeText(bar.at), [bar.all, "Events", "number"], [bar.good, "Delivered", "number"], [bar.bad, "Failed", "number"], [bar.busy, "In progress", "number"]));
  const numbers = table(`Events by ${step}`, ["From", ["Events", "number"], ["Delivered", "number"], ["Failed", "number"], ["In progress", "number"]], rows);
  return h("div.chart", drawing,
    h("div.legend", entry("good", "Delivered"), entry("bad", "Failed or dropped"), entry("busy", "In progress")),
    h("details", h("summary", "Numbers"), numbers.element));
}

function entry(kind, text) {
  return h("span", h(`i.${kind}`), text);
}

/** The next round number. */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= most);
}

function lines(top) {
  const at = (part) => HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - 12);
  const parts = top >= 2 ? [0, 0.5, 1] : [0, 1];
  return parts.map((part) => [
    svg("line.grid", { x1: LEFT, x2: WIDTH, y1: at(part), y2: at(part) }),
    svg("text", { x: LEFT - 8, y: at(part) + 4, "text-anchor": "end" }, (top * part).toLocaleString("en")),
  ]);
}

function column(bar, n, count, top, step) {
  const space = (WIDTH - LEFT) / count;
  const width = Math.max(1, Math.min(28, space * 0.68));
  const x = LEFT + n * space + (space - width) / 2;
  const scale = (HEIGHT - BOTTOM - 12) / top;
  let y = HEIGHT - BOTTOM;
  const part = (kind) => {
    const height = bar[kind] * scale;
    if (!height) return null;
    y -= height;
    return svg(`rect.${kind}`, { x, y, width, height, rx: Math.min(2, height / 2) });
  };
  const parts = ["good", "busy", "bad"].map(part);
  const title = `${barText(bar.at, step)}: ${bar.all} events, ${bar.good} delivered, ${bar.bad} failed`;
  const whole = svg("rect", { x: LEFT + n * space, y: 0, width: space, height: HEIGHT - BOTTOM, fill: "transparent" });
  return svg("g", svg("title", title), whole, parts);
}

function marks(bars, step) {
  const space = (WIDTH - LEFT) / bars.length;
  const every = Math.ceil(bars.length / (NARROW ? 4 : 8));
  return bars.map((bar, n) =>
    n % every === 0 && svg("text", { x: LEFT + (n + 0.5) * space, y: HEIGHT - 6, "text-anchor": "middle" }, barText(bar.at, step)));
}
