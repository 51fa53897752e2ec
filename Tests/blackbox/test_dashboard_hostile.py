"""The dashboard in front of what is odd: events of any shape, answers of any shape, tokens that are none, storage that is
forbidden, and more events than it can keep."""

import json
import shutil
import threading
import time

import pytest
from selenium.webdriver.common.keys import Keys

import providers
import relay as roomwire
from dashboards import event, live
from test_dashboard_page import administrator, chrome, made_up, page  # noqa: F401

pytestmark = pytest.mark.slow

NO_TEXT = {"toString": 1, "valueOf": 1}
NOW = int(time.time() * 1000)


def odd_events():
    """What a backend may send under its own types, and with data of its own."""
    data = [
        {"participant": {"id": NO_TEXT, "name": NO_TEXT}}, {"participant": "ada", "track": {"source": NO_TEXT}},
        {"participant": 5, "recording": {"status": ["<b>"]}}, {"track": None, "room": None}, {"track": {"kind": 1e300}},
        {"participant": {"id": "__proto__", "name": "constructor"}}, {}, {"participant": {"name": ["<img src=x>"]}},
    ]
    for number, each in enumerate(data, 1):
        made = event(f"{NOW + number}-0", "call.odd", f"room {number}")
        yield {**made, "data": each}
    yield {**event(f"{NOW + 50}-0", "call.bare"), "data": None}
    yield {**event(f"{NOW + 51}-0", "call.times"), "receivedAt": "soon", "timestamp": -1}


def test_events_of_any_shape_are_rows_and_stop_no_later_ones(made_up, page):
    events = list(odd_events())
    last = event(f"{NOW + 99}-0", room="the last", participant={"id": "PA_1", "identity": "ada", "kind": "standard"})
    server = made_up(lambda handler, path: live(handler, path, [*events, last], now=NOW))
    dashboard = page(server.base, "a.b.c").go("#/events").wait_text("the last")
    roomwire.wait_until(lambda: dashboard.sizes()["rows"] == len(events) + 1, "a row for each")
    for number in range(len(events)):
        dashboard.run(f"document.querySelectorAll('.event')[{number}].click()")
        assert json.loads(dashboard.text("dialog pre"))["id"]
        dashboard.run("document.querySelector('dialog').close()")
        roomwire.wait_until(lambda: not dashboard.run("return document.querySelector('dialog')"), "the dialog to close")
    assert dashboard.run("return document.querySelectorAll('main img, main b').length") == 0
    assert dashboard.complaints() == []


@pytest.mark.parametrize("reason", ["constructor", "__proto__", "toString", NO_TEXT, "x" * 100_000])
def test_a_reason_of_any_kind_is_told_as_text(made_up, page, reason):
    def answer(handler, path):
        handler.problem(403 if path == "/tickets" else 404, reason, NO_TEXT if reason == NO_TEXT else reason)
        return True

    dashboard = page(made_up(answer).base, "a.b.c")
    roomwire.wait_until(lambda: dashboard.text("#token-problem, .notice:not([hidden])").strip(), "a reason")
    shown = dashboard.text("body")
    assert "native code" not in shown and "[object" not in shown and len(shown) < 2000
    assert dashboard.complaints() == []


@pytest.mark.parametrize("fragment, words", [
    ("x" * 500_000, "none is longer"), ("a b", "one word"), ("%E2%80%AE", "one word"), ("a%0Ab", "one word"), ("%", None)])
def test_what_cannot_be_a_token_is_not_sent(made_up, page, fragment, words):
    server = made_up(lambda handler, path: live(handler, path, now=NOW))
    dashboard = page(server.base, fragment)
    assert dashboard.browser.current_url == f"{server.base}/#/"
    if words:
        dashboard.wait_text(words, "#token-problem")
        assert not any(path.startswith("/api/") for path in server.requests)
        assert dashboard.run("return sessionStorage.length") == 0
    # Another link in the same tab.
    dashboard.run("location.hash = '#token=a.b.c'")
    dashboard.wait_state("Live")
    assert dashboard.complaints() == []


def test_without_storage_it_signs_in_for_as_long_as_the_page_is_there(made_up, page):
    server = made_up(lambda handler, path: live(handler, path, now=NOW))
    dashboard = page(server.base)
    forbid = """
        for (const name of ["sessionStorage", "localStorage"])
            Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });"""
    script = dashboard.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": forbid})
    try:
        dashboard.browser.get("about:blank")
        dashboard.open("a.b.c").wait_state("Live")
        dashboard.browser.refresh()
        dashboard.wait_text("Sign in")
        assert dashboard.complaints() == []
    finally:
        dashboard.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
        dashboard.browser.get(server.base)


def html(handler, _path):
    handler.reply(200, b"<!doctype html><title>Welcome to nginx!</title><img src=x onerror=window.broken=1>", "text/html")
    return True


def bad_gateway(handler, _path):
    handler.reply(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")
    return True


def too_many(handler, _path):
    handler.problem(429, "user_streams", "This user has 5 streams open, which is the limit.", Retry_After=2)
    return True


def redirect(handler, _path):
    handler.reply(302, Location="/elsewhere")
    return True


def nothing(handler, _path):
    handler.close_connection = True
    return True


@pytest.mark.parametrize("answer, words", [
    (html, "not roomwire's"), (bad_gateway, "502"), (too_many, "5 streams open"), (nothing, "does not answer"),
    (redirect, "sends requests elsewhere")])
def test_bad_answers_are_explained_and_tried_again(made_up, page, answer, words):
    mends = threading.Event()

    def api(handler, path):
        return live(handler, path) if mends.is_set() else answer(handler, path)

    dashboard = page(made_up(api).base, "a.b.c").wait_state("Reconnecting").wait_text(words, ".notice")
    mends.set()
    dashboard.wait_state("Live")
    assert dashboard.run("return document.getElementById('notice').hidden")
    assert not dashboard.run("return window.broken") and dashboard.complaints() == []


@pytest.mark.parametrize("error", [3600, -3600])
def test_ages_go_by_the_relays_clock(made_up, page, error):
    server = None

    def api(handler, path):
        now = server.now()
        began = roomwire.iso(now - 120_000)
        room = {"name": "call_42", "source": "livekit", "provider": "livekit", "startedAt": began, "participants": [],
                "recordings": [], "lastEventId": f"{now - 120_000}-0"}
        return live(handler, path, rooms=[room], now=now)

    server = made_up(api, clock_error_seconds=error)
    page(server.base, "a.b.c").wait_state("Live").wait_text("2 min", ".room-age")


def test_what_is_kept_does_not_grow_with_the_events(made_up, page):
    """Counted in bytes of the heap, after 20,000 events and after 100,000, each of another type."""
    counts = [20_000, 100_000]
    server = made_up(lambda handler, path: flood(handler, path, counts))
    dashboard = page(server.base, "a.b.c").wait_state("Live")
    sizes = []
    for count in counts:
        roomwire.wait_until(lambda: server.sent >= count, f"{count} events to be sent", 100)
        dashboard.go(f"#/rooms/livekit/room%20{count}").wait_text("participant_joined", ".timeline")
        dashboard.go("#/")
        for _ in range(3):
            dashboard.browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        sizes.append(dashboard.browser.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"])
        assert dashboard.sizes()["nodes"] < 900
        server.go_on.set()
    assert sizes[1] < sizes[0] + 3_000_000, sizes
    # What is shown at the end is what came last.
    dashboard.go("#/events").wait_text("The last 2,000 events").wait_text("room 100000")
    assert dashboard.complaints() == []


def flood(handler, path, counts):
    server = handler.server.owner
    if not path.startswith("/events?") or "format=json" in path:
        return live(handler, path, now=NOW)
    handler.begin_stream()
    handler.message(type="connected", streamId="1", user="ada", heartbeatMs=15000, newestId=f"{NOW}-0", lastEventId=f"{NOW}-0")
    for number in range(1, counts[-1] + 1):
        is_mark = number in counts
        made = event(f"{NOW + number}-0", "participant_joined" if is_mark else f"own.type{number}", f"room {number}",
                     participant={"id": f"PA_{number}", "identity": "x" * 50, "name": f"Guest {number}", "kind": "standard"})
        # As the relay marks what does not change its rooms: more are open than it keeps.
        handler.wfile.write(b"data: " + json.dumps({**made, "untracked": True}).encode() + b"\n\n")
        if is_mark:
            server.sent = number
            if number < counts[-1]:
                server.go_on.wait(60)
    while True:
        handler.message(type="heartbeat", lastEventId=f"{NOW + counts[-1]}-0")
        time.sleep(0.2)


def test_a_token_that_ends_soon_is_told_in_time_and_replaced_without_a_gap(start, page):
    relay = start()
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_1", "ada"))
    dashboard = page(relay.base, roomwire.token(ttl=3600)).wait_state("Live").wait_text("call_1")
    assert dashboard.text("#ending") == ""
    assert "until" in dashboard.run("return document.querySelector('.state').title")
    dashboard.run(f"location.hash = '#token={roomwire.token(ttl=300)}'")
    dashboard.wait_state("Live").wait_text("Signs out in", "#ending")
    assert "min" in dashboard.text("#ending") and "fresh token" in dashboard.text("#ending")
    assert (dashboard.audit(), dashboard.contrast()) == ([], [])
    dashboard.find("#ending button").click()
    # The session goes on behind the form.
    assert dashboard.wait_text("Sign in").state == "Live"
    dashboard.find(".sign-in button[type=button]").click()
    dashboard.wait_text("call_1")
    assert dashboard.run("return document.activeElement.tagName") == "H1"
    dashboard.find("#ending button").click()
    dashboard.find("#token").send_keys(roomwire.token(ttl=3600), Keys.ENTER)
    dashboard.wait_state("Live").wait_text("call_1")
    roomwire.wait_until(lambda: dashboard.text("#ending") == "", "the notice to go")
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")


def test_a_polling_page_tells_the_end_by_the_token_itself(made_up, page):
    def answer(handler, path):
        if path.startswith("/events?") and "format=json" not in path:
            handler.reply(200, b"<p>Hello", "text/html")
        elif path.startswith("/events?"):
            time.sleep(0.2)
            handler.reply(200, {"events": [], "lastEventId": f"{NOW}-0", "more": False})
        else:
            return live(handler, path, now=NOW)
        return True

    dashboard = page(made_up(answer).base, roomwire.token(ttl=300))
    dashboard.wait_state("Polling").wait_text("Signs out in", "#ending")


def test_the_focus_is_not_lost_when_the_row_that_opened_a_dialog_is_gone(made_up, page):
    events = [event(f"{NOW + number}-0", participant={"id": f"PA_{number}", "identity": "ada", "kind": "standard"})
              for number in range(1, 2_000)]
    server = made_up(lambda handler, path: live(handler, path, events, now=NOW, each_seconds=0.01))
    dashboard = page(server.base, "a.b.c").go("#/events").wait_text("participant_joined")
    dashboard.run("const row = document.querySelector('.event'); row.focus({preventScroll: true}); row.click(); window.row = row;")
    roomwire.wait_until(lambda: not dashboard.run("return row.isConnected"), "the row to be gone")
    dashboard.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    roomwire.wait_until(lambda: dashboard.run("return document.activeElement?.className") == "event", "the focus in the list")


def test_tables_can_be_read_on_a_phone(start, page):
    """Words are not broken into letters: a table is as wide as it needs, and its box scrolls."""
    relay = start()
    relay.post("livekit", {}, b"{}")
    dashboard = page(relay.base, administrator()).wait_state("Live")
    for width in (390, 320):
        dashboard.width(width)
        dashboard.go("#/").wait_text("Rooms")
        dashboard.go("#/relay").wait_text("livekit")
        lines = "return [...document.querySelectorAll('tbody th bdi')].map((each) => each.getClientRects().length)"
        assert set(dashboard.run(lines)) == {1}
        assert dashboard.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        # The box that scrolls is reached by Tab.
        assert dashboard.run("return [...document.querySelectorAll('.table')].every((each) => each.tabIndex === 0)")


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here")
def test_sums_and_names_are_bounded(folder):
    state = roomwire.ROOT / "Sources" / "Page" / "dashboard" / "state.js"
    script = folder / "minutes.mjs"
    shutil.copy(state, folder / "state.mjs")
    script.write_text("""
        import { Minutes, Names } from "./state.mjs";
        const minutes = new Minutes(), names = new Names(100);
        for (let i = 0; i < 100000; i += 1) {
            minutes.event("type" + i, 1e12 + i * 50, 5);
            names.learn({ source: "a", room: "b", data: { participant: { id: "PA" + i, name: "n" + i } } });
        }
        names.learn({ data: { participant: { id: 5, name: {} } } });
        names.learn({ data: null });
        console.log(JSON.stringify([minutes.buckets.length, Math.max(...minutes.buckets.map(({ types }) => types.size)),
            names.get({ source: "a", room: "b" }, "PA99999"), names.get({ source: "a", room: "b" }, "PA5") ?? null]));
    """)
    assert json.loads(roomwire.run("node", str(script))) == [60, 51, "n99999", None]
