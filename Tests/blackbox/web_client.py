"""Pages that use client.js, the server that they come from, and proxies that do not let streams through."""

import contextlib
import http.server
import json
import socket
import sys
import threading
import time
import urllib.parse

import followers
import gate
import relay as roomwire

FILES = roomwire.ROOT / "Sources" / "Page" / "client"
sys.path.insert(0, str(FILES.parent))
import strip  # noqa: E402

REACT = "/usr/share/nodejs"

PAGE = b"""<!doctype html>
<meta charset="utf-8">
<title>A page</title>
<link rel="icon" href="data:,">
<script type="module">
import { connect } from "/client.js";
window.connect = connect;
window.errors = [];
window.lifecycle = [];
for (const name of ["freeze", "resume"]) document.addEventListener(name, () => lifecycle.push(name));
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
window.begin = ({ tokens, ...options }) => {
    const page = window.page = { events: [], states: [], resyncs: [], tokens: 0 };
    page.client = connect({
        ...options,
        getToken: tokens && (async () => {
            page.tokens += 1;
            const answer = await fetch(tokens);
            if (!answer.ok) throw new Error("the backend answered " + answer.status);
            return answer.text();
        }),
        onEvent: (event) => page.events.push(event), onState: (state) => page.states.push(state),
        onResync: ({ reason }) => page.resyncs.push([reason, page.client.rooms.get().map((room) => room.name)]),
    });
};
if (location.hash) begin(JSON.parse(decodeURIComponent(location.hash.slice(1))));
</script>
"""


class Site:
    """The origin of the pages, with a backend that mints tokens. Its name is not localhost."""

    def __init__(self):
        # How long the next tokens live; the last one counts for all further.
        self.ttls = [3600]
        self.status = 200
        self.pages = {"/": PAGE}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://app.test:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        path, _, query = request.path.partition("?")
        status, body, kind = 404, b"", "text/html; charset=utf-8"
        if path == "/token":
            user = urllib.parse.parse_qs(query).get("user", ["ada"])[0]
            rooms = urllib.parse.parse_qs(query).get("room", ["*"])
            ttl = self.ttls.pop(0) if len(self.ttls) > 1 else self.ttls[0]
            status, body = self.status, roomwire.token(user, rooms, ttl=ttl).encode()
        elif path in self.pages:
            status, body, kind = 200, self.pages[path], "text/javascript" if path.endswith(".js") else kind
        elif path in ("/client.js", "/react.js"):
            status, body, kind = 200, strip.stripped((FILES / path[1:]).read_text()).encode(), "text/javascript"
        elif path.startswith("/umd/"):
            name = path.rpartition("/")[2]
            folder = name.partition(".")[0]
            with open(f"{REACT}/{folder}/umd/{name}", "rb") as file:
                status, body, kind = 200, file.read(), "text/javascript"
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Tab:
    """A page that uses the client."""

    def __init__(self, browser, site, options, path="/"):
        self.browser = browser
        self.address = f"{site.origin}{path}#{urllib.parse.quote(json.dumps(options))}"
        self.handle = browser.open(self.address)

    def run(self, script):
        return self.browser.run(self.handle, script)

    @property
    def state(self):
        return self.run("return window.page?.client.state") or {"status": None}

    @property
    def events(self):
        return self.run("return window.page?.events") or []

    @property
    def types(self):
        return [event["type"] for event in self.events]

    @property
    def rooms(self):
        return self.run("return window.page.client.rooms.get()")

    def wait(self, condition, what):
        try:
            return roomwire.wait_until(lambda: condition(self), what, step=0.05)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; states {self.run('return window.page?.states')}, errors {self.run('return window.errors')}, "
                f"types {self.types[-20:]}") from None

    def wait_status(self, *status):
        return self.wait(lambda tab: tab.state["status"] in status and tab.state, f"the state {status}")

    def wait_events(self, count):
        self.wait(lambda tab: len(tab.events) >= count, f"{count} events")
        return self.events

    def wait_type(self, kind, count=1):
        self.wait(lambda tab: tab.types.count(kind) >= count, f"{count} of {kind}")
        return self.types

    def leave(self):
        """Goes to another page: this one is gone when this returns."""
        self.run("location.href = 'about:blank'")
        roomwire.wait_until(lambda: self.run("return location.href") == "about:blank", "an empty page")

    def come_back(self):
        """Opens the page anew in the same tab."""
        self.run(f"location.href = {json.dumps(self.address)}")
        self.wait(lambda tab: tab.run("return Boolean(window.page)"), "the page")

    def close(self):
        self.browser.close(self.handle)


class Proxy(gate.Gate):
    """Forwards what is no stream. What it does with streams is its mode: `pass` them on; `hold` them back until they
    end; `refuse` them with a page of its own; `html`, the same with the status 200."""

    def __init__(self, port, mode="pass"):
        self.mode = mode
        self.streams = 0
        super().__init__(port)

    PAGE = b"<!doctype html><title>Bad Gateway</title><h1>Bad gateway</h1>"

    def forward(self, source, sink, side):
        if side == "request":
            return super().forward(source, sink, side)
        held = None
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if held is None and b"content-type: text/event-stream" in data.lower():
                    self.streams += 1
                    if self.mode == "hold":
                        held = b""
                    elif self.mode in ("refuse", "html"):
                        status = b"502 Bad Gateway" if self.mode == "refuse" else b"200 OK"
                        origin = next(
                            (line for line in data.split(b"\r\n") if line.lower().startswith(b"access-control-allow-o")),
                            b"X-None: 1")
                        sink.sendall(
                            b"HTTP/1.1 %s\r\n%s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close"
                            b"\r\n\r\n%s" % (status, origin, len(self.PAGE), self.PAGE))
                        break
                if held is None:
                    sink.sendall(data)
                else:
                    held += data
            if held:
                sink.sendall(held)
        for end in (sink, source):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR if end is sink else socket.SHUT_RDWR)

    def cut_every(self, seconds):
        """Cuts every connection that old, as a load balancer with a limit does."""
        def run():
            while not self.is_shut:
                time.sleep(seconds)
                self.cut()

        threading.Thread(target=run, daemon=True).start()


class Chromium(followers.Chromium):
    """Pages of the site count as secure, as they would with TLS: Web Locks need that. Without a site no page does but
    those of localhost."""

    def __init__(self, folder, site=None):
        secure = [f"--unsafely-treat-insecure-origin-as-secure={site.origin}"] if site else []
        super().__init__(folder, *secure, "--disable-background-timer-throttling")

    def set_lifecycle(self, tab, state):
        """Freezes a page as the browser does with tabs in the background, or has it resume: "frozen", "active"."""
        self.driver.switch_to.window(tab)
        self.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": state})
