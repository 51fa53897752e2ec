"""TLS for tests: certificates that `openssl` makes, and a relay and clients that use them."""

import contextlib
import socket
import ssl
import subprocess

import requests

import clients
import relay as roomwire


class Certificate:
    """A certificate for 127.0.0.1 that is its own root, and its key."""

    def __init__(self, folder, name="relay", algorithm="ec"):
        self.file = folder / f"{name}.pem"
        self.key = folder / f"{name}-key.pem"
        self.make(algorithm)

    def make(self, algorithm="ec"):
        """A new one in the same files."""
        kind = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}
        names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        subprocess.run(
            ["openssl", "req", "-x509", *kind[algorithm], "-nodes", "-days", "30", "-subj", "/CN=localhost",
             "-addext", names, "-keyout", str(self.key), "-out", str(self.file)], check=True, capture_output=True)
        self.key.chmod(0o600)


class SecureRelay(roomwire.Relay):
    """A relay that listens twice: `port` is plain, and everything in `secure` goes to the port with TLS."""

    def __init__(self, folder, certificate, config=None, **rest):
        config = roomwire.settings() if config is None else config
        config["tls"] = {"certificate": str(certificate.file), "key": str(certificate.key)}
        self.secure_port = roomwire.free_port()
        super().__init__(
            folder, config, flags=["--listen", f"https://127.0.0.1:{self.secure_port}"], **rest)
        self.certificate = certificate
        self.secure = Secure(self)

    def handshakes(self, outcome):
        return self.metric(f'roomwire_tls_handshakes_total{{outcome="{outcome}"}}')


class Secure:
    """The same relay as its clients over TLS see it."""

    def __init__(self, relay):
        self.relay = relay
        self.port = relay.secure_port

    @property
    def base(self):
        return f"https://127.0.0.1:{self.port}"

    def url(self, path):
        return f"{self.base}/api{path}"

    def post(self, source, headers, body):
        return requests.post(
            self.url(f"/webhooks/{source}"), headers=headers, data=body, timeout=roomwire.DEADLINE_SECONDS,
            verify=str(self.relay.certificate.file))

    def get(self, path, token=None):
        return requests.get(
            self.url(path), headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=roomwire.DEADLINE_SECONDS, verify=str(self.relay.certificate.file))

    def context(self, **changes):
        context = ssl.create_default_context(cafile=str(self.relay.certificate.file))
        # Nothing but a goodbye is an end: a connection that was cut is an error.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        for name, value in changes.items():
            setattr(context, name, value)
        return context

    def connect(self, context=None, receive_bytes=None, session=None):
        raw = socket.socket()
        if receive_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.settimeout(roomwire.DEADLINE_SECONDS)
        raw.connect(("127.0.0.1", self.port))
        context = context or self.context()
        return context.wrap_socket(
            raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False, session=session)


class TLSStream(clients.Stream):
    """A subscriber over TLS; its socket may be made by the test."""

    def __init__(self, secure, query="", token=None, connection=None, **rest):
        self.made = connection or secure.connect()
        super().__init__(secure, query, token or roomwire.token(), **rest)

    def connect(self, relay):
        return self.made


def curl(relay, path, *options):
    """What curl prints, with the head of the answer before it."""
    return subprocess.run(
        ["curl", "-sS", "-i", "--cacert", str(relay.certificate.file), *options, relay.secure.base + path],
        capture_output=True, text=True, timeout=roomwire.DEADLINE_SECONDS)


@contextlib.contextmanager
def plain_socket(port):
    """A connection on which the test says what it likes."""
    with socket.create_connection(("127.0.0.1", port), timeout=roomwire.DEADLINE_SECONDS) as connection:
        yield connection
