"""A fresh token keeps a stream alive."""

import requests

import clients
import providers
import relay as roomwire


def renew(relay, stream_id, token=None, **arguments):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.post(
        relay.url(f"/streams/{stream_id}/renew"), headers=headers, timeout=roomwire.DEADLINE_SECONDS, **arguments)


def brief(relay, query="", user="ada", ttl=3, **rest):
    """A stream whose token ends soon, and its number."""
    stream = clients.subscribe(relay, query, roomwire.token(user, ttl=ttl, **rest))
    return stream, stream.control("connected")["streamId"]


def test_a_stream_that_is_renewed_outlives_its_token_and_one_that_is_not_ends(start):
    relay = start(loops=2)
    # Several, so that some lie on the loop that takes the renewal and some on the other.
    renewed = [brief(relay, "room=kept") for _ in range(6)]
    left = [brief(relay) for _ in range(2)]
    for _, number in renewed:
        answer = renew(relay, number, roomwire.token("ada", ttl=600))
        assert answer.status_code == 200, answer.text
        assert answer.json()["streamId"] == number
        assert answer.json()["expiresAt"] > roomwire.iso(0)
    for stream, _ in left:
        stream.read_to_end()
        assert [message["type"] for message in stream.messages][-1] == "token_expired"
    providers.post_livekit(relay, providers.livekit_body("room_started", "kept"))
    for stream, _ in renewed:
        stream.wait_for("room_started")
        assert "token_expired" not in [message["type"] for message in stream.messages]
    roomwire.wait_until(
        lambda: relay.metric('roomwire_streams_ended_total{reason="token_expired"}') == 2, "the counter")


def test_a_renewed_stream_is_warned_again_before_its_new_end(shared):
    stream, number = brief(shared)
    first = stream.control("token_expiring")["expiresAt"]
    told = renew(shared, number, roomwire.token("ada", ttl=6)).json()["expiresAt"]
    stream.read_to_end()
    ends = [(message["type"], message["expiresAt"]) for message in stream.messages if "expiresAt" in message]
    assert ends[1:] == [("token_expiring", first), ("token_expiring", told), ("token_expired", told)]


def test_a_token_that_ends_sooner_shortens_nothing(shared):
    stream, number = brief(shared, ttl=600)
    end = stream.control("connected")["expiresAt"]
    assert renew(shared, number, roomwire.token("ada", ttl=60)).json()["expiresAt"] == end
    stream.close()


def test_nobody_renews_anybody_elses_stream_nor_learns_that_it_exists(shared):
    stream, number = brief(shared, ttl=600)
    answers = {
        name: renew(shared, number_, roomwire.token("eve"))
        for name, number_ in {
            "theirs": number, "unknown": 2**40, "no number": "x", "zero": 0, "negative": -1, "huge": 2**64 - 1,
            "too huge": 2**64, "decimal": "1.0",
        }.items()
    }
    for name, answer in answers.items():
        assert answer.status_code == 404, f"{name}: {answer.text}"
        assert answer.json() == answers["unknown"].json(), name
    assert stream.is_open()
    stream.close()


def test_a_grant_that_does_not_cover_the_stream_is_403_and_changes_nothing(shared, room):
    stream, number = brief(shared, rooms=["call_*", room], ttl=600)
    end = stream.control("connected")["expiresAt"]
    for narrower in (roomwire.token("ada", rooms=["call_*"], ttl=900), roomwire.token("ada", rooms=[], ttl=900)):
        answer = renew(shared, number, narrower)
        assert answer.status_code == 403, answer.text
        assert "cover" in answer.json()["detail"]
    # A wider grant does not widen the stream.
    assert renew(shared, number, roomwire.token("ada", ttl=900)).json()["expiresAt"] > end
    providers.post_livekit(shared, providers.livekit_body("room_started", "elsewhere"))
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    assert [event["room"] for event in stream.wait_events(1)] == [room]
    stream.close()


def test_a_narrower_grant_that_covers_what_the_stream_asked_for_will_do(shared):
    stream, number = brief(shared, "room=call_1", ttl=600)
    assert renew(shared, number, roomwire.token("ada", rooms=["call_*"])).status_code == 200
    stream.close()


def test_a_grant_without_raw_does_not_renew_a_stream_with_raw(shared):
    stream, number = brief(shared, ttl=600, grant={"raw": True})
    assert renew(shared, number, roomwire.token("ada")).status_code == 403
    assert renew(shared, number, roomwire.token("ada", grant={"raw": True})).status_code == 200
    stream.close()


def test_only_a_token_renews(shared):
    stream, number = brief(shared, ttl=600)
    bought = requests.post(
        shared.url("/tickets"), headers={"Authorization": f"Bearer {roomwire.token('ada')}"}, timeout=30).json()
    answer = renew(shared, number, params={"ticket": bought["ticket"]})
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong_token_kind")
    # It was not used up.
    clients.Stream(shared, f"ticket={bought['ticket']}").control("connected")
    assert renew(shared, number).status_code == 401
    assert renew(shared, number, roomwire.token("ada", ttl=-60)).status_code == 401
    assert requests.get(shared.url(f"/streams/{number}/renew"), timeout=30).status_code == 405
    assert shared.get(f"/streams/{number}", roomwire.token()).status_code == 404
    stream.close()


def test_a_stream_of_a_ticket_ends_with_the_token_and_is_renewed_like_any_other(shared):
    def bought(ttl):
        answer = requests.post(
            shared.url("/tickets"), headers={"Authorization": f"Bearer {roomwire.token('ada', ttl=ttl)}"}, timeout=30)
        return clients.Stream(shared, f"ticket={answer.json()['ticket']}")

    ends, lives = bought(3), bought(3)
    number = lives.control("connected")["streamId"]
    assert renew(shared, number, roomwire.token("ada", ttl=600)).status_code == 200
    ends.read_to_end()
    assert [message["type"] for message in ends.messages] == ["connected", "token_expiring", "token_expired"]
    providers.post_livekit(shared, providers.livekit_body("room_started", "any"))
    lives.wait_for("room_started")
    lives.close()


def test_a_ticket_has_no_more_than_the_grant_of_its_token(shared, room):
    token = roomwire.token("ada", rooms=[room], grant={"types": ["room_*"]})
    ticket = requests.post(
        shared.url("/tickets"), headers={"Authorization": f"Bearer {token}"}, timeout=30).json()["ticket"]
    stream = clients.Stream(shared, f"ticket={ticket}")
    granted = stream.control("connected")["granted"]
    assert granted == {"rooms": [room], "types": ["room_*"]}
    stream.close()
