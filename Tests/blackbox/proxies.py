"""nginx, Caddy and HAProxy in front of a relay, with the configurations of deploy/ and a certificate of our own."""

import os
import re
import shutil
import signal
import subprocess

import requests

import relay as roomwire

DEPLOY = roomwire.ROOT / "deploy"


def certificate(folder):
    """A CA and a certificate for localhost from it: paths of CA, chain and key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=a test's own CA")
    openssl("req", *key, "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=localhost")
    (folder / "names.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names.txt", "-out", "tls.pem")
    return folder / "ca.pem", folder / "tls.pem", folder / "tls.key"


class Proxy:
    """A proxy in front of a relay; like a relay it has `url` and `post`."""

    def __init__(self, folder, relay, refuses=True, changes=()):
        """With refuses=False it passes requests on that its configuration in deploy/ refuses itself. `changes` are pairs of
        a text in that configuration and what stands in its place."""
        self.changes = changes
        self.folder = folder
        self.refuses = refuses
        self.relay = relay
        self.authority, self.chain, self.key = certificate(folder)
        self.port, self.plain_port = roomwire.free_port(), roomwire.free_port()
        self.log = folder / "proxy.txt"

    @property
    def base(self):
        return f"https://localhost:{self.port}"

    @property
    def plain_base(self):
        return f"http://localhost:{self.plain_port}"

    def url(self, path):
        return f"{self.base}/api{path}"

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder),
                     "XDG_CONFIG_HOME": str(self.folder)})

        def answers():
            assert self.process.poll() is None, f"the proxy ended:\n{self.said()}"
            try:
                return self.request("GET", self.base + "/healthz").status_code == 200
            except requests.RequestException:
                return False

        roomwire.wait_until(answers, "the proxy to be ready")
        return self

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(roomwire.DEADLINE_SECONDS)

    def changed(self, text):
        """The configuration with the operator's changes, each of which must fit it."""
        for old, new in self.changes:
            assert old in text, old
            text = text.replace(old, new)
        return text

    def said(self):
        """Everything that the proxy has logged."""
        return "\n".join(path.read_text(errors="replace") for path in [self.log, *self.folder.glob("*.log")])

    def request(self, method, url, **rest):
        session = requests.Session()
        session.trust_env = False
        return session.request(
            method, url, verify=str(self.authority), timeout=roomwire.DEADLINE_SECONDS, allow_redirects=False, **rest)

    def post(self, source, headers, body):
        return self.request("POST", self.url(f"/webhooks/{source}"), headers=headers, data=body)

    def curl(self, *flags, query="", token=None, output, headers, last=None, version="--http2"):
        """A subscriber: what it is sent goes into the file `output`, the head of the answer into `headers`."""
        arguments = ["curl", "-sN", version, "--cacert", str(self.authority), "-D", str(headers),
                     "-H", f"Authorization: Bearer {token or roomwire.token()}", *flags]
        if last:
            arguments += ["-H", f"Last-Event-ID: {last}"]
        with open(output, "wb") as file:
            return subprocess.Popen([*arguments, self.url("/events") + query], stdout=file)


class Nginx(Proxy):
    """nginx as Debian has it."""

    name = "nginx"
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def site(self):
        text = self.changed((DEPLOY / "nginx" / "roomwire.conf").read_text())
        text = re.sub(r" *listen \[::\]:.*\n", "", text)
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        text = text.replace("server 127.0.0.1:3001;", f"server 127.0.0.1:{self.relay.port};")
        text = text.replace("/etc/letsencrypt/live/relay.example.com/fullchain.pem", str(self.chain))
        text = text.replace("/etc/letsencrypt/live/relay.example.com/privkey.pem", str(self.key))
        if not self.refuses:
            text, count = re.subn(r" *if \(\$roomwire_refused = .*\n.*\n *}\n", "", text)
            assert count == 2
        return text.replace("relay.example.com", "localhost").replace("/var/log/nginx/", f"{self.folder}/")

    def command(self):
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (self.folder / "site.conf").write_text(self.site())
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\n{user}pid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\n"
            f"events {{ worker_connections 512; }}\nhttp {{\n{paths}access_log {self.folder}/access.log;\n"
            f"include {self.folder}/site.conf;\n}}\n")
        return [self.program, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c",
                str(self.folder / "nginx.conf")]


class Caddy(Proxy):
    """Caddy as Debian has it."""

    name = "caddy"
    program = shutil.which("caddy")

    def site(self):
        text = self.changed((DEPLOY / "caddy" / "Caddyfile").read_text())
        text = text.replace("http://relay.example.com {", f"http://localhost:{self.plain_port} {{")
        text = text.replace("\nrelay.example.com {", f"\nlocalhost:{self.port} {{\n\ttls {self.chain} {self.key}")
        if not self.refuses:
            text, count = re.subn(r"\thandle @(methods|body) {\n.*\n\t}\n", "", text)
            assert count == 2
        return text.replace("127.0.0.1:3001", f"127.0.0.1:{self.relay.port}")

    def command(self):
        options = (f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {self.plain_port}\n"
                   f"\thttps_port {self.port}\n}}\n")
        (self.folder / "Caddyfile").write_text(options + self.site())
        return [self.program, "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]


class Haproxy(Proxy):
    """HAProxy as Debian has it."""

    name = "haproxy"
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")

    def site(self):
        text = self.changed((DEPLOY / "haproxy" / "haproxy.cfg").read_text())
        (self.folder / "tls-all.pem").write_text(self.chain.read_text() + self.key.read_text())
        text = text.replace("bind :443 ", f"bind 127.0.0.1:{self.port} ").replace(
            "bind :80", f"bind 127.0.0.1:{self.plain_port}")
        text = text.replace("127.0.0.1:3001", f"127.0.0.1:{self.relay.port}").replace("log /dev/log local0", "").replace("maxconn 20000", "maxconn 400")
        text = text.replace("/etc/haproxy/relay.example.com.pem", str(self.folder / "tls-all.pem"))
        if not self.refuses:
            text, count = re.subn(r" *http-request deny deny_status (501|400) .*\n", "", text)
            assert count == 3
        return text.replace("relay.example.com", "localhost")

    def command(self):
        (self.folder / "haproxy.cfg").write_text(self.site())
        return [self.program, "-db", "-q", "-f", str(self.folder / "haproxy.cfg")]


ALL = [Nginx, Caddy]
# Those whose connections to the relay carry requests of several clients.
SHARING = [*ALL, Haproxy]
