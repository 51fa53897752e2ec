"""client.js in front of a relay, or of what answers in its place, that does everything wrong: the page is told why, nothing
is asked for without end, and nothing that comes later is lost."""

import itertools
import threading
import time

import pytest

import relay as roomwire
import web_client
from dashboards import event
from page_server import PageServer

pytestmark = pytest.mark.slow

# So that a test need not wait for half a minute.
QUICK = (web_client.FILES / "client.js").read_bytes().replace(b"ANSWER_MS = 30000;", b"ANSWER_MS = 700;")
NOW = int(time.time() * 1000)
LONGEST_PAUSE_MS = 3_600_000 * 1.2


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = web_client.Chromium(tmp_path_factory.mktemp("chromium"))
    yield made
    made.quit()


@pytest.fixture
def stage(browser):
    """Opens a page whose relay is a function; tells what went wrong in it."""
    servers, tabs = [], []

    def stage(answer, options=None, **pages):
        server = PageServer(answer, pages={"/page": web_client.PAGE, "/client.js": QUICK, **pages})
        servers.append(server)
        tab = web_client.Tab(browser, server, {"token": "a.b.c", "share": False, **(options or {})}, "/page")
        tabs.append(tab)
        tab.server = server
        return tab

    yield stage
    errors = [tab.run("return window.errors") for tab in tabs]
    for tab in tabs:
        tab.close()
    for server in servers:
        server.stop()
    assert [error for error in errors if error] == []


def api(stream=None, page=None, rooms=None, tickets=None):
    """A relay that is well but for what is given here; each a function of the request's handler."""
    def answer(handler, path):
        name = path.split("?")[0].lstrip("/")
        kind = "page" if "format=json" in path else {"events": "stream"}.get(name, name)
        own = {"stream": stream, "page": page, "rooms": rooms, "tickets": tickets}.get(kind)
        if own:
            own(handler)
        elif kind == "tickets":
            handler.reply(201, {"ticket": "t"})
        elif kind == "rooms":
            handler.reply(200, {"rooms": [], "lastEventId": f"{NOW}-0"})
        elif kind == "page":
            handler.reply(200, {"events": [], "lastEventId": f"{NOW}-0", "more": False})
        else:
            begin(handler)
            hold(handler)
        return True

    return answer


def begin(handler, **members):
    handler.begin_stream()
    connected(handler, **members)


def connected(handler, **members):
    handler.message(**{"type": "connected", "streamId": "1", "user": "ada", "heartbeatMs": 15000,
                       "newestId": f"{NOW}-0", "lastEventId": f"{NOW}-0", **members})


def hold(handler):
    """Until the page goes."""
    while True:
        handler.wfile.write(b":\n\n")
        handler.wfile.flush()
        time.sleep(0.2)


def html(handler, status=200):
    handler.reply(status, b"<!doctype html><title>Sign in</title><img src=x onerror=errors.push(1)>", "text/html")


def reconnecting(tab, reason):
    """The state with a reason, which says when it is tried again: in a time that is neither none nor for ever."""
    def found(tab):
        states = tab.run("return page.states")
        return next((state for state in states if state["status"] == "reconnecting" and state["reason"] == reason), None)

    state = tab.wait(found, f"the reason {reason}")
    assert state["retryAt"] < time.time() * 1000 + LONGEST_PAUSE_MS
    return state


@pytest.mark.parametrize("part, answer, reason", [
    ("tickets", html, "not_the_relay"),
    ("tickets", lambda handler: handler.reply(200), "not_the_relay"),
    ("tickets", lambda handler: handler.reply(201, {"ticket": None}), "not_the_relay"),
    ("tickets", lambda handler: html(handler, 502), "http_502"),
    ("tickets", lambda handler: html(handler, 429), "http_429"),
    ("tickets", lambda handler: handler.reply(429, {"reason": {"toString": 1}}), "http_429"),
    ("stream", html, "not_the_relay"),
    ("stream", lambda handler: handler.reply(200, b"data: {}\n\n", "text/plain"), "not_the_relay"),
    ("stream", lambda handler: handler.reply(200, b"data: null\n\n", "text/event-stream"), "not_the_relay"),
    ("stream", lambda handler: handler.reply(200, b"data: {\"id\": 5}\n\n", "text/event-stream"), "not_the_relay"),
    ("stream", lambda handler: handler.reply(200, b"data: {\"id\": \"1-x\"}\n\n", "text/event-stream"), "not_the_relay"),
    ("stream", lambda handler: handler.reply(200, b"", "text/event-stream"), "ended"),
    ("stream", lambda handler: handler.reply(204), "not_the_relay"),
])
def test_an_answer_that_is_not_the_relays_has_a_reason_of_its_own(stage, part, answer, reason):
    tab = stage(api(**{part: answer}))
    state = reconnecting(tab, reason)
    assert "JSON" not in (state.get("detail") or "")


def test_a_redirect_elsewhere_is_not_followed(stage):
    seen = []
    other = PageServer(lambda handler, path: bool(seen.append((path, dict(handler.headers)))))
    try:
        for part in ("tickets", "stream"):
            tab = stage(api(**{part: lambda handler: handler.reply(302, Location=f"{other.base}/api/elsewhere")}))
            reconnecting(tab, "redirected")
    finally:
        other.stop()
    assert seen == []


def far(handler):
    handler.problem(429, "user_streams", "Later.", Retry_After=10 ** 12)


def far_in_the_stream(handler):
    handler.begin_stream()
    handler.message(type="refused", reason="user_streams", detail="Later.", retryMs=10 ** 12)


@pytest.mark.parametrize("answers", [{"tickets": far}, {"stream": far_in_the_stream}])
def test_a_time_too_far_for_a_timer_does_not_become_none(stage, answers):
    """A timer of more than 24 days ends at once: the page would ask without end."""
    tab = stage(api(**answers))
    state = reconnecting(tab, "user_streams")
    assert state["retryAt"] > time.time() * 1000 + 3_000_000
    # A second request would follow at once.
    asked = len(tab.server.requests)
    tab.run("return new Promise((resolve) => setTimeout(resolve, 50))")
    assert len(tab.server.requests) == asked


@pytest.mark.parametrize("retry", ["0", "1", "-5", "1000000000000", "soon"])
def test_any_advice_on_when_to_come_back_is_kept_within_bounds(stage, retry):
    def stream(handler):
        handler.begin_stream()
        handler.wfile.write(f"retry: {retry}\n\n".encode())
        connected(handler)

    tab = stage(api(stream=stream))
    reconnecting(tab, "ended")
    # The first tries are made soon all the same, unless the advice is to wait.
    if len(retry) < 5:
        tab.wait(lambda tab: sum("/events?" in path for path in tab.server.requests) >= 3, "further tries")


@pytest.mark.parametrize("message, reason", [
    ({"type": "resync", "reason": "unknown", "oldestId": "0-0"}, "resync"), ({"type": "token_expired"}, "expired")])
def test_a_relay_that_says_the_same_again_and_again_is_not_asked_without_end(stage, message, reason):
    def stream(handler):
        begin(handler)
        handler.message(**message)

    options = {"tokens": "/token", "token": None}
    tab = stage(api(stream=stream), options, **{"/token": b"a.b.c"})
    reconnecting(tab, reason)


def test_a_line_without_end_is_given_up(stage):
    def stream(handler):
        begin(handler)
        handler.wfile.write(b"data: ")
        for _ in range(40):
            handler.wfile.write(b"x" * 2 ** 20)

    reconnecting(stage(api(stream=stream)), "not_the_relay")


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 1000)
        time.sleep(0.05)


@pytest.mark.parametrize("part", ["tickets", "stream"])
def test_an_answer_that_never_ends_is_given_up(stage, part):
    tab = stage(api(**{part: endless}), {"patienceMs": 700})
    # An endless page is no stream; an endless ticket could be one still.
    reconnecting(tab, "silent" if part == "tickets" else "not_the_relay")


def test_a_list_of_rooms_that_never_ends_is_asked_for_again(stage):
    answers = iter([endless, endless])
    room = {"name": "call_1", "source": "livekit", "provider": "livekit", "participants": [], "recordings": [],
            "numParticipants": 0, "lastEventId": f"{NOW}-0"}

    def rooms(handler):
        bad = next(answers, None)
        if bad:
            bad(handler)
        handler.reply(200, {"rooms": [room], "lastEventId": f"{NOW}-0"})

    tab = stage(api(rooms=rooms))
    tab.wait(lambda tab: [room["name"] for room in tab.rooms] == ["call_1"], "the rooms")
    assert tab.state["status"] in ("live", "catching-up")


@pytest.mark.parametrize("backend", ["/silent", "/html", "/empty"])
def test_a_backend_that_gives_no_token_is_told(stage, backend):
    def answer(handler, path):
        if path != "/silent":
            return api()(handler, path)
        time.sleep(3)
        handler.reply(200, b"a.b.c", "text/plain")
        return True

    tokens = "/api/silent" if backend == "/silent" else backend
    tab = stage(answer, {"tokens": tokens, "token": None}, **{"/html": b"<!doctype html>\n<p>Sign in", "/empty": b""})
    assert "getToken" in reconnecting(tab, "no_token")["detail"]
    assert not any("/tickets" in path for path in tab.server.requests)


def test_ids_that_go_backwards_and_ids_that_come_twice_reach_the_page_once_in_order(stage):
    def stream(handler):
        begin(handler)
        for step in (2, 1, 2, 5, 4, 3, 6):
            handler.message(**event(f"{NOW + step}-0", room=f"call_{step}", participant={"id": "PA_1", "kind": "x"}))
        hold(handler)

    tab = stage(api(stream=stream))
    tab.wait(lambda tab: len(tab.events) == 3, "the events")
    assert [event["room"] for event in tab.events] == ["call_2", "call_5", "call_6"]


def test_events_that_wait_for_the_rooms_are_bounded_and_the_rooms_right_all_the_same(stage):
    """The list is older than events that were let go: it is asked for again."""
    count = 12_000
    sent = threading.Event()
    asked = itertools.count()

    def stream(handler):
        begin(handler)
        for number in range(1, count + 1):
            handler.message(**event(f"{NOW + number}-0", room=f"call_{number % 7}",
                                    participant={"id": f"PA_{number % 5}", "identity": "ada", "kind": "standard"}))
        sent.set()
        hold(handler)

    def rooms(handler):
        sent.wait(30)
        # First a list as of the beginning, then one as of just before the end.
        last = NOW if next(asked) == 0 else NOW + count - 10
        handler.reply(200, {"rooms": [], "lastEventId": f"{last}-0"})

    tab = stage(api(stream=stream, rooms=rooms), **{"/client.js": QUICK.replace(b"ANSWER_MS = 700", b"ANSWER_MS = 30000")})
    tab.wait(lambda tab: tab.run("return page.events.length") == count, "all events")
    tab.wait(lambda tab: tab.rooms, "the rooms")
    assert sum(room["numParticipants"] for room in tab.rooms) == 10
    assert sum("/rooms?" in path for path in tab.server.requests) >= 2


def test_polls_that_are_answered_at_once_are_not_asked_for_without_end(stage):
    polls = []

    def page(handler):
        polls.append(time.monotonic())
        handler.reply(200, {"events": [], "lastEventId": f"{NOW}-0", "more": False})

    tab = stage(api(stream=html, page=page), {"streamRetryMs": 60000})
    tab.wait_status("polling")
    tab.wait(lambda tab: len(polls) > 6, "some polls")
    assert all(later - earlier > 0.2 for earlier, later in zip(polls[1:], polls[2:]))
