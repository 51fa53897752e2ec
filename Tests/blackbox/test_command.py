"""The command: what it prints and how it exits."""

import json
import signal
import subprocess

import pytest

import clients
import providers
import relay as roomwire


def settings_file(folder, **changes):
    path = folder / "roomwire.yaml"
    path.write_text(json.dumps(roomwire.settings(**changes)))
    return str(path)


@pytest.mark.parametrize("source", ["livekit", "daily"])
def test_send_plays_a_whole_meeting(shared, room, source):
    # Not by room: Daily's recording.started names none.
    stream = clients.subscribe(shared, f"source={source}")
    sent = shared.run(
        "send", "--source", source, "--scenario", "meeting", "--room", room, "--speed", "1000", "--url", shared.base)
    assert sent.returncode == 0, sent.stderr
    assert {line.split()[0] for line in sent.stdout.strip().split("\n")} == {"200"}
    stream.wait_for("room_finished")
    assert stream.types[0] == "room_started" and stream.types[-1] == "room_finished"
    assert len(stream.types) == len(sent.stdout.strip().split("\n"))
    joined = {e["data"]["participant"]["id"] for e in stream.events if e["type"] == "participant_joined"}
    left = {e["data"]["participant"]["id"] for e in stream.events if e["type"] == "participant_left"}
    assert joined == left and len(joined) == 3
    assert not any("synthetic" in event for event in stream.events)


def test_send_says_what_was_refused_and_exits_1(shared, folder):
    config = roomwire.settings()
    config["sources"]["livekit"]["keys"] = {roomwire.LIVEKIT_KEY: "not the secret that the relay has, but as long"}
    (folder / "roomwire.yaml").write_text(json.dumps(config))
    sent = roomwire.command(
        "send", "--source", "livekit", "--file", str(roomwire.VECTORS / "livekit-real-meeting.jsonl"),
        "--url", shared.base, folder=folder)
    assert sent.returncode == 1
    assert sent.stdout.startswith("401")


def test_tail_prints_every_event_as_the_json_that_came(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    arguments = [
        roomwire.BINARY, "tail", "--json", "--url", shared.base, "--room", room, "--config",
        str(shared.folder / "roomwire.yaml"), "--data", str(shared.folder / "data")]
    with subprocess.Popen(
            arguments, env=roomwire.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True) as tail:
        try:
            assert "connected" in tail.stderr.readline()
            providers.post_meeting(shared, room)
            lines = [tail.stdout.readline() for _ in range(6)]
        finally:
            tail.send_signal(signal.SIGKILL)
    assert [json.loads(line) for line in lines] == stream.wait_events(6)


def test_tail_comes_back_after_a_kill_and_misses_nothing(start):
    relay = start(streams={"retry": "100ms"})
    arguments = [
        roomwire.BINARY, "tail", "--json", "--url", relay.base, "--config", str(relay.folder / "roomwire.yaml"),
        "--data", str(relay.folder / "data")]
    with subprocess.Popen(
            arguments, env=roomwire.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True) as tail:
        try:
            assert "connected" in tail.stderr.readline()
            providers.post_meeting(relay, "call_1")
            lines = [tail.stdout.readline() for _ in range(6)]
            relay.kill()
            relay.start()
            providers.post_meeting(relay, "call_2")
            lines += [tail.stdout.readline() for _ in range(6)]
        finally:
            tail.send_signal(signal.SIGKILL)
    assert [json.loads(line)["room"] for line in lines] == ["call_1"] * 6 + ["call_2"] * 6


def test_tail_with_a_bad_token_ends_with_a_sentence(shared):
    tail = roomwire.command("tail", "--url", shared.base, "--token", roomwire.token(ttl=-100))
    assert tail.returncode == 1
    assert "expired" in tail.stderr


def test_verify_gives_the_expected_verdict_on_every_livekit_vector(folder):
    vectors = json.loads((roomwire.VECTORS / "livekit.json").read_text())
    sources = {"livekit": {"provider": "livekit", "keys": vectors["keys"]}}
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(sources=sources)))
    done = roomwire.command("verify", "--source", "livekit", str(roomwire.VECTORS / "livekit.json"), folder=folder)
    verdicts = [json.loads(line) for line in done.stdout.strip().split("\n")]
    assert len(verdicts) == len(vectors["vectors"])
    for vector, verdict in zip(vectors["vectors"], verdicts):
        assert verdict["name"] == vector["name"]
        assert list(verdict)[:2] == ["name", "accepted"] and {"reason", "event"} <= verdict.keys()
        if vector["expect"] != "either":
            assert verdict["accepted"] == vector["expect"], verdict
        assert (verdict["reason"] is None) == verdict["accepted"]
    assert done.returncode == 1


def test_verify_exits_0_when_all_is_accepted(folder):
    settings_file(folder)
    file = str(roomwire.VECTORS / "livekit-real-meeting.jsonl")
    done = roomwire.command("verify", "--source", "livekit", file, folder=folder)
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.strip().split("\n")]
    assert len(verdicts) == 20 and all(verdict["event"]["type"] for verdict in verdicts)


def test_verify_at_another_time_refuses_what_has_expired(folder):
    settings_file(folder)
    file = str(roomwire.VECTORS / "livekit-real-meeting.jsonl")
    done = roomwire.command("verify", "--source", "livekit", "--at", "1795210000", file, folder=folder)
    assert done.returncode == 1
    assert {json.loads(line)["reason"] for line in done.stdout.strip().split("\n")} == {"expired"}


def test_verify_reads_a_raw_request_from_standard_input(folder):
    settings_file(folder)
    body = providers.livekit_body("room_started")
    head = "".join(f"{name}: {value}\r\n" for name, value in providers.livekit_headers(body).items())
    request = f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    done = roomwire.command("verify", "--source", "livekit", "-", folder=folder, input=request + body.decode())
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["event"]["type"] == "room_started"


@pytest.mark.parametrize(
    "arguments",
    [["verify", "--source", "livekit", "no-such-file"], ["verify", "--source", "nowhere", "-"]],
    ids=["no_file", "no_source"],
)
def test_verify_exits_2_for_what_cannot_be_used(folder, arguments):
    settings_file(folder)
    done = roomwire.command(*arguments, folder=folder, input="{}")
    assert done.returncode == 2
    assert done.stderr.startswith("roomwire: ") and not done.stdout


def test_check_shows_good_settings_and_no_secrets(folder):
    done = roomwire.command("check", "--config", settings_file(folder))
    assert done.returncode == 0, done.stderr
    assert "streams.heartbeat" in done.stdout
    for secret in (roomwire.LIVEKIT_SECRET, roomwire.TOKEN_SECRET, roomwire.DAILY_SECRET):
        assert secret not in done.stdout


def test_check_names_line_and_key_of_what_is_wrong(folder):
    path = folder / "bad.yaml"
    path.write_text("listen: 127.0.0.1:3001\nstreams:\n  heartbaet: 15s\n  per_user: many\nsauces: {}\n")
    done = roomwire.command("check", "--config", str(path))
    assert done.returncode in (1, 2)
    for place in (("3", "heartbaet"), ("4", "per_user"), ("5", "sauces")):
        assert any(all(word in line for word in place) for line in done.stderr.splitlines()), done.stderr


def test_a_variable_that_is_no_setting_is_an_error():
    done = roomwire.command("check", ROOMWIRE_STREAMS_PER_USR="5")
    assert done.returncode in (1, 2)
    assert "ROOMWIRE_STREAMS_PER_USER" in done.stderr
