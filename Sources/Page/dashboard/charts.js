// Small charts of the last minutes, as SVG. Each says in words what it shows.

import { h, setText } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 72;
const SPACE = "http://www.w3.org/2000/svg";

function svg(tag, properties = {}) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  return element;
}

const shown = (value) => (value >= 100 ? Math.round(value) : Math.round(value * 10) / 10).toLocaleString();

/// A chart with a title, its newest value, and a legend where there are several series.
export class Chart {
  constructor({ title, unit = "", kind = "line", most = 0 }) {
    Object.assign(this, { title, unit, kind, most });
    this.value = h("span", { class: "chart-value" });
    this.picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title,
    });
    this.legend = h("ul", { class: "legend" });
    this.scale = h("span", { class: "chart-scale", "aria-hidden": "true" });
    this.paths = [];
    this.element = h("section", { class: "chart", "aria-label": title },
      h("div", { class: "chart-head" }, h("h2", {}, title), this.value),
      h("div", { class: "plot" }, this.picture, this.scale), this.legend);
  }

  /// - series: `{label, values}`, of equal length, oldest first; null where there is nothing.
  show(series, now = lastOf(series)) {
    const sums = this.kind === "bars" ? stacked(series) : series.flatMap((each) => each.values);
    const top = Math.max(this.most, ...sums.map((value) => value ?? 0)) || 1;
    while (this.paths.length < series.length) {
      const path = svg("path", { class: `${this.kind} series-${this.paths.length}` });
      this.paths.push(path);
      this.picture.append(path);
    }
    const base = new Array(series[0]?.values.length ?? 0).fill(0);
    this.paths.forEach((path, index) => {
      const values = series[index]?.values ?? [];
      path.setAttribute("d", this.kind === "bars" ? bars(values, base, top) : line(values, top));
    });
    const newest = now === null ? "–" : `${shown(now)}${this.unit && ` ${this.unit}`}`;
    setText(this.value, newest);
    setText(this.scale, sums.some((value) => value) ? `${shown(top)}${this.unit && ` ${this.unit}`}` : "");
    this.picture.setAttribute("aria-label", `${this.title}: ${newest} now, at most ${shown(top)} in the last 5 minutes`);
    this.showLegend(series);
  }

  showLegend(series) {
    const labels = series.length > 1 ? series.map((each) => each.label) : [];
    if (labels.join() === this.labels) return;
    this.labels = labels.join();
    this.legend.replaceChildren(...labels.map((label, index) =>
      h("li", {}, h("span", { class: `swatch series-${index}`, "aria-hidden": "true" }), h("bdi", { dir: "auto" }, label))));
  }
}

function lastOf(series) {
  const values = series[0]?.values ?? [];
  for (let index = values.length - 1; index >= values.length - 3 && index >= 0; index -= 1) {
    if (values[index] !== null) return values[index];
  }
  return null;
}

function stacked(series) {
  return (series[0]?.values ?? []).map((_, index) => series.reduce((sum, each) => sum + (each.values[index] ?? 0), 0));
}

function bars(values, base, top) {
  const step = WIDTH / values.length;
  let path = "";
  values.forEach((value, index) => {
    if (!value) return;
    const height = (value / top) * (HEIGHT - 4);
    const bottom = HEIGHT - (base[index] / top) * (HEIGHT - 4);
    path += `M${(index * step).toFixed(1)} ${bottom.toFixed(1)}h${(step - 1).toFixed(1)}v${(-height).toFixed(1)}h${(1 - step).toFixed(1)}z`;
    base[index] += value;
  });
  return path;
}

function line(values, top) {
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = "";
  let isDrawn = false;
  values.forEach((value, index) => {
    if (value === null || value === undefined) { isDrawn = false; return; }
    const y = HEIGHT - 2 - (value / top) * (HEIGHT - 6);
    path += `${isDrawn ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    isDrawn = true;
  });
  return path;
}
