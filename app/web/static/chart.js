// One signal against its expected band, with what happened marked on the same time axis.

import { axes, colour, DAY, number, sayInstead, watch } from "./plot.js";
import { conversion, dates, say } from "./words.js";

const box = document.getElementById("chart");
const readout = document.getElementById("readout");
const signal = document.getElementById("signal");
const days = document.getElementById("days");
const MARKS = { fault_code: "--mark-soon", alert_opened: "--mark-critical", failure: "--mark-critical", alert_resolved: "--mark-ok", replacement: "--mark-ok", finding: "--mark-ok" };
let plot = null;
let shown = null;
let asked = 0;

// A line across a month without data would tell a story that nobody measured.
function withGaps(found) {
  const gap = Math.max(3 * DAY, (3 * (found.until_ms - found.since_ms)) / 500000);
  const columns = [[], [], [], []];
  let before = null;
  found.time_ms.forEach((time, at) => {
    const x = time / 1000;
    if (before !== null && x - before > gap) [(before + x) / 2, null, null, null].forEach((v, i) => columns[i].push(v));
    [x, found.low[at], found.high[at], found.value[at]].forEach((v, i) => columns[i].push(v));
    before = x;
  });
  return columns;
}

function drawMarks(u) {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const ends = [0, 0];
  for (const mark of shown.marks) {
    const x = Math.round(u.valToPos(mark.time_ms / 1000, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colour(MARKS[mark.kind] ?? "--quiet");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const label = mark.kind === "fault_code" ? mark.label : say(`mark_${mark.kind}`);
    const width = ctx.measureText(label).width;
    const left = Math.min(x + 4 * ratio, bbox.left + bbox.width - width);
    const line = ends.findIndex((end) => left > end + 8 * ratio);
    if (line < 0) continue;
    ctx.fillStyle = colour("--quiet");
    ctx.fillText(label, left, bbox.top - (28 - 14 * line) * ratio);
    ends[line] = left + width;
  }
  ctx.strokeStyle = colour("--mark-critical");
  ctx.setLineDash([1 * ratio, 3 * ratio]);
  for (const limit of [shown.low_limit, shown.high_limit]) {
    if (limit === null || limit < u.scales.y.min || limit > u.scales.y.max) continue;
    const y = Math.round(u.valToPos(limit, "y", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function tell(u) {
  const at = u.cursor.idx;
  const [times, low, high, values] = u.data;
  const place = at ?? times.length - 1;
  if (values[place] === null || values[place] === undefined) return;
  const unit = shown.signal.unit ? `\u00a0${shown.signal.unit}` : "";
  const expected = low[place] === null ? "" : `, ${say("expected", { low: number(low[place]), high: number(high[place]) })}${unit}`;
  const value = document.createElement("b");
  value.textContent = `${number(values[place])}${unit}`;
  const time = dates.minute.format(times[place] * 1000);
  readout.replaceChildren(`${at === null || at === undefined ? say("newest", { time }) : say("at", { time })} `, value, expected);
}

// Everything in the viewer's units, once.
function converted(found) {
  const [factor, offset, unit] = conversion(found.signal.unit);
  const turn = (one) => (one === null ? null : factor * one + offset);
  return {
    ...found,
    signal: { ...found.signal, unit },
    value: found.value.map(turn),
    low: found.low.map(turn),
    high: found.high.map(turn),
    low_limit: turn(found.low_limit),
    high_limit: turn(found.high_limit),
  };
}

function options(width, height) {
  const span = (shown.until_ms - shown.since_ms) / 1000;
  return {
    width,
    height,
    padding: [32, 8, 0, 0],
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { range: () => [Math.max(shown.since_ms, shown.time_ms[0]) / 1000, shown.until_ms / 1000] } },
    axes: axes(span, number),
    series: [
      {},
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
      // The measured line comes last, over its band.
      { stroke: colour("--accent"), width: 1.75, points: { show: shown.time_ms.length < 40 } },
    ],
    bands: [{ series: [2, 1], fill: colour("--band") }],
    hooks: { draw: [drawMarks], setCursor: [tell], ready: [tell] },
  };
}

function sayNothingToDraw(sentence) {
  plot?.destroy();
  plot = null;
  sayInstead(box, sentence);
  readout.replaceChildren("\u00a0");
  document.getElementById("key").hidden = true;
}

function draw() {
  if (!shown) return;
  if (!shown.time_ms.length) {
    sayNothingToDraw(say("no_data"));
    return;
  }
  plot?.destroy();
  box.replaceChildren();
  plot = new uPlot(options(box.clientWidth, box.clientHeight), withGaps(shown), box);
  const banded = shown.low.some((value) => value !== null);
  const inRange = [shown.low_limit, shown.high_limit].some((limit) => limit !== null && limit >= plot.scales.y.min && limit <= plot.scales.y.max);
  document.getElementById("key").hidden = false;
  document.getElementById("key-band").hidden = !banded;
  document.getElementById("key-limit").hidden = !inRange;
}

async function load() {
  const mine = ++asked;
  box.setAttribute("aria-busy", "true");
  const query = new URLSearchParams({ signal: signal.value, days: days.value, points: Math.max(60, Math.round(box.clientWidth / 4)) });
  try {
    const answer = await fetch(`/api/vehicles/${encodeURIComponent(box.dataset.vehicle)}/history?${query}`);
    const found = await answer.json();
    if (mine !== asked) return;
    if (!answer.ok) { sayNothingToDraw(found.detail); return; }
    shown = converted(found);
    const { unit } = shown.signal;
    document.getElementById("signal-title").textContent = `${signal.selectedOptions[0].text}${unit ? `, ${unit}` : ""}`;
    draw();
  } catch {
    if (mine === asked) sayNothingToDraw(say("away"));
  } finally {
    if (mine === asked) box.setAttribute("aria-busy", "false");
  }
}

signal.addEventListener("change", load);
days.addEventListener("change", load);
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-signal]");
  if (!link) return;
  signal.value = link.dataset.signal;
  load();
});
watch(box, () => plot?.setSize({ width: box.clientWidth, height: box.clientHeight }), draw);
if (signal.options.length) load();
else sayNothingToDraw(say("no_profile"));
