"""Clients that are not ours, each asked for every behaviour that goes with it: client_table.py is the table.

All clients of a run follow one server at a time, and the tests tell what was observed of each. The same runs against
Node's hub of the load tests, and against the relay with what broke clients once, show that the matrix can fail.
"""

import contextlib
import functools
import http.server
import signal
import ssl
import threading

import pytest

import matrix_runs
import relay as roomwire
import secure
from client_table import BEHAVIOURS, BY_NAME, ROWS
from firefox import Firefox
from followers import PAGE, Chromium
from matrix_servers import HubServer, RelayServer
from test_ready import StoppedThread

# Clients that read as many bytes as they asked for, unless the body comes in chunks.
WANT_CHUNKS = ["requests-lines", "sseclient-py", "jsonlines"]
NEED_NO_CHUNKS = ["curl", "httpx-sse", "aiohttp-sse-client", "node-fetch"]
# Clients that never come back after a status that is not 200.
WANT_STREAM = [row.name for row in ROWS if row.is_event_source or row.query == "refuse=stream"]


class PageHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Stage:
    """What the runs share: browsers, pages for them, and the clients that were selected."""

    def __init__(self, folder, selected):
        self.folder, self.selected = folder, selected
        self.certificate = secure.Certificate(folder)
        self.browsers, self.pages, self.sites = {}, {}, []
        for scheme in ("http", "https"):
            site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler)
            if scheme == "https":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.certificate.file, self.certificate.key)
                site.socket = context.wrap_socket(site.socket, server_side=True)
            threading.Thread(target=site.serve_forever, daemon=True).start()
            self.sites.append(site)
            self.pages[scheme] = f"{scheme}://page.test:{site.server_port}/"
        self.runs = {}

    def browser(self, name):
        if name not in self.browsers:
            self.browsers[name] = {"chromium": Chromium, "firefox": Firefox}[name](self.folder)
        return self.browsers[name]

    def relay(self, name, **settings):
        origins = [address.rstrip("/") for address in self.pages.values()]
        return RelayServer(self.folder / name, self.certificate, origins, **settings)

    def outcome(self, name, behaviour, client):
        """What a run, made at the first question, observed of a client; nil where it did what it should."""
        if name not in self.runs:
            folder = self.folder / f"{name}-clients"
            folder.mkdir(exist_ok=True)
            rows = [row for row in ROWS if row.name in self.selected[name]]
            try:
                self.runs[name] = RUNS[name](self, rows, folder)
            except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                # The run is not repeated for each of its cells.
                self.runs[name] = error
        if isinstance(self.runs[name], BaseException):
            raise self.runs[name]
        return self.runs[name][behaviour][client]

    def close(self):
        for browser in self.browsers.values():
            browser.quit()
        for site in self.sites:
            site.shutdown()
            site.server_close()


def relay_run(settings, act, seconds, stage, rows, folder):
    server = stage.relay(folder.name, **settings)
    try:
        with matrix_runs.Run(server, rows, stage, folder, seconds) as run:
            return act(run)
    finally:
        server.close()


def hub_run(act, seconds, stage, rows, folder):
    server = HubServer()
    try:
        run = matrix_runs.Run(server, rows, stage, folder, seconds)
        run.hopeless = lambda row, behaviour: behaviour in row.fails_at_hub
        with run:
            return act(run)
    finally:
        server.close()


def unchunked_run(stage, rows, folder):
    """The gate makes every request one of HTTP/1.0, so the relay's body ends with the connection."""
    server = stage.relay(folder.name)
    try:
        run = matrix_runs.Run(
            server, rows, stage, folder, request=lambda head: head.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1))
        run.hopeless = lambda row, behaviour: row.name in WANT_CHUNKS
        with run:
            return matrix_runs.live(run)
    finally:
        server.close()


def stopped_writer(relay):
    """The thread that writes to the log. Now and then the system shows a thread under another name than its own, so the
    relay is started until this one has it."""
    for _ in range(20):
        with contextlib.suppress(StopIteration):
            return StoppedThread(relay.process.pid, "journal")
        relay.kill()
        relay.start()
    raise AssertionError("no thread of the relay is called journal")


@contextlib.contextmanager
def unfinished_drain(server):
    """A relay that was told to stop, and does not end before this does: a webhook waits for the log."""
    relay = server.relay
    with stopped_writer(relay):
        webhook = threading.Thread(target=server.publish, args=(1,))
        webhook.start()
        roomwire.wait_until(lambda: relay.metric("roomwire_appends_waiting") >= 1, "the webhook to wait")
        relay.process.send_signal(signal.SIGTERM)
        roomwire.wait_until(lambda: '"stopping"' in relay.said(), "the relay to begin its stop")
        yield
    webhook.join()


def refusal_run(query, stage, rows, folder):
    server = stage.relay(folder.name, drain="1h", per_user=1)
    try:
        run = matrix_runs.Run(server, rows, stage, folder, query=query)
        run.hopeless = lambda row, behaviour: bool(query)
        with contextlib.ExitStack() as runs:
            with unfinished_drain(server):
                runs.enter_context(run)
                failures = matrix_runs.refused_by_drain(run)
            return matrix_runs.refused_by_cap(run, server.relay, failures)
    finally:
        server.close()


SECONDS = matrix_runs.PATIENCE_SECONDS
RUNS = {
    "live": functools.partial(relay_run, {}, matrix_runs.live, 300),
    "quiet": functools.partial(relay_run, {"heartbeat": matrix_runs.HEARTBEAT}, matrix_runs.quiet, SECONDS),
    "returns": functools.partial(relay_run, {}, matrix_runs.returns, 300),
    "refusals": functools.partial(refusal_run, ""),
    "hub_live": functools.partial(hub_run, matrix_runs.live, 300),
    "hub_quiet": functools.partial(hub_run, matrix_runs.quiet, SECONDS),
    "hub_returns": functools.partial(hub_run, matrix_runs.returns, 300),
    "unchunked": unchunked_run,
    "refused_by_status": functools.partial(refusal_run, "refuse=http"),
}
RUN_OF = {"at_once": "live", "umlauts": "live", "separators": "live", "heartbeat": "quiet", "orderly_end": "quiet",
          "drain": "returns", "resume": "returns", "refusal": "refusals"}


def cells(run_of, rows=ROWS):
    """A parameter for each cell of the table that applies."""
    return [
        pytest.param(run_of[behaviour], behaviour, row.name, id=f"{row.name}-{behaviour}",
                     marks=[pytest.mark.slow] if row.is_slow else [])
        for row in rows for behaviour in BEHAVIOURS if behaviour in run_of and behaviour not in row.left_out]


HUB_CELLS = cells({behaviour: f"hub_{run}" for behaviour, run in RUN_OF.items() if behaviour != "refusal"},
                  [row for row in ROWS if not isinstance(row.fails_at_hub, str)])


@pytest.fixture(scope="module")
def stage(request, tmp_path_factory):
    selected = {}
    for item in request.session.items:
        if item.path == request.path and hasattr(item, "callspec") and "client" in item.callspec.params:
            client = item.callspec.params["client"]
            if not BY_NAME[client].missing():
                selected.setdefault(item.callspec.params["run"], set()).add(client)
    stage = Stage(tmp_path_factory.mktemp("matrix"), selected)
    yield stage
    stage.close()


def outcome(stage, run, behaviour, client):
    if missing := BY_NAME[client].missing():
        pytest.skip(missing)
    return stage.outcome(run, behaviour, client)


@pytest.mark.parametrize("run, behaviour, client", cells(RUN_OF))
def test_a_client_of_the_relay_does_what_goes_with_it(stage, run, behaviour, client):
    failure = outcome(stage, run, behaviour, client)
    assert failure is None, f"{client}, which {BEHAVIOURS[behaviour]}: {failure}"


@pytest.mark.parametrize("run, behaviour, client", HUB_CELLS)
def test_the_same_fails_at_a_hub_in_node_where_that_lacks_something(stage, run, behaviour, client):
    failure = outcome(stage, run, behaviour, client)
    if behaviour in BY_NAME[client].fails_at_hub:
        assert failure is not None, f"{client} {BEHAVIOURS[behaviour]} at the hub too"
    else:
        assert failure is None, failure


@pytest.mark.parametrize("run, behaviour, client", cells(
    {"at_once": "unchunked"}, [BY_NAME[name] for name in WANT_CHUNKS + NEED_NO_CHUNKS]))
def test_without_chunks_some_clients_show_an_event_only_when_more_comes(stage, run, behaviour, client):
    failure = outcome(stage, run, behaviour, client)
    assert (failure is None) == (client in NEED_NO_CHUNKS), failure


@pytest.mark.parametrize("run, behaviour, client", cells(
    {"refusal": "refused_by_status"}, [BY_NAME[name] for name in WANT_STREAM]))
def test_a_refusal_by_status_keeps_these_clients_away_for_good(stage, run, behaviour, client):
    assert outcome(stage, run, behaviour, client) is not None


def test_every_cell_is_tried_or_has_a_reason():
    for row in ROWS:
        assert row.left_out.keys() <= BEHAVIOURS.keys()
        assert all(len(reason) > 10 for reason in row.left_out.values())
        fails = set() if isinstance(row.fails_at_hub, str) else row.fails_at_hub
        assert fails <= BEHAVIOURS.keys() - row.left_out.keys() - {"refusal"}, row.name


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_behaviour_is_seen_to_fail(behaviour):
    failing = [row for row in ROWS if behaviour in row.fails_at_hub]
    assert failing or behaviour == "refusal"
