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
import time

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
        # Meetings of the demo's kind in several rooms at once, played slower.
        data = ["--source", "demo", "--data", str(relay.data), "--url", relay.base]
        senders = [subprocess.Popen(
            [roomwire.BINARY, "send", *data, "--scenario", "meeting", "--room", room, "--speed", speed],
            env=roomwire.clean_environment(), stdout=subprocess.DEVNULL)
            for room, speed in zip(ROOMS, ("0.2", "0.15", "0.2", "0.16", "0.12", "0.1"))]
        token = roomwire.command("token", "--user", "me", "--admin", "--data", str(relay.data)).stdout.strip()
        browser = conftest.chromium(folder, "--hide-scrollbars")
        try:
            dashboard = Dashboard(browser, relay.base)
            dashboard.width(1160)
            dashboard.open(token).wait_state("Live")
            # Long enough for the charts to have something to show: half of their five minutes.
            began = time.monotonic()
            roomwire.wait_until(
                lambda: dashboard.run("return document.querySelectorAll('.badge.recording:not([hidden])').length") >= 2
                and time.monotonic() - began > 150, "meetings under way", 400, 1)
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
