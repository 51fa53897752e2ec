#!/usr/bin/env python3
"""Takes the picture of the dashboard for the README: the relay's demo as Debian's Chromium shows it.

    .build/blackbox-venv/bin/python deploy/dashboard-picture.py

ROOMWIRE_BINARY names the relay; the default is .build/debug/roomwire.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "blackbox"))

import conftest  # noqa: E402
import relay as roomwire  # noqa: E402
from dashboards import Dashboard  # noqa: E402

TARGET = ROOT / "Sources" / "roomwire" / "Documentation.docc" / "Resources" / "dashboard.png"
ROOMS = ("standup", "design-review", "call_42", "support-7", "all-hands", "interview-anna")


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        relay = roomwire.Relay(folder / "relay", None, ["--demo"]).start()
        # Meetings of the demo's kind in several rooms at once, played faster.
        data = ["--source", "demo", "--data", str(relay.data), "--url", relay.base]
        senders = [subprocess.Popen(
            [roomwire.BINARY, "send", *data, "--scenario", "meeting", "--room", room, "--speed", speed],
            env=roomwire.clean_environment(), stdout=subprocess.DEVNULL)
            for room, speed in zip(ROOMS, ("0.6", "0.5", "0.8", "0.7", "0.4", "0.5"))]
        token = roomwire.command("token", "--user", "me", "--admin", "--data", str(relay.data)).stdout.strip()
        browser = conftest.chromium(folder, "--hide-scrollbars")
        try:
            dashboard = Dashboard(browser, relay.base)
            dashboard.width(1160)
            dashboard.open(token).wait_state("Live")
            # Long enough for the charts to have something to show.
            roomwire.wait_until(
                lambda: dashboard.run("return document.querySelectorAll('.badge.recording:not([hidden])').length") >= 2
                and len(relay.get("/events?format=json&wait=0&tail=500", token).json()["events"]) > 60,
                "meetings under way", 180, 1)
            TARGET.parent.mkdir(exist_ok=True)
            browser.save_screenshot(str(folder / "picture.png"))
            shutil.copy(folder / "picture.png", TARGET)
        finally:
            browser.quit()
            for sender in senders:
                sender.terminate()
                sender.wait()
            relay.stop()
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
