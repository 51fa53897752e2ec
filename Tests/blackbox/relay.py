"""Runs the real relay: on a free port, with a data folder of its own."""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

import jwt
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "Tests" / "Vectors"
BINARY = os.environ.get("ROOMWIRE_BINARY") or str(ROOT / ".build" / "debug" / "roomwire")

LIVEKIT_KEY = "devkey"
LIVEKIT_SECRET = "devsecret_devsecret_devsecret_devsecret"
DAILY_SECRET = "c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"
STANDARD_SECRET = "whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"
TOKEN_SECRET = "a test secret with more than 32 bytes in it"

# A shell starts what runs in the background with SIGINT ignored, and every child inherits that: the relays of these
# tests are to start as in a terminal or under systemd.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing here waits for a time to pass: this is how long a condition may take before the test fails.
DEADLINE_SECONDS = 30


def wait_until(condition, what, seconds=DEADLINE_SECONDS, step=0.02):
    """Returns the first true value of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(step)


def iso(milliseconds):
    """Milliseconds since 1970 as ISO 8601 with a Z."""
    time = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# As many ports as are kept for this process at one time; a test seldom needs ten.
KEPT_PORTS = 128
kept_ports = collections.deque(maxlen=KEPT_PORTS)
given_ports = set()


def free_port():
    """A port that nothing uses, kept for this process: no other test process gets it.

    It is below those that the system gives to outgoing connections: one of these from another local address would keep
    a server from binding to the port on all addresses. A socket stays bound to it. It does not listen, and it allows
    servers that set SO_REUSEADDR, as all of them here do, to bind to the same port; the next search for a port sets
    nothing, so it passes over this one.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        place = socket.socket()
        try:
            place.bind(("", port))
        except OSError:
            place.close()
            continue
        if port in given_ports:
            place.close()
            continue
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        given_ports.add(port)
        if len(kept_ports) == KEPT_PORTS:
            kept_ports.popleft().close()
        kept_ports.append(place)
        return port


def settings(**changes):
    """Settings with every provider and one issuer; keyword arguments replace whole sections."""
    return {
        "sources": {
            "livekit": {"provider": "livekit", "keys": {LIVEKIT_KEY: LIVEKIT_SECRET}},
            "daily": {"provider": "daily", "secrets": [DAILY_SECRET]},
            "app": {"provider": "standard", "secrets": [STANDARD_SECRET]},
        },
        "tokens": {"issuers": [{"name": "own", "hs256": TOKEN_SECRET}]},
        "streams": {"per_user": 0},
        **changes,
    }


def run(*arguments, **rest):
    """What a tool says that must succeed."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, **rest)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


# A trusted proxy, for tests whose requests come from many addresses.
PROXY = {"trusted": ["127.0.0.1"], "header": "X-Forwarded-For"}


def elsewhere(number):
    """The headers of a request from an address of its own: one that keeps failing is slowed."""
    return {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"}


def clean_environment(**variables):
    """The environment without anything that could set up a relay."""
    ours = ("ROOMWIRE_", "LIVEKIT_", "DAILY_", "WHEREBY_", "XDG_DATA_HOME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **variables}


def command(*arguments, folder=None, input=None, seconds=120, **variables):
    """Runs a command to its end; with a folder it takes the settings and the data of the relay there."""
    flags = []
    if folder:
        flags = ["--config", str(folder / "roomwire.yaml"), "--data", str(folder / "data")]
    return subprocess.run(
        [BINARY, *arguments, *flags],
        env=clean_environment(**variables),
        input=input,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


class Relay:
    """A relay in a folder. It may be killed and started again."""

    def __init__(self, folder, config=None, flags=(), data=None, **variables):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.data = data or self.folder / "data"
        self.port = free_port()
        self.flags = list(flags)
        self.variables = variables
        self.process = None
        self.log = self.folder / "log.txt"
        if config is not None:
            # JSON is YAML.
            (self.folder / "roomwire.yaml").write_text(json.dumps(config, indent=2))
            self.flags += ["--config", str(self.folder / "roomwire.yaml")]

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def url(self, path):
        return f"{self.base}/api{path}"

    def launch(self):
        """Starts the process and does not wait for it to be ready."""
        arguments = ["serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data), *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, *arguments], env=clean_environment(**self.variables), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self):
        def answers():
            assert self.process.poll() is None, f"the relay ended with {self.process.returncode}:\n{self.said()}"
            with contextlib.suppress(requests.RequestException):
                return requests.get(self.base + "/healthz", timeout=5).status_code == 200

        wait_until(answers, "the relay to be ready")

    def said(self):
        # The log is written by a thread of its own, a moment after what it tells of.
        time.sleep(0.1)
        return self.log.read_text(errors="replace")

    def kill(self):
        """As a power cut would: no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_SECONDS)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(DEADLINE_SECONDS)

    def metric(self, name):
        """A series of the metrics page, 0 if it is not there."""
        page = requests.get(self.base + "/metrics", timeout=DEADLINE_SECONDS).text
        found = [line.rpartition(" ")[2] for line in page.splitlines() if line.rpartition(" ")[0] == name]
        return float(found[0]) if found else 0

    def streams(self):
        """How many streams are open, in whatever state."""
        page = requests.get(self.base + "/metrics", timeout=DEADLINE_SECONDS).text
        return sum(float(count) for count in re.findall(r"^roomwire_streams{.*} (\S+)$", page, re.MULTILINE))

    def wait_ended(self, reason, count):
        """Waits for the count of streams that ended for this reason: loops tell theirs a few times a second."""
        name = f'roomwire_streams_ended_total{{reason="{reason}"}}'
        wait_until(lambda: self.metric(name) == count, f"{count} streams ended: {reason}")

    def log_lines(self):
        """The log's lines, which are JSON where nobody looks at a terminal; other output is passed over."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{") and line.endswith("}")]

    def resident_bytes(self):
        """The memory that the process has now."""
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def post(self, source, headers, body, method="POST"):
        return requests.request(
            method, self.url(f"/webhooks/{source}"), headers=headers, data=body, timeout=DEADLINE_SECONDS,
            allow_redirects=False,
        )

    def get(self, path, token=None, **arguments):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers.update(arguments.pop("headers", {}))
        answer = requests.get(self.url(path), headers=headers, timeout=DEADLINE_SECONDS, stream=True, **arguments)
        if answer.headers.get("Content-Type", "").startswith(("text/event-stream", "application/x-ndjson")):
            # A stream where an answer was expected: it would be read for ever.
            answer._content = b"(a stream)"
            answer.close()
        answer.content  # Read now.
        return answer

    def run(self, *arguments, **rest):
        """A command beside this relay, with its settings."""
        return command(*arguments, folder=self.folder, **rest)


def token(user="ada", rooms=("*",), ttl=3600, secret=TOKEN_SECRET, grant=None, **claims):
    """A subscriber's token as a backend would mint it."""
    payload = {"sub": user, "exp": int(time.time()) + ttl, "roomwire": {"rooms": list(rooms), **(grant or {})}}
    payload.update(claims)
    return jwt.encode({name: value for name, value in payload.items() if value is not None}, secret, "HS256")
