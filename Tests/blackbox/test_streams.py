"""What a subscriber sees, to the byte."""

import json
import re

import pytest

import clients
import providers
import relay as roomwire
import wire_schema


def test_the_first_bytes_are_headers_retry_and_connected(shared):
    stream = clients.subscribe(shared, "room=call_*&type=room_started")
    assert stream.head.startswith("HTTP/1.1 200 OK\r\n")
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert "content-length" not in stream.headers
    assert stream.headers["transfer-encoding"] == "chunked"
    assert re.match(rb'retry: [1-9]\d*\nid: \d+-\d+\ndata: {"type":"connected",', stream.body)
    connected = stream.messages[0]
    assert connected["user"] == "ada"
    assert connected["filter"] == {"rooms": ["call_*"], "types": ["room_started"]}
    assert connected["heartbeatMs"] == 15_000
    assert {"oldestId", "newestId"} <= connected.keys()
    assert connected["lastEventId"] == stream.frames[0].id


def test_reconnect_times_are_spread(shared):
    times = {int(clients.subscribe(shared).frames[0].fields["retry"]) for _ in range(20)}
    assert len(times) > 1


def test_an_event_is_an_id_and_a_line_of_json(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    start = len(stream.body)
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    event = stream.wait_events(1)[0]
    line = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    assert stream.body[start:].decode() == f"id: {event['id']}\ndata: {line}\n\n"


def test_events_are_unnamed_unless_asked(shared, room):
    plain = clients.subscribe(shared, f"room={room}")
    named = clients.subscribe(shared, f"room={room}&named=1")
    providers.post_meeting(shared, room)
    plain.wait_for("room_finished")
    named.wait_for("room_finished")
    assert all("event" not in frame.fields for frame in plain.frames)
    assert [frame.fields["event"] for frame in named.frames if frame.json] == [
        message["type"] for message in named.messages]
    assert named.events == plain.events


def test_control_events_have_no_id(shared):
    assert "id" not in clients.subscribe(shared).frames[0].json


def test_an_idle_stream_gets_heartbeats(start):
    relay = start(streams={"heartbeat": "200ms"})
    comment = clients.subscribe(relay)
    event = clients.subscribe(relay, "heartbeat=event")
    lines = clients.Stream(relay, "", roomwire.token(), accept="application/x-ndjson")
    comment.read_until(lambda: comment.body.count(b"\n\n: heartbeat\n\n") >= 2, "two heartbeats")
    event.control("heartbeat")
    assert b": heartbeat" not in event.body
    lines.read_until(lambda: lines.body.count(b'{"type":"heartbeat","lastEventId":"') >= 2, "two heartbeats")
    assert all(json.loads(line)["type"] in ("connected", "heartbeat") for line in lines.body.split(b"\n")[:-1])


@pytest.mark.parametrize(
    "query, expected",
    [
        ("room={0}_a", ["a"]),
        ("room={0}_a&room={0}_c", ["a", "c"]),
        ("room={0}_*", ["a", "b", "ab", "c"]),
        ("room={0}_a*", ["a", "ab"]),
        ("room=*_ab", ["ab"]),
        ("room=%7B0%7D_a", []),
    ],
    ids=["exact", "several", "prefix", "infix", "suffix", "literal"],
)
def test_rooms_are_filtered_by_name_and_pattern(shared, room, query, expected):
    stream = clients.subscribe(shared, query.format(room))
    watcher = clients.subscribe(shared, f"room={room}_*")
    for name in ("a", "b", "ab", "c"):
        providers.post_livekit(shared, providers.livekit_body("room_started", f"{room}_{name}"))
    watcher.wait_events(4)
    stream.wait_events(len(expected))
    names = [event["room"].removeprefix(room + "_") for event in stream.events]
    assert [name for name in names if name in ("a", "b", "ab", "c")] == expected


def test_types_are_filtered_by_name_and_pattern(shared, room):
    exact = clients.subscribe(shared, f"room={room}&type=participant_left")
    several = clients.subscribe(shared, f"room={room}&type=participant_left&type=room_finished")
    pattern = clients.subscribe(shared, f"room={room}&type=room_*")
    providers.post_meeting(shared, room, ["ada"])
    exact.wait_events(1)
    several.wait_events(2)
    pattern.wait_events(2)
    assert exact.types == ["participant_left"]
    assert several.types == ["participant_left", "room_finished"]
    assert pattern.types == ["room_started", "room_finished"]


def test_sources_and_participants_are_filtered(shared, room):
    stream = clients.subscribe(shared, f"room={room}&source=livekit&participant=bob")
    elsewhere = clients.subscribe(shared, f"room={room}&source=daily")
    providers.post_meeting(shared, room)
    body = json.dumps({"type": "meeting.started", "id": room, "event_ts": 1, "payload": {"room": room}}).encode()
    assert shared.post("daily", providers.daily_headers(body), body).status_code == 200
    elsewhere.wait_events(1)
    assert elsewhere.types == ["room_started"]
    stream.wait_events(2)
    assert {event["data"]["participant"]["identity"] for event in stream.events} == {"bob"}


def test_odd_names_of_rooms_pass_unharmed(shared):
    name = 'Straße 7/2 "the room" 🎥 & more=+%'
    stream = clients.subscribe(shared, "room=" + roomwire.requests.utils.quote(name, safe=""))
    providers.post_livekit(shared, providers.livekit_body("room_started", name))
    assert stream.wait_events(1)[0]["room"] == name


@pytest.mark.parametrize(
    "query",
    ["rooom=a", "room=", "named=perhaps", "format=xml", "heartbeat=never", "since=yesterday", "limit=x", "wait=x"],
)
def test_an_unknown_parameter_or_value_is_400_with_a_sentence(shared, query):
    answer = shared.get("/events?" + query, roomwire.token())
    assert answer.status_code == 400, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert " " in answer.json()["detail"]


def test_the_stream_takes_get_alone(shared):
    for method in ("PUT", "DELETE"):
        answer = roomwire.requests.request(method, shared.url("/events"), timeout=30)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]


def test_ndjson_is_one_event_a_line(shared, room):
    by_accept = clients.Stream(shared, f"room={room}", roomwire.token(), accept="application/x-ndjson")
    by_query = clients.Stream(shared, f"room={room}&format=ndjson", roomwire.token())
    for stream in (by_accept, by_query):
        assert stream.status == 200, stream.bytes
        assert stream.headers["content-type"].split(";")[0] == "application/x-ndjson"
        stream.read_until(lambda: b'"connected"' in stream.body, "connected")
    providers.post_meeting(shared, room)
    for stream in (by_accept, by_query):
        stream.read_until(lambda: b'"room_finished"' in stream.body and stream.body.endswith(b"\n"), "the meeting")
        messages = [wire_schema.read(line) for line in stream.body.splitlines() if line]
        assert [message["type"] for message in messages] == [
            "connected", "room_started", "participant_joined", "participant_joined", "participant_left",
            "participant_left", "room_finished"]


def test_a_listed_origin_may_read_and_another_may_not(start):
    relay = start(cors={"origins": ["https://dash.example.com"]})
    mine = clients.Stream(relay, "", roomwire.token(), headers=["Origin: https://dash.example.com"])
    assert mine.headers["access-control-allow-origin"] == "https://dash.example.com"
    assert mine.headers["access-control-allow-credentials"] == "true"
    assert "origin" in mine.headers["vary"].lower()
    other = clients.Stream(relay, "", roomwire.token(), headers=["Origin: https://evil.example.com"])
    assert "access-control-allow-origin" not in other.headers
    refused = relay.get("/events", headers={"Origin": "https://dash.example.com"})
    assert refused.headers["Access-Control-Allow-Origin"] == "https://dash.example.com"


def test_a_preflight_is_answered(start):
    relay = start(cors={"origins": ["https://dash.example.com"]})
    answer = roomwire.requests.options(
        relay.url("/events"), timeout=30,
        headers={
            "Origin": "https://dash.example.com", "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization,last-event-id"})
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://dash.example.com"
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed and "last-event-id" in allowed
