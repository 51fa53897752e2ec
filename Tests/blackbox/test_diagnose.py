"""tail --diagnose, through a real nginx that is set up badly in one way after the other, and through a good one."""

import os
import re
import shutil
import subprocess

import pytest
import requests

import clients
import relay as roomwire

GOOD = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off; proxy_read_timeout 1h;"
# What comes in chunks nginx passes on at once even where it buffers.
BUFFERS = "proxy_http_version 1.0; proxy_ignore_headers X-Accel-Buffering;"
CUTS = GOOD.replace("1h", "1s")
COMPRESSES = GOOD + "gzip on; gzip_types text/event-stream; gzip_min_length 1; gzip_proxied any;"
OLD = GOOD.replace("proxy_http_version 1.1;", "proxy_http_version 1.0;")
CACHES = GOOD + "proxy_hide_header Cache-Control; add_header Cache-Control 'public, max-age=60';"


@pytest.fixture
def nginx(folder):
    """Starts an nginx before a relay, with these directives in its location."""
    assert shutil.which("nginx"), "the package nginx-light is missing: deploy/packages.sh"
    processes = []

    def nginx(relay, directives):
        port = roomwire.free_port()
        place = folder / f"nginx-{len(processes)}"
        place.mkdir()
        (place / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;
            events {{}}
            http {{
                access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
                fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
                server {{
                    listen 127.0.0.1:{port};
                    location / {{ proxy_pass http://127.0.0.1:{relay.port}; {directives} }}
                }}
            }}""")
        processes.append(subprocess.Popen(
            ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")], stderr=subprocess.DEVNULL))

        def answers():
            try:
                clients.socket.create_connection(("127.0.0.1", port), timeout=5).close()
                return True
            except OSError:
                return False

        roomwire.wait_until(answers, "nginx to listen")
        return f"http://127.0.0.1:{port}"

    yield nginx
    for process in processes:
        process.terminate()
        process.wait(roomwire.DEADLINE_SECONDS)


def diagnose(relay, url):
    """The exit code, and by what was looked at the verdict with all its lines."""
    done = relay.run("tail", "--diagnose", url)
    verdicts, last = {}, None
    for line in done.stdout.splitlines():
        found = re.match(r"(ok|note|PROBLEM) +(\w+) +(.*)", line)
        if found:
            last = found[2]
            verdicts[last] = [found[1], found[3]]
        elif last:
            verdicts[last].append(line.strip())
    assert verdicts, done.stdout + done.stderr
    return done.returncode, verdicts, done.stdout


def problems(verdicts):
    return {check for check, lines in verdicts.items() if lines[0] == "PROBLEM"}


def test_nothing_between_is_nothing_to_mend(start):
    relay = start(streams={"heartbeat": "2s"})
    code, verdicts, said = diagnose(relay, relay.base)
    assert code == 0 and {lines[0] for lines in verdicts.values()} == {"ok"}, said
    assert "proxies: none that names itself" in said


@pytest.mark.parametrize("directives, expected, remedy", [
    (GOOD, set(), None),
    (BUFFERS, {"buffering"}, "proxy_buffering off"),
    (CUTS, {"cutting"}, "proxy_read_timeout"),
    (COMPRESSES, {"compression"}, "gzip off"),
    (CACHES, {"headers"}, "no expires"),
    (BUFFERS + "gzip on; gzip_types text/event-stream; gzip_min_length 1; gzip_proxied any; proxy_read_timeout 1s;",
     {"buffering", "cutting", "compression"}, "proxy_buffering off"),
], ids=["good", "buffers", "cuts", "compresses", "caches", "all_of_it"])
def test_nginx_is_told_what_to_change(start, nginx, directives, expected, remedy):
    relay = start(streams={"heartbeat": "3s"})
    code, verdicts, said = diagnose(relay, nginx(relay, directives))
    assert problems(verdicts) == expected, said
    assert code == (1 if expected else 0)
    assert "proxies: nginx" in said
    for check in expected:
        # Only of the proxy that is there.
        assert all(line.startswith("nginx: ") for line in verdicts[check][2:]) and len(verdicts[check]) == 3, said
    if remedy:
        assert remedy in said


def test_an_old_protocol_is_a_note(start, nginx):
    relay = start(streams={"heartbeat": "1s"})
    code, verdicts, said = diagnose(relay, nginx(relay, OLD))
    assert code == 0 and verdicts["protocol"][0] == "note" and "proxy_http_version 1.1" in said


@pytest.mark.parametrize(("directives", "what"), [
    ('proxy_set_header Authorization "";', "drops"), ("proxy_set_header Authorization 'Basic eDp5';", "replaces"),
], ids=["dropped", "replaced"])
def test_a_proxy_that_drops_the_token_is_told_of(start, nginx, directives, what):
    relay = start()
    done = relay.run("tail", "--diagnose", nginx(relay, directives + GOOD))
    assert done.returncode == 1
    assert f"a proxy on the way {what} the header Authorization" in done.stderr and "nginx: " in done.stderr
    # Where the token itself is no good, no proxy is blamed.
    done = roomwire.command("tail", "--diagnose", nginx(relay, GOOD), "--token", "no.good.token")
    assert done.returncode == 1 and "a proxy" not in done.stderr


def test_the_stream_needs_a_token_and_no_grant(start):
    relay = start()
    assert clients.Stream(relay, path="/api/diag/stream").status == 401
    token = roomwire.token(rooms=["no_such_room"])
    stream = clients.Stream(relay, "frames=3&interval=20ms&bytes=1000&quiet=0", token, path="/api/diag/stream")
    assert stream.status == 200 and stream.headers["x-accel-buffering"] == "no"
    stream.read_to_end()
    kinds = [frame.json["type"] for frame in stream.frames]
    assert kinds == ["diag_started"] + ["diag_frame"] * 4 + ["diag_ended"]
    assert [frame.json.get("sequence") for frame in stream.frames[1:5]] == [1, 2, 3, 4]
    assert len(stream.frames[4].json["padding"]) == 1000
    assert not any(frame.id for frame in stream.frames)
    assert token not in stream.bytes.decode()


def test_what_the_relay_saw_of_the_request_is_told_without_secrets(start):
    relay = start()
    stream = clients.Stream(
        relay, "quiet=0&frames=1&interval=10ms", roomwire.token(), path="/api/diag/stream",
        headers=["Via: 1.1 somebody", "Cookie: roomwire=secret", "X-Forwarded-For: 192.0.2.1"])
    stream.read_to_end()
    request = stream.frames[0].json["request"]
    assert request["httpVersion"] == "1.1" and request["via"] == "1.1 somebody"
    assert "secret" not in json_text(stream) and "Bearer" not in json_text(stream)


def json_text(stream):
    return stream.bytes.decode()


@pytest.mark.parametrize("query", ["frames=0", "frames=x", "interval=5", "interval=1ms", "bytes=10000000", "loud=1"])
def test_a_bad_plan_is_a_sentence(shared, query):
    answer = shared.get(f"/diag/stream?{query}", roomwire.token())
    assert answer.status_code == 400 and answer.json()["detail"]


def test_diagnoses_count_as_streams_and_end_with_the_relay(start):
    relay = start(streams={"per_user": 1}, drain="1s")
    first = clients.Stream(relay, "quiet=10m", roomwire.token(), path="/api/diag/stream")
    assert clients.Stream(relay, "", roomwire.token(), path="/api/diag/stream").status == 429
    assert clients.Stream(relay, "refuse=http", roomwire.token()).status == 429
    first.close()
    roomwire.wait_until(
        lambda: clients.Stream(relay, "quiet=10m", roomwire.token(), path="/api/diag/stream").status == 200,
        "the first one to be released")
    relay.process.terminate()
    assert relay.process.wait(roomwire.DEADLINE_SECONDS) == 0


def test_a_large_frame_reaches_a_slow_reader_whole(start):
    relay = start()
    stream = clients.Stream(
        relay, "frames=600&interval=10ms&bytes=262144&quiet=0", roomwire.token(), path="/api/diag/stream")
    stream.socket.setsockopt(clients.socket.SOL_SOCKET, clients.socket.SO_RCVBUF, 4096)
    stream.read_to_end()
    assert [frame.json.get("sequence") for frame in stream.frames[1:-1]] == list(range(1, 602))
    assert len(stream.frames[-2].json["padding"]) == 262144


def test_no_relay_and_a_bad_token_are_sentences(start):
    relay = start()
    done = relay.run("tail", "--diagnose", f"http://127.0.0.1:{roomwire.free_port()}")
    assert done.returncode == 1 and "no server listens there" in done.stderr
    done = roomwire.command("tail", "--diagnose", relay.base, "--token", "no.good.token")
    assert done.returncode == 1 and "token" in done.stderr
    assert os.environ.get("ROOMWIRE_TOKEN") is None


def test_a_diagnostic_stream_has_a_line_and_ends_with_its_token_or_user(start):
    relay = start()
    query = "frames=600&interval=100ms&quiet=0s"
    with clients.Stream(relay, query, roomwire.token("ada", ttl=2), path="/api/diag/stream") as expiring:
        with clients.Stream(relay, query, roomwire.token("eve"), path="/api/diag/stream") as revoked:
            expiring.read_to_end()
            revoked.read_until(lambda: len(revoked.frames) >= 10, "ten frames")
            answer = requests.post(
                relay.url("/admin/revoke"), json={"user": "eve"}, timeout=30,
                headers={"Authorization": f"Bearer {roomwire.token(grant={'admin': True})}"})
            assert answer.status_code == 200
            revoked.read_to_end()
    opened = [line for line in relay.log_lines() if line["message"] == "diagnostic stream opened"]
    assert [line["user"] for line in opened] == ["ada", "eve"]
    assert all(line["path"] == "/api/diag/stream" for line in opened)
