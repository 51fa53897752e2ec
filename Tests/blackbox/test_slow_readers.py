"""Readers that stop reading: they cost no memory and nobody else's time, and miss nothing."""

import concurrent.futures
import json
import socket
import threading
import time

import pytest

import clients
import providers
import relay as roomwire
import wire_schema

PER_SECOND = 1000
SECONDS = 15
SENDERS = 4
MEBIBYTE = 1024 * 1024


class Flood:
    """Posts events of a `standard` source at a rate. They are signed beforehand, so that posting is all it does."""

    def __init__(self, relay, numbers, filler=600):
        self.relay = relay
        self.requests = []
        for number in numbers:
            body = json.dumps({"type": "tick", "room": "hall", "data": {"n": number, "filler": "x" * filler}}).encode()
            fields = providers.standard_headers(body, id=f"msg_{number}")
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            request = f"POST /api/webhooks/app HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n"
            self.requests.append(request.encode() + body)

    def run(self, per_second=None):
        """Posts everything; each must be answered 200. Returns how many seconds it took."""
        began = time.monotonic()

        def share(first):
            with socket.create_connection(("127.0.0.1", self.relay.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for number in range(first, len(self.requests), SENDERS):
                    if per_second:
                        time.sleep(max(0, began + number / per_second - time.monotonic()))
                    connection.sendall(self.requests[number])
                    answer = b""
                    while b"\r\n\r\n" not in answer:
                        answer += connection.recv(4096)
                    assert answer.startswith(b"HTTP/1.1 200 "), answer

        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(share, range(SENDERS)))
        return time.monotonic() - began


class Stalled:
    """A subscriber with a small window that reads nothing until it is told to."""

    def __init__(self, relay, query=""):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.socket.connect(("127.0.0.1", relay.port))
        self.socket.settimeout(roomwire.DEADLINE_SECONDS)
        head = f"GET /api/events?format=ndjson{query} HTTP/1.1\r\nHost: x\r\n"
        self.socket.sendall(f"{head}Authorization: Bearer {roomwire.token()}\r\n\r\n".encode())
        self.bytes = b""
        self.lines = []
        while not self.lines:
            self.read()

    def read(self):
        data = self.socket.recv(1 << 18)
        assert data, "the stream ended"
        *lines, self.bytes = (self.bytes + data).split(b"\n")
        # Not the head, and not the empty lines of heartbeats.
        self.lines += [line for line in lines if line.startswith(b"{")]

    def read_to(self, last):
        """Reads on until this line has come, and returns the events."""
        while self.lines[-1] != last:
            self.read()
        return events(self.lines)

    def control(self, kind):
        """The lines of control events of a type, with where they stand."""
        start = b'{"type":"%s",' % kind.encode()
        return [(index, wire_schema.read(line)) for index, line in enumerate(self.lines) if line.startswith(start)]

    def close(self):
        self.socket.close()


def events(lines):
    """The lines that are events of the log: control events have no id."""
    return [line for line in lines if b'","id":"' in line[:100]]


def log(relay):
    """The line of every event that the log has."""
    query = {"lastEventId": "0", "wait": "0", "format": "ndjson", "access_token": roomwire.token()}
    answer = roomwire.requests.get(relay.url("/events"), params=query, timeout=roomwire.DEADLINE_SECONDS)
    return events(answer.content.splitlines())


class Follower(threading.Thread):
    """Reads all the time, and keeps the numbers."""

    def __init__(self, relay, count):
        super().__init__(daemon=True)
        self.stream = Stalled(relay)
        self.count = count
        self.start()

    def run(self):
        while len(self.stream.lines) <= self.count:
            self.stream.read()


def watched(relay, work):
    """The process's memory a few times a second while `work` goes on, and what that returned."""
    memory, done = [relay.resident_bytes()], threading.Event()

    def watch():
        while not done.wait(0.25):
            memory.append(relay.resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return memory, work()
    finally:
        done.set()
        watcher.join()


@pytest.mark.slow
def test_stalled_readers_cost_no_memory_and_miss_nothing(start):
    relay = start(log={"durability": "normal"})
    # More than the relay keeps in memory, so that this is full and those who stall now catch up from the log.
    before, count = 17_000, PER_SECOND * SECONDS
    early = [Stalled(relay) for _ in range(10)]
    Flood(relay, range(before)).run()
    late = [Stalled(relay) for _ in range(30)]
    follower = Follower(relay, count)
    flood = Flood(relay, range(before, before + count))
    memory, seconds = watched(relay, lambda: flood.run(PER_SECOND))
    follower.join(roomwire.DEADLINE_SECONDS)
    everything = events(follower.stream.lines)
    assert len(everything) == count
    print(f"{count / seconds:.0f} events/s, resident {memory[0] / MEBIBYTE:.1f} to {max(memory) / MEBIBYTE:.1f} MiB")
    # A queue for each of the forty would be half a gigabyte.
    assert max(memory) - memory[0] < 32 * MEBIBYTE
    assert relay.metric("roomwire_short_writes_total") >= 40
    whole = log(relay)
    assert len(whole) == before + count and whole[before:] == everything
    for readers, expected in ((late, everything), (early, whole)):
        for reader in readers:
            assert reader.read_to(whole[-1]) == expected
            assert not reader.control("resync")
            reader.close()


def test_a_reader_that_falls_behind_retention_is_told(start):
    relay = start(log={"durability": "normal", "retention": {"events": 500}})
    reader = Stalled(relay)
    # More than the kernel holds for it, by far.
    Flood(relay, range(8000), filler=1000).run()
    whole = log(relay)
    received = reader.read_to(whole[-1])
    [(position, resync)] = reader.control("resync")
    assert (resync["reason"], "id" in resync) == ("expired", False)
    # What it has is in order and once; the gap is where it was told, and what follows that is whole.
    order = [clients.order(json.loads(line)["id"]) for line in received]
    assert order == sorted(set(order))
    after = events(reader.lines[position:])
    assert clients.order(json.loads(after[0])["id"]) > clients.order(resync["oldestId"])
    assert after[-len(whole):] == whole[-len(after):]
    assert 500 <= len(after) < len(received) < 8000
    reader.close()
