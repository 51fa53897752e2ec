"""The relay ends between webhook and resume: what was answered 200 is delivered, once."""

import contextlib
import random
import signal
import threading

import pytest

import clients
import providers
import relay as roomwire

ENDS = 6
SENDERS = 4


class Sender(threading.Thread):
    """Posts events as LiveKit does: the same one again until it is answered 200."""

    def __init__(self, relay, name, stopping):
        super().__init__(daemon=True)
        self.relay = relay
        self.room = name
        self.stopping = stopping
        self.accepted = []
        self.other_answers = []

    def run(self):
        number = 0
        while not self.stopping.is_set():
            number += 1
            person = f"{self.room}_{number}"
            body = providers.livekit_body("participant_joined", self.room, person, id=f"EV_{person}")
            while not self.stopping.is_set():
                with contextlib.suppress(roomwire.requests.RequestException):
                    answer = self.relay.post("livekit", providers.livekit_headers(body), body)
                    if answer.status_code == 200:
                        self.accepted.append(person)
                        break
                    self.other_answers.append(answer.status_code)


class Reader(threading.Thread):
    """Reads the stream, and comes back with its last id whenever it breaks."""

    def __init__(self, relay, stopping):
        super().__init__(daemon=True)
        self.relay = relay
        self.stopping = stopping
        self.events = []
        self.resyncs = []
        self.connections = 0

    def run(self):
        while not self.stopping.is_set():
            with contextlib.suppress(OSError, AssertionError):
                self.follow()

    def follow(self):
        last = self.events[-1]["id"] if self.events else "0"
        with clients.Stream(self.relay, "", roomwire.token(), headers=[f"Last-Event-ID: {last}"]) as stream:
            if stream.status != 200:
                return
            self.connections += 1
            taken = 0
            while True:
                # Only whole frames count, as in a browser.
                fresh = stream.events
                self.events += fresh[taken:]
                taken = len(fresh)
                self.resyncs += [message for message in stream.messages if message["type"] == "resync"]
                if self.stopping.is_set() or not stream.read_more(5):
                    return


def check_order(events):
    ids = [clients.order(event["id"]) for event in events]
    assert ids == sorted(set(ids)), "ids do not grow"


def in_room(events, room):
    return [event["data"]["participant"]["identity"] for event in events if event["room"] == room]


def end(relay, how):
    if how == signal.SIGKILL:
        return relay.kill()
    relay.process.send_signal(how)
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "stop"])
def test_an_end_loses_nothing_that_was_answered_200(start, how):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    relay = start(drain="500ms")
    no_more_sending, no_more_reading = threading.Event(), threading.Event()
    senders = [Sender(relay, f"room_{number}", no_more_sending) for number in range(SENDERS)]
    readers = [Reader(relay, no_more_reading) for _ in range(2)]
    for thread in senders + readers:
        thread.start()

    def accepted():
        return sum(len(sender.accepted) for sender in senders)

    for _ in range(ENDS):
        goal = accepted() + chance.randrange(5, 120)
        roomwire.wait_until(lambda: accepted() >= goal, "webhooks to be accepted")
        end(relay, how)
        relay.start()
    goal = accepted() + 50
    roomwire.wait_until(lambda: accepted() >= goal, "webhooks to be accepted after the last start")
    no_more_sending.set()
    for sender in senders:
        sender.join(roomwire.DEADLINE_SECONDS)
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "the end", "last"))
    for reader in readers:
        roomwire.wait_until(
            lambda: reader.events and reader.events[-1]["room"] == "the end", "a reader to have caught up")
    no_more_reading.set()
    late = clients.subscribe(relay, "lastEventId=0")
    late.read_until(lambda: late.events and late.events[-1]["room"] == "the end", "the whole log")

    assert all(reader.connections > ENDS / 2 for reader in readers)
    for events in (readers[0].events, readers[1].events, late.events):
        check_order(events)
        for sender in senders:
            people = in_room(events, sender.room)
            # The one under way when sending stopped may have been committed without its answer.
            assert people[: len(sender.accepted)] == sender.accepted
            assert len(people) - len(sender.accepted) in (0, 1)
    assert readers[0].events == readers[1].events == late.events
    assert not any(reader.resyncs for reader in readers)
