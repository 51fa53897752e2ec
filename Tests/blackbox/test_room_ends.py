"""Rooms that go: those that nothing is heard from, those that an administrator closes, and those beyond the bound."""

import time
import urllib.parse

import pytest
import requests

import clients
import providers
import relay as roomwire

NAMES = ["plain", "a/b/c", "Küche", "e\u0301 é", "fox 🦊", "100%", "a+b c", "?#&=;", ".hidden", '"quoted"', "x" * 256]


def settings(**rooms):
    return roomwire.settings(rooms=rooms, log={"durability": "normal"})


def admin():
    return roomwire.token("root", grant={"admin": True})


def path(name, source="livekit"):
    return f"/admin/rooms/{source}/{urllib.parse.quote(name, safe='')}"


def ask(relay, method, path, token=None, **arguments):
    headers = {"Authorization": f"Bearer {token or admin()}", **arguments.pop("headers", {})}
    return requests.request(
        method, relay.url(path), headers=headers, timeout=roomwire.DEADLINE_SECONDS, **arguments)


def names(relay):
    return [room["name"] for room in relay.get("/rooms", roomwire.token()).json()["rooms"]]


def log(relay, after="0", query=""):
    with clients.Stream(relay, f"lastEventId={after}&wait=0{query}", roomwire.token()) as stream:
        stream.read_to_end()
        return stream.events


def short(events):
    """What was logged: the type, who, and the marks."""
    def one(event):
        who = event["data"].get("participant", {}).get("identity")
        marks = [mark for mark in ("synthetic", "late", "untracked") if event.get(mark)]
        return " ".join([event["type"], *([who] if who else []), *marks])
    return [one(event) for event in events]


def joined(room, person, at=None):
    """A join, at a time of its own if one is given."""
    body = {"sid": f"PA_{person}", "identity": person, "state": "ACTIVE"}
    if at:
        body["joinedAt"] = str(int(at))
    return providers.livekit_body("participant_joined", room, participant=body)


def started(room):
    return providers.livekit_body("room_started", room)


def next_session(body):
    """The same of the room's next session."""
    return body.replace(b'"sid":"RM_', b'"sid":"RM_next_')


ENDED = ["participant_left ada synthetic", "participant_left bob synthetic", "room_finished synthetic"]


def test_a_silent_room_ends_with_its_leaves_first_and_every_place_resumes_exactly(start):
    relay = start(settings(stale_after="1s"))
    with clients.subscribe(relay) as stream:
        providers.post_livekit(relay, *providers.meeting("hall")[:3])
        events = stream.wait_events(6)
    assert short(events)[3:] == ENDED
    finish, heard = events[5], events[2]["receivedAt"]
    assert (finish["data"]["room"]["id"], finish["data"]["room"]["endReason"]) == ("RM_hall", "stale")
    assert finish["data"]["room"]["endedAt"] == events[3]["data"]["participant"]["leftAt"] == roomwire.iso(heard)
    assert finish["timestamp"] == finish["receivedAt"] > heard + 1000
    assert names(relay) == []
    for index, event in enumerate(events):
        assert log(relay, after=event["id"]) == events[index + 1:]
    assert relay.metric('roomwire_rooms_finished_by_relay_total{reason="stale"}') == 1
    roomwire.wait_until(lambda: relay.metric("roomwire_rooms_open") == 0, "the gauge")
    assert "a room was finished: nothing was heard for the time of rooms.stale_after" in relay.said()


def test_any_event_of_a_room_keeps_it_open(start):
    relay = start(settings(stale_after="2s"))
    providers.post_livekit(relay, started("alive"), started("silent"))

    def silent_has_ended():
        # Nothing that changes a room: tracks of a participant who never joined.
        providers.post_livekit(relay, providers.livekit_body("track_published", "alive", "ghost", track={"sid": "TR_1"}))
        return "silent" not in names(relay)

    roomwire.wait_until(silent_has_ended, "the silent room to end")
    assert names(relay) == ["alive"]


def test_a_room_ends_once_across_kills(start):
    relay = start(settings(stale_after="2s"))
    providers.post_livekit(relay, *providers.meeting("hall")[:3])
    relay.kill()
    relay.start()
    roomwire.wait_until(lambda: names(relay) == [], "the room to end")
    before = log(relay)
    assert short(before)[3:] == ENDED
    relay.kill()
    relay.start()
    # When another room has ended, the relay has looked for such rooms since the start.
    providers.post_livekit(relay, started("other"))
    assert names(relay) == ["other"]
    roomwire.wait_until(lambda: names(relay) == [], "the other room to end")
    after = log(relay)
    assert after[:len(before)] == before
    assert short(after[len(before):]) == ["room_started", "room_finished synthetic"]


def test_a_kill_among_many_ends_doubles_and_loses_none(start):
    relay = start(settings(stale_after="0"))
    rooms = [f"room_{number}" for number in range(700)]
    for room in rooms:
        providers.post_livekit(relay, joined(room, "ada"))
    assert sorted(names(relay)) == sorted(rooms)
    relay.kill()
    (relay.folder / "roomwire.yaml").write_text(
        '{"rooms": {"stale_after": "1s"}, "tokens": {"issuers": [{"name": "own", "hs256": "%s"}]}}'
        % roomwire.TOKEN_SECRET)
    relay.start()
    last = log(relay)[-1]["id"]
    with clients.subscribe(relay, f"lastEventId={last}") as stream:
        seen = stream.wait_events(3)
        relay.kill()
    relay.start()
    roomwire.wait_until(lambda: names(relay) == [], "all rooms to end")
    events = log(relay)
    assert len(events) == 3 * len(rooms)
    for room in rooms:
        assert short([event for event in events if event["room"] == room]) == [
            "participant_joined ada", "participant_left ada synthetic", "room_finished synthetic"]
    # What was seen before the kill is there still, and what follows it continues.
    index = [event["id"] for event in events].index(seen[-1]["id"])
    assert log(relay, after=seen[-1]["id"]) == events[index + 1:]


def test_what_the_provider_says_afterwards_is_late(start):
    relay = start(settings())
    providers.post_livekit(relay, *providers.meeting("hall")[:3])
    assert ask(relay, "DELETE", path("hall")).status_code == 204
    providers.post_livekit(relay, *providers.meeting("hall")[3:])
    assert short(log(relay))[6:] == ["participant_left ada late", "participant_left bob late", "room_finished late"]
    assert names(relay) == []
    # The next session is one like any other.
    providers.post_livekit(relay, next_session(started("hall")))
    assert names(relay) == ["hall"]


@pytest.mark.parametrize("again", [False, True], ids=["at_once", "after_a_kill"])
def test_a_join_that_arrives_after_its_session_has_finished_is_late(start, again):
    relay = start(settings())
    now = int(time.time())
    providers.post_livekit(
        relay, started("hall"), joined("hall", "ada", now - 60), providers.livekit_body("room_finished", "hall"))
    if again:
        relay.kill()
        relay.start()
    providers.post_livekit(relay, joined("hall", "bob", now - 30))
    assert short(log(relay))[-1] == "participant_joined bob late"
    assert names(relay) == []
    providers.post_livekit(relay, next_session(joined("hall", "cleo", now - 30)))
    assert short(log(relay))[-1] == "participant_joined cleo"
    # Nor does it end the session that is open now, whatever its time.
    providers.post_livekit(relay, joined("hall", "dora", now + 5))
    assert short(log(relay))[-1] == "participant_joined dora late"
    assert [room["id"] for room in relay.get("/rooms", roomwire.token()).json()["rooms"]] == ["RM_next_hall"]


def test_a_reload_changes_when_rooms_end(start):
    relay = start(settings(stale_after="off"))
    providers.post_livekit(relay, started("hall"))
    (relay.folder / "roomwire.yaml").write_text(
        (relay.folder / "roomwire.yaml").read_text().replace('"off"', '"1s"'))
    relay.process.send_signal(1)
    roomwire.wait_until(lambda: names(relay) == [], "the room to end")
    assert "changed rooms.stale_after" in relay.said()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_an_administrator_closes_a_room_of_any_name(shared, name):
    providers.post_livekit(shared, started(name), providers.livekit_body("participant_joined", name, "ada"))
    assert name in names(shared)
    with clients.subscribe(shared) as stream:
        answer = ask(shared, "DELETE", path(name))
        assert (answer.status_code, answer.content) == (204, b"")
        left, finish = stream.wait_events(2)
    assert name not in names(shared)
    assert short([left, finish]) == ["participant_left ada synthetic", "room_finished synthetic"]
    assert (finish["room"], finish["data"]["room"]["endReason"]) == (name, "closed")
    again = ask(shared, "DELETE", path(name))
    assert (again.status_code, again.json()["reason"]) == (404, "not_found")
    assert again.json()["detail"] == "No room of this source and name is open."


def test_the_log_says_who_closed_which_room(start):
    relay = start(settings())
    providers.post_livekit(relay, started("fox 🦊"))
    assert ask(relay, "DELETE", path("fox 🦊")).status_code == 204
    line = next(line for line in relay.log_lines() if "closed the room" in line["message"])
    assert line["message"] == 'root closed the room "fox 🦊" of "livekit"'
    assert line["issuer"] == "own"
    assert relay.metric('roomwire_rooms_finished_by_relay_total{reason="closed"}') == 1


def test_only_an_administrator_closes_rooms_and_only_by_delete(shared, room):
    providers.post_livekit(shared, started(room))
    plain = ask(shared, "DELETE", path(room), roomwire.token(grant={"raw": True}))
    assert (plain.status_code, plain.json()["reason"]) == (403, "grant_covers_nothing")
    assert requests.delete(shared.url(path(room)), timeout=30).status_code == 401
    ticket = ask(shared, "POST", "/tickets").json()["ticket"]
    assert requests.delete(shared.url(path(room)), params={"ticket": ticket}, timeout=30).status_code == 401
    for method in ("GET", "HEAD", "POST"):
        answer = ask(shared, method, path(room))
        assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE")
    # Another source, another name, and paths that are no room's.
    for other in (path(room, "daily"), path(room, "none"), path(room + "x"), path(room) + "/x", "/admin/rooms/livekit"):
        assert ask(shared, "DELETE", other).status_code == 404
    assert room in names(shared)


def test_pages_of_listed_origins_may_close_rooms_and_others_may_not(start):
    origin = "https://dash.example.com"
    relay = start({**settings(), "cors": {"origins": [origin]}})
    providers.post_livekit(relay, started("hall"))
    headers = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    preflight = requests.options(relay.url(path("hall")), headers=headers, timeout=30)
    assert preflight.status_code == 204
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
    answer = ask(relay, "DELETE", path("hall"), headers={"Origin": origin})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, origin)
    stranger = requests.options(
        relay.url(path("hall")), headers={**headers, "Origin": "https://evil.example"}, timeout=30)
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_a_closed_room_is_closed_after_a_kill(start):
    relay = start(settings())
    providers.post_livekit(relay, *providers.meeting("hall")[:3])
    assert ask(relay, "DELETE", path("hall")).status_code == 204
    relay.kill()
    relay.start()
    assert names(relay) == []
    assert short(log(relay))[3:] == ENDED
    assert ask(relay, "DELETE", path("hall")).status_code == 404


def test_rooms_beyond_the_bound_are_relayed_and_not_kept(start):
    relay = start(settings(total=2))
    with clients.subscribe(relay) as stream:
        providers.post_livekit(relay, started("a"), started("b"), *providers.meeting("c", ["ada"])[:2])
        events = stream.wait_events(4)
    assert short(events) == [
        "room_started", "room_started", "room_started untracked", "participant_joined ada untracked"]
    assert names(relay) == ["a", "b"]
    assert relay.metric("roomwire_untracked_events_total") == 2
    assert "as many rooms are open as rooms.total allows" in relay.said()
    relay.kill()
    relay.start()
    assert names(relay) == ["a", "b"]
    assert log(relay) == events
    # With room again, the next join opens it.
    assert ask(relay, "DELETE", path("a")).status_code == 204
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "c", "bob"))
    assert names(relay) == ["b", "c"]
