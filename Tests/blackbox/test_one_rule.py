"""Who may read what: one rule, the same on every way in."""

import fnmatch
import json

import pytest
import requests

import clients
import providers
import relay as roomwire
import wire_schema

# What is in the log: source, type, room, users.
EVENTS = [
    ("app", "note.added", "alpha", None), ("app", "note.added", "beta", None), ("app", "note.gone", "alpha", None),
    ("app", "note.added", None, None), ("app", "call.ringing", "alpha", ["ada"]),
    ("app", "call.ringing", "beta", ["bob"]), ("app", "call.ringing", None, ["ada", "bob"]),
    ("livekit", "room_started", "alpha", None), ("livekit", "room_started", "alphabet", None),
    ("livekit", "room_started", "beta", None),
]

ALL = {"rooms": ["*"]}
# A grant, the rooms, types and sources asked for, and the events that come of it: by their places above.
ROWS = [
    (ALL, {}, {0, 1, 2, 3, 4, 6, 7, 8, 9}),
    ({"rooms": ["alpha"]}, {}, {0, 2, 4, 6, 7}),
    ({"rooms": ["alpha*"]}, {}, {0, 2, 4, 6, 7, 8}),
    # Without a room there remain the events that name the user.
    ({"rooms": []}, {}, {4, 6}),
    ({"rooms": ["gamma"]}, {}, {4, 6}),
    # A filter narrows.
    (ALL, {"room": ["alpha"]}, {0, 2, 4, 7}),
    (ALL, {"room": ["alpha*"]}, {0, 2, 4, 7, 8}),
    (ALL, {"type": ["note.*"]}, {0, 1, 2, 3}),
    (ALL, {"source": ["livekit"]}, {7, 8, 9}),
    (ALL, {"room": ["alpha", "beta"], "type": ["note.added", "room_*"]}, {0, 1, 7, 9}),
    # And never widens: what was asked for beyond the grant does not come.
    ({"rooms": ["alpha"]}, {"room": ["alpha", "beta"]}, {0, 2, 4, 7}),
    ({"rooms": ["alpha"]}, {"room": ["*"]}, {0, 2, 4, 6, 7}),
    ({"rooms": ["*"], "types": ["note.*"]}, {}, {0, 1, 2, 3}),
    ({"rooms": ["*"], "types": ["note.added", "call.*"]}, {"type": ["*"]}, {0, 1, 3, 4, 6}),
    ({"rooms": ["*"], "sources": ["app"]}, {}, {0, 1, 2, 3, 4, 6}),
    ({"rooms": ["*"], "sources": ["livekit"]}, {"source": ["*"]}, {7, 8, 9}),
    # Being named stands for the grant on the room, never for that on types and sources.
    ({"rooms": [], "types": ["note.*"]}, {}, set()),
    ({"rooms": [], "sources": ["livekit"]}, {}, set()),
    ({"rooms": ["alpha"], "types": ["room_*"], "sources": ["livekit"]}, {"room": ["al*"]}, {7}),
    # 403: nothing of what was asked for.
    ({"rooms": ["alpha"]}, {"room": ["beta"]}, None),
    ({"rooms": []}, {"room": ["alpha"]}, None),
    ({"rooms": ["*"], "types": ["note.*"]}, {"type": ["room_*"]}, None),
    ({"rooms": ["*"], "sources": ["app"]}, {"source": ["livekit"]}, None),
]


def publish(relay):
    for place, (source, kind, room, users) in enumerate(EVENTS):
        if source == "livekit":
            providers.post_livekit(relay, providers.livekit_body(kind, room))
            continue
        event = {"type": kind, "data": {"place": place}, **({"room": room} if room else {})}
        if users:
            event["users"] = users
        body = json.dumps(event).encode()
        assert relay.post("app", providers.standard_headers(body, f"place-{place}"), body).status_code == 200


def places(events):
    """Which of the events these are."""
    found = []
    for event in events:
        if event["source"] == "app":
            found.append(event["data"]["place"])
        else:
            found.append(next(
                place for place, (source, kind, room, _) in enumerate(EVENTS)
                if (source, kind, room) == (event["source"], event["type"], event.get("room"))))
    assert found == sorted(found), "out of order"
    return set(found)


def query(asked):
    return "&".join(f"{name}={value}" for name, values in asked.items() for value in values)


def token(grant, user="ada"):
    return roomwire.token(user, rooms=grant["rooms"], grant=grant)


def ticket(relay, grant):
    answer = requests.post(
        relay.url("/tickets"), headers={"Authorization": f"Bearer {token(grant)}"}, timeout=30)
    return answer.json()["ticket"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A relay, and for each row streams that were live when the events came."""
    relay = roomwire.Relay(tmp_path_factory.mktemp("rule"), roomwire.settings(loops=2)).start()
    live = []
    for grant, asked, _ in ROWS:
        live.append([
            clients.Stream(relay, query(asked), token(grant)),
            clients.Stream(relay, query(asked) + "&format=ndjson", token(grant), accept=None),
            clients.Stream(relay, f"{query(asked)}&refuse=http&ticket={ticket(relay, grant)}"),
        ])
    publish(relay)
    yield relay, live
    relay.stop()


def lines(stream):
    return [wire_schema.read(line) for line in stream.body.split(b"\n")[:-1] if line]


def read_live(relay, stream):
    """All that a live stream has got: closed by an administrator, so that its end is certain."""
    is_sse = "event-stream" in stream.headers["content-type"]
    def first():
        return stream.messages if is_sse else lines(stream)
    stream.read_until(first, "connected")
    number = first()[0]["streamId"]
    # What was committed before this was written to it before it is closed.
    answer = requests.delete(
        relay.url(f"/admin/streams/{number}"), timeout=30,
        headers={"Authorization": f"Bearer {roomwire.token('root', grant={'admin': True})}"})
    assert answer.status_code == 204, answer.text
    stream.read_to_end()
    messages = stream.messages if is_sse else lines(stream)
    return [message for message in messages if "id" in message]


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_every_way_in_gives_the_same_verdict(world, row):
    relay, live = world
    grant, asked, expected = ROWS[row]
    mine, parameters = token(grant), query(asked)

    if expected is None:
        ways = ["/events?", "/events?format=ndjson&", "/events?format=json&", "/events?tail=5&", "/events?since=1h&",
                "/events?lastEventId=0&", "/events?snapshot=1&"]
        if "type" not in asked:
            ways.append("/rooms?")
        for way in ways:
            answer = relay.get(f"{way}{parameters}", mine)
            assert (answer.status_code, answer.json()["reason"]) == (403, "grant_covers_nothing"), way
        assert [stream.status for stream in live[row]] == [403] * 3
        assert relay.get(f"/events?{parameters}&ticket={ticket(relay, grant)}").status_code == 403
        return

    def finite(more, tokenless=False, **rest):
        stream = clients.Stream(relay, f"{parameters}&wait=0&{more}", None if tokenless else mine, **rest)
        stream.read_to_end()
        return stream

    verdicts = {
        "live": places(read_live(relay, live[row][0])),
        "live lines": places(read_live(relay, live[row][1])),
        "live with a ticket": places(read_live(relay, live[row][2])),
        "resumed": places(finite("lastEventId=0").events),
        "resumed by header": places(finite("", headers=["Last-Event-ID: 0"]).events),
        "lines": places([line for line in lines(finite("lastEventId=0&format=ndjson")) if "id" in line]),
        "since": places(finite("since=1h").events),
        "tail": places(finite("tail=1000").events),
        "page": places(relay.get(f"/events?{parameters}&format=json&lastEventId=0", mine).json()["events"]),
        "ticket": places(finite(f"lastEventId=0&ticket={ticket(relay, grant)}", tokenless=True).events),
    }
    assert verdicts == {way: expected for way in verdicts}


def state_rooms(grant, asked):
    """The rooms that are open and lie within grant and filter. State knows no types."""
    def match(name, patterns):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    return {
        room for source, kind, room, _ in EVENTS
        if kind == "room_started" and match(room, grant["rooms"]) and match(room, asked.get("room", ["*"]))
        and match(source, grant.get("sources", ["*"])) and match(source, asked.get("source", ["*"]))}


@pytest.mark.parametrize("row", [row for row, (_, asked, expected) in enumerate(ROWS) if expected is not None])
def test_lists_of_rooms_and_snapshots_give_the_same_verdict(world, row):
    relay, _ = world
    grant, asked, _ = ROWS[row]
    mine, expected = token(grant), state_rooms(grant, asked)
    state = {name: values for name, values in asked.items() if name != "type"}
    shown = {
        "list": {room["name"] for room in relay.get(f"/rooms?{query(state)}", mine).json()["rooms"]},
        "snapshot": {
            room["name"] for room in clients.subscribe(
                relay, f"snapshot=1&{query(asked)}", mine).control_with_id("snapshot")["rooms"]},
        "snapshot in lines": {
            room["name"] for room in snapshot_line(relay, asked, mine)["rooms"]},
    }
    assert shown == {way: expected for way in shown}
    for room in {"alpha", "alphabet", "beta"}:
        covered = room in state_rooms(grant, {**state, "room": [room]})
        status = relay.get(f"/rooms/{room}?{query({k: v for k, v in state.items() if k == 'source'})}", mine).status_code
        assert (status == 200) == covered, room
        assert status in (200, 403, 404)


def snapshot_line(relay, asked, mine):
    stream = clients.Stream(relay, f"snapshot=1&format=ndjson&{query(asked)}", mine, accept=None)
    stream.read_until(lambda: len(lines(stream)) > 1, "the snapshot")
    stream.close()
    return lines(stream)[1]


def test_what_names_users_reaches_nobody_else_on_any_way(world):
    relay, _ = world
    for user, expected in {"ada": {4, 6}, "bob": {5, 6}, "eve": set()}.items():
        mine = roomwire.token(user, grant={"raw": True, "admin": True})
        stream = clients.Stream(relay, "type=call.ringing&lastEventId=0&wait=0", mine)
        stream.read_to_end()
        page = relay.get("/events?type=call.ringing&format=json&lastEventId=0", mine).json()["events"]
        assert places(stream.events) == places(page) == expected, user


def test_names_that_only_look_alike_are_different_rooms_and_users(start):
    relay = start()
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    own = clients.subscribe(relay, "", roomwire.token(composed, rooms=[composed]))
    alike = clients.subscribe(relay, "", roomwire.token(decomposed, rooms=[decomposed]))
    for name in (decomposed, composed):
        providers.post_livekit(relay, providers.livekit_body("room_started", name))
        body = json.dumps({"type": "call.ringing", "users": [name], "data": {}}).encode()
        assert relay.post("app", providers.standard_headers(body, id=f"msg_{len(name)}"), body).status_code == 200
    for stream, name in ((own, composed), (alike, decomposed)):
        events = stream.wait_events(2)
        assert [event["type"] for event in events] == ["room_started", "call.ringing"]
        assert events[0]["room"] == name
        rooms = relay.get("/rooms", roomwire.token(rooms=[name])).json()["rooms"]
        assert [room["name"] for room in rooms] == [name]
        page = relay.get("/events?format=json&lastEventId=0", roomwire.token(name, rooms=[name])).json()["events"]
        assert page == events
