"""Signs webhooks as the providers do, with their own or other people's code, never with ours."""

import base64
import datetime
import hashlib
import hmac
import itertools
import json
import time

import standardwebhooks
from livekit import api

import relay as roomwire

_numbers = itertools.count(1)


def livekit_headers(body, key=roomwire.LIVEKIT_KEY, secret=roomwire.LIVEKIT_SECRET, ttl=300):
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = api.AccessToken(key, secret).with_sha256(digest).with_ttl(datetime.timedelta(seconds=ttl)).to_jwt()
    return {"Authorization": token, "Content-Type": "application/webhook+json", "User-Agent": "LiveKit"}


def livekit_receiver():
    """LiveKit's own verdict."""
    return api.WebhookReceiver(api.TokenVerifier(roomwire.LIVEKIT_KEY, roomwire.LIVEKIT_SECRET))


def livekit_body(event, room="call_42", person=None, **members):
    """One of LiveKit's bodies, with a new id."""
    body = {"event": event, "room": {"sid": f"RM_{room}", "name": room, "creationTime": str(int(time.time()))}}
    if person:
        body["participant"] = {"sid": f"PA_{person}", "identity": person, "name": person.title(), "state": "ACTIVE"}
    body.update(members)
    body.setdefault("id", f"EV_{next(_numbers):06}")
    body.setdefault("createdAt", str(int(time.time())))
    return json.dumps(body, separators=(",", ":")).encode()


def meeting(room="call_42", people=("ada", "bob")):
    """The bodies of a whole meeting."""
    bodies = [livekit_body("room_started", room)]
    bodies += [livekit_body("participant_joined", room, person) for person in people]
    bodies += [livekit_body("participant_left", room, person) for person in people]
    return bodies + [livekit_body("room_finished", room)]


def post_livekit(relay, *bodies):
    """Posts webhooks one after another; every one must be accepted."""
    for body in bodies:
        answer = relay.post("livekit", livekit_headers(body), body)
        assert answer.status_code == 200, answer.text


def post_meeting(relay, room="call_42", people=("ada", "bob")):
    post_livekit(relay, *meeting(room, people))


def daily_headers(body, secret=roomwire.DAILY_SECRET, at=None):
    stamp = str(int((at or time.time()) * 1000))
    code = hmac.new(base64.b64decode(secret), stamp.encode() + b"." + body, hashlib.sha256).digest()
    return {
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Signature": base64.b64encode(code).decode(),
        "Content-Type": "application/json",
    }


def standard_headers(body, id="msg_1", at=None):
    now = datetime.datetime.fromtimestamp(at or time.time(), datetime.timezone.utc)
    signature = standardwebhooks.Webhook(roomwire.STANDARD_SECRET).sign(id, now, body.decode())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "Content-Type": "application/json",
    }


def standard_headers_of_bytes(body, id):
    """The same for a body that is no text, which the official package cannot sign."""
    stamp = str(int(time.time()))
    key = base64.b64decode(roomwire.STANDARD_SECRET.removeprefix("whsec_"))
    code = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(code).decode(),
        "Content-Type": "application/json",
    }


def captured_meeting():
    """What a real LiveKit server sent during one meeting: records with `body` as bytes and `meaning` as JSON."""
    records = []
    for line in (roomwire.VECTORS / "livekit-real-meeting.jsonl").read_text().splitlines():
        record = json.loads(line)
        record["body"] = base64.b64decode(record["bodyBase64"])
        record["meaning"] = json.loads(record["body"])
        records.append(record)
    return records
