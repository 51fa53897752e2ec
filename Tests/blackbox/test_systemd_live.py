"""The package under a real systemd: the sandbox lets the relay live, a restart refuses nobody, a hang is noticed."""

import json
import re
import resource
import signal
import threading

import pytest
import requests

import clients
import machine
import providers
import relay as roomwire


README = roomwire.ROOT / "deploy" / "README.md"


class InstalledRelay:
    """The relay of a machine; like a relay it has `port`, `url` and `post`."""

    def __init__(self, system, port):
        self.system = system
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def url(self, path):
        return f"{self.base}/api{path}"

    def post(self, source, headers, body):
        return requests.post(self.url(f"/webhooks/{source}"), body, headers=headers, timeout=roomwire.DEADLINE_SECONDS)

    def status(self, path):
        return requests.get(self.base + path, timeout=roomwire.DEADLINE_SECONDS).status_code

    def pid(self):
        return self.system.show("MainPID")

    def configure(self, **changes):
        settings = {**roomwire.settings(**changes), "data": "/var/lib/roomwire", "drain": "1s"}
        self.system.write("/etc/roomwire/roomwire.yaml", json.dumps(settings))


@pytest.fixture(scope="module")
def installed(package, tmp_path_factory):
    if reason := machine.why_not():
        pytest.skip(reason)
    system = machine.Machine(tmp_path_factory.mktemp("machine"))
    try:
        relay = InstalledRelay(system, roomwire.free_port())
        system.write("/run/systemd/system/roomwire.socket.d/port.conf",
                     f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{relay.port}\n")
        system.write("/run/systemd/system/roomwire.service.d/watchdog.conf", "[Service]\nWatchdogSec=5s\nTimeoutAbortSec=2s\n")
        system.run("dpkg", "-i", str(package))
        roomwire.wait_until(lambda: system.show("ActiveState") == "active", "the installed relay to run")
        relay.configure()
        system.run("systemctl", "restart", "roomwire.service")
        yield relay
    finally:
        system.stop()


def test_the_sandbox_lets_it_do_its_work(installed):
    assert installed.system.show("ActiveState") == "active"
    assert installed.status("/healthz") == 200
    roomwire.wait_until(lambda: installed.status("/readyz") == 200, "the relay to be ready")
    status = installed.system.run("cat", f"/proc/{installed.pid()}/status")
    for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in status
    assert installed.system.run("stat", "-c", "%U %a", "/var/lib/roomwire") == "roomwire 700"
    assert installed.system.show("LimitNOFILE") == "524288"
    page = requests.get(installed.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    # Where even root may not raise its limit, as in some containers, systemd leaves it as it was.
    limits = {524288, resource.getrlimit(resource.RLIMIT_NOFILE)[1]}
    assert int(re.search(r"^process_max_fds (.*)$", page, re.MULTILINE)[1]) in limits
    for name in ("process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds"):
        assert float(re.search(rf"^{name} (.*)$", page, re.MULTILINE)[1]) > 0, f"{name}: /proc is not all there"
    with clients.subscribe(installed) as stream:
        providers.post_meeting(installed, "sandboxed")
        stream.wait_for("room_finished")


def test_a_restart_refuses_no_webhook_and_no_client_and_loses_no_event(installed):
    posted, refused = [], []
    done = threading.Event()

    def post():
        while not done.is_set():
            room = f"restarted_{len(posted)}"
            body = providers.livekit_body("room_started", room)
            try:
                status = installed.post("livekit", providers.livekit_headers(body), body).status_code
            except requests.RequestException as error:
                status = error
            posted.append(room)
            if status != 200:
                refused.append(status)

    with clients.subscribe(installed) as stream:
        poster = threading.Thread(target=post)
        poster.start()
        try:
            stream.wait_events(3)
            before = installed.pid()
            installed.system.run("systemctl", "restart", "roomwire.service")
            assert installed.pid() != before
            stream.read_to_end()
            assert "draining" in [message["type"] for message in stream.messages]
            count = len(posted)
            roomwire.wait_until(lambda: len(posted) >= count + 3, "webhooks after the restart")
        finally:
            done.set()
            poster.join(roomwire.DEADLINE_SECONDS)
        seen = [event["room"] for event in stream.events]
        last = stream.ids[-1]
    with clients.subscribe(installed, f"lastEventId={last}") as stream:
        stream.wait_events(len(posted) - len(seen))
        seen += [event["room"] for event in stream.events]
    assert refused == []
    assert seen == posted


def test_a_reload_keeps_streams_and_a_bad_file_changes_nothing(installed):
    before = installed.pid()
    with clients.subscribe(installed) as stream:
        installed.configure(sources={"renamed": {"provider": "livekit", "keys": {
            roomwire.LIVEKIT_KEY: roomwire.LIVEKIT_SECRET}}})
        installed.system.run("systemctl", "reload", "roomwire.service")
        body = providers.livekit_body("room_started", "renamed")
        roomwire.wait_until(
            lambda: installed.post("renamed", providers.livekit_headers(body), body).status_code == 200, "the new source")
        stream.wait_for("room_started")
        installed.system.write("/etc/roomwire/roomwire.yaml", "lisen: [")
        installed.system.command("systemctl", "reload", "roomwire.service")
        providers_left = providers.livekit_body("room_finished", "renamed")
        assert installed.post(
            "renamed", providers.livekit_headers(providers_left), providers_left).status_code == 200
        stream.wait_for("room_finished")
    assert installed.pid() == before
    installed.configure()
    installed.system.run("systemctl", "reload", "roomwire.service")


def test_the_address_is_changed_in_the_socket(installed):
    port = roomwire.free_port()
    installed.system.write("/run/systemd/system/roomwire.socket.d/port.conf",
                           f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\nListenStream=127.0.0.2:{port}\n")
    installed.system.run("systemctl", "daemon-reload")
    told = re.search(r"(systemctl stop roomwire.socket.*) && sudo (systemctl start .*)", README.read_text())
    for command in told.groups():
        installed.system.run(*command.split())
    installed.port, installed.base = port, f"http://127.0.0.1:{port}"
    assert installed.status("/healthz") == 200
    assert requests.get(f"http://127.0.0.2:{port}/healthz", timeout=roomwire.DEADLINE_SECONDS).status_code == 200


def test_a_relay_that_hangs_is_started_anew(installed):
    before = installed.pid()
    installed.system.run("kill", f"-{int(signal.SIGSTOP)}", before)
    roomwire.wait_until(lambda: installed.pid() not in (before, "0"), "another process", seconds=60)
    assert installed.system.show("NRestarts") != "0"
    roomwire.wait_until(lambda: installed.system.show("ActiveState") == "active", "it to be active", seconds=60)
    assert installed.status("/healthz") == 200


def test_settings_that_cannot_be_used_end_it_until_somebody_looks(installed):
    installed.system.write("/etc/roomwire/roomwire.yaml", "lisen: 127.0.0.1:3001\n")
    assert installed.system.command("systemctl", "restart", "roomwire.service").returncode != 0
    roomwire.wait_until(lambda: installed.system.show("ActiveState") == "failed", "it to be given up")
    assert installed.system.show("ExecMainStatus") == "2"
    installed.configure()
    installed.system.run("systemctl", "reset-failed", "roomwire.socket", "roomwire.service")
    installed.system.run("systemctl", "start", "roomwire.socket", "roomwire.service")
    assert installed.status("/healthz") == 200
