"""nginx and Caddy as deploy/ sets them up, in front of a relay."""

import json
import os
import subprocess

import pytest

import clients
import providers
import proxies
import relay as roomwire

MIB = 1024 * 1024


@pytest.fixture(params=proxies.ALL, ids=lambda kind: kind.name)
def kind(request):
    if not request.param.program:
        pytest.skip(f"there is no {request.param.name} here")
    return request.param


@pytest.fixture
def front(kind, folder):
    """Puts the proxy in front of a relay: front(relay)."""
    started = []

    def front(relay):
        home = folder / kind.name
        home.mkdir()
        started.append(kind(home, relay))
        return started[-1].start()

    yield front
    for proxy in started:
        proxy.stop()


class Subscriber:
    """curl behind a proxy."""

    def __init__(self, proxy, folder, name, *flags, **rest):
        self.output, self.head = folder / f"{name}.txt", folder / f"{name}-head.txt"
        self.process = proxy.curl(*flags, output=self.output, headers=self.head, **rest)
        roomwire.wait_until(lambda: '"connected"' in self.text, f"{name} to be connected")

    @property
    def text(self):
        return self.output.read_text(errors="replace")

    @property
    def frames(self):
        return [clients.Frame(part) for part in self.text.split("\n\n")[:-1]]

    @property
    def ids(self):
        return [frame.id for frame in self.frames if frame.is_event]

    def wait_for(self, condition, what):
        roomwire.wait_until(lambda: condition(self), f"{what}; had {self.text[-1000:]}")

    def close(self):
        self.process.kill()
        self.process.wait(roomwire.DEADLINE_SECONDS)


@pytest.fixture
def subscribe(folder):
    started = []

    def subscribe(proxy, *flags, **rest):
        started.append(Subscriber(proxy, folder, f"curl-{len(started)}", *flags, **rest))
        return started[-1]

    yield subscribe
    for subscriber in started:
        subscriber.close()


def test_each_event_and_each_heartbeat_passes_before_the_next_is_sent(start, front, subscribe):
    proxy = front(start(streams={"heartbeat": "200ms", "per_user": 0}))
    # A client that would take a compressed stream, which a proxy holds back until there is enough of it.
    stream = subscribe(proxy, "-H", "Accept-Encoding: gzip, br, zstd, deflate")
    for number in range(5):
        providers.post_livekit(proxy, providers.livekit_body("room_started", f"call_{number}"))
        stream.wait_for(lambda stream: len(stream.ids) == number + 1, f"event {number} before the next one is posted")
        beats = stream.text.count(": heartbeat")
        stream.wait_for(lambda stream: stream.text.count(": heartbeat") > beats, "a heartbeat by itself")
    head = stream.head.read_text().lower()
    assert head.startswith("http/2 200")
    assert "content-type: text/event-stream" in head and "content-encoding" not in head


def test_lines_pass_one_by_one_as_well(start, front, folder):
    """NDJSON is nothing that a proxy would take for a stream by its type."""
    proxy = front(start())
    output = folder / "lines.txt"
    process = proxy.curl(query="?format=ndjson", output=output, headers=folder / "head.txt", version="--http1.1")
    try:
        for number in range(3):
            roomwire.wait_until(lambda: output.read_text().count("\n") == number + 1, f"line {number}")
            providers.post_livekit(proxy, providers.livekit_body("room_started", f"call_{number}"))
        roomwire.wait_until(lambda: output.read_text().count("\n") == 4, "the last line")
    finally:
        process.kill()
        process.wait(roomwire.DEADLINE_SECONDS)


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(start, front, subscribe):
    proxy = front(start())
    before = subscribe(proxy)
    providers.post_meeting(proxy, "call_1")
    before.wait_for(lambda stream: len(stream.ids) == 6, "the first meeting")
    before.close()
    providers.post_meeting(proxy, "call_2")
    after = subscribe(proxy, last=before.ids[-1])
    providers.post_meeting(proxy, "call_3")
    after.wait_for(lambda stream: len(stream.ids) >= 12, "what was missed, and what comes")
    rooms = [frame.json["room"] for frame in after.frames if frame.is_event]
    assert rooms == ["call_2"] * 6 + ["call_3"] * 6
    assert not set(before.ids) & set(after.ids)


def test_webhooks_pass_unchanged_up_to_the_relays_limit(start, front):
    proxy = front(start())
    spaced = b'{ "event" : "room_started", "id":"EV_odd",\n "room" : {"sid":"RM_1", "name":"caf\xc3\xa9 \\u00e9"} }'
    filler = json.dumps({"event": "room_started", "id": "EV_large", "room": {"sid": "RM_2", "name": "large",
                         "metadata": "x" * 1_900_000}}).encode()
    providers.post_livekit(proxy, spaced, filler)
    daily = b'{"test":"test"}'
    assert proxy.post("daily", providers.daily_headers(daily), daily).status_code == 200
    refused = proxy.post("livekit", providers.livekit_headers(spaced, secret="x" * 40), spaced)
    assert (refused.status_code, refused.json()["reason"]) == (401, "bad_signature")
    huge = b"x" * (2 * 1024 * 1024 + 1)
    assert proxy.post("livekit", providers.livekit_headers(huge), huge).status_code == 413


@pytest.mark.parametrize("kind", proxies.SHARING, ids=lambda kind: kind.name, indirect=True)
def test_a_webhook_over_the_limit_is_413_to_senders_of_http2_as_well(start, front, folder):
    """curl reports a stream that is reset while it sends, and not the answer that came before."""
    proxy = front(start())
    body = folder / "body"
    for count in (2 * MIB + 1, 7 * MIB):
        body.write_bytes(b"x" * count)
        for version, shown in (("--http2", "2"), ("--http1.1", "1.1")):
            for source, flags in (("livekit", []), ("nobody", []), ("livekit", ["-H", "Transfer-Encoding: chunked"])):
                curl = subprocess.run(
                    ["curl", "-sS", version, "--cacert", str(proxy.authority), "-H", "Expect:", "-o", os.devnull,
                     "-w", "%{http_code} %{http_version}", "--data-binary", f"@{body}",
                     *flags, proxy.url(f"/webhooks/{source}")],
                    capture_output=True, text=True, timeout=roomwire.DEADLINE_SECONDS)
                case = (count, version, source, flags, curl.stderr)
                assert (curl.stdout, curl.returncode) == (f"413 {shown}", 0), case


def test_plain_http_is_redirected_but_never_a_webhook(start, front):
    proxy = front(start())
    body = providers.livekit_body("room_started")
    for path in ("/api/webhooks/livekit", "/api/webhooks/nobody"):
        answer = proxy.request(
            "POST", proxy.plain_base + path, headers=providers.livekit_headers(body), data=body)
        assert answer.status_code == 403 and "https" in answer.text, answer.headers
    moved = proxy.request("GET", proxy.plain_base + "/api/rooms?room=a")
    assert moved.status_code == 308 and moved.headers["Location"] == "https://localhost/api/rooms?room=a"


def test_what_is_for_inside_stays_inside(start, front):
    proxy = front(start())
    for path in ("/metrics", "/readyz", "/", "/elsewhere"):
        assert proxy.request("GET", proxy.base + path).status_code == 404, path
    assert proxy.request("GET", proxy.url("/rooms")).status_code == 401, "the relay itself"


def test_no_token_reaches_a_log(start, front, subscribe):
    relay = start()
    proxy = front(relay)
    token, other = roomwire.token("ada"), roomwire.token("bob")
    subscribe(proxy, token=token)
    ticket = proxy.request("POST", proxy.url("/tickets"), headers={"Authorization": f"Bearer {token}"}).json()["ticket"]
    for query in (f"access_token={other}", f"ticket={ticket}"):
        url = proxy.url(f"/events?wait=0&{query}")
        assert proxy.request("GET", url, headers={"Cookie": f"roomwire={token}", "Referer": url}).status_code == 200
    relay.kill()
    assert proxy.request("GET", proxy.url(f"/rooms?access_token={other}")).status_code in (502, 503, 504)
    if proxy.name == "caddy":
        roomwire.wait_until(lambda: '"status":502' in proxy.said(), "the access log")
    else:
        roomwire.wait_until(lambda: "/api/rooms" in proxy.said(), "the access log")
    for secret in (token, other, ticket):
        assert secret not in proxy.said()


def test_the_relay_sees_where_a_client_is_whatever_the_client_says(start, front):
    relay = start(proxy={"trusted": ["127.0.0.1", "::1"], "header": "X-Forwarded-For"})
    proxy = front(relay)
    forged = ("-H", "X-Forwarded-For: 198.51.100.7", "-H", "Forwarded: for=198.51.100.7", "-H", "X-Real-IP: 198.51.100.7")
    done = subprocess.run(
        ["curl", "-s", "--interface", "127.0.0.2", "--cacert", str(proxy.authority), *forged, "-d", "{}",
         "--resolve", f"localhost:{proxy.port}:127.0.0.1", proxy.url("/webhooks/livekit")],
        capture_output=True, text=True, timeout=60)
    assert '"status":401' in done.stdout
    rejects = relay.get("/admin/rejects", roomwire.token(grant={"admin": True})).json()["rejects"]
    assert [reject["remoteAddress"] for reject in rejects] == ["127.0.0.2"]


STREAMS = """<!doctype html>
<meta charset="utf-8">
<title>Streams</title>
<script>
const seen = window.seen = [];
const errors = window.errors = [];
window.streams = Array.from({length: COUNT}, (_, number) => {
    const stream = new EventSource("EVENTS");
    seen.push([]);
    errors.push(0);
    stream.onmessage = (e) => {
        const data = JSON.parse(e.data);
        if (data.id) seen[number].push(data.id);
    };
    stream.onerror = () => errors[number]++;
    return stream;
});
window.states = () => window.streams.map((stream) => stream.readyState);
</script>
"""


def open_streams(browser, site, count, url):
    pages, origin = site
    url += f"?access_token={roomwire.token()}"
    (pages / "streams.html").write_text(STREAMS.replace("COUNT", str(count)).replace("EVENTS", url))
    browser.get(origin + "/streams.html")


def states(browser):
    return browser.execute_script("return window.states()")


def seen(browser):
    return browser.execute_script("return window.seen")


@pytest.mark.slow
def test_one_browser_has_more_than_six_streams_over_http_2(start, front, site, browser):
    # No heartbeat comes to find out that a reader has left, and eight streams are all that a user may have.
    proxy = front(start(cors={"origins": [site[1]]}, streams={"heartbeat": "1h", "per_user": 8}))
    open_streams(browser, site, 8, proxy.url("/events"))
    roomwire.wait_until(lambda: states(browser) == [1] * 8, "eight open streams")
    providers.post_livekit(proxy, providers.livekit_body("room_started"))
    roomwire.wait_until(lambda: all(len(ids) == 1 for ids in seen(browser)), "the event in all eight")
    browser.execute_script("window.streams.forEach((stream) => stream.close())")
    roomwire.wait_until(
        lambda: sum("/api/events" in line and "HTTP/2.0" in line for line in proxy.said().split("\n")) == 8,
        "eight lines in the proxy's log")
    open_streams(browser, site, 8, proxy.url("/events"))
    roomwire.wait_until(lambda: states(browser) == [1] * 8, "eight streams in place of those that were closed")


@pytest.mark.slow
def test_over_http_1_the_seventh_stream_waits(start, site, browser):
    """Why there should be a proxy, or TLS with HTTP/2, before browsers with many tabs."""
    relay = start(cors={"origins": [site[1]]})
    open_streams(browser, site, 8, relay.url("/events"))
    roomwire.wait_until(lambda: sorted(states(browser)) == [0, 0, 1, 1, 1, 1, 1, 1], "six open streams")
    providers.post_livekit(relay, providers.livekit_body("room_started"))
    roomwire.wait_until(lambda: sum(len(ids) == 1 for ids in seen(browser)) == 6, "the event in six")
    assert sorted(states(browser)) == [0, 0, 1, 1, 1, 1, 1, 1]


@pytest.mark.slow
def test_a_browser_outlives_a_relay_that_is_away_for_a_while(start, front, site, browser):
    """A proxy's 502 would end an EventSource for good."""
    relay = start(cors={"origins": [site[1]]}, streams={"retry": "200ms"})
    proxy = front(relay)
    open_streams(browser, site, 1, proxy.url("/events"))
    roomwire.wait_until(lambda: states(browser) == [1], "an open stream")
    providers.post_meeting(relay, "call_1")
    roomwire.wait_until(lambda: len(seen(browser)[0]) == 6, "the first meeting")
    relay.kill()
    # Once because the stream broke, and again because the proxy had no relay to offer.
    roomwire.wait_until(lambda: browser.execute_script("return window.errors[0]") >= 2, "a second attempt", seconds=60)
    assert states(browser) == [0], "it goes on trying"
    relay.start()
    providers.post_meeting(relay, "call_2")
    roomwire.wait_until(lambda: len(seen(browser)[0]) == 12, "the second meeting", seconds=60)
    assert len(set(seen(browser)[0])) == 12


def test_scripts_are_told_that_the_relay_is_away(start, front):
    relay = start()
    proxy = front(relay)
    relay.kill()
    answer = proxy.request("GET", proxy.url(f"/events?access_token={roomwire.token()}"))
    assert answer.status_code in (502, 503) and answer.headers["Retry-After"]
