"""Real clients: an event is shown while the stream stays silent, and those that come back by themselves miss nothing."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

import clients
import providers
import relay as roomwire

HERE = pathlib.Path(__file__).parent
PYTHON = ["requests_lines", "sseclient_py", "requests_sse", "ld_eventsource", "httpx_sse", "httpx_lines", "jsonlines",
          "aiohttp_sse_client"]
COMMANDS = {
    "curl": ["curl", "-sN", "-H", "Authorization: Bearer {token}", "{url}"],
    "wget": ["wget", "-qO-", "--header", "Authorization: Bearer {token}", "{url}"],
    "httpie": [str(pathlib.Path(sys.executable).with_name("http")), "--stream", "--body", "--pretty=none",
               "--ignore-stdin", "GET", "{url}", "Authorization:Bearer {token}"],
    "node": ["node", str(HERE / "node_fetch.mjs"), "{url}", "{token}"],
}
NAME = "Zoë Łąka 🎥 \u2028 \u2029 \x85 Михаил"


class Client:
    """A program that follows a stream and prints what it is shown."""

    def __init__(self, folder, name, relay, query):
        arguments = COMMANDS.get(name, [sys.executable, str(HERE / "real_clients.py"), name, "{url}", "{token}"])
        if not shutil.which(arguments[0]):
            pytest.skip(f"there is no {name}")
        fill = {"url": relay.url(f"/events?{query}"), "token": roomwire.token()}
        self.output, self.errors = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [argument.format(**fill) for argument in arguments], stdout=output, stderr=errors,
                env={**os.environ, "PYTHONUNBUFFERED": "1"})

    @property
    def messages(self):
        # Only whole lines: the program may be in the middle of one.
        lines = self.output.read_bytes().split(b"\n")[:-1]
        lines = [line.removeprefix(b"data: ") for line in lines]
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    @property
    def events(self):
        return [message for message in self.messages if "id" in message]

    def wait_for(self, condition, what):
        def holds():
            assert self.process.poll() is None or condition(), (what, self.errors.read_text(), self.messages)
            return condition()

        roomwire.wait_until(holds, f"{what}: {self.errors.read_text()} {self.messages}", 60)

    def wait_connected(self, times=1):
        self.wait_for(
            lambda: [message["type"] for message in self.messages].count("connected") >= times, "connected")

    def close(self):
        self.process.kill()
        self.process.wait(roomwire.DEADLINE_SECONDS)


@pytest.fixture
def follow(folder):
    opened = []

    def follow(name, relay, query="room=hall"):
        opened.append(Client(folder, name, relay, query))
        opened[-1].wait_connected()
        return opened[-1]

    yield follow
    for client in opened:
        client.close()


def publish(relay, *numbers, room="hall"):
    for number in numbers:
        body = json.dumps({"type": "tick", "room": room, "data": {"number": number, "name": NAME}}).encode()
        relay.post("app", providers.standard_headers(body, f"{room}-{number}"), body).raise_for_status()


def numbers(client):
    return [event["data"]["number"] for event in client.events]


@pytest.mark.parametrize("name", [*PYTHON, *COMMANDS])
def test_an_event_is_shown_at_once_and_as_it_was_while_the_stream_is_silent(start, follow, name):
    # No heartbeat pushes an event out of a client's buffer.
    relay = start(streams={"heartbeat": "1h"})
    client = follow(name, relay)
    for number in range(3):
        publish(relay, number)
        client.wait_for(lambda: numbers(client) == list(range(number + 1)), f"event {number}")
    assert all(event["data"]["name"] == NAME for event in client.events)
    raw = client.output.read_bytes()
    assert not [mark for mark in ("\u2028", "\u2029", "\x85") if mark.encode() in raw] or name == "jsonlines"


@pytest.mark.parametrize("name", ["requests_lines", "jsonlines", "httpx_lines", "curl", "node"])
def test_heartbeats_disturb_nobody(start, follow, name):
    relay = start(streams={"heartbeat": "100ms"})
    client = follow(name, relay)
    roomwire.wait_until(lambda: relay.metric("roomwire_heartbeats_total") >= 5, "heartbeats")
    publish(relay, 0)
    client.wait_for(lambda: numbers(client) == [0], "the event after heartbeats")


@pytest.mark.parametrize("how", ["kill", "drain"])
@pytest.mark.parametrize("name", ["requests_sse", "ld_eventsource"])
def test_who_comes_back_by_himself_misses_nothing_and_sees_nothing_twice(start, follow, name, how):
    relay = start(streams={"heartbeat": "1h", "retry": "1s"})
    publish(relay, *range(100, 103), room="other")
    client = follow(name, relay)
    # It has not received anything yet when it loses the relay for the first time.
    for turn in range(2):
        if how == "kill":
            relay.kill()
        else:
            relay.process.send_signal(signal.SIGTERM)
            relay.process.wait(roomwire.DEADLINE_SECONDS)
        relay.start()
        publish(relay, *range(turn * 10, turn * 10 + 10))
        client.wait_for(lambda: len(client.events) >= (turn + 1) * 10, "what it missed")
    assert numbers(client) == list(range(20))
    assert not [message for message in client.messages if message["type"] == "resync"]


@pytest.mark.parametrize("query", ["limit=2", "lastEventId=0&wait=0"])
def test_curl_tells_an_orderly_end(start, follow, query):
    relay = start()
    publish(relay, 0, 1)
    done = subprocess.run(
        ["curl", "-sN", "-H", f"Authorization: Bearer {roomwire.token()}", relay.url(f"/events?since=1h&wait=0&{query}")],
        capture_output=True, timeout=roomwire.DEADLINE_SECONDS)
    assert done.returncode == 0
    client = follow("curl", relay)
    relay.process.send_signal(signal.SIGTERM)
    assert client.process.wait(roomwire.DEADLINE_SECONDS) == 0
    assert client.messages[-1]["type"] == "draining"


def test_curl_tells_a_broken_connection(start, follow):
    relay = start()
    client = follow("curl", relay)
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
