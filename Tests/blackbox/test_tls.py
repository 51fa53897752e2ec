"""TLS at the front door: what is spoken, what is refused, resumption, reload, and exact streams all the same."""

import concurrent.futures
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess

import pytest

import providers
import relay as roomwire
import secure


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """One relay with two loops for all tests that do not mind each other."""
    folder = tmp_path_factory.mktemp("tls")
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), roomwire.settings(loops=2))
    yield relay.start()
    relay.stop()


@pytest.fixture
def own(folder):
    """A relay of the test's own."""
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), roomwire.settings(loops=2))
    yield relay.start()
    relay.stop()


def test_curl_verifies_the_certificate_and_speaks_http_1_1(relay):
    answer = secure.curl(relay, "/healthz", "-v")
    assert answer.stdout.startswith("HTTP/1.1 200 OK") and answer.stdout.endswith("ok\n")
    assert "ALPN: server accepted http/1.1" in answer.stderr
    assert "TLSv1.3" in answer.stderr


def test_welcome_and_check_say_where_tls_is_spoken(relay):
    assert f"https://127.0.0.1:{relay.secure_port}" in relay.said()
    shown = roomwire.command("check", "--config", str(relay.folder / "roomwire.yaml"))
    assert shown.returncode == 0
    assert str(relay.certificate.key) in shown.stdout


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_have_forward_secrecy_and_aead(relay, version):
    context = relay.secure.context(maximum_version=version, minimum_version=version)
    with relay.secure.connect(context) as connection:
        name, _, _ = connection.cipher()
        assert "GCM" in name or "CHACHA20" in name
        assert version == ssl.TLSVersion.TLSv1_3 or name.startswith("ECDHE-")
        assert connection.compression() is None


def s_client(relay, *options, input=""):
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.secure_port}", *options], input=input,
        capture_output=True, text=True, timeout=roomwire.DEADLINE_SECONDS)


@pytest.mark.parametrize(
    "options",
    [
        ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        ["-alpn", "h2"], ["-groups", "P-521"],
    ],
    ids=" ".join)
def test_what_is_too_old_or_unknown_is_refused(relay, options):
    before = relay.handshakes("failed")
    answer = s_client(relay, *options)
    assert answer.returncode != 0
    assert "alert" in answer.stderr
    roomwire.wait_until(lambda: relay.handshakes("failed") == before + 1, "the failure to be counted")


def test_renegotiation_is_refused(relay):
    answer = s_client(relay, "-tls1_2", input="R\n")
    assert "no renegotiation" in answer.stderr
    assert "Secure Renegotiation IS supported" in answer.stdout


def test_plain_http_on_the_tls_port_is_told_so_and_closed(relay):
    before = relay.handshakes("plain_http")
    with secure.plain_socket(relay.secure_port) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer
    assert relay.handshakes("plain_http") == before + 1


def test_tls_on_the_plain_port_harms_nobody(relay):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with socket.create_connection(("127.0.0.1", relay.port), timeout=roomwire.DEADLINE_SECONDS) as raw:
            relay.secure.context().wrap_socket(raw, server_hostname="127.0.0.1")
    assert relay.secure.get("/rooms", roomwire.token()).status_code == 200


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed_at_every_loop(relay, folder, version):
    ticket = folder / "session.pem"
    request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    def connect(*options):
        answer = s_client(relay, version, "-quiet", "-no_ign_eof", "-ign_eof", *options, input=request)
        assert "200 OK" in answer.stdout, answer
    connect("-sess_out", str(ticket))
    before = relay.handshakes("resumed"), relay.handshakes("completed")
    # The kernel spreads connections over the loops by their ports: sixteen at one loop are one chance in 32,768.
    for _ in range(16):
        connect("-sess_in", str(ticket))
    assert (relay.handshakes("resumed"), relay.handshakes("completed")) == (before[0] + 16, before[1])


def test_answer_ends_with_a_goodbye(relay):
    with relay.secure.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        # A connection that was cut would raise here.
        while data := connection.recv(4096):
            answer += data
    assert answer.endswith(b"ok\n")


def test_connection_serves_one_request_after_another(relay):
    with relay.secure.connect() as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                answer += connection.recv(4096)


def test_webhooks_come_over_https_and_events_leave_so(relay, room):
    with secure.TLSStream(relay.secure, f"room={room}") as stream:
        stream.control("connected")
        providers.post_meeting(relay.secure, room)
        stream.wait_for("room_finished")
        assert stream.types[0] == "room_started" and len(stream.ids) == len(set(stream.ids)) == 6


def test_large_webhook_comes_whole(relay, room):
    body = providers.livekit_body("room_started", room, metadata_of_ours="x" * 1_500_000)
    assert relay.secure.post("livekit", providers.livekit_headers(body), body).status_code == 200


def test_resume_over_tls_misses_nothing_and_doubles_nothing(relay, room):
    providers.post_meeting(relay, room)
    with secure.TLSStream(relay.secure, f"room={room}&lastEventId=0") as stream:
        ids = [event["id"] for event in stream.wait_events(6)]
    for missed in range(6):
        with secure.TLSStream(
            relay.secure, f"room={room}", headers=[f"Last-Event-ID: {ids[missed]}"]) as stream:
            stream.control("connected")
            stream.wait_events(5 - missed)
            assert stream.ids == ids[missed + 1:]


def test_stream_that_ends_says_goodbye(relay, room):
    providers.post_meeting(relay, room)
    with secure.TLSStream(relay.secure, f"room={room}&lastEventId=0&wait=0") as stream:
        stream.read_to_end()
        assert len(stream.ids) == 6


def test_burst_reaches_many_streams_exactly(relay, room):
    streams = [secure.TLSStream(relay.secure, f"room={room}") for _ in range(20)]
    for stream in streams:
        stream.control("connected")
    def share(first):
        for number in range(first, 200, 4):
            body = providers.livekit_body("participant_joined", room, f"{room}_{number}")
            assert relay.secure.post("livekit", providers.livekit_headers(body), body).status_code == 200
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(share, range(4)))
    expected = [event["id"] for event in streams[0].wait_events(200)]
    assert len(set(expected)) == 200
    for stream in streams:
        stream.wait_events(200)
        assert stream.ids == expected
        stream.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_stalled_reader_misses_nothing_and_doubles_nothing(relay, room, version):
    context = relay.secure.context(maximum_version=version)
    connection = relay.secure.connect(context, receive_bytes=16 * 1024)
    before = relay.metric("roomwire_short_writes_total")
    with secure.TLSStream(relay.secure, f"room={room}", connection=connection) as stream:
        stream.control("connected")
        with roomwire.requests.Session() as session:
            for number in range(200):
                answer = session.post(
                    relay.url("/webhooks/app"), timeout=roomwire.DEADLINE_SECONDS, **own_event(room, number))
                assert answer.status_code == 200, answer.text
        roomwire.wait_until(
            lambda: relay.metric("roomwire_short_writes_total") > before, "the reader to be stalled")
        stream.wait_events(200)
        assert [event["data"]["n"] for event in stream.events] == list(range(200))
        assert len(set(stream.ids)) == 200


def own_event(room, number, filler=20_000):
    data = {"n": number, "filler": "x" * filler}
    body = json.dumps({"type": "tick", "room": room, "data": data}).encode()
    return {"data": body, "headers": providers.standard_headers(body, id=f"{room}_{number}")}


def test_limit_is_reached_exactly_by_a_reader_that_was_stalled(relay, room):
    with roomwire.requests.Session() as session:
        for number in range(100):
            session.post(relay.url("/webhooks/app"), timeout=roomwire.DEADLINE_SECONDS, **own_event(room, number))
    connection = relay.secure.connect(receive_bytes=16 * 1024)
    with secure.TLSStream(
        relay.secure, f"room={room}&lastEventId=0&limit=100", connection=connection) as stream:
        # What was taken when the stream was closed still comes, and a goodbye behind it.
        stream.read_to_end()
        assert [event["data"]["n"] for event in stream.events] == list(range(100))


def test_reader_that_is_cut_again_and_again_resumes_exactly(relay, room):
    chance = random.Random(7)
    numbers = []
    cursor = "0"
    with roomwire.requests.Session() as session:
        for number in range(120):
            session.post(
                relay.url("/webhooks/app"), timeout=roomwire.DEADLINE_SECONDS, **own_event(room, number, 3_000))
    while len(numbers) < 120:
        with secure.TLSStream(
            relay.secure, f"room={room}", headers=[f"Last-Event-ID: {cursor}"]) as stream:
            stream.wait_events(min(120 - len(numbers), chance.randrange(1, 30)))
            numbers += [event["data"]["n"] for event in stream.events]
            cursor = stream.ids[-1]
    assert numbers == list(range(120))


def test_long_poll_waits_and_is_answered(relay, room):
    # Streams of the tests before may still be on their way out.
    roomwire.wait_until(lambda: relay.streams() == 0, "the relay to have no streams")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            relay.secure.get, f"/events?format=json&wait=25s&room={room}", roomwire.token())
        roomwire.wait_until(lambda: relay.streams() == 1, "the poll to wait")
        providers.post_livekit(relay.secure, providers.livekit_body("room_started", room))
        assert [event["type"] for event in answer.result().json()["events"]] == ["room_started"]


@pytest.mark.parametrize("politely", [True, False])
def test_client_that_leaves_a_long_poll_is_noticed(own, politely):
    connection = own.secure.connect()
    head = f"GET /api/events?format=json&wait=60s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {roomwire.token()}\r\n\r\n"
    connection.sendall(head.encode())
    roomwire.wait_until(lambda: own.streams() == 1, "the poll to wait")
    if politely:
        connection.settimeout(0.1)
        with pytest.raises(OSError):
            connection.unwrap()
    connection.close()
    roomwire.wait_until(lambda: own.streams() == 0, "the poll to end")


def test_client_that_leaves_its_stream_is_noticed(own):
    stream = secure.TLSStream(own.secure)
    stream.control("connected")
    roomwire.wait_until(lambda: own.streams() == 1, "the stream to be counted")
    stream.close()
    roomwire.wait_until(lambda: own.streams() == 0, "the stream to end")


def test_changed_keys_are_followed_on_a_stream(relay, room):
    process = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.secure_port}", "-tls1_3"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
    request = f"GET /api/events?room={room} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {roomwire.token()}\r\n\r\n"
    os.set_blocking(process.stdout.fileno(), False)
    said = b""
    def says(text):
        def check():
            nonlocal said
            said += process.stdout.read() or b""
            return text in said
        roomwire.wait_until(check, text)
    try:
        process.stdin.write(request.encode())
        says(b'"connected"')
        for number in range(3):
            process.stdin.write(b"K\n")
            says(b"KEYUPDATE")
            said = said.replace(b"KEYUPDATE", b"")
            body = providers.livekit_body("participant_joined", room, f"person_{number}")
            providers.post_livekit(relay, body)
            says(f"person_{number}".encode())
    finally:
        process.kill()
        process.wait()


def test_handshake_that_never_ends_is_closed_and_counted(own):
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    connections = [socket.create_connection(("127.0.0.1", own.secure_port)) for _ in range(3)]
    connections[1].sendall(hello)
    connections[2].sendall(hello[:3])
    for connection in connections:
        connection.settimeout(roomwire.DEADLINE_SECONDS)
        assert connection.recv(100) == b""
        connection.close()
    assert own.handshakes("timed_out") == 3
    assert "no TLS with 127.0.0.1: timed_out" in own.said()


def test_client_that_leaves_its_handshake_is_counted(own):
    # The first write to the log opens files for good; the probe behind /readyz makes it.
    ready = own.base + "/readyz"
    roomwire.wait_until(lambda: roomwire.requests.get(ready, timeout=5).status_code == 200, "the relay to be ready")
    descriptors = own.descriptors()
    for sent in (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        with secure.plain_socket(own.secure_port) as connection:
            connection.sendall(sent)
    roomwire.wait_until(lambda: own.handshakes("abandoned") == 2, "both to be counted")
    roomwire.wait_until(lambda: own.descriptors() <= descriptors, "the descriptors to be closed")


def hello(relay):
    """A good first message of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = relay.secure.context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_damaged_handshakes_harm_nobody(own):
    chance = random.Random(11)
    good = hello(own)
    with secure.TLSStream(own.secure) as stream:
        stream.control("connected")
        for turn in range(300):
            message = bytearray(good)
            for _ in range(chance.randrange(0, 4)):
                message[chance.randrange(len(message))] = chance.randrange(256)
            if turn % 3 == 0:
                message = message[: chance.randrange(len(message))]
            if turn % 7 == 0:
                message += chance.randbytes(chance.randrange(200))
            with secure.plain_socket(own.secure_port) as connection:
                try:
                    connection.sendall(message)
                    if turn % 2:
                        connection.settimeout(0.02)
                        connection.recv(4096)
                except OSError:
                    pass
        providers.post_meeting(own.secure, "after")
        stream.wait_for("room_finished")
    assert own.process.poll() is None
    counted = sum(own.handshakes(outcome) for outcome in ("failed", "abandoned", "completed", "timed_out", "plain_http"))
    assert counted > 0


def test_noise_on_a_stream_ends_that_stream_alone(own):
    with secure.TLSStream(own.secure) as other, secure.TLSStream(own.secure) as noisy:
        other.control("connected")
        noisy.control("connected")
        os.write(noisy.socket.fileno(), b"\x17\x03\x03\x00\x20" + os.urandom(32))
        roomwire.wait_until(lambda: own.streams() == 1, "the noisy stream to end")
        providers.post_meeting(own)
        other.wait_for("room_finished")


def test_hundreds_of_streams_come_and_go_without_a_trace(own):
    for turn in range(3):
        streams = [secure.TLSStream(own.secure) for _ in range(100)]
        for stream in streams:
            stream.control("connected")
            stream.close()
        roomwire.wait_until(lambda: own.streams() == 0, "all to end")
        if not turn:
            descriptors = own.descriptors()
    roomwire.wait_until(lambda: own.descriptors() <= descriptors, "the descriptors to be closed")


def private_bytes(relay):
    """The memory that the process has to itself."""
    with open(f"/proc/{relay.process.pid}/smaps_rollup") as rollup:
        return sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Private_Dirty:"))


def test_idle_stream_takes_little_memory(own):
    def open_streams(count):
        streams = [secure.TLSStream(own.secure) for _ in range(count)]
        for stream in streams:
            stream.control("connected")
        return streams

    # What is allocated once, and what handshakes leave to be used again, is there after these.
    first = open_streams(100)
    before = private_bytes(own)
    more = open_streams(500)
    grown = (private_bytes(own) - before) / len(more)
    for stream in first + more:
        stream.close()
    # 16 KiB is the bound; with OpenSSL's defaults it is over 23.
    assert grown < 16 * 1024, f"{grown:.0f} bytes"


def shown(relay):
    """The certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", relay.secure_port))


def hang_up(relay, words):
    """Sends SIGHUP and waits until the log says this once more."""
    before = relay.said().count(words)
    relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: relay.said().count(words) > before, words)


def test_new_certificate_is_shown_after_sighup_and_streams_stay(own):
    with secure.TLSStream(own.secure, "room=a") as stream:
        stream.control("connected")
        before = shown(own)
        own.certificate.make("rsa")
        hang_up(own, "the certificate was read anew")
        after = shown(own)
        assert after != before and after.strip() == own.certificate.file.read_text().strip()
        # The client trusts the new one by its file, and the old stream goes on.
        assert own.secure.get("/rooms", roomwire.token()).status_code == 200
        providers.post_meeting(own.secure, "a")
        stream.wait_for("room_finished")


def test_bad_new_certificate_is_refused_with_the_reason_and_the_old_one_stays(own, folder):
    before = shown(own)
    other = secure.Certificate(folder, "other")
    own.certificate.key.write_bytes(other.key.read_bytes())
    hang_up(own, "is not the key of the certificate")
    assert shown(own) == before
    own.certificate.file.write_text("nonsense")
    hang_up(own, "holds no certificate in PEM")
    assert shown(own) == before
    own.certificate.make()
    hang_up(own, "the certificate was read anew")
    assert shown(own) != before


def test_start_without_a_good_pair_is_refused_by_line(folder):
    certificate, other = secure.Certificate(folder), secure.Certificate(folder, "other")
    file = folder / "roomwire.yaml"
    file.write_text(f"listen: https://127.0.0.1:0\ntls:\n  certificate: {certificate.file}\n  key: {other.key}\n")
    for arguments, status in ((["check"], 1), (["serve", "--data", str(folder / "data")], 2)):
        answer = roomwire.command(*arguments, "--config", str(file))
        assert answer.returncode == status
        assert re.search(r"roomwire\.yaml:4: tls\.key: .*is not the key of the certificate", answer.stderr)


def test_key_that_everybody_can_read_is_warned_about(folder):
    certificate = secure.Certificate(folder)
    certificate.key.chmod(0o644)
    file = folder / "roomwire.yaml"
    file.write_text(f"listen: https://127.0.0.1:0\ntls: {{certificate: {certificate.file}, key: {certificate.key}}}\n")
    answer = roomwire.command("check", "--config", str(file))
    assert answer.returncode == 0
    assert "every user of this machine can read the key" in answer.stderr


def test_drain_says_goodbye_over_tls(folder):
    config = roomwire.settings(drain="1s")
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), config).start()
    try:
        with secure.TLSStream(relay.secure) as stream:
            stream.control("connected")
            relay.process.send_signal(signal.SIGTERM)
            stream.read_to_end()
            assert stream.messages[-1]["type"] == "draining"
        assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    finally:
        relay.stop()
