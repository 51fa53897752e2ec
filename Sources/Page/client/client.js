// roomwire's client for web pages: room and participant events, and who is in which room, kept up to date.
//
//     import { connect } from "https://relay.example.com/client.js";
//     const client = connect({ getToken, onEvent: (event) => console.log(event.type) });
//
// How it works:
// - Streams are read with fetch and not with EventSource. EventSource hides statuses and bodies of refusals, never
//   comes back after any status but 200, repeats its URL and so a used ticket, and does not tell when bytes arrived.
// - One tab of an origin, the leader, holds the connection for all of them. It holds a Web Lock, and passes on what
//   it receives through a BroadcastChannel. Its stream covers the filters of all tabs; each tab picks its own events.
// - A position in the relay's log is a cursor. Each tab has its own. A tab that is behind the leader reads the pages in
//   between itself and ignores what it has already, so that it gets every event once, in order, whoever leads.
// - Room state is a list of rooms as of an id, and the events after that id, folded as the relay folds them.

/** The types of events that change room state. */
const STATE_TYPES = ["room_*", "participant_*", "track_*", "recording_*"];
/** The relay takes 64 values in all. What asks for more of one kind asks for all of it, and picks. */
const MOST_VALUES = 20;
/** How many participants who are in no room are remembered; the relay remembers some thousands. */
const MOST_REMEMBERED = 1000;
/** How many events wait for the list of rooms. If more come, the list must be a newer one. */
const MOST_WAITING = 5000;
/** No message is as long as this, in characters. */
const LONGEST_LINE = 2 ** 24;
/** How long `getToken` may take, and an answer that is no stream and no poll. */
const ANSWER_MS = 30000;
/** A stream that held for so long was a good one: the next may begin without delay. */
const STEADY_MS = 5000;
/** Polls are no closer together than this, however fast they are answered. */
const LEAST_POLL_MS = 300;
/** An event's id: milliseconds and a number. */
const ID = /^\d+-\d+$/;
/** What the relay's room state has of a participant; a sender's own members are in the event alone. */
const PARTICIPANT_MEMBERS = ["id", "identity", "name", "kind", "joinedAt", "leftAt", "durationSeconds", "leaveReason",
  "isOwner", "networkQuality", "metadata", "attributes", "permissions"];

/** Below, at or above zero as the first id is older than, the same as or newer than the second. */
function compare(one, other) {
  const [milliseconds, sequence] = one.split("-"), [from, number] = other.split("-");
  return milliseconds - from || sequence - number;
}

const newer = (one, other) => !other || compare(one, other) > 0;
const pick = (object, names) => Object.fromEntries(names.filter((name) => object[name] !== undefined)
  .map((name) => [name, object[name]]));
/** A clock that is right when the wall clock is set. */
const steadyNow = () => performance.now();
const random = () => Math.random().toString(36).slice(2);
/** A signal that ends a request that takes too long as well; browsers of 2023 have no such. */
const limited = (signal) => AbortSignal.any?.([signal, AbortSignal.timeout(ANSWER_MS)]) ?? signal;
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** How long to wait by another's word: timers take no more than 24 days, and end at once if they are given more. */
const bounded = (milliseconds) => milliseconds > 0 ? Math.min(Math.max(milliseconds, 100), 3600000) : undefined;
const isRefused = ({ status }) => ["refused", "expired"].includes(status);
/** The state of a client that was refused. */
const refused = ({ reason, detail }) => ({ status: reason === "expired" ? reason : "refused", reason, detail });

/** Filters: `rooms`, `types` and `sources` are patterns, of which undefined is all; `participants` are identities. */
const DIMENSIONS = ["rooms", "types", "sources"];

function normal(filter) {
  const found = pick(filter, [...DIMENSIONS, "participants"]);
  for (const name in found) found[name] = [found[name]].flat();
  return found;
}

/** Whether a text fits a pattern, in which `*` is any characters. Its time grows with the lengths alone. */
function fits(pattern, text) {
  const [first, ...middle] = pattern.split("*"), last = middle.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let place = first.length;
  for (const part of middle) {
    const found = text.indexOf(part, place);
    if (found < 0) return false;
    place = found + part.length;
  }
  return text.length - last.length >= place && text.endsWith(last);
}

function matcher(patterns) {
  // An event that names no room reaches only those who ask for every room.
  return (text) => !patterns || text !== undefined && patterns.some((pattern) => fits(pattern, text));
}

/** A function that says whether a filter admits an event. */
function admits(filter) {
  const [room, type, source] = DIMENSIONS.map((name) => matcher(filter[name]));
  return (event) => room(event.room) && type(event.type) && source(event.source)
    && (!filter.participants || filter.participants.includes(event.data?.participant?.identity));
}

/** One filter that covers all of them. */
function union(filters) {
  const all = {};
  for (const name of DIMENSIONS) {
    const values = new Set(filters.flatMap((filter) => filter[name] ?? "*"));
    if (!values.has("*") && values.size <= MOST_VALUES) all[name] = [...values];
  }
  return all;
}

const covers = (wide, narrow) => DIMENSIONS.every((name) =>
  !wide[name] || narrow[name]?.every((value) => wide[name].includes(value)));

function queryOf(filter, parameters = {}) {
  const query = new URLSearchParams(JSON.parse(JSON.stringify(parameters)));
  for (const name of DIMENSIONS) for (const value of filter[name] ?? []) query.append(name.slice(0, -1), value);
  return query;
}

/** Runs a page's function; what it throws is the page's error and does not stop the client. */
function call(handler, ...values) {
  try { handler?.(...values); } catch (error) { setTimeout(() => { throw error; }); }
}

/**
 * Who is in which room. Every change makes new objects for what changed and leaves the others as they are, so that
 * `get` gives the same object until it changes, as `useSyncExternalStore` needs it.
 */
class RoomStore {
  #rooms = new Map();      // Name to the rooms of this name, of which there is one but for several sources.
  #list;                   // What `get()` gave, until the next change.
  #watchers = new Set();
  #changed = false;
  #early = new Map();      // Tracks of participants whose join has not come yet.
  #gone = new Set();       // Participants whose leave came first: webhooks overtake each other.
  #admits;
  #id;                     // The rooms are exact up to here.
  #waiting;                // Events while the list of rooms is on its way.
  #from;                   // The list must be as new as this.

  constructor(filter) { this.#admits = admits({ rooms: filter.rooms, sources: filter.sources }); }

  /** A room, or undefined if it is not open; without a name all open rooms by name. */
  get(name, source) {
    if (name !== undefined) return this.#rooms.get(name)?.find((room) => !source || room.source === source);
    return this.#list ??= Object.freeze([...this.#rooms.keys()].sort().flatMap((key) => this.#rooms.get(key)));
  }

  /** Calls `watcher` with all rooms, now and after every change, until the function that it returns is called. */
  subscribe = (watcher) => {
    const entry = { watcher };
    this.#watchers.add(entry);
    call(watcher, this.get());
    return () => this.#watchers.delete(entry);
  };

  /** Events after an id are kept until `_load`; without an id none are. */
  _wait(from) {
    this.#waiting = from && [];
    this.#from = from;
  }

  /** Takes the rooms as of an id, and then the events after it. False if they are older than what was waited for. */
  _load(rooms, id) {
    if (compare(id, this.#from) < 0) return false;
    this.#rooms = new Map();
    for (const room of rooms) {
      if (this.#admits({ room: room.name, source: room.source }))
        this.#rooms.set(room.name, [...this.#rooms.get(room.name) ?? [], room]);
    }
    this.#id = id;
    this.#changed = true;
    this.#early.clear();
    this.#gone.clear();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const event of waiting) this._take(event);
    this._flush();
    return true;
  }

  _take(event) {
    if (this.#waiting) {
      if (this.#waiting.push(event) > MOST_WAITING) this._wait(event.id);
    } else if (this.#id && newer(event.id, this.#id) && this.#admits(event)) {
      // An event of an odd shape, from a sender of its own types, is no reason to lose those after it.
      call(() => this.#apply(event));
    }
  }

  /** Tells of what has changed: once for all events that came together. */
  _flush() {
    if (!this.#changed) return;
    this.#changed = false;
    this.#list = undefined;
    for (const { watcher } of [...this.#watchers]) call(watcher, this.get());
  }

  #put(name, source, room) {
    const rooms = (this.#rooms.get(name) ?? []).filter((other) => other.source !== source);
    if (room) rooms.push({ ...room, numParticipants: room.participants.length });
    if (rooms.length) this.#rooms.set(name, rooms); else this.#rooms.delete(name);
    this.#changed = true;
  }

  #remember(memory, add) {
    add();
    if (memory.size > MOST_REMEMBERED) memory.delete(memory.keys().next().value);
  }

  /** Folds one event, as the relay does it in `RoomFold`. */
  #apply(event) {
    const { type, id, source, provider, room: name } = event;
    const { room: told, participant: person, track, recording } = Object(event.data);
    // `late`: what it tells of was settled before. `untracked`: its room is not kept. `addressed`: for some users alone.
    if (name === undefined || event.late || event.untracked || event.addressed) return;
    const old = this.get(name, source);
    const key = person && JSON.stringify([source, name, person.id]);
    const index = person && old ? old.participants.findIndex((other) => other.id === person.id) : -1;
    const put = (changes) => this.#put(name, source, { ...old, ...changes, lastEventId: id });
    const open = (changes) => put({
      ...(old ? {} : { name, source, provider, participants: [], recordings: [] }),
      ...pick(Object(told), ["id", "startedAt", "metadata"]), ...changes,
    });
    const replaced = (items, item) => {
      const at = items.findIndex((other) => other.id === item.id);
      return at < 0 ? [...items, item] : items.with(at, item);
    };
    const without = (items, gone) => items.filter((item) => item.id !== gone);
    const leave = () => {
      this.#early.delete(key);
      if (index >= 0) put({ participants: without(old.participants, person.id) });
    };
    const setTracks = (tracks) =>
      put({ participants: replaced(old.participants, { ...old.participants[index], tracks }) });

    switch (type) {
      case "room_started": return open();
      case "room_finished":
        if (!old) return;
        // The leaves of those inside came before it; who is left belongs to the next session.
        return this.#put(name, source, old.participants.length
          ? { name, source, provider: old.provider, participants: old.participants, recordings: [], lastEventId: id }
          : undefined);
      case "participant_joined": {
        if (!person) return;
        this.#gone.delete(key);
        const tracks = index < 0 ? this.#early.get(key) ?? [] : old.participants[index].tracks;
        if (index < 0) this.#early.delete(key);
        return open({
          participants: replaced(old?.participants ?? [], { ...pick(person, PARTICIPANT_MEMBERS), tracks }),
        });
      }
      case "participant_left":
        if (!person) return;
        if (event.synthetic || index < 0) this.#remember(this.#gone, () => this.#gone.add(key));
        return leave();
      case "participant_connection_aborted": return person && leave();
      case "track_published":
        if (!person || !track) return;
        if (index >= 0) return setTracks(replaced(old.participants[index].tracks, track));
        if (this.#gone.has(key)) return;
        return this.#remember(this.#early, () =>
          this.#early.set(key, [...without(this.#early.get(key) ?? [], track.id), track].slice(-64)));
      case "track_unpublished":
        if (!person || !track) return;
        if (this.#early.has(key)) this.#early.set(key, without(this.#early.get(key), track.id));
        if (!old?.participants[index]?.tracks.some((other) => other.id === track.id)) return;
        return setTracks(without(old.participants[index].tracks, track.id));
      case "recording_started": case "recording_updated":
        // One of another session of the room is not this one's.
        if (!recording || !old || old.id && told?.id && old.id !== told.id) return;
        return put({ recordings: replaced(old.recordings, recording) });
      case "recording_ended": case "recording_ready": case "recording_failed":
        if (!recording || !old?.recordings.some((other) => other.id === recording.id)) return;
        return put({ recordings: without(old.recordings, recording.id) });
    }
  }
}

/** What the relay, or a proxy before it, answered instead of what was asked for. */
class Refusal extends Error {
  /** `denied`: another token may help. `final`: nothing will but another request. `told`: by the relay itself. */
  constructor(problem) {
    super(problem.reason);
    Object.assign(this, problem, { retryMs: bounded(problem.retryMs) });
  }

  static async of(answer) {
    const { reason, detail } = await answer.text().then(parse).catch(() => ({}));
    const { status, headers } = answer, told = typeof reason === "string";
    return new Refusal({
      reason: told ? reason : `http_${status}`, told, detail: told && detail ? String(detail) : undefined,
      retryMs: headers.get("retry-after") * 1000, denied: told && status === 401,
      final: told && (status === 400 || status === 403),
    });
  }
}

/** What a proxy's page, or a page for signing in, comes to. */
const notTheRelay = () => new Refusal({ reason: "not_the_relay", detail: "The answer is not roomwire's." });

/** The object that a text of JSON is. */
function parse(text) {
  let value;
  try { value = JSON.parse(text); } catch { /* A proxy's page with the status 200. */ }
  if (Object(value) !== value) throw notTheRelay();
  return value;
}

/** The relay's HTTP interface, with a token that is fetched when it is needed. */
class Relay {
  #options;
  #token;

  constructor(options) { this.#options = options; }

  /** The page's token; undefined if it relies on the cookie. */
  async token() {
    const { token, getToken } = this.#options;
    if (!getToken && !token) return undefined;
    return this.#token ??= Promise.race([
      Promise.resolve().then(getToken ?? (() => token)),
      sleep(ANSWER_MS).then(() => { throw "no answer"; }),
    ]).then((made) => {
      // Mostly a backend's page for signing in.
      if (typeof made !== "string" || !/^[!-~]+$/.test(made = made.trim())) throw "it gave no token";
      return made;
    }).catch((error) => {
      this.#token = undefined;
      throw new Refusal({ reason: "no_token", detail: `getToken failed: ${error?.message ?? error}` });
    });
  }

  /** The next request gets a fresh token. */
  forget() { this.#token = undefined; }

  get canRefresh() { return Boolean(this.#options.getToken); }

  async #fetch(path, init) {
    const answer = await fetch(this.#options.base + path, { cache: "no-store", redirect: "manual", ...init });
    // To a page for signing in, mostly. The relay redirects nothing, and the token is not for anyone else.
    if (answer.type === "opaqueredirect") throw new Refusal({ reason: "redirected" });
    if (!answer.ok) throw await Refusal.of(answer);
    return answer;
  }

  async request(path, { method = "GET", signal } = {}, isSecond = false) {
    const token = await this.token();
    try {
      return await this.#fetch(path, {
        method, signal, credentials: token ? "omit" : "include",
        headers: token ? { Authorization: `Bearer ${token}` } : {},
      });
    } catch (error) {
      if (!error.denied || !this.canRefresh || isSecond) throw error;
      this.forget();
      return this.request(path, { method, signal }, true);
    }
  }

  /** `GET /events`. No token stands in the URL: a ticket does, good once and for half a minute. */
  async events(filter, parameters, signal) {
    const query = queryOf(filter, parameters);
    const hasToken = await this.token();
    if (hasToken) {
      const { ticket } = parse(await (await this.request("/tickets", { method: "POST", signal })).text());
      if (!ticket) throw notTheRelay();
      query.set("ticket", ticket);
    }
    return this.#fetch(`/events?${query}`, {
      signal, credentials: hasToken ? "omit" : "include",
      headers: { Accept: parameters.format === "json" ? "application/json" : "text/event-stream" },
    });
  }

  /** A page of events; `wait` is how many seconds to wait for the first. */
  async page(filter, cursor, wait, signal) {
    const answer = await this.events(
      filter, { format: "json", wait: wait ? `${wait}s` : "0", lastEventId: cursor }, signal);
    return this.#json(answer, "events");
  }

  async rooms(filter, signal) {
    return this.#json(await this.request(`/rooms?${queryOf(filter)}`, { signal }), "rooms");
  }

  async #json(answer, member) {
    const body = parse(await answer.text());
    if (!Array.isArray(body[member]) || !ID.test(body.lastEventId)) throw notTheRelay();
    return body;
  }
}

const RESTART = new Refusal({ reason: "restart" });
/** How long a poll waits for an event: less than the 20 or 30 seconds after which proxies give up. */
const POLL_SECONDS = 15;

/** The connection: a stream, or polls where streams do not get through. It comes back until it is stopped. */
class Feed {
  filter;
  cursor;
  isOpen = false;
  seen = 0;               // When bytes came last, by Date.now().
  #relay; #options; #emit; #setState;
  #attempt; #silence; #since; #openedAt; #expiresAt;
  #resync; #polls = false; #fails = 0; #denials = 0; #restarts = 0;
  #retry = 1000;          // The relay's advice, in milliseconds.
  #nextStream = 0; #streamPause; #wakeUp; #settled;
  #streamId; #stopped = false;

  constructor(relay, options, emit, setState) {
    this.#relay = relay; this.#options = options; this.#emit = emit; this.#setState = setState;
    this.#streamPause = options.streamRetryMs;
  }

  /** Opens the connection, or opens it anew for another filter, from where it is. */
  start(filter, cursor) {
    const isFirst = !this.filter;
    this.filter = filter;
    if (!isFirst) return this.#attempt?.abort(RESTART);
    this.cursor = cursor;
    this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#attempt?.abort(RESTART);
    this.#wakeUp?.(true);
    clearTimeout(this.#settled);
  }

  /** The network or the page is back: no use in waiting, unless the relay itself said how long. */
  wake() {
    this.#wakeUp?.();
    this.check();
  }

  /** Drops a connection on which nothing came for longer than a heartbeat takes. Called every second or so. */
  check() {
    // The wall clock runs on while the machine sleeps, the other one is right when the wall clock is set.
    const { wall, steady } = this.#since ?? {};
    if (this.#attempt && this.#since && Math.max(Date.now() - wall, steadyNow() - steady) > this.#silence)
      this.#attempt.abort(new Refusal({ reason: "silent" }));
  }

  #alive() {
    this.seen = Date.now();
    this.#since = { wall: this.seen, steady: steadyNow() };
  }

  async #run() {
    while (!this.#stopped) {
      const left = this.#nextStream - steadyNow(), isPoll = this.#polls && left > 0;
      this.#attempt = new AbortController();
      try {
        await (isPoll ? this.#poll(Math.min(POLL_SECONDS, Math.ceil(left / 1000))) : this.#stream());
        this.#fails = 0;
      } catch (thrown) {
        if (this.#stopped) return;
        const error = this.#attempt.signal.aborted ? this.#attempt.signal.reason : thrown;
        this.#since = undefined;
        const hadOpened = this.isOpen && !isPoll;
        this.isOpen = false;
        if (error !== RESTART && await this.#recover(error, isPoll, hadOpened)) return;
      }
    }
  }

  /** Decides what a failure means, and waits. True if there is no use in going on. */
  async #recover(error, wasPoll, hadOpened) {
    const { reason = "network", detail = error.reason ? undefined : error.message, retryMs, told } = error;
    if (error.denied) {
      this.#relay.forget();
      this.#denials += 1;
    }
    if (error.final || error.denied && !this.#relay.canRefresh) {
      this.#setState(refused(error));
      return true;
    }
    if (wasPoll) this.#polls = false;
    this.#fails = hadOpened && steadyNow() - this.#openedAt > STEADY_MS ? 0 : this.#fails + 1;
    // A stream that gets no further than this, while the relay has said nothing: is it the stream that is in the way?
    if (!wasPoll && !hadOpened && !told && reason !== "no_token" && (reason === "silent" || this.#fails > 1)) {
      if (await this.#fallBack()) return false;
    }
    const pause = retryMs ? retryMs * (1 + Math.random() / 5)
      : Math.random() * Math.min(Math.max(30000, this.#retry), this.#retry * 2 ** this.#fails) + (error.denied ? 3000 : 0);
    const isDenied = error.denied && this.#denials > 1;
    this.#setState({
      ...isDenied ? refused(error) : { status: "reconnecting", reason, detail }, retryAt: Date.now() + pause,
    });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wakeUp = (always) => {
        if (retryMs && !always) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeUp = undefined;
    return false;
  }

  /** Tries a poll; true if it is answered. Streams are tried again later, at growing intervals. */
  async #fallBack() {
    this.#attempt = new AbortController();
    try { await this.#poll(0); } catch { return false; }
    this.#streamPause = this.#polls ? Math.min(2 * this.#streamPause, 600000) : this.#options.streamRetryMs;
    this.#polls = true;
    this.#nextStream = steadyNow() + this.#streamPause;
    return true;
  }

  #opened(transport, cursor) {
    this.cursor = cursor ?? this.cursor;
    this.#denials = 0;
    if (this.isOpen) return;
    this.isOpen = true;
    this.#openedAt = steadyNow();
    this.#emit({ on: true, at: this.cursor, resync: this.#resync });
    this.#resync = undefined;
  }

  /** A cursor that is no good: everything is fetched anew, so the stream goes on from now. */
  #lost({ reason }) {
    this.#resync = reason;
    this.cursor = undefined;
    this.isOpen = false;
    throw this.#again("resync");
  }

  /** Begins anew at once; if that does not help, later. */
  #again(reason) { return this.#restarts++ ? new Refusal({ reason, told: true }) : RESTART; }

  #ends({ expiresAt }) { this.#expiresAt = Date.parse(expiresAt) || undefined; }

  #live(listeners) {
    this.#restarts = 0;
    this.#setState({ status: "live", transport: "stream", expiresAt: this.#expiresAt, ...listeners });
  }

  /** The time for an answer begins when there is a token. */
  async #prepare(milliseconds) {
    this.#silence = milliseconds + this.#options.patienceMs;
    await this.#relay.token();
    this.#alive();
  }

  async #poll(seconds) {
    await this.#prepare(seconds * 1000);
    const pace = sleep(LEAST_POLL_MS);
    const page = await this.#relay.page(this.filter, this.cursor, seconds, this.#attempt.signal);
    this.#alive();
    if (page.resync) this.#lost(page.resync);
    this.#opened("polling", this.cursor ?? page.lastEventId);
    this.#setState({ status: "polling", transport: "polling" });
    this.cursor = page.lastEventId;
    this.#emit({ events: page.events, cursor: this.cursor });
    await pace;
  }

  async #stream() {
    const { signal } = this.#attempt;
    this.isOpen = false;
    await this.#prepare(0);
    const answer = await this.#relay.events(
      this.filter, { heartbeat: "event", refuse: "stream", lastEventId: this.cursor }, signal);
    if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) throw notTheRelay();
    const reader = answer.body.getReader(), decoder = new TextDecoder();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) throw new Refusal({ reason: "ended" });
        // What was on its way when the attempt was given up is asked for again, and must not come twice.
        if (signal.aborted) throw RESTART;
        this.#alive();
        const lines = decoder.decode(value, { stream: true }).split("\n");
        lines[0] = rest + lines[0];
        rest = lines.pop();
        if (rest.length > LONGEST_LINE) throw notTheRelay();
        this.#read(lines);
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /**
   * Reads lines of the stream. Each message is one line `data:` of JSON that says its own id, so that the other fields
   * are not needed; `retry:` is how long to wait before coming back.
   */
  #read(lines) {
    const events = [];
    const before = this.cursor;
    try {
      for (const line of lines) {
        if (line.startsWith("retry:")) this.#retry = bounded(Number(line.slice(6))) ?? this.#retry;
        if (!line.startsWith("data:")) continue;
        const message = parse(line.slice(5));
        if (message.id === undefined) {
          this.#obey(message);
        } else {
          if (!ID.test(message.id)) throw notTheRelay();
          events.push(message);
          this.cursor = message.id;
        }
      }
    } finally {
      if (this.isOpen && this.cursor !== before) this.#emit({ events, cursor: this.cursor });
    }
  }

  /** A message of the relay's own. */
  #obey(message) {
    const { type, retryMs, reason, detail } = message;
    switch (type) {
      case "connected":
        this.#silence = (Number(message.heartbeatMs) || 15000) * 1.5 + 1000;
        this.#streamId = message.streamId;
        this.#polls = false;
        this.#streamPause = this.#options.streamRetryMs;
        this.#ends(message);
        this.#opened("stream", message.lastEventId);
        this.#setState({
          status: newer(message.newestId, this.cursor) ? "catching-up" : "live", transport: "stream",
          user: message.user, listeners: message.listeners, expiresAt: this.#expiresAt,
        });
        return this.#settle();
      case "heartbeat":
        this.cursor = message.lastEventId;
        return this.#live({ listeners: message.listeners });
      case "resync": return this.#lost(message);
      case "token_expiring": return void this.#renew();
      case "token_expired":
        this.#relay.forget();
        if (this.#relay.canRefresh) throw this.#again("expired");
        throw new Refusal({ reason: "expired", denied: true, told: true });
      case "revoked":
        throw new Refusal({ reason: type, final: true });
      case "draining": case "retire": case "replaced": case "closed":
        throw new Refusal({ reason: type, retryMs, told: true });
      case "refused": {
        // A refusal of what was asked for stays; one of the token or ticket does not, since each attempt has a new one.
        const isOurs = message.final && ["bad_query", "grant_covers_nothing"].includes(reason);
        throw new Refusal({
          reason, detail, retryMs: message.final ? undefined : retryMs, final: isOurs, told: true,
          denied: message.final && !isOurs,
        });
      }
    }
  }

  /** The relay does not say when a stream has caught up: it has when nothing comes for a moment. */
  #settle() {
    clearTimeout(this.#settled);
    const cursor = this.cursor;
    this.#settled = setTimeout(() => {
      if (this.cursor === cursor || !this.isOpen) return this.isOpen && this.#live();
      this.#settle();
    }, 500);
  }

  /** Has the stream outlast its token. If that fails it ends with `token_expired`, and another is opened. */
  async #renew() {
    if (!this.#relay.canRefresh) return;
    this.#relay.forget();
    try {
      const answer = await this.#relay.request(`/streams/${this.#streamId}/renew`, { method: "POST" });
      this.#ends(parse(await answer.text()));
    } catch { /* As said. */ }
  }
}

/** Names what a token allows, but not when: tabs with the same one can share a stream. */
function identity(token) {
  try {
    const { exp, iat, nbf, jti, ...claims } = JSON.parse(
      atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return JSON.stringify(claims);
  } catch { return ""; }
}

/** Seconds of silence after which a tab asks whether the leader is there, and after which it takes its place. */
const ASK_AFTER = 4;
const TAKE_OVER_AFTER = 8;
/** How long a cursor in `sessionStorage` is of use: a tab that is restored the next day begins anew. */
const RESUME_MS = 600000;

class Client {
  #options; #relay; #filter; #listeners = new Set(); #watchers = { state: new Set(), resync: new Set() };
  #state = { status: "connecting", transport: null, leader: false };
  #id = random(); #name; #channel; #term; #isCovered = false; #tabs = new Map(); #quiet = 0;
  #feed; #release; #waitForLock; #cursor; #queue = Promise.resolve(); #stop = new AbortController();
  #timer; #lastTick; #seen = 0; #loading; #setReady; #run = 0; #isClosed = false; #key; #savedCursor;
  rooms;
  /** Settles when `rooms` has been filled. */
  ready = new Promise((resolve) => { this.#setReady = resolve; });

  constructor(options) {
    const url = options.url ?? new URL(import.meta.url).origin;
    this.#options = { patienceMs: 8000, streamRetryMs: 30000, state: true, share: true, resume: true, ...options,
      base: url.replace(/\/+$/, "") + (options.prefix ?? "/api") };
    this.#filter = normal(options);
    this.#relay = new Relay(this.#options);
    this.rooms = new RoomStore(this.#filter);
    if (options.onEvent) this.listen({}, options.onEvent);
    if (options.onState) this.on("state", options.onState);
    if (options.onResync) this.on("resync", options.onResync);
    this.#watchPage("addEventListener");
    this.#begin();
  }

  get state() { return this.#state; }
  /** `stream`, `polling`, or null while there is no connection. */
  get transport() { return this.#state.transport; }
  /** When bytes came last, by this machine's clock, in milliseconds since 1970; 0 for never. */
  get lastSeen() { return Math.max(this.#seen, this.#feed?.seen ?? 0); }

  /** Calls `handler` with every event within the client's filter narrowed or replaced by `filter`. */
  listen(filter, handler) {
    const own = { ...this.#filter, ...normal(filter ?? {}) };
    const listener = { filter: own, admits: admits(own), handler };
    this.#listeners.add(listener);
    this.#hello();
    return () => { if (this.#listeners.delete(listener)) this.#hello(); };
  }

  /** Calls `handler` with the new state, or with the reason why everything may be stale. */
  on(name, handler) {
    const entry = { handler };
    this.#watchers[name].add(entry);
    return () => this.#watchers[name].delete(entry);
  }

  /** Tries now, after a refusal too. */
  reconnect() {
    if (this.#isClosed) return;
    if (!isRefused(this.#state)) return this.#feed?.wake();
    this.#relay.forget();
    this.#leave();
    this.#begin();
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    this.#watchPage("removeEventListener");
    this.#setState({ status: "closed" });
    this.#listeners.clear();
  }

  // The page's life

  #watchPage(action) {
    for (const name of ["online", "pagehide", "pageshow"]) globalThis.window?.[action](name, this.#onPage);
    for (const name of ["visibilitychange", "freeze", "resume"]) globalThis.document?.[action](name, this.#onPage);
  }

  #onPage = (event) => {
    switch (event.type) {
      // A page that is frozen or kept for the back button holds no connection for the others.
      case "pagehide": case "freeze": return this.#leave();
      case "pageshow": case "resume": return this.#timer || this.#isClosed ? undefined : this.#begin();
      case "visibilitychange": if (document.visibilityState === "hidden") return this.#save();
    }
    this.#wake();
  };

  #wake() {
    this.#feed?.wake();
    if (!this.#feed) this.#post({ ping: true });
  }

  #tick = () => {
    const now = Date.now(), slept = now - this.#lastTick > 5000;
    this.#lastTick = now;
    this.#save();
    if (slept) return this.#wake();
    if (this.#feed) return this.#feed.check();
    // Counted in turns of this tab: one that slept itself must not take the leader for dead.
    if (!this.#channel || !this.#waitForLock) return;
    this.#quiet += 1;
    if (this.#quiet === ASK_AFTER) this.#post({ ping: true });
    if (this.#quiet >= TAKE_OVER_AFTER + Math.random() * 3) this.#elect(true);
  };

  async #begin() {
    const run = ++this.#run, isOver = () => run !== this.#run;
    this.#stop = new AbortController();
    this.#lastTick = Date.now();
    this.#setState({ status: "connecting" });
    this.#timer = setInterval(this.#tick, 1000);
    for (let pause = 1000; ; pause = Math.min(2 * pause, 30000)) {
      try {
        const token = await this.#relay.token();
        if (isOver()) return;
        // The number grows with changes of what tabs say to each other: an older page may be open still.
        this.#name = `roomwire 2 ${this.#options.base} ${identity(token)}`;
        // Clients of a page with other filters may be at other places.
        this.#key = this.#name + JSON.stringify(this.#filter);
        break;
      } catch ({ reason, detail }) {
        if (isOver()) return;
        this.#setState({ status: "reconnecting", reason, detail, retryAt: Date.now() + pause });
        await sleep(pause);
        if (isOver()) return;
      }
    }
    this.#restore();
    // Web Locks need a secure page. Without them each tab has a connection of its own.
    if (!this.#options.share || !globalThis.navigator?.locks || !globalThis.BroadcastChannel) return this.#lead();
    try { this.#channel = new BroadcastChannel(this.#name); } catch { return this.#lead(); }
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#elect();
  }

  /** Ends everything that this client holds, but for what `begin` needs to go on. */
  #leave() {
    if (!this.#timer) return;
    this.#run += 1;
    this.#save();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#post({ bye: this.#id });
    this.#stepDown();
    this.#stop.abort();
    this.#waitForLock?.abort();
    this.#waitForLock = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#loading = undefined;
    this.#isCovered = false;
  }

  #restore() {
    if (!this.#options.resume) return;
    try {
      const { cursor, at } = JSON.parse(sessionStorage.getItem(this.#key));
      if (ID.test(cursor) && Math.abs(Date.now() - at) < RESUME_MS) this.#cursor ??= cursor;
    } catch { /* Nothing is kept, or nothing may be. */ }
  }

  #save() {
    if (!this.#options.resume || !this.#cursor || this.#savedCursor === this.#cursor) return;
    this.#savedCursor = this.#cursor;
    try { sessionStorage.setItem(this.#key, JSON.stringify({ cursor: this.#cursor, at: Date.now() })); } catch { /* . */ }
  }

  // Who leads

  /** Takes the lock if it is free, or by force; else stands in line for it and follows who has it. */
  #elect(force = false) {
    const run = this.#run, { locks } = navigator;
    const lead = (lock) => {
      if (!lock || run !== this.#run) return false;
      this.#waitForLock = undefined;
      this.#lead();
      return new Promise((resolve) => { this.#release = resolve; });
    };
    const failed = ({ name }) => {
      if (run !== this.#run) return;
      if (name !== "AbortError") {
        // Locks are not to be had here, as in a frame in a sandbox, or where the user allows no storage.
        this.#channel.close();
        this.#channel = this.#waitForLock = undefined;
        return this.#lead();
      }
      this.#stepDown();      // Another tab took the lock: this one was thought to be frozen, or was.
      this.#follow(run, lead);
    };
    if (force) {
      this.#waitForLock.abort();
      this.#waitForLock = undefined;
      return void locks.request(this.#name, { steal: true }, lead).catch(failed);
    }
    locks.request(this.#name, { ifAvailable: true }, lead)
      .then((led) => { if (led === false) return this.#follow(run, lead); }).catch(failed);
  }

  async #follow(run, lead) {
    if (run !== this.#run) return;
    this.#quiet = 0;
    const waiting = new AbortController();
    this.#waitForLock = waiting;
    // A filter or token that the relay refuses must not become part of the leader's stream.
    if (!await this.#enqueue(() => this.#catchUp()) || run !== this.#run || this.#waitForLock !== waiting) return;
    this.#hello();
    navigator.locks.request(this.#name, { signal: waiting.signal }, lead).catch(() => {
      // Given up, or taken from this tab after it led.
      if (run !== this.#run || !this.#feed || waiting.signal.aborted) return;
      this.#stepDown();
      this.#follow(run, lead);
    });
  }

  #lead() {
    this.#term = random();
    this.#tabs.clear();
    this.#tabs.set(this.#id, this.#wanted());
    const term = this.#term;
    const feed = this.#feed = new Feed(this.#relay, this.#options,
      (frame) => this.#feed === feed && this.#tell(frame.on ? { ...frame, tabs: [...this.#tabs.keys()] } : frame),
      (change) => {
        if (this.#feed !== feed) return;
        // Another tab may have a better token, or a filter that is not refused.
        if (!change.retryAt && isRefused(change)) return this.#giveUp(change);
        this.#tell({ state: change });
      });
    this.#setState(this.#state);
    this.#post({ lead: true, term });
    // The other tabs say what they want first, so that the stream need not be opened twice.
    const begin = () => this.#feed === feed && feed.start(union([...this.#tabs.values()]), this.#cursor);
    if (this.#channel) setTimeout(begin, 50); else begin();
  }

  /** Until `reconnect`. The other tabs go on. */
  #giveUp(change) {
    this.#leave();
    this.#setState(change);
  }

  #stepDown() {
    this.#feed?.stop();
    // Whoever leads now has a term of its own.
    this.#feed = this.#term = undefined;
    this.#release?.();
    this.#release = undefined;
    this.#setState(this.#state);
  }

  /** What this tab's stream must cover. */
  #wanted() {
    const filters = [...this.#listeners].map(({ filter }) => filter);
    if (this.#options.state) filters.push({ ...this.#filter, types: STATE_TYPES });
    return union(filters.length ? filters : [{ ...this.#filter, types: ["room_started"] }]);
  }

  #hello() {
    if (!this.#term && !this.#channel) return;
    const wanted = this.#wanted();
    if (this.#feed) this.#welcome(this.#id, wanted);
    else if (this.#waitForLock) this.#post({ hello: this.#id, wanted });
  }

  /** A tab has come, or wants something else. */
  #welcome(id, wanted) {
    this.#tabs.set(id, wanted);
    const feed = this.#feed;
    if (!feed.filter) return;
    if (!covers(feed.filter, wanted)) {
      // Several tabs often come at once.
      return void setTimeout(() => {
        const all = union([...this.#tabs.values()]);
        if (this.#feed === feed && !covers(feed.filter, all)) feed.start(all);
      }, 100);
    }
    if (feed.isOpen && id !== this.#id) this.#tell({ on: true, at: feed.cursor, tabs: [id] });
    this.#post({ state: this.#state, term: this.#term });
  }

  // What goes between tabs

  #post(message) { this.#channel?.postMessage(message); }

  /** Passes on to all tabs, this one included, what came from the relay. */
  #tell(frame) {
    const message = { ...frame, term: this.#term };
    this.#post(message);
    this.#enqueue(() => this.#take(message));
  }

  #hear(message) {
    // Other scripts of the origin may use the channel, too.
    const { lead, hello, bye, ping, term } = Object(message);
    if (this.#feed) {
      if (hello) return this.#welcome(hello, normal(Object(message.wanted)));
      if (bye) return void this.#tabs.delete(bye);
      if (ping) return this.#post({ state: this.#state, term: this.#term });
      return;
    }
    if (!term) return;
    if (lead) {
      this.#term = term;
      this.#isCovered = false;
      this.#quiet = 0;
      return this.#hello();
    }
    // What comes from a leader that was replaced while it was frozen is not in order any more.
    this.#term ??= term;
    if (term !== this.#term) return;
    this.#quiet = 0;
    this.#seen = Date.now();
    this.#enqueue(() => this.#take(message).catch(() => {}));
  }

  /** What tells of the log is handled in order, also where a page has to be read first. */
  #enqueue(work) {
    const run = this.#run;
    const done = this.#queue.then(() => run === this.#run ? work() : undefined);
    this.#queue = done.catch((error) => setTimeout(() => { throw error; }));
    return done;
  }

  async #take({ on, at, tabs, resync, events, cursor, state, term }) {
    if (term !== this.#term) return;
    if (state?.status) return this.#setState(state);
    if (on) {
      if (!tabs.includes(this.#id)) return;
      if (resync) this.#cursor = at;
      this.#cursor ??= at;
      if (newer(at, this.#cursor) && !await this.#catchUp(at)) return;
      this.#isCovered = true;
      if (this.#options.state && (resync || !this.#loading)) await this.#load(Boolean(resync));
      if (resync) this.#announce("resync", { reason: resync });
    } else if (this.#isCovered) {
      this.#deliver(events, cursor);
    }
  }

  #deliver(events, cursor) {
    for (const event of events) {
      if (!newer(event.id, this.#cursor)) continue;
      this.#cursor = event.id;
      this.rooms._take(event);
      for (const { admits, handler } of [...this.#listeners]) if (admits(event)) call(handler, event);
      // A handler may have closed the client.
      if (this.#isClosed) return;
    }
    if (newer(cursor, this.#cursor)) this.#cursor = cursor;
    this.rooms._flush();
  }

  /** Reads pages up to an id; without one, a page to see whether this tab's filter and token are good. */
  async #catchUp(id) {
    const { signal } = this.#stop;
    for (let pause = 500; !signal.aborted;) {
      try {
        const page = await this.#relay.page(this.#wanted(), this.#cursor, 0, limited(signal));
        if (page.resync) {
          this.#cursor = page.lastEventId;
          if (this.#options.state) await this.#load(true);
          this.#announce("resync", { reason: page.resync.reason });
        } else {
          this.#cursor ??= page.lastEventId;
          this.#deliver(page.events, page.lastEventId);
        }
        if (!page.more && !(id && newer(id, this.#cursor))) return true;
        pause = 500;
        if (!page.more) await sleep(50);
      } catch (error) {
        if (signal.aborted) return false;
        if (error.final || error.denied) {
          this.#giveUp(refused(error));
          return false;
        }
        await sleep(error.retryMs ?? Math.random() * pause);
        pause = Math.min(2 * pause, 30000);
      }
    }
    return false;
  }

  // Room state

  /** Fetches the open rooms. What comes meanwhile is folded in after them. */
  async #load(again) {
    const { signal } = this.#stop, load = this.#loading = {}, from = this.#cursor;
    this.rooms._wait(from);
    const done = (async () => {
      for (let pause = 500; !signal.aborted && this.#loading === load; pause = Math.min(2 * pause, 30000)) {
        try {
          const { rooms, lastEventId } = await this.#relay.rooms(union([{ ...this.#filter, types: undefined }]), limited(signal));
          if (this.#loading !== load || signal.aborted) return;
          // Another of the relay's threads may be a moment behind the one that the stream is on.
          if (this.rooms._load(rooms, lastEventId)) return this.#setReady();
          pause = 100;
        } catch (error) {
          // The token covers events but no rooms.
          if (error.final) return this.rooms._wait();
        }
        await sleep(Math.random() * pause);
      }
    })();
    // After a resync the page is told when the rooms are right again; events do not wait for them.
    if (again) await Promise.race([done, sleep(5000)]);
  }

  // The state of the connection

  #setState(change) {
    const { user, listeners, expiresAt } = this.#state;
    const next = { user, listeners, expiresAt, transport: null, ...change, leader: Boolean(this.#feed) };
    // By names in order: states of other tabs have them in another.
    const text = (state) => JSON.stringify(state, Object.keys(state).sort());
    if (text(next) === text(this.#state)) return;
    this.#state = Object.freeze(next);
    this.#announce("state", next);
  }

  #announce(name, value) {
    for (const { handler } of [...this.#watchers[name]]) call(handler, value);
  }
}

/** Connects a page with a relay; see `client.d.ts` for the options. */
export const connect = (options = {}) => new Client(options);
