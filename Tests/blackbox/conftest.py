"""What every test may ask for."""

import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import threading

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import relay as roomwire


def pytest_configure(config):
    if not os.access(roomwire.BINARY, os.X_OK):
        pytest.exit(f"there is no relay at {roomwire.BINARY}: run Tests/run.sh, or set ROOMWIRE_BINARY", 2)


@pytest.fixture
def folder(tmp_path):
    return pathlib.Path(tmp_path)


@pytest.fixture
def start(folder):
    """Starts relays that end with the test: start(streams={...}, cors={...})."""
    relays = []

    def start(config=None, flags=(), environment=None, data=None, **changes):
        config = roomwire.settings(**changes) if config is None else config
        relay = roomwire.Relay(folder / f"relay-{len(relays)}", config or None, flags, data, **(environment or {}))
        relays.append(relay)
        return relay.start()

    yield start
    for relay in relays:
        relay.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One relay for all tests of a file that do not mind each other: they keep to rooms of their own."""
    relay = roomwire.Relay(tmp_path_factory.mktemp("shared"), roomwire.settings()).start()
    yield relay
    relay.stop()


@pytest.fixture
def room(request):
    """A room's name that no other test has."""
    return re.sub(r"[][/ ]", "_", request.node.name)[:100]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(folder):
    """A folder that is served under an origin of its own."""
    pages = folder / "pages"
    pages.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield pages, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def chromium(folder, *more):
    """A browser that has nothing of another test's."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     # Certificates of the tests' own.
                     "--ignore-certificate-errors", f"--user-data-dir={folder / 'chromium'}", *more):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium")
    return webdriver.Chrome(options, Service(shutil.which("chromedriver")))


@pytest.fixture
def browser(folder):
    driver = chromium(folder)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The Debian package of this build's binary."""
    if not shutil.which("dpkg-shlibdeps"):
        pytest.skip("there is no dpkg-dev here")
    folder = tmp_path_factory.mktemp("package")
    # Fast rather than small.
    environment = roomwire.clean_environment(DPKG_DEB_COMPRESSOR_TYPE="gzip", DPKG_DEB_COMPRESSOR_LEVEL="1")
    done = subprocess.run(
        [roomwire.ROOT / "deploy" / "package.sh", "--binary", roomwire.BINARY, "--output", folder], env=environment,
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    made = list(folder.iterdir())
    assert [str(path) for path in made] == done.stdout.split()
    return made[0]
