// Keeps a page live: times in the viewer's zone, changed parts without a reload, forms as JSON.

import { ago, dates, say } from "./words.js";

const REFRESH_MS = 500; // Twice a second is enough for a person, however fast the events come.
const LOOK_AGAIN_MS = 30000;
const SENT_MS = 30000;

function showTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    const moment = new Date(element.dateTime);
    const style = element.dataset.style;
    element.textContent = style === "ago" ? ago(moment) : dates[style].format(moment);
    element.title = dates.whole.format(moment);
  }
}

// The server writes times in this zone from the next page on.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`zone=${encodeURIComponent(zone)}`)) {
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
}

// Addresses posted to, until the page shows what came of it.
const sent = new Map();

function showSent(root) {
  for (const button of root.querySelectorAll("button[data-post]")) {
    if (Date.now() - (sent.get(button.dataset.post) ?? 0) > SENT_MS) continue;
    button.textContent = say("sent");
    button.disabled = true;
  }
}

// What htmx is about to put into the page reads as the page does; rows that are new show it.
document.addEventListener("htmx:before:swap", (event) => {
  // Asked before the person chose something else, answered after it.
  if (event.detail.ctx.sourceElement?.id === "main" && asked !== location.href) {
    event.preventDefault();
    again = true;
    return;
  }
  const known = new Set([...document.querySelectorAll("tr[id]")].map((row) => row.id));
  for (const { fragment } of event.detail.tasks) {
    showTimes(fragment);
    showSent(fragment);
    for (const row of fragment.querySelectorAll("tr[id]")) {
      row.classList.toggle("fresh", !known.has(row.id) || document.getElementById(row.id).matches(".fresh"));
    }
  }
});

let waiting = false;
let again = false;
let asked = "";
export async function refresh() {
  if (waiting) { again = true; return; }
  waiting = true;
  asked = location.href;
  const address = new URL(asked);
  address.searchParams.set("part", "live");
  address.hash = "";
  try {
    await htmx.ajax("GET", address.pathname + address.search, { swap: "none", source: "#main", push: "false" });
  } finally {
    setTimeout(() => { waiting = false; if (again) { again = false; refresh(); } }, REFRESH_MS);
  }
}

/** Says what came of something, to eyes and ears. */
export function told(text, bad = false) {
  const place = document.getElementById("toast") ?? document.getElementById("told");
  place.textContent = text;
  place.classList.toggle("bad", bad);
}

function announce(alert) {
  if (alert.state !== "open") return;
  document.getElementById("told").textContent = say("alert_told", { vehicle: alert.vehicle_id, mode: alert.mode_label, severity: say(`severity_${alert.severity}`) });
}

function listen(subject) {
  const all = subject === "fleet" || subject === "alerts";
  const link = document.getElementById("link");
  const show = (text, away) => { link.hidden = false; link.textContent = text; link.classList.toggle("away", away); };
  const source = new EventSource(all ? "/api/stream" : `/api/stream?vehicle=${encodeURIComponent(subject)}`);
  source.onopen = () => { show(say("live"), false); refresh(); };
  source.onerror = () => show(say("reconnecting"), true);
  source.addEventListener("reset", refresh);
  source.addEventListener("alert", (event) => {
    const alert = JSON.parse(event.data);
    if (!all && alert.vehicle_id !== subject) return;
    announce(alert);
    document.dispatchEvent(new CustomEvent("telltale:alert", { detail: alert }));
    refresh();
  });
  if (subject === "fleet") source.addEventListener("fleet", refresh);
  if (!all) source.addEventListener("risk", refresh);
  // Figures that the server keeps for a while may have been old at the last event.
  setInterval(refresh, LOOK_AGAIN_MS);
  addEventListener("pagehide", () => source.close());
}

/** Ask the API to change something; gives [it went well, what it says]. */
export async function ask(method, address, body) {
  const file = body instanceof Blob;
  const headers = { Accept: "application/json", "Content-Type": file ? body.type : "application/json" };
  if (document.body.dataset.csrf) headers["X-CSRF-Token"] = document.body.dataset.csrf;
  try {
    const answer = await fetch(address, { method, headers, body: file ? body : body && JSON.stringify(body) });
    const text = await answer.text();
    return [answer.ok, text ? JSON.parse(text) : {}];
  } catch {
    return [false, { detail: say("away") }];
  }
}

/** A form as JSON: "findings.0.mode" nests, times become Unix ms, numbers are marked data-number. */
function bodyOf(form) {
  const body = {};
  for (const [name, text] of new FormData(form)) {
    const field = [form.elements[name]].flat()[0];
    const value = field.type === "datetime-local" ? new Date(text).getTime() : "number" in (field.dataset ?? {}) ? Number(text) : text;
    const path = name.split(".");
    let at = body;
    path.slice(0, -1).forEach((key, depth) => { at = at[key] ??= /^\d+$/.test(path[depth + 1]) ? [] : {}; });
    at[path.at(-1)] = value;
  }
  return body;
}

function goOn(form, answer) {
  const { then } = form.dataset;
  if (then === "reload") location.reload();
  else location.href = then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(answer[name]));
}

async function post(element, body) {
  const output = element.querySelector("output") ?? document.getElementById("toast") ?? element;
  const button = element.matches("button") ? element : element.querySelector("button");
  button.disabled = true;
  const [done, answer] = await ask("POST", element.dataset.post, body);
  button.disabled = false;
  if (!done) {
    output.textContent = answer.detail;
  } else if (element.dataset.then) {
    goOn(element, answer);
  } else if (element.dataset.said === "replayed") {
    output.textContent = say("replayed", answer);
  } else if (element.matches("form")) {
    output.textContent = say("reported");
    element.reset();
    document.getElementById("preview")?.replaceChildren();
  } else {
    sent.set(element.dataset.post, Date.now());
    showSent(document);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  post(form, bodyOf(form));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post]");
  if (button) { post(button, {}); return; }
  if (event.target.closest("[data-print]")) { print(); return; }
  if (event.target.closest("[data-close]")) { event.target.closest("dialog").close(); return; }
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, label") && !getSelection().toString()) location.href = row.dataset.href;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    return;
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("search").focus();
});

// Fields of time begin in the viewer's zone.
for (const field of document.querySelectorAll("input[data-ms]")) {
  const moment = new Date(Number(field.dataset.ms));
  field.value = new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
showTimes(document);
setInterval(() => showTimes(document), 30000);
const subject = document.body.dataset.stream;
if (subject !== "off") listen(subject);
