"""react.js with the React that Debian ships, in strict mode, and its binding for TanStack Query with a double of that."""

import json
import os
import shutil
import subprocess

import pytest

import providers
import relay as roomwire
import web_client
from test_web_client import BROWSERS, either, page_site, stage  # noqa: F401

UMD = f"{web_client.REACT}/react/umd/react.development.js"

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>React</title>
<link rel="icon" href="data:,">
<div id="root"></div>
<script>
window.errors = [];
// React warns of mistakes by console.error.
console.error = (...words) => errors.push(words.join(" "));
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
</script>
<script src="/umd/react.development.js"></script>
<script src="/umd/react-dom.development.js"></script>
<script type="module">
import { createRoomwire } from "/react.js";
const { RoomwireProvider, useRoom, useRooms, useEvents, useConnectionState, useQueryBinding } = createRoomwire(React);
const { tokens, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
options.getToken = async () => (await fetch(tokens)).text();
const element = React.createElement;
const queryClient = { invalidateQueries: (filters) => stale.push(filters.queryKey ?? "all") };
window.renders = {};
window.stale = [];

function Room({ name }) {
    const room = useRoom(name);
    renders[name] = (renders[name] ?? 0) + 1;
    return element("li", { id: name }, room ? room.participants.map((person) => person.name).join(",") : "closed");
}

function Log() {
    const [types, setTypes] = React.useState([]);
    useEvents({ types: ["participant_*"] }, (event) => setTypes([...types, event.type]));
    return element("p", { id: "log" }, types.join(" "));
}

function Head() {
    useQueryBinding(queryClient);
    return element("h1", { id: "head" }, useConnectionState().status + " " + useRooms().length);
}

window.mount = () => {
    window.root = ReactDOM.createRoot(document.getElementById("root"));
    root.render(element(React.StrictMode, null, element(RoomwireProvider, options,
        element(Head), element(Room, { name: "call_1" }), element(Room, { name: "call_2" }), element(Log))));
};
mount();
</script>
"""


def text(tab, id):
    return tab.run(f"return document.getElementById('{id}')?.textContent")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists(UMD), reason="there is no React here")
def test_the_hooks_follow_the_rooms_in_strict_mode_and_leave_nothing_behind(stage):
    relay = stage.relay()
    stage.site.pages["/react"] = PAGE.encode()
    tab = web_client.Tab(stage.browser, stage.site, stage.options(relay.port), "/react")
    stage.tabs.append(tab)
    tab.wait(lambda tab: text(tab, "head") == "live 0", "the page")
    # Strict mode mounts everything twice.
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")
    markup = "<b>Ada</b>"
    join = providers.livekit_body("participant_joined", "call_1", "ada", participant={
        "sid": "PA_ada", "identity": "ada", "name": markup, "state": "ACTIVE"})
    before = tab.run("return renders")
    providers.post_livekit(relay, join)
    tab.wait(lambda tab: text(tab, "call_1") == markup, "the join")
    tab.wait(lambda tab: text(tab, "head") == "live 1", "the room")
    assert tab.run("return document.querySelector('b')") is None
    providers.post_livekit(relay, providers.livekit_body("participant_left", "call_1", "ada"))
    tab.wait(lambda tab: text(tab, "log") == "participant_joined participant_left", "each event once")
    after = tab.run("return renders")
    assert after["call_2"] == before["call_2"] and after["call_1"] > before["call_1"]
    tab.wait(lambda tab: {json.dumps(key) for key in tab.run("return stale")} == {
        '["rooms", "call_1"]', '["participants", "call_1"]'}, "stale queries")
    for _ in range(3):
        tab.run("root.unmount()")
        roomwire.wait_until(lambda: relay.streams() == 0, "no stream")
        assert tab.run(
            "return navigator.locks.query().then(({ held, pending }) => held.length + pending.length)") == 0
        tab.run("mount()")
        tab.wait(lambda tab: text(tab, "head") == "live 1", "the page again")
    assert text(tab, "call_1") == ""
    tab.run("root.unmount()")


OWN_CLIENT = PAGE[:PAGE.index("const { RoomwireProvider")] + """
import { connect } from "/client.js";
import { QueryClient } from "/double.js";
const { tokens, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
window.seen = [];
window.client = connect({ ...options, getToken: async () => (await fetch(tokens)).text(),
    onEvent: (event) => seen.push(event.type) });
// How many watchers and listeners there are that have not been ended.
window.registered = 0;
for (const [owner, name] of [[client, "listen"], [client, "on"], [client.rooms, "subscribe"]]) {
    const original = owner[name].bind(owner);
    owner[name] = (...values) => {
        const end = original(...values);
        registered += 1;
        return () => { registered -= 1; end(); };
    };
}
const { useRoom, useRooms, useEvents, useConnectionState, useQueryBinding } = createRoomwire(React, client);
window.queries = new QueryClient(["rooms"], ["rooms", "call_1"], ["participants", "call_1"], ["users"]);
function Everything() {
    useQueryBinding(queries);
    useEvents({}, () => {});
    return React.createElement("p", { id: "all" },
        [useConnectionState().status, useRooms().length, useRoom("call_1")?.numParticipants ?? "none"].join(" "));
}
window.mount = () => {
    window.root = ReactDOM.createRoot(document.getElementById("root"));
    root.render(React.createElement(React.StrictMode, null, React.createElement(Everything)));
};
mount();
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists(UMD), reason="there is no React here")
def test_a_binding_in_strict_mode_invalidates_once_and_an_unmounted_one_never(stage):
    relay = stage.relay()
    stage.site.pages["/own-client"] = OWN_CLIENT.encode()
    stage.site.pages["/double.js"] = DOUBLE.encode()
    tab = web_client.Tab(stage.browser, stage.site, stage.options(relay.port), "/own-client")
    stage.tabs.append(tab)
    tab.wait(lambda tab: text(tab, "all") == "live 0 none", "the page")
    registered = tab.run("return registered")
    assert registered > 0

    def counts():
        return tab.run("return [...queries.queries.values()]")

    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_1", "ada"))
    tab.wait(lambda tab: text(tab, "all") == "live 1 1", "the join")
    tab.wait(lambda tab: counts()[1] >= 1, "a stale query")
    tab.run("root.unmount()")
    assert counts() == [0, 1, 1, 0] and tab.run("return registered") == 0
    # The client goes on, and what has ended stays ended.
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_1", "bob"))
    tab.wait(lambda tab: tab.run("return seen.length") == 2, "the second event")
    for _ in range(3):
        tab.run("mount()")
        tab.wait(lambda tab: text(tab, "all") == "live 1 2", "the page again")
        assert tab.run("return registered") == registered
        tab.run("root.unmount()")
        assert tab.run("return registered") == 0
    tab.run("mount()")
    tab.wait(lambda tab: text(tab, "all") == "live 1 2", "the page again")
    providers.post_livekit(relay, providers.livekit_body("participant_left", "call_1", "bob"))
    tab.wait(lambda tab: counts()[1] >= 2, "a stale query")
    tab.run("root.unmount()")
    assert counts() == [0, 2, 2, 0]


DOUBLE = """

/** What TanStack documents of QueryClient: a key stands for all that begin with it. */
export class QueryClient {
    queries = new Map();
    constructor(...keys) { for (const key of keys) this.queries.set(JSON.stringify(key), 0); }
    async invalidateQueries({ queryKey = [] } = {}) {
        for (const [text, count] of this.queries) {
            const key = JSON.parse(text);
            if (queryKey.every((part, place) => JSON.stringify(part) === JSON.stringify(key[place])))
                this.queries.set(text, count + 1);
        }
    }
}

"""
BINDING = """
import { bindQueryClient } from %s;
import { QueryClient } from %s;

class Client {
    handlers = new Set();
    constructor(listeners) { this.state = { listeners }; }
    listen(filter, handler) { this.handlers.add(handler); return () => this.handlers.delete(handler); }
    on(name, handler) { this[name] = handler; return () => { delete this[name]; }; }
    emit(type, room) { for (const handler of this.handlers) handler({ type, room, data: {} }); }
}

const timers = new Map();
let last = 0;
const { setTimeout, clearTimeout } = globalThis;
globalThis.setTimeout = (run, delay) => { timers.set(++last, { run, delay }); return last; };
globalThis.clearTimeout = (timer) => timers.delete(timer);
const runTimers = () => { for (const [id, { run }] of [...timers]) { timers.delete(id); run(); } };

const keys = [["rooms"], ["rooms", "a"], ["rooms", "b"], ["participants", "a"], ["participants", "b"], ["users"]];
const told = {};
function counts(name, act, keysOf) {
    const client = new Client(1), queryClient = new QueryClient(...keys);
    const end = bindQueryClient(queryClient, keysOf, client);
    act(client);
    runTimers();
    told[name] = [...queryClient.queries.values()];
    end();
    told.left = (told.left ?? 0) + client.handlers.size + Number("resync" in client) + timers.size;
}
counts("room", (client) => client.emit("room_started", "a"));
counts("participant", (client) => client.emit("participant_joined", "a"));
counts("track", (client) => client.emit("track_published", "b"));
counts("other", (client) => client.emit("call.ringing", "b"));
counts("many", (client) => { for (let i = 0; i < 50; i++) client.emit("participant_left", "a"); });
counts("resync", (client) => { client.emit("participant_left", "a"); client.resync({ reason: "expired" }); });
counts("own", (client) => client.emit("call.ringing", "b"), (event) => event.type === "call.ringing" ? [["users"]] : []);

// A thousand pages that all get one event: how many ask again in each second.
function busiest(pages, listeners) {
    const seconds = {};
    for (let i = 0; i < pages; i++) {
        const client = new Client(listeners);
        bindQueryClient(new QueryClient(...keys), undefined, client);
        client.emit("participant_joined", "a");
    }
    for (const { delay } of timers.values()) seconds[Math.floor(delay / 1000)] = (seconds[Math.floor(delay / 1000)] ?? 0) + 1;
    timers.clear();
    return Math.max(...Object.values(seconds));
}
told.busiest = [busiest(1000, 1), busiest(1000, 1024), busiest(1000, undefined)];
Object.assign(globalThis, { told, setTimeout, clearTimeout });
"""


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here")
def test_queries_become_stale_by_keys_once_and_not_for_all_pages_at_once(folder):
    for name in ("client.js", "react.js"):
        shutil.copy(web_client.FILES / name, folder / name)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "double.js").write_text(DOUBLE)
    script = folder / "binding.js"
    script.write_text(BINDING % ('"./react.js"', '"./double.js"') + "console.log(JSON.stringify(told));")
    assert_told(json.loads(roomwire.run("node", str(script))))


@pytest.mark.slow
def test_queries_become_stale_in_a_browser_as_well(stage):
    binding = BINDING % ('"/react.js"', '"/double.js"')
    stage.site.pages["/double.js"] = DOUBLE.encode()
    stage.site.pages["/binding"] = (
        "<!doctype html><title>Binding</title><script>window.errors = [];"
        "addEventListener('error', (event) => errors.push(event.message));</script>"
        f"<script type=module>{binding}</script>").encode()
    tab = web_client.Tab(stage.browser, stage.site, {}, "/binding")
    stage.tabs.append(tab)
    assert_told(roomwire.wait_until(lambda: tab.run("return window.told"), "the counts"))


def assert_told(told):
    # rooms, rooms a, rooms b, participants a, participants b, users
    assert told["room"] == [1, 1, 1, 0, 0, 0]
    assert told["participant"] == [0, 1, 0, 1, 0, 0]
    assert told["track"] == [0, 0, 0, 0, 1, 0]
    assert told["other"] == [0, 0, 0, 0, 0, 0]
    assert told["many"] == [0, 1, 0, 1, 0, 0]
    assert told["resync"] == [1, 1, 1, 1, 1, 1]
    assert told["own"] == [0, 0, 0, 0, 0, 1]
    assert told["left"] == 0
    # Two keys a page. At most 100 pages a second ask again, by chance a few more.
    assert told["busiest"][0] == told["busiest"][2] == 2000
    assert told["busiest"][1] < 300

