"""The clients of the matrix in test_client_matrix.py, and which behaviour goes with which of them."""

import dataclasses
import functools
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent

# What is asked of every client.
BEHAVIOURS = {
    "at_once": "shows an event while the stream stays silent",
    "umlauts": "shows a name as it was: Åsa, Łąka, Михаил, an emoji",
    "separators": "shows a name with U+2028, U+2029 and U+0085 as it was, in one piece",
    "heartbeat": "keeps its connection over heartbeats, with a read timeout if it has one, and shows the next event",
    "orderly_end": "tells the end of a drained stream from a broken connection",
    "refusal": "comes back after 503 of a relay that stops and after 429 of a cap",
    "drain": "comes back after a drain, and has every event once",
    "resume": "comes back after kill -9, twice, and has every event once",
}

ENDS = "ends when its stream does: to come back is up to the program around it"
RETURNS = "comes back whenever its stream ends"
# It stays away in most runs beside other tests, and came back in those alone; the cause is not known.
GIVES_UP = "an experiment of Node 20, which does not come back after every connection that breaks"
REFUSED = "raises on a refusal: to come back is up to the program around it"
AS_REQUESTS = "gets its stream from requests, whose row tells it"
AS_CURL = "gets its stream from curl, whose row tells it"
NO_TLS = "the hub has no TLS"
NO_NDJSON = "the hub has no NDJSON: such a client fails everything there, as jsonlines shows"


@dataclasses.dataclass(frozen=True)
class Row:
    """A client."""

    name: str
    # What starts it; `{url}`, `{token}` and `{seconds}`, which is how long it bears silence, are filled in.
    arguments: tuple = ()
    # Or the browser in which it is a page.
    browser: str = None
    scheme: str = "http"
    # What it adds to the query.
    query: str = ""
    # It can only send a token in the query, and is refused on the stream.
    is_event_source: bool = False
    # It comes back, but gives up if the port does not answer yet.
    needs_listener: bool = False
    # It prints lines as they were sent, and a script reads them.
    prints_lines: bool = False
    # For each behaviour that does not go with it, the reason.
    left_out: dict = dataclasses.field(default_factory=dict)
    # What it must fail at Node's hub; a string is the reason why it is not tried there.
    fails_at_hub: object = frozenset()
    # Whether it takes seconds or hundreds of megabytes.
    is_slow: bool = False

    def missing(self):
        """Why this machine cannot run it; None if it can."""
        program = {"chromium": "chromedriver", "firefox": "firefox-esr"}.get(self.browser) or self.arguments[0]
        if not shutil.which(program):
            return f"there is no {program}"
        if "--experimental-eventsource" in self.arguments and not node_has_event_source():
            return "this Node has no EventSource"
        if "eventsource" in self.arguments and not pathlib.Path("/usr/share/nodejs/eventsource").exists():
            return "there is no package node-eventsource"
        return None


@functools.cache
def node_has_event_source():
    done = subprocess.run(["node", "--experimental-eventsource", "-e", "new EventSource"], capture_output=True)
    return b"bad option" not in done.stderr and b"is not defined" not in done.stderr


def python(name, **rest):
    function = name.replace("-", "_")
    arguments = (sys.executable, str(HERE / "real_clients.py"), function, "{url}", "{token}", "{seconds}")
    return Row(name, arguments, **rest)


def event_source(name, arguments=(), **rest):
    rest.setdefault("fails_at_hub", frozenset({"drain", "resume"}))
    rest.setdefault("left_out", {"orderly_end": RETURNS})
    return Row(name, arguments, is_event_source=True, **rest)


CURL = ("curl", "-sN", "--retry", "20", "--retry-connrefused", "--speed-limit", "1", "--speed-time", "{seconds}", "-H",
        "Authorization: Bearer {token}")
ALONE = {"drain": ENDS, "resume": ENDS}
SILENCE = frozenset({"heartbeat"})

ROWS = [
    event_source("chromium-http", browser="chromium", is_slow=True),
    event_source("chromium-https", browser="chromium", scheme="https", fails_at_hub=NO_TLS, is_slow=True),
    event_source("firefox-http", browser="firefox", is_slow=True),
    event_source("firefox-https", browser="firefox", scheme="https", fails_at_hub=NO_TLS, is_slow=True),
    event_source("node-eventsource", ("node", str(HERE / "node_event_source.cjs"), "{url}", "eventsource")),
    event_source("node-own-eventsource", ("node", "--experimental-eventsource", "--no-warnings",
                                          str(HERE / "node_event_source.cjs"), "{url}"),
                 left_out={"orderly_end": RETURNS, "resume": GIVES_UP}, fails_at_hub=frozenset({"drain"})),
    Row("node-fetch", ("node", str(HERE / "node_fetch.mjs"), "{url}", "{token}"),
        left_out={**ALONE, "refusal": REFUSED}, fails_at_hub={"orderly_end"}),
    Row("java-httpclient", ("java", "-XX:TieredStopAtLevel=1", str(HERE / "HttpClientLines.java"), "{url}", "{token}"),
        left_out={**ALONE, "refusal": REFUSED}, fails_at_hub={"orderly_end"}, is_slow=True),
    python("requests-lines", left_out=ALONE, fails_at_hub=SILENCE | {"umlauts", "separators", "orderly_end"}),
    python("httpx-sse", left_out={**ALONE, "refusal": REFUSED}, fails_at_hub=SILENCE | {"orderly_end"}),
    python("httpx-lines", left_out={**ALONE, "refusal": REFUSED},
           fails_at_hub=SILENCE | {"separators", "orderly_end"}),
    # It raises where a connection breaks, and comes back where one ends.
    python("aiohttp-sse-client", query="refuse=stream", needs_listener=True,
           left_out={"resume": "raises when a connection breaks", "orderly_end": RETURNS},
           fails_at_hub=SILENCE | {"drain"}),
    python("ld-eventsource", left_out={"orderly_end": RETURNS}, fails_at_hub=SILENCE | {"drain", "resume"}),
    python("requests-sse", query="refuse=stream", left_out={"orderly_end": RETURNS},
           fails_at_hub=SILENCE | {"drain", "resume"}),
    python("sseclient-py", left_out={**ALONE, "refusal": AS_REQUESTS}, fails_at_hub=SILENCE | {"orderly_end"}),
    python("sseclient", query="refuse=stream", needs_listener=True, left_out={"orderly_end": RETURNS},
           fails_at_hub=SILENCE | {"umlauts", "separators", "drain", "resume"}),
    Row("curl", (*CURL, "{url}"), left_out=ALONE, prints_lines=True,
        fails_at_hub=SILENCE | {"separators", "orderly_end"}),
    Row("wget", ("wget", "-qO-", "--read-timeout={seconds}", "--tries=20", "--waitretry=1",
                 "--retry-on-http-error=429,503", "--header", "Authorization: Bearer {token}", "{url}"),
        left_out={"drain": ENDS, "resume": "comes back, but without the id of the last event"}, prints_lines=True,
        fails_at_hub=SILENCE | {"separators", "orderly_end"}),
    Row("httpie", (str(pathlib.Path(sys.executable).with_name("http")), "--stream", "--body", "--pretty=none",
                   "--ignore-stdin", "--timeout={seconds}", "GET", "{url}", "Authorization:Bearer {token}"),
        left_out={**ALONE, "refusal": REFUSED}, prints_lines=True,
        fails_at_hub=SILENCE | {"separators", "orderly_end"}),
    Row("jq", ("bash", "-o", "pipefail", "-c",
               'curl -sN --speed-limit 1 --speed-time "$2" -H "Authorization: Bearer $1"'
               ' -H "Accept: application/x-ndjson" "$0" | jq --unbuffered -c .', "{url}", "{token}", "{seconds}"),
        left_out={**ALONE, "refusal": AS_CURL}, fails_at_hub=NO_NDJSON),
    python("jsonlines", left_out={**ALONE, "refusal": AS_REQUESTS},
           fails_at_hub={"at_once", "umlauts", "separators", "heartbeat", "orderly_end"}),
]
BY_NAME = {row.name: row for row in ROWS}
