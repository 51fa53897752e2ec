"""Who is in which room, and health."""

import clients
import providers
import relay as roomwire


def names(answer):
    assert answer.status_code == 200, answer.text
    return [room["name"] for room in answer.json()["rooms"]]


def state(relay, room):
    """The one room of that name."""
    answer = relay.get("/rooms/" + roomwire.requests.utils.quote(room, safe=""), roomwire.token())
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["rooms"]
    assert found["name"] == room
    return found


def test_rooms_show_who_is_inside(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    bodies = providers.meeting(room)
    providers.post_livekit(shared, *bodies[:3])
    providers.post_livekit(
        shared, providers.livekit_body("track_published", room, "ada", track={"sid": "TR_1", "source": "MICROPHONE"}))
    stream.wait_events(4)

    found = state(shared, room)
    assert (found["source"], found["provider"], found["numParticipants"]) == ("livekit", "livekit", 2)
    assert [participant["identity"] for participant in found["participants"]] == ["ada", "bob"]
    assert [track["id"] for track in found["participants"][0]["tracks"]] == ["TR_1"]
    assert room in names(shared.get("/rooms", roomwire.token()))

    providers.post_livekit(shared, *bodies[3:])
    stream.wait_for("room_finished")
    assert shared.get(f"/rooms/{room}", roomwire.token()).status_code == 404
    assert room not in names(shared.get("/rooms", roomwire.token()))


def test_a_stream_after_the_state_misses_and_repeats_nothing(shared, room):
    watcher = clients.subscribe(shared, f"room={room}")
    bodies = providers.meeting(room)
    providers.post_livekit(shared, *bodies[:2])
    watcher.wait_events(2)
    last = shared.get(f"/rooms/{room}", roomwire.token()).json()["lastEventId"]
    providers.post_livekit(shared, *bodies[2:])
    stream = clients.subscribe(shared, f"room={room}&lastEventId={last}")
    stream.wait_for("room_finished")
    assert stream.events == watcher.wait_events(6)[2:]


def test_rooms_are_limited_by_the_grant(shared, room):
    stream = clients.subscribe(shared, f"room={room}_*")
    for end in ("a", "b"):
        providers.post_livekit(shared, providers.livekit_body("room_started", f"{room}_{end}"))
    stream.wait_events(2)
    token = roomwire.token(rooms=[f"{room}_a"])
    assert names(shared.get("/rooms", token)) == [f"{room}_a"]
    assert shared.get(f"/rooms/{room}_a", token).status_code == 200
    assert shared.get(f"/rooms/{room}_b", token).status_code in (403, 404)
    assert shared.get("/rooms").status_code == 401
    assert shared.get(f"/rooms/{room}_a").status_code == 401


def test_an_unchanged_state_is_304(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    stream.wait_events(1)
    first = shared.get(f"/rooms/{room}", roomwire.token())
    tag = first.headers["ETag"]
    again = shared.get(f"/rooms/{room}", roomwire.token(), headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    providers.post_livekit(shared, providers.livekit_body("participant_joined", room, "ada"))
    stream.wait_events(2)
    changed = shared.get(f"/rooms/{room}", roomwire.token(), headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_rooms_name_may_hold_anything(shared):
    name = "a/b c?d%2F🎥"
    stream = clients.subscribe(shared, "type=room_started")
    providers.post_livekit(shared, providers.livekit_body("room_started", name))
    stream.read_until(lambda: any(event["room"] == name for event in stream.events), "the room")
    assert state(shared, name)["name"] == name


def test_state_survives_a_kill(start):
    relay = start()
    stream = clients.subscribe(relay)
    providers.post_livekit(relay, *providers.meeting("call_1")[:3])
    stream.wait_events(3)
    before = state(relay, "call_1")
    relay.kill()
    relay.start()
    assert state(relay, "call_1") == before


def test_health_needs_no_token(shared):
    answer = roomwire.requests.get(shared.base + "/healthz", timeout=30)
    assert answer.status_code == 200


def test_a_snapshot_and_what_follows_are_exact(shared, room):
    watcher = clients.subscribe(shared, f"room={room}")
    bodies = providers.meeting(room)
    providers.post_livekit(shared, *bodies[:2])
    watcher.wait_events(2)
    stream = clients.subscribe(shared, f"room={room}&snapshot=1")
    snapshot = next(frame for frame in stream.frames if frame.type == "snapshot")
    [found] = snapshot.json["rooms"]
    assert [participant["identity"] for participant in found["participants"]] == ["ada"]
    assert snapshot.id == snapshot.json["lastEventId"]
    providers.post_livekit(shared, *bodies[2:])
    stream.wait_for("room_finished")
    assert stream.events == watcher.wait_events(6)[2:]


def test_metrics_count_and_name_nobody(shared, room):
    providers.post_meeting(shared, room)
    answer = roomwire.requests.get(shared.base + "/metrics", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "roomwire_" in answer.text
    assert room not in answer.text and "ada" not in answer.text
