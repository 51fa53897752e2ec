"""The dashboard's files as they are served, and who is shown a link to it."""

import gzip
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

import jwt
import pytest
import requests

import relay as roomwire

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FILES = ["", "dashboard/app.js", "dashboard/style.css", "dashboard/connection.js", "dashboard/icon.svg"]
# Bytes over the network, compressed. To be raised knowingly.
MOST_BYTES = {
    "client.js": 7782, "client.d.ts": 6200, "react.js": 1500, "react.d.ts": 1500,
    "": 1000, "dashboard/admin.js": 5000, "dashboard/app.js": 5000, "dashboard/charts.js": 2000,
    "dashboard/connection.js": 5000, "dashboard/dom.js": 2200, "dashboard/events.js": 3000, "dashboard/icon.svg": 300,
    "dashboard/list.js": 2200, "dashboard/rooms.js": 5000, "dashboard/state.js": 3200, "dashboard/style.css": 4500,
}


def get(relay, path, **headers):
    return requests.get(f"{relay.base}/{path}", headers={**HTML, **headers}, timeout=roomwire.DEADLINE_SECONDS)


def test_browsers_are_shown_the_page_and_tools_the_hint(shared):
    page = get(shared, "")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>roomwire</title>" in page.text
    assert page.headers["Vary"] == "Accept, Accept-Encoding"
    for accept in ("*/*", "application/json", "text/html;q=0"):
        hint = requests.get(shared.base + "/", headers={"Accept": accept}, timeout=roomwire.DEADLINE_SECONDS)
        assert hint.status_code == 404 and "/api/events" in hint.json()["detail"], accept


@pytest.mark.parametrize("path", FILES)
def test_every_file_may_only_do_what_the_page_needs(shared, path):
    headers = get(shared, path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
        "img-src": "'self' data:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", FILES)
def test_both_forms_are_one_file_and_each_is_asked_for_again_by_its_tag(shared, path):
    plain = get(shared, path, **{"Accept-Encoding": "identity"})
    packed = requests.get(
        f"{shared.base}/{path}", headers={**HTML, "Accept-Encoding": "br, gzip;q=0.5"}, stream=True,
        timeout=roomwire.DEADLINE_SECONDS)
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(packed.raw.read()) == plain.content
    tags = [plain.headers["ETag"], packed.headers["ETag"]]
    assert tags[0] != tags[1] and not any(tag.startswith("W/") for tag in tags)
    for tag, coding in zip(tags, ("identity", "gzip")):
        again = get(shared, path, **{"Accept-Encoding": coding, "If-None-Match": f'"x", {tag}'})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert get(shared, path, **{"Accept-Encoding": "gzip", "If-None-Match": tags[0]}).status_code == 200


@pytest.mark.parametrize("accepted, is_packed", [
    ("", False), ("identity", False), ("gzip;q=0", False), ("*", True), ("*;q=0", False), ("deflate, GZIP", True),
    ("gzip;q=0.001", True), ("*, gzip;q=0.0", False)])
def test_only_clients_that_take_gzip_get_it(shared, accepted, is_packed):
    answer = get(shared, "dashboard/style.css", **{"Accept-Encoding": accepted})
    assert ("Content-Encoding" in answer.headers) == is_packed


@pytest.mark.parametrize("path", FILES)
def test_files_are_only_read(shared, path):
    head = requests.head(f"{shared.base}/{path}", headers={**HTML, "Accept-Encoding": "gzip"}, timeout=roomwire.DEADLINE_SECONDS)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) > 100 and head.content == b""
    for method in ("POST", "DELETE"):
        answer = requests.request(method, f"{shared.base}/{path}", headers=HTML, timeout=roomwire.DEADLINE_SECONDS)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_there_is_nothing_beside_the_files(shared):
    for path in ("dashboard", "dashboard/", "dashboard/embed.py", "dashboard/../app.js", "dashboard/%2e%2e/Asset.swift", "app.js"):
        answer = requests.get(f"{shared.base}/{path}", headers={"Accept": "*/*"}, timeout=roomwire.DEADLINE_SECONDS)
        assert answer.status_code == 404, path


def test_the_page_costs_few_bytes(shared):
    folder = pathlib.Path(roomwire.ROOT, "Sources", "Page")
    files = {file.name for file in (folder / "client").iterdir()}
    files |= {"" if file.name == "index.html" else f"dashboard/{file.name}" for file in (folder / "dashboard").iterdir()}
    assert files == set(MOST_BYTES)
    sizes = {}
    for path in MOST_BYTES:
        answer = requests.head(f"{shared.base}/{path}", headers={**HTML, "Accept-Encoding": "gzip"}, timeout=roomwire.DEADLINE_SECONDS)
        sizes[path] = int(answer.headers["Content-Length"])
    assert {path: size for path, size in sizes.items() if size > MOST_BYTES[path]} == {}
    # What a first visit loads.
    assert sum(size for path, size in sizes.items() if path in ("", "client.js") or path.startswith("dashboard/")) < 40_000


def test_the_binary_has_the_files_as_they_are():
    embed = roomwire.ROOT / "Sources" / "Page" / "embed.py"
    done = subprocess.run([sys.executable, "-B", embed, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_page_learns_where_the_api_is(start):
    relay = start(path_prefix="/live/v1", metrics=f"127.0.0.1:{roomwire.free_port()}")
    assert get(relay, "dashboard/config.json").json() == {"prefix": "/live/v1"}
    # Metrics on an address of their own leave the page where the streams are.
    assert get(relay, "").status_code == 200


def test_an_operator_switches_the_page_off_and_on_again(start):
    relay = start(dashboard=False)
    for path in [*FILES, "dashboard/config.json"]:
        assert get(relay, path).status_code == 404, path
    assert "/api/events" in get(relay, "").json()["detail"]
    file = relay.folder / "roomwire.yaml"
    file.write_text(file.read_text().replace('"dashboard": false', '"dashboard": true'))
    relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: get(relay, "").status_code == 200, "the page to be there")


def on_a_terminal(arguments, until, **variables):
    """What a command writes to a terminal, up to the words that are waited for; it is ended then."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
            [roomwire.BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE,
            env=roomwire.clean_environment(**variables)) as process:
        os.close(theirs)
        said = b""
        end = time.monotonic() + roomwire.DEADLINE_SECONDS
        while until not in said and time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:
                    break
        process.terminate()
        log = process.stderr.read()
    os.close(ours)
    return said.decode(), log.decode(errors="replace")


def test_serve_shows_a_link_on_a_terminal_and_nowhere_else(folder):
    address = f"127.0.0.1:{roomwire.free_port()}"
    said, log = on_a_terminal(["serve", "--demo", "--listen", address, "--data", str(folder / "data")], b"#token=")
    token = re.search(rf"dashboard: http://{address}/#token=([\w.-]+)", said)[1]
    claims = jwt.decode(token, (folder / "data" / "token-secret").read_text().strip(), ["HS256"])
    assert claims["sub"] == "dashboard" and claims["roomwire"]["admin"] is True
    assert claims["exp"] <= time.time() + 12 * 3600 + 5
    assert token not in log
    # A pipe is what ends up in a log.
    relay = roomwire.Relay(folder / "piped").start()
    try:
        assert "#token=" not in relay.said() and "dashboard" not in relay.said()
    finally:
        relay.stop()


def test_serve_shows_no_link_to_a_page_that_is_switched_off(folder):
    address = f"127.0.0.1:{roomwire.free_port()}"
    said, _ = on_a_terminal(
        ["serve", "--listen", address, "--data", str(folder / "data")], b"/api/events", ROOMWIRE_DASHBOARD="false")
    assert "/api/events" in said and "#token=" not in said


def test_token_makes_a_link(shared):
    done = shared.run("token", "--user", "ada", "--room", "call_*", "--open", "--url", "https://relay.example.com/")
    assert done.returncode == 0 and done.stderr == ""
    base, _, token = done.stdout.strip().partition("/#token=")
    assert base == "https://relay.example.com"
    assert jwt.decode(token, roomwire.TOKEN_SECRET, ["HS256"])["roomwire"]["rooms"] == ["call_*"]
    assert shared.run("token", "--user", "ada", "--url", "https://relay.example.com").returncode != 0
    off = shared.run("token", "--user", "ada", "--open", ROOMWIRE_DASHBOARD="false")
    assert off.returncode != 0 and "dashboard: false" in off.stderr


def test_token_opens_the_link_without_showing_it_to_other_users(folder, shared):
    """Other users of the machine see the arguments of a program, and not a file of this user's."""
    tools, run = folder / "bin", folder / "run"
    tools.mkdir()
    run.mkdir()
    opener = tools / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$*" > {folder}/arguments\ncp -p "$1" {folder}/page.html\n')
    opener.chmod(0o755)
    flags = ["--config", str(shared.folder / "roomwire.yaml"), "--data", str(shared.data)]
    said, _ = on_a_terminal(
        ["token", "--user", "ada", "--open", *flags], b"(never)", XDG_RUNTIME_DIR=str(run), DISPLAY=":9",
        PATH=f"{tools}:/usr/bin:/bin")
    token = re.search(r"#token=([\w.-]+)", said)[1]
    page = folder / "page.html"
    assert f'url=http://127.0.0.1:3001/#token={token}"' in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    assert token not in (folder / "arguments").read_text()


def test_sources_are_counted_for_administrators(shared):
    administrator = roomwire.token("root", grant={"admin": True})
    assert shared.get("/admin/sources", roomwire.token()).status_code == 403
    assert shared.get("/admin/sources").status_code == 401
    before = {source["name"]: source for source in shared.get("/admin/sources", administrator).json()["sources"]}
    assert {"livekit", "daily", "app"} <= set(before)
    assert (before["daily"]["provider"], before["daily"]["accepted"]) == ("daily", 0)
    assert "lastWebhookAt" not in before["daily"]
    shared.post("daily", {}, b"{}")
    shared.post("nowhere", {}, b"{}")
    after = {source["name"]: source for source in shared.get("/admin/sources", administrator).json()["sources"]}
    assert after["daily"]["refused"] == 1 and after["daily"]["refusedByReason"] == {"missing_header": 1}
    assert after["daily"]["lastWebhookAt"].endswith("Z")
    assert after["unknown"]["refusedByReason"] == {"unknown_source": 1} and "provider" not in after["unknown"]
