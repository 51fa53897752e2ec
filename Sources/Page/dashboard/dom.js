// Elements, text and time. Whatever comes from outside becomes a text node, never markup.

/// A value from outside as text. What should be text may be an object in events of a sender's own types, even one that
/// cannot be made a string (`{"toString": 1}`).
export function text(value) {
  if (typeof value === "string") return value;
  return value !== null && typeof value === "object" ? JSON.stringify(value).slice(0, 200) : String(value);
}

/// An element. Properties that begin with "on" are listeners, others attributes; children are elements or text.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) element.append(child instanceof Node ? child : text(child));
  }
  return element;
}

/// A name from outside, apart from the text around it whatever its direction.
export function name(value, properties = {}) {
  const shown = value === undefined || value === null || value === "" ? "(no name)" : text(value);
  return h("bdi", { dir: "auto", title: shown.length > 24 ? shown : undefined, ...properties }, shown);
}

/// Puts text into an element, if it is not there already: a text that stays costs no layout.
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
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
    for (const each of due) {
      // One view's failure must not stop the others.
      try { each.render(); } catch (error) { reportError(error); }
    }
  });
}

/// Opens a dialog with one element in focus. When it closes, the focus goes back to where it was; if that is gone, since
/// a list has moved on meanwhile, to the list.
export function openDialog(dialog, focus, root) {
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement !== document.body) return;
    (document.querySelector('main .row [tabindex="0"]') ?? document.querySelector("main h1"))?.focus();
  });
  root.append(dialog);
  dialog.showModal();
  focus.focus();
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
export function time(milliseconds, words = timeOfDay(milliseconds)) {
  if (!isTime(milliseconds)) return h("span", {}, words);
  return h("time", { datetime: new Date(milliseconds).toISOString(), title: dayAndTime(milliseconds) }, words);
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
