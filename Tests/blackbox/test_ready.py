"""/readyz: whether webhooks would get through, and why not."""

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess

import pytest
import requests

import clients
import providers
import relay as roomwire


def readiness(relay):
    answer = requests.get(relay.base + "/readyz", timeout=roomwire.DEADLINE_SECONDS)
    assert (answer.status_code == 200) == answer.json()["ready"], answer.text
    assert answer.status_code in (200, 503)
    return answer.json()


def wait_ready(relay, ready=True, **arguments):
    return roomwire.wait_until(
        lambda: (lambda found: found if found["ready"] == ready else None)(readiness(relay)),
        f"ready to be {ready}", **arguments)


def test_a_canary_makes_it_ready_and_is_never_seen(start):
    relay = start(loops=2)
    stream = clients.subscribe(relay, "lastEventId=0")
    first = wait_ready(relay)
    assert all(loop["ok"] for loop in first["loops"]) and len(first["loops"]) == 2
    assert first["ingest"]["ok"] and first["log"]["ok"] and first["sources"]["count"] == 3
    providers.post_meeting(relay)
    stream.wait_for("room_finished")
    cursor = stream.ids[2]
    wait_canaries(relay)
    # Nothing of it in events, in history, in the rooms, or in what is counted of events.
    providers.post_livekit(relay, providers.livekit_body("room_started", "call_43"))
    stream.wait_events(7)
    assert len(stream.events) == 7 and {event["source"] for event in stream.events} == {"livekit"}
    assert relay.metric("roomwire_events_total") == 7 and relay.metric("roomwire_ready") == 1
    assert [room["name"] for room in relay.get("/rooms", roomwire.token()).json()["rooms"]] == ["call_43"]
    page = relay.get("/events?format=json&lastEventId=0", roomwire.token()).json()
    assert [event["id"] for event in page["events"]] == stream.ids
    # A resume that passes canaries is exact.
    resumed = clients.subscribe(relay, f"lastEventId={cursor}")
    assert [event["id"] for event in resumed.wait_events(4)] == stream.ids[3:]
    assert not [message for message in resumed.messages if message["type"] == "resync"]


def wait_canaries(relay):
    """Waits until canaries went through after this moment: the log's file grows by them."""
    wal = pathlib.Path(relay.data) / "log.sqlite-wal"
    before = wal.stat().st_mtime_ns
    roomwire.wait_until(lambda: wal.stat().st_mtime_ns > before, "a canary in the log")


def test_canaries_do_not_fill_the_log(start):
    relay = start()
    wait_ready(relay)
    for _ in range(3):
        wait_canaries(relay)
    relay.kill()
    relay.start()
    assert relay.get("/events?format=json&lastEventId=0", roomwire.token()).json()["events"] == []
    assert relay.metric("roomwire_journal_events") == 0


def test_without_a_source_it_is_ready_and_says_so(start):
    relay = start({})
    assert "No source" in wait_ready(relay)["sources"]["note"]


def test_draining_is_not_ready(start):
    relay = start(drain="20s")
    wait_ready(relay)
    streams = [clients.subscribe(relay) for _ in range(30)]
    relay.process.send_signal(signal.SIGTERM)
    found = wait_ready(relay, ready=False)
    assert "stopping" in found["drain"]["why"]
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0


class StoppedThread:
    """Holds one thread of a process by ptrace, as a bug or a stuck disk would."""

    SEIZE, INTERRUPT = 0x4206, 0x4207

    def __init__(self, pid, name):
        tasks = pathlib.Path(f"/proc/{pid}/task")
        self.thread = next(int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == name)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
        self.libc.ptrace.restype = ctypes.c_long

    def __enter__(self):
        if self.libc.ptrace(self.SEIZE, self.thread, None, None) != 0:
            pytest.skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")
        assert self.libc.ptrace(self.INTERRUPT, self.thread, None, None) == 0
        os.waitpid(self.thread, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        # Detach.
        self.libc.ptrace(17, self.thread, None, None)


@pytest.mark.slow
def test_a_loop_that_stands_still_is_found_and_said(start):
    relay = start(loops=2)
    wait_ready(relay)

    def ask():
        # Connections that the standing loop got are not answered: ask until another takes one.
        try:
            return requests.get(relay.base + "/readyz", timeout=1)
        except requests.RequestException:
            return None

    with StoppedThread(relay.process.pid, "loop-1"):
        def unready():
            answer = ask()
            return answer.json() if answer is not None and answer.status_code == 503 else None

        found = roomwire.wait_until(unready, "not to be ready", seconds=60)
        assert found["loops"][0]["ok"] and not found["loops"][1]["ok"] and "loop 1" in found["loops"][1]["why"]
        assert found["loops"][1]["lagMs"] > 2000 and found["log"]["ok"]
        roomwire.wait_until(lambda: "loop 1 has not turned" in relay.said(), "the log to say so")
    wait_ready(relay)
    roomwire.wait_until(lambda: "loop 1 turns again" in relay.said(), "the log to say that it is over")


@pytest.mark.slow
def test_a_log_that_cannot_commit_is_said(start, folder):
    """The log's folder is a file system with no room left."""
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        relay = start(data=small / "data")
        wait_ready(relay)
        ballast = os.open(small / "ballast", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while os.write(ballast, b"x" * 65536):
                pass
        os.close(ballast)
        found = wait_ready(relay, ready=False, seconds=60)
        assert "commit" in found["log"]["why"] and found["ingest"]["ok"]
        (small / "ballast").unlink()
        wait_ready(relay, seconds=60)
        relay.stop()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
