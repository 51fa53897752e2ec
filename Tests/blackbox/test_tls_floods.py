"""Clients that make TLS work without sending a byte of a request: changes of keys, negotiation, fragments."""

import contextlib
import pathlib
import re
import socket
import ssl
import struct
import subprocess

import pytest
import tlslite.api
import tlslite.errors
import tlslite.messages

import relay as roomwire
import secure

# RecordCount.most in Sources/FrontDoor.
MOST_RECORDS = 32
REQUEST = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """One loop: what holds it holds every request."""
    folder = tmp_path_factory.mktemp("floods")
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder), roomwire.settings(loops=1))
    yield relay.start()
    relay.stop()


@pytest.fixture(scope="module")
def key_updates(tmp_path_factory):
    """Runs the client that changes its keys; see key_updates.c."""
    program = tmp_path_factory.mktemp("client") / "key_updates"
    source = pathlib.Path(__file__).with_name("key_updates.c")
    roomwire.run("gcc", "-O1", "-Wall", "-Werror", "-o", program, source, "-lssl", "-lcrypto")

    def begin(relay, request="", rounds=1, updates=1, seconds=10):
        client = subprocess.Popen(
            [program, *map(str, (relay.secure_port, request, rounds, updates, seconds))], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        assert client.stderr.readline() == "begins\n"
        return client

    return begin


def is_healthy(relay):
    return roomwire.requests.get(relay.base + "/healthz", timeout=roomwire.DEADLINE_SECONDS).status_code == 200


def endings(relay):
    return relay.metric('roomwire_requests_refused_total{status="400"}')


@pytest.mark.parametrize("kind", ["connection", "stream"])
def test_flood_of_key_changes_ends_the_connection(relay, key_updates, kind):
    request = ""
    if kind == "stream":
        request = f"+GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {roomwire.token()}\r\n\r\n"
    client = key_updates(relay, request, rounds=1_000_000, updates=100, seconds=20)
    # All of them are on the loop that reads the flood.
    answers = 0
    while client.poll() is None:
        assert is_healthy(relay)
        answers += 1
    sent, end = client.stdout.read().split()
    # The client ends when it notices, which is later than the relay's last read; of a million it is far away.
    assert end == "ended" and int(sent) < 1_000_000, sent
    roomwire.wait_until(lambda: relay.streams() == 0, "the stream to be gone")


def test_relay_reads_no_more_records_than_it_says(relay, key_updates):
    """One change fewer than the limit is answered as if there were none; one more ends the connection."""
    client = key_updates(relay, REQUEST, rounds=1, updates=MOST_RECORDS - 1)
    assert client.communicate(timeout=60)[0].split() == [str(MOST_RECORDS - 1), "open"]
    client = key_updates(relay, REQUEST, rounds=1, updates=MOST_RECORDS + 1)
    assert client.communicate(timeout=60)[0].split() == [str(MOST_RECORDS + 1), "ended"]


def test_client_that_changes_its_keys_between_requests_goes_on(relay, key_updates):
    client = key_updates(relay, REQUEST, rounds=40, updates=5)
    assert client.communicate(timeout=60)[0].split() == ["200", "open"]


def test_ended_connection_is_counted_and_logged(relay, key_updates):
    before = endings(relay)
    key_updates(relay, rounds=1000, updates=10).communicate(timeout=60)
    assert endings(relay) == before + 1
    assert "TLS records without application data" in relay.said()


def client_hello():
    hello = tlslite.messages.ClientHello()
    hello.create((3, 3), bytearray(32), bytearray(), [0xC02B, 0xC02F], extensions=[])
    return hello


def tls12(relay):
    raw = socket.create_connection(("127.0.0.1", relay.secure_port), timeout=roomwire.DEADLINE_SECONDS)
    settings = tlslite.api.HandshakeSettings()
    settings.maxVersion = (3, 3)
    connection = tlslite.api.TLSConnection(raw)
    connection.handshakeClientCert(settings=settings)
    return raw, connection


def send(connection, message):
    for _ in connection._sendMsg(message, randomizeFirstBlock=False):
        pass


def read_to_end(raw):
    """How many bytes came before the connection ended; a connection that stays open is a failure."""
    count = 0
    try:
        while data := raw.recv(65536):
            count += len(data)
    except ConnectionError:
        pass
    return count


def test_flood_of_client_hellos_over_tls_1_2_ends_the_connection(relay):
    """Each is answered with a warning; OpenSSL reads on behind it by itself."""
    before = endings(relay)
    raw, connection = tls12(relay)
    with raw, contextlib.suppress(OSError, tlslite.errors.TLSError):
        for sent in range(100 * MOST_RECORDS):
            send(connection, client_hello())
    # The client notices the end later than the relay's last read.
    assert sent < 100 * MOST_RECORDS - 1
    assert endings(relay) == before + 1 and is_healthy(relay)


def captured_client_hello():
    """The bytes with which Python's client begins, without the head of their record."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()[5:]


def fragments(message, size):
    return b"".join(
        struct.pack("!BHH", 22, 0x0301, len(piece)) + piece
        for piece in (message[at:at + size] for at in range(0, len(message), size)))


def test_handshake_in_many_fragments_is_ended(relay):
    failed, before = relay.handshakes("failed"), endings(relay)
    with secure.plain_socket(relay.secure_port) as raw:
        raw.sendall(fragments(captured_client_hello(), 1))
        read_to_end(raw)
    assert (relay.handshakes("failed"), endings(relay)) == (failed + 1, before + 1)


def test_handshake_in_few_fragments_is_answered(relay):
    with secure.plain_socket(relay.secure_port) as raw:
        raw.sendall(fragments(captured_client_hello(), 64))
        # A ServerHello.
        assert raw.recv(1) == b"\x16"


def test_record_count_here_is_the_relays():
    source = (roomwire.ROOT / "Sources/FrontDoor/TLS/RecordCount.swift").read_text()
    assert re.search(r"most: UInt8 = (\d+)", source)[1] == str(MOST_RECORDS)
