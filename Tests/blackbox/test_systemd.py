"""The units, by systemd's own judgement."""

import re
import shutil
import subprocess

import pytest

import relay as roomwire

UNITS = roomwire.ROOT / "deploy" / "systemd"
# What systemd-analyze's exposure score may be at most. Below 2 systemd says OK; it was 1.2.
MOST_EXPOSURE = 1.5

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")


def seconds(text):
    """A span as systemd and the settings write it: 20s, 2min, 1m."""
    number, unit = re.fullmatch(r"(\d+)(s|m|min)", text).groups()
    return int(number) * (1 if unit == "s" else 60)


def values(unit, key):
    text = (UNITS / unit).read_text()
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@pytest.fixture
def units(folder):
    """The units with this build's binary in place of the installed one."""
    for unit in ("roomwire.service", "roomwire.socket"):
        (folder / unit).write_text((UNITS / unit).read_text().replace("/usr/bin/roomwire", roomwire.BINARY))
    return folder


def test_systemd_finds_nothing_wrong_with_the_units(units):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units / "roomwire.service", units / "roomwire.socket"],
        capture_output=True, text=True, timeout=60)
    # Other units of the machine may have faults of their own.
    assert done.returncode == 0 and "roomwire" not in done.stderr, done.stderr


def test_the_service_is_exposed_no_more_than_it_must_be(units):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", units / "roomwire.service"],
        capture_output=True, text=True, timeout=60)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE, done.stdout


def test_systemd_waits_longer_than_the_drain_takes():
    shown = roomwire.command("check").stdout
    drain = seconds(re.search(r"^drain +(\S+)", shown, re.MULTILINE)[1])
    assert seconds(values("roomwire.service", "TimeoutStopSec")[0]) >= drain + 10


def test_the_socket_is_where_the_relay_would_listen():
    shown = roomwire.command("check").stdout
    assert values("roomwire.socket", "ListenStream") == [re.search(r"^listen +(\S+)", shown, re.MULTILINE)[1]]


def test_settings_that_cannot_be_used_are_not_tried_again(folder):
    (folder / "roomwire.yaml").write_text("lisen: 127.0.0.1:3001\n")
    status = values("roomwire.service", "RestartPreventExitStatus")
    done = roomwire.command("serve", "--config", str(folder / "roomwire.yaml"), "--data", str(folder / "data"))
    assert [str(done.returncode)] == status, done.stderr
