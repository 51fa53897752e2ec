"""Bad input and clients that vanish: afterwards the relay serves, and holds nothing back."""

import random
import socket
import struct

import pytest

import clients
import providers
import relay as roomwire

MALFORMED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    "a cut request line": b"GET\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "an unknown method": b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "a blank before the colon": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    "two lengths": b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a signed length": b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab",
    "a negative length": b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\nab",
    "length and chunks": (
        b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "an unknown coding": b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "a huge chunk": (
        b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"),
    "a long header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
    "a long request line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a broken escape": b"GET /api/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


def reset(connection):
    """Closes so that the other side gets an error, not an end."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def assert_serves(relay, room):
    assert roomwire.requests.get(relay.base + "/healthz", timeout=30).status_code == 200
    with clients.subscribe(relay, f"room={room}") as stream:
        providers.post_meeting(relay, room)
        assert len(stream.wait_for("room_finished")) == 6


def assert_descriptors_return(relay, before):
    roomwire.wait_until(
        lambda: relay.descriptors() <= before, f"file descriptors to be {before} again, not {relay.descriptors()}")


@pytest.fixture
def relay(start):
    """A relay that has served once: what it opens only once is open."""
    relay = start()
    assert_serves(relay, "warm-up")
    return relay


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_http_is_refused_and_disturbs_nobody(shared, room, name):
    bystander = clients.subscribe(shared, f"room={room}")
    with clients.RawConnection(shared) as connection:
        try:
            connection.send(MALFORMED[name])
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            # It was refused before it had been sent.
            pass
        answer = connection.read_to_end()
    if answer:
        status = int(answer.split(b" ")[1])
        assert status >= 400, answer[:300]
        assert answer.count(b"HTTP/1.1 ") == 1, f"more than one request was seen: {answer[:500]}"
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    assert bystander.wait_events(1)


def test_refused_requests_are_not_read_on(shared):
    """What follows a refused request on its connection is never taken for a request."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for name in ("an unknown coding", "two lengths", "a signed length", "no Host", "a blank before the colon"):
        with clients.RawConnection(shared) as connection:
            connection.send(MALFORMED[name] + smuggled)
            answer = connection.read_to_end()
        assert b" 200 " not in answer.split(b"\r\n")[0], name
        assert answer.count(b"HTTP/1.1 ") <= 1, f"{name}: {answer[:500]}"


def test_garbage_from_a_subscriber_ends_its_stream_alone(shared, room):
    rude = clients.subscribe(shared, f"room={room}")
    polite = clients.subscribe(shared, f"room={room}")
    rude.send(b"\x00garbage\r\n" * 1000)
    providers.post_meeting(shared, room)
    polite.wait_for("room_finished")
    assert polite.is_open()


def test_clients_that_vanish_leave_nothing_behind(relay):
    chance = random.Random(7)
    before = relay.descriptors()
    request = (
        f"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {roomwire.token()}\r\n"
        "Accept: text/event-stream\r\n\r\n").encode()
    body = providers.livekit_body("room_started", "vanishing")
    head = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
    post = f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body
    for number in range(300):
        whole = chance.choice([request, post])
        connection = clients.RawConnection(relay)
        connection.send(whole[: chance.randrange(len(whole) + 1)])
        if number % 3 == 0:
            reset(connection)
        else:
            connection.close()
    assert_descriptors_return(relay, before)
    assert_serves(relay, "after vanishing")


def test_subscribers_that_vanish_amid_events_leave_nothing_behind(relay):
    before = relay.descriptors()
    for number in range(8):
        streams = [clients.subscribe(relay) for _ in range(10)]
        for index, stream in enumerate(streams):
            if index == 5:
                providers.post_meeting(relay, f"round_{number}")
            reset(stream) if index % 2 else stream.close()
    assert_descriptors_return(relay, before)
    assert_serves(relay, "after rounds")


def test_a_reader_that_stands_still_holds_up_nobody_and_misses_nothing(relay):
    still = clients.subscribe(relay)
    other = clients.subscribe(relay)
    note = "n" * 200_000
    bodies = [
        providers.livekit_body(
            "participant_joined", "busy", f"user_{number}",
            participant={"sid": f"PA_{number}", "identity": f"user_{number}", "metadata": note})
        for number in range(100)]
    for body in bodies:
        providers.post_livekit(relay, body)
    people = [f"user_{number}" for number in range(100)]
    for stream in (other, still):
        events = stream.wait_events(len(bodies))
        assert [event["data"]["participant"]["identity"] for event in events] == people


@pytest.mark.slow
def test_a_request_that_drips_is_cut_off(relay):
    before = relay.descriptors()
    stream = clients.subscribe(relay)
    dripping = [clients.RawConnection(relay) for _ in range(20)]
    for connection in dripping:
        connection.send(b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nA: ")

    def drip():
        for connection in dripping:
            try:
                connection.send(b"a")
                connection.read_more(0.01)
            except TimeoutError:
                pass
            except OSError:
                connection.ended = True
        return all(connection.ended for connection in dripping)

    roomwire.wait_until(drip, "the dripping connections to be cut off", 90)
    assert stream.is_open()
    stream.close()
    for connection in dripping:
        connection.close()
    assert_descriptors_return(relay, before)
    assert_serves(relay, "after dripping")


def test_random_bytes_never_bring_it_down(relay):
    chance = random.Random(11)
    before = relay.descriptors()
    for _ in range(200):
        connection = clients.RawConnection(relay)
        try:
            connection.send(chance.randbytes(chance.randrange(1, 3000)))
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        connection.close()
    assert_descriptors_return(relay, before)
    assert_serves(relay, "after noise")


def test_a_head_request_gets_no_body(shared):
    """A body would be taken for the beginning of the next answer on the connection."""
    token = roomwire.token()
    for path in ("/healthz", "/metrics", "/api/rooms", "/api/events", "/api/nothing"):
        head = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        then = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with clients.RawConnection(shared) as connection:
            connection.send((head + then).encode())
            first, _, rest = connection.read_to_end().partition(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 "), path
        assert rest.startswith(b"HTTP/1.1 200"), f"{path}: {rest[:200]!r}"


def test_a_refusal_of_ours_is_not_logged_as_malformed_http(start):
    relay = start()
    assert relay.post("livekit", {"Authorization": "no token"}, b"{}").status_code == 401
    assert relay.get("/events?rooom=a", roomwire.token()).status_code == 400
    assert relay.post("livekit", {}, b"", "DELETE").status_code == 405
    assert relay.get("/nothing").status_code == 404
    said = relay.said()
    assert "malformed_header" in said
    assert "not a request that HTTP/1.1 allows" not in said, said


def test_requests_pipelined_on_one_connection_are_answered_in_order(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    requests = b""
    for body in providers.meeting(room):
        head = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
        requests += f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
        requests += body
    with clients.RawConnection(shared) as connection:
        connection.send(requests)
        connection.read_until(lambda: connection.bytes.count(b"HTTP/1.1 200 OK") == 6, "six answers")
    assert len(stream.wait_for("room_finished")) == 6


def test_chunked_bodies_are_verified_as_a_whole(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = providers.livekit_body("room_started", room)
    answer = roomwire.requests.post(
        shared.url("/webhooks/livekit"), headers=providers.livekit_headers(body), timeout=30,
        data=iter([body[:7], body[7:90], body[90:]]))
    assert answer.status_code == 200, answer.text
    assert stream.wait_events(1)
