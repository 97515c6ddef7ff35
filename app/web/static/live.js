// Keeps a page live: times in the viewer's zone, changed parts without a reload, forms as JSON.

const minute = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function ago(moment) {
  const seconds = Math.max(0, Math.round((Date.now() - moment) / 1000));
  if (seconds < 10) return "just now";
  const [unit, size] = UNITS.find(([, length]) => seconds >= length);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

function showTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    const moment = new Date(element.dateTime);
    const style = element.dataset.style;
    element.textContent = style === "ago" ? ago(moment) : (style === "day" ? day : minute).format(moment);
    element.title = whole.format(moment);
  }
}

// Addresses posted to, until the page shows what came of it.
const sent = new Map();
const SENT_MS = 30000;

function showSent(root) {
  for (const button of root.querySelectorAll("button[data-post]")) {
    if (Date.now() - (sent.get(button.dataset.post) ?? 0) > SENT_MS) continue;
    button.textContent = "Sent";
    button.disabled = true;
  }
}

function replaceParts(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const known = new Set([...document.querySelectorAll("tr[id]")].map((row) => row.id));
  const focused = document.activeElement?.closest("tr[id]")?.id;
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (!old) continue;
    showTimes(part);
    showSent(part);
    if (old.innerHTML === part.innerHTML) continue;
    for (const row of part.querySelectorAll("tr[id]")) row.classList.toggle("fresh", !known.has(row.id));
    old.replaceWith(part);
  }
  if (focused) document.getElementById(focused)?.querySelector("button, a")?.focus();
}

let waiting = 0;
let again = false;
async function refresh() {
  if (waiting) { again = true; return; }
  waiting = 1;
  const address = new URL(location.href);
  address.searchParams.set("part", "live");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.ok) replaceParts(await answer.text());
  } finally {
    // One refresh a second is enough for a person, however fast the events come.
    setTimeout(() => { waiting = 0; if (again) { again = false; refresh(); } }, 1000);
  }
}

function listen(subject) {
  const link = document.getElementById("link");
  const show = (text, away) => { link.hidden = false; link.textContent = text; link.classList.toggle("away", away); };
  const source = new EventSource("/api/stream");
  source.onopen = () => { show("Live", false); refresh(); };
  source.onerror = () => show("Reconnecting", true);
  source.addEventListener("reset", refresh);
  source.addEventListener("alert", (event) => {
    if (subject === "fleet" || JSON.parse(event.data).vehicle_id === subject) refresh();
  });
  source.addEventListener("fleet", refresh);
  addEventListener("pagehide", () => source.close());
}

async function post(element, body) {
  const output = element.querySelector("output") ?? element;
  const button = element.matches("button") ? element : element.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(element.dataset.post, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    button.disabled = false;
    if (!answer.ok) {
      output.textContent = told.detail;
    } else if (element.matches("form")) {
      output.textContent = "Reported, thank you.";
      element.reset();
    } else {
      sent.set(element.dataset.post, Date.now());
      showSent(document);
    }
  } catch {
    output.textContent = "Telltale doesn't answer; try again.";
    button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  post(form, Object.fromEntries(new FormData(form)));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post]");
  if (button) { post(button, {}); return; }
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button") && !getSelection().toString()) location.href = row.dataset.href;
});
document.addEventListener("change", (event) => event.target.closest("form[data-submit-on-change]")?.requestSubmit());
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("search").focus();
});

showTimes(document);
setInterval(() => showTimes(document), 30000);
const subject = document.body.dataset.stream;
if (subject !== "off") listen(subject);
