"""What README.md and the articles say is true: their examples run, and their tables are those of the program."""

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import jwt
import pytest
import requests

import client_table
import clients
import documentation
import providers
import relay as roomwire
from documentation import ARTICLES, PAGES, block, blocks, section, source, table, tables, words


# Tables


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
    rows = table("Settings", "Every setting")
    told = {key.strip("`"): default.strip("`") for key, default, _ in rows}
    assert {key: "no bound" if default == "0" else default for key, default in told.items()} == real
    assert all(meaning for _, _, meaning in rows)


def test_every_option_of_a_source_and_of_an_issuer_is_explained():
    options = {"provider", "keys", "secrets"}
    for path, text in documentation.swift_files().items():
        if "Webhooks" in path.parts:
            options |= set(re.findall(r'\w*[oO]ption = "(\w+)"', text))
            for names in re.findall(r"plainOptions: Set = \[(.*?)\]", text):
                options |= set(re.findall(r'"(\w+)"', names))
    assert len(options) >= 9
    assert {words(row[0])[0] for row in table("Settings", "A source")} == options
    text = documentation.source("IssuerReader.swift")
    lists = [text.split(start, 1)[1].split("]", 1)[0] for start in ("names =", "keyKinds =")]
    names = set(re.findall(r'"(\w+)"', "".join(lists)))
    assert len(names) >= 13
    told = {words(row[0])[0] for rows in tables(section("Settings", "An issuer")) for row in rows}
    assert told | {"name"} == names


def test_every_parameter_of_a_stream_is_explained(shared):
    told = {word.rstrip("=").partition("=")[0] for row in table("Subscribing", "Parameters") for word in words(row[0])}
    known = set(re.findall(r'^ +case "(\w+)"(?:, "(\w+)")?:', documentation.source("StreamQuery.swift"), re.MULTILINE))
    known = {name for pair in known for name in pair if name} - {"1", "0", "true", "false"} | {"ticket"}
    assert len(known) >= 16
    # Values stand in that column as well: format=sse, `ndjson`.
    assert told - {"ndjson", "json", "stream"} == known
    for name in sorted(known - {"access_token", "ticket"}):
        answer = shared.get(f"/events?wait=0&{name}=%01", roomwire.token())
        assert "no parameter" not in answer.text.lower(), answer.text


def test_every_type_of_event_and_every_message_is_explained(shared):
    schema = shared.get("/schema/roomwire.d.ts").text
    kinds = set(re.findall(r'^  type: "(\w+)";$', schema, re.MULTILINE))
    events = {kind for row in table("EventsAndMessages", "Types") for kind in words(row[0])}
    messages = {words(row[0])[0] for row in table("EventsAndMessages", "Messages of the relay")}
    # The types of other senders are patterns of their own.
    events -= {"standard", "supabase", "providerEvent", "<table>.insert", ".update", ".delete"}
    assert len(kinds) > 45 and not events & messages
    assert events | messages == kinds


def test_every_member_of_events_and_messages_is_explained(shared):
    shapes = shared.get("/schema/events.json").json()["$defs"]

    def members(name):
        found = shapes[name]
        required = set(found.get("required", [])) - {"type"}
        return required, set(found["properties"]) - required - {"type"}

    told = {row[0].strip("`"): row[1] for row in table("EventsAndMessages", "Events")}
    required, optional = members("RoomwireEvent")
    assert {name for name, when in told.items() if when == "always"} == required | {"type"}
    assert {name for name, when in told.items() if when != "always"} == optional
    names = {"room": "Room", "participant": "Participant", "track": "Track", "recording": "Activity", "call": "Call"}
    # What is in brackets explains the member before it.
    rows = {words(row[0])[0]: [set(words(re.sub(r"\(.*?\)", "", cell))) for cell in row[1:]]
            for row in table("EventsAndMessages", "Members of data")}
    assert {name: tuple(rows[name]) for name in names} == {name: members(shape) for name, shape in names.items()}
    for row in table("EventsAndMessages", "Messages of the relay"):
        kind = words(row[0])[0]
        required, optional = members(f"control_{kind}")
        # Values of a member stand behind it, as those of `reason` do.
        named = words(re.sub(r": .*?(;|$)", "", row[2]))
        assert required | optional == set(named), kind


def test_every_event_of_daily_and_whereby_is_in_the_table():
    told = {(name, kind) for row in table("ConnectingAProvider", "What becomes of their events")
            for cell in row[:2] for name in words(cell) for kind in words(row[2])}
    real = set()
    for file in ("DailyEvent.swift", "WherebyEvent.swift"):
        for name, kind in re.findall(r'^ +"([\w.-]+)": \(\.(\w+),', documentation.source(file), re.MULTILINE):
            real.add((name, re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), kind)))
    assert len(real) > 25 and told == real


def test_every_client_of_the_matrix_is_in_the_table():
    told = {name: row[1].startswith("yes") for row in table("Subscribing", "Clients that are tested")
            for name in words(row[0]) if name != "refuse=stream"}
    assert told == {re.sub("-https?$", "", row.name): "drain" not in row.left_out for row in client_table.ROWS}


def reasons_of_source():
    """Every word that may be the reason of a refusal, read from the sources."""
    found = set()
    for path, text in documentation.swift_files().items():
        for pattern in (r'Problem\(\s*\d+, "(\w+)"', r'unavailable\(\s*"(\w+)"', r'reason: "(\w+)"'):
            found |= set(re.findall(pattern, text))
        for enum in re.findall(r"enum Reason: String[^{]*\{(.*?)\n    \}", text, re.DOTALL):
            found |= {raw or name for name, raw in re.findall(r'^ +case (\w+)(?: = "(\w+)")?$', enum, re.MULTILINE)}
        if "struct DoorRefusal" in text:
            found |= set(re.findall(r'(?:case \d+|default): "(\w+)"', text))
        for words in re.findall(r"static let reasons = .*?\[(.*?)\]", text):
            found |= set(re.findall(r'"(\w+)"', words))
    return found


def test_every_reason_of_a_refusal_is_explained():
    reasons = reasons_of_source()
    some = {"missing_token", "bad_signature", "too_large", "per_user", "not_found", "not_kept"}
    assert len(reasons) > 35 and some <= reasons
    access = {word for row in table("TokensAndGrants", "When a token is refused") for word in words(row[0])}
    enum = re.split(r"\n    }\n", documentation.source("AccessRefusal.swift"), maxsplit=1)[0]
    assert access == {raw or name for name, raw in re.findall(r'^ +case (\w+)(?: = "(\w+)")?$', enum, re.MULTILINE)}
    signatures = {word for row in table("ConnectingAProvider", "When a signature fails") for word in words(row[0])}
    others = {word for row in table("EventsAndMessages", "Refusals") for word in words(row[1])}
    told = access | signatures | others
    resync = {word for row in table("EventsAndMessages", "Messages of the relay") if "`resync`" in row[0]
              for word in words(row[2])}
    assert reasons <= told | resync, reasons - told - resync
    # Nothing is told that the sources do not have, as a text or as the name of a case.
    text = "\n".join(documentation.swift_files().values())
    assert [reason for reason in told if f'"{reason}"' not in text and f"case {reason}\n" not in text] == []


def test_the_table_of_metrics_names_what_the_page_has(start):
    relay = start({})
    page = requests.get(relay.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    there = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    told = [name for row in table("Operating", "Metrics") for name in words(row[1])]
    assert sorted(told) == sorted(there)


def test_every_end_of_a_stream_is_explained(start):
    page = requests.get(start({}).base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    there = set(re.findall(r'^roomwire_streams_ended_total{reason="(\w+)"}', page, re.MULTILINE))
    told = {word for row in table("Operating", "Why streams end") for word in words(row[0])}
    assert len(there) >= 10 and told == there


def test_the_claims_in_the_table_are_those_of_the_commands_tokens(folder):
    (folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings()))
    made = roomwire.command("token", "--user", "ada", "--room", "a", "--type", "b", "--raw", "--admin", folder=folder)
    claims = jwt.decode(made.stdout.strip(), roomwire.TOKEN_SECRET, ["HS256"])
    told = " ".join(row[0] for row in table("TokensAndGrants", "Your own tokens"))
    for name in ("sub", "exp", *(f"roomwire.{name}" for name in claims["roomwire"])):
        assert name in told, name


def test_the_table_of_targets_has_their_imports():
    """The imports in Sources, with the C libraries, against the picture's table."""
    targets = {path.name for path in (roomwire.ROOT / "Sources").iterdir() if path.is_dir()}
    real = {target: set() for target in targets if list((roomwire.ROOT / "Sources" / target).rglob("*.swift"))}
    for path, text in documentation.swift_files().items():
        own = path.relative_to(roomwire.ROOT / "Sources").parts[0]
        found = re.findall(r"^(?:@\w+ )?(?:\w+ )?import (?:\w+ )?(\w+)$", text, re.MULTILINE)
        real[own] |= (set(found) & targets) - {own}
    told = {row[0].strip("`"): set(words(row[2])) for row in table("Architecture", "The targets")}
    wrong = [f"`{target}`: {', '.join(f'`{name}`' for name in sorted(real[target]))}"
             for target in sorted(real) if told.get(target) != real[target]]
    assert not wrong and told.keys() == real.keys(), f"the table should say {wrong}"
    # Everything that a target imports stands above it.
    seen = {target for target in targets if target not in real}
    for target, imports in told.items():
        assert imports <= seen, f"{target} imports {imports - seen}"
        seen.add(target)


@pytest.mark.parametrize("article", ["Architecture", "AddingAProvider"])
def test_every_type_that_it_names_is_in_the_sources(article):
    text = "\n".join([*documentation.swift_files().values(), *(
        path.read_text() for path in (roomwire.ROOT / "Tests").rglob("*.swift"))])
    known = set(re.findall(r"\b(?:class|struct|enum|protocol|actor|typealias) (\w+)", text))
    folders = [*(roomwire.ROOT / "Sources").rglob("*"), *(roomwire.ROOT / "Tests").iterdir()]
    known |= {path.name for path in folders if path.is_dir()}
    prose = re.sub(r"^```.*?^```", "", ARTICLES[article], flags=re.DOTALL | re.MULTILINE)
    named = {word for word in re.findall(r"`([A-Z][A-Za-z]+)`", prose) if not word.isupper()}
    assert len(named) > 5 and named - known <= {"Sources", "Tests"}


def test_every_test_that_the_hardening_names_is_there():
    tests = [path for path in (roomwire.ROOT / "Tests").rglob("*") if path.suffix in (".swift", ".py")]
    known = {name for path in tests for name in re.findall(r"\b(?:func|def) (\w+)\(", path.read_text())}
    rows = [row for rows in tables(ARTICLES["Hardening"]) for row in rows]
    named = [(row[0], words(row[2])) for row in rows]
    assert len(named) > 60 and all(names or row[2] == "the same" for row, (_, names) in zip(rows, named))
    lost = {name for _, names in named for name in names} - known
    assert not lost, lost


def test_the_sketch_of_a_provider_has_the_protocols_functions():
    def functions(text):
        found = re.findall(r"(?:func \w+|init)\(.*?(?= *[{}/\n]* *\{|\n)", text)
        return {re.sub(r"\s+", " ", line).strip() for line in found}

    told = functions(next(text for text in blocks("swift") if "struct Acme" in text))
    real = functions(documentation.source("Provider.swift").split("extension Provider", 1)[0])
    assert len(told) == 4 and told <= real, told - real


# Pages and links


def anchor(heading):
    """A heading's anchor on code hosts."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def anchors(text):
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    found = [anchor(heading) for heading in re.findall(r"^##+ (.*)$", prose, re.MULTILINE)]
    assert len(set(found)) == len(found), found
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(roomwire.ROOT)))
def test_every_link_leads_somewhere(path):
    for place, part in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", PAGES[path]):
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), place
        assert not part or part in anchors(PAGES[target]), f"{place}#{part}"
    for name in re.findall(r"`((?:deploy|Sources|Tests|loadtest)/[\w./-]*)`", PAGES[path]):
        assert (roomwire.ROOT / name).exists(), name


def test_every_article_is_reached_from_the_front_pages():
    others = set(ARTICLES) - {"Documentation"}
    front = PAGES[roomwire.ROOT / "README.md"]
    assert {name for name in others if f"Documentation.docc/{name}.md" in front} == others
    first, topics = ARTICLES["Documentation"].split("## Topics", 1)
    assert set(re.findall(r"\]\((\w+)\.md\)", first)) == others
    assert re.findall(r"<doc:(\w+)>", topics) and set(re.findall(r"<doc:(\w+)>", topics)) == others
    # Code hosts do not show DocC's own links.
    assert not [name for name in others if "<doc:" in ARTICLES[name]]


def test_the_front_page_is_short():
    assert len(PAGES[roomwire.ROOT / "README.md"].splitlines()) <= 150


def test_the_figures_of_the_front_page_are_measured_ones():
    """Each figure of its table stands in the load tester's tables."""
    measured = PAGES[roomwire.ROOT / "loadtest" / "README.md"]
    rows = tables(PAGES[roomwire.ROOT / "README.md"].split("## What makes it different", 1)[1])[0]
    figures = [cell for row in rows for cell in row[1:] if cell]
    assert len(figures) > 20 and [figure for figure in figures if f"| {figure} " not in measured] == []


def test_the_version_is_one():
    version = roomwire.run(roomwire.BINARY, "--version").strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert re.findall(r"^## (.*)$", ARTICLES["Changelog"], re.MULTILINE)[0] == version
    assert (roomwire.ROOT / "deploy" / "debian" / "changelog").read_text().startswith(f"roomwire ({version}) ")


# Examples


@pytest.mark.parametrize("language", ["bash", "json", "python", "js"])
def test_every_example_is_of_its_language(folder, language):
    found = blocks(language)
    assert found
    for text in found:
        if language == "bash":
            roomwire.run("bash", "-n", "-c", text)
        elif language == "json":
            json.loads(text)
        elif language == "python":
            ast.parse(text)
        elif shutil.which("node"):
            (folder / "example.mjs").write_text(text)
            roomwire.run("node", "--check", str(folder / "example.mjs"))


SETTINGS = [
    text for text in blocks("yaml") if re.search(r"^(sources|proxy|tokens):", text, re.MULTILINE)]


@pytest.mark.parametrize("yaml", SETTINGS, ids=range(len(SETTINGS)))
def test_the_yaml_can_be_used(folder, yaml):
    (folder / "roomwire.yaml").write_text(yaml)
    done = roomwire.command(
        "check", "--config", str(folder / "roomwire.yaml"), LIVEKIT_API_SECRET="s" * 32, LIVEKIT_API_KEY="APIabc",
        DAILY_WEBHOOK_SECRET=roomwire.DAILY_SECRET, APP_WEBHOOK_SECRET=roomwire.STANDARD_SECRET,
        DATABASE_WEBHOOK_SECRET="database-secret",
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
    line = next(line for line in block("bash", "DAILY_WEBHOOK_SECRET").split("\n") if line.startswith("export "))
    secret = subprocess.run(
        ["bash", "-c", f"{line}; echo $DAILY_WEBHOOK_SECRET"], capture_output=True, text=True).stdout.strip()
    assert roomwire.command("check", DAILY_WEBHOOK_SECRET=secret).returncode == 0


def recipe(relay, word):
    """A script of the article, run in a shell with its variables set."""
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


FOLLOWERS = [
    pytest.param("python", [sys.executable, "-"], id="python"),
    pytest.param("js", ["node", "--input-type=module", "-"], id="node", marks=pytest.mark.skipif(
        not shutil.which("node"), reason="no Node here")),
]


@pytest.mark.parametrize(("language", "interpreter"), FOLLOWERS)
def test_the_clients_follow_across_a_restart_without_a_gap(start, folder, language, interpreter):
    relay = start()
    environment = roomwire.clean_environment(RELAY=relay.url(""), TOKEN=roomwire.token())
    output = folder / "output.txt"
    with open(output, "wb") as file:
        run = subprocess.Popen(interpreter, env=environment, stdin=subprocess.PIPE, stdout=file)
        run.stdin.write(block(language, "follow(process.env" if language == "js" else "def follow").encode())
        run.stdin.close()

    def told():
        return [line for line in output.read_text().splitlines() if line.startswith("participant_")]

    try:
        roomwire.wait_until(lambda: relay.streams() == 1, "the client's stream")
        providers.post_meeting(relay, "before", ["ada"])
        roomwire.wait_until(lambda: len(told()) == 2, "the first meeting")
        relay.kill()
        relay.start()
        providers.post_meeting(relay, "after", ["bob"])
        roomwire.wait_until(lambda: len(told()) >= 4, "the second meeting")
        assert told() == [f"participant_{what} {room}" for room in ("before", "after") for what in ("joined", "left")]
    finally:
        run.kill()
        run.wait()


def test_the_commands_of_the_admin_api_work_when_pasted(start):
    relay = start()
    admin = roomwire.token("root", grant={"admin": True})
    with clients.subscribe(relay, "", roomwire.token("eve")) as eve:
        eve.control("connected")

        def ask(word):
            script = f"ADMIN={admin}\n" + block("bash", word).replace("127.0.0.1:3001", f"127.0.0.1:{relay.port}")
            return json.loads(roomwire.run("bash", "-c", script))

        [stream] = ask("admin/streams")["streams"]
        told = {name for row in table("AdminAPI", "List streams") for name in words(row[0])}
        assert stream["user"] == "eve" and set(stream) <= told
        assert ask("admin/revoke") == {"user": "eve", "endedStreams": 1}
        eve.control("revoked")


def test_the_bridge_to_a_database_loses_nothing_when_either_end_is_killed(start, folder):
    relay = start()
    (folder / "store.py").write_text(block("python", "INSERT OR IGNORE"))
    (folder / "roomwire").symlink_to(roomwire.BINARY)
    environment = roomwire.clean_environment(
        PATH=f"{folder}:{os.environ['PATH']}", ROOMWIRE_URL=relay.base, ROOMWIRE_TOKEN=roomwire.token())
    bridge = block("bash", "store.py").strip()

    def stored():
        if not (folder / "events.db").exists():
            return []
        with contextlib.closing(sqlite3.connect(folder / "events.db", timeout=30)) as database:
            with contextlib.suppress(sqlite3.OperationalError):
                return [row[0] for row in database.execute("SELECT room FROM events ORDER BY rowid")]
        return []

    expected = []
    for number, end in enumerate(["tail", "store.py", "tail", None]):
        pipe = subprocess.Popen(
            ["bash", "-c", bridge], cwd=folder, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            if number == 0:
                roomwire.wait_until(lambda: relay.streams() == 1, "the bridge")
            expected += [f"call_{number}"] * 4
            providers.post_meeting(relay, f"call_{number}", ["ada"])
            roomwire.wait_until(lambda: stored() == expected, f"the events of run {number}")
        finally:
            # One end is killed and the other one ends by itself; the last time all of it is.
            if end:
                children = roomwire.run("ps", "-o", "pid=,args=", "--ppid", str(pipe.pid)).splitlines()
                [child] = [line for line in children if end in line]
                os.kill(int(child.split()[0]), signal.SIGKILL)
                if end == "store.py":
                    # tail meets the closed pipe with the next event.
                    expected += ["between"] * 4
                    providers.post_meeting(relay, "between", ["bob"])
                pipe.wait(roomwire.DEADLINE_SECONDS)
            else:
                os.killpg(pipe.pid, signal.SIGKILL)
                pipe.wait(roomwire.DEADLINE_SECONDS)

    # The variant without a state file begins after the last event that is stored.
    providers.post_meeting(relay, "later", ["eve"])
    if shutil.which("sqlite3"):
        script = block("bash", "--after").strip() + " --no-follow"
        lines = roomwire.run("bash", "-c", script, cwd=folder, env=environment).splitlines()
        assert [json.loads(line)["room"] for line in lines] == ["later"] * 4


def test_the_recording_of_the_example_is_replayed(start, folder):
    old, new = start(), start()
    (folder / "roomwire").symlink_to(roomwire.BINARY)
    providers.post_meeting(old)
    script = block("bash", "roomwire replay").replace("127.0.0.1:3002", f"127.0.0.1:{new.port}")
    environment = roomwire.clean_environment(
        PATH=f"{folder}:{os.environ['PATH']}", ROOMWIRE_URL=old.base, ROOMWIRE_TOKEN=roomwire.token(grant={"raw": True}),
        ROOMWIRE_CONFIG=str(new.folder / "roomwire.yaml"), ROOMWIRE_DATA=str(folder))
    said = roomwire.run("bash", "-c", script, cwd=folder, env=environment)
    assert said == "sent 6, accepted 6, duplicate 0, refused 0\n"
    assert [event["type"] for event in new.get("/events?format=json&since=0", roomwire.token()).json()["events"]][-1] == (
        "room_finished")


def test_the_captures_of_the_admin_api_work_when_pasted(start, folder):
    relay = start(rejects={"capture": True})
    (folder / "roomwire").symlink_to(roomwire.BINARY)
    assert relay.post("livekit", {}, b"{}").status_code == 401
    script = block("bash", "roomwire verify --source livekit reject.json").replace("127.0.0.1:3001", f"127.0.0.1:{relay.port}")
    environment = roomwire.clean_environment(
        PATH=f"{folder}:{os.environ['PATH']}", ADMIN=roomwire.token("root", grant={"admin": True}),
        ROOMWIRE_CONFIG=str(relay.folder / "roomwire.yaml"), ROOMWIRE_DATA=str(folder))
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    listed, verdict = [json.loads(line) for line in done.stdout.splitlines()]
    assert listed == {"n": 1, "capture": "kept"} and verdict["reason"] == "missing_header"


def test_the_states_of_a_capture_are_explained():
    listed = re.search(r"enum CaptureState.*?\n    }", source("RejectLog.swift"), re.DOTALL)[0]
    states = {found[1] or found[0] for found in re.findall(r'case (\w+)(?: = "(\w+)")?', listed)}
    assert {word for row in table("AdminAPI", "Captures") for word in words(row[0])} == states
