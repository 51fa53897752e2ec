"""The clients of the matrix as a test handles them: programs that print what they are shown, and pages in browsers."""

import json
import os
import subprocess
import urllib.parse

import relay as roomwire
from conftest import chromium

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>An EventSource</title>
<script>
window.shown = [];
window.source = new EventSource(decodeURIComponent(location.hash.slice(1)));
window.source.onmessage = (event) => window.shown.push(event.data);
</script>
"""


class Chromium:
    """A browser in which a test opens tabs."""

    name = "chromium"

    def __init__(self, folder, *more):
        self.driver = chromium(folder, "--host-resolver-rules=MAP *.test 127.0.0.1", *more)

    def open(self, address):
        self.driver.switch_to.new_window("tab")
        self.driver.get(address)
        return self.driver.current_window_handle

    def run(self, tab, script):
        self.driver.switch_to.window(tab)
        return self.driver.execute_script(script)

    def close(self, tab):
        self.driver.switch_to.window(tab)
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])

    def quit(self):
        self.driver.quit()


class Follower:
    """What programs and pages have in common."""

    def __init__(self, row, gate):
        self.row, self.gate = row, gate

    @property
    def messages(self):
        """What it was shown that can be read."""
        read = []
        for text in self.shown():
            try:
                read.append(json.loads(text))
            except ValueError:
                continue
        return [message for message in read if isinstance(message, dict)]

    def types(self):
        return [message.get("type") for message in self.messages]

    @property
    def names(self):
        """The number and the name in each event, in the order in which they came."""
        data = [message["data"] for message in self.messages if isinstance(message.get("data"), dict)]
        return [(item["number"], item["name"]) for item in data if "number" in item]

    @property
    def numbers(self):
        return [number for number, _ in self.names]

    def hears_refusal(self, reason, status):
        """Whether it was refused for this reason: by a status or on the stream."""
        told = [message.get("reason") for message in self.messages if message.get("type") == "refused"]
        return reason in told or status in self.gate.statuses


class Program(Follower):
    def __init__(self, row, gate, url, token, folder, seconds):
        super().__init__(row, gate)
        self.output, self.errors = folder / f"{row.name}.out", folder / f"{row.name}.err"
        fill = {"{url}": url, "{token}": token, "{seconds}": str(seconds)}
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [self.filled(argument, fill) for argument in row.arguments], stdout=output, stderr=errors,
                stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "NODE_PATH": "/usr/share/nodejs"})

    @staticmethod
    def filled(argument, fill):
        for name, value in fill.items():
            argument = argument.replace(name, value)
        return argument

    def shown(self):
        # Only whole lines: the program may be in the middle of one.
        text = self.output.read_bytes().decode(errors="replace").rpartition("\n")[0]
        # A script in Python would take lines apart like this.
        lines = text.splitlines() if self.row.prints_lines else text.split("\n")
        return [line.removeprefix("data: ") for line in lines]

    def has_given_up(self):
        return self.process.poll() is not None

    def state(self):
        return f"exit {self.process.poll()}, {self.errors.read_text(errors='replace')[-600:]}"

    def close(self):
        if self.process.poll() is None:
            # Its whole group: some are a shell with a pipe.
            os.killpg(self.process.pid, 9)
        self.process.wait(roomwire.DEADLINE_SECONDS)


class Page(Follower):
    def __init__(self, row, gate, browser, address, url):
        super().__init__(row, gate)
        self.browser = browser
        self.tab = browser.open(f"{address}#{urllib.parse.quote(url, safe='')}")
        assert not browser.run(self.tab, "return window.isSecureContext") or row.scheme == "https"

    def shown(self):
        return self.browser.run(self.tab, "return window.shown")

    def has_given_up(self):
        return self.browser.run(self.tab, "return window.source.readyState") == 2

    def state(self):
        return f"readyState {self.browser.run(self.tab, 'return window.source.readyState')}"

    def close(self):
        self.browser.close(self.tab)

