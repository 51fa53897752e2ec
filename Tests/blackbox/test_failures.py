"""Who keeps failing to be let in is slowed, and nobody else."""

import requests

import clients
import providers
import relay as roomwire

FREE = 10  # Limits.freeFailures
FREE_ADDRESS = 100  # Limits.freeAddressFailures


def bad_token(number=0):
    return roomwire.token(f"user{number}", secret="another secret of more than 32 bytes")


def at(address):
    return {"X-Forwarded-For": address}


def exhaust(relay, address):
    """Fails from an address, with another token each time, until it is slowed."""
    for number in range(FREE_ADDRESS * 3):
        answer = relay.get("/events", bad_token(number), headers=at(address))
        if answer.status_code == 429:
            assert number >= FREE_ADDRESS, "slowed too soon"
            return answer
        assert answer.status_code == 401
    raise AssertionError("the address was never slowed")


def slowed(relay):
    return relay.metric('roomwire_access_refused_total{reason="too_many_failures"}')


def test_an_address_that_keeps_failing_is_slowed_and_others_are_not(start):
    relay = start(proxy=roomwire.PROXY)
    answer = exhaust(relay, "198.51.100.1")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["reason"] == "too_many_failures"
    assert "WWW-Authenticate" not in answer.headers
    assert slowed(relay) >= 1
    assert relay.get("/events", bad_token(), headers=at("198.51.100.2")).status_code == 401
    # A whole IPv6 network of one customer is one address.
    exhaust(relay, "2001:db8::1")
    assert relay.get("/rooms", bad_token(99), headers=at("2001:db8::2")).status_code == 429


def test_every_place_that_takes_a_token_or_ticket_is_slowed(start):
    relay = start(proxy=roomwire.PROXY)
    exhaust(relay, "198.51.100.1")
    places = [
        ("GET", "/events"), ("GET", "/events?format=json"), ("GET", "/rooms"), ("GET", "/rooms/call_42"),
        ("POST", "/tickets"), ("POST", "/streams/1/renew"), ("GET", "/admin/rejects"), ("GET", "/admin/streams"),
        ("DELETE", "/admin/streams/1"), ("POST", "/admin/revoke"), ("GET", "/admin/revocations"),
    ]
    for number, (method, path) in enumerate(places):
        def ask():
            headers = {**at("198.51.100.1"), "Authorization": f"Bearer {bad_token(1000 + number)}"}
            return requests.request(method, relay.url(path), headers=headers, timeout=30)
        # Now and then one attempt is looked at; the next one is not.
        assert 429 in (ask().status_code, ask().status_code), path
    for number in range(3):
        answer = relay.get(f"/events?ticket=AAAAAAAAAAAAAAAAAAAA{number}A", headers=at("198.51.100.1"))
        if answer.status_code == 429:
            break
    assert answer.status_code == 429


def test_guessed_tickets_are_slowed(start):
    relay = start(proxy=roomwire.PROXY)
    codes = [
        relay.get(f"/events?ticket={number:022}", headers=at("198.51.100.1")).status_code
        for number in range(FREE_ADDRESS * 3)]
    assert codes[:FREE_ADDRESS] == [401] * FREE_ADDRESS
    assert 429 in codes


def test_a_browser_that_is_slowed_hears_it_on_a_stream(start):
    relay = start(proxy=roomwire.PROXY)
    exhaust(relay, "198.51.100.1")

    def hear():
        stream = clients.event_source(relay, "", bad_token(7), headers=["X-Forwarded-For: 198.51.100.1"])
        assert stream.status == 200
        stream.read_to_end()
        return stream if stream.messages[0]["reason"] == "too_many_failures" else None

    stream = roomwire.wait_until(hear, "a refusal on a stream")
    stream.read_to_end()
    told = stream.messages[0]
    assert (told["type"], told["reason"]) == ("refused", "too_many_failures")
    assert told["retryMs"] >= 1000
    assert stream.frames[0].fields["retry"] == str(told["retryMs"])


def test_a_stale_tab_does_not_lock_out_its_neighbours(start):
    relay = start(proxy=roomwire.PROXY)
    stale = roomwire.token("stale", ttl=-3600)
    codes = [relay.get("/events", stale, headers=at("198.51.100.1")).status_code for _ in range(FREE * 3)]
    assert codes[0] == 401 and 429 in codes
    # A token that was never seen, from the same address.
    stream = clients.Stream(relay, "", roomwire.token("fresh"), headers=["X-Forwarded-For: 198.51.100.1"])
    assert stream.status == 200, stream.bytes


def test_who_was_let_in_before_comes_back_while_a_neighbour_guesses(start):
    relay = start(proxy=roomwire.PROXY)
    token = roomwire.token("regular")
    here = ["X-Forwarded-For: 198.51.100.1"]
    clients.subscribe(relay, "", token, headers=here).close()
    exhaust(relay, "198.51.100.1")
    assert clients.Stream(relay, "", token, headers=here).status == 200
    # Somebody new has a turn soon.
    roomwire.wait_until(
        lambda: clients.Stream(relay, "", roomwire.token("new"), headers=here).status == 200, "a turn")


def test_bad_webhooks_slow_nobody(start):
    relay = start(proxy=roomwire.PROXY)
    body = providers.livekit_body("room_started")
    for _ in range(FREE * 3):
        answer = relay.post("livekit", {**providers.livekit_headers(body, secret="x" * 32), **at("198.51.100.1")}, body)
        assert answer.status_code == 401
    assert relay.post("livekit", {**providers.livekit_headers(body), **at("198.51.100.1")}, body).status_code == 200
    assert relay.get("/rooms", roomwire.token(), headers=at("198.51.100.1")).status_code == 200


def test_asking_without_any_token_is_no_failure(start):
    relay = start(proxy=roomwire.PROXY)
    assert {relay.get("/rooms", headers=at("198.51.100.1")).status_code for _ in range(FREE * 3)} == {401}
    assert relay.get("/rooms", roomwire.token(), headers=at("198.51.100.1")).status_code == 200


def test_a_grant_that_covers_too_little_is_no_failure(start):
    relay = start(proxy=roomwire.PROXY)
    token = roomwire.token(rooms=["a"])
    codes = {relay.get("/events?room=b", token, headers=at("198.51.100.1")).status_code for _ in range(FREE * 3)}
    assert codes == {403}
