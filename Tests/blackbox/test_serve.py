"""The relay as somebody meets it first: without settings, with the demo, with the environment alone."""

import signal

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


def test_the_root_says_where_events_are(shared):
    answer = requests.get(shared.base + "/", timeout=roomwire.DEADLINE_SECONDS)
    assert answer.status_code == 404
    assert "/api/events" in answer.json()["detail"] and "/api/rooms" in answer.json()["detail"]
    other = requests.get(shared.base + "/nowhere", timeout=roomwire.DEADLINE_SECONDS)
    assert other.json()["detail"] == "There is nothing at this path."
