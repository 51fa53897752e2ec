"""300 webhooks of LiveKit of all kinds, held against LiveKit's own protobufs; and 200 that its own receiver judges."""

import base64
import hashlib
import json
import random
import time

import jwt
from google.protobuf import json_format
from livekit.protocol import ingress, models

import clients
import livekit_events
import livekit_oracle
import providers
import relay as roomwire

SEED = 20261121
COUNT = 300

# What is passed on in LiveKit's own words.
VERBATIM = {
    ("participant", "permissions"): models.ParticipantPermission, ("ingress", "video"): ingress.InputVideoState,
    ("ingress", "audio"): ingress.InputAudioState,
}


def with_messages(data):
    """The data with LiveKit's own words read as LiveKit reads them."""
    for (holder, member), kind in VERBATIM.items():
        if member in data.get(holder, {}):
            data[holder][member] = json_format.ParseDict(data[holder][member], kind(), ignore_unknown_fields=True)
    return data


def differences(expected, found, path=""):
    """The members that differ, each with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted({*expected, *found}):
            yield from differences(expected.get(name, "(none)"), found.get(name, "(none)"), f"{path}.{name}")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield f"{path}: expected {expected!r}, found {found!r}"


def test_300_events_say_what_livekits_protobufs_say(start):
    relay = start()
    chance = random.Random(SEED)
    made = [livekit_events.Made(chance, number) for number in range(COUNT)]
    receiver = providers.livekit_receiver()
    with clients.subscribe(relay) as stream:
        for number, webhook in enumerate(made):
            headers = providers.livekit_headers(webhook.body)
            assert receiver.receive(webhook.body.decode(), headers["Authorization"]).id == f"EV_{number}"
            answer = relay.post("livekit", headers, webhook.body)
            assert answer.status_code == 200, f"{number}: {answer.text} {webhook.body}"
        events = stream.wait_events(COUNT)
    # Each event is in a room of its own, so the relay adds none.
    assert len(events) == COUNT
    wrong = []
    for number, (webhook, event) in enumerate(zip(made, events)):
        reading = livekit_oracle.Reading(webhook.message, webhook.unknown)
        expected = {
            "type": reading.type, "source": "livekit", "provider": "livekit", "data": reading.data,
            "timestamp": event["receivedAt"] if reading.timestamp is None else reading.timestamp,
            **({} if reading.room is None else {"room": reading.room})}
        event["data"] = with_messages(event["data"])
        told = {name: value for name, value in event.items() if name not in ("id", "receivedAt", "late")}
        wrong += [f"{number} {webhook.message.event}{each}" for each in differences(expected, told)]
    assert not wrong, f"seed {SEED}: {len(wrong)} differences\n" + "\n".join(wrong[:40])


def test_the_events_are_of_every_kind():
    """Guards the test above against a generator that leaves something out."""
    chance = random.Random(SEED)
    readings = []
    for number in range(COUNT):
        made = livekit_events.Made(chance, number)
        readings.append(livekit_oracle.Reading(made.message, made.unknown))
    assert {reading.type for reading in readings} >= livekit_oracle.SIMPLE | {
        "unknown", *(f"{noun}_{step}" for noun in ("recording", "stream") for step in ("started", "updated", "ended"))}
    members = {f"{holder}.{name}" for reading in readings for holder, value in reading.data.items()
               if isinstance(value, dict) for name in value}
    assert members >= {
        "room.endReason", "room.durationSeconds", "participant.attributes", "participant.permissions",
        "participant.leaveReason", "participant.leftAt", "track.source", "track.mimeType", "stream.destinations",
        "recording.files", "recording.segments", "recording.images", "recording.manifestLocation", "ingress.video",
        "ingress.error", "job.reason", "job.durationSeconds", "recording.errorCode",
    }


# What LiveKit's own receiver accepts


def claims_of(body, **changes):
    now = int(time.time())
    claims = {"iss": roomwire.LIVEKIT_KEY, "nbf": now, "exp": now + 300,
              "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(), **changes}
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims, secret=roomwire.LIVEKIT_SECRET, algorithm="HS256"):
    return jwt.encode(claims, secret, algorithm)


def changed(chance, data):
    """The same with one byte changed, taken out or added."""
    place = chance.randrange(len(data))
    kind = chance.randrange(3)
    if kind == 0:
        return data[:place] + data[place + 1:]
    letter = chance.choice("abcXYZ019{}\",: ").encode()
    return data[:place] + letter + data[place + (kind == 1):]


def token_of_other_letters(chance, token):
    """A change in what the last letter of a part does not hide: its spare bits say nothing."""
    place = chance.randrange(len(token) - 2)
    letter = chance.choice([each for each in "abcXYZ019-_." if each != token[place]])
    return token[:place] + letter + token[place + 1:]


def variants(chance):
    """Requests that are right, or wrong in one way; each with a name for it, its body and its token."""
    good = providers.livekit_body("room_started", "judged")
    now = int(time.time())
    other = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    hexadecimal = hashlib.sha256(good).hexdigest()
    yield from [
        ("right", good, signed(claims_of(good))),
        ("no body that is JSON, signed", b"no json", signed(claims_of(b"no json"))),
        ("an array, signed", b"[]", signed(claims_of(b"[]"))),
        ("nothing said", b"{}", signed(claims_of(b"{}"))),
        ("empty", b"", signed(claims_of(b""))),
        ("hash of another body", good, signed(claims_of(good, sha256=other))),
        ("hash in hexadecimal", good, signed(claims_of(good, sha256=hexadecimal))),
        ("no hash", good, signed(claims_of(good, sha256=None))),
        ("an empty hash", good, signed(claims_of(good, sha256=""))),
        ("no expiry", good, signed(claims_of(good, exp=None))),
        ("no nbf", good, signed(claims_of(good, nbf=None))),
        ("another issuer", good, signed(claims_of(good, iss="APIother"))),
        ("no issuer", good, signed(claims_of(good, iss=None))),
        ("another secret", good, signed(claims_of(good), secret="s" * 40)),
        ("HS384", good, signed(claims_of(good), algorithm="HS384")),
        ("HS512", good, signed(claims_of(good), algorithm="HS512")),
        ("no signature", good, jwt.encode(claims_of(good), None, "none")),
        ("no token", good, "nonsense"),
        ("two parts", good, ".".join(signed(claims_of(good)).split(".")[:2])),
        ("four parts", good, signed(claims_of(good)) + ".e30"),
    ]
    for seconds in (-3600, -300, -90, -70, -50, -20, -1, 1, 30, 3600):
        yield f"expires in {seconds} s", good, signed(claims_of(good, nbf=now - 4000, exp=now + seconds))
        yield f"valid in {seconds} s", good, signed(claims_of(good, nbf=now + seconds, exp=now + 7200))
    for text in BODIES:
        yield f"a body {text[:60]}", text.encode(), signed(claims_of(text.encode()))
    while True:
        body = providers.livekit_body("participant_joined", "judged", "ada")
        kind = chance.randrange(3)
        if kind == 0:
            yield "another body than the signed one", changed(chance, body), signed(claims_of(body))
        elif kind == 1:
            yield "a token with another letter", body, token_of_other_letters(chance, signed(claims_of(body)))
        else:
            # Mostly JSON no more, or with other values, and signed as it is.
            altered = changed(chance, body)
            yield "a body changed and signed", altered, signed(claims_of(altered))


# Bodies that are JSON, of LiveKit's shape or not.
BODIES = [
    '{"event":1}', '{"event":null}', '{"event":{}}', '{"room":"r"}', '{"room":[]}', '{"room":null}', '{"room":{"name":7}}',
    '{"createdAt":"x"}', '{"createdAt":"12"}', '{"createdAt":12}', '{"createdAt":true}', '{"createdAt":""}',
    '{"created_at":"12"}', '{"createdAt":1e3}', '{"createdAt":"1e3"}', '{"createdAt":12.0}', '{"createdAt":1.5}',
    '{"participant":{"sid":"P","attributes":{"a":1}}}', '{"participant":{"sid":"P","attributes":{"a":"b"}}}',
    '{"participant":{"sid":"P","kind":"SIP"}}', '{"participant":{"sid":"P","kind":77}}',
    '{"track":{"sid":"T","muted":"yes"}}', '{"track":{"sid":"T","muted":true}}', '{"track":{"sid":"T","source":[]}}',
    '{"egressInfo":{"egressId":"E","streamResults":{}}}', '{"egressInfo":{"egressId":"E","streamResults":[1]}}',
    '{"egressInfo":{"egressId":"E","streamResults":[{"url":"rtmp://h/k"}]}}', '{"ofTomorrow":[{"a":[null]}]}',
    ' {"event" : "room_started" } ', '{"event":"a","event":"b"}',
]


def judge(body, token):
    """What LiveKit's own receiver says: None, or why not."""
    try:
        providers.livekit_receiver().receive(body.decode(), token)
    except Exception as error:
        return repr(error)[:200]


# Where the relay is stricter or takes more than LiveKit's receiver, and why.
ON_PURPOSE = {
    # The package reads these as if nothing stood there; LiveKit's receiver in Go refuses them as well.
    "[]", '{"room":"r"}', '{"room":[]}',
    # Of two members of one name the last counts, and of a number where an integer belongs what is before its point.
    '{"event":"a","event":"b"}', '{"createdAt":1.5}',
}


def test_the_relay_accepts_what_livekits_receiver_accepts_and_nothing_else(start):
    relay = start()
    chance = random.Random(SEED)
    wrong, accepted = [], 0
    for _, (name, body, token) in zip(range(200), variants(chance)):
        verdict = judge(body, token)
        answer = relay.post("livekit", {"Authorization": token, "Content-Type": "application/webhook+json"}, body)
        accepted += answer.status_code == 200
        assert answer.status_code in (200, 400, 401), (name, answer.text)
        if body.decode() not in ON_PURPOSE and (answer.status_code == 200) != (verdict is None):
            wrong.append(f"{name}: the receiver says {verdict}, the relay {answer.status_code} {answer.text} {body}")
    assert not wrong, "\n".join(wrong)
    # Both say yes and no often enough for their agreement to mean something.
    assert 30 < accepted < 170
