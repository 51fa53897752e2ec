"""What strangers and odd senders can do with a webhook: what it costs, and what of it is relayed."""

import base64
import hashlib
import json
import os
import re
import subprocess

import jwt
import pytest
import requests

import clients
import providers
import relay as roomwire

KEY = "stream-key-8813"


def publish(relay, id, text):
    body = text.encode()
    return relay.post("app", providers.standard_headers(body, id), body)


# What it costs, in instructions, which do not depend on the machine or on what else it does.


@pytest.fixture(scope="module")
def instructions(tmp_path_factory):
    """How many instructions `roomwire verify` takes for a captured request."""
    folder = tmp_path_factory.mktemp("cost")
    # The debugging information of a debug build is more than valgrind reads.
    binary = folder / "roomwire"
    roomwire.run("objcopy", "--strip-debug", roomwire.BINARY, str(binary))
    config = roomwire.settings()
    config["sources"]["whereby"] = {"provider": "whereby", "secrets": ["sixteen-bytes-ok"]}
    (folder / "roomwire.yaml").write_text(json.dumps(config))

    def count(source, headers, body):
        capture = folder / "capture.json"
        capture.write_text(json.dumps({"headers": headers, "body": body.decode(), "verifyAt": 1790000000}))
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", str(binary), "verify", "--source",
             source, "--config", str(folder / "roomwire.yaml"), "--data", str(folder / "data"), str(capture)],
            env=roomwire.clean_environment(SWIFT_BACKTRACE="enable=no"), capture_output=True, text=True, timeout=300)
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert found, done.stderr
        return int(found[1]), json.loads(done.stdout)

    return count


def test_a_header_that_lists_many_signatures_costs_no_more_than_one(instructions):
    body = json.dumps({"type": "x", "data": {"filling": "a" * 200_000}}).encode()
    signature = "v1," + base64.b64encode(bytes(32)).decode()

    def standard(signatures):
        headers = {"webhook-id": "m", "webhook-timestamp": "1790000000", "webhook-signature": " ".join(signatures)}
        return instructions("app", headers, body)

    def whereby(codes):
        return instructions("whereby", {"Whereby-Signature": "t=1790000000," + ",".join(codes)}, body)

    once, verdict = standard([signature])
    assert verdict["reason"] == "bad_signature"
    ten, verdict = standard([signature] * 10)
    assert verdict["reason"] == "bad_signature"
    many, verdict = standard([signature] * 650)
    assert verdict["reason"] == "malformed_header"
    short, verdict = standard(["v1,AAAA"] * 4_000)
    assert verdict["reason"] == "bad_signature"
    assert max(ten, many) < 1.2 * once and short < 1.5 * once, (once, ten, many, short)
    once, verdict = whereby(["v1=" + "0" * 64])
    assert verdict["reason"] == "bad_signature"
    many, verdict = whereby(["v1=" + "0" * 64] * 450)
    assert verdict["reason"] == "malformed_header"
    assert many < 1.2 * once, (once, many)


def test_a_message_of_very_many_names_costs_what_it_weighs(instructions):
    def parsed(count):
        names = {f"room_a_{number}": 1 for number in range(count)}
        return json.dumps({"event": "room_started", "room": {"sid": "RM", "name": "r", **names}, **names}).encode()

    def accepted(count):
        body = parsed(count)
        return instructions("livekit", signed_livekit(body), body)

    few, verdict = accepted(100)
    assert verdict["accepted"], verdict
    middle, _ = accepted(2_000)
    many, verdict = accepted(8_000)
    assert verdict["accepted"] and verdict["event"]["room"] == "r"
    # Four times as many take four times as much; their square would be sixteen.
    assert many - few < 5 * (middle - few), (few, middle, many)


def signed_livekit(body):
    """LiveKit's headers at the captures' own time."""
    claims = {"iss": roomwire.LIVEKIT_KEY, "nbf": 1790000000, "exp": 1790000300,
              "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode()}
    return {"Authorization": jwt.encode(claims, roomwire.LIVEKIT_SECRET, "HS256")}


def test_a_flood_of_signatures_is_refused_and_the_relay_answers(shared):
    body = b"a" * (2 * 1024 * 1024 - 1)
    headers = {"webhook-id": "m", "webhook-timestamp": "1790000000",
               "webhook-signature": " ".join(["v1," + base64.b64encode(bytes(32)).decode()] * 600)}
    for _ in range(3):
        answer = shared.post("app", headers, body)
        assert answer.status_code == 401 and answer.json()["reason"] == "malformed_header"
    assert requests.get(shared.base + "/healthz", timeout=30).status_code == 200


# What is relayed.


@pytest.mark.parametrize("kind", [
    "connected", "snapshot", "resync", "token_expiring", "token_expired", "closed", "revoked", "replaced", "draining",
    "refused", "heartbeat", "retire"])
def test_nobody_publishes_the_relays_own_messages(shared, room, kind):
    answer = publish(shared, f"{room}-{kind}", json.dumps({"type": kind, "room": room, "data": {}}))
    assert answer.status_code == 400, answer.text
    assert answer.json()["reason"] == "malformed_body" and kind in answer.json()["detail"]


def test_an_event_of_the_relays_types_has_their_shape(shared, room):
    answer = publish(shared, room, json.dumps({"type": "participant_joined", "room": room, "data": {}}))
    assert answer.status_code == 400 and "data.participant" in answer.json()["detail"]
    with clients.subscribe(shared, f"room={room}") as stream:
        data = {"participant": {"id": "p1", "identity": "ada"}}
        event = {"type": "participant_joined", "room": room, "data": data}
        assert publish(shared, f"{room}-good", json.dumps(event)).status_code == 200
        relayed = stream.wait_events(1)[0]
        assert relayed["data"]["participant"]["kind"] == "standard" and relayed["data"]["room"] == {"name": room}


def test_the_headers_of_svix_are_taken(shared, room):
    body = json.dumps({"type": "user.created", "room": room, "data": {}}).encode()
    signed = {name.replace("webhook-", "svix-"): value for name, value in providers.standard_headers(body, room).items()}
    with clients.subscribe(shared, f"room={room}") as stream:
        assert shared.post("app", signed, body).status_code == 200
        # The same event by the names of the specification: a duplicate.
        assert shared.post("app", providers.standard_headers(body, room), body).status_code == 200
        other = json.dumps({"type": "user.deleted", "room": room, "data": {}}).encode()
        assert shared.post("app", providers.standard_headers(other, room + "2"), other).status_code == 200
        assert [event["type"] for event in stream.wait_events(2)] == ["user.created", "user.deleted"]
    assert shared.post("app", {**signed, "svix-signature": "v1,AAAA"}, body).json()["reason"] == "bad_signature"


def test_half_an_emoji_is_taken(shared, room):
    raw = roomwire.token("root", grant={"raw": True})
    with clients.subscribe(shared, f"room={room}", raw) as stream:
        text = '{"type":"x","room":"%s","data":{"name":"Zo\\ud83c","od\\udc00d":1}}' % room
        assert publish(shared, room, text).status_code == 200
        daily = '{"type":"participant.joined","id":"%s","payload":{"room":"%s","session_id":"s","user_name":"A\\ud83c"}}'
        body = (daily % (room, room)).encode()
        assert shared.post("daily", providers.daily_headers(body), body).status_code == 200
        own, joined = stream.wait_events(2)
        assert own["data"] == {"name": "Zo\ufffd", "od\ufffdd": 1}
        assert joined["data"]["participant"]["name"] == "A\ufffd"
        assert own["raw"]["data"] == {"name": "Zo\ud83c", "od\udc00d": 1}
        assert b'"Zo\\ud83c"' in stream.bytes
    with clients.subscribe(shared, f"room={room}&lastEventId=0") as stream:
        stream.wait_events(2)
        assert b"\\ud83c" not in stream.bytes


def test_a_stream_key_in_an_error_reaches_nobody(start):
    relay = start()
    address = f"rtmp://live.example/app/{KEY}"
    egress = {"egressId": "EG_1", "roomName": "r", "status": "EGRESS_FAILED", "error": f"failed:{address}",
              "details": f"tried SRT://h?streamid={KEY},then {address}",
              "streamResults": [{"url": f" {address} ", "status": "FAILED", "error": f"({address})"}]}
    ingress = {"ingressId": "IN_1", "name": f"from:{address}", "roomName": "r",
               "state": {"status": "ENDPOINT_ERROR", "error": f"whip://h/{KEY}"}}
    person = {"sid": "PA_1", "identity": "ada", "metadata": f'{{"push":"{address}"}}',
              "attributes": {"SIP.phoneNumber": KEY, "note": f"at {address}"}}
    bodies = [
        providers.livekit_body("egress_ended", "r", egressInfo=egress),
        providers.livekit_body("ingress_ended", "r", ingressInfo=ingress),
        providers.livekit_body("participant_joined", "r", participant=person),
        providers.livekit_body("room_started", "q", recovery_token=KEY, totpSecret=KEY, passphrase=KEY),
    ]
    raw = roomwire.token("root", grant={"raw": True, "admin": True})
    with clients.subscribe(relay, "", raw) as stream:
        providers.post_livekit(relay, *bodies)
        stream.wait_events(4)
        places = {"stream": stream.bytes.decode(), "rooms": relay.get("/rooms", raw).text, "log": relay.said()}
    for file in relay.data.iterdir():
        places[file.name] = file.read_bytes().decode("latin-1")
    for place, text in places.items():
        assert KEY not in text, place
    assert "failed:rtmp://live.example/[redacted]" in places["stream"]


def test_an_operator_has_names_redacted(start):
    sources = roomwire.settings()["sources"]
    sources["app"]["redact"] = ["email"]
    relay = start(sources=sources)
    with clients.subscribe(relay, "", roomwire.token("root", grant={"raw": True})) as stream:
        text = json.dumps({"type": "x", "data": {"user_email": KEY, "n": 1}})
        assert publish(relay, "m1", text).status_code == 200
        event = stream.wait_events(1)[0]
    assert event["data"] == event["raw"]["data"] == {"user_email": "[redacted]", "n": 1}


def test_a_row_that_moves_tells_both_rooms(start):
    relay = start(sources={"db": {
        "provider": "supabase", "secrets": ["database-secret-16"], "room_column": "room"}})
    old, new = {"id": 1, "room": "a", "text": "old"}, {"id": 1, "room": "b", "text": "new"}
    body = json.dumps({"type": "UPDATE", "table": "notes", "schema": "public", "record": new, "old_record": old}).encode()
    with (
        clients.subscribe(relay, "", roomwire.token("ada", rooms=["a"], grant={"raw": True})) as left,
        clients.subscribe(relay, "", roomwire.token("bob", rooms=["b"])) as come_to,
    ):
        assert relay.post("db", {"x-webhook-secret": "database-secret-16"}, body).status_code == 200
        event = left.wait_events(1)[0]
        assert (event["type"], event["room"], event["data"]["moved"]) == ("notes.update", "a", "out")
        assert event["data"]["oldRecord"] == old and "record" not in event["data"]
        assert b"new" not in left.bytes.partition(b"notes.update")[2]
        event = come_to.wait_events(1)[0]
        assert (event["type"], event["room"], event["data"]["moved"]) == ("notes.update", "b", "in")
        assert event["data"]["record"] == new


def test_weak_secrets_are_warned_of_at_the_start_and_by_check(start):
    sources = {"hook": {"provider": "whereby", "secrets": ["abc"]}}
    relay = start(sources=sources)
    assert "sources.hook: a secret " in relay.said()
    done = roomwire.command("check", folder=relay.folder)
    assert done.returncode == 0 and "sources.hook: a secret " in done.stderr
    assert "abc" not in done.stdout + done.stderr
