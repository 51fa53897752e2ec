"""The relay's log: what an operator finds in the morning."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest
import requests

import clients
import providers
import relay as roomwire


def lines(relay, **members):
    """The log's lines with these members."""
    return [line for line in relay.log_lines() if members.items() <= line.items()]


def wait_lines(relay, count=1, **members):
    roomwire.wait_until(lambda: len(lines(relay, **members)) >= count, f"lines with {members} in {relay.said()}")
    return lines(relay, **members)


def test_every_request_has_one_line(start):
    relay = start(log_level="debug")
    token = roomwire.token("ada")
    relay.get("/rooms?room=call_*", token)
    providers.post_livekit(relay, providers.livekit_body("room_started"))
    relay.get("/nothing")
    rooms = wait_lines(relay, path="/api/rooms?room=call_*")
    hook = wait_lines(relay, path="/api/webhooks/livekit")
    nothing = wait_lines(relay, path="/api/nothing")
    assert [len(found) for found in (rooms, hook, nothing)] == [1, 1, 1]
    assert rooms[0]["user"] == "ada" and rooms[0]["status"] == 200 and rooms[0]["level"] == "info"
    assert rooms[0]["method"] == "GET" and rooms[0]["remoteAddress"] == "127.0.0.1" and rooms[0]["bytes"] > 0
    assert rooms[0]["durationMs"] >= 0 and rooms[0]["time"].endswith("Z")
    assert hook[0]["method"] == "POST" and hook[0]["status"] == 200 and "user" not in hook[0]
    assert nothing[0]["status"] == 404


def test_accepted_webhooks_are_summed_up_and_refused_ones_have_a_line_each(start):
    relay = start(drain="100ms")
    first = providers.livekit_body("room_started", "call_0")
    providers.post_livekit(relay, first)
    # The first one after a quiet time is not kept waiting for others.
    assert wait_lines(relay, message="webhooks accepted")[0]["webhooks"] == 1
    bodies = [providers.livekit_body("room_started", f"call_{number}") for number in range(1, 30)]
    providers.post_livekit(relay, *bodies, first)
    for _ in range(3):
        headers = providers.livekit_headers(first, secret="x" * 40)
        assert relay.post("livekit", headers, first).status_code == 401
    wait_lines(relay, 3, path="/api/webhooks/livekit", status=401, level="info")
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    sums = lines(relay, message="webhooks accepted")
    # The end brings what was not reported yet. A slow machine may report once or twice more in between.
    assert 2 <= len(sums) <= 4 and all(line["source"] == "livekit" and line["level"] == "info" for line in sums)
    assert sum(line["webhooks"] for line in sums) == 31 and sum(line["duplicates"] for line in sums) == 1
    assert sum(line["bytes"] for line in sums) == sum(map(len, bodies)) + 2 * len(first)
    assert all(0 < line["slowestMs"] and 0 <= line["periodMs"] for line in sums)
    assert not lines(relay, path="/api/webhooks/livekit", status=200)


def test_the_sum_of_accepted_webhooks_is_text_as_well(start):
    relay = start(log_format="text")
    providers.post_livekit(relay, providers.livekit_body("room_started"))
    roomwire.wait_until(lambda: " info accepted 1 webhooks of livekit in " in relay.said(), "the sum")


def test_a_stream_has_a_line_when_it_opens_and_one_when_it_ends(start):
    relay = start()
    stream = clients.subscribe(relay, "room=call_42&format=sse")
    providers.post_meeting(relay)
    stream.wait_for("room_finished")
    opened = wait_lines(relay, message="stream opened")[0]
    assert opened["path"] == "/api/events?room=call_42&format=sse" and opened["user"] == "ada"
    stream.close()
    ended = wait_lines(relay, message="stream ended")[0]
    assert ended["stream"] == opened["stream"] and ended["reason"] == "client_closed"
    assert ended["events"] == 6 and ended["bytes"] == len(stream.bytes) and ended["durationMs"] >= 0


def test_no_secret_of_a_query_is_logged(start):
    relay = start(log_level="trace")
    token = roomwire.token("ada")
    ticket = requests.post(
        relay.url("/tickets"), headers={"Authorization": f"Bearer {token}"}, timeout=30).json()["ticket"]
    for query in (f"access_token={token}", f"acess_token={token}", f"room=x&ticket={ticket}", f"tiket={ticket}"):
        relay.get(f"/events?{query}&wait=0&format=json")
        relay.get(f"/rooms?{query}")
    wait_lines(relay, 8, method="GET")
    said = relay.said()
    assert token not in said and ticket not in said and token.rpartition(".")[2] not in said
    assert any(line["path"] == "/api/rooms?room=x" for line in lines(relay, method="GET"))


def test_probes_are_not_logged_unless_one_debugs(start):
    quiet, loud = start(), start(log_level="debug")
    for relay in (quiet, loud):
        for path in ("/healthz", "/metrics", "/readyz"):
            requests.get(relay.base + path, timeout=30)
        relay.get("/nothing")
        wait_lines(relay, path="/api/nothing")
    assert not lines(quiet, path="/metrics") and not lines(quiet, path="/healthz")
    assert lines(loud, path="/metrics", level="debug")


def test_a_level_hides_what_is_below_it(start):
    relay = start(log_level="warning")
    relay.get("/rooms")
    relay.get("/rooms", roomwire.token())
    roomwire.wait_until(
        lambda: any("missing_token" in line["message"] for line in lines(relay, level="warning")), "a warning")
    assert not lines(relay, level="info")


def test_repeats_are_limited_and_counted(start):
    relay = start(log_level="warning")
    for _ in range(300):
        relay.get("/rooms")

    def left_out():
        relay.get("/rooms")
        return any("like it were not logged" in line["message"] for line in relay.log_lines())

    roomwire.wait_until(left_out, "a count of what was left out")
    assert len(lines(relay, level="warning")) < 300


def test_a_strangers_bytes_forge_no_line(start):
    relay = start(log_format="text")
    relay.get("/rooms?room=%0A2026%20info%20forged", roomwire.token())
    roomwire.wait_until(lambda: "forged" in relay.said(), "the request's line")
    assert not any(line.startswith("2026 info") for line in relay.said().splitlines())


def test_the_form_is_text_on_a_terminal_and_json_elsewhere(folder):
    main, terminal = pty.openpty()
    port = roomwire.free_port()
    process = subprocess.Popen(
        [roomwire.BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(folder / "data")],
        env=roomwire.clean_environment(), stderr=terminal, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(terminal)
    try:
        def answers():
            try:
                return requests.get(f"http://127.0.0.1:{port}/api/nothing", timeout=5).status_code == 404
            except requests.RequestException:
                return False

        roomwire.wait_until(answers, "the relay")
        said = b""
        end = time.monotonic() + roomwire.DEADLINE_SECONDS
        while b"/api/nothing" not in said and time.monotonic() < end:
            if select.select([main], [], [], 1)[0]:
                said += os.read(main, 65536)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(main)
    assert b" info GET /api/nothing 404 " in said and b"{" not in said, said


def test_the_last_lines_are_written_before_the_end(start):
    relay = start(drain="100ms")
    for number in range(50):
        relay.get(f"/nothing/{number}")
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    assert len(lines(relay, status=404)) == 50
    assert relay.log_lines()[-1]["message"] == "stopped"


@pytest.mark.slow
@pytest.mark.alone
def test_a_log_that_nobody_reads_holds_up_nobody(folder):
    """Standard error is a pipe that is full: lines are dropped and counted, and everything goes on."""
    reading, writing = os.pipe()
    port = roomwire.free_port()
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings()))
    process = subprocess.Popen(
        [roomwire.BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(folder / "data"), "--config",
         str(folder / "roomwire.yaml")],
        env=roomwire.clean_environment(), stderr=writing, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(writing)
    try:
        relay = roomwire.Relay(folder / "other")
        relay.port, relay.process = port, process
        relay.wait_ready()
        session = requests.Session()
        path = "/api/nothing/" + "x" * 200
        roomwire.wait_until(
            lambda: [session.get(relay.base + path, timeout=30).status_code for _ in range(200)]
            and relay.metric("roomwire_log_lines_dropped_total") > 0, "lines to be dropped", seconds=120)
        stream = clients.subscribe(relay)
        providers.post_meeting(relay)
        assert stream.wait_for("room_finished")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(reading)


def serve(folder, redirection):
    """A relay whose standard descriptors a shell has closed or turned elsewhere."""
    relay = roomwire.Relay(folder / "relay", roomwire.settings())
    command = f'exec "$0" serve --listen 127.0.0.1:{relay.port} --data "$1" --config "$2" {redirection}'
    relay.process = subprocess.Popen(
        ["sh", "-c", command, roomwire.BINARY, str(relay.data), str(relay.folder / "roomwire.yaml")],
        env=roomwire.clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL)
    relay.log.write_text("")
    return relay


@pytest.mark.parametrize("redirection", ["2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_are_given_to_nothing_else(folder, redirection):
    """Else the log goes to whatever the relay opened next: a client's connection, or the log of events."""
    relay = serve(folder, redirection)
    try:
        relay.wait_ready()
        opened = [os.readlink(f"/proc/{relay.process.pid}/fd/{number}") for number in range(3)]
        assert opened == ["/dev/null"] * 3
        roomwire.wait_until(lambda: relay.metric("roomwire_ready"), "the relay to obey signals")
        relay.process.send_signal(signal.SIGTERM)
        assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    finally:
        relay.stop()


@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full", ">/dev/full 2>&1"])
def test_what_it_says_may_be_lost_and_the_relay_runs(folder, redirection):
    relay = serve(folder, redirection)
    try:
        relay.wait_ready()
        providers.post_meeting(relay)
    finally:
        relay.stop()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_strangers_bytes_steer_no_terminal(start, form):
    relay = start(log_format=form)
    relay.get("/%C2%9B2J%7F%1B%5B31m", roomwire.token("a\x9b31m\x7f\u202eb"))
    relay.get("/rooms", roomwire.token("a\x9b31m\x7f\x1bb"))
    roomwire.wait_until(lambda: relay.said().count(" 404 " if form == "text" else '"status":404'), "the line")
    roomwire.wait_until(lambda: "31m" in relay.said() and "user" in relay.said(), "the name")
    assert not [character for character in relay.said() if character != "\n" and (
        ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F)]
