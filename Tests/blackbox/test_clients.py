"""How streams end, and the ids by which clients come back. test_client_matrix.py has the clients that are not ours."""

import json
import signal
import subprocess

import pytest

import clients
import providers
import relay as roomwire

NAME = "Zoë Łąka 🎥 \u2028 \u2029 \x85 Михаил"


def publish(relay, *numbers, room="hall"):
    for number in numbers:
        body = json.dumps({"type": "tick", "room": room, "data": {"number": number, "name": NAME}}).encode()
        relay.post("app", providers.standard_headers(body, f"{room}-{number}"), body).raise_for_status()


@pytest.mark.parametrize("query", ["limit=2", "lastEventId=0&wait=0"])
def test_curl_tells_an_orderly_end(start, folder, query):
    relay = start()
    publish(relay, 0, 1)
    done = subprocess.run(
        ["curl", "-sN", "-H", f"Authorization: Bearer {roomwire.token()}", relay.url(f"/events?since=1h&wait=0&{query}")],
        capture_output=True, timeout=roomwire.DEADLINE_SECONDS)
    assert done.returncode == 0
    client = clients.Curl(relay, folder)
    relay.process.send_signal(signal.SIGTERM)
    assert client.process.wait(roomwire.DEADLINE_SECONDS) == 0
    assert client.messages[-1]["type"] == "draining"


def test_curl_tells_a_broken_connection(start, folder):
    relay = start()
    client = clients.Curl(relay, folder)
    relay.kill()
    assert client.process.wait(roomwire.DEADLINE_SECONDS) == 18


def test_a_stream_is_chunked_over_http_11_and_ends_with_the_connection_over_http_10(start):
    relay = start()
    publish(relay, 0, 1)
    with clients.Stream(relay, "lastEventId=0&wait=0", roomwire.token()) as stream:
        stream.read_to_end()
        assert stream.has_ended_in_order
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["date"].endswith(" GMT")
        # An event is a chunk by itself.
        assert [chunk.count(b"data: ") for chunk in stream.chunks.chunks] == [1, 1, 1, 0]
        modern = stream.events
    with clients.Stream(relay, "lastEventId=0&wait=0", roomwire.token(), version="1.0") as stream:
        stream.read_to_end()
        assert "transfer-encoding" not in stream.headers
        assert stream.events == modern


@pytest.mark.parametrize("how", ["expired", "revoked", "closed", "retire"])
def test_every_orderly_end_has_the_last_chunk(start, how):
    limits = {"max_age": "1s"} if how == "retire" else {}
    relay = start(streams={"heartbeat": "100ms", **limits})
    token = roomwire.token(ttl=2) if how == "expired" else roomwire.token("bob")
    stream = clients.subscribe(relay, token=token)
    admin = roomwire.token("root", grant={"admin": True})
    if how == "revoked":
        answer = roomwire.requests.post(
            relay.url("/admin/revoke"), json={"user": "bob"}, headers={"Authorization": f"Bearer {admin}"},
            timeout=roomwire.DEADLINE_SECONDS)
        assert answer.ok, answer.text
    if how == "closed":
        number = stream.control("connected")["streamId"]
        answer = roomwire.requests.delete(
            relay.url(f"/admin/streams/{number}"), headers={"Authorization": f"Bearer {admin}"},
            timeout=roomwire.DEADLINE_SECONDS)
        assert answer.ok, answer.text
    stream.read_to_end()
    assert stream.messages[-1]["type"] == {"expired": "token_expired"}.get(how, how)
    assert stream.has_ended_in_order
    stream.close()


def test_no_stream_or_page_tells_the_id_of_an_event_that_it_may_not_see(start):
    relay = start(streams={"heartbeat": "100ms"})
    # What was in the log before the start may be told; this is.
    publish(relay, 0, room="first")
    everything = clients.subscribe(relay, "lastEventId=0")
    publish(relay, *range(1, 6), room="secret")
    foreign = {event["id"] for event in everything.wait_events(6)}
    token = roomwire.token(rooms=["mine"])
    stream = clients.subscribe(relay, token=token)
    tail = clients.subscribe(relay, "tail=3&heartbeat=event", token=token)
    beats = relay.metric("roomwire_heartbeats_total")
    roomwire.wait_until(lambda: relay.metric("roomwire_heartbeats_total") > beats + 6, "heartbeats")
    tail.control("heartbeat")
    told = [stream.control("connected"), tail.control("connected"), tail.control("heartbeat"),
            relay.get("/events?format=json", token).json(), relay.get("/events?format=json&tail=2", token).json(),
            relay.get("/rooms", token).json()]
    ids = {message[name] for message in told for name in ("lastEventId", "newestId") if name in message}
    ids |= {frame.id for frame in [*stream.frames, *tail.frames] if frame.id}
    assert ids and not ids & foreign, ids
    # And all of them are places to come back to.
    publish(relay, 0, 1, room="mine")
    for place in ids:
        page = relay.get(f"/events?format=json&lastEventId={place}", token).json()
        assert [event["data"]["number"] for event in page["events"]] == [0, 1]
        assert "resync" not in page


def test_a_graceful_restart_of_a_few_streams_does_not_keep_them_away(start):
    relay = start(streams={"retry": "1s"}, drain="20s")
    streams = [clients.subscribe(relay) for _ in range(5)]
    relay.process.send_signal(signal.SIGTERM)
    for stream in streams:
        stream.read_to_end()
        assert stream.messages[-1]["retryMs"] <= 1_250
        stream.close()
    relay.process.wait(roomwire.DEADLINE_SECONDS)


def test_tail_that_has_shown_nothing_yet_misses_nothing_over_a_crash(start, folder):
    relay = start(streams={"retry": "1s"})
    output, errors = folder / "tail.out", folder / "tail.err"
    with open(output, "wb") as shown, open(errors, "wb") as said:
        tail = subprocess.Popen(
            [roomwire.BINARY, "tail", "--json", "--room", "hall", "--url", relay.base, "--token", roomwire.token()],
            stdout=shown, stderr=said, env=roomwire.clean_environment())
    try:
        roomwire.wait_until(lambda: "connected as ada" in errors.read_text(), "tail to be connected")
        relay.kill()
        relay.start()
        publish(relay, *range(20))
        roomwire.wait_until(lambda: output.read_bytes().count(b"\n") >= 20, "what it missed", 60)
    finally:
        tail.kill()
        tail.wait(roomwire.DEADLINE_SECONDS)
    assert [json.loads(line)["data"]["number"] for line in output.read_text().splitlines()] == list(range(20))
