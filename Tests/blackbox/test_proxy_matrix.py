"""nginx, Caddy and HAProxy as deploy/ sets them up: each behaviour of a relay, seen through each of them."""

import http.client
import signal
import socket
import ssl
import subprocess

import pytest

import clients
import providers
import proxies
import relay as roomwire
from test_proxies import subscribe  # noqa: F401 (a fixture)


@pytest.fixture(params=proxies.SHARING, ids=lambda kind: kind.name)
def kind(request):
    if not request.param.program:
        pytest.skip(f"there is no {request.param.name} here")
    return request.param


@pytest.fixture
def place(folder):
    """Puts a proxy in front of a relay: place(kind, relay, changes)."""
    started = []

    def place(kind, relay, changes=()):
        home = folder / f"{kind.name}-{len(started)}"
        home.mkdir()
        started.append(kind(home, relay, changes=changes))
        return started[-1].start()

    yield place
    for proxy in started:
        proxy.stop()


@pytest.fixture
def front(kind, place):
    return lambda relay, changes=(): place(kind, relay, changes)


# The table. Each row is a behaviour: a function of a relay that is started with these settings and its proxy.


def shows_at_once(relay, proxy, subscribe):
    stream = subscribe(proxy, "-H", "Accept-Encoding: gzip, br")
    for number in range(3):
        providers.post_livekit(proxy, providers.livekit_body("room_started", f"call_{number}"))
        stream.wait_for(lambda stream: len(stream.ids) == number + 1, f"event {number} before the next one is posted")


def shows_lines_at_once(relay, proxy, subscribe):
    stream = subscribe(proxy, query="?format=ndjson")
    for number in range(3):
        providers.post_livekit(proxy, providers.livekit_body("room_started", f"call_{number}"))
        stream.wait_for(lambda stream: stream.text.count('"type":"room_started"') == number + 1, f"line {number}")


def shows_over_http_1_0(relay, proxy, subscribe):
    # Caddy refuses a TLS handshake that offers HTTP/1.0, and takes one that offers nothing.
    stream = subscribe(proxy, "--no-alpn", version="--http1.0")
    for number in range(2):
        providers.post_livekit(proxy, providers.livekit_body("room_started", f"call_{number}"))
        stream.wait_for(lambda stream: len(stream.ids) == number + 1, f"event {number}")


def keeps_umlauts_and_separators(relay, proxy, subscribe):
    stream = subscribe(proxy)
    name = "Zoë Łąka 👩‍👩‍👧 \u2028\u2029\u0085"
    person = {"sid": "PA_1", "identity": "ada", "name": name}
    providers.post_livekit(proxy, providers.livekit_body("participant_joined", "r", participant=person))
    stream.wait_for(lambda stream: len(stream.ids) == 1, "the event")
    assert stream.frames[-1].json["data"]["participant"]["name"] == name
    assert "charset=utf-8" in stream.head.read_text().lower()


def resumes(relay, proxy, subscribe):
    before = subscribe(proxy)
    providers.post_meeting(proxy, "call_1")
    before.wait_for(lambda stream: len(stream.ids) == 6, "the first meeting")
    before.close()
    providers.post_meeting(proxy, "call_2")
    after = subscribe(proxy, last=before.ids[-1])
    after.wait_for(lambda stream: len(stream.ids) == 6, "what was missed")
    assert [frame.json["room"] for frame in after.frames if frame.is_event] == ["call_2"] * 6


def survives_a_drain(relay, proxy, subscribe):
    stream = subscribe(proxy)
    providers.post_meeting(proxy, "call_1")
    stream.wait_for(lambda stream: len(stream.ids) == 6, "the meeting")
    relay.process.send_signal(signal.SIGTERM)
    # The last frame passes, and curl sees an orderly end rather than a cut.
    assert stream.process.wait(roomwire.DEADLINE_SECONDS) == 0
    assert stream.frames[-1].type == "draining" and int(stream.frames[-1].fields["retry"]) > 0
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    relay.start()
    providers.post_meeting(relay, "call_2")
    roomwire.wait_until(
        lambda: proxy.request("GET", proxy.base + "/healthz").status_code == 200, "the proxy to find the relay again")
    after = subscribe(proxy, last=stream.ids[-1])
    after.wait_for(lambda stream: len(stream.ids) == 6, "the second meeting")


def refuses_as_the_relay_does(relay, proxy, subscribe):
    for token, status, reason in ((None, 401, "missing_token"), ("nonsense", 401, "malformed_token")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = proxy.request("GET", proxy.url("/rooms"), headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert answer.headers["WWW-Authenticate"] and answer.headers["Content-Type"] == "application/problem+json"
    answer = proxy.request(
        "GET", proxy.url("/events?access_token=nonsense"), headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200, "an EventSource gives up for good at any other status"
    assert clients.Frame(answer.text.split("\n\n")[-2]).json["reason"] == "malformed_token"


def takes_a_large_webhook_and_no_larger_one(relay, proxy, subscribe):
    stream = subscribe(proxy, query="?room=large")
    person = {"sid": "PA_1", "identity": "ada", "metadata": "m" * 1_900_000}
    providers.post_livekit(proxy, providers.livekit_body("participant_joined", "large", participant=person))
    stream.wait_for(lambda stream: len(stream.ids) == 1, "the event")
    assert stream.frames[-1].json["data"]["participant"]["metadata"] == person["metadata"]
    assert status_of_large_webhook(proxy, 2 * 1024 * 1024 + 1) == 413


def status_of_large_webhook(proxy, size):
    """What curl hears, which like most senders reads an answer that comes before its body has been taken."""
    body = proxy.folder / "large.json"
    body.write_bytes(b"x" * size)
    command = ["curl", "-s", "--http1.1", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", str(proxy.authority), "-H", "Expect:",
               "--data-binary", f"@{body}", proxy.url("/webhooks/livekit")]
    # It may end with an error beside the answer, since the rest of its body is not taken.
    return int(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)


def never_sends_a_client_to_another_host(relay, proxy, subscribe):
    ports = [(proxy.port, True)]
    if proxy.name != "caddy":
        # Caddy itself redirects a name on its plain port that its file does not have.
        ports.append((proxy.plain_port, False))
    for port, secure in ports:
        for path in ("/api/rooms", "/healthz", "/elsewhere"):
            answer = ask_as(proxy, port, secure, "evil.example", path)
            assert "evil.example" not in answer.getheader("Location", ""), (port, path)
            assert b"evil.example" not in answer.read()


def ask_as(proxy, port, secure, host, path):
    context = ssl.create_default_context(cafile=str(proxy.authority)) if secure else None
    plain = socket.create_connection(("127.0.0.1", port), timeout=roomwire.DEADLINE_SECONDS)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = context.wrap_socket(plain, server_hostname="localhost") if secure else plain
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse()


def notices_that_a_client_has_left(relay, proxy, subscribe):
    # HAProxy does not listen to a client of HTTP/1.1 while it answers it: see the test below.
    for version in ("--http2",) if proxy.name == "haproxy" else ("--http2", "--http1.1"):
        stream = subscribe(proxy, version=version)
        roomwire.wait_until(lambda: relay.streams() == 1, "the stream to be counted")
        stream.close()
        # No heartbeat finds it out: the next one is an hour away.
        roomwire.wait_until(lambda: relay.streams() == 0, "the relay to notice")


HOUR = {"streams": {"heartbeat": "1h", "per_user": 0}}
BEHAVIOURS = {
    shows_at_once: HOUR, shows_lines_at_once: HOUR, shows_over_http_1_0: HOUR, keeps_umlauts_and_separators: {}, resumes: {},
    survives_a_drain: {"drain": "1s"}, refuses_as_the_relay_does: {}, takes_a_large_webhook_and_no_larger_one: {},
    never_sends_a_client_to_another_host: {}, notices_that_a_client_has_left: HOUR,
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_through_every_proxy_a_relay_behaves_as_without_one(start, front, subscribe, behaviour):  # noqa: F811
    relay = start(**BEHAVIOURS[behaviour])
    behaviour(relay, front(relay), subscribe)


def test_a_heartbeat_finds_out_that_a_client_of_haproxys_has_left(start, place, subscribe):  # noqa: F811
    if not proxies.Haproxy.program:
        pytest.skip("there is no HAProxy here")
    relay = start(streams={"heartbeat": "300ms", "per_user": 0})
    stream = subscribe(place(proxies.Haproxy, relay), version="--http1.1")
    roomwire.wait_until(lambda: relay.streams() == 1, "the stream to be counted")
    stream.close()
    roomwire.wait_until(lambda: relay.streams() == 0, "the relay to notice")


# Timeouts. What deploy/ sets is 5 minutes; 2 s stand for it here.

SHORT = {
    "nginx": [("proxy_read_timeout 5m;", "proxy_read_timeout 2s;"), ("send_timeout 5m;", "send_timeout 2s;")],
    "haproxy": [("timeout client 5m", "timeout client 2s"), ("timeout server 5m", "timeout server 2s")],
    "caddy": [("compression off\n\t\t\t\tdial_timeout 5s\n\t\t\t}\n\t\t}\n\t}\n\n\t# Webhooks",
              "compression off\n\t\t\t\tread_timeout 2s\n\t\t\t\tdial_timeout 5s\n\t\t\t}\n\t\t}\n\t}\n\n\t# Webhooks")],
}


def test_heartbeats_keep_a_stream_open_beyond_the_proxys_timeout(start, kind, front, subscribe):  # noqa: F811
    proxy = front(start(streams={"heartbeat": "500ms", "per_user": 0}), SHORT[kind.name])
    stream = subscribe(proxy)
    # Ten of them take more than twice the timeout.
    stream.wait_for(lambda stream: stream.text.count(": heartbeat") >= 10, "ten heartbeats")
    assert stream.process.poll() is None
    providers.post_livekit(proxy, providers.livekit_body("room_started"))
    stream.wait_for(lambda stream: len(stream.ids) == 1, "an event on the same stream")


def test_without_heartbeats_the_same_timeout_ends_the_stream(start, kind, front, subscribe):  # noqa: F811
    """Shows that the test above can fail."""
    proxy = front(start(streams={"heartbeat": "1h", "per_user": 0}), SHORT[kind.name])
    stream = subscribe(proxy)
    stream.process.wait(roomwire.DEADLINE_SECONDS)


# HTTP/1.0 to the relay


def test_nginx_may_speak_http_1_0_to_the_relay(start, place, subscribe):  # noqa: F811
    """Its default, where an operator leaves out the line that chooses 1.1."""
    if not proxies.Nginx.program:
        pytest.skip("there is no nginx here")
    proxy = place(proxies.Nginx, start(**HOUR), [
        ("    proxy_http_version 1.1;\n", ""), ("    proxy_set_header Connection \"\";\n", ""),
        ("    proxy_set_header Host $host;\n", "")])
    shows_at_once(proxy.relay, proxy, subscribe)
    shows_lines_at_once(proxy.relay, proxy, subscribe)
    refuses_as_the_relay_does(proxy.relay, proxy, subscribe)


# HAProxy's health checks

CHECKS = {
    "as shipped": "option httpchk GET /healthz",
    "the default": "option httpchk",
    "HEAD": "option httpchk HEAD /healthz",
    "readiness": "option httpchk GET /readyz",
    "HTTP/1.1 as old guides write it": "option httpchk GET /healthz HTTP/1.1\\r\\nHost:\\ relay",
    "HTTP/1.1": "option httpchk\n    http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host relay",
    "a status": "option httpchk GET /healthz\n    http-check expect status 200",
    "everything": "option httpchk OPTIONS *",
    "a connection alone": "option tcp-check",
}


@pytest.mark.parametrize("check", CHECKS)
def test_haproxys_health_checks_follow_the_relay(start, place, check):
    if not proxies.Haproxy.program:
        pytest.skip("there is no HAProxy here")
    relay = start()
    proxy = place(proxies.Haproxy, relay, [
        ("option httpchk GET /healthz", CHECKS[check]), (" check\n", " check inter 200ms fall 2 rise 2\n"),
        ("maxconn 20000", f"maxconn 20000\n    stats socket {proxy_socket(relay)} level user")])

    def state():
        lines = show_servers(proxy_socket(relay))
        return [line["status"] for line in lines if line["svname"] == "relay"][0]

    def is_checked(status, *results):
        line = [line for line in show_servers(proxy_socket(relay)) if line["svname"] == "relay"][0]
        return line["status"].startswith(status) and line["check_status"] in results

    # The first check that has ended tells, not what HAProxy assumes before it.
    roomwire.wait_until(lambda: is_checked("UP", "L7OK", "L4OK", "L6OK"), f"the relay to be up, is {state()}")
    relay.kill()
    roomwire.wait_until(lambda: state().startswith("DOWN"), "the relay to be down")
    assert proxy.request("GET", proxy.base + "/healthz").status_code == 503
    relay.start()
    roomwire.wait_until(lambda: state().startswith("UP"), "the relay to be up again")
    assert proxy.request("GET", proxy.base + "/healthz").status_code == 200


def proxy_socket(relay):
    return relay.folder / "haproxy.sock"


def show_servers(path):
    """HAProxy's own table of its servers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"show stat\n")
        text = connection.makefile().read()
    names, *rows = [line.split(",") for line in text.lstrip("# ").strip().split("\n")]
    return [dict(zip(names, row)) for row in rows]
