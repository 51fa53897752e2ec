"""Input in its broken form: each is refused with a sentence that says what to change, or taken where that is harmless."""

import gzip
import json
import re

import pytest

import clients
import providers
import relay as roomwire


# Settings


def check(folder, origin):
    path = folder / "roomwire.yaml"
    path.write_text(json.dumps(roomwire.settings(cors={"origins": [origin]})))
    path.chmod(0o600)
    return roomwire.command("check", folder=folder)


BROKEN_ORIGINS = {
    "https://dash.example.com/": "no path", "https://dash.example.com/app/index.html": "no path",
    "https://dash.example.com?x=1": "no query", "https://dash.example.com#top": "no fragment",
    "https://*": "first part", "https://dash.*.com": "first part", "https://*dash.example.com": "first part",
    "https://dash.example.com:": "port", "https://dash.example.com:99999": "port", "https://dash.example.com:0443": "port",
    "https://ada:secret@dash.example.com": "no user", "https://münchen.example": "xn--", "dash.example.com": "begins with",
    "*.example.com": "begins with", "": "begins with", "null": "begins with", "https://": "has a host",
    " https://dash.example.com": "no blanks", "https://dash.example.com ": "no blanks",
    "https://dash.example.com,https://app.example.com": "entry of its own", "https://[::1": "as in https://",
    "https://dash_!.example.com": "as in https://", "wss://dash.example.com": "scheme and a host",
}


@pytest.mark.parametrize("origin", BROKEN_ORIGINS)
def test_a_broken_origin_is_told_by_check_and_by_the_start(folder, origin):
    checked = check(folder, origin)
    assert checked.returncode == 1
    assert "cors.origins: " in checked.stderr and BROKEN_ORIGINS[origin] in checked.stderr
    started = roomwire.command("serve", "--listen", "127.0.0.1:0", folder=folder)
    assert started.returncode == 2
    assert re.search(r"cors\.origins: (.*)", started.stderr)[1] == re.search(r"cors\.origins: (.*)", checked.stderr)[1]


@pytest.mark.parametrize("written, sent", [
    ("HTTPS://Dash.Example.COM", "https://dash.example.com"), ("https://dash.example.com:443", "https://dash.example.com"),
    ("http://[::1]:3000", "http://[::1]:3000"), ("http://192.168.1.7", "http://192.168.1.7"),
    ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"), ("https://*.Example.com", "https://a.b.example.com"),
    ("Capacitor://localhost", "capacitor://localhost"),
])
def test_an_origin_that_is_written_otherwise_than_browsers_do_is_the_same(start, folder, written, sent):
    assert check(folder, written).returncode == 0
    relay = start(cors={"origins": [written]})
    answer = relay.get("/rooms", roomwire.token(), headers={"Origin": sent})
    assert answer.headers["Access-Control-Allow-Origin"] == sent


# Webhooks


def post(relay, id, body, **headers):
    """A webhook signed over the bytes that are sent, whatever they are."""
    names = providers.standard_headers_of_bytes(body, id)
    return relay.post("app", {**names, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


def message(room, name="Zoë"):
    return json.dumps({"type": "x", "room": room, "data": {"name": name}}, ensure_ascii=False)


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "latin1", "iso-8859-1", "utf-16", "", "\"utf-8\"", "no such"])
def test_json_is_utf_8_whatever_charset_stands_beside_it(shared, room, charset):
    kind = f"application/json; charset={charset}"
    with clients.subscribe(shared, f"room={room}") as stream:
        assert post(shared, f"{room}-1", message(room).encode(), Content_Type=kind).status_code == 200
        assert stream.wait_events(1)[0]["data"] == {"name": "Zoë"}
    refused = post(shared, f"{room}-2", message(room).encode("latin1"), Content_Type=kind)
    assert (refused.status_code, refused.json()["reason"]) == (400, "malformed_body")
    assert "UTF-8" in refused.json()["detail"] and "charset" in refused.json()["detail"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_a_body_in_wide_letters_is_told_apart_from_broken_json(shared, room, encoding, named):
    kind = f"application/json; charset={encoding}" if named else "application/json"
    refused = post(shared, room, message("r").encode(encoding), Content_Type=kind)
    assert (refused.status_code, refused.json()["reason"]) == (400, "malformed_body")
    assert "UTF-16" in refused.json()["detail"] and "UTF-8" in refused.json()["detail"]


def test_a_byte_order_mark_before_utf_8_is_passed_over(shared, room):
    raw = roomwire.token("root", grant={"raw": True})
    with clients.subscribe(shared, f"room={room}", raw) as stream:
        assert post(shared, room, message(room).encode("utf-8-sig")).status_code == 200
        event = stream.wait_events(1)[0]
        assert event["data"] == {"name": "Zoë"} and event["raw"] == json.loads(message(room))
        assert b"\xef\xbb\xbf" not in stream.bytes
    twice = post(shared, f"{room}-2", b"\xef\xbb\xbf" + message(room).encode("utf-8-sig"))
    assert (twice.status_code, twice.json()["reason"]) == (400, "malformed_body")


def test_a_mark_does_not_change_what_livekit_and_daily_have_signed(shared, room):
    for source, headers, text in (
            ("livekit", providers.livekit_headers, {"event": "room_started", "id": room, "room": {"sid": "R", "name": room}}),
            ("daily", providers.daily_headers, {"type": "meeting.started", "id": room, "payload": {"room": room}})):
        body = json.dumps(text).encode("utf-8-sig")
        assert shared.post(source, headers(body), body).status_code == 200
        assert shared.post(source, headers(body), body.removeprefix(b"\xef\xbb\xbf")).status_code == 401


def test_a_compressed_body_is_named(shared, room):
    refused = post(shared, room, gzip.compress(message(room).encode()), Content_Encoding="gzip")
    assert (refused.status_code, refused.json()["reason"]) == (400, "malformed_body")
    assert "Content-Encoding" in refused.json()["detail"]
    # A gateway that has taken the compression off may have left the header.
    assert post(shared, f"{room}-2", message(room).encode(), Content_Encoding="gzip").status_code == 200


@pytest.mark.parametrize("body, taken", [
    (r'"k\ud83c":1', {"k\ufffd": 1}), (r'"\udf89\ud83c":1', {"\ufffd\ufffd": 1}), (r'"k":"\udf89\ud83c"', {"k": "\ufffd\ufffd"}),
    (r'"k":"\ud83c\ud83c\udf89"', {"k": "\ufffd🎉"}), (r'"k":["\ud83c",{"\ud83c":"\udf89"}]', {"k": ["\ufffd", {"\ufffd": "\ufffd"}]}),
    # Of two names that become one the last counts, as of two that are the same.
    (r'"k\ud83c":1,"k\ud83d":2', {"k\ufffd": 2}), (r'"k":"\uD83C\uDF89"', {"k": "🎉"}),
], ids=["in a name", "a pair reversed in a name", "a pair reversed", "two first halves", "nested", "two names", "a whole pair"])
def test_half_a_pair_is_replaced_wherever_it_stands(shared, room, body, taken):
    text = '{"type":"x","room":"%s","data":{%s}}' % (room, body)
    with clients.subscribe(shared, f"room={room}") as stream:
        assert post(shared, room, text.encode()).status_code == 200
        assert stream.wait_events(1)[0]["data"] == taken


@pytest.mark.parametrize("body, word", [
    (rb'{"type":"x\ud83c"}', "type"), (rb'{"ty\ud83cpe":"x"}', "type"), (b'{"type":"x","data":{"k\xed\xa0\xbc":1}}', "UTF-8"),
    (b'{"type":"x","data":{"k":"\xed\xbe\x89\xed\xa0\xbc"}}', "UTF-8"), (rb'{"type":"x","data":{"k":"\ud8"}}', "hex digits"),
    (rb'{"type":"x","data":{"k":"\u{1f389}"}}', "hex digits"), (b'{"type":"x","data":{"k":NaN}}', "not a JSON value"),
    (b'{"type":"x","data":{"k":-Infinity}}', "not a JSON value"), (b'{"type":"x","data":{"k":"\x01"}}', "control character"),
    (b'{"type":"x","data":{"k":01}}', "not a JSON value"), (b"{'type':'x'}", "name"), (b'{"type":"x",}', "name"),
    (b'{"type":"x"}{"type":"x"}', "something follows"), (b'{"type":"x"', "comma or }"), (b"", "text ends"), (b"[]", "object"),
    (b'{"type":"x"} // done', "something follows"), (b'{"type":"x","room":7}', "room"), (b'{"type":"x","data":[]}', "data"),
])
def test_a_body_that_is_broken_is_told_where(shared, room, body, word):
    refused = post(shared, room, body)
    assert (refused.status_code, refused.json()["reason"]) == (400, "malformed_body")
    assert word in refused.json()["detail"]
    assert refused.headers["Content-Type"] == "application/problem+json"


# Requests of clients


@pytest.mark.parametrize("accept, word", [
    ("text/event-stream;q=2", "from 0 to 1"), ("text/event-stream, */*;q=10", "from 0 to 1"),
    ("text/event-stream;q=1.001", "from 0 to 1"), ("*/*;q=-0.5", "from 0 to 1"), ("*/*;q=", "from 0 to 1"), ("*/*;q", "from 0 to 1"),
    ("text", "media types"), ("/", "media types"), ("text/", "media types"), ("*/json", "media types"),
    ("te xt/event-stream", "media types"), ("text/event-stream application/json", "media types"), ("a/b/c", "media types"),
])
def test_a_broken_accept_is_400_and_says_what_belongs_there(shared, accept, word):
    answer = shared.get("/events?wait=0", roomwire.token(), headers={"Accept": accept})
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_query")
    assert "Accept" in answer.json()["detail"] and word in answer.json()["detail"]


def test_a_broken_tag_matches_nothing_and_harms_nothing(shared, room):
    providers.post_livekit(shared, providers.livekit_body("room_started", room))
    tag = roomwire.wait_until(
        lambda: shared.get(f"/rooms/{room}", roomwire.token()).headers.get("ETag"), "the room")
    strong = tag.removeprefix("W/")
    for broken in ("\"", strong[:-1], strong.strip("\""), f"W/{tag}", f"%{tag}", f"'{strong[1:-1]}'", f"\"a\" {strong}", "W/", ",",
                   "x" * 4000):
        answer = shared.get(f"/rooms/{room}", roomwire.token(), headers={"If-None-Match": broken})
        # The whole state is right for whoever cannot say what it has.
        assert answer.status_code == 200 and answer.headers["ETag"] == tag, broken
        assert answer.json()["rooms"][0]["name"] == room
    assert shared.get(f"/rooms/{room}", roomwire.token(), headers={"If-None-Match": f",,{tag}"}).status_code == 304
