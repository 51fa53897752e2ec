"""/metrics, as Prometheus and its own linter read it."""

import re
import shutil
import subprocess

import pytest
import requests
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

import clients
import providers
import relay as roomwire

# What dashboards and alerts are built on.
PROMISED = """
roomwire_build_info roomwire_ready roomwire_streams roomwire_streams_limit roomwire_streams_accepted_total
roomwire_streams_refused_total roomwire_streams_ended_total roomwire_access_refused_total
roomwire_requests_refused_total roomwire_webhooks_total roomwire_webhook_rejections_total
roomwire_provider_delay_seconds roomwire_commit_duration_seconds roomwire_delivery_latency_seconds
roomwire_deliveries_total roomwire_sent_bytes_total roomwire_short_writes_total roomwire_heartbeats_total
roomwire_resyncs_total roomwire_ring_reads_total roomwire_page_reads_total roomwire_slowest_stream_lag_seconds
roomwire_journal_events roomwire_journal_bytes roomwire_journal_oldest_event_timestamp_seconds
roomwire_commit_failed_webhooks_total roomwire_journal_upkeep_failures_total
roomwire_journal_damaged_places roomwire_journal_damage_faults_total roomwire_clock_jumps_total
roomwire_loop_lag_seconds roomwire_reloads_total process_resident_memory_bytes process_open_fds process_max_fds
process_cpu_seconds_total process_start_time_seconds
""".split()


def page(relay):
    answer = requests.get(relay.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.text


def series(text):
    """Names with labels, without values."""
    return [line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]


def traffic(relay):
    stream = clients.subscribe(relay, "lastEventId=0")
    providers.post_meeting(relay)
    stream.wait_for("room_finished")
    relay.post("livekit", {}, b"{}")
    relay.get("/rooms")
    return stream


def test_promtool_has_nothing_against_the_page(start):
    assert shutil.which("promtool"), "the package prometheus is missing: deploy/packages.sh"
    relay = start()
    with traffic(relay):
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=page(relay), capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0 and not checked.stdout and not checked.stderr, checked.stdout + checked.stderr


# What Prometheus sends.
PROMETHEUS_ACCEPTS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1")


def open_page(relay, accept=PROMETHEUS_ACCEPTS):
    return requests.get(relay.base + "/metrics", headers={"Accept": accept}, timeout=roomwire.DEADLINE_SECONDS)


def test_openmetrics_is_given_to_who_asks_for_it(start):
    """Prometheus' own parser of the format is strict: names, types, order, the end."""
    relay = start()
    with traffic(relay):
        answer = open_page(relay)
        plain = page(relay)
    assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    assert answer.text.endswith("\n# EOF\n")
    families = list(openmetrics.text_string_to_metric_families(answer.text))
    told = {sample.name for family in families for sample in family.samples}
    for family in text_string_to_metric_families(plain):
        for sample in family.samples:
            # The text format's parser invents `_created`.
            assert sample.name in told or sample.name.endswith("_created"), sample.name
    webhooks = next(family for family in families if family.name == "roomwire_webhooks")
    assert webhooks.type == "counter"
    assert {sample.labels["outcome"]: sample.value for sample in webhooks.samples
            if sample.labels["source"] == "livekit"}["accepted"] == 6


@pytest.mark.parametrize("accept", [
    "*/*", "text/plain", "application/openmetrics-text;q=2", "application/openmetrics-text;q=0",
    "application/openmetrics-text;version=7.0.0", "text/plain,application/openmetrics-text;q=0.1", ";;,=",
])
def test_others_get_plain_text(shared, accept):
    answer = open_page(shared, accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4") and "# EOF" not in answer.text


def test_every_promised_name_is_there_with_help_and_type(shared):
    text = page(shared)
    for name in PROMISED:
        assert f"# HELP {name} " in text, name
        kind = re.search(rf"^# TYPE {name} (\w+)$", text, re.M)
        assert kind, name
        assert (kind[1] == "counter") == name.endswith("_total"), name
        assert any(one.startswith(name) for one in series(text)), f"{name} has no sample"


def test_traffic_adds_no_series(start):
    relay = start()
    before = series(page(relay))
    with traffic(relay):
        after = series(page(relay))
    # Nothing appears only once it has happened: a rate would miss the first time.
    assert after == before


def test_latencies_are_counted_once_an_event_and_not_once_a_delivery(start):
    relay = start(loops=1)
    streams = [clients.subscribe(relay) for _ in range(5)]
    providers.post_meeting(relay)
    for stream in streams:
        stream.wait_for("room_finished")
    # The page shows what each loop told of itself at its last tick.
    roomwire.wait_until(lambda: relay.metric("roomwire_deliveries_total") == 30, "30 deliveries")
    assert relay.metric("roomwire_delivery_latency_seconds_count") == 6
    assert relay.metric('roomwire_delivery_latency_seconds_bucket{le="+Inf"}') == 6
    assert 0 < relay.metric("roomwire_commit_duration_seconds_count") <= 6


@pytest.mark.slow
@pytest.mark.alone
def test_streams_are_counted_by_how_they_stand(start):
    relay = start(loops=1)
    live = clients.subscribe(relay)
    roomwire.wait_until(lambda: relay.metric('roomwire_streams{state="live"}') == 1, "a live stream")
    # With raw bodies: without them an event is a few hundred bytes, and the kernel's buffers hold a thousand of them.
    stalled = clients.subscribe(relay, "lastEventId=0", roomwire.token(grant={"raw": True}))

    def waits():
        providers.post_livekit(relay, providers.livekit_body("room_started", pad="x" * 500_000))
        return relay.metric('roomwire_streams{state="waiting"}') >= 1

    roomwire.wait_until(waits, "a stream with a full socket")
    roomwire.wait_until(lambda: relay.metric("roomwire_slowest_stream_lag_seconds") > 0.5, "its lag to show")
    stalled.close()
    live.close()
    roomwire.wait_until(lambda: relay.streams() == 0, "both to be gone")
    roomwire.wait_until(lambda: relay.metric("roomwire_slowest_stream_lag_seconds") == 0, "no lag")
    assert relay.metric("roomwire_streams_accepted_total") == 2


def test_the_journal_and_the_process_are_measured(start):
    relay = start()
    providers.post_meeting(relay)
    roomwire.wait_until(lambda: relay.metric("roomwire_journal_events") == 6, "the journal's size")
    assert relay.metric("roomwire_journal_bytes") > 1000
    assert relay.metric("roomwire_journal_oldest_event_timestamp_seconds") > 1_600_000_000
    assert abs(relay.metric("process_open_fds") - relay.descriptors()) <= 5
    assert abs(relay.metric("process_resident_memory_bytes") - relay.resident_bytes()) < 50_000_000
    assert relay.metric("process_max_fds") > 100
    assert relay.metric("process_cpu_seconds_total") > 0


def test_a_source_named_by_a_stranger_is_no_label(shared):
    before = series(page(shared))
    shared.post("of_my_own_invention", {}, b"{}")
    assert series(page(shared)) == before
    assert shared.metric('roomwire_webhook_rejections_total{source="unknown",reason="unknown_source"}') >= 1


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_the_page_is_read_only(shared, method):
    assert requests.request(method, shared.base + "/metrics", timeout=30).status_code == 405
