"""The servers of the matrix: the relay, and as a control the hub in Node of the load tests."""

import contextlib
import itertools
import json
import signal
import subprocess

import requests

import providers
import relay as roomwire
import secure

_numbers = itertools.count()


class RelayServer:
    """The relay, over http and https."""

    name = "relay"

    def __init__(self, folder, certificate, origins, drain="20s", **streams):
        settings = roomwire.settings(
            streams={"per_user": 0, "heartbeat": "1h", "retry": "200ms", **streams}, cors={"origins": origins},
            drain=drain)
        folder.mkdir(exist_ok=True)
        self.relay = secure.SecureRelay(folder, certificate, settings)
        self.start()

    def port(self, scheme):
        return self.relay.secure_port if scheme == "https" else self.relay.port

    def edit_answer(self, row):
        return None

    def start(self):
        self.relay.start()

    def kill(self):
        self.relay.kill()

    def drain(self):
        """Ends in order."""
        self.relay.process.send_signal(signal.SIGTERM)
        self.relay.process.wait(roomwire.DEADLINE_SECONDS)

    def publish(self, number, name="Ada"):
        body = json.dumps(
            {"type": "tick", "room": "hall", "data": {"number": number, "name": name}}, ensure_ascii=False).encode()
        self.relay.post("app", providers.standard_headers(body, f"hall-{next(_numbers)}"), body).raise_for_status()

    def connections(self, follower):
        """How often it has been let in."""
        return follower.types().count("connected")

    def has_beaten(self, followers, times):
        return self.relay.metric("roomwire_heartbeats_total") >= times * len(followers)

    def close(self):
        self.relay.stop()


class HubServer:
    """Node's http module, as loadtest/nodehub.js uses it: no charset, no heartbeats, and memory that dies with it."""

    name = "hub"

    def __init__(self):
        self.number = roomwire.free_port()
        self.start()

    def port(self, scheme):
        return self.number

    def edit_answer(self, row):
        # Pages of another origin could not read it at all.
        allowed = b"\r\nAccess-Control-Allow-Origin: *\r\n"
        return (lambda head: head.replace(b"\r\n", allowed, 1)) if row.browser else None

    def start(self):
        self.process = subprocess.Popen(["node", str(roomwire.ROOT / "loadtest" / "nodehub.js"), str(self.number)])

        def answers():
            assert self.process.poll() is None, "the hub ended"
            with contextlib.suppress(requests.RequestException):
                return requests.put(f"http://127.0.0.1:{self.number}/", timeout=5).status_code == 405

        roomwire.wait_until(answers, "the hub to listen")

    def kill(self):
        self.process.kill()
        self.process.wait(roomwire.DEADLINE_SECONDS)

    def drain(self):
        self.process.terminate()
        self.process.wait(roomwire.DEADLINE_SECONDS)

    def publish(self, number, name="Ada"):
        body = json.dumps({"type": "tick", "data": {"number": number, "name": name}}, ensure_ascii=False).encode()
        requests.post(f"http://127.0.0.1:{self.number}/", data=body, timeout=30).raise_for_status()

    def connections(self, follower):
        return follower.gate.statuses.count(200)

    def close(self):
        if self.process.poll() is None:
            self.kill()
