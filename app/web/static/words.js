// What the page gave its scripts: texts in the viewer's language, and his units.

const given = JSON.parse(document.body.dataset.given);

/** The text of `key` with its {holes} filled. */
export function say(key, values = {}) {
  return given.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** [factor, offset, unit] that turns a metric number of `unit` into what the viewer reads. */
export function conversion(unit) {
  return given.units[unit] ?? [1, 0, unit];
}

export const tag = document.documentElement.lang;
const day = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" });
const minute = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const dates = {
  day,
  minute,
  hour: new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  whole: new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "medium", hourCycle: "h23" }),
};
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

export function ago(moment) {
  const seconds = Math.max(0, Math.round((Date.now() - moment) / 1000));
  if (seconds < 10) return say("just_now");
  const [unit, size] = UNITS.find(([, length]) => seconds >= length);
  return say("ago", { span: `${Math.floor(seconds / size)}\u00a0${unit === "d" ? say("day") : unit}` });
}
