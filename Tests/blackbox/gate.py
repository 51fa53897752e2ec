"""Stands between one client and a server, so that a test can cut the connection, keep the client away, and see the
status of every answer."""

import contextlib
import socket
import threading

import relay as roomwire


class Gate:
    """Forwards bytes to a port of this machine, on a port of its own."""

    def __init__(self, port, request=None, answer=None):
        """`request` and `answer`, if given, edit the first bytes of each side of a connection."""
        self.server_port = port
        self.edits = {"request": request, "answer": answer}
        # The statuses of the answers that passed; nothing over TLS.
        self.statuses = []
        self.pairs = []
        self.is_shut = False
        self.lets_through = threading.Event()
        self.lets_through.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        self.lets_through.wait()
        server = None
        with contextlib.suppress(OSError):
            if not self.is_shut:
                server = socket.create_connection(("127.0.0.1", self.server_port), timeout=roomwire.DEADLINE_SECONDS)
        if server is None:
            client.close()
            return
        server.settimeout(None)
        self.pairs.append((client, server))
        upward = threading.Thread(target=self.forward, args=(client, server, "request"), daemon=True)
        upward.start()
        self.forward(server, client, "answer")
        upward.join()
        client.close()
        server.close()

    def forward(self, source, sink, side):
        edit = self.edits[side]
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if side == "answer" and data.startswith(b"HTTP/1."):
                    self.statuses.append(int(data[9:12]))
                if edit:
                    data, edit = edit(data), None
                sink.sendall(data)
        # The end goes on as an end, and the other direction follows it.
        for end in (sink, source):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)

    def cut(self):
        """Breaks every connection."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def shut(self):
        """Closes every new connection at once, as a port does that does not listen."""
        self.is_shut = True

    def hold(self):
        """Keeps every new connection waiting, as a socket does that systemd holds during a restart."""
        self.lets_through.clear()

    def open(self):
        self.is_shut = False
        self.lets_through.set()

    def close(self):
        self.shut()
        self.lets_through.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
