"""What settings say about tokens, and tokens that try to get around it."""

import base64
import itertools
import json
import time

import jwt
import pytest
from livekit import api

import clients
import issuers
import providers
import relay as roomwire

DAILY_API_KEY = "1f0c5a4e2b7d4f6f8c1e9a3b5d7f0e2c"


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """Own tokens and Daily's, a little leeway, a default grant, and a public key in a file."""
    folder = tmp_path_factory.mktemp("tokens")
    key = issuers.Key("1", "RS256")
    (folder / "key.pem").write_text(key.pem)
    own = {"name": "own", "hs256": roomwire.TOKEN_SECRET}
    pem = {
        "name": "pem", "public_key_files": [str(folder / "key.pem")], "issuer": issuers.NAME,
        "default_grant": {"rooms": ["lobby_*"], "types": ["room_*"]},
    }
    config = roomwire.settings(
        tokens={"issuers": [own, pem], "daily": ["old", "${DAILY_API_KEY}"], "leeway": "1m"},
        # Many bad tokens come here: each from an address of its own.
        proxy=roomwire.PROXY)
    relay = roomwire.Relay(folder / "relay", config, DAILY_API_KEY=DAILY_API_KEY).start()
    relay.key = key
    yield relay
    relay.stop()


def daily(key=DAILY_API_KEY, **changes):
    """A meeting token as a backend signs it: docs.daily.co, "Self-signing tokens"."""
    now = int(time.time())
    claims = {"r": "call_42", "d": "a-domain-id", "iat": now, "exp": now + 600, "ud": "ada", "u": "Ada", "o": True}
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, key, "HS256")


_addresses = itertools.count(1)


def assert_refused(relay, token, reason, status=401):
    answer = relay.get("/events", token, headers=roomwire.elsewhere(next(_addresses)))
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    return answer


def test_a_meeting_token_of_daily_covers_its_room_alone(relay):
    connected = clients.subscribe(relay, "", daily()).control("connected")
    assert connected["user"] == "ada"
    assert connected["granted"]["rooms"] == ["call_42"]
    assert relay.get("/events?room=call_43", daily()).status_code == 403
    # An owner of the meeting is no administrator of the relay.
    assert relay.get("/admin/rejects", daily()).status_code == 403


def test_a_meeting_token_of_daily_may_be_signed_with_any_listed_key(relay):
    clients.subscribe(relay, "", daily("old")).close()
    assert_refused(relay, daily("another key of Daily's"), "bad_signature")


@pytest.mark.parametrize(
    "changes, reason, status",
    [
        ({"exp": 1}, "expired", 401), ({"exp": None}, "no_expiry", 401), ({"ud": None}, "malformed_token", 401),
        ({"r": None}, "grant_covers_nothing", 403), ({"r": "*"}, "grant_covers_nothing", 403),
        ({"d": None}, "bad_signature", 401), ({"nbf": int(time.time()) + 3600}, "not_yet_valid", 401),
        ({"sha256": "x"}, "wrong_token_kind", 401),
    ],
)
def test_a_meeting_token_of_daily_that_says_too_little_is_refused(relay, changes, reason, status):
    assert_refused(relay, daily(**changes), reason, status)


def test_leeway_is_given_to_slow_and_fast_clocks(relay):
    now = int(time.time())
    clients.subscribe(relay, "", roomwire.token(exp=now - 20)).close()
    clients.subscribe(relay, "", roomwire.token(nbf=now + 30)).close()
    assert_refused(relay, roomwire.token(exp=now - 61), "expired")
    assert_refused(relay, roomwire.token(nbf=now + 600), "not_yet_valid")


def test_tokens_that_never_end_count_where_settings_allow_them(start):
    config = roomwire.settings()
    config["tokens"]["require_expiry"] = False
    relay = start(config)
    connected = clients.subscribe(relay, "", roomwire.token(exp=None)).control("connected")
    assert "expiresAt" not in connected
    assert_refused(relay, roomwire.token(ttl=-3600), "expired")


def test_a_default_grant_stands_in_for_what_tokens_do_not_say(relay):
    granted = clients.subscribe(relay, "", relay.key.token(roomwire=None)).control("connected")["granted"]
    assert granted == {"rooms": ["lobby_*"], "types": ["room_*"]}
    token = relay.key.token(roomwire={"rooms": ["call_1"]})
    granted = clients.subscribe(relay, "", token).control("connected")["granted"]
    assert granted == {"rooms": ["call_1"], "types": ["room_*"]}
    # It is that issuer's alone.
    assert_refused(relay, roomwire.token(roomwire=None), "grant_covers_nothing", 403)


def test_check_hides_the_keys_of_daily(folder):
    tokens = {"daily": [DAILY_API_KEY], "issuers": [{"name": "own", "hs256": roomwire.TOKEN_SECRET}]}
    (folder / "roomwire.yaml").write_text(json.dumps({"tokens": tokens}))
    done = roomwire.command("check", "--config", str(folder / "roomwire.yaml"))
    assert done.returncode == 0, done.stderr
    assert DAILY_API_KEY not in done.stdout
    assert "tokens.daily" in done.stdout


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"])
def test_a_key_file_verifies_the_algorithm_of_the_settings(start, folder, algorithm):
    key = issuers.Key("1", algorithm)
    (folder / "key.pem").write_text(key.pem)
    pem = {"name": "pem", "public_key_files": [str(folder / "key.pem")], "algorithms": [algorithm]}
    relay = start(tokens={"issuers": [pem | {"issuer": issuers.NAME}]})
    clients.subscribe(relay, "", key.token()).close()
    assert relay.get("/events", issuers.Key("1", algorithm).token()).json()["reason"] == "bad_signature"
    others = [name for name in ("RS256", "RS512", "ES256", "EdDSA", "PS256", "ES512") if name != algorithm]
    for other in others:
        assert relay.get("/events", issuers.Key("1", other).token()).json()["reason"] == "algorithm_not_allowed"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "PS256", "ES512", "none", "es256"])
def test_check_names_the_line_of_an_algorithm_that_no_key_is_used_with(folder, algorithm):
    (folder / "key.pem").write_text(issuers.Key("1").pem)
    path = folder / "roomwire.yaml"
    path.write_text(
        "tokens:\n  issuers:\n    - name: pem\n      public_key_files: [key.pem]\n"
        f"      algorithms: [ES256, {algorithm}]\n")
    done = roomwire.command("check", "--config", str(path))
    assert done.returncode == 1
    assert f"{path}:5: tokens.issuers.algorithms: should be HS256 or RS256 or" in done.stderr, done.stderr


# Attacks


def part(value):
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def claims(**changes):
    return {"sub": "mallory", "exp": int(time.time()) + 600, "roomwire": {"rooms": ["*"], "admin": True}, **changes}


def attacks(key):
    """Tokens that nobody with a right to it has signed, by what they try."""
    good = roomwire.token("ada", rooms=["mine"])
    header, payload, signature = good.split(".")
    stranger = issuers.Key("1", "RS256")
    named = claims(iss=issuers.NAME)
    yield "none", f'{part({"alg": "none"})}.{part(claims())}.'
    yield "none, in other letters", f'{part({"alg": "nOnE"})}.{part(claims())}.AA'
    yield "no signature", f"{header}.{part(claims())}."
    yield "other claims under a good signature", f"{header}.{part(claims())}.{signature}"
    yield "the public key as a secret", issuers.forge({"alg": "HS256", "kid": "1"}, named, key.pem)
    yield "the public key's text as a secret", issuers.forge({"alg": "HS256"}, named, key.pem.strip())
    yield "an empty secret", issuers.forge({"alg": "HS256"}, claims(), "")
    yield "a weak secret", issuers.forge({"alg": "HS256"}, claims(), "secret")
    yield "a key of its own in the header", stranger.token("mallory", headers={"jwk": stranger.public})
    yield "an address of keys in the header", stranger.token("mallory", headers={"jku": "http://127.0.0.1:1/keys"})
    yield "an address of certificates", stranger.token("mallory", headers={"x5u": "http://127.0.0.1:1/keys"})
    yield "a path as a key's id", issuers.forge({"alg": "HS256", "kid": "../../../../dev/null"}, claims(), "")
    yield "another hash", jwt.encode(claims(), roomwire.TOKEN_SECRET, "HS512")
    yield "an extension that is critical", jwt.encode(
        claims(), roomwire.TOKEN_SECRET, "HS256", {"crit": ["exp"], "exp": 9999999999})
    yield "a token for logging out", jwt.encode(claims(), roomwire.TOKEN_SECRET, "HS256", {"typ": "logout+jwt"})
    yield "a token in a token", issuers.forge({"alg": "HS256", "cty": "JWT"}, good, roomwire.TOKEN_SECRET)
    yield "the other issuer's name", roomwire.token("mallory", iss=issuers.NAME)
    yield "another algorithm of the key", jwt.encode(named, key.private, "PS256")
    yield "for somebody else", roomwire.token("mallory", aud="another service")
    yield "a time as text", roomwire.token("mallory", exp="9999999999")
    yield "a time in milliseconds", roomwire.token("mallory", exp=int(time.time() * 1000) + 60_000)
    yield "a huge time", roomwire.token("mallory", exp=1e300)
    yield "a negative time", roomwire.token("mallory", exp=-1)
    yield "too large", roomwire.token("mallory", filler="x" * 10_000)
    yield "serialized as JSON", json.dumps({"protected": header, "payload": payload, "signature": signature})
    yield "padded", f"{header}==.{payload}.{signature}"
    yield "five parts", f"{good}.{header}.{payload}"


def test_nothing_that_was_not_signed_for_it_opens_a_stream(relay):
    tried = 0
    for name, token in attacks(relay.key):
        for path in ("/events", "/rooms"):
            answer = relay.get(path, token, headers=roomwire.elsewhere(next(_addresses)))
            assert answer.status_code == 401, f"{name}: {answer.text}"
            assert answer.json()["reason"] not in ("missing_token", "unknown_ticket"), name
            assert "mallory" not in answer.text, name
        tried += 1
    assert tried == 27
    clients.subscribe(relay, "", roomwire.token()).close()


def test_tokens_for_streams_post_no_webhooks(relay):
    body = providers.livekit_body("room_started")
    joins = api.AccessToken(roomwire.LIVEKIT_KEY, roomwire.LIVEKIT_SECRET).with_identity("ada").with_grants(
        api.VideoGrants(room_join=True, room="call_42")).to_jwt()
    for token in (joins, f"Bearer {joins}", roomwire.token(), daily(), relay.key.token()):
        answer = relay.post("livekit", {"Authorization": token, "Content-Type": "application/webhook+json"}, body)
        assert answer.status_code == 401, answer.text
    clients.subscribe(relay, "", joins).close()
