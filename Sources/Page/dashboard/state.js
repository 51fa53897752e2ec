// What the page knows: the rooms, the last events, and counts over the last minutes. Nothing here touches the page.

export const keyOf = (source, room) => `${source}\u0000${room}`;

/// Whether an id comes after another: ids are <milliseconds>-<sequence>.
export function isAfter(id, other) {
  if (!other) return true;
  const [time, number] = id.split("-").map(Number);
  const [otherTime, otherNumber] = other.split("-").map(Number);
  return time !== otherTime ? time > otherTime : number > otherNumber;
}

/// The open rooms as the views need them. The client module keeps them; its objects stay the same until they change, so
/// that only what has changed is read anew.
export class Rooms {
  all = new Map();
  /// Grows when rooms open or close.
  membership = 0;
  people = 0;
  #read = new WeakMap();
  #store;
  #list;

  /// - store: `client.rooms`.
  follow(store) { this.#store = store; }

  /// Takes over what has changed; to be called before the rooms are shown.
  update() {
    const list = this.#store?.get() ?? [];
    if (list === this.#list) return;
    this.#list = list;
    const before = this.all;
    this.all = new Map(list.map((json) => {
      const room = this.#room(json);
      return [room.key, room];
    }));
    this.people = list.reduce((sum, room) => sum + room.participants.length, 0);
    if (this.all.size !== before.size || [...this.all.keys()].some((key) => !before.has(key))) this.membership += 1;
  }

  get(source, room) { return this.all.get(keyOf(source, room)); }

  #room(json) {
    let room = this.#read.get(json);
    if (!room) {
      const byId = (list) => new Map((list ?? []).map((each) => [each.id, each]));
      room = {
        key: keyOf(json.source, json.name), source: json.source, name: json.name,
        startedAt: Date.parse(json.startedAt) || Number.parseInt(json.lastEventId, 10),
        participants: byId(json.participants.map((each) => ({ ...each, tracks: byId(each.tracks) }))),
        recordings: byId(json.recordings),
      };
      this.#read.set(json, room);
    }
    return room;
  }
}

/// The last events, newest first, each once.
export class Feed {
  events = [];
  total = 0;

  constructor(most = 2000) { this.most = most; }

  add(event) {
    this.total += 1;
    const newest = this.events[0];
    if (newest && !isAfter(event.id, newest.id)) return this.insert(event);
    this.events.unshift(event);
    if (this.events.length > this.most) this.events.length = this.most;
  }

  /// An event from before others that are here.
  insert(event) {
    let index = 0;
    while (index < this.events.length && isAfter(this.events[index].id, event.id)) index += 1;
    if (this.events[index]?.id === event.id) return;
    this.events.splice(index, 0, event);
    if (this.events.length > this.most) this.events.length = this.most;
  }

  clear() { this.events = []; }
}

/// The names of participants as events have told them: those of tracks have identities alone, and come after the leave,
/// too. The newest are kept.
export class Names {
  #names = new Map();

  constructor(most = 2000) { this.most = most; }

  learn({ source, room, data }) {
    const { id, name } = data?.participant ?? {};
    if (typeof id !== "string" || typeof name !== "string" || !name) return;
    const key = JSON.stringify([source, room, id]);
    this.#names.delete(key);
    this.#names.set(key, name);
    if (this.#names.size > this.most) this.#names.delete(this.#names.keys().next().value);
  }

  get({ source, room }, id) { return this.#names.get(JSON.stringify([source, room, id])); }
}

export const BUCKET_SECONDS = 5;
export const BUCKETS = 60;
/// Types of a sender's own may be any number.
const MOST_TYPES = 50;
const OTHER = "other types";

/// Sums over the last five minutes, in steps of five seconds.
export class Minutes {
  buckets = [];

  /// The sums of the step in which a time lies; undefined if that is too long ago.
  at(milliseconds) {
    const step = Math.floor(milliseconds / (BUCKET_SECONDS * 1000));
    const newest = this.buckets.at(-1);
    if (newest && step <= newest.step) return this.buckets.find((each) => each.step === step);
    const bucket = { step, types: new Map(), delays: [], values: {} };
    this.buckets.push(bucket);
    while (this.buckets[0].step <= step - BUCKETS) this.buckets.shift();
    return bucket;
  }

  event(type, milliseconds, delay) {
    const bucket = this.at(milliseconds);
    if (!bucket) return;
    Minutes.#count(bucket, type, 1);
    if (delay !== undefined && bucket.delays.length < 1000) bucket.delays.push(Math.max(0, delay));
  }

  static #count({ types }, type, number) {
    const key = types.has(type) || types.size < MOST_TYPES ? type : OTHER;
    types.set(key, (types.get(key) ?? 0) + number);
  }

  /// Adds counts of events from before those that are here.
  merge(other) {
    for (const bucket of other.buckets) {
      const own = this.buckets.find((each) => each.step === bucket.step);
      if (!own) this.buckets.push(bucket);
      else for (const [type, number] of bucket.types) Minutes.#count(own, type, number);
    }
    this.buckets.sort((one, two) => one.step - two.step);
  }

  /// Sets what is so at a time, such as the number of streams.
  set(what, value, milliseconds) {
    const bucket = this.at(milliseconds);
    if (bucket) bucket.values[what] = value;
  }

  /// For each step of the last five minutes what `read` makes of its sums; the step that has just begun is left out.
  series(now, read, missing) {
    const last = Math.floor(now / (BUCKET_SECONDS * 1000)) - 1;
    const steps = new Map(this.buckets.map((each) => [each.step, each]));
    return Array.from({ length: BUCKETS }, (_, index) => {
      const bucket = steps.get(last - BUCKETS + 1 + index);
      return bucket ? read(bucket) : missing;
    });
  }

  /// The types seen, the most frequent first.
  types() {
    const sums = new Map();
    for (const bucket of this.buckets) {
      for (const [type, number] of bucket.types) sums.set(type, (sums.get(type) ?? 0) + number);
    }
    return [...sums].sort((one, other) => other[1] - one[1]).map(([type]) => type);
  }
}

export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
