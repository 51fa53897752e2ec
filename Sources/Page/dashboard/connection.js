// Requests to the relay, and its stream.

import { connect } from "../client.js";
import { clock, text } from "./dom.js";

const ANSWER_MS = 15_000;
/// Of what a relay, or what answers in its place, says.
const MOST_LETTERS = 500;

/// Why the relay, or what is between it and the page, did not do what was asked.
export class Refusal extends Error {
  /// - status: 0 where nothing answered.
  constructor(status, reason, detail) {
    super(detail);
    Object.assign(this, { status, reason });
  }
}

const noAnswer = "The relay does not answer. Does it run, and is this machine online?";

function answered(what) {
  return `The address answered ${what}: look at the proxy in front of the relay, and whether the relay runs.`;
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
  not_the_relay: answered("something that is not roomwire's"),
  redirected: "The address sends requests elsewhere, which the relay never does: look at the proxy in front of it.",
  no_token: "This is no token: it is one word of letters, digits, dots, - and _.",
  resync: "The relay's log no longer has what this page missed, again and again. Load the page again.",
  network: noAnswer,
  silent: "The relay has gone silent.",
  ended: "The stream ended.",
  closed: "An administrator has closed this stream.",
  draining: "The relay is being restarted.",
};

/// What to do about a reason; undefined for one that the page does not know.
function adviceFor(reason) { return Object.hasOwn(advice, reason) ? advice[reason] : undefined; }

/// What to tell a person about a refusal.
export function explain(error) {
  if (!(error instanceof Refusal)) return "Something in this page failed. Load it again.";
  return adviceFor(error.reason) ?? error.message.slice(0, MOST_LETTERS);
}

/// A refusal from an answer that is not what was asked for.
async function refusal(answer) {
  let problem;
  if ((answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
    problem = await answer.json().catch(() => null);
  }
  if (typeof problem?.reason === "string") {
    return new Refusal(answer.status, problem.reason, text(problem.detail ?? problem.reason));
  }
  await answer.body?.cancel().catch(() => {});
  if (answer.ok) return new Refusal(answer.status, "not_the_relay", advice.not_the_relay);
  return new Refusal(answer.status, `http_${answer.status}`, answered(answer.status));
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
      throw new Refusal(0, "network", noAnswer);
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

/// Names of states that the page writes otherwise than client.js.
const names = { "catching-up": "catching up", closed: "refused" };

/// Events as they happen, by the client module: it comes back by itself, and polls where streams do not get through.
export class Connection {
  /// - api: where, and with which token.
  /// - filter: `rooms`, `types`, `sources`, `participants`.
  /// - onEvent: each event; onResync: events were missed; onState: see `state`.
  constructor({ api, filter = {}, rooms = false, onEvent, onResync, onState }) {
    this.state = { name: "connecting", detail: "" };
    this.client = connect({
      url: location.origin, prefix: api.prefix, token: api.token, ...filter,
      // Each tab may be signed in with another token; and what is on the page must begin with a list of rooms.
      share: false, resume: false, state: rooms,
      onEvent: (event) => {
        if (typeof event.receivedAt === "number") clock.sample(event.receivedAt);
        onEvent(event);
      },
      onResync,
      onState: (state) => {
        this.state = {
          name: names[state.status] ?? state.status, detail: detailOf(state), user: state.user,
          expiresAt: state.expiresAt,
        };
        onState?.(this.state);
      },
    });
  }

  /// When bytes came last, by this machine's clock.
  get lastSeen() { return this.client.lastSeen; }

  close() { this.client.close(); }
}

function detailOf(state) {
  if (state.status === "polling") return "Something between this page and the relay holds streams back, so the page asks again and again.";
  if (state.status === "live" || state.status === "connecting" || state.status === "catching-up") return "";
  const status = /^http_(\d+)$/.exec(state.reason)?.[1];
  if (status) return answered(status);
  return adviceFor(state.reason) ?? text(state.detail ?? state.reason ?? "").slice(0, MOST_LETTERS);
}
