"""client.js in Chromium and Firefox, from an origin of its own: how it comes back, and what it falls back to."""

import json
import shutil
import signal
import time

import pytest

import clients
import firefox
import providers
import relay as roomwire
import web_client

pytestmark = pytest.mark.slow

BROWSERS = [
    "chromium",
    pytest.param("firefox", marks=pytest.mark.skipif(not shutil.which("firefox-esr"), reason="there is no Firefox")),
]


@pytest.fixture(scope="module")
def page_site():
    site = web_client.Site()
    yield site
    site.close()


@pytest.fixture(scope="module", params=BROWSERS)
def either(request, tmp_path_factory, page_site):
    """Each of the browsers, one for all tests."""
    folder = tmp_path_factory.mktemp(request.param)
    made = web_client.Chromium(folder, page_site) if request.param == "chromium" else firefox.Firefox(folder)
    yield made
    made.quit()


@pytest.fixture
def stage(start, page_site, either):
    """Starts a relay that lets the pages read, and opens pages; tells what went wrong in them."""

    class Stage:
        site = page_site
        browser = either
        tabs = []

        def relay(self, **changes):
            streams = {"per_user": 0, "retry": "200ms", "heartbeat": "1s", **changes.pop("streams", {})}
            return start(cors={"origins": [page_site.origin]}, streams=streams, **changes)

        def options(self, port, user="ada", **more):
            return {"url": f"http://relay.test:{port}", "tokens": f"/token?user={user}", **more}

        def tab(self, port, user="ada", **more):
            tab = web_client.Tab(either, page_site, self.options(port, user, **more))
            self.tabs.append(tab)
            return tab

    stage = Stage()
    stage.tabs = []
    page_site.ttls, page_site.status = [3600], 200
    yield stage
    errors = [tab.run("return window.errors") for tab in stage.tabs]
    for tab in stage.tabs:
        tab.close()
    assert [error for error in errors if error] == []


@pytest.fixture
def proxy():
    made = []

    def proxy(relay, mode="pass"):
        made.append(web_client.Proxy(relay.port, mode))
        return made[-1]

    yield proxy
    for each in made:
        each.close()


def names(rooms):
    return [(room["name"], sorted(person["identity"] for person in room["participants"])) for room in rooms]


def test_a_page_gets_events_and_the_rooms_with_no_token_in_any_address(stage):
    relay = stage.relay()
    providers.post_livekit(relay, *providers.meeting("before")[:2])
    tab = stage.tab(relay.port, share=False)
    tab.wait_status("live")
    tab.wait(lambda tab: names(tab.rooms) == [("before", ["ada"])], "the rooms")
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    assert tab.types == ["room_started"] + 2 * ["participant_joined"] + 2 * ["participant_left"] + ["room_finished"]
    assert names(tab.rooms) == [("before", ["ada"])]
    addresses = tab.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    streams = [address for address in addresses if "/api/events" in address]
    assert all("ticket=" in address and "access_token" not in address for address in streams)
    assert not any("eyJ" in address for address in addresses)


def test_kill_9_and_a_restart_lose_and_double_nothing(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    for turn in (1, 2, 3):
        providers.post_meeting(relay, f"call_{turn}")
        tab.wait_type("room_finished", turn)
        relay.kill()
        tab.wait_status("reconnecting")
        relay.start()
        # Before the page is back.
        providers.post_livekit(relay, *providers.meeting(f"open_{turn}")[:2])
    tab.wait_type("room_started", 6)
    tab.wait(lambda tab: len(tab.rooms) == 3, "the rooms")
    ids = [event["id"] for event in tab.events]
    assert ids == sorted(set(ids), key=clients.order) and len(ids) == 3 * 6 + 3 * 2
    assert tab.rooms == relay.get("/rooms", roomwire.token()).json()["rooms"]
    assert tab.run("return page.resyncs") == []
    assert tab.run("return page.tokens") == 1


def test_a_token_that_ends_is_renewed_and_the_stream_stays(stage):
    relay = stage.relay()
    stage.site.ttls = [3, 3600]
    tab = stage.tab(relay.port)
    first = tab.wait_status("live")["expiresAt"]
    assert 0 < first - time.time() * 1000 < 60_000
    ends = time.time() + 4
    roomwire.wait_until(lambda: time.time() > ends, "the end of the first token")
    assert tab.run("return page.tokens") == 2
    tab.wait(lambda tab: tab.state["expiresAt"] > first + 3_000_000, "the new end")
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    assert {state["status"] for state in tab.run("return page.states")} <= {"connecting", "live", "catching-up"}
    assert relay.metric('roomwire_streams_ended_total{reason="token_expired"}') == 0


def test_a_token_that_was_not_renewed_is_replaced_after_its_end(stage):
    relay = stage.relay()
    stage.site.ttls = [3]
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    # The backend is away while the token ends.
    stage.site.status = 503
    tab.wait(lambda tab: tab.state["status"] == "reconnecting" and tab.state["reason"] == "no_token", "the end")
    assert "503" in tab.state["detail"]
    providers.post_meeting(relay, "call_1")
    stage.site.ttls, stage.site.status = [3600], 200
    tab.wait_type("room_finished")
    tab.wait_status("live")


def test_refusals_are_told_and_what_cannot_pass_is_not_tried_again(stage):
    relay = stage.relay()
    expired = stage.tab(relay.port, tokens=None, token=roomwire.token(ttl=-60))
    foreign = stage.tab(relay.port, tokens=None, token=roomwire.token(secret="another secret of more than 32 bytes"))
    wrong = stage.tab(relay.port, user="eve", sources=["nowhere"])
    narrow = stage.tab(relay.port, tokens="/token?user=dan&room=call_1", rooms=["call_2"])
    told = [tab.wait_status("refused", "expired") for tab in (expired, foreign, wrong, narrow)]
    assert [(state["status"], state["reason"]) for state in told] == [
        ("expired", "expired"), ("refused", "bad_signature"), ("refused", "bad_query"),
        ("refused", "grant_covers_nothing")]
    assert all("retryAt" not in state and state["transport"] is None for state in told)
    assert "nowhere" in told[2]["detail"] or "source" in told[2]["detail"]


def test_a_cap_is_heeded_until_there_is_room(stage):
    relay = stage.relay(streams={"per_user": 1})
    held = clients.subscribe(relay)
    tab = stage.tab(relay.port)
    tab.wait(lambda tab: tab.state.get("reason") == "per_user", "the refusal")
    state = tab.state
    assert state["status"] == "reconnecting" and "retryAt" in state
    held.close()
    tab.wait_status("live")
    assert relay.metric('roomwire_streams_refused_total{reason="per_user"}') < 10


def test_a_drain_is_a_short_absence(stage):
    relay = stage.relay(drain="5s")
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    relay.process.send_signal(signal.SIGTERM)
    relay.process.wait(roomwire.DEADLINE_SECONDS)
    assert "draining" in [state.get("reason") for state in tab.run("return page.states")]
    relay.start()
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    assert tab.types.count("room_started") == 1


def test_a_page_that_comes_back_goes_on_where_it_was(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    tab.leave()
    providers.post_livekit(relay, *providers.meeting("call_2")[:2])
    tab.run("history.back()")
    tab.wait(lambda tab: tab.types[-2:] == ["room_started", "participant_joined"], "what happened meanwhile")
    # A page that the browser kept has the earlier events still; one that was made anew gets none of them again.
    assert tab.types.count("room_finished") <= 1
    ids = [event["id"] for event in tab.events]
    assert len(set(ids)) == len(ids)
    tab.wait(lambda tab: names(tab.rooms) == [("call_2", ["ada"])], "the rooms")
    tab.leave()
    providers.post_livekit(relay, providers.livekit_body("room_finished", "call_2"))
    tab.come_back()
    tab.wait(lambda tab: tab.types == ["participant_left", "room_finished"], "the end, after a reload")
    tab.wait(lambda tab: tab.rooms == [], "no rooms")


@pytest.mark.parametrize("mode", ["hold", "refuse", "html"])
def test_where_streams_do_not_get_through_it_polls_and_tries_them_again(stage, proxy, mode):
    relay = stage.relay()
    way = proxy(relay, mode)
    tab = stage.tab(way.port, patienceMs=1500, streamRetryMs=1000)
    state = tab.wait_status("polling")
    assert state["transport"] == tab.run("return page.client.transport") == "polling"
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    tried = way.streams
    roomwire.wait_until(lambda: way.streams > tried, "another try")
    # Which failed as well, so that it polls on.
    providers.post_meeting(relay, "call_2")
    tab.wait_type("room_finished", 2)
    assert "live" not in [state["status"] for state in tab.run("return page.states")]
    way.mode = "pass"
    tab.wait_status("live")
    assert tab.run("return page.client.transport") == "stream"
    providers.post_meeting(relay, "call_3")
    tab.wait_type("room_finished", 3)
    ids = [event["id"] for event in tab.events]
    assert len(ids) == len(set(ids)) == 18


def test_a_connection_that_falls_silent_is_dropped_and_opened_anew(stage, proxy):
    relay = stage.relay()
    way = proxy(relay)
    tab = stage.tab(way.port)
    tab.wait_status("live")
    # Neither bytes nor an end get to the page.
    relay.process.send_signal(signal.SIGSTOP)
    tab.wait(lambda tab: tab.state.get("reason") == "silent", "silence")
    relay.process.send_signal(signal.SIGCONT)
    providers.post_meeting(relay, "call_1")
    tab.wait_type("room_finished")
    tab.wait_status("live")
    assert len(tab.types) == 6


def test_a_lost_place_is_told_once_after_the_rooms_are_right_again(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    providers.post_livekit(relay, *providers.meeting("old")[:2])
    tab.wait(lambda tab: names(tab.rooms) == [("old", ["ada"])], "the room")
    relay.kill()
    # Another log.
    shutil.rmtree(relay.data)
    relay.start()
    providers.post_livekit(relay, *providers.meeting("new")[:2])
    tab.wait(lambda tab: tab.run("return page.resyncs"), "resync")
    assert tab.run("return page.resyncs") == [["unknown", ["new"]]]
    providers.post_livekit(relay, providers.livekit_body("room_finished", "new"))
    tab.wait_type("room_finished")
    tab.wait(lambda tab: tab.rooms == [], "no rooms")


def test_text_from_the_wire_stays_text(stage):
    relay = stage.relay()
    name = '<img src=x onerror="errors.push(1)">\u202e' + "👩‍👩‍👧" + "x" * 440
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    body = providers.livekit_body("participant_joined", name, "ada", participant={
        "sid": "PA_1", "identity": "</script><b>", "name": "\u202e<i>", "state": "ACTIVE"})
    providers.post_livekit(relay, body)
    tab.wait_type("participant_joined")
    tab.wait(lambda tab: tab.rooms, "the room")
    assert tab.rooms == relay.get("/rooms", roomwire.token()).json()["rooms"]
    assert tab.rooms[0]["name"] == name
    assert tab.run("return document.querySelectorAll('img, b, i').length") == 0


def test_an_event_that_is_for_some_users_only_changes_no_rooms(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    body = json.dumps({
        "type": "participant_joined", "room": "call_1", "users": ["ada"],
        "data": {"room": {"name": "call_1"}, "participant": {"id": "PA_1", "kind": "standard"}}}).encode()
    answer = relay.post("app", providers.standard_headers(body), body)
    assert answer.status_code == 200, answer.text
    tab.wait_type("participant_joined")
    assert tab.events[0]["addressed"] is True
    providers.post_livekit(relay, *providers.meeting("call_2")[:2])
    tab.wait(lambda tab: names(tab.rooms) == [("call_2", ["ada"])], "the other room alone")
    assert relay.get("/rooms", roomwire.token()).json()["rooms"] == tab.rooms


def test_more_rooms_than_a_stream_takes_are_picked_in_the_page(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port, rooms=[f"call_{number}" for number in range(70)])
    tab.wait_status("live")
    for name in ("call_69", "call_70"):
        providers.post_livekit(relay, *providers.meeting(name)[:2])
    providers.post_livekit(relay, *providers.meeting("call_0")[:2])
    tab.wait_events(4)
    tab.wait(lambda tab: [room["name"] for room in tab.rooms] == ["call_0", "call_69"], "the rooms")
    assert {event["room"] for event in tab.events} == {"call_0", "call_69"}


def test_closing_leaves_nothing_behind(stage):
    relay = stage.relay()
    tab = stage.tab(relay.port)
    tab.wait_status("live")
    tab.run("page.client.close()")
    roomwire.wait_until(lambda: relay.streams() == 0, "no stream")
    assert tab.state["status"] == "closed"
    for _ in range(5):
        tab.run("begin(JSON.parse(decodeURIComponent(location.hash.slice(1)))); page.client.close()")
    tab.run("begin(JSON.parse(decodeURIComponent(location.hash.slice(1))))")
    tab.wait_status("live")
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")
    locks = "return navigator.locks.query().then(({held, pending}) => [held.length, pending.length])"
    assert tab.run(locks) == [1, 0]


BARE = """
    window.seen = [];
    const list = window.seen;
    const source = new EventSource(arguments_address);
    source.onmessage = (message) => {
        const data = JSON.parse(message.data);
        list.push(data.type + (data.data ? " " + data.data.room.name : ""));
    };
"""


@pytest.mark.parametrize("place", ["own", "another"])
def test_a_page_with_a_bare_event_source_goes_on_as_before(stage, place):
    relay = stage.relay()
    origin = f"http://relay.test:{relay.port}"
    if place == "own":
        # A page of the relay's own origin, whose token is in a cookie.
        handle = stage.browser.open(f"{origin}/api/schema/roomwire.d.ts")
        stage.browser.run(handle, f"document.cookie = 'roomwire={roomwire.token()}; path=/'")
        address = "/api/events?room=call_*"
    else:
        handle = stage.browser.open(stage.site.origin + "/")
        address = f"{origin}/api/events?room=call_*&access_token={roomwire.token()}"
    stage.browser.run(handle, "const arguments_address = '%s';%s" % (address, BARE))

    def seen():
        return stage.browser.run(handle, "return window.seen")

    roomwire.wait_until(lambda: seen() == ["connected"], "the stream")
    providers.post_meeting(relay, "call_1")
    roomwire.wait_until(lambda: seen()[-1] == "room_finished call_1", "the meeting")
    relay.kill()
    relay.start()
    providers.post_meeting(relay, "call_2", ["ada"])
    roomwire.wait_until(lambda: seen()[-1] == "room_finished call_2", "the second meeting")
    assert [word for word in seen() if word != "connected"] == [
        "room_started call_1", *2 * ["participant_joined call_1"], *2 * ["participant_left call_1"],
        "room_finished call_1", "room_started call_2", "participant_joined call_2", "participant_left call_2",
        "room_finished call_2"]
    stage.browser.close(handle)
