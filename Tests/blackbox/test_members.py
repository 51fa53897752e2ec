"""Members of rooms: users who are present through their own streams."""

import contextlib
import json
import signal
import threading
import time
import urllib.parse

import jwt
import pytest
import requests

import clients
import relay as roomwire

OTHER_SECRET = "another test secret with more than 32 bytes in it"
MANY = 1_000


def member_token(user="ada", rooms=("*",), presence=True, **rest):
    grant = {"presence": True} if presence else {}
    return roomwire.token(user, rooms, grant={**grant, **rest.pop("grant", {})}, **rest)


def join(relay, room, user="ada", query="", **rest):
    """A stream that makes its user a member."""
    name = urllib.parse.quote(room, safe="")
    stream = clients.Stream(relay, f"presence={name}{query}", rest.pop("token", None) or member_token(user), **rest)
    assert stream.status == 200, stream.bytes
    return stream


def put(relay, room, state, user="ada", token=None):
    return requests.put(
        relay.url(f"/presence/{urllib.parse.quote(room, safe='')}"), json={"state": state},
        headers={"Authorization": f"Bearer {token or member_token(user)}"}, timeout=roomwire.DEADLINE_SECONDS)


def leave(relay, room, user="ada"):
    return requests.delete(
        relay.url(f"/presence/{urllib.parse.quote(room, safe='')}"),
        headers={"Authorization": f"Bearer {member_token(user)}"}, timeout=roomwire.DEADLINE_SECONDS)


def members(relay, room):
    """The members as the relay tells them, by user; nothing if the room has none."""
    answer = relay.get(f"/rooms/{urllib.parse.quote(room, safe='')}?members=1", roomwire.token("watcher"))
    if answer.status_code == 404:
        return {}
    return {member["user"]: member for member in answer.json()["members"]}


def log(relay, room):
    """Every event about members of a room, in short."""
    name = urllib.parse.quote(room, safe="")
    answer = relay.get(f"/events?format=json&lastEventId=0&room={name}&type=member_*", roomwire.token("watcher"))
    return [short(event) for event in answer.json()["events"]]


def short(event):
    member = event["data"]["member"]
    return " ".join([event["type"].removeprefix("member_"), member["user"], member.get("reason", "")]).strip()


def wait_members(relay, room, users):
    roomwire.wait_until(lambda: set(members(relay, room)) == set(users), f"{sorted(users)[:5]} to be in {room}")


def patient(**changes):
    """Settings with a grace in which nothing of a test takes place."""
    return {"presence": {"grace": "10m", "members_per_room": 20_000}, **changes}


def test_a_stream_makes_a_member_whom_others_see(shared, room):
    watcher = clients.subscribe(shared, f"room={room}")
    stream = join(shared, room, query=f"&room={room}&snapshot=1")
    [joined] = watcher.wait_events(1)
    assert (joined["type"], joined["source"], joined["provider"], joined["room"]) == (
        "member_joined", "clients", "clients", room)
    assert joined["data"]["member"] | {"since": 0} == {
        "user": "ada", "issuer": "own", "state": {}, "since": 0, "streams": 1}
    # It sees itself as well.
    assert stream.wait_for("member_joined") == [joined]
    answer = put(shared, room, {"name": "Ada", "status": "busy"})
    assert answer.status_code == 200 and answer.json()["state"] == {"name": "Ada", "status": "busy"}
    assert watcher.wait_for("member_updated")[-1]["data"]["member"] == answer.json()
    assert members(shared, room) == {"ada": answer.json()}
    assert leave(shared, room).status_code == 204
    assert watcher.wait_for("member_left")[-1]["data"]["member"]["reason"] == "left"
    assert members(shared, room) == {}
    stream.close()


@pytest.mark.parametrize("name", ["Zoë im Café", "👩‍🚀/🛰️", "a/b?c#d&e=f", "50%25", "ü" * 128])
def test_rooms_and_users_have_any_names(shared, name):
    stream = join(shared, name, user=name)
    wait_members(shared, name, {name})
    answer = put(shared, name, {"näme": "🦊/\u2028"}, user=name)
    assert answer.status_code == 200 and members(shared, name)[name]["state"] == {"näme": "🦊/\u2028"}
    assert leave(shared, name, user=name).status_code == 204
    stream.close()


def test_a_reload_within_the_grace_makes_no_event(start):
    relay = start(presence={"grace": "1s"})
    stream = join(relay, "hall")
    wait_members(relay, "hall", {"ada"})
    for _ in range(5):
        stream.close()
        roomwire.wait_until(lambda: relay.streams() == 0, "the relay to see the end")
        stream = join(relay, "hall")
    second = join(relay, "hall")
    second.close()
    assert log(relay, "hall") == ["joined ada"]
    stream.close()
    roomwire.wait_until(lambda: members(relay, "hall") == {}, "the grace to end")
    assert log(relay, "hall") == ["joined ada", "left ada timeout"]


def test_every_refusal_has_its_reason(start):
    relay = start(presence={"rooms_per_stream": 2, "rooms_per_user": 2, "members_per_room": 1,
                            "updates_per_second": 2})

    def refusal(answer):
        return answer.status_code, answer.json()["reason"]

    def stream(query, token):
        return refusal(relay.get(f"/events?{query}", token, headers={"Accept": "text/event-stream"}))

    assert stream("presence=a", roomwire.token()) == (403, "presence_not_granted")
    assert stream("presence=b", member_token(rooms=["a"])) == (403, "room_not_covered")
    assert stream("presence=a&presence=b&presence=c", member_token()) == (400, "too_many_presence_rooms")
    assert stream("presence=a&format=json", member_token()) == (400, "bad_query")
    assert refusal(put(relay, "a", {})) == (409, "not_present")
    held = join(relay, "a", query="&presence=b")
    assert stream("presence=c", member_token()) == (429, "too_many_rooms")
    assert stream("presence=a", member_token("bob")) == (429, "room_members_full")
    assert refusal(put(relay, "a", {}, token=roomwire.token())) == (403, "presence_not_granted")
    assert refusal(put(relay, "a", [])) == (400, "state_not_object")
    assert refusal(put(relay, "a", {"x": "y" * 1024})) == (413, "state_too_large")
    # A refusal on a stream, for EventSource.
    refused = clients.event_source(relay, "presence=c", member_token())
    assert refused.control("refused")["reason"] == "too_many_rooms"
    wait_members(relay, "a", {"ada"})
    held.close()


def test_a_flood_of_updates_is_refused_and_others_notice_nothing(shared, room):
    stream, other = join(shared, room), join(shared, room, "bob")
    watcher = clients.subscribe(shared, f"room={room}&type=member_updated")
    token = member_token()
    with requests.Session() as session:
        answers = [
            session.put(shared.url(f"/presence/{room}"), json={"state": {"n": number}},
                        headers={"Authorization": f"Bearer {token}"}, timeout=roomwire.DEADLINE_SECONDS)
            for number in range(300)]
    taken = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(taken) + len(refused) == 300 and len(refused) > len(taken) >= 5
    assert {answer.json()["reason"] for answer in refused} == {"too_many_updates"}
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert put(shared, room, {"ok": True}, "bob").status_code == 200
    events = watcher.wait_events(len(taken) + 1)
    assert len(events) == len(taken) + 1
    assert members(shared, room)["ada"]["state"] == taken[-1].json()["state"]
    stream.close()
    other.close()


def test_one_name_of_two_issuers_is_two_members(start):
    issuers = [{"name": "own", "hs256": roomwire.TOKEN_SECRET},
               {"name": "idp", "hs256": OTHER_SECRET, "issuer": "idp"}]
    relay = start(tokens={"issuers": issuers}, presence={"grace": "200ms"})
    payload = {"sub": "ada", "iss": "idp", "exp": int(time.time()) + 600,
               "roomwire": {"rooms": ["*"], "presence": True}}
    theirs = join(relay, "hall", token=jwt.encode(payload, OTHER_SECRET, "HS256"))
    ours = join(relay, "hall")
    answer = lambda: relay.get("/rooms/hall?members=1", roomwire.token("watcher"))
    roomwire.wait_until(lambda: answer().ok and len(answer().json()["members"]) == 2, "both")
    assert {member["issuer"] for member in answer().json()["members"]} == {"own", "idp"}
    theirs.close()
    roomwire.wait_until(lambda: len(answer().json()["members"]) == 1, "one to leave")
    assert answer().json()["members"][0]["issuer"] == "own"
    ours.close()


def test_revocation_leaves_at_once(start):
    relay = start(**patient())
    stream, other = join(relay, "hall"), join(relay, "hall", "bob")
    gone = join(relay, "hall", "cleo")
    wait_members(relay, "hall", {"ada", "bob", "cleo"})
    gone.close()
    roomwire.wait_until(lambda: relay.streams() == 2, "the stream to end")
    for user in ("ada", "cleo"):
        answer = requests.post(relay.url("/admin/revoke"), json={"user": user}, timeout=roomwire.DEADLINE_SECONDS,
                               headers={"Authorization": f"Bearer {roomwire.token('root', grant={'admin': True})}"})
        assert answer.status_code == 200, answer.text
    wait_members(relay, "hall", {"bob"})
    assert sorted(log(relay, "hall")[3:]) == ["left ada revoked", "left cleo revoked"]
    stream.control("revoked")
    other.close()


def test_a_token_that_ends_leaves_after_the_grace(start):
    relay = start(presence={"grace": "500ms"})
    stream = join(relay, "hall", token=member_token(ttl=2))
    wait_members(relay, "hall", {"ada"})
    stream.control("token_expired")
    roomwire.wait_until(lambda: members(relay, "hall") == {}, "the grace to end")
    assert log(relay, "hall") == ["joined ada", "left ada timeout"]


def test_the_command_makes_tokens_for_members(start):
    relay = start()
    made = relay.run("token", "--user", "ada", "--room", "hall", "--presence").stdout.strip()
    stream = join(relay, "hall", token=made)
    wait_members(relay, "hall", {"ada"})
    assert jwt.decode(made, options={"verify_signature": False})["roomwire"]["presence"] is True
    plain = relay.run("token", "--user", "ada").stdout.strip()
    assert "presence" not in jwt.decode(plain, options={"verify_signature": False})["roomwire"]
    stream.close()


def test_a_guest_of_a_provider_is_no_member(shared, room):
    claims = {"iss": roomwire.LIVEKIT_KEY, "sub": "ada", "exp": int(time.time()) + 600, "presence": True,
              "roomwire": {"presence": True}, "video": {"roomJoin": True, "room": room}}
    guest = jwt.encode(claims, roomwire.LIVEKIT_SECRET, "HS256")
    answer = shared.get(f"/events?presence={room}", guest, headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "presence_not_granted")
    assert put(shared, room, {}, token=guest).json()["reason"] == "presence_not_granted"


def test_a_grant_of_another_shape_is_refused(shared, room):
    wrong = roomwire.token(grant={"presence": "yes"})
    assert put(shared, room, {}, token=wrong).json()["reason"] == "malformed_token"


def test_a_ticket_carries_the_grant_and_a_reload_counts(start):
    relay = start(presence={"grace": "10m"})
    answer = requests.post(relay.url("/tickets"), headers={"Authorization": f"Bearer {member_token()}"},
                           timeout=roomwire.DEADLINE_SECONDS)
    stream = clients.Stream(relay, f"presence=hall&ticket={answer.json()['ticket']}")
    wait_members(relay, "hall", {"ada"})
    config = roomwire.settings(presence={"grace": "200ms"})
    (relay.folder / "roomwire.yaml").write_text(json.dumps(config))
    relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: "presence.grace" in relay.said(), "the reload")
    stream.close()
    wait_members(relay, "hall", set())
    assert log(relay, "hall") == ["joined ada", "left ada timeout"]


def test_a_cookie_from_a_page_of_another_site_changes_nothing(shared, room):
    stream = join(shared, room)
    wait_members(shared, room, {"ada"})
    headers = {"Cookie": f"roomwire={member_token()}", "Origin": "https://elsewhere.example.com"}
    address = shared.url(f"/presence/{room}")
    for method in ("PUT", "DELETE"):
        answer = requests.request(method, address, headers=headers, json={"state": {"a": 1}},
                                  timeout=roomwire.DEADLINE_SECONDS)
        assert answer.status_code == 401 and answer.json()["reason"] == "missing_token"
    assert members(shared, room)["ada"]["state"] == {}
    stream.close()


def test_a_source_named_clients_switches_members_off(start):
    relay = start(sources={"clients": {"provider": "standard", "secrets": [roomwire.STANDARD_SECRET]}})
    answer = relay.get("/events?presence=a", member_token(), headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "clients_source_taken")
    assert put(relay, "a", {}).json()["reason"] == "clients_source_taken"
    assert "named clients" in relay.said()
    assert "named clients" in relay.run("check").stderr


def test_an_administrator_ends_a_room_of_members(start):
    relay = start()
    stream = join(relay, "hall")
    wait_members(relay, "hall", {"ada"})
    root = {"Authorization": f"Bearer {roomwire.token('root', grant={'admin': True})}"}
    answer = requests.delete(relay.url("/admin/rooms/clients/hall"), headers=root, timeout=roomwire.DEADLINE_SECONDS)
    assert answer.status_code == 204
    assert members(relay, "hall") == {} and log(relay, "hall") == ["joined ada", "left ada closed"]
    # The stream goes on, and its user may come back.
    assert put(relay, "hall", {"again": True}).status_code == 200
    assert set(members(relay, "hall")) == {"ada"}
    stream.close()


def join_many(relay, room, count, users="u"):
    """So many members, each on a stream of their own; opened by several threads."""
    streams = [None] * count

    def work(part):
        for number in range(part, count, 8):
            streams[number] = join(relay, room, f"{users}{number}", query="&type=none")

    threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(streams)
    return streams


def wait_count(relay, count):
    def counted():
        with contextlib.suppress(requests.RequestException):
            return relay.metric("roomwire_members") == count
    roomwire.wait_until(counted, f"{count} members", seconds=120, step=0.2)


@pytest.mark.slow
def test_a_thousand_members_through_kill_and_restart(start):
    relay = start(presence={"grace": "20s", "members_per_room": 20_000}, streams={"per_user": 0})
    streams = join_many(relay, "hall", MANY)
    wait_count(relay, MANY)
    users = {f"u{number}" for number in range(MANY)}
    wait_members(relay, "hall", users)
    put(relay, "hall", {"status": "away"}, "u7")
    relay.kill()
    for stream in streams:
        stream.close()
    relay.start()
    # Everyone is there still.
    assert set(members(relay, "hall")) == users
    assert members(relay, "hall")["u7"]["state"] == {"status": "away"}
    back = join_many(relay, "hall", MANY - 100)
    left = users - {f"u{number}" for number in range(MANY - 100)}
    roomwire.wait_until(lambda: set(members(relay, "hall")) == users - left, "the others to leave", seconds=60)
    events = page_all(relay, "hall")
    assert len([event for event in events if event.startswith("joined")]) == MANY
    assert sorted(event for event in events if event.startswith("left")) == sorted(
        f"left {user} restart" for user in left)
    for stream in back:
        stream.close()


def page_all(relay, room):
    """The log of a room's members, over as many pages as it has."""
    found, last = [], "0"
    while True:
        page = relay.get(
            f"/events?format=json&lastEventId={last}&room={room}&type=member_*", roomwire.token("watcher")).json()
        found += [short(event) for event in page["events"]]
        last = page["lastEventId"]
        if not page["more"]:
            return found


@pytest.mark.slow
def test_a_drain_and_a_restart_make_nobody_flicker(start):
    relay = start(presence={"grace": "5s", "members_per_room": 20_000}, streams={"per_user": 0}, drain="10s")
    streams = join_many(relay, "hall", 200)
    wait_count(relay, 200)
    relay.process.terminate()
    relay.process.wait(roomwire.DEADLINE_SECONDS)
    for stream in streams:
        stream.control("draining")
        stream.close()
    relay.start()
    back = join_many(relay, "hall", 200)
    late = join(relay, "other", "late")
    late.close()
    # The grace of the start is over when one that began later is.
    roomwire.wait_until(lambda: log(relay, "other")[-1:] == ["left late timeout"], "a grace to end", seconds=60)
    assert sorted(page_all(relay, "hall")) == sorted(f"joined u{number}" for number in range(200))
    for stream in back:
        stream.close()


@pytest.mark.slow
def test_a_join_into_a_large_room_costs_the_others_one_event(start):
    relay = start(presence={"grace": "60s", "members_per_room": 20_000}, streams={"per_user": 0, "total": 0})
    streams = join_many(relay, "hall", MANY)
    wait_count(relay, MANY)
    wait_members(relay, "hall", {f"u{number}" for number in range(MANY)})
    watcher = clients.subscribe(relay, "room=hall")
    before = len(watcher.bytes)
    newcomer = join(relay, "hall", "newcomer")
    watcher.wait_for("member_joined")
    assert len(watcher.bytes) - before < 600
    assert len(watcher.events) == 1
    newcomer.close()
    for stream in streams:
        stream.close()


def test_views_that_follow_the_log_are_the_relays_own(start):
    """Streams that begin anywhere and fold what they receive have the members that the relay has."""
    relay = start(presence={"grace": "300ms"})
    watchers = [clients.subscribe(relay, "room=hall&snapshot=1")]
    held = {}
    for step in range(40):
        user = f"u{step * 7 % 6}"
        if user in held and step % 3:
            held.pop(user).close()
        elif user not in held:
            held[user] = join(relay, "hall", user)
        else:
            put(relay, "hall", {"step": step}, user)
        if step % 10 == 5:
            watchers.append(clients.subscribe(relay, "room=hall&snapshot=1"))
    roomwire.wait_until(lambda: set(members(relay, "hall")) == set(held), "the graces to end")
    end = put(relay, "hall", {"end": True}, next(iter(held))).json()
    for watcher in watchers:
        view = {}
        def apply():
            return any(event["data"]["member"]["state"] == {"end": True} for event in watcher.events)
        watcher.read_until(apply, "the last event")
        for message in watcher.messages:
            if message["type"] == "snapshot":
                for room in message.get("memberRooms", []):
                    view = {member["user"]: member for member in room["members"]}
            elif message["type"] == "member_left":
                assert view.pop(message["data"]["member"]["user"])
            elif message["type"].startswith("member_"):
                member = message["data"]["member"]
                assert (member["user"] in view) == (message["type"] == "member_updated")
                view[member["user"]] = member
        assert view == members(relay, "hall")
    assert end["user"] in held
