"""client.js in pages that make it hard: other scripts of the origin, storage and locks that are forbidden, several clients
at once, and events of any shape from a sender of its own types."""

import json
import random

import pytest

import clients
import providers
import relay as roomwire
import web_client
from test_web_client import BROWSERS, either, names, page_site, proxy, stage  # noqa: F401
from test_web_client_tabs import ids_are_exact, wait_one_leader

pytestmark = pytest.mark.slow

# Posts messages of odd shapes into the channel that the tabs use, also such as know their leader's term.
ODD = """
const { held: [{ name }] } = await navigator.locks.query();
const channel = new BroadcastChannel(name);
const term = await new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.term && resolve(data.term);
    channel.postMessage({ ping: true });
});
const shapes = [null, undefined, 0, "", "text", [], {}, new Date(), new Map(), { term: 5 }, { lead: true },
    { hello: {}, wanted: 5 }, { hello: "x", wanted: null }, { hello: "y", wanted: { rooms: 5, types: { a: 1 } } },
    { hello: "z", wanted: { rooms: Array(3000).fill("room"), sources: undefined } }, { bye: {} }, { ping: [] }];
for (const members of [{ state: 5 }, { state: {} }, { state: null }, { events: 5 }, { events: [null, 5, {}] },
    { events: [], cursor: 5 }, { on: true }, { on: true, tabs: 5 }, { on: true, at: {}, tabs: ["x"] }])
    shapes.push({ ...members, term });
for (const shape of shapes) channel.postMessage(shape);
channel.close();
return shapes.length;
"""


def test_messages_of_other_scripts_in_the_tabs_channel_change_nothing(stage):
    relay = stage.relay()
    # Narrow, so that the leader has to look at what others want.
    tabs = [stage.tab(relay.port, rooms=["call_1"]) for _ in range(3)]
    wait_one_leader(tabs)
    for tab in tabs:
        assert tab.run(f"return (async () => {{ {ODD} }})()") > 20
    providers.post_meeting(relay, "call_1")
    for tab in tabs:
        tab.wait_type("room_finished")
        ids_are_exact(tab, 6)
        assert tab.state["status"] == "live"
        assert {state.get("status") for state in tab.run("return page.states")} <= {"connecting", "live", "catching-up"}
    wait_one_leader(tabs)
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")


SPOILED = {
    "storage is forbidden": "Object.defineProperty(window, 'sessionStorage',"
                            " { get() { throw new DOMException('no', 'SecurityError'); } });",
    "storage is full": "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    "locks are refused": "navigator.locks.request = async () => { throw new DOMException('no', 'SecurityError'); };",
    "channels are refused": "window.BroadcastChannel = class { constructor() { throw new DOMException('no', 'SecurityError'); } };",
    "there are no locks": "Object.defineProperty(navigator, 'locks', { value: undefined });",
    "requests cannot be timed": "AbortSignal.any = undefined;",
    "the clock is an hour ahead": "const now = Date.now; Date.now = () => now() + 3600000;",
    "the clock is an hour behind": "const now = Date.now; Date.now = () => now() - 3600000;",
    "the clock is set twice": "const now = Date.now; let error = 0; Date.now = () => now() + error;"
                              " setTimeout(() => { error = 3600000; }, 1000); setTimeout(() => { error = -3600000; }, 2000);",
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_the_browser_refuses_is_done_without(stage, what):
    relay = stage.relay()
    script = f"<script>{SPOILED[what]}</script>\n<script type=\"module\">"
    stage.site.pages["/spoiled"] = web_client.PAGE.replace(b'<script type="module">', script.encode())
    tabs = [web_client.Tab(stage.browser, stage.site, stage.options(relay.port), "/spoiled") for _ in range(2)]
    stage.tabs += tabs
    for tab in tabs:
        tab.wait_status("live")
    alone = "locks" in what or "channels" in what
    roomwire.wait_until(lambda: relay.streams() == (2 if alone else 1), "a connection for each, or for both")
    assert [tab.state["leader"] for tab in tabs] == [True, alone]
    providers.post_meeting(relay, "call_1")
    for tab in tabs:
        tab.wait_type("room_finished")
        ids_are_exact(tab, 6)


def test_a_spoiled_place_in_the_storage_is_not_gone_on_from(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    for junk in ("", "{", "null", "5", '{"cursor":"junk","at":%d}', '{"cursor":5,"at":%d}', '{"cursor":["1-1"],"at":"x"}'):
        tab.wait_status("live")
        if "%d" in junk:
            junk = junk % tab.run("return Date.now()")
        tab.run("page.client.close();"
                f"for (const key of Object.keys(sessionStorage)) sessionStorage.setItem(key, {json.dumps(junk)});"
                "sessionStorage.setItem('other', 'x')")
        tab.run("location.reload()")
        tab.wait(lambda tab: tab.run("return window.page?.client.state.status") == "live", "the page again")
        assert tab.run("return page.resyncs") == []


def test_a_page_of_plain_http_has_a_connection_for_each_tab(start, tmp_path, page_site):
    """There are no Web Locks where the page is not secure."""
    relay = start(cors={"origins": [page_site.origin]}, streams={"per_user": 0, "retry": "200ms"})
    browser = web_client.Chromium(tmp_path)
    try:
        options = {"url": f"http://relay.test:{relay.port}", "tokens": "/token"}
        tabs = [web_client.Tab(browser, page_site, options) for _ in range(2)]
        assert tabs[0].run("return [isSecureContext, typeof navigator.locks]") == [False, "undefined"]
        for tab in tabs:
            tab.wait_status("live")
        roomwire.wait_until(lambda: relay.streams() == 2, "a stream for each")
        providers.post_meeting(relay, "call_1")
        for tab in tabs:
            tab.wait_type("room_finished")
            ids_are_exact(tab, 6)
            assert tab.run("return errors") == []
    finally:
        browser.quit()


def test_several_clients_of_a_page_share_a_connection_and_go_on_each_from_its_place(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    begin = """
        const options = JSON.parse(decodeURIComponent(location.hash.slice(1)));
        window.more = [["call_1"], ["call_2"], undefined].map((rooms) => {
            const seen = { rooms: [] };
            seen.client = connect({ ...options, rooms, getToken: async () => (await fetch(options.tokens)).text(),
                onEvent: (event) => seen.rooms.push(event.room) });
            return seen;
        });"""
    tab.run(begin)
    tab.wait(lambda tab: tab.run("return more.every(({ client }) => client.state.status === 'live')"), "all of them")
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")
    providers.post_meeting(relay, "call_1")
    providers.post_meeting(relay, "call_2")
    counts = "return more.map(({ rooms }) => rooms.length)"
    tab.wait(lambda tab: tab.run(counts) == [6, 6, 12], "each its own")
    tab.run("more[0].client.close(); page.client.close()")
    providers.post_meeting(relay, "call_1")
    tab.wait(lambda tab: tab.run(counts) == [6, 6, 18], "those that are left")
    tab.run("location.reload()")
    tab.wait(lambda tab: tab.run("return window.page?.client.state.status") == "live", "the page again")
    providers.post_meeting(relay, "call_2")
    tab.run(begin)
    # Where each was: the first before its second meeting.
    tab.wait(lambda tab: tab.run(counts) == [6, 6, 6], "what each has missed")


def test_closing_is_the_end_in_every_state(stage, proxy):
    relay = stage.relay()
    way = proxy(relay, "refuse")
    kinds = {
        "connecting": stage.options(relay.port, tokens="/never"),
        "live": stage.options(relay.port),
        "polling": stage.options(way.port, patienceMs=1500),
        "reconnecting": stage.options(roomwire.free_port()),
        "refused": stage.options(relay.port, sources=["nowhere"]),
        "expired": stage.options(relay.port, tokens=None, token=roomwire.token(ttl=-60)),
    }
    for status, options in kinds.items():
        tab = web_client.Tab(stage.browser, stage.site, options)
        stage.tabs.append(tab)
        if status == "connecting":
            # A token that never comes.
            tab.run("page.client.close(); page.states.length = 0;"
                    "page.client = connect({ getToken: () => new Promise(() => {}), onState: (state) => page.states.push(state) })")
        tab.wait_status(status)
        tab.run("page.client.close(); page.client.close(); page.client.reconnect(); window.count = page.states.length;"
                "page.client.listen({}, () => errors.push('an event')); page.client.rooms.subscribe(() => {})")
        assert tab.state["status"] == "closed" and tab.state["transport"] is None
        tab.run("dispatchEvent(new Event('online')); dispatchEvent(new Event('pageshow'))")
    providers.post_meeting(relay, "call_1")
    roomwire.wait_until(lambda: relay.streams() == 0, "no stream")
    for tab in stage.tabs:
        tab.run("return new Promise((resolve) => setTimeout(resolve, 20))")
        assert tab.run("return [page.states.slice(count), page.client.state.status, page.events.length]") == [[], "closed", 0]


def test_a_handler_that_closes_gets_no_further_event(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    tab.run("window.own = []; page.client.rooms.subscribe(() => own.push('rooms')); own.length = 0;"
            "page.client.listen({}, () => { own.push('event'); page.client.close(); })")
    providers.post_meeting(relay, "call_1")
    tab.wait(lambda tab: tab.state["status"] == "closed", "the end")
    roomwire.wait_until(lambda: relay.streams() == 0, "no stream")
    assert tab.run("return own") == ["event"]


NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "", " ", "\u202emoor", "🧑🏽‍🚀" * 60, "a" * 500,
         "<img src=x onerror=errors.push(1)>", "null", "0", "é", "e\u0301", "\ud83d\ude00"]
TYPES = ["room_started", "room_finished", "participant_joined", "participant_left", "track_published",
         "track_unpublished", "recording_started", "recording_ended", "participant_connection_aborted", "call.ringing",
         "constructor", "roomstarted"]


def odd_value(chance, depth=0):
    simple = [None, True, 0, -1, 1.5, 10 ** 30, 1e300, "", "text", *NAMES]
    if depth > 2 or chance.random() < 0.5:
        return chance.choice(simple)
    if chance.random() < 0.3:
        return [odd_value(chance, depth + 1) for _ in range(chance.randrange(3))]
    members = ["id", "identity", "name", "kind", "toString", "valueOf", "__proto__", "tracks", "participants", "status"]
    return {chance.choice(members): odd_value(chance, depth + 1) for _ in range(chance.randrange(4))}


def odd_event(chance):
    """As a backend may send it under its own name: types like the relay's, and data of any shape."""
    person = {"id": chance.choice(["PA_1", "PA_2", *NAMES[:4]]), "name": chance.choice(NAMES), "kind": "standard"}
    room = {"name": chance.choice(NAMES[:6] + ["r"])}
    track = {"id": chance.choice(NAMES[:3] + ["TR_1"]), "kind": "audio", "muted": False}
    recording = {"id": "RE_1", "status": "active"}
    data = {"room": room, "participant": person, "track": track, "recording": recording}
    for _ in range(chance.randrange(3)):
        where = chance.choice([data, person, room, track, recording])
        where[chance.choice(["id", "name", "kind", "room", "participant", "track", "metadata", "attributes"])] = odd_value(chance)
    made = {"type": chance.choice(TYPES), "room": chance.choice(NAMES[:6] + ["r", "s"]), "data": data}
    if chance.random() < 0.2:
        made["data"] = odd_value(chance)
    text = json.dumps(made)
    if chance.random() < 0.2:
        # The same key twice.
        text = text[:-1] + f', "data": {json.dumps(data)}, "room": "r"}}'
    return text.replace("1e+300", "1e999")


def test_events_of_any_shape_leave_the_rooms_as_the_relay_has_them(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    chance = random.Random(11)
    accepted = 0
    for number in range(400):
        body = odd_event(chance).encode()
        answer = relay.post("app", providers.standard_headers(body, f"m{number}"), body)
        assert answer.status_code in (200, 400, 422), answer.text
        accepted += answer.status_code == 200
    assert accepted > 100
    tab.wait_events(accepted)
    ids_are_exact(tab, accepted)
    expected = relay.get("/rooms", roomwire.token()).json()["rooms"]
    assert expected
    tab.wait(lambda tab: tab.rooms == expected, "the rooms")
    # A page that begins now has the same.
    later = stage.tab(relay.port, share=False)
    later.wait_status("live")
    later.wait(lambda tab: tab.rooms == expected, "the rooms")
