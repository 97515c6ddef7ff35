// What the charts share: colours of the theme, axes, numbers.

import { dates, tag } from "./words.js";

export const DAY = 86400;
const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

/** A colour of the theme as the canvas understands it. */
export function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

export function number(value) {
  const size = Math.abs(value);
  return value.toLocaleString(tag, { maximumFractionDigits: size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3 });
}

/** Axes of time below and of `format`ted values at the left, over `span` seconds. */
export function axes(span, format) {
  const axis = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--faint"), width: 1 } };
  const dated = span > 4 * DAY ? dates.day : dates.hour;
  return [
    { ...axis, grid: { show: false }, size: 28, space: 72, values: (_, splits) => splits.map((one) => dated.format(one * 1000)) },
    { ...axis, size: 56, values: (_, splits) => splits.map(format) },
  ];
}

/** Puts a sentence where the chart would be. */
export function sayInstead(box, sentence) {
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = sentence;
  box.replaceChildren(line);
}

/** Calls `resize` when the box or the theme changes. */
export function watch(box, resize, redraw) {
  let asked = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(resize);
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
