"""An identity provider: keys of every kind, and a server of its key set that can misbehave."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NAME = "https://idp.example.com/"


class Key:
    """A signing key with its id."""

    def __init__(self, kid, algorithm="ES256"):
        self.kid = kid
        self.algorithm = algorithm
        self.private = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
            **dict.fromkeys(
                ("RS256", "RS384", "RS512", "PS256"), lambda: rsa.generate_private_key(65537, 2048)),
            "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()

    @property
    def public(self):
        """The entry in a key set."""
        entry = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {**entry, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    @property
    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, user="ada", kid=..., headers=None, **claims):
        """A token of the provider; a claim that is None is left out."""
        payload = {"iss": NAME, "sub": user, "exp": int(time.time()) + 3600, "roomwire": {"rooms": ["*"]}, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        kid = self.kid if kid is ... else kid
        headers = {**({"kid": kid} if kid is not None else {}), **(headers or {})}
        return jwt.encode(payload, self.private, self.algorithm, headers)


class KeyServer(http.server.ThreadingHTTPServer):
    """Serves a key set, or `misbehaves` in one of the ways below. It counts what it was asked."""

    daemon_threads = True

    def __init__(self, *keys, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys = list(keys)
        self.misbehaves = None
        self.cache_control = None
        self.redirects_to = None
        self.asked = []
        self.waiting = threading.Semaphore(0)
        self.released = threading.Event()
        self.scheme = "https" if certificate else "http"
        self.certificate = certificate
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/keys"

    def finish_request(self, request, client_address):
        # On the request's own thread, so that a client which shows no interest in TLS holds up nobody.
        if self.context:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except OSError:
                return
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # Clients that hang up are what is tested.

    def stop(self):
        self.released.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        if server.redirects_to and self.path == "/keys":
            self.send_response(302)
            self.send_header("Location", server.redirects_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = json.dumps({"keys": [key.public for key in server.keys]}).encode()
        status = 200
        match server.misbehaves:
            case "error":
                status, body = 500, b"no"
            case "missing":
                status, body = 404, body
            case "garbage":
                body = b"<html>\xff\x00 not keys"
            case "empty set":
                body = b'{"keys":[]}'
            case "nothing":
                body = b""
            case "secrets":
                body = b'{"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}]}'
            case "huge":
                body = b'{"keys":[' + b" " * 4_000_000 + b"]}"
            case "cut":
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                return
            case "stall":
                server.waiting.release()
                server.released.wait(120)
            case "drip":
                self.send_response(200)
                self.end_headers()
                server.waiting.release()
                while not server.released.wait(0.2):
                    self.wfile.write(b" ")
                return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if server.cache_control:
            self.send_header("Cache-Control", server.cache_control)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Authority:
    """A certificate authority that nobody knows, made with openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=a test's authority", "-keyout", "ca.key", "-out", "ca.pem")

    def issue(self, name):
        """The files of a certificate and its key, for `IP:127.0.0.1` or `DNS:…`."""
        stem = name.replace(":", "_")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a test's server",
            "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        (self.folder / f"{stem}.ext").write_text(f"subjectAltName={name}\n")
        self._openssl(
            "x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "30", "-extfile", f"{stem}.ext", "-out", f"{stem}.pem")
        return self.folder / f"{stem}.pem", self.folder / f"{stem}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)


@contextlib.contextmanager
def serving(*keys, **rest):
    """A key server that ends with the block."""
    server = KeyServer(*keys, **rest)
    try:
        yield server
    finally:
        server.stop()


def forge(header, claims, secret):
    """A token with any header and an HS256 signature: pyjwt rightly refuses to make such."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.new(secret.encode(), signed, hashlib.sha256).digest())).decode()
