"""What README.md says is true."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import jwt
import pytest

import clients
import providers
import relay as roomwire

README = (roomwire.ROOT / "README.md").read_text()


def block(language, word):
    """The first block of code in a language that holds a word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in blocks if word in text)


def table(heading):
    """The rows of the first table after a heading, as lists of cells."""
    rows = []
    for line in README.split(f"\n## {heading}\n", 1)[1].split("\n"):
        if line.startswith("|"):
            rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def test_the_table_of_settings_has_every_setting_with_its_default():
    done = roomwire.command("check", HOME="/nobody")
    assert done.returncode == 0, done.stderr
    real = {}
    for line in done.stdout.rstrip("\n").split("\n"):
        key, _, rest = line.partition(" ")
        real[key] = re.sub(r"\s+default( .*)?$", "", rest).strip()
    # These depend on the machine, or are nothing.
    real.update({"data": "~/.local/share/roomwire", "loops": "one a core"})
    nothing = ("cors.origins", "tokens.daily", "proxy.trusted", "proxy.header", "tls.certificate", "tls.key")
    real.update({key: "none" for key in nothing})
    told = {key: "no bound" if default == "0" else default for key, default, _ in table("Settings")}
    assert told == real


def test_every_reason_of_a_refusal_is_explained():
    source = (roomwire.ROOT / "Sources/Access/AccessRefusal.swift").read_text().split("public let reason", 1)[0]
    reasons = {raw or re.sub("[A-Z]", lambda c: "_" + c[0].lower(), name)
               for name, raw in re.findall(r'^ +case (\w+)(?: = "(\w+)")?$', source, re.MULTILINE)}
    rows = README.split("### When a token is refused", 1)[1].split("\n\n### ", 1)[0]
    told = {reason for row in re.findall(r"^\| (`[^|]+) \|", rows, re.MULTILINE) for reason in re.findall(r"`(\w+)`", row)}
    assert told == reasons


def test_every_link_inside_leads_somewhere():
    headings = re.findall(r"^##+ (.*)$", README, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r"\]\(#([^)]+)\)", README)
    assert links and set(links) <= set(anchors)


SETTINGS = [
    text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    if re.search(r"^(sources|proxy|tokens):", text, re.MULTILINE)]


@pytest.mark.parametrize("yaml", SETTINGS, ids=range(len(SETTINGS)))
def test_the_yaml_can_be_used(folder, yaml):
    (folder / "roomwire.yaml").write_text(yaml)
    done = roomwire.command(
        "check", "--config", str(folder / "roomwire.yaml"), LIVEKIT_API_SECRET="s" * 32, LIVEKIT_API_KEY="APIabc",
        DAILY_WEBHOOK_SECRET=roomwire.DAILY_SECRET, APP_WEBHOOK_SECRET=roomwire.STANDARD_SECRET, DATABASE_WEBHOOK_SECRET="database-secret",
        ROOMWIRE_TOKEN_SECRET=roomwire.TOKEN_SECRET, SUPABASE_JWT_SECRET=roomwire.TOKEN_SECRET)
    assert done.returncode == 0, done.stderr


def test_the_yaml_for_supabase_takes_tokens_like_theirs(start, folder):
    secret = "the secret of a project, which Supabase has made"
    (folder / "supabase.yaml").write_text(block("yaml", "SUPABASE_JWT_SECRET"))
    relay = start({}, ["--config", str(folder / "supabase.yaml")], {"SUPABASE_JWT_SECRET": secret})

    def token(secret=secret, **changes):
        # The claims of an access token of Supabase Auth.
        now = int(time.time())
        claims = {
            "iss": "https://abc.supabase.co/auth/v1", "sub": "5f3f7c1e-ada", "aud": "authenticated", "exp": now + 3600,
            "iat": now, "email": "ada@example.com", "phone": "", "role": "authenticated", "aal": "aal1",
            "app_metadata": {"provider": "email", "providers": ["email"], "rooms": ["call_42"]},
            "user_metadata": {"rooms": ["*"]}, "amr": [{"method": "password", "timestamp": now}],
            "session_id": "0b9f", "is_anonymous": False, **changes,
        }
        return jwt.encode(claims, secret, "HS256")

    connected = clients.subscribe(relay, "", token()).control("connected")
    assert connected["user"] == "5f3f7c1e-ada"
    assert connected["granted"]["rooms"] == ["call_42"]
    assert relay.get("/events?room=call_43", token()).status_code == 403
    refused = {
        "bad_signature": token("another secret of more than 32 bytes"), "wrong_audience": token(aud="anon"),
        "expired": token(exp=1), "unknown_issuer": token(iss="https://def.supabase.co/auth/v1"),
        "grant_covers_nothing": token(app_metadata={"provider": "email"}),
    }
    for reason, made in refused.items():
        assert relay.get("/events", made).json()["reason"] == reason


def test_the_python_mints_tokens_that_work(shared, monkeypatch):
    monkeypatch.setenv("ROOMWIRE_TOKEN_SECRET", roomwire.TOKEN_SECRET)
    names = {}
    exec(block("python", "def mint"), names)
    assert clients.subscribe(shared, "", names["mint"]("ada", ["call_*"])).control("connected")["user"] == "ada"


@pytest.mark.skipif(not shutil.which("node"), reason="no Node here")
def test_the_javascript_mints_tokens_that_work(shared, folder):
    script = block("js", "createHmac") + '\nconsole.log(mint("ada", ["call_*"]));\n'
    (folder / "mint.mjs").write_text(script)
    minted = subprocess.run(
        ["node", str(folder / "mint.mjs")], env=roomwire.clean_environment(ROOMWIRE_TOKEN_SECRET=roomwire.TOKEN_SECRET),
        capture_output=True, text=True, timeout=60)
    assert clients.subscribe(shared, "", minted.stdout.strip()).control("connected")["user"] == "ada"


def test_the_example_of_an_event_is_one(shared):
    example = json.loads(block("json", "participant_joined"))
    stream = clients.subscribe(shared, "room=call_42")
    now = str(clients.milliseconds(example["id"]))
    body = json.loads(providers.livekit_body("participant_joined", "call_42", "ada"))
    body["participant"]["joinedAt"] = now[:-3]
    providers.post_livekit(shared, json.dumps(body).encode())
    event = stream.wait_events(1)[0]
    assert list(event) == list(example)
    assert list(event["data"]) == list(example["data"])
    for name in ("room", "participant"):
        assert event["data"][name].keys() == example["data"][name].keys()


@pytest.mark.parametrize("word", ["-N -H", "Last-Event-ID", "x-ndjson", "/api/rooms |"])
def test_the_curl_commands_work_when_pasted(start, folder, word):
    """With the relay's own port in place of 3001, and `roomwire` on the path."""
    relay = start({}, flags=["--demo"])
    told = block("bash", word).replace("127.0.0.1:3001", f"127.0.0.1:{relay.port}")
    if "TOKEN=" not in told:
        told = "TOKEN=$(roomwire token --user me)\n" + told
    tools = folder / "tools"
    tools.mkdir()
    (tools / "roomwire").write_text(f'#!/bin/sh\nexec "{roomwire.BINARY}" "$@"\n')
    (tools / "roomwire").chmod(0o755)
    environment = roomwire.clean_environment(ROOMWIRE_DATA=str(relay.folder / "data"), ROOMWIRE_URL=relay.base)
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    sent = subprocess.run(
        ["bash", "-c", "roomwire send --source demo --scenario meeting --room call_42 --speed 1000"], env=environment,
        capture_output=True, text=True, timeout=60)
    assert sent.returncode == 0, sent.stderr
    output = folder / "output.txt"
    with open(output, "wb") as file, subprocess.Popen(
            ["bash", "-c", told], env=environment, stdout=file, stderr=subprocess.PIPE, start_new_session=True) as run:
        try:
            roomwire.wait_until(lambda: b"\n" in output.read_bytes(), "the first output")
        finally:
            subprocess.run(["kill", "-KILL", "--", f"-{run.pid}"], check=False, capture_output=True)


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl")
def test_the_secret_for_daily_is_one_that_the_relay_takes(folder):
    line = next(line for line in README.split("\n") if line.startswith("export DAILY_WEBHOOK_SECRET="))
    secret = subprocess.run(
        ["bash", "-c", f"{line}; echo $DAILY_WEBHOOK_SECRET"], capture_output=True, text=True).stdout.strip()
    assert roomwire.command("check", DAILY_WEBHOOK_SECRET=secret).returncode == 0


def test_the_claims_in_the_table_are_those_of_the_commands_tokens(folder):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings()))
    made = roomwire.command("token", "--user", "ada", "--room", "a", "--type", "b", "--raw", folder=folder)
    claims = jwt.decode(made.stdout.strip(), roomwire.TOKEN_SECRET, ["HS256"])
    told = " ".join(row[0] for row in table("Tokens"))
    for name in ("sub", "exp", *(f"roomwire.{name}" for name in claims["roomwire"] if name not in ("admin",))):
        assert name in told, name


def recipe(relay, word):
    """A script of README.md's, run in a shell with its variables set."""
    script = f'TOKEN={roomwire.token()}\nRELAY={relay.url("")}\n' + block("bash", word)
    return subprocess.Popen(
        ["bash", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)


def end(process):
    """Ends a script with all that it started."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(roomwire.DEADLINE_SECONDS)


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is missing")
def test_the_recipes_for_scripts_do_what_they_say(start):
    relay = start()

    def streams(count):
        roomwire.wait_until(lambda: relay.streams() == count, f"{count} streams")

    follow, finished = recipe(relay, "room=call_42&format"), recipe(relay, "type=room_finished&limit=1")
    streams(2)
    providers.post_meeting(relay, "elsewhere", ["bob"])
    assert finished.communicate(timeout=roomwire.DEADLINE_SECONDS)[0] == "elsewhere\n"
    providers.post_meeting(relay, "call_42", ["ada"])
    told = ["room_started ", "participant_joined ada", "participant_left ada", "room_finished "]
    assert [follow.stdout.readline().rstrip("\n") for _ in told] == told
    end(follow)

    dump = recipe(relay, "since=10m").communicate(timeout=roomwire.DEADLINE_SECONDS)[0]
    rooms = [json.loads(line)["room"] for line in dump.splitlines()]
    assert rooms == ["elsewhere"] * 4 + ["call_42"] * 4

    poll = recipe(relay, "wait=25s")
    lines = [poll.stdout.readline() for _ in range(8)]
    assert lines[0] == "room_started elsewhere\n"
    streams(1)
    providers.post_livekit(relay, providers.livekit_body("room_started", "later"))
    assert poll.stdout.readline() == "room_started later\n"
    end(poll)


def test_the_python_that_publishes_a_call_rings_at_the_callee(shared):
    code = block("python", "standardwebhooks").replace("whsec_...", roomwire.STANDARD_SECRET)
    with clients.subscribe(shared, "type=call.*", roomwire.token("bob", rooms=[])) as bob:
        exec(code.replace("http://127.0.0.1:3001", shared.base), {})
        bob.wait_for("call.ringing")
        assert bob.events[0]["data"]["from"] == "ada"
