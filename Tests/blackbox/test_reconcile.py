"""Reconciliation: webhooks get lost, the relay asks the provider, and its rooms are true again."""

import collections
import json
import random
import signal
import threading
import time

import jwt
import pytest
import requests

import meetings
import relay as roomwire

SERVICES = {
    "livekit": (meetings.LiveKitService, meetings.Model), "daily": (meetings.DailyService, meetings.DailyModel),
}
# From a change to the pass that may tell of it: the grace, and the second to which providers round times down.
SETTLING_SECONDS = 2.2


@pytest.fixture
def world(request):
    """A model and its service: world("livekit", seed)."""
    services = []

    def world(source="livekit", seed=1, **model):
        service_type, model_type = SERVICES[source]
        service = service_type(model_type(random.Random(seed), **model))
        services.append(service)
        return service.model, service

    yield world
    for service in services:
        service.stop()


class Poster:
    """Posts webhooks, some of them late, twice, or not at all; those of one room keep their order unless told not to."""

    def __init__(self, relay, service, random, loss=0.0, most_delay=0.0, keeps_order=True):
        self.relay, self.service, self.random = relay, service, random
        self.loss, self.most_delay, self.keeps_order = loss, most_delay, keeps_order
        self.timers = []
        # When the last webhook of each room goes out.
        self.last = {}

    def post(self, body):
        headers = meetings.HEADERS[self.service.source](body)
        try:
            self.relay.post(self.service.source, headers, body)
        except requests.RequestException:
            pass

    def send(self, bodies):
        for body in bodies:
            if self.random.random() < self.loss:
                continue
            for _ in range(2 if self.random.random() < 0.1 else 1):
                if not self.most_delay:
                    self.post(body)
                    continue
                due = time.monotonic() + self.random.random() * self.most_delay
                if self.keeps_order:
                    room = json.loads(body).get("room", {}) or json.loads(body)["payload"]
                    room = room.get("name") or room["room"]
                    # Far enough apart that one is answered before the next one goes out.
                    due = self.last[room] = max(due, self.last.get(room, 0) + 0.05)
                timer = threading.Timer(due - time.monotonic(), self.post, (body,))
                timer.start()
                self.timers.append(timer)

    def finish(self):
        for timer in self.timers:
            timer.join()
        self.timers = []


def wait_equal(relay, model, what="the rooms to be the provider's"):
    def is_equal():
        return meetings.relay_state(relay) == model.state()

    try:
        roomwire.wait_until(is_equal, what, step=0.05)
    except AssertionError as error:
        raise AssertionError(
            f"{error}\nrelay {meetings.relay_state(relay)}\nmodel {model.state()}\n{relay.said()[-4000:]}") from None


def wait_passes(relay, service, count):
    """Waits until so many more passes have ended well."""
    before = meetings.passes(relay, service.source)
    roomwire.wait_until(lambda: meetings.passes(relay, service.source) >= before + count, f"{count} passes")


def check_balance(relay, model):
    """Whoever joined by the word of the journal has left, or is inside."""
    inside = {sid for _, people in model.state().values() for sid in people}
    joins, leaves = collections.Counter(), collections.Counter()
    for event in meetings.journal(relay):
        if event.get("late") or "participant" not in event["data"]:
            continue
        sid = event["data"]["participant"]["id"]
        joins[sid] += event["type"] == "participant_joined"
        leaves[sid] += event["type"] == "participant_left"
    for sid in inside:
        assert joins[sid] - leaves[sid] == 1, (sid, joins[sid], leaves[sid])
    for sid in joins:
        # A leave whose join was lost is relayed, and nothing can bring the join back.
        assert sid in inside or not joins[sid] or joins[sid] == leaves[sid], (sid, joins[sid], leaves[sid])


def reconciled(relay):
    return [event for event in meetings.journal(relay) if event.get("reconciled")]


@pytest.mark.parametrize("source", SERVICES)
def test_what_was_missed_while_the_relay_was_away_is_added_once(start, world, source):
    model, service = world(source)
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada") + model.join("standup", "bob"))
    roomwire.wait_until(lambda: meetings.relay_state(relay) == model.state(), "the webhooks")
    relay.kill()
    bob = next(person.sid for person in model.rooms["standup"].people.values() if person.identity == "bob")
    model.leave("standup", bob)
    model.join("standup", "cyd")
    model.open("late room")
    model.join("late room", "dora")
    time.sleep(SETTLING_SECONDS)
    relay.start()
    wait_equal(relay, model)
    check_balance(relay, model)
    added = reconciled(relay)
    assert all(event["synthetic"] for event in added)
    wait_passes(relay, service, 3)
    assert reconciled(relay) == added
    joined = [event for event in added if event["type"] == "participant_joined"]
    times = {person.sid: person.joined for room in model.rooms.values() for person in room.people.values()}
    for event in joined:
        # Daily tells whole seconds here.
        joined_at = times[event["data"]["participant"]["id"]]
        assert event["data"]["participant"]["joinedAt"] in (
            roomwire.iso(joined_at), roomwire.iso(joined_at // 1000 * 1000))
        assert "secret-of-a-person" not in str(event)
    left, = [event for event in added if event["type"] == "participant_left"]
    assert left["data"]["participant"]["id"] == bob
    series = f'roomwire_reconciled_events_total{{source="{source}",type="participant_left"}}'
    assert relay.metric(series) == 1
    assert relay.metric(f'roomwire_webhooks_lost{{source="{source}",type="participant_left"}}') == 1


@pytest.mark.parametrize("source", SERVICES)
def test_a_healthy_run_reconciles_nothing(start, world, source):
    model, service = world(source, seed=5)
    relay = start(meetings.config(service))
    # Webhooks come late and twice, but within the grace; those of one room in order.
    poster = Poster(relay, service, model.random, most_delay=0.3)
    for _ in range(120):
        poster.send(model.step())
        time.sleep(0.06)
    poster.finish()
    wait_passes(relay, service, 3)
    assert reconciled(relay) == []
    assert service.count() > 5


@pytest.mark.parametrize("terse", [False, True])
def test_sessions_tracks_and_strange_names_are_reconciled(start, world, terse):
    model, service = world()
    service.is_terse = terse
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    for name in meetings.NAMES:
        poster.send(model.open(name) + model.join(name, "ada"))
    name = meetings.NAMES[1]
    ada = next(iter(model.rooms[name].people))
    poster.send(model.publish(name, ada))
    wait_equal(relay, model)
    # Another session under the same name, with another participant.
    model.close(meetings.NAMES[0])
    model.open(meetings.NAMES[0])
    model.join(meetings.NAMES[0], "bob")
    # Tracks come and go.
    model.publish(name, ada)
    model.unpublish(name, ada)
    # A room without participants, and one that ends.
    model.open("empty room")
    model.close(meetings.NAMES[3])
    wait_equal(relay, model)
    check_balance(relay, model)
    types = collections.Counter(event["type"] for event in reconciled(relay))
    assert types == {
        "room_started": 2, "room_finished": 2, "participant_joined": 1, "participant_left": 2, "track_published": 1,
        "track_unpublished": 1,
    }, types
    assert {path.partition(" ")[2] for path in service.asked} == {
        service.path + "ListRooms", service.path + "ListParticipants"}


def test_late_webhooks_change_nothing_and_are_not_lost(start, world):
    model, service = world()
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    late = model.open("standup") + model.join("standup", "ada")
    wait_equal(relay, model)
    lost = 'roomwire_webhooks_lost{source="livekit",type="participant_joined"}'
    roomwire.wait_until(lambda: relay.metric(lost) == 1, "the loss")
    poster.send(late)
    roomwire.wait_until(lambda: relay.metric(lost) == 0, "the late webhook")
    assert meetings.relay_state(relay) == model.state()
    late_events = [event for event in meetings.journal(relay) if event.get("late")]
    assert [event["type"] for event in late_events] == ["room_started", "participant_joined"]
    check_balance(relay, model)


def test_a_provider_that_lies_about_the_number_of_participants_is_asked_in_turn(start, world):
    model, service = world()
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada") + model.join("standup", "bob"))
    wait_equal(relay, model)
    # The passes after the start, which ask for every room, are over; now the number tells of no difference.
    wait_passes(relay, service, 4)
    model.lie = 2
    model.leave("standup", next(iter(model.rooms["standup"].people)))
    wait_equal(relay, model)
    check_balance(relay, model)


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("tells_time", [True, False])
def test_an_hour_between_the_clocks_harms_no_room(start, world, hours, tells_time):
    model, service = world(skew=hours * 3_600_000)
    if not tells_time:
        # The server's answers have the right time, and its messages have not.
        service.date = meetings.milliseconds
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada"))
    for _ in range(10):
        time.sleep(0.1)
        poster.send(model.join("standup"))
    wait_passes(relay, service, 2)
    assert reconciled(relay) == []
    model.join("standup", "bob")
    model.leave("standup", next(iter(model.rooms["standup"].people)))
    wait_equal(relay, model)
    check_balance(relay, model)


def test_tokens_are_for_a_minute_and_one_question(start, world):
    model, service = world()
    relay = start(meetings.config(service))
    Poster(relay, service, model.random).send(model.open("standup") + model.join("standup", "ada"))
    roomwire.wait_until(lambda: service.count("ListParticipants"), "a question about a room")
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in service.tokens]
    assert {frozenset(claim["video"].items()) for claim in claims} == {
        frozenset({("roomList", True)}), frozenset({("roomAdmin", True), ("room", "standup")})}
    assert all(claim["exp"] - claim["nbf"] == 60 and claim["iss"] == roomwire.LIVEKIT_KEY for claim in claims)


# Bad answers


def always(status, body=b"", **headers):
    return lambda method, path, asked: (status, headers, body)


def only_rooms(answer):
    """The answer to questions about one room."""
    return lambda method, path, asked: answer(method, path, asked) if "ListParticipants" in path else None


def wrong_shape(body):
    return always(200, body)


def too_many_rooms():
    return always(200, b'{"rooms":[' + b",".join(b'{"name":"r%d"}' % number for number in range(200_001)) + b"]}")


BAD = {
    "wrong secret": ("unauthorized", always(401, b'{"code":"unauthenticated","msg":"invalid token"}')),
    "no grant to list": ("unauthorized", always(401, b'{"code":"unauthenticated","msg":"permissions denied"}')),
    "no grant for the room": ("unauthorized", only_rooms(always(401, b'{"msg":"permissions denied"}'))),
    "forbidden": ("forbidden", always(403)),
    "no such path": ("not_found", always(404, b'{"code":"bad_route"}')),
    "a room that has gone": ("not_found", only_rooms(always(404, b'{"code":"not_found"}'))),
    "too many requests": ("rate_limited", always(429, **{"Retry-After": "1"})),
    "a server in trouble": ("server_error", always(503, b"<html>down</html>")),
    "a room in trouble": ("server_error", only_rooms(always(500))),
    "a teapot": ("status", always(418)),
    "ten megabytes": ("too_large", always(200, b'{"rooms":[' + b" " * (10 * 1024 * 1024) + b"]}")),
    "half a JSON": ("malformed", always(200, b'{"rooms":[{"sid":"RM_1","na')),
    "a room's half a JSON": ("malformed", only_rooms(always(200, b'{"participants":['))),
    "a web page": ("malformed", always(200, b"<!DOCTYPE html><html></html>", **{"Content-Type": "text/html"})),
    "nothing": ("malformed", always(200, b"")),
    "a list": ("malformed", wrong_shape(b"[]")),
    "rooms that are text": ("malformed", wrong_shape(b'{"rooms":"none"}')),
    "deep nesting": ("malformed", wrong_shape(b'{"rooms":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    "too many values": ("too_many", wrong_shape(b'{"x":[' + b"1," * 2_000_001 + b"1]}")),
    "too many rooms": ("too_many", too_many_rooms()),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_has_a_reason_and_changes_nothing(start, world, case):
    outcome, answer = BAD[case]
    model, service = world()
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada") + model.join("standup", "bob"))
    wait_equal(relay, model)
    before = meetings.relay_state(relay)
    service.answer = answer
    # Whatever the relay would conclude from the answer would show.
    model.leave("standup", next(iter(model.rooms["standup"].people)))
    model.join("standup", "cyd")
    count = meetings.passes(relay, "livekit", outcome)
    roomwire.wait_until(lambda: meetings.passes(relay, "livekit", outcome) >= count + 2, f"passes with {outcome}")
    assert meetings.relay_state(relay) == before
    assert requests.get(relay.base + "/readyz", timeout=10).status_code == 200
    line = next(line for line in relay.log_lines() if f": {outcome}: " in line["message"])
    assert "livekit" in line["message"] and roomwire.LIVEKIT_SECRET not in relay.said()
    if "grant" in case:
        assert "permissions denied" in line["message"]
        assert ("roomAdmin" if "room" in case else "roomList") in line["message"]
    service.answer = None
    wait_equal(relay, model)
    check_balance(relay, model)
    if case != "a room that has gone":
        # Which happens any time, and is no failure.
        assert any("can be reconciled again" in line["message"] for line in relay.log_lines())


def test_a_redirect_is_not_followed(start, world):
    model, service = world()
    _, elsewhere = world()
    service.answer = always(307, Location=elsewhere.url + service.path + "ListRooms")
    relay = start(meetings.config(service))
    roomwire.wait_until(lambda: meetings.passes(relay, "livekit", "redirect") >= 2, "passes")
    assert elsewhere.asked == []


def test_a_provider_that_hangs_holds_up_nothing(start, world):
    model, service = world()
    relay = start(meetings.config(service))
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada"))
    wait_equal(relay, model)

    def hang(method, path, body):
        service.released.wait(60)
        return 500, {}, b""

    service.answer = hang
    asked = service.count()
    roomwire.wait_until(lambda: service.count() > asked, "a question")
    poster.send(model.join("standup", "bob"))
    wait_equal(relay, model)
    # No second pass while one is under way.
    assert service.count() == asked + 1
    roomwire.wait_until(lambda: meetings.passes(relay, "livekit", "timeout") == 1, "the deadline")
    assert requests.get(relay.base + "/readyz", timeout=10).status_code == 200
    assert meetings.relay_state(relay) == model.state()


def test_retry_after_is_kept(start, world):
    model, service = world()
    service.answer = always(429, **{"Retry-After": "4"})
    relay = start(meetings.config(service))
    roomwire.wait_until(lambda: meetings.passes(relay, "livekit", "rate_limited") == 1, "a pass")
    refused = time.monotonic()
    roomwire.wait_until(lambda: service.count() > 1, "the next pass")
    assert time.monotonic() - refused > 3


def test_an_address_where_no_server_listens_is_unreachable(start, world):
    model, service = world()
    config = meetings.config(service)
    config["sources"]["livekit"]["reconcile"]["url"] = f"http://127.0.0.1:{roomwire.free_port()}"
    relay = start(config)
    roomwire.wait_until(lambda: meetings.passes(relay, "livekit", "unreachable") >= 2, "passes")
    assert requests.get(relay.base + "/readyz", timeout=10).status_code == 200


def test_a_key_of_daily_that_may_not_list_says_so(start, world):
    model, service = world("daily")
    service.answer = always(403, b'{"error":"forbidden","info":"not yours"}')
    relay = start(meetings.config(service))
    roomwire.wait_until(lambda: meetings.passes(relay, "daily", "forbidden"), "a pass")
    line = next(line for line in relay.log_lines() if ": forbidden: " in line["message"])
    assert "not yours" in line["message"] and "may not read presence" in line["message"]
    assert meetings.DAILY_KEY not in relay.said()


def test_a_provider_opens_no_more_rooms_than_there_may_be(start, world):
    model, service = world()
    for number in range(50):
        model.open(f"room {number}")
        model.join(f"room {number}", "ada")
    time.sleep(SETTLING_SECONDS)
    relay = start(meetings.config(service, rooms={"total": 5}))
    wait_passes(relay, service, 4)
    assert len(meetings.relay_state(relay)) == 5
    events = meetings.journal(relay)
    assert len(events) == 10 and not any(event.get("untracked") for event in events)


# Seeds


def rough_time(model, poster, count):
    for _ in range(count):
        poster.send(model.step())


@pytest.mark.parametrize("source", SERVICES)
@pytest.mark.parametrize("seed", range(1, 13))
def test_after_two_passes_the_rooms_are_the_providers(start, world, source, seed):
    """Webhooks are lost, delayed, doubled and reordered, and the relay is killed and stays away for a time."""
    model, service = world(source, seed)
    relay = start(meetings.config(service))
    chance = random.Random(seed + 1_000)
    poster = Poster(
        relay, service, model.random, loss=chance.choice([0.1, 0.3, 0.6, 1.0]),
        most_delay=chance.choice([0, 0.3]), keeps_order=chance.random() < 0.5)
    rough_time(model, poster, 60)
    time.sleep(chance.random() * 2)
    rough_time(model, poster, 30)
    if chance.random() < 0.7:
        relay.kill()
        rough_time(model, poster, 40)
        relay.start()
        rough_time(model, poster, 10)
    poster.finish()
    time.sleep(SETTLING_SECONDS)
    # One pass may be under way already, and see what was before.
    before = meetings.passes(relay, source)
    wait_equal(relay, model)
    # What leaves the number of participants as it was, with nothing else missed, is found in one of ten passes.
    assert meetings.passes(relay, source) <= before + (4 if source == "daily" else 14)
    check_balance(relay, model)
    added = reconciled(relay)
    wait_passes(relay, service, 3)
    assert reconciled(relay) == added
    assert meetings.relay_state(relay) == model.state()


# Settings


def write_settings(relay, config):
    (relay.folder / "roomwire.yaml").write_text(json.dumps(config))
    applied = relay.metric('roomwire_reloads_total{outcome="applied"}')
    relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(
        lambda: relay.metric('roomwire_reloads_total{outcome="applied"}') == applied + 1, "the reload")


def test_a_reload_turns_it_on_changes_it_and_turns_it_off(start, world):
    model, service = world()
    _, other = world()
    other.model = model
    off = roomwire.settings()
    relay = start(off)
    model.open("standup")
    model.join("standup", "ada")
    time.sleep(SETTLING_SECONDS)
    assert service.count() == 0 and "roomwire_reconcile_passes_total{" not in requests.get(relay.base + "/metrics", timeout=10).text
    write_settings(relay, meetings.config(service))
    wait_equal(relay, model)
    write_settings(relay, meetings.config(other))
    asked = service.count()
    model.leave("standup", next(iter(model.rooms["standup"].people)))
    wait_equal(relay, model)
    assert other.count() > 0 and service.count() <= asked + 2
    write_settings(relay, off)
    asked = other.count()
    model.join("standup", "bob")
    time.sleep(SETTLING_SECONDS)
    assert other.count() <= asked + 2
    assert meetings.relay_state(relay) != model.state()
    assert "roomwire_reconcile_passes_total{" not in requests.get(relay.base + "/metrics", timeout=10).text


@pytest.mark.parametrize(("reconcile", "problem"), [
    ({}, "url is needed"),
    ({"url": "http://livekit.example.com"}, "should begin with https://"),
    ({"url": "http://8.8.8.8"}, "should begin with https://"),
    ({"url": "http://134744072"}, "should begin with https://"),
    ({"url": "ftp://livekit"}, "should begin with https://"),
    ({"url": "https://user:password@livekit.example.com"}, "no user, password"),
    ({"url": "https://livekit.example.com/?a=b"}, "no user, password"),
    ({"url": "nonsense"}, "should be an address"),
    ({"url": "https://livekit.example.com", "every": "999ms"}, "the least is 1s"),
    ({"url": "https://livekit.example.com", "grace": "0"}, "the least is 1s"),
    ({"url": "https://livekit.example.com", "grace": "2d"}, "the most is 1d"),
    ({"url": "https://livekit.example.com", "every": "60"}, "a duration should stand here"),
    ({"url": "https://livekit.example.com", "evry": "60s"}, "did you mean every?"),
    ({"url": "https://livekit.example.com", "api_key": "x"}, "signed with its keys"),
    ("yes", "keys with values should stand here"),
])
def test_settings_that_cannot_be_used_are_refused(folder, reconcile, problem):
    config = roomwire.settings()
    config["sources"]["livekit"]["reconcile"] = reconcile
    (folder / "roomwire.yaml").write_text(json.dumps(config))
    done = roomwire.command("check", folder=folder)
    said = (done.stdout + done.stderr).replace(": ", " ")
    assert done.returncode != 0 and problem in said, said
    assert "sources.livekit" in done.stdout + done.stderr


@pytest.mark.parametrize(("source", "reconcile", "problem"), [
    ("daily", {}, "api_key is needed"),
    ("daily", {"api_key": "two words"}, "characters that no key has"),
    ("app", {"url": "https://app.example.com"}, "no API that tells who is in which room"),
])
def test_settings_of_other_providers_that_cannot_be_used_are_refused(folder, source, reconcile, problem):
    config = roomwire.settings()
    config["sources"][source]["reconcile"] = reconcile
    (folder / "roomwire.yaml").write_text(json.dumps(config))
    done = roomwire.command("check", folder=folder)
    assert done.returncode != 0 and problem in (done.stdout + done.stderr).replace(": ", " ")


def test_check_shows_the_settings_and_no_secret(folder):
    config = roomwire.settings()
    config["sources"]["livekit"]["reconcile"] = {"url": "ws://livekit:7880/", "every": "5s", "grace": "30s"}
    config["sources"]["daily"]["reconcile"] = {"api_key": "${DAILY_API_KEY}"}
    (folder / "roomwire.yaml").write_text(json.dumps(config))
    done = roomwire.command("check", folder=folder, DAILY_API_KEY=meetings.DAILY_KEY)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "url ws://livekit:7880/, every 5s, grace 30s" in said
    assert "api_key (hidden), every 1m, grace 45s" in said and meetings.DAILY_KEY not in said
    assert "can be read on the way" in said and "the provider may limit so many requests" in said


# What it tells


def test_the_admin_api_tells_what_each_source_heard_and_lost(start, world):
    model, service = world(skew=-60_000)
    config = meetings.config(service)
    relay = start(config)
    poster = Poster(relay, service, model.random)
    poster.send(model.open("standup") + model.join("standup", "ada"))
    model.join("standup", "bob")
    wait_equal(relay, model)
    token = roomwire.token(grant={"admin": True})

    def livekit():
        answer = relay.get("/admin/sources", token)
        assert answer.status_code == 200, answer.text
        sources = {source["name"]: source for source in answer.json()["sources"]}
        assert "reconciliation" not in sources["daily"]
        return sources["livekit"]

    source = roomwire.wait_until(lambda: livekit() if livekit()["reconciliation"]["reconciled"] else None, "counts")
    assert 59_000 < source["leastLagMs"] <= source["lastLagMs"] + 2_000
    assert source["lastWebhookAt"]
    found = source["reconciliation"]
    assert found["reconciled"] == found["lost"] == {"participant_joined": 1}
    assert found["passes"]["ok"] >= 1 and found["lastOutcome"] == "ok" and found["requests"] >= 2
    assert found["lastSuccessAt"] <= found["lastPassAt"]
    assert relay.metric('roomwire_reconcile_last_success_age_seconds{source="livekit"}') < 30
    assert relay.metric('roomwire_reconcile_requests_total{source="livekit"}') >= 2


def test_a_stopped_relay_looks_again_at_every_room(start, world):
    model, service = world()
    relay = start(meetings.config(service))
    for number in range(20):
        model.open(f"room {number}")
        model.join(f"room {number}", "ada")
    wait_equal(relay, model)
    # After the passes that follow a start, a room is asked in one of ten.
    wait_passes(relay, service, 3)
    relay.process.send_signal(signal.SIGSTOP)
    time.sleep(11)
    model.lie = 1
    for room in model.rooms.values():
        model.publish(room.name, next(iter(room.people)))
    asked = service.count("ListParticipants")
    relay.process.send_signal(signal.SIGCONT)
    roomwire.wait_until(lambda: service.count("ListParticipants") >= asked + 20, "questions about every room")
    before = meetings.passes(relay, "livekit")
    wait_equal(relay, model)
    assert meetings.passes(relay, "livekit") <= before + 4
