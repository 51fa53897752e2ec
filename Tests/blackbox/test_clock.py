"""The wall clock steps: nothing goes from the log for it, ids stay in order, and clients resume exactly."""

import json
import pathlib
import struct
import subprocess
import time

import pytest
import requests

import clients
import providers
import relay as roomwire

DAY = 86_400


class WallClock:
    """A wall clock for relays that run in its environment; the machine's own is left alone."""

    def __init__(self, folder):
        library, self.file = folder / "wall_clock.so", folder / "wall_clock"
        source = pathlib.Path(__file__).with_name("wall_clock.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
        self.file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_FILE": str(self.file)}
        self.ahead = 0

    def set(self, ahead):
        """Sets it ahead of the machine's by so many seconds, in one write."""
        self.ahead = ahead
        with open(self.file, "r+b", buffering=0) as file:
            file.write(struct.pack("q", ahead * 1000))


@pytest.fixture
def wall_clock(folder):
    return WallClock(folder)


def post(relay, clock, number):
    """A webhook of a sender whose clock is right by the relay's clock."""
    body = json.dumps({"type": "demo.step", "data": {"number": number}}).encode()
    id = f"msg_{number}"
    stamp = time.time() + clock.ahead
    headers = providers.standard_headers(body, id, at=stamp)
    answer = relay.post("app", headers, body)
    assert answer.status_code == 200, answer.text


def numbers(events):
    return [event["data"]["number"] for event in events]


def log(relay, clock, after="0"):
    with clients.Stream(relay, f"lastEventId={after}&wait=0", roomwire.token(ttl=400 * DAY)) as stream:
        stream.read_to_end()
        assert not any(message["type"] == "resync" for message in stream.messages)
        return stream.events


def jumps(relay):
    return [line["message"] for line in relay.log_lines() if "the wall clock was set" in line["message"]]


def wait_jumps(relay, *words):
    roomwire.wait_until(lambda: len(jumps(relay)) >= len(words), f"lines about {words}")
    found = jumps(relay)
    assert len(found) == len(words) and all(word in line for word, line in zip(words, found)), found


@pytest.mark.parametrize("step, size", [(12, "12.0 s"), (40 * DAY, "40.0 d")])
def test_a_clock_that_jumps_ahead_and_back_takes_nothing_from_the_log(start, wall_clock, step, size):
    # An hour of retention for the step of 40 days; the other one is beyond its bound of 10 s too.
    age = "10s" if step == 12 else "1h"
    relay = start(log={"durability": "normal", "retention": {"age": age}}, environment=wall_clock.environment)
    began = time.monotonic()
    stream = clients.subscribe(relay, "", roomwire.token(ttl=400 * DAY))
    for number in range(5):
        post(relay, wall_clock, number)
    wall_clock.set(step)
    wait_jumps(relay, f"set ahead by {size}")
    post(relay, wall_clock, 5)
    # Retention looks once a second: the 5 events would be gone by now.
    looks = relay.metric("roomwire_commits_total")
    wall_clock.set(0)
    wait_jumps(relay, f"set ahead by {size}", f"set back by {size}")
    post(relay, wall_clock, 6)

    events = stream.wait_events(7)
    if age == "10s" and time.monotonic() - began > 9:
        pytest.skip("this machine was too slow for an age of 10 s")
    assert numbers(log(relay, wall_clock)) == list(range(7))
    assert relay.metric("roomwire_clock_jumps_total") == 2 and looks > 0
    order = [clients.order(event["id"]) for event in events]
    assert order == sorted(set(order))
    # From every event the stream goes on with the next one, also from those of the wrong time.
    for place, event in enumerate(events):
        assert numbers(log(relay, wall_clock, event["id"])) == list(range(place + 1, 7))

    # The clock of the relay did jump: the event of that time is dated so, and those around it are not.
    dates = [clients.order(event["id"])[0] / 1000 - time.time() for event in events]
    assert all(-120 < date <= 1 for date in dates[:5])
    assert -120 < dates[5] - step <= 1
    stamps = [event["receivedAt"] for event in events]
    assert stamps[4] < stamps[6] < stamps[5]


def test_a_start_with_a_wrong_clock_takes_nothing_from_the_log(start, wall_clock):
    relay = start(log={"durability": "normal", "retention": {"age": "1h"}}, environment=wall_clock.environment)
    for number in range(4):
        post(relay, wall_clock, number)
    relay.kill()
    wall_clock.set(5_000 * DAY)
    relay.start()
    # Upkeep shows that it has looked at the log: it counts what is in it.
    roomwire.wait_until(lambda: relay.metric("roomwire_journal_events") == 4, "a look at the log")
    post(relay, wall_clock, 4)
    wall_clock.set(0)
    wait_jumps(relay, "set back by 5000.0 d")
    post(relay, wall_clock, 5)
    assert numbers(log(relay, wall_clock)) == list(range(6))
    # Ids that are ahead of the clock go on from there after a restart too.
    relay.kill()
    relay.start()
    post(relay, wall_clock, 6)
    events = log(relay, wall_clock)
    assert numbers(events) == list(range(7))
    order = [clients.order(event["id"]) for event in events]
    assert order == sorted(set(order))


def rooms(relay):
    answer = relay.get("/rooms", roomwire.token(ttl=400 * DAY)).json()
    return {room["name"]: [one["identity"] for one in room["participants"]] for room in answer["rooms"]}


def open_room(start, clock):
    """A relay with a room in which ada is; a day of silence would finish it."""
    relay = start(log={"durability": "normal"}, rooms={"stale_after": "1d"}, environment=clock.environment)
    providers.post_livekit(
        relay, providers.livekit_body("room_started", "hall"),
        providers.livekit_body("participant_joined", "hall", "ada"))
    return relay


def step_through_days(relay, clock):
    """Steps ahead by weeks, twice more by a day and back: between two lines the relay has looked for silent rooms."""
    told = len(jumps(relay))
    for ahead in (40 * DAY, 41 * DAY, 42 * DAY, 0):
        if clock.ahead == ahead:
            continue
        clock.set(ahead)
        told += 1
        roomwire.wait_until(lambda: len(jumps(relay)) == told, "a line about the step")
        assert rooms(relay) == {"hall": ["ada"]}, ahead


def assert_nothing_ended(relay):
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "hall", "bob"))
    assert rooms(relay) == {"hall": ["ada", "bob"]}
    assert relay.metric('roomwire_rooms_finished_by_relay_total{reason="stale"}') == 0


def test_a_clock_that_jumps_ahead_and_back_finishes_no_room(start, wall_clock):
    relay = open_room(start, wall_clock)
    step_through_days(relay, wall_clock)
    assert_nothing_ended(relay)


def test_a_start_with_a_wrong_clock_finishes_no_room(start, wall_clock):
    relay = open_room(start, wall_clock)
    relay.kill()
    wall_clock.set(40 * DAY)
    relay.start()
    step_through_days(relay, wall_clock)
    assert_nothing_ended(relay)


def revoke(relay, user):
    admin = roomwire.token("root", ttl=400 * DAY, grant={"admin": True})
    answer = requests.post(
        relay.url("/admin/revoke"), json={"user": user, "ttl": "1h"}, timeout=roomwire.DEADLINE_SECONDS,
        headers={"Authorization": f"Bearer {admin}"})
    assert answer.status_code == 200, answer.text


def test_a_start_with_a_wrong_clock_forgets_no_revocation(start, wall_clock):
    relay = start(environment=wall_clock.environment)
    revoke(relay, "eve")
    relay.kill()
    wall_clock.set(40 * DAY)
    relay.start()
    # The file is written anew.
    revoke(relay, "mallory")
    relay.kill()
    wall_clock.set(0)
    relay.start()
    refused = [relay.get("/rooms", roomwire.token(user)).status_code for user in ("eve", "mallory", "ada")]
    assert refused == [401, 401, 200]


def test_streams_and_heartbeats_go_on_through_a_jump(start, wall_clock):
    relay = start(streams={"heartbeat": "300ms", "per_user": 0}, environment=wall_clock.environment)
    stream = clients.subscribe(relay, "heartbeat=event", roomwire.token(ttl=400 * DAY))

    def heartbeats():
        return len([message for message in stream.messages if message["type"] == "heartbeat"])

    for ahead in (40 * DAY, 0, -40 * DAY, 0):
        wall_clock.set(ahead)
        before = heartbeats()
        stream.read_until(lambda: heartbeats() >= before + 3, "heartbeats after a jump")
    roomwire.wait_until(
        lambda: requests.get(relay.base + "/readyz", timeout=roomwire.DEADLINE_SECONDS).status_code == 200, "readiness")
