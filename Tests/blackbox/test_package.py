"""The Debian package: built from this build's binary, looked into, installed, run, removed."""

import grp
import json
import os
import pathlib
import pwd
import re
import shutil
import shlex
import signal
import stat
import subprocess

import pytest
import requests

import clients
import providers
import relay as roomwire
from relay import run

SETTINGS = pathlib.Path("/etc/roomwire/roomwire.yaml")
VARIABLES = pathlib.Path("/etc/default/roomwire")
STATE = pathlib.Path("/var/lib/roomwire")


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "-x", str(package), str(folder))
    return folder


def test_it_holds_what_a_service_needs_and_belongs_to_root(package):
    rights = {}
    for line in run("dpkg-deb", "-c", str(package)).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        assert owner == "root/root", line
        rights[path.removeprefix(".")] = mode
    assert rights["/usr/bin/roomwire"] == "-rwxr-xr-x"
    for path in ("/lib/systemd/system/roomwire.service", "/lib/systemd/system/roomwire.socket",
                 "/usr/share/man/man1/roomwire.1.gz", "/usr/share/doc/roomwire/copyright",
                 "/usr/share/doc/roomwire/changelog.gz", "/usr/share/bash-completion/completions/roomwire"):
        assert rights[path] == "-rw-r--r--", path
    for path in (SETTINGS, VARIABLES):
        assert rights[str(path)] == "-rw-r-----", f"{path} may hold secrets"


def test_it_depends_on_the_libraries_of_the_binary(package):
    depends = run("dpkg-deb", "-f", str(package), "Depends")
    for library in ("adduser", "libc6", "libevent-core-2.1-7", "libsqlite3-0"):
        assert re.search(rf"(^|, ){re.escape(library)}\b", depends), depends


@pytest.mark.skipif(not shutil.which("lintian"), reason="there is no lintian here")
def test_lintian_finds_no_errors(package, folder):
    rules = ["--suppress-tags", "custom-library-search-path"] if swift_libraries() else []
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", *rules, str(package)],
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man here")
def test_the_manual_page_renders_and_names_every_command_and_flag(unpacked):
    page = unpacked / "usr/share/man/man1/roomwire.1.gz"
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)], capture_output=True, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    text = run("man", "-l", str(page), env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "500", "MAN_KEEP_FORMATTING": ""})
    root = json.loads(run(roomwire.BINARY, "--experimental-dump-help"))["command"]
    for command in root["subcommands"]:
        if command["commandName"] == "help":
            continue
        assert f"roomwire {command['commandName']}" in text
        for argument in command["arguments"]:
            for name in argument.get("names", []):
                dashes = "--" if name["kind"] == "long" else "-"
                assert not argument["shouldDisplay"] or dashes + name["name"] in text, name


def test_the_default_settings_can_be_used_as_they_are_and_with_every_comment_taken_away(unpacked, folder):
    shipped = unpacked / str(SETTINGS)[1:]
    assert roomwire.command("check", "--config", str(shipped)).returncode == 0
    # Comments for people begin with a blank; settings begin at once, or with the blanks of their indent.
    whole = re.sub(r"^#(?=[a-z]|  )", "", shipped.read_text(), flags=re.MULTILINE)
    assert "\nlisten: " in whole and "\n  livekit: " in whole
    (folder / "whole.yaml").write_text(whole)
    named = re.findall(r"^#([A-Z_]+)=", (unpacked / str(VARIABLES)[1:]).read_text(), re.MULTILINE)
    secrets = {"DAILY_WEBHOOK_SECRET": roomwire.DAILY_SECRET, "APP_WEBHOOK_SECRET": roomwire.STANDARD_SECRET,
               "LIVEKIT_API_KEY": roomwire.LIVEKIT_KEY}
    variables = {name: secrets.get(name, roomwire.TOKEN_SECRET) for name in named}
    done = roomwire.command("check", "--config", str(folder / "whole.yaml"), **variables)
    assert done.returncode == 0, done.stderr


def swift_libraries():
    """The folders outside the system's in which the binary looks for libraries: those of Swift, in a debug build."""
    found = re.search(r"RUNPATH.*\[(.*)\]", run("readelf", "-d", roomwire.BINARY))
    return [path for path in (found[1].split(":") if found else []) if not path.startswith("$ORIGIN")]


def why_not_here():
    """Why the package should not be installed on this machine, if it should not."""
    if os.geteuid() != 0:
        return "only root may install packages"
    if pathlib.Path("/run/systemd/system").exists() and not os.environ.get("CI"):
        return "this machine runs systemd: a service would be started on it"
    if pathlib.Path("/usr/bin/roomwire").exists() or STATE.exists() or SETTINGS.exists():
        return "roomwire is installed here"
    for path in swift_libraries():
        for part in [pathlib.Path(path), *pathlib.Path(path).parents]:
            if not part.stat().st_mode & stat.S_IXOTH:
                return f"the user roomwire may not look into {part}, where Swift's libraries are"
    return None


def dpkg(*arguments):
    """Waits for whoever else is installing something."""
    def done():
        done = subprocess.run(["dpkg", *arguments], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        assert done.returncode == 0 or "lock" in done.stderr, done.stdout + done.stderr
        return done.returncode == 0

    roomwire.wait_until(done, "dpkg's lock", seconds=120)


class Installed:
    """The relay as the unit starts it: its command line, its user, its variables, no rights besides."""

    def __init__(self, folder):
        unit = pathlib.Path("/lib/systemd/system/roomwire.service").read_text()
        self.command = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])
        self.user = re.search(r"^User=(.*)$", unit, re.MULTILINE)[1]
        self.log = folder / "installed.txt"

    def variables(self):
        pairs = re.findall(r"^([A-Z_]+)=(.*)$", VARIABLES.read_text(), re.MULTILINE)
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **dict(pairs)}

    def as_user(self, *command):
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups", "--no-new-privs",
                "--inh-caps=-all", "--bounding-set=-all", *command]

    def start(self):
        self.port = int(self.variables()["ROOMWIRE_LISTEN"].rpartition(":")[2])
        self.base = f"http://127.0.0.1:{self.port}"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.as_user(*self.command), env=self.variables(), cwd="/", stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

        def answers():
            assert self.process.poll() is None, self.log.read_text()
            try:
                return requests.get(self.base + "/healthz", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        roomwire.wait_until(answers, "the installed relay")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(roomwire.DEADLINE_SECONDS) == 0, self.log.read_text()

    def url(self, path):
        return f"{self.base}/api{path}"

    def post(self, source, headers, body):
        return requests.post(self.url(f"/webhooks/{source}"), body, headers=headers, timeout=roomwire.DEADLINE_SECONDS)

    def token(self):
        command = self.as_user("roomwire", "token", "--config", str(SETTINGS), "--user", "ada")
        return run(*command, env=self.variables(), cwd="/").strip()


def names_left():
    """What a purged package must not leave behind."""
    left = [path for path in (SETTINGS.parent, VARIABLES, STATE, pathlib.Path("/usr/bin/roomwire")) if path.exists()]
    for folder in ("/etc/systemd/system", "/lib/systemd/system", "/var/lib/systemd", "/usr/share"):
        left += [path for path in pathlib.Path(folder).rglob("*roomwire*") if pathlib.Path(folder).exists()]
    left += [entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "roomwire"]
    return left + [entry.gr_name for entry in grp.getgrall() if entry.gr_name == "roomwire"]


@pytest.fixture
def system():
    """A machine without the package, before and after."""
    if reason := why_not_here():
        pytest.skip(reason)
    yield
    subprocess.run(["dpkg", "--purge", "roomwire"], capture_output=True, timeout=120)


def test_it_is_installed_run_upgraded_removed_and_purged(package, folder, system):
    dpkg("-i", str(package))
    user = pwd.getpwnam("roomwire")
    assert user.pw_shell == "/usr/sbin/nologin" and user.pw_dir == str(STATE) and user.pw_uid < 1000
    for path in (SETTINGS, VARIABLES):
        assert (path.owner(), path.group(), stat.S_IMODE(path.stat().st_mode)) == ("root", "roomwire", 0o640)
    assert (STATE.owner(), stat.S_IMODE(STATE.stat().st_mode)) == ("roomwire", 0o700)
    for wanted in ("multi-user.target.wants/roomwire.service", "sockets.target.wants/roomwire.socket"):
        assert pathlib.Path("/etc/systemd/system", wanted).is_symlink(), "it starts at boot"

    # An operator's changes.
    with open(VARIABLES, "a") as file:
        file.write(f"ROOMWIRE_LISTEN=127.0.0.1:{roomwire.free_port()}\nLIVEKIT_API_KEY={roomwire.LIVEKIT_KEY}\n"
                   f"LIVEKIT_API_SECRET={roomwire.LIVEKIT_SECRET}\n")
    changed = VARIABLES.read_text()

    relay = Installed(folder)
    relay.start()
    try:
        assert pathlib.Path(f"/proc/{relay.process.pid}").owner() == "roomwire"
        status = pathlib.Path(f"/proc/{relay.process.pid}/status").read_text()
        assert re.search(r"CapEff:\s+0+\n", status) and re.search(r"NoNewPrivs:\s+1\n", status)
        providers.post_meeting(relay)
        with clients.subscribe(relay, "lastEventId=0", relay.token()) as stream:
            assert stream.wait_for("room_finished")[0]["type"] == "room_started"
            last = stream.ids[-1]
        for path in STATE.iterdir():
            assert path.owner() == "roomwire" and not path.stat().st_mode & 0o077, path
    finally:
        relay.stop()

    dpkg("-i", "--force-confold", str(package))
    assert VARIABLES.read_text() == changed
    relay.start()
    try:
        with clients.subscribe(relay, "lastEventId=0", relay.token()) as stream:
            assert stream.wait_for("room_finished")[-1]["id"] == last, "an upgrade keeps the log"
    finally:
        relay.stop()

    dpkg("--remove", "roomwire")
    assert not pathlib.Path("/usr/bin/roomwire").exists()
    assert VARIABLES.read_text() == changed and any(STATE.iterdir()), "what is removed may come back"
    dpkg("--purge", "roomwire")
    assert names_left() == []
