"""The limit of open files: connections wait, streams go on, and the log says what to do."""

import contextlib
import resource
import socket

import requests

import clients
import providers
import relay as roomwire

FILES = 260


def reading(page, name):
    return next(float(line.split(" ")[1]) for line in page.splitlines() if line.startswith(name + " "))


def test_out_of_files_the_log_says_so_and_everything_goes_on_afterwards(start):
    relay = start()
    stream = clients.subscribe(relay)
    # A connection that was there before, as that of somebody who looks at the metrics.
    watcher = requests.Session()
    page = watcher.get(relay.base + "/metrics", timeout=30).text
    # Of a process that runs; the relay itself could raise a lower one.
    resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    with contextlib.ExitStack() as idle:
        for _ in range(FILES + 100):
            idle.enter_context(socket.create_connection(("127.0.0.1", relay.port), timeout=30))
        roomwire.wait_until(
            lambda: f"cannot accept connections: Too many open files: {FILES} may be open" in relay.said(),
            f"the log to say so: {relay.said()}")
        # What is read from /proc needs a file, too.
        def shown():
            page = watcher.get(relay.base + "/metrics", timeout=30).text
            return page if reading(page, "process_open_fds") >= FILES - 10 else None

        full = roomwire.wait_until(shown, "the metrics to show it")
        assert reading(full, "process_max_fds") == FILES
        assert reading(full, "process_start_time_seconds") == reading(page, "process_start_time_seconds")
        assert reading(full, "process_cpu_seconds_total") >= reading(page, "process_cpu_seconds_total")
        assert reading(full, "process_resident_memory_bytes") > 0

    def answers():
        with contextlib.suppress(requests.RequestException):
            return requests.get(relay.base + "/healthz", timeout=5).status_code == 200

    roomwire.wait_until(answers, "the relay to accept again")
    providers.post_meeting(relay)
    assert stream.wait_for("room_finished") and stream.is_open()
    roomwire.wait_until(lambda: relay.descriptors() < FILES / 2, "the connections to be closed")
