"""The dashboard's files as the relay serves them, in front of an API that a test makes up."""

import http.server
import json
import pathlib
import threading
import time
from email.utils import formatdate

import relay as roomwire

PAGE = roomwire.ROOT / "Sources" / "Page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def asset(path):
    """The file at a path, and its type; None where there is none."""
    name = path.split("?")[0].lstrip("/")
    file = PAGE / "dashboard" / "index.html" if name == "" else PAGE / name
    if name and not name.startswith("dashboard/"):
        file = PAGE / "client" / name
    return (file, TYPES[file.suffix]) if file.is_file() and file.suffix in TYPES else None


class PageServer:
    """Serves the page, and `pages`: bytes by path. `answer(handler, path)` answers what is below /api; it returns True if
    it has."""

    def __init__(self, answer, clock_error_seconds=0, pages=None):
        owner = self
        self.answer = answer
        self.pages = pages or {}
        self.requests = []
        self.clock_error = clock_error_seconds

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return formatdate(owner.now() / 1000, usegmt=True)

            def reply(self, status, body=b"", kind="application/json", **headers):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": len(data), **headers}.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(data)

            def problem(self, status, reason, detail, **headers):
                self.reply(status, {"status": status, "reason": reason, "detail": detail}, "application/problem+json",
                           **headers)

            def begin_stream(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True

            def message(self, **members):
                self.wfile.write(b"data: " + json.dumps(members).encode() + b"\n\n")
                self.wfile.flush()

            def do_GET(self):
                owner.requests.append(self.path)
                if self.path == "/dashboard/config.json":
                    return self.reply(200, {"prefix": "/api"})
                found = asset(self.path)
                if self.path in owner.pages:
                    kind = "text/javascript" if self.path.endswith(".js") else "text/html"
                    return self.reply(200, owner.pages[self.path], kind)
                if found:
                    return self.reply(200, found[0].read_bytes(), found[1])
                try:
                    if self.path.startswith("/api") and owner.answer(self, self.path.removeprefix("/api")):
                        return None
                    return self.problem(404, "not_found", "There is nothing at this path.")
                except OSError:
                    self.close_connection = True

            do_POST = do_DELETE = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # For answers that a test and the server agree on.
        self.server.owner = self
        self.sent = 0
        self.go_on = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = self.base = f"http://127.0.0.1:{self.server.server_port}"

    def now(self):
        """This server's clock, in milliseconds."""
        return int((time.time() + self.clock_error) * 1000)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
