"""What every test may ask for."""

import os
import pathlib

import pytest

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
    return request.node.name.replace("[", "_").replace("]", "_").replace("/", "_")[:100]
