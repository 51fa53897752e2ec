"""What deploy/README.md and the articles on operation say is true."""

import re
import shutil
import subprocess

import pytest
import yaml

import clients
import documentation
import providers
import relay as roomwire

README = (roomwire.ROOT / "deploy" / "README.md").read_text()


def test_every_file_that_it_names_is_there():
    named = set(re.findall(r"`(?:deploy/)?((?:\./)?(?:systemd|debian|nginx|caddy|docker|kubernetes|prometheus|grafana)/[\w./-]*|"
                           r"\./run\.sh|package\.sh)`", README))
    assert len(named) > 10
    for name in named:
        assert (roomwire.ROOT / "deploy" / name).exists(), name


def test_it_names_every_alert():
    rules = yaml.safe_load((roomwire.ROOT / "deploy" / "prometheus" / "roomwire.rules.yml").read_text())
    alerts = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    rows = {alert: line.rstrip().rstrip("|").endswith("yes ")
            for line in documentation.section("Operating", "Alerts").splitlines() if line.startswith("| `Roomwire")
            for alert in re.findall(r"`(Roomwire\w+)`", line)}
    assert rows == {alert: rule["labels"]["severity"] == "critical" for alert, rule in alerts.items()}


def test_the_numbers_are_those_of_the_arithmetic():
    """The table against the formulas above it, to within the rounding."""
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) (\w+) \| ([\d.]+) (\w+) \| ([\d,]+) \|$",
                      documentation.section("Limits", "Capacity"), re.MULTILINE)
    assert len(rows) == 3
    for streams, relay, relay_unit, whole, whole_unit, files in rows:
        count = int(streams.replace(",", ""))
        mebibytes = {"MiB": 1, "GiB": 1024}
        own = 100 + count * 5 / 1024
        assert float(relay) * mebibytes[relay_unit] == pytest.approx(own, rel=0.02)
        assert float(whole) * mebibytes[whole_unit] == pytest.approx(own + count * 41 / 1024, rel=0.02)
        assert int(files.replace(",", "")) == count + 200


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="there is no sqlite3 here")
def test_a_backup_of_a_running_relay_can_be_started_from(start, folder):
    relay = start()
    providers.post_meeting(relay, "kept")
    with clients.subscribe(relay, "lastEventId=0") as stream:
        kept = [event["id"] for event in stream.wait_for("room_finished")]
    told = re.search(r"sqlite3 /var/lib/roomwire/log.sqlite (\".*\")", documentation.ARTICLES["Operating"])[0]
    told = told.replace("/var/lib/roomwire", str(relay.data))
    done = subprocess.run(["bash", "-c", told], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    providers.post_meeting(relay, "lost")
    with clients.subscribe(relay, "lastEventId=0") as stream:
        last = [event["id"] for event in stream.wait_events(12)][-1]
    relay.kill()
    for path in relay.data.glob("log.sqlite*"):
        path.unlink()
    (relay.data / "backup.sqlite").rename(relay.data / "log.sqlite")
    relay.start()
    with clients.subscribe(relay, "lastEventId=0") as stream:
        stream.wait_for("room_finished")
        assert stream.ids == kept
    with clients.subscribe(relay, f"lastEventId={last}") as stream:
        assert stream.control("resync")["reason"]


def test_tokens_of_two_issuers_are_taken_while_a_secret_is_rotated(start):
    new, old = "the new secret, which has more than 32 bytes", roomwire.TOKEN_SECRET
    relay = start(tokens={"issuers": [{"name": "new", "hs256": new}, {"name": "own", "hs256": old}]})
    for secret in (new, old):
        clients.subscribe(relay, "", roomwire.token(secret=secret)).close()
