"""The relay as somebody meets it first: without settings, with the demo, with the environment alone."""

import contextlib
import pathlib
import random
import re
import signal
import time

import pytest
import requests

import clients
import providers
import relay as roomwire


def test_serve_runs_without_any_settings(start):
    relay = start({})
    assert f"http://127.0.0.1:{relay.port}" in relay.said()
    token = roomwire.command("token", "--user", "me", "--data", str(relay.folder / "data"))
    assert token.returncode == 0, token.stderr
    assert clients.subscribe(relay, "", token.stdout.strip()).control("connected")["user"] == "me"


def test_the_demo_plays_meetings(start):
    relay = start({}, flags=["--demo"])
    token = roomwire.command("token", "--user", "me", "--data", str(relay.folder / "data")).stdout.strip()
    stream = clients.subscribe(relay, "lastEventId=0", token)
    stream.wait_for("participant_joined")
    assert stream.types[0] == "room_started"
    assert {event["source"] for event in stream.events} == {"demo"}


def test_the_usual_variables_set_up_the_providers(start):
    relay = start({}, environment={
        "LIVEKIT_API_KEY": roomwire.LIVEKIT_KEY, "LIVEKIT_API_SECRET": roomwire.LIVEKIT_SECRET,
        "DAILY_WEBHOOK_SECRET": roomwire.DAILY_SECRET, "ROOMWIRE_TOKEN_SECRET": roomwire.TOKEN_SECRET,
        "ROOMWIRE_STREAMS_HEARTBEAT": "200ms",
    })
    stream = clients.subscribe(relay)
    assert stream.control("connected")["heartbeatMs"] == 200
    providers.post_meeting(relay)
    stream.wait_for("room_finished")
    body = b'{"test":"test"}'
    assert relay.post("daily", providers.daily_headers(body), body).status_code == 200


def test_another_prefix_moves_every_path(start):
    relay = start(path_prefix="/live")
    assert relay.get("/events", roomwire.token()).status_code == 404
    assert clients.Stream(relay, "", roomwire.token(), path="/live/events").status == 200


def test_data_is_readable_by_its_user_alone(start):
    relay = start({})
    for path in [relay.folder / "data", *(relay.folder / "data").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, f"{path} is open to others: {oct(path.stat().st_mode)}"


def test_two_relays_do_not_share_a_folder(start):
    relay = start()
    done = roomwire.command(
        "serve", "--listen", f"127.0.0.1:{roomwire.free_port()}", "--data", str(relay.folder / "data"), seconds=60)
    assert done.returncode == 1
    assert done.stderr.startswith("roomwire: ")


def test_a_port_in_use_is_said(start, folder):
    with clients.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = roomwire.command("serve", "--listen", f"127.0.0.1:{port}", "--data", str(folder / "data"), seconds=60)
    assert done.returncode == 1
    assert str(port) in done.stderr


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_word_to_every_stream(start, kind):
    relay = start(drain="1s")
    stream = clients.subscribe(relay)
    relay.process.send_signal(kind)
    stream.control("draining")
    stream.read_to_end()
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0


def takes_signals(process):
    """True once the process has a handler for SIGTERM."""
    with contextlib.suppress(OSError):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)
    return False


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_of_the_start_ends_it_in_order(folder, kind):
    """The first moments belong to the system's loader, and a signal then kills any process. The start begins with the
    handlers: none of what it makes is there before them."""
    choice = random.Random(f"starts {kind}")
    for number in range(50):
        relay = roomwire.Relay(folder / str(number), roomwire.settings())
        relay.launch()
        if number % 2:
            roomwire.wait_until(lambda: takes_signals(relay.process), "the handlers", step=0.001)
        time.sleep(choice.uniform(0, 0.3))
        has_begun = relay.data.exists()
        has_handlers = takes_signals(relay.process)
        relay.process.send_signal(kind)
        status = relay.process.wait(roomwire.DEADLINE_SECONDS)
        assert status == 0 or (status == -kind and not has_handlers and not has_begun), (number, status, relay.said())


def test_a_signal_right_after_the_handlers_are_there_ends_it_in_order(folder):
    relay = roomwire.Relay(folder / "relay", roomwire.settings())
    for _ in range(10):
        relay.launch()
        roomwire.wait_until(lambda: takes_signals(relay.process), "the handlers", step=0.001)
        relay.process.send_signal(signal.SIGTERM)
        assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    said = [line["message"] for line in relay.log_lines()]
    assert said.count("stopped") == 10, said


def test_a_reload_that_is_asked_for_during_the_start_is_done(folder):
    relay = roomwire.Relay(folder / "relay", roomwire.settings())
    try:
        relay.launch()
        roomwire.wait_until(lambda: takes_signals(relay.process), "the handlers", step=0.001)
        relay.process.send_signal(signal.SIGHUP)
        relay.wait_ready()
        name = 'roomwire_reloads_total{outcome="applied"}'
        roomwire.wait_until(lambda: relay.metric(name) == 1, "the reload")
    finally:
        relay.stop()


def test_the_root_says_where_events_are(shared):
    answer = requests.get(shared.base + "/", timeout=roomwire.DEADLINE_SECONDS)
    assert answer.status_code == 404
    assert "/api/events" in answer.json()["detail"] and "/api/rooms" in answer.json()["detail"]
    other = requests.get(shared.base + "/nowhere", timeout=roomwire.DEADLINE_SECONDS)
    assert other.json()["detail"] == "There is nothing at this path."
