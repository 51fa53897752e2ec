"""Subscribers: raw sockets, so that tests see the exact bytes, and curl."""

import datetime
import re
import socket
import subprocess
import time

import relay as roomwire
import wire_schema


class Frame:
    """One SSE frame, a comment frame included."""

    def __init__(self, text):
        self.text = text
        self.fields = {}
        self.comments = []
        for line in text.split("\n"):
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(":")
                assert name not in self.fields, f"{name} stands twice in {text!r}"
                self.fields[name] = value.removeprefix(" ")
        self.json = wire_schema.read(self.fields["data"]) if "data" in self.fields else None

    @property
    def id(self):
        return self.fields.get("id")

    @property
    def type(self):
        return self.json and self.json["type"]

    @property
    def is_event(self):
        """Whether it came out of the log; what the relay says itself may carry an id as well."""
        return self.json is not None and "id" in self.json


class RawConnection:
    """A socket on which a test writes what it likes."""

    def __init__(self, relay):
        self.socket = self.connect(relay)
        self.bytes = b""
        self.ended = False

    def connect(self, relay):
        return socket.create_connection(("127.0.0.1", relay.port), timeout=roomwire.DEADLINE_SECONDS)

    def send(self, data):
        self.socket.sendall(data)

    def read_more(self, seconds=roomwire.DEADLINE_SECONDS):
        """Takes what comes next; false once the other side has closed."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.bytes += data
        self.ended = self.ended or not data
        return bool(data)

    def read_until(self, condition, what):
        """Reads until a condition holds of what was read."""
        end = time.monotonic() + roomwire.DEADLINE_SECONDS
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"waited for {what}; had {self.bytes[-2000:]!r}"
            try:
                alive = self.read_more(left)
            except TimeoutError:
                alive = True
            assert alive or condition(), f"the connection ended before {what}; had {self.bytes[-2000:]!r}"

    def read_to_end(self):
        self.read_until(lambda: self.ended, "the end")
        return self.bytes

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ChunkReader:
    """Takes a body in chunks apart, strictly."""

    def __init__(self):
        self.data = b""
        self.rest = b""
        self.chunks = []
        self.ended = False

    def take(self, data):
        self.rest += data
        while True:
            line, found, rest = self.rest.partition(b"\r\n")
            if not found:
                break
            assert re.fullmatch(rb"[0-9a-f]{1,16}", line), f"{line[:80]!r} is no chunk's size"
            size = int(line, 16)
            if len(rest) < size + 2:
                break
            assert not self.ended, f"{self.rest[:80]!r} follows the last chunk"
            assert rest[size:size + 2] == b"\r\n", f"{rest[size:size + 80]!r} ends no chunk"
            self.ended = size == 0
            self.chunks.append(rest[:size])
            self.data += rest[:size]
            self.rest = rest[size + 2:]
        assert not (self.ended and self.rest), f"{self.rest[:80]!r} follows the last chunk"


class Stream(RawConnection):
    """A subscriber. It reads a body in chunks and one that ends with the connection."""

    def __init__(self, relay, query="", token=None, headers=(), accept="text/event-stream", path="/api/events",
                 version="1.1"):
        super().__init__(relay)
        self.parsed_frames = []
        self.parsed_bytes = 0
        target = f"{path}{'?' + query.replace(' ', '%20') if query else ''}"
        lines = [f"GET {target} HTTP/{version}", f"Host: 127.0.0.1:{relay.port}"]
        if accept:
            lines.append(f"Accept: {accept}")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self.send("\r\n".join([*lines, *headers, "", ""]).encode())
        self.read_until(lambda: b"\r\n\r\n" in self.bytes, "the head")
        head, _, _ = self.bytes.partition(b"\r\n\r\n")
        self.head = head.decode()
        status, *fields = self.head.split("\r\n")
        self.status = int(status.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        self.chunks = ChunkReader() if self.headers.get("transfer-encoding") == "chunked" else None
        self.read_bytes = len(head) + 4

    @property
    def body(self):
        if self.chunks is None:
            return self.bytes.partition(b"\r\n\r\n")[2]
        self.chunks.take(self.bytes[self.read_bytes:])
        self.read_bytes = len(self.bytes)
        return self.chunks.data

    @property
    def has_ended_in_order(self):
        """Whether the last chunk has come."""
        return self.body is not None and self.chunks.ended

    @property
    def frames(self):
        """The complete frames so far."""
        *parts, rest = self.body[self.parsed_bytes:].split(b"\n\n")
        self.parsed_frames += [Frame(part.decode()) for part in parts]
        self.parsed_bytes = len(self.body) - len(rest)
        return self.parsed_frames

    @property
    def messages(self):
        """The JSON of every frame that has some, events and control events alike."""
        return [frame.json for frame in self.frames if frame.json]

    @property
    def events(self):
        """What came out of the log."""
        return [message for message in self.messages if "id" in message]

    @property
    def types(self):
        return [event["type"] for event in self.events]

    @property
    def ids(self):
        return [event["id"] for event in self.events]

    def control(self, kind):
        """Waits for a control event."""
        def found():
            return [message for message in self.messages if message["type"] == kind and "id" not in message]

        self.read_until(found, f"a control event {kind}")
        return found()[0]

    def control_with_id(self, kind):
        """Waits for the control event that carries an id: `snapshot`."""
        def found():
            return [frame.json for frame in self.frames if frame.json and frame.type == kind]

        self.read_until(found, f"a control event {kind}")
        return found()[0]

    def wait_events(self, count):
        self.read_until(lambda: len(self.events) >= count, f"{count} events")
        return self.events

    def wait_for(self, kind):
        """Reads until an event of this type has come, and returns all events so far."""
        self.read_until(lambda: kind in self.types, f"an event {kind}")
        return self.events

    def is_open(self):
        """Whether the relay answers and has not closed, without waiting."""
        return self.status == 200 and not self.ended


def subscribe(relay, query="", token=None, **rest):
    """A stream on which `connected` has come."""
    stream = Stream(relay, query, token or roomwire.token(), **rest)
    assert stream.status == 200, stream.bytes
    stream.control("connected")
    return stream


def event_source(relay, query="", token=None, headers=()):
    """A stream as a browser's EventSource asks for it: the token is in the query, and no header tells of it."""
    parts = [query] if query else []
    return Stream(relay, "&".join([*parts, *([f"access_token={token}"] if token else [])]), headers=headers)


class Curl:
    """curl -N as a subscriber."""

    def __init__(self, relay, folder, query="", token=None):
        self.output = folder / f"curl-{time.monotonic_ns()}.txt"
        arguments = ["curl", "-sN", "-H", f"Authorization: Bearer {token or roomwire.token()}"]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [*arguments, relay.url("/events") + ("?" + query if query else "")], stdout=output)
        roomwire.wait_until(lambda: '"connected"' in self.output.read_text(), "curl to be connected")

    @property
    def messages(self):
        lines = self.output.read_text(errors="replace").split("\n")[:-1]
        return [wire_schema.read(line[len("data: "):]) for line in lines if line.startswith("data: ")]

    @property
    def events(self):
        return [message for message in self.messages if "id" in message]

    def wait_events(self, count):
        roomwire.wait_until(lambda: len(self.events) >= count, f"{count} events at curl")
        return self.events

    def close(self):
        self.process.terminate()
        self.process.wait(roomwire.DEADLINE_SECONDS)


def milliseconds(id):
    """The time in an event's id."""
    assert re.fullmatch(r"\d+-\d+", id), id
    return int(id.split("-")[0])


def order(id):
    """An id as a pair of numbers, to be compared."""
    return tuple(int(part) for part in id.split("-"))


def iso_milliseconds(text):
    """The time of an ISO 8601 text, in milliseconds since 1970."""
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
