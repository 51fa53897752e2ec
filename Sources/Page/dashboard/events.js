// The feed of events, with a filter that the relay applies.

import { Connection } from "./connection.js";
import { count, dayAndTime, h, invalidate, name, openDialog, setText, text, time } from "./dom.js";
import { VirtualList } from "./list.js";
import { Feed } from "./state.js";

export const EVENT_ROW = 44;

const kinds = [
  [/^room_/, "room"], [/^participant_/, "participant"], [/^track_/, "track"], [/^recording_/, "recording"],
];
const kindOf = (type) => kinds.find(([pattern]) => pattern.test(type))?.[1] ?? "other";

/// A row for an event: when, what, where, who. It opens the event's JSON.
export function eventRow(event, session, { room = true } = {}) {
  const data = event.data ?? {};
  const who = data.participant ? label(data.participant, event, session) : null;
  const what = data.track ? data.track.source ?? data.track.kind : data.recording?.status;
  const type = text(event.type);
  return h("div", {}, h("button", { type: "button", class: "event", onclick: () => showEvent(event, session) },
    time(event.receivedAt),
    h("span", { class: `type kind-${kindOf(type)}` }, type),
    room && event.room !== undefined ? h("span", { class: "event-room" }, name(event.room)) : null,
    who !== null ? h("span", { class: "event-who" }, name(who)) : null,
    what ? h("span", { class: "event-what" }, text(what).replaceAll("_", " ").slice(0, 40)) : null,
    event.late ? h("span", { class: "badge" }, "late") : null,
    event.synthetic ? h("span", { class: "badge" }, "by the relay") : null));
}

/// A participant's name; events of tracks often have the identity alone.
function label(participant, event, session) {
  const known = session.rooms.get(event.source, event.room)?.participants.get(participant.id)?.name
    ?? session.names.get(event, participant.id);
  return participant.name || known || participant.identity || participant.id;
}

/// Rows of events never change.
export function updateEventRow() {}

/// The JSON of an event, in a dialog.
function showEvent(event, session) {
  const json = JSON.stringify(event, null, 2);
  const close = h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close");
  const copy = h("button", {
    type: "button",
    onclick: async () => {
      await navigator.clipboard?.writeText(json).then(() => setText(copy, "Copied"), () => setText(copy, "Not copied"));
    },
  }, "Copy");
  const dialog = h("dialog", { class: "event-dialog", "aria-labelledby": "event-title" },
    h("h2", { id: "event-title" }, text(event.type)),
    h("p", { class: "faint" }, dayAndTime(event.receivedAt)),
    h("pre", { tabindex: "0", role: "region", "aria-label": "JSON of the event" }, h("bdi", { dir: "ltr" }, json)),
    h("div", { class: "actions" }, copy, close));
  openDialog(dialog, close, session.root);
}

const fields = [
  { id: "type", label: "Type", hint: "participant_*" },
  { id: "room", label: "Room", hint: "call_*" },
  { id: "source", label: "Source", hint: "livekit" },
  { id: "participant", label: "Participant", hint: "identity" },
];

/// The feed. Without a filter it shows what the page receives anyway; with one it has a stream of its own.
export class EventsView {
  title = "Events";

  constructor(session) {
    this.session = session;
    this.feed = session.feed;
    this.isPaused = false;
    this.inputs = fields.map((field) => h("input", {
      id: `filter-${field.id}`, placeholder: field.hint, autocomplete: "off", spellcheck: "false", maxlength: "1000",
    }));
    this.list = new VirtualList({
      label: "Events, newest first", rowHeight: EVENT_ROW, class: "feed", key: (event) => event.id,
      create: (event) => eventRow(event, session), update: updateEventRow,
      // Who reads further down keeps the place.
      onscroll: (top) => { if (top > EVENT_ROW && !this.isPaused) this.pause(true); },
    });
    this.status = h("p", { class: "feed-status" });
    this.pauseButton = h("button", { type: "button", onclick: () => this.pause(!this.isPaused) }, "Pause");
    this.clearButton = h("button", { type: "button", hidden: true, onclick: () => this.clear() }, "Clear filter");
    const form = h("form", {
      class: "tools", role: "search", "aria-label": "Filter of the stream",
      onsubmit: (event) => { event.preventDefault(); this.apply(); },
    }, ...fields.map((field, index) => h("div", { class: "field" },
      h("label", { for: `filter-${field.id}` }, field.label), this.inputs[index])),
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Filter"), this.clearButton, this.pauseButton));
    this.element = h("div", { class: "view" }, h("h1", { tabindex: "-1" }, "Events"), form, this.status, this.list.element);
  }

  /// The filter's pairs; several values of a field have commas or blanks between them.
  query() {
    return fields.flatMap((field, index) => {
      const text = this.inputs[index].value.trim();
      if (!text) return [];
      // Rooms and people may have blanks in their names.
      const values = ["type", "source"].includes(field.id) ? text.split(/[\s,]+/) : [text];
      return values.filter(Boolean).map((value) => [field.id, value]);
    });
  }

  /// The same for the client module.
  filter() {
    const values = (id) => {
      const own = this.query().filter(([field]) => field === id).map(([, value]) => value);
      return own.length ? own : undefined;
    };
    return { types: values("type"), rooms: values("room"), sources: values("source"), participants: values("participant") };
  }

  /// What matched before.
  async fetchHistory(query, feed) {
    try {
      for (const event of await this.session.api.history([...query, ["tail", "300"]])) feed.insert(event);
    } catch { /* The stream says what is wrong. */ }
    invalidate(this);
  }

  apply() {
    this.connection?.close();
    this.connection = null;
    const query = this.query();
    this.clearButton.hidden = query.length === 0;
    this.pause(false);
    this.problem = "";
    if (query.length === 0) {
      this.feed = this.session.feed;
    } else {
      this.feed = new Feed();
      this.connection = new Connection({
        api: this.session.api, filter: this.filter(),
        onEvent: (event) => { this.feed.add(event); invalidate(this); },
        onState: (state) => {
          this.problem = ["refused", "expired", "reconnecting"].includes(state.name) ? state.detail : "";
          invalidate(this);
        },
      });
      this.fetchHistory(query, this.feed);
    }
    invalidate(this);
  }

  clear() {
    for (const input of this.inputs) input.value = "";
    this.apply();
    this.inputs[0].focus();
  }

  pause(isPaused) {
    this.isPaused = isPaused;
    this.held = isPaused ? { events: [...this.feed.events], total: this.feed.total } : null;
    setText(this.pauseButton, isPaused ? "Go on" : "Pause");
    if (!isPaused) this.list.element.scrollTop = 0;
    invalidate(this);
  }

  eventArrived() { if (!this.connection) invalidate(this); }
  roomsChanged() { invalidate(this); }
  tick() {}

  render() {
    const events = this.held?.events ?? this.feed.events;
    this.list.element.hidden = events.length === 0;
    this.list.show(events);
    setText(this.status, this.statusText(events.length));
    this.status.classList.toggle("problem", this.problem !== undefined && this.problem !== "");
  }

  statusText(shown) {
    if (this.problem) return this.problem;
    if (this.held) {
      const more = this.feed.total - this.held.total;
      return `Paused at ${count(shown)} events, ${count(more)} more since`;
    }
    if (shown === 0) return this.connection ? "No event matches yet. New ones show up here." : "Nothing has happened yet. Events show up here as they come.";
    return this.connection ? `${count(shown)} events that match` : `The last ${count(shown)} events`;
  }

  close() {
    this.connection?.close();
    this.list.close();
  }
}

