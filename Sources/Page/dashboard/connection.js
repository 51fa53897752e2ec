// Requests to the relay, and a stream that comes back by itself.

import { clock } from "./dom.js";

const ANSWER_MS = 15_000;
const FIRST_LINE_MS = 10_000;
const POLLING_MS = 120_000;
const LINE_BYTES = 64 * 1024 * 1024;

/// Why the relay, or what is between it and the page, did not do what was asked.
export class Refusal extends Error {
  /// - status: 0 where nothing answered.
  constructor(status, reason, detail, retryMs) {
    super(detail);
    Object.assign(this, { status, reason, retryMs });
  }
}

const advice = {
  missing_token: "No token arrived. Does a proxy drop the header Authorization?",
  malformed_token: "This is not a token. It should have three parts with dots between them.",
  expired: "This token has ended. Sign in with a fresh one.",
  not_yet_valid: "This token is not valid yet. Compare the clock of what made it with the relay's.",
  bad_signature: "This token is signed with another secret than this relay's. Is it for another relay?",
  unknown_issuer: "This token is not of an issuer that this relay knows. Is it for another relay?",
  unknown_key: "This token is signed with a key that the relay does not know.",
  wrong_audience: "This token was made for another service.",
  wrong_token_kind: "This token was made for something else than reading events.",
  no_expiry: "This token has no end, which this relay does not accept.",
  revoked: "This token or its user was revoked by an administrator.",
  grant_covers_nothing: "This token is good, but covers no rooms. It needs roomwire.rooms.",
  too_many_failures: "Too many bad tokens came from here. Wait for a moment.",
};

/// What to tell a person about a refusal.
export function explain(error) {
  if (!(error instanceof Refusal)) return "Something in this page failed. Load it again.";
  return advice[error.reason] ?? error.message;
}

/// A refusal from an answer that is not what was asked for.
async function refusal(answer) {
  const retry = Number(answer.headers.get("Retry-After"));
  const retryMs = Number.isFinite(retry) && retry > 0 ? Math.min(retry, 300) * 1000 : undefined;
  let problem;
  if ((answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
    problem = await answer.json().catch(() => null);
  }
  if (typeof problem?.reason === "string") {
    return new Refusal(answer.status, problem.reason, String(problem.detail ?? problem.reason), retryMs);
  }
  await answer.body?.cancel().catch(() => {});
  const what = answer.ok ? `something that is not roomwire's` : `${answer.status}`;
  return new Refusal(
    answer.status, "not_the_relay",
    `The address answered ${what}: look at the proxy in front of the relay, and whether the relay runs.`, retryMs);
}

/// The relay's API with one token.
export class API {
  constructor(prefix, token) {
    this.prefix = prefix;
    this.token = token;
  }

  /// An answer with its headers; throws a `Refusal` where it is not a good one.
  async open(path, { method = "GET", body, signal, type = "application/json" } = {}) {
    const headers = { Authorization: `Bearer ${this.token}`, Accept: type };
    let answer;
    try {
      answer = await fetch(this.prefix + path, { method, body, headers, signal, cache: "no-store", redirect: "error" });
    } catch (error) {
      if (signal?.aborted) throw signal.reason ?? error;
      throw new Refusal(0, "no_answer", "The relay does not answer. Does it run, and is this machine online?");
    }
    clock.sample(Date.parse(answer.headers.get("Date")));
    const given = answer.headers.get("Content-Type") ?? "";
    if (!answer.ok || (answer.status !== 204 && !given.startsWith(type))) throw await refusal(answer);
    return answer;
  }

  /// The JSON of an answer; null if it has none.
  async json(path, options = {}) {
    const answer = await this.open(path, { ...options, signal: AbortSignal.timeout(options.milliseconds ?? ANSWER_MS) });
    if (answer.status === 204) return null;
    try { return await answer.json(); } catch {
      throw new Refusal(answer.status, "not_the_relay", "The answer broke off, or is not JSON.");
    }
  }

  /// Events of the past.
  async history(query) {
    const page = await this.json(`/events?${new URLSearchParams([...query, ["format", "json"], ["wait", "0"]])}`);
    return Array.isArray(page?.events) ? page.events : [];
  }
}

/// Events as they happen. After a break it goes on from the last id; where streams do not get through it polls, and
/// tries streams again later.
export class Connection {
  /// - api: where, and with which token.
  /// - query: pairs that narrow the stream.
  /// - begin: pairs for the first time, such as snapshot=1.
  /// - onEvent: each event; onSnapshot: the rooms to begin with; onResync: everything known is stale; onState: see `state`.
  constructor({ api, query = [], begin = [], onEvent, onSnapshot, onResync, onState, onExpiring }) {
    Object.assign(this, { api, query, begin, onEvent, onSnapshot, onResync, onState, onExpiring });
    this.state = { name: "connecting", detail: "", at: 0 };
    this.lastId = null;
    this.failures = 0;
    this.heldBack = 0;
    this.isClosed = false;
    this.wake = () => this.hurry();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.run();
  }

  close() {
    this.isClosed = true;
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.abort?.abort();
    this.endWait?.();
  }

  set(name, detail = "") {
    if (this.isClosed) return;
    if (this.state.name === name && this.state.detail === detail) return;
    this.state = { ...this.state, name, detail };
    this.onState?.(this.state);
  }

  sign() { this.state.at = Date.now(); }

  /// Back from sleep or from being offline: no need to wait longer.
  hurry() {
    if (document.visibilityState === "visible") this.endWait?.();
  }

  async run() {
    while (!this.isClosed) {
      try {
        if (this.heldBack >= 2) await this.poll(); else await this.stream();
      } catch (error) {
        if (this.isClosed) return;
        if (!this.goesOn(error)) return;
        this.failures += 1;
        this.set("reconnecting", error instanceof Refusal ? explain(error) : "The connection broke.");
        const longest = Math.min(30_000, 500 * 2 ** Math.min(this.failures, 6));
        await this.wait(Math.max(error.retryMs ?? 0, longest * (0.5 + Math.random() / 2)));
      }
    }
  }

  /// Whether another try can help.
  goesOn(error) {
    if (!(error instanceof Refusal)) return true;
    if (error.reason === "expired" || error.reason === "token_expired") {
      this.set("expired", advice.expired);
      return false;
    }
    if (error.isFinal || [400, 401, 403].includes(error.status) && error.reason !== "not_the_relay") {
      this.set("refused", explain(error));
      return false;
    }
    return true;
  }

  wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.endWait = () => { clearTimeout(timer); resolve(); };
    }).finally(() => { this.endWait = null; });
  }

  path(more) {
    const from = this.lastId ? [["lastEventId", this.lastId]] : this.begin;
    return `/events?${new URLSearchParams([...this.query, ...from, ...more])}`;
  }

  async stream() {
    this.abort = new AbortController();
    const abort = this.abort;
    let timer;
    const within = (milliseconds) => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(new Refusal(0, "silence", "The relay has gone silent.")), milliseconds);
    };
    if (!["connecting", "polling"].includes(this.state.name)) this.set("reconnecting", this.state.detail);
    let hasBegun = false;
    try {
      within(ANSWER_MS);
      const path = this.path([["format", "ndjson"], ["heartbeat", "event"], ["refuse", "http"]]);
      const answer = await this.api.open(path, { signal: abort.signal, type: "application/x-ndjson" });
      within(FIRST_LINE_MS);
      for await (const line of lines(answer.body, abort.signal)) {
        hasBegun = true;
        this.heldBack = 0;
        this.sign();
        this.take(JSON.parse(line));
        within((this.heartbeatMs ?? 15_000) * 2 + 5_000);
      }
      throw new Refusal(0, "ended", "The stream ended.", this.retryMs);
    } catch (error) {
      if (error.reason === "silence" && !hasBegun) this.heldBack += 1;
      throw error;
    } finally {
      clearTimeout(timer);
      this.retryMs = undefined;
      abort.abort();
    }
  }

  /// Pages instead of streams, for as long as streams are unlikely to get through.
  async poll() {
    const end = Date.now() + POLLING_MS;
    if (!this.lastId) {
      const rooms = await this.api.json("/rooms");
      this.sign();
      this.onSnapshot?.(rooms);
      this.lastId = rooms.lastEventId;
    }
    while (!this.isClosed && Date.now() < end) {
      const page = await this.api.json(this.path([["format", "json"], ["wait", "20s"]]), { milliseconds: 40_000 });
      this.sign();
      this.failures = 0;
      this.set("polling", "Something between this page and the relay holds streams back, so it asks every 20 seconds.");
      if (page.resync) return this.resync();
      for (const event of page.events ?? []) this.event(event);
      this.lastId = page.lastEventId ?? this.lastId;
    }
    this.heldBack = 1;
  }

  resync() {
    this.lastId = null;
    this.onResync?.();
  }

  event(event) {
    if (event.id) this.lastId = event.id;
    if (typeof event.receivedAt === "number") clock.sample(event.receivedAt);
    this.onEvent?.(event);
  }

  take(message) {
    const kind = controls[message.type];
    if (kind && !message.id) kind.call(this, message);
    else this.event(message);
    if (this.state.name === "catching up" && reaches(this.lastId, this.newestId)) this.set("live");
  }
}

const milliseconds = (id) => Number.parseInt(id ?? "", 10) || 0;

/// `connected` tells the newest id to the second.
function reaches(id, newest) { return milliseconds(id) >= milliseconds(newest) - 1000; }

// The relay's own messages.
const controls = {
  connected(message) {
    this.failures = 0;
    this.streamId = message.streamId;
    this.user = message.user;
    this.heartbeatMs = message.heartbeatMs;
    const isResumed = this.lastId !== null;
    this.newestId = message.newestId;
    this.lastId ??= message.lastEventId ?? null;
    this.set(isResumed && !reaches(this.lastId, this.newestId) ? "catching up" : "live");
  },
  snapshot(message) {
    this.lastId = message.lastEventId ?? this.lastId;
    this.onSnapshot?.(message);
  },
  resync() {
    this.resync();
    throw new Refusal(0, "resync", "Events were missed: everything is fetched anew.", 1);
  },
  heartbeat(message) {
    this.lastId = message.lastEventId ?? this.lastId;
    this.set("live");
  },
  token_expiring(message) { this.onExpiring?.(Date.parse(message.expiresAt)); },
  token_expired() { throw new Refusal(401, "expired", advice.expired); },
  revoked() { throw new Refusal(401, "revoked", advice.revoked); },
  closed() {
    throw Object.assign(new Refusal(0, "closed", "An administrator has closed this stream."), { isFinal: true });
  },
  replaced(message) { this.retryMs = message.retryMs; },
  draining(message) { this.retryMs = message.retryMs; },
  retire(message) { this.retryMs = message.retryMs; },
  refused(message) {
    const refused = new Refusal(429, message.reason, message.detail ?? message.reason, message.retryMs);
    throw Object.assign(refused, { isFinal: message.final === true });
  },
};

/// The lines of a body.
async function* lines(body, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      if (rest.length > LINE_BYTES) throw new Refusal(0, "not_the_relay", "A line of the stream is too long.");
      let start = 0;
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
        if (end > start) yield rest.slice(start, end);
        start = end + 1;
      }
      rest = rest.slice(start);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason ?? error : error;
  } finally {
    reader.cancel().catch(() => {});
  }
}
