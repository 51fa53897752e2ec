"""Webhooks of LiveKit, signed by LiveKit's own Python package."""

import json

import pytest

import clients
import providers
import relay as roomwire


def meaning(event):
    """What LiveKit's body said, out of one of our events."""
    data = event["data"]
    return (
        data["providerEvent"], event["room"], data.get("participant", {}).get("identity"), data.get("track", {}).get("id"),
    )


def said(body):
    return (
        body["event"], body["room"]["name"], body.get("participant", {}).get("identity"),
        body.get("track", {}).get("sid"),
    )


def test_a_real_meeting_arrives_once_and_in_order(start, folder):
    relay = start()
    captured = providers.captured_meeting()
    expected = [said(record["meaning"]) for record in captured]
    python = clients.subscribe(relay)
    curl = clients.Curl(relay, folder)
    file = str(roomwire.VECTORS / "livekit-real-meeting.jsonl")

    sent = relay.run("send", "--source", "livekit", "--file", file, "--url", relay.base)
    assert sent.returncode == 0, sent.stderr
    assert [line.split()[0] for line in sent.stdout.strip().split("\n")] == ["200"] * len(captured)

    # The same requests again are duplicates: accepted, and not relayed.
    again = relay.run("send", "--source", "livekit", "--file", file, "--url", relay.base)
    assert again.returncode == 0, again.stderr

    # What is posted last arrives last, so nothing comes behind it that should not.
    providers.post_livekit(relay, providers.livekit_body("room_started", "the end"))
    for events in (python.wait_events(len(captured) + 1), curl.wait_events(len(captured) + 1)):
        assert [meaning(event) for event in events[:-1]] == expected
        assert events[-1]["room"] == "the end"
        ids = [clients.order(event["id"]) for event in events]
        assert ids == sorted(set(ids))
    curl.close()
    python.close()


def test_livekits_own_receiver_takes_what_ours_takes(shared):
    receiver = providers.livekit_receiver()
    for record in providers.captured_meeting():
        body = record["body"].replace(b'"id":"EV_', b'"id":"EV_own_')
        headers = providers.livekit_headers(body)
        assert receiver.receive(body.decode(), headers["Authorization"]).event == record["meaning"]["event"]
        assert shared.post("livekit", headers, body).status_code == 200


def test_livekits_own_receiver_refuses_what_ours_refuses(shared):
    body = providers.livekit_body("room_started")
    good = providers.livekit_headers(body)["Authorization"]
    wrong = {
        "another secret": (body, providers.livekit_headers(body, secret="x" * 40)["Authorization"]),
        "another body": (body + b" ", good),
        "expired": (body, providers.livekit_headers(body, ttl=-120)["Authorization"]),
        "a cut token": (body, good[:-4]),
        "an access token": (body, roomwire.token(secret=roomwire.LIVEKIT_SECRET, iss=roomwire.LIVEKIT_KEY)),
    }
    for name, (content, token) in wrong.items():
        with pytest.raises(Exception):
            providers.livekit_receiver().receive(content.decode(), token)
        answer = shared.post("livekit", {"Authorization": token}, content)
        assert answer.status_code == 401, f"{name}: {answer.status_code} {answer.text}"


def test_a_duplicate_is_answered_200_and_relayed_once(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = providers.livekit_body("participant_joined", room, "ada")
    for _ in range(5):
        # A retry of LiveKit has the same token; a second URL of the same server may have another.
        assert shared.post("livekit", providers.livekit_headers(body), body).status_code == 200
    providers.post_livekit(shared, providers.livekit_body("participant_joined", room, "bob"))
    events = stream.wait_events(2)
    assert [event["data"]["participant"]["identity"] for event in events] == ["ada", "bob"]


def test_an_accepted_webhook_is_answered_200_without_a_body(shared, room):
    body = providers.livekit_body("room_started", room)
    answer = shared.post("livekit", providers.livekit_headers(body), body)
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "0", b"")


def test_an_unknown_event_is_relayed_with_the_providers_name(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = providers.livekit_body("room_levitated", room)
    assert shared.post("livekit", providers.livekit_headers(body), body).status_code == 200
    event = stream.wait_events(1)[0]
    assert (event["type"], event["data"]["providerEvent"]) == ("unknown", "room_levitated")


def test_an_event_has_the_envelope_of_the_contract(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = providers.livekit_body("participant_joined", room, "ada")
    providers.post_livekit(shared, body)
    event = stream.wait_events(1)[0]
    assert list(event)[0] == "type"
    assert event["type"] == "participant_joined"
    assert (event["source"], event["provider"], event["room"]) == ("livekit", "livekit", room)
    assert event["timestamp"] == int(json.loads(body)["createdAt"]) * 1000
    assert abs(event["receivedAt"] - clients.milliseconds(event["id"])) < 60_000
    assert event["data"]["room"]["name"] == room
    participant = event["data"]["participant"]
    assert (participant["id"], participant["identity"], participant["kind"]) == ("PA_ada", "ada", "standard")


def test_secrets_in_bodies_are_never_relayed(shared, room):
    admin = roomwire.token("raw", grant={"raw": True})
    stream = clients.subscribe(shared, f"room={room}", admin)
    body = json.loads(providers.livekit_body("room_started", room))
    body["room"]["turnPassword"] = "hush-turn"
    body["ingressInfo"] = {"ingressId": "IN_1", "streamKey": "hush-stream", "roomName": room}
    content = json.dumps(body).encode()
    providers.post_livekit(shared, content)
    stream.wait_events(1)
    assert b"hush" not in stream.bytes


def test_a_room_that_finishes_with_people_inside_lets_them_leave_first(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    bodies = providers.meeting(room)
    providers.post_livekit(shared, *bodies[:3], bodies[-1])
    events = stream.wait_for("room_finished")
    assert stream.types == [
        "room_started", "participant_joined", "participant_joined", "participant_left", "participant_left",
        "room_finished",
    ]
    assert [event.get("synthetic", False) for event in events] == [False, False, False, True, True, False]


def test_a_body_of_almost_the_limit_is_taken(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = json.loads(providers.livekit_body("participant_joined", room, "ada"))
    body["participant"]["metadata"] = "m" * (2 * 1024 * 1024 - 1000)
    content = json.dumps(body).encode()
    assert shared.post("livekit", providers.livekit_headers(content), content).status_code == 200
    assert stream.wait_events(1)[0]["data"]["participant"]["metadata"] == body["participant"]["metadata"]
