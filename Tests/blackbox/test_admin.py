"""What administrators see and do."""

import re
import threading
import time

import pytest
import requests

import clients
import providers
import relay as roomwire


def admin():
    return roomwire.token("root", grant={"admin": True})


def ask(relay, method, path, token=None, **arguments):
    headers = {"Authorization": f"Bearer {token or admin()}"}
    return requests.request(
        method, relay.url(path), headers=headers, timeout=roomwire.DEADLINE_SECONDS, **arguments)


def streams(relay, query=""):
    answer = ask(relay, "GET", f"/admin/streams{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def revoke(relay, **order):
    answer = ask(relay, "POST", "/admin/revoke", json=order)
    assert answer.status_code == 200, answer.text
    return answer.json()


def revocations(relay, query=""):
    return ask(relay, "GET", f"/admin/revocations{query}").json()["revocations"]


def number(stream):
    return stream.control("connected")["streamId"]


@pytest.mark.parametrize("method, path", [
    ("GET", "/admin/streams"), ("DELETE", "/admin/streams/1"), ("POST", "/admin/revoke"),
    ("GET", "/admin/revocations"), ("DELETE", "/admin/revocations?user=eve"), ("GET", "/admin/rejects"),
])
def test_only_a_grant_that_says_admin_opens_it(shared, method, path):
    plain = ask(shared, method, path, roomwire.token(grant={"raw": True}), json={"user": "eve"})
    assert (plain.status_code, plain.json()["reason"]) == (403, "grant_covers_nothing")
    assert requests.request(method, shared.url(path), timeout=30).status_code == 401
    bought = ask(shared, "POST", "/tickets").json()["ticket"]
    assert requests.request(method, shared.url(path), params={"ticket": bought}, timeout=30).status_code == 401


def test_a_stream_is_listed_with_what_an_operator_wants_to_know(start):
    relay = start(proxy=roomwire.PROXY, loops=2)
    stream = clients.Stream(
        relay, "room=call_*&type=room_*&participant=bob&reconciled=0&format=ndjson", roomwire.token("ada", rooms=["call_*", "x"]),
        headers=["X-Forwarded-For: 198.51.100.7"], accept=None)
    other = clients.subscribe(relay, "", roomwire.token("bob", grant={"raw": True}))
    providers.post_livekit(relay, providers.livekit_body("room_started", "call_1"))
    other.wait_events(1)
    listed = {entry["user"]: entry for entry in streams(relay)["streams"]}
    ada, bob = listed["ada"], listed["bob"]
    assert ada["address"] == "198.51.100.7"
    assert ada["filter"] == {"rooms": ["call_*"], "types": ["room_*"], "participants": ["bob"], "reconciled": False}
    assert ada["granted"] == {"rooms": ["call_*", "x"]}
    assert (ada["format"], ada["raw"], ada["state"], ada["lagMs"], ada["events"]) == ("ndjson", False, "live", 0, 0)
    assert 0 <= ada["ageMs"] < 600_000
    assert ada["expiresAt"] > roomwire.iso(time.time() * 1000)
    assert bob["id"] == number(other)
    assert (bob["address"], bob["filter"], bob["format"], bob["raw"]) == ("127.0.0.1", {}, "sse", True)
    assert (bob["events"], bob["bytes"]) == (1, len(other.bytes))
    assert stream.status == 200


def test_a_slow_reader_shows_as_waiting_with_its_lag(start):
    relay = start()
    stream = clients.subscribe(relay, "", roomwire.token("slow", grant={"raw": True}))
    filler = "x" * 200_000

    def is_waiting():
        providers.post_livekit(relay, providers.livekit_body("room_started", "big", filler=filler))
        entry = streams(relay, "?user=slow")["streams"][0]
        return entry if entry["state"] == "waiting" and entry["lagMs"] > 0 else None

    entry = roomwire.wait_until(is_waiting, "the socket to be full")
    assert entry["bytes"] > 0
    stream.close()


def test_lists_are_pages_over_all_loops_in_the_order_of_numbers(start):
    relay = start(loops=3)
    opened = {number(clients_stream): clients_stream for clients_stream in (
        clients.subscribe(relay, "", roomwire.token(f"user{index % 4}")) for index in range(23))}
    seen, query, pages = [], "?limit=5", 0
    while True:
        page = streams(relay, query)
        assert page["complete"] is True
        assert len(page["streams"]) <= 5
        seen += [entry["id"] for entry in page["streams"]]
        pages += 1
        if "after" not in page:
            break
        query = f"?limit=5&after={page['after']}"
    assert seen == sorted(opened, key=int)
    assert pages == 5
    mine = streams(relay, "?user=user1")["streams"]
    assert {entry["user"] for entry in mine} == {"user1"} and len(mine) == 6
    assert streams(relay, "?user=nobody") == {"streams": [], "complete": True}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?limit=x", "?after=x", "?after=-1", "?room=a"])
def test_a_bad_question_is_400(shared, query):
    answer = ask(shared, "GET", f"/admin/streams{query}")
    assert answer.status_code == 400 and answer.json()["detail"]


def test_a_poll_that_waits_is_listed_and_can_be_closed(start):
    relay = start()
    answers = []
    poll = threading.Thread(target=lambda: answers.append(
        relay.get("/events?format=json&wait=60s", roomwire.token("poller"))))
    poll.start()
    entry = roomwire.wait_until(lambda: streams(relay, "?user=poller")["streams"], "the poll")[0]
    assert ask(relay, "DELETE", f"/admin/streams/{entry['id']}").status_code == 204
    poll.join(roomwire.DEADLINE_SECONDS)
    assert answers[0].json()["events"] == []


def test_a_stream_that_is_closed_is_told_and_others_stay(start):
    relay = start(loops=2)
    opened = [clients.subscribe(relay, query) for query in ["named=1", ""] * 4]
    for stream in opened[:4]:
        assert ask(relay, "DELETE", f"/admin/streams/{number(stream)}").status_code == 204
        stream.read_to_end()
        assert [message["type"] for message in stream.messages] == ["connected", "closed"]
        assert ask(relay, "DELETE", f"/admin/streams/{number(stream)}").status_code == 404
    assert opened[0].frames[-1].fields["event"] == "closed"
    assert len(streams(relay)["streams"]) == 4
    relay.wait_ended("closed", 4)
    assert relay.said().count("root closed the stream") == 4
    for nobody in ("0", "-1", "x", str(2**64), "999999"):
        assert ask(relay, "DELETE", f"/admin/streams/{nobody}").status_code == 404
    assert ask(relay, "GET", "/admin/streams/1").status_code == 405


def test_a_revoked_user_is_out_on_every_loop_and_stays_out(start):
    relay = start(loops=3)
    theirs = [clients.subscribe(relay, "", roomwire.token("eve")) for _ in range(9)]
    mine = clients.subscribe(relay, "", roomwire.token("ada"))
    ticket = ask(relay, "POST", "/tickets", roomwire.token("eve")).json()["ticket"]
    answer = revoke(relay, user="eve")
    assert answer == {"user": "eve", "endedStreams": 9}
    for stream in theirs:
        stream.read_to_end()
        assert [message["type"] for message in stream.messages] == ["connected", "revoked"]
    refused = [
        relay.get("/events", roomwire.token("eve", jti="another")), relay.get("/rooms", roomwire.token("eve")),
        relay.get(f"/events?ticket={ticket}"), ask(relay, "POST", "/tickets", roomwire.token("eve")),
        ask(relay, "POST", "/streams/1/renew", roomwire.token("eve")),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["reason"]) == (401, "revoked"), answer.text
    assert mine.is_open()
    relay.wait_ended("revoked", 9)
    assert ("notice", 'root revoked the user "eve"') in [(line["level"], line["message"]) for line in relay.log_lines()]


def test_a_revoked_token_is_out_and_its_users_other_tokens_are_not(start):
    relay = start(loops=2)
    bad, good = roomwire.token("eve", jti="lost-phone"), roomwire.token("eve", jti="laptop")
    theirs = [clients.subscribe(relay, "", bad) for _ in range(4)]
    kept = [clients.subscribe(relay, "", token) for token in (good, roomwire.token("eve"))]
    ticket = ask(relay, "POST", "/tickets", bad).json()["ticket"]
    through_ticket = clients.Stream(relay, f"ticket={ticket}")
    through_ticket.control("connected")
    assert revoke(relay, token="lost-phone") == {"token": "lost-phone", "endedStreams": 5}
    for stream in [*theirs, through_ticket]:
        stream.read_to_end()
        assert stream.messages[-1]["type"] == "revoked"
    assert relay.get("/rooms", bad).json()["reason"] == "revoked"
    assert relay.get("/rooms", good).status_code == 200
    assert all(stream.is_open() for stream in kept)


def test_a_renewed_stream_belongs_to_its_fresh_token(start):
    relay = start()
    stream = clients.subscribe(relay, "", roomwire.token("ada", ttl=60, jti="old"))
    fresh = roomwire.token("ada", ttl=600, jti="new")
    assert ask(relay, "POST", f"/streams/{number(stream)}/renew", fresh).status_code == 200
    assert revoke(relay, token="old")["endedStreams"] == 0
    assert revoke(relay, token="new")["endedStreams"] == 1


def test_a_revocation_ends_when_it_says(start):
    relay = start()
    revoke(relay, user="eve", ttl="2s")
    entry = revocations(relay)[0]
    assert entry["user"] == "eve" and entry["until"] > roomwire.iso(0)
    assert relay.get("/rooms", roomwire.token("eve")).status_code == 401
    roomwire.wait_until(lambda: relay.get("/rooms", roomwire.token("eve")).status_code == 200, "the end")
    assert revocations(relay) == []
    # A shorter one shortens nothing; without an end it stays.
    later = roomwire.iso((time.time() + 7200) * 1000)
    assert revoke(relay, user="bob", until=later)["until"] == later
    assert revoke(relay, user="bob", ttl="1h")["until"] == later
    assert "until" not in revoke(relay, user="bob")


@pytest.mark.parametrize("body", [
    b"", b"[]", b'"eve"', b"{}", b'{"user":""}', b'{"user":7}', b'{"user":"a","token":"b"}', b'{"user":"a","x":1}',
    b'{"user":"a","ttl":"soon"}', b'{"user":"a","ttl":"0s"}', b'{"user":"a","until":"yesterday"}',
    b'{"user":"a","until":1}', b'{"user":"a","until":"2020-01-01T00:00:00Z"}', b'{"user":"a","until":9e99}',
    b'{"user":"a","ttl":"1h","until":"2999-01-01T00:00:00Z"}', b'{"user":"a","ttl":"99999999999999d"}',
])
def test_a_bad_order_is_400_and_revokes_nobody(shared, body):
    answer = ask(shared, "POST", "/admin/revoke", data=body)
    assert answer.status_code == 400 and answer.json()["detail"]
    assert revocations(shared) == []


def test_a_whole_token_is_no_id_of_one(shared):
    answer = ask(shared, "POST", "/admin/revoke", json={"token": roomwire.token("eve")})
    assert answer.status_code == 400 and "jti" in answer.json()["detail"]


def test_a_revocation_can_be_lifted(start):
    relay = start()
    name = "o'hara/ä &?"
    revoke(relay, user=name)
    revoke(relay, token="t1")
    assert revocations(relay) == [{"user": name}, {"token": "t1"}]
    assert ask(relay, "DELETE", "/admin/revocations", params={"user": name}).status_code == 204
    assert ask(relay, "DELETE", "/admin/revocations", params={"user": name}).status_code == 404
    assert ask(relay, "DELETE", "/admin/revocations").status_code == 400
    assert ask(relay, "DELETE", "/admin/revocations", params={"user": "t1"}).status_code == 404
    assert revocations(relay) == [{"token": "t1"}]
    clients.subscribe(relay, "", roomwire.token(name)).close()
    assert "root lifted the revocation of user" in relay.said()


def test_long_lists_of_revocations_are_pages(start):
    relay = start()
    for index in range(7):
        revoke(relay, user=f"user{index}")
        revoke(relay, token=f"id{index}")
    names, query = [], "?limit=4"
    while True:
        page = ask(relay, "GET", f"/admin/revocations{query}").json()
        names += [entry.get("user") or entry.get("token") for entry in page["revocations"]]
        if "after" not in page:
            break
        query = f"?limit=4&after={page['after']}"
    assert names == [f"user{index}" for index in range(7)] + [f"id{index}" for index in range(7)]
    assert revocations(relay, "?token=id3") == [{"token": "id3"}]


def test_what_was_answered_200_counts_after_a_crash(start):
    relay = start()
    revoke(relay, user="eve")
    revoke(relay, token="t1", ttl="1h")
    revoke(relay, user="bob")
    assert ask(relay, "DELETE", "/admin/revocations?user=bob").status_code == 204
    relay.kill()
    relay.start()
    assert relay.get("/rooms", roomwire.token("eve")).json()["reason"] == "revoked"
    assert relay.get("/rooms", roomwire.token("ada", jti="t1")).json()["reason"] == "revoked"
    assert relay.get("/rooms", roomwire.token("bob")).status_code == 200
    assert (relay.data / "revocations.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in relay.data.iterdir() if "revocations" in path.name] == ["revocations.json"]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"users":{"eve":17', b"\x00" * 30])
def test_a_damaged_file_stops_the_start(start, damage):
    relay = start()
    revoke(relay, user="eve")
    relay.kill()
    (relay.data / "revocations.json").write_bytes(damage)
    relay.launch()
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) != 0
    last = relay.said().strip().split("\n")[-1]
    assert "revocations.json is damaged" in last


def test_a_revocation_that_cannot_be_kept_counts_and_is_not_answered_200(start):
    relay = start()
    blocker = relay.data / "revocations.json.new"
    blocker.mkdir()
    stream = clients.subscribe(relay, "", roomwire.token("eve"))
    answer = ask(relay, "POST", "/admin/revoke", json={"user": "eve"})
    assert (answer.status_code, answer.json()["reason"]) == (503, "not_kept")
    stream.read_to_end()
    assert relay.get("/rooms", roomwire.token("eve")).status_code == 401
    blocker.rmdir()
    revoke(relay, user="eve")
    relay.kill()
    relay.start()
    assert relay.get("/rooms", roomwire.token("eve")).status_code == 401


def test_streams_that_open_while_their_user_is_revoked_do_not_slip_through(start):
    relay = start(loops=2)
    token = roomwire.token("eve")
    opened, stop = [], threading.Event()

    def open_many():
        while not stop.is_set():
            # `tail` waits for another thread before its stream begins.
            stream = clients.Stream(relay, "tail=1", token)
            opened.append(stream)
            if stream.status != 200:
                return

    threads = [threading.Thread(target=open_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    roomwire.wait_until(lambda: len(opened) > 40, "some streams")
    revoke(relay, user="eve")
    for thread in threads:
        thread.join(roomwire.DEADLINE_SECONDS)
    stop.set()
    for stream in opened:
        if stream.status == 200:
            stream.read_to_end()
            assert stream.messages[-1]["type"] == "revoked"
    assert streams(relay, "?user=eve")["streams"] == []
