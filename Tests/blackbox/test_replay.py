"""replay: what one relay recorded, posted to another one."""

import json
import os
import pty
import subprocess
import sys
import time

import pytest

import providers
import relay as roomwire

WHEREBY_SECRET = "a secret of whereby's that is long enough"


def sources():
    return {**roomwire.settings()["sources"], "whereby": {"provider": "whereby", "secrets": [WHEREBY_SECRET]}}


def record(relay, count, *flags):
    done = relay.run(
        "tail", "--json", "--raw", "--since", "0", "--limit", str(count), "--url", relay.base, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout


def replay(relay, file, *flags, url=None, **rest):
    return relay.run("replay", str(file), "--url", url or relay.base, "--speed", "max", *flags, **rest)


def page(relay):
    token = roomwire.token(grant={"raw": True})
    return relay.get("/events?format=json&since=0", token).json()["events"]


def without_ids(events):
    kept = [{name: value for name, value in event.items() if name not in ("id", "receivedAt")} for event in events]
    for event, whole in zip(kept, events):
        # Where the provider says no time, it is that of the receipt.
        if event["timestamp"] == whole["receivedAt"]:
            event["timestamp"] = "receivedAt"
    return kept


def rooms(relay):
    answer = relay.get("/rooms", roomwire.token()).json()
    for found in answer["rooms"]:
        found.pop("lastEventId")
    return answer["rooms"]


@pytest.fixture
def pair(start):
    return start(sources=sources()), start(sources=sources())


def meetings(relay):
    """Whole meetings of every provider, one that is under way, and events of our own backend."""
    for source in ("livekit", "daily", "whereby"):
        sent = relay.run("send", "--source", source, "--scenario", "meeting", "--speed", "10000", "--url", relay.base)
        assert sent.returncode == 0, sent.stderr
    providers.post_livekit(relay, *providers.meeting("call_open")[:3])
    # A room that finishes with people inside: the relay makes their leaves.
    bodies = providers.meeting("call_cut")
    providers.post_livekit(relay, *bodies[:3], bodies[-1])
    for number, data in enumerate([1.0, 12345678901234567890, "\ud83c half", {"a": [1, "x,}\"]"]}]):
        body = json.dumps({"type": "app.said", "room": "call_open", "data": {"value": data}}).encode()
        answer = relay.post("app", providers.standard_headers(body, f"msg_said_{number}"), body)
        assert answer.status_code == 200, answer.text


ALL = [flag for name in ("livekit", "daily", "whereby", "app") for flag in ("--source", name)]


def test_a_recording_makes_the_same_events_and_rooms(pair, folder):
    old, new = pair
    meetings(old)
    events = page(old)
    (folder / "day.ndjson").write_text(record(old, len(events)))
    derived = sum(1 for event in events if event.get("synthetic"))
    assert derived > 0
    done = replay(new, folder / "day.ndjson", *ALL)
    count = len(events) - derived
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout == (
        f"sent {count}, accepted {count}, duplicate 0, refused 0, made by the relay itself {derived}\n")
    assert without_ids(page(new)) == without_ids(events)
    assert rooms(new) == rooms(old) and rooms(new)

    again = replay(new, folder / "day.ndjson", *ALL)
    assert again.returncode == 0
    assert again.stdout.startswith(f"sent {count}, accepted 0, duplicate {count}, refused 0")
    assert len(page(new)) == len(events)


def test_only_the_named_sources_are_posted_also_from_standard_input(pair):
    old, new = pair
    meetings(old)
    events = page(old)
    text = record(old, len(events))
    done = replay(new, "-", "--source", "daily", input=text)
    assert done.returncode == 0, done.stderr
    assert {event["source"] for event in page(new)} == {"daily"}
    others = sum(1 for event in events if event["source"] != "daily" and not event.get("synthetic"))
    assert f"of other sources {others}" in done.stdout


def test_a_source_of_another_name(start, folder):
    old = start()
    new = start(sources={"staging": roomwire.settings()["sources"]["livekit"]})
    providers.post_meeting(old)
    (folder / "day.ndjson").write_text(record(old, 6))
    done = replay(new, folder / "day.ndjson", "--source", "staging", "--from", "livekit")
    assert done.returncode == 0, done.stderr
    assert {event["source"] for event in page(new)} == {"staging"}


def recorded(old, folder):
    providers.post_meeting(old)
    path = folder / "day.ndjson"
    path.write_text(record(old, 6))
    return path


def other_secret(relay, folder):
    """A relay's settings but for the secret of livekit; the path of the folder with them."""
    place = folder / "other"
    place.mkdir(exist_ok=True)
    config = roomwire.settings()
    config["sources"]["livekit"]["keys"] = {roomwire.LIVEKIT_KEY: "another secret than the relay's, but as long"}
    (place / "roomwire.yaml").write_text(json.dumps(config))
    return place


def test_it_stops_at_the_first_refusal_unless_told_otherwise(pair, folder):
    old, new = pair
    path = recorded(old, folder)
    place = other_secret(new, folder)
    arguments = ["replay", str(path), "--source", "livekit", "--url", new.base, "--speed", "max"]
    done = roomwire.command(*arguments, folder=place)
    assert done.returncode == 1
    assert done.stdout == "sent 1, accepted 0, duplicate 0, refused 1 (1 bad_signature)\n"
    assert "line 1 was refused: 401: " in done.stderr and "--keep-going" in done.stderr
    done = roomwire.command(*arguments, "--keep-going", folder=place)
    assert done.returncode == 1
    assert done.stdout == "sent 6, accepted 0, duplicate 0, refused 6 (6 bad_signature)\n"
    assert done.stderr.count("was refused") == 6


def test_a_dry_run_posts_nothing(pair, folder):
    old, new = pair
    path = recorded(old, folder)
    done = replay(new, path, "--source", "livekit", "--dry-run", url="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("dry run: sent 6, accepted 6")
    assert page(new) == []


def test_lines_that_cannot_be_used_are_sentences(pair, folder):
    old, new = pair
    whole = recorded(old, folder).read_text().splitlines()
    path = folder / "bad.ndjson"
    path.write_text("\n".join([whole[0], whole[1][:100], "", *whole[2:]]))
    done = replay(new, path, "--source", "livekit")
    assert done.returncode == 2 and "line 2 is not JSON" in done.stderr, done.stderr
    assert len(page(new)) == 1
    done = replay(new, path, "--source", "livekit", "--keep-going")
    assert done.returncode == 1
    assert done.stdout == "sent 5, accepted 4, duplicate 1, refused 0, unreadable 1\n"
    for line, sentence in [
        ("[1]", "is not a JSON object"), ("{}", "is not an event of a relay"), ('{"headers":{},"body":""}', "send --file"),
        (whole[0].replace('"provider":"livekit"', '"provider":"daily"', 1), "of the provider daily"),
    ]:
        path.write_text(line + "\n")
        done = replay(new, path, "--source", "livekit")
        assert done.returncode == 2 and sentence in done.stderr, done.stderr


def test_a_recording_without_bodies_says_how_to_record(pair, folder):
    old, new = pair
    providers.post_meeting(old)
    done = old.run("tail", "--json", "--since", "0", "--limit", "6", "--url", old.base)
    path = folder / "day.ndjson"
    path.write_text(done.stdout)
    done = replay(new, path, "--source", "livekit")
    assert done.returncode == 2 and "tail --json --raw" in done.stderr
    assert "without raw body 6" in done.stdout


def test_a_missing_file_or_address_is_a_sentence(shared, folder):
    done = replay(shared, folder / "none.ndjson", "--source", "livekit")
    assert done.returncode == 2 and "there is no such file" in done.stderr
    done = replay(shared, folder, "--source", "livekit")
    assert done.returncode == 2 and "directory" in done.stderr
    done = shared.run("replay", "x", "--source", "livekit")
    assert done.returncode == 64 and "--url" in done.stderr
    done = replay(shared, folder, "--source", "nothing")
    assert done.returncode == 2 and "no source nothing" in done.stderr


def test_an_unreachable_relay_is_a_sentence(pair, folder):
    old, new = pair
    path = recorded(old, folder)
    done = replay(new, path, "--source", "livekit", url=f"http://127.0.0.1:{roomwire.free_port()}")
    assert done.returncode == 1 and "cannot reach the relay at http://127.0.0.1:" in done.stderr


def test_the_pace_is_that_of_the_recording(pair, folder):
    old, new = pair
    lines = [json.loads(line) for line in recorded(old, folder).read_text().splitlines()]
    for index, line in enumerate(lines):
        line["receivedAt"] = lines[0]["receivedAt"] + index * 1000
    path = folder / "slow.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    # Twenty times as fast: 50 ms between two.
    began = time.monotonic()
    done = new.run("replay", str(path), "--source", "livekit", "--url", new.base, "--speed", "20")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began >= 0.25
    times = [event["receivedAt"] for event in page(new)]
    assert times[-1] - times[0] >= 240
    done = new.run("replay", str(path), "--source", "livekit", "--url", new.base, "--dry-run")
    assert "at this speed it takes 5 s" in done.stdout


def test_a_large_file_takes_the_memory_of_a_line(pair, folder):
    old, new = pair
    line = recorded(old, folder).read_text().splitlines()[1]
    path = folder / "large.ndjson"
    padded = json.loads(line)
    padded["raw"]["padding"] = "x" * 500_000
    text = json.dumps(padded) + "\n"
    with open(path, "w") as file:
        for _ in range(300):
            file.write(text)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, roomwire.BINARY, "replay", str(path), "--source", "livekit", "--dry-run", "--url", new.base, "--speed", "max",
         "--config", str(new.folder / "roomwire.yaml"), "--data", str(new.folder / "data")],
        env=roomwire.clean_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "accepted 300" in done.stdout
    assert int(done.stderr.split()[-1]) < 120_000, "KiB for 150 MB"


MEASURE = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)")


def test_a_line_without_an_end_is_bounded(shared, folder):
    path = folder / "endless.ndjson"
    with open(path, "wb") as file:
        file.truncate(40_000_000)
    done = replay(shared, path, "--source", "livekit")
    assert done.returncode == 2 and "is longer than" in done.stderr


def test_a_terminal_shows_progress_and_a_pipe_does_not(pair, folder):
    old, new = pair
    path = recorded(old, folder)
    main, side = pty.openpty()
    arguments = [
        roomwire.BINARY, "replay", str(path), "--source", "livekit", "--url", new.base, "--speed", "max", "--config",
        str(new.folder / "roomwire.yaml"), "--data", str(new.folder / "data")]
    done = subprocess.run(
        arguments, env=roomwire.clean_environment(), stdout=subprocess.PIPE, stderr=side, timeout=60)
    os.close(side)
    shown = os.read(main, 65536)
    os.close(main)
    assert done.returncode == 0
    assert b"line 1" in shown and shown.endswith(b"\r\x1b[K")
    again = replay(new, path, "--source", "livekit")
    assert again.stderr == ""


def test_a_duplicate_is_marked_in_the_answer(shared, room):
    body = providers.livekit_body("room_started", room)
    first = shared.post("livekit", providers.livekit_headers(body), body)
    second = shared.post("livekit", providers.livekit_headers(body), body)
    assert "Roomwire-Duplicate" not in first.headers
    assert second.headers["Roomwire-Duplicate"] == "1"
    assert first.status_code == second.status_code == 200
