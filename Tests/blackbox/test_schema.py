"""The schema that the relay serves holds for everything it emits."""

import json

import jsonschema
import jsonschema_rs
import pytest

import clients
import providers
import relay as roomwire
import wire_schema

KEYS = {
    "livekit": json.loads((roomwire.VECTORS / "livekit.json").read_text())["keys"],
    "other": sorted({(vector["provider"], vector["key"])
                     for vector in json.loads((roomwire.VECTORS / "other.json").read_text())["vectors"]}),
}


@pytest.fixture(scope="module")
def schema(shared):
    answer = shared.get("/schema/events.json")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/schema+json"
    schema = answer.json()
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def validator(schema, definition=None):
    if definition:
        return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]})
    return jsonschema.Draft202012Validator(schema)


def verdicts(folder, source, vectors):
    """What `roomwire verify` says of captured requests."""
    file = folder / "vectors.json"
    file.write_text(json.dumps(vectors))
    answer = roomwire.command("verify", "--source", source, str(file), folder=folder)
    assert answer.returncode in (0, 1), answer.stderr
    return [json.loads(line) for line in answer.stdout.split("\n") if line]


def settings_for_vectors(folder):
    sources = {"livekit": {"provider": "livekit", "keys": KEYS["livekit"]}}
    for provider, key in KEYS["other"]:
        sources.setdefault(provider, {"provider": provider, "secrets": []})["secrets"].append(key)
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(sources=sources)))


@pytest.mark.parametrize("source", ["livekit", "daily", "whereby", "standard"])
def test_every_event_of_every_vector_is_valid(folder, schema, source):
    settings_for_vectors(folder)
    file = "livekit.json" if source == "livekit" else "other.json"
    vectors = json.loads((roomwire.VECTORS / file).read_text())["vectors"]
    mine = [vector for vector in vectors if vector.get("provider", "livekit") == source]
    found = [verdict["event"] for verdict in verdicts(folder, source, mine) if verdict.get("event")]
    assert len(found) >= 2
    for event in found:
        # The log gives the id, which `verify` does not touch.
        validator(schema).validate({"id": "1-0", **event})


def test_a_stream_and_a_snapshot_are_valid(shared, schema, room):
    providers.post_livekit(shared, *providers.meeting(room)[:3])
    with clients.subscribe(shared, f"room={room}&snapshot=1&type=*", roomwire.token()) as stream:
        providers.post_meeting(shared, room, ("eve",))
        stream.wait_for("room_finished")
        for message in stream.messages:
            control = f"control_{message['type']}"
            if control in schema["$defs"]:
                validator(schema, control).validate(message)
            else:
                validator(schema).validate(message)


def test_an_event_without_what_its_type_promises_is_not_valid(schema):
    event = {"type": "room_started", "id": "1-0", "source": "s", "provider": "livekit", "timestamp": 1,
             "receivedAt": 1, "data": {}}
    assert not validator(schema).is_valid(event)
    assert validator(schema).is_valid({**event, "data": {"room": {"name": "a"}}})
    assert validator(schema).is_valid({**event, "provider": "standard"})
    assert not validator(schema).is_valid({**event, "type": "x", "users": ["ada"]})


# What the relay itself says, with every member that it may have.
CONTROL = [
    {"type": "connected", "streamId": "1", "user": "ada", "filter": {}, "granted": {}, "oldestId": "0-0",
     "newestId": "1-0", "lastEventId": "1-0", "heartbeatMs": 15000, "expiresAt": "2026-11-20T19:10:51.000Z"},
    {"type": "snapshot", "lastEventId": "1-0", "rooms": []},
    {"type": "resync", "reason": "expired", "oldestId": "1-0"},
    {"type": "token_expiring", "expiresAt": "2026-11-20T19:10:51.000Z"}, {"type": "token_expired"},
    {"type": "closed"}, {"type": "revoked"}, {"type": "replaced", "retryMs": 1}, {"type": "draining", "retryMs": 1},
    {"type": "retire", "retryMs": 1}, {"type": "heartbeat", "lastEventId": "1-0"},
    {"type": "refused", "reason": "full", "detail": "Full.", "retryMs": 1, "final": True},
]


@pytest.mark.parametrize("message", CONTROL, ids=lambda message: message["type"])
def test_the_root_admits_what_the_relay_says_itself(schema, message):
    validator(schema).validate(message)
    wire_schema.check(message)
    # An event is none of these, whatever else it has.
    event = {"id": "1-0", "source": "app", "provider": "standard", "timestamp": 1, "receivedAt": 1, "data": {}}
    needed = set(schema["$defs"][f"control_{message['type']}"]["required"])
    if needed - {"type"}:
        assert not validator(schema).is_valid({**event, "type": message["type"]})


@pytest.mark.parametrize("message", [
    {}, [], "connected", None, {"type": "connected"}, {"type": "resync", "reason": "tired", "oldestId": "1-0"},
    {"type": "resync", "reason": "expired", "oldestId": "yesterday"}, {"type": "draining", "retryMs": "soon"},
    {"type": "heartbeat"}, {"type": "heartbeat", "lastEventId": 5}, {"type": "goodbye"}, {"type": "room_started", "id": "1-0"},
])
def test_what_is_no_message_fails_the_test_that_reads_it(schema, message):
    assert not validator(schema).is_valid(message)
    with pytest.raises(jsonschema_rs.ValidationError):
        wire_schema.check(message)


def test_the_typescript_types_name_every_type_of_the_stream(shared, schema):
    text = shared.get("/schema/roomwire.d.ts").text
    for rule in schema["allOf"]:
        kind = rule["if"]["properties"].get("type", {}).get("const", "RoomwireEvent")
        assert kind in text
    for name in schema["$defs"]:
        assert name.removeprefix("control_") in text
    assert shared.get("/schema/other").status_code == 404
