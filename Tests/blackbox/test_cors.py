"""Which pages may read."""

import pytest
import requests

import clients
import providers
import relay as roomwire

ORIGINS = ["https://dash.example.com", "https://*.apps.example.com", "http://localhost:5173"]
LISTED = "https://dash.example.com"


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    relay = roomwire.Relay(
        tmp_path_factory.mktemp("cors"), roomwire.settings(cors={"origins": ORIGINS}, streams={"per_user": 1})).start()
    yield relay
    relay.stop()


def varies(answer):
    return "origin" in answer.headers.get("Vary", "").lower()


def preflight(relay, path, origin=LISTED, method="GET", headers="authorization"):
    return requests.options(relay.url(path), timeout=30, headers={
        "Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers})


@pytest.mark.parametrize("origin, allowed", [
    (LISTED, True), ("https://a.apps.example.com", True), ("https://a.b.apps.example.com", True),
    ("http://localhost:5173", True), ("https://apps.example.com", False), ("http://dash.example.com", False),
    ("https://dash.example.com:8443", False), ("https://dash.example.com.evil.org", False),
    ("https://evil.org/.apps.example.com", False), ("https://evilapps.example.com", False), ("null", False),
    ("http://localhost:5174", False), ("https://dash.example.com/", False), ("*", False),
])
def test_only_listed_origins_may_read(relay, origin, allowed):
    answer = relay.get("/rooms", roomwire.token(), headers={"Origin": origin})
    assert answer.status_code == 200
    assert varies(answer)
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert answer.headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    asked = preflight(relay, "/rooms", origin)
    assert asked.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert ("Access-Control-Allow-Methods" in asked.headers) == allowed


def test_every_answer_of_the_api_varies_with_the_origin(relay):
    token = roomwire.token("vary")
    first = clients.subscribe(relay, "", token)
    tag = relay.get("/rooms", token).headers["ETag"]
    answers = {
        "401": relay.get("/events"), "403": relay.get("/events?room=x", roomwire.token(rooms=["y"])),
        "400": relay.get("/events?nonsense=1", token), "404": relay.get("/rooms/nobody", token),
        "429": relay.get("/events", token), "405": relay.get("/tickets", token),
        "304": relay.get("/rooms", token, headers={"If-None-Match": tag}),
        "unknown": relay.get("/nothing", token), "schema": relay.get("/schema/events.json"),
        "admin": relay.get("/admin/streams", token), "page": relay.get("/events?format=json", token),
        "renew": requests.post(relay.url("/streams/7/renew"), timeout=30),
    }
    for name, answer in answers.items():
        assert varies(answer), name
        assert not name.isdigit() or answer.status_code == int(name), name
    with_origin = relay.get("/events", headers={"Origin": LISTED})
    assert with_origin.headers["Access-Control-Allow-Origin"] == LISTED
    exposed = with_origin.headers["Access-Control-Expose-Headers"].lower()
    assert "retry-after" in exposed and "etag" in exposed
    assert "vary: origin" in first.head.lower()
    refused = clients.event_source(relay, "", token, headers=[f"Origin: {LISTED}"])
    refused.read_to_end()
    assert refused.messages[0]["type"] == "refused"
    assert f"access-control-allow-origin: {LISTED}" in refused.head.lower()
    first.close()


@pytest.mark.parametrize("path, methods", [
    ("/events", {"GET", "HEAD", "POST"}), ("/rooms", {"GET", "HEAD"}), ("/rooms/call_42", {"GET", "HEAD"}), ("/tickets", {"POST"}),
    ("/streams/7/renew", {"POST"}), ("/schema/events.json", {"GET", "HEAD"}), ("/admin/streams", {"GET", "HEAD"}),
    ("/admin/streams/7", {"DELETE"}), ("/admin/revoke", {"POST"}), ("/admin/revocations", {"GET", "HEAD", "DELETE"}),
    ("/admin/rejects", {"GET", "HEAD"}),
])
def test_a_browser_that_asks_first_hears_what_the_path_takes(relay, path, methods):
    for method in methods:
        answer = preflight(relay, path, method=method, headers="authorization,last-event-id,content-type")
        assert answer.status_code == 204, answer.text
        assert varies(answer)
        assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == methods
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert all(name in allowed for name in ("authorization", "last-event-id", "content-type", "if-none-match"))
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("path", ["/nothing", "/admin", "/admin/nothing", "/streams/7", "/rooms/a/b"])
def test_asking_about_an_unknown_path_is_404_like_using_it(relay, path):
    answer = preflight(relay, path)
    assert answer.status_code == 404
    assert varies(answer)
    assert relay.get(path, roomwire.token()).status_code == 404


def test_no_page_posts_webhooks(relay):
    answer = preflight(relay, "/webhooks/livekit", method="POST")
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_origins_there_are_no_such_headers(shared):
    answer = shared.get("/rooms", roomwire.token(), headers={"Origin": LISTED})
    assert not [name for name in answer.headers if name.lower().startswith("access-control") or name == "Vary"]
    assert preflight(shared, "/rooms").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_star_is_for_reading_without_cookies(start):
    relay = start(cors={"origins": ["*"]})
    answer = relay.get("/rooms", roomwire.token(), headers={"Origin": "https://any.example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_foreign_page_changes_nothing_with_a_visitors_cookie(relay):
    cookie = {"Cookie": f"roomwire={roomwire.token('root', grant={'admin': True})}"}

    def revoke(origin):
        headers = {**cookie, **({"Origin": origin} if origin else {})}
        return requests.post(relay.url("/admin/revoke"), headers=headers, json={"user": "mallory"}, timeout=30)

    for foreign in ("https://evil.example.org", "null"):
        assert revoke(foreign).status_code == 401
    assert relay.get("/admin/revocations", headers=cookie).json()["revocations"] == []
    for own in (None, LISTED, relay.base):
        assert revoke(own).status_code == 200, own


def test_a_page_reads_a_stream_with_its_last_id(relay):
    providers.post_meeting(relay, "cors", ["ada"])
    stream = clients.Stream(
        relay, "room=cors", roomwire.token("cors"), headers=[f"Origin: {LISTED}", "Last-Event-ID: 0"])
    stream.wait_for("room_finished")
    assert f"access-control-allow-origin: {LISTED}" in stream.head.lower()
    stream.close()
