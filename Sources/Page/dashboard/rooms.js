// The rooms: what is going on, as charts and as a list, and a page for each.

import { Chart } from "./charts.js";
import { clock, count, counted, duration, h, invalidate, name, setText, time } from "./dom.js";
import { eventRow, EVENT_ROW, updateEventRow } from "./events.js";
import { VirtualList } from "./list.js";
import { BUCKET_SECONDS, Feed, quantile } from "./state.js";

export const roomPath = (room) => `#/rooms/${encodeURIComponent(room.source)}/${encodeURIComponent(room.name)}`;

const collator = new Intl.Collator(undefined, { numeric: true });
const orders = {
  name: (one, other) => collator.compare(one.name, other.name),
  people: (one, other) => other.participants.size - one.participants.size || collator.compare(one.name, other.name),
  newest: (one, other) => other.startedAt - one.startedAt,
};

/// Charts and the list of rooms.
export class RoomsView {
  title = "Rooms";

  constructor(session) {
    this.session = session;
    this.order = "name";
    this.search = "";
    this.numbers = {
      rooms: h("strong", {}, "0"), people: h("strong", {}, "0"), recordings: h("strong", {}, "0"),
    };
    this.charts = {
      events: new Chart({ title: "Events a second", kind: "bars" }),
      delay: new Chart({ title: "Delivery", unit: "ms" }),
      people: new Chart({ title: "People in rooms" }),
      streams: new Chart({ title: "Open streams" }),
    };
    this.list = new VirtualList({
      label: "Open rooms", rowHeight: 60, class: "rooms", key: (room) => room.key, create: roomRow, update: updateRoomRow,
    });
    this.empty = h("p", { class: "empty", hidden: true });
    const searchBox = h("input", {
      type: "search", id: "search", placeholder: "Room or person", autocomplete: "off", spellcheck: "false",
      oninput: () => { this.search = searchBox.value.trim().toLowerCase(); this.membership = -1; invalidate(this); },
    });
    const orderBox = h("select", {
      id: "order", onchange: () => { this.order = orderBox.value; this.membership = -1; invalidate(this); },
    }, h("option", { value: "name" }, "Name"), h("option", { value: "people" }, "Most people"),
    h("option", { value: "newest" }, "Newest"));
    this.charts.streams.element.hidden = true;
    this.element = h("div", { class: "view" },
      h("h1", { tabindex: "-1" }, "Rooms"),
      h("dl", { class: "numbers" },
        h("div", {}, h("dt", {}, "Open rooms"), h("dd", {}, this.numbers.rooms)),
        h("div", {}, h("dt", {}, "People inside"), h("dd", {}, this.numbers.people)),
        h("div", {}, h("dt", {}, "Recordings"), h("dd", {}, this.numbers.recordings))),
      h("div", { class: "charts" }, ...Object.values(this.charts).map((chart) => chart.element)),
      h("div", { class: "tools" },
        h("div", { class: "field" }, h("label", { for: "search" }, "Search"), searchBox),
        h("div", { class: "field" }, h("label", { for: "order" }, "Order"), orderBox)),
      this.empty, this.list.element);
    this.membership = -1;
    this.second = 0;
  }

  eventArrived() { invalidate(this); }
  roomsChanged() { invalidate(this); }
  tick() { invalidate(this); }

  render() {
    const { rooms } = this.session;
    rooms.update();
    const all = [...rooms.all.values()];
    setText(this.numbers.rooms, count(all.length));
    setText(this.numbers.people, count(rooms.people));
    setText(this.numbers.recordings, count(all.reduce((sum, room) => sum + room.recordings.size, 0)));
    this.sort(all, rooms);
    this.list.show(this.shown);
    const isEmpty = this.shown.length === 0;
    this.empty.hidden = !isEmpty;
    this.list.element.hidden = isEmpty;
    if (isEmpty) setText(this.empty, this.emptyText(all.length));
    const second = Math.floor(Date.now() / 1000);
    if (second === this.second) return;
    this.second = second;
    this.showCharts();
  }

  /// Names are sorted when rooms open and close, the rest once a second: rows that jump about cannot be read.
  sort(all, rooms) {
    const { membership } = rooms;
    const second = Math.floor(Date.now() / 1000);
    const isDue = membership !== this.membership || !this.shown || (this.order !== "name" || this.search) && second !== this.sorted;
    if (!isDue) {
      // The same rooms in the same places, as they are now.
      this.shown = this.shown.map((room) => rooms.get(room.source, room.name) ?? room);
      return;
    }
    this.membership = membership;
    this.sorted = second;
    const matching = this.search ? all.filter((room) => this.matches(room)) : all;
    this.shown = matching.sort(orders[this.order]);
  }

  matches(room) {
    const has = (text) => typeof text === "string" && text.toLowerCase().includes(this.search);
    if (has(room.name)) return true;
    for (const each of room.participants.values()) if (has(each.name) || has(each.identity)) return true;
    return false;
  }

  emptyText(total) {
    if (total > 0) return "No open room matches.";
    if (!this.session.hasRooms) return "The rooms are being fetched.";
    return "No room is open that this token covers. Rooms show up here as soon as somebody joins one.";
  }

  showCharts() {
    const { minutes, rooms } = this.session;
    const now = clock.now();
    const types = minutes.types();
    const named = this.named = keptPlaces(this.named, types.slice(0, types.length > 5 ? 4 : 5));
    const rate = (type) => (bucket) => (bucket.types.get(type) ?? 0) / BUCKET_SECONDS;
    const series = named.map((type) => ({ label: type, values: minutes.series(now, rate(type), 0) }));
    if (types.length > named.length) {
      const others = types.filter((type) => !named.includes(type));
      series.push({
        label: "others",
        values: minutes.series(now, (bucket) => others.reduce((sum, type) => sum + rate(type)(bucket), 0), 0),
      });
    }
    const newest = minutes.series(now, (bucket) => [...bucket.types.values()].reduce((sum, each) => sum + each, 0), 0).at(-1);
    this.charts.events.show(series.length ? series : [{ label: "", values: [] }], newest / BUCKET_SECONDS);
    this.charts.delay.show([
      { label: "half are faster", values: minutes.series(now, (bucket) => bucket.values.p50 ?? quantile(bucket.delays, 0.5), null) },
      { label: "99 of 100 are faster", values: minutes.series(now, (bucket) => bucket.values.p99 ?? quantile(bucket.delays, 0.99), null) },
    ]);
    this.charts.people.show([{ label: "", values: minutes.series(now, (bucket) => bucket.values.people ?? null, null) }], rooms.people);
    this.charts.streams.element.hidden = this.session.streams === null;
    this.charts.streams.show(
      [{ label: "", values: minutes.series(now, (bucket) => bucket.values.streams ?? null, null) }], this.session.streams);
  }

  close() { this.list.close(); }
}

/// The same values as `wanted`, with those of `before` in their old places: a type keeps its colour.
function keptPlaces(before = [], wanted) {
  const fresh = wanted.filter((each) => !before.includes(each));
  const places = before.map((each) => wanted.includes(each) ? each : fresh.shift());
  return [...places, ...fresh].filter((each) => each !== undefined);
}

function roomRow(room) {
  return h("div", {}, h("a", { href: roomPath(room), class: "room" },
    h("span", { class: "room-name" }, name(room.name)),
    h("span", { class: "room-people" }),
    h("span", { class: "badge recording", hidden: true }, "recording"),
    h("span", { class: "badge" }, room.source),
    h("span", { class: "room-count" }),
    h("span", { class: "room-age" })));
}

function updateRoomRow(row, room) {
  const link = row.firstChild;
  const [, people, recording, , number, age] = link.children;
  const second = Math.floor(clock.now() / 1000);
  if (row.room !== room) {
    row.room = room;
    const first = [...room.participants.values()].slice(0, 4).map((each) => h("bdi", { dir: "auto" }, label(each)));
    people.replaceChildren(...first.flatMap((each, index) => (index ? [", ", each] : [each])));
    setText(number, counted(room.participants.size, "person", "people"));
    recording.hidden = room.recordings.size === 0;
  }
  if (row.roomSecond !== second) {
    row.roomSecond = second;
    setText(age, duration(clock.now() - room.startedAt));
  }
}

const label = (participant) => participant.name || participant.identity || participant.id;

/// A room: who is inside, what they publish, what is recorded, and what has happened.
export class RoomView {
  constructor(session, source, room) {
    this.session = session;
    this.source = source;
    this.room = room;
    this.title = room;
    this.feed = new Feed(1000);
    this.state = h("p", { class: "room-state" });
    this.people = h("ul", { class: "people" });
    this.recordings = h("ul", { class: "recordings" });
    this.recordingsPart = h("section", { "aria-labelledby": "recordings" }, h("h2", { id: "recordings" }, "Recordings"), this.recordings);
    this.notice = h("p", { class: "empty", hidden: true });
    this.list = new VirtualList({
      label: "Timeline", rowHeight: EVENT_ROW, class: "timeline", key: (event) => event.id,
      create: (event) => eventRow(event, session, { room: false }), update: updateEventRow,
    });
    this.close_ = h("button", { type: "button", class: "danger", onclick: () => this.askToClose(), hidden: true }, "Close room");
    this.element = h("div", { class: "view" },
      h("p", { class: "back" }, h("a", { href: "#/" }, "All rooms")),
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, name(room)), this.close_),
      this.state,
      h("div", { class: "columns" },
        h("section", { "aria-labelledby": "people" }, h("h2", { id: "people" }, "Inside"), this.people),
        this.recordingsPart),
      h("section", { "aria-labelledby": "timeline" }, h("h2", { id: "timeline" }, "Timeline"), this.notice, this.list.element));
    for (const event of session.feed.events) if (this.isOurs(event)) this.feed.insert(event);
    this.fetchHistory();
  }

  isOurs(event) { return event.room === this.room && event.source === this.source; }

  async fetchHistory() {
    try {
      const query = [["room", pattern(this.room)], ["tail", "500"]];
      if (this.source) query.push(["source", this.source]);
      for (const event of await this.session.api.history(query)) if (this.isOurs(event)) this.feed.insert(event);
    } catch {
      this.notice.hidden = false;
      setText(this.notice, "What happened before could not be fetched; new events show up here.");
    }
    invalidate(this);
  }

  eventArrived(event) {
    if (!this.isOurs(event)) return;
    this.feed.add(event);
    invalidate(this);
  }

  roomsChanged() { invalidate(this); }
  tick() { invalidate(this); }

  render() {
    this.session.rooms.update();
    const room = this.session.rooms.get(this.source, this.room);
    this.close_.hidden = !room || !this.session.isAdmin;
    setText(this.state, this.stateText(room));
    if (this.shown !== room || !this.isShown) {
      this.isShown = true;
      this.shown = room;
      this.showPeople(room);
    }
    this.list.show(this.feed.events);
  }

  stateText(room) {
    const where = this.source ? `, from ${this.source}` : "";
    if (!room) return this.session.hasRooms ? `Not open now${where}` : "The rooms are being fetched.";
    return `Open for ${duration(clock.now() - room.startedAt)}${where}, `
      + counted(room.participants.size, "person inside", "people inside");
  }

  showPeople(room) {
    const people = [...(room?.participants.values() ?? [])];
    this.people.replaceChildren(...people.slice(0, 200).map(person));
    if (people.length > 200) this.people.append(h("li", { class: "more" }, `and ${count(people.length - 200)} more`));
    if (people.length === 0) this.people.append(h("li", { class: "more" }, "Nobody is inside."));
    const recordings = [...(room?.recordings.values() ?? [])];
    this.recordingsPart.hidden = recordings.length === 0;
    this.recordings.replaceChildren(...recordings.map((each) => h("li", {},
      h("span", { class: "badge recording" }, String(each.status ?? "recording")), " ", name(each.id), " ",
      each.startedAt ? time(Date.parse(each.startedAt)) : "")));
  }

  async askToClose() {
    const sure = await this.session.ask({
      title: "Close this room?", action: "Close room",
      text: "The relay tells all subscribers that everybody has left and the room has finished. The provider is not told: "
        + "people in the call stay there, and the next join opens the room again.",
    });
    if (!sure) return;
    const path = `/admin/rooms/${encodeURIComponent(this.source)}/${encodeURIComponent(this.room)}`;
    await this.session.act(() => this.session.api.json(path, { method: "DELETE" }), "The room is closed.");
  }

  close() { this.list.close(); }
}

function person(participant) {
  const tracks = [...participant.tracks.values()];
  return h("li", { class: "person" },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(label(participant))),
    h("span", { class: "person-name" }, name(label(participant)),
      participant.name && participant.identity && participant.identity !== participant.name
        ? h("span", { class: "person-id" }, name(participant.identity)) : null),
    h("span", { class: "tracks" }, ...tracks.slice(0, 8).map((track) =>
      h("span", { class: `badge ${track.muted ? "muted" : ""}` }, `${trackName(track)}${track.muted ? ", muted" : ""}`))));
}

function trackName(track) { return String(track.source ?? track.kind ?? "track").replaceAll("_", " ").slice(0, 40); }

function initials(text) {
  const letters = [...String(text).replace(/[\p{C}\p{P}\p{S}]/gu, "").trim()];
  return letters.slice(0, 1).join("").toUpperCase();
}

/// The room's name as a pattern of the API: one of too many bytes or stars is cut, and what else it then matches is
/// left out here.
export function pattern(text) {
  let cut = "";
  let bytes = 0;
  let stars = 0;
  for (const letter of text) {
    bytes += new TextEncoder().encode(letter).length;
    stars += letter === "*" ? 1 : 0;
    if (bytes > 250 || stars > 7) return `${cut}*`;
    cut += letter;
  }
  return cut;
}
