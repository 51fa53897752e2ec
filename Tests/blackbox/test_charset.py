"""Every stream names its charset, however it is asked for, and `Accept` may name one: UTF-8 or none at all."""

import pytest
import requests

import clients
import relay as roomwire
from test_accept import ask

SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson; charset=utf-8"


def content_type(relay, path, method="GET", **headers):
    headers.setdefault("Authorization", f"Bearer {roomwire.token('root', grant={'admin': True})}")
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with requests.request(method, relay.url(path), headers=headers, stream=True, timeout=30) as answer:
        assert answer.status_code == 200, answer.text
        return answer.headers["Content-Type"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path, accept, type", [
    ("/events", "*/*", SSE), ("/events", "text/event-stream", SSE), ("/events", "application/x-ndjson", NDJSON),
    ("/events", "application/ndjson", NDJSON), ("/events?format=sse", "text/html", SSE),
    ("/events?format=ndjson", "*/*", NDJSON), ("/events?lastEventId=0&wait=0", "text/event-stream", SSE),
    ("/events?format=ndjson&lastEventId=0&wait=0", "*/*", NDJSON), ("/events?named=1&snapshot=1", "*/*", SSE),
    ("/diag/stream?frames=1&interval=10ms&quiet=0", "*/*", SSE),
])
def test_a_stream_names_its_charset(shared, method, path, accept, type):
    assert content_type(shared, path, method, Accept=accept) == type


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_so_it_does_over_http_10(shared, version):
    for accept, type in (("text/event-stream", SSE), ("application/x-ndjson", NDJSON)):
        with clients.Stream(shared, "", roomwire.token(), accept=accept, version=version) as stream:
            assert stream.headers["content-type"] == type


@pytest.mark.parametrize("query, headers, accept", [
    ("", [], "text/event-stream"), ("access_token=nonsense", [], "text/event-stream"),
    ("nonsense=1", [], "text/event-stream"), ("refuse=stream", ["Authorization: Bearer nonsense"], "*/*"),
    ("refuse=stream&named=1", [], "*/*"),
])
def test_a_refusal_on_a_stream_names_its_charset(shared, query, headers, accept):
    with clients.Stream(shared, query, headers=headers, accept=accept) as stream:
        stream.read_to_end()
        assert (stream.status, stream.headers["content-type"]) == (200, SSE)
        assert stream.frames[-1].type == "refused"


@pytest.mark.parametrize("charset", [
    "utf-8", "UTF-8", "Utf-8", '"utf-8"', '"UTF-8"', "utf8", '"Utf8"', " utf-8 ", "utf-8;q=0.5", "utf-8 ; q=1"])
@pytest.mark.parametrize("form, type", [
    ("text/event-stream", SSE), ("application/x-ndjson", NDJSON), ("application/json", "application/json")])
def test_utf_8_is_taken_in_any_case_and_in_quotes(shared, form, type, charset):
    answer = ask(shared, f"{form};charset={charset}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, type)


@pytest.mark.parametrize("charset", [
    "latin1", "iso-8859-1", "us-ascii", "utf-16", "UTF-7", "", '""', "utf-8x", "ütf-8", '"utf-8', 'utf-8"', 'u"t"f-8'])
@pytest.mark.parametrize("form", ["text/event-stream", "application/x-ndjson", "application/json", "*/*"])
def test_another_charset_is_not_acceptable_and_is_named(shared, form, charset):
    answer = ask(shared, f"{form};charset={charset}".encode())
    assert (answer.status_code, answer.json()["reason"]) == (406, "not_acceptable")
    assert "UTF-8" in answer.json()["detail"] and "charset" in answer.json()["detail"]


@pytest.mark.parametrize("accept, type", [
    ("text/event-stream;charset=latin1, application/x-ndjson", NDJSON),
    ("text/event-stream;charset=latin1, text/event-stream;charset=utf-8;q=0.1", SSE),
    ("text/event-stream;charset=latin1, */*;q=0.1", SSE),
])
def test_another_charset_leaves_what_else_the_client_takes(shared, accept, type):
    assert ask(shared, accept).headers["Content-Type"] == type


def test_an_event_source_of_another_charset_is_told_by_status(shared):
    # It is no browser's: that sends no charset.
    with clients.event_source(shared, "", roomwire.token()) as stream:
        assert stream.status == 200
    query = f"access_token={roomwire.token()}"
    with clients.Stream(shared, query, accept="text/event-stream;charset=latin1") as stream:
        assert stream.status == 406
