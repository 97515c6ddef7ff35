// The lab's curves: one failure mode, every chosen model on the same axes.

import { colour, number, sayInstead, watch } from "./plot.js";
import { say, tag } from "./words.js";

const card = document.getElementById("curves");
const mode = document.getElementById("curve-mode");
const boxes = [...document.querySelectorAll("#curves .chart")];
// One colour and one dash a model, as the key shows them.
const PENS = [["--mark-watch", []], ["--mark-critical", [7, 4]], ["--mark-ok", [2, 3]], ["--mark-soon", [9, 3, 2, 3]]];
const SHOWN = 0.95; // The gain's axis ends a little after the share of its best that anybody reached.
let models = [];
let currency = "";
const plots = new Map();

const percent = (value) => value.toLocaleString(tag, { style: "percent", maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0 });
const money = (value) => value.toLocaleString(tag, { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 });

const CURVES = {
  reliability: { of: (one) => ({ x: one.reliability.predicted, y: one.reliability.observed }), x: percent, y: percent, points: true },
  recall: { of: (one) => one.precision_recall, x: percent, y: percent },
  lead: { of: (one) => one.lead, x: number, y: percent },
  cost: { of: (one) => one.cost, x: percent, y: money },
  gain: { of: (one) => one.gain, x: number, y: percent },
  learning: { of: (one) => one.learning, x: number, y: number },
};

function drawDiagonal(u) {
  const { ctx } = u;
  const end = Math.min(u.scales.x.max, u.scales.y.max);
  ctx.save();
  ctx.strokeStyle = colour("--quiet");
  ctx.setLineDash([2 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(u.valToPos(0, "x", true), u.valToPos(0, "y", true));
  ctx.lineTo(u.valToPos(end, "x", true), u.valToPos(end, "y", true));
  ctx.stroke();
  ctx.restore();
}

function drawRanges(u, found) {
  const { ctx } = u;
  ctx.save();
  ctx.lineWidth = 1.25 * uPlot.pxRatio;
  found.forEach(({ pen, own }) => {
    ctx.strokeStyle = colour(pen[0]);
    const { predicted, low, high } = own.reliability;
    predicted.forEach((value, at) => {
      const x = u.valToPos(value, "x", true);
      ctx.beginPath();
      ctx.moveTo(x, u.valToPos(low[at], "y", true));
      ctx.lineTo(x, u.valToPos(Math.min(high[at], u.scales.y.max), "y", true));
      ctx.stroke();
    });
  });
  ctx.restore();
}

// Where each model's alerts open, and what doing nothing costs.
function drawLines(u, found) {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.lineWidth = 1.25 * ratio;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  const y = Math.round(u.valToPos(found[0].own.doing_nothing, "y", true)) + 0.5;
  ctx.strokeStyle = ctx.fillStyle = colour("--quiet");
  ctx.setLineDash([2 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.fillText(say("doing_nothing"), bbox.left + bbox.width, y - 6 * ratio);
  ctx.setLineDash([]);
  found.forEach(({ pen, own }) => {
    if (own.line === null) return;
    const x = u.valToPos(own.line, "x", true);
    ctx.fillStyle = colour(pen[0]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + bbox.height - 8 * ratio);
    ctx.lineTo(x + 5 * ratio, bbox.top + bbox.height);
    ctx.lineTo(x - 5 * ratio, bbox.top + bbox.height);
    ctx.fill();
  });
  ctx.restore();
}

const EXTRAS = {
  reliability: (found) => (u) => { drawDiagonal(u); drawRanges(u, found); },
  cost: (found) => (u) => drawLines(u, found),
};

function topOf(name, found) {
  if (name === "reliability") return Math.max(0.05, ...found.flatMap(({ own }) => [...own.reliability.predicted, ...own.reliability.observed])) * 1.1;
  if (name === "cost") return Math.max(...found.map(({ own }) => own.doing_nothing)) * 1.25;
  if (name === "learning") return Math.max(...found.flatMap(({ own }) => own.learning.y));
  return 1.02;
}

// A loss falls by a few percent; from zero it would look flat.
function bottomOf(name, found) {
  if (name !== "learning") return 0;
  const all = found.flatMap(({ own }) => own.learning.y);
  return Math.min(...all) - 0.05 * (Math.max(...all) - Math.min(...all));
}

function endOf(name, found) {
  if (name === "reliability") return topOf(name, found);
  if (name === "gain") {
    const reached = found.map(({ own: { gain } }) => gain.x[gain.y.findIndex((y) => y >= SHOWN * Math.max(...gain.y))]);
    return Math.max(0.1, ...reached) * 1.2;
  }
  return Math.max(...found.flatMap(({ own }) => CURVES[name].of(own).x));
}

const drawNothing = () => {};

function tell(name, found, u) {
  const { of, x: asX, y: asY } = CURVES[name];
  const readout = document.getElementById(`readout-${name}`);
  const at = u.cursor.idx;
  if (at === null || at === undefined) { readout.textContent = readout.dataset.axis; return; }
  const x = u.data[0][at];
  const parts = found.flatMap(({ name: model, own }) => {
    const line = of(own);
    const near = line.x.reduce((best, value, place) => (Math.abs(value - x) < Math.abs(line.x[best] - x) ? place : best), 0);
    const value = document.createElement("b");
    value.textContent = asY(line.y[near]);
    return [`${model} `, value, ", "];
  });
  readout.replaceChildren(`${asX(x)}: `, ...parts.slice(0, -1));
}

function axes(name) {
  const axis = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--faint"), width: 1 } };
  return [
    { ...axis, grid: { show: false }, size: 28, space: 48, values: (_, splits) => splits.map(CURVES[name].x) },
    { ...axis, size: 52, values: (_, splits) => splits.map(CURVES[name].y) },
  ];
}

function draw(box) {
  const name = box.dataset.curve;
  plots.get(name)?.destroy();
  plots.delete(name);
  const found = models.map((one, place) => ({ name: one.name, pen: PENS[place], own: one.modes.find((own) => own.mode === mode.value) })).filter(({ own }) => own);
  box.replaceChildren();
  if (!found.length) { sayInstead(box, say("no_curves")); return; }
  if (name === "lead" && found.every(({ own }) => !own.lead.y[0])) { sayInstead(box, say("no_lead")); return; }
  const joined = uPlot.join(found.map(({ own }) => { const line = CURVES[name].of(own); return [line.x, line.y]; }));
  const { points } = CURVES[name];
  plots.set(name, new uPlot({
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [0, endOf(name, found)] }, y: { range: [bottomOf(name, found), topOf(name, found)] } },
    axes: axes(name),
    series: [{}, ...found.map(({ pen }) => ({ stroke: colour(pen[0]), fill: undefined, width: points ? 1 : 1.75, dash: pen[1], spanGaps: true, points: { show: Boolean(points), size: 6, fill: colour(pen[0]) } }))],
    hooks: { setCursor: [(u) => tell(name, found, u)], ready: [(u) => tell(name, found, u)], draw: [EXTRAS[name]?.(found) ?? drawNothing] },
  }, joined, box));
}

const drawAll = () => boxes.forEach(draw);

async function load() {
  const wanted = JSON.parse(card.dataset.models);
  try {
    models = await Promise.all(wanted.map(async ([id, name]) => {
      const answer = await fetch(`/api/models/${encodeURIComponent(id)}/curves`);
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.detail);
      currency = found.currency || currency;
      return { name, modes: found.modes };
    }));
    // The mode that begins is one that has curves.
    const drawn = new Set(models.flatMap((one) => one.modes.map((own) => own.mode)));
    const first = [...mode.options].find((option) => drawn.has(option.value));
    if (first) mode.value = first.value;
    drawAll();
  } catch {
    boxes.forEach((box) => sayInstead(box, say("away")));
  } finally {
    boxes.forEach((box) => box.setAttribute("aria-busy", "false"));
  }
}

if (card) {
  mode.addEventListener("change", drawAll);
  boxes.forEach((box) => watch(box, () => plots.get(box.dataset.curve)?.setSize({ width: box.clientWidth, height: box.clientHeight }), () => models.length && draw(box)));
  load();
}
