"""What an EventSource hears of a refusal: it never comes back after any status but 200."""

import pytest

import clients
import providers
import relay as roomwire
import test_browser
from conftest import chromium

HOUR = 3_600_000


def refusal(stream):
    assert stream.status == 200
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    stream.read_to_end()
    [frame] = stream.frames
    assert frame.type == "refused"
    assert frame.fields["retry"] == str(frame.json["retryMs"])
    return frame.json


@pytest.mark.parametrize("query, token, reason, word", [
    ("rooms=call_42", True, "bad_query", "did you mean room"), ("nonsense=1", True, "bad_query", "nonsense"),
    ("limit=x", True, "bad_query", "limit"), ("room=", True, "bad_query", "room"),
    ("room=y", "x", "grant_covers_nothing", "rooms"), ("", None, "missing_token", "access_token"),
    ("", "bad", "malformed_token", ""), ("", "expired", "expired", ""), ("ticket=AAAAAAAAAAAAAAAAAAAAAA", None,
    "unknown_ticket", "ticket"),
])
def test_what_the_author_of_a_page_can_mend_is_told_on_the_stream(shared, query, token, reason, word):
    tokens = {
        True: roomwire.token(), None: None, "x": roomwire.token(rooms=["x"]), "bad": "nonsense",
        "expired": roomwire.token("stale_" + reason, ttl=-3600)}
    told = refusal(clients.event_source(shared, query, tokens[token]))
    assert (told["reason"], told["final"], told["retryMs"]) == (reason, True, HOUR)
    assert word in told["detail"]
    named = clients.event_source(shared, "named=1&" + query, tokens[token])
    named.read_to_end()
    assert named.frames[0].fields["event"] == "refused"


def test_what_passes_is_not_final(start):
    relay = start(streams={"per_user": 1})
    token = roomwire.token()
    with clients.subscribe(relay, "", token):
        told = refusal(clients.event_source(relay, "", token))
        assert (told["reason"], "final" in told) == ("per_user", False)
        assert told["retryMs"] < 60_000


@pytest.mark.parametrize("accept, headers, query", [
    ("text/event-stream", ["Authorization: Bearer nonsense"], ""), ("*/*", [], ""), (None, [], ""),
    ("application/json", [], ""), ("text/event-stream, */*", [], ""), ("*/*", ["Sec-Fetch-Mode: cors"], ""),
    ("text/event-stream", [], "refuse=http"), ("text/event-stream", [], "format=json"),
    ("text/event-stream", ["Authorization: Bearer nonsense", "Sec-Fetch-Mode: cors"], ""),
])
def test_whoever_is_no_event_source_gets_a_status(shared, accept, headers, query):
    with clients.Stream(shared, query, headers=headers, accept=accept) as stream:
        assert stream.status == 401
    with clients.Stream(shared, "refuse=stream", headers=headers, accept=accept) as stream:
        assert stream.status == 200


def test_a_service_over_its_cap_hears_429_whatever_its_client_sends(start):
    relay = start(streams={"per_user": 1})
    with clients.subscribe(relay):
        # As Node's fetch does.
        with clients.Stream(relay, "", roomwire.token(), headers=["Sec-Fetch-Mode: cors"]) as stream:
            assert stream.status == 429


@pytest.mark.parametrize("path", ["/rooms", "/nothing", "/admin/streams"])
def test_only_streams_are_refused_on_a_stream(shared, path):
    with clients.Stream(shared, path="/api" + path) as stream:
        assert stream.status in (401, 404)


@pytest.fixture
def away(folder):
    """A browser to which relay.test is this machine: a name that gets no treatment as localhost."""
    driver = chromium(folder, "--host-resolver-rules=MAP relay.test 127.0.0.1")
    yield driver
    driver.quit()


def open_page(away, site, relay, query=""):
    test_browser.write_page(site, relay, query)
    page = site[0] / "index.html"
    page.write_text(page.read_text().replace("http://127.0.0.1", "http://relay.test"))
    away.get(site[1].replace("127.0.0.1", "relay.test") + "/index.html")


@pytest.mark.slow
def test_a_page_over_plain_http_survives_the_cap(start, site, away):
    origin = site[1].replace("127.0.0.1", "relay.test")
    relay = start(cors={"origins": [origin]}, streams={"per_user": 1, "retry": "200ms"})
    held = clients.subscribe(relay)
    open_page(away, site, relay)
    test_browser.wait_for(away, "refused")
    # The page was not secure, so the browser said nothing of itself.
    assert not away.execute_script("return window.isSecureContext")
    assert away.execute_script("return window.events.readyState") != 2
    held.close()
    test_browser.wait_for(away, "connected")
    providers.post_meeting(relay, "call_1")
    assert test_browser.wait_for(away, "room_finished")[-6:][0] == "room_started"


@pytest.mark.slow
def test_a_page_over_plain_http_is_told_of_its_own_mistake_once(start, site, away):
    origin = site[1].replace("127.0.0.1", "relay.test")
    relay = start(cors={"origins": [origin]})
    open_page(away, site, relay, "&rooms=call_42")
    test_browser.wait_for(away, "refused")
    [told] = test_browser.seen(away)
    assert (told["reason"], told["final"]) == ("bad_query", True)
    assert "did you mean room" in told["detail"]


SEVERAL = """<!doctype html>
<meta charset="utf-8">
<title>Several</title>
<script>
// Five: a browser opens six connections to a server over HTTP/1.1.
window.shown = [[], [], [], [], []];
window.sources = window.shown.map((list) => {
    const source = new EventSource("EVENTS");
    source.onmessage = (event) => list.push(JSON.parse(event.data));
    return source;
});
</script>
"""


@pytest.mark.slow
def test_a_page_with_several_streams_over_plain_http_survives_a_drain(start, site, away):
    origin = site[1].replace("127.0.0.1", "relay.test")
    relay = start(cors={"origins": [origin]}, streams={"per_user": 0, "retry": "200ms"}, drain="5s")
    address = relay.url(f"/events?access_token={roomwire.token()}").replace("127.0.0.1", "relay.test")
    (site[0] / "index.html").write_text(SEVERAL.replace("EVENTS", address))
    away.get(origin + "/index.html")
    assert not away.execute_script("return window.isSecureContext")

    def counts(kind):
        return away.execute_script(
            "return window.shown.map((list) => list.filter((message) => message.type === arguments[0]).length)", kind)

    for turn in (1, 2):
        roomwire.wait_until(lambda: counts("connected") == [turn] * 5, "all to be connected")
        providers.post_meeting(relay, f"call_{turn}")
        roomwire.wait_until(lambda: counts("room_finished") == [turn] * 5, "the meeting")
        relay.process.terminate()
        relay.process.wait(roomwire.DEADLINE_SECONDS)
        assert counts("draining") == [turn] * 5
        relay.start()
    providers.post_meeting(relay, "call_3")
    roomwire.wait_until(lambda: counts("room_finished") == [3] * 5, "the last meeting")
    assert counts("participant_joined") == [6] * 5 and counts("resync") == [0] * 5
    assert 2 not in away.execute_script("return window.sources.map((source) => source.readyState)")
