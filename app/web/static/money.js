// The fleet's risk as money, day by day.

import { axes, colour, number, sayInstead, watch } from "./plot.js";
import { dates, say, tag } from "./words.js";

const box = document.getElementById("money");
const readout = document.getElementById("money-readout");
let plot = null;
let shown = null;

const money = (value) => value.toLocaleString(tag, { style: "currency", currency: shown.currency, maximumFractionDigits: 0 });

function tell(u) {
  const at = u.cursor.idx ?? u.data[0].length - 1;
  const value = document.createElement("b");
  value.textContent = money(u.data[1][at]);
  const less = shown.sampled < shown.vehicles ? `, ${say("sampled", { sampled: number(shown.sampled), vehicles: number(shown.vehicles) })}` : "";
  readout.replaceChildren(`${say("at", { time: dates.day.format(u.data[0][at] * 1000) })} `, value, less);
}

function draw() {
  if (!shown) return;
  plot?.destroy();
  box.replaceChildren();
  const times = shown.time_ms.map((time) => time / 1000);
  plot = new uPlot({
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_, low, high) => [0, high * 1.1 || 1] } },
    axes: axes(times.at(-1) - times[0], (one) => one.toLocaleString(tag, { style: "currency", currency: shown.currency, notation: "compact", maximumFractionDigits: 1 })),
    series: [{}, { stroke: colour("--accent"), width: 1.75, fill: colour("--band"), points: { show: times.length < 3 } }],
    hooks: { setCursor: [tell], ready: [tell] },
  }, [times, shown.money], box);
}

async function load() {
  try {
    const answer = await fetch("/api/figures/expected-cost");
    const found = await answer.json();
    if (!answer.ok) sayInstead(box, found.detail);
    else if (!found.time_ms.length) sayInstead(box, say("no_curve"));
    else { shown = found; draw(); }
  } catch {
    sayInstead(box, say("away"));
  } finally {
    box.setAttribute("aria-busy", "false");
  }
}

if (box) {
  watch(box, () => plot?.setSize({ width: box.clientWidth, height: box.clientHeight }), draw);
  load();
}
