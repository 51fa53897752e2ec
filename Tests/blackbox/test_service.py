"""Under a service manager: what is told to it, and sockets that outlive the relay."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

import clients
import providers
import relay as roomwire
from test_ready import StoppedThread, wait_ready


class Manager:
    """systemd's side of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(0.2)
        self.told = []

    def listen(self):
        with contextlib.suppress(TimeoutError):
            while True:
                self.told.append(self.socket.recv(4096).decode())

    def wait(self, word, after=0):
        def found():
            self.listen()
            return [text for text in self.told[after:] if word in text.split("\n")[0]]

        return roomwire.wait_until(found, f"{word} among {self.told}")[0]


@pytest.fixture(params=["file", "abstract"])
def manager(request, folder):
    manager = Manager(str(folder / "notify") if request.param == "file" else f"@roomwire-test-{os.getpid()}")
    yield manager
    manager.socket.close()


def test_the_service_manager_hears_of_every_change(start, manager):
    relay = start(environment={"NOTIFY_SOCKET": manager.address}, drain="100ms")
    assert str(relay.port) in manager.wait("READY=1")
    relay.process.send_signal(signal.SIGHUP)
    told = manager.wait("RELOADING=1")
    microseconds = next(line for line in told.split("\n") if line.startswith("MONOTONIC_USEC="))
    assert 0 < int(microseconds.partition("=")[2]) <= time.monotonic_ns() // 1000
    manager.wait("READY=1", after=manager.told.index(told) + 1)
    (relay.folder / "roomwire.yaml").write_text("nonsense: [")
    relay.process.send_signal(signal.SIGHUP)
    after = len(manager.told)
    assert "the last reload was refused" in manager.wait("READY=1", after=after)
    relay.process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    # It did not ask to be watched.
    assert not [text for text in manager.told if "WATCHDOG" in text]


@pytest.mark.slow
def test_the_watchdog_is_fed_as_long_as_every_loop_turns(start, folder):
    manager = Manager(str(folder / "notify"))
    relay = start(loops=2, environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"})
    for count in (1, 2, 3):
        roomwire.wait_until(
            lambda: manager.listen() or len([t for t in manager.told if t == "WATCHDOG=1"]) >= count, "a WATCHDOG=1")
    with StoppedThread(relay.process.pid, "loop-1"):
        # It may take a moment until it counts as standing; then nothing comes for longer than systemd would wait.
        def silent():
            before = len(manager.told)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                manager.listen()
            return len(manager.told) == before

        roomwire.wait_until(silent, "the watchdog not to be fed")
    before = len(manager.told)
    manager.wait("WATCHDOG=1", after=before)
    relay.process.send_signal(signal.SIGSTOP)
    manager.listen()
    before = len(manager.told)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        manager.listen()
    assert len(manager.told) == before
    relay.process.send_signal(signal.SIGCONT)
    manager.wait("WATCHDOG=1", after=before)


class Activated(roomwire.Relay):
    """A relay that is handed a listening socket, as systemd does it."""

    def __init__(self, folder, config, names="", sockets=1, host="127.0.0.1", **variables):
        super().__init__(folder, config, **variables)
        self.sockets = []
        for _ in range(sockets):
            listening = socket.socket()
            listening.bind((host, 0))
            listening.listen(4096)
            self.sockets.append(listening)
        self.port = self.sockets[0].getsockname()[1]
        self.names = names

    def launch(self):
        script = 'export LISTEN_PID=$$; exec "$0" "$@"'
        descriptors = [listening.fileno() for listening in self.sockets]

        def hand_over():
            # Out of the way first: one of them may be another's target.
            for number, copy in enumerate([os.dup(descriptor) for descriptor in descriptors]):
                os.dup2(copy, 100 + number)
            for number in range(len(descriptors)):
                os.dup2(100 + number, 3 + number)

        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", script, roomwire.BINARY, "serve", "--data", str(self.data), *self.flags],
                env=roomwire.clean_environment(
                    LISTEN_FDS=str(len(descriptors)), LISTEN_FDNAMES=self.names, **self.variables),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=hand_over, close_fds=False)

    def stop(self):
        super().stop()
        for listening in self.sockets:
            listening.close()


@pytest.fixture
def activate(folder):
    relays = []

    def activate(names="", sockets=1, host="127.0.0.1", environment=None, **changes):
        relay = Activated(
            folder / f"activated-{len(relays)}", roomwire.settings(**changes), names, sockets, host,
            **(environment or {}))
        relays.append(relay)
        return relay.start()

    yield activate
    for relay in relays:
        relay.stop()


def test_sockets_that_are_handed_over_are_served_and_listen_does_not_count(activate):
    relay = activate(sockets=2, listen="127.0.0.1:1")
    for listening in relay.sockets:
        port = listening.getsockname()[1]
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code == 200
        assert f"http://127.0.0.1:{port}" in relay.said()


def test_a_descriptor_that_does_not_listen_is_a_sentence(folder):
    with socket.socket() as quiet:
        relay = Activated(folder / "relay", roomwire.settings())
        relay.sockets[0].close()
        relay.sockets[0] = quiet
        relay.launch()
        assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 1
        assert "handed over" in relay.said()


def test_the_socket_and_not_listen_is_what_is_warned_about(activate):
    open_to_all = activate(host="0.0.0.0")
    sentence = f"0.0.0.0:{open_to_all.port} can be reached from other machines"
    roomwire.wait_until(lambda: sentence in open_to_all.said(), "the warning")
    local = activate(listen="0.0.0.0:1")
    assert "other machines" not in local.said()
    roomwire.wait_until(lambda: local.metric("roomwire_ready"), "it to be ready")
    local.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: local.metric('roomwire_reloads_total{outcome="applied"}'), "the reload")
    assert "other machines" not in local.said()


def test_a_socket_for_tls_without_a_certificate_is_a_sentence(folder):
    relay = Activated(folder / "relay", roomwire.settings(), "https")
    relay.launch()
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 2
    assert f"LISTEN_FDS: https://127.0.0.1:{relay.port} needs tls.certificate and tls.key" in relay.said()


@pytest.mark.slow
def test_a_loop_that_has_nothing_left_to_drain_is_not_taken_for_a_stalled_one(activate, folder):
    """One loop waits for a request that drips in; the other is done at once, and the watchdog is fed all the same."""
    manager = Manager(str(folder / "notify"))
    relay = activate(
        loops=2, drain="6s", environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"})
    with clients.RawConnection(relay) as slow:
        slow.send(b"POST /api/webhooks/app HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
        wait_ready(relay)
        relay.process.send_signal(signal.SIGTERM)
        manager.wait("STOPPING=1")
        before = len(manager.told)
        assert roomwire.wait_until(lambda: manager.listen() or relay.process.poll() is not None, "the end")
    assert relay.process.returncode == 0
    # Every second for about six; the watchdog's time is two.
    assert len([text for text in manager.told[before:] if text == "WATCHDOG=1"]) >= 3
    assert "has not turned" not in relay.said()


def test_no_reload_follows_the_end(start, manager):
    relay = start(environment={"NOTIFY_SOCKET": manager.address}, drain="20s")
    streams = [clients.subscribe(relay) for _ in range(5)]
    relay.process.send_signal(signal.SIGTERM)
    told = manager.wait("STOPPING=1")
    relay.process.send_signal(signal.SIGHUP)
    for stream in streams:
        stream.control("draining")
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    manager.listen()
    assert not [text for text in manager.told[manager.told.index(told):] if "READY=1" in text]
    assert relay.said().count('"stopped"') == 1


def test_variables_for_another_process_do_not_count(start):
    relay = start(environment={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert relay.get("/rooms", roomwire.token()).status_code == 200


def test_a_restart_refuses_nobody(activate):
    """Clients connect all the while, each with a new connection, one of them with connections that it keeps."""
    relay = activate(drain="2s", loops=2, streams={"per_user": 0, "retry": "100ms"})
    stop = threading.Event()
    faults, answered, opened = [], [], []

    def guard(work):
        def run():
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    work(number)
                except Exception as error:
                    faults.append(repr(error))
        return run

    def ask(_):
        answered.append(requests.get(relay.base + "/healthz", timeout=30).status_code)

    def publish(number):
        body = providers.livekit_body("room_started", f"call_{threading.get_ident()}_{number}")
        answer = relay.post("livekit", providers.livekit_headers(body), body)
        answered.append(answer.status_code)

    def follow(_):
        stream = clients.Stream(relay, "limit=1&lastEventId=0", roomwire.token())
        assert stream.status == 200, stream.bytes
        stream.read_to_end()
        opened.append(stream)

    threads = [threading.Thread(target=guard(work)) for work in (ask, ask, publish, publish, follow)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            count = len(answered) + len(opened)
            roomwire.wait_until(lambda: len(answered) + len(opened) > count + 50, "traffic")
            relay.process.send_signal(signal.SIGTERM)
            assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
            relay.launch()
        count = len(answered)
        roomwire.wait_until(lambda: len(answered) > count + 50, "traffic after the last restart")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults, faults[:5]
    assert set(answered) == {200} and opened
