// Works through alerts by keyboard or mouse: pick, acknowledge, snooze, assign, resolve, silence.

import { ask, refresh, told } from "./live.js";
import { say } from "./words.js";

const HOUR = 3600000;
const wide = matchMedia("(min-width: 1081px)");
const detail = document.getElementById("detail");
const tray = document.getElementById("tray");
const picks = () => [...document.querySelectorAll("#alerts tbody input:checked")];
const rows = () => [...document.querySelectorAll("#alerts tbody tr")];
const rowAt = (element) => element?.closest?.("#alerts tbody tr");
let current = "";

/** What an action is about: the picked alerts, else the one in focus, else the one shown; groups show none. */
function subjects() {
  const picked = picks().map((box) => rowAt(box));
  if (picked.length) return picked;
  if (document.querySelector(".together")) return [];
  const one = rowAt(document.activeElement) ?? document.getElementById(`alert-${current}`) ?? document.getElementById("alert");
  return one ? [one] : [];
}

function showTray() {
  const count = picks().length;
  tray.hidden = count === 0;
  document.getElementById("picked").textContent = count === 1 ? say("picked_one") : say("picked", { count });
  const all = document.getElementById("pick-all");
  if (all) all.checked = count > 0 && count === rows().length;
}

function mark() {
  for (const row of rows()) row.toggleAttribute("data-shown", row.dataset.alert === current);
}

async function show(row) {
  if (!row || row.dataset.alert === current) return;
  current = row.dataset.alert;
  mark();
  await load();
}

const load = () => htmx.ajax("GET", `/alerts/${encodeURIComponent(current)}?part=detail`, { swap: "none", source: "#detail", push: "false" });

function step(by) {
  const all = rows();
  const at = all.indexOf(rowAt(document.activeElement) ?? document.getElementById(`alert-${current}`));
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  next?.querySelector("a").focus();
}

function open(name) {
  const found = subjects();
  const dialog = document.getElementById(name);
  const form = dialog.querySelector("form");
  form.reset();
  if (name === "silence" && found[0] && !picks().length) {
    form.elements.vehicle.value = found[0].dataset.vehicle;
    form.elements.mode.value = found[0].dataset.mode;
  }
  dialog.returnFocus = document.activeElement;
  dialog.showModal();
}

function body(action, form, subject) {
  const given = form ? Object.fromEntries(new FormData(form)) : {};
  const { hours, ...rest } = given;
  const until = hours ? { hours: Number(hours) } : {};
  return { ...rest, ...until, seen: Number(subject.dataset.version) };
}

// Done already where the alerter has answered, else on its way.
function outcome(answers) {
  const done = answers.every(([, answer]) => answer.done);
  const count = answers.length;
  if (count === 1) return done ? say("done_one") : say("sent_one");
  return done ? say("done_many", { count }) : say("sent_many", { count });
}

function refusal(answers, refused) {
  const [[, { detail: why }]] = refused;
  const done = answers.filter(([went]) => went);
  return done.length ? say("refused_too", { told: outcome(done), count: refused.length, why }) : why;
}

async function act(action, form) {
  const found = subjects();
  if (!found.length) return;
  const answers = await Promise.all(found.map((subject) => ask("POST", `/api/alerts/${encodeURIComponent(subject.dataset.alert)}/${action}`, body(action, form, subject))));
  const refused = answers.filter(([done]) => !done);
  told(refused.length ? refusal(answers, refused) : outcome(answers), refused.length > 0);
  // What was refused stays picked, so that one can try again.
  found.forEach((subject, at) => {
    const box = document.getElementById(`pick-${subject.dataset.alert}`);
    if (box && answers[at][0]) box.checked = false;
  });
  showTray();
  refresh();
  if (rows().length) load();
}

async function silence(form) {
  const { hours, why, ...given } = Object.fromEntries(new FormData(form));
  const matchers = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim()));
  const [done, answer] = await ask("POST", "/api/silences", { matchers, why, hours: Number(hours) });
  told(done ? say("silenced") : answer.detail, !done);
  refresh();
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  const { act: action } = form.dataset;
  if (form.method !== "dialog") event.preventDefault();
  if (action === "silence") silence(form);
  else act(action, form);
  if (form.method !== "dialog") form.reset();
});

document.addEventListener("click", (event) => {
  const found = (selector) => event.target.closest(selector);
  if (found("[data-open]")) open(found("[data-open]").dataset.open);
  else if (found("[data-help]")) document.getElementById("help").showModal();
  else if (found("[data-unpick]")) { for (const box of picks()) box.checked = false; showTray(); }
  else if (found("button[data-act]")) act(found("button[data-act]").dataset.act);
  else if (found("[data-unsilence]")) endSilence(found("[data-unsilence]").dataset.unsilence);
  else if (wide.matches && rowAt(event.target) && !found("input")) {
    event.preventDefault();
    show(rowAt(event.target));
    rowAt(event.target).querySelector("a").focus();
  } else if (rowAt(event.target) && !found("a, input")) rowAt(event.target).querySelector("a").click();
});

async function endSilence(id) {
  const [done, answer] = await ask("DELETE", `/api/silences/${encodeURIComponent(id)}`);
  told(done ? say("unsilenced") : answer.detail, !done);
  refresh();
}

document.addEventListener("focusin", (event) => {
  if (wide.matches && event.target.matches("#alerts tbody a")) show(rowAt(event.target));
});
document.addEventListener("change", (event) => {
  if (event.target.id === "pick-all") {
    for (const row of rows()) { const box = row.querySelector("input"); if (box) box.checked = event.target.checked; }
  }
  if (event.target.closest("#alerts")) showTray();
  if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
});

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => { const box = rowAt(document.activeElement)?.querySelector("input"); if (box) { box.checked = !box.checked; showTray(); } },
  a: () => act("acknowledge"),
  s: () => open("snooze"),
  r: () => open("resolve"),
  i: () => open("assign"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  if (event.key === "?") { document.getElementById("help").showModal(); return; }
  if (localStorage.getItem("keys") === "off" || !KEYS[event.key]) return;
  if (!subjects().length && "asri".includes(event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.addEventListener("telltale:alert", (event) => {
  if (rows().length && event.detail.alert_id === current) load();
});
// What was shown and picked stays so when the list is written anew.
document.addEventListener("htmx:after:swap", () => { mark(); showTray(); });
document.getElementById("keys-on").checked = localStorage.getItem("keys") !== "off";
current = document.getElementById("alert")?.dataset.alert ?? "";
mark();
if (detail && !wide.matches && rows().length) detail.hidden = true;
