"""No token, ticket, signature or secret comes out anywhere: neither in logs, nor in answers, metrics or lists."""

import base64
import itertools
import json
import os
import time
import urllib.parse

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from livekit import api

import clients
import providers
import relay as roomwire

# A piece this long is never there by chance.
PIECE = 12
ADMIN = {"admin": True, "raw": True}


class Outputs:
    """Everything that the relay lets out, and everything that it must keep to itself."""

    def __init__(self, relay):
        self.relay = relay
        self.seen = []
        self.secrets = {}
        self.numbers = itertools.count()

    def keep(self, name, secret):
        """Notes something secret, whole or as its parts and forms."""
        self.secrets[name] = secret
        return secret

    def ask(self, method, target, headers=None, body=None):
        """A request with its target as it stands: `requests` would tidy it up."""
        with clients.RawConnection(self.relay) as connection:
            lines = [f"{method} {target} HTTP/1.1", "Host: relay", "Connection: close"]
            # From ever new addresses, so that a refusal is for what was sent; some from one that is slowed soon.
            number = next(self.numbers)
            lines.append(f"X-Forwarded-For: 10.{number >> 16}.{number >> 8 & 255}.{number & 255 if number % 5 else 0}")
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            lines += [f"Content-Length: {len(body or b'')}"] if method in ("POST", "DELETE") else []
            connection.send("\r\n".join([*lines, "", ""]).encode() + (body or b""))
            try:
                # A stream does not end: its first messages are what it says.
                connection.read_until(lambda: connection.ended or b'"connected"' in connection.bytes, "the answer")
            finally:
                self.seen.append((f"{method} {target[:60]}", connection.bytes))
            return connection.bytes

    def pieces(self):
        for name, secret in self.secrets.items():
            for form in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.unquote(secret)}:
                for start in range(0, max(1, len(form) - PIECE + 1)):
                    yield name, form[start:start + PIECE]

    def assert_clean(self):
        outputs = [*self.seen, ("the log", self.relay.log.read_bytes())]
        texts = [(name, output.decode(errors="replace")) for name, output in outputs]
        # What every token of a kind begins with says nothing.
        common = [base64.urlsafe_b64encode(json.dumps(head, separators=(",", ":")).encode()).rstrip(b"=").decode()
                  for head in ({"alg": "HS256", "typ": "JWT"}, {"alg": "ES256", "typ": "JWT"})]
        pieces = {piece: name for name, piece in self.pieces() if not any(piece in head for head in common)}
        whole = "\n".join(text for _, text in texts)
        for piece, name in pieces.items():
            if piece in whole:
                places = [place for place, text in texts if piece in text]
                raise AssertionError(f"a piece of {name}, {piece!r}, is in {places}")
        return texts


def bought_ticket(relay, token):
    answer = requests.post(relay.url("/tickets"), headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return answer.json()["ticket"]


def percent(text):
    return "".join(f"%{ord(letter):02X}" for letter in text)


@pytest.fixture
def outputs(start, folder):
    private = ec.generate_private_key(ec.SECP256R1())
    (folder / "public.pem").write_bytes(private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    config = roomwire.settings(
        log_level="debug", proxy=roomwire.PROXY, cors={"origins": ["https://dash.example.com"]}, loops=2)
    config["tokens"]["issuers"].append({"name": "idp", "public_key_files": [str(folder / "public.pem")], "issuer": "idp"})
    # The secrets themselves are random here: those of other tests are words that may well stand in a text.
    hs256, livekit = os.urandom(32).hex(), os.urandom(32).hex()
    daily = base64.b64encode(os.urandom(32)).decode()
    standard = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    config["tokens"]["issuers"][0]["hs256"] = hs256
    config["sources"]["livekit"]["keys"] = {roomwire.LIVEKIT_KEY: livekit}
    config["sources"]["daily"]["secrets"] = [daily]
    config["sources"]["app"]["secrets"] = [standard]
    outputs = Outputs(start(config))
    for name, secret in {"hs256": hs256, "livekit": livekit, "daily": daily, "standard": standard}.items():
        outputs.keep(f"the secret {name}", secret)
    outputs.hs256, outputs.livekit, outputs.daily, outputs.private = hs256, livekit, daily, private
    return outputs


def tokens(outputs):
    """Tokens of every kind, good and bad."""
    now = int(time.time())
    claims = {"sub": "ada", "exp": now + 600, "roomwire": {"rooms": ["*"]}}
    def minted(secret=outputs.hs256, **changes):
        return jwt.encode({**claims, "jti": os.urandom(8).hex(), **changes}, secret, "HS256")
    def livekit(secret):
        token = api.AccessToken(roomwire.LIVEKIT_KEY, secret).with_identity("ada")
        return token.with_grants(api.VideoGrants(room_join=True, room="call_42")).to_jwt()
    made = {
        "own": minted(), "administrator": minted(roomwire={"rooms": ["*"], **ADMIN}), "forged": minted("x" * 40),
        "expired": minted(exp=now - 600), "early": minted(nbf=now + 600), "without end": minted(exp=None),
        "for others": minted(aud="others"), "without rooms": minted(roomwire={}),
        "public key": jwt.encode({**claims, "iss": "idp"}, outputs.private, "ES256"),
        "unknown key": jwt.encode({**claims, "iss": "idp"}, outputs.private, "ES256", headers={"kid": "k9"}),
        "unsigned": jwt.encode(claims, None, "none"), "unknown issuer": minted(iss="stranger"),
        "livekit": livekit(outputs.livekit), "livekit, forged": livekit("y" * 40),
        "cut off": minted()[:-7], "no token at all": os.urandom(40).hex(),
    }
    for name, token in made.items():
        outputs.keep(f"the token {name}", token)
    return made


def test_nothing_secret_comes_out_anywhere(outputs):
    relay = outputs.relay
    made = tokens(outputs)
    for token in made.values():
        shown = [token, percent(token), token.replace(".", "%2E")]
        for form in shown:
            for target in (
                f"/api/events?access_token={form}", f"/api/events?acess_token={form}", f"/api/events?token={form}",
                f"/api/events?{form}", f"/api/events?{form}=1", f"/api/events?ticket={form}",
                f"/api/events?room=x&jwt={form}", f"/api/events?type={form}", f"/api/events?source={form}",
                f"/api/events?lastEventId={form}&wait=0", f"/api/events?since={form}", f"/api/events?format={form}",
                f"/api/events?access_token={form}&access_token={form}", f"/api/events?access_token={form}%ZZ",
                f"/api/rooms?acess_token={form}", f"/api/rooms?access_token={form}", f"/api/rooms/{form}",
                f"/api/{form}", f"/{form}", f"/api/streams/{form}/renew", f"/api/admin/streams/{form}",
                f"/api/admin/streams?acess_token={form}", f"/api/admin/{form}", f"/api/schema/{form}",
                f"/metrics?access_token={form}", f"/healthz?{form}",
            ):
                outputs.ask("GET", target)
                outputs.ask("GET", target, {"Authorization": f"Bearer {made['own']}"})
            outputs.ask("POST", f"/api/webhooks/{form}", body=b"{}")
            outputs.ask("OPTIONS", f"/api/{form}", {"Origin": "https://dash.example.com"})
        for headers in (
            {"Authorization": f"Bearer {token}"}, {"Authorization": token}, {"Authorization": f"Basic {token}"},
            {"Cookie": f"roomwire={token}"}, {"Cookie": f"other={token}"}, {"X-Token": token},
            {"Origin": f"https://{token}.example.com"}, {"Last-Event-ID": token},
            {"Authorization": f"Bearer {token} {token}"}, {"Forwarded": f"for={token}"},
        ):
            for method, target in (
                ("GET", "/api/events?wait=0"), ("GET", "/api/rooms"), ("POST", "/api/tickets"),
                ("POST", "/api/streams/1/renew"), ("GET", "/api/admin/streams"), ("DELETE", "/api/admin/streams/9999"),
                ("PATCH", "/api/events"), ("BREW", "/api/events"), ("DELETE", "/api/admin/revocations?user=nobody"),
            ):
                answer = outputs.ask(method, target, headers)
                if b'"ticket":"' in answer:
                    # The one who bought it may see it; nothing else may show it.
                    outputs.seen.pop()
                    outputs.keep("a ticket", answer.partition(b'"ticket":"')[2].partition(b'"')[0].decode())
        # Where an id is asked for.
        bodies = [{"user": "x", token: 1}, {"user": "x", "ttl": token}, token]
        if token.startswith("eyJ"):
            bodies += [{"token": token}, {"user": token}]
        for body in bodies:
            outputs.ask("POST", "/api/admin/revoke", {"Authorization": f"Bearer {made['administrator']}"},
                        json.dumps(body).encode())
    end_with_lists(outputs, made["administrator"])


def test_no_ticket_comes_out_anywhere(outputs):
    relay = outputs.relay
    token = outputs.keep("a token", jwt.encode(
        {"sub": "ada", "exp": int(time.time()) + 600, "roomwire": {"rooms": ["*"], **ADMIN}}, outputs.hs256, "HS256"))
    for _ in range(3):
        ticket = outputs.keep("a ticket", bought_ticket(relay, token))
        for target in (
            f"/api/events?tickets={ticket}", f"/api/events?{ticket}", f"/api/rooms/{ticket}", f"/{ticket}",
            f"/api/events?room={ticket}x&ticket=nonsense", f"/api/rooms?ticekt={ticket}", f"/api/admin/{ticket}",
            f"/api/streams/1/renew?ticket={ticket}", f"/api/admin/streams?ticket={ticket}",
            f"/api/events?ticket={percent(ticket)}", f"/api/events?ticket={ticket}", f"/api/events?ticket={ticket}",
        ):
            outputs.ask("GET", target)
            outputs.ask("POST", target)
    end_with_lists(outputs, token)


def test_no_signature_of_a_webhook_comes_out_anywhere(outputs):
    body = providers.livekit_body("room_started")
    admin = outputs.keep("a token", jwt.encode(
        {"sub": "root", "exp": int(time.time()) + 600, "roomwire": {"rooms": ["*"], **ADMIN}}, outputs.hs256, "HS256"))
    sent = [
        ("livekit", providers.livekit_headers(body, secret=outputs.livekit)),
        ("livekit", providers.livekit_headers(body, secret="z" * 40)),
        ("livekit", providers.livekit_headers(body, key="APIstranger", secret="z" * 40)),
        ("livekit", providers.livekit_headers(b"another body", secret=outputs.livekit)),
        ("livekit", providers.livekit_headers(body, secret=outputs.livekit, ttl=-600)),
        ("daily", providers.daily_headers(body, outputs.daily)),
        ("daily", providers.daily_headers(body)),
        ("daily", providers.daily_headers(body, outputs.daily, at=time.time() - 86_400)),
        ("app", providers.standard_headers(body)),
        ("nowhere", providers.daily_headers(body, outputs.daily)),
    ]
    for number, (source, headers) in enumerate(sent):
        for name in ("Authorization", "X-Webhook-Signature", "webhook-signature"):
            if name in headers:
                outputs.keep(f"signature {number}", headers[name].removeprefix("v1,"))
        for path in (f"/api/webhooks/{source}", f"/api/webhooks/{source}?access_token={admin}"):
            outputs.ask("POST", path, headers, body)
    end_with_lists(outputs, admin)


def end_with_lists(outputs, admin):
    """Looks at everything that shows what happened, and then for the secrets in all of it."""
    relay = outputs.relay
    stream = clients.subscribe(relay, "", admin)
    for target in ("/metrics", "/healthz", "/api/admin/rejects", "/api/admin/streams", "/api/admin/revocations",
                   "/api/rooms", "/api/events?format=json&lastEventId=0"):
        assert outputs.ask("GET", target, {"Authorization": f"Bearer {admin}"}).startswith(b"HTTP/1.1 200"), target
    outputs.seen.append(("a stream", stream.bytes))
    texts = dict(outputs.assert_clean())
    # The relay did say something about all this.
    assert "refused" in texts["the log"]
    assert len(outputs.seen) > 20
