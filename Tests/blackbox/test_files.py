"""The limit of open files: connections wait, streams go on, and the log says what to do."""

import contextlib
import resource
import socket

import requests

import clients
import providers
import relay as roomwire

FILES = 260


def test_out_of_files_the_log_says_so_and_everything_goes_on_afterwards(start):
    relay = start()
    stream = clients.subscribe(relay)
    # Of a process that runs; the relay itself could raise a lower one.
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    with contextlib.ExitStack() as idle:
        for _ in range(FILES + 100):
            idle.enter_context(socket.create_connection(("127.0.0.1", relay.port), timeout=30))
        roomwire.wait_until(
            lambda: f"cannot accept connections: Too many open files: {FILES} may be open" in relay.said(),
            f"the log to say so: {relay.said()}")
        assert relay.process.poll() is None
    def answers():
        with contextlib.suppress(requests.RequestException):
            return requests.get(relay.base + "/healthz", timeout=5).status_code == 200

    roomwire.wait_until(answers, "the relay to accept again")
    providers.post_meeting(relay)
    assert stream.wait_for("room_finished") and stream.is_open()
    roomwire.wait_until(lambda: relay.descriptors() < FILES / 2, "the connections to be closed")
