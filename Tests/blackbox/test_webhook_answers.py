"""The table of answers of the webhook endpoint, and the other providers."""

import base64
import concurrent.futures
import json

import pytest

import clients
import providers
import relay as roomwire


def assert_problem(answer, status, *secrets):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["reason"] and problem["detail"]
    for secret in (roomwire.LIVEKIT_SECRET, roomwire.DAILY_SECRET, *secrets):
        assert secret not in answer.text
    return problem


def livekit(change=None, **rest):
    body = providers.livekit_body("room_started", "refused")
    return providers.livekit_headers(body, **rest), body if change is None else change(body)


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda: ({}, b"{}"), "missing_header"),
        (lambda: ({"Authorization": "no token"}, b"{}"), "malformed_header"),
        (lambda: livekit(secret="another secret, as long as the real one"), "bad_signature"),
        (lambda: livekit(key="APIother"), "unknown_key"),
        (lambda: livekit(lambda body: body + b"\n"), "body_mismatch"),
        (lambda: livekit(ttl=-3600), "expired"),
    ],
    ids=["no_header", "no_token", "wrong_secret", "wrong_key", "changed_body", "expired"],
)
def test_a_bad_signature_is_401_and_says_why(shared, make, reason):
    headers, body = make()
    problem = assert_problem(shared.post("livekit", headers, body), 401)
    assert problem["reason"] == reason


def test_an_expected_signature_is_never_told(shared):
    body = b'{"type":"meeting.started"}'
    right = providers.daily_headers(body)
    wrong = {**right, "X-Webhook-Signature": base64.b64encode(b"x" * 32).decode()}
    problem = assert_problem(shared.post("daily", wrong, body), 401, right["X-Webhook-Signature"])
    assert problem["reason"] == "bad_signature"


def test_no_json_after_a_good_signature_is_400(shared):
    for body in (b"no json", b"[]", b"", b'{"event":'):
        answer = shared.post("livekit", providers.livekit_headers(body), body)
        assert assert_problem(answer, 400)["reason"] == "malformed_body"


def test_an_unknown_source_is_404(shared):
    headers, body = livekit()
    assert_problem(shared.post("nowhere", headers, body), 404)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_another_method_is_405_with_allow(shared, method):
    headers, body = livekit()
    answer = shared.post("livekit", headers, body, method)
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("method", ["PATCH", "TRACE"])
def test_a_method_that_nothing_has_is_501(shared, method):
    headers, body = livekit()
    assert_problem(shared.post("livekit", headers, body, method), 501)


def test_a_path_that_is_nothing_is_404(shared):
    for path in ("/nothing", "/webhooks", "/webhooks/livekit/more"):
        assert shared.get(path).status_code == 404


def test_a_body_over_the_limit_is_413(shared, room):
    body = b'{"event":"' + b"x" * (2 * 1024 * 1024) + b'"}'
    with clients.RawConnection(shared) as connection:
        head = f"POST /api/webhooks/livekit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.send(head.encode())
        connection.read_until(lambda: b"\r\n" in connection.bytes, "a status line")
        assert connection.bytes.startswith(b"HTTP/1.1 413")
    providers.post_meeting(shared, room)


def test_a_source_takes_no_other_sources_signature(shared):
    body = b'{"type":"meeting.started","id":"x","payload":{"room":"r"}}'
    assert shared.post("livekit", providers.daily_headers(body), body).status_code == 401
    headers, content = livekit()
    assert shared.post("daily", headers, content).status_code == 401


def test_the_source_in_a_path_may_be_escaped(shared, room):
    body = providers.livekit_body("room_started", room)
    assert shared.post("live%6Bit", providers.livekit_headers(body), body).status_code == 200


def test_dailys_ping_is_answered_and_not_relayed(shared, room):
    stream = clients.subscribe(shared, "source=daily")
    ping = b'{"test":"test"}'
    answer = shared.post("daily", providers.daily_headers(ping), ping)
    assert (answer.status_code, answer.content) == (200, b"")
    assert shared.post("daily", {}, ping).status_code == 401
    body = json.dumps(
        {"version": "1.0.0", "type": "meeting.started", "id": f"met-sta-{room}", "event_ts": 1790000000.5,
         "payload": {"start_ts": 1790000000.25, "meeting_id": "m", "room": room}}).encode()
    assert shared.post("daily", providers.daily_headers(body), body).status_code == 200
    event = stream.wait_events(1)[0]
    assert (event["type"], event["provider"], event["room"]) == ("room_started", "daily", room)


def test_daily_and_livekit_say_room_started_in_the_same_shape(shared, room):
    stream = clients.subscribe(shared, f"room={room}&type=room_started")
    body = json.dumps(
        {"version": "1.0.0", "type": "meeting.started", "id": f"met-sta-{room}", "event_ts": 1790000000.5,
         "payload": {"start_ts": 1790000000.25, "meeting_id": "m", "room": room}}).encode()
    assert shared.post("daily", providers.daily_headers(body), body).status_code == 200
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    daily, livekit = stream.wait_events(2)
    assert list(daily) == list(livekit)
    assert daily["data"]["room"].keys() >= {"name", "id", "startedAt"}
    assert livekit["data"]["room"].keys() >= {"name", "id", "startedAt"}


def test_standard_webhooks_bring_their_own_types(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = json.dumps({"type": "call.ringing", "room": room, "data": {"from": "ada"}}).encode()
    assert shared.post("app", providers.standard_headers(body, room), body).status_code == 200
    event = stream.wait_events(1)[0]
    assert (event["type"], event["provider"], event["data"]["from"]) == ("call.ringing", "standard", "ada")


def test_an_audience_receives_alone(shared, room):
    ada = clients.subscribe(shared, "", roomwire.token("ada"))
    bob = clients.subscribe(shared, "", roomwire.token("bob"))
    body = json.dumps({"type": "call.ringing", "room": room, "users": ["bob"], "data": {}}).encode()
    assert shared.post("app", providers.standard_headers(body, room), body).status_code == 200
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    seen = lambda stream: [event["type"] for event in stream.events if event["room"] == room]
    for stream in (ada, bob):
        stream.read_until(lambda: "room_started" in seen(stream), "the event for everybody")
    assert seen(bob) == ["call.ringing", "room_started"]
    assert seen(ada) == ["room_started"]


def test_webhooks_posted_at_once_are_each_relayed_once(start):
    relay = start()
    stream = clients.subscribe(relay)
    bodies = [providers.livekit_body("participant_joined", f"room_{number % 7}", f"user_{number}") for number in range(300)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: relay.post("livekit", providers.livekit_headers(body), body), bodies * 2))
    assert {answer.status_code for answer in answers} == {200}
    providers.post_livekit(relay, providers.livekit_body("room_started", "the end"))
    stream.read_until(lambda: stream.events and stream.events[-1]["room"] == "the end", "the last event")
    people = [event["data"]["participant"]["identity"] for event in stream.events[:-1]]
    assert sorted(people) == sorted(f"user_{number}" for number in range(300))
