"""Where a request ends: the relay reads it in one way only, alone and behind proxies that share its connections."""

import concurrent.futures
import socket
import ssl

import pytest

import clients
import providers
import proxies
import relay as roomwire
import secure

METHODS = ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT", "BREW"]
SERVED = {"GET", "POST", "PUT", "DELETE", "OPTIONS"}
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_body(method, body, is_chunked, target="/api/nothing", host="x"):
    """A request of any method with a body."""
    if is_chunked:
        framing, body = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        framing = f"Content-Length: {len(body)}"
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{framing}\r\n\r\n".encode() + body


@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("method", METHODS)
def test_the_body_of_any_method_is_never_the_next_request(shared, method, is_chunked):
    target = "x:1" if method == "CONNECT" else "/api/nothing"
    with clients.RawConnection(shared) as connection:
        connection.send(with_body(method, SMUGGLED, is_chunked, target))
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = connection.read_to_end()
    assert answer.count(b"HTTP/1.1 ") == (2 if method in SERVED else 1), answer
    if method not in SERVED:
        assert answer.startswith(b"HTTP/1.1 400 " if method == "HEAD" else b"HTTP/1.1 501 "), answer
        assert b"Connection: close\r\n" in answer


CHUNKS = {
    "a size with 0x": (b"0x0\r\n\r\n", 400), "a signed size": (b"+0\r\n\r\n", 400), "LF alone": (b"0\n\n", 400),
    "no line end after the data": (b"2\r\n{}0\r\n\r\n", 400), "LF after the data": (b"2\r\n{}\n0\r\n\r\n", 400),
    "a blank behind the size": (b"0 \r\n\r\n", 400), "an endless size line": (b"2;" + b"x" * 300, 400),
    "a trailer that is none": (b"0\r\nx y\r\n\r\n", 400), "too much in all": (b"200001\r\n", 413),
    "extensions": (b"2;a=b\r\n{}\r\n0;c\r\n\r\n", 401), "trailers": (b"2\r\n{}\r\n0\r\nX: y\r\n\r\n", 401),
}


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_are_read_by_the_grammar_alone(shared, name):
    body, status = CHUNKS[name]
    with clients.RawConnection(shared) as connection:
        connection.send(CHUNKED + body)
        if status == 401:
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        else:
            connection.send(SMUGGLED)
        answer = connection.read_to_end()
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert answer.count(b"HTTP/1.1 ") == (2 if status == 401 else 1), answer


def test_a_signed_webhook_in_chunks_with_extensions_and_trailers_is_taken(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = providers.livekit_body("room_started", room)
    head = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
    request = f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{head}\r\n".encode()
    parts = b"".join(b"%x;n=\"%d\"\r\n%s\r\n" % (len(body[i:i + 50]), i, body[i:i + 50]) for i in range(0, len(body), 50))
    with clients.RawConnection(shared) as connection:
        connection.send(request + parts + b"0\r\nX-Checksum: 1\r\n\r\n")
        connection.read_until(lambda: b"\r\n\r\n" in connection.bytes, "an answer")
        assert connection.bytes.startswith(b"HTTP/1.1 200 "), connection.bytes
    assert stream.wait_events(1)


def test_a_trailer_cannot_name_the_clients_address(start):
    relay = start(proxy=roomwire.PROXY)
    with clients.RawConnection(relay) as connection:
        head = CHUNKED.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.1\r\n")
        connection.send(head + b"2\r\n{}\r\n0\r\nX-Forwarded-For: 198.51.100.2\r\n\r\n")
        assert connection.read_to_end().startswith(b"HTTP/1.1 401 ")
    rejects = relay.get("/admin/rejects", roomwire.token(grant={"admin": True})).json()["rejects"]
    assert [reject["remoteAddress"] for reject in rejects] == ["198.51.100.1"]


def test_a_refusal_over_tls_is_read_whole_and_nothing_behind_it(folder):
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder)).start()
    try:
        requests = [with_body("HEAD", SMUGGLED, False), with_body("TRACE", SMUGGLED, True), CHUNKED + b"0x0\r\n\r\n",
                    CHUNKED + b"200001\r\n" + b"x" * 500_000]
        opened = []
        for request, status in zip(3 * requests, 3 * (400, 501, 400, 413)):
            opened.append(relay.descriptors())
            answer = b""
            with relay.secure.connect() as connection:
                connection.sendall(request + SMUGGLED)
                while data := connection.recv(65536):
                    answer += data
            assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.count(b"HTTP/1.1 ") == 1, answer
        # A few files are opened once, by the first that need them.
        roomwire.wait_until(lambda: relay.descriptors() <= opened[0] + 4, f"{opened}: the connections to be closed")
    finally:
        relay.stop()


def raw(shared, request):
    with clients.RawConnection(shared) as connection:
        connection.send(request)
        return connection.read_to_end()


def test_a_head_has_at_most_256_lines(shared):
    for count, status in ((256, 200), (257, 400), (8_000, 400)):
        lines = b"Host: x\r\nConnection: close\r\n" + b"a:\r\n" * (count - 2)
        assert raw(shared, b"GET /healthz HTTP/1.1\r\n" + lines + b"\r\n").startswith(b"HTTP/1.1 %d " % status), count
    # It need not be complete, since its lines cost what they do as they come.
    assert raw(shared, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 256).startswith(b"HTTP/1.1 400 ")


def test_http_10_needs_no_host(shared):
    for request in (b"GET /healthz HTTP/1.0\r\n\r\n", b"HEAD /healthz HTTP/1.0\r\n\r\n"):
        assert raw(shared, request).startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 ")), request
    assert raw(shared, b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert raw(shared, b"GET /healthz HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_options_of_everything_says_what_there_is(shared):
    answer = raw(shared, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ") and b"Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n" in answer
    assert raw(shared, b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    # HAProxy's check of a server's health, unless it is told otherwise.
    assert raw(shared, b"OPTIONS / HTTP/1.0\r\n\r\n").split(b" ")[1] == b"204"
    assert raw(shared, b"OPTIONS /nothing HTTP/1.0\r\n\r\n").split(b" ")[1] == b"404"


def test_close_is_heard_among_other_options(shared):
    answer = raw(shared, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: TE, close\r\nTE: trailers\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and b"Connection: close\r\n" in answer


@pytest.fixture(params=proxies.SHARING, ids=lambda kind: kind.name)
def kind(request):
    if not request.param.program:
        pytest.skip(f"there is no {request.param.name} here")
    return request.param


@pytest.fixture(params=[True, False], ids=["as shipped", "without its own refusals"])
def proxy(request, kind, folder, start):
    home = folder / kind.name
    home.mkdir()
    proxy = kind(home, start(), refuses=request.param)
    yield proxy.start()
    proxy.stop()


def ask(proxy, *requests):
    """What comes to such requests over one TLS connection of HTTP/1.1, until it ends or is silent."""
    context = ssl.create_default_context(cafile=str(proxy.authority))
    context.set_alpn_protocols(["http/1.1"])
    plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    answer = b""
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.settimeout(1)
        try:
            for request in requests:
                connection.sendall(request)
            while data := connection.recv(65536):
                answer += data
        except OSError:
            pass
    return answer


@pytest.mark.parametrize("method", ["HEAD", "TRACE", "GET", "POST"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
def test_behind_a_proxy_nobody_gets_anothers_answer(proxy, method, is_chunked):
    """A smuggled request would have the next one on that connection for its body, and the next client its answer."""
    whole = b"GET /api/schema/none HTTP/1.1\r\nHost: x\r\n\r\n"
    begun = b"POST /api/webhooks/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n"
    follow = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    def attack(number):
        hidden = begun if number % 4 else whole
        # Whoever comes next on the proxy's connection: the attacker, or somebody else.
        further = [follow] if number % 2 else []
        return ask(proxy, with_body(method, hidden, is_chunked, "/healthz", "localhost"), *further)

    def be_victim(number):
        token = roomwire.token(f"victim-{number}")
        return proxy.request("POST", proxy.url("/tickets"), headers={"Authorization": f"Bearer {token}"})

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        attackers = [pool.submit(attack, number) for number in range(24)]
        victims = list(pool.map(be_victim, range(40)))
        attacks = [attacker.result() for attacker in attackers]
    for answer in victims:
        assert answer.status_code in (200, 201) and answer.json()["ticket"], answer.text
    for answer in attacks:
        assert b"ticket" not in answer and b"unknown_source" not in answer, answer
        assert answer.count(b"HTTP/1.1 ") <= 2, answer
    if proxy.refuses and method in ("HEAD", "TRACE"):
        assert all(answer.split(b" ")[1] in (b"400", b"405", b"501") for answer in attacks), attacks
