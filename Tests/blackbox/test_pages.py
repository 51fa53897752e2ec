"""What pages of events and lists of rooms may cost."""

import json
import socket

import pytest
import requests

import clients
import providers
import relay as roomwire

USER_ANSWERS = 16
UNSENT_BYTES = 128 * 1024 * 1024


def fill(relay, count=300, size=4000):
    """Events for a page of more than 1 MiB."""
    with requests.Session() as session:
        for number in range(count):
            body = json.dumps({"type": "test.filler", "room": "filler", "data": {"pad": "x" * size}}).encode()
            headers = providers.standard_headers(body, f"filler_{number}")
            assert session.post(relay.url("/webhooks/app"), headers=headers, data=body, timeout=30).status_code == 200


class Unread(clients.RawConnection):
    """A request whose answer is not read beyond its first bytes."""

    def connect(self, relay):
        made = socket.socket()
        # The less the kernels take, the more stays with the relay.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        made.settimeout(roomwire.DEADLINE_SECONDS)
        made.connect(("127.0.0.1", relay.port))
        return made

    def __init__(self, relay, token, path="/api/events?format=json&lastEventId=0"):
        super().__init__(relay)
        self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())

    @property
    def status(self):
        while len(self.bytes) < 12:
            data = self.socket.recv(12 - len(self.bytes))
            assert data, "the connection ended"
            self.bytes += data
        return int(self.bytes[9:12])


def page(relay, token):
    return relay.get("/events?format=json&lastEventId=0", token)


@pytest.mark.parametrize("path", ["/api/events?format=json&lastEventId=0", "/api/rooms"])
def test_one_user_has_few_answers_under_way(start, path):
    relay = start(loops=2)
    fill(relay)
    ada, bob = roomwire.token("ada"), roomwire.token("bob")
    unread = [Unread(relay, ada) for _ in range(USER_ANSWERS)]
    assert [request.status for request in unread] == [200] * USER_ANSWERS

    refused = relay.get(path.removeprefix("/api"), ada)
    assert refused.status_code == 429
    assert refused.json()["reason"] == "too_many_answers"
    assert int(refused.headers["Retry-After"]) >= 1
    assert relay.metric('roomwire_streams_refused_total{reason="too_many_answers"}') == 1
    assert relay.get(path.removeprefix("/api"), bob).status_code == 200
    # A stream is no answer.
    clients.subscribe(relay, "", ada).close()

    unread.pop().close()
    roomwire.wait_until(
        lambda: relay.get(path.removeprefix("/api"), ada).status_code == 200, "room after a client has gone")
    reading = unread.pop()
    reading.read_until(lambda: reading.bytes.endswith(b"}\n"), "the whole page")
    roomwire.wait_until(
        lambda: relay.get(path.removeprefix("/api"), ada).status_code == 200, "room after a page was read")
    for request in unread:
        request.close()


def test_unread_answers_have_one_bound_in_bytes(start):
    relay = start()
    fill(relay)
    before = relay.resident_bytes()
    unread = []
    for user in range(14):
        token = roomwire.token(f"user_{user}")
        unread += [Unread(relay, token) for _ in range(USER_ANSWERS)]
    statuses = [request.status for request in unread]
    assert set(statuses) == {200, 503}
    # Pages of 1 MiB, and what the kernel took of them besides.
    assert statuses.count(200) >= UNSENT_BYTES // (2 << 20)
    assert relay.resident_bytes() - before < 2 * UNSENT_BYTES

    # Those that were refused in the middle left room, which is filled one by one.
    for number in range(200):
        unread.append(Unread(relay, roomwire.token(f"late_{number // 8}")))
        if unread[-1].status == 503:
            break
    refused = page(relay, roomwire.token("late"))
    assert (refused.status_code, refused.json()["reason"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) >= 1
    # What is small goes on.
    assert relay.get("/rooms", roomwire.token("late")).status_code == 200
    stream = clients.subscribe(relay, "", roomwire.token("late"))
    providers.post_meeting(relay)
    stream.wait_for("room_finished")

    for request in unread:
        request.close()
    roomwire.wait_until(lambda: page(relay, roomwire.token("late")).status_code == 200, "memory for a page")


def test_a_page_of_metrics_and_a_schema_are_whole(shared):
    for path in ("/metrics", "/api/schema/events.json"):
        answer = requests.get(shared.base + path, timeout=30)
        assert answer.status_code == 200 and len(answer.content) > 4096
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_a_poll_whose_answer_is_not_read_counts_as_one(start):
    relay = start()
    fill(relay)
    token = roomwire.token()
    unread = [Unread(relay, token) for _ in range(USER_ANSWERS)]
    assert [request.status for request in unread] == [200] * USER_ANSWERS
    assert relay.get("/events?format=json&lastEventId=0&wait=5s", token).status_code == 429
    for request in unread:
        request.close()


def test_many_rooms_are_listed_in_order_while_they_change(start):
    relay = start()
    count = 300
    for number in range(count):
        providers.post_livekit(relay, providers.livekit_body("room_started", f"many_{number:03}"))
    token = roomwire.token()
    expected = [f"many_{number:03}" for number in range(count)]

    def listed(query="", **headers):
        return relay.get("/rooms" + query, token, headers=headers)

    answer = listed()
    assert [room["name"] for room in answer.json()["rooms"]] == expected
    tag = answer.headers["ETag"]
    assert listed(**{"If-None-Match": tag}).status_code == 304
    assert [room["name"] for room in listed("?room=many_1*").json()["rooms"]] == expected[100:200]
    assert [room["name"] for room in listed("?room=many_250&room=many_017&room=none").json()["rooms"]] == [
        "many_017", "many_250"]

    providers.post_livekit(
        relay, providers.livekit_body("participant_joined", "many_200", "ada"),
        providers.livekit_body("room_finished", "many_100"), providers.livekit_body("room_started", "many_0005"))
    expected.remove("many_100")
    expected.insert(1, "many_0005")
    roomwire.wait_until(
        lambda: [room["name"] for room in listed(**{"If-None-Match": tag}).json()["rooms"]] == sorted(expected),
        "the changes in the list")
    [changed] = [room for room in listed().json()["rooms"] if room["numParticipants"]]
    assert changed["name"] == "many_200"
    snapshot = clients.subscribe(relay, "snapshot=1").control_with_id("snapshot")
    assert [room["name"] for room in snapshot["rooms"]] == sorted(expected)


@pytest.mark.parametrize("query, word", [
    ("&".join("room=x" for _ in range(65)), "64"), ("&".join("source=x" for _ in range(65)), "64"),
    ("room=" + "x" * 257, "256"), ("source=" + "x" * 257, "256"), ("room=", "value"), ("source=", "value"),
    ("rooms=x", "room"), ("type=x", "known"),
])
def test_lists_of_rooms_have_the_limits_of_streams(shared, query, word):
    token = roomwire.token()
    for path in ("/rooms", "/rooms/call_42"):
        answer = shared.get(f"{path}?{query}", token)
        assert (answer.status_code, answer.json()["reason"]) == (400, "bad_query")
        assert word in answer.json()["detail"]
    if "type" not in query:
        assert shared.get(f"/events?wait=0&{query}", token).status_code == 400


def test_a_rooms_name_that_is_too_long_is_refused(shared):
    answer = shared.get("/rooms/" + "x" * 257, roomwire.token())
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed_request")
    assert shared.get("/rooms/" + "x" * 200, roomwire.token()).status_code == 404


def test_metrics_have_an_address_of_their_own(start):
    port = roomwire.free_port()
    relay = start(metrics=f"127.0.0.1:{port}")
    own = f"http://127.0.0.1:{port}"

    def ask(base, path, method="GET"):
        return requests.request(method, base + path, headers={"Authorization": f"Bearer {roomwire.token()}"}, timeout=30)

    assert ask(own, "/metrics").text.startswith("# HELP")
    roomwire.wait_until(lambda: ask(own, "/readyz").status_code == 200, "the relay to be ready")
    assert ask(own, "/healthz").status_code == ask(relay.base, "/healthz").status_code == 200
    for path in ("/metrics", "/readyz"):
        answer = ask(relay.base, path)
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
    for path in ("/api/rooms", "/api/events?format=json", "/api/schema/events.json", "/"):
        assert ask(own, path).status_code == 404
    assert ask(own, "/api/webhooks/livekit", "POST").status_code == 404
    assert ask(own, "/metrics", "POST").status_code == 405
    assert str(port) not in relay.run("check").stderr
    assert f"127.0.0.1:{port}" in relay.run("check").stdout


@pytest.mark.parametrize("value, word", [
    ("https://127.0.0.1:9090", "TLS"), ("9090", ":9090"), ("example.com:9090", "IP address"), ("", "address"),
])
def test_a_metrics_address_that_cannot_be_used_is_told(folder, value, word):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(metrics=value)))
    done = roomwire.command("check", folder=folder)
    assert done.returncode != 0
    assert "metrics" in done.stdout + done.stderr and word in done.stdout + done.stderr


def test_the_metrics_address_is_not_that_of_the_streams(folder):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(listen=":3999", metrics="127.0.0.1:3999")))
    done = roomwire.command("check", folder=folder)
    assert done.returncode != 0 and "3999" in done.stdout + done.stderr
