"""Senders that others wrote: the packages of Standard Webhooks and Svix, and backends in Node and Python."""

import base64
import datetime
import hashlib
import hmac
import json
import random
import shutil
import subprocess
import time

import pytest
import standardwebhooks
import svix.webhooks

import clients
import providers
import relay as roomwire

SEED = 20261121
WHEREBY_SECRET = "whereby secret of 24 letters"
NODE = shutil.which("node")

# A secret for each form in which one is given: the newest, the one before it, one without its prefix and padding.
NEW, OLD = roomwire.STANDARD_SECRET, "whsec_" + base64.b64encode(b"the secret before the rotation").decode()
BARE = base64.b64encode(b"a secret of 31 bytes, unpadded.").decode().rstrip("=")

FAMILIES = {
    "standard": ("webhook-id", "webhook-timestamp", "webhook-signature"),
    "svix": ("svix-id", "svix-timestamp", "svix-signature"),
    "capitals": ("Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"),
}


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    sources = roomwire.settings()["sources"]
    sources["app"]["secrets"] = [NEW, OLD, BARE]
    sources["whereby"] = {"provider": "whereby", "secrets": [WHEREBY_SECRET]}
    relay = roomwire.Relay(tmp_path_factory.mktemp("senders"), roomwire.settings(sources=sources)).start()
    yield relay
    relay.stop()


def standard(id, body, *signers, family="standard", ago=0, signatures=()):
    """Headers as a sender makes them whose library is one of the packages: `signers` are objects with `sign`."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    listed = [*signatures, *(signer.sign(id, at, body.decode()) for signer in signers)]
    names = FAMILIES[family]
    return dict(zip(names, (id, str(int(at.timestamp())), " ".join(listed)))) | {"Content-Type": "application/json"}


def message(room, **members):
    return json.dumps({"type": "order.paid", "room": room, "data": {"name": "Zoë 👍\u2028", "sum": 1e21}, **members}).encode()


PACKAGES = {"standardwebhooks": standardwebhooks.Webhook, "svix": svix.webhooks.Webhook}
FORGED = "v1," + base64.b64encode(b"f" * 32).decode()
CURVE = "v1a," + base64.b64encode(b"c" * 64).decode()

# What is signed how: secrets, signatures before it, how many seconds ago; and the reason of a refusal.
SIGNED = {
    "one signature": ((NEW,), (), 0, None),
    "the secret before a rotation": ((OLD,), (), 0, None),
    "both secrets of a rotation": ((OLD, NEW), (), 0, None),
    "a secret without prefix and padding": ((BARE,), (), 0, None),
    "a secret that has been taken out, and one that counts": (("whsec_" + base64.b64encode(b"x" * 24).decode(), NEW), (), 0, None),
    "forged ones before it": ((NEW,), (FORGED, FORGED), 0, None),
    "another version before it": ((NEW,), (CURVE, "v2,AAAA"), 0, None),
    "four minutes old": ((NEW,), (), 240, None),
    "four minutes ahead": ((NEW,), (), -240, None),
    "six minutes old": ((NEW,), (), 360, "expired"),
    "six minutes ahead": ((NEW,), (), -360, "not_yet_valid"),
    "another secret": (("whsec_" + base64.b64encode(b"x" * 24).decode(),), (), 0, "bad_signature"),
    "forged": ((), (FORGED,), 0, "bad_signature"),
}


@pytest.mark.parametrize("how", SIGNED)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_packages_sign_and_verify_the_relay_judges_alike(relay, package, family, how):
    kind = PACKAGES[package]
    secrets, signatures, ago, reason = SIGNED[how]
    room = f"{package}/{family}/{how}".replace(",", "")
    body = message(room)
    headers = standard(room, body, *map(kind, secrets), family=family, ago=ago, signatures=signatures)
    if family != "svix" or package == "svix":
        # The packages know one secret, and each of those that the relay knows may be it.
        verdicts = [verdict(kind(secret), body, headers) for secret in (NEW, OLD, BARE)]
        assert any(verdicts) == (reason is None)
    with clients.subscribe(relay, f"room={room}") as stream:
        answer = relay.post("app", headers, body)
        if reason is None:
            assert answer.status_code == 200, answer.text
            assert stream.wait_events(1)[0]["data"] == json.loads(body)["data"]
        else:
            assert (answer.status_code, answer.json()["reason"]) == (401, reason)


def verdict(verifier, body, headers):
    try:
        verifier.verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("change, reason, word", [
    ({"svix-id": "another"}, "malformed_header", "svix-id"),
    ({"svix-timestamp": "1"}, "malformed_header", "svix-timestamp"),
    ({"svix-signature": FORGED}, "malformed_header", "svix-signature"),
    ({"webhook-signature": FORGED}, "malformed_header", "webhook-signature"),
    ({"webhook-id": ""}, "malformed_header", "webhook-id"),
    ({"webhook-timestamp": None}, "missing_header", "webhook-timestamp"),
    ({"webhook-signature": None}, "missing_header", "webhook-signature"),
    ({}, None, ""),
    ({"svix-id": None, "svix-signature": None}, None, ""),
])
def test_headers_of_both_names_must_say_the_same(relay, room, change, reason, word):
    body = message(room)
    both = standard(room, body, PACKAGES["svix"](NEW)) | standard(room, body, PACKAGES["svix"](NEW), family="svix")
    headers = {name: value for name, value in (both | change).items() if value is not None}
    answer = relay.post("app", headers, body)
    if reason is None:
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, answer.json()["reason"]) == (401, reason)
        assert word in answer.json()["detail"]


# Backends of Daily and Whereby


def node_made():
    """What a backend in Node signs and sends; see senders.mjs."""
    lines = roomwire.run(
        NODE, str(roomwire.ROOT / "Tests" / "blackbox" / "senders.mjs"), str(SEED), "120", roomwire.DAILY_SECRET,
        WHEREBY_SECRET).strip("\n").split("\n")
    for line in lines:
        made = json.loads(line)
        yield made | {"body": base64.b64decode(made["body"])}


NAMES = [
    "Zoë", "Łukasz Żółć", "👩‍👩‍👧", "cut \ud83c", "\udf89 cut", "\udf89\ud83c reversed", "a\u2028b\u2029c\u0085d", "\x00\x1f\x7f",
    "\ufeffmark", "ö" * 400, "quote\"back\\slash/",
]
NUMBERS = [0, -0.0, -1, 1.5, 0.1 + 0.2, 1e16, 1e21, 1e-7, 1.7976931348623157e308, 5e-324, 2 ** 53 + 1, -(2 ** 63)]


def well_formed(value):
    """U+FFFD in place of each half of a pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [well_formed(each) for each in value]
    if isinstance(value, dict):
        return {well_formed(name): well_formed(each) for name, each in value.items()}
    return value


def python_made():
    """What a backend in Python signs and sends. Only escapes can write half of a surrogate pair."""
    chance = random.Random(SEED)
    for number in range(120):
        is_ascii = chance.random() < 0.5
        names = NAMES if is_ascii else [name for name in NAMES if name == well_formed(name)]
        name, data = chance.choice(names), {key: chance.choice([*NUMBERS, *names, None, [True, {}]]) for key in ("b", "a", "10")}
        joined, room = 1_790_000_000 + chance.randrange(10 ** 9) / 10 ** 6, f"python-{number}"
        style = {"ensure_ascii": is_ascii, "indent": chance.choice([None, 2]), "sort_keys": chance.random() < 0.5}
        expected = {"type": "participant_joined", "room": room, "name": well_formed(name), "id": f"p-{number}", "duration": None}
        if number % 2:
            at = datetime.datetime.fromtimestamp(joined, datetime.timezone.utc)
            body = json.dumps({
                "id": room, "createdAt": at.isoformat(), "type": "room.client.joined", "data": {
                    "roomName": "/" + room, "displayName": name, "participantId": f"p-{number}", "metadata": name,
                    "externalId": chance.choice(["u", 17, None]), "extra": data}}, **style).encode()
            stamp = str(int(time.time()))
            code = hmac.new(WHEREBY_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
            expected |= {"joinedAt": int(at.timestamp() * 1000), "metadata": well_formed(name)}
            yield {"source": "whereby", "headers": {"Whereby-Signature": f"t={stamp},v1={code}"}, "body": body,
                   "expected": expected}
        else:
            body = json.dumps({
                "type": "participant.joined", "id": room, "event_ts": joined + 7200, "payload": {
                    "session_id": f"p-{number}", "user_name": name, "room": room, "joined_at": joined, "user_data": data,
                    "will_eject_at": chance.choice(NUMBERS)}}, **style).encode()
            expected |= {"joinedAt": round(joined * 1000), "data": well_formed(data)}
            yield {"source": "daily", "headers": providers.daily_headers(body), "body": body, "expected": expected}


BACKENDS = {"node": node_made, "python": python_made}


@pytest.mark.parametrize("backend", BACKENDS)
def test_bodies_of_daily_and_whereby_arrive_as_their_backend_meant_them(relay, backend):
    if backend == "node" and not NODE:
        pytest.skip("there is no node here")
    made = list(BACKENDS[backend]())
    assert any(b"\\ud83c" in each["body"] for each in made), "no half of a pair was sent"
    with clients.subscribe(relay) as stream:
        for each in made:
            answer = relay.post(each["source"], each["headers"], each["body"])
            assert answer.status_code == 200, (answer.text, each)
        rooms = {each["expected"]["room"] for each in made}
        stream.read_until(
            lambda: sum(event.get("room") in rooms for event in stream.events) == len(made), "all events")
        events = {event["room"]: event for event in stream.events if event.get("room") in rooms}
    for each in made:
        expected, event = each["expected"], events[each["expected"]["room"]]
        person = event["data"]["participant"]
        assert (event["type"], event["source"], person["id"], person["name"]) == (
            expected["type"], each["source"], expected["id"], expected["name"]), each
        assert abs(clients.iso_milliseconds(person["joinedAt"]) - expected["joinedAt"]) <= 1, each
        if "data" in expected:
            # What an application stored is told as the text of its JSON, and each number reads as the same number.
            assert json.loads(person["metadata"]) == expected["data"], each
        else:
            assert person["metadata"] == expected["metadata"], each
        assert person.get("durationSeconds") == expected["duration"], each
