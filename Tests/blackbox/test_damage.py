"""A damaged page in the log: it is told once and not every second, and everything else goes on."""

import contextlib
import re
import signal
import sqlite3

import requests

import clients
import providers
import relay as roomwire

PAGE = 4096


def post(relay, numbers):
    for number in numbers:
        body = providers.livekit_body("participant_joined", "hall", f"user_{number:04}_", id=f"EV_damage_{number:04}")
        providers.post_livekit(relay, body)


def end(relay):
    """In order, and with all in the file alone."""
    relay.process.send_signal(signal.SIGTERM)
    relay.process.wait(roomwire.DEADLINE_SECONDS)
    with contextlib.closing(sqlite3.connect(relay.data / "log.sqlite")) as database:
        assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def damage(relay, number):
    """Overwrites the page with this event, as a bad disk would; the keys of duplicates are on other pages."""
    file = relay.data / "log.sqlite"
    data = bytearray(file.read_bytes())
    mark = f"user_{number:04}_".encode()
    pages = {match.start() // PAGE for match in re.finditer(mark, data)}
    # A leaf of a table begins with 13; the room's state is on pages of its own.
    leaves = [page for page in pages if data[page * PAGE] == 13 and b"EV_damage" in data[page * PAGE:(page + 1) * PAGE]]
    assert leaves, "the event is in the file"
    for page in leaves:
        data[page * PAGE:(page + 1) * PAGE] = b"\xa5" * PAGE
    file.write_bytes(data)


def lines(relay):
    return [line for line in relay.log_lines() if "damaged" in line["message"]]


def faults(relay):
    return relay.metric("roomwire_journal_damage_faults_total")


def readiness(relay):
    return requests.get(relay.base + "/readyz", timeout=roomwire.DEADLINE_SECONDS)


def damaged_relay(start, **retention):
    relay = start(log={"durability": "normal"})
    post(relay, range(200))
    end(relay)
    damage(relay, 100)
    if retention:
        config = relay.folder / "roomwire.yaml"
        config.write_text(config.read_text().replace('"durability"', '"retention": {"events": 20}, "durability"'))
    return relay.start()


def test_streams_that_need_a_damaged_page_are_told_of_in_one_line(start):
    relay = damaged_relay(start)
    assert faults(relay) == 0 and "note" not in readiness(relay).json()["log"]
    streams = [clients.subscribe(relay, "lastEventId=0") for _ in range(3)]
    live = clients.subscribe(relay, "")
    # What stands before the damaged page comes.
    for stream in streams:
        stream.wait_events(80)
    roomwire.wait_until(lambda: faults(relay) >= 20, "the page to have been asked for again and again")

    told = lines(relay)
    assert len(told) == 1, told
    assert told[0]["level"] == "error"
    for word in ("log.sqlite is damaged", "after event", "sqlite3", ".recover", "Stop the relay"):
        assert word in told[0]["message"]
    assert relay.metric("roomwire_journal_damaged_places") == 1
    answer = readiness(relay)
    assert answer.status_code == 200 and answer.json()["log"]["ok"]
    assert "damaged in 1 place" in answer.json()["log"]["note"]

    # What comes is kept and relayed.
    post(relay, [900])
    assert live.wait_events(1)[0]["data"]["participant"]["identity"] == "user_0900_"


def test_retention_that_meets_a_damaged_page_is_told_of_in_one_line(start):
    relay = damaged_relay(start, events=20)
    roomwire.wait_until(lambda: faults(relay) >= 4, "retention to have tried again")
    assert len(lines(relay)) == 1, lines(relay)
    assert "trim" in lines(relay)[0]["message"]
    assert relay.metric("roomwire_journal_damaged_places") == 1
    post(relay, [900])
