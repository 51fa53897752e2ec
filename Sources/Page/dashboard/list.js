// A list of any length, of which only the rows in sight are elements.

import { h, invalidate } from "./dom.js";

const AROUND = 6;

/// Rows of one height in a scrolling box. The row in focus stays, wherever the box is scrolled to.
export class VirtualList {
  /// - options.label: the list's name for screen readers.
  /// - options.rowHeight: in pixels, as the style sheet has it.
  /// - options.key: an item's identity.
  /// - options.create: makes a row's element; its first focusable element is what the keyboard reaches.
  /// - options.update: brings the element up to date.
  constructor(options) {
    this.options = options;
    this.items = [];
    this.rows = new Map();
    this.focused = null;
    this.sizer = h("div", { class: "sizer", role: "list", "aria-label": options.label });
    this.element = h("div", {
      class: `list ${options.class ?? ""}`,
      onscroll: () => { options.onscroll?.(this.element.scrollTop); invalidate(this); },
      onkeydown: (event) => this.move(event),
      onfocusin: (event) => { this.focused = event.target.closest(".row")?.rowKey ?? null; },
      onfocusout: () => { this.focused = null; },
    }, this.sizer);
    this.observer = new ResizeObserver(() => invalidate(this));
    this.observer.observe(this.element);
  }

  show(items) {
    this.items = items;
    invalidate(this);
  }

  render() {
    const { rowHeight, key } = this.options;
    const total = this.items.length;
    const height = `${total * rowHeight}px`;
    if (this.sizer.style.height !== height) {
      this.sizer.style.height = height;
      // The box is as high as its rows, up to what the style sheet allows.
      this.element.style.setProperty("--rows", height);
    }
    const top = this.element.scrollTop;
    const first = Math.max(0, Math.floor(top / rowHeight) - AROUND);
    const end = Math.min(total, Math.ceil((top + this.element.clientHeight) / rowHeight) + AROUND);
    const wanted = new Map();
    for (let index = first; index < end; index += 1) wanted.set(key(this.items[index]), index);
    if (this.focused !== null && !wanted.has(this.focused)) {
      const index = this.items.findIndex((item) => key(item) === this.focused);
      if (index >= 0) wanted.set(this.focused, index);
    }
    for (const [each, row] of this.rows) {
      if (wanted.has(each)) continue;
      row.remove();
      this.rows.delete(each);
    }
    for (const [each, index] of wanted) this.place(each, index, total);
    this.setTabStop(first, end);
  }

  place(key, index, total) {
    const item = this.items[index];
    let row = this.rows.get(key);
    if (!row) {
      row = this.options.create(item);
      row.classList.add("row");
      row.setAttribute("role", "listitem");
      row.rowKey = key;
      this.rows.set(key, row);
      this.sizer.append(row);
    }
    if (row.rowIndex !== index || row.rowTotal !== total) {
      row.rowIndex = index;
      row.rowTotal = total;
      row.style.transform = `translateY(${index * this.options.rowHeight}px)`;
      row.setAttribute("aria-posinset", index + 1);
      row.setAttribute("aria-setsize", total);
    }
    this.options.update?.(row, item);
  }

  /// Tab reaches one row; arrows go on from there.
  setTabStop(first, end) {
    let stop = this.rows.get(this.focused);
    if (!stop) {
      const top = this.element.scrollTop / this.options.rowHeight;
      for (let index = Math.max(first, Math.ceil(top)); index < end && !stop; index += 1) {
        stop = this.rows.get(this.options.key(this.items[index]));
      }
      stop ??= this.rows.values().next().value;
    }
    for (const row of this.rows.values()) {
      const value = row === stop ? "0" : "-1";
      const control = focusable(row);
      if (control && control.getAttribute("tabindex") !== value) control.setAttribute("tabindex", value);
    }
  }

  move(event) {
    const row = event.target.closest?.(".row");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.options.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.focus(Math.min(this.items.length - 1, Math.max(0, row.rowIndex + steps[event.key])));
  }

  focus(index) {
    const item = this.items[index];
    if (!item) return;
    const { rowHeight, key } = this.options;
    const top = index * rowHeight;
    const box = this.element;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + rowHeight - box.clientHeight;
    this.render();
    const control = focusable(this.rows.get(key(item)));
    control?.focus({ preventScroll: true });
    this.setTabStop(0, 0);
  }

  close() { this.observer.disconnect(); }
}

function focusable(row) { return row?.matches("a, button") ? row : row?.querySelector("a, button"); }
