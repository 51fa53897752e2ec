"""What clients accept and may leave out: Accept, If-None-Match, Cookie, HEAD, and what is never answered."""

import pytest
import requests

import clients
import providers
import relay as roomwire

TYPES = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "json": "application/json"}


def ask(relay, accept, query=""):
    headers = {"Accept": accept} if accept is not None else {"Accept": None}
    return relay.get(f"/events?wait=0{query}", roomwire.token(), headers=headers)


@pytest.mark.parametrize("accept, form", [
    (None, "sse"), ("*/*", "sse"), ("text/event-stream", "sse"), ("application/json, text/plain, */*", "json"),
    ("application/json;q=0.4, application/x-ndjson;q=0.5", "ndjson"), ("text/event-stream;q=0, */*;q=0.1", "ndjson"),
    ("text/html,*/*;q=0.8", "sse"), ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "sse"),
    ("application/json;q=0.1, */*;q=0.9", "sse"),
    ("text/event-stream;charset=utf-8", "sse"),
])
def test_the_form_is_what_the_client_likes_best(shared, accept, form):
    answer = ask(shared, accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == TYPES[form]


@pytest.mark.parametrize("accept", [
    "text/html", "application/xml, image/*", "text/event-stream;q=0", "application/json;charset=iso-8859-1"])
def test_where_nothing_fits_the_answer_is_406(shared, accept):
    answer = ask(shared, accept)
    assert (answer.status_code, answer.json()["reason"]) == (406, "not_acceptable")
    assert "text/event-stream" in answer.json()["detail"]
    # What the query asks for outdoes it.
    assert ask(shared, accept, "&format=json").status_code == 200


@pytest.mark.parametrize("accept", ["*/*;q=2", "text/event-stream;q=1.1", "*/*;q=-1", "text"])
def test_a_header_that_cannot_be_read_is_told(shared, accept):
    answer = ask(shared, accept)
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_query")
    assert "Accept" in answer.json()["detail"]


def test_a_tag_matches_in_every_form_and_on_every_line(shared, room):
    stream = clients.subscribe(shared, f"room={room}")
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    stream.wait_events(1)
    tag = shared.get(f"/rooms/{room}", roomwire.token()).headers["ETag"]
    strong = tag.removeprefix("W/")
    assert tag != strong

    def status(*lines):
        with clients.RawConnection(shared) as connection:
            fields = "".join(f"If-None-Match:{line}\r\n" for line in lines)
            connection.send((
                f"GET /api/rooms/{room} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}"
                f"Authorization: Bearer {roomwire.token()}\r\n\r\n").encode())
            return int(connection.read_to_end()[9:12])

    for lines in ([f" {tag}"], [f" {strong}"], [f" \"a\",\t{strong}\t, \"b\""], [f"\t{tag}"], [' "a"', f" {strong}"],
                  [f" {tag}", ' "a"'], [" *"], [' "a"', " *"], [f" \"a\",{tag}"]):
        assert status(*lines) == 304, lines
    for lines in ([], [' "a"'], [f" x{tag}"], [f" {strong[:-2]}\""], [" W/"], [""], [' "*"'], [f" w/{strong}"]):
        assert status(*lines) == 200, lines


def cookie_status(relay, *lines):
    with clients.RawConnection(relay) as connection:
        fields = "".join(f"Cookie: {line}\r\n" for line in lines)
        connection.send(f"GET /api/rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n".encode())
        return int(connection.read_to_end()[9:12])


def test_the_cookie_is_found_on_any_line_and_behind_an_empty_one(shared):
    token = roomwire.token()
    for lines in ([f"roomwire={token}"], ["a=1", f"roomwire={token}"], [f"roomwire={token}", "a=1"],
                  [f"roomwire=; roomwire={token}"], ["roomwire=", f"roomwire={token}"], ["roomwire=\"\"", "b=2",
                  f"c=3; roomwire={token}"]):
        assert cookie_status(shared, *lines) == 200, lines
    for lines in (["roomwire="], ["a=1", "b=2"], ["roomwire=", "roomwire="], [f"roomwire=x; roomwire={token}"]):
        assert cookie_status(shared, *lines) == 401, lines


GETS = ["/events", "/events?format=json", "/events?format=ndjson", "/rooms", "/diag/stream", "/schema/events.json",
        "/schema/roomwire.d.ts", "/admin/streams", "/admin/revocations", "/admin/rejects"]


@pytest.mark.parametrize("path", GETS)
def test_a_head_says_what_a_get_would_and_takes_nothing(start, path):
    relay = start(streams={"per_user": 1})
    root = roomwire.token("root", grant={"admin": True})
    with clients.RawConnection(relay) as connection:
        # Two on one connection: a body would be read as the second answer.
        head = f"HEAD /api{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {root}\r\n"
        connection.send((head + "\r\n" + head + "Connection: close\r\n\r\n").encode())
        answers = connection.read_to_end().split(b"\r\n\r\n")
        assert len(answers) == 3 and answers[2] == b""
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers[:2])
    whole = relay.get(path, root)
    head = requests.head(relay.url(path), headers={"Authorization": f"Bearer {root}"}, timeout=30)
    assert head.headers["Content-Type"].split(";")[0] == whole.headers["Content-Type"].split(";")[0]
    assert ("Content-Length" in head.headers) <= (head.headers.get("Content-Length") == whole.headers.get(
        "Content-Length"))
    if "schema" not in path:
        assert requests.head(relay.url(path), timeout=30).status_code == 401
    assert relay.metric("roomwire_streams_accepted_total") <= 1


def test_a_head_leaves_a_ticket_unused(shared):
    bought = requests.post(
        shared.url("/tickets"), headers={"Authorization": f"Bearer {roomwire.token()}"}, timeout=30).json()["ticket"]
    for _ in range(2):
        assert requests.head(shared.url(f"/events?ticket={bought}"), timeout=30).status_code == 200
    stream = clients.Stream(shared, f"ticket={bought}", headers=["Sec-Fetch-Mode: cors"])
    stream.control("connected")
    assert requests.head(shared.url(f"/events?ticket={bought}"), timeout=30).status_code == 401


@pytest.mark.parametrize("path", GETS + [
    "", "/", "/events/", "//events", "/rooms/", "/rooms/nobody", "/nothing", "/tickets", "/streams/1/renew",
    "/webhooks/livekit", "/webhooks", "/../events", "/events?nonsense=1", "/events?lastEventId=0&wait=0&limit=1"])
def test_nothing_is_redirected_and_no_get_is_answered_204(shared, path):
    # 204 tells an EventSource never to come back, and it takes a redirect for another origin.
    root = roomwire.token("root", grant={"admin": True})
    for method in ("GET", "HEAD"):
        for token in (root, roomwire.token("ada", rooms=[]), "nonsense", None):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            with requests.request(
                    method, shared.url(path), headers=headers, timeout=30, allow_redirects=False, stream=True) as answer:
                assert answer.status_code in (200, 400, 401, 403, 404, 405, 429), answer.status_code
