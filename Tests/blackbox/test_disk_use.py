"""What the log takes on disk is bounded by log.retention.bytes, however fast webhooks come."""

import concurrent.futures
import http.client
import signal
import threading

import pytest

import providers
import relay as roomwire

MIB = 1024 * 1024
SLACK = 32 * MIB  # Limits.diskSlackBytes


class DiskUse:
    """Adds up all files of a data folder again and again."""

    def __init__(self, relay):
        self.relay, self.most, self.looks = relay, 0, 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(0.01):
            self.most = max(self.most, used(self.relay))
            self.looks += 1

    def stop(self):
        self.stopping.set()
        self.thread.join()
        return self.most


def used(relay):
    total = 0
    for file in relay.data.iterdir():
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue
    return total


def fill(relay, total, size):
    """Posts so many bytes of bodies of one size over several connections, as fast as they are answered."""
    bodies = [
        providers.livekit_body("participant_joined", "hall", f"user_{number}", padding="x" * size)
        for number in range(total // size)]
    signed = [(body, providers.livekit_headers(body)) for body in bodies]
    connections = threading.local()

    def post(request):
        if not hasattr(connections, "mine"):
            connections.mine = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=roomwire.DEADLINE_SECONDS)
        connections.mine.request("POST", "/api/webhooks/livekit", *request)
        answer = connections.mine.getresponse()
        text = answer.read()
        assert answer.status == 200, text

    with concurrent.futures.ThreadPoolExecutor(16) as posts:
        list(posts.map(post, signed))


@pytest.mark.parametrize("size", [200_000, 20_000])
def test_ten_times_the_bound_stays_within_the_bound_on_disk(start, size):
    bound = 4 * MIB
    relay = start(log={"durability": "normal", "retention": {"bytes": "4MiB"}})
    use = DiskUse(relay)
    try:
        fill(relay, 10 * bound, size)
        roomwire.wait_until(lambda: 0 < relay.metric("roomwire_journal_bytes") <= bound, "retention")
    finally:
        most = use.stop()
    print(f"{most / MIB:.1f} MiB of at most {(2.5 * bound + SLACK) / MIB}, in {use.looks} looks")
    assert use.looks > 10
    assert most <= 2.5 * bound + SLACK
    # The write-ahead log keeps its proportion by itself: before, it grew to 64 MiB whatever was kept.
    assert (relay.data / "log.sqlite-wal").stat().st_size <= 12 * MIB


def test_a_shorter_retention_gives_its_space_back_at_the_next_start(start):
    relay = start(log={"durability": "normal", "retention": {"bytes": "256MiB"}})
    fill(relay, 40 * MIB, 200_000)
    last = relay.metric("roomwire_journal_events")
    assert used(relay) > 40 * MIB

    def end():
        relay.process.send_signal(signal.SIGTERM)
        relay.process.wait(roomwire.DEADLINE_SECONDS)

    end()
    config = relay.folder / "roomwire.yaml"
    config.write_text(config.read_text().replace("256MiB", "1MiB"))
    relay.start()
    roomwire.wait_until(lambda: 0 < relay.metric("roomwire_journal_bytes") <= MIB, "retention")
    kept = relay.metric("roomwire_journal_events")
    assert 0 < kept < last
    end()
    assert used(relay) > 40 * MIB
    relay.start()
    assert used(relay) < 4 * MIB
    # What is kept is still there.
    roomwire.wait_until(lambda: relay.metric("roomwire_journal_events") == kept, "the log's size")
