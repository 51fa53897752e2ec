"""Every parameter of a stream, as scripts use them: where it begins, when it ends, and in which form."""

import threading

import pytest

import clients
import providers
import relay as roomwire
import wire_schema

JSON = {"Accept": "application/json"}
# Node's fetch sends it, and understands a status.
FETCH = ["Sec-Fetch-Mode: cors"]


def page(relay, query="", **arguments):
    answer = relay.get(f"/events?{query}", roomwire.token(), headers=JSON, **arguments)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    page = answer.json()
    for event in page["events"]:
        wire_schema.check(event)
    return page


def lines(relay, query):
    """The messages of an NDJSON answer that ends by itself."""
    with clients.Stream(relay, query, roomwire.token(), accept="application/x-ndjson") as stream:
        assert stream.status == 200, stream.bytes
        stream.read_to_end()
        return [wire_schema.read(line) for line in stream.body.splitlines() if line]


def started(*rooms):
    return [providers.livekit_body("room_started", room) for room in rooms]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A relay with one meeting in its log, and what a stream saw of it."""
    relay = roomwire.Relay(tmp_path_factory.mktemp("told"), roomwire.settings()).start()
    with clients.subscribe(relay) as stream:
        providers.post_meeting(relay)
        events = stream.wait_for("room_finished")
    yield relay, events
    relay.stop()


# Where it begins


@pytest.mark.parametrize("form", ["milliseconds", "iso", "iso with an offset"])
def test_since_takes_a_time_in_any_form(told, form):
    relay, events = told
    at = clients.milliseconds(events[0]["id"])
    time = roomwire.iso(at)
    text = {"milliseconds": str(at), "iso": time, "iso with an offset": time.replace("Z", "%2B00:00")}[form]
    assert [message["type"] for message in lines(relay, f"since={text}&wait=0")] == ["connected"] + [
        event["type"] for event in events]
    later = clients.milliseconds(events[-1]["id"]) + 1
    text = {"milliseconds": str(later), "iso": roomwire.iso(later)}.get(form, roomwire.iso(later))
    assert [message["type"] for message in lines(relay, f"since={text}&wait=0")] == ["connected"]


@pytest.mark.parametrize("span", ["10m", "1h", "600s"])
def test_since_takes_a_span(told, span):
    relay, events = told
    assert lines(relay, f"since={span}&wait=0")[1:] == events


def test_tail_is_the_last_events_of_the_log(told):
    relay, events = told
    for count in (0, 1, 3, 100):
        assert lines(relay, f"tail={count}&wait=0")[1:] == (events[-count:] if count else [])


def test_an_id_goes_before_a_time(told):
    relay, events = told
    for query in (f"since=1h&lastEventId={events[2]['id']}", f"lastEventId={events[2]['id']}&tail=100"):
        assert lines(relay, query + "&wait=0")[1:] == events[3:]
    header = [f"Last-Event-ID: {events[3]['id']}"]
    with clients.Stream(relay, "tail=100&wait=0", roomwire.token(), headers=header) as stream:
        stream.read_to_end()
        assert stream.events == events[4:]


# When it ends


def test_limit_counts_matching_events_and_ends(told):
    relay, events = told
    found = lines(relay, "lastEventId=0&type=participant_*&limit=3")[1:]
    assert found == [event for event in events if event["type"].startswith("participant_")][:3]


def test_limit_waits_for_what_is_to_come(told):
    relay, _ = told
    with clients.subscribe(relay, "room=limited&limit=2") as stream:
        providers.post_livekit(relay, *started("limited", "other", "limited", "limited"))
        stream.read_to_end()
        assert [event["room"] for event in stream.events] == ["limited", "limited"]


def test_wait_0_ends_at_once_where_nothing_matches(told):
    relay, _ = told
    assert [message["type"] for message in lines(relay, "room=nobody&lastEventId=0&wait=0")] == ["connected"]


# In which form


@pytest.mark.parametrize(
    "accept, expected",
    [
        (None, "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("text/event-stream", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0.9, */*", "application/x-ndjson"),
        ("application/json", "application/json"),
    ],
)
def test_accept_chooses_the_form(told, accept, expected):
    relay, _ = told
    with clients.Stream(relay, "wait=0", roomwire.token(), accept=accept) as stream:
        assert stream.headers["content-type"].split(";")[0] == expected


def test_format_goes_before_accept(told):
    relay, _ = told
    with clients.Stream(relay, "wait=0&format=ndjson", roomwire.token(), accept="text/event-stream") as stream:
        assert stream.headers["content-type"].split(";")[0] == "application/x-ndjson"


def test_pages_of_json_follow_each_other(told):
    relay, events = told
    first = page(relay, f"lastEventId=0&limit=4&room={events[0]['room']}")
    assert first == {"events": events[:4], "lastEventId": events[3]["id"], "more": True}
    second = page(relay, f"lastEventId={first['lastEventId']}&room={events[0]['room']}")
    assert second["events"] == events[4:6]
    assert second["more"] is False
    third = page(relay, f"lastEventId={second['lastEventId']}&room={events[0]['room']}")
    assert third["events"] == []


def test_a_page_without_a_beginning_says_where_now_is(start):
    relay = start()
    empty = page(relay)
    assert (empty["events"], empty["more"]) == ([], False)
    providers.post_livekit(relay, *started("call_1"))
    assert [event["room"] for event in page(relay, f"lastEventId={empty['lastEventId']}")["events"]] == ["call_1"]


def test_a_page_tells_that_its_id_was_no_good(told):
    relay, events = told
    found = page(relay, "lastEventId=nonsense")
    assert found["resync"]["reason"] == "malformed"
    assert found["events"][: len(events)] == events


def test_a_longer_log_is_read_page_by_page_exactly_once(start):
    relay = start(log={"durability": "normal"})
    with roomwire.requests.Session() as session:
        for number in range(1200):
            body = providers.livekit_body("participant_joined", "hall", f"user_{number}")
            headers = providers.livekit_headers(body)
            assert session.post(relay.url("/webhooks/livekit"), data=body, headers=headers).status_code == 200
    relay.kill()
    relay.start()
    people, last, more = [], "0", True
    while more:
        found = page(relay, f"lastEventId={last}&limit=450")
        people += [event["data"]["participant"]["identity"] for event in found["events"]]
        last, more = found["lastEventId"], found["more"]
    assert people == [f"user_{number}" for number in range(1200)]


class Poll(threading.Thread):
    """A long poll in a thread of its own."""

    def __init__(self, relay, query):
        super().__init__(daemon=True)
        self.relay, self.query, self.found = relay, query, None
        self.start()

    def run(self):
        self.found = page(self.relay, self.query)

    def result(self):
        self.join(roomwire.DEADLINE_SECONDS)
        assert not self.is_alive(), "the poll was not answered"
        return self.found


def test_a_long_poll_is_answered_when_something_comes(start):
    relay = start()
    last = page(relay)["lastEventId"]
    poll = Poll(relay, f"lastEventId={last}&room=call_1&wait=25s")
    roomwire.wait_until(lambda: relay.streams() == 1, "the poll to wait")
    providers.post_livekit(relay, *started("elsewhere", "call_1"))
    found = poll.result()
    assert [event["room"] for event in found["events"]] == ["call_1"]
    assert found["lastEventId"] == found["events"][0]["id"]


def test_a_long_poll_with_something_there_does_not_wait(told):
    relay, events = told
    assert page(relay, "lastEventId=0&wait=25s&room=call_42")["events"] == events


def test_a_long_poll_in_vain_is_answered_with_an_empty_page(told):
    relay, _ = told
    found = page(relay, "room=nobody&wait=300ms")
    assert found["events"] == []


def test_a_long_poll_counts_as_a_stream(start):
    relay = start(streams={"per_user": 1})
    poll = Poll(relay, "wait=25s")
    roomwire.wait_until(lambda: relay.streams() == 1, "the poll to wait")
    assert relay.get("/events?wait=25s", roomwire.token(), headers=JSON).status_code == 429
    providers.post_livekit(relay, *started("call_1"))
    assert len(poll.result()["events"]) == 1
    assert page(relay, "wait=10ms")["events"] == []


def test_whoever_gives_a_long_poll_up_is_not_counted_any_more(start):
    relay = start(streams={"per_user": 1})
    accept = "Accept: application/json"
    with clients.RawConnection(relay) as given_up:
        request = f"GET /api/events?wait=60s HTTP/1.1\r\nHost: x\r\n{accept}\r\n"
        given_up.send(f"{request}Authorization: Bearer {roomwire.token()}\r\n\r\n".encode())
        roomwire.wait_until(lambda: relay.streams() == 1, "the poll to wait")
    roomwire.wait_until(lambda: relay.streams() == 0, "the poll to be given up")
    clients.subscribe(relay).close()


def test_a_relay_that_stops_answers_its_long_polls(start):
    relay = start(drain="2s")
    poll = Poll(relay, "wait=60s")
    roomwire.wait_until(lambda: relay.streams() == 1, "the poll to wait")
    relay.process.terminate()
    assert poll.result()["events"] == []
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0


# Snapshots


def test_a_snapshot_is_not_repeated_when_the_stream_comes_back(shared, room):
    providers.post_livekit(shared, *started(room))
    with clients.subscribe(shared, f"room={room}&snapshot=1") as stream:
        first = next(frame for frame in stream.frames if frame.type == "snapshot")
        assert [found["name"] for found in first.json["rooms"]] == [room]
    providers.post_livekit(shared, providers.livekit_body("participant_joined", room, "ada"))
    with clients.subscribe(shared, f"room={room}&snapshot=1", headers=[f"Last-Event-ID: {first.id}"]) as stream:
        stream.wait_events(1)
        assert [message["type"] for message in stream.messages] == ["connected", "participant_joined"]


def test_a_snapshot_in_ndjson_is_a_line_with_its_cursor(shared, room):
    providers.post_livekit(shared, *started(room))
    connected, snapshot = lines(shared, f"room={room}&snapshot=1&wait=0")
    assert connected["type"] == "connected"
    assert [found["name"] for found in snapshot["rooms"]] == [room]
    providers.post_livekit(shared, providers.livekit_body("room_finished", room))
    after = lines(shared, f"room={room}&lastEventId={snapshot['lastEventId']}&wait=0")
    assert [event["type"] for event in after[1:]] == ["room_finished"]


# Mistakes


@pytest.mark.parametrize(
    "query",
    [
        "since=", "since=-5", "since=2026-13-40T00:00:00Z", "tail=-1", "tail=many", "limit=0", "limit=-1", "wait=2h",
        "wait=-1", "heartbeat=", "named=2", "snapshot=maybe", "refuse=politely", "format=csv", "source=nowhere",
        "type=no%20type", "participant=", "reconciled=", "reconciled=2", "reconciled=*", "since=1h&tail=3", "snapshot=1&tail=3", "snapshot=1&since=1h",
        "snapshot=1&format=json", "wait=25s", "wait=25s&format=ndjson",
    ],
)
def test_a_mistake_is_400_with_a_sentence(shared, query):
    answer = shared.get("/events?" + query, roomwire.token())
    assert answer.status_code == 400, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["reason"] == "bad_query"
    assert problem["detail"].endswith(".") and " " in problem["detail"]


# What the relay itself says


@pytest.mark.parametrize("form", ["sse", "named", "ndjson"])
def test_a_stream_ends_with_its_token_and_says_so(shared, form):
    query = {"sse": "", "named": "named=1", "ndjson": "format=ndjson"}[form]
    with clients.Stream(shared, query, roomwire.token(ttl=2)) as stream:
        assert stream.status == 200
        stream.read_to_end()
        if form == "ndjson":
            messages = [wire_schema.read(line) for line in stream.body.splitlines() if line]
        else:
            messages = stream.messages
    assert [message["type"] for message in messages] == ["connected", "token_expiring", "token_expired"]
    assert all("id" not in message and message["expiresAt"] for message in messages)
    if form == "named":
        assert [frame.fields["event"] for frame in stream.frames] == [message["type"] for message in messages]


def test_a_stop_says_draining_with_spread_times_and_ends_in_time(start):
    relay = start(drain="3s", streams={"per_user": 0, "retry": "1s"})
    streams = [clients.subscribe(relay) for _ in range(20)]
    began = roomwire.time.monotonic()
    relay.process.terminate()
    goodbyes = []
    for stream in streams:
        stream.read_to_end()
        assert stream.messages[-1]["type"] == "draining"
        goodbyes.append((stream.messages[-1]["retryMs"], int(stream.frames[-1].fields["retry"])))
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
    # The time of the setting, and what the machine needs beside it.
    assert roomwire.time.monotonic() - began < 3 + 5
    assert all(said == field for said, field in goodbyes)
    times = {said for said, _ in goodbyes}
    assert len(times) > 10
    assert min(times) >= 1000 and max(times) <= 4000


def test_a_browser_over_the_cap_is_told_on_the_stream(start):
    relay = start(streams={"per_user": 1})
    held = clients.subscribe(relay)
    with clients.event_source(relay, "named=1", roomwire.token()) as refused:
        refused.read_to_end()
        assert refused.status == 200
        assert refused.headers["content-type"].split(";")[0] == "text/event-stream"
        [frame] = refused.frames
        assert frame.type == frame.fields["event"] == "refused"
        assert (frame.json["reason"], "id" in frame.json) == ("per_user", False)
        assert int(frame.fields["retry"]) == frame.json["retryMs"] > 0
    assert held.is_open()


@pytest.mark.parametrize(
    "query, headers, status", [("", [], 429), ("", FETCH, 429), ("refuse=http", [], 429), ("refuse=stream", [], 200)])
def test_how_a_refusal_is_told_can_be_chosen(start, query, headers, status):
    relay = start(streams={"per_user": 1})
    with clients.subscribe(relay), clients.Stream(relay, query, roomwire.token(), headers=headers) as refused:
        assert refused.status == status
        if status == 429:
            assert int(refused.headers["retry-after"]) > 0
        else:
            assert b'"refused"' in refused.read_to_end()
