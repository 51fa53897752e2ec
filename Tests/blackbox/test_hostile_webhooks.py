"""Any bytes at the webhook's path: never a crash, never a 5xx, never an event without a good signature."""

import json
import random
import base64

import pytest
import requests

import clients
import providers
import relay as roomwire

SEED = 20261120


def mutations(random, bodies):
    """Bodies and headers that are nearly right."""
    while True:
        source, headers, body = random.choice(bodies)
        body, headers = bytearray(body), dict(headers)
        kind = random.randrange(6)
        if kind == 0:
            body[random.randrange(len(body))] ^= 1 << random.randrange(8)
        elif kind == 1:
            body = body[: random.randrange(len(body))]
        elif kind == 2:
            body += bytes(random.randrange(256) for _ in range(random.randrange(1, 40)))
        elif kind == 3:
            body = bytearray(random.randrange(256) for _ in range(random.randrange(0, 400)))
        else:
            name = random.choice([name for name in headers if name not in ("Content-Type", "User-Agent")])
            value = headers[name]
            at = random.randrange(len(value))
            headers[name] = value[:at] + random.choice("aZ0=.-_,:") + value[at + 1:]
            if headers[name] == value:
                continue
        yield source, headers, bytes(body)


def test_nothing_nearly_right_is_relayed_and_nothing_breaks(start):
    sources = roomwire.settings()["sources"]
    sources["whereby"] = {"provider": "whereby", "secrets": ["whereby-secret"]}
    relay = start(sources=sources)
    livekit = providers.livekit_body("room_started", "fuzz")
    daily = json.dumps({"type": "meeting.started", "id": "1", "version": "1.0.0", "event_ts": 1,
                        "payload": {"room": "fuzz", "meeting_id": "m", "start_ts": 1.5}}).encode()
    own = json.dumps({"type": "x", "room": "fuzz"}).encode()
    bodies = [
        ("livekit", providers.livekit_headers(livekit), livekit),
        ("daily", providers.daily_headers(daily), daily),
        ("app", providers.standard_headers(own), own),
        ("whereby", {"Whereby-Signature": "t=1790000000,v1=" + "0" * 64}, b"{}"),
    ]
    stream = clients.subscribe(relay, "", roomwire.token())
    session = requests.Session()
    chance = random.Random(SEED)
    for count, (source, headers, body) in enumerate(mutations(chance, bodies)):
        if count == 3000:
            break
        answer = session.post(relay.url(f"/webhooks/{source}"), headers=headers, data=body, timeout=30)
        said = (source, headers, body)
        assert answer.status_code in (200, 400, 401), said
        if answer.status_code == 200:
            # A change that the signature does not cover, such as one of the token's spare bits, or of an id.
            pytest.fail(f"accepted, from seed {SEED}: {said}")
    providers.post_livekit(relay, providers.livekit_body("room_started", "genuine"))
    stream.wait_events(1)
    assert [event["room"] for event in stream.events] == ["genuine"]
    assert relay.process.poll() is None
    stream.close()


@pytest.mark.parametrize("accept", [";", ",", ";;,;", " ", "text/event-stream;q=x,;", "*/*;;"])
def test_an_odd_accept_header_harms_nobody(shared, accept):
    with clients.Stream(shared, token=roomwire.token(), accept=accept) as stream:
        assert stream.control("connected")
    assert shared.process.poll() is None


def test_secrets_in_bodies_are_found_nowhere(start):
    relay = start()
    key = "stream-key-5521"
    room = {"sid": "RM_s", "name": "secretive", "turnPassword": "turn-password-7731"}
    ingress = {"ingressId": "IN_1", "streamKey": key, "url": f"rtmp://live.example/app/{key}",
               "roomName": "secretive", "state": {"status": "ENDPOINT_PUBLISHING"}}
    egress = {"egressId": "EG_1", "roomName": "secretive", "status": "EGRESS_ACTIVE",
              "roomComposite": {"streamOutputs": [{"urls": [f"rtmp://live.example/app/{key}"]}],
                                "file": {"s3": {"accessKey": "access-key-9", "secret": "s3-secret-9"}}},
              "streamResults": [{"url": f"rtmp://live.example/app/{key}", "status": "ACTIVE"}]}
    started = json.loads(providers.livekit_body("room_started", "secretive"))
    bodies = [
        json.dumps({**started, "room": room}).encode(),
        providers.livekit_body("ingress_started", "secretive", ingressInfo=ingress),
        providers.livekit_body("egress_updated", "secretive", egressInfo=egress),
    ]
    raw = roomwire.token("root", grant={"raw": True, "admin": True})
    with clients.subscribe(relay, "snapshot=1", raw) as stream:
        providers.post_livekit(relay, *bodies)
        assert relay.post("livekit", {"Authorization": "not-a-token-4711"}, bodies[0]).status_code == 401
        stream.wait_events(3)
        assert all("raw" in event for event in stream.events)
        places = {
            "stream": stream.bytes.decode(),
            "rooms": relay.get("/rooms", raw).text,
            "rejects": relay.get("/admin/rejects", raw).text,
            "metrics": requests.get(relay.base + "/metrics", timeout=30).text,
            "log": relay.said(),
        }
    for file in relay.data.iterdir():
        places[file.name] = file.read_bytes().decode("latin-1")
    hidden = ["turn-password-7731", key, "access-key-9", "s3-secret-9", "not-a-token-4711", raw]
    for place, text in places.items():
        for secret in hidden:
            assert secret not in text, f"{secret} in {place}"


def test_a_refused_webhook_explains_itself_to_the_sender_and_to_the_operator(shared):
    body = providers.livekit_body("room_started", "late")
    headers = providers.livekit_headers(body, ttl=1)
    claims = headers["Authorization"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sha256"]
    answer = shared.post("livekit", headers, body + b" ")
    assert answer.status_code == 401 and answer.json()["reason"] == "body_mismatch"
    unknown = providers.livekit_headers(body, key="APIother")
    assert shared.post("livekit", unknown, body).json()["reason"] == "unknown_key"
    assert shared.post("livekit", {}, body).json()["reason"] == "missing_header"
    assert shared.post("nobody", {}, body).json()["reason"] == "unknown_source"
    daily = b'{"type":"meeting.started"}'
    early = shared.post("daily", providers.daily_headers(daily, at=4102444800), daily).json()
    assert early["reason"] == "not_yet_valid" and early["skewSeconds"] > 0
    admin = roomwire.token(grant={"admin": True})
    rejects = shared.get("/admin/rejects", admin).json()["rejects"]
    reasons = [reject["reason"] for reject in rejects]
    assert reasons[:5] == ["not_yet_valid", "unknown_source", "missing_header", "unknown_key", "body_mismatch"]
    assert shared.get("/admin/rejects", roomwire.token()).status_code == 403
    assert shared.metric('roomwire_webhook_rejections_total{source="livekit",reason="unknown_key"}') == 1
    assert "unknown_key" in shared.said()
