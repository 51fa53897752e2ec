"""The disk is full: providers are told to come back, streams stay, and all goes on when there is space again."""

import os
import subprocess

import pytest
import requests

import clients
import providers
import relay as roomwire

DISK = "8m"


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own; a function fills it up to the last byte, another makes space again."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(folder)], capture_output=True, text=True)
    if mount.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here, which takes root: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk):
    """Leaves no space at all."""
    with open(disk / "ballast", "wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue
    usage = os.statvfs(disk)
    assert usage.f_bavail == 0


def joined(number):
    return providers.livekit_body("participant_joined", "hall", f"user_{number}", id=f"EV_disk_{number}")


def post(relay, body):
    return relay.post("livekit", providers.livekit_headers(body), body)


def identities(events):
    return [event["data"]["participant"]["identity"] for event in events]


def log(relay):
    with clients.Stream(relay, "lastEventId=0&wait=0", roomwire.token()) as stream:
        stream.read_to_end()
        return stream.events


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_full_disk_is_503_and_nothing_else_stops(start, disk, durability):
    config = roomwire.settings(log={"durability": durability}, streams={"heartbeat": "300ms", "per_user": 0})
    relay = start(config, data=disk / "data")
    stream = clients.subscribe(relay, "heartbeat=event")
    providers.post_livekit(relay, *[joined(number) for number in range(20)])
    before = stream.wait_events(20)

    fill(disk)
    number, refused = 20, []
    while len(refused) < 20:
        # What the file has in reserve may still take a few.
        answer = post(relay, joined(number))
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["reason"] == "journal_unavailable"
            refused.append(number)
        number += 1
        assert number < 20_000, "the disk is not full"
    accepted = [f"user_{n}" for n in range(number) if n not in refused]

    # Streams stay up, and reading goes on.
    heard = len([message for message in stream.messages if message["type"] == "heartbeat"])
    stream.read_until(
        lambda: len([message for message in stream.messages if message["type"] == "heartbeat"]) >= heard + 3,
        "heartbeats while the disk is full")
    assert identities(stream.events) == accepted
    assert identities(log(relay)) == accepted
    late = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {before[4]['id']}"])
    assert identities(late.wait_events(len(accepted) - 5)) == accepted[5:]
    rooms = relay.get("/rooms", roomwire.token()).json()["rooms"]
    assert [person["identity"] for person in rooms[0]["participants"]] == sorted(accepted, key=accepted.index)
    assert relay.metric("roomwire_commit_failures_total") > 0

    # There is space again: the provider's next try is taken, by the same process and on the same streams.
    (disk / "ballast").unlink()
    for n in refused:
        roomwire.wait_until(lambda: post(relay, joined(n)).status_code == 200, "the relay to have recovered")
    expected = accepted + [f"user_{n}" for n in refused]
    for each in (stream, late):
        each.read_until(lambda: identities(each.events)[-1] == expected[-1], "what came after the recovery")
    assert identities(stream.events) == expected
    ids = [clients.order(id) for id in stream.ids]
    assert ids == sorted(set(ids))
    assert not any(message["type"] == "resync" for message in stream.messages + late.messages)

    # Nothing half written: what is on the disk is what was told.
    relay.kill()
    relay.start()
    assert log(relay) == stream.events
    assert post(relay, joined(refused[0])).status_code == 200
    assert len(log(relay)) == len(expected)


def test_a_relay_killed_on_a_full_disk_starts_again_when_there_is_space(start, disk):
    relay = start(data=disk / "data")
    providers.post_livekit(relay, *[joined(number) for number in range(20)])
    fill(disk)
    number = 20
    while post(relay, joined(number)).status_code == 200:
        number += 1
    relay.kill()
    (disk / "ballast").unlink()
    relay.start()
    assert identities(log(relay)) == [f"user_{n}" for n in range(number)]
    providers.post_livekit(relay, joined(number))
    assert identities(log(relay)) == [f"user_{n}" for n in range(number + 1)]


def test_an_administrator_cannot_close_a_room_on_a_full_disk_and_can_afterwards(start, disk):
    relay = start(roomwire.settings(), data=disk / "data")
    providers.post_livekit(relay, joined(0))
    token = roomwire.token("root", grant={"admin": True})

    def close():
        return requests.delete(
            relay.url("/admin/rooms/livekit/hall"), headers={"Authorization": f"Bearer {token}"},
            timeout=roomwire.DEADLINE_SECONDS)

    fill(disk)
    number = 1
    # What the file has in reserve may still take a few.
    while post(relay, joined(number)).status_code != 503:
        number += 1
    answer = close()
    assert (answer.status_code, answer.json()["reason"]) == (503, "journal_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert len(relay.get("/rooms", roomwire.token()).json()["rooms"]) == 1
    os.remove(disk / "ballast")
    assert roomwire.wait_until(lambda: close().status_code == 204, "space for the finish")
    assert relay.get("/rooms", roomwire.token()).json()["rooms"] == []
    assert [event["type"] for event in log(relay)].count("room_finished") == 1
