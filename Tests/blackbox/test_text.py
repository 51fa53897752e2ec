"""Text from outside is compared by its bytes: names that only look alike are apart, and no text is slow to compare.

Costs are counted in instructions, by valgrind, which does not depend on how busy the machine is.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.parse
import uuid

import pytest

import clients
import providers
import relay as roomwire

# To Unicode these are the same name, and so they are to Swift's String.
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
# Marks that Unicode orders by class: in this order each has to move past all that follow it.
MARKS = "\u0301\u0323"

counted = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
COUNTING = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


def marks(size):
    """So many bytes of marks on one letter, in disorder."""
    return "a" + MARKS * (size // 4)


def ascii(size):
    """As many bytes that have no place in Unicode's tables."""
    return "a" + "bcde" * (size // 4)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """The binary without the notes for debuggers, of a kind that valgrind cannot read."""
    stripped = tmp_path_factory.mktemp("binary") / "roomwire"
    roomwire.run("strip", "--strip-debug", "-o", str(stripped), roomwire.BINARY)
    return str(stripped)


# valgrind 3.19 changes the mask that a program gives to sigsuspend, which libdispatch keeps in memory that is read-only.
SHIM = """
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int sigsuspend(const sigset_t *mask) { sigset_t copy = *mask; return syscall(SYS_rt_sigsuspend, &copy, 8); }
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    roomwire.run("gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", folder / "shim.so", folder / "shim.c")
    return str(folder / "shim.so")


def collected(said):
    return int(re.search(r"I +refs: +([\d,]+)", said).group(1).replace(",", ""))


def assert_linear(cost, size):
    """Twice the marks cost twice as much, and not far from what as many bytes of ASCII cost."""
    nothing = cost(ascii(4))
    plain, single, double = (cost(text) - nothing for text in (ascii(size), marks(size), marks(2 * size)))
    print(f"beyond {nothing} instructions: {plain} for {size} bytes of ASCII, {single} of marks, {double} for twice those")
    # What is much less than the start alone is lost in it.
    least = nothing / 20
    assert double < 2.5 * max(single, least)
    assert single < 5 * max(plain, least)


@counted
@pytest.mark.slow
@pytest.mark.parametrize("others", [0, 30], ids=["few members", "many members"])
def test_a_signed_body_costs_what_its_bytes_do(binary, folder, others):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings()))

    def cost(text):
        # Two names, so that one is compared with the other; with many beside them they are hashed.
        data = {text + "1": 1, text + "2": text, **{f"n{number}": 0 for number in range(others)}}
        body = json.dumps({"type": "tick", "room": "hall", "users": [text], "data": data}, ensure_ascii=False)
        captured = folder / "captured.json"
        captured.write_text(json.dumps({"headers": providers.standard_headers(body.encode()), "body": body}))
        done = subprocess.run(
            [*COUNTING, binary, "verify", "--source", "app", "--config", folder / "roomwire.yaml", captured],
            env=roomwire.clean_environment(), capture_output=True, text=True, timeout=170)
        assert done.returncode == 0, done.stderr
        return collected(done.stderr)

    assert_linear(cost, 20_000)


class CountedRelay(roomwire.Relay):
    """A relay under valgrind, which counts its instructions from the start to the end."""

    def __init__(self, binary, shim, *arguments, **rest):
        super().__init__(*arguments, **rest)
        self.binary = binary
        self.shim = shim

    def launch(self):
        arguments = ["serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data), *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*COUNTING, self.binary, *arguments], env=roomwire.clean_environment(LD_PRELOAD=self.shim), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

    def send(self, head):
        """One request, as bytes that no library would send; returns the status."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=roomwire.DEADLINE_SECONDS) as connection:
            connection.sendall(head + b"\r\nHost: relay\r\nConnection: close\r\n\r\n")
            return int(connection.makefile("rb").read().split()[1])

    def count(self):
        """Ends it and returns its instructions."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(roomwire.DEADLINE_SECONDS)
        return collected(self.said())


def heads(text):
    """Requests that have a text wherever one may be. None of them is let in, so all of it is before any trust."""
    encoded = urllib.parse.quote(text[: len(text) // 3]).encode()
    text = text.encode()
    for name in ("Accept", "Cookie", "Origin", "If-None-Match", "Last-Event-ID", "X-Forwarded-For", "Forwarded"):
        yield b"GET /api/events HTTP/1.1\r\n%s: %s" % (name.encode(), text)
    yield b"GET /api/events HTTP/1.1\r\nAuthorization: Bearer %s" % text
    yield b"GET /api/events HTTP/1.1\r\nCookie: roomwire=%s" % text
    yield b"POST /api/tickets HTTP/1.1\r\nOrigin: https://%s\r\nContent-Length: 0" % text
    for place in (b"events?room=%s", b"events?%s=1", b"events?access_token=%s", b"rooms/%s", b"webhooks/%s", b"%s"):
        yield b"GET /api/" + place % encoded + b" HTTP/1.1"


@counted
@pytest.mark.slow
def test_a_request_costs_what_its_bytes_do(binary, shim, folder):
    def cost(text):
        relay = CountedRelay(
            binary, shim, folder / f"{len(text)}-{text[1]}", roomwire.settings(cors={"origins": ["https://a.example"]}))
        relay.start()
        try:
            for head in heads(text):
                assert 400 <= relay.send(head) < 500
            return relay.count()
        finally:
            relay.stop()

    assert_linear(cost, 14_000)


def test_rooms_and_users_that_only_look_alike_are_apart(shared):
    def publish(room, **members):
        body = json.dumps({"type": "tick", "room": room, **members}, ensure_ascii=False).encode()
        shared.post("app", providers.standard_headers(body, id=f"msg_{uuid.uuid4()}"), body).raise_for_status()

    composed = clients.subscribe(shared, token=roomwire.token(COMPOSED, rooms=[COMPOSED]))
    decomposed = clients.subscribe(shared, token=roomwire.token(DECOMPOSED, rooms=[DECOMPOSED]))
    for name in (COMPOSED, DECOMPOSED):
        publish(name)
        publish("elsewhere", users=[name])
    for stream, name in ((composed, COMPOSED), (decomposed, DECOMPOSED)):
        stream.wait_events(2)
        assert [event["room"] for event in stream.events] == [name, "elsewhere"]
        stream.close()


def test_members_that_only_look_alike_are_both_kept(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    body = json.dumps(
        {"type": "tick", "room": room, "data": {COMPOSED: 1, DECOMPOSED: 2}}, ensure_ascii=False).encode()
    shared.post("app", providers.standard_headers(body, id=f"msg_{uuid.uuid4()}"), body).raise_for_status()
    stream.wait_events(1)
    assert stream.events[0]["data"] == {COMPOSED: 1, DECOMPOSED: 2}
    stream.close()


@pytest.mark.parametrize("path", ["/rooms/{}", "/webhooks/{}", "/{}/events", "/events?{}=1"])
def test_a_name_in_an_address_has_at_most_256_bytes(shared, path):
    def ask(name):
        return shared.get(path.format(name), roomwire.token())

    assert ask("é" * 128).json()["reason"] != "malformed_request"
    refused = ask("é" * 128 + "a")
    assert refused.status_code == 400 and refused.json()["reason"] == "malformed_request"
    assert "256 bytes" in refused.json()["detail"]


@pytest.mark.parametrize("filter", ["room", "type", "source"])
def test_a_pattern_has_at_most_256_bytes_and_8_stars(shared, filter):
    def ask(pattern, path="events"):
        query = {filter: pattern, "wait": 0} if path == "events" else {filter: pattern}
        return shared.get(f"/{path}", roomwire.token(), params=query)

    for pattern, words in (("a" * 257, "256 bytes"), ("*a" * 9, "8 stars")):
        for path in ("events", "rooms") if filter != "type" else ("events",):
            refused = ask(pattern, path)
            assert refused.status_code == 400 and words in refused.json()["detail"], refused.text
    assert ask("*" * 8).status_code == 200


@pytest.mark.parametrize("member", ["rooms", "types", "sources"])
def test_a_pattern_of_a_token_is_bounded_as_well(shared, member):
    for pattern, words in (("a" * 257, "256 bytes"), ("*a" * 9, "8 stars")):
        token = roomwire.token(grant={member: [pattern]})
        refused = shared.get("/rooms", token)
        assert refused.status_code == 401 and refused.json()["reason"] == "malformed_token"
        assert words in refused.json()["detail"]
    assert shared.get("/rooms", roomwire.token(grant={member: ["*a" * 8, "a" * 256]})).status_code == 200


def test_a_pattern_of_the_settings_is_bounded_as_well(folder):
    config = roomwire.settings()
    config["tokens"]["issuers"][0]["default_grant"] = {"rooms": ["*a" * 9]}
    (folder / "roomwire.yaml").write_text(json.dumps(config))
    checked = roomwire.command("check", folder=folder)
    assert checked.returncode != 0 and "8 stars" in checked.stdout + checked.stderr
