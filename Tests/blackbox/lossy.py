"""A hub of Server-Sent Events that drops, doubles, reorders or forgets on demand: the load tester must notice.

POST anything to publish it; GET any path to subscribe, `?room=` to what was posted to that room's path only.
"""

import asyncio
import threading
import urllib.parse

# What a hub may do wrong. Each spoils what every third subscriber is shown of the fifth event of a room, or its resume.
FAULTS = ("drop", "double", "reorder", "drop-last", "forget", "end", "refuse", "misroute")


class LossyHub:
    """Runs on a thread of its own until it is closed."""

    def __init__(self, fault=None, tls=None):
        assert fault is None or fault in FAULTS
        self.fault = fault
        # With a context it speaks TLS, and nothing else.
        self.tls = tls
        # Whether each answer to what is published is the last of its connection.
        self.closes = False
        self.log = []
        self.subscribers = []
        self.subscribed = 0
        self.published = 0
        self.loop = asyncio.new_event_loop()
        self.port = 0
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        assert started.wait(10)

    def run(self, started):
        async def listen():
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024, ssl=self.tls)
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()

        self.loop.run_until_complete(listen())
        self.loop.run_forever()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                request, *lines = head.split("\r\n")
                method, target, _ = request.split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
                room = query.get("room", [""])[0]
                if method == "POST":
                    body = await reader.readexactly(int(headers["content-length"]))
                    last = b"Connection: close\r\n" if self.closes else b""
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + last + b"\r\n")
                    self.publish(room, body)
                    if self.closes:
                        writer.close()
                        return
                else:
                    self.subscribe(writer, room, headers.get("last-event-id"))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.subscribers = [(other, room, odd) for other, room, odd in self.subscribers if other is not writer]
            writer.close()

    def subscribe(self, writer, room, last):
        odd = self.subscribed % 3 == 2
        self.subscribed += 1
        if self.fault == "refuse" and odd:
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return
        # In chunks, as many servers send; the splits do not stand where frames end.
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.send(writer, b": hello\n\n")
        if last is not None:
            missed = [frame for number, (where, frame) in enumerate(self.log) if number > int(last) and where == room]
            if self.fault == "forget" and odd:
                missed = missed[1:]
            for frame in missed:
                self.send(writer, frame)
        self.subscribers.append((writer, room, odd))

    @staticmethod
    def send(writer, data):
        writer.write(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:7], data[7:])))

    def publish(self, room, body):
        frame = b"id: %d\ndata: %s\n\n" % (len(self.log), body)
        self.log.append((room, frame))
        place = sum(1 for where, _ in self.log if where == room)
        for writer, where, odd in list(self.subscribers):
            if where == room:
                self.show(writer, frame, place if odd else 0)
            elif self.fault == "misroute" and odd and place == 5:
                self.send(writer, frame)

    def show(self, writer, frame, place):
        """Shows a frame; `place` is its place in its room if it may be spoiled, else 0."""
        if self.fault == "drop" and place == 5 or self.fault == "drop-last" and place >= 20:
            return
        if self.fault == "reorder" and place == 5:
            writer.held = frame
            return
        self.send(writer, frame)
        if self.fault == "double" and place == 5:
            self.send(writer, frame)
        if held := getattr(writer, "held", None):
            self.send(writer, held)
            writer.held = None
        if self.fault == "end" and place == 5:
            writer.close()
            self.subscribers = [entry for entry in self.subscribers if entry[0] is not writer]
