"""Bodies cost memory before anybody knows whose they are: large ones only where they belong, and one bound for all."""

import contextlib
import shlex
import socket

import pytest

import clients
import providers
import relay as roomwire
import secure

MIB = 1024 * 1024


def head(path, count, method="POST"):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {count}\r\n\r\n".encode()


@pytest.mark.parametrize("method,path", [
    ("POST", "/api/webhooks/nobody"), ("POST", "/api/webhooks/livekit/more"), ("POST", "/api/tickets"), ("POST", "/"),
    ("GET", "/api/webhooks/livekit"), ("DELETE", "/api/webhooks/livekit"), ("POST", "/api/webhooks/livekit%00"),
    ("POST", "/api/webhooks/" + "livekit" * 300)])
def test_a_large_body_is_refused_at_its_head_unless_a_source_takes_it(shared, method, path):
    with clients.RawConnection(shared) as connection:
        connection.send(head(path, 65_537, method))
        assert connection.read_to_end().startswith(b"HTTP/1.1 413 "), connection.bytes
    chunked = f"{method} {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with clients.RawConnection(shared) as connection:
        connection.send(chunked + b"8000\r\n" + b"x" * 32768 + b"\r\n8001\r\n")
        assert connection.read_to_end().startswith(b"HTTP/1.1 413 "), connection.bytes


def test_a_body_of_64_kib_is_taken_anywhere_and_of_2_mib_at_a_source(shared):
    for path, count, status in (("/api/webhooks/nobody", 65_536, 404), ("/api/webhooks/livekit", 2 * MIB, 401),
                                ("/api//webhooks/livekit?a=b", 2 * MIB, 401), ("/api/webhooks/livekit", 2 * MIB + 1, 413)):
        answer = roomwire.requests.post(shared.base + path, data=b"x" * count, timeout=30)
        assert answer.status_code == status, (path, count, answer.text)


@pytest.mark.parametrize("loops", [1, 2])
def test_all_unfinished_bodies_have_one_bound_and_the_largest_goes_first(start, loops):
    relay = start(loops=loops, limits={"request_bytes": "8MiB"})
    with contextlib.ExitStack() as stack:
        # The innocent: half of a small body.
        small = stack.enter_context(clients.RawConnection(relay))
        body = providers.livekit_body("room_started", "small")
        lines = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
        small.send(f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode())
        small.send(body[:10])
        large = [stack.enter_context(clients.RawConnection(relay)) for _ in range(12)]
        for connection in large:
            with contextlib.suppress(OSError):
                connection.send(head("/api/webhooks/livekit", 2 * MIB) + b"x" * (2 * MIB - 1))
        roomwire.wait_until(
            lambda: relay.metric('roomwire_requests_refused_total{status="503"}') >= 8, "the largest to be refused")
        assert relay.metric('roomwire_requests_refused_total{status="503"}') <= 10
        small.send(body[10:])
        small.read_until(lambda: b"\r\n\r\n" in small.bytes, "an answer")
        assert small.bytes.startswith(b"HTTP/1.1 200 "), small.bytes


def test_memory_is_given_back_after_a_burst(start):
    relay = start(loops=1)
    roomwire.requests.post(relay.url("/webhooks/livekit"), data=b"x" * MIB, timeout=30)
    before = relay.resident_bytes()
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(clients.RawConnection(relay))
            connection.send(head("/api/webhooks/livekit", 2 * MIB) + b"x" * (MIB + MIB // 2))
        roomwire.wait_until(lambda: relay.resident_bytes() > before + 80 * MIB, "the burst to be there")
        # So that what was allocated last stays, at the top of the heap.
        roomwire.requests.get(relay.base + "/healthz", timeout=30)
        last = stack.enter_context(clients.RawConnection(relay))
        last.send(head("/api/webhooks/livekit", 2 * MIB) + b"x" * 1000)
    roomwire.wait_until(lambda: relay.resident_bytes() < before + 16 * MIB, "the memory to be given back")


@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
def test_a_body_byte_by_byte_takes_the_memory_of_its_bytes(folder, is_chunked):
    """In TLS records of one byte, since TCP would join them on their way."""
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), roomwire.settings(loops=1)).start()
    body = providers.livekit_body("room_started", "drip", filling="x" * 60_000)
    lines = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    try:
        assert relay.secure.post("livekit", {}, b"x" * len(body)).status_code == 401
        before = relay.resident_bytes()
        with relay.secure.connect() as connection:
            connection.sendall(f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\n{framing}\r\n{lines}\r\n".encode())
            for number in range(len(body) - 1):
                if is_chunked:
                    connection.sendall(b"1\r\n")
                connection.sendall(body[number:number + 1])
                if is_chunked:
                    connection.sendall(b"\r\n")
            assert relay.resident_bytes() < before + 32 * MIB
            connection.sendall((b"1\r\n%s\r\n0\r\n\r\n" if is_chunked else b"%s") % body[-1:])
            # Its signature is good, so every byte is where it was.
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    finally:
        relay.stop()


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
def test_what_waits_behind_an_unread_answer_waits_at_the_client(folder, is_secure):
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), roomwire.settings(loops=1)).start()
    request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Filling: " + b"x" * 30_000 + b"\r\n\r\n"
    try:
        connection = relay.secure.connect() if is_secure else socket.create_connection(("127.0.0.1", relay.port))
        with connection:
            connection.settimeout(2)
            sent = 0
            with contextlib.suppress(TimeoutError):
                while sent < 4_000:
                    connection.sendall(request)
                    sent += 1
            # The kernel's buffers take some MiB; without a bound there is no end.
            assert sent < 4_000
    finally:
        relay.stop()


FILES = 600


@pytest.fixture
def few_files(folder, monkeypatch):
    """Relays of this test may open few files."""
    wrapper = folder / "few-files"
    wrapper.write_text(f'#!/bin/sh\nulimit -n {FILES}\nexec {shlex.quote(roomwire.BINARY)} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(roomwire, "BINARY", str(wrapper))


def hold(relay, count, stack, request=b"", address=lambda number: "127.0.0.1"):
    """Opens connections and keeps them."""
    for number in range(count):
        connection = stack.enter_context(socket.create_connection(
            ("127.0.0.1", relay.port), timeout=30, source_address=(address(number), 0)))
        if request:
            connection.sendall(request)
            # Idle is what has its answer. A connection that had to make room has none.
            with contextlib.suppress(OSError):
                connection.recv(1000)


@pytest.mark.parametrize("request_", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["unused", "kept alive"])
def test_one_address_cannot_have_all_connections(start, few_files, request_):
    relay = start(loops=1)
    stream = clients.subscribe(relay)
    with contextlib.ExitStack() as stack:
        hold(relay, FILES, stack, request_)
        providers.post_meeting(relay, "beside")
        assert relay.descriptors() < FILES / 2
    assert stream.wait_for("room_finished") and stream.is_open()


@pytest.mark.parametrize("request_", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["unused", "kept alive"])
@pytest.mark.parametrize("loops", [1, 2])
def test_idle_connections_from_everywhere_make_room_for_webhooks(start, few_files, loops, request_):
    relay = start(loops=loops)
    stream = clients.subscribe(relay)
    with contextlib.ExitStack() as stack:
        hold(relay, FILES + 100, stack, request_, lambda number: f"127.0.1.{number // 20 + 1}")
        for number in range(5):
            providers.post_meeting(relay, f"beside_{number}")
    assert len(stream.wait_for("room_finished")) >= 6 and stream.is_open()


def test_a_trusted_proxy_may_have_any_number_of_connections(start, few_files):
    relay = start(loops=1, proxy=roomwire.PROXY)
    with contextlib.ExitStack() as stack:
        hold(relay, FILES // 2, stack)
        providers.post_meeting(relay, "behind")
        assert relay.descriptors() > FILES // 2


def test_429_closes_the_connection(start):
    relay = start(streams={"per_user": 1})
    with clients.subscribe(relay):
        with clients.RawConnection(relay) as connection:
            connection.send(
                f"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {roomwire.token()}\r\n\r\n".encode())
            answer = connection.read_to_end()
    assert answer.startswith(b"HTTP/1.1 429 ") and b"Connection: close\r\n" in answer
