"""Issuers whose keys are fetched: they rotate, break and stall, and no stream notices."""

import concurrent.futures
import contextlib
import json
import stat
import threading
import time

import jwt
import pytest

import clients
import issuers
import providers
import relay as roomwire
from issuers import Key, serving

# `Limits.keyDemandMilliseconds`: unknown keys cause one fetch in this time.
DEMAND_SECONDS = 5


def settings(server, refresh="1h", **issuer):
    """Own tokens beside those of a provider whose keys are fetched."""
    fetched = {"name": "idp", "jwks_url": server.url, "issuer": issuers.NAME, **issuer}
    own = {"name": "own", "hs256": roomwire.TOKEN_SECRET}
    return {"issuers": [own, fetched], "jwks_refresh": refresh}


def fetches(relay, outcome, issuer="idp"):
    return relay.metric(f'roomwire_key_fetches_total{{issuer="{issuer}",outcome="{outcome}"}}')


def wait_fetches(relay, outcome, count=1, issuer="idp"):
    roomwire.wait_until(lambda: fetches(relay, outcome, issuer) >= count, f"{count} fetches: {outcome}")


def assert_streams(relay, token):
    clients.subscribe(relay, "", token).close()


def assert_unavailable(relay, token):
    answer = relay.get("/events", token)
    assert answer.status_code == 503, answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json()["reason"] == "keys_unavailable"


def assert_delivers(relay, stream, room):
    """A stream that was open before is open still, and gets what happens."""
    before = len(stream.events)
    providers.post_livekit(relay, providers.livekit_body("room_started", room))
    assert stream.wait_events(before + 1)[-1]["room"] == room


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return issuers.Authority(tmp_path_factory.mktemp("authority"))


# Over TLS


def test_keys_of_every_kind_are_fetched_over_tls(start, authority):
    keys = [Key(algorithm, algorithm) for algorithm in ("RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA")]
    with serving(*keys, certificate=authority.issue("IP:127.0.0.1")) as server:
        relay = start(tokens=settings(server, jwks_ca_file=str(authority.certificate)))
        for key in keys:
            assert clients.subscribe(relay, "", key.token("grace")).control("connected")["user"] == "grace"
            token = key.token(exp=int(time.time()) - 60)
            assert relay.get("/events", token).json()["reason"] == "expired"
            assert relay.get("/events", key.token()[:-8] + "AAAAAAAA").json()["reason"] == "bad_signature"
        assert server.asked == ["/keys"]


def test_a_certificate_of_nobody_is_not_trusted(start, authority):
    key = Key("1")
    with serving(key, certificate=authority.issue("IP:127.0.0.1")) as server:
        relay = start(tokens=settings(server))
        wait_fetches(relay, "untrusted")
        assert_unavailable(relay, key.token())
        assert_streams(relay, roomwire.token())
        assert server.asked == []
        assert "the keys of the issuer idp could not be fetched" in relay.said()


def test_a_certificate_for_another_name_is_not_trusted(start, authority):
    key = Key("1")
    with serving(key, certificate=authority.issue("DNS:other.example.com")) as server:
        relay = start(tokens=settings(server, jwks_ca_file=str(authority.certificate)))
        wait_fetches(relay, "untrusted")
        assert_unavailable(relay, key.token())
        assert server.asked == []


def test_a_redirect_is_followed_within_tls_and_not_out_of_it(start, authority):
    key = Key("1")
    certificate = authority.issue("IP:127.0.0.1")
    with serving(key, certificate=certificate) as server, serving(key) as plain:
        tokens = settings(server, jwks_ca_file=str(authority.certificate))
        server.redirects_to = server.url.replace("/keys", "/elsewhere")
        assert_streams(start(tokens=tokens), key.token())
        assert server.asked == ["/keys", "/elsewhere"]

        server.redirects_to = plain.url
        relay = start(tokens=tokens)
        wait_fetches(relay, "unreachable")
        assert_unavailable(relay, key.token())
        assert plain.asked == []


def test_without_tls_no_redirect_is_followed(start):
    key = Key("1")
    with serving(key) as server:
        server.redirects_to = server.url.replace("/keys", "/elsewhere")
        relay = start(tokens=settings(server))
        wait_fetches(relay, "status")
        assert_unavailable(relay, key.token())
        assert "/elsewhere" not in server.asked


# Rotation


def test_a_new_key_is_fetched_when_the_first_token_comes(start, room):
    old, new = Key("old"), Key("new")
    with serving(old) as server:
        relay = start(tokens=settings(server))
        stream = clients.subscribe(relay, "", old.token())
        server.keys = [old, new]
        # Both are known, without a word of this relay's operator.
        assert_streams(relay, new.token())
        assert_streams(relay, old.token())
        assert len(server.asked) == 2

        server.keys = [new]
        answer = relay.get("/events", Key("stranger").token())
        assert (answer.status_code, answer.json()["reason"]) == (401, "unknown_key")
        answer = relay.get("/events", old.token())
        assert (answer.status_code, answer.json()["reason"]) == (401, "unknown_key")
        assert_delivers(relay, stream, room)
        assert fetches(relay, "ok") == len(server.asked)


def test_every_door_waits_for_a_new_key(start):
    old = Key("old")
    with serving(old) as server:
        relay = start(tokens=settings(server))
        assert_streams(relay, old.token())
        new = Key("new")
        server.keys = [new]
        token = new.token(roomwire={"rooms": ["*"], "admin": True})
        headers = {"Authorization": f"Bearer {token}"}
        ways = [
            lambda: relay.get("/rooms", token),
            lambda: relay.get("/events?format=json", token),
            lambda: relay.get("/events?format=json", headers={"Cookie": f"roomwire={token}"}),
            lambda: relay.get(f"/events?format=json&access_token={token}"),
            lambda: roomwire.requests.post(relay.url("/tickets"), headers=headers, timeout=60),
            lambda: relay.get("/admin/rejects", token),
        ]
        with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
            answers = [future.result() for future in [pool.submit(way) for way in ways]]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 201, 200]
        assert len(server.asked) == 2


def test_a_flood_of_unknown_keys_makes_few_fetches(start, room):
    key = Key("1")
    with serving(key) as server:
        relay = start(tokens=settings(server), proxy=roomwire.PROXY)
        stream = clients.subscribe(relay, "", key.token())
        stranger = Key("x")
        tokens = [stranger.token(kid=f"made up {number}") for number in range(120)]
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            answers = list(pool.map(
                lambda number: relay.get("/rooms", tokens[number], headers=roomwire.elsewhere(number)), range(len(tokens))))
            assert_streams(relay, key.token())
        seconds = time.monotonic() - begun
        assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(401, "unknown_key")}
        # The first was that of the start.
        assert len(server.asked) <= 2 + seconds / DEMAND_SECONDS
        assert fetches(relay, "ok") == len(server.asked)
        assert_delivers(relay, stream, room)


def test_tokens_that_have_expired_make_no_fetches(start):
    key = Key("1")
    with serving(key) as server:
        relay = start(tokens=settings(server), proxy=roomwire.PROXY)
        assert_streams(relay, key.token())
        for number in range(20):
            token = Key("x").token(kid=f"made up {number}", exp=int(time.time()) - 3600)
            answer = relay.get("/events", token, headers=roomwire.elsewhere(number))
            assert answer.json()["reason"] == "unknown_key"
        assert len(server.asked) == 1


def test_an_address_that_is_slowed_makes_no_more_fetches_than_others_and_keeps_no_new_key_out(start):
    key = Key("1")
    with serving(key) as server:
        relay = start(tokens=settings(server))
        good = key.token()
        assert_streams(relay, good)
        # `Limits.freeAddressFailures`, and some for what is forgiven meanwhile.
        for number in range(160):
            relay.get("/rooms", roomwire.token(f"user {number}", secret="another secret of more than 32 bytes"))
        answer = relay.get("/rooms", Key("2").token())
        # It was judged with the keys as they are now, and is still no good; a failure is forgiven while it waits.
        assert (answer.status_code, answer.json()["reason"]) in ((429, "too_many_failures"), (401, "unknown_key"))
        assert len(server.asked) == 2
        # Whoever was let in before is let in again.
        assert_streams(relay, good)
        # So is the first token of a new key, whatever others have shown from there.
        new = Key("3")
        server.keys = [key, new]
        assert_streams(relay, new.token())
        assert len(server.asked) == 3


def test_keys_are_fetched_again_at_the_interval(start):
    old, new = Key("old"), Key("new")
    with serving(old) as server:
        # Longer than the setting has no effect.
        server.cache_control = "public, max-age=86400"
        relay = start(tokens=settings(server, refresh="1s"))
        assert_streams(relay, old.token())
        server.keys = [new]
        wait_fetches(relay, "ok", fetches(relay, "ok") + 2)
        assert relay.get("/events", old.token()).json()["reason"] in ("unknown_key", "bad_signature")
        assert_streams(relay, new.token())


# Trouble


TROUBLES = {
    "error": "status", "missing": "status", "garbage": "unusable", "empty set": "unusable", "nothing": "unusable",
    "secrets": "unusable", "huge": "too_large", "cut": "unreachable",
}


def test_the_last_good_keys_stay_while_the_address_fails(start, room):
    # One provider for each kind of trouble, all at once.
    old, new = Key("old"), Key("new")
    with contextlib.ExitStack() as stack:
        servers = {trouble: stack.enter_context(serving(old)) for trouble in TROUBLES}
        listed = [{"name": name, "issuer": name, "jwks_url": server.url} for name, server in servers.items()]
        relay = start(tokens={"issuers": listed, "jwks_refresh": "1s"})
        streams = [clients.subscribe(relay, "", old.token(iss=name, sub=name)) for name in servers]
        for trouble, server in servers.items():
            server.misbehaves = trouble
        for trouble, outcome in TROUBLES.items():
            wait_fetches(relay, outcome, issuer=trouble)
            assert_streams(relay, old.token(iss=trouble))
            # Nobody can tell whether this one is good.
            assert_unavailable(relay, new.token(iss=trouble))
        assert relay.said().count("the last keys stay") >= len(servers)
        for server in servers.values():
            server.keys = [old, new]
            server.misbehaves = None
        for trouble in TROUBLES:
            token = new.token(iss=trouble)
            roomwire.wait_until(lambda: relay.get("/rooms", token).status_code == 200, f"the new key after {trouble}")
        for stream in streams:
            assert stream.is_open()
        assert_delivers(relay, streams[0], room)


def test_a_stalling_address_holds_up_nobody_else(start, room):
    key = Key("1")
    with serving(key) as stalls, serving(key) as drips, serving(key) as works:
        servers = {"stall": stalls, "drip": drips, "work": works}
        stalls.misbehaves, drips.misbehaves = "stall", "drip"
        listed = [{"name": name, "issuer": name, "jwks_url": server.url} for name, server in servers.items()]
        listed.append({"name": "own", "hs256": roomwire.TOKEN_SECRET})
        relay = start(tokens={"issuers": listed})
        for server in (stalls, drips):
            assert server.waiting.acquire(timeout=roomwire.DEADLINE_SECONDS)
        # While fetches are under way others are served, and these providers' tokens wait.
        troubled = [key.token(iss=name) for name in ("stall", "drip")]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(relay.get, "/rooms", token) for token in troubled * 4]
            stream = clients.subscribe(relay, "", roomwire.token())
            assert_streams(relay, key.token(iss="work"))
            assert_delivers(relay, stream, room)
            assert not any(future.done() for future in waiting)
            assert {future.result().status_code for future in waiting} == {503}
        for token in troubled:
            assert_unavailable(relay, token)
        assert fetches(relay, "timeout", "stall") == fetches(relay, "timeout", "drip") == 1
        assert stream.is_open()
        for server in (stalls, drips):
            server.misbehaves = None
            server.released.set()
        for token in troubled:
            roomwire.wait_until(lambda: relay.get("/rooms", token).status_code == 200, "the keys")
        assert max(len(stalls.asked), len(drips.asked)) <= 4


def test_waiting_requests_do_not_keep_the_relay_from_stopping(start):
    key = Key("1")
    with serving(key) as server:
        server.misbehaves = "stall"
        relay = start(tokens=settings(server), drain="1s")
        assert server.waiting.acquire(timeout=roomwire.DEADLINE_SECONDS)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(relay.get("/rooms", key.token())))
        asking.start()
        stream = clients.subscribe(relay, "", roomwire.token())
        relay.process.terminate()
        stream.control("draining")
        assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0
        asking.join(roomwire.DEADLINE_SECONDS)
        assert answers[0].status_code == 503


def test_a_relay_starts_while_the_address_is_down(start):
    key = Key("1")
    with serving(key) as server:
        down = {"url": server.url}
    # Nobody listens there any more.
    relay = start(tokens=settings(type("Gone", (), down)))
    wait_fetches(relay, "unreachable")
    assert_unavailable(relay, key.token())
    # A browser would never come back after a 503.
    stream = clients.event_source(relay, "", key.token())
    assert stream.status == 200, stream.bytes
    stream.read_to_end()
    assert [(message["type"], message["reason"]) for message in stream.messages] == [("refused", "keys_unavailable")]
    # What is no token of theirs is refused as ever.
    assert relay.get("/events", "nonsense").status_code == 401
    assert relay.get("/events", roomwire.token(secret="another secret of more than 32 bytes")).status_code == 401
    assert_streams(relay, roomwire.token())


def test_a_restart_still_knows_the_keys_while_the_address_is_down(start):
    key = Key("1")
    with serving(key) as server:
        relay = start(tokens=settings(server))
        assert_streams(relay, key.token())
        wait_fetches(relay, "ok")
        kept = roomwire.wait_until(lambda: list(relay.data.glob("jwks-*.json")), "the kept keys")
        assert len(kept) == 1
        assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600
        assert json.loads(kept[0].read_text())["keys"][0]["kid"] == "1"
    relay.kill()
    relay.start()
    assert_streams(relay, key.token())
    wait_fetches(relay, "unreachable")
    assert_streams(relay, key.token())
    assert_unavailable(relay, Key("2").token())

    # What cannot be read is as good as nothing, and no reason not to start.
    relay.kill()
    kept[0].write_bytes(b"\x00\xff half a")
    relay.start()
    assert_unavailable(relay, key.token())


def test_two_issuers_whose_keys_are_fetched_do_not_mix(start):
    first, second = Key("1"), Key("1")
    with serving(first) as one, serving(second) as two:
        tokens = {"issuers": [
            {"name": "one", "jwks_url": one.url, "issuer": "https://one.example"},
            {"name": "two", "jwks_url": two.url, "issuer": "https://two.example"},
        ]}
        relay = start(tokens=tokens)
        assert_streams(relay, first.token(iss="https://one.example"))
        assert_streams(relay, second.token(iss="https://two.example"))
        answer = relay.get("/events", first.token(iss="https://two.example"))
        assert (answer.status_code, answer.json()["reason"]) == (401, "bad_signature")
        two.misbehaves = "stall"
        new = Key("2")
        one.keys = [new]
        assert_streams(relay, new.token(iss="https://one.example"))


# Settings


def test_check_asks_nobody(folder):
    with serving(Key("1")) as server:
        (folder / "roomwire.yaml").write_text(json.dumps({"tokens": settings(server)}))
        done = roomwire.command("check", "--config", str(folder / "roomwire.yaml"))
        assert done.returncode == 0, done.stderr
        assert f"jwks_url {server.url}" in done.stdout
        assert server.asked == []


def test_check_explains_an_authority_that_cannot_be_used(folder):
    tokens = {"issuers": [{"name": "idp", "jwks_url": "https://idp.example.com/", "jwks_ca_file": "/nowhere.pem"}]}
    (folder / "roomwire.yaml").write_text(json.dumps({"tokens": tokens}))
    done = roomwire.command("check", "--config", str(folder / "roomwire.yaml"))
    assert done.returncode == 1
    assert "issuer idp: jwks_ca_file: /nowhere.pem cannot be read" in done.stderr


def test_the_public_key_as_a_secret_opens_nothing(start):
    key = Key("1", "RS256")
    with serving(key) as server:
        relay = start(tokens=settings(server))
        assert_streams(relay, key.token())
        claims = jwt.decode(key.token(), options={"verify_signature": False})
        secrets = [key.pem, key.pem.strip(), json.dumps(key.public), json.dumps({"keys": [key.public]})]
        for secret in secrets:
            token = issuers.forge({"alg": "HS256", "typ": "JWT", "kid": "1"}, claims, secret)
            answer = relay.get("/events", token)
            assert (answer.status_code, answer.json()["reason"]) == (401, "algorithm_not_allowed")
        assert len(server.asked) == 1
