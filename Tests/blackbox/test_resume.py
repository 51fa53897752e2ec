"""Coming back: every matching event after an id, in order, once."""

import pytest

import clients
import providers
import relay as roomwire


def whole(relay, room):
    """A stream that has seen a meeting."""
    stream = clients.subscribe(relay, f"room={room}")
    providers.post_meeting(relay, room)
    stream.wait_for("room_finished")
    return stream


@pytest.mark.parametrize("by", ["header", "query"])
def test_a_stream_goes_on_after_the_last_id(shared, room, by):
    seen = whole(shared, room).events
    for position, event in enumerate(seen):
        header = [f"Last-Event-ID: {event['id']}"] if by == "header" else []
        query = f"room={room}" + (f"&lastEventId={event['id']}" if by == "query" else "")
        with clients.subscribe(shared, query, headers=header) as stream:
            assert stream.wait_events(len(seen) - position - 1) == seen[position + 1:]


def test_after_the_rest_comes_what_is_new(shared, room):
    seen = whole(shared, room).events
    stream = clients.subscribe(shared, f"room={room}", headers=[f"Last-Event-ID: {seen[2]['id']}"])
    stream.wait_events(3)
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    events = stream.wait_events(4)
    assert events[:3] == seen[3:]
    assert events[3]["type"] == "room_started"
    assert not any(message["type"] == "resync" for message in stream.messages)


def test_zero_begins_with_the_oldest_event_kept(start):
    relay = start()
    seen = whole(relay, "call_1").events
    stream = clients.subscribe(relay, "", headers=["Last-Event-ID: 0"])
    assert stream.wait_events(len(seen)) == seen
    assert [message["type"] for message in stream.messages][:2] == ["connected", "room_started"]


def test_without_an_id_a_stream_begins_now(shared, room):
    whole(shared, room)
    stream = clients.subscribe(shared, f"room={room}")
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    stream.wait_events(1)
    assert stream.types == ["room_started"]


@pytest.mark.parametrize("id", ["nonsense", "-1", "1-", "1-0-0", "99999999999999999999999-0", "1795201856123"])
def test_a_malformed_id_is_told_and_gets_what_is_kept(start, id):
    relay = start()
    seen = whole(relay, "call_1").events
    stream = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {id}"])
    resync = stream.control("resync")
    assert resync["reason"] in ("malformed", "unknown", "expired")
    assert "oldestId" in resync
    assert stream.wait_events(len(seen)) == seen
    assert [message["type"] for message in stream.messages][:3] == ["connected", "resync", "room_started"]


def test_an_id_of_another_log_is_told(start):
    relay = start()
    seen = whole(relay, "call_1").events
    first, last = clients.milliseconds(seen[0]["id"]), clients.milliseconds(seen[-1]["id"])
    for foreign in (f"{last + 3_600_000}-0", f"{last}-7777", f"{first}-7777"):
        stream = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {foreign}"])
        stream.control("resync")
        assert stream.wait_events(len(seen)) == seen


def test_an_id_older_than_the_log_is_told(start):
    relay = start(log={"retention": {"events": 20}})
    stream = clients.subscribe(relay)
    providers.post_livekit(relay, *[providers.livekit_body("room_started", f"room_{number}") for number in range(100)])
    stream.wait_events(100)
    ids = stream.ids

    def expired():
        # What retention deletes, streams hear with the next event.
        providers.post_livekit(relay, providers.livekit_body("room_started", "call_1"))
        late = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {ids[0]}"])
        late.wait_events(1)
        return late if late.messages[1]["type"] == "resync" else None

    late = roomwire.wait_until(expired, "retention to have deleted the first events")
    assert late.control("resync")["reason"] == "expired"
    stream.read_until(lambda: stream.ids[-1] >= late.ids[-1], "the newest event")
    late.read_until(lambda: late.ids[-1] == stream.ids[-1], "the newest event")
    ids = stream.ids
    assert late.ids == ids[-len(late.ids):]
    again = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {ids[-3]}"])
    assert [event["id"] for event in again.wait_events(2)] == ids[-2:]
    assert all(message["type"] != "resync" for message in again.messages)


def test_a_restart_continues_the_log(start):
    relay = start()
    seen = whole(relay, "call_1").events
    relay.kill()
    relay.start()
    stream = clients.subscribe(relay, "", headers=[f"Last-Event-ID: {seen[1]['id']}"])
    assert stream.wait_events(len(seen) - 2) == seen[2:]
    providers.post_meeting(relay, "call_2")
    events = stream.wait_events(len(seen) - 2 + 6)
    ids = [clients.order(event["id"]) for event in events]
    assert ids == sorted(set(ids))
    # A duplicate of something from before the restart stays one.
    body = providers.livekit_body("room_started", "call_3", id="EV_twice")
    providers.post_livekit(relay, body)
    relay.kill()
    relay.start()
    stream = clients.subscribe(relay, "", headers=["Last-Event-ID: 0"])
    providers.post_livekit(relay, body, providers.livekit_body("room_started", "the end"))
    stream.read_until(lambda: stream.events and stream.events[-1]["room"] == "the end", "the last event")
    assert [event["room"] for event in stream.events].count("call_3") == 1


def test_a_long_absence_is_caught_up_from_the_log(start):
    relay = start(log={"durability": "normal"})
    bodies = [providers.livekit_body("participant_joined", "hall", f"user_{number}", id=f"EV_{number}")
              for number in range(1500)]
    with roomwire.requests.Session() as session:
        for body in bodies:
            answer = session.post(relay.url("/webhooks/livekit"), data=body, headers=providers.livekit_headers(body))
            assert answer.status_code == 200
    # After a restart nothing is in memory: everything comes from the log.
    relay.kill()
    relay.start()
    stream = clients.subscribe(relay, "", headers=["Last-Event-ID: 0"])
    events = stream.wait_events(len(bodies))
    assert [event["data"]["participant"]["identity"] for event in events] == [f"user_{n}" for n in range(1500)]


def test_a_stream_may_begin_with_the_last_few(start):
    relay = start()
    seen = whole(relay, "call_1").events
    assert clients.subscribe(relay, "tail=2").wait_events(2) == seen[-2:]


def test_a_stream_may_begin_at_a_time(start):
    relay = start()
    seen = whole(relay, "call_1").events
    assert clients.subscribe(relay, "since=10m").wait_events(6) == seen
    hour_ahead = clients.milliseconds(seen[-1]["id"]) + 3_600_000
    later = clients.subscribe(relay, f"since={hour_ahead}")
    providers.post_livekit(relay, providers.livekit_body("room_started", "call_2"))
    later.wait_events(1)
    assert [event["room"] for event in later.events] == ["call_2"]


def test_a_script_may_read_so_many_and_stop(start):
    relay = start()
    seen = whole(relay, "call_1").events
    limited = clients.Stream(relay, "lastEventId=0&limit=3", roomwire.token())
    limited.read_to_end()
    assert limited.events == seen[:3]
    caught_up = clients.Stream(relay, "lastEventId=0&wait=0", roomwire.token())
    caught_up.read_to_end()
    assert caught_up.events == seen
