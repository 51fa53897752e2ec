"""Pages of other origins: what they may send, apps among them, and who is told of those that may not."""

import json

import pytest
import requests

import clients
import relay as roomwire

PAGE = "https://dash.example.com"
APPS = ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "app://obsidian.md",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop"]


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    relay = roomwire.Relay(
        tmp_path_factory.mktemp("preflight"), roomwire.settings(cors={"origins": [PAGE, *APPS]})).start()
    yield relay
    relay.stop()


def ask(relay, wanted, origin=PAGE, path="/events", **more):
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": wanted}
    return requests.options(relay.url(path), headers={**headers, **more}, timeout=30)


def allowed(answer):
    return [name.strip() for name in answer.headers["Access-Control-Allow-Headers"].lower().split(",")]


@pytest.mark.parametrize("name", [
    "traceparent", "tracestate", "baggage", "sentry-trace", "x-datadog-trace-id", "x-datadog-parent-id",
    "cache-control", "pragma", "x-requested-with", "authorization", "last-event-id"])
def test_a_listed_page_may_send_the_headers_that_it_asks_for(relay, name):
    answer = ask(relay, f"authorization,{name}, x-other")
    assert answer.status_code == 204
    assert {name, "x-other", "authorization", "last-event-id", "content-type", "if-none-match"} <= set(allowed(answer))
    assert len(set(allowed(answer))) == len(allowed(answer))
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600


@pytest.mark.parametrize("wanted", ["a b", "x\u00e9", "a(b)", "\"x\"", "x:y", "a" * 65, ",,,", ""])
def test_what_is_no_header_is_not_repeated(relay, wanted):
    answer = ask(relay, wanted.encode("latin-1"))
    assert answer.status_code == 204
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz-") for name in allowed(answer))
    assert "a" * 65 not in allowed(answer)


def test_the_answer_to_a_preflight_is_bounded(relay):
    answer = ask(relay, ",".join(f"x-{number}" for number in range(2000)))
    assert answer.status_code == 204
    assert len(allowed(answer)) == 64


def test_a_page_that_is_not_listed_may_send_nothing(relay):
    answer = ask(relay, "traceparent", "https://evil.example", **{"Access-Control-Request-Private-Network": "true"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_listed_page_may_reach_a_relay_in_a_private_network(relay, start):
    network = {"Access-Control-Request-Private-Network": "true"}
    assert ask(relay, "authorization", **network).headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Private-Network" not in ask(relay, "authorization").headers
    anybody = start(cors={"origins": ["*"]})
    assert "Access-Control-Allow-Private-Network" not in ask(anybody, "authorization", **network).headers


@pytest.mark.parametrize("origin", APPS)
def test_an_app_reads_like_a_page(relay, origin):
    answer = relay.get("/rooms", roomwire.token(), headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert allowed(ask(relay, "traceparent", origin))
    for other in (origin + "/", origin + "x", origin.split(":")[0] + "://evil", "null"):
        answer = relay.get("/rooms", roomwire.token(), headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin, word", [
    ("capacitor://localhost/index.html", "path"), ("capacitor://*", "app"), ("file://", "app"), ("wss://x.example", "app"),
    ("null", "begins"), ("capacitor:localhost", "begins"), ("https://dash.example.com/", "path"),
])
def test_what_is_no_origin_is_told(folder, origin, word):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(cors={"origins": [origin]})))
    done = roomwire.command("check", folder=folder)
    assert done.returncode != 0
    assert "cors.origins" in done.stderr and word in done.stderr


@pytest.mark.parametrize("path, status", [
    ("/nothing", 404), ("/rooms/nobody", 404), ("/events?nonsense=1", 400), ("", 404),
    ("/tickets", 405), ("/events/more", 404),
])
def test_a_page_can_read_the_errors_of_a_path(relay, path, status):
    answer = relay.get(path, roomwire.token(), headers={"Origin": PAGE})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "origin" in answer.headers["Vary"].lower()


def test_a_page_can_read_that_its_path_is_malformed(relay):
    with clients.RawConnection(relay) as connection:
        connection.send(f"GET /api/events?room=% HTTP/1.1\r\nHost: x\r\nOrigin: {PAGE}\r\n\r\n".encode())
        answer = connection.read_to_end().decode()
    assert answer.startswith("HTTP/1.1 400 ")
    assert f"access-control-allow-origin: {PAGE}\r\n" in answer.lower()


def strangers(relay):
    return [line["message"] for line in relay.log_lines() if "cors.origins" in line.get("message", "")]


def test_the_log_names_a_page_that_may_not_read(start):
    relay = start(cors={"origins": [PAGE]})
    for origin in (PAGE, relay.base):
        relay.get("/rooms", roomwire.token(), headers={"Origin": origin})
    relay.get("/rooms", roomwire.token())
    assert strangers(relay) == []
    for _ in range(50):
        relay.get(f"/rooms?access_token={roomwire.token()}", headers={"Origin": "https://dash.example.org\u009b"})
    lines = strangers(relay)
    assert 1 <= len(lines) < 50
    assert "https://dash.example.org" in lines[0] and "/api/rooms" in lines[0]
    assert "access_token" not in "".join(lines) and "\u009b" not in "".join(lines)


def test_the_log_names_a_page_where_no_origin_is_listed_at_all(start):
    relay = start()
    stream = clients.Stream(relay, "", roomwire.token(), headers=["Origin: https://dash.example.org"])
    assert stream.status == 200
    assert "https://dash.example.org" in roomwire.wait_until(lambda: strangers(relay), "a line")[0]
