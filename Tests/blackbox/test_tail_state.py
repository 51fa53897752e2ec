"""tail --state: continues after the last line that the reader of its output has taken."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading

import pytest
import requests

import providers
import relay as roomwire
from relay import wait_until

EVENTS = 200


def post(relay, numbers, room="call_1"):
    """Events of our own backend; `number` is what the tests count by."""
    with requests.Session() as session:
        for number in numbers:
            body = json.dumps({"type": "app.count", "room": room, "data": {"number": number}}).encode()
            answer = session.post(
                relay.url("/webhooks/app"), data=body, headers=providers.standard_headers(body, f"msg_{room}_{number}"),
                timeout=roomwire.DEADLINE_SECONDS)
            assert answer.status_code == 200, answer.text


class Tail:
    """A running `roomwire tail --json --state`, with settings and data of the relay."""

    def __init__(self, relay, state, *flags, stdout=subprocess.PIPE, base=None):
        self.state = pathlib.Path(state)
        arguments = [
            roomwire.BINARY, "tail", "--json", "--state", str(state), "--url", base or relay.base, "--config",
            str(relay.folder / "roomwire.yaml"), "--data", str(relay.folder / "data"), *flags]
        # To a file, since nothing reads it meanwhile.
        self.errors = open(f"{state}.errors", "ab+")
        self.process = subprocess.Popen(
            arguments, env=roomwire.clean_environment(), stdout=stdout, stderr=self.errors)

    def said(self):
        return pathlib.Path(self.errors.name).read_text()

    def place(self):
        return json.loads(self.state.read_text())["lastEventId"] if self.state.exists() else None

    def read(self, count):
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(roomwire.DEADLINE_SECONDS)
        finally:
            self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(roomwire.DEADLINE_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        self.errors.close()


def once(relay, state, *flags):
    """A run to its end: what subprocess.run gives."""
    return relay.run("tail", "--json", "--state", str(state), "--url", relay.base, *flags)


def numbers(lines):
    return [json.loads(line)["data"]["number"] for line in lines]


@pytest.fixture
def relay(start):
    return start(streams={"retry": "50ms", "per_user": 0, "heartbeat": "200ms"})


@pytest.fixture
def state(folder):
    return folder / "place.json"


def test_a_second_run_continues_after_the_first_and_repeats_nothing_after_an_orderly_end(relay, state):
    post(relay, range(10))
    first = once(relay, state, "--since", "0", "--limit", "4")
    second = once(relay, state, "--since", "0", "--limit", "6")
    assert numbers(first.stdout.splitlines()) == [0, 1, 2, 3]
    assert numbers(second.stdout.splitlines()) == [4, 5, 6, 7, 8, 9]
    assert "continuing after" in second.stderr
    assert oct(state.stat().st_mode & 0o777) == "0o600"


def test_a_place_is_saved_only_after_the_reader_has_taken_the_line(relay, state):
    with Tail(relay, state, "--since", "0") as tail:
        wait_until(lambda: tail.place(), "the place of the connection")
        opened = tail.place()
        post(relay, range(3))
        # In the pipe, and read by no one: a reader that ends now would lose it.
        descriptor = tail.process.stdout.fileno()
        wait_until(lambda: unread(descriptor) > 0, "the lines in the pipe")
        ids = []
        for _ in range(5):
            wait_until(lambda: tail.process.poll() is None, "the process to run")
            ids.append(tail.place())
        assert set(ids) == {opened}
        lines = tail.read(3)
        wait_until(lambda: tail.place() == lines[-1]["id"], "the place of the last line")


def unread(descriptor):
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def test_a_heartbeat_moves_the_place_of_a_filter_that_nothing_matches(relay, state):
    with Tail(relay, state, "--type", "nothing_of_this_name") as tail:
        before = wait_until(tail.place, "the place of the connection")
        post(relay, range(2))
        wait_until(lambda: tail.place() != before, "the place to move")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_saves_the_place_and_ends_the_process_as_usual(relay, state, number):
    with Tail(relay, state, "--since", "0") as tail:
        post(relay, range(EVENTS))
        lines = tail.read(EVENTS // 2)
        rest = []
        reader = threading.Thread(target=lambda: rest.extend(tail.process.stdout.readlines()))
        tail.process.send_signal(number)
        reader.start()
        assert tail.wait() == -number
        reader.join()
    seen = [line["data"]["number"] for line in lines] + numbers(rest)
    assert seen == list(range(len(seen)))
    next_run = once(relay, state, "--limit", "1") if len(seen) < EVENTS else None
    if next_run:
        assert numbers(next_run.stdout.splitlines()) == [len(seen)]
    else:
        assert json.loads(state.read_text())["lastEventId"] == json.loads(rest[-1])["id"]


def test_a_signal_ends_a_tail_whose_reader_does_not_read(relay, state):
    with Tail(relay, state, "--since", "0") as tail:
        # Far more than a pipe holds.
        post(relay, range(600))
        wait_until(lambda: unread(tail.process.stdout.fileno()) > 50_000, "the pipe to be full")
        before = tail.place()
        assert tail.end(signal.SIGTERM) == -signal.SIGTERM
        assert tail.place() == before
        text = tail.process.stdout.read()
    lines = text.split(b"\n")[:-1]
    again = once(relay, state, "--limit", "600")
    assert numbers(lines) == list(range(len(lines)))
    assert numbers(again.stdout.splitlines()) == list(range(600))


def test_a_reader_that_leaves_gets_again_what_it_has_not_read(relay, state):
    post(relay, range(EVENTS))
    with Tail(relay, state, "--since", "0") as tail:
        wait_until(lambda: unread(tail.process.stdout.fileno()) > 10_000, "lines in the pipe")
        # One byte at a time, so that no buffer of this test takes more than is read.
        taken = b""
        while taken.count(b"\n") < 20:
            taken += os.read(tail.process.stdout.fileno(), 1)
        tail.process.stdout.close()
        # The next line meets the closed pipe.
        post(relay, range(EVENTS, EVENTS + 1))
        assert tail.wait() == 0
    again = once(relay, state, "--limit", str(EVENTS + 1 - 20))
    assert numbers(taken.splitlines()) + numbers(again.stdout.splitlines()) == list(range(EVENTS + 1))


def test_the_output_of_thirty_kills_holds_every_event_in_order_a_run(relay, state):
    random.seed(11)
    runs = []
    poster = threading.Thread(target=post, args=(relay, range(1500)))
    poster.start()
    for _ in range(30):
        with Tail(relay, state, "--since", "0") as tail:
            # At random: after so many bytes were read.
            wanted, taken = random.randrange(0, 30_000), b""
            while len(taken) < wanted and poster.is_alive():
                taken += os.read(tail.process.stdout.fileno(), 4096)
            tail.process.kill()
            taken += tail.process.stdout.read()
            tail.process.wait(roomwire.DEADLINE_SECONDS)
        # A line that was cut by the kill is no line.
        runs.append(numbers(taken.split(b"\n")[:-1]))
    poster.join()
    with Tail(relay, state, "--since", "0") as tail:
        lines = []
        while not lines or lines[-1] != 1499:
            lines += [line["data"]["number"] for line in tail.read(1)]
        runs.append(lines)
    for run in runs:
        assert run == list(range(run[0], run[0] + len(run))) if run else True
    assert sorted({number for run in runs for number in run}) == list(range(1500))
    assert sum(1 for run in runs if run) > 5


def test_jq_at_the_other_end_of_a_pipe(relay, state, folder):
    post(relay, range(50))
    command = (
        f"{roomwire.BINARY} tail --json --state {state} --since 0 --limit 25 --url {relay.base} "
        f"--config {relay.folder / 'roomwire.yaml'} --data {relay.folder / 'data'} | jq -c .data.number")
    taken = []
    for _ in range(2):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], env=roomwire.clean_environment(), capture_output=True, text=True,
            timeout=60)
        assert done.returncode == 0, done.stderr
        taken += [int(line) for line in done.stdout.splitlines()]
    assert taken == list(range(50))


def test_a_slow_reader_gets_every_line_once(relay, state):
    post(relay, range(800))
    slow = (
        "import sys, time\n"
        "for number, line in enumerate(sys.stdin.buffer):\n"
        "    sys.stdout.buffer.write(line)\n"
        "    if number % 100 == 0: time.sleep(0.05)\n")
    with Tail(relay, state, "--since", "0", "--limit", "800") as tail:
        reader = subprocess.run(
            ["python3", "-c", slow], stdin=tail.process.stdout, capture_output=True, timeout=60)
        assert tail.wait() == 0, tail.said()
    assert numbers(reader.stdout.splitlines()) == list(range(800))
    post(relay, [800])
    assert numbers(once(relay, state, "--limit", "1").stdout.splitlines()) == [800]


def test_output_to_a_file_is_on_the_disk_before_its_place(relay, state, folder):
    post(relay, range(30))
    with open(folder / "events.ndjson", "ab") as output:
        for _ in range(3):
            with Tail(relay, state, "--since", "0", "--limit", "10", stdout=output) as tail:
                assert tail.wait() == 0, tail.said()
    assert numbers((folder / "events.ndjson").read_bytes().splitlines()) == list(range(30))


def test_the_state_is_not_written_once_an_event(relay, state, folder):
    if not shutil.which("strace"):
        pytest.skip("there is no strace here")
    post(relay, range(1000))
    log = folder / "strace.txt"
    arguments = [
        "strace", "-f", "-e", "trace=rename,renameat,renameat2", "-o", str(log), roomwire.BINARY, "tail", "--json",
        "--state", str(state), "--since", "0", "--limit", "1000", "--url", relay.base, "--config",
        str(relay.folder / "roomwire.yaml"), "--data", str(relay.folder / "data")]
    done = subprocess.run(arguments, env=roomwire.clean_environment(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1000
    renames = [line for line in log.read_text().splitlines() if "place.json" in line]
    assert 2 <= len(renames) < 100


def test_the_relay_may_restart_meanwhile(relay, state):
    with Tail(relay, state, "--since", "0") as tail:
        post(relay, range(5))
        first = tail.read(5)
        relay.kill()
        relay.start()
        post(relay, range(5, 10))
        second = tail.read(5)
    assert [line["data"]["number"] for line in first + second] == list(range(10))


# A journal that no longer holds the place


def expire(relay):
    """Removes every event of before from the journal."""
    post(relay, range(1000, 1040), "call_2")


@pytest.fixture
def short(start):
    return start(log={"retention": {"events": 10}}, streams={"retry": "50ms", "per_user": 0})


def expired(relay, state):
    post(relay, range(5))
    assert once(relay, state, "--since", "0", "--limit", "2").returncode == 0
    place = state.read_bytes()
    expire(relay)
    wait_until(lambda: "resync" in relay.get(
        f"/events?format=json&lastEventId={json.loads(place)['lastEventId']}", roomwire.token()).json(),
        "retention")
    return place


def test_an_expired_place_stops_with_3_and_stays(short, state):
    place = expired(short, state)
    for _ in range(2):
        done = once(short, state, "--limit", "1")
        assert done.returncode == 3
        assert done.stdout == ""
        assert "are no longer in the journal" in done.stderr and "--on-gap continue" in done.stderr
        assert state.read_bytes() == place


def test_an_expired_place_may_be_passed_over(short, state):
    expired(short, state)
    done = once(short, state, "--on-gap", "continue", "--limit", "5")
    assert done.returncode == 0, done.stderr
    found = numbers(done.stdout.splitlines())
    assert found == list(range(found[0], found[0] + 5)) and found[0] >= 1000
    assert "resync (expired)" in done.stderr
    assert once(short, state, "--limit", "1").returncode == 0


def test_a_gap_may_be_a_line_among_the_events(short, state):
    expired(short, state)
    done = once(short, state, "--on-gap", "line", "--limit", "5")
    assert done.returncode == 0, done.stderr
    gap, *events = [json.loads(line) for line in done.stdout.splitlines()]
    assert gap["type"] == "resync" and gap["reason"] == "expired" and "oldestId" in gap
    assert len(events) == 5


def test_another_journal_at_the_same_address_stops_with_3(start, state, relay):
    post(relay, range(5))
    assert once(relay, state, "--since", "0", "--limit", "5").returncode == 0
    relay.kill()
    shutil.rmtree(relay.data)
    relay.start()
    done = once(relay, state, "--limit", "1")
    assert done.returncode == 3
    assert "another journal" in done.stderr


# State files that cannot be used


def refused(relay, state, *flags):
    done = once(relay, state, "--limit", "1", *flags)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("content, sentence", [
    (b"", "is damaged: it is not JSON"),
    (b'{"relay":"http', "is damaged: it is not JSON"),
    (b"\0" * 100, "is damaged: it is not JSON"),
    (b"{}", "is not a state file"),
    (b"[1,2]", "is damaged"),
    (b'{"name":"package.json","version":1}', "is not a state file"),
    (b'{"relay":"RELAY","filter":[],"lastEventId":"7"}', "its lastEventId is not an id"),
    (b'{"relay":"RELAY","filter":[],"lastEventId":7}', "its lastEventId is not an id"),
    (b'{"relay":"https://elsewhere.example.com/api","filter":[],"lastEventId":"7-0"}', "of the relay https://elsewhere"),
    (b'{"relay":"RELAY","filter":["room=call_9"],"lastEventId":"7-0"}', "of the filter room=call_9"),
    (b'{"relay":"\\u001b[31mX","filter":[],"lastEventId":"7-0"}', "\N{REPLACEMENT CHARACTER}[31mX"),
    (b"x" * 300_000, "too large for a state file"),
])
def test_a_file_that_is_no_place_of_this_stream_is_a_sentence_and_stays(relay, state, content, sentence):
    content = content.replace(b"RELAY", f"{relay.base}/api".encode())
    state.write_bytes(content)
    assert sentence in refused(relay, state)
    assert state.read_bytes() == content


def test_a_symbolic_link_is_not_followed(relay, state, folder):
    (folder / "other.json").write_text("mine")
    state.symlink_to(folder / "other.json")
    assert "is a symbolic link" in refused(relay, state)
    assert (folder / "other.json").read_text() == "mine"


def test_a_linked_lock_is_not_followed(relay, state, folder):
    pathlib.Path(f"{state}.lock").symlink_to(folder / "other")
    refused(relay, state)
    assert not (folder / "other").exists()


def test_a_folder_a_pipe_and_a_missing_folder_are_sentences(relay, folder):
    (folder / "some").mkdir()
    assert "is not a regular file" in refused(relay, folder / "some")
    os.mkfifo(folder / "pipe")
    assert "is not a regular file" in refused(relay, folder / "pipe")
    assert "No such file or directory" in refused(relay, folder / "missing" / "place.json")
    assert "cannot write" in refused(relay, "/proc/place.json")


def test_a_second_tail_with_the_same_file_is_refused(relay, state):
    with Tail(relay, state) as tail:
        wait_until(tail.place, "the first one's place")
        done = once(relay, state, "--limit", "1")
        assert done.returncode == 1
        assert "another roomwire tail uses" in done.stderr
        assert tail.process.poll() is None
    post(relay, [0])
    assert once(relay, state, "--limit", "1").returncode == 0


def test_a_place_that_cannot_be_saved_is_told_and_saved_later(relay, folder):
    place = folder / "kept" / "place.json"
    place.parent.mkdir()
    with Tail(relay, place, "--since", "0") as tail:
        wait_until(tail.place, "the first place")
        place.parent.rename(folder / "away")
        post(relay, range(3))
        lines = tail.read(3)
        errors = folder / "away" / "place.json.errors"
        wait_until(lambda: "the place is not saved" in errors.read_text(), "the notice")
        (folder / "away").rename(place.parent)
        wait_until(lambda: tail.place() == lines[-1]["id"], "the place to be saved")
    assert (place.parent / "place.json.errors").read_text().count("not saved") == 1


def test_state_needs_json_and_line_as_well(relay, state):
    for flags in (["--state", str(state)], ["--on-gap", "line"], ["--json", "--state", ""]):
        done = relay.run("tail", "--url", relay.base, *flags)
        assert done.returncode == 64, done.stderr


def test_a_snapshot_that_was_not_read_is_asked_for_again(relay, state):
    providers.post_livekit(relay, *providers.meeting("call_7")[:3])
    with Tail(relay, state, "--snapshot") as tail:
        snapshot = tail.read(1)[0]
        assert snapshot["type"] == "snapshot"
        wait_until(lambda: tail.place() == snapshot["lastEventId"], "the snapshot's place")
    providers.post_livekit(relay, *providers.meeting("call_7")[3:4])
    done = once(relay, state, "--snapshot", "--limit", "1")
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["participant_left"]
