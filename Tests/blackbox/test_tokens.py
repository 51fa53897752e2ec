"""Who may subscribe."""

import json
import time

import jwt
import pytest
from livekit import api

import clients
import providers
import relay as roomwire


def livekit_token(identity="ada", **grants):
    token = api.AccessToken(roomwire.LIVEKIT_KEY, roomwire.LIVEKIT_SECRET).with_identity(identity)
    return token.with_grants(api.VideoGrants(**grants)).to_jwt()


def assert_refused(relay, token, reason, status=401):
    answer = relay.get("/events", token)
    assert answer.status_code == status, answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["reason"] == reason
    return answer


def test_a_token_of_the_command_opens_a_stream(shared):
    made = shared.run("token", "--user", "grace", "--room", "call_*")
    assert made.returncode == 0, made.stderr
    connected = clients.subscribe(shared, "", made.stdout.strip()).control("connected")
    assert connected["user"] == "grace"


def test_a_backends_token_opens_a_stream_in_header_cookie_and_query(shared):
    token = roomwire.token("ada")
    ways = {
        "header": clients.Stream(shared, "", token),
        "lower case": clients.Stream(shared, "", headers=[f"authorization: bearer {token}"]),
        "cookie": clients.Stream(shared, "", headers=[f"Cookie: a=b; roomwire={token}; c=d"]),
        "query": clients.Stream(shared, f"access_token={token}"),
    }
    for name, stream in ways.items():
        assert stream.status == 200, f"{name}: {stream.bytes}"
        assert stream.control("connected")["user"] == "ada"
        stream.close()


def test_a_token_in_the_query_is_not_logged(shared):
    token = roomwire.token("ada")
    clients.Stream(shared, f"access_token={token}").close()
    assert shared.get("/events", params={"access_token": token + "x"}).status_code == 401
    assert token.split(".")[2] not in shared.said()


def test_the_header_goes_before_cookie_and_query(shared):
    stream = clients.Stream(
        shared, f"access_token={roomwire.token('query')}", roomwire.token("header"),
        headers=[f"Cookie: roomwire={roomwire.token('cookie')}"])
    assert stream.control("connected")["user"] == "header"


def test_a_livekit_access_token_covers_its_room_alone(shared, room):
    stream = clients.subscribe(shared, "", livekit_token("ada", room_join=True, room=room))
    assert stream.control("connected")["user"] == "ada"
    providers.post_livekit(
        shared, providers.livekit_body("room_started", room + "_other"), providers.livekit_body("room_started", room))
    assert [event["room"] for event in stream.wait_events(1)] == [room]


def test_a_livekit_token_that_lists_rooms_covers_all(shared, room):
    stream = clients.subscribe(shared, "", livekit_token("ops", room_list=True))
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    assert stream.wait_events(1)[0]["room"] == room


def test_a_livekit_token_without_a_room_is_refused(shared):
    assert shared.get("/events", livekit_token("ada")).status_code in (401, 403)


def test_a_webhooks_token_opens_no_stream(shared):
    headers = providers.livekit_headers(providers.livekit_body("room_started"))
    assert_refused(shared, headers["Authorization"], "wrong_token_kind")


def test_livekit_tokens_can_be_switched_off(start):
    config = roomwire.settings()
    config["tokens"]["livekit"] = False
    relay = start(config)
    assert relay.get("/events", livekit_token("ada", room_list=True)).status_code == 401
    clients.subscribe(relay).close()


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda: None, "missing_token"),
        (lambda: "nonsense", "malformed_token"),
        (lambda: roomwire.token(secret="another secret of more than 32 bytes"), "bad_signature"),
        (lambda: roomwire.token(ttl=-3600), "expired"),
        (lambda: roomwire.token(exp=None), "no_expiry"),
        (lambda: roomwire.token(nbf=int(time.time()) + 3600), "not_yet_valid"),
        (lambda: roomwire.token(sub=None), "malformed_token"),
    ],
    ids=["none", "no_token", "wrong_secret", "expired", "no_expiry", "early", "nobody"],
)
def test_a_bad_token_is_401_and_says_why(shared, make, reason):
    answer = assert_refused(shared, make(), reason)
    assert roomwire.TOKEN_SECRET not in answer.text


def test_an_unsigned_token_is_401(shared):
    claims = {"sub": "ada", "exp": int(time.time()) + 60, "roomwire": {"rooms": ["*"]}}
    assert shared.get("/events", jwt.encode(claims, None, "none")).status_code == 401


def test_a_grant_that_covers_nothing_asked_for_is_403(shared):
    token = roomwire.token(rooms=["call_1", "mine_*"])
    assert_refused(shared, roomwire.token(grant={"rooms": None}), "malformed_token")
    answer = shared.get("/events?room=call_2", token)
    assert answer.status_code == 403, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    clients.subscribe(shared, "room=mine_2", token).close()


def test_a_grant_without_rooms_receives_only_what_names_the_user(shared, room):
    stream = clients.subscribe(shared, "", roomwire.token("bob", rooms=[]))
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    body = json.dumps({"type": "call.ringing", "room": room, "users": ["bob"], "data": {}}).encode()
    assert shared.post("app", providers.standard_headers(body, room), body).status_code == 200
    stream.wait_events(1)
    assert stream.types == ["call.ringing"]


def test_a_grant_limits_rooms_and_types(shared, room):
    token = roomwire.token(rooms=[f"{room}_a*"], grant={"types": ["participant_*"]})
    stream = clients.subscribe(shared, "", token)
    for name in (f"{room}_b", f"{room}_a", f"{room}_ab"):
        providers.post_meeting(shared, name, ["ada"])
    events = stream.wait_events(4)
    assert [(event["room"][-2:], event["type"]) for event in events] == [
        (end, kind) for end in ("_a", "ab") for kind in ("participant_joined", "participant_left")]


def test_raw_bodies_reach_only_who_may_read_them(shared, room):
    plain = clients.subscribe(shared, f"room={room}", roomwire.token("plain"))
    raw = clients.subscribe(shared, f"room={room}", roomwire.token("raw", grant={"raw": True}))
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    assert "raw" not in plain.wait_events(1)[0]
    assert raw.wait_events(1)[0]["raw"]["room"]["name"] == room


def test_a_user_over_the_cap_gets_429_until_a_stream_ends(start):
    relay = start(streams={"per_user": 3})
    token = roomwire.token("ada")
    streams = [clients.subscribe(relay, "", token) for _ in range(3)]
    answer = relay.get("/events", token)
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    clients.subscribe(relay, "", roomwire.token("bob")).close()

    streams[0].close()
    fourth = roomwire.wait_until(lambda: _taken(relay, token), "the slot to be free again")
    assert relay.get("/events", token).status_code == 429
    for stream in [*streams[1:], fourth]:
        assert stream.is_open()


def _taken(relay, token):
    stream = clients.Stream(relay, "", token)
    return stream if stream.status == 200 else None


def test_five_streams_a_user_are_the_default(start):
    relay = start(streams={})
    streams = [clients.subscribe(relay) for _ in range(5)]
    assert relay.get("/events", roomwire.token()).status_code == 429
    assert len(streams) == 5


def test_a_browser_over_the_cap_hears_why_and_may_come_back(start):
    relay = start(streams={"per_user": 1})
    token = roomwire.token("ada")
    first = clients.subscribe(relay, "", token)
    stream = clients.event_source(relay, "", token)
    assert stream.status == 200, stream.bytes
    stream.read_to_end()
    assert [message["type"] for message in stream.messages] == ["refused"]
    assert any("retry" in frame.fields for frame in stream.frames)
    assert first.is_open()


def test_a_stream_ends_when_its_token_does(shared):
    stream = clients.subscribe(shared, "", roomwire.token("brief", ttl=4))
    assert stream.control("connected")["expiresAt"]
    stream.read_to_end()
    kinds = [message["type"] for message in stream.messages]
    assert kinds == ["connected", "token_expiring", "token_expired"]
    clients.subscribe(shared).close()


def test_a_cap_in_all_is_429_or_503_with_retry_after(start):
    relay = start(streams={"per_user": 0, "total": 2})
    streams = [clients.subscribe(relay, "", roomwire.token(user)) for user in ("ada", "bob")]
    answer = relay.get("/events", roomwire.token("eve"))
    assert answer.status_code in (429, 503), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert len(streams) == 2


def test_over_the_cap_the_oldest_stream_may_make_room(start):
    relay = start(streams={"per_user": 1, "over_cap": "oldest"}, loops=2)
    token = roomwire.token("ada")
    # Many, so that streams come to lie on every loop.
    last = clients.subscribe(relay, "", token)
    for _ in range(12):
        stream = clients.Stream(relay, "", token)
        assert stream.status == 200, stream.bytes
        stream.control("connected")
        last.read_to_end()
        last = stream
    assert last.is_open()


def test_a_ticket_opens_one_stream(shared):
    bought = roomwire.requests.post(
        shared.url("/tickets"), headers={"Authorization": f"Bearer {roomwire.token('ada')}"}, timeout=30)
    assert bought.status_code in (200, 201), bought.text
    ticket = bought.json()["ticket"]
    assert clients.Stream(shared, f"ticket={ticket}").control("connected")["user"] == "ada"
    assert shared.get(f"/events?ticket={ticket}").status_code == 401
    assert roomwire.requests.post(shared.url("/tickets"), timeout=30).status_code == 401
