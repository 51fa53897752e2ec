"""Refused webhooks that are kept, so that an operator tries secrets offline."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import signal
import time

import pytest
import requests

import clients
import providers
import relay as roomwire
from relay import wait_until

WHEREBY_SECRET = "the secret of whereby that the relay has"
WRONG = "b3RoZXIgYnl0ZXMgYnV0IGFzIGxvbmcgYXMgdGhlc2U="
KEPT_BYTES = 64 * 1024
KEPT = 32
ADMIN = {"grant": {"admin": True}}

SOURCES = {**roomwire.settings()["sources"], "whereby": {"provider": "whereby", "secrets": [WHEREBY_SECRET]}}
# What the providers sign with, and the relay does not know yet.
NEW = {
    "livekit": {"provider": "livekit", "keys": {roomwire.LIVEKIT_KEY: "another secret, as after a rotation of it"}},
    "daily": {"provider": "daily", "secrets": [WRONG]},
    "app": {"provider": "standard", "secrets": ["whsec_" + WRONG]},
    "whereby": {"provider": "whereby", "secrets": ["another secret of whereby's"]},
}


def whereby_headers(body, secret):
    stamp = str(int(time.time()))
    code = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Whereby-Signature": f"t={stamp},v1={code}", "Content-Type": "application/json"}


def standard_headers(body, key, id="msg_1"):
    stamp = str(int(time.time()))
    code = hmac.new(base64.b64decode(key), f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(code).decode()}


def signed(source, body):
    """The headers of a sender that has the new secret."""
    if source == "livekit":
        return providers.livekit_headers(body, secret=NEW[source]["keys"][roomwire.LIVEKIT_KEY])
    if source == "daily":
        return providers.daily_headers(body, secret=WRONG)
    if source == "whereby":
        return whereby_headers(body, NEW[source]["secrets"][0])
    return standard_headers(body, WRONG)


BODIES = {
    "livekit": providers.livekit_body("room_started", "call_1"),
    "daily": json.dumps({"type": "meeting.started", "event_ts": time.time(), "id": "1", "version": "1.0.0",
                         "payload": {"room": "call_1", "meeting_id": "m", "start_ts": time.time()}}).encode(),
    "whereby": json.dumps({"id": "1", "apiVersion": "1.0", "type": "room.session.started",
                           "createdAt": "2026-11-20T10:00:00Z",
                           "data": {"roomName": "/call_1", "roomSessionId": "s"}}).encode(),
    "app": b'{"type":"app.ring","room":"call_1"}',
}


def start_capturing(start, **more):
    return start(sources=SOURCES, rejects={"capture": True}, **more)


@pytest.fixture
def relay(start):
    return start_capturing(start)


def rejects(relay):
    answer = relay.get("/admin/rejects", roomwire.token(**ADMIN))
    assert answer.status_code == 200
    return answer.json()["rejects"]


def capture(relay, n, token=None):
    return relay.get(f"/admin/rejects/{n}/capture", token or roomwire.token(**ADMIN))


def refuse(relay, source, body=None, headers=None):
    body = BODIES[source] if body is None else body
    answer = relay.post(source, signed(source, body) if headers is None else headers, body)
    assert answer.status_code in (400, 401, 404), answer.text
    return answer


def verify(folder, source, file, sources, *flags):
    folder.mkdir(exist_ok=True)
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(sources=sources)))
    done = roomwire.command("verify", "--source", source, str(file), *flags, folder=folder)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("source", BODIES)
def test_an_operator_tries_secrets_offline(relay, folder, source):
    refuse(relay, source)
    listed = rejects(relay)[0]
    assert listed["capture"] == "kept" and listed["reason"] == "bad_signature"
    answer = capture(relay, listed["n"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    (folder / "reject.json").write_bytes(answer.content)
    code, verdicts, errors = verify(folder / "old", source, folder / "reject.json", SOURCES)
    assert code == 1 and verdicts[0]["reason"] == "bad_signature", errors
    code, verdicts, errors = verify(folder / "new", source, folder / "reject.json", NEW)
    assert code == 0 and verdicts[0]["accepted"] and verdicts[0]["event"]["type"], errors
    assert base64.b64decode(answer.json()["bodyBase64"]) == BODIES[source]
    # Verified as of its receipt, not of now.
    assert abs(answer.json()["verifyAt"] - time.time()) < 30
    code, verdicts, _ = verify(folder / "new", source, folder / "reject.json", NEW, "--at", str(int(time.time()) + 86400))
    assert code == 1 and verdicts[0]["reason"] == "expired"


def test_several_captures_are_one_file(relay, folder):
    for source in ("app", "app", "app"):
        refuse(relay, source)
    lines = b"".join(capture(relay, entry["n"]).content for entry in rejects(relay))
    (folder / "rejects.jsonl").write_bytes(lines)
    code, verdicts, _ = verify(folder / "new", "app", folder / "rejects.jsonl", NEW)
    assert code == 0 and len(verdicts) == 3


ODD_BODIES = [
    b"", b"\0", b'{"type":"app.ring","data":"\0"}', b"\xff\xfe\x80 no text", bytes(range(256)),
    b"a" * (KEPT_BYTES - 1), b"a" * KEPT_BYTES,
]


@pytest.mark.parametrize("number", range(len(ODD_BODIES)))
def test_a_body_is_kept_byte_for_byte(relay, folder, number):
    body = ODD_BODIES[number]
    refuse(relay, "app", body)
    listed = rejects(relay)[0]
    assert listed["capture"] == "kept" and listed["bodyBytes"] == len(body)
    answer = capture(relay, listed["n"])
    assert base64.b64decode(answer.json()["bodyBase64"]) == body
    (folder / "reject.json").write_bytes(answer.content)
    # With the right secret the signature fits, and what is wrong is the body.
    code, verdicts, _ = verify(folder / "new", "app", folder / "reject.json", NEW)
    assert code == 1 and verdicts[0]["reason"] == "malformed_body"


def test_a_larger_body_is_listed_as_too_large(relay):
    refuse(relay, "app", b"a" * (KEPT_BYTES + 1))
    listed = rejects(relay)[0]
    assert listed["capture"] == "too_large" and listed["bodyBytes"] == KEPT_BYTES + 1
    answer = capture(relay, listed["n"])
    assert answer.status_code == 404 and "too large" in answer.json()["detail"]


def test_a_larger_head_is_listed_as_too_large(relay):
    body = BODIES["app"]
    refuse(relay, "app", body, {**signed("app", body), "webhook-signature": "v1," + "a" * 17_000})
    assert rejects(relay)[0]["capture"] == "too_large"
    refuse(relay, "app", body, {**signed("app", body), "X-Other": "a" * 17_000})
    assert rejects(relay)[0]["capture"] == "kept"


def test_only_what_verifies_is_kept_of_the_headers(relay):
    body = BODIES["app"]
    headers = {**signed("app", body), "Cookie": "session=hush-1", "Proxy-Authorization": "Basic hush-2",
               "Authorization": "Bearer hush-3", "X-Forwarded-For": "10.9.8.7", "X-Api-Key": "hush-4"}
    answer = relay.post("app?room=1", headers, body)
    assert answer.status_code == 401
    found = capture(relay, rejects(relay)[0]["n"])
    assert set(found.json()) == {"verifyAt", "target", "headers", "bodyBase64"}
    assert set(found.json()["headers"]) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert found.json()["target"] == "/api/webhooks/app?room=1"
    assert "hush" not in found.text and "10.9.8.7" not in found.text


def test_authorization_is_kept_for_daily_only_with_basic_auth(start):
    for options, kept in [({}, False), ({"basic_auth": "dXNlcjpwYXNz"}, True)]:
        daily = {**SOURCES["daily"], **options}
        relay = start(sources={"daily": daily}, rejects={"capture": True})
        refuse(relay, "daily", headers={"Authorization": "Basic aHVzaA=="})
        headers = capture(relay, rejects(relay)[0]["n"]).json()["headers"]
        assert ("Authorization" in headers) == kept


def raw_post(relay, source, lines, body):
    with clients.RawConnection(relay) as connection:
        head = b"POST /api/webhooks/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n" % (
            source, len(body))
        connection.send(head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body)
        return connection.read_to_end()


def test_headers_that_are_not_utf8_or_come_twice_have_the_verdict_that_the_relay_gave(relay, folder):
    body = BODIES["app"]
    stamp = b"%d" % time.time()
    cases = [
        [b"webhook-id: caf\xe9", b"webhook-timestamp: " + stamp, b"webhook-signature: v1,AAAA"],
        [b"webhook-id: 1", b"webhook-id: 2", b"webhook-timestamp: " + stamp, b"webhook-signature: v1,AAAA"],
        [b"webhook-id: 1", b"Webhook-Id: 2", b"webhook-timestamp: " + stamp, b"webhook-signature: v1,AAAA"],
        [b"webhook-id: 1", b"webhook-timestamp: " + stamp],
        [b"webhook-id:", b"webhook-timestamp: " + stamp, b"webhook-signature: \xff\xfe\t\x80"],
    ]
    for lines in cases:
        answer = raw_post(relay, b"app", lines, body)
        status = int(answer.split()[1])
        if status == 400 and b"malformed_request" in answer:
            continue
        assert status == 401, answer
        listed = rejects(relay)[0]
        (folder / "reject.json").write_bytes(capture(relay, listed["n"]).content)
        code, verdicts, errors = verify(folder / "old", "app", folder / "reject.json", SOURCES)
        assert code == 1, errors
        assert (verdicts[0]["reason"], verdicts[0]["detail"]) == (listed["reason"], listed["detail"])
    assert len(rejects(relay)) >= 4


def test_the_last_32_are_kept_under_numbers_that_stay(relay):
    for _ in range(KEPT + 3):
        refuse(relay, "app")
    before = {entry["n"]: entry["capture"] for entry in rejects(relay)}
    assert sorted(before) == list(range(1, KEPT + 4))
    assert [n for n, state in before.items() if state == "kept"] == list(range(KEPT + 3, 3, -1))
    assert [n for n, state in before.items() if state == "dropped"] == [3, 2, 1]
    first = capture(relay, KEPT + 3).content
    refuse(relay, "app", b"[]")
    assert capture(relay, KEPT + 3).content == first
    assert capture(relay, 4).status_code == 404


def test_large_webhooks_and_unknown_sources_do_not_push_captures_out(relay):
    refuse(relay, "app")
    for _ in range(KEPT):
        refuse(relay, "app", b"a" * (KEPT_BYTES + 1))
        assert relay.post("nothing", {}, b"{}").status_code == 404
    listed = {entry["n"]: entry["capture"] for entry in rejects(relay)}
    assert listed[1] == "kept" and listed[3] == "unknown_source"
    assert capture(relay, 3).status_code == 404


def test_nothing_is_kept_by_default(start):
    relay = start(sources=SOURCES)
    refuse(relay, "app")
    listed = rejects(relay)[0]
    assert listed["capture"] == "off" and listed["n"] == 1
    answer = capture(relay, 1)
    assert answer.status_code == 404 and "rejects.capture was off" in answer.json()["detail"]


def reload(relay, **changes):
    config = roomwire.settings(sources=SOURCES, **changes)
    (relay.folder / "roomwire.yaml").write_text(json.dumps(config))
    before = relay.metric('roomwire_reloads_total{outcome="applied"}')
    relay.process.send_signal(signal.SIGHUP)
    wait_until(lambda: relay.metric('roomwire_reloads_total{outcome="applied"}') > before, "the reload")


def test_a_reload_switches_it_on_and_off_and_off_drops_everything(relay):
    refuse(relay, "app")
    reload(relay, rejects={"capture": True})
    assert capture(relay, 1).status_code == 200
    reload(relay)
    assert rejects(relay)[0]["capture"] == "dropped" and capture(relay, 1).status_code == 404
    refuse(relay, "app")
    reload(relay, rejects={"capture": True})
    refuse(relay, "app")
    assert [entry["capture"] for entry in rejects(relay)] == ["kept", "off", "dropped"]


def test_it_is_for_administrators(relay):
    refuse(relay, "app")
    url = relay.url("/admin/rejects/1/capture")
    assert relay.get("/admin/rejects/1/capture").status_code == 401
    assert capture(relay, 1, roomwire.token()).status_code == 403
    assert capture(relay, 1, roomwire.token(grant={"raw": True})).status_code == 403
    for method in ("POST", "DELETE"):
        answer = requests.request(method, url, headers={"Authorization": f"Bearer {roomwire.token(**ADMIN)}"}, timeout=30)
        assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD"
    for n in ("0", "2", "-1", "1.0", "x", "+1", "9" * 18, "9" * 40, "1%2F", "\u0661"):
        answer = capture(relay, n)
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found"), n
    head = requests.head(url, headers={"Authorization": f"Bearer {roomwire.token(**ADMIN)}"}, timeout=30)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) == len(capture(relay, 1).content)


def test_a_capture_is_in_memory_alone_and_out_of_core_dumps(relay):
    mark = b"mark-of-a-refused-body"
    body = json.dumps({"type": "app.ring", "data": mark.decode() * 1000}).encode()
    refuse(relay, "app", body)
    secret = signed("app", body)["webhook-signature"]
    assert capture(relay, 1).status_code == 200
    reload(relay, rejects={"capture": True})
    encoded = base64.b64encode(mark * 4)[4:-4]
    for path in pathlib.Path(relay.folder).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert mark not in content and encoded not in content and secret.encode() not in content, path
    metrics = requests.get(relay.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    assert mark.decode() not in metrics and "capture" not in metrics
    # proc_pid_smaps(5): dd is "do not include area into core dump".
    maps = pathlib.Path(f"/proc/{relay.process.pid}/smaps").read_text()
    excluded = [part for part in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", maps)
                if " dd" in part.partition("VmFlags:")[2] and "[" not in part.splitlines()[0]]
    sizes = [int(re.search(r"Size: +(\d+) kB", part)[1]) for part in excluded]
    assert any(28 <= size <= 48 for size in sizes), sizes


def test_the_memory_of_captures_is_bounded(relay):
    body = b"a" * KEPT_BYTES
    for _ in range(KEPT):
        refuse(relay, "app", body)
    before = relay.resident_bytes()
    for _ in range(5 * KEPT):
        refuse(relay, "app", body)
    assert relay.resident_bytes() - before < 8 << 20
    assert sum(1 for entry in rejects(relay) if entry["capture"] == "kept") == KEPT
