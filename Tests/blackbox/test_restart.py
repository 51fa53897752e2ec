"""A restart while webhooks come in and streams are open: nothing is lost, nothing comes twice."""

import itertools
import json
import signal
import threading
import time

import pytest
import requests

import clients
import providers
import relay as roomwire


class Publisher(threading.Thread):
    """A provider: posts one event after another, and each again until it is answered 200."""

    def __init__(self, relay, name):
        super().__init__()
        self.relay, self.name_of_room = relay, name
        self.count = 0
        self.stopping = False

    def run(self):
        for number in itertools.count():
            if self.stopping:
                return
            body = json.dumps({"type": "test.marked", "room": self.name_of_room, "data": {"number": number}}).encode()
            while True:
                try:
                    headers = providers.standard_headers(body, f"{self.name_of_room}-{number}")
                    if self.relay.post("app", headers, body).status_code == 200:
                        break
                except requests.RequestException:
                    pass
                time.sleep(0.02)
            self.count = number + 1


class Follower(threading.Thread):
    """A client: reads, and comes back with its last id."""

    def __init__(self, relay):
        super().__init__()
        self.relay = relay
        self.seen = []
        self.resyncs = 0
        self.returns = 0
        self.ids = ["0"]
        # The relay's own messages move it as well.
        self.last = "0"
        self.stopping = False

    def run(self):
        while not self.stopping:
            try:
                self.follow()
            except (OSError, AssertionError, ValueError, IndexError):
                time.sleep(0.05)

    def follow(self):
        stream = clients.Stream(self.relay, "", roomwire.token(), headers=[f"Last-Event-ID: {self.last}"])
        with stream:
            if stream.status != 200:
                return
            self.returns += 1
            done = 0
            while not self.stopping:
                frames = stream.frames
                for frame in frames[done:]:
                    if frame.type == "resync":
                        self.resyncs += 1
                    self.last = frame.id or self.last
                    if frame.is_event:
                        self.ids.append(frame.id)
                        self.seen.append((frame.json["room"], frame.json["data"]["number"]))
                done = len(frames)
                try:
                    if not stream.read_more(0.5):
                        return
                except TimeoutError:
                    continue


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [[signal.SIGTERM] * 3, [signal.SIGTERM, signal.SIGKILL, signal.SIGTERM]],
                         ids=["stopped", "one_of_them_killed"])
def test_restarts_under_load_lose_and_repeat_nothing(start, kinds):
    relay = start(drain="1s", loops=2, streams={"per_user": 0, "retry": "100ms"})
    publishers = [Publisher(relay, f"room_{number}") for number in range(3)]
    followers = [Follower(relay) for _ in range(12)]
    for thread in publishers + followers:
        thread.start()
    try:
        for kind in kinds:
            seen = min(len(follower.seen) for follower in followers)
            roomwire.wait_until(lambda: min(len(f.seen) for f in followers) > seen + 60, "everybody to follow", 60)
            relay.process.send_signal(kind)
            relay.process.wait(roomwire.DEADLINE_SECONDS)
            relay.start()
        counts = [publisher.count for publisher in publishers]
        roomwire.wait_until(
            lambda: all(p.count > count + 20 for p, count in zip(publishers, counts)), "webhooks afterwards")
    finally:
        for publisher in publishers:
            publisher.stopping = True
        for publisher in publishers:
            publisher.join()
        total = sum(publisher.count for publisher in publishers)
        try:
            roomwire.wait_until(lambda: all(len(f.seen) >= total for f in followers), "everybody to have everything")
        finally:
            for follower in followers:
                follower.stopping = True
            for follower in followers:
                follower.join()
    expected = {(p.name_of_room, number) for p in publishers for number in range(p.count)}
    for follower in followers:
        assert len(follower.seen) == len(set(follower.seen)) == total
        assert set(follower.seen) == expected
        # In one order for all, which is that of the log, and each room's events in theirs.
        assert follower.ids == followers[0].ids == sorted(follower.ids, key=lambda id: clients.order(id) if id != "0" else (0, 0))
        assert follower.resyncs == 0 and follower.returns > len(kinds)


def test_a_second_signal_cuts_the_goodbyes_short(start):
    relay = start(drain="1h")
    streams = [clients.subscribe(relay) for _ in range(20)]
    relay.process.send_signal(signal.SIGTERM)
    roomwire.wait_until(lambda: '"stopping"' in relay.said(), "the relay to begin its stop")
    assert relay.process.poll() is None
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    for stream in streams:
        stream.read_to_end()
        assert "draining" in stream.body.decode()


def test_the_end_comes_within_the_drain_although_somebody_reads_nothing(start):
    relay = start(drain="1s")
    stalled = clients.subscribe(relay, "lastEventId=0")
    dripping = clients.RawConnection(relay)
    dripping.send(b"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    for _ in range(10):
        providers.post_livekit(relay, providers.livekit_body("room_started", pad="x" * 200_000))
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    assert stalled.socket and dripping.socket
