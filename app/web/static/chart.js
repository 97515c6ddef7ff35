// One signal against its expected band, with what happened marked on the same time axis.

const box = document.getElementById("chart");
const readout = document.getElementById("readout");
const signal = document.getElementById("signal");
const days = document.getElementById("days");
const DAY = 86400;
const MARKS = { fault_code: "--mark-soon", alert_opened: "--mark-critical", failure: "--mark-critical", alert_resolved: "--mark-ok", replacement: "--mark-ok", finding: "--mark-ok" };
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const minuteFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const hourFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
let plot = null;
let shown = null;
let asked = 0;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const text = (value) => {
  const size = Math.abs(value);
  return value.toLocaleString(undefined, { maximumFractionDigits: size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3 });
};

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
    const width = ctx.measureText(mark.label).width;
    const left = Math.min(x + 4 * ratio, bbox.left + bbox.width - width);
    const line = ends.findIndex((end) => left > end + 8 * ratio);
    if (line < 0) continue;
    ctx.fillStyle = colour("--quiet");
    ctx.fillText(mark.label, left, bbox.top - (28 - 14 * line) * ratio);
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
  const unit = shown.signal.unit ? ` ${shown.signal.unit}` : "";
  const expected = low[place] === null ? "" : `, expected ${text(low[place])} to ${text(high[place])}${unit}`;
  const value = document.createElement("b");
  value.textContent = `${text(values[place])}${unit}`;
  readout.replaceChildren(`${at === null || at === undefined ? "Newest, " : ""}${minuteFormat.format(times[place] * 1000)}: `, value, expected);
}

function options(width, height) {
  const axis = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--faint"), width: 1 } };
  const span = (shown.until_ms - shown.since_ms) / 1000;
  const format = span > 4 * DAY ? dayFormat : hourFormat;
  return {
    width,
    height,
    padding: [32, 8, 0, 0],
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { range: () => [Math.max(shown.since_ms, shown.time_ms[0]) / 1000, shown.until_ms / 1000] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 72, values: (_, splits) => splits.map((one) => format.format(one * 1000)) },
      { ...axis, size: 48, values: (_, splits) => splits.map((one) => one.toLocaleString()) },
    ],
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

function say(sentence) {
  plot?.destroy();
  plot = null;
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = sentence;
  box.replaceChildren(line);
  readout.replaceChildren("\u00a0");
  document.getElementById("key").hidden = true;
}

function draw() {
  if (!shown) return;
  if (!shown.time_ms.length) {
    say("No data of this signal in this span. Look further back, or at another signal.");
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
    if (!answer.ok) { say(found.detail); return; }
    shown = found;
    const { label, unit } = found.signal;
    document.getElementById("signal-title").textContent = `${label}${unit ? `, ${unit}` : ""}`;
    draw();
  } catch {
    if (mine === asked) say("Telltale doesn't answer; reload to try again.");
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
let resizing = 0;
new ResizeObserver(() => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => plot?.setSize({ width: box.clientWidth, height: box.clientHeight }));
}).observe(box);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
if (signal.options.length) load();
else say("This vehicle's profile isn't known here, so its signals have no names.");
