"""What clients publish: who gets it, what is refused, and that the others notice nothing."""

import concurrent.futures
import json
import subprocess
import threading
import time

import jwt
import pytest
import requests

import clients
import relay as roomwire

PAGE = "https://app.example.com"
GRANT = {"publish": ["typing", "cursor", "call.*", "r*"]}


def token(user="ada", rooms=("*",), **rest):
    return roomwire.token(user, rooms=rooms, grant=GRANT, **rest)


def publish(relay, event, bearer=None, key=None, **headers):
    """Posts an event with a token; `bearer=""` sends none."""
    bearer = token() if bearer is None else bearer
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    if key:
        headers["Idempotency-Key"] = key
    body = event if isinstance(event, (bytes, str)) else json.dumps(event)
    return requests.post(relay.url("/events"), data=body, headers=headers, timeout=roomwire.DEADLINE_SECONDS)


def reason(answer):
    return answer.status_code, answer.json()["reason"]


def curl(relay, event, *arguments):
    """Posts an event by curl: the status and the body."""
    done = roomwire.run(
        "curl", "-s", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {token()}", *arguments, "-d",
        json.dumps(event), relay.url("/events"))
    body, _, status = done.rpartition("\n")
    return int(status), json.loads(body)


def ephemerals(stream):
    return [message for message in stream.messages if message.get("ephemeral")]


# What the others get


def test_an_event_reaches_another_users_stream_with_the_senders_name(shared, room, folder):
    reader = clients.Curl(shared, folder, f"room={room}", roomwire.token("bob"))
    status, answer = curl(shared, {"type": "call.ringing", "room": room, "data": {"from": "kitchen"}})
    assert status == 201
    event = reader.wait_events(1)[0]
    reader.close()
    assert event.pop("receivedAt") == event.pop("timestamp")
    assert event == {"type": "call.ringing", "id": answer["id"], "source": "clients", "provider": "clients",
                     "room": room, "user": "ada", "issuer": "own", "data": {"from": "kitchen"}}


def test_a_client_that_was_away_gets_it_when_it_resumes(shared, room):
    first = publish(shared, {"type": "typing", "room": room}).json()["id"]
    second = publish(shared, {"type": "typing", "room": room, "data": {"n": 2}}).json()["id"]
    publish(shared, {"type": "typing", "room": room, "ephemeral": True}).raise_for_status()
    third = publish(shared, {"type": "typing", "room": room}).json()["id"]
    with clients.Stream(shared, f"room={room}&wait=0&lastEventId={first}", roomwire.token("bob")) as stream:
        stream.read_until(lambda: stream.has_ended_in_order, "the end")
        assert stream.ids == [second, third] and ephemerals(stream) == []
    page = shared.get(f"/events?format=json&room={room}&lastEventId=0", roomwire.token("bob")).json()
    assert [event["id"] for event in page["events"]] == [first, second, third]


@pytest.mark.parametrize("query, named", [("", False), ("&named=1", True), ("&format=ndjson", False)],
                         ids=["sse", "named", "ndjson"])
def test_an_ephemeral_event_has_no_id_and_moves_none(shared, room, query, named):
    with clients.Stream(shared, f"room={room}&heartbeat=event{query}", roomwire.token("bob"), accept="*/*") as stream:
        stream.read_until(lambda: b'"connected"' in stream.bytes, "connected")
        answer = publish(shared, {"type": "typing", "room": room, "ephemeral": True, "data": {"on": True}})
        assert (answer.status_code, answer.json()) == (202, {"ephemeral": True})
        stream.read_until(lambda: b'"ephemeral"' in stream.bytes, "the event")
        chunk = next(chunk for chunk in stream.chunks.chunks if b'"ephemeral"' in chunk) if stream.body else None
    lines = chunk.decode().rstrip("\n").split("\n")
    event = json.loads(lines[-1].removeprefix("data: "))
    assert "id" not in event and event["user"] == "ada" and event["data"] == {"on": True}
    assert lines[:-1] == (["event: typing"] if named else [])


def test_filters_select_events_of_clients_as_any_other(shared, room):
    queries = {
        f"room={room}": True, f"room={room}&source=clients": True, f"room={room}&type=typ*": True,
        f"room={room}&source=app": False, f"room={room}&type=cursor": False, f"room={room}x": False,
        f"room={room}&participant=ada": False,
    }
    streams = {query: clients.subscribe(shared, query, roomwire.token("bob")) for query in queries}
    for ephemeral in (True, False):
        publish(shared, {"type": "typing", "room": room, "ephemeral": ephemeral,
                         "data": {"participant": {"id": "x", "identity": "ada"}}}).raise_for_status()
    for query, expected in queries.items():
        if expected:
            streams[query].wait_events(1)
            streams[query].read_until(lambda: ephemerals(streams[query]), "the ephemeral event")
    everything = clients.subscribe(shared, "tail=1", roomwire.token("bob"))
    everything.wait_events(1)
    for query, expected in queries.items():
        # What was published has reached every stream of the loops by now, or never will.
        assert bool(streams[query].events) == expected, query
        streams[query].close()
    everything.close()


def test_an_audience_gets_it_and_no_other(shared, room):
    streams = {"bob": clients.subscribe(shared, "", roomwire.token(f"bob-{room}", rooms=())),
               "eve": clients.subscribe(shared, f"room={room}", roomwire.token("eve"))}
    for ephemeral in (True, False):
        publish(shared, {"type": "call.ringing", "room": room, "users": [f"bob-{room}"], "ephemeral": ephemeral})
    publish(shared, {"type": "typing", "room": room})
    streams["bob"].wait_events(1)
    streams["bob"].read_until(lambda: ephemerals(streams["bob"]), "the ephemeral event")
    assert "users" not in streams["bob"].events[0] and streams["bob"].events[0]["addressed"] is True
    assert streams["eve"].wait_events(1)[0]["type"] == "typing" and ephemerals(streams["eve"]) == []
    for stream in streams.values():
        stream.close()


def test_pages_and_polls_never_get_ephemeral_ones(shared, room):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(shared.get, f"/events?format=json&wait=20s&room={room}", roomwire.token("bob"))
        stream = clients.subscribe(shared, f"room={room}", roomwire.token("eve"))
        while not poll.done():
            publish(shared, {"type": "typing", "room": room, "ephemeral": True}, token("many"))
            if ephemerals(stream) or stream.read_more():
                publish(shared, {"type": "call.end", "room": room}, token("other"))
        stream.close()
        events = poll.result().json()["events"]
    assert events and all("ephemeral" not in event for event in events)


def test_a_stalled_reader_gets_the_newest_and_the_others_all(start):
    relay = start(publish={"per_second": 0, "per_room_per_second": 0}, loops=1)
    stalled = clients.subscribe(relay, "room=a", roomwire.token("bob"))
    awake = clients.subscribe(relay, "room=a", roomwire.token("eve"))
    big = "x" * 12_000
    count = 0

    def send(number):
        publish(relay, {"type": "cursor", "room": "a", "ephemeral": True, "data": {"n": number, "big": big}}
                ).raise_for_status()

    # Until the socket of the one that reads nothing is full, and then some.
    while relay.metric("roomwire_ephemeral_dropped_total") < 20:
        for _ in range(20):
            send(count)
            count += 1
            awake.read_until(lambda: len(ephemerals(awake)) == count, "the event")
    after = publish(relay, {"type": "call.end", "room": "a"}).json()["id"]
    stalled.wait_for("call.end")
    stalled.read_until(lambda: ephemerals(stalled)[-1]["data"]["n"] == count - 1, "the newest")
    numbers = [event["data"]["n"] for event in ephemerals(stalled)]
    assert numbers == sorted(set(numbers)) and len(numbers) < count
    assert [event["data"]["n"] for event in ephemerals(awake)] == list(range(count))
    assert stalled.ids == [after]
    stalled.close()
    awake.close()


# Retries


def test_a_retry_over_a_crash_is_the_same_event(start):
    relay = start()
    event = {"type": "call.accepted", "room": "a"}
    first = publish(relay, event, key="call-1")
    assert first.status_code == 201
    relay.kill()
    relay.start()
    again = publish(relay, event, key="call-1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert publish(relay, event, token("bob"), key="call-1").status_code == 201
    page = relay.get("/events?format=json&lastEventId=0&room=a", roomwire.token()).json()
    assert [event["user"] for event in page["events"]] == ["ada", "bob"]


def test_nothing_that_was_answered_is_lost_when_the_relay_is_killed(start):
    relay = start(publish={"per_second": 0, "per_room_per_second": 0})
    answered, stop = [], threading.Event()

    def send():
        while not stop.is_set():
            try:
                answer = publish(relay, {"type": "typing", "room": "a"})
            except requests.RequestException:
                return
            if answer.status_code == 201:
                answered.append(answer.json()["id"])

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    roomwire.wait_until(lambda: len(answered) > 100, "a hundred answers")
    relay.kill()
    stop.set()
    for sender in senders:
        sender.join()
    relay.start()
    with clients.Stream(relay, "room=a&wait=0&lastEventId=0", roomwire.token()) as stream:
        stream.read_until(lambda: stream.has_ended_in_order, "the end")
        assert set(answered) <= set(stream.ids) and len(set(stream.ids)) == len(stream.ids)


# Refusals


@pytest.mark.parametrize("member, value", [
    ("user", "eve"), ("issuer", "idp"), ("source", "livekit"), ("provider", "livekit"), ("id", "1-0"), ("synthetic", True)])
def test_a_spoofed_sender_is_refused(shared, room, member, value):
    answer = publish(shared, {"type": "typing", "room": room, member: value})
    assert reason(answer) == (400, "bad_event") and "relay's to set" in answer.json()["detail"]


@pytest.mark.parametrize("event, expected", [
    ({"type": "other", "room": "hall"}, (403, "type_not_granted")),
    ({"type": "room_started", "room": "hall"}, (403, "type_reserved")),
    ({"type": "resync", "room": "hall"}, (403, "type_reserved")),
    ({"type": "typing", "room": "cellar"}, (403, "room_not_covered")),
    ({"type": "typing"}, (403, "room_not_covered")),
    ({"type": "typing", "room": "hall", "data": {"x": "x" * 16_384}}, (413, "body_too_large")),
    ("no JSON", (400, "bad_event")), (b"\xff{}", (400, "bad_event")), ("", (400, "bad_event")),
    (b'{"type":"typing","room":"hall\x00"}', (400, "bad_event")),
    ('{"type":"typing","room":"ha\\u0000ll"}', (400, "bad_event")),
    ('{"type":"typing","room":"hall","data":' + '{"a":' * 200 + "1" + "}" * 201, (400, "bad_event")),
])
def test_what_may_not_be_published_is_told_why(shared, event, expected):
    assert reason(publish(shared, event, token("refused", rooms=("hall",)))) == expected


def test_a_body_beyond_every_bound_is_refused_at_the_door(shared):
    assert reason(publish(shared, b"x" * 100_000)) == (413, "too_large")


def test_a_token_without_the_grant_publishes_nothing(shared, room):
    event = {"type": "typing", "room": room}
    assert reason(publish(shared, event, roomwire.token())) == (403, "publish_not_granted")
    assert reason(publish(shared, event, roomwire.token(grant={"admin": True}))) == (403, "publish_not_granted")
    assert reason(publish(shared, event, "")) == (401, "missing_token")
    ticket = requests.post(shared.url("/tickets"), headers={"Authorization": f"Bearer {token()}"}).json()["ticket"]
    answer = requests.post(shared.url(f"/events?ticket={ticket}"), data=json.dumps(event))
    assert reason(answer) == (401, "wrong_token_kind")


def test_a_guest_of_livekit_publishes_nothing(start):
    for users in (False, True):
        relay = start(tokens={"issuers": [{"name": "own", "hs256": roomwire.TOKEN_SECRET}], "livekit_users": users})
        claims = {"iss": roomwire.LIVEKIT_KEY, "sub": "ada", "exp": int(time.time()) + 600,
                  "video": {"roomJoin": True, "room": "hall"}, "roomwire": {"rooms": ["*"], "publish": ["*"]},
                  "publish": ["*"]}
        guest = jwt.encode(claims, roomwire.LIVEKIT_SECRET, "HS256")
        assert relay.get("/rooms", guest).status_code == 200
        assert reason(publish(relay, {"type": "typing", "room": "hall"}, guest)) == (403, "publish_not_granted")


def test_a_revoked_token_publishes_nothing(shared, room):
    revoked = token("mallory", jti="mallory-1")
    event = {"type": "typing", "room": room}
    assert publish(shared, event, revoked).status_code == 201
    admin = roomwire.token("root", grant={"admin": True})
    requests.post(shared.url("/admin/revoke"), json={"token": "mallory-1", "ttl": "1h"},
                  headers={"Authorization": f"Bearer {admin}"}).raise_for_status()
    assert reason(publish(shared, event, revoked)) == (401, "revoked")
    assert publish(shared, event, token("mallory", jti="mallory-2")).status_code == 201


def test_a_source_named_clients_switches_publishing_off(start, folder):
    sources = {"clients": {"provider": "standard", "secrets": [roomwire.STANDARD_SECRET]}}
    relay = start(sources=sources)
    assert reason(publish(relay, {"type": "typing", "room": "a"})) == (403, "clients_source_taken")
    assert "sources.clients" in relay.said()
    done = relay.run("check")
    assert done.returncode == 0 and "sources.clients" in done.stdout + done.stderr


# Pages of other origins


def test_a_cookie_publishes_only_from_a_listed_origin(start):
    relay = start(cors={"origins": [PAGE]})
    event = {"type": "typing", "room": "a"}
    cookie = f"roomwire={token()}"
    for origin, status in ((PAGE, 201), (relay.base, 201), ("https://evil.example", 403), ("null", 403), (None, 403)):
        headers = {"Cookie": cookie, **({"Origin": origin} if origin else {})}
        answer = publish(relay, event, "", **headers)
        assert answer.status_code == status, origin
        if status == 403:
            assert answer.json()["reason"] == "origin_not_listed"
        assert answer.headers.get("Access-Control-Allow-Origin") == (PAGE if origin == PAGE else None)
    page = relay.get("/events?format=json&lastEventId=0", roomwire.token()).json()
    assert len(page["events"]) == 2


def test_a_page_may_ask_before_it_publishes(start):
    relay = start(cors={"origins": [PAGE]})
    wanted = {"Access-Control-Request-Method": "POST",
              "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    answer = requests.options(relay.url("/events"), headers={"Origin": PAGE, **wanted}, timeout=30)
    assert answer.status_code == 204 and "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"]
    answer = requests.options(relay.url("/events"), headers={"Origin": "https://evil.example", **wanted}, timeout=30)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# Floods


def test_a_flood_of_one_user_is_refused_and_the_others_notice_nothing(start):
    relay = start(streams={"per_user": 0})
    reader = clients.subscribe(relay, "room=a", roomwire.token("bob"))
    body = json.dumps({"type": "typing", "room": "a"})
    request = (f"POST /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('mallory')}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    lock, total, statuses = threading.Lock(), 10_000, {}

    def flood():
        for _ in range(total // 4):
            with clients.RawConnection(relay) as connection:
                connection.send(request)
                connection.read_until(lambda: b"\r\n\r\n" in connection.bytes, "an answer")
                status = connection.bytes[9:12].decode()
            with lock:
                statuses[status] = statuses.get(status, 0) + 1

    began = time.monotonic()
    floods = [threading.Thread(target=flood) for _ in range(4)]
    for thread in floods:
        thread.start()
    number = 0
    while any(thread.is_alive() for thread in floods):
        answer = publish(relay, {"type": "call.beat", "room": "a", "data": {"n": number}}, token(f"user-{number}"))
        assert answer.status_code == 201
        number += 1
    for thread in floods:
        thread.join()
    seconds = time.monotonic() - began
    assert set(statuses) == {"201", "429"} and sum(statuses.values()) == total
    assert statuses["201"] <= 20 * (seconds + 2)
    reader.read_until(lambda: reader.types.count("call.beat") == number, "all events of the others")
    assert reader.types.count("typing") == statuses["201"]
    reader.close()


# The command


def test_the_command_publishes_as_a_user(start):
    relay = start()
    reader = clients.subscribe(relay, "room=call_42", roomwire.token("bob"))
    url = ["--url", relay.base]
    done = relay.run("send", "--as", "ada", "--type", "typing", "--room", "call_42", "--event-data", '{"on":true}', *url)
    assert done.returncode == 0, done.stderr
    event = reader.wait_events(1)[0]
    assert (event["user"], event["data"]) == ("ada", {"on": True})
    assert done.stdout.split() == ["201", event["id"]]
    done = relay.run("send", "--as", "eve", "--type", "typing", "--room", "call_42", "--ephemeral", *url)
    assert done.returncode == 0 and done.stdout.split() == ["202", "ephemeral"]
    reader.read_until(lambda: ephemerals(reader), "the ephemeral event")
    assert ephemerals(reader)[0]["user"] == "eve"
    made = relay.run("token", "--user", "carl", "--room", "call_42", "--publish", "typing").stdout.strip()
    for kind, code in (("typing", 0), ("cursor", 1)):
        done = relay.run("send", "--as", "carl", "--type", kind, "--room", "call_42", "--token", made, *url)
        assert done.returncode == code
    assert "does not publish" in done.stdout
    done = relay.run("send", "--as", "ada", "--type", "typing", "--source", "app", *url)
    assert done.returncode != 0 and "Either --source or --as" in done.stderr
    reader.close()


def test_the_command_follows_what_clients_publish(start):
    relay = start()
    publish(relay, {"type": "call.ringing", "room": "a", "data": {"from": "ada"}}).raise_for_status()
    done = relay.run("tail", "--tail", "1", "--limit", "1", "--url", relay.base)
    assert done.returncode == 0 and "call.ringing" in done.stdout and "ada" in done.stdout


# What operators see


def test_operators_see_what_was_published_and_refused(start):
    relay = start()
    event = {"type": "typing", "room": "a"}
    publish(relay, event, key="k")
    publish(relay, event, key="k")
    publish(relay, {**event, "ephemeral": True})
    publish(relay, {"type": "other", "room": "a"})
    admin = roomwire.token("root", grant={"admin": True})
    counts = relay.get("/admin/sources", admin).json()["clients"]
    assert counts == {"accepted": 1, "duplicate": 1, "ephemeral": 1, "refused": 1, "unavailable": 0,
                      "refusedByReason": {"type_not_granted": 1}}
    assert relay.metric('roomwire_publications_total{outcome="accepted"}') == 1
    assert relay.metric('roomwire_publication_refusals_total{reason="type_not_granted"}') == 1


def test_no_room_is_opened_and_no_state_changed(shared, room):
    event = {"type": "call.started", "room": room, "data": {"room": {"name": room}, "participant": {"id": "x"}}}
    assert publish(shared, event).status_code == 201
    assert shared.get(f"/rooms/{room}", roomwire.token()).status_code == 404
