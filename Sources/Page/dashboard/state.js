// What the page knows: the rooms, the last events, and counts over the last minutes. Nothing here touches the page.

export const keyOf = (source, room) => `${source}\u0000${room}`;

/// Whether an id comes after another: ids are <milliseconds>-<sequence>.
export function isAfter(id, other) {
  if (!other) return true;
  const [time, number] = id.split("-").map(Number);
  const [otherTime, otherNumber] = other.split("-").map(Number);
  return time !== otherTime ? time > otherTime : number > otherNumber;
}

/// The open rooms, from a snapshot and the events after it.
export class Rooms {
  all = new Map();
  /// Grows with every room that opens or closes.
  membership = 0;
  people = 0;

  reset(snapshot) {
    this.all.clear();
    this.people = 0;
    for (const room of snapshot?.rooms ?? []) this.add(room);
    this.membership += 1;
  }

  add(json) {
    const participants = new Map();
    for (const each of json.participants ?? []) {
      participants.set(each.id, { ...each, tracks: new Map((each.tracks ?? []).map((track) => [track.id, track])) });
    }
    this.people += participants.size;
    this.all.set(keyOf(json.source, json.name), {
      key: keyOf(json.source, json.name), source: json.source, provider: json.provider, name: json.name, id: json.id,
      startedAt: Date.parse(json.startedAt) || Number.parseInt(json.lastEventId, 10), participants,
      recordings: new Map((json.recordings ?? []).map((each) => [each.id, each])), early: new Map(), version: 0,
    });
  }

  get(source, room) { return this.all.get(keyOf(source, room)); }

  /// Takes one event. The relay marks what changes nothing: what came too late, what only some users receive, and rooms
  /// beyond its bound.
  apply(event) {
    if (!event.room || event.late || event.untracked || event.users) return;
    const key = keyOf(event.source, event.room);
    const change = changes[event.type];
    if (!change) return;
    let room = this.all.get(key);
    if (!room) {
      if (event.type !== "room_started" && event.type !== "participant_joined") return;
      this.add({
        source: event.source, provider: event.provider, name: event.room, id: event.data?.room?.id,
        startedAt: event.data?.room?.startedAt, lastEventId: event.id,
      });
      room = this.all.get(key);
      this.membership += 1;
    }
    const before = room.participants.size;
    if (change(room, event.data ?? {}) === "closed") {
      this.people -= before;
      this.all.delete(key);
      this.membership += 1;
    } else {
      this.people += room.participants.size - before;
      room.version += 1;
    }
  }
}

function join(room, { participant }) {
  if (!participant?.id) return;
  const known = room.participants.get(participant.id);
  const tracks = known?.tracks ?? room.early.get(participant.id) ?? new Map();
  room.early.delete(participant.id);
  room.participants.set(participant.id, { ...known, ...participant, tracks });
}

function leave(room, { participant }) {
  room.participants.delete(participant?.id);
  room.early.delete(participant?.id);
}

function publish(room, { participant, track }) {
  if (!participant?.id || !track?.id) return;
  const present = room.participants.get(participant.id);
  // Webhooks overtake each other: a track may be told before its participant.
  const tracks = present?.tracks ?? room.early.get(participant.id) ?? new Map();
  tracks.set(track.id, track);
  if (!present && room.early.size < 100) room.early.set(participant.id, tracks);
}

function unpublish(room, { participant, track }) {
  room.participants.get(participant?.id)?.tracks.delete(track?.id);
  room.early.get(participant?.id)?.delete(track?.id);
}

function record(room, { recording }) {
  if (recording?.id) room.recordings.set(recording.id, { ...room.recordings.get(recording.id), ...recording });
}

function endRecording(room, { recording }) { room.recordings.delete(recording?.id); }

const changes = {
  room_started: (room, data) => { room.id = data.room?.id ?? room.id; },
  room_finished: () => "closed",
  participant_joined: join,
  participant_left: leave,
  participant_connection_aborted: leave,
  track_published: publish,
  track_unpublished: unpublish,
  recording_started: record,
  recording_updated: record,
  recording_ended: endRecording,
  recording_ready: endRecording,
  recording_failed: endRecording,
};

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

export const BUCKET_SECONDS = 5;
export const BUCKETS = 60;

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
    bucket.types.set(type, (bucket.types.get(type) ?? 0) + 1);
    if (delay !== undefined && bucket.delays.length < 1000) bucket.delays.push(Math.max(0, delay));
  }

  /// Adds counts of events from before those that are here.
  merge(other) {
    for (const bucket of other.buckets) {
      const own = this.buckets.find((each) => each.step === bucket.step);
      if (!own) this.buckets.push(bucket);
      else for (const [type, number] of bucket.types) own.types.set(type, (own.types.get(type) ?? 0) + number);
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
