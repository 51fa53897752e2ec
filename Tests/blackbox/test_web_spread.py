"""What client.js does when many pages do it at once, and how long it thinks: in Node, where hundreds fit into a process."""

import json
import re
import shutil

import pytest

import relay as roomwire
import web_client

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here")


@pytest.fixture
def run(folder):
    def run(script):
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "client.js").write_text(web_client.strip.stripped((web_client.FILES / "client.js").read_text()))
        (folder / "script.js").write_text('import { connect } from "./client.js";\n' + script)
        return json.loads(roomwire.run("node", str(folder / "script.js")))

    return run


ANSWERS = """
// A relay within the process: `serve` makes the body of each stream, a list of messages; what is not JSON is sent as it is.
const encoder = new TextEncoder();
const connected = { type: "connected", streamId: "1", heartbeatMs: 15000, newestId: "5-0", lastEventId: "5-0" };
let serve = () => [connected];
globalThis.fetch = async (address, { signal }) => {
    if (address.includes("/tickets")) return Response.json({ ticket: "t" }, { status: 201 });
    if (address.includes("/rooms")) return Response.json({ rooms: [], lastEventId: "5-0" });
    const lines = serve();
    if (lines instanceof Error) throw lines;
    if (address.includes("format=json")) return Response.json({ events: [], lastEventId: "5-0", more: false });
    const body = new ReadableStream({
        start(stream) {
            for (const line of lines) stream.enqueue(encoder.encode(
                typeof line === "string" ? line : `data: ${JSON.stringify(line)}\\n\\n`));
            signal.addEventListener("abort", () => stream.error(signal.reason));
            serve.ends?.push(() => stream.close());
        },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
};
const finish = (value) => { console.log(JSON.stringify(value)); process.exit(); };
"""


@pytest.mark.parametrize("goodbye, least, most", [
    # The relay dies: at any time within twice its advice, since the streams had only just begun.
    ([], 0, 16000),
    # It says when to come back: then, and up to a fifth later.
    ([{"type": "draining", "retryMs": 5000}], 5000, 6000)])
def test_pages_that_lose_their_relay_together_do_not_come_back_together(run, goodbye, least, most):
    pauses = run(ANSWERS + f"""
        const pages = 300, pauses = [];
        serve = Object.assign(() => ["retry: 8000\\n\\n", connected, ...{json.dumps(goodbye)}], {{ ends: [] }});
        for (let i = 0; i < pages; i += 1) {{
            connect({{ url: "http://relay.test", token: "a", state: false, onState: (state) => {{
                if (state.status === "reconnecting") pauses.push(state.retryAt - Date.now());
                if (pauses.length === pages) finish(pauses);
            }} }});
        }}
        setTimeout(() => {{ for (const end of serve.ends) end(); }}, 500);
    """)
    assert min(pauses) > least - 200 and max(pauses) <= most
    # A tenth of the time has no more than twice its share.
    width = (most - least) / 10
    shares = [sum(least + place * width <= pause + 100 < least + (place + 1) * width for pause in pauses) for place in range(10)]
    assert max(shares) < 2.2 * len(pauses) / 10, shares


def test_a_name_that_fits_a_pattern_almost_costs_no_more_than_another(run):
    """With a regular expression this would take years."""
    seen = run(ANSWERS + """
        const event = (number, room) => ({ type: "room_started", id: `${number}-0`, source: "s", room, data: { room: { name: room } } });
        const rooms = ["-".repeat(500), "a-b-c-d-e-f-g-end", "-".repeat(400) + "end", "an-end", "------end", "-------end-"];
        serve = () => [connected, ...rooms.map((room, index) => event(10 + index, room)), event(99, "last")];
        const seen = [];
        connect({ url: "http://relay.test", token: "a", state: false, rooms: ["*-*-*-*-*-*-*end", "last"],
            onEvent: ({ room }) => { seen.push(room.slice(0, 20)); if (room === "last") finish(seen); } });
    """)
    assert seen == ["a-b-c-d-e-f-g-end", "-" * 20, "------end", "last"]


def test_a_star_in_a_pattern_is_any_characters_and_nothing_else_is_special(run):
    patterns = ["a", "a*", "*a", "a*a", "*", "a.b", "a**", "", "*.*", "[a]", "*a*b*"]
    names = ["", "a", "ab", "ba", "aa", "aba", "a*", "a.b", "axb", "[a]", "a\nb"]
    found = run(ANSWERS + f"""
        const patterns = {json.dumps(patterns)}, names = {json.dumps(names)};
        const found = Object.fromEntries(patterns.map((pattern) => [pattern, []]));
        serve = () => [connected, ...names.map((room, index) => ({{ type: "x", id: `${{10 + index}}-0`, source: "s", room, data: {{}} }})),
            {{ type: "y", id: "99-0", source: "s", data: {{}} }}];
        const client = connect({{ url: "http://relay.test", token: "a", state: false }});
        for (const pattern of patterns) client.listen({{ rooms: pattern }}, ({{ room }}) => found[pattern].push(room));
        client.listen({{ types: "y" }}, () => finish(found));
    """)
    assert found == {
        pattern: [name for name in names if re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL)]
        for pattern in patterns}
