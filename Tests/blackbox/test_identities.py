"""Who is who: an identity is an issuer and a user, and nobody pays for another's failures or name."""

import json

import pytest
import requests
from livekit import api

import clients
import providers
import relay as roomwire

GUESSES = 200


def guess(number):
    return roomwire.token(f"guess{number}", secret="another secret of more than 32 bytes")


def guest(identity="bob", room="lobby", key=roomwire.LIVEKIT_KEY, secret=roomwire.LIVEKIT_SECRET, **grants):
    """An access token of LiveKit, whose guests choose their names."""
    token = api.AccessToken(key, secret).with_identity(identity)
    return token.with_grants(api.VideoGrants(**(grants or {"room_join": True, "room": room}))).to_jwt()


def ring(relay, room, user="bob", number=1):
    body = json.dumps({"type": "call.ringing", "room": room, "users": [user], "data": {}}).encode()
    assert relay.post("app", providers.standard_headers(body, f"{room}-{number}"), body).status_code == 200


def ask(relay, method, path, **arguments):
    headers = {"Authorization": f"Bearer {roomwire.token('root', grant={'admin': True})}"}
    return requests.request(method, relay.url(path), headers=headers, timeout=30, **arguments)


# Who is slowed


def test_a_guesser_keeps_no_good_token_or_ticket_of_its_address_out(start):
    relay = start()
    tickets = []
    for number in range(30):
        headers = {"Authorization": f"Bearer {roomwire.token(f'early{number}')}"}
        tickets.append(requests.post(relay.url("/tickets"), headers=headers, timeout=30).json()["ticket"])
    codes = []
    good = []
    for number in range(GUESSES):
        codes.append(relay.get("/rooms", guess(number)).status_code)
        if number >= GUESSES - 30:
            # Never seen before, each of them.
            good.append(relay.get("/rooms", roomwire.token(f"new{number}")).status_code)
            stream = clients.Stream(relay, f"ticket={tickets.pop()}")
            good.append(stream.status)
            stream.close()
    assert codes[:100] == [401] * 100
    # The guesses are slowed all the same.
    assert codes[110:].count(429) > 60
    assert good == [200] * 60


def test_a_slowed_guess_costs_its_connection_and_no_lines_of_others(start):
    relay = start()
    with requests.Session() as session:
        for number in range(GUESSES):
            headers = {"Authorization": f"Bearer {guess(number)}"}
            answer = session.get(relay.url("/rooms"), headers=headers, timeout=30)
            assert (answer.headers.get("Connection") == "close") == (answer.status_code == 429)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_proxy_that_is_not_trusted_is_named_in_the_log_once(start):
    relay = start()
    for number in range(5):
        relay.get("/rooms", roomwire.token(), headers={"X-Forwarded-For": f"192.0.2.{number}"})
    lines = [line for line in relay.log_lines() if "proxy.trusted" in line["message"]]
    assert [line["level"] for line in lines] == ["warning"]
    assert "127.0.0.1" in lines[0]["message"] and "X-Forwarded-For" in lines[0]["message"]


def test_a_proxy_that_is_trusted_is_not_warned_about(start):
    relay = start(proxy=roomwire.PROXY)
    relay.get("/rooms", roomwire.token(), headers={"X-Forwarded-For": "192.0.2.1"})
    assert not [line for line in relay.log_lines() if "is not in proxy.trusted" in line["message"]]


# Issuers


def test_a_guest_of_another_name_space_receives_nothing_that_names_the_user(start, room):
    relay = start()
    bob = clients.subscribe(relay, "", roomwire.token("bob", rooms=[]))
    stranger = clients.subscribe(relay, "", guest(room=room))
    lister = clients.subscribe(relay, "", guest(room_list=True))
    ring(relay, room)
    providers.post_livekit(relay, providers.livekit_body("room_started", room))
    for stream in (stranger, lister):
        stream.wait_for("room_started")
        assert stream.types == ["room_started"]
    bob.wait_events(1)
    assert bob.types == ["call.ringing"]
    # Nor from the log.
    page = relay.get("/events?format=json&lastEventId=0", guest(room=room)).json()
    assert [event["type"] for event in page["events"]] == ["room_started"]


def test_guests_are_named_where_the_settings_say_so(start, room):
    config = roomwire.settings()
    config["tokens"]["livekit_users"] = True
    relay = start(config)
    stream = clients.subscribe(relay, "", guest(room=room))
    ring(relay, room)
    stream.wait_events(1)
    assert stream.types == ["call.ringing"]


def test_an_issuer_may_be_set_so_that_no_event_names_its_users(start, room):
    tokens = {"issuers": [{"name": "own", "hs256": roomwire.TOKEN_SECRET, "users": False}]}
    relay = start(tokens=tokens)
    stream = clients.subscribe(relay, "", roomwire.token("bob"))
    ring(relay, room)
    providers.post_livekit(relay, providers.livekit_body("room_started", room))
    stream.wait_events(1)
    assert stream.types == ["room_started"]
    answer = relay.get("/events", roomwire.token("bob", rooms=[]))
    assert (answer.status_code, answer.json()["reason"]) == (403, "grant_covers_nothing")


def test_a_guest_uses_up_nothing_of_the_user_of_the_same_name(start):
    relay = start(streams={"per_user": 2})
    guests = [clients.subscribe(relay, "", guest()) for _ in range(2)]
    assert relay.get("/events", guest()).status_code == 429
    users = [clients.subscribe(relay, "", roomwire.token("bob")) for _ in range(2)]
    assert relay.get("/events", roomwire.token("bob")).status_code == 429
    assert all(stream.is_open() for stream in guests + users)


def test_a_guest_takes_no_place_of_the_user_of_the_same_name(start):
    relay = start(streams={"per_user": 1, "over_cap": "oldest"})
    user = clients.subscribe(relay, "", roomwire.token("bob"))
    for _ in range(3):
        last = clients.subscribe(relay, "", guest())
    providers.post_livekit(relay, providers.livekit_body("room_started", "lobby"))
    for stream in (user, last):
        stream.wait_for("room_started")


def test_a_guest_renews_no_stream_of_the_user_of_the_same_name(start):
    relay = start()
    stream = clients.subscribe(relay, "", roomwire.token("bob", rooms=["lobby"], grant={"sources": ["livekit"]}))
    number = stream.control("connected")["streamId"]
    for token, status in ((guest(), 404), (roomwire.token("bob"), 200)):
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(relay.url(f"/streams/{number}/renew"), headers=headers, timeout=30)
        assert answer.status_code == status, answer.text


def test_lists_and_revocations_tell_the_issuers_apart(start):
    relay = start(loops=2)
    user = clients.subscribe(relay, "", roomwire.token("bob"))
    strangers = [clients.subscribe(relay, "", guest()) for _ in range(3)]

    def issuers(query):
        return sorted(entry["issuer"] for entry in ask(relay, "GET", f"/admin/streams{query}").json()["streams"])

    assert issuers("?user=bob") == ["own"] + ["source:livekit"] * 3
    assert issuers("?issuer=source:livekit") == issuers("?user=bob&issuer=source:livekit") == ["source:livekit"] * 3
    order = {"user": "bob", "issuer": "source:livekit"}
    answer = ask(relay, "POST", "/admin/revoke", json=order)
    assert answer.json() == {**order, "endedStreams": 3}
    for stream in strangers:
        stream.read_to_end()
    assert user.is_open()
    assert relay.get("/rooms", guest()).json()["reason"] == "revoked"
    assert relay.get("/rooms", roomwire.token("bob")).status_code == 200
    assert ask(relay, "GET", "/admin/revocations").json() == {"revocations": [order]}
    # It is still so after a restart.
    relay.kill()
    relay.start()
    assert relay.get("/rooms", guest()).json()["reason"] == "revoked"
    assert relay.get("/rooms", roomwire.token("bob")).status_code == 200
    # Another revocation than this one.
    assert ask(relay, "DELETE", "/admin/revocations?user=bob").status_code == 404
    assert ask(relay, "DELETE", "/admin/revocations?user=bob&issuer=source:livekit").status_code == 204
    assert relay.get("/rooms", guest()).status_code == 200


def test_a_revocation_without_an_issuer_means_the_user_of_every_issuer(start):
    relay = start()
    streams = [clients.subscribe(relay, "", token) for token in (roomwire.token("bob"), guest())]
    assert ask(relay, "POST", "/admin/revoke", json={"user": "bob"}).json() == {"user": "bob", "endedStreams": 2}
    for stream in streams:
        stream.read_to_end()


def test_revocations_of_issuers_are_pages_like_others(start):
    relay = start()
    orders = [{"user": "a"}, {"user": "a", "issuer": "own"}, {"user": "a", "issuer": "x:y"}, {"user": "b"}, {"token": "t"},
              {"token": "t", "issuer": "own"}]
    for order in orders:
        assert ask(relay, "POST", "/admin/revoke", json=order).status_code == 200
    seen, after = [], None
    while True:
        page = ask(relay, "GET", "/admin/revocations", params={"limit": 1, **({"after": after} if after else {})}).json()
        seen += page["revocations"]
        after = page.get("after")
        if not after:
            break
    assert seen == orders


def test_keys_that_change_leave_users_who_they_are(start):
    other = "the next secret, with more than 32 bytes"
    tokens = {"issuers": [
        {"name": "own", "hs256": roomwire.TOKEN_SECRET}, {"name": "next", "hs256": other, "same_as": "own"}]}
    relay = start(tokens=tokens, streams={"per_user": 1})
    stream = clients.subscribe(relay, "", roomwire.token("bob"))
    number = stream.control("connected")["streamId"]
    fresh = roomwire.token("bob", secret=other)
    assert relay.get("/events", fresh).status_code == 429
    headers = {"Authorization": f"Bearer {fresh}"}
    assert requests.post(relay.url(f"/streams/{number}/renew"), headers=headers, timeout=30).status_code == 200


def test_a_revocation_counts_by_whichever_name_of_the_issuer_it_is_given(start):
    other = "the next secret, with more than 32 bytes"
    config = roomwire.settings()
    config["sources"]["mirror"] = config["sources"]["livekit"]
    config["tokens"]["issuers"].append({"name": "next", "hs256": other, "same_as": "own", "issuer": "next"})
    relay = start(config)
    cases = [("next", "own", [roomwire.token("bob"), roomwire.token("bob", secret=other, iss="next")]),
             ("source:mirror", "source:livekit,mirror", [guest()])]
    for name, users, tokens in cases:
        streams = [clients.subscribe(relay, "", token) for token in tokens]
        answer = ask(relay, "POST", "/admin/revoke", json={"user": "bob", "issuer": name})
        assert answer.json() == {"user": "bob", "issuer": users, "endedStreams": len(tokens)}
        for stream in streams:
            stream.read_to_end()
        for token in tokens:
            assert relay.get("/rooms", token).json()["reason"] == "revoked"
        assert ask(relay, "DELETE", f"/admin/revocations?user=bob&issuer={name}").status_code == 204
        for token in tokens:
            assert relay.get("/rooms", token).status_code == 200


# Sources


@pytest.fixture
def tenants(start):
    """Two tenants with a LiveKit server each, which name their API keys alike."""
    config = roomwire.settings()
    config["sources"] = {
        name: {"provider": "livekit", "keys": {"devkey": f"secret of {name}, longer than thirty-two bytes"}}
        for name in ("one", "two")}
    return start(config)


def secret(name):
    return f"secret of {name}, longer than thirty-two bytes"


def test_a_token_of_one_tenant_sees_nothing_of_the_others_room_of_the_same_name(tenants):
    streams = {name: clients.subscribe(tenants, "", guest(secret=secret(name))) for name in ("one", "two")}
    for number, name in enumerate(("two", "one")):
        body = providers.livekit_body("room_started", "lobby", id=f"EV_{name}")
        headers = providers.livekit_headers(body, secret=secret(name))
        assert tenants.post(name, headers, body).status_code == 200
    for name, stream in streams.items():
        token = guest(secret=secret(name))
        stream.wait_events(1)
        assert [event["source"] for event in stream.events] == [name]
        assert [room["source"] for room in tenants.get("/rooms", token).json()["rooms"]] == [name]
        assert [room["source"] for room in tenants.get("/rooms/lobby", token).json()["rooms"]] == [name]
        page = tenants.get("/events?format=json&lastEventId=0", token).json()
        assert [event["source"] for event in page["events"]] == [name]
        other = "two" if name == "one" else "one"
        assert tenants.get(f"/events?source={other}", token).status_code == 403
        everything = guest(secret=secret(name), room_list=True)
        assert [room["source"] for room in tenants.get("/rooms", everything).json()["rooms"]] == [name]


# Diagnosis


def test_a_diagnostic_stream_is_listed_and_ends_with_a_revocation(start):
    relay = start(loops=2)
    headers = {"Authorization": f"Bearer {roomwire.token('eve')}"}
    url = relay.url("/diag/stream?frames=1&interval=10ms&quiet=10m")
    opened = [requests.get(url, headers=headers, stream=True, timeout=30) for _ in range(4)]

    def listed():
        return ask(relay, "GET", "/admin/streams?user=eve").json()["streams"]

    entries = listed()
    assert len({entry["id"] for entry in entries}) == 4
    assert {(entry["user"], entry["issuer"], entry["diagnostic"]) for entry in entries} == {("eve", "own", True)}
    assert ask(relay, "DELETE", f"/admin/streams/{entries[0]['id']}").status_code == 204
    assert len(listed()) == 3
    assert ask(relay, "POST", "/admin/revoke", json={"user": "eve"}).json()["endedStreams"] == 3
    for stream in opened:
        # It would be silent for ten minutes.
        for _ in stream.iter_content(4096):
            pass
    assert listed() == []


# The command


def test_a_token_is_made_nowhere_but_where_a_relay_has_run(folder):
    home = {"HOME": str(folder)}
    done = roomwire.command("token", "--user", "me", **home)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(folder / ".local/share/roomwire") in done.stderr and "--data" in done.stderr
    assert not (folder / ".local").exists()
    made = roomwire.command("token", "--user", "me", "--new-secret", **home)
    assert made.returncode == 0 and made.stdout.count(".") == 2
    # From now on there is a secret.
    assert roomwire.command("token", "--user", "me", **home).returncode == 0
    assert roomwire.command("token", "--user", "me", "--data", str(folder / "there"), **home).returncode == 0


def test_a_token_of_another_secret_is_told_what_to_compare(start):
    answer = start().get("/events", guess(1))
    assert answer.json()["reason"] == "bad_signature"
    for word in ("data folder", "settings file", "ROOMWIRE_TOKEN_SECRET"):
        assert word in answer.json()["detail"]
