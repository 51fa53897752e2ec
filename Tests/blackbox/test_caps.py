"""How many streams there may be, how fast, and from where."""

import json

import pytest

import clients
import relay as roomwire

PROXY = {"trusted": ["127.0.0.1", "10.0.0.0/8"], "header": "X-Forwarded-For"}


def from_address(address):
    return [f"X-Forwarded-For: {address}"]


def open_from(relay, address, user="ada", headers=()):
    return clients.Stream(relay, "", roomwire.token(user), headers=[*from_address(address), *headers])


def refused_counter(relay, reason):
    return relay.metric(f'roomwire_streams_refused_total{{reason="{reason}"}}')


def assert_429(stream, reason):
    assert stream.status == 429, stream.bytes
    assert int(stream.headers["retry-after"]) > 0
    stream.read_until(lambda: stream.body.endswith(b"}\n"), "the problem")
    assert json.loads(stream.body)["reason"] == reason
    stream.close()


def test_streams_of_one_address_are_capped_whoever_they_belong_to(start):
    relay = start(streams={"per_user": 0, "per_address": 2}, proxy=PROXY)
    streams = [open_from(relay, "198.51.100.1", user) for user in ("ada", "bob")]
    assert [stream.status for stream in streams] == [200, 200]
    assert_429(open_from(relay, "198.51.100.1", "eve"), "per_address")
    assert open_from(relay, "198.51.100.2", "eve").status == 200
    assert refused_counter(relay, "per_address") == 1
    streams[0].close()
    roomwire.wait_until(lambda: open_from(relay, "198.51.100.1", "eve").status == 200, "the slot to be free again")


def test_addresses_of_one_ipv6_network_are_one_address(start):
    relay = start(streams={"per_user": 0, "per_address": 2}, proxy=PROXY)
    streams = [open_from(relay, f"2001:db8:1:2::{number}") for number in (1, 2)]
    assert [stream.status for stream in streams] == [200, 200]
    assert_429(open_from(relay, "2001:db8:1:2:ffff::3"), "per_address")
    assert open_from(relay, "2001:db8:1:3::1").status == 200
    for stream in streams:
        stream.close()
    roomwire.wait_until(
        lambda: open_from(relay, "2001:db8:1:2::9").status == 200, "a slot of the network to be free again")


def test_a_client_cannot_make_up_its_address(start):
    behind = start(streams={"per_user": 0, "per_address": 1}, proxy=PROXY)
    first = open_from(behind, "192.0.2.1, 198.51.100.1")
    assert first.status == 200
    # What it sent itself stands left of what the proxy saw.
    assert_429(open_from(behind, "192.0.2.2, 198.51.100.1, 10.0.0.7"), "per_address")
    plain = start(streams={"per_user": 0, "per_address": 1})
    second = open_from(plain, "198.51.100.1")
    assert second.status == 200
    assert_429(open_from(plain, "198.51.100.2"), "per_address")


@pytest.mark.parametrize("header, value", [
    ("CF-Connecting-IP", "198.51.100.77"), ("Forwarded", 'for="198.51.100.77:4711";proto=https'),
    ("X-Real-IP", "198.51.100.77"),
])
def test_the_header_is_the_one_that_is_set(start, header, value):
    relay = start(proxy={"trusted": ["127.0.0.1"], "header": header})
    headers = {header: value, "X-Forwarded-For": "192.0.2.66"}
    assert relay.get("/events", headers=headers).status_code == 401
    assert "198.51.100.77" in relay.said()
    assert "192.0.2.66" not in relay.said()


def test_a_malformed_header_leaves_the_peer(start):
    relay = start(proxy=PROXY)
    assert relay.get("/events", headers={"X-Forwarded-For": "198.51.100.1, nonsense"}).status_code == 401
    assert "refused 127.0.0.1" in relay.said()


def test_new_streams_are_limited_to_a_rate(start):
    relay = start(streams={"per_user": 0, "new_per_second": 3})
    tries = [clients.Stream(relay, "", roomwire.token()) for _ in range(40)]
    taken = [stream for stream in tries if stream.status == 200]
    refused = [stream for stream in tries if stream.status == 429]
    # How many fit depends on how long the tries took; never all, and never none.
    assert len(taken) + len(refused) == 40 and 3 <= len(taken) < 40
    assert refused_counter(relay, "rate") == len(refused)
    assert_429(refused[0], "rate")
    roomwire.wait_until(lambda: clients.Stream(relay, "", roomwire.token()).status == 200, "the next second")


@pytest.mark.parametrize("reason, streams", [
    ("per_user", {"per_user": 1}), ("per_address", {"per_user": 0, "per_address": 1}),
    ("total", {"per_user": 0, "total": 1}), ("rate", {"per_user": 0, "new_per_second": 1}),
])
def test_a_browser_hears_every_cap_on_a_stream(start, reason, streams):
    relay = start(streams=streams)
    token = roomwire.token()
    first = clients.subscribe(relay, "", token)

    def hear():
        stream = clients.event_source(relay, "", token)
        assert stream.status == 200, stream.bytes
        stream.read_to_end() if reason != "rate" else stream.read_until(lambda: stream.messages, "the first message")
        return stream if stream.messages[0]["type"] == "refused" else None

    # The rate lets one in each second.
    stream = roomwire.wait_until(hear, "a refusal")
    told = stream.messages[0]
    assert (told["reason"], told["retryMs"] > 0) == (reason, True)
    assert stream.frames[0].fields["retry"] == str(told["retryMs"])
    assert refused_counter(relay, reason) >= 1
    answer = clients.event_source(relay, "refuse=http", token)
    if reason != "rate":
        assert_429(answer, reason)
    first.close()


def test_a_stream_that_makes_room_is_told(start):
    relay = start(streams={"per_user": 1, "over_cap": "oldest"}, loops=2)
    token = roomwire.token()
    first = clients.subscribe(relay, "", token)
    second = clients.subscribe(relay, "", token)
    first.read_to_end()
    assert [message["type"] for message in first.messages] == ["connected", "replaced"]
    # At once it would push out the one that took its place.
    assert int(first.frames[-1].fields["retry"]) == first.messages[-1]["retryMs"] >= 10_000
    assert second.is_open()
    relay.wait_ended("replaced", 1)
