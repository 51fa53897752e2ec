"""What the relay finds on its machine: the data folder, the limit of open files, damaged files, an empty settings file."""

import json
import resource
import signal
import subprocess

import pytest

import relay as roomwire

import test_reload


def serve(folder, *flags, files=None, **variables):
    """Starts a relay that is expected to refuse, and waits for its end."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    return subprocess.run(
        [roomwire.BINARY, "serve", "--listen", f"127.0.0.1:{roomwire.free_port()}", "--data", folder / "data", *flags],
        env=roomwire.clean_environment(**variables), capture_output=True, text=True, timeout=60,
        preexec_fn=limit if files else None)


@pytest.mark.parametrize("files", [64, 200, 255])
def test_relay_with_too_few_open_files_does_not_start(folder, files):
    done = serve(folder, files=files)
    assert done.returncode == 2
    assert "LimitNOFILE" in done.stderr and "ulimit" in done.stderr and str(files) in done.stderr


def test_relay_with_few_open_files_has_a_bound_of_streams(folder):
    relay = roomwire.Relay(folder / "relay", roomwire.settings(streams={"per_user": 0, "total": 0}))

    process = subprocess.Popen(
        [roomwire.BINARY, "serve", "--listen", f"127.0.0.1:{relay.port}", "--data", relay.data, *relay.flags],
        env=roomwire.clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    relay.process = process
    try:
        relay.wait_ready()
        assert relay.metric("roomwire_streams_limit") == 56
    finally:
        relay.stop()



@pytest.mark.parametrize("text", ["", "# sources: {}\n", "sources:\n", "tokens:\n  issuers:\n"])
def test_reload_that_loses_what_was_set_up_is_refused(start, text):
    relay = start()
    test_reload.reload(relay, text, "refused")
    assert "restart the relay" in relay.said()
    assert relay.get("/rooms", roomwire.token()).status_code == 200
    body = b'{"type":"tick","room":"a"}'
    assert relay.post("app", test_reload.providers.standard_headers(body), body).status_code == 200
    test_reload.reload(relay, roomwire.settings())


@pytest.mark.parametrize("section, words", [("sources", "no source is left"), ("tokens", "no issuer is left")])
def test_file_that_was_cut_off_is_refused_on_reload(start, section, words):
    relay = start()
    config = roomwire.settings()
    del config[section]
    test_reload.reload(relay, config, "refused")
    assert words in relay.said()


def test_restart_takes_what_a_reload_refuses(start):
    relay = start()
    relay.kill()
    (relay.folder / "roomwire.yaml").write_text("# nothing\n")
    relay.start()
    assert relay.get("/rooms", roomwire.token()).status_code == 401


@pytest.mark.parametrize("name", ["log.sqlite", "log.lock", "revocations.json", "token-secret"])
def test_link_in_the_data_folder_is_not_followed(folder, name):
    data = folder / "data"
    data.mkdir(mode=0o700)
    (folder / "elsewhere").write_text("another user's file")
    (data / name).symlink_to(folder / "elsewhere")
    done = serve(folder)
    assert done.returncode == 2 and "symbolic link" in done.stderr
    assert (folder / "elsewhere").read_text() == "another user's file"


def test_data_folder_that_everybody_can_write_is_refused(folder):
    data = folder / "data"
    data.mkdir()
    data.chmod(0o777)
    done = serve(folder)
    assert done.returncode == 2 and "chmod o-w" in done.stderr
    assert not list(data.iterdir())


def test_link_in_the_way_of_the_revocations_is_removed(start):
    relay = start()
    (relay.folder / "elsewhere").write_text("another user's file")
    (relay.data / "revocations.json.new").symlink_to(relay.folder / "elsewhere")
    answer = roomwire.requests.post(
        relay.url("/admin/revoke"), json={"user": "eve"}, timeout=30,
        headers={"Authorization": f"Bearer {roomwire.token(grant={'admin': True})}"})
    assert answer.status_code == 200
    assert "eve" in (relay.data / "revocations.json").read_text()
    assert (relay.folder / "elsewhere").read_text() == "another user's file"


@pytest.mark.parametrize("damage", ["no database", "a page"])
def test_damaged_log_says_what_to_do_and_is_not_tried_again(start, damage):
    relay = start()
    test_reload.providers.post_meeting(relay)
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(60) == 0
    log = relay.data / "log.sqlite"
    bytes = bytearray(log.read_bytes())
    if damage == "no database":
        bytes[:100] = b"x" * 100
    else:
        bytes[100:] = b"\xAA" * (len(bytes) - 100)
    log.write_bytes(bytes)
    # It may hold whole pages still.
    (relay.data / "log.sqlite-wal").unlink(missing_ok=True)
    done = serve(relay.folder)
    assert done.returncode == 2, done.stderr
    assert "is damaged" in done.stderr and str(log) in done.stderr and "move it away" in done.stderr
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
        (relay.data / name).unlink(missing_ok=True)
    relay.start()


@pytest.mark.parametrize("text", [
    "listen: https://127.0.0.1:0\n", "tokens: {issuers: [{name: a, jwks_file: /nowhere}]}\n",
    'cors: {origins: ["nonsense"]}\n',
], ids=["tls", "issuer", "origin"])
def test_settings_that_cannot_be_used_exit_with_2(folder, text):
    (folder / "roomwire.yaml").write_text(text)
    done = subprocess.run(
        [roomwire.BINARY, "serve", "--data", folder / "data", "--config", folder / "roomwire.yaml"],
        env=roomwire.clean_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr


def test_demo_leaves_no_folders_but_its_own(folder):
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    relay = roomwire.Relay(folder / "relay", flags=["--demo"], HOME=str(home), TMPDIR=str(temporary))
    relay.start()
    try:
        roomwire.wait_until(
            lambda: relay.metric('roomwire_webhooks_total{source="demo",outcome="accepted"}') > 0, "a webhook")
        relay.process.send_signal(signal.SIGTERM)
        assert relay.process.wait(60) == 0
    finally:
        relay.stop()
    assert [*home.rglob("*"), *temporary.rglob("*")] == []


def test_json_log_escapes_direction_marks(start):
    relay = start()
    roomwire.requests.get(relay.url("/events?\u202e%E2%80%AE=1"), timeout=30)
    roomwire.requests.get(relay.url("/%E2%80%AE%E2%80%A8x"), timeout=30)
    roomwire.wait_until(lambda: any(line.get("path") for line in relay.log_lines()), "the request's line")
    said = relay.said()
    for mark in "\u202e\u2028\u2029\u200f":
        assert mark not in said
    assert all(json.loads(line) for line in said.split("\n") if line.startswith("{"))
