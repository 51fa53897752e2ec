"""The command: what it prints and how it exits."""

import json
import signal
import subprocess

import pytest

import clients
import providers
import relay as roomwire
import secure


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


@pytest.fixture
def tls(folder):
    relay = secure.SecureRelay(folder / "relay", secure.Certificate(folder)).start()
    yield relay
    relay.stop()


def test_a_file_of_certificates_is_trusted_by_flag_and_by_environment(tls, room):
    providers.post_meeting(tls, room)
    file = str(tls.certificate.file)
    tail = ("tail", "--json", "--url", tls.secure.base, "--room", room, "--since", "1h", "--limit", "6")
    for arguments, environment in [(("--ca-file", file), {}), ((), {"SSL_CERT_FILE": file})]:
        done = tls.run(*tail, *arguments, seconds=30, **environment)
        assert done.returncode == 0, done.stderr
        assert [json.loads(line)["room"] for line in done.stdout.splitlines()] == [room] * 6
        done = tls.run("send", "--source", "livekit", "--scenario", "meeting", "--speed", "1000", "--url",
                       tls.secure.base, *arguments, **environment)
        assert done.returncode == 0, done.stderr
        done = tls.run("tail", "--diagnose", tls.secure.base, *arguments, **environment)
        assert "ok      buffering" in done.stdout, done.stderr
        recorded = tls.run(*tail, "--raw", *arguments, seconds=30, **environment)
        done = tls.run("replay", "-", "--source", "livekit", "--speed", "max", "--url", tls.secure.base, *arguments,
                       input=recorded.stdout, **environment)
        assert done.stdout == "sent 6, accepted 0, duplicate 6, refused 0\n", done.stderr


def test_no_second_http_client_is_linked():
    linked = subprocess.run(["ldd", roomwire.BINARY], capture_output=True, text=True, timeout=60).stdout
    assert "libcurl.so" in linked and "FoundationNetworking" not in linked


def test_a_certificate_that_is_not_trusted_is_a_sentence(tls, folder):
    other = secure.Certificate(folder, "other")
    for arguments in [(), ("--ca-file", str(other.file))]:
        done = tls.run("send", "--source", "livekit", "--scenario", "meeting", "--url", tls.secure.base, *arguments)
        assert done.returncode == 1 and "--ca-file" in done.stderr and "certificate" in done.stderr, done.stderr
    assert tls.handshakes("completed") == 0
    done = tls.run("tail", "--url", tls.secure.base, "--ca-file", "no-such-file.pem")
    assert done.returncode == 2 and "no-such-file.pem: there is no such file" in done.stderr


def test_tail_takes_what_a_stream_takes(shared, room):
    providers.post_livekit(shared, *providers.meeting(room, ("ada", "eve"))[:-1])
    url = ("--url", shared.base, "--room", room)
    every = shared.run("tail", *url, "--json", "--tail", "100", "--limit", "3")
    assert every.returncode == 0 and len(every.stdout.splitlines()) == 3
    last = [json.loads(line) for line in shared.run(
        "tail", *url, "--json", "--tail", "1", "--limit", "1").stdout.splitlines()]
    assert len(last) == 1
    one = shared.run("tail", *url, "--json", "--since", "1h", "--participant", "eve", "--limit", "1")
    assert json.loads(one.stdout)["data"]["participant"]["identity"] == "eve"


def test_tail_begins_with_a_snapshot(shared, room):
    bodies = providers.meeting(room, ("ada",))
    providers.post_livekit(shared, *bodies[:2])
    arguments = ["tail", "--url", shared.base, "--room", room, "--snapshot", "--limit", "1"]
    with subprocess.Popen(
            [roomwire.BINARY, *arguments, "--config", str(shared.folder / "roomwire.yaml"),
             "--data", str(shared.folder / "data")],
            env=roomwire.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        assert tail.stdout.readline() == f"{room} is open; inside: ada\n"
        providers.post_livekit(shared, bodies[-1])
        assert tail.stdout.readline().split()[1] == room
        assert tail.wait(roomwire.DEADLINE_SECONDS) == 0


def test_tail_counts_its_limit_over_a_reconnect(start):
    relay = start(streams={"retry": "100ms"})
    arguments = [
        roomwire.BINARY, "tail", "--json", "--limit", "8", "--url", relay.base, "--config",
        str(relay.folder / "roomwire.yaml"), "--data", str(relay.folder / "data")]
    with subprocess.Popen(
            arguments, env=roomwire.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True) as tail:
        assert "connected" in tail.stderr.readline()
        providers.post_meeting(relay, "call_1")
        lines = [tail.stdout.readline() for _ in range(6)]
        relay.kill()
        relay.start()
        providers.post_meeting(relay, "call_2")
        lines += tail.stdout.read().splitlines()
        assert tail.wait(roomwire.DEADLINE_SECONDS) == 0
    assert [json.loads(line)["room"] for line in lines] == ["call_1"] * 6 + ["call_2"] * 2


def test_a_misspelt_command_is_told_the_one_that_is_meant():
    for word, meant in [("serv", "serve"), ("sned", "send"), ("chekc", "check")]:
        done = roomwire.command(word)
        assert done.returncode == 64 and f"There is no command {word}. Did you mean {meant}?" in done.stderr
    assert "Did you mean" not in roomwire.command("frobnicate").stderr
