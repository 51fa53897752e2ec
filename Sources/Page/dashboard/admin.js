// What an administrator sees: sources, refused webhooks, streams, revocations.

import { clock, count, dayAndTime, duration, h, invalidate, name, setText, text, time } from "./dom.js";
import { explain } from "./connection.js";

const EVERY_MS = 5_000;
const STREAMS = 200;

const reasons = {
  missing_header: "Does a proxy drop Authorization or X-Webhook-*? Is it another provider's webhook?",
  malformed_header: "The signature's header is not of the provider's form.",
  unknown_key: "LiveKit signs with an API key that the source does not list.",
  bad_signature: "The provider signs with another secret. For Daily it is the webhook's hmac, in Base64.",
  body_mismatch: "Something changed the body on its way, such as a gateway that parses and rewrites JSON.",
  expired: "The webhook is old, or the clocks are apart. Look at the skew.",
  not_yet_valid: "The clocks are apart. Look at the skew.",
  unknown_source: "Its address ends with the name of a source that is not set up.",
  malformed_body: "The signature is good, but the body is not of the provider's shape.",
};

/// Asks the relay every few seconds, as long as it is shown.
export class RelayView {
  title = "Relay";

  constructor(session) {
    this.session = session;
    this.sources = body();
    this.streams = body();
    this.rejects = h("ul", { class: "rejects" });
    this.revocations = h("ul", { class: "revocations" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.more = h("p", { class: "faint" });
    this.element = h("div", { class: "view" },
      h("h1", { tabindex: "-1" }, "Relay"), this.problem,
      part("Sources", table("Sources of webhooks",
        ["Source", "Last webhook", "Accepted", "Duplicates", "Refused", "Unavailable", "Refused because of"], this.sources)),
      part("Refused webhooks", this.rejects),
      part("Streams", table("Open streams",
        ["User", "Address", "State", "Lag", "Events", "Age", "Filter", "Act"], this.streams), this.more),
      part("Revocations", this.revokeForm(), this.revocations));
    this.refresh();
  }

  eventArrived() {}
  roomsChanged() {}

  tick() {
    if (Date.now() - (this.asked ?? 0) >= EVERY_MS && !this.isBusy) this.refresh();
  }

  async refresh() {
    this.isBusy = true;
    this.asked = Date.now();
    const api = this.session.api;
    try {
      const [sources, rejects, streams, revocations] = await Promise.all([
        api.json("/admin/sources"), api.json("/admin/rejects"), api.json(`/admin/streams?limit=${STREAMS}`),
        api.json("/admin/revocations"),
      ]);
      this.data = {
        sources: listOf(sources?.sources), rejects: listOf(rejects?.rejects), streams: listOf(streams?.streams),
        revocations: listOf(revocations?.revocations),
      };
      this.problem.hidden = true;
    } catch (error) {
      this.problem.hidden = false;
      setText(this.problem, explain(error));
    }
    this.isBusy = false;
    invalidate(this);
  }

  render() {
    // A table that is being used is not rebuilt under the user's hands.
    if (!this.data || this.shown === this.data || this.element.querySelector("table")?.matches(":active")) return;
    this.shown = this.data;
    fill(this.sources, this.data.sources.map(sourceRow), "No source is set up.", 7);
    const streams = [...this.data.streams].sort((one, other) => (other.lagMs ?? 0) - (one.lagMs ?? 0));
    keepFocus(this.element, () => {
      fill(this.streams, streams.map((each) => this.streamRow(each)), "No stream is open.", 8);
      this.revocations.replaceChildren(...this.data.revocations.map((each) => this.revocation(each)));
    });
    setText(this.more, streams.length === STREAMS ? `The first ${STREAMS}; GET /api/admin/streams lists all.` : "");
    this.rejects.replaceChildren(...this.data.rejects.slice(0, 100).map(reject));
    if (!this.data.rejects.length) this.rejects.append(h("li", { class: "more" }, "None since the relay started."));
    if (!this.data.revocations.length) this.revocations.append(h("li", { class: "more" }, "None is in force."));
  }

  streamRow(stream) {
    const button = (label, what, act) => h("button", {
      type: "button", "data-focus": `${what}-${stream.id}`, "aria-label": `${label} ${what === "user" ? String(stream.user) : `stream ${stream.id}`}`,
      onclick: act,
    }, label);
    return h("tr", {},
      h("th", { scope: "row" }, name(stream.user), h("span", { class: "faint" }, " ", name(stream.issuer))),
      h("td", {}, String(stream.address ?? "")),
      h("td", {}, stream.diagnostic ? "diagnosis" : String(stream.state)),
      h("td", { class: "number" }, stream.lagMs === undefined ? "" : duration(stream.lagMs)),
      h("td", { class: "number" }, stream.events === undefined ? "" : count(stream.events)),
      h("td", { class: "number" }, duration(stream.ageMs)),
      h("td", {}, filterText(stream.filter)),
      h("td", { class: "acts" },
        button("Close", "stream", () => this.closeStream(stream)),
        button("Revoke", "user", () => this.revoke({ user: stream.user, issuer: stream.issuer }))));
  }

  revokeForm() {
    const value = h("input", { id: "revoke-value", required: true, autocomplete: "off", spellcheck: "false", maxlength: "1000" });
    const kind = h("select", { id: "revoke-kind" }, h("option", { value: "user" }, "User"), h("option", { value: "token" }, "Token's id"));
    const ttl = h("input", { id: "revoke-ttl", placeholder: "until lifted", pattern: "[0-9]+[smhd]", title: "30m, 24h or 7d", autocomplete: "off" });
    return h("form", {
      class: "tools", "aria-label": "Revoke a user or a token",
      onsubmit: async (event) => {
        event.preventDefault();
        if (await this.revoke({ [kind.value]: value.value, ttl: ttl.value || undefined })) value.value = "";
      },
    }, h("div", { class: "field" }, h("label", { for: "revoke-kind" }, "What"), kind),
    h("div", { class: "field" }, h("label", { for: "revoke-value" }, "Name or id"), value),
    h("div", { class: "field" }, h("label", { for: "revoke-ttl" }, "For"), ttl),
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "danger" }, "Revoke")));
  }

  revocation(each) {
    const [kind, value] = each.user === undefined ? ["token", each.token] : ["user", each.user];
    return h("li", {}, `${kind} `, name(value), each.issuer === undefined ? "" : h("span", { class: "faint" }, " ", name(each.issuer)),
      h("span", { class: "faint" }, each.until ? ` until ${dayAndTime(Date.parse(each.until))}` : " until lifted"), " ",
      h("button", { type: "button", "data-focus": `lift-${kind}-${value}`, "aria-label": `Lift the revocation of ${kind} ${value}`, onclick: () => this.lift(kind, value, each.issuer) }, "Lift"));
  }

  async closeStream(stream) {
    await this.act(() => this.session.api.json(`/admin/streams/${encodeURIComponent(stream.id)}`, { method: "DELETE" }),
      "The stream is closed. Its client may come back: revoke its user to keep it out.");
  }

  async revoke(subject) {
    const who = subject.user ?? subject.token;
    const sure = await this.session.ask({
      title: "Revoke?", action: "Revoke",
      text: `All streams of ${subject.user === undefined ? "the token" : "the user"} “\u2068${who}\u2069” end at once, and it is let in no more`
        + (subject.ttl ? ` for ${subject.ttl}.` : " until you lift this."),
    });
    if (!sure) return false;
    return this.act(() => this.session.api.json("/admin/revoke", { method: "POST", body: JSON.stringify(subject) }), "Revoked.");
  }

  async lift(kind, value, issuer) {
    const query = new URLSearchParams({ [kind]: value, ...(issuer === undefined ? {} : { issuer }) });
    await this.act(() => this.session.api.json(`/admin/revocations?${query}`, { method: "DELETE" }), "Lifted.");
  }

  async act(work, done) {
    const succeeded = await this.session.act(work, done);
    await this.refresh();
    return succeeded;
  }

  close() {}
}

const body = () => h("tbody");
const listOf = (value) => Array.isArray(value) ? value.filter((each) => each !== null && typeof each === "object") : [];
const numbers = new Set(["Accepted", "Duplicates", "Refused", "Unavailable", "Lag", "Events", "Age"]);

function part(title, ...children) {
  const id = `part-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { class: "part", "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

function table(caption, heads, rows) {
  return h("div", { class: "table", role: "region", "aria-label": caption, tabindex: "0" }, h("table", {},
    h("caption", { class: "hidden-text" }, caption),
    h("thead", {}, h("tr", {}, ...heads.map((each) => h("th", { scope: "col", class: numbers.has(each) && "number" }, each)))), rows));
}

function fill(rows, elements, empty, columns) {
  rows.replaceChildren(...(elements.length ? elements : [h("tr", {}, h("td", { colspan: columns, class: "more" }, empty))]));
}

/// Rebuilds elements and puts the focus back where it was.
function keepFocus(root, work) {
  const focus = document.activeElement?.dataset?.focus;
  work();
  if (focus !== undefined) [...root.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === focus)?.focus();
}

function sourceRow(source) {
  const last = Date.parse(source.lastWebhookAt);
  const why = Object.entries(source.refusedByReason ?? {});
  return h("tr", {},
    h("th", { scope: "row" }, name(source.name), source.provider && source.provider !== source.name
      ? h("span", { class: "faint" }, ` ${source.provider}`) : null),
    h("td", {}, Number.isFinite(last) ? time(last, `${duration(clock.now() - last)} ago`) : "none yet"),
    ...["accepted", "duplicate", "refused", "unavailable"].map((each) => h("td", { class: "number" }, count(source[each] ?? 0))),
    h("td", {}, why.map(([reason, number]) => `${reason} ${count(number)}`).join(", ")));
}

function reject(each) {
  return h("li", {},
    h("p", {}, time(Date.parse(each.time)), " ", h("strong", {}, text(each.reason)), " ", name(each.source),
      h("span", { class: "faint" }, ` from ${each.remoteAddress}, ${count(each.bodyBytes ?? 0)} bytes`)),
    h("p", {}, h("bdi", { dir: "auto" }, text(each.detail ?? "")),
      each.skewSeconds === undefined ? "" : ` The clocks are ${Math.round(Math.abs(each.skewSeconds))} s apart.`),
    Object.hasOwn(reasons, each.reason) ? h("p", { class: "faint" }, reasons[each.reason]) : null);
}

function filterText(filter) {
  const parts = Object.entries(filter ?? {}).filter(([, values]) => Array.isArray(values) && values.length)
    .map(([what, values]) => `${what}: ${values.slice(0, 3).join(", ")}${values.length > 3 ? ", …" : ""}`);
  return parts.length ? h("bdi", { dir: "auto" }, parts.join("; ")) : "everything";
}

/// Reads the relay's own numbers every few seconds where /metrics is at this address: streams and the delivery's time.
export class Readings {
  constructor(session) {
    this.session = session;
    this.isThere = true;
  }

  async read() {
    if (!this.isThere) return;
    let answer;
    try {
      answer = await fetch("metrics", { headers: { Accept: "text/plain" }, cache: "no-store", signal: AbortSignal.timeout(5000) });
    } catch { return; }
    const isText = (answer.headers.get("Content-Type") ?? "").startsWith("text/plain");
    if (!answer.ok || !isText) { this.isThere = answer.status >= 500; return; }
    this.take(await answer.text());
  }

  take(metrics) {
    const { minutes } = this.session;
    let streams = 0;
    const buckets = new Map();
    for (const line of metrics.split("\n")) {
      const end = line.lastIndexOf(" ");
      if (line.startsWith("roomwire_streams{")) streams += Number(line.slice(end));
      const bound = /^roomwire_delivery_latency_seconds_bucket\{le="([^"]+)"\}/.exec(line)?.[1];
      if (bound) buckets.set(bound === "+Inf" ? Infinity : Number(bound), Number(line.slice(end)));
    }
    this.session.streams = streams;
    const now = clock.now();
    minutes.set("streams", streams, now);
    if (this.before) {
      const fresh = [...buckets].map(([bound, number]) => [bound, number - (this.before.get(bound) ?? 0)]);
      for (const [what, share] of [["p50", 0.5], ["p99", 0.99]]) {
        const value = quantileOf(fresh, share);
        if (value !== null) minutes.set(what, value * 1000, now);
      }
    }
    this.before = buckets;
  }
}

/// The bound of a histogram's bucket below which a share of the values lie; null if there are none.
function quantileOf(buckets, share) {
  const sorted = buckets.sort((one, other) => one[0] - other[0]);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const index = sorted.findIndex(([, number]) => number >= share * total);
  const [bound] = sorted[index];
  return Number.isFinite(bound) ? bound : sorted.at(-2)?.[0] ?? null;
}
