"""The load tester over TLS: it finds what it finds without, resumes sessions, and says why a handshake failed."""

import contextlib
import itertools
import socket
import ssl
import subprocess
import threading

import pytest

import lossy
import relay as roomwire
import secure
import test_counts
import test_load

pytestmark = [test_load.needs_loader, pytest.mark.alone]

PUBLISH = ("--livekit-key", roomwire.LIVEKIT_KEY, "--livekit-secret", roomwire.LIVEKIT_SECRET,
           "--token-secret", roomwire.TOKEN_SECRET)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return secure.Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def relay(folder, certificate):
    relay = secure.SecureRelay(folder / "relay", certificate).start()
    yield relay
    relay.stop()


@pytest.fixture
def hub(certificate):
    """Starts hubs that speak TLS."""
    hubs = []

    def start(fault=None, versions=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        for name in versions:
            setattr(context, name, versions[name])
        hubs.append(lossy.LossyHub(fault, context))
        return hubs[-1]

    yield start
    for each in hubs:
        each.close()


def load_relay(relay, scenario, *arguments, status=0):
    server = ["--url", relay.secure.base, "--ca-file", relay.certificate.file, "--server-pid", relay.process.pid]
    return test_load.load(scenario, *server, *PUBLISH, *arguments, status=status)


def load_hub(hub, certificate, scenario, *arguments, status=0):
    base = f"https://localhost:{hub.port}"
    places = ["--subscribe-url", base + "/?room={room}", "--publish-url", base + "/?room={room}"]
    return test_load.load(
        scenario, *places, "--publish-body", '{"id":"{id}","at":{time}}', "--ca-file", certificate.file, *arguments,
        status=status)


def refused(url, *arguments):
    """What is said when nothing can be loaded at all."""
    done = subprocess.run(
        [test_load.LOADER, "fanout", "--url", url, *PUBLISH, "--streams", "3", "--seconds", "0.1", "--timeout", "5",
         *map(str, arguments)],
        env=roomwire.clean_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_every_scenario_runs_over_tls(relay):
    scenarios = {**test_load.SCENARIOS, "burst": ["--streams", 50, "--burst", 50, "--bursts", 2]}
    for scenario, arguments in scenarios.items():
        report, _ = load_relay(relay, "fanout" if scenario == "burst" else scenario, *arguments)
        assert report["scenario"] == scenario and report["faults"] == 0
        assert report["figures"]["full_handshakes"] >= 10


def test_every_event_is_shown_once_while_streams_are_cut(relay):
    report, _ = load_relay(
        relay, "fanout", "--streams", 30, "--seconds", 2, "--rate", 100, "--drop-every", 0.01, "--away", 0.05)
    figures = report["figures"]
    assert report["faults"] == 0
    assert figures["deliveries"] >= 30 * 200
    assert figures["streams_cut"] > 20
    assert figures["resumed_handshakes"] > 20 and figures["full_handshakes"] >= 30


def test_faults_are_found_over_tls_too(hub, certificate):
    assert load_hub(hub(), certificate, *test_load.FANOUT)[0]["figures"]["deliveries"] == 12 * 20
    report, complaints = load_hub(hub("drop"), certificate, *test_load.FANOUT, status=1)
    assert report["faultsByKind"] == {"missing": 4}
    report, complaints = load_hub(hub("end"), certificate, *test_load.FANOUT, status=1)
    assert report["faultsByKind"] == {"ended": 4}
    assert "ended: the server closed the connection" in complaints
    assert report["figures"]["deliveries"] == 12 * 20


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_storm_resumes_sessions_unless_told_not_to(hub, certificate, version):
    storm = ("storm", "--streams", 20, "--missed", 5)
    versions = {"minimum_version": version, "maximum_version": version}
    report, _ = load_hub(hub(versions=versions), certificate, *storm)
    assert report["scenario"] == "storm"
    assert (report["figures"]["full_handshakes"], report["figures"]["resumed_handshakes"]) == (20, 20)
    report, _ = load_hub(hub(versions=versions), certificate, *storm, "--no-resumption")
    assert report["scenario"] == "storm, no resumption"
    assert (report["figures"]["full_handshakes"], report["figures"]["resumed_handshakes"]) == (40, 0)


def test_the_relay_sees_a_storm_resume(relay):
    before = relay.handshakes("resumed")
    load_relay(relay, "storm", "--streams", 40)
    # Those of the publisher may be among them.
    assert relay.handshakes("resumed") - before >= 40


def test_several_processes_speak_tls(relay):
    report, _ = load_relay(
        relay, "fanout", "--streams", 60, "--streams-per-process", 20, "--rate", 50, "--seconds", 0.4)
    assert report["faults"] == 0
    assert report["figures"]["processes"] == 3
    assert report["figures"]["deliveries"] == 60 * 20
    assert report["figures"]["full_handshakes"] == 60


def test_a_certificate_of_another_ca_is_refused_in_a_sentence(relay, folder):
    other = secure.Certificate(folder, "other")
    for arguments in (["--ca-file", other.file], []):
        said = refused(relay.secure.base, *arguments)
        assert "no stream could be opened: stream" in said
        assert "the server's certificate is not trusted: self-signed certificate" in said
        assert "--ca-file names a CA to trust, --insecure trusts anybody" in said
    report, _ = test_load.load(
        "fanout", "--url", relay.secure.base, *PUBLISH, "--insecure", "--streams", 3, "--seconds", 0.2)
    assert report["faults"] == 0


def test_a_certificate_for_another_name_is_refused(folder):
    certificate = secure.Certificate(folder)
    subprocess.run(
        ["openssl", "req", "-x509", "-key", certificate.key, "-out", certificate.file, "-days", "30", "-subj",
         "/CN=elsewhere.example", "-addext", "subjectAltName=DNS:elsewhere.example"], check=True, capture_output=True)
    relay = secure.SecureRelay(folder / "relay", certificate).start()
    try:
        for host, words in (("127.0.0.1", "IP address mismatch"), ("localhost", "hostname mismatch")):
            said = refused(f"https://{host}:{relay.secure_port}", "--ca-file", certificate.file)
            assert f"the server's certificate is not trusted: {words}" in said
    finally:
        relay.stop()


def test_a_server_without_tls_is_told_apart(relay):
    assert "the TLS handshake failed: the server does not speak TLS on this port" in refused(
        relay.base.replace("http:", "https:"), "--insecure")
    # And the other way round.
    assert "refused: HTTP/1.1 400" in refused(relay.secure.base.replace("https:", "http:"))


@pytest.fixture
def each_connection():
    """Starts servers on threads of their own that do something with each connection, and then close it."""
    listeners = []

    def start(something):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve():
            # Until the listener is closed.
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        something(connection)

        threading.Thread(target=serve, daemon=True).start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_server_that_hangs_up_during_the_handshake_is_told(each_connection):
    said = refused(each_connection(lambda connection: connection.recv(65536)), "--insecure")
    assert "the server ended the connection during the TLS handshake" in said


def test_a_server_that_refuses_the_handshake_is_told_with_its_alert(each_connection, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    # What nobody offers.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    said = refused(each_connection(lambda connection: context.wrap_socket(connection, server_side=True)), "--insecure")
    assert "the TLS handshake failed: sslv3 alert handshake failure" in said


def test_versions_before_1_2_are_not_offered(each_connection):
    hellos = []
    refused(each_connection(lambda connection: hellos.append(connection.recv(65536))), "--insecure")
    # The extension supported_versions (RFC 8446, section 4.2.1): 1.3 and 1.2.
    assert bytes.fromhex("002b 0005 04 0304 0303") in hellos[0]


def test_only_some_handshakes_that_fail_are_faults_of_the_run(folder, certificate):
    """Every third connection is hung up on before it has shaken hands."""
    hub_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    hub_context.load_cert_chain(certificate.file, certificate.key)
    count = itertools.count()

    def name_is_known(connection, name, context):
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if next(count) % 3 == 1 else None

    hub_context.sni_callback = name_is_known
    hub = lossy.LossyHub(None, hub_context)
    try:
        report, complaints = load_hub(hub, certificate, "idle", "--streams", 9, "--settle", 0.1, status=1)
    finally:
        hub.close()
    assert report["faultsByKind"] == {"not opened": 3}
    assert complaints.count("did not open: the server ended the connection during the TLS handshake") == 3
    assert report["figures"]["full_handshakes"] == 6


def test_the_server_is_named_by_its_name_only(hub, certificate):
    names = []
    one = hub()
    one.tls.sni_callback = lambda connection, name, context: names.append(name)
    for host in ("localhost", "127.0.0.1"):
        test_load.load(
            "idle", "--subscribe-url", f"https://{host}:{one.port}/", "--ca-file", certificate.file, "--streams", 1,
            "--settle", 0.1)
    assert names == ["localhost", None]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ca-file", "{missing}"], "holds no certificates in PEM (No such file or directory)."),
        (["--ca-file", "{key}"], "holds no certificates in PEM (no certificate or crl found)."),
        (["--ca-file", "{key}", "--insecure"], "--insecure trusts anybody: --ca-file is of no use with it."),
    ],
)
def test_certificates_that_cannot_be_read_are_a_usage_error(certificate, folder, arguments, sentence):
    filled = [each.format(missing=folder / "none.pem", key=certificate.key) for each in arguments]
    done = subprocess.run(
        [test_load.LOADER, "idle", "--url", "https://127.0.0.1:1", *filled], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64
    assert sentence in done.stderr


def test_an_event_over_tls_is_read_without_allocating(folder, hub, certificate):
    allocations = test_counts.MallocCounter(folder)
    base = f"https://127.0.0.1:{hub().port}/"
    arguments = ["--subscribe-url", base, "--publish-url", base, "--publish-body", "{id}", "--rate", "1000",
                 "--ca-file", certificate.file]
    taken = {}
    for streams, events in itertools.product((10, 60), (20, 420)):
        allocations.reset()
        test_load.load(
            "fanout", *arguments, "--streams", streams, "--seconds", events / 1000, **allocations.environment)
        taken[streams, events] = allocations()
    print(taken)
    more = taken[60, 420] - taken[60, 20] - taken[10, 420] + taken[10, 20]
    assert more / (50 * 400) < 2 * test_counts.SLACK
