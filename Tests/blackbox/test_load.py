"""The load tester finds every fault of a server that has some, and none where there is none."""

import contextlib
import json
import os
import pathlib
import pty
import subprocess
import xml.etree.ElementTree

import pytest

import lossy
import relay as roomwire

LOADER = os.environ.get("ROOMWIRE_LOAD_BINARY") or str(roomwire.ROOT / ".build" / "loadtest" / "debug" / "roomwire-load")

needs_loader = pytest.mark.skipif(not os.access(LOADER, os.X_OK), reason=f"there is no load tester at {LOADER}")
pytestmark = [needs_loader, pytest.mark.alone]


@pytest.fixture
def hub(request):
    """Starts hubs: hub("drop")."""
    hubs = []

    def start(fault=None):
        hubs.append(lossy.LossyHub(fault))
        return hubs[-1]

    yield start
    for each in hubs:
        each.close()


def load(*arguments, status=0, **variables):
    """Runs the load tester, and returns its report and what it complained of."""
    done = subprocess.run(
        [LOADER, *map(str, arguments), "--json", "--timeout", "5"], env=roomwire.clean_environment(**variables),
        capture_output=True, text=True, timeout=100,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout), done.stderr


def load_hub(hub, scenario, *arguments, status=0):
    """The same against a hub."""
    base = f"http://127.0.0.1:{hub.port}"
    places = ["--subscribe-url", base + "/?room={room}", "--publish-url", base + "/?room={room}"]
    return load(scenario, *places, "--publish-body", '{"id":"{id}","at":{time}}', *arguments, status=status)


FANOUT = ("fanout", "--streams", 12, "--rate", 100, "--seconds", 0.2)


def test_a_correct_server_has_no_faults(hub):
    report, complaints = load_hub(hub(), *FANOUT)
    assert report["faults"] == 0 and report["figures"]["deliveries"] == 12 * 20
    assert complaints == ""


@pytest.mark.parametrize(
    ("fault", "kinds", "sentence"),
    [
        ("drop", {"missing": 4}, "was shown event 5 of channel 0, but not the 1 before it"),
        ("double", {"repeated": 4}, "was shown event 4 of channel 0 again"),
        ("reorder", {"out of order": 4}, "was shown event 4 of channel 0 after one that should follow it"),
        ("drop-last", {"missing": 4}, "was not shown the last 1 events of channel 0"),
        ("refuse", {"not opened": 4}, "did not open: refused: HTTP/1.1 503 Service Unavailable"),
    ],
)
def test_each_fault_is_listed_and_fails_the_run(hub, fault, kinds, sentence):
    report, complaints = load_hub(hub(fault), *FANOUT, status=1)
    assert report["faultsByKind"] == kinds
    assert report["faults"] == sum(kinds.values())
    assert sum(sentence in line for line in complaints.splitlines()) == 4


def test_a_stream_that_the_server_ends_is_a_fault_but_misses_nothing(hub):
    report, complaints = load_hub(hub("end"), *FANOUT, status=1)
    assert report["faultsByKind"] == {"ended": 4}
    assert "ended: the server closed the connection" in complaints
    assert report["figures"]["deliveries"] == 12 * 20


def test_an_event_of_another_room_is_a_fault(hub):
    # The rooms' members are every third stream too, so that each room has one that is shown too much.
    rooms = ("rooms", "--streams", 12, "--per-room", 6, "--active", 1, "--rate", 100, "--seconds", 0.2)
    assert load_hub(hub(), *rooms)[0]["figures"]["deliveries"] == 6 * 20
    report, complaints = load_hub(hub("misroute"), *rooms, status=1)
    assert report["faultsByKind"] == {"of another room": 2}
    assert "which it did not ask for" in complaints


@pytest.mark.parametrize("scenario", ["storm", "churn", "drops"])
def test_reconnects_are_checked_event_by_event(hub, scenario):
    arguments = {
        "storm": ("storm", "--streams", 10, "--missed", 5),
        "churn": ("churn", "--streams", 10, "--seconds", 1, "--drop-every", 0.01, "--away", 0.05),
        "drops": ("fanout", "--streams", 10, "--seconds", 1, "--rate", 100, "--drop-every", 0.01, "--away", 0.05),
    }[scenario]
    report, _ = load_hub(hub(), *arguments)
    assert report["faults"] == 0
    if scenario != "storm":
        assert report["figures"]["streams_cut"] > 20
    report, complaints = load_hub(hub("forget"), *arguments, status=1)
    assert set(report["faultsByKind"]) == {"missing"}
    assert "but not the 1 before it" in complaints


def test_the_list_of_faults_is_bounded(hub):
    report, complaints = load_hub(
        hub("drop"), "fanout", "--streams", 60, "--rate", 100, "--seconds", 0.2, status=1)
    assert report["faults"] == 20
    assert len(complaints.splitlines()) == 12 and complaints.endswith("  and more\n")


def test_streams_beyond_what_one_process_holds_go_to_copies(hub):
    report, _ = load_hub(
        hub(), "fanout", "--streams", 200, "--streams-per-process", 50, "--rate", 50, "--seconds", 0.4)
    assert report["faults"] == 0
    assert report["figures"]["deliveries"] == 200 * 20
    assert report["figures"]["processes"] == 4
    assert report["figures"]["latency_p50"] > 0
    report, complaints = load_hub(
        hub("double"), "fanout", "--streams", 30, "--streams-per-process", 10, "--rate", 100, "--seconds", 0.2,
        status=1)
    assert report["faultsByKind"] == {"repeated": 10}


def test_a_server_that_closes_after_each_answer_is_published_to_all_the_same(hub):
    closing = hub()
    closing.closes = True
    report, _ = load_hub(closing, "ingest", "--streams", 4, "--rate", 100, "--seconds", 0.5, "--connections", 3)
    assert report["scenario"] == "ingest at 100/s" and report["faults"] == 0
    assert report["figures"]["deliveries"] == 4 * 50


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("scenario", [FANOUT, ("fanout", "--streams", 12, "--burst", 20), ("storm", "--streams", 12)])
def test_how_late_the_tester_was_is_measured_whether_it_paces_or_not(hub, scenario, processes):
    figures = load_hub(hub(), *scenario, "--streams-per-process", 12 // processes)[0]["figures"]
    assert figures.get("processes", 1) == processes
    # Its timer runs after it is due, and seldom within the same microsecond.
    assert 0 <= figures["tester_late_p99"] <= figures["tester_late_p99_9"] <= figures["tester_late_max"]
    assert figures["tester_late_max"] > 0


def test_followers_alone_need_no_rooms(hub):
    base = f"http://127.0.0.1:{hub().port}/"
    places = ("--subscribe-url", base, "--publish-url", base, "--publish-body", "{id}", "--seconds", 0.2)
    report, _ = load("ingest", *places, "--streams", 4)
    assert report["faults"] == 0 and report["figures"]["deliveries"] == 4 * report["figures"]["events"]


def test_streams_that_disagree_on_the_order_are_found(hub):
    # A swap of events of different publishers breaks no order but the one that the others were shown.
    burst = ("fanout", "--streams", 12, "--burst", 20, "--bursts", 1)
    assert load_hub(hub(), *burst)[0]["faults"] == 0
    report, complaints = load_hub(hub("reorder"), *burst, status=1)
    assert set(report["faultsByKind"]) == {"in another order"}
    assert "were shown the same events in different orders" in complaints


# Every scenario, small.
SCENARIOS = {
    "idle": ["--streams", 50, "--settle", 0.1],
    "fanout": ["--streams", 50, "--seconds", 0.5],
    "rooms": ["--streams", 100, "--seconds", 0.5],
    "storm": ["--streams", 50],
    "stall": ["--streams", 10, "--stalled", 5, "--rate", 400, "--seconds", 1, "--connections", 4],
    "ingest": ["--streams", 20, "--seconds", 0.5],
    "churn": ["--streams", 50, "--seconds", 1],
    "soak": ["--streams", 50, "--seconds", 2],
}


def test_every_scenario_runs_against_a_relay(start):
    relay = start()
    server = ["--url", relay.base, "--livekit-key", roomwire.LIVEKIT_KEY, "--livekit-secret", roomwire.LIVEKIT_SECRET,
              "--token-secret", roomwire.TOKEN_SECRET, "--server-pid", relay.process.pid]
    for scenario, arguments in SCENARIOS.items():
        report, _ = load(scenario, *server, *arguments)
        assert report["scenario"] == scenario and report["faults"] == 0
        assert any(name.startswith("cpu_per") for name in report["figures"])


def test_the_picture_is_well_formed_and_says_what_it_shows(hub, folder):
    picture = folder / "run.svg"
    load_hub(hub(), *FANOUT, "--svg", picture, "--server-pid", os.getpid())
    root = xml.etree.ElementTree.parse(picture).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for words in ("server: fanout", "Latency by percentile, ms", "Deliveries per second", "99%", "seconds"):
        assert words in said


def read_screen(main):
    """All that was written to a terminal which is closed by now: one reading may bring only a part."""
    shown = b""
    with os.fdopen(main, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        # Linux ends it with EIO.
        while part := screen.read(65536):
            shown += part
    return shown.decode()


def test_progress_shows_on_a_terminal_only(hub):
    base = f"http://127.0.0.1:{hub().port}/"
    arguments = [LOADER, "fanout", "--subscribe-url", base, "--publish-url", base, "--publish-body", "{id}",
                 "--streams", "5", "--seconds", "1"]
    main, terminal = pty.openpty()
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=terminal, timeout=60)
    os.close(terminal)
    shown = read_screen(main)
    assert done.returncode == 0
    assert "5/5 streams" in shown and shown.endswith("\r\x1b[K")
    assert subprocess.run(arguments, capture_output=True, timeout=60).stderr == b""
