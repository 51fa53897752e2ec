// Elements, text and time. Whatever comes from outside becomes a text node, never markup.

/// An element. Properties that begin with "on" are listeners, others attributes; children are elements or text.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/// A name from outside, apart from the text around it whatever its direction.
export function name(text, properties = {}) {
  const shown = text === undefined || text === null || text === "" ? "(no name)" : String(text);
  return h("bdi", { dir: "auto", title: shown.length > 24 ? shown : undefined, ...properties }, shown);
}

/// Puts text into an element, if it is not there already: a text that stays costs no layout.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const views = new Set();
let isAsked = false;

/// Has a view rendered in the next frame, once, however often this is called.
export function invalidate(view) {
  views.add(view);
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    const due = [...views];
    views.clear();
    for (const each of due) each.render();
  });
}

/// A duration in one or two units: "4 s", "3 min", "2 h 5 min", "6 d".
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

const isTime = (milliseconds) => Number.isFinite(milliseconds) && Math.abs(milliseconds) < 8.64e15;

/// A time of day.
export function timeOfDay(milliseconds) {
  return isTime(milliseconds) ? clockTime.format(milliseconds) : "";
}

/// A day and a time.
export function dayAndTime(milliseconds) {
  return isTime(milliseconds) ? fullTime.format(milliseconds) : "";
}

/// A time element.
export function time(milliseconds, text = timeOfDay(milliseconds)) {
  if (!isTime(milliseconds)) return h("span", {}, text);
  return h("time", { datetime: new Date(milliseconds).toISOString(), title: dayAndTime(milliseconds) }, text);
}

const numbers = new Intl.NumberFormat();

/// A number with separators.
export function count(value) { return numbers.format(value); }

/// "1 person", "2 people".
export function counted(value, one, many) { return `${count(value)} ${value === 1 ? one : many}`; }

/// The relay's clock, as far as its answers tell it: what is shown as an age must not depend on this machine's clock.
///
/// An answer that says "it is T" was written before it arrived, so the relay's clock is at T or later; the largest of
/// these bounds is the best estimate.
export const clock = {
  offset: 0,
  known: false,
  /// Takes a time that the relay has just told.
  sample(milliseconds) {
    if (!Number.isFinite(milliseconds)) return;
    const offset = milliseconds - Date.now();
    // Minutes away from what it was: this machine's clock was set, or it slept.
    if (!this.known || offset > this.offset || this.offset - offset > 120_000) {
      this.offset = offset;
      this.known = true;
    }
  },
  now() { return Date.now() + this.offset; },
};
