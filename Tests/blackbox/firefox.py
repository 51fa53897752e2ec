"""Firefox, driven over its own Marionette protocol: Debian has no geckodriver."""

import json
import shutil
import socket
import subprocess

import relay as roomwire

SETTINGS = {
    # These names are this machine, and get no treatment as localhost.
    "network.dns.localDomains": "relay.test,page.test,app.test",
    # Pages of this name count as secure without TLS, as those of localhost do.
    "dom.securecontext.allowlist": "app.test",
    # An http address of a test stays one.
    "dom.security.https_first": False,
    "dom.security.https_first_pbm": False,
    # Nothing is asked of its maker.
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.search.update": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


# Errors that no script caught, and what the browser holds against pages, such as breaches of their policy.
COMPLAINTS = """
return Services.console.getMessageArray().filter((each) => each instanceof Ci.nsIScriptError
    && !(each.flags & Ci.nsIScriptError.warningFlag)).map((each) => `${each.sourceName} ${each.errorMessage}`);
"""


class Firefox:
    """A browser with a profile of its own, in which a test opens tabs. It takes certificates of any issuer."""

    name = "firefox"

    def __init__(self, folder):
        profile = folder / "firefox"
        profile.mkdir()
        port = roomwire.free_port()
        settings = {**SETTINGS, "marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        (profile / "user.js").write_text("\n".join(lines))
        with open(folder / "firefox.txt", "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("firefox-esr"), "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile],
                env={"PATH": "/usr/bin:/bin", "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}, stdout=log,
                stderr=log)
        try:
            self.socket = roomwire.wait_until(lambda: self.connect(port), "Firefox", 60)
            self.answers = self.socket.makefile("rb")
            self.read()
            self.last = 0
            self.command("WebDriver:NewSession", acceptInsecureCerts=True)
            self.first = self.command("WebDriver:GetWindowHandle")["value"]
        except BaseException:
            self.process.kill()
            raise

    def connect(self, port):
        assert self.process.poll() is None, "Firefox ended"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            return None

    def read(self):
        """A message: its length in digits, a colon, and JSON."""
        digits = b""
        while (byte := self.answers.read(1)) != b":":
            assert byte.isdigit(), "Firefox closed its control connection"
            digits += byte
        return json.loads(self.answers.read(int(digits)))

    def command(self, name, **parameters):
        self.last += 1
        message = json.dumps([0, self.last, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        kind, number, error, value = self.read()
        assert (kind, number, error) == (1, self.last, None), f"{name}: {error}"
        return value

    def open(self, address):
        """A new tab with a page."""
        tab = self.command("WebDriver:NewWindow", type="tab")["handle"]
        self.command("WebDriver:SwitchToWindow", handle=tab)
        self.command("WebDriver:Navigate", url=address)
        return tab

    def run(self, tab, script):
        """What a script returns in the page of a tab."""
        self.command("WebDriver:SwitchToWindow", handle=tab)
        return self.command("WebDriver:ExecuteScript", script=script, args=[])["value"]

    def complaints(self, origin):
        """The console's errors that are of an origin's pages."""
        self.command("Marionette:SetContext", value="chrome")
        try:
            said = self.command("WebDriver:ExecuteScript", script=COMPLAINTS, args=[], sandbox="system")["value"]
        finally:
            self.command("Marionette:SetContext", value="content")
        return [line for line in said if origin in line]

    def close(self, tab):
        self.command("WebDriver:SwitchToWindow", handle=tab)
        self.command("WebDriver:CloseWindow")
        self.command("WebDriver:SwitchToWindow", handle=self.first)

    def quit(self):
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(roomwire.DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(roomwire.DEADLINE_SECONDS)
