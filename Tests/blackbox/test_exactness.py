"""Nothing lost, nothing doubled: bursts, crowds that come back, restarts, and what retention leaves."""

import collections
import concurrent.futures
import json
import random
import selectors
import socket
import threading

import pytest

import clients
import providers
import relay as roomwire
import wire_schema

SENDERS = 4


class Posts:
    """Posts webhooks over a few connections that stay open."""

    def __init__(self, relay):
        self.relay = relay
        self.accepted = collections.Counter()

    def one(self, session, body):
        answer = session.post(
            self.relay.url("/webhooks/livekit"), data=body, headers=providers.livekit_headers(body),
            timeout=roomwire.DEADLINE_SECONDS)
        assert answer.status_code == 200, answer.text

    def people(self, room, count):
        """So many joins in a room, each once, in any order among the connections."""
        def share(first):
            with roomwire.requests.Session() as session:
                for number in range(first, count, SENDERS):
                    self.one(session, providers.livekit_body("participant_joined", room, f"{room}_{number}"))

        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(share, range(SENDERS)))


def log_ids(relay):
    """Every id of the log, in order."""
    with clients.Stream(relay, "lastEventId=0&wait=0&format=ndjson", roomwire.token()) as stream:
        stream.read_to_end()
        return [wire_schema.read(line)["id"] for line in stream.body.splitlines() if b'"id"' in line]


class Crowd:
    """Many subscribers that come back at once: one thread reads them all and keeps only their ids."""

    def __init__(self, relay, cursors, query=""):
        self.relay = relay
        self.selector = selectors.DefaultSelector()
        self.received = [[] for _ in cursors]
        self.resyncs = 0
        self.rest = [b""] * len(cursors)
        token = roomwire.token()
        for index, cursor in enumerate(cursors):
            connection = socket.create_connection(("127.0.0.1", relay.port))
            lines = [f"GET /api/events?{query} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}"]
            connection.sendall("\r\n".join([*lines, f"Last-Event-ID: {cursor}", "", ""]).encode())
            self.selector.register(connection, selectors.EVENT_READ, index)

    def read(self, wanted):
        """Reads until each has as many events as `wanted` says."""
        def step():
            for key, _ in self.selector.select(0.5):
                self.take(key.data, key.fileobj.recv(1 << 18))
            return all(len(ids) >= count for ids, count in zip(self.received, wanted))

        roomwire.wait_until(step, "the crowd to have everything", 90)

    def take(self, index, data):
        assert data, "a stream ended"
        *lines, self.rest[index] = (self.rest[index] + data).split(b"\n")
        # The relay's own messages move the id as well.
        self.received[index] += [json.loads(line[6:])["id"] for line in lines if b'","id":"' in line[:100]]
        self.resyncs += sum(b'"type":"resync"' in line for line in lines)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("stand", ["at one place", "at many places"])
def test_a_crowd_that_comes_back_shares_pages_and_each_gets_exactly_its_own(start, stand):
    clients_count, missed = 500, 1000
    relay = start(log={"durability": "normal"}, loops=2)
    Posts(relay).people("hall", missed + missed // 2)
    ids = log_ids(relay)
    # After a restart nothing is in memory: what they missed comes from the log.
    relay.kill()
    relay.start()
    chance = random.Random(4)
    places = [missed // 2 - 1 if stand == "at one place" else chance.randrange(missed // 2)
              for _ in range(clients_count)]
    live = clients.subscribe(relay, "room=live")
    crowd = Crowd(relay, [ids[place] for place in places])
    providers.post_livekit(relay, providers.livekit_body("room_started", "live"))
    # Somebody who is not behind gets what comes while the others catch up.
    live.wait_events(1)
    ids.append(live.ids[0])
    crowd.read([len(ids) - place - 1 for place in places])
    for place, received in zip(places, crowd.received):
        assert received == ids[place + 1:]
    assert crowd.resyncs == 0
    # A page has 500 events: each for itself would read more than two, and each loop has some.
    assert relay.metric("roomwire_page_reads_total") < clients_count / 5
    crowd.close()


def test_a_burst_is_one_order_for_everybody(start):
    relay = start(log={"durability": "normal"})
    streams = [clients.subscribe(relay) for _ in range(5)]
    Posts(relay).people("hall", 400)
    seen = [[event["data"]["participant"]["identity"] for event in stream.wait_events(400)] for stream in streams]
    assert sorted(seen[0]) == sorted(f"hall_{number}" for number in range(400))
    assert all(other == seen[0] for other in seen)
    assert all(stream.ids == log_ids(relay) for stream in streams)


@pytest.mark.slow
def test_a_burst_cut_by_a_kill_is_whole_for_whoever_comes_back(start):
    """Webhooks that wait together for one commit, as a provider's burst does, not one after another."""
    relay = start()
    with clients.subscribe(relay) as stream:
        providers.post_livekit(relay, providers.livekit_body("room_started", "first"))
        last = stream.wait_events(1)[0]["id"]
    accepted, lock = [], threading.Lock()

    def post(number):
        body = providers.livekit_body("participant_joined", "hall", f"hall_{number}", id=f"EV_cut_{number}")
        try:
            answer = relay.post("livekit", providers.livekit_headers(body), body)
        except roomwire.requests.RequestException:
            return
        if answer.status_code == 200:
            with lock:
                accepted.append(f"hall_{number}")

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        posts = [pool.submit(post, number) for number in range(2000)]
        roomwire.wait_until(lambda: len(accepted) > 200, "the burst to be under way")
        relay.kill()
        for pending in posts:
            pending.cancel()
    relay.start()
    with clients.Stream(relay, f"lastEventId={last}&wait=0", roomwire.token()) as stream:
        stream.read_to_end()
        people = [event["data"]["participant"]["identity"] for event in stream.events]
        assert [message["type"] for message in stream.messages][:2] == ["connected", "participant_joined"]
    assert len(people) == len(set(people))
    assert set(accepted) <= set(people)
    # Those under way when it ended may be in the log without their answer.
    assert len(people) - len(accepted) <= 32
    # The provider posts again what was not answered; what was committed stays one event.
    for name in people[-5:]:
        number = name.rpartition("_")[2]
        body = providers.livekit_body("participant_joined", "hall", name, id=f"EV_cut_{number}")
        providers.post_livekit(relay, body)
    assert len(log_ids(relay)) == len(people) + 1


def kept(relay):
    return len(log_ids(relay))


def test_retention_by_number_keeps_so_many(start):
    relay = start(log={"durability": "normal", "retention": {"events": 50}})
    Posts(relay).people("hall", 300)
    roomwire.wait_until(lambda: kept(relay) == 50, "retention to leave 50 events")


def test_retention_by_bytes_keeps_so_much(start):
    relay = start(log={"durability": "normal", "retention": {"bytes": "1MiB"}})
    for number in range(200):
        # In the event and in the provider's own body: 8 KB together.
        person = {"sid": f"PA_{number}", "identity": f"user_{number}", "metadata": "x" * 4000}
        providers.post_livekit(relay, providers.livekit_body("participant_joined", "hall", participant=person))
    roomwire.wait_until(lambda: 100 < kept(relay) < 130, "retention to leave 1 MiB")


def test_retention_by_age_forgets_what_is_old(start):
    relay = start(log={"durability": "normal", "retention": {"age": "2s"}})
    Posts(relay).people("hall", 20)
    roomwire.wait_until(lambda: kept(relay) == 0, "retention to forget everything")
    # Ids go on from what was forgotten, and a stream that stood there is told.
    providers.post_livekit(relay, providers.livekit_body("room_started", "call_1"))


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_kill_costs_nothing_with_any_durability(start, durability):
    relay = start(log={"durability": durability})
    Posts(relay).people("hall", 50)
    before = log_ids(relay)
    relay.kill()
    relay.start()
    assert log_ids(relay) == before
    assert len(before) == 50


def room_states(relay):
    answer = relay.get("/rooms", roomwire.token())
    assert answer.status_code == 200
    return {room["name"]: sorted(person["identity"] for person in room["participants"])
            for room in answer.json()["rooms"]}


def test_a_room_outlives_its_start_in_the_log(start):
    """The state is no replay of what is kept: what began before that is in it still, also after a kill."""
    relay = start(log={"durability": "normal", "retention": {"events": 20}})
    providers.post_livekit(
        relay, providers.livekit_body("room_started", "long"),
        providers.livekit_body("participant_joined", "long", "ada"))
    Posts(relay).people("hall", 200)
    roomwire.wait_until(lambda: kept(relay) == 20, "retention to leave 20 events")
    before = room_states(relay)
    assert before["long"] == ["ada"]
    assert len(before["hall"]) == 200
    relay.kill()
    relay.start()
    assert room_states(relay) == before
    providers.post_livekit(relay, providers.livekit_body("participant_left", "long", "ada"))
    roomwire.wait_until(lambda: room_states(relay)["long"] == [], "ada to have left")


def test_all_rooms_unchanged_are_304_while_other_rooms_change(start):
    relay = start()
    providers.post_livekit(relay, providers.livekit_body("room_started", "mine_1"))
    token = roomwire.token(rooms=["mine_*"])
    roomwire.wait_until(lambda: "mine_1" in room_states(relay), "the room")
    first = relay.get("/rooms", token)
    providers.post_livekit(relay, providers.livekit_body("room_started", "other"))
    roomwire.wait_until(lambda: "other" in room_states(relay), "the other room")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert relay.get("/rooms", token, headers=tag).status_code == 304
    providers.post_livekit(relay, providers.livekit_body("room_started", "mine_2"))
    roomwire.wait_until(lambda: "mine_2" in room_states(relay), "the second room")
    changed = relay.get("/rooms", token, headers=tag)
    assert (changed.status_code, len(changed.json()["rooms"])) == (200, 2)
