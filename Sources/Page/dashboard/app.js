// The dashboard: signing in, the state of the connection, and which view is shown.

import { Readings, RelayView } from "./admin.js";
import { API, Connection, explain } from "./connection.js";
import { clock, duration, h, invalidate, openDialog, setText, timeOfDay } from "./dom.js";
import { EventsView } from "./events.js";
import { RoomView, RoomsView } from "./rooms.js";
import { BUCKETS, BUCKET_SECONDS, Feed, Minutes, Names, Rooms } from "./state.js";

const KEY = "roomwire.dashboard.token";
const READINGS_MS = 5_000;
/// So long before a token's end the page says what to do.
const ENDING_MS = 10 * 60_000;
/// The relay takes no longer tokens.
const LONGEST_TOKEN = 8192;

const main = document.getElementById("main");
const nav = document.querySelector("nav");
const sessionBox = document.querySelector(".session");
const stateBox = document.querySelector(".state");
const announcer = document.getElementById("announcer");
const notice = document.getElementById("notice");
const ending = document.getElementById("ending");

/// For the tab's life at most.
const kept = {
  get token() { try { return sessionStorage.getItem(KEY); } catch { return this.memory ?? null; } },
  set token(token) {
    this.memory = token;
    try { if (token) sessionStorage.setItem(KEY, token); else sessionStorage.removeItem(KEY); } catch { /* In memory only. */ }
  },
};

/// A token in the address's fragment, which is taken out of it at once: addresses are copied and kept.
function takeToken() {
  const match = /^#token=([^&]*)/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  try { return decodeURIComponent(match[1]).trim(); } catch { return match[1].trim(); }
}

/// Why something cannot be a token; an empty text if it may be one.
function tokenProblem(token) {
  if (token.length > LONGEST_TOKEN) return `This is no token: none is longer than ${LONGEST_TOKEN} letters.`;
  return /^[\x21-\x7e]+$/.test(token) ? "" : "A token is one word of letters, digits, dots, - and _.";
}

/// When a token ends by its own word, in milliseconds since 1970; undefined if it does not say.
function endOf(token) {
  try {
    const { exp } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch { return undefined; }
}

const stateNames = {
  connecting: "Connecting", live: "Live", "catching up": "Catching up", reconnecting: "Reconnecting", polling: "Polling",
  refused: "Refused", expired: "Expired",
};

/// Everything that goes on with one token.
class Session {
  rooms = new Rooms();
  feed = new Feed();
  minutes = new Minutes();
  names = new Names();
  isAdmin = false;
  hasRooms = false;
  streams = null;
  root = document.body;

  constructor(prefix, token) {
    this.api = new API(prefix, token);
    this.connection = new Connection({
      api: this.api, rooms: true,
      onEvent: (event) => this.take(event),
      onResync: () => { this.feed.clear(); this.fetchHistory(); },
      onState: (state) => this.stateChanged(state),
    });
    const { client } = this.connection;
    this.rooms.follow(client.rooms);
    client.ready.then(() => this.begin());
    client.rooms.subscribe(() => this.view?.roomsChanged());
    this.timer = setInterval(() => this.tick(), 1000);
    this.readings = new Readings(this);
    this.stateChanged(this.connection.state);
  }

  close() {
    this.isClosed = true;
    clearInterval(this.timer);
    this.connection.close();
    this.view?.close();
  }

  /// The rooms are known.
  begin() {
    if (this.isClosed) return;
    this.hasRooms = true;
    this.view?.roomsChanged();
    this.fetchHistory();
    this.findOutRights();
  }

  /// What happened before the page was opened, for the feed and the charts.
  async fetchHistory() {
    try {
      const past = await this.api.history([["tail", "500"]]);
      const since = clock.now() - BUCKETS * BUCKET_SECONDS * 1000;
      const known = new Set(this.feed.events.map((event) => event.id));
      const before = new Minutes();
      for (const event of past) {
        if (known.has(event.id)) continue;
        this.feed.insert(event);
        this.names.learn(event);
        if (event.receivedAt > since) before.event(event.type, event.receivedAt);
      }
      this.minutes.merge(before);
    } catch { /* The feed begins now. */ }
    this.view?.roomsChanged();
  }

  async findOutRights() {
    try {
      await this.api.json("/admin/sources");
      this.isAdmin = true;
    } catch { this.isAdmin = false; }
    if (this.isClosed) return;
    nav.querySelector('[data-view="relay"]').hidden = !this.isAdmin;
    if (this.isAdmin) this.readings.read();
    if (this.isAdmin || location.hash === "#/relay") route();
  }

  take(event) {
    this.names.learn(event);
    this.feed.add(event);
    const isLive = this.connection.state.name === "live";
    const delay = isLive && !event.synthetic ? clock.now() - event.receivedAt : undefined;
    this.minutes.event(event.type, event.receivedAt, delay);
    this.view?.eventArrived(event);
  }

  stateChanged(state) {
    if (this.isClosed) return;
    stateBox.dataset.state = state.name.replace(" ", "-");
    setText(stateBox.querySelector(".state-name"), stateNames[state.name]);
    setText(announcer, `Connection: ${stateNames[state.name]}`);
    stateBox.title = state.detail || this.signedIn(state);
    this.showAge();
    this.showEnd();
    if (state.name === "expired" || state.name === "refused") {
      if (!this.hasRooms || state.name === "expired") return refuse(state.detail);
      showNotice(state.detail, "Try again", () => start(this.api.token));
    } else if (state.name === "reconnecting" || state.name === "polling") {
      if (state.detail) showNotice(state.detail);
    } else {
      showNotice("");
    }
  }

  showAge() {
    const at = this.connection?.lastSeen;
    setText(stateBox.querySelector(".state-age"), at ? `${duration(Date.now() - at)} ago` : "");
  }

  /// By the stream's word, or while there is none by the token's own.
  get end() { return this.connection?.state.expiresAt ?? endOf(this.api.token); }

  signedIn({ user }) {
    return (user === undefined ? "" : `Signed in as \u2068${user}\u2069`)
      + (user === undefined || this.end === undefined ? "" : ` until ${timeOfDay(this.end)}`);
  }

  /// Says in time that the token ends. Its end is a time of the relay's clock.
  showEnd() {
    const left = this.end - clock.now();
    const isSoon = left > 0 && left <= ENDING_MS;
    if (ending.hidden === isSoon) {
      ending.hidden = !isSoon;
      ending.replaceChildren(...(isSoon ? [
        h("span", {}), h("button", { type: "button", onclick: () => signIn() }, "Use a fresh token")] : []));
      if (isSoon) setText(announcer, `Your token ends in ${duration(left)}. Use a fresh one before.`);
    }
    if (isSoon) {
      setText(ending.firstChild, `Signs out in ${duration(left)}, when your token ends. With a fresh token the page goes on.`);
    }
  }

  tick() {
    this.showAge();
    this.showEnd();
    this.rooms.update();
    this.minutes.set("people", this.rooms.people, clock.now());
    this.view?.tick();
    this.seconds = (this.seconds ?? 0) + 1;
    if (this.isAdmin && this.seconds * 1000 % READINGS_MS === 0 && !document.hidden) this.readings.read();
  }

  /// Asks before something that cannot be taken back.
  ask({ title, text, action }) {
    return new Promise((resolve) => {
      const cancel = h("button", { type: "button", onclick: () => dialog.close("no") }, "Cancel");
      const dialog = h("dialog", {
        "aria-labelledby": "ask-title", onclose: () => resolve(dialog.returnValue === "yes"),
      }, h("h2", { id: "ask-title" }, title), h("p", {}, text),
      h("div", { class: "actions" }, cancel,
        h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, action)));
      openDialog(dialog, cancel, this.root);
    });
  }

  /// Does something and says how it went; false if it went wrong.
  async act(work, done) {
    try {
      await work();
      showNotice(done);
      setText(announcer, done);
      return true;
    } catch (error) {
      showNotice(explain(error));
      setText(announcer, explain(error));
      return false;
    }
  }
}

function showNotice(text, action, act) {
  notice.hidden = !text;
  notice.replaceChildren(h("span", {}, text));
  if (text && action) notice.append(h("button", { type: "button", onclick: act }, action));
}

let session = null;
let prefix = "/api";

/// Where the API is.
async function findPrefix() {
  try {
    const answer = await fetch("dashboard/config.json", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    const config = await answer.json();
    if (typeof config.prefix === "string" && /^(\/|$)/.test(config.prefix)) prefix = config.prefix;
  } catch { /* The usual place, which then says what is wrong. */ }
  // A proxy may have the relay in a folder.
  prefix = new URL(`.${prefix}`, new URL("./", location.href)).pathname;
}

/// Signs in with a token of a link, of the form, or of before a reload.
function enter(token) {
  const problem = tokenProblem(token);
  if (!problem) return start(token);
  session?.close();
  session = null;
  kept.token = null;
  signIn(problem);
}

function start(token) {
  session?.close();
  kept.token = token;
  session = new Session(prefix, token);
  nav.hidden = false;
  sessionBox.hidden = false;
  nav.querySelector('[data-view="relay"]').hidden = true;
  route();
}

function signOut() {
  session?.close();
  session = null;
  kept.token = null;
  showNotice("");
  setText(announcer, "Signed out");
  signIn();
}

function refuse(detail) {
  // A stream that was refused keeps its place until there is another token.
  kept.token = null;
  signIn(detail);
}

/// Back from the form to the view.
function cancel() {
  route();
  main.querySelector("h1")?.focus();
}

/// The form for a token. Where there is a session still, it goes on behind the form.
function signIn(problem = "") {
  const goesOn = session && !session.isClosed && !problem;
  if (!goesOn) ending.hidden = true;
  session?.view?.close();
  if (session) session.view = null;
  const input = h("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, maxlength: "8192",
    "aria-describedby": "token-help token-problem",
  });
  const message = h("p", { class: "problem", id: "token-problem", role: "alert" }, problem);
  const form = h("form", {
    class: "sign-in",
    onsubmit: (event) => {
      event.preventDefault();
      // What was copied may have "Bearer" before it, or be the whole link.
      const token = input.value.trim().replace(/^Bearer\s+/i, "").replace(/^\S*#token=/, "");
      const wrong = tokenProblem(token);
      if (wrong) setText(message, wrong); else start(token);
    },
  },
  h("h1", { tabindex: "-1" }, "Sign in"),
  h("p", {}, "The dashboard shows what your token covers."),
  h("label", { for: "token" }, "Token"), input, message,
  h("button", { type: "submit", class: "primary" }, "Sign in"),
  goesOn ? h("button", { type: "button", onclick: cancel }, "Cancel") : null,
  h("p", { class: "faint", id: "token-help" }, "On the relay's machine this prints a link that signs in:"),
  h("pre", { tabindex: "0", role: "region", "aria-label": "Command" }, "roomwire token --user me --open"));
  nav.hidden = !session;
  sessionBox.hidden = !session;
  document.title = "Sign in · roomwire";
  main.replaceChildren(form);
  input.focus();
}

const decoded = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

function viewFor(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/");
  if (parts[0] === "events") return ["events", () => new EventsView(session)];
  if (parts[0] === "relay" && session.isAdmin) return ["relay", () => new RelayView(session)];
  if (parts[0] === "rooms" && parts.length === 3) {
    return ["rooms", () => new RoomView(session, decoded(parts[1]), decoded(parts[2]))];
  }
  return ["rooms", () => new RoomsView(session)];
}

let shownHash = null;

/// Shows the view that the address names.
function route() {
  if (!session) return;
  const isMove = shownHash !== null && shownHash !== location.hash;
  const [which, make] = viewFor(location.hash);
  if (session.view && shownHash === location.hash && session.viewName === which) return;
  shownHash = location.hash;
  session.view?.close();
  const view = make();
  session.view = view;
  session.viewName = which;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.view === which) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.title.slice(0, 60)} · roomwire`;
  main.replaceChildren(view.element);
  invalidate(view);
  scrollTo(0, 0);
  if (isMove) view.element.querySelector("h1")?.focus();
}

addEventListener("hashchange", () => {
  const token = takeToken();
  if (token) return enter(token);
  route();
});
document.getElementById("sign-out").addEventListener("click", signOut);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The fragment belongs to the views.
  event.preventDefault();
  main.focus();
});

const given = takeToken();
await findPrefix();
if (given ?? kept.token) enter(given ?? kept.token);
else signIn();

